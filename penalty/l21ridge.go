package penalty

import (
	"cmp"
	"math"

	"github.com/kindred-mtl/kindred/num"
)

// L21Ridge selects features jointly and keeps their weights small: the
// multi-task elastic net.
//
//	Ω(W) = λ (ρ Σ_j ‖W_j‖₂ + (1−ρ)/2 ‖W‖²),   W_j is row j
//
// Of features that say the same, L21 keeps one and this keeps all.
//
// Zou, Hastie, Regularization and variable selection via the elastic net,
// JRSS B 67, 2005, on rows as in Obozinski, Taskar, Jordan, Joint covariate
// selection and joint subspace selection for multiple classification problems,
// Statistics and Computing 20, 2010.
type L21Ridge struct {
	// L1Ratio is ρ, above 0 and at most 1; 0 leaves it open: a search tries
	// 0.1, 0.5 and 0.9, and a single fit uses 0.5.
	L1Ratio float64 `json:"l1_ratio" words:"ρ, above 0 and at most 1: how much of the penalty makes weights zero; else searched for"`
}

// Check says what is wrong with the options.
func (p *L21Ridge) Check() error { return checkRatio("l21-ridge: l1_ratio", p.L1Ratio) }

func (p *L21Ridge) ratio() float64 { return cmp.Or(p.L1Ratio, 0.5) }

// On implements Penalty.
func (p *L21Ridge) On(_ Layout, lambda float64) Func {
	return &l21Ridge{l21: l21(lambda * p.ratio()), l2: lambda * (1 - p.ratio())}
}

// Variants implements Penalty.
func (p *L21Ridge) Variants() []Penalty {
	if p.L1Ratio != 0 {
		return []Penalty{p}
	}
	return []Penalty{&L21Ridge{L1Ratio: 0.1}, &L21Ridge{L1Ratio: 0.5}, &L21Ridge{L1Ratio: 0.9}}
}

// Parameters implements Penalty.
func (p *L21Ridge) Parameters() map[string]float64 {
	return map[string]float64{"l1_ratio": p.ratio()}
}

// l21Ridge is Σ_j l21 ‖W_j‖₂ + ½ l2 ‖W_j‖².
type l21Ridge struct {
	l21
	l2 float64
}

// Value implements Func.
func (f *l21Ridge) Value(w *num.Dense) float64 {
	return f.l21.Value(w) + 0.5*f.l2*num.Dot(w.Data, w.Data)
}

// Dual implements Convex: Σ_j (‖g_j‖ − l21)₊² / (2 l2), or, where l2 is 0, the
// indicator of rows no longer than l21.
func (f *l21Ridge) Dual(g *num.Dense) (s, value float64) {
	if f.l2 == 0 {
		return f.l21.Dual(g)
	}
	for j := range g.Rows {
		r := max(0, num.Norm(g.Row(j))-float64(f.l21))
		value += r * r
	}
	return 1, value / (2 * f.l2)
}

// Prox implements Proximal.
func (f *l21Ridge) Prox(out, v *num.Dense, step float64) {
	copy(out.Data, v.Data)
	for j := range out.Rows {
		f.ProxRow(out.Row(j), step)
	}
}

// ProxRow implements RowSeparable: that of L21, then a shrinkage.
func (f *l21Ridge) ProxRow(row []float64, step float64) {
	f.l21.ProxRow(row, step)
	for i := range row {
		row[i] /= 1 + step*f.l2
	}
}

// RowValue implements RowSeparable.
func (f *l21Ridge) RowValue(row []float64) float64 {
	return f.l21.RowValue(row) + 0.5*f.l2*num.Dot(row, row)
}

// RowDistance implements RowSeparable.
func (f *l21Ridge) RowDistance(row, g []float64) float64 {
	length := num.Norm(row)
	if length == 0 {
		return f.l21.RowDistance(row, g)
	}
	s, slope := 0.0, float64(f.l21)/length+f.l2
	for i, v := range row {
		r := g[i] + slope*v
		s += r * r
	}
	return math.Sqrt(s)
}

// ProxJacobian implements Slanted.
func (f *l21Ridge) ProxJacobian(v *num.Dense, step float64) Jacobian {
	j, shrink := f.l21.ProxJacobian(v, step).(*radial), 1/(1+step*f.l2)
	for i := range j.along.Data {
		j.along.Data[i] *= math.Sqrt(shrink)
	}
	for i := range j.shrink {
		j.shrink[i] *= shrink
	}
	return j
}

// Bend implements Radial.
func (f *l21Ridge) Bend(r float64) (slope, curvature float64) { return float64(f.l21) + f.l2*r, f.l2 }
