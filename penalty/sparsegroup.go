package penalty

import "cmp"

// SparseGroup selects features jointly and, within a feature, the tasks that
// use it.
//
//	Ω(W) = λ Σ_j (ρ ‖W_j‖₁ + (1−ρ) √k ‖W_j‖₂),   W_j is row j of k columns
//
// Simon, Friedman, Hastie, Tibshirani, A sparse-group lasso, JCGS 22, 2013.
type SparseGroup struct {
	// L1Ratio is ρ (the paper's α), above 0 and at most 1; 0 leaves it open: a
	// search tries 0.1, 0.5 and 0.9, and a single fit uses 0.5.
	L1Ratio float64 `json:"l1_ratio" words:"ρ, above 0 and at most 1: how much of the penalty makes weights zero; else searched for"`
}

// Check says what is wrong with the options.
func (p *SparseGroup) Check() error { return checkRatio("sparse-group: l1_ratio", p.L1Ratio) }

func (p *SparseGroup) ratio() float64 { return cmp.Or(p.L1Ratio, 0.5) }

// On implements Penalty.
func (p *SparseGroup) On(l Layout, lambda float64) Func { return newChain(l, lambda, p.ratio(), 0) }

// Variants implements Penalty.
func (p *SparseGroup) Variants() []Penalty {
	if p.L1Ratio != 0 {
		return []Penalty{p}
	}
	return []Penalty{&SparseGroup{L1Ratio: 0.1}, &SparseGroup{L1Ratio: 0.5}, &SparseGroup{L1Ratio: 0.9}}
}

// Parameters implements Penalty.
func (p *SparseGroup) Parameters() map[string]float64 {
	return map[string]float64{"l1_ratio": p.ratio()}
}
