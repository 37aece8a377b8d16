package relate

import (
	"math"
	"slices"

	"github.com/kindred-mtl/kindred/num"
)

// KMedoids puts each task with the nearest of k tasks, the medoids, so that the
// distances are small in all:
//
//	min over k medoids of Σ_t d(t, nearest medoid)
//
// The medoids are built one by one, each the one that helps most, and then one
// is swapped for another task while that helps, the best swap first. The end
// cannot be improved by a swap; it need not be the least of all.
//
// Kaufman, Rousseeuw, Finding Groups in Data, Wiley, 1990, chapter 2, program
// PAM.
type KMedoids struct{}

// Cut implements Clustering.
func (KMedoids) Cut(r *Relation, counts []int) []*Grouping {
	d, out := Distances(r), make([]*Grouping, len(counts))
	num.For(len(counts), func(i int) {
		p := &pam{d: d, near: make([]int, d.Rows), next: make([]int, d.Rows)}
		for range counts[i] {
			p.build()
		}
		for p.swap() {
		}
		out[i] = &Grouping{Groups: inOrder(p.near)}
	})
	return out
}

// pam is medoids, and of each task the nearest one and the next, by their
// places in medoids, −1 where there is none.
type pam struct {
	d          *num.Dense
	medoids    []int
	near, next []int
}

// to is the distance of task t to a medoid.
func (p *pam) to(t, medoid int) float64 {
	if medoid < 0 {
		return math.Inf(1)
	}
	return p.d.At(t, p.medoids[medoid])
}

// build adds the medoid that leaves the smallest distances.
func (p *pam) build() {
	best, least := -1, math.Inf(1)
	for c := range p.d.Rows {
		if slices.Contains(p.medoids, c) {
			continue
		}
		total := 0.0
		for t := range p.d.Rows {
			v := p.d.At(t, c)
			if len(p.medoids) > 0 {
				v = min(v, p.to(t, p.near[t]))
			}
			total += v
		}
		if total < least {
			best, least = c, total
		}
	}
	p.medoids = append(p.medoids, best)
	p.assign()
}

// assign finds the nearest medoid of each task and the next. A medoid is its
// own nearest, whatever else lies in the same place.
func (p *pam) assign() {
	for t := range p.near {
		p.near[t], p.next[t] = -1, -1
		for m := range p.medoids {
			switch v := p.to(t, m); {
			case p.medoids[m] == t || v < p.to(t, p.near[t]) && !(p.near[t] >= 0 && p.medoids[p.near[t]] == t):
				p.near[t], p.next[t] = m, p.near[t]
			case v < p.to(t, p.next[t]):
				p.next[t] = m
			}
		}
	}
}

// swap makes the best swap of a medoid for another task, if one helps.
func (p *pam) swap() bool {
	out, in, least := -1, -1, -1e-12
	change := make([]float64, len(p.medoids))
	for c := range p.d.Rows {
		if slices.Contains(p.medoids, c) {
			continue
		}
		clear(change)
		for t := range p.d.Rows {
			v, own := p.d.At(t, c), p.to(t, p.near[t])
			for m := range change {
				if m == p.near[t] {
					change[m] += min(v, p.to(t, p.next[t])) - own
				} else {
					change[m] += min(v, own) - own
				}
			}
		}
		for m, v := range change {
			if v < least {
				out, in, least = m, c, v
			}
		}
	}
	if out < 0 {
		return false
	}
	p.medoids[out] = in
	p.assign()
	return true
}
