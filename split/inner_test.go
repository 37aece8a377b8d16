package split_test

import (
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/split"
)

// Inner folds are those of KFold; of many rows, the first ones that hold out
// enough.
func TestInnerFolds(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, c := range []struct{ rows, k, want int }{{60, 0, 5}, {60, 3, 3}, {15_000, 0, 4}, {40_000, 0, 2}, {40_000, 5, 5}, {300_000, 0, 2}} {
		x, y := make([][]float64, c.rows), make([]float64, c.rows)
		for i := range x {
			x[i], y[i] = []float64{rng.Float64()}, rng.Float64()
		}
		s, err := kindred.FromSlices(x, y)
		if err != nil {
			t.Fatal(err)
		}
		inner, err := split.Inner(s, c.k, 9)
		if err != nil {
			t.Fatal(err)
		}
		k := c.k
		if k == 0 {
			k = 5
		}
		all, err := split.KFold(s, k, 1, 9)
		if err != nil {
			t.Fatal(err)
		}
		if len(inner) != c.want || !reflect.DeepEqual(inner, all[:c.want]) {
			t.Errorf("%d rows in %d folds: %d inner folds, want the first %d", c.rows, c.k, len(inner), c.want)
		}
	}
}

// Where rows are fewer than five, there are as many folds as rows.
func TestInnerFoldsOfFewRows(t *testing.T) {
	for n, want := range map[int]int{2: 2, 3: 3, 4: 4, 5: 5, 9: 5} {
		table := &kindred.Table{Columns: []kindred.Column{{Name: "x", Number: make([]float64, n)}}}
		task := kindred.Task{Name: "a", Table: table, Label: kindred.Labels{Columns: [][]float64{make([]float64, n)}}}
		for i := range n {
			task.Rows = append(task.Rows, i)
		}
		folds, err := split.Inner(&kindred.Set{Tasks: []kindred.Task{task}}, 0, 1)
		if err != nil || len(folds) != want {
			t.Errorf("%d rows: %d folds, %v", n, len(folds), err)
		}
	}
}

// Rows with times are held out after those that are learned from, in as many folds
// as their times allow; rows of one time are held out at random.
func TestInnerFoldsOfTime(t *testing.T) {
	for distinct, want := range map[int]int{1: 5, 2: 5, 4: 3, 8: 5, 40: 5} {
		x, y, times := make([][]float64, 40), make([]float64, 40), make([]float64, 40)
		for i := range x {
			x[i], y[i], times[i] = []float64{float64(i)}, float64(i%7), float64(i*7%40*distinct/40)
		}
		s, err := kindred.FromSlices(x, y)
		if err != nil {
			t.Fatal(err)
		}
		s.Tasks[0].Table.Time = times
		folds, err := split.Inner(s, 0, 1)
		if err != nil || len(folds) != want {
			t.Errorf("%d times: %d folds, not %d; %v", distinct, len(folds), want, err)
		}
		for _, f := range folds {
			if distinct < 3 {
				break // of two times there are no two stretches to hold out
			}
			last, first := 0.0, 100.0
			for _, p := range f.Train[0] {
				last = max(last, times[p])
			}
			for _, p := range f.Test[0] {
				first = min(first, times[p])
			}
			if last >= first {
				t.Errorf("%d times: learned from %v, held out from %v", distinct, last, first)
			}
		}
	}
}
