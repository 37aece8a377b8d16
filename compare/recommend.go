package compare

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/kindred-mtl/kindred"
)

// A Recommendation says how to learn the tasks, and what that is worth.
type Recommendation struct {
	Verdict string `json:"verdict"` // together, groups or apart
	Method  string `json:"method"`  // the recipe to fit with
	// Groups are those of the tasks, a number a task from 0, where the verdict
	// is groups.
	Groups []int `json:"groups,omitempty"`
	// Nested says that the method was chosen on training rows alone. Otherwise
	// it is the best on the test rows, and its gain looks better than it is.
	Nested bool `json:"nested"`
	// Gain is that of the choice over learning each task alone.
	Gain *Gain `json:"gain"`
	// Tasks has a chance for each task.
	Tasks []Chance `json:"tasks"`
	// Sentences say it in words: two, for the head of a report.
	Sentences []string `json:"sentences"`
}

// A Chance is what a task has to expect of the choice.
type Chance struct {
	Task string `json:"task"`
	// Gain is the task's own, shrunk towards that of all tasks as far as it is
	// uncertain, with its 95 % interval; Probability that it is above 0, on
	// average over samples of as many rows. All are null where the task's metric
	// is undefined.
	Gain        *float64 `json:"gain"`
	Low         *float64 `json:"low"`
	High        *float64 `json:"high"`
	Probability *float64 `json:"probability"`
}

// recommend says what follows from the methods of the last plan: what a search
// chose, where there was one, else the best on the test rows.
func (r *Result) recommend(ctx context.Context, set *kindred.Set, s *search, o *Options) error {
	last := r.Methods[len(r.Methods)-1].Train
	methods := slices.DeleteFunc(slices.Clone(r.Methods), func(m Method) bool { return m.Train != last })
	single := &methods[0]
	if single.Note != "" {
		return nil
	}
	out := &Recommendation{}
	var m *Method
	if s == nil {
		m = out.best(methods)
	} else {
		r.Trials = s.tried()
		out.Nested, m = true, &methods[len(methods)-1]
		if err := out.sought(ctx, set, s, m); err != nil {
			return err
		}
	}
	if m == nil || m.Gain == nil || m.Gain.Value == nil {
		return nil
	}
	out.Gain, out.Tasks = m.Gain, chances(m.Tasks)
	out.Sentences = out.words(single, m)
	r.Recommendation = out
	return nil
}

// best takes the method of the largest gain on test rows; nil where none has
// one. Tasks stay apart unless it is beyond chance.
func (r *Recommendation) best(methods []Method) *Method {
	var best *Method
	for i := range methods[1:] {
		m := &methods[i+1]
		if m.Gain != nil && m.Gain.Value != nil && (best == nil || *m.Gain.Value > *best.Gain.Value) {
			best = m
		}
	}
	if best == nil {
		return nil
	}
	switch r.Verdict, r.Method = string(Together), best.Method; {
	case best.Gain.Verdict != "better":
		r.Verdict, r.Method = string(Apart), methods[0].Method
	case best.Groups != nil && slices.Max(best.Groups[0]) > 0:
		r.Verdict, r.Groups = string(Groups), best.Groups[0]
	}
	return best
}

// littleShared is the mean share of a guarded model up to which tasks are as
// good as apart.
const littleShared = 0.2

// sought takes what a search would fit on all rows. Groups are those of that
// fit.
func (r *Recommendation) sought(ctx context.Context, set *kindred.Set, s *search, m *Method) error {
	c := &s.done[s.overall()]
	r.Method, r.Verdict = c.Name, string(c.Family)
	switch c.Family {
	case Guarded:
		share, folds := 0.0, c.trials[len(c.trials)-1]
		for _, t := range folds {
			if t.share != nil {
				share += *t.share / float64(len(folds))
			}
		}
		if r.Verdict = string(Together); share <= littleShared {
			r.Verdict = string(Apart)
		}
	case Groups:
		model, err := c.Candidate.Method.Fit(ctx, set)
		if err != nil {
			return err
		}
		if reporter, ok := model.(kindred.Reporter); ok {
			r.Groups = reporter.Report().Groups
		}
		if r.Groups == nil || slices.Max(r.Groups) == 0 {
			r.Verdict, r.Groups = string(Together), nil
		}
	}
	if m.Gain != nil && *m.Gain.Value <= 0 && r.Verdict != string(Apart) {
		r.Verdict, r.Groups, r.Method = string(Apart), nil, s.done[s.alone()].Name
	}
	return nil
}

// words are the verdict in two sentences, and a third where tasks lose.
func (r *Recommendation) words(single, m *Method) []string {
	gain := fmt.Sprintf("%s %s", strings.ReplaceAll(m.Gain.Metric, "_", " "), spread95(m.Gain))
	if base := number(single.Metrics[m.Gain.Metric].Mean); base != 0 && !math.IsNaN(base) {
		gain = fmt.Sprintf("%.2g %% in %s", 100**m.Gain.Value/math.Abs(base), gain)
	}
	beyond := "which is no more than chance explains"
	if m.Gain.Verdict != "" {
		beyond = "beyond chance"
	}
	var first string
	switch r.Verdict {
	case string(Apart):
		first = fmt.Sprintf("Learn each task alone: what looked best on training rows gains %s on test rows, %s.", gain, beyond)
		if !r.Nested {
			first = fmt.Sprintf("Learn each task alone: the best other method, %s, gains %s, %s.", m.Method, gain, beyond)
		} else if *m.Gain.Value == 0 {
			first = "Learn each task alone: within the training rows no way of sharing was better by more than a standard error."
		}
	case string(Groups):
		first = fmt.Sprintf("Learn the tasks in %d groups, by %s: against each task alone that gains %s, %s.", 1+slices.Max(r.Groups), r.Method, gain, beyond)
	default:
		first = fmt.Sprintf("Learn the tasks together, by %s: against each task alone that gains %s, %s.", r.Method, gain, beyond)
	}
	if r.Verdict != string(Apart) && m.Gain.Verdict == "" {
		first = "Sharing pays little, if anything. " + first
	}
	if !r.Nested && r.Verdict != string(Apart) {
		first += " It was chosen on the very rows that it is judged on, so that it looks better than it is."
	}
	return append([]string{first}, r.tasksInWords()...)
}

// spread95 is a gain with its interval.
func spread95(g *Gain) string {
	if g.Low == nil || g.High == nil {
		return fmt.Sprintf("(%+.3g)", *g.Value)
	}
	return fmt.Sprintf("(%+.3g; 95 %%: %+.3g to %+.3g)", *g.Value, *g.Low, *g.High)
}

// namedTasks is how many tasks that likely lose are named.
const namedTasks = 10

// tasksInWords says how many tasks gain, and names those that more likely lose.
func (r *Recommendation) tasksInWords() []string {
	surely, known := 0, 0
	var lose []Chance
	for _, c := range r.Tasks {
		if c.Probability == nil {
			continue
		}
		if known++; *c.Probability >= 0.9 {
			surely++
		}
		if *c.Probability < 0.5 && *c.Gain < 0 {
			lose = append(lose, c)
		}
	}
	if known == 0 || r.Verdict == string(Apart) && r.Nested && lose == nil && surely == 0 {
		return nil
	}
	second := fmt.Sprintf("%d of %d tasks gain with a probability of .9 or more", surely, known)
	slices.SortStableFunc(lose, func(a, b Chance) int { return cmp.Compare(*a.Probability, *b.Probability) })
	var names []string
	for _, c := range lose[:min(len(lose), namedTasks)] {
		names = append(names, fmt.Sprintf("%s (%.2f)", c.Task, *c.Probability))
	}
	switch more := len(lose) - len(names); {
	case len(lose) == 0:
		second += "; none more likely loses than gains."
	case more > 0:
		second += fmt.Sprintf("; %d more likely lose than gain: %s and %d more.", len(lose), strings.Join(names, ", "), more)
	default:
		second += fmt.Sprintf("; more likely to lose than to gain, with the probability to gain: %s.", strings.Join(names, ", "))
	}
	return []string{second}
}
