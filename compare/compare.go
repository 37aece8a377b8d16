// Package compare runs methods on the same folds and says, task by task,
// whether learning together was worth it.
package compare

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/kindred-mtl/kindred"
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
	Plans    []Plan  // several of different fractions give a learning curve
	Metric   string  // of the gains; "": score.Primary of the first task's kind
	Seed     uint64  // of the bootstrap, and of the inner folds of Auto
	Auto     *Auto   // a search that takes part as the method "auto"; nil: none
	// Progress, where not nil, is told of every fit that ended, one at a time.
	Progress func(done, total int, what string)
}

// Run fits every method on the training rows of every fold and scores it on
// the others. A task without a training row in a fold is left out of the fit
// and counts as undefined there. When ctx ends, Run returns the result of the
// folds that every method has finished, or nil where there is none, and ctx's
// error.
func Run(ctx context.Context, set *kindred.Set, o Options) (*Result, error) {
	if err := set.Check(); err != nil {
		return nil, err
	}
	entrants, err := o.entrants()
	if err != nil {
		return nil, err
	}
	if o.Metric == "" {
		o.Metric = score.Primary(set.Tasks[0].Kind)
	}
	j, err := newJudge(set, o.Metric, o.Seed)
	if err != nil {
		return nil, err
	}
	if err := check(set, o.Plans); err != nil {
		return nil, err
	}
	sought, trials, entrants, err := runBoth(ctx, set, &o, entrants)
	if err != nil {
		return nil, err
	}
	r := newResult(set, o.Metric)
	r.Partial = ctx.Err() != nil && sought != nil
	for i, p := range o.Plans {
		folds, done := finished(p.Folds, trials[i])
		r.Partial = r.Partial || len(done) < len(p.Folds)
		if len(done) > 0 {
			r.add(j.on(folds), entrants, p.Fraction, done)
		}
	}
	if r.Methods == nil {
		return nil, ctx.Err()
	}
	r.curve(j.Better())
	if err := r.recommend(ctx, set, sought, &o); err != nil && ctx.Err() == nil {
		return nil, err
	}
	if r.Partial {
		return r, ctx.Err()
	}
	return r, nil
}

// auto is what a search is called among the methods.
const auto = "auto"

// runBoth runs the search, where there is one, and then the entrants that were
// no candidates; where ctx ends in the search these are left out. The choice of
// the search is the last entrant.
func runBoth(ctx context.Context, set *kindred.Set, o *Options, entrants []Entrant) (*search, [][][]trial, []Entrant, error) {
	progress := counter(o, len(entrants))
	if o.Auto == nil {
		trials, err := runAll(ctx, set, *o, entrants, nil, progress)
		return nil, trials, entrants, err
	}
	s, err := newSearch(set, o)
	if err != nil {
		return nil, nil, nil, err
	}
	if err := s.run(ctx, time.Now(), progress); err != nil && ctx.Err() == nil {
		return nil, nil, nil, err
	}
	if ctx.Err() != nil {
		if s.known(entrants[0]) == nil {
			return nil, nil, nil, ctx.Err()
		}
		entrants = slices.DeleteFunc(entrants, func(e Entrant) bool { return s.known(e) == nil })
	}
	trials, err := runAll(ctx, set, *o, entrants, s, progress)
	if err != nil {
		return nil, nil, nil, err
	}
	for p := range trials {
		chosen := s.chosen(p)
		if chosen == nil {
			return nil, nil, nil, errors.New("compare: no candidate that learns tasks apart could be tried: " + s.done[0].note)
		}
		for f := range trials[p] {
			trials[p][f] = append(trials[p][f], chosen[f])
		}
	}
	return s, trials, append(entrants, Entrant{Name: auto}), nil
}

// counter tells Progress of every fold that ended, one at a time.
func counter(o *Options, entrants int) func(what string) {
	folds := 0
	for _, p := range o.Plans {
		folds += len(p.Folds)
	}
	if o.Auto != nil {
		entrants += len(o.Auto.Candidates)
	}
	done := 0
	return func(what string) {
		if done++; o.Progress != nil {
			o.Progress(done, max(done, entrants*folds), what)
		}
	}
}

// entrants are the baselines and the methods; one that is named twice runs
// once.
func (o *Options) entrants() ([]Entrant, error) {
	if o.Single.Method == nil || o.Pooled.Method == nil {
		return nil, errors.New("compare: the single-task and the pooled baseline are always among the methods; give both")
	}
	var list []Entrant
	for _, e := range append([]Entrant{o.Single, o.Pooled}, o.Entrants...) {
		if e.Name == "" || e.Method == nil || e.Name == auto && o.Auto != nil {
			return nil, fmt.Errorf("compare: an entrant has a name and a method; got %q, %T", e.Name, e.Method)
		}
		i := slices.IndexFunc(list, func(f Entrant) bool { return f.Name == e.Name })
		if i < 0 {
			list = append(list, e)
		} else if !reflect.DeepEqual(list[i].Method, e.Method) {
			return nil, fmt.Errorf("compare: two methods are called %q", e.Name)
		}
	}
	return list, nil
}

// check says what is wrong with the folds: places a task does not have, rows
// on both sides, an empty side.
func check(set *kindred.Set, plans []Plan) error {
	if len(plans) == 0 {
		return errors.New("compare: no folds are given")
	}
	for _, p := range plans {
		if len(p.Folds) == 0 {
			return errors.New("compare: a plan has no folds")
		}
		for i := range p.Folds {
			if err := checkFold(set, &p.Folds[i]); err != nil {
				return fmt.Errorf("compare: fold %q: %w", p.Folds[i].Name, err)
			}
		}
	}
	return nil
}

func checkFold(set *kindred.Set, f *split.Fold) error {
	if len(f.Train) != len(set.Tasks) || len(f.Test) != len(set.Tasks) {
		return fmt.Errorf("training rows of %d tasks and test rows of %d, for %d tasks", len(f.Train), len(f.Test), len(set.Tasks))
	}
	train, test := 0, 0
	for t := range set.Tasks {
		task := &set.Tasks[t]
		seen := make([]bool, len(task.Rows))
		for i, place := range slices.Concat(f.Train[t], f.Test[t]) {
			if place < 0 || place >= len(seen) {
				return fmt.Errorf("place %d of task %q, which has %d labelled rows", place, task.Name, len(seen))
			}
			if seen[place] && i >= len(f.Train[t]) {
				return fmt.Errorf("row %d of task %q is to be tested on and stands twice, or is trained on", task.Rows[place]+1, task.Name)
			}
			seen[place] = true
		}
		train, test = train+len(f.Train[t]), test+len(f.Test[t])
	}
	if train == 0 || test == 0 {
		return fmt.Errorf("%d rows to train on and %d to test on", train, test)
	}
	return nil
}
