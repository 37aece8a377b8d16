package penalty

import (
	"math"

	"github.com/kindred-mtl/kindred/num"
)

// L21 selects features jointly: every task uses a feature, or none does.
//
//	Ω(W) = λ Σ_j ‖W_j‖₂,   W_j is row j
//
// Argyriou, Evgeniou, Pontil, Convex multi-task feature learning, Machine
// Learning 73, 2008, eq. (5).
type L21 struct{}

// On implements Penalty.
func (L21) On(_ Layout, lambda float64) Func { return l21(lambda) }

// Variants implements Penalty.
func (p L21) Variants() []Penalty { return []Penalty{p} }

// Parameters implements Penalty.
func (L21) Parameters() map[string]float64 { return nil }

// l21 is the strength λ.
type l21 float64

// Value implements Func.
func (f l21) Value(w *num.Dense) float64 {
	s := 0.0
	for j := range w.Rows {
		s += num.Norm(w.Row(j))
	}
	return float64(f) * s
}

// Dual implements Func: the indicator of rows no longer than λ.
func (f l21) Dual(g *num.Dense) (s, value float64) { return ratio(float64(f), longest(g)), 0 }

// Zero implements Vanishing.
func (f l21) Zero(g *num.Dense) float64 { return longest(g) / float64(f) }

// Prox implements Proximal.
func (f l21) Prox(out, v *num.Dense, step float64) {
	copy(out.Data, v.Data)
	for j := range out.Rows {
		f.ProxRow(out.Row(j), step)
	}
}

// ProxRow implements RowSeparable: (1 − step·λ/‖row‖)₊ row.
func (f l21) ProxRow(row []float64, step float64) {
	length, cut := num.Norm(row), step*float64(f)
	if length <= cut {
		clear(row)
		return
	}
	shrink := (length - cut) / length
	for i := range row {
		row[i] *= shrink
	}
}

// RowValue implements RowSeparable.
func (f l21) RowValue(row []float64) float64 { return float64(f) * num.Norm(row) }

// RowDistance implements RowSeparable.
func (f l21) RowDistance(row, g []float64) float64 {
	length := num.Norm(row)
	if length == 0 {
		return max(0, num.Norm(g)-float64(f))
	}
	s := 0.0
	for i, v := range row {
		r := g[i] + float64(f)*v/length
		s += r * r
	}
	return math.Sqrt(s)
}

// Bend implements Radial.
func (f l21) Bend(float64) (slope, curvature float64) { return float64(f), 0 }

// longest is max_j ‖G_j‖₂.
func longest(g *num.Dense) float64 {
	big := 0.0
	for j := range g.Rows {
		big = max(big, num.Norm(g.Row(j)))
	}
	return big
}

// ProxJacobian implements Slanted. Of a row longer than the cut it is
//
//	(1 − cut/‖v‖) I + cut/‖v‖³ vvᵀ
func (f l21) ProxJacobian(v *num.Dense, step float64) Jacobian {
	j := &radial{num.NewDense(v.Rows, v.Cols), make([]float64, v.Rows)}
	for i := range v.Rows {
		if length, cut := num.Norm(v.Row(i)), step*float64(f); length > cut {
			j.shrink[i] = (length - cut) / length
			num.Axpy(math.Sqrt(cut/length)/length, v.Row(i), j.along.Row(i))
		}
	}
	return j
}

// radial is shrink_i I + a_i a_iᵀ on row i.
type radial struct {
	along  *num.Dense
	shrink []float64
}

// Times implements Jacobian.
func (j *radial) Times(out, x *num.Dense) {
	for i, shrink := range j.shrink {
		a, to, from := j.along.Row(i), out.Row(i), x.Row(i)
		more := num.Dot(a, from)
		for c, v := range from {
			to[c] = shrink*v + more*a[c]
		}
	}
}

// Diagonal implements Jacobian.
func (j *radial) Diagonal() (*num.Dense, bool) {
	d := num.NewDense(j.along.Rows, j.along.Cols)
	for i, shrink := range j.shrink {
		for c, a := range j.along.Row(i) {
			d.Set(i, c, shrink+a*a)
		}
	}
	return d, true
}
