package penalty

import (
	"fmt"

	"github.com/kindred-mtl/kindred/num"
)

// MTRL learns how the tasks are related: their covariance Ω.
//
//	Ω(W) = λ/2 (ρ‖W‖² + (1−ρ) min over Ω ⪰ 0, tr Ω = 1 of tr(W Ω⁻¹ Wᵀ))
//	     = λ/2 (ρ‖W‖² + (1−ρ) ‖W‖_*²),   Ω = (WᵀW)^½ / tr
//
// so that λ1 = λρ and λ2 = λ(1−ρ) of the paper. The least over Ω is taken in
// closed form: to alternate between W and Ω, as the paper does, stalls far
// from the solution, for a range that Ω lost never comes back.
//
// Zhang, Yeung, A convex formulation for learning task relationships in
// multi-task learning, UAI 2010.
type MTRL struct {
	// Ratio is ρ, above 0 and at most 1, where the tasks are apart; 0 leaves
	// it open: a search tries 0.01 and 0.3, and a single fit uses 0.01.
	Ratio float64 `json:"ratio" words:"ρ, above 0 and at most 1, where the tasks are apart; else searched for"`
}

// Check says what is wrong with the options.
func (p *MTRL) Check() error {
	if !(p.Ratio >= 0 && p.Ratio <= 1) {
		return fmt.Errorf("mtrl: ratio %v; it is above 0 and at most 1, or 0 to leave it open", p.Ratio)
	}
	return nil
}

func (p *MTRL) ratio() float64 {
	if p.Ratio == 0 {
		return 0.01
	}
	return p.Ratio
}

// On implements Penalty.
func (p *MTRL) On(_ Layout, lambda float64) Func {
	return related{spectral{squares{each: lambda * p.ratio(), sum: lambda * (1 - p.ratio())}}}
}

// Variants implements Penalty.
func (p *MTRL) Variants() []Penalty {
	if p.Ratio != 0 {
		return []Penalty{p}
	}
	return []Penalty{&MTRL{Ratio: 0.01}, &MTRL{Ratio: 0.3}}
}

// Parameters implements Penalty.
func (p *MTRL) Parameters() map[string]float64 { return map[string]float64{"ratio": p.ratio()} }

// related is a spectral function that weighs the directions of the tasks.
type related struct{ spectral }

// Relation implements Related: the covariance Ω of the tasks.
func (related) Relation(w *num.Dense) *num.Dense { return halfPower(w) }
