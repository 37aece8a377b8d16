// Package split says which rows are learned from and which are held out: by
// task and label, by group, by time, or as given.
//
// What lies together stays together: a table row that several tasks list, and
// all rows of one group, are a unit, which lies on one side of a split for
// every task.
package split

import (
	"fmt"
	"slices"

	"github.com/kindred-mtl/kindred"
)

// A Fold is one split of a set: of each task, the places in Task.Rows to train
// on and to test on, ascending.
type Fold struct {
	Name        string
	Train, Test [][]int
}

// newFold returns a fold of s without rows.
func newFold(s *kindred.Set, name string) Fold {
	return Fold{Name: name, Train: make([][]int, len(s.Tasks)), Test: make([][]int, len(s.Tasks))}
}

// fold makes the fold that tests on the units whose part is test, and trains
// on all others.
func (p *pool) fold(name string, part []int, test int) Fold {
	f := newFold(p.set, name)
	for i, u := range p.units {
		side := f.Train
		if part[i] == test {
			side = f.Test
		}
		for _, at := range u.places {
			side[at.task] = append(side[at.task], at.place)
		}
	}
	for t := range f.Train {
		slices.Sort(f.Train[t])
		slices.Sort(f.Test[t])
	}
	return f
}

// check refuses a split with an empty side.
func (f *Fold) check() error {
	train, test := 0, 0
	for t := range f.Train {
		train, test = train+len(f.Train[t]), test+len(f.Test[t])
	}
	switch {
	case train == 0:
		return fmt.Errorf("%s: no row is left to train on", f.Name)
	case test == 0:
		return fmt.Errorf("%s: no row is left to test on", f.Name)
	}
	return nil
}
