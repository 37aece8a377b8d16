package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// A graph or tree that is given is used: a graph without weight leaves ridge,
// and a tree of one level shared weights.
func TestGivenGraphAndTree(t *testing.T) {
	dir := t.TempDir()
	table := filepath.Join(dir, "t.csv")
	must(t, "generate", "tasks", "--set", "n_tasks=4", "--out", table)
	objective := func(args ...string) float64 {
		t.Helper()
		var fit fitDocument
		at := filepath.Join(dir, "fit.json")
		must(t, append([]string{"fit", table, "--task", "task", "--target", "y", "--out", filepath.Join(dir, "m"), "--json", at}, args...)...)
		raw, err := os.ReadFile(at)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, &fit); err != nil {
			t.Fatal(err)
		}
		return fit.Report.Objective
	}
	same := func(a, b float64) bool { return a-b < 1e-6*b && b-a < 1e-6*b }
	graph := write(t, "g.csv", "\ufefffrom,to,weight\nt0,t1,0\n\nt2,t3\n")
	apart := write(t, "apart.csv", "t0,t1,0\n")
	tree := write(t, "t.nwk", "(t3,t1,\n t0,t2);\n")
	ridge, shared := objective("--method", "shared-ridge:C=1,mu=1e9"), objective("--method", "shared-ridge:C=1,mu=0.5")
	if got := objective("--method", "graph:C=1,mu=1", "--task-graph", apart); !same(got, ridge) {
		t.Errorf("a graph without weight: objective %v, of ridge %v", got, ridge)
	}
	if got := objective("--method", "graph:C=1,mu=1", "--task-graph", graph); same(got, ridge) {
		t.Errorf("a graph: objective %v, of ridge too", got)
	}
	if got := objective("--method", "tree:C=1,mu=0.5", "--task-tree", tree); !same(got, shared) {
		t.Errorf("a tree of one level: objective %v, of shared weights %v", got, shared)
	}
	if got := objective("--method", "tree:C=1,mu=0.5"); same(got, shared) {
		t.Errorf("a learned tree: objective %v, of shared weights too", got)
	}
	must(t, "compare", table, "--task", "task", "--target", "y", "--folds", "2", "--task-tree", tree, "--method", "tree:C=1,mu=0.5", "--method", "trace:C=1")
}

// Groups that are given are used: two of them are two fits, and guarded mixes
// with them. What each task is mixed of is printed.
func TestGivenGroups(t *testing.T) {
	dir := t.TempDir()
	table, model := filepath.Join(dir, "t.csv"), filepath.Join(dir, "m")
	must(t, "generate", "tasks", "--set", "n_tasks=4", "--out", table)
	groups := write(t, "g.csv", "task,group\nt2,north\nt0,south\n\nt3, north\nt1,south\n")
	args := []string{"fit", table, "--task", "task", "--target", "y", "--out", model, "--task-groups", groups, "--method"}
	if out := must(t, append(args, "grouped:C=1,mu=1")...); !strings.Contains(out, "groups: t0, t1 | t2, t3") {
		t.Errorf("two groups:\n%s", out)
	}
	out := must(t, append(args, "guarded:C=1,mu=1")...)
	if head := regexp.MustCompile(`(?m)^ *task +share +alone +joint +grouped +pooled +loss alone +change`); !head.MatchString(out) {
		t.Errorf("a mixture:\n%s", out)
	}
	if out := must(t, "inspect", model); !strings.Contains(out, "loss alone") {
		t.Errorf("inspect:\n%s", out)
	}
}

func TestWrongGraphsAndTrees(t *testing.T) {
	table := filepath.Join(t.TempDir(), "t.csv")
	must(t, "generate", "tasks", "--set", "n_tasks=3", "--out", table)
	for _, c := range []struct{ flag, text, want string }{
		{"graph", "t0,t1\nt1,T22\n", `g.csv, line 2: no task "T22"; did you mean "t2"?`},
		{"graph", "t0\n", "line 1: 1 columns"},
		{"graph", "t0,t1,1,2\n", "line 1: 4 columns"},
		{"graph", "t0,t1,x\n", `line 1: weight "x"`},
		{"graph", "a,b,weight\nt0,t1,-2\n", `line 2: weight "-2"`},
		{"graph", "t0,t0\n", `line 1: task "t0" is joined to itself`},
		{"graph", "t0,t1\nt1,t2\nt1,t0\n", `line 3: tasks "t1" and "t0" are joined in line 1 too`},
		{"graph", "from,to\n", "no line joins two tasks"},
		{"graph", "t0,\"t1\nt2\n", "line"},
		{"groups", "task,group\nt0,a\nT1,a\n", `g.csv, line 3: no task "T1"; did you mean "t1"?`},
		{"groups", "t0,a\nt1\n", "line 2: 1 column; a line is task,group"},
		{"groups", "t0,a\nt1,a\nt0,b\n", `line 3: task "t0" stands in line 1 too`},
		{"groups", "t0,a\nt1,a\n", `g.csv: task "t2" is in no group`},
		{"groups", "t0,\"a\n", "line"},
		{"tree", "((t0,t1),t2", "line 1, column 12: a comma"},
		{"tree", "((t0,t1),t3);", `no task "t3"; did you mean "t0"?`},
		{"tree", "(t0,t1);", `no task "t2"`},
		{"tree", "(t0,t1,t2,t0);", `the leaf "t0" stands twice`},
	} {
		path := write(t, "g.csv", c.text)
		_, err := call("fit", table, "--task", "task", "--target", "y", "--method", map[string]string{"graph": "graph", "tree": "tree", "groups": "grouped"}[c.flag], "--task-"+c.flag, path, "--out", table+".m")
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %q: %v, want %q", c.flag, c.text, err, c.want)
		}
	}
	tree := write(t, "t.nwk", "(t0,t1,t2);")
	if _, err := call("fit", table, "--task", "task", "--target", "y", "--method", "trace", "--task-tree", tree, "--out", table+".m"); err == nil || !strings.Contains(err.Error(), "no method given takes a tree of the tasks; those that do: tree") {
		t.Errorf("%v", err)
	}
	groups := write(t, "g.csv", "t0,a\nt1,a\nt2,b\n")
	if _, err := call("fit", table, "--task", "task", "--target", "y", "--method", "trace", "--task-groups", groups, "--out", table+".m"); err == nil || !strings.Contains(err.Error(), "no method given takes groups of the tasks; those that do: guarded, grouped") {
		t.Errorf("%v", err)
	}
	if _, err := call("fit", table, "--task", "task", "--target", "y", "--method", "tree", "--task-tree", table+".none", "--out", table+".m"); err == nil {
		t.Error("a tree that is not there")
	}
}
