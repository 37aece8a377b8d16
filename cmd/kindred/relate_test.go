package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kindred-mtl/kindred/penalty"
)

// relate finds planted groups, says so, and its files hold what it reports.
func TestRelate(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	must(t, "generate", "tasks", "--set", "n_tasks=6", "--set", "n_clusters=2", "--set", "opposing=true", "--out", at("t.csv"), "--json", at("truth.json"))
	out := must(t, "relate", at("t.csv"), "--task", "task", "--target", "y", "--measure", "weights", "--measure", "transfer", "--measure", "labels", "--measure", "weights",
		"--dimensions", "3", "--json", at("r.json"), "--csv", at("r.csv"), "--svg", at("r.svg"), "--png", at("r.png"))
	narrow(t, out)
	for _, want := range []string{"weights: how alike", "2 groups, by spectral", "groups:", "errs -", "labels: not applicable: no two tasks", "weights, transfer", "─┐"} {
		if !strings.Contains(out, want) {
			t.Errorf("relate does not print %q:\n%s", want, out)
		}
	}
	var d relateDocument
	read(t, at("r.json"), &d)
	var truth generateDocument
	read(t, at("truth.json"), &truth)
	if len(d.Measures) != 2 || len(d.Refused) != 1 || len(d.Agreement) != 1 || !(*d.Agreement[0].RankCorrelation > 0) {
		t.Fatalf("%d measures, refused %v, agreement %v", len(d.Measures), d.Refused, d.Agreement)
	}
	m := d.Measures[0]
	if !slices.Equal(m.Groups, truth.Groups) || !m.Chosen || len(m.Vectors) != 6 || len(m.Vectors[0]) != 3 || len(m.Merges) != 5 || !m.Semidefinite || m.Errors != nil {
		t.Errorf("%+v, the truth is %v", m, truth.Groups)
	}
	if d.Measures[1].Symmetric || len(d.Measures[1].Errors) != 6 {
		t.Errorf("transfer is symmetric, or has no standard errors")
	}
	header, records := readBack(t, at("r.csv"))
	if len(records) != 12 || len(header) != 9 {
		t.Fatalf("%d rows of %v", len(records), header)
	}
	for i, record := range records {
		m := d.Measures[i/6]
		if record[0] != m.Measure || record[1] != m.Tasks[i%6] || record[2] != fmt.Sprint(m.Groups[i%6]) {
			t.Errorf("row %d is %v", i, record)
		}
		for j, v := range m.Matrix[i%6] {
			if record[3+j] != fmt.Sprint(*v) {
				t.Errorf("row %d, column %d: %s, want %v", i, j, record[3+j], *v)
			}
		}
	}
	if raw, err := os.ReadFile(at("r.svg")); err != nil || !strings.HasPrefix(string(raw), "<svg") {
		t.Errorf("%.20s, %v", raw, err)
	}
	f, err := os.Open(at("r.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if size, err := png.DecodeConfig(f); err != nil || size.Width != 2120 || size.Height != 2*1060 {
		t.Errorf("%+v, %v", size, err)
	}
}

func read(t *testing.T, path string, into any) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(raw, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Without --measure there are weights and covariance, and labels where rows are
// shared; what nothing can be said of is an error.
func TestRelateDefaults(t *testing.T) {
	dir := t.TempDir()
	table := filepath.Join(dir, "t.csv")
	for shared, want := range map[string][]string{"false": {"weights", "covariance", "evidence"}, "true": {"weights", "covariance", "evidence", "labels"}} {
		must(t, "generate", "tasks", "--set", "n_tasks=3", "--set", "shared_rows="+shared, "--out", table)
		args := []string{"relate", table, "--task", "task", "--target", "y"}
		if shared == "true" {
			header, _ := readBack(t, table)
			args = []string{"relate", table}
			for _, name := range header[len(header)-3:] {
				args = append(args, "--target", name)
			}
		}
		var d relateDocument
		if err := json.Unmarshal([]byte(must(t, append(args, "--json", "-")...)), &d); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, m := range d.Measures {
			got = append(got, m.Measure)
		}
		if !slices.Equal(got, want) || d.Refused != nil {
			t.Errorf("shared rows %s: %v, refused %v", shared, got, d.Refused)
		}
	}
	for text, args := range map[string]string{
		`did you mean "weights"`:     "--target y --task task --measure wieghts",
		`did you mean "spectral"`:    "--target y --task task --clustering spectrl",
		"there are 3 tasks":          "--target y --task task --groups 4",
		"give 1 or more":             "--target y --task task --dimensions 0",
		"the only task is":           "--target y",
		"no two tasks have 3 rows":   "--target y --task task --measure labels",
		"name what to predict":       "",
		"relate takes one file; see": "more",
	} {
		must(t, "generate", "tasks", "--set", "n_tasks=3", "--out", table)
		if _, err := call(append([]string{"relate", table}, strings.Fields(args)...)...); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: got %v, want %q", args, err, text)
		}
	}
}

// Groups that may overlap are reported with what each is trained with.
func TestRelateSelection(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	must(t, "generate", "tasks", "--set", "n_tasks=6", "--set", "n_clusters=2", "--set", "opposing=true", "--out", at("t.csv"), "--json", at("truth.json"))
	out := must(t, "relate", at("t.csv"), "--task", "task", "--target", "y", "--measure", "affinity", "--clustering", "selection", "--groups", "3", "--json", at("r.json"))
	narrow(t, out)
	for _, want := range []string{"by selection", "the largest there is", "trained with:"} {
		if !strings.Contains(out, want) {
			t.Errorf("relate does not print %q:\n%s", want, out)
		}
	}
	var d relateDocument
	read(t, at("r.json"), &d)
	m := d.Measures[0]
	if s := m.Selection; s == nil || !s.Exact || len(s.Affinity) != 6 || len(s.Trained) != slices.Max(m.Groups)+1 || len(s.Trained) > 3 {
		t.Fatalf("selection %+v, groups %v", s, m.Groups)
	}
	for i, g := range m.Groups {
		if !slices.Contains(m.Selection.Trained[g], m.Tasks[i]) {
			t.Errorf("task %s is served by %v", m.Tasks[i], m.Selection.Trained[g])
		}
	}
}

// Rows held out choose the number of groups and test them; flags of that alone
// are refused without.
func TestRelateValidate(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	must(t, "generate", "tasks", "--set", "n_tasks=6", "--set", "n_clusters=2", "--set", "opposing=true", "--set", "n_samples=20", "--out", at("t.csv"))
	args := []string{"relate", at("t.csv"), "--task", "task", "--target", "y", "--measure", "weights"}
	out := must(t, append(args, "--validate", "--draws", "9", "--json", at("r.json"))...)
	narrow(t, out)
	for _, want := range []string{"2 groups, by spectral", "do as well as any on rows held out", "losses on rows held out, by groups: 1: 0.", "of 9 random groupings of the same sizes"} {
		if !strings.Contains(out, want) {
			t.Errorf("relate does not print %q:\n%s", want, out)
		}
	}
	var d relateDocument
	read(t, at("r.json"), &d)
	m := d.Measures[0]
	if v := m.Validation; v == nil || len(v.Tried) != 6 || len(v.Random) != 9 || v.P == nil || v.Loss != v.Tried[1].Loss || m.Chosen {
		t.Fatalf("validation %+v, chosen %v", v, m.Chosen)
	}
	one := must(t, append(args, "--validate", "--groups", "1", "--method", "shared-ridge:C=1,mu=0.1", "--json", at("one.json"))...)
	if !strings.Contains(one, "no other groups have these sizes") {
		t.Errorf("one group:\n%s", one)
	}
	d = relateDocument{}
	read(t, at("one.json"), &d)
	if v := d.Measures[0].Validation; v == nil || len(v.Tried) != 1 || v.P != nil || v.Random != nil {
		t.Errorf("one group: %+v", v)
	}
	for want, more := range map[string][]string{
		"--draws is for --validate":    {"--draws", "9"},
		"--method is for --validate":   {"--method", "shared-ridge"},
		"give 1 or more":               {"--validate", "--draws", "0"},
		`did you mean "shared-ridge"?`: {"--validate", "--method", "shared-rigde"},
	} {
		if _, err := call(append(slices.Clone(args), more...)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", more, err, want)
		}
	}
}

// Descriptions of the tasks are a measure like others, found by name; what they
// lack is named.
func TestRelateDescriptions(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	must(t, "generate", "tasks", "--set", "n_tasks=3", "--out", at("t.csv"))
	_, records := readBack(t, at("t.csv"))
	names := map[string]bool{}
	for _, r := range records {
		names[r[0]] = true
	}
	text, few := "task,size,side\n", "task,size\nother,1\n"
	for i, name := range slices.Sorted(maps.Keys(names)) {
		text += fmt.Sprintf("%s,%d,%s\n", name, 10*i, []string{"east", "west"}[i%2])
		if i > 0 {
			few += fmt.Sprintf("%s,%d\n", name, i)
		}
	}
	if err := errors.Join(os.WriteFile(at("d.csv"), []byte(text), 0o600), os.WriteFile(at("few.csv"), []byte(few), 0o600)); err != nil {
		t.Fatal(err)
	}
	args := []string{"relate", at("t.csv"), "--task", "task", "--target", "y"}
	var d relateDocument
	if err := json.Unmarshal([]byte(must(t, append(args, "--descriptions", at("d.csv"), "--json", "-")...)), &d); err != nil {
		t.Fatal(err)
	}
	if n := len(d.Measures); n != 4 || d.Measures[n-1].Measure != "descriptions" || !d.Measures[n-1].Semidefinite {
		t.Errorf("%d measures", n)
	}
	for want, more := range map[string][]string{
		"no row describes 1 task":       {"--descriptions", at("few.csv")},
		"name it, --descriptions FILE":  {"--measure", "descriptions"},
		"add --measure descriptions":    {"--measure", "weights", "--descriptions", at("d.csv")},
		"none.csv: no such file or dir": {"--descriptions", at("none.csv")},
	} {
		if _, err := call(append(slices.Clone(args), more...)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", more, err, want)
		}
	}
}

// A tree joins what is merged, in as many lines as leaves, and fits the page
// with many tasks, long names and long chains.
func TestPrintTree(t *testing.T) {
	var b strings.Builder
	printTree(&b, []string{"a", "c", "b"}, []int{0, 1, 0}, []penalty.Merge{{A: 0, B: 2, Height: 0.5}, {A: 0, B: 1, Height: 1}})
	lines := strings.Split(b.String(), "\n")
	if len(lines) != 5 || !strings.HasPrefix(lines[0], "  a 1 ──") || !strings.HasPrefix(lines[1], "  b 1 ──") || !strings.HasPrefix(lines[2], "  c 2 ──") {
		t.Fatalf("got\n%s", b.String())
	}
	at := func(line int, sign string) int { return slices.Index([]rune(lines[line]), []rune(sign)[0]) }
	if at(0, "┬") != at(1, "┘") || at(0, "┐") != at(2, "┘") || at(1, "│") != at(0, "┐") || at(0, "┬") >= at(0, "┐") {
		t.Errorf("got\n%s", b.String())
	}
	for _, n := range []int{1, 2, 40, 41, 300} {
		names, groups := make([]string, n), make([]int, n)
		var merges []penalty.Merge
		for i := range n {
			names[i] = fmt.Sprint("a task with\na long name, number ", i)
			if i > 0 {
				merges = append(merges, penalty.Merge{A: 0, B: i, Height: math.Sqrt(float64(i))})
			}
		}
		b.Reset()
		printTree(&b, names, groups, merges)
		narrow(t, b.String())
		want := n
		if n > mostTasks {
			want = topLeaves
		}
		if got := strings.Count(b.String(), "a task"); got != want {
			t.Errorf("%d tasks: %d leaves, want %d:\n%s", n, got, want, b.String())
		}
	}
}

// Of many tasks there is no matrix: neighbours stand for it, groups are told by
// their sizes, and a file of all pairs is written if asked for.
func TestRelateManyTasks(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	must(t, "generate", "tasks", "--set", "n_tasks=1001", "--set", "n_samples=8", "--set", "n_features=3", "--set", "n_clusters=2", "--set", "opposing=true", "--set", "noise=0.2", "--out", at("many.csv"))
	out := must(t, "relate", at("many.csv"), "--task", "task", "--target", "y", "--json", at("r.json"), "--csv", at("pairs.csv"), "--svg", at("map.svg"))
	for _, want := range []string{"2 groups, by spectral", "the most that both halves of the tasks find", "group 1  501 tasks: t0, t1, t2, …", "group 2  500 tasks: t501"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	var d struct {
		Measures []struct {
			Matrix     [][]float64
			Groups     []int
			Neighbours []struct {
				Tasks []int
				Alike []float64
			}
		}
	}
	raw, err := os.ReadFile(at("r.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &d); err != nil {
		t.Fatal(err)
	}
	m := d.Measures[0]
	if len(d.Measures) != 1 || m.Matrix != nil || len(m.Neighbours) != 1001 || len(m.Neighbours[0].Tasks) != 10 || len(m.Neighbours[0].Alike) != 10 || m.Groups[0] == m.Groups[1000] {
		t.Errorf("%d measures, neighbours %+v", len(d.Measures), m.Neighbours[0])
	}
	if pairs, err := os.ReadFile(at("pairs.csv")); err != nil || strings.Count(string(pairs), "\n") != 1002 {
		t.Errorf("a file of pairs: %v", err)
	}
	if _, err := call("relate", at("many.csv"), "--task", "task", "--target", "y", "--validate"); err == nil || !strings.Contains(err.Error(), "1001 tasks") {
		t.Errorf("--validate: %v", err)
	}
}
