package penalty

import (
	"cmp"
	"fmt"

	"github.com/kindred-mtl/kindred/num"
)

// SparseGraph draws the few weights of neighbouring tasks together: a graph
// and the lasso.
//
//	Ω(W) = λ (ρ Σ|W_jt| + (1−ρ)/2 Σ_{s~t} a_st ‖w_s − w_t‖²)
//
// in each slot, on a graph that is given or learned as Graph's is. With the
// complete graph, a_st = 1/T, the quadratic is (1−ρ)/2 Σ_t ‖w_t − w̄‖².
//
// Zhou, Chen, Ye, MALSAR: Multi-task learning via structural regularization,
// Arizona State University, 2012 (Least_SRMTL).
type SparseGraph struct {
	// L1Ratio is ρ, above 0 and below 1; 0 leaves it open: a search tries 0.1,
	// 0.5 and 0.9, and a single fit uses 0.5.
	L1Ratio float64 `json:"l1_ratio" words:"ρ, above 0 and below 1: how much of the penalty makes weights zero; else searched for"`
	// Edges are those of the graph; nil leaves it open.
	Edges []Edge `json:"-"`

	memo
}

// Check says what is wrong with the options.
func (p *SparseGraph) Check() error {
	return cmp.Or(checkMix("sparse-graph", p.L1Ratio), checkEdges("sparse-graph", p.Edges))
}

// checkMix says what is wrong with a ratio of which both parts are needed.
func checkMix(name string, ratio float64) error {
	if !(ratio >= 0 && ratio < 1) {
		return fmt.Errorf("%s: l1_ratio %v; it is above 0 and below 1, or 0 to leave it open", name, ratio)
	}
	return nil
}

func (p *SparseGraph) ratio() float64 { return cmp.Or(p.L1Ratio, 0.5) }

// TakeEdges returns the penalty on a given graph.
func (p *SparseGraph) TakeEdges(edges []Edge) Penalty {
	return &SparseGraph{L1Ratio: p.L1Ratio, Edges: edges}
}

// On implements Penalty. An open graph is complete.
func (p *SparseGraph) On(l Layout, lambda float64) Func {
	q := p.recall(l, func() *gaussian {
		return withLaplacian(l, 1, 0, func(tasks []int) *num.Dense { return laplacian(l, tasks, p.Edges) })
	})
	return NewSum(q.at(lambda*(1-p.ratio())), &sparse{elastic{l1: lambda * p.ratio()}})
}

// Open implements Learner.
func (p *SparseGraph) Open() bool { return p.Edges == nil }

// Learn implements Learner.
func (p *SparseGraph) Learn(l Layout, w *num.Dense) (Penalty, error) {
	return p.TakeEdges(neighbours(l, w)), nil
}

// Variants implements Penalty.
func (p *SparseGraph) Variants() []Penalty {
	return mixes(p, p.L1Ratio, func(ratio float64) Penalty { return &SparseGraph{L1Ratio: ratio, Edges: p.Edges} })
}

// mixes are the variants of p, whose ratio is given or open.
func mixes(p Penalty, given float64, with func(ratio float64) Penalty) []Penalty {
	if given != 0 {
		return []Penalty{p}
	}
	return []Penalty{with(0.1), with(0.5), with(0.9)}
}

// Parameters implements Penalty.
func (p *SparseGraph) Parameters() map[string]float64 {
	return map[string]float64{"l1_ratio": p.ratio()}
}
