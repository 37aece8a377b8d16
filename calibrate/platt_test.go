package calibrate

import (
	"math"
	"math/rand/v2"
	"testing"
)

// draw makes scores whose labels follow a sigmoid.
func draw(rng *rand.Rand, n int, s Sigmoid) Scores {
	var out Scores
	for range n {
		f, y := rng.NormFloat64(), 0.0
		if rng.Float64() < s.Probability(f) {
			y = 1
		}
		out.F, out.Y = append(out.F, f), append(out.Y, y)
	}
	return out
}

func TestPlattRecoversTheSigmoid(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	want := []Sigmoid{{2, -1}, {0.7, 0.5}}
	got := Platt([]Scores{draw(rng, 40000, want[0]), draw(rng, 40000, want[1])})
	for i := range want {
		if math.Abs(got[i].A-want[i].A) > 0.1 || math.Abs(got[i].B-want[i].B) > 0.1 {
			t.Errorf("task %d: %+v, want %+v", i, got[i], want[i])
		}
	}
}

// At its optimum the common sigmoid's mean probability is that of the smoothed
// targets: the derivative by B vanishes.
func TestPlattIsStationary(t *testing.T) {
	s := draw(rand.New(rand.NewPCG(2, 2)), 300, Sigmoid{1, 0.3})
	high, low := s.targets()
	g, sum := s.fit(Sigmoid{}, 0, 1e-9, 1), 0.0
	for i, f := range s.F {
		sum += g.Probability(f) - low
		if s.Y[i] > 0 {
			sum -= high - low
		}
	}
	if math.Abs(sum) > 1e-6 {
		t.Errorf("the derivative is %v", sum)
	}
}

func TestPlattShrinksSmallTasksAndKeepsTheRanking(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	large := draw(rng, 5000, Sigmoid{2, -1})
	reversed := Scores{F: []float64{1, -1, 2}, Y: []float64{0, 1, 0}}
	single := Scores{F: []float64{0.1, 0.2}, Y: []float64{0, 0}}
	got := Platt([]Scores{large, reversed, single, {}})
	for i, s := range got {
		if !(s.A > 0) || math.IsNaN(s.B) || math.IsInf(s.B, 0) {
			t.Errorf("task %d: %+v", i, s)
		}
	}
	if d := got[3]; math.Abs(d.A-got[0].A) > 0.1 {
		t.Errorf("a task without rows has %+v, the common one is near %+v", d, got[0])
	}
	alone := Platt([]Scores{reversed})[0]
	if !(alone.A > 0) || alone.Probability(2) < alone.Probability(-1) {
		t.Errorf("a reversed ranking gives %+v", alone)
	}
}

func TestPlattCountsWeightsAsRows(t *testing.T) {
	s := draw(rand.New(rand.NewPCG(4, 4)), 50, Sigmoid{1, 0})
	twice := Scores{F: append(append([]float64{}, s.F...), s.F...), Y: append(append([]float64{}, s.Y...), s.Y...)}
	s.Weight = make([]float64, len(s.F))
	for i := range s.Weight {
		s.Weight[i] = 2
	}
	a, b := Platt([]Scores{s})[0], Platt([]Scores{twice})[0]
	if math.Abs(a.A-b.A) > 1e-8 || math.Abs(a.B-b.B) > 1e-8 {
		t.Errorf("%+v and %+v", a, b)
	}
}
