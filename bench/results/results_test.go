package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kindred-mtl/kindred/compare"
)

// A test row goes where its text is trained on in its own task, and only then.
func TestUnique(t *testing.T) {
	folder := t.TempDir()
	from, to := filepath.Join(folder, "from.csv"), filepath.Join(folder, "to.csv")
	head := "split,task,text,y\n"
	kept := "train,a,good,1\ntest,a,bad,0\ntrain,a,good,1\ntest,b,good,1\ntrain,b,\"no, bad\",0\n"
	if err := os.WriteFile(from, []byte(head+"test,a,good,1\n"+kept+"test,b,\"no, bad\",0\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	left, err := unique(from, to)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	if left != 2 || string(text) != head+kept {
		t.Errorf("%d left out, which leaves\n%s", left, text)
	}
}

func number(v float64) *float64 { return &v }

// The table shows what a run came to, gains in the unit of their column.
func TestTable(t *testing.T) {
	d := &done{wall: 1500 * time.Millisecond, processor: 2200 * time.Millisecond, Result: compare.Result{Metric: "explained_variance_total", Methods: []compare.Method{
		{Method: "single-task", Metrics: map[string]compare.Summary{"explained_variance_total": {Mean: number(0.25), SD: number(0.125)}},
			Tasks: []compare.Task{{Task: "odd", Metrics: map[string]*float64{"explained_variance_total": number(0.75)}}, {Task: "even"}}},
		{Method: "pooled", Note: "not applicable: one kind only"},
		{Method: "trace", Metrics: map[string]compare.Summary{"explained_variance_total": {Mean: number(0.5)}}, Worse: 1, Better: 3,
			Gain: &compare.Gain{Value: number(0.25), Low: number(-0.5), High: number(1), Verdict: "better"},
			Tasks: []compare.Task{
				{Task: "odd", Metrics: map[string]*float64{"explained_variance_total": number(0.5)}, Gain: &compare.Gain{Value: number(-0.125), Verdict: "worse"}},
				{Task: "even", Metrics: map[string]*float64{"explained_variance_total": number(0.625)}, Gain: &compare.Gain{Value: number(0.5), Verdict: "better"}},
			}},
	}}}
	r := run{command: "compare x.csv", columns: []column{explained, rmse}, against: map[string]string{"trace": "49"}}
	var got strings.Builder
	r.write(&got, d)
	want := `
    kindred compare x.csv

| method | explained variance, % | RMSE | gain in explained variance, % | 95 % interval | up | down | to hold against (explained variance, %) |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
| single-task | 25.0 ± 12.5 | — |  |  |  |  |  |
| pooled | — | — |  |  |  |  |  |
| trace | 50.0 | — | **+25.00** | -50.00 to +100.00 | 3 | 1 | 49 |

| task | single-task, explained variance, % | trace, explained variance, % |
| --- | ---: | ---: |
| odd | 75.0 | 50.0 |
| even | — | 62.5 |

2 s, 3 s of processor time.

- pooled: not applicable: one kind only.
- trace makes worse: odd (-0.125).
`
	if got.String() != want {
		t.Errorf("got\n%s\nwant\n%s", got.String(), want)
	}
}

// The learning curve has a column; of many tasks made worse the worst are named.
func TestCurve(t *testing.T) {
	r := run{columns: []column{area}}
	d := &done{Result: compare.Result{Metric: "auc", Data: compare.Data{Tasks: 9}}}
	for _, train := range []float64{0.1, 0.5} {
		d.Methods = append(d.Methods, compare.Method{Method: "single-task", Train: train, Rows: 100 * train})
		m := compare.Method{Method: "trace", Train: train, Rows: 100 * train, Gain: &compare.Gain{Value: number(0.01)}}
		if train == 0.1 {
			m.RowsAlone = number(23)
		} else {
			m.MoreThan, m.Worse = number(50), 7
			for i := range 7 {
				m.Tasks = append(m.Tasks, compare.Task{Task: string(rune('a' + i)), Gain: &compare.Gain{Value: number(-float64(i)), Verdict: "worse"}})
			}
		}
		d.Methods = append(d.Methods, m)
	}
	var got strings.Builder
	r.write(&got, d)
	for _, want := range []string{
		"| method | rows of a task | AUC |",
		"| trace | 10 (10 %) | — | +0.0100 | — | 0 | 0 | 23 |\n",
		"| trace | 50 (50 %) | — | +0.0100 | — | 0 | 7 | above 50 |\n",
		"- trace at 50 % makes worse: g (-6.000), f (-5.000), e (-4.000), d (-3.000), c (-2.000) and 2 more.\n",
	} {
		if !strings.Contains(got.String(), want) {
			t.Errorf("no %q in\n%s", want, got.String())
		}
	}
}

// What is not there is said before anything runs.
func TestAbsentData(t *testing.T) {
	folder := t.TempDir()
	err := generate(t.Context(), []string{"-data", folder, "-only", "school"})
	if err == nil || !strings.Contains(err.Error(), "no school/school.csv in "+folder) {
		t.Errorf("%v", err)
	}
	if _, err := choose(sections, "shool", "section", func(s section) string { return s.name }); err == nil || !strings.Contains(err.Error(), `"school"`) {
		t.Errorf("%v", err)
	}
	for _, s := range sections {
		if s.name == "" || s.title == "" || s.words == "" || len(s.runs) == 0 && s.more == nil {
			t.Errorf("section %q lacks something", s.name)
		}
	}
}
