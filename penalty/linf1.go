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

// ProxColumns implements Columnwise: the cut-off parts, each divided by its step,
// sum to λ.
func (f linf1) ProxColumns(out, v *num.Dense, steps []float64) {
	cutOf := f.cuts(steps)
	for j := range v.Rows {
		from, to := v.Row(j), out.Row(j)
		cut := cutOf(from)
		for c, x := range from {
			if to[c] = x; math.Abs(x) > cut {
				to[c] = math.Copysign(cut, x)
			}
		}
	}
}

// cuts tells of rows the level at which these steps cut them off.
func (f linf1) cuts(steps []float64) func(row []float64) float64 {
	size, weight := make([]float64, len(steps)), make([]float64, len(steps))
	return func(row []float64) float64 {
		for c, x := range row {
			size[c], weight[c] = math.Abs(x), 1/steps[c]
		}
		return max(0, weightedLevel(size, weight, float64(f)))
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

// weightedLevel is the c for which Σ w_i (x_i − c)₊ = total, found like level; it
// spoils x and w.
func weightedLevel(x, w []float64, total float64) float64 {
	c, count := math.Inf(-1), len(x)
	for count > 0 {
		sum, weight := 0.0, 0.0
		for i, v := range x[:count] {
			sum, weight = sum+w[i]*v, weight+w[i]
		}
		c = (sum - total) / weight
		above := 0
		for i, v := range x[:count] {
			if v > c {
				x[above], w[above] = v, w[i]
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
	steps := make([]float64, v.Cols)
	for c := range steps {
		steps[c] = step
	}
	return f.ColumnsJacobian(v, steps)
}

// ColumnsJacobian implements Columnwise: by the mean weighted by 1/step.
func (f linf1) ColumnsJacobian(v *num.Dense, steps []float64) Jacobian {
	j := &cutoff{num.NewDense(v.Rows, v.Cols), make([]bool, v.Rows)}
	cutOf := f.cuts(steps)
	for i := range v.Rows {
		from, along := v.Row(i), j.along.Row(i)
		cut := cutOf(from)
		if j.zero[i] = cut == 0; cut == 0 {
			continue
		}
		for c, x := range from {
			if math.Abs(x) > cut {
				along[c] = math.Copysign(1/math.Sqrt(steps[c]), x)
			}
		}
		if length := num.Norm(along); length > 0 {
			num.Scale(along, 1/length)
		}
	}
	return j
}

// cutoff is the projection of the entries of a row that move together on the
// line along which they do, and the identity on the others.
type cutoff struct {
	along *num.Dense // of length 1, or 0; 0 for the others
	zero  []bool     // of each row: it is 0
}

// Times implements Jacobian.
func (j *cutoff) Times(out, x *num.Dense) {
	for i, zero := range j.zero {
		to := out.Row(i)
		if zero {
			clear(to)
			continue
		}
		along := j.along.Row(i)
		far := num.Dot(along, x.Row(i))
		for c, v := range x.Row(i) {
			if along[c] != 0 {
				v = along[c] * far
			}
			to[c] = v
		}
	}
}

// Diagonal implements Jacobian.
func (j *cutoff) Diagonal() (*num.Dense, bool) {
	d := num.NewDense(j.along.Rows, j.along.Cols)
	for i, zero := range j.zero {
		for c, v := range j.along.Row(i) {
			switch {
			case zero:
			case v != 0:
				d.Set(i, c, v*v)
			default:
				d.Set(i, c, 1)
			}
		}
	}
	return d, true
}
