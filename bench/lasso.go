package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"time"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/linear"
	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/prep"
	"github.com/kindred-mtl/kindred/recipe"
	"github.com/kindred-mtl/kindred/solve"
)

// tolerance is scikit-learn's default.
const tolerance = 1e-4

// jointLasso sets our fit by bcd beside those of scikit-learn and skglm at a
// tenth of the least α that leaves nothing, first to the gap the peer reached,
// by our certificate, and then to 1e-8.
func jointLasso(b *bench) error {
	for _, size := range [][3]int{{1000, 100, 10}, {1000, 2000, 10}, {5000, 500, 10}, {5000, 500, 100}, {20000, 500, 10}, {20000, 2000, 10}} {
		f, err := b.jointFit(size[0], size[1], size[2])
		if err != nil {
			return err
		}
		for _, by := range []string{"lasso", "skglm", "elastic"} {
			if err := b.jointLassoOf(f, by); err != nil {
				return err
			}
		}
	}
	return nil
}

// jointFit is rows for the peer and for us, and how our targets are scaled.
type jointFit struct {
	size  string
	n     int
	args  map[string]any
	set   *kindred.Set
	p     *solve.Problem
	scale float64
}

func (b *bench) jointFit(n, d, tasks int) (*jointFit, error) {
	x, y := planted(n, d, tasks)
	f := &jointFit{size: fmt.Sprintf("%d × %d × %d", n, d, tasks), n: n, args: map[string]any{"coef": filepath.Join(b.dir, "coef"), "tol": tolerance}}
	if err := b.saveRows(f.args, "x", x); err != nil {
		return nil, err
	}
	if err := b.saveRows(f.args, "y", y); err != nil {
		return nil, err
	}
	var err error
	if f.set, err = sharedSet(x, y); err != nil {
		return nil, err
	}
	f.p, f.scale = squaredProblem(f.set), prep.FitTargets(f.set)[0].Scale
	return f, nil
}

// top is the least strength that leaves nothing.
func (f *jointFit) top(belief penalty.Penalty) float64 {
	at := solve.NewPoint(f.p)
	solve.OptimizeIntercepts(f.p, at)
	return belief.On(f.p.Layout, 1).(penalty.Vanishing).Zero(solve.Gradient(f.p, at))
}

func (b *bench) jointLassoOf(f *jointFit, by string) error {
	var belief penalty.Penalty = penalty.L21{}
	if by == "elastic" {
		belief = &penalty.L21Ridge{L1Ratio: 0.5}
	}
	lambda := 0.1 * f.top(belief)
	f.p.Penalty = belief.On(f.p.Layout, lambda)
	alpha := lambda / float64(f.n)
	f.args["alpha"], f.args["by"] = alpha, by
	if err := b.peer.prepare("lasso", f.args); err != nil {
		return err
	}
	begin := time.Now()
	if _, err := b.peer.run(); err != nil {
		return err
	}
	slow := time.Since(begin) > 2*time.Second
	theirs, err := certified(f.p, f.args["coef"].(string))
	if err != nil {
		return err
	}
	for _, tol := range []float64{theirs.Certificate.Value, 1e-8} {
		m := linear.Method{Penalty: penalty.L21{}, Alpha: alpha / f.scale, Solver: "bcd", Tol: tol, Prep: prep.Options{Scale: "none"}}
		if by == "elastic" { // of targets divided by their scale, only the squares keep their strength
			m.Alpha = 0.5*alpha/f.scale + 0.5*alpha
			m.Penalty = &penalty.L21Ridge{L1Ratio: 0.5 * alpha / f.scale / m.Alpha}
		}
		var model kindred.Model
		err = b.measure(pair{
			problem: f.size, once: slow,
			ours: func() (err error) { model, err = m.Fit(b.ctx, f.set); return err },
			reached: func() string {
				r := model.(kindred.Reporter).Report()
				return fmt.Sprintf("gap %.1e, objective %.8g", r.Gap.Value, r.Objective*f.scale*f.scale/float64(f.n))
			},
			peer: map[string]string{"lasso": "MultiTaskLasso", "skglm": "skglm.MultiTaskLasso", "elastic": "MultiTaskElasticNet"}[by],
			theirs: func(result) string {
				return fmt.Sprintf("gap %.1e, objective %.8g", theirs.Certificate.Value, theirs.Objective/float64(f.n))
			},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// jointPath sets the search over 100 strengths on five folds beside
// MultiTaskLassoCV, which is stopped after two minutes.
func jointPath(b *bench) error {
	for _, size := range [][3]int{{1000, 100, 10}, {5000, 500, 10}, {1000, 2000, 10}} {
		f, err := b.jointFit(size[0], size[1], size[2])
		if err != nil {
			return err
		}
		if err := b.jointPathOf(f); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) jointPathOf(f *jointFit) error {
	const strengths, folds, limit = 100, 5, 120
	method, err := recipe.Parse(fmt.Sprintf("joint-lasso:strengths=%d,folds=%d,scale=none", strengths, folds), nil, 1)
	if err != nil {
		return err
	}
	f.args["alphas"], f.args["folds"], f.args["jobs"], f.args["limit"] = strengths, folds, b.threads, limit
	if err := b.peer.prepare("path", f.args); err != nil {
		return err
	}
	var model kindred.Model
	return b.measure(pair{
		problem: fmt.Sprintf("%s, %d strengths × %d folds", f.size, strengths, folds), once: f.n > 1000 || f.p.Features() > 1000,
		ours: func() (err error) { model, err = method.Fit(b.ctx, f.set); return err },
		reached: func() string {
			r := model.(kindred.Reporter).Report()
			return fmt.Sprintf("α %.3g, gap %.1e", r.Parameters["alpha"]*f.scale, r.Gap.Value)
		},
		peer: "MultiTaskLassoCV",
		theirs: func(r result) string {
			if r.Late {
				return fmt.Sprintf("stopped after %d s", limit)
			}
			f.p.Penalty = penalty.L21{}.On(f.p.Layout, r.Alpha*float64(f.n))
			theirs, err := certified(f.p, f.args["coef"].(string))
			if err != nil {
				return err.Error()
			}
			return fmt.Sprintf("α %.3g, gap %.1e", r.Alpha, theirs.Certificate.Value)
		},
	})
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
