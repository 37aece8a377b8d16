package compose

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/calibrate"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/split"
)

// Search fits candidates of its methods on folds of the rows, stratified by
// task and label, and refits the one whose held-out loss is least: log loss
// for classes, squared error in units of the target's variance for numbers,
// Poisson deviance for counts, averaged over all rows of all tasks. Decisions
// without probabilities are calibrated first, and the calibration is handed to
// the last fit.
//
// Of each method it tries every second path of candidates and every third
// candidate on it, and then the neighbours of the best one, until that has none
// that is better; or every candidate, along each path. A path is left where five
// candidates on it are one worse than the other, and all worse than its best by
// more than two standard errors.
type Search struct {
	Methods []kindred.Method // each a kindred.Tunable, tried in order; ties go to the first
	Folds   int              // 0: 5, or fewer where the rows are many, as split.Inner says
	Tie     float64          // the share of a standard error by which losses of different methods differ and yet tie
	Every   bool             // try every candidate, as long as a path is worth it
	OneSE   bool             // take the first candidate within one standard error of the best
	Seed    uint64           // of the folds
}

// Fit searches and refits. Methods that are not applicable are passed over;
// where only one candidate is left it is fitted without a search.
func (s Search) Fit(ctx context.Context, set *kindred.Set) (kindred.Model, error) {
	lists, err := s.candidates(ctx, set)
	if err != nil {
		return nil, err
	}
	if len(lists) == 1 && len(lists[0].paths) == 1 && len(lists[0].paths[0]) == 1 {
		return lists[0].paths[0][0].Fit(ctx, set)
	}
	trials, err := s.trials(ctx, set, lists)
	if err != nil {
		return nil, err
	}
	return trials[s.choose(trials)].fit(ctx, set)
}

// choice is the trial that Fit would choose on these folds.
func (s Search) choice(ctx context.Context, set *kindred.Set, folds []split.Fold) (Trial, error) {
	lists, err := s.candidates(ctx, set)
	if err != nil {
		return Trial{}, err
	}
	trials, err := s.trialsOn(ctx, set, lists, folds)
	if err != nil {
		return Trial{}, err
	}
	return trials[s.choose(trials)], nil
}

// fit fits the candidate to all rows.
func (t Trial) fit(ctx context.Context, set *kindred.Set) (kindred.Model, error) {
	if c, ok := t.Method.(kindred.Calibrating); ok {
		return c.FitHeld(ctx, set, t.Held)
	}
	return t.Method.Fit(ctx, set)
}

// A Trial is a candidate and how it did on rows held out.
type Trial struct {
	Method kindred.Method
	Held   []kindred.Outcome // as kindred.Held keeps them
	Loss   float64           // mean over rows
	Error  float64           // its standard error over folds

	method int // its place among the methods that apply
}

// Trials are those that Fit chooses from, each method's in the order of its
// candidates.
func (s Search) Trials(ctx context.Context, set *kindred.Set) ([]Trial, error) {
	lists, err := s.candidates(ctx, set)
	if err != nil {
		return nil, err
	}
	return s.trials(ctx, set, lists)
}

// A list is one method and its candidates.
type list struct {
	method kindred.Tunable
	paths  [][]kindred.Method
}

// candidates lists those of every method that applies. Methods that come to
// the same on set, as where only numbers tell them apart and there are none,
// count once.
func (s Search) candidates(ctx context.Context, set *kindred.Set) ([]list, error) {
	if err := set.Check(); err != nil {
		return nil, err
	}
	var lists []list
	why := errors.New("search: no method is given")
	for _, method := range s.Methods {
		m, err := tunable(method)
		if err != nil {
			return nil, err
		}
		paths, err := m.Candidates(ctx, set)
		if errors.Is(err, ErrNotApplicable) {
			why = err
			continue
		}
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(lists, func(l list) bool { return reflect.DeepEqual(l.paths, paths) }) {
			lists = append(lists, list{m, paths})
		}
	}
	if lists == nil {
		return nil, why
	}
	return lists, nil
}

func (s Search) trials(ctx context.Context, set *kindred.Set, lists []list) ([]Trial, error) {
	folds, err := split.Inner(set, s.Folds, s.Seed)
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	return s.trialsOn(ctx, set, lists, folds)
}

func (s Search) trialsOn(ctx context.Context, set *kindred.Set, lists []list, folds []split.Fold) ([]Trial, error) {
	var trials []Trial
	for i, l := range lists {
		e, err := s.explore(ctx, l, set, folds)
		if err != nil {
			return nil, err
		}
		for _, t := range e.trials() {
			t.method = i
			trials = append(trials, t)
		}
	}
	return trials, nil
}

// choose returns the trial of least loss, of the first method whose least is a
// tie with it; or the first trial, of the same method's path from the strongest
// down, that is within its standard error.
func (s Search) choose(trials []Trial) int {
	best := least(trials, 0, len(trials))
	within := s.Tie
	if s.OneSE {
		within = 1
	}
	limit := trials[best].Loss + within*trials[best].Error
	first := slices.IndexFunc(trials, func(t Trial) bool { return t.Loss <= limit })
	if s.OneSE || first < 0 {
		return max(first, 0)
	}
	end := first
	for end < len(trials) && trials[end].method == trials[first].method {
		end++
	}
	return least(trials, first, end)
}

// least is the place of the least loss from lo to hi.
func least(trials []Trial, lo, hi int) int {
	best := lo
	for i := lo; i < hi; i++ {
		if trials[i].Loss < trials[best].Loss || math.IsNaN(trials[best].Loss) {
			best = i
		}
	}
	return best
}

// heldLoss is the mean loss over all held-out rows, and its standard error
// over folds; spread is that of the targets.
func heldLoss(set *kindred.Set, held []kindred.Outcome, folds []split.Fold, spread map[string]float64) (mean, se float64) {
	mean, byFold := foldLosses(set, held, folds, spread)
	return mean, StandardError(byFold)
}

// foldLosses is the mean loss over all held-out rows, and that of each fold
// that holds some.
func foldLosses(set *kindred.Set, held []kindred.Outcome, folds []split.Fold, spread map[string]float64) (mean float64, byFold []float64) {
	rows := make([][]float64, len(set.Tasks))
	probabilities := calibrated(set, held)
	for t := range set.Tasks {
		rows[t] = rowLosses(&set.Tasks[t], held[t], probabilities[t], spread[set.Tasks[t].Label.Target])
	}
	total, weight := 0.0, 0.0
	for _, f := range folds {
		sum, n := 0.0, 0.0
		for t, places := range f.Test {
			for _, i := range places {
				w := weightOf(&set.Tasks[t], i)
				if v := rows[t][i]; !math.IsNaN(v) {
					sum, n = sum+w*v, n+w
				}
			}
		}
		total, weight = total+sum, weight+n
		if n > 0 {
			byFold = append(byFold, sum/n)
		}
	}
	return total / weight, byFold
}

// StandardError is that of the mean of numbers; 0 of one.
func StandardError(x []float64) float64 {
	k := float64(len(x))
	if k < 2 {
		return 0
	}
	mean, square := num.Sum(x)/k, 0.0
	for _, v := range x {
		square += (v - mean) * (v - mean)
	}
	return math.Sqrt(square / (k - 1) / k)
}

func weightOf(t *kindred.Task, i int) float64 {
	if t.Weight == nil {
		return 1
	}
	return t.Weight[i]
}

// calibrated gives each task's held-out probabilities, n × classes, from its
// decisions where the models gave none; nil for tasks without classes.
func calibrated(set *kindred.Set, held []kindred.Outcome) [][]float64 {
	out := make([][]float64, len(held))
	var scores []calibrate.Scores
	var whose [][2]int
	for t, o := range held {
		task := &set.Tasks[t]
		if !task.Kind.Classifies() || o.Probability != nil || o.Decision == nil {
			out[t] = o.Probability
			continue
		}
		k := len(o.Decision) / len(task.Rows)
		for c := range k {
			scores = append(scores, calibrate.Column(task.Y(), task.Weight, o.Decision, c, k))
			whose = append(whose, [2]int{t, c})
		}
	}
	sigmoids := calibrate.Platt(scores)
	for i, g := range sigmoids {
		t, c := whose[i][0], whose[i][1]
		task, f := &set.Tasks[t], held[t].Decision
		n, k := len(task.Rows), len(task.Label.Classes)
		if out[t] == nil {
			out[t] = make([]float64, n*k)
		}
		for r := range n {
			if k == 2 && len(f) == n {
				p := g.Probability(f[r])
				out[t][2*r], out[t][2*r+1] = 1-p, p
				continue
			}
			out[t][r*k+c] = g.Probability(f[r*k+c])
		}
	}
	return out
}

// spreads is the variance of each regression target around its tasks' means.
func spreads(set *kindred.Set) map[string]float64 {
	square, n := map[string]float64{}, map[string]float64{}
	for i := range set.Tasks {
		t := &set.Tasks[i]
		sum, weight := 0.0, 0.0
		for k, y := range t.Y() {
			sum, weight = sum+weightOf(t, k)*y, weight+weightOf(t, k)
		}
		for k, y := range t.Y() {
			square[t.Label.Target] += weightOf(t, k) * (y - sum/weight) * (y - sum/weight)
		}
		n[t.Label.Target] += weight
	}
	for target := range square {
		if square[target] /= n[target]; !(square[target] > 0) {
			square[target] = 1
		}
	}
	return square
}

// rowLosses is the loss of each row; NaN where no model predicted it.
func rowLosses(t *kindred.Task, o kindred.Outcome, p []float64, variance float64) []float64 {
	out := make([]float64, len(t.Rows))
	for i, y := range t.Y() {
		switch {
		case t.Kind.Classifies() && p == nil, !t.Kind.Classifies() && o.Value == nil:
			out[i] = math.NaN()
		case t.Kind == kindred.Regression:
			out[i] = (o.Value[i] - y) * (o.Value[i] - y) / variance
		case t.Kind == kindred.Count:
			mu := math.Max(o.Value[i], 1e-12)
			out[i] = 2 * (mu - y)
			if y > 0 {
				out[i] += 2 * y * math.Log(y/mu)
			}
		default:
			k := len(t.Label.Classes)
			sum := num.Sum(p[i*k : (i+1)*k])
			out[i] = -math.Log(math.Max(p[i*k+int(y)]/sum, 1e-15))
		}
	}
	return out
}
