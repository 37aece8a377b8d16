package loss

import (
	"math"

	"github.com/kindred-mtl/kindred"
)

// Hinge is the support vector machine's loss of two classes, y = 0 or 1.
//
//	ℓ(y, z) = max(0, 1 − sz), s = 2y − 1
//	ℓ*(y, u) = −p,   p = −su in [0, 1]
//
// Cortes, Vapnik, Support-vector networks, Machine Learning 20, 1995.
type Hinge struct{}

// Takes implements Loss: two classes.
func (Hinge) Takes(k kindred.Kind) bool { return k == kindred.Binary }

// Value implements Loss.
func (Hinge) Value(y, w, z []float64) float64 {
	s := 0.0
	for i, v := range z[:len(y)] {
		s += weight(w, i) * max(0, 1-sign(y[i])*v)
	}
	return s
}

// Conjugate implements Loss.
func (Hinge) Conjugate(y, w, a []float64) float64 {
	s := 0.0
	for i, v := range a[:len(y)] {
		if v == 0 {
			continue
		}
		v *= sign(y[i])
		wi := weight(w, i)
		if !(v >= -slack*wi && v <= wi*(1+slack)) {
			return math.Inf(1)
		}
		s -= max(0, min(v, wi))
	}
	return s
}
