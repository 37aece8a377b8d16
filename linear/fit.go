package linear

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/calibrate"
	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/solve"
	"github.com/kindred-mtl/kindred/split"
)

// lambda is the strength as used on a design.
func (m Method) lambda(d *design) float64 {
	switch {
	case m.C > 0:
		return 1 / m.C
	case m.Alpha > 0:
		return m.Alpha * d.mean
	default:
		return 1
	}
}

// solve finds W and b from a start (nil: the origin).
func (m Method) solve(ctx context.Context, d *design, start *solve.Point, tol float64, steps int) (*Model, error) {
	lambda := m.lambda(d)
	belief, err := d.settled(ctx, m.penalty())
	if err != nil {
		return nil, err
	}
	if belief, err = d.grouped(ctx, belief); err != nil {
		return nil, err
	}
	belief, near, err := d.adapted(ctx, belief)
	if err != nil {
		return nil, err
	}
	if start == nil {
		start = near
	}
	m.Penalty = belief
	f := belief.On(d.layout, lambda)
	if _, ok := f.(penalty.Factored); ok && d.constant > 0 {
		return nil, fmt.Errorf("linear: intercept %q: the belief %s is on the factors of the features' weights; leave the intercepts free", m.Intercept, penalty.All.NameOf(belief))
	}
	if d.open != nil {
		d.open.Penalty = f
		_, r, err := m.run(ctx, d.open, start, tol, steps)
		if err != nil {
			return nil, err
		}
		d.lend(r.Point)
		start = r.Point
	}
	d.problem.Penalty = f
	name, r, err := m.run(ctx, d.problem, start, tol, steps)
	if err != nil {
		return nil, err
	}
	return m.model(d, f, lambda, name, r), nil
}

// run picks the solver and runs it.
func (m Method) run(ctx context.Context, p *solve.Problem, start *solve.Point, tol float64, steps int) (string, solve.Result, error) {
	name := m.Solver
	var solver solve.Solver
	if name == "" {
		var err error
		if name, solver, err = solve.Pick(p); err != nil {
			return "", solve.Result{}, fmt.Errorf("linear: %w", err)
		}
		if name == "dualcd" && m.Tol == 0 {
			tol = math.Max(tol, 1e-3)
		}
	} else {
		part, err := solve.All.Find("solver", name)
		if err != nil {
			return "", solve.Result{}, err
		}
		solver = part.New()
	}
	r, err := solve.Run(ctx, solver, p, start, tol, steps)
	return name, r, err
}

// lend fixes the intercepts of units of one class at the mean of the others',
// weighted by their rows, slot by slot; 0 where a slot has no others.
func (d *design) lend(x *solve.Point) {
	sum, rows := map[int]float64{}, map[int]float64{}
	for i, u := range d.units {
		if !u.one && u.k == 1 {
			n := float64(d.problem.Tasks[i].X.Rows)
			sum[d.layout.Slot[u.first]] += n * x.B[u.first]
			rows[d.layout.Slot[u.first]] += n
		}
	}
	for i, u := range d.units {
		if u.one {
			slot := d.layout.Slot[u.first]
			b := 0.0
			if rows[slot] > 0 {
				b = sum[slot] / rows[slot]
			}
			d.problem.Tasks[i].Fixed = []float64{b}
			x.B[u.first] = b
		}
	}
}

// model keeps what a solver found.
func (m Method) model(d *design, f penalty.Func, lambda float64, solver string, r solve.Result) *Model {
	out := &Model{
		tasks: d.set.Infos(), prep: d.prep, targets: d.targets, losses: d.losses,
		first: make([]int, len(d.set.Tasks)+1), w: r.Point.W, b: r.Point.B, point: r.Point,
	}
	if d.constant > 0 {
		out.w, out.b = d.split(r.Point.W)
	}
	for _, u := range d.units {
		out.first[u.task+1] = u.first + u.k
		if !math.IsNaN(u.prior) {
			out.b[u.first] = u.prior
		}
	}
	out.report = kindred.Report{
		Method: strings.TrimSpace("linear " + penalty.All.NameOf(m.penalty())), Solver: solver, Status: r.Status, Steps: r.Step, Objective: r.Objective,
		Gap: r.Certificate, Parameters: m.penalty().Parameters(), Warnings: d.warnings,
	}
	if out.report.Parameters == nil {
		out.report.Parameters = map[string]float64{}
	}
	out.report.Parameters["lambda"] = lambda
	out.report.Parameters["alpha"] = lambda / d.mean
	out.report.Parameters["C"] = 1 / lambda
	if d.constant > 0 {
		out.report.Parameters["intercept_scaling"] = d.constant
	}
	if solver == "dualcd" && d.constant == 0 {
		out.report.Warnings = append(append([]string{}, d.warnings...), "dualcd penalizes the intercepts; intercept_scaling weakens that")
	}
	out.belief = f
	d.relate(&out.report, f, r.Point.W)
	if r.Point.U != nil {
		out.factors = &factors{u: r.Point.U, v: r.Point.V, belief: m.penalty(), lambda: lambda}
		out.report.Vectors = out.vectors()
		out.report.Parameters["rank"] = float64(r.Point.U.Cols)
	}
	if r.Status == "stationary" {
		out.report.Warnings = append(append([]string{}, d.warnings...), fmt.Sprintf("the rank %d does not suffice: the objective is within %.2g %% of the best of any rank", r.Point.U.Cols, 100*r.Certificate.Value))
	}
	return out
}

// mostRelated is how many tasks or features have their covariance in the
// report.
const mostRelated = 1000

// relate reports what a penalty that learns it says of the tasks: how they are
// related, and which belong together; and of the features.
func (d *design) relate(r *kindred.Report, f penalty.Func, w *num.Dense) {
	if related, ok := f.(penalty.Related); ok && d.columns == len(d.set.Tasks) && d.columns <= mostRelated {
		r.Relation = rows(related.Relation(w))
	}
	if featured, ok := f.(penalty.Featured); ok && w.Rows <= mostRelated {
		r.Features = rows(featured.Features(w))
	}
	if grouping, ok := f.(penalty.Grouping); ok {
		r.Groups = d.perTask(grouping.Groups(w))
	}
}

// perTask takes a number a column, the same for all of a task, to one a task.
func (d *design) perTask(columns []int) []int {
	group := make([]int, len(d.set.Tasks))
	for c, g := range columns {
		group[d.layout.Task[c]] = g
	}
	return group
}

func rows(m *num.Dense) [][]float64 {
	out := make([][]float64, m.Rows)
	for i := range out {
		out[i] = m.Row(i)
	}
	return out
}

// calibrates tells whether decisions need a sigmoid to become probabilities.
func (m Method) calibrates(d *design) bool {
	if m.NoProbability {
		return false
	}
	for i, l := range d.losses {
		if _, ok := l.(loss.Linked); !ok && d.set.Tasks[i].Kind.Classifies() {
			return true
		}
	}
	return false
}

// A beginning makes the designs of training and held-out rows.
type beginning func(ctx context.Context, train, held *kindred.Set) (kindred.Session, error)

// outOfFold predicts rows by models fitted without their fold. What is to be done
// besides, if anything, is done beside the folds.
func (m Method) outOfFold(ctx context.Context, s *kindred.Set, begin beginning, besides func()) ([]kindred.Outcome, error) {
	folds, err := split.Inner(s, 0, m.Seed)
	if err != nil {
		return nil, fmt.Errorf("linear: no folds to calibrate on: %w", err)
	}
	held, errs := kindred.NewHeld(s), make([]error, len(folds))
	num.For(len(folds)+1, func(i int) {
		if i == 0 {
			besides()
			return
		}
		i--
		train, tasks := s.Select(folds[i].Train).Nonempty()
		session, err := begin(ctx, train, s.Select(folds[i].Test).Only(tasks...))
		if errs[i] = err; err != nil {
			return
		}
		o, err := session.Try(ctx, m)
		if errs[i] = err; err == nil {
			held.Put(o, tasks, folds[i].Test)
		}
	})
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return held.Outcomes, nil
}

// calibrate fits the sigmoids on held-out decisions, one a column; a column
// that only predicts its prior keeps it.
func (m *Model) calibrate(s *kindred.Set, held []kindred.Outcome) {
	var scores []calibrate.Scores
	var columns []int
	m.sigmoids = make([]calibrate.Sigmoid, len(m.b))
	for t := range m.tasks {
		lo, hi := m.first[t], m.first[t+1]
		if _, linked := m.losses[t].(loss.Linked); linked {
			continue
		}
		for c := lo; c < hi; c++ {
			scores = append(scores, calibrate.Column(s.Tasks[t].Y(), s.Tasks[t].Weight, held[t].Decision, c-lo, hi-lo))
			columns = append(columns, c)
		}
	}
	for i, g := range calibrate.Platt(scores) {
		m.sigmoids[columns[i]] = g
	}
}
