package tape

import (
	"fmt"

	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/param"
)

// A Run plays a graph. It is the arena of one batch at a time: one goroutine
// each may play different shards of it at once.
type Run[F num.Float] struct {
	Params []F // what is learned; the caller's

	// The batch: Resize, then fill in.
	Codes [][]int32 // of each column of codes, one a row
	Bags  []Bag[F]  // the sparse inputs
	Task  []int32   // long: the task of each row, ascending
	Train bool      // whether dropout drops and norms measure
	Seed  uint64    // of what dropout drops: another one each step
	State []F       // what norms have measured; the caller's
	Heat  float64   // the temperature of choices; 0: 1

	graph    *Graph
	players  []player[F]
	rows     int
	most     int
	values   [][]F
	adjoint  [][]F
	lanes    [][]F // of each node, one adjoint a task; made when first asked for
	active   [][]bool
	scratch  map[operation][]F
	passes   []pass[F]      // of each shard
	added    []*param.Block // whose gradients operations add to; the others they set
	jacobian []F            // of Gram
}

// A Bag is a sparse input: row i holds Value[j] in column Index[j], for j from
// Start[i] up to Start[i+1].
type Bag[F num.Float] struct {
	Start []int
	Index []int32
	Value []F
}

// NewRun makes the arena for at most so many rows.
func NewRun[F num.Float](g *Graph, params []F, rows int) *Run[F] {
	r := &Run[F]{
		Params: params, graph: g, most: rows, scratch: map[operation][]F{},
		passes: make([]pass[F], (rows+Shard-1)/Shard),
		Bags:   make([]Bag[F], g.bags), Codes: make([][]int32, g.codes), Task: make([]int32, rows),
		values: make([][]F, len(g.nodes)), adjoint: make([][]F, len(g.nodes)), players: make([]player[F], len(g.ops)),
	}
	for c := range r.Codes {
		r.Codes[c] = make([]int32, rows)
	}
	for n := range g.nodes {
		r.values[n] = make([]F, rows*g.nodes[n].stride)
	}
	for i, op := range g.ops {
		switch players := any(r.players).(type) {
		case []player[float32]:
			players[i] = op.player32()
		case []player[float64]:
			players[i] = op.player64()
		}
		if s, ok := op.(interface{ scratch(g *Graph, rows int) int }); ok {
			r.scratch[op] = make([]F, s.scratch(g, rows))
		}
	}
	r.added = g.added()
	return r
}

// added lists the blocks whose gradients operations add to.
func (g *Graph) added() []*param.Block {
	set := map[*param.Block]bool{}
	for _, op := range g.ops {
		if d, ok := op.(*dense); ok && d.sets(g) {
			set[d.weight], set[d.bias] = true, true
		}
	}
	var added []*param.Block
	for _, b := range g.Params.Blocks {
		if !set[b] {
			added = append(added, b)
		}
	}
	return added
}

// Resize says how many rows the batch has.
func (r *Run[F]) Resize(rows int) {
	if rows > r.most {
		panic(fmt.Sprintf("tape: %d rows in an arena for %d", rows, r.most))
	}
	r.rows = rows
}

// Rows counts the rows of the batch.
func (r *Run[F]) Rows() int { return r.rows }

// Shards counts the shards of the batch.
func (r *Run[F]) Shards() int { return (r.rows + Shard - 1) / Shard }

// Bounds are the rows of a shard.
func (r *Run[F]) Bounds(shard int) (lo, hi int) {
	return shard * Shard, min((shard+1)*Shard, r.rows)
}

// Input is the numbers of dense input i, to be filled in.
func (r *Run[F]) Input(i int) []F { return r.Value(r.graph.inputs[i]) }

// Value is the numbers of a node, Stride a row.
func (r *Run[F]) Value(n Node) []F {
	return r.values[n][:r.rows*r.graph.nodes[n].stride]
}

// Adjoint is the gradient of a node, shaped as Value: the caller sets those of
// the outputs.
func (r *Run[F]) Adjoint(n Node) []F {
	if r.adjoint[n] == nil {
		r.adjoint[n] = make([]F, r.most*r.graph.nodes[n].stride)
	}
	return r.adjoint[n][:r.rows*r.graph.nodes[n].stride]
}

// Only plays only what these tasks of a wide batch need; nil: all.
func (r *Run[F]) Only(tasks []int) {
	r.active = nil
	if tasks == nil || r.graph.Long {
		return
	}
	r.active = make([][]bool, len(r.graph.nodes))
	for n := range r.graph.nodes {
		v := &r.graph.nodes[n]
		if v.of == nil {
			continue
		}
		r.active[n] = make([]bool, v.blocks())
		for _, t := range tasks {
			if v.of[t] >= 0 {
				r.active[n][v.of[t]] = true
			}
		}
	}
}

// needs tells whether block b of a node is computed.
func (r *Run[F]) needs(n Node, b int) bool {
	return r.active == nil || r.active[n] == nil || r.active[n][b]
}

// Forward plays a shard.
func (r *Run[F]) Forward(shard int) {
	lo, hi := r.Bounds(shard)
	for _, p := range r.players {
		p.forward(r, lo, hi)
	}
}

// Ready makes what Backward needs, before shards are played back at once.
func (r *Run[F]) Ready() {
	for n := range r.graph.nodes {
		if !r.graph.nodes[n].leaf {
			r.Adjoint(Node(n))
		}
	}
}

// Backward plays a shard back, from the adjoints of the outputs, and sets g to
// the gradient of the parameters.
func (r *Run[F]) Backward(shard int, g []F) {
	lo, hi := r.Bounds(shard)
	for _, b := range r.added {
		clear(g[b.At : b.At+b.Len()])
	}
	p := &r.passes[shard]
	*p = pass[F]{lo: lo, hi: hi, lane: -1, g: g}
	for i := len(r.players) - 1; i >= 0; i-- {
		r.back(i, p)
	}
}

// back plays one operation back.
func (r *Run[F]) back(i int, p *pass[F]) {
	op := r.graph.ops[i]
	if r.graph.nodes[op.made()].leaf {
		return
	}
	p.op = i
	r.players[i].backward(r, p)
}

// A pass is what is played back: which rows, for which task, and where the
// gradient of the parameters goes.
type pass[F num.Float] struct {
	lo, hi int
	lane   int   // the task whose gradient flows alone, or −1
	g      []F   // of the parameters
	at     []int // where each block begins in g; nil: where the layout has it
	op     int
}

// grad is the part of g for a block.
func (p *pass[F]) grad(b *param.Block) []F {
	at := b.At
	if p.at != nil {
		at = p.at[b.Index()]
	}
	return p.g[at : at+b.Len()]
}

// of is the learned numbers of a block.
func (r *Run[F]) of(b *param.Block) []F { return r.Params[b.At : b.At+b.Len()] }

// all names every block of a node, as one wide one.
const all = -1

// value is the rows [lo, hi) of a block of a node.
func (r *Run[F]) value(n Node, b, lo, hi int) num.View[F] {
	v := &r.graph.nodes[n]
	at, width := 0, v.stride
	switch {
	case b == all:
	case r.graph.Long && v.of != nil:
		width = v.width(b)
	default:
		at, width = v.bounds[b], v.width(b)
	}
	return window(r.values[n], v.stride, at, width, lo, hi)
}

// grads is the same of its adjoint, in the pass p.
func (r *Run[F]) grads(n Node, b int, p *pass[F]) num.View[F] {
	v := &r.graph.nodes[n]
	if p.lane >= 0 && !r.graph.Long {
		stride := r.laneStride(n)
		at, width := 0, stride
		switch {
		case b == all:
		case v.of != nil:
			width = v.width(b)
		default:
			at, width = v.bounds[b], v.width(b)
		}
		return window(r.lanes[n][p.lane*r.most*stride:], stride, at, width, p.lo, p.hi)
	}
	at, width := 0, v.stride
	switch {
	case b == all:
	case r.graph.Long && v.of != nil:
		width = v.width(b)
	default:
		at, width = v.bounds[b], v.width(b)
	}
	return window(r.adjoint[n], v.stride, at, width, p.lo, p.hi)
}

func window[F num.Float](data []F, stride, at, width, lo, hi int) num.View[F] {
	v := num.View[F]{Rows: hi - lo, Cols: width, RowStep: stride, ColStep: 1}
	if hi > lo && width > 0 {
		v.Data = data[lo*stride+at : (hi-1)*stride+at+width]
	}
	return v
}

// fresh tells whether the gradient of n is set here, and not added to.
func (r *Run[F]) fresh(n Node, p *pass[F]) bool { return r.graph.nodes[n].first == p.op }

// wants tells whether gradient flows into n.
func (r *Run[F]) wants(n Node) bool { return !r.graph.nodes[n].leaf }

// each calls f for the blocks of n that a pass forward needs: once for all
// where every one of them is.
func (r *Run[F]) each(n Node, f func(b int)) {
	if r.active == nil || r.active[n] == nil {
		f(all)
		return
	}
	for b, on := range r.active[n] {
		if on {
			f(b)
		}
	}
}

// lane is the block of n that flows back in a pass: all, or that of the task.
func (r *Run[F]) lane(n Node, p *pass[F]) int {
	v := &r.graph.nodes[n]
	if p.lane < 0 || v.of == nil || r.graph.Long {
		return all
	}
	return v.of[p.lane]
}

// flow calls f for the pieces that flow back in a pass.
func (r *Run[F]) flow(made Node, pieces []piece, p *pass[F], f func(piece)) {
	only := r.lane(made, p)
	for _, c := range pieces {
		if only == all || c.out == only {
			f(c)
		}
		if r.graph.Long && r.graph.nodes[made].of != nil {
			return // the one block a row holds
		}
	}
}

// pieces calls f for the pieces that a pass forward needs.
func (r *Run[F]) pieces(made Node, pieces []piece, f func(piece)) {
	for _, c := range pieces {
		if r.needs(made, c.out) {
			f(c)
		}
		if r.graph.Long && r.graph.nodes[made].of != nil {
			return
		}
	}
}

// segments calls f for the runs of neighbouring rows in [lo, hi) of a long
// batch whose tasks are of one group.
func (r *Run[F]) segments(of []int, lo, hi int, f func(group, task, lo, hi int)) {
	for lo < hi {
		task := int(r.Task[lo])
		end := lo + 1
		for end < hi && of[r.Task[end]] == of[task] {
			end++
		}
		if of[task] >= 0 {
			f(of[task], task, lo, end)
		}
		lo = end
	}
}

// rowsOf calls f with row i of two views of one shape, or once with all the
// numbers where there are no gaps.
func rowsOf[F num.Float](a, b num.View[F], f func(a, b []F)) {
	if a.Rows == 0 || a.Cols == 0 {
		return
	}
	if a.RowStep == a.Cols && b.RowStep == b.Cols {
		f(a.Data[:a.Rows*a.Cols], b.Data[:a.Rows*a.Cols])
		return
	}
	for i := range a.Rows {
		f(row(a, i), row(b, i))
	}
}

func row[F num.Float](v num.View[F], i int) []F {
	return v.Data[i*v.RowStep : i*v.RowStep+v.Cols : i*v.RowStep+v.Cols]
}
