package neural

import (
	"github.com/kindred-mtl/kindred/arch"
)

// A Layer is a block of learned numbers: a matrix, or a bank of them, one below
// the other.
type Layer struct {
	Name  string `json:"name"`
	Rows  int    `json:"rows"` // of all matrices
	Cols  int    `json:"cols"`
	Parts int    `json:"parts"` // matrices
	// Of says whose the matrices are: "all tasks", "groups" of tasks, or "each
	// task".
	Of string `json:"of"`
}

// Layers lists what was learned, what tasks share first.
func (m *Model) Layers() []Layer {
	list := make([]Layer, len(m.layout.Blocks))
	for i, b := range m.layout.Blocks {
		list[i] = Layer{Name: b.Name, Rows: b.Rows(), Cols: b.Cols, Parts: b.Entries(), Of: "all tasks"}
		switch {
		case b.Users == nil || len(b.Users) == 1 && len(b.Users[0]) == len(m.infos):
		case b.Shared(len(m.infos)):
			list[i].Of = "groups"
		default:
			list[i].Of = "each task"
		}
	}
	return list
}

// Own counts the parameters that only one task uses.
func (m *Model) Own() int {
	n := 0
	for t := range m.infos {
		m.layout.Owned(t, func(lo, hi int) { n += hi - lo })
	}
	return n
}

// Architecture is what the tasks share, with its options.
func (m *Model) Architecture() arch.Architecture { return m.arch }
