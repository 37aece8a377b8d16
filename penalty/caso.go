package penalty

import (
	"cmp"

	"github.com/kindred-mtl/kindred/num"
)

// CASO finds a few features, mixed of those there are, in which the tasks
// differ freely.
//
//	Ω(W) = λ/2 (1+η) min over M of tr(Wᵀ (ηI + M)⁻¹ W),   0 ⪯ M ⪯ I, tr M = h
//
// M stands for the projection on the shared subspace: ‖w_t‖² is weighed against
// the distance from it. As a function of W it is the same as Clustered, where M
// weighs tasks.
//
// Ando, Zhang, A framework for learning predictive structures from multiple
// tasks and unlabeled data, JMLR 6, 2005, whose problem Chen, Tang, Liu, Ye, A
// convex formulation for learning shared structures from multiple tasks, ICML
// 2009, relaxes so.
type CASO struct {
	// H is h, the dimension of the subspace; 0 leaves it open: a search tries
	// 2, 3 and 5, and a single fit uses 2.
	H int `json:"h" words:"the number of mixed features; else searched for"`
	// Eta is η; 0 leaves it open: a search tries 0.05 and 0.5, and a single fit
	// uses 0.1.
	Eta float64 `json:"eta" words:"η: the smaller, the fewer directions the weights span; else searched for"`
}

// Check says what is wrong with the options.
func (p *CASO) Check() error { return checkBox("caso", "h", p.H, p.Eta) }

// On implements Penalty.
func (p *CASO) On(_ Layout, lambda float64) Func {
	return subspace{spectral{box{lambda, cmp.Or(p.Eta, 0.1), cmp.Or(p.H, 2)}}}
}

// Variants implements Penalty.
func (p *CASO) Variants() []Penalty {
	var all []Penalty
	for _, h := range open(p.H, 2, 3, 5) {
		for _, eta := range open(p.Eta, 0.05, 0.5) {
			all = append(all, &CASO{H: h, Eta: eta})
		}
	}
	return all
}

// Parameters implements Penalty.
func (p *CASO) Parameters() map[string]float64 {
	return map[string]float64{"h": float64(cmp.Or(p.H, 2)), "eta": cmp.Or(p.Eta, 0.1)}
}

// subspace is a box norm that weighs the directions of the features.
type subspace struct{ spectral }

// Features implements Featured: ηI + M.
func (f subspace) Features(w *num.Dense) *num.Dense {
	u, sigma, _ := num.SVD(w)
	b := f.gauge.(box)
	return ofTrace1(mixed(u, b.levels(sigma, 0), b.eta))
}
