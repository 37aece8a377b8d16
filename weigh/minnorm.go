package weigh

import (
	"math"
	"slices"

	"github.com/kindred-mtl/kindred/num"
)

// minNorm returns the z ≥ 0 with hᵀz = 1 for which zᵀCz is least, where C are
// cosines and h > 0: with unit vectors c_i, a_i = h_i z_i are the coefficients
// of the shortest convex combination of the c_i/h_i. It is an active-set method:
// least squares on the columns in the set, from which those at 0 leave and which
// those enter whose (Cz)_j is below zᵀCz h_j.
//
// Wolfe, Finding the nearest point in a polytope, Mathematical Programming 11,
// 1976; from all points at once, since most stay.
func minNorm(c *num.Dense, h []float64) []float64 {
	n := len(h)
	h = slices.Clone(h)
	largest := slices.Max(h)
	for i := range h {
		h[i] = max(h[i]/largest, math.SmallestNonzeroFloat64)
	}
	s := &nearest{c: c, h: h, z: make([]float64, n), in: make([]int, n)}
	square := num.Dot(h, h)
	for i := range n {
		s.z[i], s.in[i] = h[i]/square, i
	}
	s.descend()
	best, least := slices.Clone(s.z), s.square()
	for range 10 * n {
		j := s.enters()
		if j < 0 {
			break
		}
		s.in = append(s.in, j)
		s.descend()
		square := s.square()
		if !(square < least) {
			break // all that is left is rounding
		}
		copy(best, s.z)
		least = square
	}
	for i := range best {
		best[i] /= largest
	}
	return best
}

// nearest is a run of minNorm.
type nearest struct {
	c  *num.Dense
	h  []float64
	z  []float64 // 0 outside the set
	in []int     // the set
}

// square is zᵀCz.
func (s *nearest) square() float64 {
	sum := 0.0
	for i, v := range s.z {
		if v != 0 {
			sum += v * num.Dot(s.c.Row(i), s.z)
		}
	}
	return max(0, sum)
}

// enters returns the point outside the set that is furthest below the plane
// through the nearest point, −1 where none is by more than rounding.
func (s *nearest) enters() int {
	const gap, rounding = 1e-12, 8 * 0x1p-52
	square, best, furthest := s.square(), -1, 0.0
	for j, h := range s.h {
		if slices.Contains(s.in, j) {
			continue
		}
		size := 0.0
		for i, v := range s.c.Row(j) {
			size += math.Abs(v) * s.z[i]
		}
		if below := (1-gap)*square*h - num.Dot(s.c.Row(j), s.z) - rounding*size; below > furthest {
			best, furthest = j, below
		}
	}
	return best
}

// descend goes to the least square on the set, and takes off it, one by one,
// what would go below 0 on the way.
func (s *nearest) descend() {
	for len(s.in) > 0 {
		y := s.solve()
		step, first := 1.0, -1
		for k, i := range s.in {
			if y[k] <= 0 {
				if at := s.z[i] / (s.z[i] - y[k]); first < 0 || at < step {
					step, first = at, k
				}
			}
		}
		for k, i := range s.in {
			s.z[i] = max(0, s.z[i]+step*(y[k]-s.z[i]))
		}
		if first < 0 {
			return
		}
		s.z[s.in[first]] = 0
		s.in = slices.Delete(s.in, first, first+1)
	}
}

// solve returns the least square on the set regardless of signs: y/hᵀy where
// (C + hhᵀ) y = h. The matrix is singular where points repeat; a small ridge
// then shares their weight, and refinement takes back what it changes.
func (s *nearest) solve() []float64 {
	n := len(s.in)
	a, h := num.NewDense(n, n), make([]float64, n)
	for k, i := range s.in {
		h[k] = s.h[i]
		for l, j := range s.in {
			a.Set(k, l, s.c.At(i, j)+s.h[i]*s.h[j])
		}
	}
	r := ridged(a)
	y, rest := make([]float64, n), slices.Clone(h)
	for range 4 {
		num.CholeskySolve(r, rest)
		num.Axpy(1, rest, y)
		for k := range rest {
			rest[k] = h[k] - num.Dot(a.Row(k), y)
		}
	}
	sum := num.Dot(h, y)
	for k := range y {
		y[k] /= sum
	}
	return y
}

// ridged returns the factor of a with the least ridge that makes it definite:
// the cosines of gradients in float32 may be those of no vectors at all.
func ridged(a *num.Dense) *num.Dense {
	for ridge := 1e-11; ; ridge *= 10 {
		r := a.Clone()
		for k := range r.Rows {
			r.Data[k*r.Cols+k] += ridge
		}
		if num.Cholesky(r) || ridge > 1e6 {
			return r
		}
	}
}
