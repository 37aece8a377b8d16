package tape

import (
	"math/rand/v2"

	"github.com/kindred-mtl/kindred/num"
)

// A dropout drops numbers while it trains.
type dropout struct {
	perRow
	rate float64
	id   uint64 // of the random stream: its place among the operations
}

// Dropout replaces each number by 0 with the probability rate and divides the
// others by 1 − rate, while training; then it does nothing. What is dropped
// depends on the Run's Seed and the row's shard, not on who plays it.
//
// Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, Dropout: a simple
// way to prevent neural networks from overfitting, JMLR 15, 2014.
func (g *Graph) Dropout(x Node, rate float64) Node {
	if rate == 0 {
		return x
	}
	return g.record(&dropout{perRow: perRow{x: x, y: g.like(x)}, rate: rate, id: uint64(len(g.ops))})
}

// scratch holds the factor of each number.
func (o *dropout) scratch(g *Graph, rows int) int { return rows * g.nodes[o.y].stride }

func (o *dropout) player32() player[float32] { return dropoutPlayer[float32]{o} }
func (o *dropout) player64() player[float64] { return dropoutPlayer[float64]{o} }

type dropoutPlayer[F num.Float] struct{ *dropout }

// factors is a block of the factors, shaped as the node.
func (o dropoutPlayer[F]) factors(r *Run[F], b, lo, hi int) num.View[F] {
	v := &r.graph.nodes[o.y]
	at, width := 0, v.stride
	if b != all {
		at, width = v.bounds[b], v.width(b)
	}
	return window(r.scratch[o.dropout], v.stride, at, width, lo, hi)
}

func (o dropoutPlayer[F]) forward(r *Run[F], lo, hi int) {
	if r.Train {
		o.draw(r, lo, hi)
	}
	r.each(o.y, func(b int) {
		rowsOf4(r.value(o.y, b, lo, hi), r.value(o.x, b, lo, hi), o.factors(r, b, lo, hi), num.View[F]{}, func(y, x, f, _ []F) {
			copy(y, x)
			if r.Train {
				for i, v := range f {
					y[i] *= v
				}
			}
		})
	})
}

// draw draws the factors of a shard, 32 bits each.
func (o dropoutPlayer[F]) draw(r *Run[F], lo, hi int) {
	stride := r.graph.nodes[o.y].stride
	var random rand.PCG
	random.Seed(r.Seed, o.id<<32+uint64(lo/Shard))
	keep, limit := F(1/(1-o.rate)), uint32(o.rate*(1<<32-1))
	f := r.scratch[o.dropout][lo*stride : hi*stride]
	for i := 0; i < len(f); i += 2 {
		bits := random.Uint64()
		for j := i; j < min(i+2, len(f)); j++ {
			f[j] = 0
			if uint32(bits) >= limit {
				f[j] = keep
			}
			bits >>= 32
		}
	}
}

func (o dropoutPlayer[F]) backward(r *Run[F], p *pass[F]) {
	if !r.wants(o.x) {
		return
	}
	b := r.lane(o.y, p)
	d, f, into, fresh := r.grads(o.y, b, p), o.factors(r, b, p.lo, p.hi), r.grads(o.x, b, p), r.fresh(o.x, p)
	for i := range d.Rows {
		d, f, into := row(d, i), row(f, i), row(into, i)
		if fresh {
			clear(into)
		}
		for j, v := range d {
			if r.Train {
				v *= f[j]
			}
			into[j] += v
		}
	}
}
