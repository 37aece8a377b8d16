package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/data"
	"github.com/kindred-mtl/kindred/linear"
	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/solve"
)

// realTasks is figures of ours alone: nobody else fits these problems.
func realTasks(b *bench) error {
	for _, f := range []struct {
		data, words string
		m           linear.Method
	}{
		{"school", "shared-ridge", linear.Method{Penalty: &penalty.Shared{Mu: 0.1}, C: 0.01, Tol: 1e-8}},
		{"school", "joint-lasso", linear.Method{Penalty: penalty.L21{}, C: 0.01, Tol: 1e-8}},
		{"school", "trace", linear.Method{Penalty: penalty.Trace{}, C: 0.01, Tol: 1e-8}},
		{"landmine", "shared-svm", linear.Method{Loss: loss.Hinge{}, Penalty: &penalty.Shared{Mu: 0.1}, C: 1, Tol: 1e-8, NoProbability: true}},
		{"landmine", "shared-logistic", linear.Method{Penalty: &penalty.Shared{Mu: 0.1}, C: 1, Tol: 1e-8}},
	} {
		s, err := realSet(b.ctx, f.data)
		if os.IsNotExist(err) {
			continue
		} else if err != nil {
			return err
		}
		var model kindred.Model
		err = b.measure(pair{
			problem: fmt.Sprintf("%s, %s", f.data, f.words),
			ours:    func() (err error) { model, err = f.m.Fit(b.ctx, s); return err },
			reached: func() string {
				r := model.(kindred.Reporter).Report()
				return fmt.Sprintf("gap %.1e after %d steps of %s", r.Gap.Value, r.Steps, r.Solver)
			},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// realSet reads one of the sets of per-task rows in the shared data.
func realSet(ctx context.Context, name string) (*kindred.Set, error) {
	path := filepath.Join("..", "shared", "data", name, name+".csv")
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	f, err := data.Read(ctx, data.Options{Path: path, Task: "task", Targets: []string{"y"}})
	if err != nil {
		return nil, err
	}
	return f.Set, nil
}

// realProblem is the set as a problem without loss and penalty, its columns as
// they are.
func realProblem(ctx context.Context, name string) (*solve.Problem, error) {
	s, err := realSet(ctx, name)
	if err != nil {
		return nil, err
	}
	p := &solve.Problem{}
	for t := range s.Tasks {
		task := &s.Tasks[t]
		x := num.NewMatrix(len(task.Rows), len(task.Table.Columns))
		for i, r := range task.Rows {
			for j := range task.Table.Columns {
				x.Data[i*x.Cols+j] = task.Table.Columns[j].Number[r]
			}
		}
		p.Tasks = append(p.Tasks, solve.Task{X: x, Y: task.Y(), Outputs: 1})
		p.Layout.Task, p.Layout.Slot = append(p.Layout.Task, t), append(p.Layout.Slot, 0)
	}
	return p, nil
}
