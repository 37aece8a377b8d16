package solve

import (
	"math"

	"github.com/kindred-mtl/kindred/num"
)

// panelWidth is how many columns of the rows a panel has.
const panelWidth = 64

// panelBlocks move residuals as residualBlocks do, a panel of neighbouring
// columns of the rows at a time: one product of matrices is the gradient of the
// panel, its own Gram matrices move that while the panel is swept, and another
// product moves the residuals.
type panelBlocks struct {
	f      *rowFeatures
	k      int
	x      []*num.Matrix // of each group √w X, rows × the set
	moving []float64     // of each group √w r, rows × columns, then the columns' shifts
	starts []int
	grams  [][]*num.Dense // of each panel, once it was swept, of each group

	at    int         // the panel that is swept, or −1
	panel *gramBlocks // it
	moves *num.Dense  // of it that the residuals have not made: panelWidth × k
	moved bool        // one is not 0
	limit float64     // of what sweeps of panels may cost
}

func newPanelBlocks(f *rowFeatures) *panelBlocks {
	b := &panelBlocks{f: f, k: f.p.Columns(), starts: make([]int, len(f.groups)+1), moves: num.NewDense(panelWidth, f.p.Columns())}
	b.grams = make([][]*num.Dense, (len(f.set)+panelWidth-1)/panelWidth)
	for i := range f.groups {
		b.x = append(b.x, scaled(f.sub[i].x, f.weight[i]))
		b.starts[i+1] = b.starts[i] + len(f.r[i]) + len(f.groups[i].columns)
	}
	b.moving = make([]float64, b.starts[len(f.groups)])
	return b
}

// scaled is x, whose rows lie behind one another, times the roots of weights.
func scaled(x *num.Matrix, weight []float64) *num.Matrix {
	if weight == nil {
		return x
	}
	out := num.NewMatrix(x.Rows, x.Cols)
	for i, w := range weight {
		_, value := x.Row(i)
		num.Axpy(math.Sqrt(w), value, out.Data[i*x.Cols:(i+1)*x.Cols])
	}
	return out
}

// begin takes the residuals from the rows. Sweeps are to end when they have cost
// as much as limit, together with those before.
func (b *panelBlocks) begin(limit float64) {
	b.limit = limit
	for i, r := range b.f.r {
		to, shift := b.parts(i)
		copy(to, r)
		clear(shift)
		for at := range to {
			to[at] *= root(b.f.weight[i], at/len(shift))
		}
	}
	b.at, b.moved = -1, false
	clear(b.moves.Data)
}

// parts are the residuals and the shifts of a group.
func (b *panelBlocks) parts(i int) (r, shift []float64) {
	all := b.moving[b.starts[i]:b.starts[i+1]]
	n := len(b.f.r[i])
	return all[:n], all[n:]
}

// spent tells whether sweeps have cost their limit.
func (b *panelBlocks) spent() bool { return b.f.swept >= b.limit }

// columns are those of a panel.
func (b *panelBlocks) columns(panel int) (lo, hi int) {
	return panel * panelWidth, min(len(b.f.set), (panel+1)*panelWidth)
}

func (b *panelBlocks) gradient(a int) []float64 {
	b.turn(a / panelWidth)
	return b.panel.gradient(a % panelWidth)
}

func (b *panelBlocks) diagonal(a int) []float64 {
	b.turn(a / panelWidth)
	return b.panel.diagonal(a % panelWidth)
}

func (b *panelBlocks) move(a int, by []float64) {
	b.turn(a / panelWidth)
	b.panel.move(a%panelWidth, by)
	num.Axpy(1, by, b.moves.Row(a%panelWidth))
	b.moved = true
}

func (b *panelBlocks) image() []float64 {
	b.settle()
	b.at = -1 // the caller may change it
	return b.moving
}

// turn to a panel.
func (b *panelBlocks) turn(panel int) {
	if panel == b.at {
		return
	}
	b.settle()
	lo, hi := b.columns(panel)
	if b.grams[panel] == nil {
		b.grams[panel] = b.gramsOf(lo, hi)
	}
	set, grams := make([]int, hi-lo), make([]*num.Dense, b.k)
	for a := range set {
		set[a] = a
	}
	for i := range b.f.groups {
		for _, c := range b.f.groups[i].columns {
			grams[c] = b.grams[panel][i]
		}
	}
	g := num.NewDense(hi-lo, b.k)
	b.slopes(g, lo, hi)
	b.at, b.panel = panel, newGramBlocks(grams, set, g)
	b.f.swept += b.f.moved() * float64(hi-lo)
}

// gramsOf are the Gram matrices of a panel.
func (b *panelBlocks) gramsOf(lo, hi int) []*num.Dense {
	out := make([]*num.Dense, len(b.x))
	num.Each(len(out), len(b.moving)*(hi-lo)*(hi-lo), func(i int) {
		mean, x := make([]float64, hi-lo), *b.f.sub[i].x
		for a := range mean {
			mean[a] = b.f.mean[i][b.f.set[lo+a]]
		}
		x.Start, x.Cols = make([]int, x.Rows), hi-lo
		for r := range x.Start {
			x.Start[r] = r*len(b.f.set) + lo
		}
		out[i] = num.Gram(&x, b.f.weight[i], mean)
	})
	return out
}

// slopes sets g to the gradient of the columns from lo to hi,
//
//	−Σ w (x − x̄) r = −(Σ √w x · √w r + shift Σ w x̄).
func (b *panelBlocks) slopes(g *num.Dense, lo, hi int) {
	for i := range b.x {
		columns, sums := b.f.groups[i].columns, b.products(i, lo, hi)
		_, shift := b.parts(i)
		for c, at := range columns {
			for a, v := range sums.Row(c) {
				g.Set(a, at, -(v + shift[c]*b.f.total[i]*b.f.mean[i][b.f.set[lo+a]]))
			}
		}
	}
}

// products are the residuals of a group, transposed, times its rows: columns ×
// (hi − lo), added up over so many rows at a time.
func (b *panelBlocks) products(i, lo, hi int) *num.Dense {
	const together = 1024
	x, k := b.x[i], len(b.f.groups[i].columns)
	r, _ := b.parts(i)
	left, right := num.Of(r, x.Rows, k), num.Of(x.Data, x.Rows, x.Cols).Slice(0, x.Rows, lo, hi)
	parts := make([]*num.Dense, max(1, (x.Rows+together-1)/together))
	num.Each(len(parts), x.Rows*k*(hi-lo), func(p int) {
		top, end := p*together, min(x.Rows, (p+1)*together)
		parts[p] = num.NewDense(k, hi-lo)
		num.Multiply(parts[p].View(), left.Slice(top, end, 0, k).T(), right.Slice(top, end, 0, hi-lo), num.Finish[float64]{})
	})
	for _, part := range parts[1:] {
		num.Axpy(1, part.Data, parts[0].Data)
	}
	return parts[0]
}

// settle makes the moves that the residuals have not made.
func (b *panelBlocks) settle() {
	if !b.moved {
		return
	}
	lo, hi := b.columns(b.at)
	for i, x := range b.x {
		columns := b.f.groups[i].columns
		k, by := len(columns), num.NewDense(hi-lo, len(columns))
		r, shift := b.parts(i)
		for a := range hi - lo {
			for c, at := range columns {
				v := b.moves.At(a, at)
				by.Set(a, c, -v)
				shift[c] += v * b.f.mean[i][b.f.set[lo+a]]
			}
		}
		num.MultiplyParallel(num.Of(r, x.Rows, k), num.Of(x.Data, x.Rows, x.Cols).Slice(0, x.Rows, lo, hi), by.View(), num.Finish[float64]{Add: true})
	}
	clear(b.moves.Data)
	b.moved = false
}

func (b *panelBlocks) gradients(out []float64) {
	b.settle()
	b.slopes(&num.Dense{Rows: len(b.f.set), Cols: b.k, Data: out}, 0, len(b.f.set))
}

// squares is Σ w r² = Σ (√w r)² + 2 shift Σ √w·√w r + shift² Σ w.
func (b *panelBlocks) squares() float64 {
	b.settle()
	sum := 0.0
	for i, w := range b.f.weight {
		r, shift := b.parts(i)
		sum += num.Dot(r, r)
		k, along := len(shift), make([]float64, len(shift))
		for at := 0; at < len(r); at += k {
			num.Axpy(root(w, at/k), r[at:at+k], along)
		}
		for c, s := range shift {
			sum += s * (2*along[c] + s*b.f.total[i])
		}
	}
	return sum
}
