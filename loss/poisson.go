package loss

import (
	"math"

	"github.com/kindred-mtl/kindred"
)

// Poisson is the negative log likelihood of counts with a log link, less
// log y!.
//
//	ℓ(y, z) = exp(z) − yz,   ℓ*(y, u) = v log v − v,   v = u + y ≥ 0
//
// Exponents are cut at 700, so that nothing overflows.
//
// Nelder, Wedderburn, Generalized linear models, JRSS A 135, 1972.
type Poisson struct{}

// Takes implements Loss: counts.
func (Poisson) Takes(k kindred.Kind) bool { return k == kindred.Count }

func rate(z float64) float64 { return math.Exp(min(z, 700)) }

// Value implements Loss.
func (Poisson) Value(y, w, z []float64) float64 {
	s := 0.0
	for i, v := range z[:len(y)] {
		s += weight(w, i) * (rate(v) - y[i]*v)
	}
	return s
}

// Grad implements Smooth.
func (Poisson) Grad(g, y, w, z []float64) float64 {
	s := 0.0
	for i, v := range z[:len(y)] {
		e, wi := rate(v), weight(w, i)
		g[i] = wi * (e - y[i])
		s += wi * (e - y[i]*v)
	}
	return s
}

// Curvature implements Smooth: exp(z) has no bound.
func (Poisson) Curvature() float64 { return math.Inf(1) }

// Hess implements Curved.
func (Poisson) Hess(h, y, w, z []float64) {
	for i, v := range z[:len(y)] {
		h[i] = weight(w, i) * rate(v)
	}
}

// Conjugate implements Loss.
func (Poisson) Conjugate(y, w, a []float64) float64 {
	s := 0.0
	for i, v := range a[:len(y)] {
		wi := weight(w, i)
		if wi == 0 {
			if v != 0 {
				return math.Inf(1)
			}
			continue
		}
		mean := y[i] - v/wi
		if !(mean >= -slack*max(1, y[i])) {
			return math.Inf(1)
		}
		mean = max(0, mean)
		s += wi * (xlogx(mean) - mean)
	}
	return finite(s)
}

// Mean implements Linked: the expected count.
func (Poisson) Mean(m, z []float64, _ int) {
	for i, v := range z {
		m[i] = rate(v)
	}
}
