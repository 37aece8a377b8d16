package arch

import (
	"fmt"

	"github.com/kindred-mtl/kindred/catalog"
	"github.com/kindred-mtl/kindred/param"
	"github.com/kindred-mtl/kindred/tape"
)

// Conditioned is one network that is told the task by a vector e_t:
//
//	concat      z = f([x e_t])
//	film        each layer: z ← (1 + γ(e_t)) z + β(e_t), γ and β linear
//	low-rank    each layer: z ← act(W z + b + U (s(e_t) ∘ V z)), s linear
//
// Tasks whose outputs mean the same share the output layer too, so that a task
// costs a vector, and there may be thousands.
//
// FiLM: Perez, Strub, de Vries, Dumoulin, Courville, AAAI 2018. Weights from a
// vector, here a change of low rank: Ha, Dai, Le, HyperNetworks, ICLR 2017.
type Conditioned struct {
	Layers
	// Dim is the length of a task's vector; 0: 8.
	Dim int `json:"dim,omitempty" words:"length of a task's vector; else 8"`
	// How is "" and "film", "concat" or "low-rank".
	How string `json:"how,omitempty" words:"what the vector does: film, concat or low-rank; else film"`
	// Rank is that of the change of low rank; 0: 8.
	Rank int `json:"rank,omitempty" words:"rank of the change, where how=low-rank; else 8"`
}

// Check implements Architecture.
func (c *Conditioned) Check() error {
	if c.Dim < 0 || c.Dim > maxDim || c.Rank < 0 || c.Rank > maxDim {
		return fmt.Errorf("dim is %d and rank %d; they are from 1 to %d", c.Dim, c.Rank, maxDim)
	}
	switch c.How {
	case "", "film", "concat", "low-rank":
	default:
		return catalog.Unknown("way", c.How, []string{"film", "concat", "low-rank"})
	}
	if c.Rank > 0 && c.How != "low-rank" {
		return fmt.Errorf("rank is an option of how=low-rank")
	}
	return c.Layers.Check()
}

// Conditioned implements Architecture.
func (*Conditioned) Conditioned() bool { return true }

// VectorsOf names the parameters that are the tasks' vectors.
func (*Conditioned) VectorsOf() string { return "vectors" }

func orElse(v, otherwise int) int {
	if v == 0 {
		return otherwise
	}
	return v
}

// Build implements Architecture.
func (c *Conditioned) Build(b *Builder) []tape.Node {
	dim := orElse(c.Dim, 8)
	e := b.TaskVectors("vectors", dim, param.Init{Range: 0.5})
	z := b.X
	if c.How == "concat" {
		z = b.Concat(z, e)
	}
	for i, u := range c.Sizes() {
		name := fmt.Sprintf("trunk.%d", i)
		switch c.How {
		case "", "film":
			z = b.Layer(&c.Layers, name, z, u, 1, nil)
			film := b.Bank(name+".film", dim, []int{2 * u}, nil, param.Glorot(dim, 2*u))
			z = b.FiLM(z, b.Dense(e, film, false))
		case "low-rank":
			z = c.lowRank(b, name, z, e, u)
		default:
			z = b.Layer(&c.Layers, name, z, u, 1, nil)
		}
	}
	return c.heads(b, z)
}

// lowRank is a layer whose weights the task's vector changes.
func (c *Conditioned) lowRank(b *Builder, name string, z, e tape.Node, units int) tape.Node {
	rank, in := orElse(c.Rank, 8), b.Width(z)
	linear := c.Layers
	linear.Activation, linear.Dropout, linear.Norm = tape.Linear, 0, ""
	plain := b.Layer(&linear, name, z, units, 1, nil)
	down := b.Dense(z, b.Bank(name+".down", in, []int{rank}, nil, param.Glorot(in, rank)), false)
	scale := b.Dense(e, b.Bank(name+".scale", b.Width(e), []int{rank}, nil, param.Glorot(b.Width(e), rank)), false)
	up := b.Dense(b.Mul(down, scale), b.Bank(name+".up", rank, []int{units}, nil, param.Glorot(rank, units)), false)
	act := c.Activation
	if act == "" {
		act = tape.ReLU
	}
	z = b.Add(plain, up)
	if c.Norm != "" && c.Norm != "none" {
		z = b.LayerNorm(name+".norm", z)
	}
	return b.Dropout(b.Activate(z, act), c.Dropout)
}

// heads is an output layer for all tasks whose outputs mean the same, and a
// shift of each task's own.
func (c *Conditioned) heads(b *Builder, z tape.Node) []tape.Node {
	of, outs := b.alike(z)
	if len(c.Sizes()) == 0 && c.How != "concat" {
		return b.Heads(z)
	}
	return b.everywhere(b.Dense(z, b.Bank("head", b.Width(z), outs, of, headInit(b.Width(z))), false))
}
