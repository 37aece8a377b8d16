package penalty

import (
	"cmp"
	"fmt"
)

// Fused lets the weights change in few steps along the order of the tasks, as
// over the months of a disease, and each feature in steps of its own: the
// convex fused sparse group lasso.
//
//	Ω(W) = λ Σ_j [(1−φ)(ρ ‖W_j‖₁ + (1−ρ) √k ‖W_j‖₂) + φ Σ_t |W_jt − W_j,t+1|]
//
// where W_j is row j of k columns, and t runs over the columns of each slot in
// the order of the tasks. As φ grows to 1 the tasks become one.
//
// Zhou, Liu, Narayan, Ye, Modeling disease progression via fused sparse group
// lasso, KDD 2012, with the weights of Simon, Friedman, Hastie,
// Tibshirani, A sparse-group lasso, JCGS 22, 2013.
type Fused struct {
	// L1Ratio is ρ, above 0 and at most 1; 0 means 0.5.
	L1Ratio float64 `json:"l1_ratio" words:"ρ, above 0 and at most 1: how much of the penalty makes weights zero; else 0.5"`
	// TVRatio is φ, the part of the total variation, above 0 and below 1; 0
	// leaves it open: a search tries 0.1, 0.5 and 0.9, and a single fit uses
	// 0.5.
	TVRatio float64 `json:"tv_ratio" words:"φ, above 0 and below 1: how much of the penalty is on steps from task to task; else searched for"`
}

// Check says what is wrong with the options.
func (p *Fused) Check() error {
	if p.TVRatio == 1 {
		return fmt.Errorf("fused: tv_ratio 1 leaves no penalty on weights that all tasks share; it is below 1")
	}
	return cmp.Or(checkRatio("fused: l1_ratio", p.L1Ratio), checkRatio("fused: tv_ratio", p.TVRatio))
}

// On implements Penalty.
func (p *Fused) On(l Layout, lambda float64) Func {
	return newChain(l, lambda, cmp.Or(p.L1Ratio, 0.5), cmp.Or(p.TVRatio, 0.5))
}

// Variants implements Penalty.
func (p *Fused) Variants() []Penalty {
	if p.TVRatio != 0 {
		return []Penalty{p}
	}
	var all []Penalty
	for _, tv := range []float64{0.1, 0.5, 0.9} {
		all = append(all, &Fused{L1Ratio: p.L1Ratio, TVRatio: tv})
	}
	return all
}

// Parameters implements Penalty.
func (p *Fused) Parameters() map[string]float64 {
	return map[string]float64{"l1_ratio": cmp.Or(p.L1Ratio, 0.5), "tv_ratio": cmp.Or(p.TVRatio, 0.5)}
}

// Ordered implements Ordered.
func (*Fused) Ordered() {}
