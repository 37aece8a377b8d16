package penalty

import (
	"math"
	"slices"

	"github.com/kindred-mtl/kindred/num"
)

// linf is λ Σ_j max_t |W_jt|.
type linf float64

// Value implements Func.
func (f linf) Value(w *num.Dense) float64 {
	s := 0.0
	for j := range w.Rows {
		s += largest(w.Row(j))
	}
	return float64(f) * s
}

// Dual implements Func: the indicator of Σ_t |G_jt| ≤ λ in every row.
func (f linf) Dual(g *num.Dense) (s, value float64) { return ratio(float64(f), widest(g)), 0 }

// Zero implements Vanishing.
func (f linf) Zero(g *num.Dense) float64 { return widest(g) / float64(f) }

// widest is max_j Σ_t |G_jt|.
func widest(g *num.Dense) float64 {
	big := 0.0
	for j := range g.Rows {
		s := 0.0
		for _, v := range g.Row(j) {
			s += math.Abs(v)
		}
		big = max(big, s)
	}
	return big
}

// Prox implements Proximal: each row less its projection on the ℓ1 ball of
// radius step·λ, which clips it.
func (f linf) Prox(out, v *num.Dense, step float64) {
	copy(out.Data, v.Data)
	sizes := make([]float64, v.Cols)
	for j := range out.Rows {
		row := out.Row(j)
		for c, x := range row {
			sizes[c] = math.Abs(x)
		}
		level := clip(sizes, step*float64(f))
		for c, x := range row {
			row[c] = math.Copysign(min(math.Abs(x), level), x)
		}
	}
}

// clip is the level τ ≥ 0 with Σ (x_i − τ)₊ = radius, or 0; it sorts x.
func clip(x []float64, radius float64) float64 {
	slices.Sort(x)
	slices.Reverse(x)
	sum, level := -radius, 0.0
	for i, v := range x {
		sum += v
		if tau := sum / float64(i+1); !(tau >= v) {
			level = tau
		}
	}
	return max(level, 0)
}
