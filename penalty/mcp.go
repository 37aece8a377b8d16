package penalty

import (
	"cmp"
	"math"
)

// MCP selects features jointly, as L21 does, and shrinks the weaker ones the
// more: from a length on, a row costs no more.
//
//	Ω(W) = λ Σ_j p(‖W_j‖₂),   p′(r) = (1 − r/knee)₊
//
// where the knee is the length of a row of k columns whose root mean square is
// θ: √k θ. In the paper it is γλ, so that it moves with the strength. The
// problem is not convex: a fit is a stationary point, reached from that of L21.
//
// Zhang, Nearly unbiased variable selection under minimax concave penalty,
// Annals of Statistics 38, 2010; on rows: Breheny, Huang, Group descent
// algorithms for nonconvex penalized linear and logistic regression models with
// grouped predictors, Statistics and Computing 25, 2015.
type MCP struct {
	// Theta is θ; 0 leaves it open: a search tries 0.1, 0.3 and 1, and a single
	// fit uses 0.3.
	Theta float64 `json:"theta" words:"θ, above 0: the mean size of weights that are not shrunk; else searched for"`
}

// Check says what is wrong with the options.
func (p *MCP) Check() error { return checkKnee("mcp", p.Theta) }

func (p *MCP) theta() float64 { return cmp.Or(p.Theta, oneTheta) }

// On implements Penalty.
func (p *MCP) On(l Layout, lambda float64) Func {
	knee := p.theta() * math.Sqrt(float64(len(l.Slot)))
	return &concave{lambda: lambda, norm: byLength, curve: mcp(knee), start: 1}
}

// Variants implements Penalty.
func (p *MCP) Variants() []Penalty {
	if p.Theta != 0 {
		return []Penalty{p}
	}
	var all []Penalty
	for _, theta := range thetas {
		all = append(all, &MCP{Theta: theta})
	}
	return all
}

// Parameters implements Penalty.
func (p *MCP) Parameters() map[string]float64 { return map[string]float64{"theta": p.theta()} }

// mcp is the knee.
type mcp float64

func (knee mcp) value(r float64) float64 {
	r = min(r, float64(knee))
	if math.IsInf(r, 1) {
		return r
	}
	return r - 0.5*r*(r/float64(knee))
}

func (knee mcp) slope(r float64) float64 { return max(0, 1-r/float64(knee)) }
