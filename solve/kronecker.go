package solve

import (
	"math"

	"github.com/kindred-mtl/kindred/num"
)

// kronecker is a system in which the H of the columns of a slot are alike but
// for size, H_c = s_c G. With K = R Λ Rᵀ after scaling by √s, and G = U Γ Uᵀ,
//
//	(I + KH)⁻¹ = S^(−½) (R ⊗ U) (1 + Λ ⊗ Γ)⁻¹ (R ⊗ U)ᵀ S^(½)
//
// It is exact where tasks share their rows, and else preconditions: G is the
// mean of the H_c, or with many features their diagonal.
//
// Golub, Van Loan, Matrix Computations, 2013, section 12.3.
type kronecker struct {
	k     *covariance
	sides []likeness // of each slot
}

// likeness is one slot.
type likeness struct {
	columns []int
	root    []float64  // √s of each column
	r       *num.Dense // its rows are the eigenvectors of S^½ K S^½
	lambda  []float64
	u       *num.Dense // its rows are the eigenvectors of G; nil: the features themselves
	gamma   []float64
}

// fewFeatures is up to how many G is kept whole where it only preconditions.
const fewFeatures = 200

// newKronecker returns the system, and whether it is that of c.
func newKronecker(c *curvature) (s *kronecker, exact bool) {
	s, exact = &kronecker{k: c.k}, c.sharesGrams()
	var diagonals *num.Dense
	if !exact && c.p.Features() > fewFeatures {
		diagonals = newDiagonal(c).h
	}
	for slot, columns := range c.k.slots {
		l := likeness{columns: columns, root: make([]float64, len(columns))}
		if diagonals != nil {
			l.diagonal(diagonals)
		} else {
			l.whole(c, exact)
		}
		k := c.k.related.k[slot].Clone()
		for i, a := range l.root {
			for j, b := range l.root {
				k.Data[i*k.Cols+j] *= a * b
			}
		}
		var vectors *num.Dense
		l.lambda, vectors = num.SymEigen(k)
		l.r = transpose(vectors)
		s.sides = append(s.sides, l)
	}
	return s, exact
}

// sharesGrams tells whether the columns of every slot have one H.
func (c *curvature) sharesGrams() bool {
	if c.grams == nil {
		return false
	}
	for _, columns := range c.k.slots {
		for _, col := range columns {
			if c.grams[col] != c.grams[columns[0]] {
				return false
			}
		}
	}
	return true
}

// whole takes the mean of the H_c for G.
func (l *likeness) whole(c *curvature, exact bool) {
	d := c.p.Features()
	mean := num.NewDense(d, d)
	for i, col := range l.columns {
		if exact {
			mean, l.root[i] = c.grams[col], 1
			continue
		}
		h := c.gram(col, nil)
		num.Axpy(1/float64(len(l.columns)), h.Data, mean.Data)
		for j := range d {
			l.root[i] += h.At(j, j)
		}
	}
	if !exact {
		l.scale()
	}
	values, vectors := num.SymEigen(mean)
	for i, v := range values {
		values[i] = math.Max(0, v)
	}
	l.gamma, l.u = values, transpose(vectors)
}

// diagonal takes the mean of the diagonals for that of G.
func (l *likeness) diagonal(h *num.Dense) {
	l.gamma = make([]float64, h.Rows)
	for j := range h.Rows {
		for i, col := range l.columns {
			l.gamma[j] += h.At(j, col) / float64(len(l.columns))
			l.root[i] += h.At(j, col)
		}
	}
	l.scale()
}

// scale turns traces into the root of their ratio to the mean; none is far
// below the others.
func (l *likeness) scale() {
	mean := num.Sum(l.root) / float64(max(1, len(l.root)))
	for i, v := range l.root {
		l.root[i] = 1
		if mean > 0 {
			l.root[i] = math.Sqrt(math.Max(v/mean, 1e-4))
		}
	}
}

func transpose(a *num.Dense) *num.Dense {
	t := num.NewDense(a.Cols, a.Rows)
	for i := range a.Rows {
		for j, v := range a.Row(i) {
			t.Data[j*t.Cols+i] = v
		}
	}
	return t
}

func (s *kronecker) solve(p *num.Dense) {
	for i := range s.sides {
		l := &s.sides[i]
		part := l.take(p)
		l.features(part, l.u)
		num.Each(part.Rows, 2*part.Rows*part.Cols*part.Cols, func(j int) {
			row, c := part.Row(j), make([]float64, part.Cols)
			for a := range c {
				row[a] *= l.root[a]
			}
			for e := range c {
				c[e] = num.Dot(l.r.Row(e), row) / (1 + l.lambda[e]*l.gamma[j])
			}
			clear(row)
			for e, v := range c {
				num.Axpy(v, l.r.Row(e), row)
			}
			for a := range c {
				row[a] /= l.root[a]
			}
		})
		if l.u != nil {
			l.features(part, transpose(l.u))
		}
		l.put(p, part)
	}
}

func (s *kronecker) times(out, w *num.Dense) {
	for i := range s.sides {
		l := &s.sides[i]
		part := l.take(w)
		l.features(part, l.u)
		for j := range part.Rows {
			for a, root := range l.root {
				part.Data[j*part.Cols+a] *= root * root * l.gamma[j]
			}
		}
		if l.u != nil {
			l.features(part, transpose(l.u))
		}
		l.put(out, part)
	}
}

// take copies the columns of the slot.
func (l *likeness) take(p *num.Dense) *num.Dense {
	part := num.NewDense(p.Rows, len(l.columns))
	for j := range p.Rows {
		for a, col := range l.columns {
			part.Set(j, a, p.At(j, col))
		}
	}
	return part
}

func (l *likeness) put(p, part *num.Dense) {
	for j := range p.Rows {
		for a, col := range l.columns {
			p.Set(j, col, part.At(j, a))
		}
	}
}

// features sets part to u·part, where there is a u.
func (l *likeness) features(part, u *num.Dense) {
	if u == nil {
		return
	}
	from := part.Clone()
	num.Each(part.Rows, part.Rows*part.Rows*part.Cols, func(i int) {
		to := part.Row(i)
		clear(to)
		for j, v := range u.Row(i) {
			num.Axpy(v, from.Row(j), to)
		}
	})
}
