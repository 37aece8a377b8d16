package loss

import (
	"math"

	"github.com/kindred-mtl/kindred"
)

// Logistic is the negative log likelihood of two classes, y = 0 or 1.
//
//	ℓ(y, z) = log(1 + exp(−sz)), s = 2y − 1
//	ℓ*(y, u) = p log p + (1 − p) log(1 − p),   p = −su in [0, 1]
//
// Cox, The regression analysis of binary sequences, JRSS B 20, 1958.
type Logistic struct{}

// Takes implements Loss: two classes.
func (Logistic) Takes(k kindred.Kind) bool { return k == kindred.Binary }

// Value implements Loss.
func (Logistic) Value(y, w, z []float64) float64 {
	s := 0.0
	for i, v := range z[:len(y)] {
		m := sign(y[i]) * v
		s += weight(w, i) * (max(0, -m) + math.Log1p(math.Exp(-math.Abs(m))))
	}
	return s
}

// Grad implements Smooth.
func (Logistic) Grad(g, y, w, z []float64) float64 {
	s := 0.0
	for i, v := range z[:len(y)] {
		side, wi := sign(y[i]), weight(w, i)
		m := side * v
		e := math.Exp(-math.Abs(m))
		wrong := e / (1 + e) // the probability of the other class
		if m < 0 {
			wrong = 1 / (1 + e)
		}
		g[i] = -side * wi * wrong
		s += wi * (max(0, -m) + math.Log1p(e))
	}
	return s
}

// Curvature implements Smooth.
func (Logistic) Curvature() float64 { return 0.25 }

// Hess implements Curved.
func (Logistic) Hess(h, y, w, z []float64) {
	for i, v := range z[:len(y)] {
		e := math.Exp(-math.Abs(v))
		h[i] = weight(w, i) * e / ((1 + e) * (1 + e))
	}
}

// Conjugate implements Loss.
func (Logistic) Conjugate(y, w, a []float64) float64 {
	s := 0.0
	for i, v := range a[:len(y)] {
		if v == 0 {
			continue
		}
		wi := weight(w, i)
		p := sign(y[i]) * v / wi
		if !(p >= -slack && p <= 1+slack) {
			return math.Inf(1)
		}
		p = max(0, min(p, 1))
		s += wi * (xlogx(p) + xlogx(1-p))
	}
	return s
}

// Mean implements Linked: the probability of class 1.
func (Logistic) Mean(m, z []float64, _ int) {
	for i, v := range z {
		e := math.Exp(-math.Abs(v))
		if v < 0 {
			m[i] = e / (1 + e)
		} else {
			m[i] = 1 / (1 + e)
		}
	}
}
