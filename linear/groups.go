package linear

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/solve"
)

// grouped is a penalty on tasks in groups, once these are found.
func (d *design) grouped(ctx context.Context, p penalty.Penalty) (penalty.Penalty, error) {
	staged, ok := p.(penalty.Staged)
	if !ok || !staged.Open() {
		return p, nil
	}
	var key sought
	key.k, key.rows = staged.Sought()
	if d.groups[key] == nil {
		group, err := d.find(ctx, key)
		if err != nil {
			return nil, fmt.Errorf("linear: the groups of the tasks: %w", err)
		}
		if d.groups == nil {
			d.groups = map[sought][]int{}
		}
		d.groups[key] = group
	}
	return staged.Take(d.groups[key]), nil
}

// sought says what groups are to be found.
type sought struct {
	k    int // at most; 0: left open
	rows bool
}

// mostGroups is the largest number of groups tried where it is left open.
const mostGroups = 5

// find finds the groups of the tasks under which their rows are likeliest.
func (d *design) find(ctx context.Context, what sought) ([]int, error) {
	tasks := len(d.set.Tasks)
	most := what.k
	if most == 0 {
		most = mostGroups
	}
	if most = min(most, tasks-1); most < 2 {
		return make([]int, tasks), nil
	}
	m, err := d.mixture(ctx, what.rows)
	if err != nil {
		return nil, err
	}
	if len(m.aspects) == 0 {
		return make([]int, tasks), nil
	}
	return firstSeen(m.groups(ctx, most, what.k > 0)), ctx.Err()
}

// mixture is what the rows say of the tasks: of their weights, and if all of the
// rows is to count, of the intercepts and of where the rows lie.
func (d *design) mixture(ctx context.Context, rows bool) (*mixture, error) {
	m := &mixture{tasks: len(d.set.Tasks)}
	span, err := d.alikeInWeights(ctx, m)
	if err != nil || !rows {
		return m, err
	}
	if err := d.alikeInIntercepts(ctx, m); err != nil {
		return nil, err
	}
	d.alikeInPlace(m, span)
	return m, nil
}

// firstSeen numbers groups in the order of first appearance.
func firstSeen(group []int) []int {
	number, out := map[int]int{}, make([]int, len(group))
	for t, g := range group {
		if _, seen := number[g]; !seen {
			number[g] = len(number)
		}
		out[t] = number[g]
	}
	return out
}

// plain are the tasks of a problem as likelihoods of one output, whatever loss is
// to be learned by: of several classes, each against the others. Weights are held
// back as if their parts had a variance of 1.
func (d *design) plain(from *solve.Problem, belief penalty.Penalty) *solve.Problem {
	p := &solve.Problem{Layout: d.layout, Penalty: belief.On(d.layout, 1)}
	for i, u := range d.units {
		t := from.Tasks[i]
		for c := range u.k {
			one := solve.Task{X: t.X, Weight: t.Weight, Outputs: 1, Y: t.Y, Loss: likelihood(d.set.Tasks[u.task].Kind)}
			if t.Fixed != nil {
				one.Fixed = []float64{0}
			}
			if u.k > 1 {
				one.Y = make([]float64, len(t.Y))
				for r, y := range t.Y {
					if int(y) == c {
						one.Y[r] = 1
					}
				}
			}
			p.Tasks = append(p.Tasks, one)
		}
	}
	return p
}

func likelihood(k kindred.Kind) loss.Curved {
	switch k {
	case kindred.Regression:
		return loss.Squared{}
	case kindred.Count:
		return loss.Poisson{}
	}
	return loss.Logistic{}
}

// A slope is the gradient and the second derivative of a task's loss in each
// row's output, and how far its weights are there from what all have in common.
type slope struct{ grad, hess, from []float64 }

// slopes are those of each task where p is solved.
func slopes(ctx context.Context, p *solve.Problem) ([]slope, error) {
	_, solver, err := solve.Pick(p)
	if err != nil {
		return nil, err
	}
	r, err := solve.Run(ctx, solver, p, nil, roughTol, roughSteps)
	if err != nil {
		return nil, err
	}
	common := penalty.SharedPart(p.Penalty, r.Point.W)
	out, w := make([]slope, len(p.Tasks)), make([]float64, p.Features())
	for i := range p.Tasks {
		t := &p.Tasks[i]
		z, s := make([]float64, len(t.Y)), &out[i]
		t.X.MulVec(z, r.Point.W.Col(w, i))
		for k := range z {
			z[k] += r.Point.B[i]
		}
		s.from = slices.Clone(w)
		for j := range w {
			s.from[j] -= common.At(j, p.Layout.Slot[i])
		}
		s.grad, s.hess = make([]float64, len(z)), make([]float64, len(z))
		l := t.Loss.(loss.Curved)
		l.Grad(s.grad, t.Y, t.Weight, z)
		l.Hess(s.hess, t.Y, t.Weight, z)
	}
	return out, nil
}

// perSlot are aspects for the columns of each slot, all views still empty.
func (d *design) perSlot(dims int) []*aspect {
	all := make([]*aspect, 1+slices.Max(d.layout.Slot))
	for s := range all {
		all[s] = &aspect{views: make([]view, len(d.set.Tasks)), dims: dims}
	}
	return all
}

// alikeInWeights adds what the labels say of the weights, intercepts
// eliminated; of many features, as combinations of them, which it returns.
func (d *design) alikeInWeights(ctx context.Context, m *mixture) (span *num.Dense, err error) {
	from := d.problem
	if d.open != nil {
		from = d.open
	}
	p := d.plain(from, &penalty.Shared{Mu: 1})
	at, err := slopes(ctx, p)
	if err != nil {
		return nil, err
	}
	span = steepest(p, at)
	dims := p.Features()
	if span != nil {
		dims = span.Cols
	}
	all, noise, tasks := d.perSlot(dims), 0.0, 0.0
	for i := range p.Tasks {
		v := &all[d.layout.Slot[i]].views[d.layout.Task[i]]
		from := at[i].from
		if span != nil {
			from = num.ProductT(span, &num.Dense{Rows: len(from), Cols: 1, Data: from}).Data
		}
		if !v.see(&p.Tasks[i], onto(p.Tasks[i].X, span), from, at[i]) {
			continue
		}
		if v.noisy {
			noise, tasks = noise+v.rss/max(1, v.rows), tasks+1
		}
	}
	if m.noisy = tasks > 0 && noise > 0; m.noisy {
		m.noise = math.Round(math.Log2(noise/tasks)) - 1
	}
	m.add(all...)
	return span, nil
}

// see sets the view to what the labels of a task say of its weights; false
// where that is nothing. With X̄ the mean of the rows by their second
// derivatives h,
//
//	H = Σ h_i (x_i − X̄)(x_i − X̄)ᵀ,   h = H·from − Σ g_i (x_i − X̄)
//
// is what is left of the second order without the intercept.
func (v *view) see(t *solve.Task, x *num.Matrix, from []float64, at slope) bool {
	total := num.Sum(at.hess)
	if !(total > 0) {
		return false
	}
	mean, h := make([]float64, x.Cols), make([]float64, x.Cols)
	if t.Fixed == nil {
		x.AddMulTVec(mean, at.hess)
		scale(mean, 1/total)
	}
	x.AddMulTVec(h, at.grad)
	num.Axpy(-num.Sum(at.grad), mean, h)
	v.value, v.q = num.SymEigen(num.Gram(x, at.hess, mean))
	v.q = transposed(v.q)
	v.along = make([]float64, x.Cols)
	if v.noisy = dispersed(t.Loss); v.noisy {
		v.rows = -1 // the intercept's
		for i, c := range at.hess {
			if c > 0 {
				v.rows += weightAt(t.Weight, i)
				v.rss += at.grad[i] * at.grad[i] / c
			}
		}
	}
	for i := range v.along {
		v.value[i] = max(0, v.value[i])
		down, w := -num.Dot(v.q.Row(i), h), num.Dot(v.q.Row(i), from)
		v.along[i] = down + v.value[i]*w
		v.rss += (down + v.along[i]) * w
	}
	return true
}

// dispersed tells whether labels vary around their mean by more, or less, than
// a loss says.
//
// Nelder, Pregibon, An extended quasi-likelihood function, Biometrika 74, 1987.
func dispersed(l loss.Loss) bool {
	_, binary := l.(loss.Logistic)
	return !binary
}

// alikeInIntercepts adds what the labels say of the intercepts, from one that
// all tasks have in common, at the mean of each task's rows: of the rest of the
// second order that the weights leave.
func (d *design) alikeInIntercepts(ctx context.Context, m *mixture) error {
	if d.constant > 0 {
		return nil // they are among the weights
	}
	p := d.plain(d.problem, penalty.Common{})
	penalize(p.Tasks)
	at, err := slopes(ctx, p)
	if err != nil {
		return err
	}
	all := d.perSlot(1)
	for i := range p.Tasks {
		h, g := num.Sum(at[i].hess), num.Sum(at[i].grad)
		if !(h > 0) {
			continue
		}
		v := &all[d.layout.Slot[i]].views[d.layout.Task[i]]
		v.value, v.along = []float64{h}, []float64{-g}
		if v.noisy = dispersed(p.Tasks[i].Loss); v.noisy {
			v.rows, v.rss = 1, g*g/h
		}
	}
	m.add(all...)
	return nil
}

// alikeInPlace adds where the rows of the tasks lie: their means, in units of
// how rows vary within tasks. Tasks on the same rows do not differ in it.
func (d *design) alikeInPlace(m *mixture, span *num.Dense) {
	tasks := d.perTaskRows(span)
	if tasks == nil {
		return
	}
	dims := tasks[0].x.Cols
	within, centre, total := num.NewDense(dims, dims), make([]float64, dims), 0.0
	for _, t := range tasks {
		num.Axpy(1, num.Gram(t.x, t.weight, t.mean).Data, within.Data)
		num.Axpy(t.rows, t.mean, centre)
		total += t.rows
	}
	scale(centre, 1/total)
	free := total - float64(len(tasks))
	if !(free > 0) {
		return
	}
	scale(within.Data, 1/free)
	variance, q := num.SymEigen(within)
	q = transposed(q)
	a := &aspect{views: make([]view, len(tasks))}
	for i, v := range variance {
		if !(v > 1e-8*variance[dims-1]) {
			continue
		}
		a.dims++
		for k, t := range tasks {
			if t.rows > 0 {
				a.views[k].value = append(a.views[k].value, t.rows)
				a.views[k].along = append(a.views[k].along, t.rows*(num.Dot(q.Row(i), t.mean)-num.Dot(q.Row(i), centre))/math.Sqrt(v))
			}
		}
	}
	m.add(a)
}

// place is the rows of a task, and where they lie.
type place struct {
	x            *num.Matrix
	weight, mean []float64
	rows         float64
}

// perTaskRows are the places of the tasks; nil where all are the same.
func (d *design) perTaskRows(span *num.Dense) []place {
	out, differ := make([]place, len(d.set.Tasks)), false
	for i := range d.units {
		t := &d.problem.Tasks[i]
		differ = differ || t.X != d.problem.Tasks[0].X
		out[d.units[i].task] = place{x: t.X, weight: t.Weight}
	}
	if !differ {
		return nil
	}
	for i := range out {
		p := &out[i]
		p.x = onto(p.x, span)
		if p.weight == nil {
			p.weight = slices.Repeat([]float64{1}, p.x.Rows)
		}
		p.mean, p.rows = make([]float64, p.x.Cols), num.Sum(p.weight)
		if p.rows > 0 {
			p.x.AddMulTVec(p.mean, p.weight)
			scale(p.mean, 1/p.rows)
		}
	}
	return out
}

// penalize puts intercepts among the weights.
func penalize(tasks []solve.Task) {
	x := make([]*num.Matrix, len(tasks))
	for i := range x {
		x[i] = tasks[i].X
	}
	for i, wide := range withConstant(x, 1) {
		tasks[i].X, tasks[i].Fixed = wide, make([]float64, tasks[i].Outputs)
	}
}

// mostDirections is how many features, or combinations of them, groups of tasks
// are found by.
const mostDirections = 20

// steepest are the orthonormal combinations of features, a column each, in which
// the gradients of the tasks are longest together; nil where the features are
// few.
func steepest(p *solve.Problem, at []slope) *num.Dense {
	d, tasks := p.Features(), len(p.Tasks)
	if d <= mostDirections {
		return nil
	}
	g, column := num.NewDense(d, tasks), make([]float64, d)
	for i := range p.Tasks {
		x, pull := p.Tasks[i].X, slices.Clone(at[i].grad)
		for k := range pull {
			pull[k] -= at[i].hess[k] * x.Dot(k, at[i].from)
		}
		clear(column)
		x.AddMulTVec(column, pull)
		g.SetCol(i, column)
	}
	square, u := num.SymEigen(num.ProductT(g, g))
	last, n := tasks-1, 0
	for n < min(mostDirections, tasks) && square[last-n] > 1e-10*square[last] {
		n++
	}
	mix := num.NewDense(tasks, n)
	for c := range n {
		for i := range tasks {
			mix.Set(i, c, u.At(i, last-c)/math.Sqrt(square[last-c]))
		}
	}
	return num.Product(g, mix)
}

// onto is x by the columns of span; x itself where that is nil.
func onto(x *num.Matrix, span *num.Dense) *num.Matrix {
	if span == nil {
		return x
	}
	out := num.NewMatrix(x.Rows, span.Cols)
	for i := range x.Rows {
		index, value := x.Row(i)
		_, row := out.Row(i)
		for k, v := range value {
			j := k
			if index != nil {
				j = int(index[k])
			}
			num.Axpy(v, span.Row(j), row)
		}
	}
	return out
}

func transposed(a *num.Dense) *num.Dense {
	out := num.NewDense(a.Cols, a.Rows)
	for i := range a.Rows {
		out.SetCol(i, a.Row(i))
	}
	return out
}

func scale(x []float64, by float64) {
	for i := range x {
		x[i] *= by
	}
}

func weightAt(w []float64, i int) float64 {
	if w == nil {
		return 1
	}
	return w[i]
}
