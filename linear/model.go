package linear

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/calibrate"
	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
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
	factors  *factors     // nil where the belief was not on them
	point    *solve.Point // where the next candidate of a path starts; nil after loading
	belief   penalty.Func // until its shares are told
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

// Predict predicts the rows for the tasks asked, a block of rows at a time.
func (m *Model) Predict(ctx context.Context, rows *kindred.Table, tasks []int) (*kindred.Prediction, error) {
	if tasks == nil {
		for t := range m.tasks {
			tasks = append(tasks, t)
		}
	}
	if rows == nil {
		return nil, errors.New("no table")
	}
	p := &kindred.Prediction{Tasks: make([]kindred.Outcome, len(tasks))}
	for i, t := range tasks {
		if t < 0 || t >= len(m.tasks) {
			return nil, fmt.Errorf("task %d is asked of a model of %d tasks", t, len(m.tasks))
		}
		p.Tasks[i] = m.room(t, rows.Len())
	}
	all := m.batches(tasks, nil)
	for i := range all {
		all[i].pad(m.w.Cols)
	}
	err := m.prep.Blocks(ctx, rows, func(lo int, x *num.Matrix) {
		for _, b := range all {
			b.predict(m, x, func(i int) kindred.Outcome { return m.window(&p.Tasks[i], lo, lo+x.Rows) })
		}
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// A batch is tasks that predict together.
type batch struct {
	tasks []int // by their place in what was asked
	of    []int // and in the model
	w     []float64
	k     int // w is features × k
}

// mostTogether is how many columns a batch has at most, about.
const mostTogether = 64

// batches puts neighbours together that may be; nil: all may.
func (m *Model) batches(tasks []int, may func(i, j int) bool) []batch {
	var out []batch
	for i, t := range tasks {
		last := len(out) - 1
		if last < 0 || out[last].k >= mostTogether || may != nil && !may(i-1, i) {
			out, last = append(out, batch{}), last+1
		}
		b := &out[last]
		b.tasks, b.of = append(b.tasks, i), append(b.of, t)
		b.k += m.first[t+1] - m.first[t]
	}
	for i := range out {
		b, at := &out[i], 0
		b.w = make([]float64, m.w.Rows*b.k)
		for _, t := range b.of {
			lo, hi := m.first[t], m.first[t+1]
			for j := range m.w.Rows {
				copy(b.w[j*b.k+at:], m.w.Row(j)[lo:hi])
			}
			at += hi - lo
		}
	}
	return out
}

// pad gives a single column of several one of zeros beside it: a product with
// more than one is added up in another order, and a task's predictions must not
// depend on what else is asked.
func (b *batch) pad(columns int) {
	if b.k > 1 || columns == 1 {
		return
	}
	w := make([]float64, 2*len(b.w))
	for j, v := range b.w {
		w[2*j] = v
	}
	b.w, b.k = w, 2
}

// predict fills the outcomes of the tasks for the rows x.
func (b batch) predict(m *Model, x *num.Matrix, outcome func(i int) kindred.Outcome) {
	z, at := make([]float64, x.Rows*b.k), 0
	x.Mul(z, b.w, b.k, 0, x.Rows)
	for i, t := range b.of {
		m.outcome(outcome(b.tasks[i]), t, z[min(at, len(z)):], b.k) // of no rows there is nothing
		at += m.first[t+1] - m.first[t]
	}
}

// room is an empty outcome of task t for n rows.
func (m *Model) room(t, n int) kindred.Outcome {
	o, k := kindred.Outcome{Task: t}, len(m.tasks[t].Classes)
	if !m.tasks[t].Kind.Classifies() {
		o.Value = make([]float64, n)
		return o
	}
	o.Class, o.Decision = make([]int, n), make([]float64, n*(m.first[t+1]-m.first[t]))
	if _, linked := m.losses[t].(loss.Linked); linked || m.sigmoids != nil {
		o.Probability = make([]float64, n*k)
	}
	return o
}

// window is the part of an outcome that is of the rows lo to hi.
func (m *Model) window(o *kindred.Outcome, lo, hi int) kindred.Outcome {
	t := o.Task
	d, k := m.first[t+1]-m.first[t], len(m.tasks[t].Classes)
	return kindred.Outcome{Task: t, Value: part(o.Value, lo, hi), Class: part(o.Class, lo, hi), Decision: part(o.Decision, d*lo, d*hi), Probability: part(o.Probability, k*lo, k*hi)}
}

func part[E any](v []E, lo, hi int) []E {
	if v == nil {
		return nil
	}
	return v[lo:hi]
}

// outputs are the numbers x·W_t + b_t, n × k, of products that are so far apart
// from row to row.
func (m *Model) outputs(out []float64, t int, products []float64, apart int) {
	b := m.b[m.first[t]:m.first[t+1]]
	for i := range len(out) / len(b) {
		for c, v := range products[i*apart:][:len(b)] {
			out[i*len(b)+c] = v + b[c]
		}
	}
}

// outcome fills o with what the task's kind predicts of rows by their products
// with W_t, which are so far apart from row to row.
func (m *Model) outcome(o kindred.Outcome, t int, products []float64, apart int) {
	switch m.tasks[t].Kind {
	case kindred.Regression:
		m.outputs(o.Value, t, products, apart)
		for i := range o.Value {
			o.Value[i] = o.Value[i]*m.targets[t].Scale + m.targets[t].Center
		}
	case kindred.Count:
		z := make([]float64, len(o.Value))
		m.outputs(z, t, products, apart)
		m.losses[t].(loss.Linked).Mean(o.Value, z, 1)
	case kindred.Binary:
		m.outputs(o.Decision, t, products, apart)
		for i, v := range o.Decision {
			if v > 0 {
				o.Class[i] = 1
			}
		}
		if o.Probability != nil {
			m.binary(o.Probability, t, o.Decision)
		}
	case kindred.Multiclass:
		m.outputs(o.Decision, t, products, apart)
		argmax(o.Class, o.Decision)
		if o.Probability != nil {
			m.multiclass(o.Probability, t, o.Decision)
		}
	}
}

// binary sets p to the probabilities of both classes.
func (m *Model) binary(p []float64, t int, z []float64) {
	if link, ok := m.losses[t].(loss.Linked); ok {
		link.Mean(p[:len(z)], z, 1)
		for i := len(z) - 1; i >= 0; i-- {
			p[2*i+1] = p[i]
		}
	} else {
		for i, f := range z {
			p[2*i+1] = m.sigmoids[m.first[t]].Probability(f)
		}
	}
	for i := range z {
		p[2*i] = 1 - p[2*i+1]
	}
}

// multiclass sets p to the probabilities of all classes. Those of one class
// against the rest are scaled to sum to 1.
func (m *Model) multiclass(p []float64, t int, z []float64) {
	k := len(m.tasks[t].Classes)
	link, ok := m.losses[t].(loss.Linked)
	switch {
	case ok && m.losses[t].Takes(kindred.Multiclass):
		link.Mean(p, z, k)
		return
	case ok:
		link.Mean(p, z, 1)
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
}

// argmax sets out to the place of the largest of every len(z)/len(out)
// numbers, the first of equals.
func argmax(out []int, z []float64) {
	k := len(z) / len(out)
	for i := range out {
		best := math.Inf(-1)
		for c, v := range z[i*k : (i+1)*k] {
			if v > best {
				best, out[i] = v, c
			}
		}
	}
}
