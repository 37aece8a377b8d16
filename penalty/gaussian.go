package penalty

import (
	"math"
	"slices"

	"github.com/kindred-mtl/kindred/num"
)

// gaussian is the quadratic of any covariance K/λ of the tasks, one K a slot.
// It is −log of a normal density up to a constant, hence the name.
type gaussian struct {
	slots  []int
	blocks []spectrum
	lambda float64
}

// A spectrum is K of the columns of one slot, K = Σ_e variance_e u_e u_eᵀ. A
// variance is 0 where K is singular, and +Inf where K⁻¹ is.
type spectrum struct {
	columns  []int
	u        *num.Dense // row e is u_e
	variance []float64
	// Where most variances are the same, that one, and the others' directions;
	// else rest is false and all are rare.
	rest   bool
	common float64
	rare   []int
	// Where K⁻¹ is the Laplacian of a graph and a ridge, these.
	laplacian *num.Dense
	ridge     float64
}

// negligible is the share of the largest eigenvalue that rounding leaves.
const negligible = 1e-12

// spectra decomposes one matrix a slot, of the tasks of the slot's columns, and
// hands on what their eigenvalues mean as variances.
func spectra(l Layout, matrix func(tasks []int) *num.Dense, variance func(e float64) float64) []spectrum {
	var blocks []spectrum
	for c, s := range l.Slot {
		for len(blocks) <= s {
			blocks = append(blocks, spectrum{})
		}
		blocks[s].columns = append(blocks[s].columns, c)
	}
	for s := range blocks {
		b := &blocks[s]
		values, vectors := num.SymEigen(matrix(b.tasksOf(l)))
		b.u, b.variance = transpose(vectors), make([]float64, len(values))
		tiny := negligible * largest(values)
		for e, v := range values {
			if v < tiny {
				v = 0
			}
			b.variance[e] = variance(v)
		}
		b.sortOut()
	}
	return blocks
}

// tasksOf lists the tasks of the columns of a slot.
func (b *spectrum) tasksOf(l Layout) []int {
	tasks := make([]int, len(b.columns))
	for i, c := range b.columns {
		tasks[i] = l.Task[c]
	}
	return tasks
}

// withCovariance is the quadratic of the covariance K/λ.
func withCovariance(l Layout, lambda float64, k func(tasks []int) *num.Dense) *gaussian {
	return &gaussian{l.Slot, spectra(l, k, func(e float64) float64 { return e }), lambda}
}

// withLaplacian is the quadratic of K⁻¹ = λ(L + μ), with L of a graph.
func withLaplacian(l Layout, lambda, mu float64, graph func(tasks []int) *num.Dense) *gaussian {
	f := &gaussian{l.Slot, spectra(l, graph, func(e float64) float64 { return 1 / (e + mu) }), lambda}
	for s := range f.blocks {
		b := &f.blocks[s]
		b.laplacian, b.ridge = graph(b.tasksOf(l)), mu
	}
	return f
}

// at is the same with another λ.
func (f *gaussian) at(lambda float64) *gaussian { return &gaussian{f.slots, f.blocks, lambda} }

// Slots implements Quadratic.
func (f *gaussian) Slots() []int { return f.slots }

// Covariance implements Quadratic.
func (f *gaussian) Covariance(slot int) *num.Dense {
	b := &f.blocks[slot]
	k := num.NewDense(len(b.columns), len(b.columns))
	for e, v := range b.variance {
		for i, x := range b.u.Row(e) {
			num.Axpy(v/f.lambda*x, b.u.Row(e)[i:], k.Row(i)[i:])
		}
	}
	for i := range k.Rows {
		for j := range i {
			k.Set(i, j, k.At(j, i))
		}
	}
	return k
}

// each calls visit with the coefficients ⟨u_e, w⟩ of each row w of each slot,
// those of one variance together, and returns the sum and the largest of what
// it returns; of out, where there is one, it sets the part to Σ_e c_e u_e of the
// coefficients as visit leaves them. Of the variance that most directions have
// the coefficients are what is left of w without the others: the same but for a
// rotation. Rows are taken in pieces of a fixed size.
func (f *gaussian) each(out, w *num.Dense, visit func(variance float64, c []float64) (add, far float64)) (sum, most float64) {
	const size = 64
	pieces := (w.Rows + size - 1) / size
	sums, largest := make([]float64, pieces), make([]float64, pieces)
	num.Each(pieces, 2*w.Rows*w.Cols*w.Cols, func(i int) {
		for s := range f.blocks {
			b := &f.blocks[s]
			row, c := make([]float64, len(b.columns)), make([]float64, len(b.rare))
			for j := i * size; j < min(w.Rows, (i+1)*size); j++ {
				for a, column := range b.columns {
					row[a] = w.At(j, column)
				}
				add, far := b.visit(row, c, visit)
				sums[i], largest[i] = sums[i]+add, max(largest[i], far)
				if out == nil {
					continue
				}
				for a, column := range b.columns {
					out.Set(j, column, row[a])
				}
			}
		}
	})
	for i, v := range largest {
		sum, most = sum+sums[i], max(most, v)
	}
	return sum, most
}

// visit does so for one row, which it replaces; c is room.
func (b *spectrum) visit(row, c []float64, visit func(variance float64, c []float64) (add, far float64)) (sum, most float64) {
	for i, e := range b.rare {
		c[i] = num.Dot(b.u.Row(e), row)
	}
	if b.rest {
		for i, e := range b.rare {
			num.Axpy(-c[i], b.u.Row(e), row)
		}
		sum, most = visit(b.common, row)
	} else {
		clear(row)
	}
	for i, e := range b.rare {
		add, far := visit(b.variance[e], c[i:i+1])
		sum, most = sum+add, max(most, far)
		num.Axpy(c[i], b.u.Row(e), row)
	}
	return sum, most
}

// sortOut finds the variance that most directions have.
func (b *spectrum) sortOut() {
	n := len(b.variance)
	b.rare = make([]int, n)
	for e := range n {
		b.rare[e] = e
	}
	if n == 0 {
		return
	}
	b.common = b.variance[n/2] // they descend
	rare := slices.DeleteFunc(slices.Clone(b.rare), func(e int) bool {
		v := b.variance[e]
		return v >= (1-negligible)*b.common && v <= (1+negligible)*b.common
	})
	if 2*len(rare) < n {
		b.rare, b.rest = rare, true
	}
}

// Value implements Func. Where K is singular it is +Inf unless each row lies in
// its range, up to 1e-9 of the largest weight.
func (f *gaussian) Value(w *num.Dense) float64 {
	sum, far := f.each(nil, w, func(variance float64, c []float64) (sum, far float64) {
		if variance == 0 {
			return 0, largest(c)
		}
		return num.Dot(c, c) / variance, 0
	})
	if far > 1e-9*largest(w.Data) || math.IsNaN(far) {
		return math.Inf(1)
	}
	return 0.5 * f.lambda * sum
}

// Dual implements Convex.
func (f *gaussian) Dual(g *num.Dense) (s, value float64) {
	sum, unbounded := f.each(nil, g, func(variance float64, c []float64) (sum, unbounded float64) {
		switch {
		case !math.IsInf(variance, 1):
			return variance * num.Dot(c, c), 0
		case largest(c) != 0:
			return 0, 1
		}
		return 0, 0
	})
	s = 1 - unbounded
	return s, s * 0.5 * sum / f.lambda
}

// Prox implements Proximal: K(K + step·I)⁻¹ times each row and slot.
func (f *gaussian) Prox(out, v *num.Dense, step float64) {
	f.each(out, v, func(variance float64, c []float64) (_, _ float64) {
		if !math.IsInf(variance, 1) {
			for e := range c {
				c[e] *= variance / (variance + step*f.lambda)
			}
		}
		return
	})
}

// Slope implements Smooth.
func (f *gaussian) Slope(g, w *num.Dense) float64 {
	sum, _ := f.each(g, w, func(variance float64, c []float64) (sum, _ float64) {
		for e, v := range c {
			c[e] *= f.lambda / variance
			sum += v * c[e]
		}
		return sum, 0
	})
	return 0.5 * sum
}

// Links implements Linked: no node is hidden.
func (f *gaussian) Links(slot int) (nodes int, links []Link) {
	b := &f.blocks[slot]
	nodes = len(b.columns)
	inverse := b.laplacian
	if inverse == nil {
		inverse = num.NewDense(nodes, nodes)
		for e, v := range b.variance {
			for i, x := range b.u.Row(e) {
				num.Axpy(x/v, b.u.Row(e), inverse.Row(i))
			}
		}
	}
	for i := range nodes {
		ground := b.ridge
		for j, v := range inverse.Row(i) {
			if b.laplacian == nil {
				ground += v
			}
			if j < i && v != 0 {
				links = append(links, Link{i, j, -f.lambda * v})
			}
		}
		links = append(links, Link{i, -1, f.lambda * ground})
	}
	return nodes, links
}

// Steepest implements Smooth; it is +Inf where K is singular.
func (f *gaussian) Steepest() float64 {
	least := math.Inf(1)
	for s := range f.blocks {
		if len(f.blocks[s].variance) > 0 {
			least = min(least, slices.Min(f.blocks[s].variance))
		}
	}
	return f.lambda / least
}
