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
// out until the next State.
//
// The intercept is the weight of a constant column, InterceptScaling, and so is
// penalized like every other weight: with both blocks, shared and private.
// Objective and certificate are those of this problem, not of the one with
// free intercepts. Tasks whose intercepts are fixed have no constant column.
// The dual variables of a start are used, its weights are not.
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

// Steps implements Solver. A step is a pass over the rows; States come after
// the first two, and then whenever a third more are done.
func (s *DualCD) Steps(ctx context.Context, p *Problem, start *Point, _ float64) iter.Seq[State] {
	return func(yield func(State) bool) {
		c := newCoordinates(p, start, s.Seed)
		best := newRecord(NewPoint(p))
		step := 0
		for {
			c.active = len(c.rows)
			c.pass()
			step++
			for until := step + max(1, step/3); step < until; step++ {
				if ctx.Err() != nil {
					return
				}
				c.pass()
			}
			primal, dual := c.values()
			best.dual = max(best.dual, dual)
			if primal < best.primal {
				best.primal = primal
				c.write(best.x)
			}
			best.x.A = c.a
			st := best.state(step, 12)
			st.Stalled = st.Stalled || c.still
			if !yield(st) {
				return
			}
		}
	}
}

// A row is a row of a task and all that its steps need, side by side in memory.
type row struct {
	index    []int32 // of the row's values, or nil: all
	value    []float64
	a        []float64 // the dual variables, one an output
	constant float64   // in the constant column
	sign     float64   // ±1, of two classes
	upper    float64   // of the dual variable
	diagonal float64   // its own curvature: 1/w for squared hinge
	square   float64   // (private + shared)‖x̃‖²
	column   int32     // the first of W that the row meets
	right    int32     // its class, of several; −1: of two
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
	rows            []row
	order           []int32 // of the rows, those that take part first
	active          int
	rest            float64 // how far beyond its bound's slope a row rests
	still           bool    // no variable moved in a pass over all rows
	random          *rand.Rand
	z, b            []float64 // room for the outputs of a row
	classes         []float64
}

func newCoordinates(p *Problem, start *Point, seed uint64) *coordinates {
	f := p.Penalty.(penalty.Arrow)
	c := &coordinates{p: p, slots: f.Slots(), first: p.First(), d: p.Features(), random: rand.New(rand.NewPCG(seed, 1))}
	c.shared, c.private = f.Arrow()
	scaling := p.InterceptScaling
	if scaling == 0 {
		scaling = 1
	}
	k, slots, widest := p.Columns(), 0, 0
	for _, s := range c.slots {
		slots = max(slots, s+1)
	}
	c.own, c.common = make([][]float64, k), make([][]float64, slots)
	c.offset, c.constant = make([]float64, k), make([]float64, len(p.Tasks))
	for i := 0; i < k && c.private > 0; i++ {
		c.own[i] = make([]float64, c.d+1)
	}
	for i := 0; i < slots && c.shared > 0; i++ {
		c.common[i] = make([]float64, c.d+1)
	}
	for t := range p.Tasks {
		task := &p.Tasks[t]
		widest = max(widest, task.Outputs)
		c.constant[t] = scaling
		if task.Fixed != nil {
			c.constant[t] = 0
			copy(c.offset[c.first[t]:c.first[t+1]], task.Fixed)
		}
		c.a = append(c.a, make([]float64, task.X.Rows*task.Outputs))
		c.list(t)
	}
	c.z, c.b, c.classes = make([]float64, widest), make([]float64, widest), make([]float64, widest)
	c.order, c.active = make([]int32, len(c.rows)), len(c.rows)
	for i := range c.order {
		c.order[i] = int32(i)
	}
	c.rest = math.Inf(1)
	if start != nil && len(start.A) == len(c.a) {
		c.warm(start.A)
	}
	return c
}

// list adds the rows of task t that have a weight.
func (c *coordinates) list(t int) {
	task := &c.p.Tasks[t]
	_, squared := task.Loss.(loss.SquaredHinge)
	_, several := task.Loss.(loss.CrammerSinger)
	k := task.Outputs
	for i := range task.X.Rows {
		w := weightAt(task, i)
		if w == 0 {
			continue
		}
		r := row{a: c.a[t][i*k : (i+1)*k], constant: c.constant[t], upper: w, column: int32(c.first[t]), right: -1}
		r.index, r.value = task.X.Row(i)
		r.square = (c.private + c.shared) * (num.Dot(r.value, r.value) + r.constant*r.constant)
		switch {
		case several:
			r.right = int32(task.Y[i])
		case squared:
			r.upper, r.diagonal = math.Inf(1), 1/w
		}
		r.sign = 2*task.Y[i] - 1
		c.rows = append(c.rows, r)
	}
}

// warm takes dual variables over, clipped into their domain.
func (c *coordinates) warm(a [][]float64) {
	for t := range c.a {
		if len(a[t]) == len(c.a[t]) {
			copy(c.a[t], a[t])
		}
	}
	for i := range c.rows {
		r := &c.rows[i]
		if r.right < 0 {
			r.a[0] = r.sign * max(0, min(r.sign*r.a[0], r.upper))
		} else {
			r.balance()
		}
		for e, v := range r.a {
			c.move(r, e, v)
		}
	}
}

// balance makes the dual variables of a row of several classes feasible: the
// right class has what the others give up, and w at most.
func (r *row) balance() {
	given := 0.0
	for e := range r.a {
		if e != int(r.right) {
			r.a[e] = min(0, r.a[e])
			given -= r.a[e]
		}
	}
	r.a[r.right] = min(given, r.upper)
	if given > r.upper {
		for e := range r.a {
			if e != int(r.right) {
				r.a[e] *= r.upper / given
			}
		}
	}
}

// output is x·(v + w0) of a row's output e, its intercept included.
func (c *coordinates) output(r *row, e int) float64 {
	column := int(r.column) + e
	own, common := c.own[column], c.common[c.slots[column]]
	s, d := c.offset[column], c.d
	switch {
	case own == nil:
		return s + product(r.index, r.value, common) + r.constant*common[d]
	case common == nil:
		return s + product(r.index, r.value, own) + r.constant*own[d]
	}
	s += r.constant * (own[d] + common[d])
	if r.index == nil {
		own, common = own[:len(r.value)], common[:len(r.value)]
		for j, x := range r.value {
			s += x * (own[j] + common[j])
		}
		return s
	}
	value := r.value[:len(r.index)]
	common = common[:len(own)]
	for k, j := range r.index {
		s += value[k] * (own[j] + common[j])
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
	if own := c.own[column]; own != nil {
		add(r, c.private*by, own)
	}
	if common := c.common[c.slots[column]]; common != nil {
		add(r, c.shared*by, common)
	}
}

// add adds by times the row, its constant included, to w.
func add(r *row, by float64, w []float64) {
	w[len(w)-1] += by * r.constant
	if r.index == nil {
		num.Axpy(by, r.value, w)
		return
	}
	value := r.value[:len(r.index)]
	for k, j := range r.index {
		w[j] += by * value[k]
	}
}

// pass goes once over the rows that take part, in a random order. Rows whose
// variables stay at a bound by more than thrice the mean violation of the pass
// before take no part from then on.
func (c *coordinates) pass() {
	sum, moved, whole := 0.0, false, c.active == len(c.rows)
	for i := range c.active {
		j := i + c.random.IntN(c.active-i)
		c.order[i], c.order[j] = c.order[j], c.order[i]
	}
	visited := c.active
	for i := 0; i < c.active; i++ {
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
	c.still = whole && !moved
	c.rest = 3 * sum / float64(max(1, visited))
}

// two minimizes over the dual variable of a row of two classes. It returns the
// projected slope's size, whether the row may rest, and whether it moved.
func (c *coordinates) two(r *row) (violation float64, rests, moved bool) {
	alpha := r.sign * r.a[0]
	slope := r.sign*c.output(r, 0) - 1 + r.diagonal*alpha
	violation = math.Abs(slope)
	switch {
	case alpha == 0 && slope >= 0:
		return 0, slope > c.rest, false
	case alpha == r.upper && slope <= 0:
		return 0, -slope > c.rest, false
	case violation <= 1e-15:
		return violation, false, false
	}
	to := alpha - slope/(r.square+r.diagonal) // ±Inf for rows of zeros
	to = max(0, min(to, r.upper))
	r.a[0] = r.sign * to
	c.move(r, 0, r.sign*(to-alpha))
	return violation, false, to != alpha
}

// several minimizes over the dual variables of a row of several classes,
//
//	min over a of  ½ A ‖a‖² + B·a,   a_c ≤ w·1[c = y],   Σ a_c = 0,
//
// whose solution is a_c = min(w·1[c = y], (β − B_c)/A). Its violation is how
// far the greatest slope lies above the least one whose variable may rise.
func (c *coordinates) several(r *row) (violation float64, rests, moved bool) {
	k, right := len(r.a), int(r.right)
	a, b := r.a, c.b[:k]
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
func (c *coordinates) values() (primal, dual float64) {
	n := len(c.p.Tasks)
	losses, conjugates := make([]float64, n), make([]float64, n)
	num.For(n, func(t int) {
		task := &c.p.Tasks[t]
		k := task.Outputs
		z := make([]float64, len(c.a[t]))
		for i := range task.X.Rows {
			r := row{constant: c.constant[t], column: int32(c.first[t])}
			r.index, r.value = task.X.Row(i)
			for e := range k {
				z[i*k+e] = c.output(&r, e)
			}
		}
		losses[t] = task.Loss.Value(task.Y, task.Weight, z)
		conjugates[t] = task.Loss.Conjugate(task.Y, task.Weight, c.a[t])
		for i, v := range c.a[t] {
			conjugates[t] += v * c.offset[c.first[t]+i%k]
		}
	})
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

// write sets W and b of x.
func (c *coordinates) write(x *Point) {
	for t, constant := range c.constant {
		for column := c.first[t]; column < c.first[t+1]; column++ {
			own, common := c.own[column], c.common[c.slots[column]]
			sum := make([]float64, c.d+1)
			if own != nil {
				num.Axpy(1, own, sum)
			}
			if common != nil {
				num.Axpy(1, common, sum)
			}
			x.W.SetCol(column, sum)
			x.B[column] = c.offset[column] + constant*sum[c.d]
		}
	}
}
