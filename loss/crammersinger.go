package loss

import (
	"math"

	"github.com/kindred-mtl/kindred"
)

// CrammerSinger asks the output of the right class to lead every other one by
// a margin of 1.
//
//	ℓ(y, z) = max_c (1[c ≠ y] + z_c) − z_y
//	ℓ*(y, u) = −Σ_{c ≠ y} p_c,   p = u + e_y in the simplex
//
// Crammer, Singer, On the algorithmic implementation of multiclass
// kernel-based vector machines, JMLR 2, 2001.
type CrammerSinger struct{}

// Takes implements Loss: several classes.
func (CrammerSinger) Takes(k kindred.Kind) bool { return k == kindred.Multiclass }

// Value implements Loss.
func (CrammerSinger) Value(y, w, z []float64) float64 {
	s, k := 0.0, outputs(y, z)
	for i, class := range y {
		row := z[i*k : (i+1)*k]
		right := row[int(class)]
		worst := 0.0
		for c, v := range row {
			if c != int(class) {
				worst = max(worst, 1+v-right)
			}
		}
		s += weight(w, i) * worst
	}
	return s
}

// Conjugate implements Loss.
func (CrammerSinger) Conjugate(y, w, a []float64) float64 {
	s, k := 0.0, outputs(y, a)
	for i, class := range y {
		wi, sum := weight(w, i), 0.0
		for c, v := range a[i*k : (i+1)*k] {
			p, ok := vertex(v, wi, c == int(class))
			if !ok {
				return math.Inf(1)
			}
			sum += p
			if c != int(class) {
				s -= wi * p
			}
		}
		if !(math.Abs(sum-1) <= slack*float64(k)) {
			return math.Inf(1)
		}
	}
	return s
}
