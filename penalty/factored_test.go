package penalty_test

import (
	"math"
	"testing"

	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
)

// Factors multiply to the nearest matrix of their rank, cost what Value says,
// and no other length of a pair costs less.
func TestFactor(t *testing.T) {
	for _, p := range []penalty.Penalty{&penalty.Embedding{}, &penalty.Embedding{Rank: 2}, &penalty.GOMTL{}, &penalty.GOMTL{Rank: 2}} {
		for _, shape := range [][2]int{{7, 4}, {3, 6}, {4, 4}, {5, 1}, {0, 3}} {
			w := normal(shape[0], shape[1])
			f := p.On(single(w.Cols), 0.8).(penalty.Factored)
			u, v := f.Factor(w)
			k := f.Rank(w.Rows, w.Cols)
			if u.Cols != k || v.Rows != k || k > min(w.Rows, w.Cols) {
				t.Fatalf("%T, %v: factors of %d and %d columns, rank %d", p, shape, u.Cols, v.Rows, k)
			}
			nearest, sigma := num.NewDense(w.Rows, w.Cols), num.SingularValues(w)
			for j := range u.Rows {
				for c := range k {
					num.Axpy(u.At(j, c), v.Row(c), nearest.Row(j))
				}
			}
			if cost := f.Left().Value(u) + f.Right().Value(v); math.Abs(cost-f.Value(nearest)) > 1e-7*cost {
				t.Errorf("%T, %v: the factors cost %v, the value is %v", p, shape, cost, f.Value(nearest))
			}
			if k < len(sigma) && !math.IsInf(f.Value(w), 1) {
				t.Errorf("%T, %v: value %v of a rank above %d", p, shape, f.Value(w), k)
			}
			num.Axpy(-1, w.Data, nearest.Data)
			if got, want := num.Norm(nearest.Data), num.Norm(sigma[k:]); math.Abs(got-want) > 1e-12 {
				t.Errorf("%T, %v: %v from the matrix, want %v", p, shape, got, want)
			}
			for c := range k {
				column, row := u.Col(make([]float64, u.Rows), c), v.Row(c)
				cost := func(by float64) float64 {
					a, b := num.NewDense(len(column), 1), num.NewDense(1, len(row))
					num.Axpy(by, column, a.Data)
					num.Axpy(1/by, row, b.Data)
					return f.Left().Value(a) + f.Right().Value(b)
				}
				if best := cost(1); cost(0.99) < best || cost(1.01) < best {
					t.Errorf("%T, %v: pair %d costs %v, beside it %v and %v", p, shape, c, best, cost(0.99), cost(1.01))
				}
			}
		}
	}
}

// The least cost of a pair over its lengths is the same for μ‖S‖₁ + λ‖L‖² as for
// one strength (2μ²λ)^⅓.
func TestGOMTLHasOneStrength(t *testing.T) {
	w := normal(5, 1)
	for j := range w.Rows {
		w.Set(j, 0, w.At(j, 0)+2)
	}
	for _, c := range [][2]float64{{1, 0.5}, {0.03, 7}, {4, 1e-3}} {
		mu, lambda := c[0], c[1]
		least := math.Inf(1)
		for i := range 400_000 {
			length := math.Exp(float64(i)/2e4 - 10) // of L, S being one number
			least = min(least, mu*num.Norm(w.Data)/length+lambda*length*length)
		}
		if got := (&penalty.GOMTL{}).On(single(1), math.Cbrt(2*mu*mu*lambda)).Value(w); math.Abs(got-least) > 1e-7*least {
			t.Errorf("μ %v, λ %v: value %v, least cost %v", mu, lambda, got, least)
		}
	}
}

func TestRanksOutOfRange(t *testing.T) {
	for _, p := range []interface{ Check() error }{&penalty.Embedding{Rank: -1}, &penalty.GOMTL{Rank: -3}} {
		if p.Check() == nil {
			t.Errorf("%+v passes", p)
		}
	}
}
