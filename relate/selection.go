package relate

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/kindred-mtl/kindred/num"
)

// Selection chooses groups of tasks to train, as many as a budget allows, that
// may overlap: a task can be trained in a group for the sake of others, and be
// served, that is predicted, by another one. It takes those by which the tasks
// are best served,
//
//	max over A_1, …, A_b of Σ_t max over A_g ∋ t of Z_t(A_g),   Z_t(A) = mean over s in A, s ≠ t of Z_st
//
// with Z the matrix of an affinity: what the task of the row does for that of the
// column; what is not known counts as 0. Every task is in a group.
//
// Up to 16 tasks the choice is the best one, by branch and bound. The tasks that
// one group serves are a part of all, and the best group for a part C is known
// beforehand, of value v(C) = max over A ⊇ C of Σ_{t in C} Z_t(A). Each branch
// is a part that the first task not yet served is in; its bound, for the tasks
// that are left, the most that each may have, max over s of Z_st: no mean is
// larger. What was found for the same tasks and as many groups before is not
// looked for again, so that there are 3^T steps for each group at most. Beyond 16
// tasks it is a beam search.
//
// Fifty, Amid, Zhao, Yu, Anil, Finn, Efficiently identifying task groupings for
// multi-task learning, NeurIPS 2021, section 3.2; Standley, Zamir, Chen, Guibas,
// Malik, Savarese, Which tasks should be learned together in multi-task
// learning?, ICML 2020, is the problem and branch and bound.
type Selection struct {
	// Alone is the affinity of a task that is a group by itself. 0 suits
	// measures that are 0 where a task does nothing for another; the first paper
	// takes −10⁶.
	Alone float64 `json:"alone" words:"affinity of a task that is a group by itself; else 0"`
}

// A Selected is the choice of groups.
type Selected struct {
	Groups   [][]int   // of each group trained, its tasks
	Serves   []int     // of each task the group that serves it; every group serves one
	Affinity []float64 // of each task, in the group that serves it
	Mean     float64   // of Affinity
	Exact    bool      // no choice has a larger mean
}

// mostExact is up to how many tasks the choice is the best one.
const mostExact = 16

// Select chooses at most budget groups.
func Select(r *Relation, budget int, o Selection) (*Selected, error) {
	if n := r.Matrix.Rows; budget < 1 || budget > n {
		return nil, fmt.Errorf("relate: %d groups of %d tasks; give 1 to %d", budget, n, n)
	}
	if math.IsNaN(o.Alone) || math.IsInf(o.Alone, 0) {
		return nil, fmt.Errorf("relate: an affinity alone of %v; give a finite number", o.Alone)
	}
	return o.choose(r, []int{budget})[0], nil
}

// Cut implements Clustering: the tasks that a group serves are together.
func (o Selection) Cut(r *Relation, counts []int) []*Grouping {
	out := make([]*Grouping, len(counts))
	for i, s := range o.choose(r, counts) {
		out[i] = &Grouping{Groups: s.Serves, Selected: s}
	}
	return out
}

func (o Selection) choose(r *Relation, budgets []int) []*Selected {
	z := &affinities{z: known(r.Matrix), alone: o.Alone}
	if r.Matrix.Rows <= mostExact {
		return newBounder(z).choose(budgets)
	}
	return z.beamSearch(budgets, beamWidth(r.Matrix.Rows))
}

// known is a matrix with 0 for what is not known and on the diagonal.
func known(m *num.Dense) *num.Dense {
	z := m.Clone()
	for i, v := range z.Data {
		if math.IsNaN(v) || i%(m.Cols+1) == 0 {
			z.Data[i] = 0
		}
	}
	return z
}

// affinities are those of groups.
type affinities struct {
	z     *num.Dense // with a diagonal of 0
	alone float64
}

// in is Z_t(A) of a task t in A, of which there are size, sum the Z_st over A.
func (a *affinities) in(sum float64, size int) float64 {
	if size == 1 {
		return a.alone
	}
	return sum / float64(size-1)
}

// selected is the choice of some groups, which cover all tasks: each task is
// served where it fares best, and what serves none is left out.
func (a *affinities) selected(groups [][]int, exact bool) *Selected {
	n := a.z.Rows
	s := &Selected{Serves: make([]int, n), Affinity: make([]float64, n), Exact: exact}
	for t := range n {
		s.Serves[t], s.Affinity[t] = -1, math.Inf(-1)
	}
	for g, tasks := range groups {
		for _, t := range tasks {
			sum := 0.0
			for _, i := range tasks {
				sum += a.z.At(i, t)
			}
			if v := a.in(sum, len(tasks)); s.Serves[t] < 0 || v > s.Affinity[t]+1e-12 {
				s.Serves[t], s.Affinity[t] = g, v
			}
		}
	}
	place := map[int]int{}
	for t, g := range s.Serves {
		if _, ok := place[g]; !ok {
			place[g] = len(s.Groups)
			s.Groups = append(s.Groups, groups[g])
		}
		s.Serves[t] = place[g]
		s.Mean += s.Affinity[t] / float64(n)
	}
	return s
}

// A bounder finds the best choice. Sets of tasks are bits.
type bounder struct {
	*affinities
	n     int
	value []float64 // v of each part
	group []uint32  // the group that is best for it
	most  []float64 // of each part, the sum of what each of its tasks may have at most
	best  [][]float64
	part  [][]uint32 // that a best choice begins with: of each number of groups, for each set that is left
}

func newBounder(a *affinities) *bounder {
	n := a.z.Rows
	b := &bounder{affinities: a, n: n, value: make([]float64, 1<<n), group: make([]uint32, 1<<n), most: make([]float64, 1<<n)}
	for c := range b.value {
		b.value[c] = math.Inf(-1)
	}
	b.value[0] = 0
	sum := make([]float64, 1<<n) // Σ_{t in C} Z_t(A)
	own := make([]float64, n)
	for group := uint32(1); group < 1<<n; group++ {
		b.affinitiesIn(group, own)
		for c := (-group) & group; c != 0; c = (c - group) & group { // the parts, from small to large
			sum[c] = sum[c&(c-1)] + own[bits.TrailingZeros32(c)]
			if sum[c] > b.value[c]+1e-12 { // of equals the smallest
				b.value[c], b.group[c] = sum[c], group
			}
		}
	}
	for c := uint32(1); c < 1<<n; c++ {
		t := bits.TrailingZeros32(c)
		most := a.alone
		for s := range n {
			if s != t {
				most = max(most, a.z.At(s, t))
			}
		}
		b.most[c] = b.most[c&(c-1)] + most
	}
	return b
}

// affinitiesIn sets own to those of the tasks of a group.
func (b *bounder) affinitiesIn(group uint32, own []float64) {
	for left := group; left != 0; left &= left - 1 {
		t, sum := bits.TrailingZeros32(left), 0.0
		for others := group; others != 0; others &= others - 1 {
			sum += b.z.At(bits.TrailingZeros32(others), t)
		}
		own[t] = b.in(sum, bits.OnesCount32(group))
	}
}

func (b *bounder) choose(budgets []int) []*Selected {
	out := make([]*Selected, len(budgets))
	for i, budget := range budgets {
		for len(b.best) <= budget {
			b.best, b.part = append(b.best, make([]float64, 1<<b.n)), append(b.part, make([]uint32, 1<<b.n))
		}
		left, k := uint32(1<<b.n-1), budget
		b.branch(left, k)
		var groups [][]int
		for ; left != 0; k-- {
			part := b.part[k][left]
			groups = append(groups, members(b.group[part]))
			left &^= part
		}
		out[i] = b.selected(groups, true)
	}
	return out
}

// branch finds the best choice of at most k groups for the tasks that are left,
// and returns its value.
func (b *bounder) branch(left uint32, k int) float64 {
	if left == 0 {
		return 0
	}
	if b.part[k][left] != 0 {
		return b.best[k][left]
	}
	if k == 1 {
		b.best[k][left], b.part[k][left] = b.value[left], left
		return b.value[left]
	}
	first := left & -left
	best, with := math.Inf(-1), uint32(0)
	for others := left &^ first; ; others = (others - 1) & (left &^ first) { // from all down, so that of equals the fewest groups win
		part := first | others
		if b.value[part]+b.most[left&^part] > best+1e-12 {
			if v := b.value[part] + b.branch(left&^part, k-1); v > best+1e-12 {
				best, with = v, part
			}
		}
		if others == 0 {
			break
		}
	}
	b.best[k][left], b.part[k][left] = best, with
	return best
}

// members are the tasks of a set.
func members(set uint32) []int {
	var tasks []int
	for ; set != 0; set &= set - 1 {
		tasks = append(tasks, bits.TrailingZeros32(set))
	}
	return tasks
}
