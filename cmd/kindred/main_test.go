package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

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
	for _, want := range []string{"svm apart", "svm pooled", "shared-svm", "shared-logistic", "accuracy", "log loss", "gain"} {
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
	for _, want := range []string{"\nlosses\n", "\npenalties\n", "\nsolvers\n", "\nmetrics\n", "\ngenerators\n", "Evgeniou", "hinge", "auc"} {
		if !strings.Contains(all, want) {
			t.Errorf("list --all does not show %q", want)
		}
	}
	narrow(t, all)
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
		"unknown command":            {[]string{"comapre"}, true},
		"unknown flag":               {[]string{"demo", "--x"}, true},
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
