package linear_test

import (
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
