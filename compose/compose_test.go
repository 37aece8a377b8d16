package compose_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"reflect"
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

// The strength that a search takes is the best of those it tried, and no worse
// than its neighbours, tried or not.
func TestSearchTakesTheBest(t *testing.T) {
	s := set(t, synth.Tasks{Tasks: 4, Samples: 25, Features: 8, Noise: 0.5, Seed: 2})
	m := linear.Method{Penalty: &penalty.Shared{}}
	search := compose.Search{Methods: []kindred.Method{m}, Seed: 1}
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
	got := model.(kindred.Reporter).Report().Parameters
	if want := best.Method.(linear.Method); math.Abs(got["C"]-want.C) > 1e-9*want.C || got["mu"] != want.Penalty.Parameters()["mu"] {
		t.Errorf("it took %v, the best is %+v", got, want)
	}
	paths, err := m.Candidates(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	path, at := find(paths, best.Method)
	for p := max(0, path-1); p <= min(path+1, len(paths)-1); p++ {
		for i := max(0, at-1); i <= min(at+1, len(paths[p])-1); i++ {
			if trial := one(t, paths[p][i], s, 1); trial.Loss < best.Loss-1e-6 {
				t.Errorf("%v is better than %v: %v and %v", trial.Method, best.Method, trial.Loss, best.Loss)
			}
		}
	}
	if n := len(paths) * len(paths[0]); len(trials) > n/2 || best.Loss > 1 || best.Error <= 0 {
		t.Errorf("%d trials of %d, best %v ± %v", len(trials), n, best.Loss, best.Error)
	}
}

// find is the place of a candidate.
func find(paths [][]kindred.Method, m kindred.Method) (path, at int) {
	for p := range paths {
		for i := range paths[p] {
			if reflect.DeepEqual(paths[p][i], m) {
				return p, i
			}
		}
	}
	return -1, -1
}

// one is the trial of a single candidate.
func one(t *testing.T, m kindred.Method, s *kindred.Set, seed uint64) compose.Trial {
	t.Helper()
	trials, err := compose.Search{Methods: []kindred.Method{m}, Seed: seed}.Trials(ctx, s)
	if err != nil || len(trials) != 1 {
		t.Fatal(len(trials), err)
	}
	return trials[0]
}

// A search finds what trying every candidate finds, or nearly.
func TestSearchFindsWhatIsThere(t *testing.T) {
	for _, g := range []synth.Tasks{
		{Tasks: 6, Samples: 20, Features: 10, Similarity: 0.9, Noise: 0.5, Seed: 1},
		{Tasks: 3, Samples: 60, Features: 5, Similarity: 0.2, Noise: 0.1, Seed: 2},
		{Tasks: 5, Samples: 40, Features: 6, Kind: kindred.Binary, Seed: 3},
	} {
		s := set(t, g)
		for _, m := range []kindred.Tunable{linear.Method{Penalty: &penalty.Shared{}}, linear.Method{Penalty: penalty.L21{}}} {
			paths, err := m.Candidates(ctx, s)
			if err != nil {
				t.Fatal(err)
			}
			least := math.Inf(1)
			for _, path := range paths {
				for _, c := range path {
					least = min(least, one(t, c, s, 0).Loss)
				}
			}
			trials, err := compose.Search{Methods: []kindred.Method{m}}.Trials(ctx, s)
			if err != nil {
				t.Fatal(err)
			}
			found := math.Inf(1)
			for _, trial := range trials {
				found = min(found, trial.Loss)
			}
			if found > 1.01*least {
				t.Errorf("%+v: the search finds %v, the least is %v", g, found, least)
			}
		}
	}
}

// Methods that come to the same are tried once: scaling has nothing to scale
// where there are no numbers.
func TestSearchTriesTheSameOnce(t *testing.T) {
	s := set(t, synth.Tasks{Tasks: 2, Samples: 30})
	text := make([]string, s.Tasks[0].Table.Len())
	for i := range text {
		text[i] = []string{"good", "bad"}[i%2]
	}
	words := &kindred.Table{Columns: []kindred.Column{{Name: "text", Type: kindred.Text, Text: text}}}
	raw := linear.Method{}
	raw.Prep.Scale = "none"
	search := compose.Search{Methods: []kindred.Method{linear.Method{}, raw}}
	numbers, err := search.Trials(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	for i := range s.Tasks {
		s.Tasks[i].Table = words
	}
	same, err := search.Trials(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	ways := func(trials []compose.Trial) int {
		scales := map[string]bool{}
		for _, trial := range trials {
			scales[trial.Method.(linear.Method).Prep.Scale] = true
		}
		return len(scales)
	}
	if ways(numbers) != 2 || ways(same) != 1 {
		t.Errorf("%d ways to scale numbers, %d to scale words", ways(numbers), ways(same))
	}
}

// A task of one row is trained on in every fold and never held out.
func TestSearchTakesTasksOfOneRow(t *testing.T) {
	for _, kind := range []kindred.Kind{kindred.Regression, kindred.Binary} {
		s := set(t, synth.Tasks{Tasks: 3, Samples: 20, Kind: kind})
		s.Tasks[1] = s.Tasks[1].Select([]int{0})
		var l loss.Loss
		if kind == kindred.Binary {
			l = loss.Hinge{}
		}
		m := compose.Search{Methods: []kindred.Method{linear.Method{Loss: l, Penalty: &penalty.Shared{}}}}
		model, err := m.Fit(ctx, s)
		if err != nil {
			t.Fatal(err)
		}
		p, err := model.Predict(ctx, s.Tasks[1].Table, []int{1})
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range append(p.Tasks[0].Value, p.Tasks[0].Probability...) {
			if math.IsNaN(v) {
				t.Fatalf("%v: the task of one row is predicted %v", kind, v)
			}
		}
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

// A search of every candidate tries all of them, and finds no less than the
// coarse one.
func TestSearchOfEvery(t *testing.T) {
	s := set(t, synth.Tasks{Tasks: 3, Samples: 30, Features: 6, Noise: 0.5, Seed: 4})
	search := compose.Search{Methods: []kindred.Method{linear.Method{Penalty: penalty.L21{}, Strengths: 25}}, Every: true}
	every, err := search.Trials(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	search.Every = false
	coarse, err := search.Trials(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	least := func(trials []compose.Trial) float64 {
		out := math.Inf(1)
		for _, trial := range trials {
			out = min(out, trial.Loss)
		}
		return out
	}
	if len(every) != 25 || len(coarse) >= 25 || least(every) > least(coarse)*(1+1e-3) {
		t.Errorf("%d trials of every candidate, best %v; %d coarse ones, best %v", len(every), least(every), len(coarse), least(coarse))
	}
}

// Alone nothing is common and pooled everything; in groups what the groups say,
// and nothing of a task by itself; in a mixture what is not alone.
func TestSharesOfModelsOfModels(t *testing.T) {
	s := set(t, synth.Tasks{Tasks: 4, Samples: 20, Seed: 2})
	shares := func(m kindred.Method, s *kindred.Set) (out []float64) {
		t.Helper()
		model, err := m.Fit(ctx, s)
		if err != nil {
			t.Fatal(err)
		}
		for i, x := range model.(kindred.Reporter).Report().Shares {
			if x.Task != s.Tasks[i].Name {
				t.Errorf("share %d is of %q", i, x.Task)
			}
			out = append(out, x.Share)
		}
		return out
	}
	joint := linear.Method{Penalty: &penalty.Shared{Mu: 0.3}}
	two := shares(joint, s.Only(0, 2))
	for _, c := range []struct {
		method kindred.Method
		want   []float64
	}{
		{compose.Alone{Method: joint}, []float64{0, 0, 0, 0}},
		{compose.Pooled{Method: joint}, []float64{1, 1, 1, 1}},
		{compose.Grouped{Method: joint, Groups: [][]string{{"t1"}, {"t0", "t2"}, {"t3"}}}, []float64{two[0], 0, two[1], 0}},
	} {
		if got := shares(c.method, s); !cmp.Equal(got, c.want) {
			t.Errorf("%T: shares %v, not %v", c.method, got, c.want)
		}
		if got := shares(c.method, s.Only(0)); got != nil {
			t.Errorf("%T: shares %v of one task", c.method, got)
		}
	}
	guarded := compose.Guarded{Alone: compose.Alone{Method: joint}, Others: []compose.Candidate{{Name: "joint", Method: joint}}}
	model, err := guarded.Fit(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	r := model.(kindred.Reporter).Report()
	for i, x := range r.Mixtures {
		if r.Shares[i].Share != x.Share {
			t.Errorf("task %d: share %v of a mixture with %v", i, r.Shares[i].Share, x.Share)
		}
	}
}

// A path is left where it has turned for the worse, past the best candidate, and
// what is chosen is what a coarse search chooses, or its like.
func TestPathsAreLeft(t *testing.T) {
	s := set(t, synth.Tasks{Tasks: 3, Samples: 30, Features: 60, Informative: 4, Noise: 0.7, Shared: true, Seed: 1})
	method := linear.Method{Penalty: penalty.L21{}, Strengths: 60}
	every, err := compose.Search{Methods: []kindred.Method{method}, Every: true}.Trials(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	best := 0
	for i := range every {
		if every[i].Loss < every[best].Loss {
			best = i
		}
	}
	last := every[len(every)-1].Loss
	if len(every) >= 60 || best < 3 || best > len(every)-6 || !(last > every[best].Loss+2*every[best].Error) {
		t.Errorf("%d of 60 candidates, the best at %d of loss %.3f ± %.3f, the last of loss %.3f", len(every), best, every[best].Loss, every[best].Error, last)
	}
	coarse, err := compose.Search{Methods: []kindred.Method{method}}.Trials(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	least := coarse[0].Loss
	for _, c := range coarse {
		least = min(least, c.Loss)
	}
	if every[best].Loss > least+1e-9 {
		t.Errorf("every candidate comes to %v, a coarse search to %v", every[best].Loss, least)
	}
}
