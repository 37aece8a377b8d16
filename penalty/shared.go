package penalty

import (
	"fmt"
	"math"
)

// Shared lets each task be a small change of what all share, w_t = w0 + v_t.
//
//	Ω(W) = λ/2 min over w0 of μ‖w0‖² + Σ_t ‖w_t − w0‖²,   w0 = Σ_t w_t / (μ + T)
//
// in each slot. A small μ shares much; as μ grows the tasks part and each is a
// ridge of strength λ.
//
// Evgeniou, Pontil, Regularized multi-task learning, KDD 2004, eq. (3), where
// μ = T λ2/λ1.
type Shared struct {
	// Mu is μ; 0 leaves it open: a search tries 0.01, 0.1, …, 1000, and a
	// single fit uses 1.
	Mu float64 `json:"mu" words:"μ: the smaller, the more the tasks share; else searched for"`
}

// Check says what is wrong with the options.
func (p *Shared) Check() error {
	if !(p.Mu >= 0 && p.Mu <= math.MaxFloat64) {
		return fmt.Errorf("shared: mu %v; it is a positive number, or 0 to leave it open", p.Mu)
	}
	return nil
}

func (p *Shared) mu() float64 {
	if p.Mu == 0 {
		return 1
	}
	return p.Mu
}

// On implements Penalty.
func (p *Shared) On(l Layout, lambda float64) Func {
	return newArrow(l, 1/(lambda*p.mu()), 1/lambda)
}

// Variants implements Penalty.
func (p *Shared) Variants() []Penalty {
	if p.Mu != 0 {
		return []Penalty{p}
	}
	var all []Penalty
	for _, mu := range []float64{0.01, 0.1, 1, 10, 100, 1000} {
		all = append(all, &Shared{Mu: mu})
	}
	return all
}

// Parameters implements Penalty.
func (p *Shared) Parameters() map[string]float64 { return map[string]float64{"mu": p.mu()} }
