package linear

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/calibrate"
	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/prep"
)

// factors are those of W = U V, of a belief on them.
type factors struct {
	u, v   *num.Dense
	belief penalty.Penalty
	lambda float64
}

// vectors are the columns of V of each task.
func (m *Model) vectors() [][]float64 {
	out := make([][]float64, len(m.tasks))
	v := m.factors.v
	for t := range out {
		for c := m.first[t]; c < m.first[t+1]; c++ {
			out[t] = append(out[t], v.Col(make([]float64, v.Rows), c)...)
		}
	}
	return out
}

// AddWithin returns the model with one more task, learned from the task's own rows
// in the space that the tasks before it span, which stays as it is:
//
//	w = U s,   s = argmin Σ_i ℓ(y_i, x_i·U s + b) + R(s),
//
// with loss, strength and R (λ/2 ‖s‖² of embedding, λ‖s‖₁ of go-mtl) as fitted.
// That is a problem of a few numbers, solved exactly, and asks for no row of
// the other tasks. Regression targets of a name the model knows are scaled as
// those. A model fitted without factors refuses. It wants rows enough for one
// intercept and one vector; with few of them Add does better.
//
// Ruvolo, Eaton, ELLA: an efficient lifelong learning algorithm, ICML 2013.
// There the loss is replaced by its second-order expansion at the task's own
// weights, and U moves a little with every task.
func (m *Model) AddWithin(ctx context.Context, task kindred.Task) (*Model, error) {
	if m.factors == nil {
		return nil, errors.New("linear: the model has no dictionary to add a task to; those of the penalties embedding and go-mtl have one")
	}
	if slices.ContainsFunc(m.tasks, func(t kindred.TaskInfo) bool { return t.Name == task.Name }) {
		return nil, fmt.Errorf("linear: the model has a task %q already", task.Name)
	}
	s := &kindred.Set{Tasks: []kindred.Task{task}}
	method := Method{
		Loss: m.lossOf(task.Kind), Penalty: coefficients{m.factors.belief}, C: 1 / m.factors.lambda,
		Tol: 1e-8, NoProbability: m.sigmoids == nil,
	}
	d, err := m.within(ctx, method, s)
	if err != nil {
		return nil, err
	}
	added, err := method.solve(ctx, d, nil, method.tol(), method.maxIter())
	if err != nil {
		return nil, err
	}
	if method.calibrates(d) {
		held, err := method.outOfFold(ctx, s, func(ctx context.Context, train, held *kindred.Set) (kindred.Session, error) {
			return m.beginWithin(ctx, method, train, held)
		}, func() {})
		if err != nil {
			return nil, err
		}
		added.calibrate(s, held)
	}
	return m.with(added), nil
}

// coefficients is the belief about V alone, where U is known.
type coefficients struct{ penalty.Penalty }

// On implements penalty.Penalty.
func (p coefficients) On(l penalty.Layout, lambda float64) penalty.Func {
	return p.Penalty.On(l, lambda).(penalty.Factored).Right()
}

// lossOf is the loss of the model's tasks of a kind; nil where it has none.
func (m *Model) lossOf(kind kindred.Kind) loss.Loss {
	for t := range m.tasks {
		if m.tasks[t].Kind == kind {
			return m.losses[t]
		}
	}
	return nil
}

// targetsOf is the scaling of each task's labels: that of the model's tasks of
// the same target, else its own.
func (m *Model) targetsOf(s *kindred.Set) []prep.Target {
	out := prep.FitTargets(s)
	for i := range s.Tasks {
		for t, known := range m.tasks {
			if known.Kind == kindred.Regression && s.Tasks[i].Kind == kindred.Regression && known.Target == s.Tasks[i].Label.Target {
				out[i] = m.targets[t]
				break
			}
		}
	}
	return out
}

// within is the design of s with the features that U makes of the model's.
func (m *Model) within(ctx context.Context, method Method, s *kindred.Set) (*design, error) {
	d, err := method.designAs(ctx, s, m)
	if err != nil {
		return nil, err
	}
	for i := range d.problem.Tasks {
		d.problem.Tasks[i].X = m.project(d.problem.Tasks[i].X)
		if d.open != nil {
			d.open.Tasks[i].X = m.project(d.open.Tasks[i].X)
		}
	}
	return d, nil
}

// beginWithin is Begin with these features.
func (m *Model) beginWithin(ctx context.Context, method Method, train, held *kindred.Set) (kindred.Session, error) {
	d, err := m.within(ctx, method, train)
	if err != nil {
		return nil, err
	}
	x, err := d.rows(ctx, held)
	for i := range x {
		x[i] = m.project(x[i])
	}
	return &session{design: d, held: x}, err
}

// project is X U.
func (m *Model) project(x *num.Matrix) *num.Matrix {
	u := m.factors.u
	out := num.NewMatrix(x.Rows, u.Cols)
	for i := range x.Rows {
		index, value := x.Row(i)
		_, to := out.Row(i)
		for e, v := range value {
			j := e
			if index != nil {
				j = int(index[e])
			}
			num.Axpy(v, u.Row(j), to)
		}
	}
	return out
}

// with is the model and one whose weights are coefficients of U.
func (m *Model) with(added *Model) *Model {
	out := *m
	out.tasks = append(slices.Clone(m.tasks), added.tasks...)
	out.targets = append(slices.Clone(m.targets), added.targets...)
	out.losses = append(slices.Clone(m.losses), added.losses...)
	out.first = append(slices.Clone(m.first), len(m.b)+len(added.b))
	out.b = append(slices.Clone(m.b), added.b...)
	if m.sigmoids != nil || added.sigmoids != nil {
		out.sigmoids = make([]calibrate.Sigmoid, len(out.b))
		copy(out.sigmoids, m.sigmoids)
		copy(out.sigmoids[len(m.b):], added.sigmoids)
	}
	u, weights := m.factors.u, num.NewDense(m.w.Rows, len(added.b))
	for j := range u.Rows {
		for c, x := range u.Row(j) {
			num.Axpy(x, added.w.Row(c), weights.Row(j))
		}
	}
	out.w = beside(m.w, weights)
	out.factors = &factors{u: u, v: beside(m.factors.v, added.w), belief: m.factors.belief, lambda: m.factors.lambda}
	out.report.Vectors, out.report.Shares = out.vectors(), nil // shares are those of tasks learned together
	out.report.Warnings = append(slices.Clone(m.report.Warnings), added.report.Warnings...)
	out.report.Warnings = append(out.report.Warnings, fmt.Sprintf("task %q was added later: status, objective and certificate are those of the fit before it", added.tasks[0].Name))
	out.point = nil
	return &out
}

// beside is [a b].
func beside(a, b *num.Dense) *num.Dense {
	out := num.NewDense(a.Rows, a.Cols+b.Cols)
	for i := range out.Rows {
		copy(out.Row(i)[copy(out.Row(i), a.Row(i)):], b.Row(i))
	}
	return out
}
