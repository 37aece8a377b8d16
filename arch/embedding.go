package arch

import (
	"fmt"

	"github.com/kindred-mtl/kindred/catalog"
	"github.com/kindred-mtl/kindred/param"
	"github.com/kindred-mtl/kindred/tape"
)

// Embedding puts inputs and tasks in one space of few dimensions, where a task
// scores an input:
//
//	y_t = ⟨f(x), v_t⟩ + b_t             score dot; f linear: the bilinear form xᵀA v_t
//	y_t = a_t cos(f(x), v_t) + b_t      score cosine
//
// The vectors v_t are a map of the tasks. A task of several outputs has a vector
// for each.
//
// Wu, Fisch, Chopra, Adams, Bordes, Weston, StarSpace: embed all the things!,
// AAAI 2018.
type Embedding struct {
	Layers
	// Dim is the dimension of the space; 0: 2.
	Dim int `json:"dim,omitempty" words:"dimension of the space; else 2"`
	// Score is "" and "dot", or "cosine".
	Score string `json:"score,omitempty" words:"how a task scores an input: dot or cosine; else dot"`
}

const maxDim = 1024

// Check implements Architecture.
func (e *Embedding) Check() error {
	if e.Dim < 0 || e.Dim > maxDim {
		return fmt.Errorf("dim is %d; it is from 1 to %d", e.Dim, maxDim)
	}
	switch e.Score {
	case "", "dot", "cosine":
	default:
		return catalog.Unknown("score", e.Score, []string{"dot", "cosine"})
	}
	return e.Layers.Check()
}

// Conditioned implements Architecture.
func (*Embedding) Conditioned() bool { return false }

// Space is the dimension of the space.
func (e *Embedding) Space() int {
	if e.Dim == 0 {
		return 2
	}
	return e.Dim
}

// VectorsOf names the parameters that are the tasks' vectors: an entry a task,
// a row an output.
func (e *Embedding) VectorsOf() string {
	if e.Score == "cosine" {
		return "vectors"
	}
	return "head.weight"
}

// Least is how many numbers the network learns at least.
func (e *Embedding) Least(tasks []Task) int {
	if e.Score != "cosine" {
		return 0
	}
	return len(tasks) * mostOutputs(tasks) * e.Space()
}

// mostOutputs is the number of outputs of the task that has most.
func mostOutputs(tasks []Task) int {
	most := 0
	for _, t := range tasks {
		most = max(most, t.Outputs)
	}
	return most
}

// Build implements Architecture.
func (e *Embedding) Build(b *Builder) []tape.Node {
	k := e.Space()
	z := b.Trunk(&e.Layers, "trunk", b.X, e.Sizes())
	f := b.Dense(z, b.Bank("space", b.Width(z), []int{k}, nil, param.Glorot(b.Width(z), k)), false)
	if e.Score != "cosine" {
		return b.Heads(f)
	}
	f = b.Unit(f)
	most := mostOutputs(b.Tasks)
	v := b.TaskVectors("vectors", k*most, param.Init{Range: 1})
	var scores []tape.Node // of the first output of every task, of the second, …
	for i := range most {
		scores = append(scores, b.Dot(f, b.Unit(b.Slice(v, i*k, (i+1)*k))))
	}
	return b.Heads(b.Concat(scores...))
}
