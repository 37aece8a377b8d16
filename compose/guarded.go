package compose

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/split"
)

// Guarded mixes, for each task, what learning it alone predicts with what
// methods predict that learn tasks together, as far as rows held out say that
// this is better. With ℓ_i(w) the loss of a mixture w on the i-th of n rows of
// the task that were held out, and alone the first of what is mixed, it
// minimizes
//
//	Σ_{m>0} c_m w_m + ½ Σ_{m,k>0} H_mk w_m w_k    over w ≥ 0, Σ w = 1
//	c_m = max(g_m, 2 (g_m + κ s_m))
//
// where g_m is the slope of the mean loss from alone towards m, s_m its standard
// error, and H the second derivative. With g in the place of c that is the mean
// loss itself. A task stays alone unless the loss falls towards some method by
// more than κ standard errors, and from 2κ on that method is taken as it is
// measured. Whenever each true slope is at most g_m + κ s_m, the mixture is no
// worse than alone. Losses are squared errors of values, and Brier scores of
// probabilities, so that this is a small quadratic program, solved exactly.
//
// docs/guarded.md derives it, and says how often a task still ends worse.
type Guarded struct {
	Alone  kindred.Method // learns each task alone
	Others []Candidate    // what may take its place, as far as they apply
	Margin float64        // κ; 0: 1, negative: none
	Folds  int            // of split.Inner; a Search among the methods uses the same ones
	Seed   uint64         // of the folds
}

// A Candidate is a method under the name that it is reported by.
type Candidate struct {
	Name   string
	Method kindred.Method
}

// Fit fits the candidates on the folds, mixes them, and fits those that some
// task takes on all rows.
func (g Guarded) Fit(ctx context.Context, s *kindred.Set) (kindred.Model, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	if len(s.Tasks) == 1 {
		m, err := g.Alone.Fit(ctx, s)
		if err != nil {
			return nil, err
		}
		of := []kindred.Mixture{{Task: s.Tasks[0].Name, Of: []kindred.Ingredient{{Name: alonely, Weight: 1}}}}
		return &Mixed{names: []string{alonely}, parts: []kindred.Model{m}, weights: [][]float64{{1}}, mixtures: of}, nil
	}
	folds, err := split.Inner(s, g.Folds, g.Seed)
	if err != nil {
		return nil, fmt.Errorf("guarded: %w", err)
	}
	tried, err := g.try(ctx, s, folds)
	if err != nil {
		return nil, err
	}
	return g.fit(ctx, s, tried)
}

// fit mixes what was tried, and fits what some task takes to all rows.
func (g Guarded) fit(ctx context.Context, s *kindred.Set, tried *triedAll) (*Mixed, error) {
	m := &Mixed{mixtures: g.weigh(s, tried.folds, tried.candidates), warnings: tried.warnings}
	if w := worse(m.mixtures); w != "" {
		m.warnings = append(m.warnings, w)
	}
	return m, m.take(ctx, s, tried.candidates)
}

// alonely is what learning alone is called.
const alonely = "alone"

// A triedCandidate is one that applies, how it did on rows held out, and how it
// is fitted on all of them.
type triedCandidate struct {
	name string
	held []kindred.Outcome
	fit  func(ctx context.Context) (kindred.Model, error)
}

type triedAll struct {
	folds      []split.Fold
	candidates []triedCandidate
	warnings   []string
}

// try tries every candidate on the same folds.
func (g Guarded) try(ctx context.Context, s *kindred.Set, folds []split.Fold) (*triedAll, error) {
	if len(g.Others) > mostOthers {
		return nil, fmt.Errorf("compose: %d methods beside alone; a mixture is of %d at most", len(g.Others), mostOthers)
	}
	all := &triedAll{folds: folds}
	list := append([]Candidate{{alonely, g.Alone}}, g.Others...)
	tried, errs := make([]triedCandidate, len(list)), make([]error, len(list))
	num.For(len(list), func(i int) {
		tried[i], errs[i] = cross(ctx, s, all.folds, list[i])
	})
	for i, err := range errs {
		switch {
		case i > 0 && errors.Is(err, ErrNotApplicable):
			all.warnings = append(all.warnings, fmt.Sprintf("%s: %v", list[i].Name, err))
		case err != nil:
			return nil, fmt.Errorf("guarded, %s: %w", list[i].Name, err)
		default:
			all.candidates = append(all.candidates, tried[i])
		}
	}
	return all, nil
}

// cross predicts every row by a fit that did not see it. Of a search that is
// the candidate that it chooses, on these very folds; of a mixture the weights
// that the other folds give.
func cross(ctx context.Context, s *kindred.Set, folds []split.Fold, c Candidate) (triedCandidate, error) {
	out := triedCandidate{name: c.Name}
	if g, ok := c.Method.(Guarded); ok && len(s.Tasks) > 1 {
		tried, err := g.try(ctx, s, folds)
		if err != nil {
			return out, err
		}
		out.held = g.held(s, tried)
		out.fit = func(ctx context.Context) (kindred.Model, error) { return g.fit(ctx, s, tried) }
		return out, nil
	}
	if search, ok := c.Method.(Search); ok {
		trial, err := search.choice(ctx, s, folds)
		if err != nil {
			return out, err
		}
		out.held = probable(s, trial.Held, folds)
		out.fit = func(ctx context.Context) (kindred.Model, error) { return trial.fit(ctx, s) }
		return out, nil
	}
	held, errs := kindred.NewHeld(s), make([]error, len(folds))
	num.For(len(folds), func(f int) { errs[f] = crossFold(ctx, s, &folds[f], c.Method, held) })
	for _, err := range errs {
		if err != nil {
			return out, err
		}
	}
	out.held = held.Outcomes
	out.fit = func(ctx context.Context) (kindred.Model, error) { return c.Method.Fit(ctx, s) }
	return out, nil
}

// crossFold fits a method without a fold and predicts that.
func crossFold(ctx context.Context, s *kindred.Set, f *split.Fold, m kindred.Method, held *kindred.Held) error {
	train, tasks := s.Select(f.Train).Nonempty()
	model, err := m.Fit(ctx, train)
	if err != nil {
		return err
	}
	test, outcomes := s.Select(f.Test), make([]kindred.Outcome, len(tasks))
	for k, t := range tasks {
		if task := &test.Tasks[t]; len(task.Rows) > 0 {
			p, err := model.Predict(ctx, task.Table.Select(task.Rows), []int{k})
			if err != nil {
				return err
			}
			outcomes[k] = p.Tasks[0]
		}
	}
	held.Put(outcomes, tasks, f.Test)
	return nil
}

// probable gives decisions held out their probabilities, by sigmoids that were
// fitted to the decisions of the other folds.
func probable(s *kindred.Set, held []kindred.Outcome, folds []split.Fold) []kindred.Outcome {
	bare := func(o kindred.Outcome) bool { return o.Probability == nil && o.Decision != nil }
	if !slices.ContainsFunc(held, bare) {
		return held
	}
	whole := kindred.NewHeld(s)
	copy(whole.Outcomes, held)
	for _, f := range folds {
		others := &kindred.Set{Tasks: slices.Clone(s.Tasks)}
		for t := range others.Tasks {
			others.Tasks[t].Weight = without(&s.Tasks[t], f.Test[t])
		}
		for t, p := range calibrated(others, held) {
			if bare(held[t]) && len(f.Test[t]) > 0 {
				k := len(s.Tasks[t].Label.Classes)
				var o kindred.Outcome
				for _, i := range f.Test[t] {
					o.Probability = append(o.Probability, p[i*k:(i+1)*k]...)
				}
				whole.Put([]kindred.Outcome{o}, []int{t}, f.Test)
			}
		}
	}
	return whole.Outcomes
}

// without are the weights of a task's rows, 0 for those at these places.
func without(t *kindred.Task, places []int) []float64 {
	w := make([]float64, len(t.Rows))
	for i := range w {
		w[i] = weightOf(t, i)
	}
	for _, i := range places {
		w[i] = 0
	}
	return w
}

// take fits the candidates that some task takes.
func (m *Mixed) take(ctx context.Context, s *kindred.Set, tried []triedCandidate) error {
	var taken []int
	for k := range tried {
		if slices.ContainsFunc(m.mixtures, func(x kindred.Mixture) bool { return x.Of[k].Weight > 0 }) {
			taken = append(taken, k)
			m.names = append(m.names, tried[k].name)
		}
	}
	m.parts = make([]kindred.Model, len(taken))
	errs := make([]error, len(taken))
	num.For(len(taken), func(i int) { m.parts[i], errs[i] = tried[taken[i]].fit(ctx) })
	for i, err := range errs {
		if err != nil {
			return fmt.Errorf("guarded, %s: %w", m.names[i], err)
		}
	}
	for _, x := range m.mixtures {
		var w []float64
		for _, k := range taken {
			w = append(w, x.Of[k].Weight)
		}
		m.weights = append(m.weights, w)
	}
	_, err := m.Predict(ctx, s.Tasks[0].Table.Select(s.Tasks[0].Rows[:1]), nil) // what cannot be mixed is told now
	return err
}

// worse names the tasks that are worse than alone on rows held out.
func worse(mixtures []kindred.Mixture) string {
	var clearly, hardly []string
	for _, x := range mixtures {
		switch less := x.Loss - x.Of[0].Loss; {
		case x.Worse && less > x.Error:
			clearly = append(clearly, fmt.Sprintf("%s (%+.2g ± %.1g)", x.Task, less, x.Error))
		case x.Worse:
			hardly = append(hardly, x.Task)
		}
	}
	var parts []string
	if clearly != nil {
		parts = append(parts, "by more than a standard error "+first(clearly))
	}
	if hardly != nil {
		parts = append(parts, "within a standard error "+first(hardly))
	}
	if parts == nil {
		return ""
	}
	return fmt.Sprintf("on rows held out, %d of %d tasks are worse than alone: %s", len(clearly)+len(hardly), len(mixtures), strings.Join(parts, "; "))
}

// first are the first of many names; the report's mixtures have all.
func first(names []string) string {
	const most = 20
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
