package linear

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/calibrate"
	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/prep"
	"github.com/kindred-mtl/kindred/prior"
)

// Add returns the model with one more task, learned from the task's own rows,
// which may be few or none; all that the model knows stays as it is.
//
// The task is taken for one more draw of what the known ones were drawn from,
//
//	(w, b) ~ N((w̄, b̄), τ² ((1−ρ) S + ρ diag σ²)),   S = 1/(T−1) Σ_t (w_t−w̄)(w_t−w̄)ᵀ,
//
// σ² the mean variance of a weight, and of an intercept, with ρ and τ² of the
// largest evidence; package prior has more. Where the tasks were found to be in
// groups, the group of the largest evidence stands for all. Known tasks are those
// of the new one's kind and classes, of regression those of its target where
// there are some. Without rows it is (w̄, b̄): what to say of a task never seen.
func (m *Model) Add(ctx context.Context, task kindred.Task) (*Model, error) {
	if slices.ContainsFunc(m.tasks, func(t kindred.TaskInfo) bool { return t.Name == task.Name }) {
		return nil, fmt.Errorf("linear: the model has a task %q already", task.Name)
	}
	if len(task.Rows) > 0 {
		if err := task.Check(); err != nil {
			return nil, err
		}
	}
	known := m.alike(&task)
	if known == nil {
		return nil, fmt.Errorf("linear: task %q is a %v task; the model has none of its kind and classes to draw it from", task.Name, task.Kind)
	}
	return m.draw(ctx, &task, known)
}

// Extend is Add, for package compose.
func (m *Model) Extend(ctx context.Context, task kindred.Task) (kindred.Model, error) {
	return m.Add(ctx, task)
}

// alike are the tasks that a new one may be a draw of.
func (m *Model) alike(task *kindred.Task) []int {
	var all, same []int
	for t, info := range m.tasks {
		if info.Kind != task.Kind || info.Kind.Classifies() && !slices.Equal(info.Classes, task.Label.Classes) {
			continue
		}
		if all = append(all, t); info.Target == task.Label.Target {
			same = append(same, t)
		}
	}
	if same != nil && task.Kind == kindred.Regression {
		return same
	}
	return all
}

// own is how much of the variance of a new task's weights follows no known task.
var own = []float64{0, 0.1, 0.5, 0.9}

// mostEntries is the largest matrix of rows and directions; where the columns
// would need more, a task is sought among those that the known tasks span.
const mostEntries = 3e7

// draw is the model with a task that is one more draw of those known.
func (m *Model) draw(ctx context.Context, task *kindred.Task, known []int) (*Model, error) {
	d, x, err := m.drawing(ctx, task)
	if err != nil {
		return nil, err
	}
	var best *drawn
	for _, tasks := range m.groupsOf(known, len(task.Rows)) {
		f := m.family(tasks)
		for _, share := range own {
			if wide := f.spread.Cols + f.mean.Rows*f.mean.Cols; share > 0 && float64(len(d.Y)*f.mean.Cols*wide) > mostEntries || share == 0 && f.spread.Cols == 0 {
				continue
			}
			one := &drawn{family: f, share: share, tasks: tasks}
			one.lay(d, x)
			if one.fit, err = d.Fit(ctx); err != nil {
				return nil, err
			}
			if one.score = one.fit.Evidence + math.Log(float64(len(tasks))); best == nil || one.score > best.score+1e-9 {
				best = one
			}
		}
	}
	if best == nil {
		return nil, errors.New("linear: too many rows and columns for the only task to say what others are; fit both together")
	}
	return m.withDrawn(task, known, best), nil
}

// drawing is the problem of the new task, without what it is drawn from, and its
// prepared rows.
func (m *Model) drawing(ctx context.Context, task *kindred.Task) (*prior.Draw, *num.Matrix, error) {
	d := &prior.Draw{Loss: prior.Likelihood(task.Kind), Weight: task.Weight, Noise: 0.5}
	if len(task.Rows) == 0 {
		return d, num.NewMatrix(0, m.w.Rows), nil
	}
	x, err := m.prep.Transform(ctx, task.Table, task.Rows)
	if err != nil {
		return nil, nil, err
	}
	scale := m.targetsOf(&kindred.Set{Tasks: []kindred.Task{*task}})[0]
	for _, y := range task.Y() {
		d.Y = append(d.Y, (y-scale.Center)/scale.Scale)
	}
	return d, x, nil
}

// groupsOf are the tasks by the groups that were found, in their order; all in one
// where there are none, or no row is there to choose by.
func (m *Model) groupsOf(known []int, rows int) [][]int {
	if m.report.Groups == nil || rows == 0 {
		return [][]int{known}
	}
	out := make([][]int, 1+slices.Max(m.report.Groups))
	for _, t := range known {
		g := m.report.Groups[t]
		out[g] = append(out[g], t)
	}
	return slices.DeleteFunc(out, func(g []int) bool { return g == nil })
}

// A family is what tasks have in common: features × outputs, and the intercept
// below the features, of their mean; and of how each differs, a column a task of
// these one after the other.
type family struct {
	mean   *num.Dense
	spread *num.Dense
	slope  float64 // the standard deviation of a weight
	level  float64 // and of an intercept
}

// family is that of some tasks; of one, weights are taken to differ as much as
// they are.
func (m *Model) family(tasks []int) *family {
	k := m.first[tasks[0]+1] - m.first[tasks[0]]
	rows := m.w.Rows + 1
	f := &family{mean: num.NewDense(rows, k), spread: num.NewDense(rows*k, 0)}
	all := make([]*num.Dense, len(tasks))
	for i, t := range tasks {
		all[i] = m.linked(t)
		num.Axpy(1/float64(len(tasks)), all[i].Data, f.mean.Data)
	}
	free := float64(len(tasks) - 1)
	if len(tasks) == 1 {
		f.slope, f.level = f.sizes(f.mean.Data, 1)
		return f
	}
	f.spread = num.NewDense(rows*k, len(tasks))
	for i := range all {
		num.Axpy(-1, f.mean.Data, all[i].Data)
		num.Scale(all[i].Data, 1/math.Sqrt(free))
		f.spread.SetCol(i, all[i].Data)
	}
	f.slope, f.level = f.sizes(f.spread.Data, len(tasks))
	return f
}

// sizes are the roots of the mean squares of weights and of intercepts, which are
// laid out a row each; columns is how many numbers each row has an output.
func (f *family) sizes(data []float64, columns int) (slope, level float64) {
	k := f.mean.Cols
	last := (f.mean.Rows - 1) * k * columns
	square := func(v []float64, n int) float64 {
		if n == 0 {
			return 0
		}
		return math.Sqrt(num.Dot(v, v) / float64(n))
	}
	return square(data[:last], (f.mean.Rows-1)*k), square(data[last:], k)
}

// linked are the weights of a task and its intercepts below them, of scores that
// are log odds: where the loss is none of probabilities, as its sigmoid makes
// them, if it has one.
func (m *Model) linked(t int) *num.Dense {
	w, b := m.Weights(t)
	out := num.NewDense(w.Rows+1, w.Cols)
	copy(out.Data, w.Data)
	copy(out.Row(w.Rows), b)
	if _, ok := m.losses[t].(loss.Linked); ok || m.sigmoids == nil {
		return out
	}
	for c := range w.Cols {
		s := m.sigmoids[m.first[t]+c]
		for j := range out.Rows {
			out.Data[j*w.Cols+c] *= s.A
		}
		out.Data[w.Rows*w.Cols+c] += s.B
	}
	return out
}

// drawn is a task of a family.
type drawn struct {
	*family
	share float64 // of the variance that is its own
	tasks []int   // that it is drawn from
	fit   *prior.Fit
	score float64
}

// lay sets what the task is drawn from: the outputs of the mean, and the
// directions, those of the known tasks and then each weight and intercept.
func (one *drawn) lay(d *prior.Draw, x *num.Matrix) {
	k, rows := one.mean.Cols, one.mean.Rows
	d.Mean = onColumns(x, one.mean)
	wide := one.spread.Cols
	if one.share > 0 {
		wide += rows * k
	}
	d.Spread = num.NewDense(x.Rows*k, wide)
	column := &num.Dense{Rows: rows, Cols: k}
	for t := range one.spread.Cols {
		column.Data = one.spread.Col(make([]float64, rows*k), t)
		d.Spread.SetCol(t, onColumns(x, column).Data)
	}
	num.Scale(d.Spread.Data, math.Sqrt(1-one.share))
	if one.share == 0 {
		return
	}
	slope, level := math.Sqrt(one.share)*one.slope, math.Sqrt(one.share)*one.level
	for i := range x.Rows {
		index, value := x.Row(i)
		for c := range k {
			row := d.Spread.Row(i*k + c)[one.spread.Cols:]
			for e, v := range value {
				j := e
				if index != nil {
					j = int(index[e])
				}
				row[j*k+c] = slope * v
			}
			row[(rows-1)*k+c] = level
		}
	}
}

// onColumns is x·W + b, the last row of wb being b.
func onColumns(x *num.Matrix, wb *num.Dense) *num.Dense {
	out := num.NewDense(x.Rows, wb.Cols)
	for i := range x.Rows {
		copy(out.Row(i), wb.Row(wb.Rows-1))
		index, value := x.Row(i)
		for e, v := range value {
			j := e
			if index != nil {
				j = int(index[e])
			}
			num.Axpy(v, wb.Row(j), out.Row(i))
		}
	}
	return out
}

// weights are those of the task, its intercepts below them.
func (one *drawn) weights() *num.Dense {
	out, a := one.mean.Clone(), one.fit.Along
	for i := range out.Data {
		out.Data[i] += math.Sqrt(1-one.share) * num.Dot(one.spread.Row(i), a[:one.spread.Cols])
	}
	if one.share > 0 {
		last := (out.Rows - 1) * out.Cols
		num.Axpy(math.Sqrt(one.share)*one.slope, a[one.spread.Cols:][:last], out.Data[:last])
		num.Axpy(math.Sqrt(one.share)*one.level, a[one.spread.Cols+last:], out.Data[last:])
	}
	return out
}

// withDrawn is the model and the task.
func (m *Model) withDrawn(task *kindred.Task, known []int, one *drawn) *Model {
	out, w := *m, one.weights()
	k := w.Cols
	out.tasks = append(slices.Clone(m.tasks), task.Info())
	target := prep.Target{Scale: 1}
	if task.Kind == kindred.Regression {
		target = m.targets[known[0]]
		if len(task.Rows) > 0 {
			target = m.targetsOf(&kindred.Set{Tasks: []kindred.Task{*task}})[0]
		}
	}
	out.targets = append(slices.Clone(m.targets), target)
	out.losses = append(slices.Clone(m.losses), loss.Loss(prior.Likelihood(task.Kind)))
	out.first = append(slices.Clone(m.first), len(m.b)+k)
	out.b = append(slices.Clone(m.b), w.Row(w.Rows-1)...)
	out.w = beside(m.w, &num.Dense{Rows: w.Rows - 1, Cols: k, Data: w.Data[:(w.Rows-1)*k]})
	if m.sigmoids != nil {
		out.sigmoids = append(slices.Clone(m.sigmoids), make([]calibrate.Sigmoid, k)...)
	}
	out.factors, out.point = nil, nil
	r := &out.report
	r.Relation, r.Vectors = nil, nil // of the tasks before
	if m.report.Groups != nil {
		r.Groups = append(slices.Clone(m.report.Groups), m.report.Groups[one.tasks[0]])
	}
	r.Warnings = append(slices.Clone(m.report.Warnings), told(task, one))
	return &out
}

// told says how a task came to be.
func told(task *kindred.Task, one *drawn) string {
	if len(task.Rows) == 0 {
		return fmt.Sprintf("task %q was never seen: its weights are the mean of those of %d tasks", task.Name, len(one.tasks))
	}
	return fmt.Sprintf("task %q was added later from %d rows, as a draw of %d tasks: variance %.3g of theirs, %.0f %% of it its own, residual %.1e; objective and certificate are those of the fit before it",
		task.Name, len(task.Rows), len(one.tasks), one.fit.Variance, 100*one.share, one.fit.Residual)
}
