package compare_test

import (
	"context"
	"encoding/json"
	"math"
	"reflect"
	"testing"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/compare"
	"github.com/kindred-mtl/kindred/compose"
	"github.com/kindred-mtl/kindred/linear"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/split"
	"github.com/kindred-mtl/kindred/synth"
)

func entrants() compare.Options {
	m := linear.Method{C: 0.1}
	return compare.Options{
		Single:   compare.Entrant{Name: "single-task", Method: compose.Alone{Method: m}},
		Pooled:   compare.Entrant{Name: "pooled", Method: compose.Pooled{Method: m}},
		Entrants: []compare.Entrant{{Name: "again", Method: compose.Alone{Method: m}}, {Name: "shared", Method: linear.Method{C: 0.1, Penalty: &penalty.Shared{Mu: 0.05}}}},
	}
}

func run(t *testing.T, g synth.Tasks, o compare.Options, folds func(*kindred.Set) ([]split.Fold, error)) *compare.Result {
	t.Helper()
	s, _, err := g.Make()
	if err != nil {
		t.Fatal(err)
	}
	f, err := folds(s)
	if err != nil {
		t.Fatal(err)
	}
	o.Plans = append(o.Plans, compare.Plan{Folds: f})
	r, err := compare.Run(context.Background(), s, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func fiveFolds(s *kindred.Set) ([]split.Fold, error) { return split.KFold(s, 5, 1, 1) }
func oneSplit(s *kindred.Set) ([]split.Fold, error)  { return split.Random(s, 1, 0.3, 1) }
func method(r *compare.Result, name string) compare.Method {
	for _, m := range r.Methods {
		if m.Method == name {
			return m
		}
	}
	return compare.Method{}
}

func TestGainsOfRelatedTasks(t *testing.T) {
	g := synth.Tasks{Tasks: 20, Samples: 20, Features: 12, Similarity: 0.99, Noise: 0.5, Seed: 1}
	for _, folds := range []func(*kindred.Set) ([]split.Fold, error){fiveFolds, oneSplit} {
		r := run(t, g, entrants(), folds)
		shared, again := method(r, "shared"), method(r, "again")
		if shared.Gain == nil || *shared.Gain.Value <= 0 || shared.Gain.Verdict != "better" {
			t.Errorf("shared gains %+v", shared.Gain)
		}
		if *again.Gain.Value != 0 || again.Gain.Verdict != "" || again.Better+again.Worse != 0 {
			t.Errorf("the same method gains %+v", again.Gain)
		}
		if *shared.DeltaM <= 0 || *shared.MeanRank >= *again.MeanRank {
			t.Errorf("Δm %v, ranks %v and %v", *shared.DeltaM, *shared.MeanRank, *again.MeanRank)
		}
	}
}

// An outlier among tasks of one kind is made worse by pooling, and named.
func TestWhatGotWorseIsNamed(t *testing.T) {
	g := synth.Tasks{Tasks: 4, Samples: 80, Features: 6, Similarity: 0.99, Noise: 0.2, Clusters: 2, Opposing: true, Seed: 3}
	r := run(t, g, entrants(), fiveFolds)
	pooled := method(r, "pooled")
	if pooled.Worse == 0 || pooled.Worst == nil || *pooled.Worst.Value >= 0 {
		t.Errorf("pooling opposing tasks: %d worse, worst %+v", pooled.Worse, pooled.Worst)
	}
	for _, task := range pooled.Tasks {
		if task.Gain.Verdict == "worse" && *task.Gain.P > 0.05 {
			t.Errorf("%s is worse with p = %v", task.Task, *task.Gain.P)
		}
	}
}

func TestNotApplicableHasNoNumbers(t *testing.T) {
	r := run(t, synth.Tasks{Tasks: 2, Shared: true}, entrants(), fiveFolds)
	if p := method(r, "pooled"); p.Note == "" || p.Metrics != nil || p.Gain != nil {
		t.Errorf("%+v", p)
	}
	raw, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var document map[string]any
	if err := json.Unmarshal(raw, &document); err != nil || document["schema"] != "kindred.compare/1" {
		t.Errorf("%v %v", document["schema"], err)
	}
}

func TestUndefinedIsNull(t *testing.T) {
	g := synth.Tasks{Tasks: 3, Samples: 6, Features: 2, Kind: kindred.Binary, Seed: 2}
	r := run(t, g, entrants(), fiveFolds)
	if s := method(r, "single-task").Metrics["auc"]; s.Undefined == 0 {
		t.Errorf("AUC of one or two rows: %+v", s)
	}
}

// The curve says how many rows alone are needed: at its own points, as many as
// it had.
func TestRowsAlone(t *testing.T) {
	s, _, err := (&synth.Tasks{Tasks: 6, Samples: 120, Features: 15, Similarity: 0.95, Seed: 4}).Make()
	if err != nil {
		t.Fatal(err)
	}
	o := entrants()
	for _, fraction := range []float64{0.15, 0.3, 0.6} {
		folds, err := split.Random(s, 4, fraction, 1)
		if err != nil {
			t.Fatal(err)
		}
		o.Plans = append(o.Plans, compare.Plan{Folds: folds, Fraction: fraction})
	}
	r, err := compare.Run(context.Background(), s, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range r.Methods {
		switch {
		case m.Method == "single-task" && (m.RowsAlone == nil || math.Abs(*m.RowsAlone-m.Rows) > 1e-9):
			t.Errorf("single-task at %v rows needs %v", m.Rows, m.RowsAlone)
		case m.Method == "shared" && m.Train == 0.15 && m.RowsAlone != nil && *m.RowsAlone <= m.Rows:
			t.Errorf("shared at %v rows does as well as alone with %v", m.Rows, *m.RowsAlone)
		}
	}
}

func TestTwoRunsAreOne(t *testing.T) {
	g := synth.Tasks{Tasks: 3, Kind: kindred.Binary, Seed: 6}
	a, b := run(t, g, entrants(), fiveFolds), run(t, g, entrants(), fiveFolds)
	for i := range a.Methods {
		a.Methods[i].Seconds, b.Methods[i].Seconds = 0, 0
	}
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	if !reflect.DeepEqual(x, y) {
		t.Error("two runs of one seed differ")
	}
}

// The groups that a method finds are told of every split.
func TestGroupsAreTold(t *testing.T) {
	o := entrants()
	o.Entrants = append(o.Entrants, compare.Entrant{Name: "grouped", Method: linear.Method{Penalty: &penalty.Grouped{K: 2}}})
	r := run(t, synth.Tasks{Tasks: 6, Samples: 60, Features: 5, Clusters: 2, Opposing: true, Noise: 0.2, Seed: 2}, o, fiveFolds)
	if g := method(r, "shared").Groups; g != nil {
		t.Errorf("shared weights have groups %v", g)
	}
	groups := method(r, "grouped").Groups
	if len(groups) != 5 {
		t.Fatalf("groups of %d splits", len(groups))
	}
	for _, g := range groups {
		if !reflect.DeepEqual(g, []int{0, 0, 0, 1, 1, 1}) {
			t.Errorf("groups %v", g)
		}
	}
}
