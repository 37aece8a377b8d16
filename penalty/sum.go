package penalty

import "github.com/kindred-mtl/kindred/num"

// NewSum adds a quadratic to what has a proximal operator.
//
//	Ω(W) = Q(W) + R(W),   Ω*(G) ≤ Q*(∇Q(W)) + R*(G − ∇Q(W)),   Q*(∇Q(W)) = Q(W)
//
// with equality where G is a subgradient at W (Rockafellar, Convex Analysis,
// 1970, theorem 16.4).
func NewSum(q Smooth, r Proximal) Sum {
	if v, ok := r.(Vanishing); ok {
		return vanishingSum{sum{q, r}, v}
	}
	return sum{q, r}
}

type sum struct {
	q Smooth
	r Proximal
}

// Parts implements Sum.
func (f sum) Parts() (Quadratic, Proximal) { return f.q, f.r }

// Value implements Func.
func (f sum) Value(w *num.Dense) float64 { return f.q.Value(w) + f.r.Value(w) }

// DualAt implements Anchored.
func (f sum) DualAt(w, g *num.Dense) (s, value float64) {
	rest := num.NewDense(g.Rows, g.Cols)
	q := f.q.Slope(rest, w)
	for i, v := range g.Data {
		rest.Data[i] = v - rest.Data[i]
	}
	s, value = f.r.Dual(rest)
	return s, s*s*q + value
}

// vanishingSum is a sum whose R vanishes: ∇Q(0) = 0 does not matter.
type vanishingSum struct {
	sum
	vanishing Vanishing
}

// Zero implements Vanishing.
func (f vanishingSum) Zero(g *num.Dense) float64 { return f.vanishing.Zero(g) }
