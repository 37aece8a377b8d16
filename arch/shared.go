package arch

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"

	"github.com/kindred-mtl/kindred/tape"
)

// Shared is hard sharing: hidden layers that all tasks share, then layers of
// each task's own.
//
//	z = f(x),  y_t = h_t(z)
//
// Caruana, Multitask learning, Machine Learning 28, 1997. With one task it is
// the network that learns a task alone.
//
// Where Share is below 1, a layer has units that all tasks share and units of
// each task's own. The former read those of the layer below, the latter also
// their own ones:
//
//	c ← act(A c),   p_t ← act(B_t [c p_t]),   y_t = h_t([c p_t])
//
// which are layers of one width in which each task's own columns of the first
// rows are 0. With a share of 0 every task has a network by itself, but for the
// vectors of categories and texts, which stay common.
type Shared struct {
	Layers
	// Tower are the units of the hidden layers of each task's own; nil: none.
	Tower Units `json:"tower,omitempty" words:"units of each task's own layers above the shared ones, as 64; else none"`
	// Share is the share of the units of each hidden layer that all tasks share,
	// from below, or one share of all layers; nil: 1.
	Share Fractions `json:"share,omitempty" words:"share of the units of each hidden layer that is common, the others are each task's own, as 0.5, in a recipe file also as [1, 0.5]; else 1"`
}

// Fractions are numbers from 0 to 1: as JSON a list or a number.
type Fractions []float64

// UnmarshalJSON reads them.
func (f *Fractions) UnmarshalJSON(b []byte) error {
	var list []float64
	if json.Unmarshal(b, &list) == nil {
		*f = list
		return nil
	}
	return f.UnmarshalText(b)
}

// UnmarshalText reads one.
func (f *Fractions) UnmarshalText(b []byte) error {
	v, err := strconv.ParseFloat(string(b), 64)
	if err != nil {
		return fmt.Errorf("%.60q is no number from 0 to 1, and no list of them", b)
	}
	*f = Fractions{v}
	return nil
}

// Check implements Architecture.
func (s *Shared) Check() error {
	if err := checkUnits("tower", s.Tower); err != nil {
		return err
	}
	if err := s.Layers.Check(); err != nil {
		return err
	}
	if n := len(s.Share); n > 1 && s.Hidden != nil && n != len(s.Hidden) {
		return fmt.Errorf("share has %d numbers for %d hidden layers; give one for each, or one for all", n, len(s.Hidden))
	}
	for _, v := range s.Share {
		if !(v >= 0 && v <= 1) {
			return fmt.Errorf("share is %v; it is from 0 to 1", v)
		}
	}
	for i := range s.Sizes() {
		if common, _ := s.units(i); i > 0 && common > 0 {
			if below, _ := s.units(i - 1); below == 0 {
				return fmt.Errorf("share leaves layer %d no common units, which those of layer %d would read", i, i+1)
			}
		}
	}
	return nil
}

// units are how many of layer i are common, and how many each task's own.
func (s *Shared) units(i int) (common, own int) {
	units, share := s.Sizes()[i], 1.0
	switch {
	case len(s.Share) == 1:
		share = s.Share[0]
	case len(s.Share) > 0:
		share = s.Share[min(i, len(s.Share)-1)]
	}
	common = int(math.Round(share * float64(units)))
	return common, units - common
}

// Conditioned implements Architecture.
func (*Shared) Conditioned() bool { return false }

// Build implements Architecture.
func (s *Shared) Build(b *Builder) []tape.Node {
	layers := len(s.Sizes())
	if len(b.Tasks) == 1 {
		s = &Shared{Layers: s.Layers, Tower: s.Tower} // all is its own, or common
	}
	common, own := []tape.Node{b.X}, []tape.Node(nil) // what a layer reads of each
	for i := range layers {
		name := fmt.Sprintf("trunk.%d", i)
		shared, private := s.units(i)
		var c, p []tape.Node
		if shared > 0 {
			c = []tape.Node{b.Layer(&s.Layers, name, common[0], shared, 1, nil)}
		}
		if private > 0 {
			p = []tape.Node{b.Layer(&s.Layers, name+".own", b.Concat(append(own, common...)...), private, len(b.Tasks), b.Own())}
		}
		common, own = c, p
	}
	if own == nil {
		return b.Heads(b.Towers(&s.Layers, common[0], s.Tower))
	}
	z := b.Towers(&s.Layers, b.Concat(append(own, common...)...), s.Tower)
	if common == nil || len(s.Tower) > 0 {
		return b.OwnHeads(z)
	}
	return b.headsOn(common[0], z)
}
