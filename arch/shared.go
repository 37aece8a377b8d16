package arch

import "github.com/kindred-mtl/kindred/tape"

// Shared is hard sharing: hidden layers that all tasks share, then layers of
// each task's own.
//
//	z = f(x),  y_t = h_t(z)
//
// Caruana, Multitask learning, Machine Learning 28, 1997. With one task it is
// the network that learns a task alone.
type Shared struct {
	Layers
	// Tower are the units of the hidden layers of each task's own; nil: none.
	Tower Units `json:"tower,omitempty" words:"units of each task's own layers above the shared ones, as 64; else none"`
}

// Check implements Architecture.
func (s *Shared) Check() error {
	if err := checkUnits("tower", s.Tower); err != nil {
		return err
	}
	return s.Layers.Check()
}

// Conditioned implements Architecture.
func (*Shared) Conditioned() bool { return false }

// Build implements Architecture.
func (s *Shared) Build(b *Builder) []tape.Node {
	z := b.Trunk(&s.Layers, "trunk", b.X, s.Sizes())
	return b.Heads(b.Towers(&s.Layers, z, s.Tower))
}
