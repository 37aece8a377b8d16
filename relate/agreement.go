package relate

import (
	"cmp"
	"math"
	"slices"

	"github.com/kindred-mtl/kindred/num"
)

// Agreement is the rank correlation of two relations of the same tasks: that of
// the ranks of their entries beside the diagonal, equal ones at their mean rank.
// It is NaN where one of them has the same entry everywhere. Pairs of which one
// knows nothing are left out; of sketches 1,000 tasks take part.
//
// Spearman, The proof and measurement of association between two things,
// American Journal of Psychology 15, 1904.
func Agreement(a, b *Relation) float64 {
	var x, y []float64
	some := a.some(MostTasks)
	for _, s := range some {
		for _, t := range some {
			if u, v := a.At(s, t), b.At(s, t); s != t && !math.IsNaN(u) && !math.IsNaN(v) {
				x, y = append(x, u), append(y, v)
			}
		}
	}
	if len(x) == 0 {
		return math.NaN()
	}
	x, y = ranks(x), ranks(y)
	both := num.Norm(x) * num.Norm(y)
	if both == 0 {
		return math.NaN()
	}
	return num.Dot(x, y) / both
}

// ranks are those of numbers less their mean.
func ranks(x []float64) []float64 {
	order, out := make([]int, len(x)), make([]float64, len(x))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Compare(x[i], x[j]) })
	for from := 0; from < len(order); {
		to := from
		for to < len(order) && x[order[to]] == x[order[from]] {
			to++
		}
		for _, i := range order[from:to] {
			out[i] = float64(from+to-1)/2 - float64(len(x)-1)/2
		}
		from = to
	}
	return out
}

// AdjustedRand says how alike two groupings of the same tasks are: 1 where they
// are the same, 0 on average where one is drawn at random,
//
//	(Σ_ij C(n_ij) − E) / (½ (Σ_i C(a_i) + Σ_j C(b_j)) − E),   E = Σ_i C(a_i) Σ_j C(b_j) / C(n)
//
// with C(n) = n(n − 1)/2, n_ij the tasks that are in group i of one and group j
// of the other, a_i and b_j those in each.
//
// Hubert, Arabie, Comparing partitions, Journal of Classification 2, 1985.
func AdjustedRand(a, b []int) float64 {
	pairs := func(count map[[2]int]float64) (sum float64) {
		for _, n := range count {
			sum += n * (n - 1) / 2 // of whole numbers: the order does not matter
		}
		return sum
	}
	both, left, right := map[[2]int]float64{}, map[[2]int]float64{}, map[[2]int]float64{}
	for t := range a {
		both[[2]int{a[t], b[t]}]++
		left[[2]int{a[t]}]++
		right[[2]int{b[t]}]++
	}
	n := float64(len(a))
	expected := pairs(left) * pairs(right) / (n * (n - 1) / 2)
	most := (pairs(left) + pairs(right)) / 2
	if most == expected || n < 2 {
		return 1 // both are one group, or both every task by itself
	}
	return (pairs(both) - expected) / (most - expected)
}
