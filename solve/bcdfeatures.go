package solve

import (
	"math"
	"slices"

	"github.com/kindred-mtl/kindred/num"
)

// usual is how many sweeps a round takes, about; few, how many it takes at least.
const (
	usual = 20
	few   = 3
)

// features is the squared loss as block descent sees it.
type features interface {
	// least is how many features a working set has at least, where so many
	// violate the conditions.
	least() int
	// use sets the working set; W is 0 outside it from then on.
	use(set []int)
	// refresh sets g to the gradient at w and b to the best intercepts, and
	// returns the weighted sum of the squared residuals.
	refresh(g, w *num.Dense, b []float64) float64
	// blocks are the rows of the working set, right after refresh.
	blocks(w, g *num.Dense) blocks
}

// blocks are the rows of W in the working set, by their place in it.
type blocks interface {
	gradient(a int) []float64
	diagonal(a int) []float64 // (G_t)_jj of each column
	move(a int, by []float64) // tells that row a moved
	image() []float64         // all that moves, affine in W
	gradients(out []float64)
}

// residuals are blocks that know them.
type residuals interface {
	blocks
	squares() float64 // their weighted sum
}

func newFeatures(p *Problem) features {
	if p.moments != nil || whole(p) || p.Features() <= 256 && momentsPay(p) {
		return &gramFeatures{q: newQuadratic(p), p: p}
	}
	return newRowFeatures(p)
}

// tiled is how many times faster the multiplications of a dense Gram matrix are
// than those of rows and vectors.
const tiled = 8

// thin is how many times faster they are than those of rows and thin matrices.
const thin = 2

// whole tells whether whole Gram matrices find room, and are made in the time of
// the rounds over the rows that they save: about four, and of many solves a
// hundred times as many.
func whole(p *Problem) bool {
	rounds := 4
	if p.Again {
		rounds *= 100
	}
	d, groups, made, saved := p.Features(), group(p, true), 0, 0
	for i := range groups {
		x := groups[i].x
		cost := x.NNZ() * (x.NNZ() / max(1, x.Rows)) / 2
		switch {
		case x.Sparse():
		case len(groups[i].columns) < 4:
			cost /= tiled
		default:
			cost /= thin
		}
		made += cost
		saved += rounds * groups[i].work
	}
	return d*d*len(groups) <= 1<<24 && made <= saved
}

// gramFeatures have their Gram matrices whole.
type gramFeatures struct {
	q   *quadratic
	set []int
	p   *Problem
}

func (f *gramFeatures) least() int    { return firstSet }
func (f *gramFeatures) use(set []int) { f.set = set }

func (f *gramFeatures) refresh(g, w *num.Dense, b []float64) float64 {
	image := f.image(w)
	f.q.slope(g, w, image)
	f.q.finish(b, w, image)
	return f.q.yy - 2*f.q.wc + f.q.wgw
}

// seen is W and GW as block descent saw them last.
type seen struct{ w, image []float64 }

// image is GW: the last one where W has not moved since, as where a solve
// begins at the end of the one before.
func (f *gramFeatures) image(w *num.Dense) []float64 {
	if f.p != nil && f.p.seen != nil && slices.Equal(f.p.seen.w, w.Data) {
		return f.p.seen.image
	}
	image := make([]float64, f.q.length())
	f.q.image(image, w)
	if f.p != nil {
		f.p.seen = &seen{slices.Clone(w.Data), image}
	}
	return image
}

func (f *gramFeatures) blocks(_, g *num.Dense) blocks {
	m, part := len(f.set), map[*num.Dense]*num.Dense{}
	var wholes []*num.Dense
	for _, whole := range f.q.g {
		if _, ok := part[whole]; !ok {
			part[whole] = whole
			wholes = append(wholes, whole)
		}
	}
	if m < g.Rows {
		for _, whole := range wholes {
			part[whole] = num.NewDense(m, m)
		}
		num.Each(len(wholes), len(wholes)*m*m, func(i int) {
			for a, j := range f.set {
				from, to := wholes[i].Row(j), part[wholes[i]].Row(a)
				for b, l := range f.set {
					to[b] = from[l]
				}
			}
		})
	}
	grams := make([]*num.Dense, f.q.k)
	for c, whole := range f.q.g {
		grams[c] = part[whole]
	}
	return newGramBlocks(grams, f.set, g)
}

// rowFeatures have rows, grouped by who shares them.
type rowFeatures struct {
	p      *Problem
	groups []rowGroup
	weight [][]float64 // of each group's rows, or nil
	total  []float64   // their sum
	mean   [][]float64 // of each group's features
	y      [][]float64 // centred labels, n × columns
	meanY  []float64   // of each column
	set    []int
	sub    []rowGroup   // the groups with the features of the set alone
	r      [][]float64  // residuals, n × columns
	panels *panelBlocks // of the set, or nil
	swept  float64      // what sweeps of panels have cost
}

func newRowFeatures(p *Problem) *rowFeatures {
	f := &rowFeatures{p: p, groups: group(p, true), meanY: make([]float64, p.Columns())}
	n := len(f.groups)
	f.weight, f.total, f.mean = make([][]float64, n), make([]float64, n), make([][]float64, n)
	f.y, f.r, f.sub = make([][]float64, n), make([][]float64, n), make([]rowGroup, n)
	num.For(n, f.centre)
	return f
}

// centre computes means, and the labels without theirs. The mean of a task
// with a fixed intercept is that intercept.
func (f *rowFeatures) centre(i int) {
	g := &f.groups[i]
	k, first := len(g.columns), &f.p.Tasks[g.tasks[0]]
	f.weight[i], f.total[i], f.mean[i] = first.Weight, totalWeight(first), make([]float64, g.x.Cols)
	free := first.Fixed == nil && f.total[i] > 0
	for r := 0; free && r < g.x.Rows; r++ {
		g.x.Axpy(r, weightAt(first, r)/f.total[i], f.mean[i])
	}
	f.y[i], f.r[i] = make([]float64, g.x.Rows*k), make([]float64, g.x.Rows*k)
	for c, t := range g.tasks {
		task, mean := &f.p.Tasks[t], 0.0
		if task.Fixed != nil {
			mean = task.Fixed[0]
		}
		for r := 0; free && r < g.x.Rows; r++ {
			mean += weightAt(first, r) / f.total[i] * task.Y[r]
		}
		f.meanY[g.columns[c]] = mean
		for r, y := range task.Y {
			f.y[i][r*k+c] = y - mean
		}
	}
}

// paneled tells whether products of matrices move residuals: rows are dense and
// several columns share them.
func (f *rowFeatures) paneled() bool {
	for i := range f.groups {
		if f.groups[i].x.Sparse() {
			return false
		}
	}
	return f.p.Columns() >= 4*len(f.groups)
}

// least is all that violate the conditions where a sweep over them costs little
// more than the gradient has, and rows are too few to be sampled; of very many
// features four times as many as there are rows, of which few more are ever used.
func (f *rowFeatures) least() int {
	if !f.paneled() || stride(f.p) > 1 {
		return firstSet
	}
	rows := 0
	for i := range f.groups {
		rows += f.groups[i].x.Rows
	}
	return max(firstSet, 4*rows)
}

func (f *rowFeatures) use(set []int) {
	f.set, f.panels = set, nil
	num.For(len(f.groups), func(i int) {
		f.sub[i] = rowGroup{x: narrow(f.groups[i].x, set), columns: f.groups[i].columns}
		f.sub[i].work = f.sub[i].x.NNZ() * len(f.sub[i].columns)
	})
}

// narrow copies the columns of the set, which ascends.
func narrow(x *num.Matrix, set []int) *num.Matrix {
	if !x.Sparse() {
		if x.Start == nil && len(set) == x.Cols {
			return x
		}
		out := num.NewMatrix(x.Rows, len(set))
		for i := range x.Rows {
			_, value := x.Row(i)
			to := out.Data[i*len(set) : (i+1)*len(set)]
			for a, j := range set {
				to[a] = value[j]
			}
		}
		return out
	}
	place := make([]int32, x.Cols)
	for a, j := range set {
		place[j] = int32(a + 1)
	}
	ptr, index, data := make([]int, x.Rows+1), []int32{}, []float64{}
	for i := range x.Rows {
		from, value := x.Row(i)
		for e, j := range from {
			if place[j] > 0 {
				index = append(index, place[j]-1)
				data = append(data, value[e])
			}
		}
		ptr[i+1] = len(data)
	}
	return num.NewSparse(len(set), ptr, index, data)
}

func (f *rowFeatures) refresh(g, w *num.Dense, b []float64) float64 {
	inUse := num.NewDense(len(f.set), w.Cols)
	copy(b, f.meanY)
	for a, j := range f.set {
		copy(inUse.Row(a), w.Row(j))
	}
	forward(f.sub, f.r, inUse)
	rr, weighted := make([]float64, len(f.groups)), make([][]float64, len(f.groups))
	num.For(len(f.groups), func(i int) {
		columns := f.groups[i].columns
		k, shift := len(columns), make([]float64, len(columns))
		for a, j := range f.set {
			for c, at := range columns {
				shift[c] += f.mean[i][j] * inUse.At(a, at)
			}
		}
		for c, at := range columns {
			b[at] -= shift[c]
		}
		weighted[i] = make([]float64, len(f.r[i]))
		for at, z := range f.r[i] {
			r := f.y[i][at] - z + shift[at%k]
			wr := r
			if f.weight[i] != nil {
				wr *= f.weight[i][at/k]
			}
			f.r[i][at], weighted[i][at] = r, -wr
			rr[i] += wr * r
		}
	})
	backward(f.groups, g, weighted)
	return num.Sum(rr)
}

// moved is what a sweep that moves residuals costs of a feature, in
// multiplications.
func (f *rowFeatures) moved() float64 {
	sum := 0.0
	for i := range f.sub {
		sum += 2 * float64(f.sub[i].x.NNZ()) / math.Max(1, float64(len(f.set))) * float64(len(f.sub[i].columns))
	}
	return sum
}

// blocks are Gram matrices of the set, unless residuals are moved for less.
func (f *rowFeatures) blocks(_, g *num.Dense) blocks {
	m, k := float64(len(f.set)), float64(g.Cols)
	made := 0.0 // of the Gram matrices
	for i := range f.sub {
		cost := float64(f.sub[i].x.NNZ()) * m / 2
		if !f.sub[i].x.Sparse() {
			cost /= tiled
		}
		made += cost
	}
	large := m*m*float64(len(f.groups)) > 1<<25
	switch {
	case f.paneled():
		made *= tiled / thin
		if large || m*k >= f.moved() {
			made = math.Inf(1)
		}
		if made+few*m*m*k > f.swept+few*m*f.moved() {
			return f.panel(made)
		}
	case large || made+usual*m*m*k > usual*m*f.moved():
		return newResidualBlocks(f)
	}
	grams := make([]*num.Dense, g.Cols)
	num.For(len(f.groups), func(i int) {
		mean := make([]float64, len(f.set))
		for a, j := range f.set {
			mean[a] = f.mean[i][j]
		}
		gram := num.Gram(f.sub[i].x, f.weight[i], mean)
		for _, c := range f.groups[i].columns {
			grams[c] = gram
		}
	})
	return newGramBlocks(grams, f.set, g)
}

// panel is residuals by panels, until they have cost as much as Gram matrices
// would, together with those before.
func (f *rowFeatures) panel(grams float64) blocks {
	if f.panels == nil {
		f.panels = newPanelBlocks(f)
	}
	f.panels.begin(grams)
	return f.panels
}
