package arch

import (
	"fmt"
	"slices"

	"github.com/kindred-mtl/kindred/tape"
)

// Hierarchy lets tasks branch off, or be supervised, at different depths.
//
//	groups   given groups of tasks: the layers from Branch on are each group's own
//	attach   a task's head stands on the layer at its depth, and sees the inputs too
//	learned  neither: layers of Branches nodes, each of which learns which nodes
//	         below it to read, and each task which to stand on
//
// The weights of a learned choice are softmax(a/τ) with a temperature τ that
// falls while training, so that a tree is left.
//
// Søgaard, Goldberg, Deep multi-task learning with low level tasks supervised at
// lower layers, ACL 2016; Guo, Lee, Ulbricht, Learning to branch for multi-task
// learning, ICML 2020.
type Hierarchy struct {
	Layers
	// Groups are the names of the tasks of each group, or, of groups that branch
	// again, the same one level down: Groups[i] are the groups at layer Branch+i.
	Groups [][][]string `json:"groups,omitzero" words:"the tasks of each group, as [[[a, b], [c]]]; a list for every layer that branches; else learned"`
	// Branch is how many layers lie below the first branching; 0: 1.
	Branch int `json:"branch,omitempty" words:"shared layers below the first branching; else 1"`
	// Attach is how many hidden layers lie below a task's head; tasks not named
	// stand on top.
	Attach map[string]int `json:"attach,omitzero" words:"how many hidden layers lie below a task's head, as {a: 1}; else learned"`
	// Branches is how many nodes a layer has where branching is learned; 0: 3.
	Branches int `json:"branches,omitempty" words:"nodes of a layer, where branching is learned; else 3"`
}

// Check implements Architecture.
func (h *Hierarchy) Check() error {
	switch {
	case h.Branch < 0 || h.Branches < 0 || h.Branches > maxExperts:
		return fmt.Errorf("branch is %d and branches %d; they are from 1, and branches at most %d", h.Branch, h.Branches, maxExperts)
	case h.Groups != nil && h.Attach != nil:
		return fmt.Errorf("groups and attach are both given; give one of them")
	case h.Attach != nil && h.Branch > 0:
		return fmt.Errorf("branch is for groups and learned branching; attach says where each task stands")
	case !h.Learns() && h.Branches > 0:
		return fmt.Errorf("branches is for branching that is learned; groups or attach is given")
	case h.Groups != nil && len(h.Groups) == 0:
		return fmt.Errorf("groups are empty; list groups of tasks, or leave them out to learn them")
	case h.Groups != nil && orElse(h.Branch, 1)+len(h.Groups) > len(h.Sizes()):
		return fmt.Errorf("groups branch at %d layers above %d shared ones, of %d hidden layers", len(h.Groups), orElse(h.Branch, 1), len(h.Sizes()))
	case len(h.Sizes()) == 0:
		return fmt.Errorf("a hierarchy has hidden layers")
	case h.Branch > len(h.Sizes()):
		return fmt.Errorf("branch is %d, of %d hidden layers", h.Branch, len(h.Sizes()))
	}
	for name, depth := range h.Attach {
		if depth < 1 || depth > len(h.Sizes()) {
			return fmt.Errorf("attach puts task %q on layer %d of %d", name, depth, len(h.Sizes()))
		}
	}
	return h.Layers.Check()
}

// CheckTasks says whether the groups and depths are of these tasks.
func (h *Hierarchy) CheckTasks(tasks []Task) error {
	names := make([]string, len(tasks))
	known := map[string]bool{}
	for t := range tasks {
		names[t], known[tasks[t].Name] = tasks[t].Name, true
	}
	for name := range h.Attach {
		if !known[name] {
			return fmt.Errorf("attach names %q, which is no task", name)
		}
	}
	var above []int
	for i := range h.Groups {
		of, err := h.level(i, names)
		if err != nil {
			return err
		}
		first := map[int]int{} // of each group: its first task
		for t, g := range of {
			if s, ok := first[g]; !ok {
				first[g] = t
			} else if above != nil && above[s] != above[t] {
				return fmt.Errorf("groups: %q and %q are apart at one level and together at the next", names[s], names[t])
			}
		}
		above = of
	}
	return nil
}

// level is the group of each task at the i-th branching.
func (h *Hierarchy) level(i int, names []string) ([]int, error) {
	of, place := make([]int, len(names)), map[string]int{}
	for t, name := range names {
		of[t], place[name] = -1, t
	}
	for g, group := range h.Groups[i] {
		for _, name := range group {
			t, ok := place[name]
			switch {
			case !ok:
				return nil, fmt.Errorf("groups name %q, which is no task", name)
			case of[t] >= 0:
				return nil, fmt.Errorf("groups name %q twice", name)
			}
			of[t] = g
		}
		if len(group) == 0 {
			return nil, fmt.Errorf("groups have an empty one")
		}
	}
	if t := slices.Index(of, -1); t >= 0 {
		return nil, fmt.Errorf("groups leave out %q", names[t])
	}
	return of, nil
}

// Levels are the groups given, from below: of each branching the group of each
// task.
func (h *Hierarchy) Levels(tasks []Task) [][]int {
	var levels [][]int
	names := make([]string, len(tasks))
	for t := range tasks {
		names[t] = tasks[t].Name
	}
	for i := range h.Groups {
		of, err := h.level(i, names)
		if err != nil {
			return nil // CheckTasks tells
		}
		levels = append(levels, of)
	}
	return levels
}

// Conditioned implements Architecture.
func (*Hierarchy) Conditioned() bool { return false }

// Learns tells whether the branching is learned, and a temperature falls.
func (h *Hierarchy) Learns() bool { return h.Groups == nil && h.Attach == nil }

// Build implements Architecture.
func (h *Hierarchy) Build(b *Builder) []tape.Node {
	switch {
	case h.Groups != nil:
		return h.given(b)
	case h.Attach != nil:
		return h.depths(b)
	}
	return h.learned(b)
}

func (h *Hierarchy) given(b *Builder) []tape.Node {
	names := make([]string, len(b.Tasks))
	for t := range b.Tasks {
		names[t] = b.Tasks[t].Name
	}
	z, branch := b.X, orElse(h.Branch, 1)
	for i, u := range h.Sizes() {
		name := fmt.Sprintf("trunk.%d", i)
		if i < branch {
			z = b.Layer(&h.Layers, name, z, u, 1, nil)
			continue
		}
		at := min(i-branch, len(h.Groups)-1)
		of, err := h.level(at, names)
		if err != nil {
			panic("arch: " + err.Error())
		}
		z = b.Layer(&h.Layers, name, z, u, len(h.Groups[at]), of)
	}
	return b.Heads(z)
}

// depths stands each task on the layer at its depth; layers above a head see
// the inputs beside what lies below them.
func (h *Hierarchy) depths(b *Builder) []tape.Node {
	var levels []tape.Node
	z := b.X
	for i, u := range h.Sizes() {
		if i > 0 {
			z = b.Concat(b.X, z)
		}
		z = b.Layer(&h.Layers, fmt.Sprintf("trunk.%d", i), z, u, 1, nil)
		levels = append(levels, z)
	}
	out := make([]tape.Node, len(b.Tasks))
	for depth := 1; depth <= len(levels); depth++ {
		of, outs := make([]int, len(b.Tasks)), []int{}
		for t, task := range b.Tasks {
			of[t] = -1
			if orElse(h.Attach[task.Name], len(levels)) == depth {
				of[t] = len(outs)
				outs = append(outs, task.Outputs)
			}
		}
		if len(outs) == 0 {
			continue
		}
		x := levels[depth-1]
		n := b.Dense(x, b.Bank(fmt.Sprintf("head.%d", depth), b.Width(x), outs, of, headInit(b.Width(x))), false)
		for t := range out {
			if of[t] >= 0 {
				out[t] = n
			}
		}
	}
	return out
}

// learned is layers of several nodes that each choose what to read.
func (h *Hierarchy) learned(b *Builder) []tape.Node {
	k := min(orElse(h.Branches, 3), len(b.Tasks))
	if k == 1 {
		return b.Heads(b.Trunk(&h.Layers, "trunk", b.X, h.Sizes()))
	}
	branch := orElse(h.Branch, 1)
	z := b.Trunk(&h.Layers, "trunk", b.X, h.Sizes()[:branch])
	for i, u := range h.Sizes()[branch:] {
		name := fmt.Sprintf("trunk.%d", branch+i)
		if i > 0 {
			z = b.Mix(b.Choose(name+".reads", k, k, false), z)
		}
		z = b.Layer(&h.Layers, name, z, u, k, nil)
	}
	if len(h.Sizes()) > branch {
		z = b.Mix(b.Choose("stands", k, 0, true), z)
	}
	return b.Heads(z)
}
