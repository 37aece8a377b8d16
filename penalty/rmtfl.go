package penalty

import "math"

// RMTFL takes W apart into features that the tasks choose jointly and tasks
// that go their own way, W = P + Q.
//
//	Ω(W) = min over P + Q = W of  λ1 Σ_j ‖P_j‖₂ + λ2 Σ_t ‖Q_t‖_F,   λ1 = λ T^(θ−½), λ2 = λ
//
// P_j is row j and Q_t the columns of task t. Both parts can be other than 0
// just for 1/√d < λ1/λ2 < √T, where tasks have one column each.
//
// Gong, Ye, Zhang, Robust multi-task feature learning, KDD 2012.
type RMTFL struct {
	// Theta is θ, above 0 and at most 1; 0 leaves it open: a search tries 0.25,
	// 0.5 and 0.75, and a single fit uses 0.5.
	Theta float64 `json:"theta" words:"θ, above 0 and at most 1: how dear what the tasks share is beside what single ones have; else searched for"`
}

// Check says what is wrong with the options.
func (p *RMTFL) Check() error { return checkTheta("rmtfl", p.Theta) }

// On implements Penalty.
func (p *RMTFL) On(l Layout, lambda float64) Func {
	return NewSplit(l21(lambda*math.Pow(float64(len(l.tasks())), theta(p.Theta)-0.5)), newColumns(l, lambda))
}

// Variants implements Penalty.
func (p *RMTFL) Variants() []Penalty {
	return balances(p, p.Theta, func(theta float64) Penalty { return &RMTFL{Theta: theta} })
}

// Parameters implements Penalty.
func (p *RMTFL) Parameters() map[string]float64 {
	return map[string]float64{"theta": theta(p.Theta)}
}
