package relate

import (
	"math"

	"github.com/kindred-mtl/kindred/num"
)

// Scale gives each task a place in k dimensions, a row each, so that distances
// are those of the relation as nearly as k dimensions allow: classical scaling,
//
//	X = V_k Λ_k^½,   V Λ Vᵀ = J S J,   J = I − 11ᵀ/T
//
// with the k largest eigenvalues, those below 0 as 0, and S the matrix, where it
// is not symmetric (S + Sᵀ)/2, what is not known as 0. In each dimension the
// entry of the largest magnitude is positive, the first of equals.
//
// Torgerson, Multidimensional scaling: I. Theory and method, Psychometrika 17,
// 1952; Gower, Some distance properties of latent root and vector methods used
// in multivariate analysis, Biometrika 53, 1966.
func Scale(r *Relation, k int) *num.Dense {
	if r.Matrix == nil {
		return r.principal(k)
	}
	s := symmetric(r)
	n := s.Rows
	mean, all := make([]float64, n), 0.0
	for t := range n {
		mean[t] = num.Sum(s.Row(t)) / float64(n)
		all += mean[t] / float64(n)
	}
	for a := range n {
		for b := range n {
			s.Data[a*n+b] += all - mean[a] - mean[b]
		}
	}
	values, vectors := num.SymEigen(s)
	x := num.NewDense(n, k)
	for c := range k {
		from := n - 1 - c
		if values[from] <= 1e-12*values[n-1] {
			continue
		}
		v := vectors.Col(make([]float64, n), from)
		num.Scale(v, math.Sqrt(values[from])*sign(v))
		x.SetCol(c, v)
	}
	return x
}

// sign is that of the entry of the largest magnitude, the first of those that
// are as large but for rounding.
func sign(v []float64) float64 {
	largest := 0.0
	for _, a := range v {
		largest = max(largest, math.Abs(a))
	}
	for _, a := range v {
		if math.Abs(a) >= (1-1e-6)*largest {
			return math.Copysign(1, a)
		}
	}
	return 1
}

// symmetric is (S + Sᵀ)/2, with 0 where nothing is known.
func symmetric(r *Relation) *num.Dense {
	n := r.Matrix.Rows
	s := num.NewDense(n, n)
	for a := range n {
		for b := range n {
			if v := (r.Matrix.At(a, b) + r.Matrix.At(b, a)) / 2; !math.IsNaN(v) {
				s.Set(a, b, v)
			}
		}
	}
	return s
}

// Distances are those of the tasks: of a symmetric relation, which is 1 on its
// diagonal,
//
//	d_st = √(2 − 2 S_st)
//
// the distance of points whose products are S; else how far (S_st + S_ts)/2 is
// below the largest, as a share of the range. What is not known counts as 0. A
// sketch has none: they would be as many as the matrix that it stands for.
func Distances(r *Relation) *num.Dense {
	s := symmetric(r)
	n := s.Rows
	low, high := math.Inf(1), math.Inf(-1)
	for a := range n {
		for b := range n {
			if a != b {
				low, high = min(low, s.At(a, b)), max(high, s.At(a, b))
			}
		}
	}
	for a := range n {
		for b := range n {
			v := s.At(a, b)
			switch {
			case a == b:
				v = 0
			case r.Symmetric:
				v = math.Sqrt(max(0, 2-2*v))
			case high > low:
				v = (high - v) / (high - low)
			default:
				v = 1
			}
			s.Set(a, b, v)
		}
	}
	return s
}
