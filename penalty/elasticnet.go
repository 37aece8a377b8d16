package penalty

import (
	"cmp"
	"fmt"
)

// ElasticNet uses few and small weights, every task for itself.
//
//	Ω(W) = λ (ρ Σ|W_jt| + (1−ρ)/2 ‖W‖²)
//
// Zou, Hastie, Regularization and variable selection via the elastic net,
// JRSS B 67, 2005.
type ElasticNet struct {
	// L1Ratio is ρ, above 0 and at most 1; 0 leaves it open: a search tries
	// 0.1, 0.5 and 0.9, and a single fit uses 0.5.
	L1Ratio float64 `json:"l1_ratio" words:"ρ, above 0 and at most 1: how much of the penalty makes weights zero; else searched for"`
}

// Check says what is wrong with the options.
func (p *ElasticNet) Check() error { return checkRatio("elastic-net: l1_ratio", p.L1Ratio) }

func (p *ElasticNet) ratio() float64 { return cmp.Or(p.L1Ratio, 0.5) }

// On implements Penalty.
func (p *ElasticNet) On(_ Layout, lambda float64) Func {
	return &sparse{elastic{l1: lambda * p.ratio(), l2: lambda * (1 - p.ratio())}}
}

// Variants implements Penalty.
func (p *ElasticNet) Variants() []Penalty {
	if p.L1Ratio != 0 {
		return []Penalty{p}
	}
	return []Penalty{&ElasticNet{L1Ratio: 0.1}, &ElasticNet{L1Ratio: 0.5}, &ElasticNet{L1Ratio: 0.9}}
}

// Parameters implements Penalty.
func (p *ElasticNet) Parameters() map[string]float64 {
	return map[string]float64{"l1_ratio": p.ratio()}
}

// Apart implements Apart.
func (*ElasticNet) Apart() {}

// checkRatio says what is wrong with an option that mixes two penalties.
func checkRatio(option string, v float64) error {
	if !(v >= 0 && v <= 1) {
		return fmt.Errorf("%s %v; it is above 0 and at most 1, or 0 to leave it open", option, v)
	}
	return nil
}
