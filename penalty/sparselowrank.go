package penalty

import "math"

// SparseLowRank takes W apart into few directions that the tasks span and a few
// weights of single tasks, W = P + Q.
//
//	Ω(W) = min over P + Q = W of  λ1 ‖P‖_* + λ2 Σ|Q_jt|,   λ1 = λ T^θ, λ2 = λ
//
// T is the number of columns of W. Both parts can be other than 0 just for
// 1 < λ1/λ2 < √(dT).
//
// Chen, Liu, Ye, Learning incoherent sparse and low-rank patterns from multiple
// tasks, KDD 2010, its constraint on the trace norm made a penalty.
type SparseLowRank struct {
	// Theta is θ, above 0 and at most 1; 0 leaves it open: a search tries 0.25,
	// 0.5 and 0.75, and a single fit uses 0.5.
	Theta float64 `json:"theta" words:"θ, above 0 and at most 1: how dear what the tasks share is beside what single ones have; else searched for"`
}

// Check says what is wrong with the options.
func (p *SparseLowRank) Check() error { return checkTheta("sparse-low-rank", p.Theta) }

// On implements Penalty.
func (p *SparseLowRank) On(l Layout, lambda float64) Func {
	return NewSplit(trace(lambda*math.Pow(float64(len(l.Slot)), theta(p.Theta))), &sparse{elastic{l1: lambda}})
}

// Variants implements Penalty.
func (p *SparseLowRank) Variants() []Penalty {
	return balances(p, p.Theta, func(theta float64) Penalty { return &SparseLowRank{Theta: theta} })
}

// Parameters implements Penalty.
func (p *SparseLowRank) Parameters() map[string]float64 {
	return map[string]float64{"theta": theta(p.Theta)}
}
