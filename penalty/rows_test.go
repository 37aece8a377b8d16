package penalty_test

import (
	"math"
	"slices"
	"testing"

	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/penalty/penaltytest"
)

func TestRowOptions(t *testing.T) {
	penaltytest.Check(t, &penalty.L21Ridge{L1Ratio: 1})
	penaltytest.Check(t, &penalty.SparseGroup{L1Ratio: 1})
	penaltytest.Check(t, &penalty.Fused{L1Ratio: 1, TVRatio: 0.99})
	for _, p := range []interface{ Check() error }{
		&penalty.L21Ridge{L1Ratio: -0.1}, &penalty.L21Ridge{L1Ratio: math.NaN()}, &penalty.SparseGroup{L1Ratio: 1.1},
		&penalty.Fused{L1Ratio: -1}, &penalty.Fused{TVRatio: -1}, &penalty.Fused{TVRatio: 1}, &penalty.Fused{TVRatio: math.NaN()},
	} {
		if p.Check() == nil {
			t.Errorf("%+v passes", p)
		}
	}
	for _, p := range []interface{ Check() error }{&penalty.L21Ridge{}, &penalty.SparseGroup{L1Ratio: 1}, &penalty.Fused{L1Ratio: 1, TVRatio: 0.9}} {
		if err := p.Check(); err != nil {
			t.Error(err)
		}
	}
}

func TestRowLimits(t *testing.T) {
	const tol = 1e-8
	column, w, l := normal(9, 1), normal(6, 5), single(5)
	for name, c := range map[string]struct {
		f, g penalty.Func
		w    *num.Dense
		tol  float64
	}{
		"joint elastic net of ratio 1 is l21":       {(&penalty.L21Ridge{L1Ratio: 1}).On(l, 0.8), penalty.L21{}.On(l, 0.8), w, 0},
		"joint elastic net of ratio 0 is ridge":     {(&penalty.L21Ridge{L1Ratio: 1e-10}).On(l, 0.8), penalty.Ridge{}.On(l, 0.8), w, tol},
		"joint elastic net of one task is its own":  {(&penalty.L21Ridge{}).On(single(1), 0.8), (&penalty.ElasticNet{}).On(single(1), 0.8), column, 1e-14},
		"linf1 of one task is lasso":                {penalty.LInf1{}.On(single(1), 0.8), penalty.Lasso{}.On(single(1), 0.8), column, 1e-14},
		"sparse group of ratio 1 is lasso":          {(&penalty.SparseGroup{L1Ratio: 1}).On(l, 0.8), penalty.Lasso{}.On(l, 0.8), w, 1e-14},
		"sparse group of ratio 0 is l21":            {(&penalty.SparseGroup{L1Ratio: 1e-10}).On(l, 0.8), penalty.L21{}.On(l, 0.8*math.Sqrt(5)), w, tol},
		"sparse group of one task is lasso":         {(&penalty.SparseGroup{}).On(single(1), 0.8), penalty.Lasso{}.On(single(1), 0.8), column, 1e-14},
		"fused of no variation is the sparse group": {(&penalty.Fused{L1Ratio: 0.3, TVRatio: 1e-10}).On(l, 0.8), (&penalty.SparseGroup{L1Ratio: 0.3}).On(l, 0.8), w, tol},
		"fused of one task is lasso":                {(&penalty.Fused{TVRatio: 0.25}).On(single(1), 0.8), penalty.Lasso{}.On(single(1), 0.6), column, 1e-14},
	} {
		t.Run(name, func(t *testing.T) { same(t, c.f, c.g, c.w, c.tol) })
	}
}

// As the total variation takes over, the tasks become one: each row is level,
// as its mean under the rest of the penalty.
func TestFusedJoinsTheTasks(t *testing.T) {
	w, l := normal(6, 5), single(5)
	f := (&penalty.Fused{L1Ratio: 0.4, TVRatio: 1 - 1e-6}).On(l, 0.3e6).(penalty.Proximal)
	rest := (&penalty.SparseGroup{L1Ratio: 0.4}).On(l, 0.3).(penalty.Proximal)
	want := w.Clone()
	for j := range want.Rows {
		mean := num.Sum(w.Row(j)) / 5
		for c := range want.Cols {
			want.Set(j, c, mean)
		}
	}
	rest.Prox(want, want, 0.7)
	f.Prox(w, w, 0.7)
	if num.Norm(w.Data) == 0 {
		t.Fatal("nothing is left")
	}
	for i, v := range w.Data {
		if v != w.Data[i-i%5] || math.Abs(v-want.Data[i]) > 1e-9 {
			t.Errorf("%v, want %v", v, want.Data[i])
		}
	}
}

// The order of the tasks matters, but not its direction.
func TestFusedKnowsTheOrder(t *testing.T) {
	f := (&penalty.Fused{}).On(single(4), 1)
	value := func(row ...float64) float64 { return f.Value(&num.Dense{Rows: 1, Cols: 4, Data: row}) }
	if up, down, mixed := value(1, 2, 3, 4), value(4, 3, 2, 1), value(1, 3, 2, 4); math.Abs(up-down) > 1e-14 || mixed-up < 0.9 {
		t.Errorf("%v up, %v down, %v mixed", up, down, mixed)
	}
}

// Moreau: what the operator of the largest entry takes off is the projection
// on the ball Σ|u_t| ≤ step·λ, found here by halving the threshold.
func TestLInf1TakesOffAProjection(t *testing.T) {
	f := penalty.LInf1{}.On(single(6), 0.5).(penalty.Proximal)
	for _, radius := range []float64{0.01, 0.3, 2, 50} {
		v, out := normal(20, 6), num.NewDense(20, 6)
		f.Prox(out, v, radius/0.5)
		for j := range v.Rows {
			projection, sum := slices.Clone(v.Row(j)), 0.0
			low, high := 0.0, 10.0
			for range 100 {
				cut := (low + high) / 2
				sum = 0
				for i, x := range v.Row(j) {
					projection[i] = math.Copysign(math.Max(0, math.Abs(x)-cut), x)
					sum += math.Abs(projection[i])
				}
				if sum > radius {
					low = cut
				} else {
					high = cut
				}
			}
			for i, x := range v.Row(j) {
				if math.Abs(x-projection[i]-out.At(j, i)) > 1e-12 {
					t.Errorf("radius %v: %v, want %v", radius, out.Row(j), x-projection[i])
				}
			}
		}
	}
}
