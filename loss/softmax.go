package loss

import (
	"math"

	"github.com/kindred-mtl/kindred"
)

// Softmax is the negative log likelihood of several classes, one output each.
//
//	ℓ(y, z) = log Σ_c exp(z_c) − z_y
//	ℓ*(y, u) = Σ_c p_c log p_c,   p = u + e_y in the simplex
//
// Böhning, Multinomial logistic regression algorithm, Annals of the Institute
// of Statistical Mathematics 44, 1992, which also bounds the curvature.
type Softmax struct{}

// Takes implements Loss: several classes.
func (Softmax) Takes(k kindred.Kind) bool { return k == kindred.Multiclass }

// Value implements Loss.
func (Softmax) Value(y, w, z []float64) float64 {
	s, k := 0.0, outputs(y, z)
	for i, class := range y {
		row := z[i*k : (i+1)*k]
		top, sum := largest(row), 0.0
		for _, v := range row {
			sum += math.Exp(v - top)
		}
		s += weight(w, i) * (math.Log(sum) + top - row[int(class)])
	}
	return s
}

// Grad implements Smooth.
func (Softmax) Grad(g, y, w, z []float64) float64 {
	s, k := 0.0, outputs(y, z)
	for i, class := range y {
		row, p, wi := z[i*k:(i+1)*k], g[i*k:(i+1)*k], weight(w, i)
		s += wi * (normalize(p, row) - row[int(class)])
		p[int(class)]--
		for c := range p {
			p[c] *= wi
		}
	}
	return s
}

// Curvature implements Smooth: diag(p) − ppᵀ has no eigenvalue above ½.
func (Softmax) Curvature() float64 { return 0.5 }

// HessVec implements Joint: diag(p) − ppᵀ times v.
func (Softmax) HessVec(hv, y, w, z, v []float64) {
	k := outputs(y, z)
	for i := range y {
		p, row := hv[i*k:(i+1)*k], v[i*k:(i+1)*k]
		normalize(p, z[i*k:(i+1)*k])
		mean := 0.0
		for c, q := range p {
			mean += q * row[c]
		}
		wi := weight(w, i)
		for c, q := range p {
			p[c] = wi * q * (row[c] - mean)
		}
	}
}

// Conjugate implements Loss.
func (Softmax) Conjugate(y, w, a []float64) float64 {
	s, k := 0.0, outputs(y, a)
	for i, class := range y {
		wi, sum := weight(w, i), 0.0
		for c, v := range a[i*k : (i+1)*k] {
			p, ok := vertex(v, wi, c == int(class))
			if !ok {
				return math.Inf(1)
			}
			sum += p
			s += wi * xlogx(p)
		}
		if !(math.Abs(sum-1) <= slack*float64(k)) {
			return math.Inf(1)
		}
	}
	return s
}

// Mean implements Linked: the probability of each class.
func (Softmax) Mean(m, z []float64, k int) {
	for i := 0; i < len(z); i += k {
		normalize(m[i:i+k], z[i:i+k])
	}
}

// normalize sets p to exp(z) / Σ exp(z) and returns log Σ exp(z). p may be z.
func normalize(p, z []float64) float64 {
	top, sum := largest(z), 0.0
	for c, v := range z {
		p[c] = math.Exp(v - top)
		sum += p[c]
	}
	for c := range p {
		p[c] /= sum
	}
	return math.Log(sum) + top
}
