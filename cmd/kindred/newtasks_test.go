package main

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// split writes the rows of a table whose task is among fresh to one file, at most
// few of each, and the others to another.
func splitTasks(t *testing.T, from, known, others string, few int, fresh ...string) {
	t.Helper()
	raw, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(string(raw))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var a, b strings.Builder
	one, two, count := csv.NewWriter(&a), csv.NewWriter(&b), map[string]int{}
	one.Write(rows[0])
	two.Write(rows[0])
	for _, row := range rows[1:] {
		name := row[0]
		if count[name]++; !strings.Contains(" "+strings.Join(fresh, " ")+" ", " "+name+" ") {
			one.Write(row)
		} else if count[name] <= few {
			two.Write(row)
		}
	}
	one.Flush()
	two.Flush()
	for path, text := range map[string]string{known: a.String(), others: b.String()} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// New tasks are added to linear models and to networks, and predicted without a
// row where that is asked for; else they are an error.
func TestNewTasks(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, kind := range []string{"regression", "binary"} {
		must(t, "generate", "tasks", "--set", "n_tasks=8", "--set", "n_samples=40", "--set", "n_features=3", "--set", "kind="+kind, "--out", at("all.csv"))
		splitTasks(t, at("all.csv"), at("known.csv"), at("few.csv"), 5, "t6", "t7")
		for _, method := range []string{"shared-ridge", "embedding-net:sizes=1,epochs=3"} {
			if kind == "binary" {
				method = strings.Replace(method, "ridge", "logistic", 1)
			}
			must(t, "fit", at("known.csv"), "--task", "task", "--target", "y", "--method", method, "--out", at("model"))
			if _, err := call("predict", at("model"), at("few.csv"), "--out", at("p.csv")); err == nil || !strings.Contains(err.Error(), `no task "t6"`) || !strings.Contains(err.Error(), "--unseen mean") {
				t.Errorf("unseen: %v", err)
			}
			if out := must(t, "predict", at("model"), at("few.csv"), "--unseen", "mean", "--out", at("p.csv")); !strings.Contains(out, `"t6" was never seen: it is predicted by the mean of 6 tasks`) {
				t.Errorf("told %q", out)
			}
			out := must(t, "add", at("model"), at("few.csv"), "--out", at("more"))
			if !strings.Contains(out, `"t7" was added later from 5 rows`) || !strings.Contains(out, "2 tasks more") {
				t.Errorf("told %q", out)
			}
			must(t, "predict", at("more"), at("all.csv"), "--out", at("p.csv"))
			if out := must(t, "inspect", at("more")); !strings.Contains(out, "added later") {
				t.Errorf("inspect says %q", out)
			}
			if _, err := call("add", at("more"), at("few.csv"), "--out", at("more")); err == nil || !strings.Contains(err.Error(), "knows all of its 2 tasks already") {
				t.Errorf("again: %v", err)
			}
		}
	}
	var describing strings.Builder
	describing.WriteString("task,size\n")
	for _, name := range []string{"t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7"} {
		describing.WriteString(name + "," + name[1:] + "\n")
	}
	if err := os.WriteFile(at("tasks.csv"), []byte(describing.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	if out := must(t, "predict", at("model"), at("few.csv"), "--descriptions", at("tasks.csv"), "--out", at("p.csv")); !strings.Contains(out, `"t6" was never seen: it is predicted by `) || !strings.Contains(out, "description") {
		t.Errorf("told %q", out)
	}
	if _, err := call("predict", at("model"), at("few.csv"), "--unseen", "nothing", "--out", at("p.csv")); err == nil || !strings.Contains(err.Error(), "mean or error") {
		t.Errorf("--unseen nothing: %v", err)
	}
}

// A model of targets that share rows takes the column of one more.
func TestNewTarget(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	must(t, "generate", "tasks", "--set", "n_tasks=4", "--set", "n_samples=60", "--set", "n_features=3", "--set", "kind=binary", "--set", "shared_rows=true", "--out", at("all.csv"))
	must(t, "fit", at("all.csv"), "--target", "t0", "--target", "t1", "--target", "t2", "--drop", "t3", "--method", "shared-logistic", "--out", at("model"))
	if _, err := call("add", at("model"), at("all.csv"), "--out", at("more")); err == nil || !strings.Contains(err.Error(), "--target COLUMN") {
		t.Errorf("without --target: %v", err)
	}
	if out := must(t, "add", at("model"), at("all.csv"), "--target", "t3", "--out", at("more")); !strings.Contains(out, `"t3" was added later from 60 rows`) {
		t.Errorf("told %q", out)
	}
	if _, err := call("predict", at("more"), at("all.csv"), "--unseen", "mean", "--out", at("p.csv")); err == nil || !strings.Contains(err.Error(), "task column") {
		t.Errorf("--unseen mean: %v", err)
	}
	must(t, "predict", at("more"), at("all.csv"), "--out", at("p.csv"))
	raw, err := os.ReadFile(at("p.csv"))
	if err != nil || !strings.Contains(string(raw), "t3.probability.1") {
		t.Errorf("%v: %.200s", err, raw)
	}
}
