package solve

import (
	"context"
	"fmt"
	"iter"
	"math"
	"slices"
	"sort"

	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
)

// BCD takes squared losses with a penalty that is a sum over the rows of W. It
// minimizes over one row after the other,
//
//	W_j ← argmin_w ⟨∇_j, w − W_j⟩ + ½ Σ_t (G_t)_jj (w_t − W_jt)² + Ω_j(w),
//
// and only over a working set: the rows in use and those that violate the
// optimality conditions most. A step is a round: the gradient of all rows and
// with it the duality gap, a larger working set, sweeps over it until its own
// gap is a tenth. Sweeps move a Gram matrix's gradient, or the residuals where
// the working set is wide and the rows are few, a panel of features at a time
// where columns share rows; every fifth is extrapolated. Of many rows some say
// which features to begin with.
// Sweeps that have cost as much as a Newton step on the rows in use are followed
// by one, where the penalty is a function of their lengths.
//
// Massias, Gramfort, Salmon, Celer: a fast solver for the lasso with dual
// extrapolation, ICML 2018, algorithm 4 (working sets); Bertrand, Massias,
// Anderson acceleration of coordinate descent, AISTATS 2021, algorithm 3.
type BCD struct{}

// Accepts implements Solver.
func (*BCD) Accepts(p *Problem) error {
	if _, ok := p.Penalty.(penalty.RowSeparable); !ok {
		return fmt.Errorf("bcd needs a penalty that is a sum over features")
	}
	for i := range p.Tasks {
		if _, ok := p.Tasks[i].Loss.(loss.Squared); !ok {
			return fmt.Errorf("bcd needs squared loss, and not %s", loss.All.NameOf(p.Tasks[i].Loss))
		}
	}
	return nil
}

// Slow implements Weary: where tasks have their own rows and few features,
// Newton's method on all of W finishes sooner.
func (*BCD) Slow(p *Problem) bool {
	_, slanted := p.Penalty.(penalty.Slanted)
	return slanted && p.Features() <= taskwiseRows && len(group(p, true)) > 1 && momentsPay(p)
}

// firstSet is the least size of a working set.
const firstSet = 100

// Steps implements Solver.
func (s *BCD) Steps(ctx context.Context, p *Problem, start *Point, tol float64) iter.Seq[State] {
	return func(yield func(State) bool) {
		x, f, land := NewPoint(p), p.Penalty.(penalty.RowSeparable), newFeatures(p)
		if _, ok := land.(*rowFeatures); ok && start == nil {
			start = s.nearby(ctx, p)
		}
		if start != nil {
			copy(x.W.Data, start.W.Data)
		}
		best := newRecord(x)
		g := num.NewDense(x.W.Rows, x.W.Cols)
		set := support(x.W)
		land.use(set)
		for step := 1; ctx.Err() == nil; step++ {
			rr := land.refresh(g, x.W, x.B)
			gap := squaredGap(f, x.W, g, rr)
			best.primal = 0.5*rr + f.Value(x.W)
			best.dual = math.Max(best.dual, best.primal-gap)
			if !yield(best.state(step, 8)) {
				return
			}
			next := workingSet(f, x.W, g, land.least())
			target := 0.3 * tol * best.primal
			if grown := !within(next, set); grown || 2*len(next) <= len(set) {
				if grown {
					target = math.Max(target, 0.1*gap)
				}
				set = next
				land.use(set)
			}
			sweep(ctx, f, land.blocks(x.W, g), set, x.W, g, rr, target)
		}
	}
}

// squaredGap is P − D for a squared loss whose gradient is g and whose weighted
// squared residuals sum to rr, by the Fenchel-Young differences of its parts,
//
//	½(1 − s)² rr + Ω(W) + Ω*(−sg) + s⟨g, W⟩,
//
// which loses no digits to the size of P.
func squaredGap(f penalty.Func, w, g *num.Dense, rr float64) float64 {
	minus := num.NewDense(g.Rows, g.Cols)
	num.Axpy(-1, g.Data, minus.Data)
	s, conjugate := penalty.Conjugate(f, w, minus)
	return math.Max(0, 0.5*(1-s)*(1-s)*rr+f.Value(w)+conjugate+s*num.Dot(g.Data, w.Data))
}

// support lists the rows of w that are not 0.
func support(w *num.Dense) []int {
	var rows []int
	for j := range w.Rows {
		for _, v := range w.Row(j) {
			if v != 0 {
				rows = append(rows, j)
				break
			}
		}
	}
	return rows
}

// workingSet is the rows in use and as many of those that violate the
// optimality conditions, the worst first; at least so many in all.
func workingSet(f penalty.RowSeparable, w, g *num.Dense, least int) []int {
	set := support(w)
	used := make([]bool, w.Rows)
	for _, j := range set {
		used[j] = true
	}
	type row struct {
		j        int
		distance float64
	}
	var worst []row
	for j := range w.Rows {
		if distance := f.RowDistance(w.Row(j), g.Row(j)); distance > 0 && !used[j] {
			worst = append(worst, row{j, distance})
		}
	}
	sort.SliceStable(worst, func(a, b int) bool { return worst[a].distance > worst[b].distance })
	for _, r := range worst[:min(len(worst), max(least, 2*len(set))-len(set))] {
		set = append(set, r.j)
	}
	slices.Sort(set)
	return set
}

// within tells whether the sorted a is a subset of the sorted b.
func within(a, b []int) bool {
	i := 0
	for _, j := range a {
		for i < len(b) && b[i] < j {
			i++
		}
		if i == len(b) || b[i] != j {
			return false
		}
	}
	return true
}

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
// more than the gradient has, and rows are too few to be sampled.
func (f *rowFeatures) least() int {
	if f.paneled() && stride(f.p) == 1 {
		return f.p.Features()
	}
	return firstSet
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

// A sweeper goes over the blocks of a working set.
type sweeper struct {
	f      penalty.RowSeparable
	radial penalty.Radial // f, or nil
	b      blocks
	k      int
	w, w0  *num.Dense // m × k: now, and at the start
	g, g0  *num.Dense // gradients
	rr     float64    // at the start
	by, to []float64
	fall   float64 // by how much the objective has fallen in this sweep, at least
}

// sweep minimizes over the rows of w in the set until the gap of this smaller
// problem is at most target.
func sweep(ctx context.Context, f penalty.RowSeparable, b blocks, set []int, w, g *num.Dense, rr, target float64) {
	m, k := len(set), w.Cols
	s := &sweeper{f: f, b: b, k: k, rr: rr, by: make([]float64, k), to: make([]float64, k)}
	s.w, s.g = num.NewDense(m, k), num.NewDense(m, k)
	for a, j := range set {
		copy(s.w.Row(a), w.Row(j))
		copy(s.g.Row(a), g.Row(j))
	}
	s.w0, s.g0 = s.w.Clone(), s.g.Clone()
	past := newHistory(s.w.Data, b.image())
	grams, _ := b.(*gramBlocks)
	panels, _ := b.(*panelBlocks)
	pays, since := math.MaxInt, 0
	if s.radial, _ = f.(penalty.Radial); s.radial != nil && grams != nil {
		pays = grams.newtonPays()
	}
	for epoch := 1; epoch <= 500 && ctx.Err() == nil && (panels == nil || !panels.spent()); epoch++ {
		moved, before := false, s.fall
		s.fall = 0
		for a := range m {
			moved = s.block(a) || moved
		}
		past.add(s.w.Data, b.image())
		if grams != nil || !moved || epoch%10 == 0 || remains(before, s.fall) <= target { // residuals must be asked for gradients
			s.b.gradients(s.g.Data)
			if !moved || squaredGap(f, s.w, s.g, s.squares()) <= target {
				break
			}
		}
		since++
		switch {
		case since >= pays:
			s.newton(grams)
			past.restart(s.w.Data, b.image())
			since = 0
		case past.full():
			s.extrapolate(past)
		}
	}
	for a, j := range set {
		copy(w.Row(j), s.w.Row(a))
	}
}

// remains is about how much a sweep has left of the objective where the one
// before it gained so much, and it gained less, on and on.
func remains(before, now float64) float64 {
	if now >= before {
		return math.Inf(1)
	}
	return now * now / (before - now)
}

// squares is Σ w r²; of Gram matrices, where g is the gradient,
// rr + ⟨g0 + g, W − W0⟩.
func (s *sweeper) squares() float64 {
	if b, ok := s.b.(residuals); ok {
		return b.squares()
	}
	sum := s.rr
	for i, v := range s.w.Data {
		sum += (s.g0.Data[i] + s.g.Data[i]) * (v - s.w0.Data[i])
	}
	return math.Max(0, sum)
}

// block minimizes over one row; it tells whether the row moved. Where the
// columns curve differently and the penalty is not one of lengths it takes
// proximal gradient steps on the row alone.
func (s *sweeper) block(a int) bool {
	g, h, w := s.b.gradient(a), s.b.diagonal(a), s.w.Row(a)
	low, high := slices.Min(h), slices.Max(h)
	copy(s.to, w)
	switch {
	case high == 0:
		clear(s.to)
	case low == high:
		for c, v := range w {
			s.to[c] = v - g[c]/high
		}
		s.f.ProxRow(s.to, 1/high)
	case s.radial != nil:
		s.lengthen(g, h, w)
	default:
		for range 30 {
			change, size := 0.0, 0.0
			for c, v := range s.to {
				s.by[c] = v
				s.to[c] = v - (g[c]+h[c]*(v-w[c]))/high
			}
			s.f.ProxRow(s.to, 1/high)
			for c, v := range s.to {
				change += (v - s.by[c]) * (v - s.by[c])
				size += (v - w[c]) * (v - w[c])
			}
			if change <= 1e-6*size {
				break
			}
		}
	}
	moved := false
	for c, v := range s.to {
		s.by[c] = v - w[c]
		moved = moved || s.by[c] != 0
		s.fall += 0.5 * h[c] * s.by[c] * s.by[c]
	}
	if moved {
		copy(w, s.to)
		s.b.move(a, s.by)
	}
	return moved
}

// lengthen sets s.to to the best row where the penalty is a function ω of its
// length r and the columns curve differently. With z = hw − g it is
//
//	z_c r / (h_c r + ω′(r)),   Σ_c (z_c / (h_c r + ω′(r)))² = φ(r) = 1,
//
// or 0 where φ(0) ≤ 1. Newton's method finds the length on 1/√φ, which is
// nearly a line.
//
// Conn, Gould, Toint, Trust-region methods, SIAM 2000, section 7.3.2.
func (s *sweeper) lengthen(g, h, w []float64) {
	slope, _ := s.radial.Bend(0)
	square := 0.0
	for c, v := range w {
		s.by[c] = h[c]*v - g[c]
		square += s.by[c] * s.by[c]
	}
	if square <= slope*slope {
		clear(s.to)
		return
	}
	r := num.Norm(w)
	for range 20 {
		slope, curvature := s.radial.Bend(r)
		phi, fall := 0.0, 0.0 // φ and −φ′/2
		for c, z := range s.by {
			bottom := h[c]*r + slope
			part := z / bottom
			phi += part * part
			fall += part * part * (h[c] + curvature) / bottom
		}
		next := math.Max(0.1*r, r+phi*(math.Sqrt(phi)-1)/fall)
		done := math.Abs(next-r) <= 1e-12*next
		if r = next; done {
			break
		}
	}
	slope, _ = s.radial.Bend(r)
	for c, z := range s.by {
		s.to[c] = z * r / (h[c]*r + slope)
	}
}

// extrapolate moves to the history's extrapolation if the objective is lower
// there.
func (s *sweeper) extrapolate(past *history) {
	before := s.objective()
	w, image := append([]float64(nil), s.w.Data...), append([]float64(nil), s.b.image()...)
	if past.extrapolate(s.w.Data, s.b.image()) && s.objective() < before {
		past.restart(s.w.Data, s.b.image())
		return
	}
	copy(s.w.Data, w)
	copy(s.b.image(), image)
	past.restart(w, image)
}

func (s *sweeper) objective() float64 {
	if _, ok := s.b.(residuals); !ok {
		s.b.gradients(s.g.Data)
	}
	return 0.5*s.squares() + s.f.Value(s.w)
}

// history keeps the last iterates and their images for Anderson's
// extrapolation: the affine combination of them whose differences are least.
//
// Anderson, Iterative procedures for nonlinear integral equations, Journal of
// the ACM 12, 1965.
type history struct {
	w, image [][]float64
	n        int
}

// memory is the number of differences.
const memory = 5

func newHistory(w, image []float64) *history {
	h := &history{}
	for range memory + 1 {
		h.w = append(h.w, make([]float64, len(w)))
		h.image = append(h.image, make([]float64, len(image)))
	}
	h.restart(w, image)
	return h
}

func (h *history) restart(w, image []float64) {
	h.n = 0
	h.add(w, image)
}

func (h *history) add(w, image []float64) {
	copy(h.w[h.n], w)
	copy(h.image[h.n], image)
	h.n++
}

func (h *history) full() bool { return h.n == memory+1 }

// extrapolate sets w and image to the combination; false where there is none.
func (h *history) extrapolate(w, image []float64) bool {
	u := make([][]float64, memory)
	for i := range u {
		u[i] = append([]float64(nil), h.w[i+1]...)
		num.Axpy(-1, h.w[i], u[i])
	}
	square, ones := num.NewDense(memory, memory), make([]float64, memory)
	trace := 0.0
	for i := range u {
		ones[i] = 1
		for j := range u {
			square.Set(i, j, num.Dot(u[i], u[j]))
		}
		trace += square.At(i, i)
	}
	for i := range u {
		square.Data[i*memory+i] += 1e-14 * trace
	}
	z := num.SolveSPD(square, ones)
	total := num.Sum(z)
	if total == 0 || math.IsNaN(total) || math.IsInf(total, 0) {
		return false
	}
	clear(w)
	clear(image)
	for i, v := range z {
		num.Axpy(v/total, h.w[i+1], w)
		num.Axpy(v/total, h.image[i+1], image)
	}
	return true
}
