package linear_test

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/linear"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/synth"
)

// Equal strengths are shared weights, and those of a single task a ridge.
func TestEqualStrengthsAreSharedWeights(t *testing.T) {
	const mu, c = 0.4, 0.3
	for _, kind := range []kindred.Kind{kindred.Regression, kindred.Binary} {
		s := family(t, synth.Tasks{Tasks: 4, Samples: 30, Features: 3, Kind: kind, Seed: 1})
		equal := penalty.Strengths{Shared: slices.Repeat([]float64{1 / mu}, 3), Private: slices.Repeat([]float64{1}, 3), Task: slices.Repeat([]float64{1}, 4)}
		a := fit(t, linear.Method{Penalty: (&penalty.Adaptive{}).Adapt(equal), C: c, Tol: 1e-14}, s)
		b := fit(t, linear.Method{Penalty: &penalty.Shared{Mu: mu}, C: c, Tol: 1e-14}, s)
		near(t, fmt.Sprint(kind, ": weights"), weights(a, 0, 1, 2, 3), weights(b, 0, 1, 2, 3), 1e-6)
		near(t, fmt.Sprint(kind, ": objective"), []float64{a.Report().Objective}, []float64{b.Report().Objective}, 1e-10)
		for i, x := range a.Report().Shares {
			if math.Abs(x.Share-b.Report().Shares[i].Share) > 1e-6 || x.Pull != 1 {
				t.Errorf("%v: %+v, of shared weights %+v", kind, x, b.Report().Shares[i])
			}
		}
		one := s.Only(2)
		alone := penalty.Strengths{Shared: equal.Shared, Private: equal.Private, Task: []float64{0.5}}
		a = fit(t, linear.Method{Penalty: (&penalty.Adaptive{}).Adapt(alone), C: c, Tol: 1e-14}, one)
		near(t, fmt.Sprint(kind, ": one task"), weights(a, 0), weights(fit(t, linear.Method{C: c * (1/mu + 0.5), Tol: 1e-14}, one), 0), 1e-6)
	}
}

// A task that is unlike the others is held to them less than any of these.
func TestOutliersAreLetGo(t *testing.T) {
	for _, kind := range []kindred.Kind{kindred.Regression, kindred.Binary, kindred.Count} {
		s := family(t, synth.Tasks{Tasks: 10, Samples: 150, Features: 8, Outliers: 2, Similarity: 0.95, Noise: 0.5, Kind: kind, Seed: 3})
		r := fit(t, linear.Method{Penalty: &penalty.Adaptive{}}, s).Report()
		if r.Status != "converged" || r.Gap.Kind != "gap" || r.Gap.Value > 1e-6 {
			t.Errorf("%v: %s, %+v", kind, r.Status, r.Gap)
		}
		least, most := math.Inf(1), 0.0
		for i, x := range r.Shares {
			if i < 8 {
				least = min(least, x.Pull)
			} else {
				most = max(most, x.Pull)
			}
		}
		if !(most < least) {
			t.Errorf("%v: outliers are pulled by %.3g at most, the others by %.3g at least", kind, most, least)
		}
		if len(r.Columns) != 8 || r.Columns[3].Column == "" || !(r.Columns[3].Share > 0 && r.Columns[3].Expected > 0 && r.Columns[3].Expected < 1) {
			t.Errorf("%v: columns %+v", kind, r.Columns)
		}
	}
}

// With outliers strengths of sharing that are learned are better than one for
// all, the best in hindsight; without, hardly worse.
func TestAdaptiveBesideShared(t *testing.T) {
	for _, outliers := range []int{0, 2} {
		adaptive, shared := 0.0, 0.0
		for seed := range uint64(8) {
			s, test := parted(t, synth.Tasks{Tasks: 10, Features: 8, Outliers: outliers, Similarity: 0.98, Seed: seed}, 25)
			adaptive += excess(t, linear.Method{Penalty: &penalty.Adaptive{By: "tasks"}}, s, test)
			best := math.Inf(1)
			for _, mu := range []float64{0.01, 0.1, 1, 10} {
				for _, c := range []float64{0.01, 0.03, 0.1, 0.3, 1} {
					best = min(best, excess(t, linear.Method{Penalty: &penalty.Shared{Mu: mu}, C: c}, s, test))
				}
			}
			shared += best
		}
		t.Logf("%d outliers: squared error %.4f adaptive, %.4f shared at its best", outliers, adaptive/8, shared/8)
		if outliers > 0 && adaptive > 0.995*shared || adaptive > 1.03*shared {
			t.Errorf("%d outliers: squared error %.4f adaptive, %.4f shared at its best", outliers, adaptive/8, shared/8)
		}
	}
}

// parted makes a set, n rows of each task to learn from and 200 others.
func parted(t *testing.T, g synth.Tasks, n int) (train, test *kindred.Set) {
	t.Helper()
	g.Samples = n + 200
	s := family(t, g)
	first, rest := make([][]int, len(s.Tasks)), make([][]int, len(s.Tasks))
	for k := range s.Tasks {
		for i := range g.Samples {
			if i < n {
				first[k] = append(first[k], i)
			} else {
				rest[k] = append(rest[k], i)
			}
		}
	}
	return s.Select(first), s.Select(rest)
}

// excess is the mean squared error of the tasks.
func excess(t *testing.T, m linear.Method, s, test *kindred.Set) (sum float64) {
	t.Helper()
	model := fit(t, m, s)
	for k := range test.Tasks {
		task := &test.Tasks[k]
		p, err := model.Predict(ctx, task.Table.Select(task.Rows), []int{k})
		if err != nil {
			t.Fatal(err)
		}
		for i, y := range task.Y() {
			e := p.Tasks[0].Value[i] - y
			sum += e * e / float64(len(task.Rows)*len(test.Tasks))
		}
	}
	return sum
}

// Strengths go with the tasks, not with their order, and there is nothing left
// to search.
func TestAdaptivePermuted(t *testing.T) {
	s := family(t, synth.Tasks{Tasks: 5, Samples: 30, Features: 4, Kind: kindred.Binary, Outliers: 1, Seed: 5})
	m, order := linear.Method{Penalty: &penalty.Adaptive{}, Tol: 1e-10}, []int{3, 0, 4, 1, 2}
	a, b := fit(t, m, s).Report().Shares, fit(t, m, s.Only(order...)).Report().Shares
	for i, place := range order {
		if math.Abs(a[place].Pull-b[i].Pull) > 1e-3*a[place].Pull || math.Abs(a[place].Share-b[i].Share) > 1e-3 {
			t.Errorf("%+v, in another order %+v", a[place], b[i])
		}
	}
	paths, err := m.Candidates(ctx, s)
	if err != nil || len(paths) != 1 || len(paths[0]) != 1 {
		t.Fatalf("%d paths, %v", len(paths), err)
	}
	if d := cmp.Diff(predict(t, fit(t, m, s), s), predict(t, fit(t, paths[0][0].(linear.Method), s), s)); d != "" {
		t.Error(d)
	}
}

// What is not the usual: classes that differ, a task of one class, intercepts
// among the weights, one task, columns that do not vary.
func TestAdaptiveTakesWhatComes(t *testing.T) {
	s := family(t, synth.Tasks{Tasks: 3, Samples: 30, Features: 3, Kind: kindred.Binary, Seed: 6})
	clear(s.Tasks[1].Label.Columns[0])
	for name, m := range map[string]linear.Method{
		"":                     {Penalty: &penalty.Adaptive{}},
		"tasks":                {Penalty: &penalty.Adaptive{By: "tasks"}},
		"penalized intercepts": {Penalty: &penalty.Adaptive{}, Intercept: "penalized"},
	} {
		for _, set := range []*kindred.Set{s, s.Only(0)} {
			if r := fit(t, m, set).Report(); r.Status != "converged" {
				t.Errorf("%s, %d tasks: %+v", name, len(set.Tasks), r)
			}
		}
	}
	none := family(t, synth.Tasks{Tasks: 2, Samples: 10, Features: 1, Seed: 7})
	clear(none.Tasks[0].Table.Columns[0].Number)
	if r := fit(t, linear.Method{Penalty: &penalty.Adaptive{}}, none).Report(); r.Status != "converged" {
		t.Errorf("no feature: %+v", r)
	}
	if _, err := (linear.Method{Penalty: &penalty.Adaptive{By: "rows"}}).Fit(ctx, s); err == nil {
		t.Error("by=rows is taken")
	}
}

// Columns are those that have features, and workers do not matter, also where
// evidence is of combinations of features.
func TestAdaptiveColumnsAndWorkers(t *testing.T) {
	s := family(t, synth.Tasks{Tasks: 70, Samples: 6, Features: 90, Informative: 3, Seed: 9})
	clear(s.Tasks[0].Table.Columns[0].Number)
	m := linear.Method{Penalty: &penalty.Adaptive{}}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	one := fit(t, m, s)
	runtime.GOMAXPROCS(2)
	two := fit(t, m, s)
	if d := cmp.Diff(predict(t, one, s), predict(t, two, s)); d != "" {
		t.Error(d)
	}
	r := one.Report()
	if d := cmp.Diff(r, two.Report()); d != "" {
		t.Error(d)
	}
	if first := s.Tasks[0].Table.Columns[1].Name; len(r.Columns) != 89 || r.Columns[0].Column != first || r.Status != "converged" {
		t.Errorf("%d columns from %+v, %s", len(r.Columns), r.Columns[0], r.Status)
	}
}

// Numbers beyond what can be squared are told so, and end nothing else.
func TestAdaptiveOfHugeNumbers(t *testing.T) {
	s := family(t, synth.Tasks{Tasks: 2, Samples: 10, Features: 2, Seed: 8})
	for i := range s.Tasks[0].Table.Columns[0].Number {
		s.Tasks[0].Table.Columns[0].Number[i] *= 1e200
	}
	m := linear.Method{Penalty: &penalty.Adaptive{}}
	m.Prep.Scale = "none"
	if _, err := m.Fit(ctx, s); err == nil || !strings.Contains(err.Error(), "not finite") {
		t.Errorf("%v", err)
	}
}
