package compare

import (
	"context"
	"flag"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/compose"
	"github.com/kindred-mtl/kindred/linear"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/split"
	"github.com/kindred-mtl/kindred/synth"
)

var sets = flag.Int("sets", 5, "sets of each kind in TestChances")

const (
	fewRows = 30
	redraws = 8 // of training rows, over which a true gain is the mean
)

// Of tasks that are said to gain with a probability of p, about p do.
func TestChances(t *testing.T) {
	said, gained, tasks := make([]float64, 4), make([]float64, 4), make([]float64, 4)
	for _, g := range []synth.Tasks{
		{Tasks: 16, Features: 8, Similarity: 0.8, Outliers: 4},
		{Tasks: 16, Features: 20, Similarity: 0.9, Outliers: 3},
		{Tasks: 30, Features: 15, Similarity: 0.7, Outliers: 10, Noise: 2},
	} {
		for seed := range *sets {
			g.Seed, g.Samples = uint64(seed), redraws*fewRows+200
			given, truth := chancesAndTruth(t, &g)
			for k, c := range given {
				bin := min(3, int(4**c.Probability))
				said[bin], tasks[bin] = said[bin]+*c.Probability, tasks[bin]+1
				if truth[k] > 0 {
					gained[bin]++
				}
			}
		}
	}
	for bin, n := range tasks {
		t.Logf("%3.0f tasks: said %.2f, gain %.2f", n, said[bin]/n, gained[bin]/n)
		if n >= 30 && math.Abs(said[bin]-gained[bin])/n > 0.2 {
			t.Errorf("of %.0f tasks %.2f are said to gain, and %.2f do", n, said[bin]/n, gained[bin]/n)
		}
	}
}

// chancesAndTruth are what the first few rows of tasks say of their gains, and
// what these are on new rows, by fits to other rows of as many.
func chancesAndTruth(t *testing.T, g *synth.Tasks) ([]Chance, []float64) {
	t.Helper()
	s, _, err := g.Make()
	if err != nil {
		t.Fatal(err)
	}
	alone, shared := compose.Alone{Method: linear.Method{C: 0.3}}, linear.Method{C: 0.3, Penalty: &penalty.Shared{Mu: 0.5}}
	known := s.Select(rowsOf(s, 0, fewRows))
	folds, err := split.KFold(known, 5, 1, g.Seed)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Run(context.Background(), known, Options{
		Single: Entrant{"single-task", alone}, Pooled: Entrant{"pooled", compose.Pooled{Method: linear.Method{C: 0.3}}},
		Entrants: []Entrant{{"shared", shared}}, Plans: []Plan{{Folds: folds}}, Metric: "rmse",
	})
	if err != nil {
		t.Fatal(err)
	}
	truth := make([]float64, len(s.Tasks))
	for draw := range redraws {
		train, test := s.Select(rowsOf(s, draw*fewRows, (draw+1)*fewRows)), s.Select(rowsOf(s, redraws*fewRows, g.Samples))
		before, after := squaredErrors(t, alone, train, test), squaredErrors(t, shared, train, test)
		for k := range truth {
			truth[k] += before[k] - after[k]
		}
	}
	return chances(r.Methods[2].Tasks), truth
}

// rowsOf are the places from lo to hi in every task.
func rowsOf(s *kindred.Set, lo, hi int) [][]int {
	places := make([][]int, len(s.Tasks))
	for k := range places {
		for i := lo; i < hi; i++ {
			places[k] = append(places[k], i)
		}
	}
	return places
}

func squaredErrors(t *testing.T, m kindred.Method, train, test *kindred.Set) []float64 {
	t.Helper()
	model, err := m.Fit(context.Background(), train)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]float64, len(test.Tasks))
	for k := range test.Tasks {
		task := &test.Tasks[k]
		p, err := model.Predict(context.Background(), task.Table.Select(task.Rows), []int{k})
		if err != nil {
			t.Fatal(err)
		}
		for i, y := range task.Y() {
			out[k] += (p.Tasks[0].Value[i] - y) * (p.Tasks[0].Value[i] - y)
		}
	}
	return out
}

// Effects that are known stay; those of which nothing is known are as the
// others; equal ones are equal.
func TestEffects(t *testing.T) {
	tell := func(g, square []float64) []Chance {
		out, places := make([]Chance, len(g)), make([]int, len(g))
		for i := range places {
			places[i] = i
		}
		effects{g, square}.tell(places, out)
		return out
	}
	c := tell([]float64{1, -2, 0}, []float64{0, 0, 0})
	if *c[0].Gain != 1 || *c[0].Probability != 1 || *c[1].Gain != -2 || *c[1].Probability != 0 || *c[2].Probability != 0 {
		t.Errorf("known effects become %v %v %v", *c[0].Gain, *c[1].Gain, *c[2].Probability)
	}
	c = tell([]float64{1, 1.2, 0.9, -7}, []float64{0.01, 0.01, 0.01, math.Inf(1)})
	if g := *c[3].Gain; g < 0.8 || g > 1.3 || *c[3].High < *c[0].High {
		t.Errorf("of an effect of which nothing is known is said %v", g)
	}
	c = tell([]float64{0.3, 0.3}, []float64{0.04, 0.04})
	if *c[0].Gain != *c[1].Gain || math.Abs(*c[0].Gain-0.3) > 1e-9 {
		t.Errorf("equal effects become %v and %v", *c[0].Gain, *c[1].Gain)
	}
	c = tell([]float64{4, -4, 3, -3, 0.1}, []float64{0.01, 0.01, 0.01, 0.01, 0.01})
	if *c[0].Probability < 0.999 || *c[1].Probability > 0.001 || *c[0].Gain > 4 || *c[0].Gain < 3.9 {
		t.Errorf("effects far apart become %v", *c[0].Gain)
	}
}

// A few tasks that are harmed are not taken for what harmless tasks are, however
// many these are; and without such tasks none is invented.
func TestChancesOfFewOthers(t *testing.T) {
	draw := rand.New(rand.NewPCG(1, 2))
	const n, others = 400, 8
	e, places, out := effects{make([]float64, n), make([]float64, n)}, make([]int, n), make([]Chance, n)
	for i := range n {
		places[i], e.square[i] = i, 0.04
		e.g[i] = 0.2 + 0.2*draw.NormFloat64()
		if i < others {
			e.g[i] -= 1.5
		}
	}
	e.tell(places, out)
	for i, c := range out {
		if harmed := *c.Probability < 0.1; harmed != (i < others) {
			t.Errorf("effect %d, measured as %.2f, gains with probability %.2f", i, e.g[i], *c.Probability)
		}
	}
	for i := range others {
		e.g[i] += 1.5
	}
	e.tell(places, out)
	for i, c := range out {
		if *c.Probability < 0.9 {
			t.Errorf("of equal effects %d, measured as %.2f, gains with probability %.2f", i, e.g[i], *c.Probability)
		}
	}
}

// trigamma falls from one to the other: its inverse finds where.
func TestInverseTrigamma(t *testing.T) {
	for _, y := range []float64{1e-3, 0.2, 1, 7, 400} {
		if got := inverseTrigamma(trigamma(y)); math.Abs(got/y-1) > 1e-9 {
			t.Errorf("%v becomes %v", y, got)
		}
	}
	if v := trigamma(1); math.Abs(v-math.Pi*math.Pi/6) > 1e-12 {
		t.Errorf("trigamma(1) = %v", v)
	}
}
