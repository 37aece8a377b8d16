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

// FISTA takes any smooth losses with any penalty that has a proximal operator,
// is split into parts that have one, or the sum of a quadratic and one.
//
//	W₊ = prox_{Ω/L}(V − ∇f(V)/L),   V₊ = W₊ + (t − 1)/t₊ (W₊ − W),   t₊ = ½ + √(¼ + t²)
//
// with f(W) = min_b Σ loss: intercepts are eliminated at every evaluation. L
// grows where f rises more than its quadratic bound and shrinks otherwise; the
// momentum restarts where it points uphill. Columns that curve differently, as
// of tasks of few rows and of many, have units in which they curve alike, where
// the penalty allows it. The point yielded is the best one.
// Squared losses on Gram matrices are finished by Newton's method on a map that
// is 0 at the optimum, where the operator has a derivative.
//
// Squared loss works on Gram matrices where they are cheaper than the rows.
// Curved losses then take proximal Newton steps: the quadratic model of f at
// W, whose Gram matrices are weighted by ℓ″, is minimized by the same descent.
//
// Beck, Teboulle, A fast iterative shrinkage-thresholding algorithm, SIAM J.
// Imaging Sciences 2, 2009, section 4; O'Donoghue, Candès, Adaptive restart
// for accelerated gradient schemes, FoCM 15, 2015, section 3.2; Lee, Sun,
// Saunders, Proximal Newton-type methods for minimizing composite functions,
// SIAM J. Optimization 24, 2014, algorithm 1.
type FISTA struct{}

// Accepts implements Solver.
func (*FISTA) Accepts(p *Problem) error {
	if newForm(p) == nil {
		return fmt.Errorf("fista needs a penalty with a proximal operator, or parts that have one")
	}
	for i := range p.Tasks {
		if _, ok := p.Tasks[i].Loss.(loss.Smooth); !ok {
			return fmt.Errorf("fista needs a smooth loss, which %s is not", loss.All.NameOf(p.Tasks[i].Loss))
		}
	}
	return nil
}

// Steps implements Solver.
func (*FISTA) Steps(ctx context.Context, p *Problem, start *Point, _ float64) iter.Seq[State] {
	return func(yield func(State) bool) {
		x := NewPoint(p)
		if start != nil {
			copy(x.W.Data, start.W.Data)
			copy(x.B, start.B)
			x.Parts = start.Clone().Parts
		}
		f := newForm(p)
		squared, curved := true, true
		for i := range p.Tasks {
			_, ok := p.Tasks[i].Loss.(loss.Squared)
			squared = squared && ok
			_, ok = p.Tasks[i].Loss.(loss.Curved)
			curved = curved && ok && p.Tasks[i].Outputs == 1
		}
		switch {
		case squared && momentsPay(p):
			q := newQuadratic(p)
			f.measure(q)
			descend(ctx, f, q, x, yield)
		case curved && !squared && modelsPay(p):
			proximalNewton(ctx, p, f, x, yield)
		default:
			descend(ctx, f, newRows(p, x.B), x, yield)
		}
	}
}

// momentsPay tells whether steps on Gram matrices are cheaper than steps on
// rows, and the matrices are made within the time of 200 of those.
func momentsPay(p *Problem) bool {
	d, rows, build := float64(p.Features()), 0.0, 0.0
	groups := group(p, true)
	for _, g := range groups {
		work := 2 * float64(g.x.NNZ())
		rows += work * float64(len(g.columns))
		build += work * float64(g.x.NNZ()) / float64(4*max(1, g.x.Rows))
	}
	if p.moments != nil {
		build = 0
	}
	return d*d*float64(p.Columns()) <= rows && d*d*float64(len(groups)) <= 1<<26 && build <= 200*rows
}

// modelsPay tells whether quadratic models, made anew at every outer step, are
// cheaper than steps on rows.
func modelsPay(p *Problem) bool {
	d, rows := p.Features(), 0
	for i := range p.Tasks {
		rows += 2 * p.Tasks[i].X.NNZ()
	}
	size := d * d * p.Columns()
	return d <= 300 && size <= rows && size <= 1<<25
}

// A terrain is the smooth part of a problem, f(W) = min_b Σ loss, seen through
// an image of W that is linear in W.
type terrain interface {
	// length is the length of an image.
	length() int
	image(out []float64, w *num.Dense)
	// slope sets g to ∇f(w) and returns f(w).
	slope(g, w *num.Dense, image []float64) float64
	// finish sets b to the best intercepts at w and returns f(w).
	finish(b []float64, w *num.Dense, image []float64) float64
	// rise is f(w) − f(v) − ⟨∇f(v), w − v⟩ right after slope at v, and how much
	// of it may be rounding.
	rise(w, v, g *num.Dense, iw, iv []float64) (rise, noise float64)
	// dual is −Σ w ℓ*(y, −a/w), a = −s·w∇ℓ at the last slope.
	dual(s float64) float64
	// bend is a first guess of the Lipschitz constant of ∇f.
	bend() float64
}

// A descent is accelerated proximal gradient on a terrain.
type descent struct {
	land       terrain
	prox       penalty.Proximal
	w, v, last *num.Dense // the iterate, the extrapolated point, the iterate before
	g, trial   *num.Dense // ∇f(v), and room
	iw, iv     []float64  // images
	ilast      []float64
	bend       float64 // L
	t          float64
}

func newDescent(land terrain, prox penalty.Proximal, w *num.Dense) *descent {
	d := &descent{land: land, prox: prox, bend: land.bend(), t: 1}
	d.w, d.v, d.last = w.Clone(), w.Clone(), w.Clone()
	d.g, d.trial = num.NewDense(w.Rows, w.Cols), num.NewDense(w.Rows, w.Cols)
	d.iw, d.iv, d.ilast = make([]float64, land.length()), make([]float64, land.length()), make([]float64, land.length())
	land.image(d.iw, d.w)
	copy(d.iv, d.iw)
	return d
}

// step moves w once and returns L‖W₊ − V‖, which is 0 only at the optimum.
func (d *descent) step() float64 {
	d.land.slope(d.g, d.v, d.iv)
	d.w, d.last, d.iw, d.ilast = d.last, d.w, d.ilast, d.iw
	moved := 0.0
	for range 200 {
		for i, v := range d.v.Data {
			d.trial.Data[i] = v - d.g.Data[i]/d.bend
		}
		d.prox.Prox(d.w, d.trial, 1/d.bend)
		moved = 0
		for i, v := range d.w.Data {
			r := v - d.v.Data[i]
			moved += r * r
		}
		d.land.image(d.iw, d.w)
		rise, noise := d.land.rise(d.w, d.v, d.g, d.iw, d.iv)
		bound := 0.5 * d.bend * moved
		if rise <= bound+noise {
			if bound > 100*noise && rise < bound/1.03 {
				d.bend /= 1.03
			}
			return d.bend * math.Sqrt(moved)
		}
		d.bend *= 2
	}
	return d.bend * math.Sqrt(moved)
}

// turn sets the next point of extrapolation: ahead, or w where the momentum
// points uphill.
func (d *descent) turn() {
	uphill := 0.0
	for i, v := range d.w.Data {
		uphill += (d.v.Data[i] - v) * (v - d.last.Data[i])
	}
	if uphill > 0 {
		d.restart()
		return
	}
	next := 0.5 + math.Sqrt(0.25+d.t*d.t)
	beta := (d.t - 1) / next
	d.t = next
	for i, v := range d.w.Data {
		d.v.Data[i] = v + beta*(v-d.last.Data[i])
	}
	for i, v := range d.iw {
		d.iv[i] = v + beta*(v-d.ilast[i])
	}
}

// move goes on at w.
func (d *descent) move(w *num.Dense) {
	copy(d.w.Data, w.Data)
	d.land.image(d.iw, d.w)
	d.restart()
}

func (d *descent) restart() {
	d.t = 1
	copy(d.v.Data, d.w.Data)
	copy(d.iv, d.iw)
}

// lower is the dual value of the gradient at v.
func (d *descent) lower() float64 { return lower(d.land, d.prox, d.v, d.g) }

// lower is the dual value that the gradient g at w, the terrain's last, proves.
func lower(land terrain, f penalty.Func, w, g *num.Dense) float64 {
	minus := num.NewDense(g.Rows, g.Cols)
	num.Axpy(-1, g.Data, minus.Data)
	s, conjugate := penalty.Conjugate(f, w, minus)
	return land.dual(s) - conjugate
}

// unknown is the certificate of a step that computed none.
var unknown = kindred.Certificate{Kind: "gap", Value: math.Inf(1)}

// A record is the best that a descent has seen.
type record struct {
	x             *Point
	primal, dual  float64
	mark, markGap float64 // at the last progress worth the name
	since         int     // checks without it
}

func newRecord(x *Point) *record {
	inf := math.Inf(1)
	return &record{x: x, primal: inf, dual: -inf, mark: inf, markGap: inf}
}

// state is the record as a State. It has stalled after patience checks that
// neither lowered the objective by 1e-14 of it nor the gap by a tenth.
func (r *record) state(step, patience int) State {
	gap := Gap(r.primal, r.dual)
	if r.primal < r.mark-1e-14*math.Abs(r.mark) || math.IsInf(r.mark, 1) || gap.Value < 0.9*r.markGap {
		r.mark, r.markGap, r.since = r.primal, gap.Value, 0
	} else {
		r.since++
	}
	return State{Step: step, Point: r.x, Objective: r.primal, Certificate: gap, Stalled: r.since >= patience}
}

// descend yields the steps of a descent. Every tenth, and the first few, are
// certified. After 40 steps Newton's method takes over where it can, and again
// later each time that it led nowhere.
func descend(ctx context.Context, f *form, land terrain, x *Point, yield func(State) bool) {
	finish, wait, next := newNormalMap(f, land), 40, 40
	land = f.over(land)
	d := newDescent(land, f.prox, f.start(x))
	best, b, worse := newRecord(x), make([]float64, len(x.B)), math.Inf(1)
	for step := 1; ctx.Err() == nil; step++ {
		moved := d.step()
		st := State{Step: step, Point: x, Objective: best.primal, Certificate: unknown}
		if step <= 4 || step%10 == 0 || moved == 0 {
			best.dual = math.Max(best.dual, d.lower())
			primal := land.finish(b, d.w, d.iw) + d.prox.Value(d.w)
			best.see(f, primal, d.w, b)
			st = best.state(step, 50)
			st.Stalled = st.Stalled || moved == 0 && d.t == 1
			if primal > worse {
				d.restart()
			}
			worse = primal
		}
		if !yield(st) {
			return
		}
		if finish == nil || step < next {
			d.turn()
			continue
		}
		finish.begin(d.w, 1/d.bend)
		to, more := finish.steps(ctx, step, best, b, yield)
		if !more {
			return
		}
		if to > step {
			d.move(finish.w)
		} else {
			wait *= 2
			d.turn()
		}
		step, next = to, to+wait
	}
}

// see takes note of an objective at v, with intercepts b. Of two that are equal
// but for rounding the later one is nearer.
func (r *record) see(f *form, primal float64, v *num.Dense, b []float64) {
	if math.IsInf(r.primal, 1) || primal <= r.primal+1e-13*math.Abs(r.primal) {
		r.primal = primal
		f.put(r.x, v)
		copy(r.x.B, b)
	}
}

// proximalNewton minimizes quadratic models of f, and searches along the line
// to each minimizer.
func proximalNewton(ctx context.Context, p *Problem, f *form, x *Point, yield func(State) bool) {
	n := newNewtonModel(p, f, x)
	best := newRecord(x)
	for step := 1; ctx.Err() == nil; step++ {
		n.value = n.land.slope(n.g, n.v, n.image)
		f.put(x, n.v)
		copy(x.B, n.rows.b)
		best.primal = n.value + n.omega
		best.dual = math.Max(best.dual, lower(n.land, f.prox, n.v, n.g))
		if !yield(best.state(step, 8)) {
			return
		}
		n.toward(f.over(n.rows.model(n.model, n.damp)))
		n.search()
	}
}

// A newtonModel is where proximal Newton stands.
type newtonModel struct {
	rows  *rows
	land  terrain // of the rows, over V
	prox  penalty.Proximal
	model *quadratic
	damp  float64 // of the curvature bound added to ℓ″
	bend  float64 // of the last model

	v, g, to     *num.Dense // V, the gradient there, the minimizer of the model
	value, omega float64    // f and Ω at V
	b            []float64
	image, ahead []float64
}

func newNewtonModel(p *Problem, f *form, x *Point) *newtonModel {
	n := &newtonModel{rows: newRows(p, x.B), prox: f.prox, v: f.start(x), damp: 1e-6, b: make([]float64, len(x.B))}
	n.land = f.over(n.rows)
	n.model = &quadratic{d: p.Features(), k: p.Columns()}
	n.g, n.to = num.NewDense(n.v.Rows, n.v.Cols), num.NewDense(n.v.Rows, n.v.Cols)
	n.image, n.ahead = make([]float64, n.land.length()), make([]float64, n.land.length())
	n.omega = n.prox.Value(n.v)
	if math.IsInf(n.omega, 1) {
		n.prox.Prox(n.v, n.v, 1/n.land.bend())
		n.omega = n.prox.Value(n.v)
	}
	n.land.image(n.image, n.v)
	return n
}

// toward sets to near the minimizer of the model: to where the proximal
// gradient is a hundredth of that at V.
func (n *newtonModel) toward(model terrain) {
	d := newDescent(model, n.prox, n.v)
	d.bend = math.Max(d.bend, n.bend/4)
	first := d.step()
	for range 1000 {
		d.turn()
		if moved := d.step(); moved <= 0.01*first {
			break
		}
	}
	n.bend = d.bend
	copy(n.to.Data, d.w.Data)
}

// search moves V toward to: by the whole way, or a half, a quarter, …, until
// the objective falls by a share of what the slope promises. Steps cut short
// call for more damping, whole ones for less.
func (n *newtonModel) search() {
	n.land.image(n.ahead, n.to)
	promise := -n.omega + n.prox.Value(n.to)
	for i, v := range n.to.Data {
		promise += n.g.Data[i] * (v - n.v.Data[i])
	}
	v, image := num.NewDense(n.to.Rows, n.to.Cols), make([]float64, len(n.image))
	for t := 1.0; t > 1e-10; t /= 2 {
		for i, x := range n.v.Data {
			v.Data[i] = (1-t)*x + t*n.to.Data[i]
		}
		for i, x := range n.image {
			image[i] = (1-t)*x + t*n.ahead[i]
		}
		value, omega := n.land.finish(n.b, v, image), n.prox.Value(v)
		if value+omega <= n.value+n.omega+1e-4*t*promise {
			copy(n.v.Data, v.Data)
			copy(n.image, image)
			n.omega = omega
			n.damp = math.Max(1e-12, n.damp/10)
			if t < 1 {
				n.damp = math.Max(1e-4, 100*n.damp)
			}
			return
		}
	}
	n.damp = math.Max(1e-4, 10*n.damp)
}

// A rowGroup is the columns of W that meet the same rows.
type rowGroup struct {
	x       *num.Matrix
	tasks   []int
	columns []int
	work    int // of a product
}

// group lists the tasks by rows, and by weights and fixedness of the intercept
// where squared losses are to share a Gram matrix.
func group(p *Problem, moments bool) []rowGroup {
	type key struct {
		x     *num.Matrix
		w     *float64
		fixed bool
	}
	first, place := p.First(), map[key]int{}
	var groups []rowGroup
	for t := range p.Tasks {
		k := key{x: p.Tasks[t].X}
		if moments {
			k.fixed = p.Tasks[t].Fixed != nil
			if len(p.Tasks[t].Weight) > 0 {
				k.w = &p.Tasks[t].Weight[0]
			}
		}
		i, ok := place[k]
		if !ok {
			i = len(groups)
			place[k] = i
			groups = append(groups, rowGroup{x: k.x})
		}
		groups[i].tasks = append(groups[i].tasks, t)
		for c := first[t]; c < first[t+1]; c++ {
			groups[i].columns = append(groups[i].columns, c)
		}
	}
	for i := range groups {
		groups[i].work = groups[i].x.NNZ() * len(groups[i].columns)
	}
	return groups
}

// gather returns the group's columns of w, d × columns.
func (g *rowGroup) gather(w *num.Dense) []float64 {
	k := len(g.columns)
	if k == w.Cols {
		return w.Data
	}
	out := make([]float64, w.Rows*k)
	for j := range w.Rows {
		row := w.Row(j)
		for c, from := range g.columns {
			out[j*k+c] = row[from]
		}
	}
	return out
}

// scatter sets the group's columns of w.
func (g *rowGroup) scatter(w *num.Dense, from []float64) {
	k := len(g.columns)
	for j := range w.Rows {
		row := w.Row(j)
		for c, to := range g.columns {
			row[to] = from[j*k+c]
		}
	}
}

// mul sets rows lo to hi of out, n × k, to those of XW; w is d × k.
func (g *rowGroup) mul(out, w []float64, lo, hi int) { g.x.Mul(out, w, len(g.columns), lo, hi) }

// mulT sets rows lo to hi of out, d × k, to those of Xᵀa; a is n × k. Sparse
// rows are taken whole.
func (g *rowGroup) mulT(out, a []float64, lo, hi int) { g.x.MulT(out, a, len(g.columns), lo, hi) }

// pieces cuts n into runs of at most size and calls f for each, of every group.
func pieces(groups []rowGroup, length func(g *rowGroup) (n, size int), f func(g, lo, hi int)) {
	type piece struct{ g, lo, hi int }
	var all []piece
	work := 0
	for i := range groups {
		work += groups[i].work
		n, size := length(&groups[i])
		for lo := 0; lo < n; lo += size {
			all = append(all, piece{i, lo, min(n, lo+size)})
		}
	}
	num.Each(len(all), work, func(i int) { f(all[i].g, all[i].lo, all[i].hi) })
}

// forward sets out[g] to X_g W_g for every group.
func forward(groups []rowGroup, out [][]float64, w *num.Dense) {
	gathered := make([][]float64, len(groups))
	num.Each(len(groups), len(w.Data), func(i int) { gathered[i] = groups[i].gather(w) })
	pieces(groups, func(g *rowGroup) (int, int) { return g.x.Rows, 1024 },
		func(g, lo, hi int) { groups[g].mul(out[g], gathered[g], lo, hi) })
}

// backward sets the columns of w to X_gᵀ a[g] for every group.
func backward(groups []rowGroup, w *num.Dense, a [][]float64) {
	parts := make([][]float64, len(groups))
	for i := range groups {
		parts[i] = make([]float64, w.Rows*len(groups[i].columns))
	}
	pieces(groups, func(g *rowGroup) (int, int) {
		if g.x.Sparse() || len(groups) > 16 {
			return w.Rows, max(1, w.Rows)
		}
		return w.Rows, 256
	}, func(g, lo, hi int) { groups[g].mulT(parts[g], a[g], lo, hi) })
	for i := range groups {
		groups[i].scatter(w, parts[i])
	}
}

// rows is the terrain of smooth losses on rows. An image is XW, n × columns of
// each group in turn.
type rows struct {
	p      *Problem
	groups []rowGroup
	first  []int // columns of each task
	of, at []int // the group of each task, and its first column there
	starts []int // of each group in an image
	b      []float64
	z      [][]float64 // outputs of each task, at the last evaluation
	slopes [][]float64 // and ∂ℓ/∂z at the last slope
	value  []float64
	// at the last slope
	w, g *num.Dense // W and ∇f
	last float64    // f
}

func newRows(p *Problem, b []float64) *rows {
	r := &rows{p: p, groups: group(p, false), first: p.First(), b: append([]float64(nil), b...)}
	n := len(p.Tasks)
	r.of, r.at, r.starts = make([]int, n), make([]int, n), make([]int, len(r.groups)+1)
	r.z, r.slopes, r.value = make([][]float64, n), make([][]float64, n), make([]float64, n)
	for g := range r.groups {
		at := 0
		for _, t := range r.groups[g].tasks {
			r.of[t], r.at[t] = g, at
			at += p.Tasks[t].Outputs
		}
		r.starts[g+1] = r.starts[g] + r.groups[g].x.Rows*at
	}
	for t := range p.Tasks {
		size := p.Tasks[t].X.Rows * p.Tasks[t].Outputs
		r.z[t], r.slopes[t] = make([]float64, size), make([]float64, size)
		if p.Tasks[t].Fixed != nil {
			copy(r.b[r.first[t]:r.first[t+1]], p.Tasks[t].Fixed)
		}
	}
	return r
}

func (r *rows) length() int { return r.starts[len(r.groups)] }

// parts are the groups' images.
func (r *rows) parts(image []float64) [][]float64 {
	out := make([][]float64, len(r.groups))
	for g := range out {
		out[g] = image[r.starts[g]:r.starts[g+1]]
	}
	return out
}

func (r *rows) image(out []float64, w *num.Dense) { forward(r.groups, r.parts(out), w) }

// outputs sets z and b of task t to the image with the best intercepts.
func (r *rows) outputs(t int, image []float64) {
	g, k := r.of[t], r.p.Tasks[t].Outputs
	width, b := len(r.groups[g].columns), r.b[r.first[t]:r.first[t+1]]
	from := image[r.starts[g]+r.at[t]:]
	z := r.z[t]
	for i := range r.p.Tasks[t].X.Rows {
		for c := range k {
			z[i*k+c] = from[i*width+c] + b[c]
		}
	}
	optimizeIntercept(&r.p.Tasks[t], z, b)
}

func (r *rows) slope(g, w *num.Dense, image []float64) float64 {
	r.w, r.g = w, g
	a := make([]float64, r.length())
	r.p.each(func(t int) {
		r.outputs(t, image)
		task, slope := &r.p.Tasks[t], r.slopes[t]
		r.value[t] = task.Loss.(loss.Smooth).Grad(slope, task.Y, task.Weight, r.z[t])
		k, width := task.Outputs, len(r.groups[r.of[t]].columns)
		to := a[r.starts[r.of[t]]+r.at[t]:]
		for i := range task.X.Rows {
			copy(to[i*width:i*width+k], slope[i*k:(i+1)*k])
		}
	})
	backward(r.groups, g, r.parts(a))
	r.last = num.Sum(r.value)
	return r.last
}

func (r *rows) finish(b []float64, _ *num.Dense, image []float64) float64 {
	r.p.each(func(t int) {
		r.outputs(t, image)
		r.value[t] = r.p.Tasks[t].Loss.Value(r.p.Tasks[t].Y, r.p.Tasks[t].Weight, r.z[t])
	})
	copy(b, r.b)
	return num.Sum(r.value)
}

func (r *rows) rise(w, v, g *num.Dense, iw, _ []float64) (rise, noise float64) {
	b := make([]float64, len(r.b))
	rise = r.finish(b, w, iw) - r.last
	for i, x := range w.Data {
		rise -= g.Data[i] * (x - v.Data[i])
	}
	return rise, 1e-14 * math.Abs(r.last)
}

// dual includes the intercepts that are fixed: −Σ w ℓ* − b Σ a.
func (r *rows) dual(s float64) float64 {
	r.p.each(func(t int) {
		task, a := &r.p.Tasks[t], make([]float64, len(r.slopes[t]))
		num.Axpy(-s, r.slopes[t], a)
		r.value[t] = task.Loss.Conjugate(task.Y, task.Weight, a)
		for i, v := range a {
			if task.Fixed != nil {
				r.value[t] += v * task.Fixed[i%task.Outputs]
			}
		}
	})
	return -num.Sum(r.value)
}

// bend is the largest diagonal entry of a task's ℓ″-bounded Gram matrix.
func (r *rows) bend() float64 {
	most := make([]float64, len(r.p.Tasks))
	num.For(len(most), func(t int) {
		task, sum := &r.p.Tasks[t], make([]float64, r.p.Features())
		for i := range task.X.Rows {
			index, value := task.X.Row(i)
			for e, v := range value {
				j := e
				if index != nil {
					j = int(index[e])
				}
				sum[j] += weightAt(task, i) * v * v
			}
		}
		curvature := task.Loss.(loss.Smooth).Curvature()
		if math.IsInf(curvature, 1) {
			curvature = 1
		}
		for _, v := range sum {
			most[t] = math.Max(most[t], curvature*v)
		}
	})
	return positive(most)
}

// positive is the largest of x, or 1 where none is above 0.
func positive(x []float64) float64 {
	most := 0.0
	for _, v := range x {
		most = math.Max(most, v)
	}
	if most == 0 {
		return 1
	}
	return most
}

// model sets q to the quadratic model of f at W, where r stood last: Gram
// matrices H_t weighted by ℓ″ + damp·bound and centred by these weights, which
// is the Hessian of min_b f, and C = HW − ∇f.
func (r *rows) model(q *quadratic, damp float64) *quadratic {
	q.g, q.c = make([]*num.Dense, q.k), make([][]float64, q.k)
	num.For(q.k, func(t int) {
		task, h := &r.p.Tasks[t], make([]float64, len(r.z[t]))
		l := task.Loss.(loss.Curved)
		l.Hess(h, task.Y, task.Weight, r.z[t])
		bound := l.Curvature()
		if math.IsInf(bound, 1) {
			bound = num.Sum(h) / math.Max(totalWeight(task), math.SmallestNonzeroFloat64)
		}
		for i := range h {
			h[i] += damp * bound * weightAt(task, i)
		}
		mean := make([]float64, q.d)
		if total := num.Sum(h); task.Fixed == nil && total > 0 {
			for i, v := range h {
				task.X.Axpy(i, v/total, mean)
			}
		}
		q.g[t] = num.Gram(task.X, h, mean)
		column := r.w.Col(make([]float64, q.d), t)
		q.c[t] = make([]float64, q.d)
		for i := range q.c[t] {
			q.c[t][i] = num.Dot(q.g[t].Row(i), column) - r.g.At(i, t)
		}
	})
	return q
}

// quadratic is the terrain ½⟨W, GW⟩ − ⟨C, W⟩ + ½YY of squared losses with
// their intercepts eliminated. An image is GW, transposed: k × d.
type quadratic struct {
	d, k    int
	g       []*num.Dense // of each column
	c       [][]float64
	yy      float64
	moments []*Moments
	room    []float64 // for an image
	// at the last slope
	wc, wgw float64
}

func newQuadratic(p *Problem) *quadratic {
	q := &quadratic{d: p.Features(), k: p.Columns(), moments: p.Moments()}
	for _, m := range q.moments {
		q.g, q.c = append(q.g, m.G), append(q.c, m.C)
		q.yy += m.YY
	}
	return q
}

func (q *quadratic) length() int { return q.k * q.d }

func (q *quadratic) image(out []float64, w *num.Dense) {
	d := q.d
	if q.room == nil {
		q.room = make([]float64, q.k*d)
	}
	column := q.room
	for j := range d {
		for c, v := range w.Row(j) {
			column[c*d+j] = v
		}
	}
	if q.shared() {
		q.together(out, column)
		return
	}
	num.Each(q.k, q.k*d*d, func(c int) { symv(out[c*d:(c+1)*d], q.g[c], column[c*d:(c+1)*d]) })
}

// shared tells whether several columns have one G.
func (q *quadratic) shared() bool {
	for _, g := range q.g {
		if g != q.g[0] {
			return false
		}
	}
	return q.k > 1
}

// together is image where columns share G. Of G only the rows are read that meet
// a weight, where these are few.
func (q *quadratic) together(out, columns []float64) {
	d, g := q.d, q.g[0]
	var used []int
	for j := range d {
		for c := range q.k {
			if columns[c*d+j] != 0 {
				used = append(used, j)
				break
			}
		}
	}
	left, right := num.Of(columns, q.k, d), g.View()
	if n := len(used); 2*n < d {
		few, rows := make([]float64, q.k*n), make([]float64, n*d)
		for i, j := range used {
			copy(rows[i*d:(i+1)*d], g.Row(j))
			for c := range q.k {
				few[c*n+i] = columns[c*d+j]
			}
		}
		left, right = num.Of(few, q.k, n), num.Of(rows, n, d)
	}
	num.MultiplyParallel(num.Of(out, q.k, d), left, right, num.Finish[float64]{})
}

// symv sets y to Ax, for a symmetric A, four rows at a time.
func symv(y []float64, a *num.Dense, x []float64) {
	clear(y)
	j := 0
	for ; j+4 <= len(x); j += 4 {
		num.Axpy4(y, x[j:j+4], a.Data[j*a.Cols:])
	}
	for ; j < len(x); j++ {
		num.Axpy(x[j], a.Row(j), y)
	}
}

func (q *quadratic) slope(g, w *num.Dense, image []float64) float64 {
	q.wc, q.wgw = 0, 0
	for j := range q.d {
		row, to := w.Row(j), g.Row(j)
		for c, v := range row {
			gw, cj := image[c*q.d+j], q.c[c][j]
			to[c] = gw - cj
			q.wc += v * cj
			q.wgw += v * gw
		}
	}
	return 0.5*q.wgw - q.wc + 0.5*q.yy
}

func (q *quadratic) finish(b []float64, w *num.Dense, image []float64) float64 {
	wc, wgw := 0.0, 0.0
	for c, m := range q.moments {
		b[c] = m.MeanY
	}
	for j := range q.d {
		for c, v := range w.Row(j) {
			wc += v * q.c[c][j]
			wgw += v * image[c*q.d+j]
			b[c] -= v * q.moments[c].MeanX[j]
		}
	}
	return 0.5*wgw - wc + 0.5*q.yy
}

func (q *quadratic) rise(w, v, _ *num.Dense, iw, iv []float64) (rise, noise float64) {
	for j := range q.d {
		from := v.Row(j)
		for c, x := range w.Row(j) {
			to := iw[c*q.d+j]
			rise += (x - from[c]) * (to - iv[c*q.d+j])
			noise += math.Abs((x - from[c]) * to)
		}
	}
	return 0.5 * rise, 1e-15 * noise
}

// dual is Σ a(y − ȳ) − ½a²/w for a = s·w·r, r the residuals.
func (q *quadratic) dual(s float64) float64 {
	ry, rr := q.yy-q.wc, q.yy-2*q.wc+q.wgw
	return s*ry - 0.5*s*s*rr
}

func (q *quadratic) bend() float64 {
	diagonal := make([]float64, q.k)
	for c, g := range q.g {
		for j := range q.d {
			diagonal[c] = math.Max(diagonal[c], g.At(j, j))
		}
	}
	return positive(diagonal)
}
