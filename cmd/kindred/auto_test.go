package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/kindred-mtl/kindred/compare"
)

// autoArgs compares by a search of four trials.
func autoArgs(table, report string, more ...string) []string {
	return append([]string{"compare", table, "--task", "task", "--target", "y", "--folds", "3", "--method", "auto", "--json", report}, more...)
}

func readResult(t *testing.T, path string) (r compare.Result) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatal(err)
	}
	for i := range r.Methods {
		r.Methods[i].Seconds = 0
	}
	for i := range r.Trials {
		r.Trials[i].Seconds = 0
	}
	return r
}

// What is recommended can be typed: the last line fits it, names quoted.
func TestAutoRecommends(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	must(t, "generate", "tasks", "--set", "n_tasks=6", "--set", "n_samples=25", "--set", "similarity=0.95", "--out", at("it's.csv"))
	out := must(t, autoArgs(at("it's.csv"), at("r.json"), "--trials", "4", "--drop", "x1", "--drop", "x2")...)
	for _, want := range []string{"auto: 4 trials, --trials 4", "Learn the tasks together", `it'\''s.csv' --target y --task task --drop x1,x2 --method `} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	r := readResult(t, at("r.json"))
	if a := r.Recommendation; len(r.Trials) != 4 || a == nil || a.Verdict != "together" || !a.Nested || len(a.Tasks) != 6 {
		t.Errorf("%+v", a)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	fit := strings.Fields(strings.NewReplacer(`'`+at("it"), at("it"), `'\''s.csv'`, "'s.csv").Replace(lines[len(lines)-1]))
	fit[len(fit)-1] = at("model")
	must(t, fit[1:]...)
}

// A search that a signal stops goes on from its checkpoint to the same result.
func TestAutoGoesOn(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	must(t, "generate", "tasks", "--set", "n_tasks=30", "--set", "n_samples=60", "--out", at("t.csv"))
	must(t, autoArgs(at("t.csv"), at("whole.json"), "--trials", "6")...)
	cmd := process(t, autoArgs(at("t.csv"), at("part.json"), "--trials", "6", "--checkpoint", at("kept"))...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for range 3000 {
		if _, err := os.Stat(at("kept")); err == nil {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	cmd.Process.Kill()
	cmd.Wait()
	if _, err := os.Stat(at("kept")); err != nil {
		t.Fatal("no trial is kept: ", err)
	}
	if _, err := call(autoArgs(at("t.csv"), at("other.json"), "--trials", "6", "--checkpoint", at("kept"), "--seed", "9")...); err == nil || !strings.Contains(err.Error(), "another seed") {
		t.Errorf("a checkpoint of another seed: %v", err)
	}
	must(t, autoArgs(at("t.csv"), at("part.json"), "--trials", "6", "--checkpoint", at("kept"))...)
	if a, b := readResult(t, at("whole.json")), readResult(t, at("part.json")); !reflect.DeepEqual(a, b) {
		t.Errorf("at once\n%+v\nand with a stop\n%+v", a.Trials, b.Trials)
	}
	if _, err := os.Stat(at("kept")); !os.IsNotExist(err) {
		t.Errorf("the checkpoint is left: %v", err)
	}
}

// Flags of the search are refused without it, and where they contradict.
func TestAutoFlags(t *testing.T) {
	for _, c := range []struct {
		flags []string
		want  string
	}{
		{[]string{"--method", "trace", "--budget", "5s"}, "add --method auto"},
		{[]string{"--checkpoint", "x"}, "add --method auto"},
		{[]string{"--method", "auto", "--budget", "5s", "--trials", "3"}, "give one of them"},
		{[]string{"--method", "auto", "--trials", "-1"}, "above 0"},
	} {
		if _, err := call(append([]string{"compare", "x.csv", "--target", "y"}, c.flags...)...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v", c.flags, err)
		}
	}
}
