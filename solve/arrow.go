package solve

import (
	"context"
	"math"
	"slices"

	"gonum.org/v1/gonum/blas"
	blasgonum "gonum.org/v1/gonum/blas/gonum"

	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
)

// A covariance is the K of a quadratic penalty, Ω(W) = ½⟨W, K⁻¹W⟩. Of an arrow
// it is, on the columns of one slot,
//
//	(KG)_c = shared Σ_c′ g_c′ + private g_c
type covariance struct {
	shared, private float64
	slots           [][]int  // the columns of each slot
	related         *related // K where it is no arrow; shared is then 0
}

func newCovariance(f penalty.Arrow) *covariance {
	k := &covariance{slots: columnsOf(f)}
	k.shared, k.private = f.Arrow()
	return k
}

// times sets out to KG; out may be g.
func (k *covariance) times(out, g *num.Dense) {
	if k.related != nil {
		k.related.times(out, g, k.slots)
		return
	}
	for j := range g.Rows {
		from, to := g.Row(j), out.Row(j)
		for _, columns := range k.slots {
			sum := 0.0
			for _, c := range columns {
				sum += from[c]
			}
			for _, c := range columns {
				to[c] = k.shared*sum + k.private*from[c]
			}
		}
	}
}

// inverse sets out to a U with KU = W, of which there are many where private
// is 0 and the columns of a slot are equal; out may be w.
func (k *covariance) inverse(out, w *num.Dense) {
	if k.related != nil {
		k.related.quadratic.Slope(out, w)
		return
	}
	for j := range w.Rows {
		from, to := w.Row(j), out.Row(j)
		for _, columns := range k.slots {
			m := k.mean(from, columns)
			for _, c := range columns {
				if k.private > 0 {
					to[c] = (from[c] - m) / k.private
				} else {
					to[c] = m / (k.shared * float64(len(columns)))
				}
			}
		}
	}
}

// level gives the columns of a slot their mean where private is 0: only that
// counts then.
func (k *covariance) level(u *num.Dense) {
	for j := 0; j < u.Rows && k.private == 0; j++ {
		row := u.Row(j)
		for _, columns := range k.slots {
			m := k.mean(row, columns)
			for _, c := range columns {
				row[c] = m
			}
		}
	}
}

// mean is the part that a row's weights in the columns of a slot share, w0.
func (k *covariance) mean(row []float64, columns []int) float64 {
	if k.shared == 0 || len(columns) == 0 {
		return 0
	}
	sum := 0.0
	for _, c := range columns {
		sum += row[c]
	}
	return sum * k.shared / (k.private + k.shared*float64(len(columns)))
}

// A system is I + KH, with one block H_c a column of W:
//
//	H_c = Σ_i h_i (x_i − x̄)(x_i − x̄)ᵀ,   x̄ = Σ_i h_i x_i / Σ_i h_i
//
// which is what is left of weighted squares, Σ_i h_i (x_i·w + b)², once the
// free intercept b is eliminated; x̄ = 0 where it is fixed.
type system interface {
	// solve sets p to (I + KH)⁻¹ p.
	solve(p *num.Dense)
	// times sets out to Hw.
	times(out, w *num.Dense)
}

// A curvature is what a system is made of.
type curvature struct {
	p     *Problem
	k     *covariance
	h     [][]float64  // of each task, n × outputs
	x     []*twofold   // of each task, where they stand already
	grams []*num.Dense // H_c of each column, where they stand already
	// The last one made by features, whose memory the next one takes.
	room    *arrow
	network *network
}

// Limits of what is solved directly.
const (
	direct      = 2000    // the order of a factor
	directAgain = 500     // the same where factors are made at every step
	numbers     = 1 << 26 // in all factors together
)

// system returns a system, and whether it is this one: with neither rows nor
// features few enough, only its diagonal is kept, to precondition. It ends the
// use of the one before.
func (c *curvature) system(limit int) (s system, exact bool) {
	switch c.way(limit) {
	case byRows:
		return newKernels(c), true
	case byFeatures:
		if c.k.related != nil {
			if c.network == nil {
				c.network = &network{}
			}
			c.network.renew(c)
			return c.network, true
		}
		if c.room == nil {
			c.room = &arrow{}
		}
		c.room.renew(c)
		return c.room, true
	}
	if c.k.related != nil {
		return newKronecker(c)
	}
	return newDiagonal(c), false
}

// Ways to solve a system.
const (
	byRows     = iota // all tasks of a slot by dual variables of their rows
	byFeatures        // each task by the lesser of rows and features, then what is shared
	byDiagonal        // by conjugate gradients
)

// way is the cheapest way with factors of an order up to limit.
func (c *curvature) way(limit int) int {
	d, widest, stored, most := c.p.Features(), 0, 0, 0
	task := columnTask(c.p)
	for _, columns := range c.k.slots {
		n := 0
		for _, col := range columns {
			rows := c.p.Tasks[task[col]].X.Rows
			side := min(rows, d)
			n, widest, stored = n+rows, max(widest, side), stored+side*side
		}
		most = max(most, n)
	}
	few := stored <= numbers || c.grams != nil // the factors are no more than what stands
	if c.k.related != nil {
		switch {
		case most <= min(d, limit):
			return byRows
		case few && !c.sharesGrams() && c.k.related.work(d) <= math.Pow(float64(limit), 3)/3:
			return byFeatures
		}
		return byDiagonal
	}
	switch {
	case c.grams == nil && c.k.shared > 0 && most <= min(d, limit):
		return byRows
	case c.k.private == 0 && d <= limit, c.k.shared > 0 && d <= limit && few, c.k.shared == 0 && widest <= limit && few:
		return byFeatures
	}
	return byDiagonal
}

// columnTask is the task of each column.
func columnTask(p *Problem) []int {
	var task []int
	for t := range p.Tasks {
		for range p.Tasks[t].Outputs {
			task = append(task, t)
		}
	}
	return task
}

// column returns the rows of a column's task, their curvatures and x̄.
func (c *curvature) column(col int) (x *num.Matrix, h, mean []float64) {
	t, first := 0, 0
	for first+c.p.Tasks[t].Outputs <= col {
		first += c.p.Tasks[t].Outputs
		t++
	}
	task := &c.p.Tasks[t]
	x, h = task.X, c.h[t]
	if k := task.Outputs; k > 1 {
		h = make([]float64, x.Rows)
		for i := range h {
			h[i] = c.h[t][i*k+col-first]
		}
	}
	mean = make([]float64, x.Cols)
	if total := num.Sum(h); task.Fixed == nil && total > 0 {
		if c.x != nil {
			c.x[t].mulT(mean, h)
		} else {
			(&rowGroup{x: x, columns: []int{0}}).mulT(mean, h, 0, x.Cols)
		}
		for j := range mean {
			mean[j] /= total
		}
	}
	return x, h, mean
}

// gram is H of a column, in the memory of old where that may be.
func (c *curvature) gram(col int, old *num.Dense) *num.Dense {
	if c.grams != nil {
		return c.grams[col]
	}
	x, h, mean := c.column(col)
	return gramOf(x, h, mean, old)
}

func gramOf(x *num.Matrix, h, mean []float64, old *num.Dense) *num.Dense {
	if old == nil {
		old = num.NewDense(x.Cols, x.Cols)
	}
	num.GramTo(old, x, h, mean)
	return old
}

// A taskBlock is H of one column where weights have variance private.
type taskBlock interface {
	// solve sets v to (I + private·H)⁻¹ v.
	solve(v []float64)
	// times sets out to Hv.
	times(out, v []float64)
	// schur adds H(I + private·H)⁻¹ to the upper triangle of s.
	schur(s *num.Dense)
}

func (c *curvature) block(col int, old taskBlock) taskBlock {
	b, ok := old.(*gramBlock)
	if !ok {
		b = &gramBlock{}
	}
	if c.grams == nil {
		x, h, mean := c.column(col)
		if positives(h) < x.Cols {
			return newKernel(0, c.k.private, nil, []*centred{newCentred(x, h, mean)})
		}
		b.h = gramOf(x, h, mean, b.h)
	} else {
		b.h = c.grams[col]
	}
	b.inverse = 1 / c.k.private
	b.r, b.ridge = definite(b.r, b.h, b.inverse)
	return b
}

func positives(h []float64) int {
	n := 0
	for _, v := range h {
		if v > 0 {
			n++
		}
	}
	return n
}

// definite returns the Cholesky factor of a + ridge·I, in the memory of r where
// there is some, and the ridge, which is raised where rounding has left a
// indefinite; a stays as it is.
func definite(r, a *num.Dense, ridge float64) (*num.Dense, float64) {
	if r == nil {
		r = num.NewDense(a.Rows, a.Cols)
	}
	largest := math.Max(ridge, greatest(a))
	for more := 0.0; ; more = math.Max(10*more, 1e-16*largest) {
		copy(r.Data, a.Data)
		for i := range r.Rows {
			r.Data[i*r.Cols+i] += ridge + more
		}
		if num.Cholesky(r) || !(more < largest) {
			return r, ridge + more
		}
	}
}

// greatest is the largest number on the diagonal.
func greatest(a *num.Dense) float64 {
	largest := 0.0
	for i := range a.Rows {
		largest = math.Max(largest, a.At(i, i))
	}
	return largest
}

// gramBlock is a block by features.
type gramBlock struct {
	h, r           *num.Dense // RᵀR = H + ridge·I
	inverse, ridge float64    // 1/private; the same but for rounding
	room           [2]*num.Dense
}

func (b *gramBlock) solve(v []float64) {
	for i := range v {
		v[i] *= b.inverse
	}
	num.CholeskySolve(b.r, v)
}

func (b *gramBlock) times(out, v []float64) {
	for i := range out {
		out[i] = num.Dot(b.h.Row(i), v)
	}
}

// schur takes H(H + ridge)⁻¹ = I − ridge (H + ridge)⁻¹ where H is the greater,
// so that nothing cancels.
func (b *gramBlock) schur(s *num.Dense) {
	d := s.Rows
	if b.room[0] == nil {
		b.room[0], b.room[1] = num.NewDense(d, d), num.NewDense(d, d)
	}
	a := b.room[0]
	num.CholeskyInverse(a, b.r, b.room[1])
	less := b.inverse <= greatest(b.h)
	for i := range d {
		row, from := s.Row(i), a.Row(i)
		if less {
			row[i] += b.inverse
			num.Axpy(-b.inverse*b.ridge, from[i:], row[i:])
			continue
		}
		for j := i; j < d; j++ {
			row[j] += b.inverse * num.Dot(b.h.Row(i), a.Row(j))
		}
	}
}

// centred rows are z_i = √h_i (x_i − x̄), those with h_i > 0. Of sparse ones x̄
// is kept apart.
type centred struct {
	z    *num.Matrix
	root []float64
	mean []float64 // or nil
}

func newCentred(x *num.Matrix, h, mean []float64) *centred {
	c := &centred{}
	if x.Sparse() {
		c.mean = mean
		ptr, index, data := []int{0}, []int32{}, []float64{}
		for i, v := range h {
			if v > 0 {
				at, value := x.Row(i)
				c.root = append(c.root, math.Sqrt(v))
				index = append(index, at...)
				for _, f := range value {
					data = append(data, math.Sqrt(v)*f)
				}
				ptr = append(ptr, len(data))
			}
		}
		c.z = num.NewSparse(x.Cols, ptr, index, data)
		return c
	}
	c.z = num.NewMatrix(positives(h), x.Cols)
	for i, v := range h {
		if v > 0 {
			_, value := x.Row(i)
			to, root := c.z.Data[len(c.root)*x.Cols:], math.Sqrt(v)
			c.root = append(c.root, root)
			for j, f := range value {
				to[j] = root * (f - mean[j])
			}
		}
	}
	return c
}

// mul sets out to Zv.
func (c *centred) mul(out, v []float64) {
	shift := 0.0
	if c.mean != nil {
		shift = num.Dot(c.mean, v)
	}
	for i, root := range c.root {
		out[i] = c.z.Dot(i, v) - root*shift
	}
}

// addMulT adds a·Zᵀy to out.
func (c *centred) addMulT(out []float64, a float64, y []float64) {
	for i, v := range y {
		c.z.Axpy(i, a*v, out)
	}
	if c.mean != nil {
		num.Axpy(-a*num.Dot(c.root, y), c.mean, out)
	}
}

// row writes z_i out.
func (c *centred) row(out []float64, i int) {
	clear(out)
	c.z.Axpy(i, 1, out)
	if c.mean != nil {
		num.Axpy(-c.root[i], c.mean, out)
	}
}

// A kernel solves the columns of one slot by dual variables of their rows,
//
//	(I + KH)⁻¹ = I − K Zᵀ (I + Z K Zᵀ)⁻¹ Z,   H = ZᵀZ
//
// Woodbury's identity (Golub, Van Loan, Matrix Computations, 2013, section
// 2.1.4).
type kernel struct {
	shared, private float64
	related         *num.Dense // K of the parts where it is no arrow
	parts           []*centred
	start           []int
	r               *num.Dense // RᵀR = I + Z K Zᵀ
}

func newKernel(shared, private float64, related *num.Dense, parts []*centred) *kernel {
	k := &kernel{shared: shared, private: private, related: related, parts: parts, start: make([]int, len(parts)+1)}
	for a, part := range parts {
		k.start[a+1] = k.start[a] + len(part.root)
	}
	n := k.start[len(parts)]
	g := num.NewDense(n, n)
	for a, part := range parts {
		num.Each(len(part.root), n*part.z.NNZ(), func(i int) {
			z, row := make([]float64, part.z.Cols), g.Row(k.start[a]+i)
			part.row(z, i)
			for b := a; b < len(parts); b++ {
				factor := k.at(a, b)
				products := row[k.start[b]:k.start[b+1]]
				if factor != 0 {
					parts[b].mul(products, z)
				}
				for j := range products {
					products[j] *= factor
				}
			}
		})
	}
	k.r, _ = definite(g, g, 1)
	return k
}

// at is K of two parts.
func (k *kernel) at(a, b int) float64 {
	switch {
	case k.related != nil:
		return k.related.At(a, b)
	case a == b:
		return k.shared + k.private
	}
	return k.shared
}

// columns sets each v to (I + KH)⁻¹ v.
func (k *kernel) columns(v [][]float64) {
	y := make([]float64, k.r.Rows)
	for a, part := range k.parts {
		part.mul(y[k.start[a]:k.start[a+1]], v[a])
	}
	num.CholeskySolve(k.r, y)
	if k.related != nil {
		pull := make([]float64, len(v[0]))
		for b, part := range k.parts {
			clear(pull)
			part.addMulT(pull, 1, y[k.start[b]:k.start[b+1]])
			for a := range v {
				num.Axpy(-k.related.At(a, b), pull, v[a])
			}
		}
		return
	}
	if k.shared > 0 {
		sum := make([]float64, len(v[0]))
		for a, part := range k.parts {
			part.addMulT(sum, k.shared, y[k.start[a]:k.start[a+1]])
		}
		for a := range v {
			num.Axpy(-1, sum, v[a])
		}
	}
	for a, part := range k.parts {
		if k.private > 0 {
			part.addMulT(v[a], -k.private, y[k.start[a]:k.start[a+1]])
		}
	}
}

// duals sets the y's, of the rows of each part, to (I + Z K Zᵀ)⁻¹ y.
func (k *kernel) duals(y [][]float64) {
	all := slices.Concat(y...)
	num.CholeskySolve(k.r, all)
	for a := range y {
		copy(y[a], all[k.start[a]:k.start[a+1]])
	}
}

func (k *kernel) solve(v []float64) { k.columns([][]float64{v}) }

func (k *kernel) times(out, v []float64) { k.part(out, v, 0) }

func (k *kernel) part(out, v []float64, a int) {
	y := make([]float64, len(k.parts[a].root))
	k.parts[a].mul(y, v)
	clear(out)
	k.parts[a].addMulT(out, 1, y)
}

// schur adds Zᵀ(I + private·ZZᵀ)⁻¹Z = VᵀV, V = R⁻ᵀZ.
func (k *kernel) schur(s *num.Dense) {
	n, d := k.r.Rows, s.Rows
	if n == 0 {
		return
	}
	v := num.NewMatrix(n, d)
	for i := range n {
		k.parts[0].row(v.Data[i*d:(i+1)*d], i)
	}
	blasgonum.Implementation{}.Dtrsm(blas.Left, blas.Upper, blas.Trans, blas.NonUnit, n, d, 1, k.r.Data, n, v.Data, d)
	num.Axpy(1, num.Gram(v, nil, nil).Data, s.Data)
}

// kernels is a system with one kernel a slot.
type kernels struct {
	k       *covariance
	kernels []*kernel
}

func newKernels(c *curvature) *kernels {
	s := &kernels{k: c.k}
	for slot, columns := range c.k.slots {
		parts := make([]*centred, len(columns))
		num.Each(len(columns), c.p.work(), func(a int) { parts[a] = newCentred(c.column(columns[a])) })
		var k *num.Dense
		if c.k.related != nil {
			k = c.k.related.k[slot]
		}
		s.kernels = append(s.kernels, newKernel(c.k.shared, c.k.private, k, parts))
	}
	return s
}

func (s *kernels) solve(p *num.Dense) {
	for i, columns := range s.k.slots {
		if len(columns) == 0 {
			continue
		}
		v := gather(p, columns)
		s.kernels[i].columns(v)
		for a, col := range columns {
			p.SetCol(col, v[a])
		}
	}
}

func (s *kernels) times(out, w *num.Dense) {
	for i, columns := range s.k.slots {
		num.Each(len(columns), 2*w.Rows*s.kernels[i].r.Rows, func(a int) {
			h := make([]float64, w.Rows)
			s.kernels[i].part(h, w.Col(make([]float64, w.Rows), columns[a]), a)
			out.SetCol(columns[a], h)
		})
	}
}

// gather copies columns.
func gather(m *num.Dense, columns []int) [][]float64 {
	v := make([][]float64, len(columns))
	for a, c := range columns {
		v[a] = m.Col(make([]float64, m.Rows), c)
	}
	return v
}

// arrow is a system by blocks: private weights are eliminated, and what is
// left of the shared ones is
//
//	(1/shared + Σ_c H_c (I + private·H_c)⁻¹) w0 = …
//
// which is 1/shared + Σ_c λH_c(H_c + λ)⁻¹ for private = 1/λ.
//
// Evgeniou, Pontil, Regularized multi-task learning, KDD 2004; Golub, Van
// Loan, Matrix Computations, 2013, section 4.3 (bordered block diagonal).
type arrow struct {
	k      *covariance
	d      int
	blocks []taskBlock  // of each column, where private > 0
	sum    []*num.Dense // Σ_c H_c of each slot, where private is 0
	r      []*num.Dense // the factor of each slot's Schur complement, where shared > 0
	pieces []*num.Dense // room for sums over columns
	v, y   [][]float64  // room of each column
	pull   [][]float64
}

func newArrow(c *curvature) *arrow {
	s := &arrow{}
	s.renew(c)
	return s
}

func (s *arrow) renew(c *curvature) {
	if s.k == nil {
		s.k, s.d = c.k, c.p.Features()
		s.sum, s.r = make([]*num.Dense, len(c.k.slots)), make([]*num.Dense, len(c.k.slots))
		for _, room := range []*[][]float64{&s.v, &s.y, &s.pull} {
			for range c.p.Columns() {
				*room = append(*room, make([]float64, s.d))
			}
		}
	}
	if c.k.private > 0 {
		s.factor(c)
	}
	for i, columns := range c.k.slots {
		if c.k.shared == 0 {
			break
		}
		s.sum[i] = s.complement(c, columns, s.sum[i])
		s.r[i], _ = definite(s.r[i], s.sum[i], 1/c.k.shared)
	}
}

// block is that of a column, or nil where private is 0.
func (s *arrow) block(col int) taskBlock {
	if s.blocks == nil {
		return nil
	}
	return s.blocks[col]
}

// factor makes the blocks; columns with the same H share one.
func (s *arrow) factor(c *curvature) {
	k := c.p.Columns()
	if s.blocks == nil {
		s.blocks = make([]taskBlock, k)
	}
	if c.grams == nil {
		num.Each(k, c.p.work()*s.d/2, func(col int) { s.blocks[col] = c.block(col, s.blocks[col]) })
		return
	}
	owner, first := make([]int, k), map[*num.Dense]int{}
	for col, g := range c.grams {
		if _, ok := first[g]; !ok {
			first[g] = col
		}
		owner[col] = first[g]
	}
	num.Each(k, k*s.d*s.d*s.d, func(col int) {
		if owner[col] == col {
			s.blocks[col] = c.block(col, nil)
		}
	})
	for col, o := range owner {
		s.blocks[col] = s.blocks[o]
	}
}

// complement sums over the columns of a slot, in pieces whose number does not
// depend on the workers.
func (s *arrow) complement(c *curvature, columns []int, total *num.Dense) *num.Dense {
	shares := s.shares(columns)
	pieces := min(16, len(shares))
	for len(s.pieces) < pieces {
		s.pieces = append(s.pieces, num.NewDense(s.d, s.d))
	}
	num.Each(pieces, c.p.work()*s.d/2, func(i int) {
		sum := s.pieces[i]
		clear(sum.Data)
		for _, share := range shares[i*len(shares)/pieces : (i+1)*len(shares)/pieces] {
			switch {
			case s.blocks == nil:
				num.Axpy(1, c.gram(share.column, nil).Data, sum.Data)
			case share.times == 1:
				s.blocks[share.column].schur(sum)
			default:
				part := num.NewDense(s.d, s.d)
				s.blocks[share.column].schur(part)
				num.Axpy(share.times, part.Data, sum.Data)
			}
		}
	})
	if total == nil {
		total = num.NewDense(s.d, s.d)
	}
	clear(total.Data)
	for _, sum := range s.pieces[:pieces] {
		num.Axpy(1, sum.Data, total.Data)
	}
	for i := range s.d {
		for j := range i {
			total.Data[i*s.d+j] = total.Data[j*s.d+i]
		}
	}
	return total
}

// A share is a column, and how many have its H.
type share struct {
	column int
	times  float64
}

func (s *arrow) shares(columns []int) []share {
	shares := make([]share, 0, len(columns))
	place := map[taskBlock]int{}
	for _, col := range columns {
		if s.blocks != nil {
			if at, ok := place[s.blocks[col]]; ok {
				shares[at].times++
				continue
			}
			place[s.blocks[col]] = len(shares)
		}
		shares = append(shares, share{col, 1})
	}
	return shares
}

// solve writes p = m + v with m what the columns of a slot share, and finds
//
//	δm = (1/shared + S)⁻¹ (m/shared − Σ_c H_c y_c),   y_c = (I + private·H_c)⁻¹ v_c
//	δ_c = δm + (I + private·H_c)⁻¹ (v_c − private·H_c δm)
func (s *arrow) solve(p *num.Dense) {
	for i, columns := range s.k.slots {
		if len(columns) > 0 {
			s.slot(p, i, columns)
		}
	}
}

func (s *arrow) slot(p *num.Dense, slot int, columns []int) {
	work := 4 * len(columns) * s.d * s.d
	if s.k.shared == 0 {
		num.Each(len(columns), work, func(a int) {
			v := p.Col(s.v[columns[a]], columns[a])
			s.blocks[columns[a]].solve(v)
			p.SetCol(columns[a], v)
		})
		return
	}
	m, step := make([]float64, s.d), make([]float64, s.d)
	for j := range m {
		m[j] = s.k.mean(p.Row(j), columns)
		step[j] = m[j] / s.k.shared
	}
	if s.blocks == nil {
		num.CholeskySolve(s.r[slot], step)
		for _, col := range columns {
			p.SetCol(col, step)
		}
		return
	}
	num.Each(len(columns), work, func(a int) {
		block, v, y := s.blocks[columns[a]], p.Col(s.v[columns[a]], columns[a]), s.y[columns[a]]
		num.Axpy(-1, m, v)
		copy(y, v)
		block.solve(y)
		block.times(s.pull[columns[a]], y)
	})
	for _, col := range columns {
		num.Axpy(-1, s.pull[col], step)
	}
	num.CholeskySolve(s.r[slot], step)
	num.Each(len(columns), work, func(a int) {
		block, v, pull := s.blocks[columns[a]], s.v[columns[a]], s.pull[columns[a]]
		block.times(pull, step)
		num.Axpy(-s.k.private, pull, v)
		block.solve(v)
		num.Axpy(1, step, v)
		p.SetCol(columns[a], v)
	})
}

func (s *arrow) times(out, w *num.Dense) {
	for i, columns := range s.k.slots {
		if len(columns) > 0 && s.blocks == nil {
			s.common(out, w, i, columns)
			continue
		}
		num.Each(len(columns), 2*len(columns)*s.d*s.d, func(a int) {
			h := make([]float64, s.d)
			s.blocks[columns[a]].times(h, w.Col(make([]float64, s.d), columns[a]))
			out.SetCol(columns[a], h)
		})
	}
}

// common spreads (Σ_c H_c) w0 evenly over the columns: only the sum counts
// where private is 0.
func (s *arrow) common(out, w *num.Dense, slot int, columns []int) {
	w0 := w.Col(make([]float64, s.d), columns[0])
	for j := range s.d {
		v := num.Dot(s.sum[slot].Row(j), w0) / float64(len(columns))
		for _, c := range columns {
			out.Set(j, c, v)
		}
	}
}

// diagonal is a system whose H has nothing but its diagonal.
type diagonal struct {
	k *covariance
	h *num.Dense // d × k
}

func newDiagonal(c *curvature) *diagonal {
	s := &diagonal{k: c.k, h: num.NewDense(c.p.Features(), c.p.Columns())}
	num.Each(s.h.Cols, c.p.work(), func(col int) {
		square := make([]float64, s.h.Rows)
		if c.grams != nil {
			for j := range square {
				square[j] = c.grams[col].At(j, j)
			}
			s.h.SetCol(col, square)
			return
		}
		x, h, mean := c.column(col)
		for i, v := range h {
			index, value := x.Row(i)
			for e, f := range value {
				j := e
				if index != nil {
					j = int(index[e])
				}
				square[j] += v * f * f
			}
		}
		total := num.Sum(h)
		for j, m := range mean {
			square[j] = math.Max(0, square[j]-total*m*m)
		}
		s.h.SetCol(col, square)
	})
	return s
}

// solve is arrow's, feature by feature.
func (s *diagonal) solve(p *num.Dense) {
	for j := range p.Rows {
		row, h := p.Row(j), s.h.Row(j)
		for _, columns := range s.k.slots {
			m, step := s.k.mean(row, columns), 0.0
			if s.k.shared > 0 {
				pull, bend := m/s.k.shared, 1/s.k.shared
				for _, c := range columns {
					keep := h[c] / (1 + s.k.private*h[c])
					if s.k.private > 0 {
						pull -= keep * (row[c] - m)
					}
					bend += keep
				}
				step = pull / bend
			}
			for _, c := range columns {
				if s.k.private > 0 {
					row[c] = step + (row[c]-m-s.k.private*h[c]*step)/(1+s.k.private*h[c])
				} else {
					row[c] = step
				}
			}
		}
	}
}

func (s *diagonal) times(out, w *num.Dense) {
	for i, v := range w.Data {
		out.Data[i] = s.h.Data[i] * v
	}
}

// conjugateGradients returns D near (I + KH)⁻¹P where times multiplies by H,
// preconditioned by a system of the same K. It ends when ½⟨R, KR⟩, with R what
// is left of K⁻¹P − (K⁻¹ + H)D, is at most target, or after most steps.
//
// K⁻¹ is never applied: of a preconditioned Z = (I + KH̃)⁻¹KR it is R − H̃Z.
//
// Hestenes, Stiefel, Methods of conjugate gradients for solving linear systems,
// J. Research of the National Bureau of Standards 49, 1952.
func conjugateGradients(ctx context.Context, k *covariance, times func(out, w *num.Dense), near system, p *num.Dense, target float64, most int) *num.Dense {
	x, dir, bend := num.NewDense(p.Rows, p.Cols), num.NewDense(p.Rows, p.Cols), num.NewDense(p.Rows, p.Cols)
	r, inv, z, hz := p.Clone(), num.NewDense(p.Rows, p.Cols), p.Clone(), num.NewDense(p.Rows, p.Cols)
	k.inverse(r, p)
	last := 0.0
	for step := 0; step < most && ctx.Err() == nil; step++ {
		if 0.5*num.Dot(r.Data, z.Data) <= target {
			break
		}
		near.solve(z)
		near.times(hz, z)
		size := num.Dot(r.Data, z.Data)
		keep := 0.0
		if last > 0 {
			keep = size / last
		}
		last = size
		for i, v := range z.Data {
			dir.Data[i] = v + keep*dir.Data[i]
			inv.Data[i] = r.Data[i] - hz.Data[i] + keep*inv.Data[i]
		}
		k.level(inv)
		times(bend, dir)
		num.Axpy(1, inv.Data, bend.Data)
		curve := num.Dot(dir.Data, bend.Data)
		if !(curve > 0) || !(size > 0) {
			break
		}
		num.Axpy(size/curve, dir.Data, x.Data)
		num.Axpy(-size/curve, bend.Data, r.Data)
		k.level(r)
		k.times(z, r)
	}
	return x
}
