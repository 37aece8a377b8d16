package penalty

import (
	"cmp"
	"slices"

	"github.com/kindred-mtl/kindred/num"
)

// Temporal lets weights change slowly from one task to the next, such as one
// outcome at several times: a graph that is a chain.
//
//	Ω(W) = λ/2 (Σ_t ‖w_t − w_{t+1}‖² + μ‖W‖²)
//
// in each slot, in the order of the tasks.
//
// Zhou, Yuan, Liu, Ye, A multi-task learning formulation for predicting disease
// progression, KDD 2011.
type Temporal struct {
	// Mu is μ; 0 leaves it open: a search tries 0.01, 0.1, 1 and 10, and a
	// single fit uses 0.1.
	Mu float64 `json:"mu" words:"μ: the smaller, the more the tasks share; else searched for"`

	memo
}

// Check says what is wrong with the options.
func (p *Temporal) Check() error { return checkMu("temporal", p.Mu) }

func (p *Temporal) mu() float64 { return cmp.Or(p.Mu, 0.1) }

// On implements Penalty.
func (p *Temporal) On(l Layout, lambda float64) Func {
	return p.recall(l, func() *gaussian {
		return withLaplacian(l, 1, p.mu(), func(tasks []int) *num.Dense { return laplacian(l, tasks, successive(l, tasks)) })
	}).at(lambda)
}

// successive joins each of some tasks to the next.
func successive(l Layout, tasks []int) []Edge {
	edges, order := []Edge{}, slices.Sorted(slices.Values(tasks))
	for i := 1; i < len(order); i++ {
		edges = append(edges, Edge{l.Name(order[i-1]), l.Name(order[i]), 1})
	}
	return edges
}

// Variants implements Penalty.
func (p *Temporal) Variants() []Penalty {
	if p.Mu != 0 {
		return []Penalty{p}
	}
	return []Penalty{&Temporal{Mu: 0.01}, &Temporal{Mu: 0.1}, &Temporal{Mu: 1}, &Temporal{Mu: 10}}
}

// Parameters implements Penalty.
func (p *Temporal) Parameters() map[string]float64 { return map[string]float64{"mu": p.mu()} }
