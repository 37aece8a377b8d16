package penalty

import (
	"fmt"
	"math"
	"slices"
	"sort"

	"github.com/kindred-mtl/kindred/num"
)

// box is the squared box norm of the singular values,
//
//	strength/2 · (1+η) · min over θ of Σ σ²/θ,   η ≤ θ_i ≤ 1+η, Σ θ_i = rη + k,
//
// r the number of singular values: the k largest cost strength/2 σ² and the
// others (1+η)/η times as much, where θ is at a corner; a budget in between is
// shared out. For k ≥ r it is strength/2 Σ σ².
//
// McDonald, Pontil, Stamos, New perspectives on k-support and cluster norms,
// JMLR 17, 2016.
type box struct {
	strength, eta float64
	k             int
}

func (f box) value(sigma []float64) float64 {
	s := 0.0
	for i, theta := range f.levels(sigma, 0) {
		s += sigma[i] * (sigma[i] / theta)
	}
	return 0.5 * f.strength * (1 + f.eta) * s
}

// dual is max over θ of Σ θσ² / (2 strength (1+η)): the largest k take the
// whole budget.
func (f box) dual(sigma []float64) (s, value float64) {
	value = f.eta*num.Dot(sigma, sigma) + num.Dot(sigma[:min(f.k, len(sigma))], sigma)
	return 1, value / (2 * f.strength * (1 + f.eta))
}

// shrink is x = σ θ/(θ + L), L = step·strength (1+η), where θ is best for x.
func (f box) shrink(sigma []float64, step float64) (factor []float64, kink float64) {
	l := step * f.strength * (1 + f.eta)
	factor = f.levels(sigma, l)
	for i, theta := range factor {
		factor[i] = theta / (theta + l)
		if theta > f.eta {
			kink = sigma[i]
		}
	}
	if len(sigma) > 0 && factor[0] == factor[len(factor)-1] {
		kink = 0
	}
	return factor, kink
}

// bend: at a corner of θ it is the factor. The others are x = σ − L/a, where
// the budget holds Σ (aσ − L) over them.
func (f box) bend(sigma []float64, step float64) (slope, along []float64) {
	l := step * f.strength * (1 + f.eta)
	slope, along = make([]float64, len(sigma)), make([]float64, len(sigma))
	between, a := 0.0, 0.0
	for i, theta := range f.levels(sigma, l) {
		slope[i] = theta / (theta + l)
		if theta > f.eta && theta < 1+f.eta {
			slope[i], along[i] = 1, 1
			between += sigma[i]
			a = (theta + l) / sigma[i]
		}
	}
	if between > 0 {
		for i := range along {
			along[i] *= math.Sqrt(l / (a * between))
		}
	}
	return slope, along
}

// levels is θ of the least Σ x²/θ + |x − σ|²/L over θ and x; L = 0 holds x at
// σ. It is θ = clip(aσ − L, η, 1+η), where a spends the budget rη + k: it lies
// between two breakpoints, and the sum of θ is linear there.
func (f box) levels(sigma []float64, l float64) []float64 {
	theta, unit := make([]float64, len(sigma)), make([]float64, len(sigma))
	var breaks []float64
	for i, s := range sigma {
		theta[i], unit[i] = f.eta, s/sigma[0]
		if unit[i] > 1e-15 { // others are 0 but for rounding
			theta[i] = 1 + f.eta
			breaks = append(breaks, (f.eta+l)/unit[i], (1+f.eta+l)/unit[i])
		}
	}
	if len(breaks) <= 2*f.k {
		return theta // the budget is more than can be used
	}
	slices.Sort(breaks)
	budget := float64(f.k)
	i := sort.Search(len(breaks)-1, func(i int) bool { return f.spend(theta, unit, breaks[i], l) >= budget })
	a, above := breaks[i], f.spend(theta, unit, breaks[i], l)
	if i > 0 {
		from := breaks[i-1]
		if below := f.spend(theta, unit, from, l); above > below {
			a = from + (a-from)*(budget-below)/(above-below)
		}
	}
	f.spend(theta, unit, a, l)
	return theta
}

// spend sets θ as a has it, and returns Σ θ − rη.
func (f box) spend(theta, sigma []float64, a, l float64) float64 {
	total := 0.0
	for i, s := range sigma {
		theta[i] = min(1+f.eta, max(f.eta, a*s-l))
		total += theta[i] - f.eta
	}
	return total
}

// checkBox says what is wrong with the options of a box.
func checkBox(name, count string, k int, eta float64) error {
	switch {
	case k < 0:
		return fmt.Errorf("%s: %s %d; it is a whole number above 0, or 0 to leave it open", name, count, k)
	case !(eta >= 0 && eta <= math.MaxFloat64):
		return fmt.Errorf("%s: eta %v; it is a positive number, or 0 to leave it open", name, eta)
	}
	return nil
}
