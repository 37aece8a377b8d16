package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strconv"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/linear"
	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/prep"
	"github.com/kindred-mtl/kindred/solve"
)

// jointLasso sets our fit by bcd beside scikit-learn's MultiTaskLasso at a
// tenth of the least α that leaves nothing, first to the gap it reached, by our
// certificate, and then to 1e-8.
func jointLasso(b *bench) error {
	for _, size := range [][3]int{{1000, 100, 10}, {1000, 2000, 10}, {5000, 500, 10}, {20000, 500, 10}} {
		if err := b.jointLassoOf(size[0], size[1], size[2]); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) jointLassoOf(n, d, tasks int) error {
	x, y := planted(n, d, tasks)
	args := map[string]any{"coef": filepath.Join(b.dir, "coef")}
	if err := b.saveRows(args, "x", x); err != nil {
		return err
	}
	if err := b.saveRows(args, "y", y); err != nil {
		return err
	}
	s, err := sharedSet(x, y)
	if err != nil {
		return err
	}
	p := squaredProblem(s)
	at := solve.NewPoint(p)
	solve.OptimizeIntercepts(p, at)
	top := (penalty.L21{}).On(p.Layout, 1).(penalty.Vanishing).Zero(solve.Gradient(p, at))
	alpha := 0.1 * top / float64(n)
	p.Penalty = (penalty.L21{}).On(p.Layout, 0.1*top)
	const tolerance = 1e-4 // scikit-learn's default
	args["tol"], args["alpha"] = tolerance, alpha
	if err := b.peer.prepare("lasso", args); err != nil {
		return err
	}
	if _, err := b.peer.run(); err != nil {
		return err
	}
	theirs, err := certified(p, args["coef"].(string))
	if err != nil {
		return err
	}
	for _, tol := range []float64{theirs.Certificate.Value, 1e-8} {
		scale := prep.FitTargets(s)[0].Scale
		m := linear.Method{Penalty: penalty.L21{}, Alpha: alpha / scale, Solver: "bcd", Tol: tol, Prep: prep.Options{Scale: "none"}}
		var model kindred.Model
		err = b.measure(pair{
			problem: fmt.Sprintf("%d × %d × %d", n, d, tasks),
			ours:    func() (err error) { model, err = m.Fit(b.ctx, s); return err },
			reached: func() string {
				r := model.(kindred.Reporter).Report()
				return fmt.Sprintf("gap %.1e, objective %.8g", r.Gap.Value, r.Objective*scale*scale/float64(n))
			},
			peer: fmt.Sprintf("MultiTaskLasso, tol %g", tolerance),
			theirs: func(result) string {
				return fmt.Sprintf("gap %.1e, objective %.8g", theirs.Certificate.Value, theirs.Objective/float64(n))
			},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// certified is the objective and the gap of weights that the peer wrote.
func certified(p *solve.Problem, path string) (r solve.State, err error) {
	x := solve.NewPoint(p)
	if err := load(path, x.W.Data); err != nil {
		return r, err
	}
	r.Objective, r.Certificate = solve.Certify(p, x)
	return r, nil
}

// planted is rows of correlated columns and labels that a tenth of them make.
func planted(n, d, tasks int) (x, y [][]float64) {
	rng := rand.New(rand.NewPCG(1, uint64(n+d)))
	w := num.NewDense(d, tasks)
	for j := 0; j < d; j += 10 {
		for t := range tasks {
			w.Set(j, t, rng.NormFloat64())
		}
	}
	for range n {
		row, labels := make([]float64, d), make([]float64, tasks)
		for j := range row {
			row[j] = rng.NormFloat64()
			if j > 0 {
				row[j] = 0.5*row[j-1] + math.Sqrt(0.75)*row[j]
			}
			num.Axpy(row[j], w.Row(j), labels)
		}
		for t := range labels {
			labels[t] += math.Sqrt(float64(d)/10) * rng.NormFloat64()
		}
		x, y = append(x, row), append(y, labels)
	}
	return x, y
}

// sharedSet is regressions on shared rows, called one target, so that they
// share a scale.
func sharedSet(x, y [][]float64) (*kindred.Set, error) {
	table, err := kindred.TableOf(x)
	if err != nil {
		return nil, err
	}
	s := &kindred.Set{}
	for t := range y[0] {
		task := kindred.Task{Name: strconv.Itoa(t), Table: table, Label: kindred.Labels{Target: "y", Columns: [][]float64{make([]float64, len(y))}}}
		for i := range y {
			task.Rows = append(task.Rows, i)
			task.Y()[i] = y[i][t]
		}
		s.Tasks = append(s.Tasks, task)
	}
	return s, s.Check()
}

// squaredProblem is the set as a problem of squared losses, in its own units.
func squaredProblem(s *kindred.Set) *solve.Problem {
	p, rows := &solve.Problem{}, rowsOf(s.Tasks[0].Table)
	x := num.NewMatrix(len(rows), len(rows[0]))
	for i, row := range rows {
		copy(x.Data[i*x.Cols:], row)
	}
	for t := range s.Tasks {
		p.Tasks = append(p.Tasks, solve.Task{X: x, Y: s.Tasks[t].Y(), Loss: loss.Squared{}, Outputs: 1})
		p.Layout.Task, p.Layout.Slot = append(p.Layout.Task, t), append(p.Layout.Slot, 0)
	}
	return p
}
