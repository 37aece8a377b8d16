package solve

import (
	"context"
	"fmt"
	"iter"
	"math"
	"slices"

	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
)

// Interior takes the hinge with an Arrow penalty, Ω(W) = ½⟨W, K⁻¹W⟩: the
// support vector machine with free intercepts. With signs s = ±1 it follows
// the central path of
//
//	max over α of  Σ α_i − ½⟨XᵀSα, K XᵀSα⟩,   0 ≤ α_i ≤ w_i,   Σ_i s_i α_i = 0 in every task
//
// by Mehrotra's predictor and corrector. α has the multiplier z, β = w − α the
// multiplier u, and W = KXᵀSα has the margins 1 − s(XW + b) = u − z. All but
// the change of W is eliminated; what is left is a system of weighted least
// squares with
//
//	h_i = 1/(z_i/α_i + u_i/β_i)
//
// The start is not used.
//
// Mehrotra, On the implementation of a primal-dual interior point method, SIAM
// J. Optimization 2, 1992; Ferris, Munson, Interior-point methods for massive
// support vector machines, SIAM J. Optimization 13, 2002, section 3.
type Interior struct{}

// Accepts implements Solver.
func (*Interior) Accepts(p *Problem) error {
	arrow, ok := p.Penalty.(penalty.Arrow)
	if !ok {
		return fmt.Errorf("interior needs a quadratic penalty (ridge, shared, common)")
	}
	sparse := false
	for i := range p.Tasks {
		if _, ok := p.Tasks[i].Loss.(loss.Hinge); !ok {
			return fmt.Errorf("interior needs hinge, and not %s", loss.All.NameOf(p.Tasks[i].Loss))
		}
		sparse = sparse || p.Tasks[i].X.Sparse()
	}
	c := curvature{p: p, k: newCovariance(arrow)}
	if sparse && c.way(direct) == byDiagonal {
		return fmt.Errorf("interior needs at most %d features or rows where rows are sparse; dualcd takes more", direct)
	}
	return nil
}

// tiring is how many multiplications in the systems of one step make interior
// slow: about two seconds.
const tiring = 1 << 32

// Slow implements Weary.
func (*Interior) Slow(p *Problem) bool {
	work := 0.0
	for i := range p.Tasks {
		x := p.Tasks[i].X
		if x.Sparse() {
			for r := range x.Rows {
				at, _ := x.Row(r)
				work += float64(len(at)) * float64(len(at))
			}
			work += math.Pow(float64(x.Cols), 3) / 3
			continue
		}
		work += float64(x.Rows) * float64(x.Cols) * float64(min(x.Rows, x.Cols))
	}
	return work > tiring
}

// Steps implements Solver. Step 0 is where the path begins.
func (*Interior) Steps(ctx context.Context, p *Problem, _ *Point, tol float64) iter.Seq[State] {
	return func(yield func(State) bool) {
		c := newCentral(p)
		best, since := State{Point: NewPoint(p), Certificate: unknown}, 0
		for step := 0; ctx.Err() == nil; step++ {
			primal, gap := c.certify(tol)
			since++
			if certificate := Gap(primal, primal-gap); certificate.Value < best.Certificate.Value {
				if certificate.Value < 0.9*best.Certificate.Value {
					since = 0
				}
				best.Objective, best.Certificate = primal, certificate
				c.write(best.Point)
			}
			patience := 50
			if best.Certificate.Value < 1e-6 {
				patience = 5
			}
			best.Step, best.Stalled = step, since >= patience
			if !yield(best) {
				return
			}
			c.step(ctx, gap, primal)
		}
	}
}

// central is where the path stands.
type central struct {
	p     *Problem
	k     *covariance
	rows  *rows
	sides []side
	w     *num.Dense
	g     *num.Dense // room, d × k
	image []float64  // room
	count float64    // rows that take part
	limit int        // of what is solved directly
}

// A side is the rows of one task.
type side struct {
	free, still       bool    // still: one class and a free intercept, so that α = 0
	b, best           float64 // the path's intercept, the one yielded
	s, w              []float64
	out               []float64 // XW
	alpha, beta, z, u []float64
	h                 []float64 // weights of the system
	dir, spare        direction
	q, ahead, gain    []float64 // what is asked of the margins, XΔW, ΔSα
	lift              float64   // the intercept's step where W stays
}

// A direction is where one task's variables go; β goes by −alpha.
type direction struct {
	toZ, toU    []float64 // what αz and βu shall change by
	alpha, z, u []float64
	b           float64
}

func newCentral(p *Problem) *central {
	c := &central{p: p, limit: direct, k: newCovariance(p.Penalty.(penalty.Arrow)), rows: newRows(p, make([]float64, p.Columns()))}
	c.sides = make([]side, len(p.Tasks))
	c.w, c.g = num.NewDense(p.Features(), p.Columns()), num.NewDense(p.Features(), p.Columns())
	c.image = make([]float64, c.rows.length())
	for t := range c.sides {
		c.sides[t].begin(&p.Tasks[t])
		c.count += c.sides[t].rows()
	}
	num.For(len(c.sides), func(t int) { c.sides[t].multipliers(&p.Tasks[t]) })
	return c
}

// begin sets α to half of what both classes can have.
func (s *side) begin(t *Task) {
	n := t.X.Rows
	for _, room := range []*[]float64{&s.s, &s.w, &s.out, &s.alpha, &s.beta, &s.z, &s.u, &s.h, &s.ahead, &s.q, &s.gain} {
		*room = make([]float64, n)
	}
	for _, d := range []*direction{&s.dir, &s.spare} {
		for _, room := range []*[]float64{&d.toZ, &d.toU, &d.alpha, &d.z, &d.u} {
			*room = make([]float64, n)
		}
	}
	total := [2]float64{}
	for i, y := range t.Y {
		s.s[i], s.w[i] = 2*y-1, weightAt(t, i)
		total[int(y)] += s.w[i]
	}
	s.free = t.Fixed == nil
	if !s.free {
		s.b = t.Fixed[0]
	}
	lesser := math.Min(total[0], total[1])
	s.still = s.free && lesser == 0
	for i, y := range t.Y {
		share := 0.5
		if s.free && total[int(y)] > 0 {
			share = 0.5 * lesser / total[int(y)]
		}
		s.alpha[i] = share * s.w[i]
		s.beta[i] = s.w[i] - s.alpha[i]
	}
}

// takes tells whether row i takes part: otherwise α_i = 0.
func (s *side) takes(i int) bool { return s.w[i] > 0 && !s.still }

func (s *side) rows() float64 {
	n := 0.0
	for i := range s.w {
		if s.takes(i) {
			n++
		}
	}
	return n
}

// gradient sets g to Xᵀ of what is given of each row.
func (c *central) gradient(of func(s *side, i int) float64) {
	num.For(len(c.sides), func(t int) {
		s := &c.sides[t]
		_, width, at := c.rows.strides(t)
		for i := range s.w {
			c.image[at+i*width] = of(s, i)
		}
	})
	backward(c.rows.groups, c.g, c.rows.parts(c.image))
}

// refresh sets W = KXᵀSα, and out.
func (c *central) refresh() {
	c.gradient(func(s *side, i int) float64 { return s.s[i] * s.alpha[i] })
	c.k.times(c.w, c.g)
	c.rows.image(c.image, c.w)
	num.For(len(c.sides), func(t int) { c.rows.read(c.sides[t].out, c.image, t) })
}

// multipliers begins with the margins at W = 0 and the best intercept, and
// complements of one size. W = KXᵀSα is off by more the weaker Ω is; that
// matters less than α near its bounds would.
func (s *side) multipliers(t *Task) {
	b := []float64{0}
	optimizeIntercept(t, make([]float64, len(s.w)), b)
	if s.free {
		s.b = b[0]
	}
	for i := range s.w {
		m := 1 - s.s[i]*s.b
		s.u[i], s.z[i] = math.Max(0, m)+1, math.Max(0, -m)+1
	}
}

// certify returns the objective and the duality gap
//
//	Σ_i β_i max(0, m_i) + α_i max(0, −m_i),   m_i = 1 − s_i(x_i·W + b),
//
// which is all there is as long as W = KXᵀSα and Σ sα = 0. Intercepts are the
// path's own, and the best ones near the end.
func (c *central) certify(tol float64) (primal, gap float64) {
	num.For(len(c.sides), func(t int) { c.sides[t].balance() })
	c.refresh()
	omega := 0.5 * num.Dot(c.w.Data, c.g.Data)
	values, gaps := make([]float64, len(c.sides)), make([]float64, len(c.sides))
	sum := func(exact bool) {
		num.For(len(c.sides), func(t int) {
			s := &c.sides[t]
			s.best = s.b
			if s.free && (exact || s.still) {
				b := []float64{s.b}
				z := make([]float64, len(s.out))
				for i, v := range s.out {
					z[i] = v + s.b
				}
				optimizeIntercept(&c.p.Tasks[t], z, b)
				s.best = b[0]
			}
			values[t], gaps[t] = s.gap()
		})
		primal, gap = num.Sum(values)+omega, num.Sum(gaps)
	}
	sum(false)
	if gap <= 10*tol*math.Abs(primal) {
		sum(true)
	}
	return primal, gap
}

func (s *side) gap() (value, gap float64) {
	for i, v := range s.out {
		m := 1 - s.s[i]*(v+s.best)
		if m > 0 {
			value += s.w[i] * m
			gap += (s.w[i] - s.alpha[i]) * m
		} else {
			gap -= s.alpha[i] * m
		}
	}
	return value, gap
}

// balance takes the rounding out of Σ sα = 0.
func (s *side) balance() {
	if !s.free || s.still {
		return
	}
	off, room := 0.0, 0.0
	for i, w := range s.w {
		if w > 0 {
			off += s.s[i] * s.alpha[i]
			room += s.alpha[i] * s.beta[i] / w
		}
	}
	if off == 0 || !(room > 0) {
		return
	}
	for i, w := range s.w {
		if w > 0 {
			by := s.s[i] * off / room * s.alpha[i] * s.beta[i] / w
			s.alpha[i] -= by
			s.beta[i] += by
		}
	}
}

func (c *central) write(x *Point) {
	copy(x.W.Data, c.w.Data)
	x.A = make([][]float64, len(c.sides))
	for t := range c.sides {
		s := &c.sides[t]
		x.B[t], x.A[t] = s.best, make([]float64, len(s.s))
		for i, v := range s.alpha {
			x.A[t][i] = s.s[i] * math.Min(v, s.w[i])
		}
	}
}

// Of the path.
const (
	correctors = 2     // of centrality, at most, in a step
	farther    = 0.3   // how much longer a step each of them aims at
	spread     = 10    // how far αz may be from its aim, as a factor
	nearly     = 0.995 // of the way to the boundary
)

// step predicts, corrects and moves.
func (c *central) step(ctx context.Context, gap, primal float64) {
	h := make([][]float64, len(c.sides))
	num.For(len(c.sides), func(t int) { h[t] = c.sides[t].weights() })
	solve := c.solver(ctx, h, gap)
	c.direct(solve)
	mu := c.complement(0)
	center := math.Pow(c.complement(math.Min(1, c.longest()))/mu, 3) * mu
	num.For(len(c.sides), func(t int) {
		d := &c.sides[t].dir
		for i, by := range d.alpha {
			d.toZ[i] += center - by*d.z[i]
			d.toU[i] += center + by*d.u[i]
		}
	})
	c.direct(solve)
	for range correctors {
		if !c.correct(solve, center) {
			break
		}
	}
	for _, near := range []float64{1e-4, 1e-6} { // where rounding begins to count
		if gap <= near*math.Abs(primal) {
			c.refine(solve)
		}
	}
	c.move(math.Min(1, nearly*c.longest()))
}

// weights sets h, and toZ and toU to what would end the path at once.
func (s *side) weights() []float64 {
	for i := range s.h {
		if s.takes(i) {
			s.h[i] = 1 / (s.z[i]/s.alpha[i] + s.u[i]/s.beta[i])
			s.dir.toZ[i], s.dir.toU[i] = -s.z[i]*s.alpha[i], -s.u[i]*s.beta[i]
		}
	}
	return s.h
}

// solver returns what finds the gain that belongs to q, and X times the step of
// W that belongs to the gain.
func (c *central) solver(ctx context.Context, h [][]float64, gap float64) func() {
	s, exact := (&curvature{p: c.p, k: c.k, h: h}).system(c.limit)
	switch s := s.(type) {
	case *kernels:
		return func() { c.byRows(s) }
	case *arrow:
		return func() { c.byFeatures(s.solve); c.byPrivateRows(s) }
	}
	parts := make([]func(z []float64), len(h))
	for t := range parts {
		parts[t] = weigh(h[t], c.sides[t].free)
	}
	times := c.rows.hessian(parts)
	if exact {
		return func() { c.byFeatures(s.solve) }
	}
	return func() {
		c.byFeatures(func(w *num.Dense) {
			copy(w.Data, conjugateGradients(ctx, c.k, times, s, w, 1e-4*gap, 1000).Data)
		})
	}
}

// byFeatures solves for the step of W. It takes a gain from a difference that
// is small where h is large.
func (c *central) byFeatures(solve func(w *num.Dense)) {
	c.gradient(func(s *side, i int) float64 { return s.h[i] * s.q[i] })
	c.k.times(c.g, c.g)
	solve(c.g)
	c.look()
	num.For(len(c.sides), func(t int) {
		s := &c.sides[t]
		mean := s.mean()
		for i, h := range s.h {
			s.gain[i] = h * (s.q[i] - s.ahead[i] + mean)
		}
	})
}

// byRows solves (I + Z K Zᵀ) y = √h q for y = gain/√h, all tasks of a slot
// together.
func (c *central) byRows(s *kernels) {
	for i, columns := range c.k.slots {
		y := make([][]float64, len(columns))
		for a, t := range columns {
			y[a] = c.sides[t].scaled()
		}
		s.kernels[i].duals(y)
		for a, t := range columns {
			c.sides[t].spread(y[a])
		}
	}
	c.follow(func(s *side, i int) float64 { return s.gain[i] })
}

// byPrivateRows does so for the private part of tasks with few rows, w0 being
// known from the step of W.
func (c *central) byPrivateRows(s *arrow) {
	some := make([]bool, len(c.sides))
	for _, columns := range c.k.slots {
		w0 := make([]float64, c.g.Rows)
		for j := range w0 {
			w0[j] = c.k.mean(c.g.Row(j), columns)
		}
		num.For(len(columns), func(a int) {
			t := columns[a]
			if s.blocks == nil {
				return
			}
			rows, ok := s.blocks[t].(*kernel)
			if !ok {
				return
			}
			y := c.sides[t].scaled()
			pull := make([]float64, len(y))
			rows.parts[0].mul(pull, w0)
			num.Axpy(-1, pull, y)
			rows.duals([][]float64{y})
			c.sides[t].spread(y)
			some[t] = true
		})
	}
	if slices.Contains(some, true) {
		c.follow(func(s *side, i int) float64 { return s.gain[i] })
	}
}

// scaled is √h q of the rows with h > 0.
func (s *side) scaled() []float64 {
	var y []float64
	for i, h := range s.h {
		if h > 0 {
			y = append(y, math.Sqrt(h)*s.q[i])
		}
	}
	return y
}

// spread sets the gain to √h y, with y of the rows with h > 0. Rounding is
// largest along y = √h, where the sum of a free intercept's task is not 0.
func (s *side) spread(y []float64) {
	at, sum, total := 0, 0.0, 0.0
	for i, h := range s.h {
		s.gain[i] = 0
		if h > 0 {
			s.gain[i] = math.Sqrt(h) * y[at]
			at++
		}
		sum += s.gain[i]
		total += h
	}
	if s.free && total > 0 {
		num.Axpy(-sum/total, s.h, s.gain)
	}
}

// mean is that of ahead by the weights h where the intercept is free, else 0.
func (s *side) mean() float64 {
	sum, total := 0.0, 0.0
	for i, h := range s.h {
		sum += h * s.ahead[i]
		total += h
	}
	if !s.free || total == 0 {
		return 0
	}
	return sum / total
}

// direct solves the linearized conditions for what αz and βu shall change by,
//
//	ΔSα = h (q − XΔW − Δb),   ΔW = KXᵀΔSα,   Σ ΔSα = 0,
//
// with q = s(toZ/α − toU/β + what the margin is off by).
func (c *central) direct(solve func()) {
	num.For(len(c.sides), func(t int) {
		s := &c.sides[t]
		clear(s.dir.alpha)
		clear(s.ahead)
		s.dir.b = 0
	})
	c.advance(solve)
}

// refine solves them once more for what is left.
func (c *central) refine(solve func()) {
	num.For(len(c.sides), func(t int) {
		s := &c.sides[t]
		for i, v := range s.s {
			s.dir.alpha[i] *= v
		}
	})
	c.follow(func(s *side, i int) float64 { return s.dir.alpha[i] })
	c.advance(solve)
}

func (c *central) advance(solve func()) {
	num.For(len(c.sides), func(t int) { c.sides[t].aim() })
	solve()
	num.For(len(c.sides), func(t int) { c.sides[t].reach() })
}

// follow sets ahead to X times K Xᵀ of what is given of each row.
func (c *central) follow(of func(s *side, i int) float64) {
	c.gradient(of)
	c.k.times(c.g, c.g)
	c.look()
}

// look sets ahead to X times c.g.
func (c *central) look() {
	c.rows.image(c.image, c.g)
	num.For(len(c.sides), func(t int) { c.rows.read(c.sides[t].ahead, c.image, t) })
}

// aim sets q, less the step of the intercept that would do if W stayed. The
// direction's alpha still has its signs, Sα.
func (s *side) aim() {
	sum, total := 0.0, 0.0
	for i, h := range s.h {
		if h > 0 {
			off := s.s[i]*(s.out[i]+s.b) - 1 + s.u[i] - s.z[i]
			s.q[i] = s.s[i]*(s.dir.toZ[i]/s.alpha[i]-s.dir.toU[i]/s.beta[i]-off) - s.ahead[i] - s.dir.b - s.dir.alpha[i]/h
			sum += h*s.q[i] + s.dir.alpha[i]
			total += h
		}
	}
	s.lift = 0
	if s.free && total > 0 {
		s.lift = sum / total
	}
	for i := range s.q {
		s.q[i] -= s.lift
	}
}

// reach adds the gain to the direction, takes the signs off and finds z and u.
func (s *side) reach() {
	d := &s.dir
	d.b += s.lift - s.mean()
	for i, v := range s.gain {
		if s.takes(i) {
			by := s.s[i] * (d.alpha[i] + v)
			d.alpha[i] = by
			d.z[i] = (d.toZ[i] - s.z[i]*by) / s.alpha[i]
			d.u[i] = (d.toU[i] + s.u[i]*by) / s.beta[i]
		}
	}
}

// correct asks for a longer step: products that it would take far from their
// aim are drawn back. It tells whether that made the step longer; if not, the
// direction stays.
func (c *central) correct(solve func(), center float64) bool {
	length := math.Min(1, c.longest())
	aim := math.Min(1, length+farther)
	if aim-length < 0.1 {
		return false
	}
	num.For(len(c.sides), func(t int) {
		s := &c.sides[t]
		s.dir, s.spare = s.spare, s.dir
		d := &s.spare
		for i, by := range d.alpha {
			if s.takes(i) {
				s.dir.toZ[i] = d.toZ[i] + drawn((s.alpha[i]+aim*by)*(s.z[i]+aim*d.z[i]), center)
				s.dir.toU[i] = d.toU[i] + drawn((s.beta[i]-aim*by)*(s.u[i]+aim*d.u[i]), center)
			}
		}
	})
	c.direct(solve)
	if math.Min(1, c.longest()) >= length+0.1*(aim-length) {
		return true
	}
	for t := range c.sides {
		s := &c.sides[t]
		s.dir, s.spare = s.spare, s.dir
	}
	return false
}

// drawn is what takes a product into reach of its aim; a large one not at once.
func drawn(product, aim float64) float64 {
	switch {
	case product < aim/spread:
		return aim/spread - product
	case product > aim*spread:
		return math.Max(aim*spread-product, -aim*spread)
	}
	return 0
}

// longest is the longest step that leaves everything at least 0, at most 2.
func (c *central) longest() float64 {
	steps := make([]float64, len(c.sides))
	num.For(len(c.sides), func(t int) {
		s, most := &c.sides[t], 2.0
		for i, d := range s.dir.alpha {
			if s.takes(i) {
				most = shorten(most, s.alpha[i], d)
				most = shorten(most, s.beta[i], -d)
				most = shorten(most, s.z[i], s.dir.z[i])
				most = shorten(most, s.u[i], s.dir.u[i])
			}
		}
		steps[t] = most
	})
	return slices.Min(steps)
}

// shorten is the lesser of step and the one at which x + step·d is 0.
func shorten(step, x, d float64) float64 {
	if step*d < -x {
		return -x / d
	}
	return step
}

// complement is the mean of αz and βu after a step.
func (c *central) complement(step float64) float64 {
	sums := make([]float64, len(c.sides))
	num.For(len(c.sides), func(t int) {
		s := &c.sides[t]
		for i, d := range s.dir.alpha {
			if s.takes(i) {
				sums[t] += (s.alpha[i]+step*d)*(s.z[i]+step*s.dir.z[i]) + (s.beta[i]-step*d)*(s.u[i]+step*s.dir.u[i])
			}
		}
	})
	return num.Sum(sums) / math.Max(1, 2*c.count)
}

func (c *central) move(step float64) {
	num.For(len(c.sides), func(t int) {
		s := &c.sides[t]
		for i, d := range s.dir.alpha {
			if s.takes(i) {
				s.alpha[i] += step * d
				s.beta[i] -= step * d
				s.z[i] += step * s.dir.z[i]
				s.u[i] += step * s.dir.u[i]
			}
		}
		s.b += step * s.dir.b
	})
}
