package penalty

import (
	"math"

	"github.com/kindred-mtl/kindred/num"
)

// GOMTL makes each task of a few of k latent tasks, so that tasks overlap in
// what they share: L holds the latent tasks, and a column of S which of them a
// task is made of.
//
//	Ω(W) = min over L S = W of λ (‖S‖₁ + ½‖L‖²),   L of k columns
//
// Kumar and Daumé weigh the parts apart, μ‖S‖₁ + λ‖L‖². As a longer L makes a
// shorter S, that is one strength written as two: the least cost is
// 3 (μ²λ/4)^⅓ Σ_c (‖L_c‖ ‖S_c‖₁)^⅔ over the pairs of a column of L and a row of
// S, the same as here with (2μ²λ)^⅓ for λ.
//
// Kumar, Daumé III, Learning task grouping and overlap in multi-task learning,
// ICML 2012.
type GOMTL struct {
	// Rank is k; 0 leaves it open: a search tries 2, 5 and 10, and a single
	// fit uses 5. It is never more than features or columns.
	Rank int `json:"rank" words:"directions that the tasks' weights share, at most; else searched for"`
}

// Check says what is wrong with the options.
func (p *GOMTL) Check() error { return checkRank("go-mtl", p.Rank) }

func (p *GOMTL) rank() int {
	if p.Rank == 0 {
		return 5
	}
	return p.Rank
}

// On implements Penalty.
func (p *GOMTL) On(l Layout, lambda float64) Func {
	return &goMTL{factored{
		rank: p.rank(), left: Ridge{}.On(l, lambda).(Elastic), right: Lasso{}.On(l, lambda).(Elastic),
		// ½c² + σ‖v‖₁/c is least at c³ = σ‖v‖₁.
		length: func(sigma float64, v []float64) float64 { return math.Cbrt(sigma * norm1(v)) },
	}}
}

// Variants implements Penalty.
func (p *GOMTL) Variants() []Penalty {
	if p.Rank != 0 {
		return []Penalty{p}
	}
	return []Penalty{&GOMTL{Rank: 2}, &GOMTL{Rank: 5}, &GOMTL{Rank: 10}}
}

// Parameters implements Penalty.
func (p *GOMTL) Parameters() map[string]float64 {
	return map[string]float64{"rank": float64(p.rank())}
}

type goMTL struct{ factored }

// Value implements Func: the cost of Factor's factors.
func (f *goMTL) Value(w *num.Dense) float64 {
	if exceeds(num.SingularValues(w), f.rank) {
		return math.Inf(1)
	}
	u, v := f.Factor(w)
	return f.left.Value(u) + f.right.Value(v)
}
