package compare

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/compose"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/split"
)

// A Family says what tasks have to do with one another under a method.
type Family string

// The families.
const (
	Apart    Family = "apart"    // nothing
	Together Family = "together" // all share
	Groups   Family = "groups"   // the tasks of a group share
	Guarded  Family = "guarded"  // each task as much as pays
)

// A Candidate is a method that a search may choose.
type Candidate struct {
	Entrant
	Family Family
}

// Auto searches: a trial is one candidate on the folds of all plans. On the
// training rows of each fold it is tried on inner folds, the same for all
// candidates, and fitted. The method "auto" is then, on each fold, the candidate
// whose inner held-out loss is least, but one that learns the tasks apart where
// no other is better by more than a standard error of the difference over the
// inner folds. Test rows have no part in it.
type Auto struct {
	Candidates []Candidate   // in the order of their trials; one of them is Apart
	Budget     time.Duration // no trial begins after it, and one that has not ended by then does not count; 0: none
	Trials     int           // at most; 0: all. As many as a budget allowed give its result again
	// Resume is what Keep was given last; the trials in it are not run again.
	Resume []byte
	Keep   func(state []byte) error // called after each trial, where not nil
}

// Tried is one trial.
type Tried struct {
	Method string `json:"method"`
	Family Family `json:"family"`
	Note   string `json:"note,omitempty"` // why it has no numbers
	// Loss is the inner held-out loss, its mean over folds, of all rows of all
	// tasks: log loss, squared error in units of the target's variance, or
	// Poisson deviance.
	Loss    *float64 `json:"loss"`
	Chosen  int      `json:"chosen"` // splits on which it was chosen
	Seconds float64  `json:"seconds"`
}

// A candidacy is a candidate's trials, [plan][fold].
type candidacy struct {
	Candidate
	trials [][]trial
	note   string
}

// A search is the state of Auto.
type search struct {
	Auto
	set   *kindred.Set
	plans []Plan
	seed  uint64
	done  []candidacy
	spent time.Duration // before this run
	print string        // what the search is of
}

// newSearch checks the options and takes up what was done before.
func newSearch(set *kindred.Set, o *Options) (*search, error) {
	s := &search{Auto: *o.Auto, set: set, plans: o.Plans, seed: o.Seed}
	if !slices.ContainsFunc(s.Candidates, func(c Candidate) bool { return c.Family == Apart }) {
		return nil, errors.New("compare: a search has a candidate that learns the tasks apart")
	}
	for i, c := range s.Candidates {
		if c.Method == nil || slices.ContainsFunc(s.Candidates[:i], func(b Candidate) bool { return b.Name == c.Name }) {
			return nil, fmt.Errorf("compare: candidate %q has no method, or stands twice", c.Name)
		}
	}
	if s.Trials > 0 {
		s.Candidates = s.Candidates[:min(s.Trials, len(s.Candidates))]
	}
	if s.Keep != nil || s.Resume != nil {
		s.print = fingerprint(set, o)
	}
	return s, s.restore()
}

// run tries one candidate after the other until all are tried, the budget is
// used, or ctx ends. progress is told of every fold.
func (s *search) run(ctx context.Context, began time.Time, progress func(what string)) error {
	inner := ctx
	if s.Budget > 0 {
		until, stop := context.WithDeadline(ctx, began.Add(s.Budget-s.spent))
		defer stop()
		inner = until
	}
	for i := len(s.done); i < len(s.Candidates); i++ {
		c := s.Candidates[i]
		// What there is to compare with is tried whatever the budget.
		within := inner
		if c.Family == Apart && s.alone() < 0 {
			within = ctx
		}
		if within.Err() != nil {
			break
		}
		tried := s.try(within, c, progress)
		if within.Err() != nil && !tried.ended() {
			break
		}
		s.done = append(s.done, tried)
		if s.Keep != nil {
			if err := s.Keep(s.state(s.spent + time.Since(began))); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// alone is the first candidate that learns tasks apart and has numbers, −1 where
// none was tried.
func (s *search) alone() int {
	return slices.IndexFunc(s.done, func(c candidacy) bool { return c.Family == Apart && c.note == "" })
}

// try tries a candidate on all folds.
func (s *search) try(ctx context.Context, c Candidate, progress func(what string)) candidacy {
	out := candidacy{Candidate: c, trials: make([][]trial, len(s.plans))}
	type place struct{ plan, fold int }
	var places []place
	for p, plan := range s.plans {
		out.trials[p] = make([]trial, len(plan.Folds))
		for f := range plan.Folds {
			places = append(places, place{p, f})
		}
	}
	inner, stop := context.WithCancel(ctx)
	defer stop()
	var mutex sync.Mutex
	num.For(len(places), func(i int) {
		at := places[i]
		to := &out.trials[at.plan][at.fold]
		if to.err = inner.Err(); to.err != nil {
			return
		}
		if *to = tryNested(inner, s.set, c.Method, &s.plans[at.plan].Folds[at.fold], s.seed); to.err != nil {
			stop() // a method that fails on one fold is no candidate
		}
		mutex.Lock()
		defer mutex.Unlock()
		progress(c.Name)
	})
	out.note = failure(out.trials)
	return out
}

// failure says why a candidate has no numbers; of several reasons one that is
// not the end of the others.
func failure(trials [][]trial) (note string) {
	for _, folds := range trials {
		for _, t := range folds {
			if t.err != nil && (note == "" || !errors.Is(t.err, context.Canceled)) {
				note = t.err.Error()
			}
		}
	}
	return note
}

// ended tells whether the candidate was tried to its end: it has numbers, or
// failed by itself.
func (c *candidacy) ended() bool {
	for _, folds := range c.trials {
		for _, t := range folds {
			if t.err != nil && !errors.Is(t.err, context.Canceled) && !errors.Is(t.err, context.DeadlineExceeded) {
				return true
			}
		}
	}
	return c.note == ""
}

// tryNested tries a method on the inner folds of a fold's training rows, fits it
// to them, and predicts what was held out.
func tryNested(ctx context.Context, set *kindred.Set, m kindred.Method, f *split.Fold, seed uint64) (t trial) {
	start := time.Now()
	defer func() { t.seconds = time.Since(start).Seconds() }()
	train, tasks := set.Select(f.Train).Nonempty()
	crossed, err := compose.Cross(ctx, train, m, seed)
	if err != nil {
		return trial{err: err}
	}
	if math.IsNaN(crossed.Loss) {
		return trial{err: fmt.Errorf("%w: no row held out can be judged", compose.ErrNotApplicable)}
	}
	model, err := crossed.Fit(ctx)
	if err != nil {
		return trial{err: err}
	}
	t.loss, t.inner = crossed.Loss, crossed.Folds
	t.report(model, tasks, len(set.Tasks))
	t.cells, t.err = predict(ctx, model, set.Select(f.Test), tasks)
	return t
}

// choose is the candidate of a fold, −1 where none was tried.
func (s *search) choose(plan, fold int) int {
	return choose(len(s.done), func(i int) (Family, float64, []float64) {
		c := &s.done[i]
		if c.note != "" {
			return c.Family, math.NaN(), nil
		}
		t := &c.trials[plan][fold]
		return c.Family, t.loss, t.inner
	})
}

// overall is the candidate to fit on all rows: that of least loss over the folds
// of the last plan.
func (s *search) overall() int {
	plan := len(s.plans) - 1
	return choose(len(s.done), func(i int) (Family, float64, []float64) {
		c := &s.done[i]
		if c.note != "" {
			return c.Family, math.NaN(), nil
		}
		sum, all := 0.0, []float64(nil)
		for f := range c.trials[plan] {
			t := &c.trials[plan][f]
			sum += t.loss / float64(len(c.trials[plan]))
			all = append(all, t.inner...)
		}
		return c.Family, sum, all
	})
}

// choose is the place of the least loss; that of tasks apart where the least is
// not below it by more than the standard error of the difference over inner
// folds.
func choose(n int, of func(i int) (f Family, loss float64, inner []float64)) int {
	best, apart := -1, -1
	least := func(at, i int) int {
		_, loss, _ := of(i)
		if math.IsNaN(loss) {
			return at
		}
		if at >= 0 {
			if _, so, _ := of(at); so <= loss {
				return at
			}
		}
		return i
	}
	for i := range n {
		best = least(best, i)
		if f, _, _ := of(i); f == Apart {
			apart = least(apart, i)
		}
	}
	if best < 0 || apart < 0 || best == apart {
		return best
	}
	_, low, a := of(best)
	_, high, b := of(apart)
	if high-low <= standardError(a, b) {
		return apart
	}
	return best
}

// standardError is that of the mean difference of losses on the same folds.
func standardError(a, b []float64) float64 {
	d := make([]float64, min(len(a), len(b)))
	for i := range d {
		d[i] = a[i] - b[i]
	}
	return compose.StandardError(d)
}

// chosen are the trials of auto on the folds of a plan, nil where no candidate
// is there to choose.
func (s *search) chosen(plan int) []trial {
	out := make([]trial, len(s.plans[plan].Folds))
	for f := range out {
		i := s.choose(plan, f)
		if i < 0 {
			return nil
		}
		out[f] = s.done[i].trials[plan][f]
	}
	return out
}

// tried reports the trials.
func (s *search) tried() []Tried {
	out := make([]Tried, len(s.done))
	for i, c := range s.done {
		out[i] = Tried{Method: c.Name, Family: c.Family, Note: c.note}
		loss, folds := 0.0, 0.0
		for _, trials := range c.trials {
			for _, t := range trials {
				loss, folds = loss+t.loss, folds+1
				out[i].Seconds += t.seconds
			}
		}
		if c.note == "" {
			out[i].Loss = finite(loss / folds)
		}
	}
	for p := range s.plans {
		for f := range s.plans[p].Folds {
			if i := s.choose(p, f); i >= 0 {
				out[i].Chosen++
			}
		}
	}
	return out
}

// known are the trials of an entrant that is a candidate too and has numbers, so
// that it is not run twice.
func (s *search) known(e Entrant) [][]trial {
	if s == nil {
		return nil
	}
	for i := range s.done {
		if c := &s.done[i]; c.note == "" && reflect.DeepEqual(c.Method, e.Method) {
			return c.trials
		}
	}
	return nil
}
