package penalty

import (
	"math"

	"github.com/kindred-mtl/kindred/num"
)

// Trace lets the tasks' weights span few directions.
//
//	Ω(W) = λ ‖W‖_* = λ Σ σ_i(W)
//
// Fazel, Hindi, Boyd, A rank minimization heuristic with application to
// minimum order system approximation, ACC 2001.
type Trace struct{}

// On implements Penalty.
func (Trace) On(_ Layout, lambda float64) Func { return trace(lambda) }

// Variants implements Penalty.
func (p Trace) Variants() []Penalty { return []Penalty{p} }

// Parameters implements Penalty.
func (Trace) Parameters() map[string]float64 { return nil }

// trace is the strength λ.
type trace float64

// Value implements Func.
func (f trace) Value(w *num.Dense) float64 { return float64(f) * num.Sum(num.SingularValues(w)) }

// Dual implements Func: the indicator of σ_max ≤ λ.
func (f trace) Dual(g *num.Dense) (s, value float64) { return ratio(float64(f), spectral(g)), 0 }

// Zero implements Vanishing.
func (f trace) Zero(g *num.Dense) float64 { return spectral(g) / float64(f) }

// Prox implements Proximal: U (Σ − step·λ)₊ Vᵀ.
//
// Cai, Candès, Shen, A singular value thresholding algorithm for matrix
// completion, SIAM Journal on Optimization 20, 2010, theorem 2.1. The singular
// vectors come from the smaller Gram matrix, whose eigenvalues σ² lose half
// the digits: so, below a threshold of 1e-4 σ_max, from an SVD.
func (f trace) Prox(out, v *num.Dense, step float64) {
	big := largest(v.Data)
	if big == 0 {
		copy(out.Data, v.Data)
		return
	}
	a, cut := v.Clone(), step*float64(f)/big
	for i := range a.Data {
		a.Data[i] /= big
	}
	turned := a.Rows < a.Cols
	if turned {
		a = transpose(a)
	}
	p := threshold(a, cut)
	if turned {
		p = transpose(p)
	}
	for i, x := range p.Data {
		out.Data[i] = big * x
	}
}

// threshold lowers the singular values of a, rows ≥ cols, by cut:
// A Q diag((1 − cut/σ)₊) Qᵀ, where Q diag(σ²) Qᵀ = AᵀA.
func threshold(a *num.Dense, cut float64) *num.Dense {
	square, q := num.SymEigen(num.Gram(&num.Matrix{Rows: a.Rows, Cols: a.Cols, Data: a.Data}, nil, nil))
	out := num.NewDense(a.Rows, a.Cols)
	if cut < 1e-4*math.Sqrt(square[len(square)-1]) {
		u, sigma, v := num.SVD(a)
		for c, s := range sigma {
			if !(s <= cut) {
				outer(out, u, v, c, s-cut)
			}
		}
		return out
	}
	direction, image := make([]float64, a.Cols), num.NewDense(a.Rows, 1)
	for c := range square {
		q.Col(direction, c)
		for i := range a.Rows {
			image.Data[i] = num.Dot(a.Row(i), direction)
		}
		sigma := num.Norm(image.Data) // keeps the digits that its square lost
		if sigma <= cut {
			continue
		}
		for i, x := range image.Data {
			num.Axpy((1-cut/sigma)*x, direction, out.Row(i))
		}
	}
	return out
}

// outer adds s·u_c v_cᵀ to out, for the columns c of u and v.
func outer(out, u, v *num.Dense, c int, s float64) {
	right := v.Col(make([]float64, v.Rows), c)
	for i := range out.Rows {
		num.Axpy(s*u.At(i, c), right, out.Row(i))
	}
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

// spectral is the largest singular value.
func spectral(g *num.Dense) float64 {
	if values := num.SingularValues(g); len(values) > 0 {
		return values[0]
	}
	return 0
}
