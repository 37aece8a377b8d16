package linear_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/linear"
	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/synth"
)

// beliefs are those on the factors of W.
var beliefs = []penalty.Penalty{&penalty.Embedding{Rank: 2}, &penalty.GOMTL{Rank: 2}}

// latent is tasks of one kind whose weights are combinations of two directions,
// each with rows of its own; the last one has few. clean are the outputs of
// every row and task without noise.
func latent(t *testing.T, kind kindred.Kind, tasks, rows, few, features int) (s *kindred.Set, clean [][]float64) {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, uint64(kind)))
	normal := func(n int) []float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = rng.NormFloat64()
		}
		return x
	}
	directions := [][]float64{normal(features), normal(features)}
	x := make([][]float64, tasks*rows)
	for i := range x {
		x[i] = normal(features)
	}
	table, err := kindred.TableOf(x)
	if err != nil {
		t.Fatal(err)
	}
	s = &kindred.Set{}
	for k := range tasks {
		task := kindred.Task{Name: fmt.Sprint("t", k), Kind: kind, Table: table, Label: kindred.Labels{Columns: [][]float64{nil}}}
		if kind == kindred.Binary {
			task.Label.Classes = []string{"no", "yes"}
		}
		mix, z := normal(2), make([]float64, len(x))
		for i, row := range x {
			for j, v := range row {
				z[i] += v * (mix[0]*directions[0][j] + mix[1]*directions[1][j])
			}
		}
		n := rows
		if k == tasks-1 {
			n = few
		}
		for i := range n {
			r := k*rows + i
			y := z[r] + 0.5*rng.NormFloat64()
			if kind == kindred.Binary {
				y = math.Max(0, math.Copysign(1, y))
			}
			task.Rows, task.Label.Columns[0] = append(task.Rows, r), append(task.Label.Columns[0], y)
		}
		s.Tasks, clean = append(s.Tasks, task), append(clean, z)
	}
	return s, clean
}

// wrong is the squared error of a task on all rows, or the share of wrong
// classes, against outputs without noise.
func wrong(t *testing.T, m kindred.Model, task int, s *kindred.Set, clean []float64) float64 {
	t.Helper()
	o, sum := predict(t, m, s).Tasks[task], 0.0
	for i, z := range clean {
		switch {
		case o.Value != nil:
			sum += (o.Value[i] - z) * (o.Value[i] - z)
		case (o.Class[i] == 1) != (z > 0):
			sum++
		}
	}
	return sum / float64(len(clean))
}

// A task with few rows, added to what related tasks have taught, beats itself
// alone at its best strength; the tasks before it stay as they were, and what is
// saved and loaded takes a task as well.
func TestAddedTaskBeatsItselfAlone(t *testing.T) {
	for _, kind := range []kindred.Kind{kindred.Regression, kindred.Binary} {
		s, clean := latent(t, kind, 7, 120, 12, 12)
		alone := math.Inf(1)
		for _, c := range []float64{1e-3, 1e-2, 0.1, 1, 10, 100} {
			alone = math.Min(alone, wrong(t, fit(t, linear.Method{C: c}, s.Only(6)), 0, s, clean[6]))
		}
		for _, p := range beliefs {
			before := fit(t, linear.Method{Penalty: p, C: 10}, s.Only(0, 1, 2, 3, 4, 5))
			after, err := before.AddWithin(ctx, s.Tasks[6])
			if err != nil {
				t.Fatal(err)
			}
			got := wrong(t, after, 6, s, clean[6])
			t.Logf("%v, %T: %.3g, alone %.3g at its best", kind, p, got, alone)
			if !(got < 0.8*alone) {
				t.Errorf("%v, %T: %v wrong, alone %v", kind, p, got, alone)
			}
			if d := cmp.Diff(predict(t, before, s).Tasks, predict(t, after, s).Tasks[:6]); d != "" {
				t.Errorf("the tasks before it: %s", d)
			}
			r := after.Report()
			if len(r.Vectors) != 7 || len(r.Vectors[6]) != 2 || len(r.Warnings) != len(before.Report().Warnings)+1 || len(before.Tasks()) != 6 {
				t.Errorf("%T: %d vectors, warnings %q", p, len(r.Vectors), r.Warnings)
			}
			if d := cmp.Diff(predict(t, after, s), predict(t, again(t, after), s)); d != "" {
				t.Errorf("loaded: %s", d)
			}
			loaded, err := again(t, before).(*linear.Model).AddWithin(ctx, s.Tasks[6])
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(predict(t, after, s), predict(t, loaded, s)); d != "" {
				t.Errorf("added after loading: %s", d)
			}
		}
	}
}

// A task the model was fitted with, added once more, gets the weights it has:
// each block of a fit is best for the other.
func TestAddingAFittedTaskAgain(t *testing.T) {
	for _, kind := range []kindred.Kind{kindred.Regression, kindred.Binary, kindred.Count, kindred.Multiclass} {
		s := family(t, synth.Tasks{Tasks: 4, Samples: 60, Features: 5, Kind: kindred.Regression, Seed: 8})
		for i := range s.Tasks {
			task := &s.Tasks[i]
			task.Kind = kind
			for k, y := range task.Y() {
				switch kind {
				case kindred.Binary:
					task.Label.Classes, task.Y()[k] = []string{"no", "yes"}, math.Max(0, math.Copysign(1, y))
				case kindred.Count:
					task.Y()[k] = math.Round(math.Exp(0.5 * y))
				case kindred.Multiclass:
					task.Label.Classes, task.Y()[k] = []string{"low", "middle", "high"}, math.Min(2, math.Max(0, math.Floor(y)+1))
				}
			}
		}
		for _, p := range beliefs {
			model := fit(t, linear.Method{Penalty: p, C: 2, Tol: 1e-9}, s)
			twin := s.Tasks[2]
			twin.Name = "twin"
			added, err := model.AddWithin(ctx, twin)
			if err != nil {
				t.Fatal(err)
			}
			want, _ := model.Weights(2)
			got, _ := added.Weights(4)
			near(t, fmt.Sprintf("%v, %T: weights", kind, p), got.Data, want.Data, 1e-4)
			both, err := added.Predict(ctx, s.Tasks[2].Table, []int{2, 4})
			if err != nil {
				t.Fatal(err)
			}
			a, b := both.Tasks[0], both.Tasks[1]
			near(t, fmt.Sprintf("%v, %T: values", kind, p), b.Value, a.Value, 1e-4)
			near(t, fmt.Sprintf("%v, %T: probabilities", kind, p), b.Probability, a.Probability, 1e-4)
		}
	}
}

// A loss without probabilities is calibrated on decisions held out of the task.
func TestAddedTaskIsCalibrated(t *testing.T) {
	s, clean := latent(t, kindred.Binary, 5, 100, 40, 6)
	model := fit(t, linear.Method{Loss: loss.SquaredHinge{}, Penalty: &penalty.GOMTL{Rank: 2}, C: 1}, s.Only(0, 1, 2, 3))
	added, err := model.AddWithin(ctx, s.Tasks[4])
	if err != nil {
		t.Fatal(err)
	}
	p, likelihood := predict(t, added, s).Tasks[4].Probability, 0.0
	for i, z := range clean[4] {
		y := 0
		if z > 0 {
			y = 1
		}
		likelihood -= math.Log(p[2*i+y]) / float64(len(clean[4]))
	}
	if !(likelihood < 0.5) {
		t.Errorf("log loss %v", likelihood)
	}
}

func TestAddRefuses(t *testing.T) {
	s := family(t, synth.Tasks{Tasks: 3, Samples: 30, Features: 4, Seed: 1})
	binary := family(t, synth.Tasks{Tasks: 1, Samples: 30, Features: 4, Kind: kindred.Binary, Seed: 1}).Tasks[0]
	binary.Name = "another kind"
	plain := fit(t, linear.Method{Penalty: penalty.Trace{}}, s.Only(0, 1))
	if _, err := plain.Add(ctx, binary); err == nil || !strings.Contains(err.Error(), "none of its kind") {
		t.Errorf("another kind: %v", err)
	}
	if _, err := plain.Add(ctx, s.Tasks[1]); err == nil || !strings.Contains(err.Error(), `a task "t1" already`) {
		t.Errorf("twice: %v", err)
	}
	if _, err := plain.AddWithin(ctx, s.Tasks[2]); err == nil || !strings.Contains(err.Error(), "no dictionary") {
		t.Errorf("no dictionary: %v", err)
	}
	model := fit(t, linear.Method{Penalty: &penalty.Embedding{}}, s.Only(0, 1))
	if _, err := model.AddWithin(ctx, s.Tasks[1]); err == nil || !strings.Contains(err.Error(), `a task "t1" already`) {
		t.Errorf("twice: %v", err)
	}
	other := s.Tasks[2]
	other.Table = &kindred.Table{Columns: []kindred.Column{{Name: "else", Number: make([]float64, other.Table.Len())}}}
	if _, err := model.AddWithin(ctx, other); err == nil || !strings.Contains(err.Error(), "x0") {
		t.Errorf("another table: %v", err)
	}
}

// The order of the tasks and the number of workers do not matter.
func TestFactoredModels(t *testing.T) {
	s := family(t, synth.Tasks{Tasks: 5, Samples: 40, Features: 6, Kind: kindred.Binary, Seed: 5})
	order := []int{3, 0, 4, 2, 1}
	for _, p := range []penalty.Penalty{&penalty.Embedding{Rank: 2}, &penalty.Embedding{}, &penalty.GOMTL{}} {
		m := linear.Method{Penalty: p, C: 0.5, Tol: 1e-9}
		was := runtime.GOMAXPROCS(1)
		one := fit(t, m, s)
		runtime.GOMAXPROCS(was)
		want := predict(t, one, s)
		if d := cmp.Diff(want, predict(t, fit(t, m, s), s)); d != "" {
			t.Errorf("%T, workers: %s", p, d)
		}
		permuted := fit(t, m, s.Only(order...))
		for to, from := range order {
			near(t, fmt.Sprintf("%T: task %d", p, from), predict(t, permuted, s).Tasks[to].Probability, want.Tasks[from].Probability, 1e-5)
			a, b := permuted.Report().Vectors[to], one.Report().Vectors[from]
			if len(a) != len(b) || len(a) == 0 || float64(len(a)) != one.Report().Parameters["rank"] {
				t.Errorf("%T: vectors of %d and %d numbers, rank %v", p, len(a), len(b), one.Report().Parameters["rank"])
			}
		}
	}
	r := fit(t, linear.Method{Penalty: &penalty.Embedding{Rank: 1}, C: 0.5}, s).Report()
	if r.Status != "stationary" || r.Gap.Kind != "bound" || len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "the rank 1 does not suffice") {
		t.Errorf("%s, %+v, %q", r.Status, r.Gap, r.Warnings)
	}
	if r = fit(t, linear.Method{Penalty: &penalty.Embedding{}, C: 0.5}, s).Report(); r.Status != "converged" || r.Gap.Kind != "gap" || len(r.Warnings) != 0 {
		t.Errorf("%s, %+v, %q", r.Status, r.Gap, r.Warnings)
	}
}
