package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A report says what the comparison said, with the method looked into and how
// the tasks are related, and how to make it again.
func TestReport(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	must(t, "generate", "tasks", "--set", "n_tasks=6", "--set", "n_samples=25", "--set", "kind=binary", "--out", at("some.csv"))
	out := must(t, "compare", at("some.csv"), "--task", "task", "--target", "y", "--folds", "3", "--method", "shared-logistic", "--method", "shared-net:sizes=1,epochs=3", "--report", at("r.html"))
	raw, err := os.ReadFile(at("r.html"))
	if err != nil {
		t.Fatal(err)
	}
	page := string(raw)
	for _, want := range []string{"some.csv", "150 rows of 10 columns, 6 tasks, 150 labels", `id="gains"`, `id="relations"`, `id="shares"`, `id="importance"`, `id="calibration"`, `"measure":"weights"`, "shared-net:sizes=1,epochs=3", "<pre><code>kindred "} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in the report", want)
		}
	}
	verdict := out[strings.Index(out, "\nLearn"):][:40]
	if first := strings.Fields(verdict)[1]; !strings.Contains(page, "Learn "+first) {
		t.Errorf("the report does not say %q", verdict)
	}
}

// A report that cannot be written is an error that names the file.
func TestReportNowhere(t *testing.T) {
	dir := t.TempDir()
	table := filepath.Join(dir, "some.csv")
	must(t, "generate", "tasks", "--set", "n_tasks=3", "--set", "n_samples=12", "--out", table)
	_, err := call("compare", table, "--task", "task", "--target", "y", "--folds", "2", "--method", "ridge", "--report", filepath.Join(dir, "none", "r.html"))
	if err == nil || !strings.Contains(err.Error(), "r.html") {
		t.Errorf("error %v", err)
	}
}
