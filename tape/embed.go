package tape

import (
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/param"
)

// An embed looks up a vector for each row.
type embed struct {
	table  *param.Block
	column int // of codes; −1: the row's task
	y      Node
}

// Embed looks up the row of the table named by the next column of codes: one
// vector for each level of a category. A code outside the table is its last
// row, which stands for what is not known.
func (g *Graph) Embed(name string, levels, width int) Node {
	b := g.Block(&param.Block{Name: name, Cols: width, Bounds: []int{0, levels + 1}, Init: param.Init{Range: embedRange}})
	g.codes++
	return g.record(&embed{table: b, column: g.codes - 1, y: g.value([]int{0, width}, nil)})
}

// embedRange bounds the numbers that vectors begin with.
const embedRange = 0.05

// TaskVectors is, for each task, a vector of its own.
func (g *Graph) TaskVectors(name string, width int, init param.Init) Node {
	of := make([]int, g.Tasks())
	for t := range of {
		of[t] = t
	}
	b := g.Block(&param.Block{Name: name, Cols: width, Bounds: equalBounds(len(of), 1), Users: users(of, len(of)), Init: init})
	return g.record(&embed{table: b, column: -1, y: g.value(equalBounds(len(of), width), of)})
}

func (o *embed) reads() []Node             { return nil }
func (o *embed) made() Node                { return o.y }
func (o *embed) params() []*param.Block    { return []*param.Block{o.table} }
func (o *embed) player32() player[float32] { return embedPlayer[float32]{o} }
func (o *embed) player64() player[float64] { return embedPlayer[float64]{o} }

type embedPlayer[F num.Float] struct{ *embed }

// vector is the place of the vector of row i.
func (o embedPlayer[F]) vector(r *Run[F], i int) int {
	if o.column < 0 {
		return int(r.Task[i]) * o.table.Cols
	}
	code, last := int(r.Codes[o.column][i]), o.table.Rows()-1
	if code < 0 || code > last {
		code = last
	}
	return code * o.table.Cols
}

// wide tells whether a row holds the vectors of all tasks.
func (o embedPlayer[F]) wide(r *Run[F]) bool { return o.column < 0 && !r.graph.Long }

func (o embedPlayer[F]) forward(r *Run[F], lo, hi int) {
	table, y := r.of(o.table), r.value(o.y, all, lo, hi)
	for i := range y.Rows {
		if o.wide(r) {
			copy(row(y, i), table)
			continue
		}
		at := o.vector(r, lo+i)
		copy(row(y, i), table[at:at+o.table.Cols])
	}
}

func (o embedPlayer[F]) backward(r *Run[F], p *pass[F]) {
	g, d := p.grad(o.table), r.grads(o.y, all, p)
	for i := range d.Rows {
		switch {
		case o.wide(r) && p.lane >= 0:
			at := p.lane * o.table.Cols
			num.Add(g[at:at+o.table.Cols], row(d, i))
		case o.wide(r):
			num.Add(g, row(d, i))
		default:
			at := o.vector(r, p.lo+i)
			num.Add(g[at:at+o.table.Cols], row(d, i))
		}
	}
}

// A bag adds up weighted vectors.
type bag struct {
	table *param.Block
	input int
	y     Node
}

// Bag is Σ_j v_j W_j over the numbers v_j of the next sparse input that are not
// 0, with a vector W_j for each of its columns: a dense layer without bias whose
// input is sparse.
func (g *Graph) Bag(name string, columns, width int, init param.Init) Node {
	b := g.Block(&param.Block{Name: name, Cols: width, Bounds: []int{0, columns}, Decay: true, Init: init})
	g.bags++
	return g.record(&bag{table: b, input: g.bags - 1, y: g.value([]int{0, width}, nil)})
}

func (o *bag) reads() []Node             { return nil }
func (o *bag) made() Node                { return o.y }
func (o *bag) params() []*param.Block    { return []*param.Block{o.table} }
func (o *bag) player32() player[float32] { return bagPlayer[float32]{o} }
func (o *bag) player64() player[float64] { return bagPlayer[float64]{o} }

type bagPlayer[F num.Float] struct{ *bag }

// stored calls f with the value of each number of row i and the place of its
// vector.
func (o bagPlayer[F]) stored(r *Run[F], i int, f func(v F, at int)) {
	in := &r.Bags[o.input]
	for j := in.Start[i]; j < in.Start[i+1]; j++ {
		f(in.Value[j], int(in.Index[j])*o.table.Cols)
	}
}

func (o bagPlayer[F]) forward(r *Run[F], lo, hi int) {
	table, y := r.of(o.table), r.value(o.y, all, lo, hi)
	for i := range y.Rows {
		y := row(y, i)
		clear(y)
		o.stored(r, lo+i, func(v F, at int) { num.AddScaled(y, v, table[at:at+len(y)]) })
	}
}

func (o bagPlayer[F]) backward(r *Run[F], p *pass[F]) {
	g, d := p.grad(o.table), r.grads(o.y, all, p)
	for i := range d.Rows {
		d := row(d, i)
		o.stored(r, p.lo+i, func(v F, at int) { num.AddScaled(g[at:at+len(d)], v, d) })
	}
}
