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
	cut := level(slices.Clone(size), float64(f))
	for i, at := range active {
		rest[at] = min(size[i], cut)
	}
	return num.Norm(rest)
}

// level is the c for which Σ (x_i − c)₊ = total; it spoils x. Of those that
// are above c at first all stay in, then those that are above the c that these
// would have.
//
// Michelot, A finite algorithm for finding the projection of a point onto the
// canonical simplex of Rⁿ, Journal of Optimization Theory and Applications 50,
// 1986.
func level(x []float64, total float64) float64 {
	c, count := math.Inf(-1), len(x)
	for count > 0 {
		sum := 0.0
		for _, v := range x[:count] {
			sum += v
		}
		c = (sum - total) / float64(count)
		above := 0
		for _, v := range x[:count] {
			if v > c {
				x[above] = v
				above++
			}
		}
		if above == count || above == 0 {
			break
		}
		count = above
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

// ProxJacobian implements Slanted: entries that are cut off move together, by
// the mean of what they would.
func (f linf1) ProxJacobian(v *num.Dense, step float64) Jacobian {
	j := &cutoff{num.NewDense(v.Rows, v.Cols), make([]float64, v.Rows)}
	size := make([]float64, v.Cols)
	for i := range v.Rows {
		for c, x := range v.Row(i) {
			size[c] = math.Abs(x)
		}
		cut := max(0, level(size, step*float64(f)))
		for c, x := range v.Row(i) {
			if math.Abs(x) > cut {
				j.sign.Set(i, c, math.Copysign(1, x))
				j.count[i]++
			}
		}
		if cut == 0 {
			clear(j.sign.Row(i))
			j.count[i] = float64(v.Cols) + 1 // all of it is 0
		}
	}
	return j
}

// cutoff is the mean of the entries that have a sign, times it, and the
// identity on the others.
type cutoff struct {
	sign  *num.Dense
	count []float64 // of each row; more than there are columns: the row is 0
}

// Times implements Jacobian.
func (j *cutoff) Times(out, x *num.Dense) {
	for i, count := range j.count {
		to := out.Row(i)
		if count > float64(len(to)) {
			clear(to)
			continue
		}
		sign, mean := j.sign.Row(i), 0.0
		if count > 0 {
			mean = num.Dot(sign, x.Row(i)) / count
		}
		for c, v := range x.Row(i) {
			if sign[c] != 0 {
				v = sign[c] * mean
			}
			to[c] = v
		}
	}
}

// Diagonal implements Jacobian.
func (j *cutoff) Diagonal() (*num.Dense, bool) {
	d := num.NewDense(j.sign.Rows, j.sign.Cols)
	for i, count := range j.count {
		for c, sign := range j.sign.Row(i) {
			switch {
			case count > float64(d.Cols):
			case sign != 0:
				d.Set(i, c, 1/count)
			default:
				d.Set(i, c, 1)
			}
		}
	}
	return d, true
}
