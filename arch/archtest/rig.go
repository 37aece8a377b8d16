package archtest

import (
	"math/rand/v2"
	"slices"

	"github.com/kindred-mtl/kindred/arch"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/param"
	"github.com/kindred-mtl/kindred/tape"
)

// inputs are of every sort that there is.
var inputs = arch.Inputs{Dense: 3, Levels: []int{3}, Sparse: 4}

// rows is how many rows a batch has.
const rows = 11

// A row is the inputs of one, and, for each task by name, labels.
type row struct {
	dense  []float64
	code   int32
	index  []int32
	value  []float64
	target map[string][]float64
	label  map[string]bool // wide: whether the row carries the label of a task
}

// draw draws a batch of rows, the same every time.
func draw() []row {
	random := rand.New(rand.NewPCG(3, 4))
	normal := func(n int) []float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = random.NormFloat64()
		}
		return x
	}
	list := make([]row, rows)
	for i := range list {
		n := random.IntN(4)
		r := row{dense: normal(inputs.Dense), code: int32(random.IntN(6)) - 1, value: normal(n), target: map[string][]float64{}, label: map[string]bool{}}
		for range n {
			r.index = append(r.index, int32(random.IntN(inputs.Sparse)))
		}
		for _, name := range Names {
			r.target[name], r.label[name] = normal(3), random.IntN(3) > 0
		}
		list[i] = r
	}
	return list
}

// A rig is a network with a batch of rows, ready to play.
type rig struct {
	tasks []arch.Task
	list  []row
	task  []int // long: of each row
	g     *tape.Graph
	out   []tape.Node
	nodes []tape.Node // the different ones
	run   *tape.Run[float64]
}

// rig records the network on a layout, new or of the other kind of batches.
func (c *check) rig(tasks []arch.Task, layout *param.Layout, long bool, list []row) *rig {
	r := &rig{tasks: tasks, list: list}
	r.g, r.out = arch.Record(c.fresh(), inputs, tasks, layout, long)
	for _, n := range r.out {
		if !slices.Contains(r.nodes, n) {
			r.nodes = append(r.nodes, n)
		}
	}
	p := make([]float64, layout.Len())
	param.Begin(layout, p, 7)
	random := rand.New(rand.NewPCG(5, 6))
	for i := range p { // nothing stays where it begins
		p[i] += 0.2*random.Float64() - 0.1
	}
	r.run = tape.NewRun(r.g, p, len(list))
	r.run.State = make([]float64, r.g.StateLen())
	tape.BeginState(r.g, r.run.State)
	r.run.Seed, r.run.Heat = 5, 0.7
	r.load()
	return r
}

// load puts the batch into the run.
func (r *rig) load() {
	r.run.Resize(len(r.list))
	bag := &r.run.Bags[0]
	bag.Start = append(bag.Start[:0], 0)
	r.task = make([]int, len(r.list))
	for i, x := range r.list {
		copy(r.run.Input(0)[i*inputs.Dense:], x.dense)
		r.run.Codes[0][i] = x.code
		bag.Index, bag.Value = append(bag.Index, x.index...), append(bag.Value, x.value...)
		bag.Start = append(bag.Start, len(bag.Index))
		r.of(i, i*len(r.tasks)/len(r.list))
	}
}

// of says which task row i of a long batch belongs to.
func (r *rig) of(i, task int) { r.task[i], r.run.Task[i] = task, int32(task) }

// forward plays the batch, to train or not.
func (r *rig) forward(train bool) {
	r.run.Train = train
	for s := range r.run.Shards() {
		r.run.Forward(s)
	}
}

// outputs are those of a task for row i.
func (r *rig) outputs(i, task int) []float64 {
	at, width := r.g.Place(r.out[task], task)
	from := i*r.g.Stride(r.out[task]) + at
	return r.run.Value(r.out[task])[from : from+width]
}

// labelled tells whether row i carries the label of a task.
func (r *rig) labelled(i, task int) bool {
	if r.g.Long {
		return r.task[i] == task
	}
	return r.list[i].label[r.tasks[task].Name]
}

// loss is ½ Σ_t w_t Σ (y − target)² over what is labelled; adjoint sets its
// gradient at the outputs.
func (r *rig) loss(w []float64, adjoint bool) (s float64) {
	if adjoint {
		for _, n := range r.nodes {
			clear(r.run.Adjoint(n))
		}
	}
	for i := range r.list {
		for t := range r.tasks {
			if !r.labelled(i, t) {
				continue
			}
			at, _ := r.g.Place(r.out[t], t)
			at += i * r.g.Stride(r.out[t])
			for k, y := range r.outputs(i, t) {
				e := y - r.list[i].target[r.tasks[t].Name][k]
				s += w[t] * e * e / 2
				if adjoint {
					r.run.Adjoint(r.out[t])[at+k] = w[t] * e
				}
			}
		}
	}
	return s
}

// gradient is that of the loss by the parameters.
func (r *rig) gradient(w []float64) []float64 {
	r.forward(true)
	r.run.Ready()
	r.loss(w, true)
	sum, g := make([]float64, r.g.Params.Len()), make([]float64, r.g.Params.Len())
	for s := range r.run.Shards() {
		r.run.Backward(s, g)
		num.Add(sum, g)
	}
	return sum
}

// only is a weight of 1 for one task, 0 for others.
func (r *rig) only(task int) []float64 {
	w := make([]float64, len(r.tasks))
	w[task] = 1
	return w
}
