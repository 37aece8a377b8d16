package loss

import "github.com/kindred-mtl/kindred"

// Squared is half the squared error.
//
//	ℓ(y, z) = ½(z − y)²,   ℓ*(y, u) = ½u² + uy
//
// Legendre, Nouvelles méthodes pour la détermination des orbites des comètes,
// 1805.
type Squared struct{}

// Takes implements Loss: numbers and counts.
func (Squared) Takes(k kindred.Kind) bool { return k == kindred.Regression || k == kindred.Count }

// Value implements Loss.
func (Squared) Value(y, w, z []float64) float64 {
	s := 0.0
	for i, v := range z[:len(y)] {
		r := v - y[i]
		s += 0.5 * weight(w, i) * r * r
	}
	return s
}

// Grad implements Smooth.
func (Squared) Grad(g, y, w, z []float64) float64 {
	s := 0.0
	for i, v := range z[:len(y)] {
		r := v - y[i]
		g[i] = weight(w, i) * r
		s += 0.5 * g[i] * r
	}
	return s
}

// Curvature implements Smooth.
func (Squared) Curvature() float64 { return 1 }

// Hess implements Curved.
func (Squared) Hess(h, y, w, _ []float64) {
	for i := range y {
		h[i] = weight(w, i)
	}
}

// Conjugate implements Loss.
func (Squared) Conjugate(y, w, a []float64) float64 {
	s := 0.0
	for i, v := range a[:len(y)] {
		if v != 0 {
			s += v * (0.5*v/weight(w, i) - y[i])
		}
	}
	return finite(s)
}

// Mean implements Linked: the output itself.
func (Squared) Mean(m, z []float64, _ int) { copy(m, z) }
