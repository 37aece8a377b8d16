package recipe

import (
	"fmt"
	"strings"

	"github.com/kindred-mtl/kindred/penalty"
)

// A Structure is what is known of how the tasks are related. Methods that take
// it do not learn it.
type Structure struct {
	Edges  []penalty.Edge // of a graph; nil where there is none
	Tree   *penalty.Node  // the root; nil where there is none
	Groups [][]string     // the names of each group's tasks; nil where there are none
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

// groups are those known of the tasks; nil where none are.
func groups(known []Structure) [][]string {
	for _, s := range known {
		if s.Groups != nil {
			return s.Groups
		}
	}
	return nil
}

// takes tells whether the method takes any of the structure.
func (m Method) takes(s Structure) bool {
	if _, ok := m.how.(interface{ takesGroups() }); ok && s.Groups != nil {
		return true
	}
	if m.penalty == nil {
		return false
	}
	_, given := s.give(m.penalty())
	return given
}

// Check refuses a graph, a tree or groups that none of the recipes takes.
func (s Structure) Check(recipes []string) error {
	for _, part := range []struct {
		what  string
		alone Structure
	}{{"a graph", Structure{Edges: s.Edges}}, {"a tree", Structure{Tree: s.Tree}}, {"groups", Structure{Groups: s.Groups}}} {
		if part.alone.Edges == nil && part.alone.Tree == nil && part.alone.Groups == nil {
			continue
		}
		var takers []string
		taken := false
		for _, m := range Methods {
			if !m.takes(part.alone) {
				continue
			}
			takers = append(takers, m.Name)
			for _, text := range recipes {
				name, _, _ := strings.Cut(text, ":")
				taken = taken || name == m.Name
			}
		}
		if !taken {
			return fmt.Errorf("no method given takes %s of the tasks; those that do: %s", part.what, strings.Join(takers, ", "))
		}
	}
	return nil
}
