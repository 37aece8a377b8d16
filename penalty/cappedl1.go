package penalty

import "cmp"

// CappedL1 uses few weights, and those freely that belong to features which
// matter: multi-stage multi-task feature learning.
//
//	Ω(W) = λ Σ_j min(‖W_j‖₁, cap)
//
// where the cap is the sum of a row of k columns whose mean is θ: kθ, the
// paper's θ. The problem is not convex: a fit is a stationary point, reached
// from that of the lasso, which is the first stage.
//
// Gong, Ye, Zhang, Multi-stage multi-task feature learning, JMLR 14, 2013,
// algorithm 1.
type CappedL1 struct {
	// Theta is θ; 0 leaves it open: a search tries 0.1, 0.3 and 1, and a single
	// fit uses 0.3.
	Theta float64 `json:"theta" words:"θ, above 0: the mean size of weights that are not shrunk; else searched for"`
}

// Check says what is wrong with the options.
func (p *CappedL1) Check() error { return checkKnee("capped-l1", p.Theta) }

func (p *CappedL1) theta() float64 { return cmp.Or(p.Theta, oneTheta) }

// On implements Penalty.
func (p *CappedL1) On(l Layout, lambda float64) Func {
	return &concave{lambda: lambda, norm: bySum, curve: capped(p.theta() * float64(len(l.Slot))), start: 1}
}

// Variants implements Penalty.
func (p *CappedL1) Variants() []Penalty {
	if p.Theta != 0 {
		return []Penalty{p}
	}
	var all []Penalty
	for _, theta := range thetas {
		all = append(all, &CappedL1{Theta: theta})
	}
	return all
}

// Parameters implements Penalty.
func (p *CappedL1) Parameters() map[string]float64 { return map[string]float64{"theta": p.theta()} }

// capped is the cap.
type capped float64

func (most capped) value(r float64) float64 { return min(r, float64(most)) }

func (most capped) slope(r float64) float64 {
	if r < float64(most) {
		return 1
	}
	return 0
}
