package neural

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/arch"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/param"
	"github.com/kindred-mtl/kindred/prep"
	"github.com/kindred-mtl/kindred/tape"
)

// A Model is a trained network.
type Model struct {
	infos       []kindred.TaskInfo
	heads       []head
	targets     []prep.Target
	prep        *prep.Prep
	arch        arch.Architecture
	loss        string // of regression
	tasks       []arch.Task
	layout      *param.Layout
	params      []float32
	state       []float32
	heat        float64
	temperature []float64 // of each task
	report      kindred.Report

	engine *engine
}

// An engine plays a network for predictions.
type engine struct {
	graph *tape.Graph
	out   []tape.Node
	runs  sync.Pool
}

// predictRows is how many rows are predicted at a time by one goroutine.
const predictRows = 2 * tape.Shard

// start makes the engine.
func (m *Model) start() {
	shape := m.prep.Shape()
	m.layout = &param.Layout{}
	g, out := arch.Record(m.arch, arch.Inputs{Dense: shape.Dense, Levels: shape.Levels, Sparse: shape.Sparse}, m.tasks, m.layout, m.arch.Conditioned())
	m.engine = &engine{graph: g, out: out}
	m.engine.runs.New = func() any {
		r := tape.NewRun(g, m.params, predictRows)
		r.State, r.Heat = m.state, m.heat
		return r
	}
}

// Tasks lists what the model predicts.
func (m *Model) Tasks() []kindred.TaskInfo { return m.infos }

// Schema lists the columns that Predict reads.
func (m *Model) Schema() kindred.Schema { return m.prep.Schema() }

// Report says how the model was trained.
func (m *Model) Report() kindred.Report { return m.report }

// Parameters counts what was learned.
func (m *Model) Parameters() int { return len(m.params) }

// Predict predicts the rows for the tasks asked: layers that none of these needs
// are not computed.
func (m *Model) Predict(ctx context.Context, rows *kindred.Table, tasks []int) (*kindred.Prediction, error) {
	if tasks == nil {
		for t := range m.infos {
			tasks = append(tasks, t)
		}
	}
	for _, t := range tasks {
		if t < 0 || t >= len(m.infos) {
			return nil, fmt.Errorf("task %d is asked of a model of %d tasks", t, len(m.infos))
		}
	}
	if rows == nil {
		return nil, errors.New("no table")
	}
	out := make([][]float32, len(tasks))
	for i, t := range tasks {
		out[i] = make([]float32, rows.Len()*m.heads[t].outputs())
	}
	if err := m.outputs(ctx, rows, tasks, out); err != nil {
		return nil, err
	}
	p := &kindred.Prediction{Tasks: make([]kindred.Outcome, len(tasks))}
	num.For(len(tasks), func(i int) {
		t := tasks[i]
		p.Tasks[i].Task = t
		m.heads[t].predict(&p.Tasks[i], out[i], m.targets[t], m.temperature[t])
	})
	return p, nil
}

// stretch is how many rows are encoded at a time.
const stretch = 64 * predictRows

// outputs fills out with the outputs of the network for each task.
func (m *Model) outputs(ctx context.Context, rows *kindred.Table, tasks []int, out [][]float32) error {
	named := make([]int, 0, min(stretch, rows.Len()))
	for lo := 0; lo < rows.Len(); lo += stretch {
		hi := min(lo+stretch, rows.Len())
		named = named[:0]
		for r := lo; r < hi; r++ {
			named = append(named, r)
		}
		e, err := m.prep.Encode(ctx, rows, named)
		if err != nil {
			return err
		}
		num.For((hi-lo+predictRows-1)/predictRows, func(k int) {
			from := k * predictRows
			m.play(e, from, min(from+predictRows, hi-lo), lo, tasks, out)
		})
	}
	return ctx.Err()
}

// play computes the rows [lo, hi) of e, which are those from base+lo on of out.
func (m *Model) play(e *prep.Encoded, lo, hi, base int, tasks []int, out [][]float32) {
	rows := make([]int32, hi-lo)
	for i := range rows {
		rows[i] = int32(lo + i)
	}
	m.playRows(e, rows, base+lo, tasks, out)
}

// playRows computes rows of e, at most predictRows, which are those from to on
// of out.
func (m *Model) playRows(e *prep.Encoded, rows []int32, to int, tasks []int, out [][]float32) {
	r := m.engine.runs.Get().(*tape.Run[float32])
	defer m.engine.runs.Put(r)
	b := batch{rows: len(rows), row: rows, task: make([]int32, len(rows))}
	read := func(i, t int) {
		node, k := m.engine.out[t], m.heads[t].outputs()
		at, _ := m.engine.graph.Place(node, t)
		gather(out[i][to*k:(to+len(rows))*k], r.Value(node), m.engine.graph.Stride(node), at, k, 0)
	}
	if !m.engine.graph.Long {
		if len(tasks) < len(m.infos) {
			r.Only(tasks)
		} else {
			r.Only(nil)
		}
		m.forward(r, &b, e)
		for i, t := range tasks {
			read(i, t)
		}
		return
	}
	for i, t := range tasks {
		for j := range b.task {
			b.task[j] = int32(t)
		}
		m.forward(r, &b, e)
		read(i, t)
	}
}

func (m *Model) forward(r *tape.Run[float32], b *batch, e *prep.Encoded) {
	b.fillRun(r, e, m.prep.Shape())
	for s := range r.Shards() {
		r.Forward(s)
	}
}

// model is what the training leaves: the best epoch, the best head of each task
// on top of it, and a temperature for each classifier.
func (t *trainer) model() *Model {
	t.restoreBest()
	m := &Model{
		infos: t.d.infos, heads: t.d.heads, targets: t.d.targets, prep: t.d.prep, arch: t.arch, loss: t.m.Training.Loss, tasks: t.d.tasks,
		params: slices.Clone(t.run.Params), state: slices.Clone(t.run.State), heat: t.run.Heat, temperature: t.temperatures(),
	}
	m.start()
	m.report = t.report(m)
	return m
}

// restoreBest puts back the network of the best epoch. A task's own parameters
// are those of its own best epoch if the rows held out say that they do better
// on top of it. The losses of the best epoch are then those of this network.
func (t *trainer) restoreBest() {
	copy(t.run.Params, t.best.Params)
	copy(t.run.State, t.best.State)
	t.run.Heat = t.best.Heat
	for task, p := range t.tops {
		if p.Params != nil {
			t.setOwn(task, p.Params)
		}
	}
	t.best.Held = slices.Clone(t.best.Held)
	other, held, n := t.evaluate(t.d.held), 0.0, 0.0
	for task, p := range t.tops {
		if p.Params == nil {
			continue // nothing of it is held out
		}
		if other[task] < t.best.Held[task] {
			t.best.Held[task] = other[task]
		} else {
			for _, r := range t.owned[task] {
				copy(t.run.Params[r.Lo:r.Hi], t.best.Params[r.Lo:r.Hi])
			}
			t.tops[task].Epoch = t.best.Epoch
		}
		held += t.best.Held[task]
		n++
	}
	if n > 0 {
		t.best.Mean = held / n
	}
}

// report says how the training went.
func (t *trainer) report(m *Model) kindred.Report {
	r := kindred.Report{
		Method: arch.All.NameOf(t.arch) + " network", Solver: t.m.stepsBy(), Status: t.status, Steps: t.step, Objective: t.best.Mean,
		Gap:        kindred.Certificate{Kind: "held-out", Value: t.best.Mean},
		Parameters: map[string]float64{"parameters": float64(len(m.params)), "shared": float64(t.params.Shared()), "epoch": float64(t.best.Epoch), "batch": float64(t.plan.batch)},
		Warnings:   append(t.d.prep.Notes(), t.d.notes...),
	}
	if t.name != "" {
		r.Solver += ", hidden layers " + t.name
	}
	r.Curve = t.curve()
	if v, ok := t.arch.(interface{ VectorsOf() string }); ok {
		r.Vectors = m.vectors(v.VectorsOf())
	}
	r.Groups = m.groups()
	return r
}

// curve is how the training went, epoch by epoch.
func (t *trainer) curve() *kindred.Curve {
	c := &kindred.Curve{Best: t.best.Epoch}
	for i, losses := range t.epochLosses {
		mean, _ := meanOf(losses)
		c.Train = append(c.Train, mean)
		if held := t.heldMeans[i]; held-held == 0 { // a number
			c.Held = append(c.Held, held)
		}
	}
	return c
}

// block is the parameters called name, or nil.
func (m *Model) block(name string) *param.Block {
	for _, b := range m.layout.Blocks {
		if b.Name == name {
			return b
		}
	}
	return nil
}

// vectors are the entries of a block, one a task.
func (m *Model) vectors(name string) [][]float64 {
	b := m.block(name)
	if b == nil || b.Entries() != len(m.infos) {
		return nil
	}
	v := make([][]float64, b.Entries())
	for t := range v {
		lo, hi := b.Entry(t)
		v[t] = wide64(m.params[lo:hi])
	}
	return v
}

// groups is the node that each task of a learned hierarchy stands on.
func (m *Model) groups() []int {
	b := m.block("stands")
	if b == nil {
		return nil
	}
	of := make([]int, len(m.infos))
	seen := map[int]int{}
	for t := range of {
		lo, hi := b.Entry(t)
		best := 0
		for k, v := range m.params[lo:hi] {
			if v > m.params[lo+best] {
				best = k
			}
		}
		if _, ok := seen[best]; !ok {
			seen[best] = len(seen)
		}
		of[t] = seen[best]
	}
	return of
}

// temperatures are, of each classifier, what its decisions are divided by so
// that the log loss of the rows held out is least: between ¼ and 4, drawn to 1
// by few rows.
//
// Guo, Pleiss, Sun, Weinberger, On calibration of modern neural networks, ICML
// 2017.
func (t *trainer) temperatures() []float64 {
	out := make([]float64, len(t.d.heads))
	z := t.heldOutputs()
	for task, h := range t.d.heads {
		out[task] = 1
		if !t.d.infos[task].Kind.Classifies() || len(t.d.held.y[task]) == 0 {
			continue
		}
		y, w := t.d.held.y[task], t.d.held.w[task]
		scaled, d := make([]float32, len(z[task])), make([]float32, len(z[task]))
		// The prior on log T is that of a normal variable of deviation ½.
		out[task] = math.Exp(minimize(math.Log(0.25), math.Log(4), func(u float64) float64 {
			for i, v := range z[task] {
				scaled[i] = v * float32(math.Exp(-u))
			}
			return h.loss(scaled, y, w, d) + 2*u*u
		}))
	}
	return out
}

// heldOutputs are the outputs of each task for its labels held out, in order.
func (t *trainer) heldOutputs() [][]float32 {
	z := make([][]float32, len(t.d.heads))
	t.run.Train = false
	for task, h := range t.d.heads {
		k := h.outputs()
		rows := t.d.held.row[task]
		z[task] = make([]float32, len(rows)*k)
		for lo := 0; lo < len(rows); lo += t.plan.batch {
			b := t.batch
			b.rows = copy(b.row, rows[lo:min(lo+t.plan.batch, len(rows))])
			for i := range b.rows {
				b.task[i] = int32(task)
			}
			b.ready(t.run, &t.d.inputs, t.d.shape)
			t.run.Only([]int{task})
			num.For(t.run.Shards(), func(s int) {
				b.loadShard(t.run, s, &t.d.inputs, t.d.shape)
				t.run.Forward(s)
			})
			node := t.out[task]
			at, _ := t.graph.Place(node, task)
			gather(z[task][lo*k:(lo+b.rows)*k], t.run.Value(node), t.graph.Stride(node), at, k, 0)
		}
	}
	t.run.Only(nil)
	return z
}

// minimize finds the least value of f, which has one valley, between lo and hi.
//
// Golden section: Kiefer, Sequential minimax search for a maximum, Proceedings
// of the American Mathematical Society 4, 1953.
func minimize(lo, hi float64, f func(float64) float64) float64 {
	const part = 0.6180339887498949
	a, b := hi-part*(hi-lo), lo+part*(hi-lo)
	fa, fb := f(a), f(b)
	for hi-lo > 1e-3 {
		if fa <= fb {
			hi, b, fb = b, a, fa
			a = hi - part*(hi-lo)
			fa = f(a)
		} else {
			lo, a, fa = a, b, fb
			b = lo + part*(hi-lo)
			fb = f(b)
		}
	}
	return (lo + hi) / 2
}
