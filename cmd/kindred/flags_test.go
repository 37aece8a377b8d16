package main

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A table to compare on: two tasks of 60 rows, 12 groups, 120 times, a split,
// weights of 0 and 1, few whole numbers as a target, and a leak.
func everyColumn() string {
	rng := rand.New(rand.NewPCG(11, 12))
	var b strings.Builder
	b.WriteString("task,x,noise,who,when,part,w,leak,y\n")
	for i := range 120 {
		x, part := rng.NormFloat64(), "train"
		if i%4 == 0 {
			part = "test"
		}
		y := int(max(0, math.Round(2+x+0.5*rng.NormFloat64())))
		fmt.Fprintf(&b, "%c,%v,%v,g%d,%d,%s,%d,%d,%d\n", 'a'+rune(i%2), x, rng.NormFloat64(), i%12, i, part, (i/2)%2, 2*y, y)
	}
	return b.String()
}

// compared runs compare and returns its document.
func compared(t *testing.T, args ...string) compareDocument {
	t.Helper()
	out := must(t, append([]string{"compare", "--json", "-"}, args...)...)
	var d compareDocument
	if err := json.Unmarshal([]byte(out[strings.Index(out, "{\n"):]), &d); err != nil { // behind the warnings
		t.Fatal(err)
	}
	return d
}

// Every flag that says how to split does what it says.
func TestSplitFlags(t *testing.T) {
	dir := t.TempDir()
	table, splits := filepath.Join(dir, "t.csv"), filepath.Join(dir, "splits.csv")
	text := "row,first,second\n"
	for i := range 120 {
		text += fmt.Sprintf("%d,%d,%d\n", i+1, i/2%2, b2i(i < 30))
	}
	if err := os.WriteFile(table, []byte(everyColumn()), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(splits, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	base := []string{table, "--task", "task", "--target", "y", "--method", "ridge:C=1", "--keep", "x"}
	for flags, want := range map[string]struct {
		splits []int     // of each training fraction
		rows   []float64 // trained on, a task
		kind   string
	}{
		"":                            {[]int{5}, []float64{48}, "folds"},
		"--folds 3":                   {[]int{3}, []float64{40}, "folds"},
		"--folds 3 --repeats 2":       {[]int{6}, []float64{40}, "folds"},
		"--splits 4 --train 0.25,0.5": {[]int{4, 4}, []float64{15, 30}, "random"},
		"--split part":                {[]int{1}, []float64{45}, "column"},
		"--split-file " + splits:      {[]int{2}, []float64{22.5}, "file"},
		"--folds 12 --group who":      {[]int{12}, []float64{55}, "folds"},
		"--folds 3 --time when":       {[]int{3}, []float64{30}, "time"}, // 1/4, 2/4 and 3/4 of 60
		"--time when":                 {[]int{5}, []float64{30}, "time"},
	} {
		d := compared(t, append(base, strings.Fields(flags)...)...)
		var trained []float64
		var done []int
		for _, m := range d.Methods {
			if m.Method == "single-task" {
				trained, done = append(trained, m.Rows), append(done, m.Splits)
			}
		}
		if !slices.Equal(done, want.splits) || !slices.Equal(trained, want.rows) || d.Split.Kind != want.kind {
			t.Errorf("%s: %v splits on %v rows, %+v; want %+v", flags, done, trained, d.Split, want)
		}
	}
	for flags, want := range map[string]string{
		"--folds 13 --group who":           "at most 12 folds",
		"--splits 3":                       "--splits and --train go together",
		"--train 0.5":                      "--splits and --train go together",
		"--folds 3 --splits 3 --train 0.5": "--folds and --splits each say how to split",
		"--time when --split part":         "--split and --time each say how to split",
		"--time when --repeats 3":          "--repeats is of --folds",
		"--split part --repeats 3":         "--repeats is of --folds",
		"--split who":                      "a split column holds train or test",
		"--train 1.5 --splits 2":           "1.5",
		"--folds 1":                        "at least 2",
	} {
		if _, err := call(append(append([]string{"compare"}, base...), strings.Fields(flags)...)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, which does not say %q", flags, err, want)
		}
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Every flag that says what to learn from does what it says.
func TestColumnFlags(t *testing.T) {
	table := filepath.Join(t.TempDir(), "t.csv")
	if err := os.WriteFile(table, []byte(everyColumn()), 0o644); err != nil {
		t.Fatal(err)
	}
	for flags, want := range map[string]struct {
		features int
		kind     string
		metric   string
		warnings int
	}{
		"":                               {7, "regression", "rmse", 2}, // a split and a leak
		"--drop leak,part":               {5, "regression", "rmse", 0},
		"--drop leak --drop part":        {5, "regression", "rmse", 0},
		"--keep x,noise":                 {2, "regression", "rmse", 0},
		"--keep x --kind y=count":        {1, "count", "poisson_deviance", 0},
		"--keep x --kind y=multiclass":   {1, "multiclass", "log_loss", 0},
		"--keep x,who --type who=text":   {2, "regression", "rmse", 0},
		"--keep x --metric mae":          {1, "regression", "mae", 0},
		"--keep x,w --weight w":          {1, "regression", "rmse", 0},
		"--keep x,when --time when":      {1, "regression", "rmse", 0},
		"--keep x,who --group who":       {1, "regression", "rmse", 0},
		"--keep x,part --split part":     {1, "regression", "rmse", 0},
		"--keep x --format csv --seed 7": {1, "regression", "rmse", 0},
		"--keep x --workers 1":           {1, "regression", "rmse", 0},
	} {
		args := append([]string{table, "--task", "task", "--target", "y", "--method", "ridge:C=1"}, strings.Fields(flags)...)
		if !strings.Contains(flags, "--split") {
			args = append(args, "--folds", "2")
		}
		d := compared(t, args...)
		kind := d.Table.Columns[len(d.Table.Columns)-1].Type
		if d.Data.Features != want.features || kind != want.kind || d.Metric != want.metric || len(d.Table.Warnings) != want.warnings {
			t.Errorf("%s: %d features, %s, %s, %q; want %+v", flags, d.Data.Features, kind, d.Metric, d.Table.Warnings, want)
		}
	}
}

// predicted fits a table and returns its predictions of another one.
func predicted(t *testing.T, train, test string, flags ...string) []float64 {
	t.Helper()
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := os.WriteFile(at("train.csv"), []byte(train), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(at("test.csv"), []byte(test), 0o644); err != nil {
		t.Fatal(err)
	}
	must(t, append([]string{"fit", at("train.csv"), "--task", "task", "--target", "y", "--out", at("m")}, flags...)...)
	must(t, "predict", at("m"), at("test.csv"), "--out", at("p.csv"))
	header, records := readBack(t, at("p.csv"))
	j, out := slices.Index(header, "y.predicted"), make([]float64, len(records))
	for i, record := range records {
		v, err := strconv.ParseFloat(record[j], 64)
		if err != nil {
			t.Fatal(err)
		}
		out[i] = v
	}
	return out
}

// lines keeps the header and the rows for which keep is true.
func lines(text string, keep func(cells []string) bool) string {
	var b strings.Builder
	for i, line := range strings.SplitAfter(strings.TrimSuffix(text, "\n"), "\n") {
		if i == 0 || keep(strings.Split(strings.TrimSpace(line), ",")) {
			b.WriteString(line)
		}
	}
	return b.String()
}

func near(t *testing.T, what string, a, b []float64) {
	t.Helper()
	for i := range a {
		if !(math.Abs(a[i]-b[i]) <= 1e-6*max(1, math.Abs(a[i]))) {
			t.Fatalf("%s: prediction %d is %v and %v", what, i+1, a[i], b[i])
		}
	}
}

// Rows of weight 0 are rows left out, and a task's weight is the weight of its
// rows.
func TestWeightFlags(t *testing.T) {
	text := everyColumn()
	flags := []string{"--keep", "x,noise,w", "--method", "shared-ridge:C=1,mu=0.5"}
	heavy := lines(text, func(cells []string) bool { return cells[6] == "1" })
	near(t, "weight 0", predicted(t, heavy, text, append(flags, "--weight", "w")...), predicted(t, text, text, append(flags, "--weight", "w")...))

	var doubled strings.Builder
	for i, line := range strings.Split(strings.TrimSpace(text), "\n") {
		if cells := strings.Split(line, ","); i > 0 {
			cells[6] = map[string]string{"a": "2", "b": "1"}[cells[0]]
			line = strings.Join(cells, ",")
		}
		doubled.WriteString(line + "\n")
	}
	flags = []string{"--keep", "x,noise", "--method", "shared-ridge:C=1,mu=0.5"}
	a := predicted(t, text, text, append(flags, "--task-weight", "a=2")...)
	near(t, "task weight", a, predicted(t, doubled.String(), text, append(flags, "--weight", "w")...))
	if plain := predicted(t, text, text, flags...); math.Abs(plain[0]-a[0]) < 1e-9 {
		t.Errorf("a weight of 2 changes nothing: %v", a[0])
	}
}

// The one-standard-error rule chooses a strength at least as large as the best
// one, here a larger one; a seed and a number of workers change nothing else.
func TestOneStandardError(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := os.WriteFile(at("t.csv"), []byte(everyColumn()), 0o644); err != nil {
		t.Fatal(err)
	}
	lambda := func(method string, more ...string) float64 {
		must(t, append([]string{"fit", at("t.csv"), "--task", "task", "--target", "y", "--keep", "x,noise", "--method", method, "--out", at("m"), "--json", at("d.json")}, more...)...)
		var d fitDocument
		raw, _ := os.ReadFile(at("d.json"))
		if err := json.Unmarshal(raw, &d); err != nil {
			t.Fatal(err)
		}
		if len(d.Report.Parts) > 0 {
			return d.Report.Parts[0].Parameters["lambda"]
		}
		return d.Report.Parameters["lambda"]
	}
	best, careful := lambda("pooled"), lambda("pooled:one_se=true")
	if !(careful > best) {
		t.Errorf("λ is %v, with one_se %v", best, careful)
	}
	if one := lambda("pooled", "--workers", "1"); one != best {
		t.Errorf("λ is %v with one worker, %v with all", one, best)
	}
	if folds := lambda("pooled:folds=2"); folds <= 0 {
		t.Errorf("λ is %v", folds)
	}
}
