package penalty

import (
	"math"

	"github.com/kindred-mtl/kindred/num"
)

// SquaredTrace learns features that all tasks share: a few directions, chosen
// with the weights.
//
//	Ω(W) = λ/2 ‖W‖_*² = λ/2 min over D ⪰ 0, tr D = 1 of tr(Wᵀ D⁻¹ W)
//
// with the least at D = (WWᵀ)^½ / tr. W is that of the trace norm of strength
// λ‖W‖_*.
//
// Argyriou, Evgeniou, Pontil, Convex multi-task feature learning, Machine
// Learning 73, 2008.
type SquaredTrace struct{}

// On implements Penalty.
func (SquaredTrace) On(_ Layout, lambda float64) Func {
	return features{spectral{squares{sum: lambda}}}
}

// Variants implements Penalty.
func (p SquaredTrace) Variants() []Penalty { return []Penalty{p} }

// Parameters implements Penalty.
func (SquaredTrace) Parameters() map[string]float64 { return nil }

// features is a spectral function that weighs the directions of the features.
type features struct{ spectral }

// Features implements Featured: D.
func (features) Features(w *num.Dense) *num.Dense { return halfPower(transpose(w)) }

// Relation implements Related: the same for the tasks, as MTRL of ratio 0
// learns it.
func (features) Relation(w *num.Dense) *num.Dense { return halfPower(w) }

// halfPower is (WᵀW)^½ / tr.
func halfPower(w *num.Dense) *num.Dense {
	_, sigma, v := num.SVD(w)
	return ofTrace1(mixed(v, sigma, 0))
}

// squares is ½ (each Σσ² + sum (Σσ)²).
type squares struct{ each, sum float64 }

func (f squares) value(sigma []float64) float64 {
	total := num.Sum(sigma)
	return 0.5 * (f.each*num.Dot(sigma, sigma) + f.sum*total*total)
}

// dual is, with x₊ = max(x, 0),
//
//	min over τ of  Σ (σ − τ)₊² / (2 each) + τ² / (2 sum),
//
// the conjugates of both parts convolved; its least is at the level τ where
// each τ = sum Σ (σ − τ)₊. Without the first part that is σ_max² / (2 sum).
func (f squares) dual(sigma []float64) (s, value float64) {
	cut := f.level(sigma, f.each, f.sum)
	if f.each > 0 {
		for _, x := range sigma {
			r := max(0, x-cut)
			value += r * r / (2 * f.each)
		}
	}
	if f.sum > 0 {
		value += cut * cut / (2 * f.sum)
	}
	return 1, value
}

// shrink is x = (σ − τ)₊ / (1 + step·each), where (1 + step·each) τ =
// step·sum Σ (σ − τ)₊.
func (f squares) shrink(sigma []float64, step float64) (factor []float64, kink float64) {
	all := 1 + step*f.each
	cut := f.level(sigma, all, step*f.sum)
	factor = make([]float64, len(sigma))
	for i, s := range sigma {
		if s > cut {
			factor[i] = (1 - cut/s) / all
		}
	}
	return factor, cut
}

// bend: of the m values above τ, a τ = b Σ (σ − τ), a = 1 + step·each and
// b = step·sum, so that ∂τ/∂σ = b/(a + bm).
func (f squares) bend(sigma []float64, step float64) (slope, along []float64) {
	a, b := 1+step*f.each, step*f.sum
	cut, m := f.level(sigma, a, b), 0.0
	slope, along = make([]float64, len(sigma)), make([]float64, len(sigma))
	for i, s := range sigma {
		if s > cut {
			slope[i], along[i] = 1/a, 1
			m++
		}
	}
	for i := range along {
		along[i] *= math.Sqrt(b / (a * (a + b*m)))
	}
	return slope, along
}

// level is τ with a τ = b Σ (σ − τ)₊: of the m values above it,
// τ = b Σσ / (a + b m). One pass finds m, for σ descends.
func (squares) level(sigma []float64, a, b float64) float64 {
	cut, total := 0.0, 0.0
	for i, s := range sigma {
		if !(s > cut) {
			break
		}
		total += s
		cut = b * total / (a + b*float64(i+1))
	}
	if math.IsNaN(cut) {
		return 0 // a and b are 0
	}
	return cut
}
