package tape

import (
	"slices"

	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/param"
)

// A Bank is dense layers side by side: rows of weights, one an output, of which
// each entry has some.
type Bank struct {
	weight, bias *param.Block
	of           []int
}

// Bank returns the layers called name. Entry e makes outs[e] outputs of in
// numbers. of names the entry of each task, −1 where it has none; nil: one entry
// that serves every task, or several that each task may use, such as experts.
func (g *Graph) Bank(name string, in int, outs, of []int, init param.Init) *Bank {
	bounds := make([]int, len(outs)+1)
	for e, k := range outs {
		bounds[e+1] = bounds[e] + k
	}
	u := users(of, len(outs))
	return &Bank{
		weight: g.Block(&param.Block{Name: name + ".weight", Cols: in, Bounds: bounds, Users: u, Decay: true, Init: init}),
		bias:   g.Block(&param.Block{Name: name + ".bias", Cols: 1, Bounds: bounds, Users: u}),
		of:     of,
	}
}

// A dense operation makes, of a block x of one node, for each entry of a bank
//
//	y = x Wᵀ + b,   or max(0, x Wᵀ + b)
type dense struct {
	*Bank
	x, y  Node
	from  [1]Node // x
	relu  bool
	holes bool   // some tasks have no entry
	once  bool   // each entry is used once
	links []link // one a block of y
	fused []link // those that read one block put together
}

// A link is entries of a bank that read one block and make neighbouring ones.
type link struct {
	in, entry, out int
	entries        int
	first          bool // it is the first that reads the block
}

// Dense makes the outputs of a bank, cut off below 0 where relu says so.
func (g *Graph) Dense(x Node, b *Bank, relu bool) Node {
	v := g.nodes[x]
	op := &dense{Bank: b, x: x, from: [1]Node{x}, relu: relu, holes: slices.Contains(b.of, -1)}
	switch {
	case b.of != nil && v.of != nil && !refines(b.of, v.of):
		if !refines(v.of, b.of) {
			panic("tape: a layer for tasks that read different blocks")
		}
		op.shareEntries(g, v)
	case b.of != nil:
		if v.of == nil && v.blocks() > 1 {
			panic("tape: a layer for each group of tasks reads parts; mix them first")
		}
		op.y = g.value(b.weight.Bounds, b.of)
		for e := range b.weight.Entries() {
			op.links = append(op.links, link{in: v.blockOf(first(b.of, e)), entry: e, out: e, entries: 1})
		}
	case v.blocks() == 1:
		op.y = g.value(b.weight.Bounds, nil)
		for e := range b.weight.Entries() {
			op.links = append(op.links, link{entry: e, out: e, entries: 1})
		}
	case b.weight.Entries() == 1:
		g.even(x, "a layer that all blocks share")
		op.y = g.value(equalBounds(v.blocks(), b.weight.Rows()), v.of)
		for k := range v.blocks() {
			op.links = append(op.links, link{in: k, out: k, entries: 1})
		}
	case v.of == nil && b.weight.Entries() == v.blocks():
		op.y = g.value(b.weight.Bounds, nil)
		for e := range v.blocks() {
			op.links = append(op.links, link{in: e, entry: e, out: e, entries: 1})
		}
	default:
		panic("tape: a bank of layers and the blocks it reads do not match")
	}
	op.fuse()
	return g.record(op)
}

// shareEntries makes a block of each block that is read, of the entry of its
// tasks.
func (o *dense) shareEntries(g *Graph, v node) {
	bounds := make([]int, v.blocks()+1)
	for k := range v.blocks() {
		e := o.of[first(v.of, k)]
		o.links = append(o.links, link{in: k, entry: e, out: k, entries: 1})
		bounds[k+1] = bounds[k] + o.weight.Bounds[e+1] - o.weight.Bounds[e]
	}
	o.y = g.value(bounds, v.of)
}

// first is the first task of a group.
func first(of []int, group int) int {
	for t, b := range of {
		if b == group {
			return t
		}
	}
	panic("tape: a group without a task")
}

// fuse puts together links that read the same block, and says of each link
// whether it is the first to read its block.
func (o *dense) fuse() {
	seen, used := map[int]bool{}, map[int]bool{}
	for i := range o.links {
		l := &o.links[i]
		used[l.entry] = true
		l.first = !seen[l.in]
		seen[l.in] = true
		if n := len(o.fused); n > 0 {
			last := &o.fused[n-1]
			if last.in == l.in && last.entry+last.entries == l.entry && last.out+last.entries == l.out {
				last.entries++
				continue
			}
		}
		o.fused = append(o.fused, *l)
	}
	o.once = len(used) == len(o.links) && len(used) == o.weight.Entries()
}

// sets tells whether a pass back sets the gradient of the parameters, and does
// not add to it.
func (o *dense) sets(g *Graph) bool {
	return o.once && !(g.Long && (o.Bank.of != nil || g.nodes[o.y].of != nil))
}

func (o *dense) reads() []Node             { return o.from[:] }
func (o *dense) made() Node                { return o.y }
func (o *dense) params() []*param.Block    { return []*param.Block{o.weight, o.bias} }
func (o *dense) player32() player[float32] { return densePlayer[float32]{o} }
func (o *dense) player64() player[float64] { return densePlayer[float64]{o} }

type densePlayer[F num.Float] struct{ *dense }

// weights is the entries of a bank as a matrix, and their biases.
func weights[F num.Float](b *Bank, w, bias []F, entry, entries int) (num.View[F], []F) {
	lo, hi := b.weight.Bounds[entry], b.weight.Bounds[entry+entries]
	return num.Of(w[lo*b.weight.Cols:hi*b.weight.Cols], hi-lo, b.weight.Cols), bias[lo:hi]
}

func (o densePlayer[F]) forward(r *Run[F], lo, hi int) {
	v := &r.graph.nodes[o.y]
	switch {
	case r.graph.Long && o.Bank.of != nil:
		r.segments(o.Bank.of, lo, hi, func(e, task, lo, hi int) { o.make(r, o.link(r, e, task), lo, hi) })
	case r.graph.Long && v.of != nil:
		o.make(r, o.links[0], lo, hi)
	case r.active != nil && r.active[o.y] != nil:
		for _, l := range o.links {
			if r.active[o.y][l.out] {
				o.make(r, l, lo, hi)
			}
		}
	default:
		for _, l := range o.fused {
			o.make(r, l, lo, hi)
		}
	}
}

// link is the one of a task, of entry e.
func (o densePlayer[F]) link(r *Run[F], e, task int) link {
	return link{in: r.graph.nodes[o.x].blockOf(task), entry: e, out: r.graph.nodes[o.y].of[task], entries: 1, first: !o.holes}
}

// make computes the blocks of one link.
func (o densePlayer[F]) make(r *Run[F], l link, lo, hi int) {
	w, bias := weights(o.Bank, r.of(o.weight), r.of(o.bias), l.entry, l.entries)
	y := o.blocks(r, l, r.values[o.y], lo, hi)
	num.Multiply(y, r.value(o.x, l.in, lo, hi), w.T(), num.Finish[F]{Bias: bias, ReLU: o.relu})
}

// blocks is the columns that a link makes, in data.
func (o densePlayer[F]) blocks(r *Run[F], l link, data []F, lo, hi int) num.View[F] {
	v := &r.graph.nodes[o.y]
	if r.graph.Long && v.of != nil {
		return window(data, v.stride, 0, v.width(l.out), lo, hi)
	}
	at, end := v.bounds[l.out], v.bounds[l.out+l.entries]
	return window(data, v.stride, at, end-at, lo, hi)
}

func (o densePlayer[F]) backward(r *Run[F], p *pass[F]) {
	v := &r.graph.nodes[o.y]
	if o.holes {
		begin(r, o.reads(), p)
	}
	switch {
	case r.graph.Long && o.Bank.of != nil:
		r.segments(o.Bank.of, p.lo, p.hi, func(e, task, lo, hi int) {
			q := *p
			q.lo, q.hi = lo, hi
			l := o.link(r, e, task)
			o.undo(r, l, &q, o.blocks(r, l, r.adjoint[o.y], lo, hi), false)
		})
	case r.graph.Long && v.of != nil:
		o.undo(r, o.links[0], p, o.blocks(r, o.links[0], r.adjoint[o.y], p.lo, p.hi), false)
	case p.lane >= 0 && !r.graph.Long && v.of != nil && v.of[p.lane] < 0:
	case p.lane >= 0 && !r.graph.Long && v.of != nil:
		l := o.links[v.of[p.lane]]
		l.first = !o.holes
		o.undo(r, l, p, r.grads(o.y, l.out, p), false)
	default:
		for _, l := range o.fused {
			l.first = l.first && !o.holes
			d := r.grads(o.y, all, p)
			o.undo(r, l, p, o.blocks(r, l, d.Data, 0, d.Rows), o.sets(r.graph))
		}
	}
}

// undo takes the gradient d of the blocks of one link to the block it reads and
// to the weights, whose gradient it sets or adds to.
func (o densePlayer[F]) undo(r *Run[F], l link, p *pass[F], d num.View[F], sets bool) {
	if d.Rows == 0 {
		return
	}
	if o.relu {
		rowsOf(d, o.blocks(r, l, r.values[o.y], p.lo, p.hi), num.ReluGrad[F])
	}
	gw, gb := weights(o.Bank, p.grad(o.weight), p.grad(o.bias), l.entry, l.entries)
	if sets {
		clear(gb)
	}
	for i := range d.Rows {
		num.Add(gb, row(d, i))
	}
	num.Multiply(gw, d.T(), r.value(o.x, l.in, p.lo, p.hi), num.Finish[F]{Add: !sets})
	if r.wants(o.x) {
		w, _ := weights(o.Bank, r.of(o.weight), r.of(o.bias), l.entry, l.entries)
		add := !(l.first && r.fresh(o.x, p))
		num.Multiply(r.grads(o.x, l.in, p), d, w, num.Finish[F]{Add: add})
	}
}
