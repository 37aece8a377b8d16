package penalty

import (
	"cmp"

	"github.com/kindred-mtl/kindred/num"
)

// TemporalLasso selects features for all times jointly, and lets their weights
// change slowly from one task to the next: the temporal group lasso.
//
//	Ω(W) = λ (ρ Σ_j ‖W_j‖₂ + (1−ρ)/2 (Σ_t ‖w_t − w_{t+1}‖² + μ‖W‖²))
//
// where W_j is row j, and t runs over the tasks of each slot in their order.
//
// Zhou, Yuan, Liu, Ye, A multi-task learning formulation for predicting disease
// progression, KDD 2011.
type TemporalLasso struct {
	// L1Ratio is ρ, above 0 and below 1; 0 leaves it open: a search tries 0.1,
	// 0.5 and 0.9, and a single fit uses 0.5.
	L1Ratio float64 `json:"l1_ratio" words:"ρ, above 0 and below 1: how much of the penalty makes weights zero; else searched for"`
	// Mu is μ; 0 means 0.1.
	Mu float64 `json:"mu" words:"μ, of the ridge beside the differences; 0.1 where it is not given"`

	memo
}

// Check says what is wrong with the options.
func (p *TemporalLasso) Check() error {
	return cmp.Or(checkMix("temporal-lasso", p.L1Ratio), checkMu("temporal-lasso", p.Mu))
}

func (p *TemporalLasso) ratio() float64 { return cmp.Or(p.L1Ratio, 0.5) }

func (p *TemporalLasso) mu() float64 { return cmp.Or(p.Mu, 0.1) }

// On implements Penalty.
func (p *TemporalLasso) On(l Layout, lambda float64) Func {
	q := p.recall(l, func() *gaussian {
		return withLaplacian(l, 1, p.mu(), func(tasks []int) *num.Dense { return laplacian(l, tasks, successive(l, tasks)) })
	})
	return NewSum(q.at(lambda*(1-p.ratio())), l21(lambda*p.ratio()))
}

// Variants implements Penalty.
func (p *TemporalLasso) Variants() []Penalty {
	return mixes(p, p.L1Ratio, func(ratio float64) Penalty { return &TemporalLasso{L1Ratio: ratio, Mu: p.Mu} })
}

// Parameters implements Penalty.
func (p *TemporalLasso) Parameters() map[string]float64 {
	return map[string]float64{"l1_ratio": p.ratio(), "mu": p.mu()}
}
