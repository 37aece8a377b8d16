package recipe

import (
	"fmt"
	"strings"

	"github.com/kindred-mtl/kindred/penalty"
)

// A Structure is what is known of how the tasks are related. Methods that take
// it do not learn it.
type Structure struct {
	Edges []penalty.Edge // of a graph; nil where there is none
	Tree  *penalty.Node  // the root; nil where there is none
}

// give returns the penalty with the structure, and whether it takes any of it.
func (s Structure) give(p penalty.Penalty) (penalty.Penalty, bool) {
	given := false
	if g, ok := p.(interface {
		TakeEdges([]penalty.Edge) penalty.Penalty
	}); ok && s.Edges != nil {
		p, given = g.TakeEdges(s.Edges), true
	}
	if t, ok := p.(interface {
		TakeTree(*penalty.Node) penalty.Penalty
	}); ok && s.Tree != nil {
		p, given = t.TakeTree(s.Tree), true
	}
	return p, given
}

// Check refuses a graph or tree that none of the recipes takes.
func (s Structure) Check(recipes []string) error {
	for _, part := range []struct {
		what  string
		alone Structure
	}{{"graph", Structure{Edges: s.Edges}}, {"tree", Structure{Tree: s.Tree}}} {
		if part.alone.Edges == nil && part.alone.Tree == nil {
			continue
		}
		var takers []string
		taken := false
		for _, m := range Methods {
			if m.penalty == nil {
				continue
			}
			if _, ok := part.alone.give(m.penalty()); !ok {
				continue
			}
			takers = append(takers, m.Name)
			for _, text := range recipes {
				name, _, _ := strings.Cut(text, ":")
				taken = taken || name == m.Name
			}
		}
		if !taken {
			return fmt.Errorf("no method given takes a %s of the tasks; those that do: %s", part.what, strings.Join(takers, ", "))
		}
	}
	return nil
}
