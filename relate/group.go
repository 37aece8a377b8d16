package relate

import (
	"fmt"
	"slices"

	"github.com/kindred-mtl/kindred/catalog"
	"github.com/kindred-mtl/kindred/num"
)

// A Clustering makes groups of tasks.
type Clustering interface {
	// Cut puts the tasks into as many groups as each of counts says, at most:
	// for each count a Grouping whose Groups are in the order of their first
	// tasks. There are at least as many tasks as groups.
	Cut(r *Relation, counts []int) []*Grouping
}

// Clusterings lists them.
var Clusterings = catalog.Table[Clustering]{
	{Name: "average-linkage", Words: "merges the nearest groups, by the mean distance of their tasks; has a tree",
		Formula: "d(A, B) = mean over a in A, b in B of d_ab",
		Source:  "Sokal, Michener, A statistical method for evaluating systematic relationships, University of Kansas Science Bulletin 38, 1958",
		New:     func() Clustering { return AverageLinkage{} }},
	{Name: "spectral", Words: "cuts few and weak ties: k-means on eigenvectors of the graph of the tasks",
		Formula: "D^−½ A D^−½, A_st = exp(−d_st² / 2 median)",
		Source:  "Ng, Jordan, Weiss, On spectral clustering: analysis and an algorithm, NIPS 2001",
		New:     func() Clustering { return Spectral{} }},
	{Name: "k-medoids", Words: "tasks around the k tasks in their midst",
		Formula: "min over medoids of Σ_t d(t, nearest medoid)",
		Source:  "Kaufman, Rousseeuw, Finding Groups in Data, Wiley, 1990, chapter 2",
		New:     func() Clustering { return KMedoids{} }},
	{Name: "selection", Words: "groups that may overlap, by which the tasks are best served: TAG's",
		Formula: "max over b groups A_g of Σ_t max over A_g ∋ t of mean over s in A_g, s ≠ t of Z_st",
		Source:  "Fifty et al., Efficiently identifying task groupings for multi-task learning, NeurIPS 2021",
		New:     func() Clustering { return Selection{} }},
}

// A Grouping is groups of tasks.
type Grouping struct {
	Groups []int // of each task the number of its group, in the order of first tasks
	Count  int   // of groups
	// Silhouette is the mean over tasks of how much nearer its own group is
	// than the next one, from −1 to 1; 0 of a single group.
	Silhouette float64
	// Chosen says that Count is the one of the largest Silhouette, of a sketch the
	// likeliest of those whose groups are found in both halves of the tasks: Strength
	// is then how strongly, from 0.8 to 1.
	Chosen   bool
	Strength float64
	// Selected are the groups to train, where these may overlap: Groups are then
	// the tasks that each one serves. Or nil.
	Selected *Selected
}

// mostGroups is the largest number of groups that is tried.
const mostGroups = 12

// Group puts the tasks into k groups, by Selection at most; with k 0 into as many, from 2 to 12 and
// fewer than tasks, as have the largest silhouette, the fewest of equals. A
// silhouette cannot tell whether there are groups at all: it is near 0 where
// there are none. Of a sketch the clustering groups 600 tasks, whose silhouette
// is told, every task joins the group whose mean is nearest, and with k 0 there
// are as many as both halves of the tasks find, one where these find none alike.
func Group(r *Relation, c Clustering, k int) (*Grouping, error) {
	n := len(r.Tasks)
	if k < 0 || k > n {
		return nil, fmt.Errorf("relate: %d groups of %d tasks; give 1 to %d, or 0 to choose", k, n, n)
	}
	if r.Matrix == nil {
		return groupSketch(r, c, k)
	}
	d := Distances(r)
	counts, chosen := []int{k}, k == 0
	if chosen {
		counts = nil
		for count := 2; count <= min(mostGroups, n-1); count++ {
			counts = append(counts, count)
		}
		if counts == nil {
			return &Grouping{Groups: make([]int, n), Count: 1}, nil
		}
	}
	var best *Grouping
	for _, g := range c.Cut(r, counts) {
		g.Count, g.Silhouette, g.Chosen = slices.Max(g.Groups)+1, silhouette(d, g.Groups), chosen
		if best == nil || g.Silhouette > best.Silhouette+1e-12 {
			best = g
		}
	}
	return best, nil
}

// silhouette is the mean over tasks of
//
//	(b − a) / max(a, b)
//
// a the mean distance to the others of its group, b to those of the nearest
// other group; 0 for a task that is a group by itself.
//
// Rousseeuw, Silhouettes: a graphical aid to the interpretation and validation
// of cluster analysis, Journal of Computational and Applied Mathematics 20, 1987.
func silhouette(d *num.Dense, groups []int) float64 {
	k := slices.Max(groups) + 1
	if k < 2 {
		return 0
	}
	size := make([]float64, k)
	for _, g := range groups {
		size[g]++
	}
	total, sum := 0.0, make([]float64, k)
	for t, own := range groups {
		if size[own] < 2 {
			continue
		}
		clear(sum)
		for s, g := range groups {
			sum[g] += d.At(t, s)
		}
		a, b := sum[own]/(size[own]-1), -1.0
		for g := range sum {
			if mean := sum[g] / size[g]; g != own && (b < 0 || mean < b) {
				b = mean
			}
		}
		if m := max(a, b); m > 0 {
			total += (b - a) / m
		}
	}
	return total / float64(len(groups))
}

// inOrder numbers groups in the order of their first tasks.
func inOrder(groups []int) []int {
	number, out := map[int]int{}, make([]int, len(groups))
	for t, g := range groups {
		if _, seen := number[g]; !seen {
			number[g] = len(number)
		}
		out[t] = number[g]
	}
	return out
}
