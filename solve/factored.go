package solve

import (
	"context"
	"fmt"
	"iter"
	"math"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
)

// Factored takes smooth losses with a penalty on the factors of W = U V. It
// moves both at once by the limited-memory BFGS method,
//
//	z₊ = π(z − tH⋄F(z)),   F(z) = f(UV) + L(U) + R(V),   z = (U, V),
//
// where ⋄F is the subgradient of least length, H the inverse Hessian that the
// last steps tell, and π keeps the entries that have a cost l1|z| in the
// orthant where they are, or into which they are about to go, on its border at
// the furthest. t halves until F falls enough. Intercepts are eliminated at
// every evaluation; squared loss works on Gram matrices where they are cheaper.
// Curved losses then leap: to next to the least of the quadratic model of f at
// W, found by such steps, where F falls by a share of what the model promises;
// else the model is damped.
//
// Where the penalty is bounded by a convex one, a fit starts at the point given
// and its certificate is the duality gap of that one. Where it is stationary
// with the gap open and columns of U to spare, the singular vectors of −∇f lead
// further down; without any to spare the gap stays open, and is a bound. Other
// fits start, whatever the point given, at the factors of the weights that each
// task has alone, so that what they find does not depend on what was fitted
// before; their certificate is the residual of stationarity,
//
//	max(‖⋄F_U‖/‖V‖, ‖⋄F_V‖/‖U‖) / ‖∇f(0)‖.
//
// Andrew, Gao, Scalable training of L1-regularized log-linear models, ICML
// 2007, algorithm 1; Haeffele, Vidal, Global optimality in tensor
// factorization, deep learning, and beyond, arXiv:1506.07540, 2015; Kumar,
// Daumé III, Learning task grouping and overlap in multi-task learning, ICML
// 2012 (the start).
type Factored struct{}

// Accepts implements Solver.
func (*Factored) Accepts(p *Problem) error {
	if _, ok := p.Penalty.(penalty.Factored); !ok {
		return fmt.Errorf("factored needs a penalty on the factors of W (embedding, go-mtl)")
	}
	for i := range p.Tasks {
		if _, ok := p.Tasks[i].Loss.(loss.Smooth); !ok {
			return fmt.Errorf("factored needs a smooth loss, which %s is not", loss.All.NameOf(p.Tasks[i].Loss))
		}
	}
	return nil
}

// Steps implements Solver.
func (*Factored) Steps(ctx context.Context, p *Problem, start *Point, tol float64) iter.Seq[State] {
	return func(yield func(State) bool) {
		s := newFactoring(ctx, p, start)
		for step := 1; ctx.Err() == nil; step++ {
			if !yield(s.state(step, tol)) {
				return
			}
			s.step()
		}
	}
}

// A factoring is where the solver stands.
type factoring struct {
	p        *Problem
	land     terrain
	f        penalty.Factored
	below    penalty.Vanishing // nil where nothing bounds f
	d, k, t  int               // U is d × k, V is k × t
	l1, l2   [2]float64        // of U, of V
	steep    float64           // ‖∇f(0)‖
	x        *Point            // the last one certified
	best     float64           // its objective
	dual     float64           // the largest seen
	at, next *factors
	memory   lbfgs
	stuck    bool       // no step falls
	model    *quadratic // of f, nil where it does not pay
	damp     float64    // of the curvature bound added to ℓ″
}

// factors are a point and what is known there.
type factors struct {
	z           []float64 // U, then V
	u, v        *num.Dense
	w, g        *num.Dense // U V and ∇f there
	image       []float64
	value       float64   // F
	smooth, sub []float64 // the gradient without l1, and ⋄F
}

func newFactoring(ctx context.Context, p *Problem, start *Point) *factoring {
	x := NewPoint(p)
	s := &factoring{p: p, land: landOf(p, x.B), f: p.Penalty.(penalty.Factored), x: x, dual: math.Inf(-1), best: math.Inf(1)}
	s.d, s.t = p.Features(), p.Columns()
	s.k = s.f.Rank(s.d, s.t)
	s.l1[0], s.l2[0] = s.f.Left().Elastic()
	s.l1[1], s.l2[1] = s.f.Right().Elastic()
	if b, ok := p.Penalty.(penalty.Bounded); ok {
		s.below = b.Below()
	}
	if _, ok := s.land.(*rows); ok && curved(p) && modelsPay(p) {
		s.model, s.damp = &quadratic{d: s.d, k: s.t}, 1e-6
	}
	s.at, s.next = s.room(), s.room()
	s.measure(s.at)
	s.steep = num.Norm(s.at.g.Data)
	if s.below != nil && s.below.Zero(s.at.g) <= 1 {
		return s // W = 0 is optimal
	}
	w := apartOf(ctx, p)
	if s.below != nil && start != nil && num.Norm(start.W.Data) > 0 {
		w = start.W
	}
	s.put(s.f.Factor(w))
	if s.below != nil {
		s.spread()
	}
	return s
}

// landOf is the smooth part of a problem on Gram matrices where they pay, else
// on rows.
func landOf(p *Problem, b []float64) terrain {
	squared := true
	for i := range p.Tasks {
		_, ok := p.Tasks[i].Loss.(loss.Squared)
		squared = squared && ok
	}
	if squared && momentsPay(p) {
		return newQuadratic(p)
	}
	return newRows(p, b)
}

// curved tells whether quadratic models can stand for the losses.
func curved(p *Problem) bool {
	for i := range p.Tasks {
		if _, ok := p.Tasks[i].Loss.(loss.Curved); !ok || p.Tasks[i].Outputs > 1 {
			return false
		}
	}
	return true
}

// apartOf is W of each task alone: a ridge of a tenth of the mean curvature that
// squared loss has. A problem keeps it.
func apartOf(ctx context.Context, p *Problem) *num.Dense {
	if p.apart != nil {
		return p.apart
	}
	square := 0.0
	for i := range p.Tasks {
		t := &p.Tasks[i]
		for r := range t.X.Rows {
			_, v := t.X.Row(r)
			square += weightAt(t, r) * num.Dot(v, v)
		}
	}
	strength := 0.1 * square / float64(max(1, p.Features()*len(p.Tasks)))
	if strength == 0 {
		strength = 1
	}
	q := *p
	q.Penalty = penalty.Ridge{}.On(p.Layout, strength)
	_, solver, err := Pick(&q)
	if err != nil {
		return NewPoint(p).W
	}
	r, err := Run(ctx, solver, &q, nil, 1e-6, 1000)
	p.moments = q.moments
	if err != nil {
		return NewPoint(p).W
	}
	p.apart = r.Point.W
	return p.apart
}

// Breakeven is the strength, as a multiple of that of f, from which on the
// weights of each task alone cost more than they gain.
func Breakeven(p *Problem, f penalty.Factored) float64 {
	x := NewPoint(p)
	q := *p
	q.Penalty = penalty.Ridge{}.On(p.Layout, 1)
	OptimizeIntercepts(&q, x)
	gain := Objective(&q, x)
	u, v := f.Factor(apartOf(context.Background(), p))
	x.W = multiply(num.NewDense(p.Features(), p.Columns()), u, v)
	OptimizeIntercepts(&q, x)
	gain -= Objective(&q, x) - q.Penalty.Value(x.W)
	return gain / (f.Left().Value(u) + f.Right().Value(v))
}

func (s *factoring) room() *factors {
	n := s.d*s.k + s.k*s.t
	a := &factors{z: make([]float64, n), smooth: make([]float64, n), sub: make([]float64, n)}
	a.u = &num.Dense{Rows: s.d, Cols: s.k, Data: a.z[:s.d*s.k]}
	a.v = &num.Dense{Rows: s.k, Cols: s.t, Data: a.z[s.d*s.k:]}
	a.w, a.g = num.NewDense(s.d, s.t), num.NewDense(s.d, s.t)
	a.image = make([]float64, s.land.length())
	return a
}

// put moves to u and v and forgets the way there.
func (s *factoring) put(u, v *num.Dense) {
	copy(s.at.u.Data, u.Data)
	copy(s.at.v.Data, v.Data)
	s.measure(s.at)
	s.memory.clear()
}

// multiply sets w to U V.
func multiply(w, u, v *num.Dense) *num.Dense {
	num.Each(w.Rows, w.Rows*u.Cols*w.Cols, func(j int) {
		row := w.Row(j)
		clear(row)
		for c, x := range u.Row(j) {
			num.Axpy(x, v.Row(c), row)
		}
	})
	return w
}

// pullBack sets gu to G Vᵀ and gv to Uᵀ G.
func pullBack(gu, gv, g, u, v *num.Dense) {
	work := g.Rows * u.Cols * g.Cols
	num.Each(g.Rows, work, func(j int) {
		for c := range u.Cols {
			gu.Set(j, c, num.Dot(g.Row(j), v.Row(c)))
		}
	})
	num.Each(u.Cols, work, func(c int) {
		clear(gv.Row(c))
		for j := range g.Rows {
			num.Axpy(u.At(j, c), g.Row(j), gv.Row(c))
		}
	})
}

// measure evaluates a.
func (s *factoring) measure(a *factors) {
	s.land.image(a.image, multiply(a.w, a.u, a.v))
	f := s.land.slope(a.g, a.w, a.image)
	a.value = f + s.f.Left().Value(a.u) + s.f.Right().Value(a.v)
	s.differentiate(a)
}

// differentiate sets the gradients of a from ∇f.
func (s *factoring) differentiate(a *factors) {
	n := len(a.u.Data)
	gu := &num.Dense{Rows: s.d, Cols: s.k, Data: a.smooth[:n]}
	gv := &num.Dense{Rows: s.k, Cols: s.t, Data: a.smooth[n:]}
	pullBack(gu, gv, a.g, a.u, a.v)
	for i, x := range a.z {
		side := s.side(i)
		a.smooth[i] += s.l2[side] * x
		a.sub[i] = steepest(a.smooth[i], x, s.l1[side])
	}
}

// side is 0 for an entry of U, 1 for one of V.
func (s *factoring) side(i int) int {
	if i < s.d*s.k {
		return 0
	}
	return 1
}

// steepest is the element of g + l1 ∂|x| nearest to 0.
func steepest(g, x, l1 float64) float64 {
	switch {
	case x > 0:
		return g + l1
	case x < 0:
		return g - l1
	}
	return math.Copysign(math.Max(0, math.Abs(g)-l1), g)
}

// residual is how far a is from stationary.
func (s *factoring) residual(a *factors) float64 {
	n := len(a.u.Data)
	return unstationary(a.sub[:n], a.sub[n:], a.u.Data, a.v.Data, s.steep)
}

// unstationary is max(‖su‖/‖v‖, ‖sv‖/‖u‖) / steep, 0/0 being 0.
func unstationary(su, sv, u, v []float64, steep float64) float64 {
	over := func(a, b float64) float64 {
		if a == 0 {
			return 0
		}
		return a / b
	}
	return over(math.Max(over(num.Norm(su), num.Norm(v)), over(num.Norm(sv), num.Norm(u))), steep)
}

// state certifies every tenth step, the first few, and where stationary.
func (s *factoring) state(step int, tol float64) State {
	residual := s.residual(s.at)
	still := residual <= 1e-3*tol || s.stuck
	if s.below == nil {
		still = residual <= tol || s.stuck
	}
	if step > 3 && step%10 > 0 && !still && s.model == nil {
		return State{Step: step, Point: s.x, Objective: s.best, Certificate: kindred.Certificate{Kind: "residual", Value: math.Inf(1)}}
	}
	if s.below == nil {
		s.keep(s.at.u, s.at.v, s.at.w, s.at.value)
		return State{Step: step, Point: s.x, Objective: s.best, Stalled: s.stuck, Certificate: kindred.Certificate{Kind: "residual", Value: residual}}
	}
	return s.bounded(step, tol, still)
}

// keep makes s.x the point of these factors.
func (s *factoring) keep(u, v, w *num.Dense, value float64) {
	s.x.U, s.x.V, s.best = u.Clone(), v.Clone(), value
	copy(s.x.W.Data, w.Data)
	s.land.finish(s.x.B, s.at.w, s.at.image)
}

// bounded certifies by the duality gap of the convex function below. The
// factors kept are those of least cost.
func (s *factoring) bounded(step int, tol float64, still bool) State {
	s.land.slope(s.at.g, s.at.w, s.at.image)
	s.dual = math.Max(s.dual, lower(s.land, s.below, s.at.w, s.at.g))
	u, v := s.f.Factor(s.at.w)
	cost := s.f.Left().Value(u) + s.f.Right().Value(v)
	cost -= s.f.Left().Value(s.at.u) + s.f.Right().Value(s.at.v)
	s.keep(u, v, s.at.w, s.at.value+cost)
	c := Gap(s.best, s.dual)
	st := State{Step: step, Point: s.x, Objective: s.best, Certificate: c}
	if c.Value <= tol {
		return st
	}
	st.Certificate.Kind = "bound"
	if still {
		s.put(u, v)
		s.stuck = false
		st.Stalled = !s.spread()
	}
	return st
}

// spread fills the pairs that are next to zero, a column of U and a row of V,
// with singular vectors of −∇f whose singular values exceed what they cost, so
// short that F falls. It returns false where there are none. The factors are
// those of Factor: the longest pairs first.
func (s *factoring) spread() bool {
	used, sum := s.used()
	left, sigma, right := num.SVD(s.at.g)
	lambda, fill := s.l2[0], 0
	for used+fill < s.k && sigma[fill] > lambda*(1+1e-12) {
		fill++
	}
	if fill == 0 {
		return false
	}
	square := 1e-2*sum/float64(s.k) + (sigma[0]-lambda)/s.land.bend()
	for range 60 {
		copy(s.next.z, s.at.z)
		for c := used; c < s.k; c++ {
			length := 0.0
			if c < used+fill {
				length = math.Sqrt(square * (sigma[c-used] - lambda) / (sigma[0] - lambda))
			}
			for j := range s.d {
				s.next.u.Set(j, c, -length*left.At(j, c-used))
			}
			for t := range s.t {
				s.next.v.Set(c, t, length*right.At(t, c-used))
			}
		}
		s.measure(s.next)
		if s.next.value < s.at.value {
			s.at, s.next = s.next, s.at
			s.memory.clear()
			return true
		}
		square /= 4
	}
	return false
}

// used is the number of pairs that are not next to zero, and the sum of their
// squared lengths.
func (s *factoring) used() (pairs int, sum float64) {
	for c := range s.k {
		length := num.Norm(s.at.v.Row(c))
		sum += length * length
		if length > 1e-4*math.Sqrt(sum) {
			pairs = c + 1
		}
	}
	return pairs, sum
}

// step moves once, or notes that it cannot.
func (s *factoring) step() {
	s.stuck = false
	if s.model != nil && s.leap() {
		return
	}
	for {
		p := s.memory.direction(s.at.sub)
		slope := 0.0
		for i, g := range s.at.sub {
			if s.l1[s.side(i)] > 0 && p[i]*g >= 0 {
				p[i] = 0
			}
			slope += p[i] * g
		}
		if slope < 0 && s.search(p, slope) {
			return
		}
		if s.memory.empty() {
			s.stuck = true
			return
		}
		s.memory.clear()
	}
}

// leap moves to where the quadratic model of f at W has its least, roughly. It
// returns false where F does not fall however much the model is damped.
func (s *factoring) leap() bool {
	for try := range 20 {
		if try > 0 {
			s.land.slope(s.at.g, s.at.w, s.at.image) // the rows remember the last point alone
		}
		inner := s.within(s.land.(*rows).model(s.model, s.damp))
		before, slope := inner.at.value, num.Norm(inner.at.sub)
		for range 300 {
			if inner.step(); inner.stuck || num.Norm(inner.at.sub) <= 0.03*slope {
				break
			}
		}
		copy(s.next.z, inner.at.z)
		s.measure(s.next)
		if s.falls(1e-4 * (inner.at.value - before)) {
			s.at, s.next = s.next, s.at
			s.memory.clear()
			s.damp = math.Max(1e-12, s.damp/10)
			return true
		}
		s.damp = math.Max(1e-4, 10*s.damp)
	}
	return false
}

// within is the same solver on another terrain, from here.
func (s *factoring) within(land terrain) *factoring {
	c := &factoring{p: s.p, land: land, f: s.f, d: s.d, k: s.k, t: s.t, l1: s.l1, l2: s.l2}
	c.at, c.next = c.room(), c.room()
	copy(c.at.z, s.at.z)
	c.measure(c.at)
	return c
}

// falls tells whether F falls from at to next by what is promised, which is
// below 0; or, where rounding hides that, whether the subgradient is shorter.
func (s *factoring) falls(promise float64) bool {
	fall := s.at.value - s.next.value
	return promise < 0 && fall >= -promise || math.Abs(fall) <= 1e-14*math.Abs(s.at.value) && num.Norm(s.next.sub) < num.Norm(s.at.sub)
}

// search goes along p: all the way, or less and less, until F falls by a share
// of what the slope promises.
func (s *factoring) search(p []float64, slope float64) bool {
	t := 1.0
	if s.memory.empty() {
		t = math.Min(1, 0.1*math.Max(num.Norm(s.at.z), 1e-8)/num.Norm(p))
	}
	for range 50 {
		promise := s.trial(p, t)
		s.measure(s.next)
		if s.falls(1e-4 * promise) {
			s.memory.add(s.at, s.next)
			s.at, s.next = s.next, s.at
			return true
		}
		t = shorter(t, s.at.value-s.next.value, slope)
	}
	return false
}

// shorter is a step below t, at which F fell, by the parabola through both ends
// and the slope.
func shorter(t, fall, slope float64) float64 {
	best := 0.5 * slope * t * t / (fall + slope*t)
	if best >= 0.1*t && best <= 0.5*t {
		return best
	}
	return 0.5 * t
}

// trial sets next to π(z + tp) and returns ⟨⋄F, next − z⟩. A pair of which one
// half is all zero costs something and gives nothing: the other is then zero
// too.
func (s *factoring) trial(p []float64, t float64) float64 {
	z, next := s.at.z, s.next.z
	for i, x := range z {
		to := x + t*p[i]
		if s.l1[s.side(i)] > 0 {
			orthant := x
			if x == 0 {
				orthant = -s.at.sub[i]
			}
			if to*orthant <= 0 {
				to = 0
			}
		}
		next[i] = to
	}
	if s.l1[0]+s.l1[1] > 0 {
		s.prune()
	}
	promise := 0.0
	for i, g := range s.at.sub {
		promise += g * (next[i] - z[i])
	}
	return promise
}

// prune zeroes the pairs of which one half is zero.
func (s *factoring) prune() {
	column := make([]float64, s.d)
	for c := range s.k {
		if num.Norm(s.next.v.Row(c)) == 0 || num.Norm(s.next.u.Col(column, c)) == 0 {
			s.next.u.SetCol(c, make([]float64, s.d))
			clear(s.next.v.Row(c))
		}
	}
}

// An lbfgs holds the last steps and how the gradient changed over them.
type lbfgs struct {
	steps, turns [][]float64
	curve        []float64 // their products
}

// remembered is how many.
const remembered = 20

func (m *lbfgs) empty() bool { return len(m.steps) == 0 }
func (m *lbfgs) clear()      { *m = lbfgs{} }

// add remembers the step from a to b, where the curvature along it is positive.
func (m *lbfgs) add(a, b *factors) {
	step, turn := append([]float64(nil), b.z...), append([]float64(nil), b.smooth...)
	num.Axpy(-1, a.z, step)
	num.Axpy(-1, a.smooth, turn)
	curve := num.Dot(step, turn)
	if !(curve > 1e-10*num.Norm(step)*num.Norm(turn)) {
		return
	}
	m.steps, m.turns, m.curve = append(m.steps, step), append(m.turns, turn), append(m.curve, curve)
	if len(m.steps) > remembered {
		m.steps, m.turns, m.curve = m.steps[1:], m.turns[1:], m.curve[1:]
	}
}

// direction is −Hg by the two-loop recursion.
//
// Nocedal, Updating quasi-Newton matrices with limited storage, Mathematics of
// Computation 35, 1980.
func (m *lbfgs) direction(g []float64) []float64 {
	p := make([]float64, len(g))
	num.Axpy(-1, g, p)
	n := len(m.steps)
	share := make([]float64, n)
	for i := n - 1; i >= 0; i-- {
		share[i] = num.Dot(m.steps[i], p) / m.curve[i]
		num.Axpy(-share[i], m.turns[i], p)
	}
	if n > 0 {
		scale := m.curve[n-1] / num.Dot(m.turns[n-1], m.turns[n-1])
		for i := range p {
			p[i] *= scale
		}
	}
	for i := range n {
		num.Axpy(share[i]-num.Dot(m.turns[i], p)/m.curve[i], m.steps[i], p)
	}
	return p
}

// factors of a point: its own, or those of W.
func factorsOf(f penalty.Factored, x *Point) (u, v *num.Dense) {
	if x.U != nil {
		return x.U, x.V
	}
	return f.Factor(x.W)
}

// certifyFactored is Certify for penalties on factors: by the duality gap of the
// convex function below, a bound, or by the residual.
func certifyFactored(p *Problem, f penalty.Factored, x *Point) (float64, kindred.Certificate) {
	OptimizeIntercepts(p, x)
	objective := Objective(p, x)
	if b, ok := f.(penalty.Bounded); ok {
		q := *p
		q.Penalty = b.Below()
		_, c := Certify(&q, x)
		c.Kind = "bound"
		return objective, c
	}
	g := Gradient(p, x)
	u, v := factorsOf(f, x)
	su, sv := num.NewDense(u.Rows, u.Cols), num.NewDense(v.Rows, v.Cols)
	pullBack(su, sv, g, u, v)
	for _, side := range []struct {
		sub, z *num.Dense
		f      penalty.Elastic
	}{{su, u, f.Left()}, {sv, v, f.Right()}} {
		l1, l2 := side.f.Elastic()
		for i, x := range side.z.Data {
			side.sub.Data[i] = steepest(side.sub.Data[i]+l2*x, x, l1)
		}
	}
	return objective, kindred.Certificate{Kind: "residual", Value: unstationary(su.Data, sv.Data, u.Data, v.Data, steepness(p))}
}
