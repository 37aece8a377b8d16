package compose_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/compose"
	"github.com/kindred-mtl/kindred/linear"
	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/modelfile"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/synth"
)

var ctx = context.Background()

func set(t *testing.T, g synth.Tasks) *kindred.Set {
	t.Helper()
	s, _, err := g.Make()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func predict(t *testing.T, m kindred.Method, s *kindred.Set) *kindred.Prediction {
	t.Helper()
	model, err := m.Fit(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	p, err := model.Predict(ctx, s.Tasks[0].Table, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestOneTaskAloneIsTheMethod(t *testing.T) {
	s := set(t, synth.Tasks{Tasks: 1, Kind: kindred.Binary})
	m := linear.Method{Loss: loss.Hinge{}, Seed: 3}
	if d := cmp.Diff(predict(t, m, s), predict(t, compose.Alone{Method: m}, s)); d != "" {
		t.Error(d)
	}
}

func TestIdenticalTasksPooledAreCommonSlopes(t *testing.T) {
	s := set(t, synth.Tasks{Tasks: 1, Samples: 60})
	s.Tasks = append(s.Tasks, s.Tasks[0])
	s.Tasks[1].Name = "copy"
	m := linear.Method{C: 0.1, Tol: 1e-10}
	slopes, err := compose.PooledSlopes(m)
	if err != nil {
		t.Fatal(err)
	}
	a, b := predict(t, compose.Pooled{Method: m}, s), predict(t, slopes, s)
	for i, v := range a.Tasks[1].Value {
		if math.Abs(v-b.Tasks[1].Value[i]) > 1e-6 {
			t.Fatalf("row %d: %v pooled, %v with common slopes", i, v, b.Tasks[1].Value[i])
		}
	}
}

func TestPooledRefusesWhatCannotBePooled(t *testing.T) {
	numbers, classes := set(t, synth.Tasks{Tasks: 1}), set(t, synth.Tasks{Tasks: 1, Kind: kindred.Binary})
	classes.Tasks[0].Name = "other"
	mixed := &kindred.Set{Tasks: []kindred.Task{numbers.Tasks[0], classes.Tasks[0]}}
	targets := set(t, synth.Tasks{Tasks: 2, Shared: true})
	for _, s := range []*kindred.Set{mixed, targets} {
		if _, err := (compose.Pooled{Method: linear.Method{}}).Fit(ctx, s); !errors.Is(err, compose.ErrNotApplicable) {
			t.Errorf("got %v", err)
		}
	}
}

// The strength that a search takes is the best of those it tried.
func TestSearchTakesTheBest(t *testing.T) {
	s := set(t, synth.Tasks{Tasks: 4, Samples: 25, Features: 8, Noise: 0.5, Seed: 2})
	search := compose.Search{Methods: []kindred.Method{linear.Method{Penalty: &penalty.Shared{}}}, Seed: 1}
	trials, err := search.Trials(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	best := trials[0]
	for _, trial := range trials {
		if trial.Loss < best.Loss {
			best = trial
		}
	}
	model, err := search.Fit(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := model.(kindred.Reporter).Report().Parameters["C"], best.Method.(linear.Method).C; math.Abs(got-want) > 1e-9*want {
		t.Errorf("it took C = %v, the best is %v", got, want)
	}
	if len(trials) < 50 || best.Loss > 1 || best.Error <= 0 {
		t.Errorf("%d trials, best %v ± %v", len(trials), best.Loss, best.Error)
	}
}

// A row that is left out of the folds' training rows is predicted without it:
// the held-out loss of pure noise is that of the mean.
func TestSearchHoldsOut(t *testing.T) {
	s := set(t, synth.Tasks{Tasks: 2, Samples: 40, Features: 30, Noise: 1e6, Seed: 5})
	trials, err := compose.Search{Methods: []kindred.Method{linear.Method{}}}.Trials(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	for _, trial := range trials {
		if trial.Loss < 0.8 {
			t.Errorf("C = %v predicts noise: %v", trial.Method.(linear.Method).C, trial.Loss)
		}
	}
}

func TestWorkersDoNotMatter(t *testing.T) {
	s := set(t, synth.Tasks{Tasks: 3, Samples: 30, Kind: kindred.Binary, Seed: 3})
	m := compose.Search{Methods: []kindred.Method{compose.Alone{Method: linear.Method{Loss: loss.Hinge{}}}, linear.Method{Loss: loss.Hinge{}, Penalty: &penalty.Shared{Mu: 1}}}}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	one := predict(t, m, s)
	runtime.GOMAXPROCS(2)
	if d := cmp.Diff(one, predict(t, m, s)); d != "" {
		t.Error(d)
	}
}

func TestSavedModels(t *testing.T) {
	s := set(t, synth.Tasks{Tasks: 3})
	for _, m := range []kindred.Method{compose.Alone{Method: linear.Method{}}, compose.Pooled{Method: linear.Method{}}} {
		model, err := m.Fit(ctx, s)
		if err != nil {
			t.Fatal(err)
		}
		codecs := []modelfile.Codec{linear.Codec, compose.TasksCodec, compose.OneCodec}
		var b bytes.Buffer
		if err := modelfile.Save(&b, model, nil, codecs...); err != nil {
			t.Fatal(err)
		}
		again, _, err := modelfile.Load(&b, codecs...)
		if err != nil {
			t.Fatal(err)
		}
		before, _ := model.Predict(ctx, s.Tasks[0].Table, []int{2, 0})
		after, err := again.Predict(ctx, s.Tasks[0].Table, []int{2, 0})
		if d := cmp.Diff(before, after); d != "" || err != nil {
			t.Error(d, err)
		}
	}
}
