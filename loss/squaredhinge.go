package loss

import (
	"math"

	"github.com/kindred-mtl/kindred"
)

// SquaredHinge is half the hinge squared, of two classes, y = 0 or 1.
//
//	ℓ(y, z) = ½ max(0, 1 − sz)², s = 2y − 1
//	ℓ*(y, u) = ½p² − p,   p = −su ≥ 0
//
// Fan et al., LIBLINEAR: a library for large linear classification, JMLR 9,
// 2008, whose L2-loss is twice this one.
type SquaredHinge struct{}

// Takes implements Loss: two classes.
func (SquaredHinge) Takes(k kindred.Kind) bool { return k == kindred.Binary }

// Value implements Loss.
func (SquaredHinge) Value(y, w, z []float64) float64 {
	s := 0.0
	for i, v := range z[:len(y)] {
		r := max(0, 1-sign(y[i])*v)
		s += 0.5 * weight(w, i) * r * r
	}
	return s
}

// Grad implements Smooth.
func (SquaredHinge) Grad(g, y, w, z []float64) float64 {
	s := 0.0
	for i, v := range z[:len(y)] {
		side := sign(y[i])
		r := max(0, 1-side*v)
		wr := weight(w, i) * r
		g[i] = -side * wr
		s += 0.5 * wr * r
	}
	return s
}

// Curvature implements Smooth.
func (SquaredHinge) Curvature() float64 { return 1 }

// Hess implements Curved: 1 inside the margin, 0 on it and beyond.
func (SquaredHinge) Hess(h, y, w, z []float64) {
	for i, v := range z[:len(y)] {
		h[i] = 0
		if sign(y[i])*v < 1 {
			h[i] = weight(w, i)
		}
	}
}

// Conjugate implements Loss.
func (SquaredHinge) Conjugate(y, w, a []float64) float64 {
	s := 0.0
	for i, v := range a[:len(y)] {
		if v == 0 {
			continue
		}
		wi := weight(w, i)
		p := sign(y[i]) * v / wi
		if !(p >= -slack) {
			return math.Inf(1)
		}
		p = max(0, p)
		s += wi * p * (0.5*p - 1)
	}
	return finite(s)
}
