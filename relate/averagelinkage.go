package relate

import "github.com/kindred-mtl/kindred/penalty"

// AverageLinkage merges the two groups whose tasks are nearest to each other on
// average, again and again, from every task by itself:
//
//	d(A, B) = mean over a in A, b in B of d_ab
//
// Sokal, Michener, A statistical method for evaluating systematic
// relationships, University of Kansas Science Bulletin 38, 1958.
type AverageLinkage struct{}

// Cut implements Clustering.
func (AverageLinkage) Cut(r *Relation, counts []int) []*Grouping {
	merges, n := Tree(r), len(r.Tasks)
	out := make([]*Grouping, len(counts))
	for i, k := range counts {
		out[i] = &Grouping{Groups: penalty.Merged(n, merges[:n-k])}
	}
	return out
}

// Tree is the merges of average linkage, the nearest groups first; nil of a
// sketch.
func Tree(r *Relation) []penalty.Merge {
	if r.Matrix == nil {
		return nil
	}
	return penalty.AverageLinkage(Distances(r))
}

// Order lists n tasks as the leaves of a tree, so that its lines do not cross.
func Order(n int, merges []penalty.Merge) []int {
	leaves := make([][]int, n)
	of := make([]int, n)
	for t := range n {
		leaves[t], of[t] = []int{t}, t
	}
	for _, m := range merges {
		a, b := of[m.A], of[m.B]
		leaves[a] = append(leaves[a], leaves[b]...)
		for _, t := range leaves[b] {
			of[t] = a
		}
		leaves[b] = nil
	}
	var out []int
	for _, l := range leaves {
		out = append(out, l...)
	}
	return out
}
