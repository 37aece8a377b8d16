package linear

import (
	"context"
	"fmt"
	"math"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/calibrate"
	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/prep"
	"github.com/kindred-mtl/kindred/solve"
)

// A Model is a fitted linear model.
type Model struct {
	tasks    []kindred.TaskInfo
	prep     *prep.Prep
	targets  []prep.Target
	losses   []loss.Loss
	first    []int // the first column of each task, and the number of columns
	w        *num.Dense
	b        []float64
	sigmoids []calibrate.Sigmoid // one a column, nil where nothing is calibrated
	report   kindred.Report
	point    *solve.Point // where the next candidate of a path starts; nil after loading
}

// Tasks lists what the model predicts.
func (m *Model) Tasks() []kindred.TaskInfo { return m.tasks }

// Schema lists the columns that Predict reads.
func (m *Model) Schema() kindred.Schema { return m.prep.Schema() }

// Report says how the model was fitted.
func (m *Model) Report() kindred.Report { return m.report }

// Features names the rows of Weights.
func (m *Model) Features() []string { return m.prep.Names() }

// Weights returns a copy of the weights of a task in the units of the prepared
// features and, for regression, of the standardized target: features ×
// outputs, and the intercepts.
func (m *Model) Weights(task int) (*num.Dense, []float64) {
	lo, hi := m.first[task], m.first[task+1]
	w := num.NewDense(m.w.Rows, hi-lo)
	for j := range w.Rows {
		copy(w.Row(j), m.w.Row(j)[lo:hi])
	}
	return w, append([]float64(nil), m.b[lo:hi]...)
}

// predictBlock is how many rows are predicted at a time.
const predictBlock = 2048

// Predict predicts the rows for the tasks asked.
func (m *Model) Predict(ctx context.Context, rows *kindred.Table, tasks []int) (*kindred.Prediction, error) {
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
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		p.Tasks[i] = m.outcome(t, m.outputs(x, t))
	}
	return p, nil
}

// outputs are the numbers x·W_t + b_t, n × k.
func (m *Model) outputs(x *num.Matrix, t int) []float64 {
	lo, hi := m.first[t], m.first[t+1]
	k := hi - lo
	z, w := make([]float64, x.Rows*k), make([][]float64, k)
	for c := range w {
		w[c] = m.w.Col(make([]float64, m.w.Rows), lo+c)
	}
	num.For((x.Rows+predictBlock-1)/predictBlock, func(block int) {
		for i := block * predictBlock; i < min(x.Rows, (block+1)*predictBlock); i++ {
			for c := range k {
				z[i*k+c] = x.Dot(i, w[c]) + m.b[lo+c]
			}
		}
	})
	return z
}

// outcome turns outputs into what the task's kind predicts.
func (m *Model) outcome(t int, z []float64) kindred.Outcome {
	o, info := kindred.Outcome{Task: t}, m.tasks[t]
	switch info.Kind {
	case kindred.Regression:
		o.Value = z
		for i := range z {
			z[i] = z[i]*m.targets[t].Scale + m.targets[t].Center
		}
	case kindred.Count:
		o.Value = make([]float64, len(z))
		m.losses[t].(loss.Linked).Mean(o.Value, z, 1)
	case kindred.Binary:
		o.Decision, o.Class = z, make([]int, len(z))
		for i, v := range z {
			if v > 0 {
				o.Class[i] = 1
			}
		}
		o.Probability = m.binary(t, z)
	case kindred.Multiclass:
		o.Decision, o.Class = z, argmax(z, len(info.Classes))
		o.Probability = m.multiclass(t, z, len(info.Classes))
	}
	return o
}

// binary gives the probabilities of both classes, or nil.
func (m *Model) binary(t int, z []float64) []float64 {
	p := make([]float64, 2*len(z))
	link, ok := m.losses[t].(loss.Linked)
	switch {
	case ok:
		link.Mean(p[:len(z)], z, 1)
		for i := len(z) - 1; i >= 0; i-- {
			p[2*i+1] = p[i]
		}
	case m.sigmoids == nil:
		return nil
	default:
		for i, f := range z {
			p[2*i+1] = m.sigmoids[m.first[t]].Probability(f)
		}
	}
	for i := range z {
		p[2*i] = 1 - p[2*i+1]
	}
	return p
}

// multiclass gives the probabilities of all classes, or nil. Those of one
// class against the rest are scaled to sum to 1.
func (m *Model) multiclass(t int, z []float64, k int) []float64 {
	p := make([]float64, len(z))
	link, ok := m.losses[t].(loss.Linked)
	switch {
	case ok && m.losses[t].Takes(kindred.Multiclass):
		link.Mean(p, z, k)
		return p
	case ok:
		link.Mean(p, z, 1)
	case m.sigmoids == nil:
		return nil
	default:
		for i, f := range z {
			p[i] = m.sigmoids[m.first[t]+i%k].Probability(f)
		}
	}
	for i := 0; i < len(p); i += k {
		sum := num.Sum(p[i : i+k])
		for c := i; c < i+k; c++ {
			if sum > 0 {
				p[c] /= sum
			} else {
				p[c] = 1 / float64(k)
			}
		}
	}
	return p
}

// argmax is the place of the largest of every k numbers, the first of equals.
func argmax(z []float64, k int) []int {
	out := make([]int, len(z)/k)
	for i := range out {
		best := math.Inf(-1)
		for c, v := range z[i*k : (i+1)*k] {
			if v > best {
				best, out[i] = v, c
			}
		}
	}
	return out
}
