package loss

import (
	"fmt"
	"math"

	"github.com/kindred-mtl/kindred"
)

// Huber is squared for small residuals and absolute for large ones.
//
//	ℓ(y, z) = ½r² if |r| ≤ δ, δ|r| − ½δ² beyond,   r = z − y
//	ℓ*(y, u) = ½u² + uy if |u| ≤ δ, +∞ beyond
//
// Huber, Robust estimation of a location parameter, Annals of Mathematical
// Statistics 35, 1964.
type Huber struct {
	// Delta is δ, in the units of the labels as the loss sees them; 0 means
	// 1.35, which keeps about 95 % efficiency on standard normal residuals.
	Delta float64 `json:"delta" words:"error from which on a row pulls less, in standard deviations of the target; else 1.35"`
}

// Check says what is wrong with the options.
func (l *Huber) Check() error {
	if !(l.Delta >= 0 && l.Delta <= math.MaxFloat64) {
		return fmt.Errorf("huber: delta %v; it is a positive number, or 0 for 1.35", l.Delta)
	}
	return nil
}

func (l *Huber) delta() float64 {
	if l.Delta == 0 {
		return 1.35
	}
	return l.Delta
}

// Takes implements Loss: numbers and counts.
func (*Huber) Takes(k kindred.Kind) bool { return Squared{}.Takes(k) }

// Value implements Loss.
func (l *Huber) Value(y, w, z []float64) float64 {
	s, delta := 0.0, l.delta()
	for i, v := range z[:len(y)] {
		r := math.Abs(v - y[i])
		near := min(r, delta)
		s += weight(w, i) * near * (r - 0.5*near)
	}
	return s
}

// Grad implements Smooth.
func (l *Huber) Grad(g, y, w, z []float64) float64 {
	s, delta := 0.0, l.delta()
	for i, v := range z[:len(y)] {
		r := v - y[i]
		near := max(-delta, min(r, delta))
		g[i] = weight(w, i) * near
		s += g[i] * (r - 0.5*near)
	}
	return s
}

// Curvature implements Smooth.
func (*Huber) Curvature() float64 { return 1 }

// Hess implements Curved: 1 up to |r| = δ, 0 beyond.
func (l *Huber) Hess(h, y, w, z []float64) {
	delta := l.delta()
	for i, v := range z[:len(y)] {
		h[i] = 0
		if math.Abs(v-y[i]) <= delta {
			h[i] = weight(w, i)
		}
	}
}

// Conjugate implements Loss.
func (l *Huber) Conjugate(y, w, a []float64) float64 {
	s, delta := 0.0, l.delta()
	for i, v := range a[:len(y)] {
		if v == 0 {
			continue
		}
		wi := weight(w, i)
		if math.Abs(v) > wi*delta*(1+slack) {
			return math.Inf(1)
		}
		v = max(-wi*delta, min(v, wi*delta))
		s += v * (0.5*v/wi - y[i])
	}
	return finite(s)
}

// Mean implements Linked: the output itself.
func (*Huber) Mean(m, z []float64, _ int) { copy(m, z) }
