package compose

import (
	"context"
	"fmt"
	"slices"

	"github.com/kindred-mtl/kindred"
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
func (p Pooled) Candidates(ctx context.Context, s *kindred.Set) ([]kindred.Method, error) {
	inner, err := tunable(p.Method)
	if err != nil {
		return nil, err
	}
	one, err := pool(s)
	if err != nil {
		return nil, err
	}
	candidates, err := inner.Candidates(ctx, one)
	for i, c := range candidates {
		candidates[i] = Pooled{c}
	}
	return candidates, err
}

// Path follows the path of the pooled rows.
func (p Pooled) Path(ctx context.Context, s *kindred.Set, candidates []kindred.Method, yield func(int, kindred.Model) error) error {
	inner, err := tunable(p.Method)
	if err != nil {
		return err
	}
	one, err := pool(s)
	if err != nil {
		return err
	}
	plain := make([]kindred.Method, len(candidates))
	for i, c := range candidates {
		pooled, ok := c.(Pooled)
		if !ok {
			return fmt.Errorf("compose: candidate %d is not one of Pooled", i)
		}
		plain[i] = pooled.Method
	}
	return inner.Path(ctx, one, plain, func(i int, m kindred.Model) error {
		return yield(i, &One{part: m, tasks: s.Infos()})
	})
}

// pool makes one task of all.
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
	return &kindred.Set{Tasks: []kindred.Task{one}}, nil
}

// joined puts the outcomes of all tasks one after the other.
func joined(held []kindred.Outcome) kindred.Outcome {
	var o kindred.Outcome
	for _, h := range held {
		o.Value = append(o.Value, h.Value...)
		o.Class = append(o.Class, h.Class...)
		o.Probability = append(o.Probability, h.Probability...)
		o.Decision = append(o.Decision, h.Decision...)
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
