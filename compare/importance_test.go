package compare_test

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/compare"
	"github.com/kindred-mtl/kindred/linear"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/synth"
)

// Shuffling a column whose values have the variance v and the weight w raises
// the expected squared error of a linear model by 2vw²; one that takes no part
// in a prediction is worth nothing.
func TestImportanceOfLinearModel(t *testing.T) {
	g := synth.Tasks{Tasks: 3, Samples: 2000, Features: 6, Informative: 3, Noise: -1, Seed: 3}
	set, truth, err := g.Make()
	if err != nil {
		t.Fatal(err)
	}
	model, err := linear.Method{C: 1e6, Penalty: penalty.Ridge{}}.Fit(context.Background(), set)
	if err != nil {
		t.Fatal(err)
	}
	m, err := compare.ImportanceOf(context.Background(), model, set, []int{0, 1, 2}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if m.Rows != 6000 || m.Left != 0 || m.Others != 0 || len(m.Columns) != 6 || !slices.IsSortedFunc(m.Shared, func(a, b float64) int { return int(math.Copysign(1, b-a)) }) {
		t.Errorf("%d rows, %d columns left out, %v", m.Rows, m.Left, m.Shared)
	}
	for task := range 3 {
		w := truth.Weights.Col(make([]float64, 6), task)
		all := num.Dot(w, w)
		for j, column := range m.Columns {
			at := slices.IndexFunc(set.Tasks[0].Table.Columns, func(c kindred.Column) bool { return c.Name == column })
			if want, got := 2*w[at]*w[at]/all, m.Each[task][j]; math.Abs(got-want) > 0.1 {
				t.Errorf("task %d, %s: %.3f, by its weight %.3f", task, column, got, want)
			}
		}
	}
}

// A task whose held-out labels are all the same, or nearly so, does not make a
// column look important.
func TestImportanceOfNothing(t *testing.T) {
	set, _, err := (&synth.Tasks{Tasks: 3, Samples: 60, Features: 3, Kind: kindred.Binary, Seed: 1}).Make()
	if err != nil {
		t.Fatal(err)
	}
	model, err := linear.Method{C: 1, Penalty: penalty.Ridge{}}.Fit(context.Background(), set)
	if err != nil {
		t.Fatal(err)
	}
	places := make([][]int, 3)
	for k := range places {
		for i, y := range set.Tasks[k].Y() {
			if k > 0 || y == 1 {
				places[k] = append(places[k], i)
			}
		}
	}
	m, err := compare.ImportanceOf(context.Background(), model, set.Select(places), []int{0, 1, 2}, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range m.Each {
		for _, v := range row {
			if math.IsNaN(v) || math.Abs(v) > 30 {
				t.Errorf("importance of %v", v)
			}
		}
	}
	if m, err := compare.ImportanceOf(context.Background(), model, set.Select(make([][]int, 3)), []int{0, 1, 2}, 1); m != nil || err != nil {
		t.Errorf("without rows: %v, %v", m, err)
	}
}
