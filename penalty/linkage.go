package penalty

import (
	"cmp"
	"slices"

	"github.com/kindred-mtl/kindred/num"
)

// mostLinked is how many tasks a tree is learned of.
const mostLinked = 5000

// A Merge joins the clusters of two tasks.
type Merge struct {
	A, B   int // a task of each, A < B
	Height float64
}

// AverageLinkage merges clusters, the nearest first, where the distance of two
// is the mean of their tasks'. d is symmetric, and destroyed. The merges are
// found by chains of nearest neighbours and come in the order of their heights.
//
// Müllner, Modern hierarchical, agglomerative clustering algorithms,
// arXiv:1109.2378, 2011, figure 3.
func AverageLinkage(d *num.Dense) []Merge {
	n := d.Rows
	size, alive := make([]float64, n), make([]bool, n)
	for i := range n {
		size[i], alive[i] = 1, true
	}
	merges, path := make([]Merge, 0, n), make([]int, 0, n)
	for len(merges) < n-1 {
		if len(path) == 0 {
			path = append(path, slices.Index(alive, true))
		}
		at := path[len(path)-1]
		next := -1
		if len(path) > 1 {
			next = path[len(path)-2] // stays among equals
		}
		for c := range n {
			if alive[c] && c != at && (next < 0 || d.At(at, c) < d.At(at, next)) {
				next = c
			}
		}
		if len(path) < 2 || next != path[len(path)-2] {
			path = append(path, next)
			continue
		}
		path = path[:len(path)-2]
		merges = append(merges, Merge{min(at, next), max(at, next), d.At(at, next)})
		a, b := min(at, next), max(at, next)
		for c := range n {
			if alive[c] && c != a && c != b {
				mean := (size[a]*d.At(a, c) + size[b]*d.At(b, c)) / (size[a] + size[b])
				d.Set(a, c, mean)
				d.Set(c, a, mean)
			}
		}
		size[a] += size[b]
		alive[b] = false
	}
	slices.SortStableFunc(merges, func(x, y Merge) int { return cmp.Compare(x.Height, y.Height) })
	return merges
}

// Merged numbers the clusters of n tasks after these merges, in the order of
// their first tasks.
func Merged(n int, merges []Merge) []int {
	parent := make([]int, n)
	for i := range parent {
		parent[i] = i
	}
	find := func(i int) int {
		for parent[i] != i {
			i = parent[i]
		}
		return i
	}
	for _, m := range merges {
		a, b := find(m.A), find(m.B)
		parent[max(a, b)] = min(a, b)
	}
	number, out := map[int]int{}, make([]int, n)
	for i := range out {
		root := find(i)
		if _, ok := number[root]; !ok {
			number[root] = len(number)
		}
		out[i] = number[root]
	}
	return out
}

// grow makes a tree of the clusters that are left at each of some counts,
// coarse ones first. A node with a single child is left out.
func grow(names []string, merges []Merge, counts ...int) *Node {
	nodes := make([]*Node, len(names))
	for i, name := range names {
		nodes[i] = &Node{Name: name}
	}
	// members maps each node so far to a task of it.
	member := make([]int, len(names))
	for i := range member {
		member[i] = i
	}
	slices.Reverse(counts)
	for _, count := range append(counts, 1) {
		group := Merged(len(names), merges[:max(0, len(names)-max(1, count))])
		var above []*Node
		var first []int
		for i, n := range nodes {
			g := group[member[i]]
			for len(above) <= g {
				above, first = append(above, &Node{}), append(first, 0)
			}
			if len(above[g].Children) == 0 {
				first[g] = member[i]
			}
			above[g].Children = append(above[g].Children, n)
		}
		for i, n := range above {
			if len(n.Children) == 1 {
				above[i] = n.Children[0]
			}
		}
		nodes, member = above, first
	}
	return nodes[0]
}
