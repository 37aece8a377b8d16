package solve

import (
	"math"

	"github.com/kindred-mtl/kindred/num"
)

// newton moves the rows in use by a Newton step of the objective, which is
// smooth where none of them is 0, as far as it goes down. With û_j the direction
// of row j, ω its penalty by its length r_j, and G_t the task's Gram matrix,
//
//	H = ⊕_t A_t + U diag(b) Uᵀ,   A_t = G_t + diag(ω′(r_j)/r_j),   b_j = ω″(r_j) − ω′(r_j)/r_j ≤ 0,
//
// where U has û_j in the places of row j; so that one system of the order of
// the rows couples the tasks,
//
//	H⁻¹ = A⁻¹ + A⁻¹ U S⁻¹ Uᵀ A⁻¹,   S_ij = −δ_ij/b_j − Σ_t û_it û_jt (A_t⁻¹)_ij.
//
// Bareilles, Iutzeler, Malick, Newton acceleration on manifolds identified by
// proximal gradient methods, Mathematical Programming 200, 2023, algorithm 1;
// Golub, Van Loan, Matrix Computations, section 2.1.4.
func (s *sweeper) newton(b *gramBlocks) {
	before, step := s.objective(), s.direction(b)
	if step == nil {
		return
	}
	w, image := s.w.Clone(), append([]float64(nil), b.image()...)
	for a := range b.m {
		b.move(a, step.Row(a))
	}
	whole := append([]float64(nil), b.image()...)
	for t := 1.0; t > 0.01; t /= 2 {
		copy(s.w.Data, w.Data)
		num.Axpy(t, step.Data, s.w.Data)
		for i, v := range image {
			b.moving[i] = v + t*(whole[i]-v)
		}
		s.stop(w)
		if s.objective() < before {
			return
		}
	}
	copy(s.w.Data, w.Data)
	copy(b.moving, image)
}

// stop sets the rows to 0 that went through it, coming from those of w.
func (s *sweeper) stop(w *num.Dense) {
	for a := range w.Rows {
		row := s.w.Row(a)
		if num.Dot(row, w.Row(a)) >= 0 {
			continue
		}
		for c, v := range row {
			s.by[c] = -v
		}
		clear(row)
		s.b.move(a, s.by)
	}
}

// direction is −H⁻¹ of the gradient, m × k and 0 where rows are, or nil. The
// gradients in s are those at s.w.
func (s *sweeper) direction(b *gramBlocks) *num.Dense {
	used := support(s.w)
	n := len(used)
	unit, slope := num.NewDense(n, s.k), num.NewDense(n, s.k)
	bend, rest := make([]float64, n), make([]float64, n)
	for i, a := range used {
		w := s.w.Row(a)
		r := num.Norm(w)
		first, second := s.radial.Bend(r)
		bend[i], rest[i] = first/r, first/r-second
		for c, v := range w {
			unit.Set(i, c, v/r)
			slope.Set(i, c, -s.g.At(a, c)-bend[i]*v)
		}
	}
	inverse := b.inverses(used, bend)
	if inverse == nil {
		return nil
	}
	free, system := num.NewDense(n, s.k), num.NewDense(n, n) // A⁻¹ of the slope; S
	column, image, right := make([]float64, n), make([]float64, n), make([]float64, n)
	for i, v := range rest {
		system.Set(i, i, 1/math.Max(v, 1e-300))
	}
	for c, v := range inverse {
		times(image, v, slope.Col(column, c))
		free.SetCol(c, image)
		unit.Col(column, c)
		for i, u := range column {
			right[i] += u * image[i]
			row, from := system.Row(i), v.Row(i)
			for j, w := range column {
				row[j] -= u * w * from[j]
			}
		}
	}
	right = num.SolveSPD(system, right)
	step := num.NewDense(b.m, s.k)
	for c, v := range inverse {
		for i, u := range unit.Col(column, c) {
			column[i] = u * right[i]
		}
		times(image, v, column)
		for i, a := range used {
			step.Set(a, c, free.At(i, c)+image[i])
		}
	}
	for _, v := range step.Data {
		if v-v != 0 {
			return nil
		}
	}
	return step
}

// times sets out to a·x.
func times(out []float64, a *num.Dense, x []float64) {
	for i := range a.Rows {
		out[i] = num.Dot(a.Row(i), x)
	}
}

// inverses are (G_t + diag(bend))⁻¹ over the rows in use, of each column;
// columns with the same Gram matrix share one. nil where one has none.
func (b *gramBlocks) inverses(used []int, bend []float64) []*num.Dense {
	place := map[*num.Dense]int{}
	var grams, out []*num.Dense
	for _, g := range b.grams {
		if _, ok := place[g]; !ok {
			place[g] = len(grams)
			grams = append(grams, g)
		}
	}
	n := len(used)
	parts := make([]*num.Dense, len(grams))
	num.Each(len(grams), len(grams)*n*n*n, func(p int) {
		a := num.NewDense(n, n)
		for i, from := range used {
			for j, l := range used {
				a.Set(i, j, grams[p].At(from, l))
			}
			a.Data[i*n+i] += bend[i]
		}
		if l := num.CholeskyLower(a); l != nil {
			parts[p] = num.LowerInverse(l)
		}
	})
	for _, g := range b.grams {
		if parts[place[g]] == nil {
			return nil
		}
		out = append(out, parts[place[g]])
	}
	return out
}

// newtonPays is how many sweeps take as long as a Newton step, which inverts a
// matrix for every Gram matrix and another.
func (b *gramBlocks) newtonPays() int {
	distinct := map[*num.Dense]bool{}
	for _, g := range b.grams {
		distinct[g] = true
	}
	return 10 + b.m*(len(distinct)+1)/b.k
}
