package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"

	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/solve"
)

// dualCoordinates sets dualcd beside LIBLINEAR's dual solvers. LIBLINEAR gets
// each row twice, in a block of columns that all tasks share and in its task's
// own block, the constant 1 with it: the same problem, for μ = 1 and C = 1.
// Ours stops at its first State whose gap is no larger than LIBLINEAR's.
func dualCoordinates(b *bench) error {
	var problems []struct {
		name string
		p    *solve.Problem
	}
	add := func(name string, p *solve.Problem) {
		problems = append(problems, struct {
			name string
			p    *solve.Problem
		}{name, p})
	}
	p, err := realProblem(b.ctx, "landmine")
	switch {
	case err == nil:
		add("landmine, 14,820 × 9, 29 tasks", p)
	case !os.IsNotExist(err):
		return err
	}
	add("sparse, 100,000 × 1,000 at 1 %, 20 tasks", sparseTasks(20, 5000, 1000, 10))
	for _, q := range problems {
		args, err := b.saveAugmented(q.p)
		if err != nil {
			return err
		}
		for _, l := range []loss.Loss{loss.SquaredHinge{}, loss.Hinge{}} {
			for _, eps := range []float64{0.1, 1e-4} {
				if err := b.besideTrain(q.name, "dualcd", q.p, l, eps, args); err != nil {
					return err
				}
			}
			if l == (loss.SquaredHinge{}) {
				if err := b.besideTrain(q.name, "newton", writtenOut(q.p), l, 1e-4, args); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (b *bench) besideTrain(name, solver string, p *solve.Problem, l loss.Loss, eps float64, args map[string]any) error {
	args["loss"], args["eps"], args["C"] = loss.All.NameOf(l), eps, 1
	if err := b.peer.prepare("train", args); err != nil {
		return err
	}
	lambda := 1.0
	if args["loss"] == "squared-hinge" {
		lambda = 0.5 // LIBLINEAR's squared hinge is twice ours
	}
	for t := range p.Tasks {
		p.Tasks[t].Loss = l
	}
	p.Penalty = (&penalty.Shared{Mu: 1}).On(p.Layout, lambda)
	theirs, err := b.peer.run()
	if err != nil {
		return err
	}
	part, err := solve.All.Find("solver", solver)
	if err != nil {
		return err
	}
	var r solve.Result
	return b.measure(pair{
		problem: fmt.Sprintf("%s, %s by %s", name, args["loss"], solver),
		ours: func() (err error) {
			r, err = solve.Run(b.ctx, part.New(), fresh(p), nil, theirs.Gap, 100_000)
			return err
		},
		reached: func() string {
			return fmt.Sprintf("gap %.1e, objective %.2f, %d steps", r.Certificate.Value, r.Objective/lambda, r.Step)
		},
		peer: fmt.Sprintf("LIBLINEAR, eps %g", eps),
		theirs: func(r result) string {
			return fmt.Sprintf("gap %.1e, objective %.2f, %d passes", r.Gap, r.Objective, r.Steps)
		},
	})
}

// fresh is the problem without what earlier solves computed of its rows.
func fresh(p *solve.Problem) *solve.Problem {
	return &solve.Problem{Tasks: p.Tasks, Penalty: p.Penalty, Layout: p.Layout}
}

// writtenOut is the problem with the constant 1 as a column and no intercept,
// for solvers that do not penalize intercepts.
func writtenOut(p *solve.Problem) *solve.Problem {
	q := &solve.Problem{Layout: p.Layout}
	for _, task := range p.Tasks {
		ptr, index, data := []int{0}, []int32{}, []float64{}
		for i := range task.X.Rows {
			columns, values := task.X.Row(i)
			for k, v := range values {
				j := int32(k)
				if columns != nil {
					j = columns[k]
				}
				index, data = append(index, j), append(data, v)
			}
			index, data = append(index, int32(p.Features())), append(data, 1)
			ptr = append(ptr, len(data))
		}
		if task.X.Sparse() {
			task.X = num.NewSparse(p.Features()+1, ptr, index, data)
		} else {
			task.X = &num.Matrix{Rows: task.X.Rows, Cols: p.Features() + 1, Data: data}
		}
		task.Fixed = []float64{0}
		q.Tasks = append(q.Tasks, task)
	}
	return q
}

// saveAugmented writes the rows of all tasks for LIBLINEAR.
func (b *bench) saveAugmented(p *solve.Problem) (map[string]any, error) {
	width := p.Features() + 1
	ptr, index, value, label := []int64{0}, []int32{}, []float64{}, []float64{}
	for t := range p.Tasks {
		task := &p.Tasks[t]
		label = append(label, task.Y...)
		for i := range task.X.Rows {
			for _, block := range []int{0, (1 + t) * width} {
				columns, values := task.X.Row(i)
				for k, v := range values {
					j := k
					if columns != nil {
						j = int(columns[k])
					}
					index, value = append(index, int32(block+j)), append(value, v)
				}
				index, value = append(index, int32(block+width-1)), append(value, 1)
			}
			ptr = append(ptr, int64(len(value)))
		}
	}
	args := map[string]any{"columns": (1 + len(p.Tasks)) * width}
	for name, numbers := range map[string]any{"ptr": ptr, "index": index, "value": value, "label": label} {
		path, err := b.save(name, numbers)
		if err != nil {
			return nil, err
		}
		args[name] = path
	}
	return args, nil
}

// sparseTasks is related tasks of n sparse rows each.
func sparseTasks(tasks, n, d, values int) *solve.Problem {
	rng := rand.New(rand.NewPCG(1, 2))
	common := make([]float64, d)
	for j := range common {
		common[j] = rng.NormFloat64()
	}
	p := &solve.Problem{}
	for t := range tasks {
		own := slices.Clone(common)
		for j := range own {
			own[j] += 0.5 * rng.NormFloat64()
		}
		ptr, index, data, y := []int{0}, []int32{}, []float64{}, make([]float64, n)
		for i := range n {
			z := rng.NormFloat64()
			for _, j := range some(rng, d, values) {
				v := rng.Float64()
				index, data = append(index, int32(j)), append(data, v)
				z += v * own[j]
			}
			ptr = append(ptr, len(data))
			if z > 0 {
				y[i] = 1
			}
		}
		p.Tasks = append(p.Tasks, solve.Task{X: num.NewSparse(d, ptr, index, data), Y: y, Outputs: 1})
		p.Layout.Task, p.Layout.Slot = append(p.Layout.Task, t), append(p.Layout.Slot, 0)
	}
	return p
}

// some is k of d places, ascending.
func some(rng *rand.Rand, d, k int) []int {
	var places []int
	for len(places) < k {
		j := rng.IntN(d)
		if !slices.Contains(places, j) {
			places = append(places, j)
		}
	}
	slices.Sort(places)
	return places
}
