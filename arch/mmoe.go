package arch

import (
	"fmt"

	"github.com/kindred-mtl/kindred/param"
	"github.com/kindred-mtl/kindred/tape"
)

// MMoE is experts that all tasks share, mixed for each task by a gate of its
// own:
//
//	z_t = Σ_k softmax(G_t x)_k f_k(x),  y_t = h_t(z_t)
//
// One expert is hard sharing.
//
// Ma, Zhao, Yi, Chen, Hong, Chi, Modeling task relationships in multi-task
// learning with multi-gate mixture-of-experts, KDD 2018, eq. (6)-(8).
type MMoE struct {
	Layers
	// Experts is how many there are, each with the layers of Hidden; 0: 4.
	Experts int `json:"experts,omitempty" words:"how many experts; else 4"`
	// Tower are the units of the hidden layers of each task's own; nil: none.
	Tower Units `json:"tower,omitempty" words:"units of each task's own layers above the shared ones, as 64; else none"`
}

const maxExperts = 64

// Check implements Architecture.
func (m *MMoE) Check() error {
	if m.Experts < 0 || m.Experts > maxExperts {
		return fmt.Errorf("experts is %d; it is from 1 to %d", m.Experts, maxExperts)
	}
	if err := checkUnits("tower", m.Tower); err != nil {
		return err
	}
	return m.Layers.Check()
}

// Conditioned implements Architecture.
func (*MMoE) Conditioned() bool { return false }

// Build implements Architecture.
func (m *MMoE) Build(b *Builder) []tape.Node {
	k := m.Experts
	if k == 0 {
		k = 4
	}
	if k == 1 {
		return (&Shared{Layers: m.Layers, Tower: m.Tower}).Build(b)
	}
	z := b.X
	for i, u := range m.Sizes() {
		z = b.Layer(&m.Layers, fmt.Sprintf("expert.%d", i), z, u, k, nil)
	}
	if len(m.Sizes()) > 0 {
		outs := make([]int, len(b.Tasks))
		for t := range outs {
			outs[t] = k
		}
		gates := b.Bank("gate", b.Width(b.X), outs, b.Own(), param.Glorot(b.Width(b.X), k))
		z = b.Mix(b.Softmax(b.Dense(b.X, gates, false)), z)
	}
	return b.Heads(b.Towers(&m.Layers, z, m.Tower))
}
