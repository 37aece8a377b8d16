package num_test

import (
	"math/rand/v2"
	"testing"

	"github.com/kindred-mtl/kindred/num"
)

func TestProductsAndTriangles(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	normal := func(rows, cols int) *num.Dense {
		a := num.NewDense(rows, cols)
		for i := range a.Data {
			a.Data[i] = rng.NormFloat64()
		}
		return a
	}
	turned := func(a *num.Dense) *num.Dense {
		b := num.NewDense(a.Cols, a.Rows)
		for i := range a.Rows {
			b.SetCol(i, a.Row(i))
		}
		return b
	}
	ones := func(n int) []float64 {
		v := make([]float64, n)
		for i := range v {
			v[i] = 1
		}
		return v
	}
	for _, n := range []int{0, 1, 5, 70} {
		a, b := normal(n+3, n), normal(n, 4)
		want := product(a, ones(n), turned(b))
		if off := distance(num.Product(a, b), want); off > 1e-12 {
			t.Errorf("%d: the product is %v off", n, off)
		}
		if off := distance(num.ProductT(turned(a), b), want); off > 1e-12 {
			t.Errorf("%d: the product of a transpose is %v off", n, off)
		}
		spd := num.Gram(&num.Matrix{Rows: a.Rows, Cols: n, Data: a.Data}, nil, nil)
		for i := range n {
			spd.Data[i*n+i]++
		}
		l := num.CholeskyLower(spd)
		if off := distance(product(l, ones(n), l), spd); off > 1e-11 {
			t.Errorf("%d: LLᵀ is %v off", n, off)
		}
		unit := num.NewDense(n, n)
		for i := range n {
			unit.Set(i, i, 1)
		}
		if off := distance(num.Product(num.LowerInverse(l), spd), unit); off > 1e-11 {
			t.Errorf("%d: the inverse is %v off", n, off)
		}
		x := turned(b)
		num.SolveLower(l, x) // the rows are L⁻¹b
		if off := distance(product(l, ones(n), x), b); off > 1e-11 {
			t.Errorf("%d: L y = b is %v off", n, off)
		}
		x = turned(b)
		num.SolveLowerT(l, x)
		if off := distance(product(turned(l), ones(n), x), b); off > 1e-11 {
			t.Errorf("%d: Lᵀ y = b is %v off", n, off)
		}
	}
	if num.CholeskyLower(&num.Dense{Rows: 1, Cols: 1, Data: []float64{-1}}) != nil {
		t.Error("a negative number has a factor")
	}
}
