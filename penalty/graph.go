package penalty

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/kindred-mtl/kindred/num"
)

// Graph draws the weights of neighbouring tasks together.
//
//	Ω(W) = λ/2 (Σ_{s~t} a_st ‖w_s − w_t‖² + μ‖W‖²)
//
// that is λ/2 tr(W(L + μ)Wᵀ) with L the graph's Laplacian, in each slot. The
// graph is given, or learned first from the tasks' weights, each fitted alone:
// each task's 5 nearest by cosine, of weights a_st = max(0, cos), scaled to a
// mean degree of 1. As λ → ∞ with λμ held, connected tasks become one.
//
// Evgeniou, Micchelli, Pontil, Learning multiple tasks with kernel methods,
// JMLR 6, 2005.
type Graph struct {
	// Mu is μ; 0 leaves it open: a search tries 0.01, 0.1, 1 and 10, and a
	// single fit uses 0.1.
	Mu float64 `json:"mu" words:"μ: the smaller, the more the tasks share; else searched for"`
	// Edges are those of the graph; nil leaves it open. Tasks that no edge
	// names stand alone.
	Edges []Edge `json:"-"`

	memo
}

// An Edge says that two tasks are alike, and how much.
type Edge struct {
	From, To string
	Weight   float64 // a_st, at least 0
}

// Check says what is wrong with the options.
func (p *Graph) Check() error { return cmp.Or(checkMu("graph", p.Mu), checkEdges("graph", p.Edges)) }

func checkEdges(name string, edges []Edge) error {
	for _, e := range edges {
		if !(e.Weight >= 0 && e.Weight <= math.MaxFloat64) {
			return fmt.Errorf("%s: the edge from %q to %q weighs %v; a weight is a number from 0 up", name, e.From, e.To, e.Weight)
		}
	}
	return nil
}

// TakeEdges returns the penalty on a given graph.
func (p *Graph) TakeEdges(edges []Edge) Penalty { return &Graph{Mu: p.Mu, Edges: edges} }

func (p *Graph) mu() float64 { return cmp.Or(p.Mu, 0.1) }

// On implements Penalty. An open graph is complete: that is mean
// regularization, Σ_t ‖w_t − w̄‖².
func (p *Graph) On(l Layout, lambda float64) Func {
	return p.recall(l, func() *gaussian {
		return withLaplacian(l, 1, p.mu(), func(tasks []int) *num.Dense { return laplacian(l, tasks, p.Edges) })
	}).at(lambda)
}

// laplacian is L of the edges among some tasks, or where there are none given
// that of the complete graph with a_st = 1/T.
func laplacian(l Layout, tasks []int, edges []Edge) *num.Dense {
	n := len(tasks)
	a := num.NewDense(n, n)
	join := func(s, t int, weight float64) {
		a.Data[s*n+s] += weight
		a.Data[t*n+t] += weight
		a.Data[s*n+t] -= weight
		a.Data[t*n+s] -= weight
	}
	if edges == nil {
		for s := range n {
			for t := range s {
				join(s, t, 1/float64(n))
			}
		}
		return a
	}
	place := make(map[string]int, n)
	for i, t := range tasks {
		place[l.Name(t)] = i
	}
	for _, e := range edges {
		s, here := place[e.From]
		if t, there := place[e.To]; here && there && s != t {
			join(s, t, e.Weight)
		}
	}
	return a
}

// Open implements Learner.
func (p *Graph) Open() bool { return p.Edges == nil }

// Learn implements Learner.
func (p *Graph) Learn(l Layout, w *num.Dense) (Penalty, error) {
	return p.TakeEdges(neighbours(l, w)), nil
}

// nearest is how many tasks a learned graph joins each with.
const nearest = 5

// neighbours are the edges of the learned graph.
func neighbours(l Layout, w *num.Dense) []Edge {
	c, names := cosines(l, w)
	n := len(names)
	joined := make([]bool, n*n)
	for s := range n {
		others := make([]int, 0, n)
		for t := range n {
			if t != s && c.At(s, t) > 0 {
				others = append(others, t)
			}
		}
		slices.SortStableFunc(others, func(a, b int) int { return cmp.Compare(c.At(s, b), c.At(s, a)) })
		for _, t := range others[:min(nearest, len(others))] {
			joined[min(s, t)*n+max(s, t)] = true
		}
	}
	edges, total := []Edge{}, 0.0
	for s := range n {
		for t := s + 1; t < n; t++ {
			if joined[s*n+t] {
				edges = append(edges, Edge{names[s], names[t], c.At(s, t)})
				total += 2 * c.At(s, t) / float64(n)
			}
		}
	}
	for i := range edges {
		edges[i].Weight /= total
	}
	return edges
}

// Variants implements Penalty.
func (p *Graph) Variants() []Penalty {
	if p.Mu != 0 {
		return []Penalty{p}
	}
	var all []Penalty
	for _, mu := range []float64{0.01, 0.1, 1, 10} {
		all = append(all, &Graph{Mu: mu, Edges: p.Edges})
	}
	return all
}

// Parameters implements Penalty.
func (p *Graph) Parameters() map[string]float64 { return map[string]float64{"mu": p.mu()} }
