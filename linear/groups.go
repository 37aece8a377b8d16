package linear

import (
	"context"
	"fmt"
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
	if !ok {
		return p, nil
	}
	finder, intercepts := staged.Finder()
	if finder == nil {
		return p, nil
	}
	key := fmt.Sprintf("%+v %v", finder, intercepts)
	if d.groups[key] == nil {
		group, err := d.find(ctx, finder, intercepts)
		if err != nil {
			return nil, fmt.Errorf("linear: the groups of the tasks: %w", err)
		}
		if d.groups == nil {
			d.groups = map[string][]int{}
		}
		d.groups[key] = group
	}
	return staged.Take(d.groups[key]), nil
}

// find fits the tasks by a belief that groups them. A fifth of the curvature
// is the strength: the weights are then sums over many rows, to which no single
// row adds much. Tasks weigh alike, or else those of many rows, whose weights
// are held back less and so longer, would be taken for a group.
func (d *design) find(ctx context.Context, finder penalty.Penalty, intercepts bool) ([]int, error) {
	from := d.problem
	if d.open != nil && !intercepts {
		from = d.open
	}
	p := &solve.Problem{Layout: d.layout, Tasks: slices.Clone(from.Tasks)}
	for i := range p.Tasks {
		p.Tasks[i].Loss = smooth(p.Tasks[i].Loss)
	}
	if intercepts && d.constant == 0 {
		penalize(p.Tasks)
	}
	level(p)
	f := finder.On(d.layout, 0.2*d.curvature())
	p.Penalty = f
	_, solver, err := solve.Pick(p)
	if err != nil {
		return nil, err
	}
	r, err := solve.Run(ctx, solver, p, nil, findTol, roughSteps)
	if err != nil {
		return nil, err
	}
	return d.perTask(f.(penalty.Grouping).Groups(r.Point.W)), nil
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

// level gives the rows of each task weights of the same sum, that of all tasks
// on average.
func level(p *solve.Problem) {
	total, all, tasks := make([]float64, len(p.Tasks)), 0.0, 0.0
	for i, t := range p.Tasks {
		for k := range t.Y {
			total[i] += weightAt(t.Weight, k)
		}
		if total[i] > 0 {
			all, tasks = all+total[i], tasks+1
		}
	}
	for i := range p.Tasks {
		t := &p.Tasks[i]
		w := make([]float64, len(t.Y))
		for k := range w {
			if total[i] > 0 {
				w[k] = weightAt(t.Weight, k) * all / tasks / total[i]
			}
		}
		t.Weight = w
	}
}

func weightAt(w []float64, i int) float64 {
	if w == nil {
		return 1
	}
	return w[i]
}

// findTol is fine enough that a restart would hardly move a task.
const findTol = 1e-6

// smooth is a loss with a gradient in place of one that has none.
func smooth(l loss.Loss) loss.Loss {
	if _, ok := l.(loss.Smooth); ok {
		return l
	}
	if l.Takes(kindred.Multiclass) {
		return loss.Softmax{}
	}
	return loss.Logistic{}
}
