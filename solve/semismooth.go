package solve

import (
	"context"
	"math"

	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
)

// A normalMap finishes a descent on a quadratic terrain by Newton's method on
//
//	N(Z) = ∇f(W) + (Z − W)/s = 0,   W = prox_{sR}(Z),
//
// which has kinks but is smooth near most solutions, where it is settled what
// is 0, and the rank. With D a derivative of the operator and H = ∇²f,
//
//	(D H D + D(I − D)/s + δ/s) Y = −D N,   Z ← Z + Y − s (N + H D Y + (I − D) Y/s)
//
// by conjugate gradients on the range of D, for which both matrices are
// positive semidefinite. A step is shortened until the objective falls.
//
// Robinson, Normal maps induced by linear transformations, Mathematics of
// Operations Research 17, 1992; Milzarek, Ulbrich, A semismooth Newton method
// with multidimensional filter globalization for l1-optimization, SIAM J.
// Optimization 24, 2014.
type normalMap struct {
	form  *form
	model *quadratic
	land  terrain // of the model, over V
	prox  penalty.Slanted
	s     float64
	damp  float64 // δ

	z, w, g, n      *num.Dense // Z, W, ∇f(W), N(Z)
	image           []float64
	objective, norm float64

	curve     []float64  // the diagonal of Q's K⁻¹
	sum, more *num.Dense // room
}

// newNormalMap is nil where the operator has no derivative or the terrain is
// not quadratic.
func newNormalMap(f *form, land terrain) *normalMap {
	model, ok := land.(*quadratic)
	prox := f.slanted()
	if !ok || prox == nil {
		return nil
	}
	rows := f.blocks * f.d
	m := &normalMap{form: f, model: model, land: f.over(land), prox: prox, curve: make([]float64, f.k)}
	m.z, m.w = num.NewDense(rows, f.k), num.NewDense(rows, f.k)
	m.g, m.n = num.NewDense(rows, f.k), num.NewDense(rows, f.k)
	m.sum, m.more = num.NewDense(f.d, f.k), num.NewDense(f.d, f.k)
	m.image = make([]float64, m.land.length())
	if f.smooth != nil {
		unit, slope := num.NewDense(f.k, f.k), num.NewDense(f.k, f.k)
		for c := range f.k {
			unit.Set(c, c, 1)
		}
		f.smooth.Slope(slope, unit)
		for c := range f.k {
			m.curve[c] = slope.At(c, c)
		}
	}
	return m
}

// begin takes a proximal gradient step of length s from w.
func (m *normalMap) begin(w *num.Dense, s float64) {
	m.s, m.damp = s, 1e-4
	m.land.image(m.image, w)
	m.land.slope(m.g, w, m.image)
	for i, v := range w.Data {
		m.z.Data[i] = v - s*m.g.Data[i]
	}
	m.evaluate()
}

// evaluate sets all that follows from Z.
func (m *normalMap) evaluate() {
	m.prox.Prox(m.w, m.z, m.s)
	m.land.image(m.image, m.w)
	m.objective = m.land.slope(m.g, m.w, m.image) + m.prox.Value(m.w)
	for i, z := range m.z.Data {
		m.n.Data[i] = m.g.Data[i] + (z-m.w.Data[i])/m.s
	}
	m.norm = num.Norm(m.n.Data)
}

// steps yields steps as long as they come nearer. It returns the number of the
// last one, and false where the caller has enough.
func (m *normalMap) steps(ctx context.Context, step int, best *record, b []float64, yield func(State) bool) (int, bool) {
	for ctx.Err() == nil && m.step() {
		step++
		m.land.finish(b, m.w, m.image)
		best.dual = math.Max(best.dual, lower(m.land, m.prox, m.w, m.g))
		best.see(m.form, m.objective, m.w, b)
		if !yield(best.state(step, 50)) {
			return step, false
		}
	}
	return step, true
}

// step tells whether it came nearer; it stays where it was if not.
func (m *normalMap) step() bool {
	z, objective, norm := m.z.Clone(), m.objective, m.norm
	noise := 1e-13 * math.Abs(objective)
	by := m.direction(m.prox.ProxJacobian(m.z, m.s))
	for t := 1.0; t > 0.2; t /= 2 {
		copy(m.z.Data, z.Data)
		num.Axpy(t, by.Data, m.z.Data)
		m.evaluate()
		if m.objective < objective-noise || m.objective <= objective+noise && m.norm < 0.9*norm {
			if t == 1 {
				m.damp = math.Max(1e-10, m.damp/100)
			} else {
				m.damp *= 10
			}
			return true
		}
	}
	copy(m.z.Data, z.Data)
	m.evaluate()
	return false
}

// direction is the Newton step of Z.
func (m *normalMap) direction(d penalty.Jacobian) *num.Dense {
	r, h := num.NewDense(m.z.Rows, m.z.Cols), num.NewDense(m.z.Rows, m.z.Cols)
	d.Times(r, m.n)
	for i := range r.Data {
		r.Data[i] = -r.Data[i]
	}
	y := m.conjugate(d, r)
	m.times(h, y, d)
	for i, x := range h.Data {
		y.Data[i] -= m.s * (m.n.Data[i] + x)
	}
	return y
}

// conjugate solves the system for Y to a hundredth of r, or as far as 50 steps
// lead; it uses r up.
func (m *normalMap) conjugate(d penalty.Jacobian, r *num.Dense) *num.Dense {
	y, h := num.NewDense(r.Rows, r.Cols), num.NewDense(r.Rows, r.Cols)
	b := m.precondition(d)
	v := b.solve(r)
	target, rv := 0.01*num.Norm(r.Data), num.Dot(r.Data, v.Data)
	for range 50 {
		m.times(h, v, d)
		d.Times(h, h)
		num.Axpy(m.damp/m.s, v.Data, h.Data)
		curve := num.Dot(v.Data, h.Data)
		if !(curve > 0) || !(rv > 0) {
			break
		}
		num.Axpy(rv/curve, v.Data, y.Data)
		num.Axpy(-rv/curve, h.Data, r.Data)
		if num.Norm(r.Data) <= target {
			break
		}
		p := b.solve(r)
		next := num.Dot(r.Data, p.Data)
		num.Axpy(next/rv, v.Data, p.Data)
		v, rv = p, next
	}
	return y
}

// times sets out to H D v + (I − D) v/s.
func (m *normalMap) times(out, v *num.Dense, d penalty.Jacobian) {
	dv := num.NewDense(v.Rows, v.Cols)
	d.Times(dv, v)
	m.hessian(out, dv)
	for i, x := range v.Data {
		out.Data[i] += (x - dv.Data[i]) / m.s
	}
}

// hessian sets out to H v: the same in every block.
func (m *normalMap) hessian(out, v *num.Dense) {
	f := m.form
	f.sum(m.sum, v)
	m.model.image(m.image, m.sum)
	first := block(out, f.d, 0)
	for j := range f.d {
		to := first.Row(j)
		for c := range to {
			to[c] = m.image[c*f.d+j]
		}
	}
	if f.smooth != nil {
		f.smooth.Slope(m.more, m.sum)
		num.Axpy(1, m.more.Data, first.Data)
	}
	first.ScaleColumns(f.units)
	for i := 1; i < f.blocks; i++ {
		copy(block(out, f.d, i).Data, first.Data)
	}
}

// taskwiseRows is up to how many variables of a column a system is factored.
const taskwiseRows = 128

// A taskwise is the systems of the columns, each without the others, for a
// diagonal D: of the variables that move.
type taskwise struct {
	rows   [][]int      // that move, of each column
	factor []*num.Dense // Cholesky's
}

// precondition is nil where the diagonal says too little, or the systems are
// large.
func (m *normalMap) precondition(d penalty.Jacobian) *taskwise {
	diagonal, ok := d.Diagonal()
	if !ok || m.z.Rows > taskwiseRows {
		return nil
	}
	b := &taskwise{make([][]int, m.z.Cols), make([]*num.Dense, m.z.Cols)}
	num.For(m.z.Cols, func(c int) {
		for i := range m.z.Rows {
			if diagonal.At(i, c) > 1e-8 {
				b.rows[c] = append(b.rows[c], i)
			}
		}
		b.factor[c] = m.system(b.rows[c], c, diagonal)
	})
	return b
}

// system is the factor of column c.
func (m *normalMap) system(rows []int, c int, diagonal *num.Dense) *num.Dense {
	g, a, d, unit := m.model.g[c], num.NewDense(len(rows), len(rows)), m.form.d, 1.0
	if m.form.units != nil {
		unit = m.form.units[c]
	}
	for p, i := range rows {
		di, to, from := diagonal.At(i, c), a.Row(p), g.Row(i%d)
		for q := p; q < len(rows); q++ {
			j := rows[q]
			v := from[j%d]
			if i%d == j%d {
				v += m.curve[c]
			}
			to[q] = di * diagonal.At(j, c) * v * unit * unit
		}
		to[p] += di*(1-di)/m.s + m.damp/m.s
	}
	num.Cholesky(a)
	return a
}

// solve returns the preconditioned r.
func (b *taskwise) solve(r *num.Dense) *num.Dense {
	out := r.Clone()
	if b == nil {
		return out
	}
	x := make([]float64, r.Rows)
	for c, rows := range b.rows {
		for p, i := range rows {
			x[p] = r.At(i, c)
		}
		num.CholeskySolve(b.factor[c], x[:len(rows)])
		for p, i := range rows {
			out.Set(i, c, x[p])
		}
	}
	return out
}
