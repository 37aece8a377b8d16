package penalty

import "math"

// L2Half selects fewer features than L21 and shrinks those it keeps less.
//
//	Ω(W) = λ Σ_j ‖W_j‖₂^½
//
// The slope is infinite at 0, where every row is stationary. So a fit starts
// from L21 with the slope of the convex envelope of ‖W_j‖₂^½ on the rows whose
// root mean square is at most 1, and a row that is 0 once stays so.
//
// Xu, Chang, Xu, Zhang, L1/2 regularization: a thresholding representation
// theory and a fast solver, IEEE TNNLS 23, 2012; on rows: Hu, Li, Meng, Qin,
// Yang, Group sparse optimization via lp,q regularization, JMLR 18, 2017.
type L2Half struct{}

// On implements Penalty.
func (L2Half) On(l Layout, lambda float64) Func {
	return &concave{lambda: lambda, norm: byLength, curve: root{}, start: math.Pow(float64(len(l.Slot)), -0.25)}
}

// Variants implements Penalty.
func (p L2Half) Variants() []Penalty { return []Penalty{p} }

// Parameters implements Penalty.
func (L2Half) Parameters() map[string]float64 { return nil }

// root is √r.
type root struct{}

func (root) value(r float64) float64 { return math.Sqrt(r) }
func (root) slope(r float64) float64 { return 0.5 / math.Sqrt(r) }
