package penalty

import (
	"fmt"
	"math"
	"slices"

	"github.com/kindred-mtl/kindred/num"
)

// Dirty takes W apart into features that all tasks use and weights of single
// tasks, W = P + Q.
//
//	Ω(W) = min over P + Q = W of  λ1 Σ_j max_t |P_jt| + λ2 Σ|Q_jt|,   λ1 = λ T^θ, λ2 = λ
//
// T is the number of columns of W. Both parts can be other than 0 just for
// 1 < λ1/λ2 < T: at θ = 0 nothing is left for Q and at θ = 1 nothing for P.
//
// Jalali, Ravikumar, Sanghavi, Ruan, A dirty model for multi-task learning,
// NIPS 2010.
type Dirty struct {
	// Theta is θ, above 0 and at most 1; 0 leaves it open: a search tries 0.25,
	// 0.5 and 0.75, and a single fit uses 0.5.
	Theta float64 `json:"theta" words:"θ, above 0 and at most 1: how dear what the tasks share is beside what single ones have; else searched for"`
}

// Check says what is wrong with the options.
func (p *Dirty) Check() error { return checkTheta("dirty", p.Theta) }

// On implements Penalty.
func (p *Dirty) On(l Layout, lambda float64) Func {
	rho := math.Pow(float64(len(l.Slot)), theta(p.Theta))
	return dirty{vanishing{split{linf1(lambda * rho), &sparse{elastic{l1: lambda}}}}, lambda, rho}
}

// Variants implements Penalty.
func (p *Dirty) Variants() []Penalty {
	return balances(p, p.Theta, func(theta float64) Penalty { return &Dirty{Theta: theta} })
}

// Parameters implements Penalty.
func (p *Dirty) Parameters() map[string]float64 {
	return map[string]float64{"theta": theta(p.Theta)}
}

// dirty is the split, whose value has a closed form.
type dirty struct {
	vanishing
	lambda, ratio float64 // λ2, and λ1/λ2
}

// Value implements Func. P is W clipped at the level τ of each row that makes
// λ1 τ + λ2 Σ (|W_jt| − τ)₊ least: at most λ1/λ2 weights are larger.
func (f dirty) Value(w *num.Dense) float64 {
	sum, sizes := 0.0, make([]float64, w.Cols)
	for j := range w.Rows {
		for c, v := range w.Row(j) {
			sizes[c] = math.Abs(v)
		}
		slices.Sort(sizes)
		level := 0.0
		if above := int(min(f.ratio, float64(w.Cols))); above < w.Cols {
			level = sizes[w.Cols-1-above]
		}
		sum += f.ratio * level
		for _, v := range sizes {
			sum += max(0, v-level)
		}
	}
	return f.lambda * sum
}

// The option θ that two-part splits have: how dear the first part is, beside
// the second.

func checkTheta(name string, theta float64) error {
	if !(theta >= 0 && theta <= 1) {
		return fmt.Errorf("%s: theta %v; it is above 0 and at most 1, or 0 to leave it open", name, theta)
	}
	return nil
}

func theta(given float64) float64 {
	if given == 0 {
		return 0.5
	}
	return given
}

// balances are the variants of p, whose option is given or open.
func balances(p Penalty, given float64, with func(theta float64) Penalty) []Penalty {
	if given != 0 {
		return []Penalty{p}
	}
	return []Penalty{with(0.25), with(0.5), with(0.75)}
}
