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
	// bend returns a derivative of x: diag(slope) − along alongᵀ.
	bend(sigma []float64, step float64) (slope, along []float64)
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

// ProxJacobian implements Slanted.
func (f spectral) ProxJacobian(v *num.Dense, step float64) Jacobian {
	j := &turning{turned: v.Rows > v.Cols}
	if j.turned {
		v = transpose(v)
	}
	u, sigma, right := num.SVD(v)
	j.sigma, j.ut, j.vt = sigma, transpose(u), transpose(right)
	j.factor, _ = f.shrink(sigma, step)
	j.slope, j.along = f.bend(sigma, step)
	for j.rank < len(sigma) && j.factor[j.rank] > 0 {
		j.rank++
	}
	j.left, j.rest = transpose(rows(j.ut, 0, j.rank)), transpose(rows(j.ut, j.rank, len(sigma)))
	return j
}

// turning is the derivative of U diag(x) Vᵀ in A = U diag(σ) Vᵀ, rows ≤ cols,
// where x(σ) has the derivative diag(slope) − along alongᵀ. With H = UᵀXV,
//
//	U [E Vᵀ + diag(x/σ) UᵀX (I − VVᵀ)],
//	E_ab = (x_a − x_b)/(σ_a − σ_b) (H_ab + H_ba)/2 + (x_a + x_b)/(σ_a + σ_b) (H_ab − H_ba)/2
//
// off the diagonal, on which E is that of x. It is 0 where x_a and x_b are.
//
// Ding, Sun, Sun, Toh, Spectral operators of matrices, Mathematical Programming
// 168, 2018, theorem 3.
type turning struct {
	turned        bool
	ut, vt        *num.Dense
	left, rest    *num.Dense // the columns of U where x > 0, and the others
	rank          int        // of the former
	sigma, factor []float64
	slope, along  []float64
}

// rows are those of a from one on to before another.
func rows(a *num.Dense, from, to int) *num.Dense {
	return &num.Dense{Rows: to - from, Cols: a.Cols, Data: a.Data[from*a.Cols : to*a.Cols]}
}

// Times implements Jacobian.
func (j *turning) Times(out, x *num.Dense) {
	if j.turned {
		x = transpose(x)
	}
	c := num.Product(rows(j.ut, 0, j.rank), x)
	e := j.inner(c, x)
	m := num.Product(rows(e, 0, j.rank), j.vt)
	for a := range j.rank {
		num.Axpy(j.factor[a], c.Row(a), m.Row(a))
	}
	y := num.Product(j.left, m)
	if n := len(j.sigma); j.rank < n {
		below := num.NewDense(n-j.rank, j.rank)
		for b := range below.Rows {
			copy(below.Row(b), e.Row(j.rank+b))
		}
		more := num.Product(num.Product(j.rest, below), rows(j.vt, 0, j.rank))
		num.Axpy(1, more.Data, y.Data)
	}
	if j.turned {
		y = transpose(y)
	}
	copy(out.Data, y.Data)
}

// inner is E − diag(x/σ) H; c is the part of UᵀX where x > 0.
func (j *turning) inner(c, x *num.Dense) *num.Dense {
	n := len(j.sigma)
	h, e, total := num.NewDense(n, n), num.NewDense(n, n), 0.0
	for a := range j.rank {
		for b := range n {
			h.Data[a*n+b] = num.Dot(c.Row(a), j.vt.Row(b))
		}
		if j.along != nil {
			total += j.along[a] * h.At(a, a)
		}
	}
	if j.rank < n {
		xv := num.NewDense(j.rank, n)
		for a := range j.rank {
			for i := range n {
				xv.Data[a*n+i] = num.Dot(x.Row(i), j.vt.Row(a))
			}
			for b := j.rank; b < n; b++ {
				h.Data[b*n+a] = num.Dot(j.ut.Row(b), xv.Row(a))
			}
		}
	}
	for a := range j.rank {
		e.Set(a, a, (j.slope[a]-j.factor[a])*h.At(a, a))
		if j.along != nil {
			e.Data[a*n+a] -= j.along[a] * total
		}
	}
	for a := range n {
		for b := range min(a, j.rank) {
			even, odd := j.rates(a, b)
			even, odd = even*(h.At(a, b)+h.At(b, a))/2, odd*(h.At(a, b)-h.At(b, a))/2
			e.Set(a, b, even+odd-j.factor[a]*h.At(a, b))
			e.Set(b, a, even-odd-j.factor[b]*h.At(b, a))
		}
	}
	return e
}

// rates are (x_a − x_b)/(σ_a − σ_b) and (x_a + x_b)/(σ_a + σ_b).
func (j *turning) rates(a, b int) (even, odd float64) {
	s, t := j.sigma[a], j.sigma[b]
	x, y := j.factor[a]*s, j.factor[b]*t
	even, odd = (j.slope[a]+j.slope[b])/2, j.factor[b]
	if t-s > 1e-10*t {
		even = (y - x) / (t - s)
	}
	if s+t > 0 {
		odd = (x + y) / (s + t)
	}
	return even, odd
}

// Diagonal implements Jacobian: of use where no direction is cut off.
func (j *turning) Diagonal() (*num.Dense, bool) {
	n := len(j.factor)
	if n == 0 || j.factor[n-1] < 0.5 {
		return nil, false
	}
	d := num.NewDense(j.ut.Cols, j.vt.Cols)
	if j.turned {
		d = num.NewDense(d.Cols, d.Rows)
	}
	for i := range d.Data {
		d.Data[i] = num.Sum(j.factor) / float64(n)
	}
	return d, true
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
