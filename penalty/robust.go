package penalty

import "math"

// Robust takes W apart into tasks that span few directions and outliers,
// W = P + Q.
//
//	Ω(W) = min over P + Q = W of  λ1 ‖P‖_* + λ2 Σ_t ‖Q_t‖_F,   λ1 = λ T^(θ/2), λ2 = λ
//
// Q_t are the columns of task t. Both parts can be other than 0 just for
// 1 < λ1/λ2 < √T: at θ = 0 nothing is left for Q, where tasks have one column
// each, and at θ = 1 nothing for P.
//
// Chen, Zhou, Ye, Integrating low-rank and group-sparse structures for robust
// multi-task learning, KDD 2011.
type Robust struct {
	// Theta is θ, above 0 and at most 1; 0 leaves it open: a search tries 0.25,
	// 0.5 and 0.75, and a single fit uses 0.5.
	Theta float64 `json:"theta" words:"θ, above 0 and at most 1: how dear what the tasks share is beside what single ones have; else searched for"`
}

// Check says what is wrong with the options.
func (p *Robust) Check() error { return checkTheta("robust", p.Theta) }

// On implements Penalty.
func (p *Robust) On(l Layout, lambda float64) Func {
	return NewSplit(trace(lambda*math.Pow(float64(len(l.tasks())), theta(p.Theta)/2)), newColumns(l, lambda))
}

// Variants implements Penalty.
func (p *Robust) Variants() []Penalty {
	return balances(p, p.Theta, func(theta float64) Penalty { return &Robust{Theta: theta} })
}

// Parameters implements Penalty.
func (p *Robust) Parameters() map[string]float64 {
	return map[string]float64{"theta": theta(p.Theta)}
}
