package penalty

import (
	"math"

	"github.com/kindred-mtl/kindred/num"
)

// Factored functions are the cost of W as a product of two factors,
//
//	Ω(W) = min L(U) + R(V)  over  U V = W,   U d × k, V k × columns,
//
// which is not convex in U and V together. Value is that least cost where it
// is known, else the cost of Factor's factors, which is no less; +Inf where w
// has a rank above k.
type Factored interface {
	Func
	// Rank is k for d features and so many columns.
	Rank(d, columns int) int
	// Left and Right are L and R.
	Left() Elastic
	Right() Elastic
	// Factor returns U and V with U V the nearest matrix to w of rank k: its
	// singular vectors, the largest singular value first, each pair so long as
	// costs least.
	Factor(w *num.Dense) (u, v *num.Dense)
}

// Elastic functions are sums over the entries of W, Σ l1|w| + ½ l2 w².
type Elastic interface {
	RowSeparable
	Elastic() (l1, l2 float64)
}

// Elastic implements Elastic.
func (f elastic) Elastic() (l1, l2 float64) { return f.l1, f.l2 }

// Bounded functions lie nowhere below a convex one, whose duality gap then
// bounds how far they are from their least value.
type Bounded interface {
	Func
	Below() Vanishing
}

// factored is what the Factored functions have in common.
type factored struct {
	rank        int // at most
	left, right Elastic
	// length of the unit vector u in u (σv)ᵀ, at which the pair costs least.
	length func(sigma float64, v []float64) float64
}

// Rank implements Factored.
func (f *factored) Rank(d, columns int) int { return min(f.rank, d, columns) }

// Left implements Factored.
func (f *factored) Left() Elastic { return f.left }

// Right implements Factored.
func (f *factored) Right() Elastic { return f.right }

// Factor implements Factored. The largest entry of each column of U is above 0.
func (f *factored) Factor(w *num.Dense) (u, v *num.Dense) {
	k := f.Rank(w.Rows, w.Cols)
	left, sigma, right := num.SVD(w)
	u, v = num.NewDense(w.Rows, k), num.NewDense(k, w.Cols)
	a := make([]float64, w.Rows)
	for c := range k {
		left.Col(a, c)
		right.Col(v.Row(c), c)
		length := f.length(sigma[c], v.Row(c))
		if length == 0 {
			clear(v.Row(c))
			continue
		}
		sign := 1.0
		if big := largest(a); big > 0 && !holds(a, big) {
			sign = -1
		}
		for j, x := range a {
			u.Set(j, c, sign*length*x)
		}
		for i, x := range v.Row(c) {
			v.Row(c)[i] = sign * sigma[c] / length * x
		}
	}
	return u, v
}

// holds tells whether x is one of the entries.
func holds(entries []float64, x float64) bool {
	for _, v := range entries {
		if v == x {
			return true
		}
	}
	return false
}

// exceeds tells whether singular values, descending, are of a rank above k, up
// to rounding.
func exceeds(sigma []float64, k int) bool { return len(sigma) > k && sigma[k] > 1e-9*sigma[0] }

// norm1 is Σ|x_i|.
func norm1(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += math.Abs(v)
	}
	return sum
}
