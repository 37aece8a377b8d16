package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/data"
	"github.com/kindred-mtl/kindred/recipe"
)

// call runs the command and returns what it printed.
func call(args ...string) (string, error) {
	var out bytes.Buffer
	root := command()
	root.SetOut(&out)
	root.SetErr(&out)
	root.SetArgs(args)
	err := root.ExecuteContext(context.Background())
	return out.String(), err
}

func must(t *testing.T, args ...string) string {
	t.Helper()
	out, err := call(args...)
	if err != nil {
		t.Fatalf("kindred %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func TestDemo(t *testing.T) {
	out := must(t, "demo", "--draws", "3")
	for _, want := range []string{"svm apart", "svm pooled", "shared-svm", "shared-logistic", "shared-net", "hierarchy-net", "embedding-net", "accuracy", "log loss", "gain"} {
		if !strings.Contains(out, want) {
			t.Errorf("the demo does not show %q:\n%s", want, out)
		}
	}
	narrow(t, out)
}

func TestFromATableToPredictions(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, kind := range []string{"regression", "binary", "count"} {
		must(t, "generate", "tasks", "--set", "kind="+kind, "--set", "n_tasks=4", "--out", at("t.csv"), "--json", at("truth.json"))
		args := []string{"fit", at("t.csv"), "--task", "task", "--target", "y", "--method", "shared-ridge", "--out", at("m"), "--json", at("fit.json")}
		if kind == "count" {
			args = append(args, "--kind", "y=count")
		}
		must(t, args...)
		if out := must(t, "inspect", at("m")); !strings.Contains(out, "shared-ridge") || !strings.Contains(out, "converged") {
			t.Errorf("inspect prints %s", out)
		}
		must(t, "predict", at("m"), at("t.csv"), "--out", at("p.csv"))
		f, err := os.Open(at("p.csv"))
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(f).ReadAll()
		f.Close()
		if err != nil || len(rows) != 201 || rows[0][12] != "y.predicted" || rows[1][12] == "" {
			t.Errorf("%s: %d rows, header %v, %v", kind, len(rows), rows[0], err)
		}
		var fit fitDocument
		raw, _ := os.ReadFile(at("fit.json"))
		if err := json.Unmarshal(raw, &fit); err != nil || fit.Schema != "kindred.fit/1" || len(fit.Report.Shares) != 4 {
			t.Errorf("%+v %v", fit, err)
		}
	}
}

// readBack reads a table of the command as records below a header.
func readBack(t *testing.T, path string) (header []string, records [][]string) {
	t.Helper()
	f, err := data.Read(context.Background(), data.Options{Path: path, KeepRecords: true})
	if err != nil {
		t.Fatal(err)
	}
	return f.Header, f.Records()
}

// The predictions that the command appends are, to the bit, those of the model
// before it was saved, and the rest of the table is as it was; with rows of
// their own and with shared rows, of every kind.
func TestPredictionsAreThoseBeforeSaving(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, kind := range []string{"regression", "binary", "count"} {
		for _, shared := range []string{"false", "true"} {
			must(t, "generate", "tasks", "--set", "kind="+kind, "--set", "n_tasks=3", "--set", "n_samples=30", "--set", "shared_rows="+shared, "--out", at("t.csv"))
			header, records := readBack(t, at("t.csv"))
			flags := []string{"--method", "shared-ridge:C=1,mu=0.5"}
			o := data.Options{Path: at("t.csv"), Kinds: map[string]kindred.Kind{}}
			if shared == "false" {
				o.Task, o.Targets = "task", []string{"y"}
				flags = append(flags, "--task", "task", "--target", "y")
			} else {
				o.Targets = header[len(header)-3:]
				for _, target := range o.Targets {
					flags = append(flags, "--target", target)
				}
			}
			if kind == "count" {
				for _, target := range o.Targets {
					o.Kinds[target], flags = kindred.Count, append(flags, "--kind", target+"=count")
				}
			}
			must(t, append([]string{"fit", at("t.csv"), "--out", at("m")}, flags...)...)
			must(t, "predict", at("m"), at("t.csv"), "--out", at("p.csv"))

			f, err := data.Read(context.Background(), o)
			if err != nil {
				t.Fatal(err)
			}
			method, err := recipe.Parse("shared-ridge:C=1,mu=0.5", nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			model, err := method.Fit(context.Background(), f.Set)
			if err != nil {
				t.Fatal(err)
			}
			p, err := model.Predict(context.Background(), f.Table, nil)
			if err != nil {
				t.Fatal(err)
			}
			got, rows := readBack(t, at("p.csv"))
			place := func(name string) int {
				j := slices.Index(got, name)
				if j < 0 {
					t.Fatalf("%s, shared %s: no column %q in %q", kind, shared, name, got)
				}
				return j
			}
			for i := range rows {
				if !slices.Equal(rows[i][:len(header)], records[i]) {
					t.Fatalf("row %d was %q and is %q", i+1, records[i], rows[i])
				}
			}
			seen := 0
			for k, info := range model.Tasks() {
				for i := range rows {
					if f.TaskOf != nil && f.TaskOf[i] != info.Name {
						continue
					}
					seen++
					want := map[string]string{}
					if info.Kind == kindred.Binary {
						out := p.Tasks[k]
						want[info.Target+".predicted"] = info.Classes[out.Class[i]]
						for c, class := range info.Classes {
							want[info.Target+".probability."+class] = strconv.FormatFloat(out.Probability[2*i+c], 'g', -1, 64)
						}
					} else {
						want[info.Target+".predicted"] = strconv.FormatFloat(p.Tasks[k].Value[i], 'g', -1, 64)
					}
					for name, cell := range want {
						if rows[i][place(name)] != cell {
							t.Errorf("%s, shared %s, row %d, %s: %s, before saving %s", kind, shared, i+1, name, rows[i][place(name)], cell)
						}
					}
				}
			}
			if seen != 90 {
				t.Errorf("%s, shared %s: %d predictions", kind, shared, seen)
			}
		}
	}
}

// predict reads from a pipe and writes to one, and refuses tables that do not
// fit the model.
func TestPredictInAPipe(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := os.WriteFile(at("t.csv"), []byte(goodTable()), 0o644); err != nil {
		t.Fatal(err)
	}
	must(t, "fit", at("t.csv"), "--task", "task", "--target", "y", "--method", "ridge:C=1", "--out", at("m"))
	must(t, "predict", at("m"), at("t.csv"), "--out", at("p.csv"), "--json", at("p.json"))
	want, err := os.ReadFile(at("p.csv"))
	if err != nil {
		t.Fatal(err)
	}
	out, errs, code := ends(t, zipped(goodTable()), "predict", at("m"), "-", "--out", "-")
	if code != 0 || out != string(want) || !strings.HasPrefix(errs, "wrote -: 60 rows, 1 column more") {
		t.Errorf("in a pipe: %d, %.200q, %q", code, out, errs)
	}
	var d predictDocument
	raw, _ := os.ReadFile(at("p.json"))
	if err := json.Unmarshal(raw, &d); err != nil || d.Schema != "kindred.predict/1" || d.Rows != 60 || !slices.Equal(d.Columns, []string{"y.predicted"}) {
		t.Errorf("%+v %v", d, err)
	}
	must(t, "predict", at("m"), at("t.csv"), "--out", at("p.tsv.gz"))
	if _, rows := readBack(t, at("p.tsv.gz")); len(rows) != 60 || len(rows[0]) != 4 {
		t.Errorf("as TSV: %q", rows)
	}
	for text, wants := range map[string][]string{
		"task,y\na,1\nb,2\n":                 {`no column "x"`, "the model reads"},
		"x,y\n1,1\n2,2\n":                    {`no column "task"`},
		"task,x,y\na,1,1\nc,2,2\n":           {"row 2", `no task "c"`, "there are: a, b"},
		"task,x,y\na,1,1\nb,two,2\n":         {"row 2", `"x"`, `"two"`},
		"task,x,y\na,1,1\nb,inf,2\n":         {"row 2", `"x"`, `"inf"`},
		"task,x,y.predicted\na,1,1\nb,2,2\n": {`"y.predicted"`, "already"},
	} {
		_, errs, code := ends(t, text, "predict", at("m"), "-", "--out", at("none.csv"))
		for _, want := range wants {
			if code != 1 || strings.Count(errs, "\n") != 1 || !strings.HasPrefix(errs, "kindred: standard input: ") || !strings.Contains(errs, want) {
				t.Errorf("%q: exit code %d, %q does not say %q", text, code, errs, want)
			}
		}
	}
	if _, err := os.Stat(at("none.csv")); !os.IsNotExist(err) {
		t.Errorf("a table was written: %v", err)
	}
}

// A Gaussian process says how sure it is.
func TestDeviations(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	must(t, "generate", "tasks", "--set", "n_tasks=3", "--set", "n_samples=20", "--out", at("t.csv"))
	must(t, "fit", at("t.csv"), "--task", "task", "--target", "y", "--method", "gp", "--out", at("m"))
	if out := must(t, "inspect", at("m")); !strings.Contains(out, "length_scale") || !strings.Contains(out, "residual") {
		t.Errorf("inspect prints %s", out)
	}
	must(t, "predict", at("m"), at("t.csv"), "--out", at("p.csv"))
	f, err := os.Open(at("p.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) != 61 || rows[0][13] != "y.deviation" {
		t.Fatalf("%d rows, header %v, %v", len(rows), rows[0], err)
	}
	for _, row := range rows[1:] {
		if sd, err := strconv.ParseFloat(row[13], 64); err != nil || !(sd > 0 && sd < 10) {
			t.Errorf("deviation %q, %v", row[13], err)
		}
	}
}

// Networks that learn quantiles predict them, in order.
func TestPredictQuantiles(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	must(t, "generate", "tasks", "--set", "n_tasks=3", "--set", "n_samples=40", "--out", at("t.csv"))
	must(t, "fit", at("t.csv"), "--task", "task", "--target", "y", "--method", "shared-net:hidden=8,loss=quantiles", "--out", at("m"))
	must(t, "predict", at("m"), at("t.csv"), "--out", at("p.csv"))
	f, err := os.Open(at("p.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) != 121 || !slices.Equal(rows[0][12:], []string{"y.predicted", "y.low", "y.high"}) {
		t.Fatalf("%d rows, header %v, %v", len(rows), rows[0], err)
	}
	inside := 0
	for _, row := range rows[1:] {
		var v [4]float64
		for k, at := range []int{11, 13, 12, 14} { // the label, low, predicted, high
			if v[k], err = strconv.ParseFloat(row[at], 64); err != nil {
				t.Fatal(err)
			}
		}
		if v[1] > v[2] || v[2] > v[3] {
			t.Errorf("quantiles %v", v[1:])
		}
		if v[1] <= v[0] && v[0] <= v[3] {
			inside++
		}
	}
	if inside < 60 || inside == 120 {
		t.Errorf("%d of 120 labels lie between the quantiles", inside)
	}
}

func TestCompareWritesItsDocument(t *testing.T) {
	dir := t.TempDir()
	table := filepath.Join(dir, "t.csv")
	must(t, "generate", "tasks", "--set", "n_tasks=3", "--set", "kind=binary", "--out", table)
	out := must(t, "compare", table, "--task", "task", "--target", "y", "--method", "shared-svm:mu=0.1", "--method", "ridge:C=1", "--folds", "3", "--json", "-")
	var d map[string]any
	if err := json.Unmarshal([]byte(out), &d); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if methods := d["methods"].([]any); len(methods) != 4 || d["schema"] != "kindred.compare/1" {
		t.Errorf("%d methods, schema %v", len(methods), d["schema"])
	}
}

func TestListExplainsEverything(t *testing.T) {
	plain, all := must(t, "list"), must(t, "list", "--all")
	for _, m := range recipe.Methods {
		if !strings.Contains(plain, "\n "+m.Name+" ") {
			t.Errorf("list does not show the method %q", m.Name)
		}
	}
	for _, o := range recipe.Options() {
		if !strings.Contains(plain, "\n "+o.Name+" ") {
			t.Errorf("list does not show the option %q", o.Name)
		}
	}
	for _, want := range []string{"\nlosses\n", "\npenalties\n", "\nsolvers\n", "\narchitectures\n", "\nweightings\n", "\noptimizers\n", "\nmetrics\n", "\ngenerators\n", "\nmeasures\n", "\nclusterings\n", "Evgeniou", "hinge", "auc"} {
		if !strings.Contains(all, want) {
			t.Errorf("list --all does not show %q", want)
		}
	}
	narrow(t, all)
	methods, _, _ := strings.Cut(plain, "\nOptions stand") // where no name is broken
	for _, m := range recipe.Methods {
		for _, name := range m.Own() {
			if !regexp.MustCompile(`[ ,]` + name + `\b`).MatchString(methods) {
				t.Errorf("list breaks the option %q of %s", name, m.Name)
			}
		}
	}
	for _, o := range recipe.Options() {
		if o.Name == "groups" || o.Name == "attach" || o.Name == "optimizer" || o.Name == "prep" {
			t.Errorf("%s is listed, and cannot stand behind a colon", o.Name)
		}
	}
	must(t, "version")
}

// narrow asks for lines of at most 100 characters.
func narrow(t *testing.T, out string) {
	t.Helper()
	for line := range strings.Lines(out) {
		if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > 100 {
			t.Errorf("a line of %d characters: %s", n, line)
		}
	}
}

func TestWrongUseIsToldFromFailure(t *testing.T) {
	dir := t.TempDir()
	table := filepath.Join(dir, "t.csv")
	must(t, "generate", "tasks", "--out", table)
	for text, c := range map[string]struct {
		args  []string
		usage bool
	}{
		`did you mean "compare"?`:    {[]string{"comapre"}, true},
		"unknown flag: --x (see":     {[]string{"demo", "--x"}, true},
		`takes no argument, not "x"`: {[]string{"version", "x"}, true},
		"did you mean --target?":     {[]string{"fit", table, "--tagret", "y"}, true},
		"did you mean --out?":        {[]string{"fit", table, "-o", "m"}, true},
		`did you mean "shared-svm"`:  {[]string{"compare", table, "--task", "task", "--target", "y", "--method", "shard-svm"}, true},
		"does not take a regression": {[]string{"compare", table, "--task", "task", "--target", "y", "--method", "svm"}, true},
		"no option":                  {[]string{"fit", table, "--target", "y", "--method", "ridge:mu=1", "--out", "m"}, true},
		"--target COLUMN":            {[]string{"compare", table}, true},
		"give one of them":           {[]string{"compare", table, "--target", "y", "--folds", "3", "--split", "s"}, true},
		`no column "z"`:              {[]string{"compare", table, "--target", "z"}, false},
		"no such file":               {[]string{"compare", filepath.Join(dir, "none.csv"), "--target", "y"}, false},
		"no model file":              {[]string{"predict", table, table, "--out", filepath.Join(dir, "o.csv")}, false},
	} {
		_, err := call(c.args...)
		var u usage
		if err == nil || !strings.Contains(err.Error(), text) || errors.As(err, &u) != c.usage {
			t.Errorf("%v: got %v (wrong use: %v), want %q", c.args, err, errors.As(err, &u), text)
		}
	}
}
