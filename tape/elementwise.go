package tape

import (
	"fmt"

	"github.com/kindred-mtl/kindred/num"
)

// An elementwise operation makes a number of the numbers at its place in
// several nodes. A block that serves more tasks than another is read again for
// each of them.
type elementwise struct {
	join
	rule  rule
	every []int // all, for both sides
}

// rule names what is done.
type rule int

const (
	sum     rule = iota // a + b
	product             // a · b
	film                // (1 + γ) a + β, with [γ β] the second
	dots                // Σ a · b over the columns: one number a block
)

// Add adds two nodes of one width.
func (g *Graph) Add(a, b Node) Node { return g.elementwise("a sum", sum, a, b) }

// Mul multiplies two nodes of one width, number by number.
func (g *Graph) Mul(a, b Node) Node { return g.elementwise("a product", product, a, b) }

// FiLM scales and shifts the numbers of a: y = (1 + γ) a + β, where γ is the
// first half of the columns of b, and β the second.
//
// Perez, Strub, de Vries, Dumoulin, Courville, FiLM: visual reasoning with a
// general conditioning layer, AAAI 2018.
func (g *Graph) FiLM(a, b Node) Node { return g.elementwise("FiLM", film, a, b) }

// Dot is Σ_j a_j b_j for each row: one number a block.
func (g *Graph) Dot(a, b Node) Node { return g.elementwise("a dot product", dots, a, b) }

func (g *Graph) elementwise(what string, rule rule, a, b Node) Node {
	op := &elementwise{join: join{in: []Node{a, b}}, rule: rule, every: []int{all, all}}
	op.out, op.pieces = g.join(what, func(in []int) int {
		want, have := g.nodes[a].width(in[0]), g.nodes[b].width(in[1])
		if rule == film && have != 2*want || rule != film && have != want {
			panic(fmt.Sprintf("tape: %s of %d and %d columns", what, want, have))
		}
		if rule == dots {
			return 1
		}
		return want
	}, a, b)
	return g.record(op)
}

func (o *elementwise) player32() player[float32] { return elementwisePlayer[float32]{o} }
func (o *elementwise) player64() player[float64] { return elementwisePlayer[float64]{o} }

type elementwisePlayer[F num.Float] struct{ *elementwise }

func (o elementwisePlayer[F]) forward(r *Run[F], lo, hi int) {
	r.pieces(o.out, o.pieces, func(c piece) {
		c = o.whole(r, c)
		y, a, b := r.value(o.out, c.out, lo, hi), r.value(o.in[0], c.in[0], lo, hi), r.value(o.in[1], c.in[1], lo, hi)
		for i := range y.Rows {
			combine(o.rule, row(y, i), row(a, i), row(b, i))
		}
	})
}

// whole is all that a row of a long batch holds, as wide as its task's block is
// or wider.
func (o elementwisePlayer[F]) whole(r *Run[F], c piece) piece {
	if r.graph.Long && r.graph.nodes[o.out].of != nil {
		c.out, c.in = all, o.every
	}
	return c
}

func combine[F num.Float](rule rule, y, a, b []F) {
	switch rule {
	case sum:
		for i, v := range a {
			y[i] = v + b[i]
		}
	case product:
		for i, v := range a {
			y[i] = v * b[i]
		}
	case film:
		for i, v := range a {
			y[i] = (1+b[i])*v + b[len(a)+i]
		}
	case dots:
		y[0] = num.Inner(a, b)
	}
}

func (o elementwisePlayer[F]) backward(r *Run[F], p *pass[F]) {
	begin(r, o.in, p)
	r.flow(o.out, o.pieces, p, func(c piece) {
		c = o.whole(r, c)
		d := r.grads(o.out, c.out, p)
		for side, n := range o.in {
			if !r.wants(n) {
				continue
			}
			into := r.grads(n, c.in[side], p)
			a, b := r.value(o.in[0], c.in[0], p.lo, p.hi), r.value(o.in[1], c.in[1], p.lo, p.hi)
			for i := range d.Rows {
				o.spread(side, row(into, i), row(d, i), row(a, i), row(b, i))
			}
		}
	})
}

// spread adds the gradient d to that of the operand on one side.
func (o elementwisePlayer[F]) spread(side int, into, d, a, b []F) {
	other := b
	if side == 1 {
		other = a
	}
	switch o.rule {
	case sum:
		num.Add(into, d)
	case product:
		for i, v := range d {
			into[i] += v * other[i]
		}
	case film:
		for i, v := range d {
			if side == 0 {
				into[i] += (1 + b[i]) * v
			} else {
				into[i] += a[i] * v
				into[len(d)+i] += v
			}
		}
	case dots:
		for i, v := range other {
			into[i] += d[0] * v
		}
	}
}
