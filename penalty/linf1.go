package penalty

import (
	"math"
	"slices"

	"github.com/kindred-mtl/kindred/num"
)

// LInf1 selects features jointly, by their largest weight: once one task uses
// a feature, the others may up to the same size at no cost.
//
//	Ω(W) = λ Σ_j max_t |W_jt|
//
// Turlach, Venables, Wright, Simultaneous variable selection, Technometrics
// 47, 2005; Quattoni, Carreras, Collins, Darrell, An efficient
// projection for l1,∞ regularization, ICML 2009.
type LInf1 struct{}

// On implements Penalty.
func (LInf1) On(_ Layout, lambda float64) Func { return linf1(lambda) }

// Variants implements Penalty.
func (p LInf1) Variants() []Penalty { return []Penalty{p} }

// Parameters implements Penalty.
func (LInf1) Parameters() map[string]float64 { return nil }

// linf1 is the strength λ.
type linf1 float64

// Value implements Func.
func (f linf1) Value(w *num.Dense) float64 {
	s := 0.0
	for j := range w.Rows {
		s += largest(w.Row(j))
	}
	return float64(f) * s
}

// Dual implements Convex: the indicator of rows whose entries sum to at most λ.
func (f linf1) Dual(g *num.Dense) (s, value float64) { return ratio(float64(f), heaviest(g)), 0 }

// Zero implements Vanishing.
func (f linf1) Zero(g *num.Dense) float64 { return heaviest(g) / float64(f) }

// Prox implements Proximal.
func (f linf1) Prox(out, v *num.Dense, step float64) {
	copy(out.Data, v.Data)
	for j := range out.Rows {
		f.ProxRow(out.Row(j), step)
	}
}

// ProxRow implements RowSeparable: it cuts the entries off at the level above
// which they sum to step·λ. What is cut off is the projection of the row on
// the ball Σ|u_t| ≤ step·λ.
func (f linf1) ProxRow(row []float64, step float64) {
	size := make([]float64, len(row))
	for i, v := range row {
		size[i] = math.Abs(v)
	}
	cut := max(0, level(size, step*float64(f)))
	for i, v := range row {
		if math.Abs(v) > cut {
			row[i] = math.Copysign(cut, v)
		}
	}
}

// RowValue implements RowSeparable.
func (f linf1) RowValue(row []float64) float64 { return float64(f) * largest(row) }

// RowDistance implements RowSeparable. At 0 the subdifferential is the ball
// Σ|u_t| ≤ λ; elsewhere it is the simplex u_t = sign(w_t) a_t, a ≥ 0, Σ a_t = λ
// over the largest entries.
func (f linf1) RowDistance(row, g []float64) float64 {
	top := largest(row)
	rest := append([]float64(nil), g...)
	if top == 0 {
		f.ProxRow(rest, 1)
		return num.Norm(rest)
	}
	var active []int
	var size []float64
	for i, v := range row {
		if math.Abs(v) == top {
			active = append(active, i)
			size = append(size, -g[i]*math.Copysign(1, v))
		}
	}
	cut := level(size, float64(f))
	for i, at := range active {
		rest[at] = min(size[i], cut)
	}
	return num.Norm(rest)
}

// level is the c for which Σ (x_i − c)₊ = total; it sorts x.
//
// Duchi, Shalev-Shwartz, Singer, Chandra, Efficient projections onto the
// ℓ1-ball for learning in high dimensions, ICML 2008, figure 1.
func level(x []float64, total float64) float64 {
	slices.Sort(x)
	slices.Reverse(x)
	c, sum := 0.0, 0.0
	for i, v := range x {
		if i > 0 && !(v > c) {
			break
		}
		sum += v
		c = (sum - total) / float64(i+1)
	}
	return c
}

// heaviest is max_j Σ_t |G_jt|.
func heaviest(g *num.Dense) float64 {
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
