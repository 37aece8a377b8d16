package compose

import (
	"context"
	"fmt"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/sharing"
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
	m := &Tasks{parts: make([]kindred.Model, len(s.Tasks))}
	return m, alone(s, func(t int) (err error) {
		m.parts[t], err = fit(t)
		return err
	})
}

// Candidates are those of the method on the whole set, the same ones for every
// task: how strongly to hold back is learned from all tasks.
func (a Alone) Candidates(ctx context.Context, s *kindred.Set) ([][]kindred.Method, error) {
	inner, err := tunable(a.Method)
	if err != nil {
		return nil, err
	}
	paths, err := inner.Candidates(ctx, s)
	for _, path := range paths {
		for i, c := range path {
			path[i] = Alone{c}
		}
	}
	return paths, err
}

// Begin begins with every task.
func (a Alone) Begin(ctx context.Context, train, held *kindred.Set) (kindred.Session, error) {
	inner, err := tunable(a.Method)
	if err != nil {
		return nil, err
	}
	s := &aloneSession{make([]kindred.Session, len(train.Tasks)), train}
	return s, alone(train, func(t int) (err error) {
		s.sessions[t], err = inner.Begin(ctx, train.Only(t), held.Only(t))
		return err
	})
}

// aloneSession has a session for every task.
type aloneSession struct {
	sessions []kindred.Session
	train    *kindred.Set
}

// Try tries a candidate with every task.
func (s *aloneSession) Try(ctx context.Context, candidate kindred.Method) ([]kindred.Outcome, error) {
	a, ok := candidate.(Alone)
	if !ok {
		return nil, fmt.Errorf("compose: %T is no candidate of Alone", candidate)
	}
	out := make([]kindred.Outcome, len(s.sessions))
	return out, alone(s.train, func(t int) error {
		o, err := s.sessions[t].Try(ctx, a.Method)
		if err == nil {
			out[t] = o[0]
			out[t].Task = t
		}
		return err
	})
}

// alone calls f for every task of s side by side, and returns the first error.
func alone(s *kindred.Set, f func(t int) error) error {
	errs := make([]error, len(s.Tasks))
	num.For(len(errs), func(t int) { errs[t] = f(t) })
	for t, err := range errs {
		if err != nil {
			return fmt.Errorf("task %q alone: %w", s.Tasks[t].Name, err)
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
	r := together("alone", m.parts)
	r.Shares = sharing.All(m.Tasks(), 0)
	return r
}

// together is the report of a model made of models.
func together(method string, parts []kindred.Model) kindred.Report {
	r := kindred.Report{Method: method, Status: "converged"}
	for _, p := range parts {
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
