package tape

import (
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/param"
)

// join is an operation that makes each block of a block of every node it reads.
type join struct {
	in     []Node
	out    Node
	pieces []piece
}

func (o *join) reads() []Node          { return o.in }
func (o *join) made() Node             { return o.out }
func (o *join) params() []*param.Block { return nil }

// begin clears the gradients that several pieces add to, where nothing has
// been added yet.
func begin[F num.Float](r *Run[F], in []Node, p *pass[F]) {
	for _, n := range in {
		if r.wants(n) && r.fresh(n, p) {
			d := r.grads(n, r.lane(n, p), p)
			for i := range d.Rows {
				clear(row(d, i))
			}
		}
	}
}

// A concat puts columns side by side.
type concat struct{ join }

// Concat puts the columns of several nodes side by side.
func (g *Graph) Concat(in ...Node) Node {
	if len(in) == 1 {
		return in[0]
	}
	op := &concat{join{in: in}}
	op.out, op.pieces = g.join("columns side by side", func(blocks []int) int {
		w := 0
		for i, n := range in {
			w += g.nodes[n].width(blocks[i])
		}
		return w
	}, in...)
	for _, n := range in {
		g.even(n, "columns side by side")
	}
	return g.record(op)
}

func (o *concat) player32() player[float32] { return concatPlayer[float32]{o} }
func (o *concat) player64() player[float64] { return concatPlayer[float64]{o} }

type concatPlayer[F num.Float] struct{ *concat }

func (o concatPlayer[F]) forward(r *Run[F], lo, hi int) {
	r.pieces(o.out, o.pieces, func(c piece) {
		at, out := 0, r.value(o.out, c.out, lo, hi)
		for i, n := range o.in {
			x := r.value(n, c.in[i], lo, hi)
			for j := range x.Rows {
				copy(row(out, j)[at:], row(x, j))
			}
			at += x.Cols
		}
	})
}

func (o concatPlayer[F]) backward(r *Run[F], p *pass[F]) {
	begin(r, o.in, p)
	r.flow(o.out, o.pieces, p, func(c piece) {
		at, d := 0, r.grads(o.out, c.out, p)
		for i, n := range o.in {
			width := r.value(n, c.in[i], 0, 1).Cols
			if r.wants(n) {
				x := r.grads(n, c.in[i], p)
				for j := range x.Rows {
					num.Add(row(x, j), row(d, j)[at:at+width])
				}
			}
			at += width
		}
	})
}

// A slice is some columns of every block.
type slice struct {
	join
	lo, hi int
}

// Slice is the columns [lo, hi) of every block of a node.
func (g *Graph) Slice(x Node, lo, hi int) Node {
	g.even(x, "a slice of columns")
	op := &slice{join: join{in: []Node{x}}, lo: lo, hi: hi}
	v := g.nodes[x]
	op.out = g.value(equalBounds(v.blocks(), hi-lo), v.of)
	for b := range v.blocks() {
		op.pieces = append(op.pieces, piece{out: b, in: []int{b}})
	}
	return g.record(op)
}

func (o *slice) player32() player[float32] { return slicePlayer[float32]{o} }
func (o *slice) player64() player[float64] { return slicePlayer[float64]{o} }

type slicePlayer[F num.Float] struct{ *slice }

func (o slicePlayer[F]) forward(r *Run[F], lo, hi int) {
	r.pieces(o.out, o.pieces, func(c piece) {
		out, x := r.value(o.out, c.out, lo, hi), r.value(o.in[0], c.in[0], lo, hi)
		for j := range x.Rows {
			copy(row(out, j), row(x, j)[o.lo:o.hi])
		}
	})
}

func (o slicePlayer[F]) backward(r *Run[F], p *pass[F]) {
	begin(r, o.in, p)
	r.flow(o.out, o.pieces, p, func(c piece) {
		d, x := r.grads(o.out, c.out, p), r.grads(o.in[0], c.in[0], p)
		for j := range x.Rows {
			num.Add(row(x, j)[o.lo:o.hi], row(d, j))
		}
	})
}
