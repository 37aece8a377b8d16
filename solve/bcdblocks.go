package solve

import (
	"math"

	"github.com/kindred-mtl/kindred/num"
)

// gramBlocks move gradients by Gram matrices of the working set, m × m.
type gramBlocks struct {
	m, k   int
	grams  []*num.Dense // of each column
	diag   []float64    // m × k
	moving []float64    // the gradient before the moves that wait, transposed: k × m
	wait   []float64    // k × 4 moves of the rows from first on
	first  int          // −1: none waits
	row    []float64    // of the gradient, k
}

func newGramBlocks(grams []*num.Dense, set []int, g *num.Dense) *gramBlocks {
	b := &gramBlocks{m: len(set), k: len(grams), grams: grams, row: make([]float64, len(grams))}
	b.diag, b.moving, b.wait, b.first = make([]float64, b.m*b.k), make([]float64, b.m*b.k), make([]float64, 4*b.k), -1
	for a, j := range set {
		for c, v := range g.Row(j) {
			b.moving[c*b.m+a] = v
			b.diag[a*b.k+c] = grams[c].At(a, a)
		}
	}
	return b
}

func (b *gramBlocks) diagonal(a int) []float64 { return b.diag[a*b.k : (a+1)*b.k] }

func (b *gramBlocks) image() []float64 {
	b.settle()
	return b.moving
}

func (b *gramBlocks) gradient(a int) []float64 {
	for c := range b.row {
		b.row[c] = b.moving[c*b.m+a]
	}
	if b.first < 0 {
		return b.row
	}
	for c, g := range b.grams {
		four, by := g.Row(a)[b.first:], b.wait[4*c:4*c+4]
		for i, v := range four[:min(4, len(four))] {
			b.row[c] += by[i] * v
		}
	}
	return b.row
}

func (b *gramBlocks) gradients(out []float64) {
	b.settle()
	for a := range b.m {
		copy(out[a*b.k:(a+1)*b.k], b.gradient(a))
	}
}

// move waits for four neighbours, which pass through the memory together.
func (b *gramBlocks) move(a int, by []float64) {
	if first := a &^ 3; first != b.first {
		b.settle()
		b.first = first
	}
	for c, v := range by {
		b.wait[4*c+a-b.first] += v
	}
}

// settle makes the moves that wait.
func (b *gramBlocks) settle() {
	if b.first < 0 {
		return
	}
	lo, hi := b.first, min(b.first+4, b.m)
	for c, g := range b.grams {
		to, by := b.moving[c*b.m:(c+1)*b.m], b.wait[4*c:4*c+4]
		if hi-lo == 4 {
			num.Axpy4(to, by, g.Data[lo*b.m:hi*b.m])
			continue
		}
		for a := lo; a < hi; a++ {
			num.Axpy(by[a-lo], g.Row(a), to)
		}
	}
	clear(b.wait)
	b.first = -1
}

// residualBlocks move residuals by columns of the rows. Both are scaled by √w;
// the shift of the intercept, which touches every row, is kept apart.
type residualBlocks struct {
	f       *rowFeatures
	k       int
	columns [][]column // of each group
	diag    []float64
	moving  []float64 // of each group columns × n, then the columns' shifts
	starts  []int
	g       []float64
}

// A column of a matrix: at rows index, or at all where it is nil.
type column struct {
	index []int32
	value []float64
	mean  float64
}

func newResidualBlocks(f *rowFeatures) *residualBlocks {
	b := &residualBlocks{f: f, k: f.p.Columns(), columns: make([][]column, len(f.groups)), starts: make([]int, len(f.groups)+1)}
	for i, r := range f.r {
		b.starts[i+1] = b.starts[i] + len(r) + len(f.groups[i].columns)
	}
	b.g, b.diag = make([]float64, b.k), make([]float64, len(f.set)*b.k)
	b.moving = make([]float64, b.starts[len(f.groups)])
	num.For(len(f.groups), b.fill)
	for a := range f.set {
		for i := range f.groups {
			c := &b.columns[i][a]
			square := num.Dot(c.value, c.value) - f.total[i]*c.mean*c.mean
			for _, at := range f.groups[i].columns {
				b.diag[a*b.k+at] = math.Max(0, square)
			}
		}
	}
	return b
}

// fill turns the rows of a group into columns.
func (b *residualBlocks) fill(i int) {
	f, x, k := b.f, b.f.sub[i].x, len(b.f.groups[i].columns)
	out := make([]column, len(f.set))
	for a, j := range f.set {
		out[a].mean = f.mean[i][j]
		if x.Sparse() {
			out[a].index = []int32{}
		} else {
			out[a].value = make([]float64, 0, x.Rows)
		}
	}
	for r := range x.Rows {
		root := 1.0
		if f.weight[i] != nil {
			root = math.Sqrt(f.weight[i][r])
		}
		index, value := x.Row(r)
		for e, v := range value {
			a := e
			if index != nil {
				a = int(index[e])
				out[a].index = append(out[a].index, int32(r))
			}
			out[a].value = append(out[a].value, root*v)
		}
		for c := range k {
			b.moving[b.starts[i]+c*x.Rows+r] = root * f.r[i][r*k+c]
		}
	}
	b.columns[i] = out
}

func (b *residualBlocks) diagonal(a int) []float64 { return b.diag[a*b.k : (a+1)*b.k] }
func (b *residualBlocks) image() []float64         { return b.moving }

// parts are the residuals and the shifts of a group.
func (b *residualBlocks) parts(i int) (r, shift []float64) {
	all := b.moving[b.starts[i]:b.starts[i+1]]
	n := len(b.f.r[i])
	return all[:n], all[n:]
}

// gradient of group i is −Σ w (x − x̄) r = −(Σ √w x · √w r + shift Σ w x̄).
func (b *residualBlocks) gradient(a int) []float64 {
	for i := range b.columns {
		columns := b.f.groups[i].columns
		k, col := len(columns), &b.columns[i][a]
		r, shift := b.parts(i)
		sum := make([]float64, k)
		n := len(r) / k
		for c := range sum {
			own := r[c*n : (c+1)*n]
			if col.index == nil {
				sum[c] = num.Dot(col.value, own)
				continue
			}
			for e, at := range col.index {
				sum[c] += col.value[e] * own[at]
			}
		}
		for c, at := range columns {
			b.g[at] = -(sum[c] + shift[c]*b.f.total[i]*col.mean)
		}
	}
	return b.g
}

func (b *residualBlocks) move(a int, by []float64) {
	for i := range b.columns {
		columns := b.f.groups[i].columns
		k, col := len(columns), &b.columns[i][a]
		r, shift := b.parts(i)
		n := len(r) / k
		for c, at := range columns {
			shift[c] += by[at] * col.mean
			own := r[c*n : (c+1)*n]
			if col.index == nil {
				num.Axpy(-by[at], col.value, own)
				continue
			}
			for e, row := range col.index {
				own[row] -= by[at] * col.value[e]
			}
		}
	}
}

func (b *residualBlocks) squares() float64 {
	sum := 0.0
	for i, w := range b.f.weight {
		r, shift := b.parts(i)
		n := len(r) / len(shift)
		sum += num.Dot(r, r)
		for c, s := range shift {
			along := 0.0
			for at, v := range r[c*n : (c+1)*n] {
				along += v * root(w, at)
			}
			sum += s * (2*along + s*b.f.total[i])
		}
	}
	return sum
}

// root is √w of a row.
func root(w []float64, i int) float64 {
	if w == nil {
		return 1
	}
	return math.Sqrt(w[i])
}

func (b *residualBlocks) gradients(out []float64) {
	for a := range b.f.set {
		copy(out[a*b.k:(a+1)*b.k], b.gradient(a))
	}
}
