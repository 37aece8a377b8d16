package split_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/split"
)

// A task of numbers has its share of rows to test, within one row, however few
// rows a stratum has.
func TestRandomSharesOfNumbers(t *testing.T) {
	const tasks = 20
	for _, rows := range []int{6, 8, 12, 20, 30, 60, 140} {
		table := &kindred.Table{Columns: []kindred.Column{{Name: "x", Number: make([]float64, tasks*rows)}}}
		s := &kindred.Set{}
		for k := range tasks {
			task := kindred.Task{Name: fmt.Sprint(k), Table: table, Label: kindred.Labels{Columns: [][]float64{make([]float64, rows)}}}
			for i := range rows {
				task.Rows, task.Label.Columns[0][i] = append(task.Rows, k*rows+i), float64(i)
			}
			s.Tasks = append(s.Tasks, task)
		}
		for _, share := range []float64{0.1, 0.25, 0.5, 0.75, 0.8, 0.85, 0.9} {
			folds, err := split.Random(s, 2, share, 1)
			if err != nil {
				t.Fatalf("%d rows, %v: %v", rows, share, err)
			}
			for _, f := range folds {
				for k, test := range f.Test {
					if want := (1 - share) * float64(rows); math.Abs(float64(len(test))-want) > 1-1e-9 {
						t.Errorf("%d rows, %v: task %d has %d to test, not %v", rows, share, k, len(test), want)
					}
				}
			}
		}
	}
}
