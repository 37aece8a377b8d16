package solve

import (
	"context"
	"fmt"
	"iter"
	"math"
	"slices"
	"sync"

	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/num"
)

// Interior takes the hinge with a quadratic penalty, Ω(W) = ½⟨W, K⁻¹W⟩: the
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
// The start is not used. Where λ is less than some 1e-5 of the rows' squared
// length, rounding may leave a gap of more than 1e-8: the path then stalls.
//
// Mehrotra, On the implementation of a primal-dual interior point method, SIAM
// J. Optimization 2, 1992; Ferris, Munson, Interior-point methods for massive
// support vector machines, SIAM J. Optimization 13, 2002, section 3.
type Interior struct{}

// Accepts implements Solver.
func (*Interior) Accepts(p *Problem) error {
	if !hasCovariance(p.Penalty) {
		return fmt.Errorf("interior needs a quadratic penalty, of a covariance that is not singular or one vector for all")
	}
	sparse := false
	for i := range p.Tasks {
		if _, ok := p.Tasks[i].Loss.(loss.Hinge); !ok {
			return fmt.Errorf("interior needs hinge, and not %s", loss.All.NameOf(p.Tasks[i].Loss))
		}
		sparse = sparse || p.Tasks[i].X.Sparse()
	}
	if sparse && (&curvature{p: p, k: covarianceOf(p.Penalty)}).way(direct) == byDiagonal {
		return fmt.Errorf("interior needs at most %d features or rows where rows are sparse; dualcd takes more, with ridge and shared weights", direct)
	}
	return nil
}

// tiring is how many multiplications in the systems of one step make interior
// slow: about two seconds.
const tiring = 1 << 32

// Slow implements Weary. Conjugate gradients do not come close enough where h
// is large.
func (*Interior) Slow(p *Problem) bool {
	if c := (curvature{p: p, k: covarianceOf(p.Penalty)}); c.way(direct) == byDiagonal {
		return true
	}
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
		defer c.release()
		c.eager(tol)
		best, since := State{Point: NewPoint(p), Certificate: unknown}, 0
		best.Point.A = make([][]float64, len(p.Tasks))
		for t := range best.Point.A {
			best.Point.A[t] = make([]float64, p.Tasks[t].X.Rows)
		}
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
			switch {
			case best.Certificate.Value < 1e-6:
				patience = 5
			case best.Certificate.Value < 0.1:
				patience = 15
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
	p     *Problem // without rows of weight 0
	kept  [][]int  // of each task, the rows that are in p where not all are
	k     *covariance
	bends *curvature
	solve func(before, after func(s *side)) // of one step
	sides []side
	w, g  *num.Dense
	count float64 // rows that take part
	limit int     // of what is solved directly
	// How eager the path is.
	center, nearly float64
}

// A side is the rows of one task.
type side struct {
	x           *twofold
	free, still bool    // still: one class and a free intercept, so that α = 0
	b, best     float64 // the path's intercept, the one yielded

	s, w, out         []float64 // signs, weights, XW
	alpha, beta, z, u []float64

	perAlpha, perBeta []float64 // 1/α, 1/β
	off               []float64 // what the margins are off by
	h                 []float64 // weights of the system
	total             float64   // Σh
	q, ahead, gain    []float64 // what is asked of the margins, XΔW, ΔSα
	lift              float64   // the intercept's step where W stays
	dir, spare        direction
	column, pulled    []float64 // room, d
	value, gap, left  float64
	room              *[]float64 // of all of these
}

// sideRooms are for the next paths: folds and strengths follow one another.
var sideRooms = sync.Pool{New: func() any { return new([]float64) }}

// release ends the use of the path.
func (c *central) release() {
	for t := range c.sides {
		sideRooms.Put(c.sides[t].room)
	}
}

// A direction is where one task's variables go; β goes by −alpha.
type direction struct {
	toZ, toU    []float64 // what αz and βu shall change by
	alpha, z, u []float64
	b           float64
	most        float64    // the longest step that leaves everything at least 0, at most 2
	complement  [3]float64 // Σ αz + βu after a step t, as a polynomial in t
}

func newCentral(p *Problem) *central {
	c := &central{limit: direct, k: covarianceOf(p.Penalty)}
	c.eager(0)
	c.p, c.kept = weighted(p)
	c.sides = make([]side, len(p.Tasks))
	h, x := make([][]float64, len(p.Tasks)), twofolds(c.p)
	c.w, c.g = num.NewDense(p.Features(), p.Columns()), num.NewDense(p.Features(), p.Columns())
	c.p.each(func(t int) {
		c.sides[t].begin(&c.p.Tasks[t], x[t])
		c.sides[t].multipliers(&c.p.Tasks[t])
		c.total(t)
		h[t] = c.sides[t].h
	})
	for t := range c.sides {
		if s := &c.sides[t]; !s.still {
			c.count += float64(len(s.s))
		}
	}
	c.bends = &curvature{p: c.p, k: c.k, h: h, x: x}
	return c
}

// weighted is p without the rows of weight 0, and the rows that it keeps of
// the tasks that have some.
func weighted(p *Problem) (*Problem, [][]int) {
	q, kept := &Problem{Tasks: slices.Clone(p.Tasks), Penalty: p.Penalty, Layout: p.Layout}, make([][]int, len(p.Tasks))
	for t := range q.Tasks {
		task := &q.Tasks[t]
		if !slices.Contains(task.Weight, 0) {
			continue
		}
		rows, y, w := []int{}, []float64{}, []float64{}
		for i, v := range task.Weight {
			if v != 0 {
				rows, y, w = append(rows, i), append(y, task.Y[i]), append(w, v)
			}
		}
		kept[t], task.X, task.Y, task.Weight = rows, task.X.Select(rows), y, w
	}
	return q, kept
}

// begin sets α to half of what both classes can have.
func (s *side) begin(t *Task, x *twofold) {
	n, d := t.X.Rows, t.X.Cols
	s.x = x
	all := []*[]float64{&s.s, &s.w, &s.out, &s.alpha, &s.beta, &s.z, &s.u, &s.perAlpha, &s.perBeta, &s.off, &s.h, &s.q, &s.ahead, &s.gain}
	for _, d := range []*direction{&s.dir, &s.spare} {
		all = append(all, &d.toZ, &d.toU, &d.alpha, &d.z, &d.u)
	}
	s.room = sideRooms.Get().(*[]float64)
	room := slices.Grow((*s.room)[:0], 2*d+n*len(all))[:2*d+n*len(all)]
	*s.room = room
	clear(room)
	s.column, s.pulled, room = room[:d:d], room[d:2*d:2*d], room[2*d:]
	for i, part := range all {
		*part = room[i*n : (i+1)*n : (i+1)*n]
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
		if s.free {
			share = 0.5 * lesser / total[int(y)]
		}
		s.alpha[i] = share * s.w[i]
		s.beta[i] = s.w[i] - s.alpha[i]
	}
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

// pull sets column t of g to Xᵀ of a task's numbers.
func (c *central) pull(t int, of []float64) {
	s := &c.sides[t]
	s.x.mulT(s.column, of)
	c.g.SetCol(t, s.column)
}

// look sets out to X times column t of w.
func (c *central) look(t int, out []float64, w *num.Dense) {
	s := &c.sides[t]
	s.x.mul(out, w.Col(s.column, t))
}

// total takes the rounding out of Σ sα = 0 and pulls Sα.
func (c *central) total(t int) {
	s := &c.sides[t]
	s.balance()
	for i, v := range s.alpha {
		s.gain[i] = s.s[i] * v
	}
	c.pull(t, s.gain)
}

func (s *side) balance() {
	if !s.free || s.still {
		return
	}
	off, room := 0.0, 0.0
	for i, w := range s.w {
		off += s.s[i] * s.alpha[i]
		room += s.alpha[i] * s.beta[i] / w
	}
	if off == 0 || !(room > 0) {
		return
	}
	for i, w := range s.w {
		by := s.s[i] * off / room * s.alpha[i] * s.beta[i] / w
		s.alpha[i] -= by
		s.beta[i] += by
	}
}

// certify sets W = KXᵀSα and returns the objective and the duality gap
//
//	Σ_i β_i max(0, m_i) + α_i max(0, −m_i),   m_i = 1 − s_i(x_i·W + b),
//
// which is all there is as long as Σ sα = 0. Intercepts are the path's own, and
// the best ones near the end.
func (c *central) certify(tol float64) (primal, gap float64) {
	c.k.times(c.w, c.g)
	omega := 0.5 * num.Dot(c.w.Data, c.g.Data)
	c.p.each(func(t int) {
		c.look(t, c.sides[t].out, c.w)
		c.sides[t].measure(&c.p.Tasks[t], false)
	})
	primal, gap = c.sums(omega)
	if gap <= 2*tol*math.Abs(primal) {
		c.p.each(func(t int) { c.sides[t].measure(&c.p.Tasks[t], true) })
		primal, gap = c.sums(omega)
	}
	return primal, gap
}

func (c *central) sums(omega float64) (primal, gap float64) {
	for t := range c.sides {
		primal += c.sides[t].value
		gap += c.sides[t].gap
	}
	return primal + omega, gap
}

// measure sets a task's share of the objective and of the gap.
func (s *side) measure(t *Task, exact bool) {
	s.best = s.b
	value, gap := 0.0, 0.0
	if s.free && (exact || s.still) {
		for i, v := range s.out {
			s.q[i] = v + s.b
		}
		b := []float64{s.b}
		optimizeIntercept(t, s.q, b)
		s.best = b[0]
	}
	for i, v := range s.out {
		m := 1 - s.s[i]*(v+s.best)
		above, below := max(0, m), max(0, -m)
		value += s.w[i] * above
		gap += (s.w[i]-s.alpha[i])*above + s.alpha[i]*below
	}
	s.value, s.gap = value, gap
}

func (c *central) write(x *Point) {
	copy(x.W.Data, c.w.Data)
	for t := range c.sides {
		s := &c.sides[t]
		x.B[t] = s.best
		for i, v := range s.alpha {
			row := i
			if c.kept[t] != nil {
				row = c.kept[t][i]
			}
			x.A[t][row] = s.s[i] * min(v, s.w[i])
		}
		if s.still {
			clear(x.A[t])
		}
	}
}

// Of the path.
const (
	correctors  = 2    // of centrality, at most, in a step
	refinements = 3    // at most, in a step
	farther     = 0.3  // how much longer a step each of them aims at
	spread      = 10   // how far αz may be from its aim, as a factor
	rough       = 1e-5 // the least gap asked for that the path may be eager for
)

// eager tells how far the path goes at once: toward the center as a power of
// what the prediction leaves, and of the way to the boundary. The eager way takes
// a tenth fewer steps; now and then it stalls where digits run out.
func (c *central) eager(tol float64) {
	c.center, c.nearly = 3, 0.995
	if tol >= rough {
		c.center, c.nearly = 4, 0.998
	}
}

// step predicts, corrects and moves.
func (c *central) step(ctx context.Context, gap, primal float64) {
	c.p.each(func(t int) { c.sides[t].weights() })
	system, _ := c.bends.system(c.limit)
	c.solve = c.solver(ctx, system, gap)
	c.direct((*side).predict)
	mu := c.complement(0)
	center := math.Pow(c.complement(math.Min(1, c.longest()))/mu, c.center) * mu
	c.direct(func(s *side) { s.second(center) })
	for range correctors {
		if !c.correct(center) {
			break
		}
	}
	if gap <= 1e-3*math.Abs(primal) { // rounding begins to count
		c.refine(1e-3 * gap)
	}
	length := math.Min(1, c.nearly*c.longest())
	c.p.each(func(t int) {
		c.sides[t].move(length)
		c.total(t)
	})
}

// weights sets h and what a step takes its directions from.
func (s *side) weights() {
	s.total = 0
	if s.still {
		return
	}
	for i, z := range s.z {
		u := s.u[i]
		a, b := 1/s.alpha[i], 1/s.beta[i]
		h := 1 / (z*a + u*b)
		s.perAlpha[i], s.perBeta[i], s.h[i] = a, b, h
		s.off[i] = s.s[i]*(s.out[i]+s.b) - 1 + u - z
		s.total += h
	}
}

// predict asks for the end of the path at once.
func (s *side) predict() {
	for i, a := range s.alpha {
		s.dir.toZ[i], s.dir.toU[i] = -s.z[i]*a, -s.u[i]*s.beta[i]
	}
}

// second asks for the center, and for what the products of the prediction
// would leave.
func (s *side) second(center float64) {
	d := &s.dir
	for i, by := range d.alpha {
		d.toZ[i] += center - by*d.z[i]
		d.toU[i] += center + by*d.u[i]
	}
}

// solver returns what finds the gain that belongs to q, and X times the step of
// W that belongs to the gain. Each task's q is set before, its gain used after.
func (c *central) solver(ctx context.Context, s system, gap float64) func(before, after func(s *side)) {
	switch s := s.(type) {
	case *kernels:
		return func(before, after func(s *side)) { c.byRows(s, before, after) }
	case *arrow:
		return func(before, after func(s *side)) { c.byBlocks(s, before, after) }
	case *network:
		return func(before, after func(s *side)) { c.byNodes(s, before, after) }
	}
	times := c.hessian()
	return func(before, after func(s *side)) {
		c.byGradients(func(w *num.Dense) *num.Dense {
			return conjugateGradients(ctx, c.k, times, s, w, 1e-4*gap/math.Max(1, c.count), 1000)
		}, before, after)
	}
}

// hessian returns the product with H.
func (c *central) hessian() func(out, w *num.Dense) {
	parts := make([]func(z []float64), len(c.sides))
	for t := range parts {
		parts[t] = weigh(c.sides[t].h, c.sides[t].free)
	}
	return newRows(c.p, make([]float64, len(c.sides))).hessian(parts)
}

// byGradients solves (I + KH) ΔW = KXᵀhq. It takes a gain from a difference
// that is small where h is large.
func (c *central) byGradients(solve func(w *num.Dense) *num.Dense, before, after func(s *side)) {
	c.p.each(func(t int) {
		before(&c.sides[t])
		c.ask(t)
	})
	c.k.times(c.g, c.g)
	step := solve(c.g)
	c.p.each(func(t int) {
		c.answer(t, step.Col(c.sides[t].column, t))
		after(&c.sides[t])
	})
}

// byNodes solves (K⁻¹ + H) ΔW = Xᵀhq.
func (c *central) byNodes(s *network, before, after func(s *side)) {
	c.p.each(func(t int) {
		before(&c.sides[t])
		c.ask(t)
	})
	s.direct(c.g)
	c.p.each(func(t int) {
		c.answer(t, c.g.Col(c.sides[t].column, t))
		after(&c.sides[t])
	})
}

// ask sets column t of g to Xᵀhq.
func (c *central) ask(t int) {
	s := &c.sides[t]
	for i, h := range s.h {
		s.gain[i] = h * s.q[i]
	}
	c.pull(t, s.gain)
}

// answer sets ahead and gain for a step of a task's weights.
func (c *central) answer(t int, step []float64) {
	s := &c.sides[t]
	s.x.mul(s.ahead, step)
	mean := s.mean()
	for i, h := range s.h {
		s.gain[i] = h * (s.q[i] - s.ahead[i] + mean)
	}
}

// byBlocks eliminates the private weights of each task, by its rows where they
// are fewer than the features:
//
//	r_t = (I + private·H_t)⁻¹ X_tᵀhq,   (1/shared + S) Δw0 = Σ_t r_t,
//	Δw_t = private·r_t + (I + private·H_t)⁻¹ Δw0
//
// Nothing cancels in these where h is large.
func (c *central) byBlocks(s *arrow, before, after func(s *side)) {
	c.p.each(func(t int) {
		before(&c.sides[t])
		c.eliminate(t, s.block(t))
	})
	common := make([][]float64, len(c.sides)) // Δw0 of each task
	for i, columns := range c.k.slots {
		w0 := make([]float64, c.g.Rows)
		for _, t := range columns {
			num.Axpy(1, c.sides[t].pulled, w0)
			common[t] = w0
		}
		if c.k.shared > 0 && len(columns) > 0 {
			num.CholeskySolve(s.r[i], w0)
		} else {
			clear(w0)
		}
	}
	c.p.each(func(t int) {
		c.restore(t, s.block(t), common[t])
		after(&c.sides[t])
	})
}

// eliminate sets what is pulled to r_t.
func (c *central) eliminate(t int, block taskBlock) {
	s := &c.sides[t]
	if rows, ok := block.(*kernel); ok {
		y := s.scaled()
		rows.duals([][]float64{y})
		clear(s.pulled)
		rows.parts[0].addMulT(s.pulled, 1, y)
		return
	}
	c.ask(t)
	copy(s.pulled, s.column)
	if block != nil {
		block.solve(s.pulled)
	}
}

// restore sets ahead and gain, given Δw0.
func (c *central) restore(t int, block taskBlock, w0 []float64) {
	s := &c.sides[t]
	copy(s.column, w0)
	rows, ok := block.(*kernel)
	if !ok {
		if block != nil {
			block.solve(s.column)
			num.Axpy(c.k.private, s.pulled, s.column)
		}
		c.answer(t, s.column)
		return
	}
	y := s.scaled()
	pull := make([]float64, len(y))
	rows.parts[0].mul(pull, w0)
	num.Axpy(-1, pull, y)
	rows.duals([][]float64{y})
	s.spread(y)
	rows.parts[0].addMulT(s.column, c.k.private, y)
	s.x.mul(s.ahead, s.column)
}

// byRows solves (I + Z K Zᵀ) y = √h q for y = gain/√h, all tasks of a slot
// together.
func (c *central) byRows(s *kernels, before, after func(s *side)) {
	c.p.each(func(t int) { before(&c.sides[t]) })
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
	c.follow(after)
}

// follow sets ahead to X times the step of W that belongs to the gain.
func (c *central) follow(after func(s *side)) {
	c.p.each(func(t int) { c.pull(t, c.sides[t].gain) })
	c.k.times(c.g, c.g)
	c.p.each(func(t int) {
		c.look(t, c.sides[t].ahead, c.g)
		after(&c.sides[t])
	})
}

// scaled is √h q of the rows with h > 0.
func (s *side) scaled() []float64 {
	y := make([]float64, 0, len(s.h))
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
	at, sum := 0, 0.0
	for i, h := range s.h {
		s.gain[i] = 0
		if h > 0 {
			s.gain[i] = math.Sqrt(h) * y[at]
			at++
		}
		sum += s.gain[i]
	}
	if s.free && s.total > 0 {
		num.Axpy(-sum/s.total, s.h, s.gain)
	}
}

// mean is that of ahead by the weights h where the intercept is free, else 0.
func (s *side) mean() float64 {
	if !s.free || s.total == 0 {
		return 0
	}
	return num.Dot(s.h, s.ahead) / s.total
}

// direct solves the linearized conditions for what αz and βu shall change by,
//
//	ΔSα = h (q − XΔW − Δb),   ΔW = KXᵀΔSα,   Σ ΔSα = 0,
//
// with q = s(toZ/α − toU/β − what the margin is off by).
func (c *central) direct(target func(s *side)) {
	c.solve(func(s *side) {
		target(s)
		clear(s.dir.alpha)
		s.dir.b = 0
		s.aim()
	}, (*side).reach)
}

// aim sets q, less the step of the intercept that would do if W stayed.
func (s *side) aim() {
	if s.still {
		return
	}
	s.want()
	s.settle()
}

func (s *side) want() {
	d := &s.dir
	for i, v := range s.s {
		s.q[i] = v * (d.toZ[i]*s.perAlpha[i] - d.toU[i]*s.perBeta[i] - s.off[i])
	}
}

// settle takes the intercept's step out of q.
func (s *side) settle() {
	s.lift = 0
	if s.free && s.total > 0 {
		s.lift = num.Dot(s.h, s.q) / s.total
		for i := range s.q {
			s.q[i] -= s.lift
		}
	}
}

// refine solves for what rounding has left of the margins as long as there is
// less of it each time.
func (c *central) refine(enough float64) {
	left := c.left()
	for range refinements {
		if left <= enough {
			return
		}
		c.p.each(func(t int) { c.sides[t].spare.set(&c.sides[t].dir) })
		c.solve(func(*side) {}, (*side).reach)
		before := left
		if left = c.left(); !(left < before) {
			c.back()
			return
		}
	}
}

// left sets each q to what the direction leaves of it, and returns how much
// that adds to the gap.
func (c *central) left() float64 {
	c.p.each(func(t int) {
		s := &c.sides[t]
		for i, v := range s.s {
			s.gain[i] = v * s.dir.alpha[i]
		}
	})
	c.follow((*side).rest)
	sum := 0.0
	for t := range c.sides {
		sum += c.sides[t].left
	}
	return sum
}

func (s *side) rest() {
	s.left = 0
	if s.still {
		return
	}
	s.want()
	for i, v := range s.ahead {
		s.q[i] -= v + s.dir.b
	}
	s.settle()
	for i, h := range s.h {
		s.q[i] -= s.gain[i] / h
		s.left += math.Abs(s.q[i]) * math.Min(s.alpha[i], s.beta[i])
	}
}

// back takes the direction before.
func (c *central) back() {
	for t := range c.sides {
		s := &c.sides[t]
		s.dir, s.spare = s.spare, s.dir
	}
}

func (d *direction) set(from *direction) {
	copy(d.toZ, from.toZ)
	copy(d.toU, from.toU)
	copy(d.alpha, from.alpha)
	copy(d.z, from.z)
	copy(d.u, from.u)
	d.b, d.most, d.complement = from.b, from.most, from.complement
}

// reach adds the gain to the direction and finds z and u, how far it leads and
// what it does to the complements.
func (s *side) reach() {
	d := &s.dir
	d.most, d.complement = 2, [3]float64{}
	if s.still {
		return
	}
	d.b += s.lift - s.mean()
	most, c0, c1, c2 := 2.0, 0.0, 0.0, 0.0
	for i, alpha := range s.alpha {
		by := d.alpha[i] + s.s[i]*s.gain[i]
		z, u, beta := s.z[i], s.u[i], s.beta[i]
		dz, du := (d.toZ[i]-z*by)*s.perAlpha[i], (d.toU[i]+u*by)*s.perBeta[i]
		d.alpha[i], d.z[i], d.u[i] = by, dz, du
		most = shorten(most, alpha, by)
		most = shorten(most, beta, -by)
		most = shorten(most, z, dz)
		most = shorten(most, u, du)
		c0 += alpha*z + beta*u
		c1 += d.toZ[i] + d.toU[i]
		c2 += by * (dz - du)
	}
	d.most, d.complement = most, [3]float64{c0, c1, c2}
}

// shorten is the lesser of step and the one at which x + step·d is 0.
func shorten(step, x, d float64) float64 {
	if step*d < -x {
		return -x / d
	}
	return step
}

// longest is the longest step that leaves everything at least 0, at most 2.
func (c *central) longest() float64 {
	most := 2.0
	for t := range c.sides {
		most = math.Min(most, c.sides[t].dir.most)
	}
	return most
}

// complement is the mean of αz and βu after a step.
func (c *central) complement(step float64) float64 {
	sum := 0.0
	for t := range c.sides {
		p := &c.sides[t].dir.complement
		sum += p[0] + step*(p[1]+step*p[2])
	}
	return sum / math.Max(1, 2*c.count)
}

// correct asks for a longer step: products that it would take far from their
// aim are drawn back. It tells whether that made the step longer; if not, the
// direction stays.
func (c *central) correct(center float64) bool {
	length := math.Min(1, c.longest())
	aim := math.Min(1, length+farther)
	if aim-length < 0.1 {
		return false
	}
	c.direct(func(s *side) { s.draw(aim, center) })
	if math.Min(1, c.longest()) >= length+0.1*(aim-length) {
		return true
	}
	c.back()
	return false
}

// draw asks for what draws the products back after a step.
func (s *side) draw(step, center float64) {
	s.dir, s.spare = s.spare, s.dir
	d, low, high := &s.spare, center/spread, center*spread
	for i, by := range d.alpha {
		s.dir.toZ[i] = d.toZ[i] + drawn((s.alpha[i]+step*by)*(s.z[i]+step*d.z[i]), low, high)
		s.dir.toU[i] = d.toU[i] + drawn((s.beta[i]-step*by)*(s.u[i]+step*d.u[i]), low, high)
	}
}

// drawn is what takes a product to between low and high; a large one not at
// once.
func drawn(product, low, high float64) float64 {
	return max(0, low-product) + max(min(0, high-product), -high)
}

func (s *side) move(step float64) {
	if s.still {
		return
	}
	for i, d := range s.dir.alpha {
		s.alpha[i] += step * d
		s.beta[i] -= step * d
		s.z[i] += step * s.dir.z[i]
		s.u[i] += step * s.dir.u[i]
	}
	s.b += step * s.dir.b
}
