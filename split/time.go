package split

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/kindred-mtl/kindred"
)

// Time cuts the rows into k+1 stretches of time with equally many rows; fold i
// trains on the first i and tests on the next. Rows of one time lie on one
// side. A group with rows on both sides stays on the one where it has more,
// the test side where they are equal, and its other rows are left out. A task
// that has no past yet has no row to train on in that fold.
func Time(s *kindred.Set, k int) ([]Fold, error) {
	if k < 1 {
		return nil, fmt.Errorf("%d folds; give at least 1", k)
	}
	times, err := timesOf(s)
	if err != nil {
		return nil, err
	}
	var folds []Fold
	for i := range k {
		from, to := times[len(times)*(i+1)/(k+1)], math.Inf(1)
		if i < k-1 {
			to = times[len(times)*(i+2)/(k+1)]
		}
		f := window(s, from, to)
		if err := f.check(); err != nil {
			return nil, fmt.Errorf("%w; give fewer folds", err)
		}
		folds = append(folds, f)
	}
	return folds, nil
}

// TimeAt trains on the first fraction train of the rows by time and tests on
// all that follow, once for each fraction. Ties and groups are as in Time.
func TimeAt(s *kindred.Set, train ...float64) ([]Fold, error) {
	times, err := timesOf(s)
	if err != nil {
		return nil, err
	}
	var folds []Fold
	for _, fraction := range train {
		if !(fraction > 0 && fraction < 1) {
			return nil, fmt.Errorf("a training fraction of %v; give one above 0 and below 1", fraction)
		}
		f := window(s, times[int(float64(len(times))*fraction)], math.Inf(1))
		if err := f.check(); err != nil {
			return nil, fmt.Errorf("%w at a training fraction of %v", err, fraction)
		}
		folds = append(folds, f)
	}
	return folds, nil
}

// window trains on the rows before from and tests on those before to.
func window(s *kindred.Set, from, to float64) Fold {
	f := newFold(s, fmt.Sprintf("from %g", from))
	test := testGroups(s, from, to)
	for t := range s.Tasks {
		task := &s.Tasks[t]
		for p, r := range task.Rows {
			v, grouped, tested := task.Table.Time[r], false, false
			if task.Table.Group != nil {
				tested, grouped = test[task.Table.Group[r]]
			}
			switch {
			case v < from && !(grouped && tested):
				f.Train[t] = append(f.Train[t], p)
			case v >= from && v < to && (!grouped || tested):
				f.Test[t] = append(f.Test[t], p)
			}
		}
	}
	return f
}

// testGroups tells of the groups with rows in the window whether they are
// tested.
func testGroups(s *kindred.Set, from, to float64) map[int]bool {
	balance := map[int]int{} // rows to test less rows to train on
	for t := range s.Tasks {
		table := s.Tasks[t].Table
		if table.Group == nil {
			continue
		}
		for _, r := range s.Tasks[t].Rows {
			switch v := table.Time[r]; {
			case v < from:
				balance[table.Group[r]]--
			case v < to:
				balance[table.Group[r]]++
			}
		}
	}
	test := make(map[int]bool, len(balance))
	for g, n := range balance {
		test[g] = n >= 0
	}
	return test
}

// timesOf sorts the times of all labelled rows.
func timesOf(s *kindred.Set) ([]float64, error) {
	var times []float64
	for t := range s.Tasks {
		task := &s.Tasks[t]
		if task.Table.Time == nil {
			return nil, fmt.Errorf("task %q: its table has no times to split by; name the time column", task.Name)
		}
		for _, r := range task.Rows {
			v := task.Table.Time[r]
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, fmt.Errorf("task %q, row %d: its time is %v; give it a time, or leave the row out", task.Name, r+1, v)
			}
			times = append(times, v)
		}
	}
	if len(times) == 0 {
		return nil, errors.New("no row to split by time")
	}
	slices.Sort(times)
	return times, nil
}
