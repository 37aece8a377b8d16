package penalty

import (
	"fmt"
	"math"

	"github.com/kindred-mtl/kindred/num"
)

// A concave is Σ_j λ p(‖W_j‖) for a norm of rows and a p of 0 at 0 that grows
// ever more slowly. Its majorant at W is the sum of the weighted norms
// Σ_j λ p′(‖W_j‖) ‖·‖. Where p′ is 0 a row is free; then a loss that only falls as
// weights grow, as that of separable classes, has no minimum.
//
// Zou, Li, One-step sparse estimates in nonconcave penalized likelihood models,
// Annals of Statistics 36, 2008; on rows: Breheny, Huang, Group
// descent algorithms for nonconvex penalized linear and logistic regression
// models with grouped predictors, Statistics and Computing 25, 2015.
type concave struct {
	lambda float64
	norm   func(strength float64) rowNorm
	curve  curve
	start  float64 // the slope of the relaxation
}

// A curve is a p of sizes r ≥ 0.
type curve interface {
	value(r float64) float64
	// slope is p′(r), from the right at 0, where it may be +Inf.
	slope(r float64) float64
}

type rowNorm interface {
	RowSeparable
	Vanishing
}

// byLength is strength·‖row‖₂, bySum strength·‖row‖₁.
func byLength(strength float64) rowNorm { return l21(strength) }
func bySum(strength float64) rowNorm    { return &sparse{elastic{l1: strength}} }

// Value implements Func.
func (f *concave) Value(w *num.Dense) float64 {
	s, norm := 0.0, f.norm(1)
	for j := range w.Rows {
		s += f.curve.value(norm.RowValue(w.Row(j)))
	}
	return f.lambda * s
}

// Relaxation implements Concave.
func (f *concave) Relaxation() Vanishing { return f.norm(f.lambda * f.start) }

// Majorant implements Concave.
func (f *concave) Majorant(w *num.Dense) Proximal { return f.majorant(w) }

func (f *concave) majorant(w *num.Dense) weighted {
	m, norm := make(weighted, w.Rows), f.norm(1)
	for j := range m {
		m[j] = f.norm(f.lambda * f.curve.slope(norm.RowValue(w.Row(j))))
	}
	return m
}

// Distance implements Measured.
func (f *concave) Distance(w, g *num.Dense) float64 { return f.majorant(w).Distance(w, g) }

// A weighted is a sum of norms of rows, each of a strength of its own. Strength
// 0 lets a row free, and +Inf keeps it at 0.
type weighted []rowNorm

// Value implements Func.
func (f weighted) Value(w *num.Dense) float64 {
	s := 0.0
	for j, norm := range f {
		if v := norm.RowValue(w.Row(j)); !math.IsNaN(v) || num.Norm(w.Row(j)) != 0 { // +Inf·0 is 0
			s += v
		}
	}
	return s
}

// Dual implements Convex: the indicator of rows of a dual norm of at most their
// strength.
func (f weighted) Dual(g *num.Dense) (s, value float64) {
	s = 1
	for j, norm := range f {
		row, _ := norm.Dual(&num.Dense{Rows: 1, Cols: g.Cols, Data: g.Row(j)})
		s = min(s, row)
	}
	return s, 0
}

// Prox implements Proximal.
func (f weighted) Prox(out, v *num.Dense, step float64) {
	copy(out.Data, v.Data)
	for j, norm := range f {
		norm.ProxRow(out.Row(j), step)
	}
}

// Distance implements Measured.
func (f weighted) Distance(w, g *num.Dense) float64 {
	s := 0.0
	for j, norm := range f {
		r := norm.RowDistance(w.Row(j), g.Row(j))
		s += r * r
	}
	return math.Sqrt(s)
}

// thetas are the options that a search tries where theta is left open, and
// oneTheta that of a single fit: of weights of standardized columns and targets.
var thetas = []float64{0.1, 0.3, 1}

const oneTheta = 0.3

// checkKnee says what is wrong with a knee.
func checkKnee(penalty string, v float64) error {
	if !(v >= 0) {
		return fmt.Errorf("%s: theta %v; it is a positive number, or 0 to leave it open", penalty, v)
	}
	return nil
}
