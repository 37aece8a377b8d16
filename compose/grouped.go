package compose

import (
	"context"
	"errors"
	"fmt"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/sharing"
)

// Grouped learns one model for each group of tasks, as if the other groups did
// not exist.
type Grouped struct {
	Method kindred.Method
	// Groups are the names of each group's tasks. Every task fitted is in one
	// of them; names of others do no harm.
	Groups [][]string
	// By finds the groups where they are not given, on the rows fitted on: a
	// method whose report has them.
	By kindred.Method
}

// GroupsOf are the names of each group's tasks, where the tasks are numbered by
// group.
func GroupsOf(s *kindred.Set, number []int) [][]string {
	var groups [][]string
	for _, places := range gather(number) {
		var names []string
		for _, t := range places {
			names = append(names, s.Tasks[t].Name)
		}
		groups = append(groups, names)
	}
	return groups
}

// gather lists the places of each number, in the order of first appearance.
func gather(number []int) [][]int {
	var groups [][]int
	at := map[int]int{}
	for t, g := range number {
		i, ok := at[g]
		if !ok {
			i, at[g] = len(groups), len(groups)
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], t)
	}
	return groups
}

// members are the places of each group's tasks in s.
func (g Grouped) members(ctx context.Context, s *kindred.Set) ([][]int, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	if g.Groups == nil {
		return g.find(ctx, s)
	}
	group := map[string]int{}
	for i, names := range g.Groups {
		for _, name := range names {
			if _, twice := group[name]; twice {
				return nil, fmt.Errorf("task %q stands in two groups, or twice in one; each task is in one group", name)
			}
			group[name] = i
		}
	}
	number := make([]int, len(s.Tasks))
	for t := range s.Tasks {
		i, ok := group[s.Tasks[t].Name]
		if !ok {
			return nil, fmt.Errorf("task %q is in no group; give it one, which may be its own", s.Tasks[t].Name)
		}
		number[t] = i
	}
	return gather(number), nil
}

// find asks By.
func (g Grouped) find(ctx context.Context, s *kindred.Set) ([][]int, error) {
	if g.By == nil {
		return nil, errors.New("compose: Grouped has neither groups nor a method that finds them")
	}
	m, err := g.By.Fit(ctx, s)
	if err != nil {
		return nil, fmt.Errorf("the groups: %w", err)
	}
	number := report(m).Groups
	if len(number) != len(s.Tasks) {
		return nil, fmt.Errorf("compose: %T finds no groups of tasks", g.By)
	}
	return gather(number), nil
}

// Fit fits one model a group.
func (g Grouped) Fit(ctx context.Context, s *kindred.Set) (kindred.Model, error) {
	return g.FitHeld(ctx, s, nil)
}

// FitHeld is Fit for a method that calibrates, where the outcomes of rows held
// out are known already.
func (g Grouped) FitHeld(ctx context.Context, s *kindred.Set, held []kindred.Outcome) (kindred.Model, error) {
	groups, err := g.members(ctx, s)
	if err != nil {
		return nil, err
	}
	m := newGroups(groups)
	err = perGroup(s, groups, func(i int, one *kindred.Set) (err error) {
		if c, ok := g.Method.(kindred.Calibrating); ok && held != nil {
			m.parts[i], err = c.FitHeld(ctx, one, pick(held, groups[i]))
		} else {
			m.parts[i], err = g.Method.Fit(ctx, one)
		}
		return err
	})
	return m, err
}

// Candidates are those of the method on the whole set, the same ones for every
// group: how strongly to hold back is learned from all tasks.
func (g Grouped) Candidates(ctx context.Context, s *kindred.Set) ([][]kindred.Method, error) {
	inner, err := tunable(g.Method)
	if err != nil {
		return nil, err
	}
	paths, err := inner.Candidates(ctx, s)
	for _, path := range paths {
		for i, c := range path {
			path[i] = Grouped{c, g.Groups, g.By}
		}
	}
	return paths, err
}

// Begin begins with every group.
func (g Grouped) Begin(ctx context.Context, train, held *kindred.Set) (kindred.Session, error) {
	inner, err := tunable(g.Method)
	if err != nil {
		return nil, err
	}
	groups, err := g.members(ctx, train)
	if err != nil {
		return nil, err
	}
	s := &groupedSession{make([]kindred.Session, len(groups)), groups, train}
	return s, perGroup(train, groups, func(i int, one *kindred.Set) (err error) {
		s.sessions[i], err = inner.Begin(ctx, one, held.Only(groups[i]...))
		return err
	})
}

// groupedSession has a session for every group.
type groupedSession struct {
	sessions []kindred.Session
	groups   [][]int
	train    *kindred.Set
}

// Try tries a candidate with every group.
func (s *groupedSession) Try(ctx context.Context, candidate kindred.Method) ([]kindred.Outcome, error) {
	g, ok := candidate.(Grouped)
	if !ok {
		return nil, fmt.Errorf("compose: %T is no candidate of Grouped", candidate)
	}
	out := make([]kindred.Outcome, len(s.train.Tasks))
	return out, perGroup(s.train, s.groups, func(i int, _ *kindred.Set) error {
		o, err := s.sessions[i].Try(ctx, g.Method)
		if err == nil {
			for k, t := range s.groups[i] {
				out[t] = o[k]
				out[t].Task = t
			}
		}
		return err
	})
}

// perGroup calls f for every group side by side, and returns the first error.
func perGroup(s *kindred.Set, groups [][]int, f func(i int, one *kindred.Set) error) error {
	errs := make([]error, len(groups))
	num.For(len(groups), func(i int) { errs[i] = f(i, s.Only(groups[i]...)) })
	for i, err := range errs {
		if err != nil {
			return fmt.Errorf("the group of task %q: %w", s.Tasks[groups[i][0]].Name, err)
		}
	}
	return nil
}

// Groups is a Model of models, each of one group of tasks.
type Groups struct {
	parts  []kindred.Model
	groups [][]int  // of each part's tasks, the place in Tasks
	at     [][2]int // of each task, its part and its place there
}

func newGroups(groups [][]int) *Groups {
	m := &Groups{parts: make([]kindred.Model, len(groups)), groups: groups}
	for _, places := range groups {
		m.at = append(m.at, make([][2]int, len(places))...)
	}
	for i, places := range groups {
		for k, t := range places {
			m.at[t] = [2]int{i, k}
		}
	}
	return m
}

// Tasks lists what the models predict.
func (m *Groups) Tasks() []kindred.TaskInfo {
	infos := make([]kindred.TaskInfo, len(m.at))
	for i, p := range m.parts {
		for k, info := range p.Tasks() {
			infos[m.groups[i][k]] = info
		}
	}
	return infos
}

// Schema lists the columns that Predict reads.
func (m *Groups) Schema() kindred.Schema { return m.parts[0].Schema() }

// Predict asks the model of each group, once.
func (m *Groups) Predict(ctx context.Context, rows *kindred.Table, tasks []int) (*kindred.Prediction, error) {
	tasks, err := all(tasks, len(m.at))
	if err != nil {
		return nil, err
	}
	asked, to := make([][]int, len(m.parts)), make([][]int, len(m.parts))
	for i, t := range tasks {
		g := m.at[t][0]
		asked[g], to[g] = append(asked[g], m.at[t][1]), append(to[g], i)
	}
	out := &kindred.Prediction{Tasks: make([]kindred.Outcome, len(tasks))}
	for g, places := range asked {
		if places == nil {
			continue
		}
		p, err := m.parts[g].Predict(ctx, rows, places)
		if err != nil {
			return nil, err
		}
		for k, i := range to[g] {
			out.Tasks[i] = p.Tasks[k]
			out.Tasks[i].Task = tasks[i]
		}
	}
	return out, nil
}

// Report gathers the reports of the models.
func (m *Groups) Report() kindred.Report {
	r := together("grouped", m.parts)
	for _, at := range m.at {
		r.Groups = append(r.Groups, at[0])
	}
	r.Shares = m.shares(r.Parts)
	return r
}

// shares are those of each task within its group: 0 of one that is alone, and
// nil where a model does not tell.
func (m *Groups) shares(parts []kindred.Report) []kindred.Share {
	out := sharing.All(m.Tasks(), 0)
	for t := range out {
		part, place := m.at[t][0], m.at[t][1]
		switch s := parts[part].Shares; {
		case len(m.groups[part]) == 1:
		case len(s) != len(m.groups[part]):
			return nil
		default:
			out[t] = s[place]
		}
	}
	return out
}
