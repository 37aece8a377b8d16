package penalty

import (
	"cmp"
	"fmt"
	"math"
)

// SCAD selects features jointly: it is L21 for the weaker rows, and from a
// length on a row costs no more.
//
//	Ω(W) = λ Σ_j p(‖W_j‖₂),   p′(r) = 1 up to knee/a, 0 from the knee on, and straight between
//
// where the knee is the length of a row of k columns whose root mean square is
// θ: √k θ. In the paper it is aλ, so that it moves with the strength. The
// problem is not convex: a fit is a stationary point, reached from that of L21.
//
// Fan, Li, Variable selection via nonconcave penalized likelihood and its
// oracle properties, JASA 96, 2001, eq. (2.7); on rows: Breheny, Huang, Group
// descent algorithms for nonconvex penalized linear and logistic regression
// models with grouped predictors, Statistics and Computing 25, 2015.
type SCAD struct {
	// Theta is θ; 0 leaves it open: a search tries 0.1, 0.3 and 1, and a single
	// fit uses 0.3.
	Theta float64 `json:"theta" words:"θ, above 0: the mean size of weights that are not shrunk; else searched for"`
	// A is a, above 1; 0 means the paper's 3.7.
	A float64 `json:"a" words:"a, above 1: a row is shrunk as by l21 up to this part of the size; else 3.7"`
}

// Check says what is wrong with the options.
func (p *SCAD) Check() error {
	if p.A != 0 && !(p.A > 1) {
		return fmt.Errorf("scad: a %v; it is above 1, or 0 for 3.7", p.A)
	}
	return checkKnee("scad", p.Theta)
}

func (p *SCAD) theta() float64 { return cmp.Or(p.Theta, oneTheta) }

// On implements Penalty.
func (p *SCAD) On(l Layout, lambda float64) Func {
	knee := p.theta() * math.Sqrt(float64(len(l.Slot)))
	return &concave{lambda: lambda, norm: byLength, curve: scad{bend: knee / cmp.Or(p.A, 3.7), knee: knee}, start: 1}
}

// Variants implements Penalty.
func (p *SCAD) Variants() []Penalty {
	if p.Theta != 0 {
		return []Penalty{p}
	}
	var all []Penalty
	for _, theta := range thetas {
		all = append(all, &SCAD{Theta: theta, A: p.A})
	}
	return all
}

// Parameters implements Penalty.
func (p *SCAD) Parameters() map[string]float64 {
	return map[string]float64{"theta": p.theta(), "a": cmp.Or(p.A, 3.7)}
}

// scad has slope 1 up to the bend and 0 from the knee on.
type scad struct{ bend, knee float64 }

func (c scad) value(r float64) float64 {
	if r <= c.bend {
		return r
	}
	r = min(r, c.knee)
	return c.bend + 0.5*(r-c.bend)*(1+c.slope(r))
}

func (c scad) slope(r float64) float64 {
	if r <= c.bend {
		return 1
	}
	return max(0, (c.knee-r)/(c.knee-c.bend))
}
