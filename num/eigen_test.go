package num_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/kindred-mtl/kindred/num"
)

// product is a·diag(s)·bᵀ.
func product(a *num.Dense, s []float64, b *num.Dense) *num.Dense {
	p := num.NewDense(a.Rows, b.Rows)
	for i := range p.Rows {
		for j := range p.Cols {
			for c, v := range s {
				p.Data[i*p.Cols+j] += a.At(i, c) * v * b.At(j, c)
			}
		}
	}
	return p
}

func distance(a, b *num.Dense) float64 {
	d := a.Clone()
	num.Axpy(-1, b.Data, d.Data)
	return num.Norm(d.Data)
}

func TestSpectra(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, shape := range [][2]int{{0, 0}, {0, 3}, {3, 0}, {1, 1}, {1, 5}, {6, 2}, {4, 4}, {17, 9}} {
		a := num.NewDense(shape[0], shape[1])
		for i := range a.Data {
			a.Data[i] = random.NormFloat64()
		}
		u, sigma, v := num.SVD(a)
		if far := distance(product(u, sigma, v), a); far > 1e-13 {
			t.Errorf("%v: the singular value decomposition is %v off", shape, far)
		}
		alone := num.SingularValues(a)
		g := num.Gram(&num.Matrix{Rows: a.Rows, Cols: a.Cols, Data: a.Data}, nil, nil)
		values, q := num.SymEigen(g)
		if far := distance(product(q, values, q), g); far > 1e-12 {
			t.Errorf("%v: the eigendecomposition is %v off", shape, far)
		}
		for c, s := range sigma {
			if math.Abs(s-alone[c]) > 1e-13 || math.Abs(s*s-values[len(values)-1-c]) > 1e-12 {
				t.Errorf("%v: singular value %d is %v with vectors, %v without, eigenvalue %v", shape, c, s, alone[c], values[len(values)-1-c])
			}
		}
	}
}

func TestSpectraOfWhatIsNotFinite(t *testing.T) {
	for _, bad := range []float64{math.NaN(), math.Inf(1)} {
		a := &num.Dense{Rows: 2, Cols: 2, Data: []float64{1, bad, 0, 1}}
		values, _ := num.SymEigen(a)
		u, _, v := num.SVD(a)
		for _, x := range [][]float64{values, num.SingularValues(a), u.Data, v.Data} {
			if len(x) == 0 || !math.IsNaN(x[0]) {
				t.Errorf("of %v: %v", bad, x)
			}
		}
	}
}
