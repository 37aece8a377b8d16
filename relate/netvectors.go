package relate

import (
	"context"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/arch"
	"github.com/kindred-mtl/kindred/neural"
)

// NetVectors compares those that a network gives the tasks in the space it puts
// inputs into:
//
//	cos(v_s, v_t),   y_t = ⟨f(x), v_t⟩ + b_t
//
// Wu, Fisch, Chopra, Adams, Bordes, Weston, StarSpace: embed all the things!,
// AAAI 2018.
type NetVectors struct {
	// Dim is the dimension of the space; 0: 4, and never more than tasks.
	Dim int `json:"dim" words:"dimension of the space; else 4"`
}

// Relate implements Measure.
func (m NetVectors) Relate(ctx context.Context, s *kindred.Set, o Options) (*Relation, error) {
	dim := m.Dim
	if dim == 0 {
		dim = 4
	}
	return placed(ctx, s, neural.Method{Arch: &arch.Embedding{Dim: dim}, Prep: o.Prep, Seed: o.Seed}, o.Seed)
}
