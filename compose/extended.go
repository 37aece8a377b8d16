package compose

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/prior"
)

// Extended is a Model with tasks that it was not fitted to. Each of them is a
// combination of tasks that it knows,
//
//	z(x) = Σ_t a_t z_t(x) + b
//
// of values, of logarithms of counts, of log odds, of log probabilities. Where the
// outputs of a network are linear in the vector or the head of a task, as most
// are, that is the task of the combined vector or head. What the Model says of its
// own tasks stays as it is.
type Extended struct {
	base  kindred.Model
	added []combined
}

// combined is a task made of others.
type combined struct {
	Info    kindred.TaskInfo `json:"info"`
	Of      []int            `json:"of"`      // tasks of the base
	Weights []float64        `json:"weights"` // of each
	Shift   []float64        `json:"shift"`   // of each output
	Told    string           `json:"told"`    // how it came to be
}

// An extender learns more tasks in its own way.
type extender interface {
	Extend(ctx context.Context, task kindred.Task) (kindred.Model, error)
}

// Add returns the model with one more task, learned from its own rows, which may
// be few, while all that the model knows stays as it is: linear models as
// linear.Model.Add, others as a draw of what their tasks are draws of, by package
// prior: z = z̄ + Σ_t a_t (z_t − z̄)/√(T−1) + b. The known tasks are those of its
// kind and classes, of regression of its target too.
func Add(ctx context.Context, model kindred.Model, task kindred.Task) (kindred.Model, error) {
	if err := fresh(model, task.Name); err != nil {
		return nil, err
	}
	if err := task.Check(); err != nil {
		return nil, err
	}
	if e, ok := model.(extender); ok {
		return e.Extend(ctx, task)
	}
	m := extended(model)
	known := m.alike(task.Info())
	if known == nil {
		return nil, fmt.Errorf("task %q is a %v task of %q; the model has none of its kind, classes and target to learn it by", task.Name, task.Kind, task.Label.Target)
	}
	added, err := m.draw(ctx, &task, known)
	if err != nil {
		return nil, err
	}
	return m.with(*added), nil
}

// Unseen returns the model with a task that no row tells of: the mean of the tasks
// of its kind, classes and target.
func Unseen(model kindred.Model, task kindred.TaskInfo) (kindred.Model, error) {
	if err := fresh(model, task.Name); err != nil {
		return nil, err
	}
	m := extended(model)
	known := m.alike(task)
	if known == nil {
		return nil, fmt.Errorf("task %q is a %v task of %q; the model has none of its kind, classes and target to take the mean of", task.Name, task.Kind, task.Target)
	}
	c := combined{Info: task, Of: known, Weights: slices.Repeat([]float64{1 / float64(len(known))}, len(known)), Shift: make([]float64, scores(task))}
	c.Told = fmt.Sprintf("task %q was never seen: it is predicted by the mean of %d tasks", task.Name, len(known))
	return m.with(c), nil
}

func fresh(model kindred.Model, name string) error {
	if slices.ContainsFunc(model.Tasks(), func(t kindred.TaskInfo) bool { return t.Name == name }) {
		return fmt.Errorf("the model has a task %q already", name)
	}
	return nil
}

func extended(model kindred.Model) *Extended {
	if m, ok := model.(*Extended); ok {
		return m
	}
	return &Extended{base: model}
}

func (m *Extended) with(c combined) *Extended {
	return &Extended{m.base, append(slices.Clone(m.added), c)}
}

// alike are the fitted tasks that one can be combined of.
func (m *Extended) alike(task kindred.TaskInfo) []int {
	var out []int
	for t, info := range m.base.Tasks() {
		if info.Kind == task.Kind && slices.Equal(info.Classes, task.Classes) && (info.Target == task.Target || task.Kind.Classifies()) {
			out = append(out, t)
		}
	}
	return out
}

// Tasks lists what the model predicts.
func (m *Extended) Tasks() []kindred.TaskInfo {
	out := slices.Clone(m.base.Tasks())
	for _, c := range m.added {
		out = append(out, c.Info)
	}
	return out
}

// Schema lists the columns that Predict reads.
func (m *Extended) Schema() kindred.Schema { return m.base.Schema() }

// Report is that of the model before, with how each task came to be.
func (m *Extended) Report() kindred.Report {
	r := report(m.base)
	r.Warnings = slices.Clone(r.Warnings)
	for _, c := range m.added {
		r.Warnings = append(r.Warnings, c.Told)
	}
	return r
}

// Predict asks the model before, of what it knows and of what others are made of.
func (m *Extended) Predict(ctx context.Context, rows *kindred.Table, tasks []int) (*kindred.Prediction, error) {
	known := len(m.base.Tasks())
	tasks, err := all(tasks, known+len(m.added))
	if err != nil {
		return nil, err
	}
	out := &kindred.Prediction{Tasks: make([]kindred.Outcome, len(tasks))}
	var asked, to []int
	for i, t := range tasks {
		if t < known {
			asked, to = append(asked, t), append(to, i)
			continue
		}
		if out.Tasks[i], err = m.combine(ctx, rows, &m.added[t-known]); err != nil {
			return nil, err
		}
		out.Tasks[i].Task = t
	}
	if asked == nil {
		return out, nil
	}
	p, err := m.base.Predict(ctx, rows, asked)
	if err != nil {
		return nil, err
	}
	for i, at := range to {
		out.Tasks[at] = p.Tasks[i]
	}
	return out, nil
}

// combinedNumbers is how many numbers of other tasks are held at once.
const combinedNumbers = 1 << 22

// combine predicts a task made of others, some rows at a time.
func (m *Extended) combine(ctx context.Context, rows *kindred.Table, c *combined) (kindred.Outcome, error) {
	k, odds := len(c.Shift), true
	block := max(16, combinedNumbers/(k*len(c.Of)))
	var out kindred.Outcome
	var z []float64
	for lo := 0; lo < rows.Len(); lo += block {
		some := make([]int, min(block, rows.Len()-lo))
		for i := range some {
			some[i] = lo + i
		}
		p, err := m.base.Predict(ctx, rows.Select(some), c.Of)
		if err != nil {
			return out, err
		}
		part := num.NewDense(len(some), k)
		for i := range part.Rows {
			copy(part.Row(i), c.Shift)
		}
		for j := range c.Of {
			s := scored(&p.Tasks[j], c.Info, len(some))
			odds = odds && (p.Tasks[j].Probability != nil || !c.Info.Kind.Classifies())
			num.Axpy(c.Weights[j], s.Data, part.Data)
		}
		z = append(z, part.Data...)
	}
	return outcome(z, c.Info, odds), ctx.Err()
}

// scores is how many numbers a row has before they become what is predicted.
func scores(t kindred.TaskInfo) int {
	if t.Kind == kindred.Multiclass {
		return len(t.Classes)
	}
	return 1
}

// leastProbability is the least of a probability, and of a count, whose logarithm
// is taken.
const leastProbability = 1e-9

// scored are the numbers that are combined, a row each.
func scored(o *kindred.Outcome, t kindred.TaskInfo, n int) *num.Dense {
	out := num.NewDense(n, scores(t))
	log := func(v float64) float64 { return math.Log(max(v, leastProbability)) }
	switch {
	case t.Kind == kindred.Count:
		for i, v := range o.Value {
			out.Data[i] = log(v)
		}
	case t.Kind == kindred.Regression:
		copy(out.Data, o.Value)
	case o.Probability == nil:
		copy(out.Data, o.Decision)
	case t.Kind == kindred.Binary:
		for i := range n {
			out.Data[i] = log(o.Probability[2*i+1]) - log(o.Probability[2*i])
		}
	default:
		for i, p := range o.Probability {
			out.Data[i] = log(p)
		}
	}
	return out
}

// outcome is what numbers predict; odds says that they are of probabilities.
func outcome(z []float64, t kindred.TaskInfo, odds bool) (o kindred.Outcome) {
	k := scores(t)
	n := len(z) / k
	switch t.Kind {
	case kindred.Regression:
		o.Value = z
		return o
	case kindred.Count:
		o.Value = make([]float64, n)
		loss.Poisson{}.Mean(o.Value, z, 1)
		return o
	}
	o.Decision, o.Class = z, make([]int, n)
	for i := range n {
		if k == 1 {
			if z[i] > 0 {
				o.Class[i] = 1
			}
			continue
		}
		row := z[i*k : (i+1)*k]
		o.Class[i] = slices.Index(row, slices.Max(row))
	}
	switch {
	case !odds:
	case k == 1:
		p := make([]float64, n)
		loss.Logistic{}.Mean(p, z, 1)
		for _, v := range p {
			o.Probability = append(o.Probability, 1-v, v)
		}
	default:
		o.Probability = make([]float64, len(z))
		loss.Softmax{}.Mean(o.Probability, z, k)
	}
	return o
}

// draw learns a task as a draw of those known.
func (m *Extended) draw(ctx context.Context, task *kindred.Task, known []int) (*combined, error) {
	info, n := task.Info(), len(task.Rows)
	k, tasks := scores(info), float64(len(known))
	p, err := m.base.Predict(ctx, task.Table.Select(task.Rows), known)
	if err != nil {
		return nil, err
	}
	d := &prior.Draw{Y: task.Y(), Weight: task.Weight, Mean: num.NewDense(n, k), Spread: num.NewDense(n*k, len(known)+k)}
	all := make([]*num.Dense, len(known))
	for j := range known {
		all[j] = scored(&p.Tasks[j], info, n)
		num.Axpy(1/tasks, all[j].Data, d.Mean.Data)
	}
	level := 0.0
	for j := range known {
		num.Axpy(-1, d.Mean.Data, all[j].Data)
		mean := num.Sum(all[j].Data) / float64(n*k)
		level += mean * mean / max(1, tasks-1)
		num.Scale(all[j].Data, 1/math.Sqrt(max(1, tasks-1)))
		d.Spread.SetCol(j, all[j].Data)
	}
	if level = math.Sqrt(level); level == 0 {
		level = 1
	}
	for i := range n * k {
		d.Spread.Set(i, len(known)+i%k, level)
	}
	if d.Loss = prior.Likelihood(task.Kind); task.Kind == kindred.Regression {
		d.Noise = noise(d)
	}
	f, err := d.Fit(ctx)
	if err != nil {
		return nil, fmt.Errorf("task %q: %w", task.Name, err)
	}
	return drawnOf(info, known, f, level, n), nil
}

// drawnOf is the combination of a fit.
func drawnOf(info kindred.TaskInfo, known []int, f *prior.Fit, level float64, rows int) *combined {
	tasks := float64(len(known))
	c := &combined{Info: info, Of: known, Weights: make([]float64, len(known)), Shift: slices.Clone(f.Along[len(known):])}
	mean := num.Sum(f.Along[:len(known)]) / tasks
	for j := range c.Weights {
		c.Weights[j] = 1/tasks + (f.Along[j]-mean)/math.Sqrt(max(1, tasks-1))
	}
	num.Scale(c.Shift, level)
	c.Told = fmt.Sprintf("task %q was added later from %d rows, as a combination of %d tasks: variance %.3g of theirs, residual %.1e", info.Name, rows, len(known), f.Variance, f.Residual)
	return c
}

// noise is about the variance of the noise of numbers: that of labels around the
// mean of the known tasks, and of one label or two that of this mean over rows.
func noise(d *prior.Draw) float64 {
	off := slices.Clone(d.Mean.Data)
	if len(d.Y) > 2 {
		num.Axpy(-1, d.Y, off)
	}
	mean, square := num.Sum(off)/float64(len(off)), 0.0
	for _, x := range off {
		square += (x - mean) * (x - mean)
	}
	return square / max(1, float64(len(off)-1)) // where it is 0, 1 is taken
}
