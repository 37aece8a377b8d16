package kernel

import (
	"context"
	"fmt"
	"math"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/prep"
	"github.com/kindred-mtl/kindred/sharing"
)

// A Process is a fitted Gaussian process.
type Process struct {
	tasks   []kindred.TaskInfo
	prep    *prep.Prep
	targets []prep.Target
	known   posterior
	report  kindred.Report
}

// process keeps what an ascent found.
func (a *ascent) process(g *ground, targets []prep.Target, p *peak) (*Process, error) {
	m := &Process{tasks: g.set.Infos(), prep: g.prep, targets: targets, known: p.posterior(p.theta)}
	if m.known == nil {
		return nil, fmt.Errorf("gp: the covariance of the labels is not definite")
	}
	found := a.c.read(p.theta, a.tasks(), a.rank)
	r := kindred.Report{
		Method: "gp", Solver: "lbfgs", Status: p.status, Steps: p.steps, Objective: p.minus / 2,
		Gap:        kindred.Certificate{Kind: "residual", Value: p.slope},
		Parameters: map[string]float64{"rank": float64(a.rank)},
	}
	noise := 0.0
	for t := range a.tasks() {
		noise += found.noiseOf(t) / float64(a.tasks())
	}
	r.Parameters["noise"] = noise
	if n := a.c.lengths(); n > 0 { // the geometric mean
		r.Parameters["length_scale"] = math.Sqrt(a.c.Unit) * math.Exp(num.Sum(found.base[:n])/float64(n))
	}
	if a.c.Linear {
		r.Parameters["linear"] = a.c.weight(found.base)
	}
	if p.marks > 0 {
		r.Parameters["landmarks"] = float64(p.marks)
	}
	if p.marks > 0 && !p.all {
		r.Warnings = append(r.Warnings, fmt.Sprintf("functions are those of %d landmarks, not of all rows, and the likelihood is a bound", p.marks))
	}
	if a.tasks() <= mostRelated {
		r.Relation = unitTrace(found.relation())
	}
	r.Shares = found.shares(m.tasks)
	m.report = r
	return m, nil
}

// mostRelated is how many tasks have their relation in the report.
const mostRelated = 500

// unitTrace is B over its trace, row by row.
func unitTrace(b *num.Dense) [][]float64 {
	trace := 0.0
	for t := range b.Rows {
		trace += b.At(t, t)
	}
	out := make([][]float64, b.Rows)
	for t := range out {
		out[t] = make([]float64, b.Cols)
		num.Axpy(1/trace, b.Row(t), out[t])
	}
	return out
}

// shares are those of the learned covariance of the tasks.
func (p *coregions) shares(tasks []kindred.TaskInfo) []kindred.Share {
	names, diagonal, sums := make([]string, len(tasks)), make([]float64, len(tasks)), make([]float64, len(tasks))
	total := make([]float64, len(p.factor(0)))
	for t := range tasks {
		num.Add(total, p.factor(t))
	}
	for t := range tasks {
		names[t], diagonal[t] = tasks[t].Name, p.between(t, t)
		sums[t] = num.Dot(p.factor(t), total) + p.kappaOf(t)
	}
	return sharing.OfCovariance(names, diagonal, sums)
}

// Tasks lists what the model predicts.
func (m *Process) Tasks() []kindred.TaskInfo { return m.tasks }

// Schema lists the columns that Predict reads.
func (m *Process) Schema() kindred.Schema { return m.prep.Schema() }

// Report says how the model was fitted.
func (m *Process) Report() kindred.Report { return m.report }

// Predict predicts the rows for the tasks asked.
func (m *Process) Predict(ctx context.Context, rows *kindred.Table, tasks []int) (*kindred.Prediction, error) {
	if tasks == nil {
		for t := range m.tasks {
			tasks = append(tasks, t)
		}
	}
	for _, t := range tasks {
		if t < 0 || t >= len(m.tasks) {
			return nil, fmt.Errorf("task %d is asked of a model of %d tasks", t, len(m.tasks))
		}
	}
	x, err := m.prep.Transform(ctx, rows, nil)
	if err != nil {
		return nil, err
	}
	p := &kindred.Prediction{Tasks: make([]kindred.Outcome, len(tasks))}
	for i, t := range tasks {
		p.Tasks[i] = kindred.Outcome{Task: t, Value: make([]float64, x.Rows), Variance: make([]float64, x.Rows)}
	}
	num.For((x.Rows+block-1)/block, func(b int) {
		lo, hi := b*block, min(x.Rows, (b+1)*block)
		if ctx.Err() == nil {
			m.fill(p, slice(x, lo, hi), lo, hi)
		}
	})
	return p, ctx.Err()
}

// fill predicts rows lo to hi.
func (m *Process) fill(p *kindred.Prediction, x *num.Matrix, lo, hi int) {
	of := m.known.at(x)
	for i := range p.Tasks {
		o, target := &p.Tasks[i], m.targets[p.Tasks[i].Task]
		value, variance := o.Value[lo:hi], o.Variance[lo:hi]
		of(value, variance, o.Task)
		for r := range value {
			value[r] = value[r]*target.Scale + target.Center
			variance[r] *= target.Scale * target.Scale
		}
	}
}
