// Package compare runs methods on the same folds and says, task by task,
// whether learning together was worth it.
package compare

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/compose"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/score"
	"github.com/kindred-mtl/kindred/split"
)

// An Entrant is a method under the name it is reported by.
type Entrant struct {
	Name   string
	Method kindred.Method
}

// A Plan is the folds of one training fraction; 0 where none was asked for.
type Plan struct {
	Folds    []split.Fold
	Fraction float64
}

// Options say what to compare.
type Options struct {
	Entrants []Entrant
	Single   Entrant // the single-task baseline, against which gains are measured
	Pooled   Entrant // the pooled baseline
	Plans    []Plan
	Metric   string // of the gains; "": score.Primary of the first task's kind
	Seed     uint64 // of the bootstrap
	// Progress, where not nil, is told of every fit that ended.
	Progress func(done, total int, what string)
}

// entrants are the baselines and the methods, without repetition.
func (o *Options) entrants() []Entrant {
	list := []Entrant{o.Single, o.Pooled}
	for _, e := range o.Entrants {
		if !slices.ContainsFunc(list, func(f Entrant) bool { return f.Name == e.Name }) {
			list = append(list, e)
		}
	}
	return list
}

// A trial is one method on one fold.
type trial struct {
	cells    []score.Cell // of each task of the set; without rows where it was not tested
	seconds  float64
	warnings []string
	err      error
}

// Run fits every method on the training rows of every fold and scores it on
// the others. When ctx ends it returns ctx's error.
func Run(ctx context.Context, set *kindred.Set, o Options) (*Result, error) {
	if err := set.Check(); err != nil {
		return nil, err
	}
	if o.Single.Method == nil || o.Pooled.Method == nil {
		return nil, errors.New("compare: the single-task and the pooled baseline are always among the methods; name both")
	}
	metric := o.Metric
	if metric == "" {
		metric = score.Primary(set.Tasks[0].Kind)
	}
	if _, err := score.All.Find("metric", metric); err != nil {
		return nil, err
	}
	entrants := o.entrants()
	r := newResult(set, metric)
	total, done := 0, 0
	for _, p := range o.Plans {
		total += len(p.Folds) * len(entrants)
	}
	var mutex sync.Mutex
	for _, p := range o.Plans {
		trials := make([][]trial, len(entrants))
		for e := range trials {
			trials[e] = make([]trial, len(p.Folds))
		}
		num.For(len(p.Folds)*len(entrants), func(job int) {
			f, e := job/len(entrants), job%len(entrants)
			trials[e][f] = try(ctx, set, entrants[e].Method, &p.Folds[f])
			mutex.Lock()
			defer mutex.Unlock()
			if done++; o.Progress != nil {
				o.Progress(done, total, entrants[e].Name)
			}
		})
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := r.add(set, entrants, p, trials, o.Seed); err != nil {
			return nil, err
		}
	}
	r.curve()
	return r, nil
}

// try fits a method on one fold and predicts what was held out.
func try(ctx context.Context, set *kindred.Set, m kindred.Method, f *split.Fold) trial {
	start := time.Now()
	train, tasks := set.Select(f.Train).Nonempty()
	model, err := m.Fit(ctx, train)
	if err != nil {
		return trial{err: fmt.Errorf("%s: %w", f.Name, err)}
	}
	t := trial{cells: make([]score.Cell, len(set.Tasks))}
	for i := range t.cells {
		t.cells[i].Info = set.Tasks[i].Info()
	}
	for k, i := range tasks {
		test := set.Tasks[i].Select(f.Test[i])
		if len(test.Rows) == 0 {
			continue
		}
		p, err := model.Predict(ctx, test.Table.Select(test.Rows), []int{k})
		if err != nil {
			return trial{err: fmt.Errorf("%s, task %q: %w", f.Name, set.Tasks[i].Name, err)}
		}
		t.cells[i].Y, t.cells[i].Weight, t.cells[i].Out = test.Y(), test.Weight, p.Tasks[0]
	}
	t.seconds = time.Since(start).Seconds()
	if r, ok := model.(kindred.Reporter); ok {
		t.warnings = r.Report().Warnings
	}
	return t
}

// applies tells whether a method's trials gave numbers; the note says why not.
func applies(trials []trial) (note string, err error) {
	for _, t := range trials {
		if errors.Is(t.err, compose.ErrNotApplicable) {
			return t.err.Error(), nil
		}
		if t.err != nil {
			return "", t.err
		}
	}
	return "", nil
}

// defined is the mean and standard deviation of the numbers that are not NaN.
func defined(values []float64) (mean, sd float64, n int) {
	for _, v := range values {
		if !math.IsNaN(v) {
			mean, n = mean+v, n+1
		}
	}
	mean /= float64(n)
	for _, v := range values {
		if !math.IsNaN(v) {
			sd += (v - mean) * (v - mean)
		}
	}
	if n > 1 {
		return mean, math.Sqrt(sd / float64(n-1)), n
	}
	return mean, 0, n
}
