package linear_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/linear"
	"github.com/kindred-mtl/kindred/penalty"
)

// wide is two tasks on the first 1,000 rows of a table of numbers.
func wide(rows, columns int, kind kindred.Kind) *kindred.Set {
	rng := rand.New(rand.NewPCG(1, 2))
	table := &kindred.Table{}
	for j := range columns {
		x := make([]float64, rows)
		for i := range x {
			x[i] = rng.NormFloat64()
		}
		table.Columns = append(table.Columns, kindred.Column{Name: fmt.Sprint("x", j), Number: x})
	}
	s := &kindred.Set{}
	for t := range 2 {
		task := kindred.Task{Name: fmt.Sprint("t", t), Kind: kind, Table: table, Label: kindred.Labels{Columns: [][]float64{nil}}}
		if kind == kindred.Binary {
			task.Label.Classes = []string{"no", "yes"}
		}
		for i := range 1000 {
			y := table.Columns[0].Number[i] + table.Columns[t+1].Number[i] + rng.NormFloat64()
			if kind == kindred.Binary {
				y = math.Floor(1 / (1 + math.Exp(-y)) * 1.999)
			}
			task.Rows, task.Label.Columns[0] = append(task.Rows, i), append(task.Label.Columns[0], y)
		}
		s.Tasks = append(s.Tasks, task)
	}
	return s
}

// BenchmarkPredict predicts both tasks of 1e6 rows in memory.
func BenchmarkPredict(b *testing.B) {
	for _, kind := range []kindred.Kind{kindred.Regression, kindred.Binary} {
		for _, columns := range []int{10, 30} {
			s := wide(1_000_000, columns, kind)
			model, err := linear.Method{Penalty: &penalty.Shared{Mu: 0.1}}.Fit(ctx, s)
			if err != nil {
				b.Fatal(err)
			}
			b.Run(fmt.Sprintf("%v/%dfeatures", kind, columns), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := model.Predict(ctx, s.Tasks[0].Table, nil); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
