package compose

import "github.com/kindred-mtl/kindred/num"

// mostOthers is how many weights corner solves for: it looks at every face.
const mostOthers = 10

// corner minimizes a convex quadratic over the corner of a simplex,
//
//	min over w ≥ 0, Σ w ≤ 1, of  c·w + ½ wᵀ H w
//
// exactly: it is least where it is stationary on one of the faces, of which
// there are few. Faces along which it may be flat are left out, for then it is
// as low on their edges.
func corner(h *num.Dense, c []float64) []float64 {
	best, least := make([]float64, len(c)), 0.0
	for face := uint(2); face < 2<<len(c); face++ {
		var vertices []int // −1: the origin
		for i := range len(c) + 1 {
			if face>>i&1 == 1 {
				vertices = append(vertices, i-1)
			}
		}
		w := stationary(h, c, vertices)
		if w == nil {
			continue
		}
		if v := quadratic(h, c, w); v < least {
			best, least = w, v
		}
	}
	return best
}

// quadratic is c·w + ½ wᵀ H w.
func quadratic(h *num.Dense, c, w []float64) float64 {
	sum := num.Dot(c, w)
	for i, v := range w {
		sum += v * num.Dot(h.Row(i), w) / 2
	}
	return sum
}

// stationary is the point inside the face of these vertices where the quadratic
// is stationary, from the last vertex r on:
//
//	(H_ij − H_ir − H_rj + H_rr) w_j = −(c_i − c_r + H_ir − H_rr),   w_r = 1 − Σ w
//
// nil where there is none, or several.
func stationary(h *num.Dense, c []float64, vertices []int) []float64 {
	last := len(vertices) - 1
	curve := func(i, j int) float64 {
		if i < 0 || j < 0 {
			return 0
		}
		return h.At(i, j)
	}
	slope := func(i int) float64 {
		if i < 0 {
			return 0
		}
		return c[i]
	}
	r := vertices[last]
	a, v := num.NewDense(last, last), make([]float64, last)
	for x, i := range vertices[:last] {
		v[x] = slope(r) - slope(i) + curve(r, r) - curve(i, r)
		for y, j := range vertices[:last] {
			a.Set(x, y, curve(i, j)-curve(i, r)-curve(r, j)+curve(r, r))
		}
	}
	scale := a.Clone()
	if last > 0 && !num.Cholesky(a) {
		return nil
	}
	for x := range last {
		if !(a.At(x, x)*a.At(x, x) > 1e-10*scale.At(x, x)) {
			return nil // flat, but for rounding
		}
	}
	num.CholeskySolve(a, v)
	w := make([]float64, len(c))
	for x, i := range vertices {
		weight := 1 - num.Sum(v)
		if x < last {
			weight = v[x]
		}
		if !(weight > 0) {
			return nil
		}
		if i >= 0 {
			w[i] = weight
		}
	}
	return w
}
