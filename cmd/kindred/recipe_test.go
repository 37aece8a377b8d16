package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kindred-mtl/kindred/recipe"
)

// The printed recipe of every method is one that the commands take.
func TestRecipeCommand(t *testing.T) {
	for _, m := range recipe.Methods {
		out := must(t, "recipe", m.Name)
		narrow(t, out)
		if !strings.HasPrefix(out, "# "+m.Name+": "+m.Words+"\n") || !strings.Contains(out, "\nmethod: "+m.Name+"\n") {
			t.Errorf("%s", out)
		}
	}
	for want, args := range map[string][]string{
		`no method "shard-svm"; did you mean "shared-svm"?`: {"recipe", "shard-svm"},
		"takes one method": {"recipe"},
	} {
		if _, err := call(args...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v", args, err)
		}
	}
}

// A recipe file is the method that it describes, in fit and in compare; the
// model keeps it, and what it keeps is a recipe again.
func TestRecipeFiles(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	must(t, "generate", "tasks", "--set", "n_tasks=3", "--set", "n_samples=80", "--out", at("t.csv"))
	task := []string{"--task", "task", "--target", "y"}
	fitted := func(flags ...string) fitDocument {
		t.Helper()
		must(t, append(append([]string{"fit", at("t.csv"), "--out", at("m"), "--json", at("d.json")}, task...), flags...)...)
		var d fitDocument
		raw, err := os.ReadFile(at("d.json"))
		if err == nil {
			err = json.Unmarshal(raw, &d)
		}
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	file := write(t, "near.yaml", "method: shared-ridge\nC: 1\nmu: 0.5 # near one another\nprep: {scale: rms}\n")
	line, recipe := fitted("--method", "shared-ridge:C=1,mu=0.5,scale=rms"), fitted("--recipe", file)
	if line.Report.Objective != recipe.Report.Objective || recipe.Recipe != `{"C":1,"method":"shared-ridge","mu":0.5,"prep":{"scale":"rms"}}` {
		t.Errorf("%v and %v, %s", line.Report.Objective, recipe.Report.Objective, recipe.Recipe)
	}
	if out := must(t, "inspect", at("m")); !strings.Contains(out, recipe.Recipe) {
		t.Errorf("inspect prints %s", out)
	}
	if again := fitted("--recipe", write(t, "again.json", recipe.Recipe)); again.Report.Objective != recipe.Report.Objective || again.Recipe != recipe.Recipe {
		t.Errorf("%+v", again)
	}
	net := write(t, "net.yaml", "method: shared-net\nname: small net\nhidden: 8\nepochs: 2\nweighting: {name: dwa, temperature: 1}\noptimizer: [{clip: {norm: 1}}, adam]\n")
	d := compared(t, append([]string{at("t.csv"), "--folds", "2", "--method", "ridge:C=1", "--recipe", file, "--recipe", net}, task...)...)
	var names []string
	for _, m := range d.Methods {
		names = append(names, m.Method)
	}
	if got := strings.Join(names, ", "); got != "single-task, pooled, ridge:C=1, near, small net" {
		t.Errorf("compared %s", got)
	}
	if d := fitted("--recipe", net); d.Report.Solver != "clip, adam" || !strings.Contains(d.Recipe, `"weighting":{"name":"dwa","temperature":1}`) {
		t.Errorf("a network by recipe: %+v", d)
	}
	must(t, "predict", at("m"), at("t.csv"), "--out", at("p.csv"))
	if d := compared(t, append([]string{at("t.csv"), "--folds", "2", "--recipe", file}, task...)...); len(d.Methods) != 3 {
		t.Errorf("%d methods beside one recipe", len(d.Methods))
	}
	tree := write(t, "t.nwk", "((t0,t1),t2);")
	must(t, append([]string{"fit", at("t.csv"), "--out", at("m"), "--recipe", write(t, "tree.yaml", "method: tree\nC: 1\nmu: 1"), "--task-tree", tree}, task...)...)
}

func TestWrongRecipeFiles(t *testing.T) {
	dir := t.TempDir()
	table := filepath.Join(dir, "t.csv")
	must(t, "generate", "tasks", "--set", "n_tasks=2", "--out", table)
	task := []string{table, "--task", "task", "--target", "y"}
	wrong := write(t, "wrong.yaml", "method: shared-net\nhiden: 8\n")
	for want, args := range map[string][]string{
		`wrong.yaml, line 2: no option "hiden"; did you mean "hidden"?`: {"fit", "--out", table + ".m", "--recipe", wrong},
		"--method and --recipe both name a method":                      {"fit", "--out", table + ".m", "--recipe", wrong, "--method", "ridge"},
		`line 2: no option "hiden"`:                                     {"compare", "--recipe", wrong},
		"does not take a regression target":                             {"compare", "--recipe", write(t, "svm.yaml", "method: svm")},
		"no such file":                                                  {"compare", "--recipe", table + ".none"},
		`two methods are called "same"`:                                 {"compare", "--folds", "2", "--recipe", write(t, "same.yaml", "method: ridge\nC: 1"), "--recipe", write(t, "same.json", `{"method": "ridge", "C": 2}`)},
	} {
		if _, err := call(append(args[:1:1], append(task, args[1:]...)...)...); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v: %v, want %q", args, err, want)
		}
	}
}
