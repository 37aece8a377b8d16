package tape

import (
	"math"

	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/param"
)

// normEpsilon is added to variances.
const normEpsilon = 1e-5

// A norm centres and scales, then applies a learned gain and shift to each
// column: the common part of both kinds.
type norm struct {
	perRow
	gain, shift *param.Block
}

func (o *norm) params() []*param.Block { return []*param.Block{o.gain, o.shift} }

func (g *Graph) norm(name string, x Node) norm {
	v := &g.nodes[x]
	width := g.even(x, "a norm")
	u := users(v.of, v.blocks())
	add := func(suffix string, begin float64) *param.Block {
		return g.Block(&param.Block{Name: name + suffix, Cols: width, Bounds: equalBounds(v.blocks(), 1), Users: u, Init: param.Init{Value: begin}})
	}
	return norm{perRow: perRow{x: x, y: g.like(x)}, gain: add(".gain", 1), shift: add(".shift", 0)}
}

// A layerNorm normalizes each row of each block.
type layerNorm struct{ norm }

// LayerNorm is gain · (x − mean) / √(variance + 1e-5) + shift, with the mean and
// the variance of each row of each block.
//
// Ba, Kiros, Hinton, Layer normalization, arXiv 1607.06450, 2016.
func (g *Graph) LayerNorm(name string, x Node) Node {
	return g.record(&layerNorm{g.norm(name, x)})
}

func (o *layerNorm) player32() player[float32] { return layerNormPlayer[float32]{o} }
func (o *layerNorm) player64() player[float64] { return layerNormPlayer[float64]{o} }

type layerNormPlayer[F num.Float] struct{ *layerNorm }

// groups calls f for the blocks b of the rows [lo, hi), and in a long batch for
// the rows of each group.
func (o layerNormPlayer[F]) groups(r *Run[F], lo, hi, lane int, f func(b, lo, hi int)) {
	v := &r.graph.nodes[o.y]
	switch {
	case r.graph.Long && v.of != nil:
		r.segments(v.of, lo, hi, func(b, _, lo, hi int) { f(b, lo, hi) })
	case lane >= 0:
		o.flow(r.graph, lane, func(b int) { f(b, lo, hi) })
	default:
		o.blocks(r.graph, r.needs, func(b int) { f(b, lo, hi) })
	}
}

func (o layerNormPlayer[F]) forward(r *Run[F], lo, hi int) {
	gain, shift := r.of(o.gain), r.of(o.shift)
	o.groups(r, lo, hi, -1, func(b, lo, hi int) {
		y, x := r.value(o.y, b, lo, hi), r.value(o.x, b, lo, hi)
		k := b * y.Cols
		for i := range y.Rows {
			y, x := row(y, i), row(x, i)
			mean, scale := moments(x)
			for j, v := range x {
				y[j] = gain[k+j]*(v-mean)*scale + shift[k+j]
			}
		}
	})
}

// moments are the mean of x and 1/√(variance + ε).
func moments[F num.Float](x []F) (mean, scale F) {
	for _, v := range x {
		mean += v
	}
	mean /= F(len(x))
	var s F
	for _, v := range x {
		s += (v - mean) * (v - mean)
	}
	return mean, F(1 / math.Sqrt(float64(s)/float64(len(x))+normEpsilon))
}

// backward: with e = gain · dy and x̂ the normalized row,
// dx = scale (e − mean(e) − x̂ mean(e x̂)).
func (o layerNormPlayer[F]) backward(r *Run[F], p *pass[F]) {
	begin(r, []Node{o.x}, p)
	gain, dgain, dshift := r.of(o.gain), p.grad(o.gain), p.grad(o.shift)
	o.groups(r, p.lo, p.hi, p.lane, func(b, lo, hi int) {
		q := *p
		q.lo, q.hi = lo, hi
		x, d := r.value(o.x, b, lo, hi), r.grads(o.y, b, &q)
		var into num.View[F]
		if r.wants(o.x) {
			into = r.grads(o.x, b, &q)
		}
		k := b * x.Cols
		for i := range x.Rows {
			x, d := row(x, i), row(d, i)
			mean, scale := moments(x)
			var e, ex F
			for j, v := range x {
				hat := (v - mean) * scale
				dgain[k+j] += d[j] * hat
				dshift[k+j] += d[j]
				e += gain[k+j] * d[j]
				ex += gain[k+j] * d[j] * hat
			}
			if into.Cols == 0 {
				continue
			}
			e, ex = e/F(len(x)), ex/F(len(x))
			for j, v := range x {
				row(into, i)[j] += scale * (gain[k+j]*d[j] - e - (v-mean)*scale*ex)
			}
		}
	})
}

// A batchNorm normalizes each column.
type batchNorm struct {
	norm
	at int // of what was measured in the Run's State: means, then variances
}

// BatchNorm is gain · (x − mean) / √(variance + 1e-5) + shift with the mean and
// the variance of each column: while training those of the row's shard, then
// what Settle has averaged. Every task must read every block.
//
// Ioffe, Szegedy, Batch normalization, ICML 2015, algorithm 1; over shards:
// Hoffer, Hubara, Soudry, Train longer, generalize better, NeurIPS 2017,
// algorithm 1.
func (g *Graph) BatchNorm(name string, x Node) Node {
	if g.nodes[x].of != nil {
		panic("tape: batch norm of what only some tasks read")
	}
	op := &batchNorm{norm: g.norm(name, x), at: g.state}
	g.state += 2 * g.nodes[x].stride
	return g.record(op)
}

// scratch holds, for each shard, means and variances.
func (o *batchNorm) scratch(g *Graph, rows int) int {
	return (rows + Shard - 1) / Shard * 2 * g.nodes[o.y].stride
}

func (o *batchNorm) player32() player[float32] { return batchNormPlayer[float32]{o} }
func (o *batchNorm) player64() player[float64] { return batchNormPlayer[float64]{o} }

type batchNormPlayer[F num.Float] struct{ *batchNorm }

// measured are the means and variances for the shard that begins at row lo.
func (o batchNormPlayer[F]) measured(r *Run[F], lo int) (mean, variance []F) {
	w := r.graph.nodes[o.y].stride
	s := r.State[o.at : o.at+2*w]
	if r.Train {
		s = r.scratch[o.batchNorm][lo/Shard*2*w:][:2*w]
	}
	return s[:w], s[w:]
}

func (o batchNormPlayer[F]) forward(r *Run[F], lo, hi int) {
	x, y := r.value(o.x, all, lo, hi), r.value(o.y, all, lo, hi)
	mean, variance := o.measured(r, lo)
	if r.Train {
		measure(mean, variance, x)
	}
	gain, shift := r.of(o.gain), r.of(o.shift)
	for j := range x.Cols {
		a := gain[j] * F(1/math.Sqrt(float64(variance[j])+normEpsilon))
		for i := range x.Rows {
			y.Data[i*y.RowStep+j] = a*(x.Data[i*x.RowStep+j]-mean[j]) + shift[j]
		}
	}
}

// measure sets mean and variance to those of the columns of x.
func measure[F num.Float](mean, variance []F, x num.View[F]) {
	clear(mean)
	clear(variance)
	n := F(x.Rows)
	for i := range x.Rows {
		num.Add(mean, row(x, i))
	}
	for j := range mean {
		mean[j] /= n
	}
	for i := range x.Rows {
		for j, v := range row(x, i) {
			variance[j] += (v - mean[j]) * (v - mean[j]) / n
		}
	}
}

// backward: with the sums over the rows of the shard,
// dx = gain scale (dy − mean(dy) − x̂ mean(dy x̂)).
func (o batchNormPlayer[F]) backward(r *Run[F], p *pass[F]) {
	begin(r, []Node{o.x}, p)
	for lo := p.lo; lo < p.hi; lo = (lo/Shard + 1) * Shard {
		q := *p
		q.lo, q.hi = lo, min((lo/Shard+1)*Shard, p.hi)
		o.shard(r, &q)
	}
}

// shard plays back rows of one shard.
func (o batchNormPlayer[F]) shard(r *Run[F], p *pass[F]) {
	x, d := r.value(o.x, all, p.lo, p.hi), r.grads(o.y, all, p)
	mean, variance := o.measured(r, p.lo)
	gain, dgain, dshift := r.of(o.gain), p.grad(o.gain), p.grad(o.shift)
	var into num.View[F]
	if r.wants(o.x) {
		into = r.grads(o.x, all, p)
	}
	for j := range x.Cols {
		scale := F(1 / math.Sqrt(float64(variance[j])+normEpsilon))
		var e, ex F
		for i := range x.Rows {
			v := d.Data[i*d.RowStep+j]
			e += v
			ex += v * (x.Data[i*x.RowStep+j] - mean[j]) * scale
		}
		dgain[j] += ex
		dshift[j] += e
		if into.Cols == 0 {
			continue
		}
		if e, ex = e/F(x.Rows), ex/F(x.Rows); !r.Train || r.graph.Long && p.lane >= 0 {
			e, ex = 0, 0 // what was measured counts as constant
		}
		for i := range x.Rows {
			hat := (x.Data[i*x.RowStep+j] - mean[j]) * scale
			into.Data[i*into.RowStep+j] += gain[j] * scale * (d.Data[i*d.RowStep+j] - e - hat*ex)
		}
	}
}

// settling is how much of what was measured each batch replaces.
const settling = 0.1

// settle moves what was measured in State toward the batch's.
func (o batchNormPlayer[F]) settle(r *Run[F]) {
	w := r.graph.nodes[o.y].stride
	state := r.State[o.at : o.at+2*w]
	for j := range w {
		var mean, square float64
		for s := range r.Shards() {
			lo, hi := r.Bounds(s)
			part := r.scratch[o.batchNorm][s*2*w:]
			m := float64(part[j])
			mean += float64(hi-lo) * m
			square += float64(hi-lo) * (float64(part[w+j]) + m*m)
		}
		mean, square = mean/float64(r.rows), square/float64(r.rows)
		state[j] += settling * (F(mean) - state[j])
		state[w+j] += settling * (F(square-mean*mean) - state[w+j])
	}
}

// StateLen counts the numbers of a Run's State.
func (g *Graph) StateLen() int { return g.state }

// BeginState fills a State with what norms take for granted before the first
// batch: means of 0 and variances of 1.
func BeginState[F num.Float](g *Graph, state []F) {
	for _, op := range g.ops {
		if o, ok := op.(*batchNorm); ok {
			w := g.nodes[o.y].stride
			for j := range w {
				state[o.at+j], state[o.at+w+j] = 0, 1
			}
		}
	}
}

// Settle moves State toward what the batch just played showed. Called once a
// training step, after all shards went forward.
func (r *Run[F]) Settle() {
	for _, p := range r.players {
		if o, ok := p.(batchNormPlayer[F]); ok {
			o.settle(r)
		}
	}
}
