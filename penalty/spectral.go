package penalty

import (
	"cmp"
	"math"
	"slices"

	"github.com/kindred-mtl/kindred/num"
)

// A gauge is a function of the singular values of W, which come in descending
// order. Values, conjugates and operators of the matrix are those of the
// singular values.
//
// Lewis, The convex analysis of unitarily invariant matrix functions, Journal
// of Convex Analysis 2, 1995.
type gauge interface {
	value(sigma []float64) float64
	dual(sigma []float64) (s, value float64)
	// shrink returns the factors x/σ of x = argmin_x ½‖x − σ‖² + step·value(x),
	// and the singular value below which they no longer change: 0 where they
	// are all equal.
	shrink(sigma []float64, step float64) (factor []float64, kink float64)
}

// spectral is a gauge as a function of W.
type spectral struct{ gauge }

// Value implements Func.
func (f spectral) Value(w *num.Dense) float64 { return f.value(num.SingularValues(w)) }

// Dual implements Func.
func (f spectral) Dual(g *num.Dense) (s, value float64) { return f.dual(num.SingularValues(g)) }

// Prox implements Proximal: Σ_c factor_c σ_c u_c v_cᵀ.
//
// The singular vectors come from the smaller Gram matrix, whose eigenvalues σ²
// lose half the digits: so, where the factors still change below 1e-4 σ_max,
// from an SVD.
func (f spectral) Prox(out, v *num.Dense, step float64) {
	big := largest(v.Data)
	if big == 0 || math.IsNaN(big) || math.IsInf(big, 0) {
		for i := range out.Data {
			out.Data[i] = big - big // 0, or not a number
		}
		return
	}
	a := v.Clone()
	for i := range a.Data {
		a.Data[i] /= big
	}
	turned := a.Rows < a.Cols
	if turned {
		a = transpose(a)
	}
	p := f.apply(a, big, step)
	if turned {
		p = transpose(p)
	}
	for i, x := range p.Data {
		out.Data[i] = big * x
	}
}

// apply is the operator at big·a, rows ≥ cols, divided by big.
func (f spectral) apply(a *num.Dense, big, step float64) *num.Dense {
	_, q := num.SymEigen(num.Gram(asMatrix(a), nil, nil))
	images := num.Product(a, q)
	sigma := lengths(images) // keeps the digits that their squares lost
	order := make([]int, a.Cols)
	for c := range order {
		order[c] = c
	}
	slices.SortStableFunc(order, func(c, d int) int { return cmp.Compare(sigma[d], sigma[c]) })
	sorted := make([]float64, a.Cols)
	for i, c := range order {
		sorted[i] = big * sigma[c]
	}
	factor, kink := f.shrink(sorted, step)
	if kink > 0 && kink < 1e-4*sorted[0] {
		return f.exact(a, big, step)
	}
	q = transpose(q)
	for i, c := range order {
		for k := range q.Row(c) {
			q.Row(c)[k] *= factor[i]
		}
	}
	return num.Product(images, q)
}

// exact is apply by the singular value decomposition.
func (f spectral) exact(a *num.Dense, big, step float64) *num.Dense {
	u, sigma, v := num.SVD(a)
	for c := range sigma {
		sigma[c] *= big
	}
	factor, _ := f.shrink(sigma, step)
	for r := range u.Rows {
		for c := range u.Row(r) {
			u.Row(r)[c] *= factor[c] * (sigma[c] / big)
		}
	}
	return num.Product(u, transpose(v))
}

// lengths are those of the columns.
func lengths(a *num.Dense) []float64 {
	out, column := make([]float64, a.Cols), make([]float64, a.Rows)
	for c := range out {
		out[c] = num.Norm(a.Col(column, c))
	}
	return out
}

func transpose(a *num.Dense) *num.Dense {
	t := num.NewDense(a.Cols, a.Rows)
	for i := range a.Rows {
		for j, v := range a.Row(i) {
			t.Data[j*t.Cols+i] = v
		}
	}
	return t
}

// mixed is the covariance that has these variances along the columns of v, which
// are orthonormal, and rest across them.
func mixed(v *num.Dense, variances []float64, rest float64) *num.Dense {
	out, direction := num.NewDense(v.Rows, v.Rows), make([]float64, v.Rows)
	for i := range out.Rows {
		out.Set(i, i, rest)
	}
	for c, s := range variances {
		v.Col(direction, c)
		for i, x := range direction {
			num.Axpy((s-rest)*x, direction, out.Row(i))
		}
	}
	return out
}

// ofTrace1 divides a covariance by its trace; where that is 0 all directions
// count alike.
func ofTrace1(k *num.Dense) *num.Dense {
	trace := 0.0
	for i := range k.Rows {
		trace += k.At(i, i)
	}
	for i := range k.Rows {
		for j := range k.Row(i) {
			switch {
			case trace > 0:
				k.Row(i)[j] /= trace
			case i == j:
				k.Set(i, i, 1/float64(k.Rows))
			}
		}
	}
	return k
}

func asMatrix(a *num.Dense) *num.Matrix {
	return &num.Matrix{Rows: a.Rows, Cols: a.Cols, Data: a.Data}
}
