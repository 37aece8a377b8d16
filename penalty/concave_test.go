package penalty_test

import (
	"math"
	"testing"

	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/penalty/penaltytest"
)

func TestConcaveOptions(t *testing.T) {
	for _, theta := range []float64{1e-3, 0.7, 1e6, math.Inf(1)} {
		penaltytest.Check(t, &penalty.MCP{Theta: theta})
		penaltytest.Check(t, &penalty.SCAD{Theta: theta, A: 1.01})
		penaltytest.Check(t, &penalty.CappedL1{Theta: theta})
	}
	for _, p := range []interface{ Check() error }{
		&penalty.MCP{Theta: -1}, &penalty.SCAD{Theta: math.NaN()}, &penalty.SCAD{A: 1}, &penalty.SCAD{A: math.NaN()}, &penalty.CappedL1{Theta: -0.1},
	} {
		if p.Check() == nil {
			t.Errorf("%+v passes", p)
		}
	}
	for _, p := range []interface{ Check() error }{&penalty.MCP{}, &penalty.SCAD{A: 2}, &penalty.CappedL1{Theta: math.Inf(1)}} {
		if err := p.Check(); err != nil {
			t.Error(err)
		}
	}
}

// The value of a row is the integral of the slopes of the papers.
func TestConcaveSlopes(t *testing.T) {
	const lambda, theta, a, k = 0.7, 0.4, 3, 4
	knee := theta * math.Sqrt(k)
	for name, c := range map[string]struct {
		p     penalty.Penalty
		slope func(length float64) float64
		row   []float64 // of length 1
	}{
		"mcp":       {&penalty.MCP{Theta: theta}, func(r float64) float64 { return math.Max(0, 1-r/knee) }, []float64{0.5, -0.5, 0.5, 0.5}},
		"scad":      {&penalty.SCAD{Theta: theta, A: a}, func(r float64) float64 { return scadSlope(r, knee/a, a) }, []float64{1, 0, 0, 0}},
		"capped-l1": {&penalty.CappedL1{Theta: theta}, func(r float64) float64 { return map[bool]float64{true: 1}[r < theta*k] }, []float64{0.25, 0.25, -0.5, 0}},
		"l2-half":   {penalty.L2Half{}, func(r float64) float64 { return 0.5 / math.Sqrt(r) }, []float64{0, 0.6, 0.8, 0}},
	} {
		f, sum := c.p.On(single(k), lambda), 0.0
		const steps = 200000
		at := func(r float64) float64 {
			w := &num.Dense{Rows: 1, Cols: k, Data: append([]float64(nil), c.row...)}
			for i := range w.Data {
				w.Data[i] *= r
			}
			return f.Value(w)
		}
		for i := range steps {
			r := 2 * (float64(i) + 0.5) / steps
			sum += lambda * c.slope(r) * 2 / steps
			if i%20000 == 19999 {
				if got := at(2 * float64(i+1) / steps); math.Abs(got-sum) > 1e-3 {
					t.Errorf("%s: %v at %v, by its slopes %v", name, got, r, sum)
				}
			}
		}
	}
}

// scadSlope is p′(r)/λ as the paper has it.
func scadSlope(r, lambda, a float64) float64 {
	if r <= lambda {
		return 1
	}
	return math.Max(0, a*lambda-r) / ((a - 1) * lambda)
}

// The relaxation of ‖·‖^½ is its envelope on rows of root mean square 1: it lies
// below there, and touches at 0 and at the edge.
func TestL2HalfRelaxation(t *testing.T) {
	const k = 9
	f := penalty.L2Half{}.On(single(k), 0.7).(penalty.Concave)
	w := normal(1, k)
	for _, length := range []float64{0, 0.2, 0.99, 1} {
		size := num.Norm(w.Data)
		for i := range w.Data {
			w.Data[i] *= length * math.Sqrt(k) / size
		}
		below := f.Value(w) - f.Relaxation().Value(w)
		if edge := length == 0 || length == 1; below < -1e-12 || edge != (below < 1e-12) {
			t.Errorf("at root mean square %v it lies %v below", length, below)
		}
		w = normal(1, k)
	}
}
