package relate

import (
	"cmp"
	"context"
	"fmt"
	"math"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/compose"
	"github.com/kindred-mtl/kindred/linear"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/prep"
	"github.com/kindred-mtl/kindred/split"
)

// Transfer is by how much task t errs less on rows held out when it is learned
// with task s, as a share of how much it errs alone, with standard errors:
//
//	(L_t − L_t,s) / L_t,   error √(Σ_i (d_i − d̄)²) / (n L_t),   d_i the row's losses alone less with s
//
// Alone, weights have a ridge of one strength λ, chosen on held-out folds of
// all tasks. Two tasks have shared weights, w_t = w0 + v_t, as spread as alone
// and with the correlation 1/(1+μ):
//
//	λ(1 + 1/μ)/2 (μ‖w0‖² + ‖v_s‖² + ‖v_t‖²)
//
// Features are prepared for both tasks, alone too, so that nothing but the
// company differs. The matrix is not symmetric: a task of many rows helps one of
// few, not the other way round. The errors are those of the rows, for the models
// fitted.
//
// Standley, Zamir, Chen, Guibas, Malik, Savarese, Which tasks should be learned
// together in multi-task learning?, ICML 2020, is the gain of pairs.
type Transfer struct {
	// Mu is μ; 0: 0.25.
	Mu float64 `json:"mu" words:"how far apart two tasks learned together may be; else 0.25"`
	// Pairs is how many pairs are fitted at most; 0: 500, which is 32 tasks.
	Pairs int `json:"pairs" words:"pairs of tasks at most; else 500"`
}

// Relate implements Measure.
func (m Transfer) Relate(ctx context.Context, s *kindred.Set, o Options) (*Relation, error) {
	most, n := m.Pairs, len(s.Tasks)
	if most == 0 {
		most = 500
	}
	if pairs := n * (n - 1) / 2; pairs > most {
		return nil, refuse("each of %d pairs of tasks would be fitted, more than %d; take another measure, or fewer tasks", pairs, most)
	}
	c, err := newCompany(ctx, s, m.Mu, o)
	if err != nil {
		return nil, err
	}
	var pairs [][]int
	for a := range n {
		for b := range a {
			pairs = append(pairs, []int{b, a})
		}
	}
	r := &Relation{Matrix: num.NewDense(n, n), Errors: num.NewDense(n, n)}
	errs := make([]error, len(pairs))
	num.For(len(pairs), func(i int) {
		var gain, se []float64
		if gain, se, errs[i] = c.gains(ctx, pairs[i]); errs[i] != nil {
			return
		}
		for k, t := range pairs[i] {
			r.Matrix.Set(pairs[i][1-k], t, gain[k])
			r.Errors.Set(pairs[i][1-k], t, se[k])
		}
	})
	return r, first(errs)
}

// A company measures what tasks gain of being learned together.
type company struct {
	heldOut
	alone, with linear.Method
}

// newCompany chooses how strongly weights are held back, alone and, as spread as
// alone and with the correlation 1/(1+μ), together. 0: μ is 0.25.
func newCompany(ctx context.Context, s *kindred.Set, mu float64, o Options) (*company, error) {
	mu = cmp.Or(mu, 0.25)
	alone, err := strength(ctx, s, o)
	if err != nil {
		return nil, err
	}
	folds, err := split.Inner(s, 0, o.Seed)
	if err != nil {
		return nil, err
	}
	return &company{heldOut{set: s, folds: folds, targets: prep.FitTargets(s)}, alone, sharing(alone, mu)}, nil
}

// sharing is for tasks that share weights, as spread as alone and with the
// correlation 1/(1+μ).
func sharing(alone linear.Method, mu float64) linear.Method {
	alone.Penalty, alone.C = &penalty.Shared{Mu: mu}, alone.C/(1+1/mu)
	return alone
}

// gains are the relative gains of tasks learned together, and their standard
// errors.
func (c *company) gains(ctx context.Context, tasks []int) (gain, se []float64, err error) {
	apart, err := c.losses(ctx, c.alone, tasks)
	if err != nil {
		return nil, nil, err
	}
	together, err := c.losses(ctx, c.with, tasks)
	if err != nil {
		return nil, nil, err
	}
	gain, se = make([]float64, len(tasks)), make([]float64, len(tasks))
	for k, t := range tasks {
		gain[k], se[k] = gained(&c.set.Tasks[t], apart[k], together[k])
	}
	return gain, se, nil
}

// strength is a ridge for each task, the one strength of least held-out loss.
func strength(ctx context.Context, s *kindred.Set, o Options) (linear.Method, error) {
	search := compose.Search{Methods: []kindred.Method{linear.Method{Prep: o.Prep, Seed: o.Seed}}, Seed: o.Seed}
	trials, err := search.Trials(ctx, s)
	if err != nil {
		return linear.Method{}, err
	}
	best := trials[0]
	for _, t := range trials {
		if t.Loss < best.Loss {
			best = t
		}
	}
	m, ok := best.Method.(linear.Method)
	if !ok {
		return m, fmt.Errorf("relate: %T is no linear method", best.Method)
	}
	return m, nil
}

// heldOut judges methods on rows held out.
type heldOut struct {
	set     *kindred.Set
	folds   []split.Fold
	targets []prep.Target
}

// losses are those of the rows of each of some tasks, learned together without
// them; NaN for a row that is never held out.
func (h *heldOut) losses(ctx context.Context, m kindred.Method, tasks []int) ([][]float64, error) {
	out := make([][]float64, len(tasks))
	for k, t := range tasks {
		out[k] = make([]float64, len(h.set.Tasks[t].Rows))
		for i := range out[k] {
			out[k][i] = math.NaN()
		}
	}
	for i := range h.folds {
		held, err := h.fold(ctx, m, i, tasks)
		if err != nil {
			return nil, err
		}
		for k, t := range tasks {
			for j, place := range h.folds[i].Test[t] {
				out[k][place] = held[k][j]
			}
		}
	}
	return out, nil
}

// fold are the losses of the rows that a fold holds out, of each of some tasks,
// learned together.
func (h *heldOut) fold(ctx context.Context, m kindred.Method, fold int, tasks []int) ([][]float64, error) {
	f := h.folds[fold]
	model, err := m.Fit(ctx, h.set.Select(f.Train).Only(tasks...))
	if err != nil {
		return nil, err
	}
	out := make([][]float64, len(tasks))
	for k, t := range tasks {
		if len(f.Test[t]) == 0 {
			continue
		}
		test := h.set.Tasks[t].Select(f.Test[t])
		p, err := model.Predict(ctx, test.Table.Select(test.Rows), []int{k})
		if err != nil {
			return nil, err
		}
		if test.Kind.Classifies() && p.Tasks[0].Probability == nil {
			return nil, refuse("%T says no probabilities of task %q, by which it is judged", m, test.Name)
		}
		for i := range test.Rows {
			out[k] = append(out[k], rowLoss(&test, &p.Tasks[0], i, h.targets[t].Scale))
		}
	}
	return out, nil
}

// gained is the relative gain of a task and its standard error.
func gained(t *kindred.Task, alone, with []float64) (gain, se float64) {
	total, loss, mean := 0.0, 0.0, 0.0
	for i, l := range alone {
		if w := weight(t, i); !math.IsNaN(l) {
			total, loss, mean = total+w, loss+w*l, mean+w*(l-with[i])
		}
	}
	if loss == 0 {
		return 0, 0
	}
	mean /= total
	square := 0.0
	for i, l := range alone {
		if w := weight(t, i); !math.IsNaN(l) {
			d := w * (l - with[i] - mean)
			square += d * d
		}
	}
	return mean * total / loss, math.Sqrt(square) / loss
}
