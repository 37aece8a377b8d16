package penalty

import (
	"cmp"
	"fmt"
	"math"

	"github.com/kindred-mtl/kindred/num"
)

// Tree lets tasks share along a hierarchy: each node has a weight vector, and a
// task's is the sum over the path from the root to its leaf.
//
//	Ω(W) = λ/2 min Σ_u c_u/ℓ_u ‖v_u‖² over w_t = Σ_{u above t} v_u,   c_u = μ^(1−depth_u/D)
//
// in each slot: the covariance of the tasks is K = Σ_u ℓ_u/c_u 1_u 1_uᵀ, where
// 1_u marks the leaves below u. The root costs μ and a leaf 1, what lies between
// as much as its depth says; D is the depth of the tree, and ℓ_u, at first 1,
// the length of the branch to u. One level is shared weights.
//
// The tree is given, or learned first from the tasks' weights, each fitted
// alone: by average linkage of 1 − cos, cut into T^⅓ and T^⅔ groups.
//
// Evgeniou, Pontil, Regularized multi-task learning, KDD 2004, for one level;
// Daumé, Bayesian multitask learning with latent hierarchies, UAI 2009, for
// several and for learning them.
type Tree struct {
	// Mu is μ; 0 leaves it open: a search tries 0.01, 0.1, 1 and 10, and a
	// single fit uses 0.1.
	Mu float64 `json:"mu" words:"μ: the smaller, the more the tasks share; else searched for"`
	// Root is that of the tree, whose leaves are tasks; nil leaves it open.
	Root *Node `json:"-"`

	memo
}

// A Node is a leaf, named for its task, or has children.
type Node struct {
	Name     string
	Length   float64 // ℓ, of the branch that leads to it; 0 means 1
	Children []*Node
}

// Leaves lists the names of the leaves below n, from the first child on.
func (n *Node) Leaves() []string {
	if len(n.Children) == 0 {
		return []string{n.Name}
	}
	var names []string
	for _, child := range n.Children {
		names = append(names, child.Leaves()...)
	}
	return names
}

// depth is the number of branches to the deepest leaf.
func (n *Node) depth() int {
	depth := 0
	for _, child := range n.Children {
		depth = max(depth, 1+child.depth())
	}
	return depth
}

// Check says what is wrong with the options.
func (p *Tree) Check() error {
	if err := checkMu("tree", p.Mu); err != nil || p.Root == nil {
		return err
	}
	seen := map[string]bool{}
	for _, name := range p.Root.Leaves() {
		if seen[name] {
			return fmt.Errorf("tree: the leaf %q stands twice", name)
		}
		seen[name] = true
	}
	return p.Root.checkLengths()
}

func (n *Node) checkLengths() error {
	if !(n.Length >= 0 && n.Length <= math.MaxFloat64) {
		return fmt.Errorf("tree: the branch to %q has length %v; a length is a positive number", n.Leaves()[0], n.Length)
	}
	for _, child := range n.Children {
		if err := child.checkLengths(); err != nil {
			return err
		}
	}
	return nil
}

// Covers says which task is no leaf of a given tree.
func (p *Tree) Covers(tasks []string) error {
	if p.Root == nil {
		return nil
	}
	return covers("tree", tasks, p.Root.Leaves())
}

// Links implements Linked: inner nodes that branch are hidden.
func (f *tree) Links(slot int) (nodes int, links []Link) {
	tasks, place := f.blocks[slot].tasksOf(f.layout), map[string]int{}
	for i, t := range tasks {
		place[f.layout.Name(t)] = i
	}
	nodes = len(tasks)
	root := f.penalty.root(f.layout, tasks)
	deepest := max(1, root.depth())
	// walk returns the node that stands for n, or −1, and its variance about
	// the next one that does.
	var walk func(n *Node, depth int) (int, float64)
	walk = func(n *Node, depth int) (int, float64) {
		if len(n.Children) == 0 {
			i, ok := place[n.Name]
			if !ok {
				return -1, 0
			}
			return i, f.penalty.variance(n, deepest, deepest)
		}
		var below []Link
		for _, child := range n.Children {
			if i, variance := walk(child, depth+1); i >= 0 {
				below = append(below, Link{A: i, Weight: variance})
			}
		}
		own := f.penalty.variance(n, depth, deepest)
		switch len(below) {
		case 0:
			return -1, 0
		case 1:
			return below[0].A, below[0].Weight + own
		}
		for _, l := range below {
			links = append(links, Link{l.A, nodes, f.lambda / l.Weight})
		}
		nodes++
		return nodes - 1, own
	}
	if top, variance := walk(root, 0); top >= 0 {
		links = append(links, Link{top, -1, f.lambda / variance})
	}
	return nodes, links
}

// TakeTree returns the penalty on a given tree.
func (p *Tree) TakeTree(root *Node) Penalty { return &Tree{Mu: p.Mu, Root: root} }

func (p *Tree) mu() float64 { return cmp.Or(p.Mu, 0.1) }

// On implements Penalty. An open tree has one level.
func (p *Tree) On(l Layout, lambda float64) Func {
	k := p.recall(l, func() *gaussian {
		return withCovariance(l, 1, func(tasks []int) *num.Dense { return p.covariance(l, tasks) })
	})
	return &tree{k.at(lambda), p, l}
}

// tree is the quadratic, which knows its nodes.
type tree struct {
	*gaussian
	penalty *Tree
	layout  Layout
}

// Layers implements Layered: v_u = ℓ_u/(λc_u) Σ_{t below u} (WK⁻¹)_t.
func (f *tree) Layers(w *num.Dense) []*num.Dense {
	alpha := num.NewDense(w.Rows, w.Cols)
	f.Slope(alpha, w)
	var layers []*num.Dense
	for s := range f.blocks {
		columns := f.blocks[s].columns
		f.penalty.visit(f.layout, f.blocks[s].tasksOf(f.layout), func(depth, deepest int, variance float64, below []int) {
			for len(layers) <= deepest {
				layers = append(layers, num.NewDense(w.Rows, w.Cols))
			}
			for j := range w.Rows {
				from, to, sum := alpha.Row(j), layers[depth].Row(j), 0.0
				for _, i := range below {
					sum += from[columns[i]]
				}
				for _, i := range below {
					to[columns[i]] += variance / f.lambda * sum
				}
			}
		})
	}
	return layers
}

// root is the tree of some tasks.
func (p *Tree) root(l Layout, tasks []int) *Node {
	if p.Root != nil {
		return p.Root
	}
	root := &Node{}
	for _, t := range tasks {
		root.Children = append(root.Children, &Node{Name: l.Name(t)})
	}
	return root
}

// covariance is K of some tasks.
func (p *Tree) covariance(l Layout, tasks []int) *num.Dense {
	k := num.NewDense(len(tasks), len(tasks))
	p.visit(l, tasks, func(_, _ int, variance float64, below []int) {
		for _, s := range below {
			for _, t := range below {
				k.Data[s*k.Cols+t] += variance
			}
		}
	})
	return k
}

// variance is ℓ/c of a node.
func (p *Tree) variance(n *Node, depth, deepest int) float64 {
	return cmp.Or(n.Length, 1) * math.Pow(p.mu(), float64(depth)/float64(deepest)-1)
}

// visit calls f for every node with its depth, which of a leaf is that of the
// deepest one, its variance ℓ/c, and the places of the tasks below it.
func (p *Tree) visit(l Layout, tasks []int, f func(depth, deepest int, variance float64, below []int)) {
	root, place := p.root(l, tasks), make(map[string][]int, len(tasks))
	for i, t := range tasks {
		place[l.Name(t)] = append(place[l.Name(t)], i)
	}
	deepest := max(1, root.depth())
	var walk func(n *Node, depth int) []int
	walk = func(n *Node, depth int) []int {
		below := place[n.Name]
		if len(n.Children) == 0 {
			depth = deepest
		} else {
			below = nil
		}
		for _, child := range n.Children {
			below = append(below, walk(child, depth+1)...)
		}
		f(depth, deepest, p.variance(n, depth, deepest), below)
		return below
	}
	walk(root, 0)
}

// Open implements Learner.
func (p *Tree) Open() bool { return p.Root == nil }

// Learn implements Learner.
func (p *Tree) Learn(l Layout, w *num.Dense) (Penalty, error) {
	c, names := cosines(l, w)
	n := len(names)
	if n > mostLinked {
		return nil, fmt.Errorf("tree: %d tasks; a tree is learned of at most %d, so give one", n, mostLinked)
	}
	for i, v := range c.Data {
		c.Data[i] = 1 - v
	}
	merges := AverageLinkage(c)
	cube := math.Cbrt(float64(n))
	return p.TakeTree(grow(names, merges, int(math.Ceil(cube-1e-9)), int(math.Ceil(cube*cube-1e-9)))), nil
}

// Variants implements Penalty.
func (p *Tree) Variants() []Penalty {
	if p.Mu != 0 {
		return []Penalty{p}
	}
	var all []Penalty
	for _, mu := range []float64{0.01, 0.1, 1, 10} {
		all = append(all, &Tree{Mu: mu, Root: p.Root})
	}
	return all
}

// Parameters implements Penalty.
func (p *Tree) Parameters() map[string]float64 { return map[string]float64{"mu": p.mu()} }
