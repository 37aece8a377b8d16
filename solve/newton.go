package solve

import (
	"context"
	"fmt"
	"iter"
	"math"

	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/num"
)

// Newton takes losses with second derivatives and a quadratic penalty,
// Ω(W) = ½⟨W, K⁻¹W⟩. With f(W) = min_b Σ loss, whose Hessian is H,
//
//	W ← W − t (I + KH)⁻¹ (W + K∇f)
//
// One step solves squared loss; others take a few, shortened where the
// objective falls too little. Where ℓ′ has a kink, H is a generalized Hessian.
// The duality gap is that of the dual variables −w∇ℓ,
//
//	P − D = ½⟨W + K∇f, K⁻¹(W + K∇f)⟩ = Ω(W + K∇f)
//
// Losses of joint outputs, and sizes beyond what is factored, are solved by
// conjugate gradients as far as the gap calls for.
//
// Evgeniou, Pontil, Regularized multi-task learning, KDD 2004; Nocedal, Wright,
// Numerical Optimization, 2006, sections 3.5 and 7.1; Mangasarian, A finite
// Newton method for classification, Optimization Methods and Software 17, 2002
// (squared hinge).
type Newton struct{}

// Accepts implements Solver.
func (*Newton) Accepts(p *Problem) error {
	if !hasCovariance(p.Penalty) {
		return fmt.Errorf("newton needs a quadratic penalty, of a covariance that is not singular or one vector for all")
	}
	for i := range p.Tasks {
		_, joint := p.Tasks[i].Loss.(loss.Joint)
		_, curved := p.Tasks[i].Loss.(loss.Curved)
		if !joint && (!curved || p.Tasks[i].Outputs != 1) {
			return fmt.Errorf("newton needs a loss with second derivatives, which %s does not have", loss.All.NameOf(p.Tasks[i].Loss))
		}
	}
	return nil
}

// Steps implements Solver. Step 0 is the start.
func (*Newton) Steps(ctx context.Context, p *Problem, start *Point, tol float64) iter.Seq[State] {
	return func(yield func(State) bool) {
		n := newDescender(p, start)
		best := newRecord(n.x)
		for step := 0; ctx.Err() == nil; step++ {
			if n.gram != nil {
				n.gram.finish(n.x.B, n.x.W, n.image)
			} else {
				copy(n.x.B, n.rows.b)
			}
			best.primal = n.value + n.omega
			best.dual = math.Max(best.dual, best.primal-n.gap)
			st := best.state(step, 3)
			st.Stalled = st.Stalled || n.stuck
			if !yield(st) {
				return
			}
			n.step(ctx, tol)
		}
	}
}

// descender is where Newton's method stands.
type descender struct {
	p     *Problem
	k     *covariance
	land  terrain
	rows  *rows      // the same, or nil
	gram  *quadratic // the same, or nil
	fixed system     // of squared losses on Gram matrices: made once
	exact bool
	curve *curvature
	joint bool // some loss has joint outputs

	x            *Point
	image        []float64
	g, rest      *num.Dense // ∇f, −(W + K∇f)
	value, omega float64
	gap          float64
	stuck        bool
	limit        int // of what is solved directly
}

func newDescender(p *Problem, start *Point) *descender {
	n := &descender{p: p, limit: direct, k: covarianceOf(p.Penalty), x: NewPoint(p)}
	if start != nil {
		copy(n.x.W.Data, start.W.Data)
		copy(n.x.B, start.B)
		n.k.level(n.x.W)
	}
	squared := true
	for i := range p.Tasks {
		_, ok := p.Tasks[i].Loss.(loss.Squared)
		squared = squared && ok
		_, ok = p.Tasks[i].Loss.(loss.Joint)
		n.joint = n.joint || ok
	}
	if squared && momentsPay(p) {
		n.gram = newQuadratic(p)
		n.land = n.gram
	} else {
		n.rows = newRows(p, n.x.B)
		n.land = n.rows
	}
	n.image = make([]float64, n.land.length())
	n.g, n.rest = num.NewDense(n.x.W.Rows, n.x.W.Cols), num.NewDense(n.x.W.Rows, n.x.W.Cols)
	n.land.image(n.image, n.x.W)
	n.value, n.omega = n.land.slope(n.g, n.x.W, n.image), p.Penalty.Value(n.x.W)
	n.settle()
	return n
}

// settle computes what follows from the gradient.
func (n *descender) settle() {
	n.k.times(n.rest, n.g)
	for i, v := range n.x.W.Data {
		n.rest.Data[i] = -(v + n.rest.Data[i])
	}
	n.gap = n.p.Penalty.Value(n.rest)
}

// step moves once.
func (n *descender) step(ctx context.Context, tol float64) {
	s, exact := n.system()
	dir := n.rest.Clone()
	if exact {
		s.solve(dir)
	} else {
		size := math.Max(math.Abs(n.value+n.omega), math.Abs(n.value+n.omega-n.gap))
		target := math.Max(0.1*tol*size, 1e-17*size)
		if n.gram == nil {
			target = math.Max(target, n.gap*math.Max(1e-6, math.Min(0.01, n.gap/size)))
		}
		dir = conjugateGradients(ctx, n.k, n.hessian(), s, n.rest, target, 2000)
	}
	n.search(dir)
}

// system is that of the Hessian, or one near it.
func (n *descender) system() (system, bool) {
	if n.fixed != nil {
		return n.fixed, n.exact
	}
	if n.curve == nil {
		n.curve = &curvature{p: n.p, k: n.k, h: make([][]float64, len(n.p.Tasks))}
	}
	c := n.curve
	if n.gram != nil {
		c.grams = n.gram.g
		limit := n.limit
		if n.k.related != nil {
			limit = min(limit, directAgain) // else conjugate gradients are faster
		}
		n.fixed, n.exact = c.system(limit)
		return n.fixed, n.exact
	}
	n.p.each(func(t int) { c.h[t] = n.bend(t) })
	s, exact := c.system(min(n.limit, directAgain))
	return s, exact && !n.joint
}

// bend is ∂²ℓ/∂z² of the rows of a task, of joint outputs its diagonal.
func (n *descender) bend(t int) []float64 {
	task, z := &n.p.Tasks[t], n.rows.z[t]
	h := make([]float64, len(z))
	if l, ok := task.Loss.(loss.Curved); ok {
		l.Hess(h, task.Y, task.Weight, z)
		return h
	}
	k := task.Outputs
	v, hv := make([]float64, len(z)), make([]float64, len(z))
	for c := range k {
		unit(v, k, c)
		task.Loss.(loss.Joint).HessVec(hv, task.Y, task.Weight, z, v)
		for i := c; i < len(h); i += k {
			h[i] = hv[i]
		}
	}
	return h
}

// unit sets output c of k to 1 and the others to 0, in every row.
func unit(v []float64, k, c int) {
	clear(v)
	for i := c; i < len(v); i += k {
		v[i] = 1
	}
}

// hessian returns the product with H.
func (n *descender) hessian() func(out, w *num.Dense) {
	image := make([]float64, n.land.length())
	if n.gram != nil {
		return func(out, w *num.Dense) {
			n.gram.image(image, w)
			for c := range out.Cols {
				out.SetCol(c, image[c*out.Rows:(c+1)*out.Rows])
			}
		}
	}
	parts := make([]func(z []float64), len(n.p.Tasks))
	n.p.each(func(t int) { parts[t] = n.bends(t) })
	return n.rows.hessian(parts)
}

// hessian returns the product with Xᵀ∂²ℓX, where parts turn XV of a task into
// ∂²ℓ XV.
func (r *rows) hessian(parts []func(z []float64)) func(out, w *num.Dense) {
	image := make([]float64, r.length())
	return func(out, w *num.Dense) {
		r.image(image, w)
		r.p.each(func(t int) {
			z := make([]float64, len(r.z[t]))
			r.read(z, image, t)
			parts[t](z)
			r.write(image, z, t)
		})
		backward(r.groups, out, r.parts(image))
	}
}

// bends returns what turns XV of a task into the change of ∂ℓ/∂z, where the
// free intercepts follow.
func (n *descender) bends(t int) func(z []float64) {
	task := &n.p.Tasks[t]
	if _, ok := task.Loss.(loss.Curved); ok {
		return weigh(n.bend(t), task.Fixed == nil)
	}
	l, k, at := task.Loss.(loss.Joint), task.Outputs, append([]float64(nil), n.rows.z[t]...)
	hv, v := make([]float64, len(at)), make([]float64, len(at))
	total := num.NewDense(k, k)
	for c := range k {
		unit(v, k, c)
		l.HessVec(hv, task.Y, task.Weight, at, v)
		total.SetCol(c, columnSums(hv, k))
	}
	return func(z []float64) {
		l.HessVec(hv, task.Y, task.Weight, at, z)
		if task.Fixed == nil && len(z) > 0 {
			mean := num.SolveSPD(total, columnSums(hv, k))
			for i := range z {
				z[i] -= mean[i%k]
			}
			l.HessVec(hv, task.Y, task.Weight, at, z)
		}
		copy(z, hv)
	}
}

// weigh returns what centres z by the weights h, where the intercept is free,
// and multiplies by them.
func weigh(h []float64, free bool) func(z []float64) {
	total := num.Sum(h)
	return func(z []float64) {
		mean := 0.0
		if free && total > 0 {
			mean = num.Dot(h, z) / total
		}
		for i, v := range h {
			z[i] = v * (z[i] - mean)
		}
	}
}

// read sets z, n × outputs, to a task's part of an image.
func (r *rows) read(z, image []float64, t int) {
	k, width, part := r.strides(t)
	for i := 0; i < len(z); i += k {
		copy(z[i:i+k], image[part:part+k])
		part += width
	}
}

// write sets a task's part of an image to z.
func (r *rows) write(image, z []float64, t int) {
	k, width, part := r.strides(t)
	for i := 0; i < len(z); i += k {
		copy(image[part:part+k], z[i:i+k])
		part += width
	}
}

// strides are a task's outputs, the columns of its group, and where it begins
// in an image.
func (r *rows) strides(t int) (k, width, part int) {
	g := r.of[t]
	return r.p.Tasks[t].Outputs, len(r.groups[g].columns), r.starts[g] + r.at[t]
}

// search moves along dir: the whole way, or where that lowers the objective
// less than a share of what the slope promises, as far as a parabola says.
func (n *descender) search(dir *num.Dense) {
	inverse := n.rest.Clone()
	n.k.inverse(inverse, n.rest)
	slope := -num.Dot(inverse.Data, dir.Data)
	if !(slope < 0) {
		n.stuck = true
		return
	}
	ahead := make([]float64, len(n.image))
	n.land.image(ahead, dir)
	from, image, w := n.value+n.omega, make([]float64, len(n.image)), num.NewDense(dir.Rows, dir.Cols)
	for t := 1.0; t > 1e-12; {
		for i, v := range n.image {
			image[i] = v + t*ahead[i]
		}
		for i, v := range n.x.W.Data {
			w.Data[i] = v + t*dir.Data[i]
		}
		value, omega := n.land.slope(n.g, w, image), n.p.Penalty.Value(w)
		rise := value + omega - from
		if rise <= 1e-4*t*slope+1e-15*math.Abs(from) {
			copy(n.x.W.Data, w.Data)
			n.image, n.value, n.omega = image, value, omega
			n.settle()
			return
		}
		next := -0.5 * slope * t * t / (rise - slope*t)
		if !(next < 0.5*t) {
			next = 0.5 * t
		}
		t = math.Max(0.1*t, next)
	}
	n.land.slope(n.g, n.x.W, n.image)
	n.stuck = true
}
