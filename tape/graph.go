// Package tape records the operations of a network once, and plays them, and
// their gradients back, for any batch of rows.
//
// A [Graph] is what was recorded: values ([Node]) and the operations that make
// them. A [Run] plays it over one arena of numbers, so that after it is made
// nothing is allocated. Rows are played in shards of [Shard] rows, each by one
// goroutine; what shards sum goes to places of their own and is added in their
// order. Results never depend on how many goroutines there are.
//
// # Tasks
//
// A value is one block of columns that serves every task, or several: one for
// each group of tasks (the outputs of towers, the levels of a hierarchy), or
// parts that every task may use (experts). A batch is wide or long:
//
//   - wide: tasks share rows. Every row holds every block, and each task reads
//     its own.
//   - long: a row belongs to one task, and holds only the block of that task.
//     The rows of a task are neighbours.
//
// Operations say the same in both; a network is recorded once for each.
package tape

import (
	"fmt"

	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/param"
)

// Shard is the number of rows that one goroutine plays in one piece.
const Shard = 128

// A Node is a value of the network: some numbers for each row.
type Node int

// A node is what is known of a value before it is computed.
type node struct {
	bounds []int // the columns at which the blocks of a wide batch begin, and the end
	of     []int // the block of each task, −1: none; nil: every block serves every task
	stride int   // how many numbers a row holds in memory
	leaf   bool  // nothing learned lies behind it: no gradient flows into it
	first  int   // the operation that reads it last, whose gradient comes first
}

func (n *node) blocks() int     { return len(n.bounds) - 1 }
func (n *node) width(b int) int { return n.bounds[b+1] - n.bounds[b] }
func (n *node) common() bool    { return n.of == nil && n.blocks() == 1 }
func (n *node) blockOf(t int) int { // of a task
	if n.of == nil {
		return 0
	}
	return n.of[t]
}

// A Graph is the operations of a network, for wide or for long batches.
type Graph struct {
	Params *param.Layout
	Long   bool

	nodes  []node
	ops    []operation
	inputs []Node // dense ones
	codes  int    // columns of codes
	bags   int    // sparse inputs
	state  int    // numbers that norms measure
	blocks map[string]*param.Block
}

// An operation makes one node of others.
type operation interface {
	// reads lists the nodes it reads, made its own.
	reads() []Node
	made() Node
	// params lists the learned blocks it reads. No other operation reads them.
	params() []*param.Block
	player32() player[float32]
	player64() player[float64]
}

// A player plays an operation.
type player[F num.Float] interface {
	// forward computes the rows [lo, hi).
	forward(r *Run[F], lo, hi int)
	// backward brings the gradient from the node made to those read, and adds
	// that of the parameters to p's.
	backward(r *Run[F], p *pass[F])
}

// NewGraph begins a graph for so many tasks. params is a new layout, or the
// sealed one of a graph of the same network for batches of the other kind.
func NewGraph(params *param.Layout, long bool) *Graph {
	g := &Graph{Params: params, Long: long, blocks: map[string]*param.Block{}}
	for _, b := range params.Blocks {
		g.blocks[b.Name] = b
	}
	return g
}

// Tasks counts the tasks.
func (g *Graph) Tasks() int { return g.Params.Tasks }

// Block returns the parameters called b.Name: b, if there are none yet.
func (g *Graph) Block(b *param.Block) *param.Block {
	if known := g.blocks[b.Name]; known != nil {
		if known.Len() != b.Len() || known.Cols != b.Cols {
			panic(fmt.Sprintf("tape: %q is %d × %d, not %d × %d", b.Name, known.Rows(), known.Cols, b.Rows(), b.Cols))
		}
		return known
	}
	g.blocks[b.Name] = b
	return g.Params.Add(b)
}

// value adds a node of blocks of these bounds.
func (g *Graph) value(bounds, of []int) Node {
	n := node{bounds: bounds, of: of, stride: bounds[len(bounds)-1]}
	if g.Long && of != nil {
		n.stride = 0
		for b := range n.blocks() {
			n.stride = max(n.stride, n.width(b))
		}
	}
	g.nodes = append(g.nodes, n)
	return Node(len(g.nodes) - 1)
}

// like adds a node of the shape of another.
func (g *Graph) like(n Node) Node { return g.value(g.nodes[n].bounds, g.nodes[n].of) }

// record adds an operation. The gradient of a node is first set, by the last
// operation that reads it, then added to.
func (g *Graph) record(op operation) Node {
	leaf := len(op.params()) == 0
	for _, n := range op.reads() {
		g.nodes[n].first = len(g.ops)
		leaf = leaf && g.nodes[n].leaf
	}
	g.nodes[op.made()].leaf = leaf
	g.ops = append(g.ops, op)
	return op.made()
}

// even demands blocks of one width, for operations that do not tell the tasks
// of long batches apart.
func (g *Graph) even(n Node, what string) int {
	v := &g.nodes[n]
	for b := range v.blocks() {
		if v.width(b) != v.width(0) {
			panic(fmt.Sprintf("tape: %s needs blocks of one width, not of %d and %d", what, v.width(0), v.width(b)))
		}
	}
	return v.width(0)
}

// Width is the number of columns of a node's block, the widest one.
func (g *Graph) Width(n Node) int {
	w := 0
	for b := range g.nodes[n].blocks() {
		w = max(w, g.nodes[n].width(b))
	}
	return w
}

// Place is the column where the outputs of task t begin in a row of n, and how
// many there are.
func (g *Graph) Place(n Node, t int) (at, width int) {
	v := &g.nodes[n]
	b := v.blockOf(t)
	if g.Long && v.of != nil {
		return 0, v.width(b)
	}
	return v.bounds[b], v.width(b)
}

// Stride is how many numbers a row of n holds.
func (g *Graph) Stride(n Node) int { return g.nodes[n].stride }

// RowLen is how many numbers a Run holds for each row.
func (g *Graph) RowLen() int {
	n := 0
	for i := range g.nodes {
		n += g.nodes[i].stride
	}
	return n
}

// Input is the next dense input, of so many columns.
func (g *Graph) Input(width int) Node {
	n := g.value([]int{0, width}, nil)
	g.nodes[n].leaf = true
	g.inputs = append(g.inputs, n)
	return n
}

// bounds of k blocks of one width.
func equalBounds(k, width int) []int {
	b := make([]int, k+1)
	for i := range b {
		b[i] = i * width
	}
	return b
}

// users lists, for each of k groups, the tasks in it.
func users(of []int, k int) [][]int {
	if of == nil {
		return nil
	}
	u := make([][]int, k)
	for t, b := range of {
		if b >= 0 {
			u[b] = append(u[b], t)
		}
	}
	return u
}

// A piece is a block that an operation makes of blocks of what it reads, and a
// task that it serves.
type piece struct {
	out, task int
	in        []int
}

// join is what an operation makes of nodes of different blocks: a block for
// every task if any of them has, else one, or as many parts as they have.
func (g *Graph) join(what string, width func(in []int) int, in ...Node) (Node, []piece) {
	var of []int
	blocks := 1
	for _, n := range in {
		v := &g.nodes[n]
		switch {
		case v.of != nil && of == nil:
			of, blocks = v.of, v.blocks()
		case v.of != nil:
			of, blocks = finer(of, v.of, what)
		case v.blocks() > 1 && of == nil:
			blocks = v.blocks()
		}
	}
	pieces := make([]piece, blocks)
	bounds := make([]int, blocks+1)
	for b := range pieces {
		p := piece{out: b, in: make([]int, len(in))}
		for t, at := range of {
			if at == b {
				p.task = t
				break
			}
		}
		for i, n := range in {
			v := &g.nodes[n]
			switch {
			case v.of != nil:
				p.in[i] = v.of[p.task]
			case v.blocks() == blocks:
				p.in[i] = b
			case v.blocks() > 1:
				panic(fmt.Sprintf("tape: %s of %d and %d parts", what, v.blocks(), blocks))
			}
		}
		pieces[b] = p
		bounds[b+1] = bounds[b] + width(p.in)
	}
	return g.value(bounds, of), pieces
}

// finer is the finer one of two partitions of the tasks, of which one refines
// the other.
func finer(a, b []int, what string) ([]int, int) {
	switch {
	case refines(a, b):
		return a, most(a) + 1
	case refines(b, a):
		return b, most(b) + 1
	}
	panic("tape: " + what + " of groups of tasks that cross")
}

// refines tells whether tasks of one group in a are of one group in b.
func refines(a, b []int) bool {
	at := make([]int, most(a)+1)
	for i := range at {
		at[i] = -1
	}
	for t, g := range a {
		if g < 0 {
			continue
		}
		if at[g] < 0 {
			at[g] = b[t]
		}
		if at[g] != b[t] {
			return false
		}
	}
	return true
}

func most(a []int) int {
	m := 0
	for _, v := range a {
		m = max(m, v)
	}
	return m
}

// CommonNode tells whether one block of n serves every task.
func (g *Graph) CommonNode(n Node) bool { return g.nodes[n].common() }

// Nested tells whether a Bank with these entries for the tasks can read n: the
// tasks of an entry read one block, or the tasks of a block have one entry.
func (g *Graph) Nested(n Node, of []int) bool {
	v := g.nodes[n].of
	return v == nil || refines(of, v) || refines(v, of)
}

// BlockOf is the block of each task in n; nil: every block serves every task.
func (g *Graph) BlockOf(n Node) []int { return g.nodes[n].of }

// Blocks lists the learned numbers in the order of the operations that read
// them.
func (g *Graph) Blocks() []*param.Block {
	var blocks []*param.Block
	for _, op := range g.ops {
		blocks = append(blocks, op.params()...)
	}
	return blocks
}

// Made is the node that an operation makes of a block.
func (g *Graph) Made(b *param.Block) (Node, bool) {
	for _, op := range g.ops {
		for _, p := range op.params() {
			if p == b {
				return op.made(), true
			}
		}
	}
	return 0, false
}

// Bias is where the constants lie that are added to the outputs of task t in n,
// if n is made by a layer.
func (g *Graph) Bias(n Node, t int) (lo, hi int, ok bool) {
	for _, op := range g.ops {
		if e, ok := op.(*elementwise); ok && e.out == n && e.rule == sum {
			return g.Bias(e.in[0], t)
		}
		if d, dense := op.(*dense); dense && d.y == n && d.of != nil && d.of[t] >= 0 {
			lo, hi = d.bias.Entry(d.of[t])
			return lo, hi, true
		}
	}
	return 0, 0, false
}
