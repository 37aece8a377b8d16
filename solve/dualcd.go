package solve

import (
	"context"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"sort"

	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
)

// DualCD takes hinge, squared hinge and Crammer-Singer losses with an Arrow
// penalty, by descent over one dual variable (Crammer-Singer: those of one
// row) after the other,
//
//	min over a of  ½ Σ_slots private Σ_t ‖g_t‖² + shared ‖Σ_t g_t‖² + Σ w ℓ*(y, −a/w),   g_t = Σ_i a_ti x_ti,
//	w_t = v_t + w0,   v_t = private·g_t,   w0 = shared·Σ_t g_t.
//
// A step on row i of task t reads and moves v_t and w0 where x_ti is not 0,
// whatever the number of tasks. Rows whose variables rest at a bound are left
// out until the next State. The rows are copied side by side, and read ahead of
// their steps: in random order most of the time goes by waiting for memory.
//
// The intercept is the weight of a constant column, InterceptScaling, and so is
// penalized like every other weight: with both blocks, shared and private.
// Objective and certificate are those of this problem, not of the one with
// free intercepts. Tasks whose intercepts are fixed have no constant column.
// The dual variables of a start are used, its weights are not.
//
// Where all losses are squared hinge, and W has fewer numbers than the rows,
// Newton's method takes over after a hundred passes.
//
// Hsieh, Chang, Lin, Keerthi, Sundararajan, A dual coordinate descent method
// for large-scale linear SVM, ICML 2008, algorithm 3; Keerthi, Sundararajan,
// Chang, Hsieh, Lin, A sequential dual method for large scale multi-class
// linear SVMs, KDD 2008, section 3; the shared block is the feature map of
// Evgeniou, Pontil, Regularized multi-task learning, KDD 2004, section 2.2.
type DualCD struct {
	Seed uint64 `json:"seed"` // of the order of the rows
}

// Accepts implements Solver.
func (*DualCD) Accepts(p *Problem) error {
	if _, ok := p.Penalty.(penalty.Arrow); !ok {
		return fmt.Errorf("dualcd needs a quadratic penalty of shared and private weights")
	}
	for i := range p.Tasks {
		switch p.Tasks[i].Loss.(type) {
		case loss.Hinge, loss.SquaredHinge, loss.CrammerSinger:
		default:
			return fmt.Errorf("dualcd needs hinge, squared-hinge or crammer-singer, and not %s", loss.All.NameOf(p.Tasks[i].Loss))
		}
	}
	return nil
}

// Steps implements Solver. A step is a pass over the rows, or one of Newton's
// after them; States come after the first passes, and then whenever a quarter
// more are done.
func (s *DualCD) Steps(ctx context.Context, p *Problem, start *Point, tol float64) iter.Seq[State] {
	return func(yield func(State) bool) {
		c := newCoordinates(p, start, s.Seed)
		best := newRecord(NewPoint(p))
		for step := 0; ctx.Err() == nil; {
			still := !c.pass() // of all rows, for none rests wrongly yet
			step++
			for until := step + step/4; step < until; step++ {
				if ctx.Err() != nil {
					return
				}
				c.pass()
			}
			primal, dual := c.values()
			best.dual = max(best.dual, dual)
			if primal < best.primal {
				best.primal = primal
				c.unfold(best.x, c.weights())
			}
			best.x.A = c.a
			st := best.state(step, 12)
			st.Stalled = st.Stalled || still
			if !yield(st) {
				return
			}
			if step >= slow && c.primal(ctx, best, step, tol, yield) {
				return
			}
		}
	}
}

// A row is a row of a task and what its steps need: one line of the cache.
type row struct {
	alpha    float64 // its dual variable times its sign, of two classes
	sign     float64 // ±1, of two classes
	upper    float64 // of the dual variable
	diagonal float64 // its own curvature: 1/w for squared hinge
	square   float64 // (private + shared)‖x̃‖²
	at       int     // its values, the constant's last, are those from here on
	duals    int32   // and its dual variables among its task's
	n        int32   // values
	column   int32   // the first of W that the row meets
	right    int32   // its class, of several; −1: of two
}

// coordinates is where dual coordinate descent stands.
type coordinates struct {
	p               *Problem
	shared, private float64
	slots, first    []int
	d               int
	own, common     [][]float64 // v of each column and w0 of each slot, d + 1 long
	constant        []float64   // the constant column of each task
	offset          []float64   // the fixed intercept of each column, or 0
	a               [][]float64 // dual variables of each task, n × outputs
	task            []int       // of each column
	rows            []row       // those with a weight, task by task
	of              []int       // the first row of each task, and their number
	index           []int32     // of the rows' values, or nil: each has d + 1
	value           []float64   // the rows' values side by side
	order           []int32     // of the rows; the first that are active take part
	active          int
	rests           []bool  // the rows that may rest, as of the last State
	rest            float64 // how far beyond its bound's slope a row rests
	random          *rand.Rand
	z, b, classes   []float64 // room for the outputs of a row
	ahead           float64   // what fetch read
}

func newCoordinates(p *Problem, start *Point, seed uint64) *coordinates {
	f := p.Penalty.(penalty.Arrow)
	c := &coordinates{p: p, slots: f.Slots(), first: p.First(), d: p.Features(), random: rand.New(rand.NewPCG(seed, 1)), rest: math.Inf(1)}
	c.shared, c.private = f.Arrow()
	k, slots, widest := p.Columns(), 0, 0
	for _, s := range c.slots {
		slots = max(slots, s+1)
	}
	c.own, c.common = make([][]float64, k), make([][]float64, slots)
	for i := 0; i < k && c.private > 0; i++ {
		c.own[i] = make([]float64, c.d+1)
	}
	for i := 0; i < slots && c.shared > 0; i++ {
		c.common[i] = make([]float64, c.d+1)
	}
	c.constants()
	for t := range p.Tasks {
		k := p.Tasks[t].Outputs
		widest = max(widest, k)
		for range k {
			c.task = append(c.task, t)
		}
	}
	c.z, c.b, c.classes = make([]float64, widest), make([]float64, widest), make([]float64, widest)
	c.pack()
	c.order, c.rests, c.active = make([]int32, len(c.rows)), make([]bool, len(c.rows)), len(c.rows)
	for i := range c.order {
		c.order[i] = int32(i)
	}
	if start != nil && len(start.A) == len(c.a) {
		c.warm(start.A)
	}
	return c
}

// constants are the columns that stand for free intercepts, and the fixed ones.
func (c *coordinates) constants() {
	scaling := c.p.InterceptScaling
	if scaling == 0 {
		scaling = 1
	}
	c.offset, c.constant = make([]float64, len(c.own)), make([]float64, len(c.p.Tasks))
	for t := range c.p.Tasks {
		if fixed := c.p.Tasks[t].Fixed; fixed != nil {
			copy(c.offset[c.first[t]:c.first[t+1]], fixed)
		} else {
			c.constant[t] = scaling
		}
	}
}

// pack lays the rows that have a weight side by side.
func (c *coordinates) pack() {
	values, sparse := 0, false
	for t := range c.p.Tasks {
		x := c.p.Tasks[t].X
		values += x.NNZ() + x.Rows
		sparse = sparse || x.Sparse()
	}
	c.value = make([]float64, 0, values)
	if sparse {
		c.index = make([]int32, 0, values)
	}
	for t := range c.p.Tasks {
		task := &c.p.Tasks[t]
		c.of = append(c.of, len(c.rows))
		c.a = append(c.a, make([]float64, task.X.Rows*task.Outputs))
		for i := range task.X.Rows {
			if w := weightAt(task, i); w > 0 {
				c.list(t, i, w)
			}
		}
	}
	c.of = append(c.of, len(c.rows))
}

// list adds row i of task t, of weight w.
func (c *coordinates) list(t, i int, w float64) {
	task := &c.p.Tasks[t]
	r := row{at: len(c.value), duals: int32(i * task.Outputs), upper: w, sign: 2*task.Y[i] - 1, column: int32(c.first[t]), right: -1}
	switch task.Loss.(type) {
	case loss.SquaredHinge:
		r.upper, r.diagonal = math.Inf(1), 1/w
	case loss.CrammerSinger:
		r.right = int32(task.Y[i])
	}
	index, value := task.X.Row(i)
	c.value = append(append(c.value, value...), c.constant[t])
	r.n = int32(len(value) + 1)
	if c.index != nil {
		for k := range value {
			j := int32(k)
			if index != nil {
				j = index[k]
			}
			c.index = append(c.index, j)
		}
		c.index = append(c.index, int32(c.d))
	}
	_, x := c.row(&r)
	r.square = (c.private + c.shared) * num.Dot(x, x)
	c.rows = append(c.rows, r)
}

// row is the indices of a row's values, or nil, and these.
func (c *coordinates) row(r *row) (index []int32, value []float64) {
	value = c.value[r.at:][:r.n]
	if c.index != nil {
		index = c.index[r.at:][:r.n]
	}
	return index, value
}

// warm takes dual variables over, clipped into their domain.
func (c *coordinates) warm(a [][]float64) {
	for i := range c.rows {
		r := &c.rows[i]
		t, own := c.task[r.column], c.duals(r)
		if len(a[t]) != len(c.a[t]) {
			continue
		}
		copy(own, a[t][r.duals:])
		if r.right < 0 {
			r.alpha = max(0, min(r.sign*own[0], r.upper))
			own[0] = r.sign * r.alpha
		} else {
			balance(own, int(r.right), r.upper)
		}
		for e, v := range own {
			c.move(r, e, v)
		}
	}
}

// duals are the dual variables of a row; of two classes, as of the last State.
func (c *coordinates) duals(r *row) []float64 {
	t := c.task[r.column]
	return c.a[t][r.duals:][:c.p.Tasks[t].Outputs]
}

// balance makes the dual variables of a row of several classes feasible: the
// right class has what the others give up, and w at most.
func balance(a []float64, right int, w float64) {
	given := 0.0
	for e := range a {
		if e != right {
			a[e] = min(0, a[e])
			given -= a[e]
		}
	}
	a[right] = min(given, w)
	for e := range a {
		if e != right && given > w {
			a[e] *= w / given
		}
	}
}

// output is x·(v + w0) of a row's output e, its intercept included.
func (c *coordinates) output(r *row, e int) float64 {
	column := int(r.column) + e
	own, common := c.own[column], c.common[c.slots[column]]
	index, value := c.row(r)
	s := c.offset[column]
	switch {
	case common == nil:
		return s + product(index, value, own)
	case own == nil:
		return s + product(index, value, common)
	case index == nil:
		own, common = own[:len(value)], common[:len(value)]
		for j, x := range value {
			s += x * (own[j] + common[j])
		}
		return s
	}
	index, common = index[:len(value)], common[:len(own)]
	for k, x := range value {
		j := index[k]
		s += x * (own[j] + common[j])
	}
	return s
}

func product(index []int32, value, w []float64) float64 {
	if index == nil {
		return num.Dot(value, w)
	}
	s := 0.0
	for k, j := range index {
		s += value[k] * w[j]
	}
	return s
}

// move adds by to the dual variable of a row's output e, in v and w0.
func (c *coordinates) move(r *row, e int, by float64) {
	if by == 0 {
		return
	}
	column := int(r.column) + e
	own, common := c.own[column], c.common[c.slots[column]]
	index, value := c.row(r)
	if own != nil {
		add(index, value, c.private*by, own)
	}
	if common != nil {
		add(index, value, c.shared*by, common)
	}
}

func add(index []int32, value []float64, by float64, w []float64) {
	if index == nil {
		num.Axpy(by, value, w)
		return
	}
	value = value[:len(index)]
	for k, j := range index {
		w[j] += by * value[k]
	}
}

// together is how many rows are fetched at a time.
const together = 64

// fetch reads of rows what their steps will read. Rows in a random order are
// not in the cache; those that are read together are waited for together.
func (c *coordinates) fetch(rows []int32) {
	s := 0.0
	for _, i := range rows {
		s += c.rows[i].alpha
	}
	for _, i := range rows {
		r := &c.rows[i]
		_, value := c.row(r)
		s += value[0] + value[len(value)/2] + value[len(value)-1]
		if c.index != nil {
			s += float64(c.index[r.at] + c.index[r.at+len(value)-1])
		}
	}
	c.ahead = s
}

// pass goes once over the rows that take part, in a random order, and tells
// whether a variable moved. Rows whose variables stay at a bound by more than
// thrice the mean violation of the pass before take no part from then on.
func (c *coordinates) pass() bool {
	sum, moved, visited, fetched := 0.0, false, c.active, 0
	for i := range c.active {
		j := i + c.random.IntN(c.active-i)
		c.order[i], c.order[j] = c.order[j], c.order[i]
	}
	for i := 0; i < c.active; i++ {
		if i >= fetched {
			fetched = min(i+together, c.active)
			c.fetch(c.order[i:fetched])
		}
		r := &c.rows[c.order[i]]
		var violation float64
		var rests, changed bool
		if r.right < 0 {
			violation, rests, changed = c.two(r)
		} else {
			violation, rests, changed = c.several(r)
		}
		if rests {
			c.active--
			c.order[i], c.order[c.active] = c.order[c.active], c.order[i]
			i--
			continue
		}
		sum, moved = sum+violation, moved || changed
	}
	c.rest = 3 * sum / float64(max(1, visited))
	return moved
}

// two minimizes over the dual variable of a row of two classes. It returns the
// projected slope's size, whether the row may rest, and whether it moved.
func (c *coordinates) two(r *row) (violation float64, rests, moved bool) {
	slope := r.sign*c.output(r, 0) - 1 + r.diagonal*r.alpha
	violation = math.Abs(slope)
	switch {
	case r.bound(slope):
		return 0, violation > c.rest, false
	case violation <= 1e-15:
		return violation, false, false
	}
	to := r.alpha - slope/(r.square+r.diagonal) // ±Inf for rows of zeros
	to = max(0, min(to, r.upper))
	by := to - r.alpha
	r.alpha = to
	c.move(r, 0, r.sign*by)
	return violation, false, by != 0
}

// bound tells whether the dual variable of a row of two classes stays at a
// bound where its slope is this.
func (r *row) bound(slope float64) bool {
	return r.alpha == 0 && slope >= 0 || r.alpha == r.upper && slope <= 0
}

// several minimizes over the dual variables of a row of several classes,
//
//	min over a of  ½ A ‖a‖² + B·a,   a_c ≤ w·1[c = y],   Σ a_c = 0,
//
// whose solution is a_c = min(w·1[c = y], (β − B_c)/A). Its violation is how
// far the greatest slope lies above the least one whose variable may rise.
func (c *coordinates) several(r *row) (violation float64, rests, moved bool) {
	a, right := c.duals(r), int(r.right)
	k := len(a)
	b := c.b[:k]
	most, least, risers, riser := math.Inf(-1), math.Inf(1), 0, 0
	for e := range a {
		slope, upper := c.output(r, e), r.upper
		if e != right {
			slope, upper = slope+1, 0
		}
		b[e] = slope
		most = max(most, slope)
		if a[e] < upper {
			least = min(least, slope)
			riser = e
			risers++
		}
	}
	violation = most - least
	if risers == 1 { // a corner: rests if no other slope comes near
		second := math.Inf(-1)
		for e, v := range b {
			if e != riser {
				second = max(second, v)
			}
		}
		if b[riser]-second > c.rest {
			return 0, true, false
		}
	}
	if violation <= 1e-15 {
		return 0, false, false
	}
	z := c.z[:k]
	num.Axpy(-r.square, a, b)
	c.simplex(z, b, r.square, r.upper, right)
	for e, v := range z {
		moved = moved || v != a[e]
		c.move(r, e, v-a[e])
		a[e] = v
	}
	return violation, false, moved
}

// simplex sets a to the minimizer of ½A‖a‖² + B·a, a_c ≤ w·1[c = y], Σ a = 0.
// With D_c = B_c + A·w·1[c = y] the multiplier β solves Σ (D_c − β)₊ = A·w.
func (c *coordinates) simplex(a, b []float64, square, w float64, right int) {
	if square == 0 {
		worst := right
		for e, v := range b {
			if v > b[worst] {
				worst = e
			}
		}
		clear(a)
		if worst != right {
			a[right], a[worst] = w, -w
		}
		return
	}
	d := c.classes[:len(b)]
	copy(d, b)
	d[right] += square * w
	sort.Float64s(d)
	sum, beta := -square*w, 0.0
	for n := 1; n <= len(d); n++ {
		sum += d[len(d)-n]
		beta = sum / float64(n)
		if n == len(d) || beta >= d[len(d)-n-1] {
			break
		}
	}
	given := 0.0
	for e, v := range b {
		if e != right {
			a[e] = min(0, (beta-v)/square)
			given -= a[e]
		}
	}
	a[right] = min(given, w)
}

// values are the primal and the dual objective, the constant column included
// in Ω:
//
//	P = Σ w ℓ(y, z) + Ω,   D = −Σ w ℓ*(y, −a/w) − Σ ba − Ω
//
// On the way they find the rows that may rest.
func (c *coordinates) values() (primal, dual float64) {
	n := len(c.p.Tasks)
	losses, conjugates := make([]float64, n), make([]float64, n)
	num.For(n, func(t int) {
		task := &c.p.Tasks[t]
		z, a := make([]float64, len(c.a[t])), c.a[t]
		for i := c.of[t]; i < c.of[t+1]; i++ {
			r := &c.rows[i]
			at := int(r.duals)
			for e := range task.Outputs {
				z[at+e] = c.output(r, e)
			}
			if r.right < 0 {
				a[at] = r.sign * r.alpha
				slope := r.sign*z[at] - 1 + r.diagonal*r.alpha
				c.rests[i] = r.bound(slope) && math.Abs(slope) > c.rest
			}
		}
		losses[t] = task.Loss.Value(task.Y, task.Weight, z)
		conjugates[t] = task.Loss.Conjugate(task.Y, task.Weight, a)
		for i, v := range a {
			conjugates[t] += v * c.offset[c.first[t]+i%task.Outputs]
		}
	})
	c.wake()
	omega := 0.0
	for _, v := range c.own {
		if v != nil {
			omega += 0.5 * num.Dot(v, v) / c.private
		}
	}
	for _, v := range c.common {
		if v != nil {
			omega += 0.5 * num.Dot(v, v) / c.shared
		}
	}
	return num.Sum(losses) + omega, -num.Sum(conjugates) - omega
}

// wake lets all rows take part but those that may rest.
func (c *coordinates) wake() {
	c.active = 0
	for i, rests := range c.rests {
		if !rests {
			c.order[c.active] = int32(i)
			c.active++
		}
	}
}
