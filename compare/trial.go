package compare

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/compose"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/score"
	"github.com/kindred-mtl/kindred/split"
)

// A trial is one method on one fold.
type trial struct {
	cells    []score.Cell // of each task; without an outcome where it had no training row
	seconds  float64
	warnings []string
	groups   []int // of the tasks, −1 where a task had no training row; nil where none are learned
	err      error

	// Of a trial with inner folds:
	loss  float64   // held out by these
	inner []float64 // by each of them
	share *float64  // of a guarded method: the mean over tasks
}

// ended tells whether the trial has something to report.
func (t *trial) ended() bool { return t.err == nil || errors.Is(t.err, compose.ErrNotApplicable) }

// runAll tries every entrant on every fold of every plan: the trial of plan p,
// fold f and entrant e lies at [p][f][e]. What a search has tried is taken from
// it. The first failure ends all; the end
// of ctx is none, it leaves trials that have not ended.
func runAll(ctx context.Context, set *kindred.Set, o Options, entrants []Entrant, known *search, progress func(what string)) ([][][]trial, error) {
	type job struct {
		fold *split.Fold
		who  *Entrant
		put  *trial
	}
	var jobs []job
	trials := make([][][]trial, len(o.Plans))
	for p, plan := range o.Plans {
		trials[p] = make([][]trial, len(plan.Folds))
		for f := range plan.Folds {
			trials[p][f] = make([]trial, len(entrants))
			for e := range entrants {
				if tried := known.known(entrants[e]); tried != nil {
					trials[p][f][e] = tried[p][f]
					continue
				}
				jobs = append(jobs, job{&plan.Folds[f], &entrants[e], &trials[p][f][e]})
			}
		}
	}
	inner, stop := context.WithCancel(ctx)
	defer stop()
	var mutex sync.Mutex
	num.For(len(jobs), func(i int) {
		j := jobs[i]
		if j.put.err = inner.Err(); j.put.err != nil {
			return
		}
		if *j.put = try(inner, set, j.who.Method, j.fold); !j.put.ended() {
			stop()
			return
		}
		mutex.Lock()
		defer mutex.Unlock()
		progress(j.who.Name)
	})
	if ctx.Err() != nil {
		return trials, nil
	}
	var failure error
	for _, j := range jobs {
		if !j.put.ended() && (failure == nil || errors.Is(failure, context.Canceled)) {
			failure = fmt.Errorf("method %q, %s: %w", j.who.Name, j.fold.Name, j.put.err)
		}
	}
	return trials, failure
}

// finished are the folds on which every trial ended.
func finished(folds []split.Fold, trials [][]trial) ([]split.Fold, [][]trial) {
	var f []split.Fold
	var t [][]trial
	for i := range folds {
		if !slices.ContainsFunc(trials[i], func(t trial) bool { return !t.ended() }) {
			f, t = append(f, folds[i]), append(t, trials[i])
		}
	}
	return f, t
}

// try fits a method on one fold and predicts what was held out.
func try(ctx context.Context, set *kindred.Set, m kindred.Method, f *split.Fold) (t trial) {
	start := time.Now()
	defer func() { t.seconds = time.Since(start).Seconds() }()
	train, tasks := set.Select(f.Train).Nonempty()
	model, err := m.Fit(ctx, train)
	if err != nil {
		t.err = err
		return t
	}
	t.report(model, tasks, len(set.Tasks))
	t.cells, t.err = predict(ctx, model, set.Select(f.Test), tasks)
	return t
}

// report keeps what a model says of itself; its task k is the k-th of tasks, of n
// in all.
func (t *trial) report(model kindred.Model, tasks []int, n int) {
	reporter, ok := model.(kindred.Reporter)
	if !ok {
		return
	}
	r := reporter.Report()
	t.warnings, t.groups = r.Warnings, spread(r.Groups, tasks, n)
	if len(r.Mixtures) > 0 {
		mean := 0.0
		for _, m := range r.Mixtures {
			mean += m.Share / float64(len(r.Mixtures))
		}
		t.share = &mean
	}
}

// spread gives each of n tasks its group; the model's task k is tasks[k].
func spread(groups, tasks []int, n int) []int {
	if groups == nil {
		return nil
	}
	out := slices.Repeat([]int{-1}, n)
	for k, g := range groups {
		out[tasks[k]] = g
	}
	return out
}

// predict asks a model of the rows of test, once for all tasks that have the
// same ones. The model's task k is the set's task tasks[k].
func predict(ctx context.Context, model kindred.Model, test *kindred.Set, tasks []int) ([]score.Cell, error) {
	cells := make([]score.Cell, len(test.Tasks))
	for t := range test.Tasks {
		task := &test.Tasks[t]
		cells[t] = score.Cell{Info: task.Info(), Y: task.Y(), Weight: task.Weight}
	}
	for _, group := range together(test, tasks) {
		first := &test.Tasks[tasks[group[0]]]
		p, err := model.Predict(ctx, first.Table.Select(first.Rows), group)
		if err != nil {
			return nil, fmt.Errorf("task %q: %w", first.Name, err)
		}
		if len(p.Tasks) != len(group) {
			return nil, fmt.Errorf("%d tasks are predicted where %d were asked for", len(p.Tasks), len(group))
		}
		for i, k := range group {
			c := &cells[tasks[k]]
			c.Out = p.Tasks[i]
			if err := fits(c); err != nil {
				return nil, fmt.Errorf("task %q: %w", c.Info.Name, err)
			}
		}
	}
	return cells, nil
}

// together groups the places in tasks by the rows to predict; tasks without
// one are left out.
func together(test *kindred.Set, tasks []int) [][]int {
	type key struct {
		table          *kindred.Table
		n, first, last int
	}
	var groups [][]int
	at := map[key][]int{}
	for k, t := range tasks {
		task := &test.Tasks[t]
		n := len(task.Rows)
		if n == 0 {
			continue
		}
		id := key{task.Table, n, task.Rows[0], task.Rows[n-1]}
		same := slices.IndexFunc(at[id], func(g int) bool {
			return slices.Equal(test.Tasks[tasks[groups[g][0]]].Rows, task.Rows)
		})
		if same >= 0 {
			g := at[id][same]
			groups[g] = append(groups[g], k)
			continue
		}
		at[id] = append(at[id], len(groups))
		groups = append(groups, []int{k})
	}
	return groups
}

// fits says where an outcome has not one entry a row.
func fits(c *score.Cell) error {
	n, wide := len(c.Y), len(c.Y)*len(c.Info.Classes)
	decisions := n
	if c.Info.Kind == kindred.Multiclass {
		decisions = wide
	}
	for _, part := range []struct {
		what      string
		given     bool
		got, want int
	}{
		{"values", c.Out.Value != nil, len(c.Out.Value), n},
		{"variances", c.Out.Variance != nil, len(c.Out.Variance), n},
		{"low quantiles", c.Out.Low != nil, len(c.Out.Low), n},
		{"high quantiles", c.Out.High != nil, len(c.Out.High), n},
		{"classes", c.Out.Class != nil, len(c.Out.Class), n},
		{"probabilities", c.Out.Probability != nil, len(c.Out.Probability), wide},
		{"decisions", c.Out.Decision != nil, len(c.Out.Decision), decisions},
	} {
		if part.given && part.got != part.want {
			return fmt.Errorf("the model gives %d %s for %d rows", part.got, part.what, n)
		}
	}
	return nil
}
