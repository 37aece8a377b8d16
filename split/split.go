// Package split says which rows are learned from and which are held out: by
// task and label, by group, by time, or as given.
//
// A table row that several tasks list, and all rows of one group, lie on one
// side for every task.
package split

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/kindred-mtl/kindred"
)

// A Fold is one split of a set: of each task, the places in Task.Rows to train
// on and to test on.
type Fold struct {
	Name        string
	Train, Test [][]int
}

// A unit is what stays together: a row, or a group of rows.
type unit struct {
	places [][2]int // task and place
	cells  []int    // stratum of each place
	order  uint64   // a random number
}

// units gathers the places of a set, in random order.
func units(s *kindred.Set, rng *rand.Rand) []*unit {
	type key struct {
		table *kindred.Table
		row   int
	}
	found := map[key]*unit{}
	var list []*unit
	strata := map[[2]int]int{}
	for t := range s.Tasks {
		task := &s.Tasks[t]
		bins := strataOf(task)
		for p, r := range task.Rows {
			k := key{task.Table, r}
			if task.Table.Group != nil {
				k = key{nil, task.Table.Group[r]}
			}
			u := found[k]
			if u == nil {
				u = &unit{}
				found[k] = u
				list = append(list, u)
			}
			cell := [2]int{t, bins[p]}
			if _, ok := strata[cell]; !ok {
				strata[cell] = len(strata)
			}
			u.places = append(u.places, [2]int{t, p})
			u.cells = append(u.cells, strata[cell])
		}
	}
	for _, u := range list {
		u.order = rng.Uint64()
	}
	slices.SortStableFunc(list, func(a, b *unit) int { return cmp.Compare(a.order, b.order) })
	return list
}

// bins of a regression label: its quintiles.
const quantiles = 5

// strataOf gives each row of a task its stratum: the class, or for numbers the
// fifth of the sorted labels it lies in.
func strataOf(t *kindred.Task) []int {
	out, y := make([]int, len(t.Rows)), t.Y()
	if t.Kind.Classifies() {
		for i, v := range y {
			out[i] = int(v)
		}
		return out
	}
	places := make([]int, len(y))
	for i := range places {
		places[i] = i
	}
	slices.SortStableFunc(places, func(a, b int) int { return cmp.Compare(y[a], y[b]) })
	for rank, i := range places {
		out[i] = rank * quantiles / len(places)
	}
	return out
}

// KFold deals the rows of each task and label evenly over k folds, repeats
// times, by iterative stratification: the unit whose rarest stratum has the
// fewest units left goes first, to the fold that wants it most.
//
// Sechidis, Tsoumakas, Vlahavas, On the stratification of multi-label data,
// ECML PKDD 2011, algorithm 1.
func KFold(s *kindred.Set, k, repeats int, seed uint64) ([]Fold, error) {
	if k < 2 {
		return nil, fmt.Errorf("%d folds; at least 2 are needed", k)
	}
	if repeats < 1 {
		return nil, fmt.Errorf("%d repeats; at least 1 is needed", repeats)
	}
	share := make([]float64, k)
	for i := range share {
		share[i] = 1 / float64(k)
	}
	var folds []Fold
	for repeat := range repeats {
		list := units(s, rand.New(rand.NewPCG(seed, uint64(repeat))))
		if len(list) < k {
			return nil, fmt.Errorf("%d folds of %d rows or groups", k, len(list))
		}
		part := deal(list, share)
		for f := range k {
			fold := collect(s, list, func(i int) bool { return part[i] == f })
			fold.Name = "fold " + strconv.Itoa(f+1)
			if repeats > 1 {
				fold.Name = fmt.Sprintf("repeat %d, fold %d", repeat+1, f+1)
			}
			folds = append(folds, fold)
		}
	}
	return folds, nil
}

// Random splits n times, with the fraction train of the rows of each task and
// label to train on.
func Random(s *kindred.Set, n int, train float64, seed uint64) ([]Fold, error) {
	if n < 1 {
		return nil, fmt.Errorf("%d splits; at least 1 is needed", n)
	}
	if !(train > 0 && train < 1) {
		return nil, fmt.Errorf("a training fraction of %v; it lies between 0 and 1", train)
	}
	var folds []Fold
	for i := range n {
		list := units(s, rand.New(rand.NewPCG(seed, 1<<32+uint64(i))))
		part := deal(list, []float64{train, 1 - train})
		fold := collect(s, list, func(i int) bool { return part[i] == 1 })
		fold.Name = "split " + strconv.Itoa(i+1)
		if err := fold.check(); err != nil {
			return nil, err
		}
		folds = append(folds, fold)
	}
	return folds, nil
}

// deal gives each unit a part, in the proportions of share.
func deal(list []*unit, share []float64) []int {
	strata := 0
	for _, u := range list {
		for _, c := range u.cells {
			strata = max(strata, c+1)
		}
	}
	members := make([][]int, strata)
	left := make([]int, strata)
	for i, u := range list {
		for _, c := range u.cells {
			members[c] = append(members[c], i)
			left[c]++
		}
	}
	want := make([][]float64, len(share)) // rows of each stratum a part still wants
	total := make([]float64, len(share))
	for p, f := range share {
		want[p] = make([]float64, strata)
		for c := range want[p] {
			want[p][c] = f * float64(left[c])
			total[p] += want[p][c]
		}
	}
	part := make([]int, len(list))
	for i := range part {
		part[i] = -1
	}
	for {
		rarest := -1
		for c, n := range left {
			if n > 0 && (rarest < 0 || n < left[rarest]) {
				rarest = c
			}
		}
		if rarest < 0 {
			return part
		}
		for _, i := range members[rarest] {
			if part[i] >= 0 {
				continue
			}
			best := 0
			for p := range share {
				if d := want[p][rarest] - want[best][rarest]; d > 1e-9 || d > -1e-9 && total[p] > total[best]+1e-9 {
					best = p
				}
			}
			part[i] = best
			for _, c := range list[i].cells {
				want[best][c]--
				total[best]--
				left[c]--
			}
		}
	}
}

// collect makes the fold whose test side are the units test accepts.
func collect(s *kindred.Set, list []*unit, test func(i int) bool) Fold {
	f := Fold{Train: make([][]int, len(s.Tasks)), Test: make([][]int, len(s.Tasks))}
	for i, u := range list {
		side := f.Train
		if test(i) {
			side = f.Test
		}
		for _, p := range u.places {
			side[p[0]] = append(side[p[0]], p[1])
		}
	}
	for t := range s.Tasks {
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

// Time cuts the rows into k+1 stretches of time with equally many rows; fold i
// tests on stretch i+1 and trains on all before it. Rows of one time lie on
// one side.
func Time(s *kindred.Set, k int) ([]Fold, error) {
	if k < 1 {
		return nil, fmt.Errorf("%d folds; at least 1 is needed", k)
	}
	var times []float64
	for _, t := range s.Tasks {
		if t.Table.Time == nil {
			return nil, errors.New("the table has no times to split by")
		}
		for _, r := range t.Rows {
			if v := t.Table.Time[r]; !math.IsNaN(v) {
				times = append(times, v)
			}
		}
	}
	slices.Sort(times)
	var folds []Fold
	for i := range k {
		from, to := quantile(times, i+1, k+1), quantile(times, i+2, k+1)
		f := Fold{Name: fmt.Sprintf("from %g", from), Train: make([][]int, len(s.Tasks)), Test: make([][]int, len(s.Tasks))}
		for t, task := range s.Tasks {
			for p, r := range task.Rows {
				switch v := task.Table.Time[r]; {
				case v < from:
					f.Train[t] = append(f.Train[t], p)
				case v < to || i == k-1 && v >= from:
					f.Test[t] = append(f.Test[t], p)
				}
			}
		}
		if err := f.check(); err != nil {
			return nil, fmt.Errorf("%w; use fewer folds", err)
		}
		folds = append(folds, f)
	}
	return folds, nil
}

func quantile(sorted []float64, i, n int) float64 {
	if i >= n || len(sorted) == 0 {
		return math.Inf(1)
	}
	return sorted[len(sorted)*i/n]
}

// Given splits as train says: for each split and table row 1 to train, 0 to
// test, −1 for neither.
func Given(s *kindred.Set, names []string, train [][]int8) ([]Fold, error) {
	var folds []Fold
	for i, sides := range train {
		f := Fold{Name: names[i], Train: make([][]int, len(s.Tasks)), Test: make([][]int, len(s.Tasks))}
		for t, task := range s.Tasks {
			for p, r := range task.Rows {
				if r >= len(sides) {
					return nil, fmt.Errorf("%s says nothing of row %d", f.Name, r+1)
				}
				switch sides[r] {
				case 1:
					f.Train[t] = append(f.Train[t], p)
				case 0:
					f.Test[t] = append(f.Test[t], p)
				}
			}
		}
		if err := f.check(); err != nil {
			return nil, err
		}
		folds = append(folds, f)
	}
	return folds, nil
}
