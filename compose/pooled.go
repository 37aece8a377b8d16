package compose

import (
	"context"
	"fmt"
	"slices"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/sharing"
)

// Pooled learns one model, with one intercept, from the rows of all tasks
// together, and predicts every task by it. It applies where all tasks have the
// same kind, classes and target.
type Pooled struct{ Method kindred.Method }

// Fit fits the one model.
func (p Pooled) Fit(ctx context.Context, s *kindred.Set) (kindred.Model, error) {
	return p.FitHeld(ctx, s, nil)
}

// FitHeld is Fit for a method that calibrates, where the outcomes of rows held
// out are known already.
func (p Pooled) FitHeld(ctx context.Context, s *kindred.Set, held []kindred.Outcome) (kindred.Model, error) {
	one, err := pool(s)
	if err != nil {
		return nil, err
	}
	var m kindred.Model
	if c, ok := p.Method.(kindred.Calibrating); ok && held != nil {
		m, err = c.FitHeld(ctx, one, []kindred.Outcome{joined(held)})
	} else {
		m, err = p.Method.Fit(ctx, one)
	}
	if err != nil {
		return nil, fmt.Errorf("pooled: %w", err)
	}
	return &One{part: m, tasks: s.Infos()}, nil
}

// Candidates are those of the method on the pooled rows.
func (p Pooled) Candidates(ctx context.Context, s *kindred.Set) ([][]kindred.Method, error) {
	inner, err := tunable(p.Method)
	if err != nil {
		return nil, err
	}
	one, err := pool(s)
	if err != nil {
		return nil, err
	}
	paths, err := inner.Candidates(ctx, one)
	for _, path := range paths {
		for i, c := range path {
			path[i] = Pooled{c}
		}
	}
	return paths, err
}

// Begin begins with the pooled rows.
func (p Pooled) Begin(ctx context.Context, train, held *kindred.Set) (kindred.Session, error) {
	inner, err := tunable(p.Method)
	if err != nil {
		return nil, err
	}
	one, err := pool(train)
	if err != nil {
		return nil, err
	}
	s := &pooledSession{}
	for i := range held.Tasks {
		s.rows = append(s.rows, len(held.Tasks[i].Rows))
	}
	s.Session, err = inner.Begin(ctx, one, pooled(held))
	return s, err
}

// pooledSession is the session of the pooled rows.
type pooledSession struct {
	kindred.Session
	rows []int // held of each task
}

// Try takes the outcome of the pooled rows apart again.
func (s *pooledSession) Try(ctx context.Context, candidate kindred.Method) ([]kindred.Outcome, error) {
	p, ok := candidate.(Pooled)
	if !ok {
		return nil, fmt.Errorf("compose: %T is no candidate of Pooled", candidate)
	}
	all, err := s.Session.Try(ctx, p.Method)
	if err != nil {
		return nil, err
	}
	out, n, from := make([]kindred.Outcome, len(s.rows)), 0, 0
	for _, rows := range s.rows {
		n += rows
	}
	for t, rows := range s.rows {
		o, to := all[0], from+rows
		out[t] = kindred.Outcome{Task: t, Value: part(o.Value, from, to, n), Class: part(o.Class, from, to, n),
			Probability: part(o.Probability, from, to, n), Decision: part(o.Decision, from, to, n)}
		from = to
	}
	return out, nil
}

// part is rows from to to of v, which has equally many elements for each of n.
func part[E any](v []E, from, to, n int) []E {
	if v == nil {
		return nil
	}
	k := len(v) / max(1, n)
	return v[from*k : to*k]
}

// pool makes one task of all, where they are alike.
func pool(s *kindred.Set) (*kindred.Set, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	first := &s.Tasks[0]
	for i := range s.Tasks[1:] {
		t := &s.Tasks[i+1]
		switch {
		case t.Kind != first.Kind:
			return nil, notApplicable("task %q is a %v task, task %q a %v task", first.Name, first.Kind, t.Name, t.Kind)
		case t.Label.Target != first.Label.Target:
			return nil, notApplicable("the tasks have different targets (%s, %s)", first.Label.Target, t.Label.Target)
		case !slices.Equal(t.Label.Classes, first.Label.Classes):
			return nil, notApplicable("tasks %q and %q have different classes", first.Name, t.Name)
		}
	}
	return pooled(s), nil
}

// pooled puts the rows of all tasks one after the other.
func pooled(s *kindred.Set) *kindred.Set {
	first := &s.Tasks[0]
	tables := s.Tables()
	table, offset := tables[0], map[*kindred.Table]int{}
	if len(tables) > 1 {
		table = kindred.Concat(tables...)
		for rows, i := 0, 0; i < len(tables); i++ {
			offset[tables[i]] = rows
			rows += tables[i].Len()
		}
	}
	one := kindred.Task{Name: "pooled", Kind: first.Kind, Table: table,
		Label: kindred.Labels{Target: first.Label.Target, Classes: first.Label.Classes, Columns: [][]float64{nil}}}
	for i := range s.Tasks {
		t := &s.Tasks[i]
		for k, r := range t.Rows {
			one.Rows = append(one.Rows, r+offset[t.Table])
			w := 1.0
			if t.Weight != nil {
				w = t.Weight[k]
			}
			one.Weight = append(one.Weight, w)
		}
		one.Label.Columns[0] = append(one.Label.Columns[0], t.Y()...)
	}
	return &kindred.Set{Tasks: []kindred.Task{one}}
}

// joined puts the outcomes of all tasks one after the other.
func joined(held []kindred.Outcome) kindred.Outcome {
	var o kindred.Outcome
	for i := range held {
		o.Append(&held[i])
	}
	return o
}

// One is a Model that predicts every task by the same model.
type One struct {
	part  kindred.Model
	tasks []kindred.TaskInfo
}

// Tasks lists what the model predicts.
func (m *One) Tasks() []kindred.TaskInfo { return m.tasks }

// Schema lists the columns that Predict reads.
func (m *One) Schema() kindred.Schema { return m.part.Schema() }

// Predict predicts once, whatever the tasks.
func (m *One) Predict(ctx context.Context, rows *kindred.Table, tasks []int) (*kindred.Prediction, error) {
	tasks, err := all(tasks, len(m.tasks))
	if err != nil {
		return nil, err
	}
	p, err := m.part.Predict(ctx, rows, []int{0})
	if err != nil {
		return nil, err
	}
	out := &kindred.Prediction{Tasks: make([]kindred.Outcome, len(tasks))}
	for i, t := range tasks {
		out.Tasks[i] = p.Tasks[0]
		out.Tasks[i].Task = t
	}
	return out, nil
}

// Report is the model's.
func (m *One) Report() kindred.Report {
	r := report(m.part)
	r.Method = "pooled " + r.Method
	r.Shares = sharing.All(m.tasks, 1)
	return r
}

// PooledSlopes is the method with one weight vector for all tasks, each of
// which keeps its intercept; an error where the method has no such limit.
func PooledSlopes(m kindred.Method) (kindred.Method, error) {
	c, ok := m.(interface{ CommonSlopes() kindred.Method })
	if !ok {
		return nil, fmt.Errorf("compose: %T has no common slopes", m)
	}
	return c.CommonSlopes(), nil
}
