package compose

import (
	"context"
	"math"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/split"
)

// An explorer looks for the best candidate of one method, fold by fold side by
// side. Its sessions last from the first candidate to the last.
type explorer struct {
	list
	set      *kindred.Set
	folds    []split.Fold
	sessions []kindred.Session // of each fold
	tasks    [][]int           // the tasks of each fold's session
	tried    [][]*Trial        // of each candidate; nil: not tried
}

// A place is a candidate's: its path, and where it lies there.
type place struct{ path, at int }

// explore tries every candidate; or the coarse ones, and then the neighbours of
// the best one as long as there are some.
func (s Search) explore(ctx context.Context, l list, set *kindred.Set, folds []split.Fold) (*explorer, error) {
	e := &explorer{list: l, set: set, folds: folds, sessions: make([]kindred.Session, len(folds)), tasks: make([][]int, len(folds))}
	for _, path := range l.paths {
		e.tried = append(e.tried, make([]*Trial, len(path)))
	}
	err := e.each(func(f int) (err error) {
		var train *kindred.Set
		train, e.tasks[f] = set.Select(folds[f].Train).Nonempty()
		held := set.Select(folds[f].Test).Only(e.tasks[f]...)
		e.sessions[f], err = l.method.Begin(ctx, train, held)
		return err
	})
	first := e.coarse()
	if s.Every {
		first = e.every()
	}
	err = e.follow(ctx, err, first)
	for next := e.around(e.best()); err == nil && len(next) > 0; next = e.around(e.best()) {
		err = e.try(ctx, next)
	}
	return e, err
}

// ahead is how many candidates are tried before it is asked whether a path is
// worth going on.
const ahead = 5

// follow tries candidates path by path, from the strongest belief on, a few at a
// time, and leaves a path where it has turned for the worse: these few rise from
// one to the next, and are all worse than the path's best by more than two
// standard errors of it. What would follow believes less and less, fits the rows
// trained on ever closer, and takes longest.
func (e *explorer) follow(ctx context.Context, err error, places []place) error {
	for len(places) > 0 && err == nil {
		n := 0
		for n < min(ahead, len(places)) && places[n].path == places[0].path {
			n++
		}
		some := places[:n]
		if err = e.try(ctx, some); err != nil {
			return err
		}
		places = places[n:]
		for e.turned(some) && len(places) > 0 && places[0].path == some[0].path {
			places = places[1:]
		}
	}
	return err
}

// turned tells whether a path has turned for the worse at these candidates, its
// last ones.
func (e *explorer) turned(some []place) bool {
	if len(some) < ahead {
		return false
	}
	path := e.tried[some[0].path]
	best := path[some[0].at]
	for _, t := range path {
		if t != nil && t.Loss < best.Loss {
			best = t
		}
	}
	for i, c := range some {
		t := path[c.at]
		if !(t.Loss > best.Loss+2*best.Error) || i > 0 && t.Loss < path[some[i-1].at].Loss {
			return false
		}
	}
	return true
}

// each calls f for every fold and returns the first error.
func (e *explorer) each(f func(fold int) error) error {
	errs := make([]error, len(e.folds))
	num.For(len(errs), func(i int) { errs[i] = f(i) })
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// coarse is every second path, and on it every third candidate.
func (e *explorer) coarse() []place {
	var places []place
	for p := 0; p < len(e.paths); p += 2 {
		for i := min(1, len(e.paths[p])-1); i < len(e.paths[p]); i += 3 {
			places = append(places, place{p, i})
		}
	}
	return places
}

// every lists all candidates.
func (e *explorer) every() []place {
	var places []place
	for p := range e.paths {
		for i := range e.paths[p] {
			places = append(places, place{p, i})
		}
	}
	return places
}

// around lists the neighbours of a candidate that are not tried yet, on its
// path and on those beside it.
func (e *explorer) around(c place) []place {
	var places []place
	for p := max(0, c.path-1); p <= min(c.path+1, len(e.paths)-1); p++ {
		for i := max(0, c.at-1); i <= min(c.at+1, len(e.paths[p])-1); i++ {
			if e.tried[p][i] == nil {
				places = append(places, place{p, i})
			}
		}
	}
	return places
}

// try fits the candidates at these places on every fold, one after the other.
func (e *explorer) try(ctx context.Context, places []place) error {
	held := make([]*kindred.Held, len(places))
	for i := range held {
		held[i] = kindred.NewHeld(e.set)
	}
	err := e.each(func(f int) error {
		for i, c := range places {
			outcomes, err := e.sessions[f].Try(ctx, e.paths[c.path][c.at])
			if err != nil {
				return err
			}
			held[i].Put(outcomes, e.tasks[f], e.folds[f].Test)
		}
		return nil
	})
	if err != nil {
		return err
	}
	spread := spreads(e.set)
	num.For(len(places), func(i int) {
		c := places[i]
		t := &Trial{Method: e.paths[c.path][c.at], Held: held[i].Outcomes}
		t.Loss, t.Error = heldLoss(e.set, t.Held, e.folds, spread)
		e.tried[c.path][c.at] = t
	})
	return nil
}

// best is the place of the least loss so far.
func (e *explorer) best() place {
	var best place
	least := math.Inf(1)
	for p, path := range e.tried {
		for i, t := range path {
			if t != nil && t.Loss < least {
				best, least = place{p, i}, t.Loss
			}
		}
	}
	return best
}

// trials lists those made, in the order of the candidates.
func (e *explorer) trials() []Trial {
	var trials []Trial
	for _, path := range e.tried {
		for _, t := range path {
			if t != nil {
				trials = append(trials, *t)
			}
		}
	}
	return trials
}
