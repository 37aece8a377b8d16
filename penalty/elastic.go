package penalty

import (
	"math"

	"github.com/kindred-mtl/kindred/num"
)

// elastic is a sum over the entries of W, Σ l1|w| + ½ l2 w².
type elastic struct{ l1, l2 float64 }

// Value implements Func.
func (f elastic) Value(w *num.Dense) float64 { return f.RowValue(w.Data) }

// RowValue implements RowSeparable.
func (f elastic) RowValue(row []float64) float64 {
	s := 0.0
	for _, v := range row {
		s += f.l1*math.Abs(v) + 0.5*f.l2*v*v
	}
	return s
}

// Dual implements Func: Σ (|g| − l1)₊² / (2 l2), or, where l2 is 0, the
// indicator of |g| ≤ l1.
func (f elastic) Dual(g *num.Dense) (s, value float64) {
	if f.l2 == 0 {
		return ratio(f.l1, largest(g.Data)), 0
	}
	for _, v := range g.Data {
		if r := math.Abs(v) - f.l1; r > 0 {
			value += r * r
		}
	}
	return 1, value / (2 * f.l2)
}

// Prox implements Proximal.
func (f elastic) Prox(out, v *num.Dense, step float64) {
	copy(out.Data, v.Data)
	f.ProxRow(out.Data, step)
}

// ProxColumns implements Columnwise.
func (f elastic) ProxColumns(out, v *num.Dense, steps []float64) {
	for j := range v.Rows {
		from, to := v.Row(j), out.Row(j)
		for c, step := range steps {
			to[c] = f.prox(from[c], step*f.l1, 1/(1+step*f.l2))
		}
	}
}

// prox cuts an entry, then shrinks it; NaN stays NaN.
func (f elastic) prox(v, cut, shrink float64) float64 {
	switch {
	case v > cut:
		return shrink * (v - cut)
	case v < -cut:
		return shrink * (v + cut)
	case v != v:
		return v
	}
	return 0
}

// ProxRow implements RowSeparable: soft thresholds, then shrinks.
func (f elastic) ProxRow(row []float64, step float64) {
	cut, shrink := step*f.l1, 1/(1+step*f.l2)
	for i, v := range row {
		row[i] = f.prox(v, cut, shrink)
	}
}

// RowDistance implements RowSeparable.
func (f elastic) RowDistance(row, g []float64) float64 {
	s := 0.0
	for i, v := range row {
		r := g[i] + math.Copysign(f.l1, v) + f.l2*v
		if v == 0 {
			r = max(0, math.Abs(g[i])-f.l1)
		}
		s += r * r
	}
	return math.Sqrt(s)
}

// sparse is an elastic that vanishes: l1 > 0.
type sparse struct{ elastic }

// Zero implements Vanishing.
func (f *sparse) Zero(g *num.Dense) float64 { return largest(g.Data) / f.l1 }

// largest is max |x_i|.
func largest(x []float64) float64 {
	big := 0.0
	for _, v := range x {
		big = max(big, math.Abs(v))
	}
	return big
}

// ratio is the largest s in [0, 1] with s·norm ≤ bound.
func ratio(bound, norm float64) float64 {
	if norm <= bound {
		return 1
	}
	return bound / norm
}

// ProxJacobian implements Slanted: the shrinkage where weights are not 0.
func (f elastic) ProxJacobian(v *num.Dense, step float64) Jacobian {
	cut, shrink, d := step*f.l1, 1/(1+step*f.l2), num.NewDense(v.Rows, v.Cols)
	for i, x := range v.Data {
		if math.Abs(x) >= cut {
			d.Data[i] = shrink
		}
	}
	return diagonal{d}
}

// ColumnsJacobian implements Columnwise.
func (f elastic) ColumnsJacobian(v *num.Dense, steps []float64) Jacobian {
	d := num.NewDense(v.Rows, v.Cols)
	for j := range v.Rows {
		from, to := v.Row(j), d.Row(j)
		for c, step := range steps {
			if math.Abs(from[c]) >= step*f.l1 {
				to[c] = 1 / (1 + step*f.l2)
			}
		}
	}
	return diagonal{d}
}

// diagonal is the Jacobian of entries that move alone.
type diagonal struct{ d *num.Dense }

// Times implements Jacobian.
func (j diagonal) Times(out, x *num.Dense) {
	for i, v := range j.d.Data {
		out.Data[i] = v * x.Data[i]
	}
}

// Diagonal implements Jacobian.
func (j diagonal) Diagonal() (*num.Dense, bool) { return j.d, true }
