package tape

import (
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/param"
)

// A choice is learned weights of parts, the same for every row.
type choice struct {
	logits *param.Block
	y      Node
}

// Choose is, for each task (or, where by is false, for each of so many new
// parts), weights of parts to mix:
//
//	w = softmax(a / Heat)
//
// of learned numbers a. As the temperature Heat of the Run falls, each comes to
// choose one part.
//
// The relaxation: Liu, Simonyan, Yang, DARTS: differentiable architecture
// search, ICLR 2019, eq. (2). Branching learned so: Guo, Lee, Ulbricht, Learning
// to branch for multi-task learning, ICML 2020, who add Gumbel noise.
func (g *Graph) Choose(name string, parts, blocks int, byTask bool) Node {
	var of []int
	if byTask {
		blocks = g.Tasks()
		of = make([]int, blocks)
		for t := range of {
			of[t] = t
		}
	}
	b := g.Block(&param.Block{Name: name, Cols: parts, Bounds: equalBounds(blocks, 1), Users: users(of, blocks), Init: param.Init{Range: choiceRange}})
	return g.record(&choice{logits: b, y: g.value(equalBounds(blocks, parts), of)})
}

// choiceRange bounds the numbers that choices begin with: all parts weigh about
// the same, but no two tasks begin alike.
const choiceRange = 0.01

func (o *choice) reads() []Node             { return nil }
func (o *choice) made() Node                { return o.y }
func (o *choice) params() []*param.Block    { return []*param.Block{o.logits} }
func (o *choice) player32() player[float32] { return choicePlayer[float32]{o} }
func (o *choice) player64() player[float64] { return choicePlayer[float64]{o} }

type choicePlayer[F num.Float] struct{ *choice }

func (r *Run[F]) heat() F {
	if r.Heat == 0 {
		return 1
	}
	return F(r.Heat)
}

func (o choicePlayer[F]) forward(r *Run[F], lo, hi int) {
	a, k, y := r.of(o.logits), o.logits.Cols, r.value(o.y, all, lo, hi)
	for i := range y.Rows {
		y := row(y, i)
		from := a
		if len(y) < len(a) { // a long batch: only the weights of the row's task
			at := int(r.Task[lo+i]) * k
			from = a[at : at+k]
		}
		if i > 0 && len(y) == len(a) {
			copy(y, row(r.value(o.y, all, lo, hi), 0))
			continue
		}
		for j, v := range from {
			y[j] = v / r.heat()
		}
		for b := 0; b < len(y); b += k {
			num.SoftmaxRow(y[b:b+k], y[b:b+k])
		}
	}
}

func (o choicePlayer[F]) backward(r *Run[F], p *pass[F]) {
	k, g := o.logits.Cols, p.grad(o.logits)
	only := r.lane(o.y, p)
	y, d := r.value(o.y, only, p.lo, p.hi), r.grads(o.y, only, p)
	at := max(only, 0) * k
	for i := range d.Rows {
		y, d := row(y, i), row(d, i)
		if r.graph.Long && len(y) < len(g) {
			at = int(r.Task[p.lo+i]) * k
		}
		for b := 0; b < len(y); b += k {
			mean := num.Inner(d[b:b+k], y[b:b+k])
			for j := b; j < b+k; j++ {
				g[at+j] += y[j] * (d[j] - mean) / r.heat()
			}
		}
	}
}
