package compose

import (
	"context"
	"fmt"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/num"
)

// Alone learns every task by itself, as if the others did not exist: the
// single-task baseline of any method.
type Alone struct{ Method kindred.Method }

// Fit fits one model a task.
func (a Alone) Fit(ctx context.Context, s *kindred.Set) (kindred.Model, error) {
	return a.each(s, func(t int) (kindred.Model, error) { return a.Method.Fit(ctx, s.Only(t)) })
}

// FitHeld is Fit for a method that calibrates, where the outcomes of rows held
// out are known already.
func (a Alone) FitHeld(ctx context.Context, s *kindred.Set, held []kindred.Outcome) (kindred.Model, error) {
	c, ok := a.Method.(kindred.Calibrating)
	if !ok || held == nil {
		return a.Fit(ctx, s)
	}
	return a.each(s, func(t int) (kindred.Model, error) { return c.FitHeld(ctx, s.Only(t), held[t:t+1]) })
}

// each fits the tasks side by side.
func (a Alone) each(s *kindred.Set, fit func(t int) (kindred.Model, error)) (kindred.Model, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	m, errs := &Tasks{parts: make([]kindred.Model, len(s.Tasks))}, make([]error, len(s.Tasks))
	num.For(len(s.Tasks), func(t int) { m.parts[t], errs[t] = fit(t) })
	for t, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("task %q alone: %w", s.Tasks[t].Name, err)
		}
	}
	return m, nil
}

// Candidates are those of the method on the whole set, the same ones for every
// task: how strongly to hold back is learned from all tasks.
func (a Alone) Candidates(ctx context.Context, s *kindred.Set) ([]kindred.Method, error) {
	inner, err := tunable(a.Method)
	if err != nil {
		return nil, err
	}
	candidates, err := inner.Candidates(ctx, s)
	for i, c := range candidates {
		candidates[i] = Alone{c}
	}
	return candidates, err
}

// Path follows the path of every task.
func (a Alone) Path(ctx context.Context, s *kindred.Set, candidates []kindred.Method, yield func(int, kindred.Model) error) error {
	inner, err := tunable(a.Method)
	if err != nil {
		return err
	}
	plain := make([]kindred.Method, len(candidates))
	models := make([]*Tasks, len(candidates))
	for i, c := range candidates {
		alone, ok := c.(Alone)
		if !ok {
			return fmt.Errorf("compose: candidate %d is not one of Alone", i)
		}
		plain[i], models[i] = alone.Method, &Tasks{parts: make([]kindred.Model, len(s.Tasks))}
	}
	errs := make([]error, len(s.Tasks))
	num.For(len(s.Tasks), func(t int) {
		errs[t] = inner.Path(ctx, s.Only(t), plain, func(i int, m kindred.Model) error {
			models[i].parts[t] = m
			return nil
		})
	})
	for t, err := range errs {
		if err != nil {
			return fmt.Errorf("task %q alone: %w", s.Tasks[t].Name, err)
		}
	}
	for i, m := range models {
		if err := yield(i, m); err != nil {
			return err
		}
	}
	return nil
}

// Tasks is a Model of models, each of one task.
type Tasks struct{ parts []kindred.Model }

// Tasks lists what the models predict.
func (m *Tasks) Tasks() []kindred.TaskInfo {
	infos := make([]kindred.TaskInfo, len(m.parts))
	for t, p := range m.parts {
		infos[t] = p.Tasks()[0]
	}
	return infos
}

// Schema lists the columns that Predict reads.
func (m *Tasks) Schema() kindred.Schema { return m.parts[0].Schema() }

// Predict asks the model of each task.
func (m *Tasks) Predict(ctx context.Context, rows *kindred.Table, tasks []int) (*kindred.Prediction, error) {
	tasks, err := all(tasks, len(m.parts))
	if err != nil {
		return nil, err
	}
	out := &kindred.Prediction{Tasks: make([]kindred.Outcome, len(tasks))}
	for i, t := range tasks {
		p, err := m.parts[t].Predict(ctx, rows, []int{0})
		if err != nil {
			return nil, err
		}
		out.Tasks[i] = p.Tasks[0]
		out.Tasks[i].Task = t
	}
	return out, nil
}

// Report gathers the reports of the models.
func (m *Tasks) Report() kindred.Report {
	r := kindred.Report{Method: "alone", Status: "converged"}
	for _, p := range m.parts {
		part := report(p)
		if part.Status != "converged" {
			r.Status = part.Status
		}
		r.Objective += part.Objective
		r.Steps += part.Steps
		if part.Gap.Value >= r.Gap.Value {
			r.Gap = part.Gap
		}
		r.Warnings = append(r.Warnings, part.Warnings...)
		r.Parts = append(r.Parts, part)
	}
	return r
}
