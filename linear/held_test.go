package linear_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/linear"
	"github.com/kindred-mtl/kindred/penalty"
)

// A candidate is tried on tasks of which no row was held out.
func TestTryWithoutHeldRows(t *testing.T) {
	table, err := kindred.TableOf([][]float64{{1, 2}, {2, 1}, {3, 5}, {4, 3}, {5, 4}, {6, 6}})
	if err != nil {
		t.Fatal(err)
	}
	train, held := &kindred.Set{}, &kindred.Set{}
	for _, name := range []string{"a", "b", "c"} {
		task := kindred.Task{Name: name, Table: table, Rows: []int{0, 1, 2, 3}, Label: kindred.Labels{Target: "y", Columns: [][]float64{{1, 2, 3, 4}}}}
		train.Tasks = append(train.Tasks, task)
		task.Rows, task.Label.Columns = nil, [][]float64{{}}
		held.Tasks = append(held.Tasks, task)
	}
	m := linear.Method{Penalty: penalty.L21{}, C: 1}
	session, err := m.Begin(t.Context(), train, held)
	if err != nil {
		t.Fatal(err)
	}
	outcomes, err := session.Try(t.Context(), m)
	if err != nil || len(outcomes) != 3 || len(outcomes[2].Value) != 0 {
		t.Errorf("%d outcomes, %v", len(outcomes), err)
	}
}

// What a task predicts does not depend, to the last bit, on what else is asked
// or on how many rows are.
func TestPredictAlone(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const rows, features, tasks = 300, 90, 70
	x, y := make([][]float64, rows), make([][]float64, tasks)
	for i := range x {
		for range features {
			x[i] = append(x[i], rng.NormFloat64())
		}
	}
	for k := range y {
		for i := range x {
			y[k] = append(y[k], x[i][0]-x[i][k]+rng.NormFloat64())
		}
	}
	set, err := kindred.FromSlices(x, y...)
	if err != nil {
		t.Fatal(err)
	}
	model, err := linear.Method{Penalty: &penalty.Shared{Mu: 1}, C: 1}.Fit(t.Context(), set)
	if err != nil {
		t.Fatal(err)
	}
	table := set.Tasks[0].Table
	all, err := model.Predict(t.Context(), table, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []int{0, 1, 63, 64, 69} {
		alone, err := model.Predict(t.Context(), table, []int{k})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(alone.Tasks[0].Value, all.Tasks[k].Value) {
			t.Errorf("task %d alone predicts other values than among all", k)
		}
		one, err := model.Predict(t.Context(), table.Select([]int{299}), []int{k})
		if err != nil || one.Tasks[0].Value[0] != all.Tasks[k].Value[299] {
			t.Errorf("task %d predicts another value of a row alone (%v)", k, err)
		}
	}
}
