package relate

import (
	"context"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/linear"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/prep"
)

// Gradients compares where each task would move weights w that all share, each
// task with an intercept of its own, from where they are best for all:
//
//	cos(g_s, g_t),   g_t = ∇_w L_t,   L_t the mean loss of task t
//
// the loss being that of each task's kind, and the strength of the ridge on w
// chosen on held-out folds. There Σ_t n_t g_t = −λw: what the tasks agree on is
// learned already, and the gradients are what they differ in. Groups of tasks
// pull apart; tasks that are all alike are told apart by noise only.
//
// Yu, Kumar, Gupta, Levine, Hausman, Finn, Gradient surgery for multi-task
// learning, NeurIPS 2020, which calls tasks in conflict where it is below 0.
type Gradients struct{}

// Relate implements Measure.
func (Gradients) Relate(ctx context.Context, s *kindred.Set, o Options) (*Relation, error) {
	p, err := pulls(ctx, s, o)
	if err != nil {
		return nil, err
	}
	return cosines(s, p.gradient), nil
}

// pull is what each task would do to shared weights.
type pull struct {
	gradient [][]float64 // of the mean loss of each task: features × outputs
	loss     []float64   // that mean loss
}

// pulls fits the shared weights and takes the gradients there.
func pulls(ctx context.Context, s *kindred.Set, o Options) (*pull, error) {
	n := len(s.Tasks)
	p := &pull{make([][]float64, n), make([]float64, n)}
	return p, probe(ctx, s, o, func(t int, x *num.Matrix, out *kindred.Outcome, scale float64) {
		p.gradient[t], p.loss[t] = gradient(&s.Tasks[t], x, out, scale)
	})
}

// probe fits weights that all tasks share, and calls look for each task, side by
// side, with its prepared rows, what is predicted of them, and the unit of its
// labels.
func probe(ctx context.Context, s *kindred.Set, o Options, look func(t int, x *num.Matrix, out *kindred.Outcome, scale float64)) error {
	if !correspond(s) {
		return refuse("the tasks have different classes, so that there are no weights for all of them to share")
	}
	model, err := searched(ctx, s, linear.Method{Penalty: penalty.Common{}, Prep: o.Prep, Seed: o.Seed}, o.Seed)
	if err != nil {
		return err
	}
	ready, err := prep.Fit(ctx, o.Prep, s) // as the model's own
	if err != nil {
		return err
	}
	targets := prep.FitTargets(s)
	errs := make([]error, len(s.Tasks))
	num.For(len(errs), func(t int) {
		task := &s.Tasks[t]
		x, err := ready.Transform(ctx, task.Table, task.Rows)
		if err != nil {
			errs[t] = err
			return
		}
		out, err := model.Predict(ctx, task.Table.Select(task.Rows), []int{t})
		if err != nil {
			errs[t] = err
			return
		}
		look(t, x, &out.Tasks[0], targets[t].Scale)
	})
	return first(errs)
}

// gradient is that of a task's mean loss by the weights, one column an output
// after the other, and the loss. All the losses have canonical links, so that
// the derivative by an output is what is predicted less the label.
func gradient(t *kindred.Task, x *num.Matrix, o *kindred.Outcome, scale float64) (g []float64, loss float64) {
	k := outputs(t)
	g = make([]float64, x.Cols*k)
	total := 0.0
	for i, y := range t.Y() {
		w := weight(t, i)
		total += w
		loss += w * rowLoss(t, o, i, scale)
		for c := range k {
			x.Axpy(i, w*residual(t, o, i, c, y, scale), g[c*x.Cols:(c+1)*x.Cols])
		}
	}
	if total > 0 {
		num.Scale(g, 1/total)
		loss /= total
	}
	return g, loss
}

// outputs counts those of a task.
func outputs(t *kindred.Task) int {
	if t.Kind == kindred.Multiclass {
		return len(t.Label.Classes)
	}
	return 1
}

// residual is what is predicted less the label, of output c and row i.
func residual(t *kindred.Task, o *kindred.Outcome, i, c int, y, scale float64) float64 {
	switch t.Kind {
	case kindred.Regression:
		return (o.Value[i] - y) / scale
	case kindred.Binary:
		return o.Probability[2*i+1] - y
	case kindred.Multiclass:
		p := o.Probability[i*len(t.Label.Classes)+c]
		if int(y) == c {
			return p - 1
		}
		return p
	}
	return o.Value[i] - y
}

// first is the first error.
func first(errs []error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
