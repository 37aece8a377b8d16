package tape

import (
	"fmt"
	"math"

	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/param"
)

// A perRow operation makes each row of a block of the same row of one other.
type perRow struct {
	x, y Node
}

func (o *perRow) reads() []Node          { return []Node{o.x} }
func (o *perRow) made() Node             { return o.y }
func (o *perRow) params() []*param.Block { return nil }

// blocks calls f for the blocks that a pass forward needs, one by one.
func (o *perRow) blocks(g *Graph, needs func(Node, int) bool, f func(b int)) {
	v := &g.nodes[o.y]
	if g.Long && v.of != nil {
		f(0)
		return
	}
	for b := range v.blocks() {
		if needs(o.y, b) {
			f(b)
		}
	}
}

// flow calls f for those that flow back.
func (o *perRow) flow(g *Graph, lane int, f func(b int)) {
	v := &g.nodes[o.y]
	switch {
	case g.Long && v.of != nil:
		f(0)
	case v.of != nil && lane >= 0:
		f(v.of[lane])
	default:
		for b := range v.blocks() {
			f(b)
		}
	}
}

// A softmax makes each row of each block positive, with the sum 1.
type softmax struct{ perRow }

// Softmax is e^x_k / Σ_j e^x_j over the columns of each block.
func (g *Graph) Softmax(x Node) Node {
	g.even(x, "softmax")
	return g.record(&softmax{perRow{x: x, y: g.like(x)}})
}

func (o *softmax) player32() player[float32] { return softmaxPlayer[float32]{o} }
func (o *softmax) player64() player[float64] { return softmaxPlayer[float64]{o} }

type softmaxPlayer[F num.Float] struct{ *softmax }

func (o softmaxPlayer[F]) forward(r *Run[F], lo, hi int) {
	o.blocks(r.graph, r.needs, func(b int) {
		y, x := r.value(o.y, b, lo, hi), r.value(o.x, b, lo, hi)
		for i := range y.Rows {
			lower(row(y, i), row(x, i))
		}
	})
	r.each(o.y, func(b int) {
		y := r.value(o.y, b, lo, hi)
		rowsOf(y, y, num.Exp[F])
	})
	o.blocks(r.graph, r.needs, func(b int) {
		y := r.value(o.y, b, lo, hi)
		for i := range y.Rows {
			divide(row(y, i))
		}
	})
}

// lower sets y to x less its largest number.
func lower[F num.Float](y, x []F) {
	top := x[0]
	for _, v := range x {
		top = max(top, v)
	}
	for i, v := range x {
		y[i] = v - top
	}
}

// divide divides y by its sum.
func divide[F num.Float](y []F) {
	var s F
	for _, v := range y {
		s += v
	}
	for i := range y {
		y[i] /= s
	}
}

// backward: dx = y ∘ (dy − ⟨dy, y⟩).
func (o softmaxPlayer[F]) backward(r *Run[F], p *pass[F]) {
	begin(r, []Node{o.x}, p)
	if !r.wants(o.x) {
		return
	}
	o.flow(r.graph, p.lane, func(b int) {
		y, d, into := r.value(o.y, b, p.lo, p.hi), r.grads(o.y, b, p), r.grads(o.x, b, p)
		for i := range y.Rows {
			y, d, into := row(y, i), row(d, i), row(into, i)
			mean := num.Inner(d, y)
			for k, v := range y {
				into[k] += v * (d[k] - mean)
			}
		}
	})
}

// A mix is a weighted sum of parts.
type mix struct {
	join
	parts int
}

// Mix is Σ_k w_k x_k over the parts x_k, of one width, with weights from the
// columns of w: a block of weights for each group of tasks makes a block of sums
// for each.
func (g *Graph) Mix(w, x Node) Node {
	k, v := g.even(w, "weights of a mixture"), g.nodes[x]
	if v.of != nil || v.blocks() != k {
		panic(fmt.Sprintf("tape: %d weights for %d parts", k, v.blocks()))
	}
	op := &mix{join: join{in: []Node{w, x}}, parts: k}
	width, from := g.even(x, "a mixture"), g.nodes[w]
	op.out = g.value(equalBounds(from.blocks(), width), from.of)
	for b := range from.blocks() {
		op.pieces = append(op.pieces, piece{out: b, in: []int{b, 0}})
	}
	return g.record(op)
}

func (o *mix) player32() player[float32] { return mixPlayer[float32]{o} }
func (o *mix) player64() player[float64] { return mixPlayer[float64]{o} }

type mixPlayer[F num.Float] struct{ *mix }

func (o mixPlayer[F]) forward(r *Run[F], lo, hi int) {
	if o.whole(r) && r.active == nil {
		y, w, x := r.value(o.out, all, lo, hi), r.value(o.in[0], all, lo, hi), r.value(o.in[1], all, lo, hi)
		for i := range y.Rows {
			w, x := o.matrices(w, x, i)
			num.Multiply(num.Of(row(y, i), w.Rows, x.Cols), w, x, num.Finish[F]{})
		}
		return
	}
	r.pieces(o.out, o.pieces, func(c piece) {
		y, w, x := r.value(o.out, c.out, lo, hi), r.value(o.in[0], c.in[0], lo, hi), r.value(o.in[1], all, lo, hi)
		for i := range y.Rows {
			y, w, x := row(y, i), row(w, i), row(x, i)
			clear(y)
			for k, a := range w {
				num.AddScaled(y, a, x[k*len(y):(k+1)*len(y)])
			}
		}
	})
}

func (o mixPlayer[F]) backward(r *Run[F], p *pass[F]) {
	begin(r, o.in, p)
	weights, parts := r.wants(o.in[0]), r.wants(o.in[1])
	if o.whole(r) && p.lane < 0 {
		o.undo(r, p, weights, parts)
		return
	}
	r.flow(o.out, o.pieces, p, func(c piece) {
		d, w, x := r.grads(o.out, c.out, p), r.value(o.in[0], c.in[0], p.lo, p.hi), r.value(o.in[1], all, p.lo, p.hi)
		var dw, dx num.View[F]
		if weights {
			dw = r.grads(o.in[0], c.in[0], p)
		}
		if parts {
			dx = r.grads(o.in[1], all, p)
		}
		for i := range d.Rows {
			d, w, x := row(d, i), row(w, i), row(x, i)
			for k, a := range w {
				lo, hi := k*len(d), (k+1)*len(d)
				if weights {
					row(dw, i)[k] += num.Inner(d, x[lo:hi])
				}
				if parts {
					num.AddScaled(row(dx, i)[lo:hi], a, d)
				}
			}
		}
	})
}

// whole tells whether a row holds every mixture: then they are one product of
// matrices.
func (o mixPlayer[F]) whole(r *Run[F]) bool {
	return !r.graph.Long || r.graph.nodes[o.out].of == nil
}

// matrices are the weights in row i, a row for each mixture, and the parts,
// which lie below one another.
func (o mixPlayer[F]) matrices(w, x num.View[F], i int) (num.View[F], num.View[F]) {
	return num.Of(row(w, i), w.Cols/o.parts, o.parts), num.Of(row(x, i), o.parts, x.Cols/o.parts)
}

// undo is backward of all mixtures at once.
func (o mixPlayer[F]) undo(r *Run[F], p *pass[F], weights, parts bool) {
	d, w, x := r.grads(o.out, all, p), r.value(o.in[0], all, p.lo, p.hi), r.value(o.in[1], all, p.lo, p.hi)
	var dw, dx num.View[F]
	if weights {
		dw = r.grads(o.in[0], all, p)
	}
	if parts {
		dx = r.grads(o.in[1], all, p)
	}
	add := num.Finish[F]{Add: true}
	for i := range d.Rows {
		w, x := o.matrices(w, x, i)
		d := num.Of(row(d, i), w.Rows, x.Cols)
		if weights {
			into := row(dw, i)
			for j := range into { // so few products that dots are faster
				into[j] += num.Inner(d.Row(j/o.parts), x.Row(j%o.parts))
			}
		}
		if parts {
			num.Multiply(num.Of(row(dx, i), x.Rows, x.Cols), w.T(), d, add)
		}
	}
}

// A unit operation scales rows to length 1.
type unit struct{ perRow }

// Unit divides each row of each block by its length, √(Σ x² + ε).
func (g *Graph) Unit(x Node) Node {
	g.even(x, "unit length")
	return g.record(&unit{perRow{x: x, y: g.like(x)}})
}

// tiny keeps a length above 0.
const tiny = 1e-12

func (o *unit) player32() player[float32] { return unitPlayer[float32]{o} }
func (o *unit) player64() player[float64] { return unitPlayer[float64]{o} }

type unitPlayer[F num.Float] struct{ *unit }

func (o unitPlayer[F]) forward(r *Run[F], lo, hi int) {
	o.blocks(r.graph, r.needs, func(b int) {
		y, x := r.value(o.y, b, lo, hi), r.value(o.x, b, lo, hi)
		for i := range y.Rows {
			y, x := row(y, i), row(x, i)
			s := F(1 / math.Sqrt(float64(num.Inner(x, x))+tiny))
			for k, v := range x {
				y[k] = s * v
			}
		}
	})
}

// backward: dx = (dy − ⟨dy, y⟩ y) / ‖x‖.
func (o unitPlayer[F]) backward(r *Run[F], p *pass[F]) {
	begin(r, []Node{o.x}, p)
	if !r.wants(o.x) {
		return
	}
	o.flow(r.graph, p.lane, func(b int) {
		x, y, d, into := r.value(o.x, b, p.lo, p.hi), r.value(o.y, b, p.lo, p.hi), r.grads(o.y, b, p), r.grads(o.x, b, p)
		for i := range x.Rows {
			x, y, d, into := row(x, i), row(y, i), row(d, i), row(into, i)
			s, along := F(1/math.Sqrt(float64(num.Inner(x, x))+tiny)), num.Inner(d, y)
			for k, v := range y {
				into[k] += s * (d[k] - along*v)
			}
		}
	})
}
