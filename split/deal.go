package split

import "container/heap"

// A rule says where a unit may not go.
type rule interface {
	allows(u *unit, part int) bool
	dealt(u *unit, part int)
}

// apart is the part of a unit that no part may have: it is trained on always
// and never tested.
const apart = -1

// A dealer knows how many rows each part still wants.
type dealer struct {
	*pool
	share   []float64
	rule    rule
	part    []int
	left    []int       // rows of a cell that no part has yet
	members [][]int     // units of a cell
	cell    [][]float64 // rows of a cell that a part still wants
	task    [][]float64 // … of a task
	all     []float64   // … of the set
	rest    []int       // rows of a task that are not dealt
	uneven  bool        // the shares differ
}

// deal gives each unit a part, in the proportions of share, by iterative
// stratification: the cell with the fewest rows left is dealt first, each unit
// to the part that wants most rows of that cell; among those, of its task;
// among those, of all; among those, to a random one. Where the shares differ, the
// rows that are over when each part has its whole rows of a stratum of numbers go
// where the task is furthest behind its shares: were each stratum rounded, a task
// of few rows would have none in a small part. A unit that rule allows
// no part is set apart, as are those whose part is so already.
//
// Sechidis, Tsoumakas, Vlahavas, On the stratification of multi-label data,
// ECML PKDD 2011, algorithm 1; the task as a second criterion is ours.
func (p *pool) deal(share []float64, part []int, r rule) []int {
	d := newDealer(p, share, part, r)
	var queue rarest
	for c, n := range d.left {
		queue = append(queue, [2]int{n, c})
	}
	heap.Init(&queue)
	for len(queue) > 0 {
		next := heap.Pop(&queue).([2]int)
		c := next[1]
		if next[0] != d.left[c] {
			continue // it shrank since, and stands further ahead too
		}
		for _, i := range d.members[c] {
			if d.part[i] == undealt {
				d.give(i, d.choose(i, c))
				for _, at := range p.units[i].places {
					if at.cell != c {
						heap.Push(&queue, [2]int{d.left[at.cell], at.cell})
					}
				}
			}
		}
	}
	return d.part
}

const undealt = -2

func newDealer(p *pool, share []float64, part []int, r rule) *dealer {
	d := &dealer{pool: p, share: share, rule: r, part: part,
		left: make([]int, len(p.cells)), members: make([][]int, len(p.cells)),
		cell: wants(len(p.cells), len(share)), task: wants(len(p.set.Tasks), len(share)), all: make([]float64, len(share))}
	task, all := make([]int, len(p.set.Tasks)), 0
	d.rest = task
	for _, f := range share {
		d.uneven = d.uneven || f != share[0]
	}
	for i, u := range p.units {
		if part[i] == apart {
			continue
		}
		for _, at := range u.places {
			if m := d.members[at.cell]; len(m) == 0 || m[len(m)-1] != i {
				d.members[at.cell] = append(m, i)
			}
			d.left[at.cell]++
			task[at.task]++
			all++
		}
	}
	for k, f := range share {
		for c, n := range d.left {
			d.cell[c][k] = f * float64(n)
		}
		for t, n := range task {
			d.task[t][k] = f * float64(n)
		}
		d.all[k] = f * float64(all)
	}
	return d
}

func wants(n, parts int) [][]float64 {
	out, all := make([][]float64, n), make([]float64, n*parts)
	for i := range out {
		out[i] = all[i*parts : (i+1)*parts]
	}
	return out
}

// choose returns the part that wants unit i of cell c most.
func (d *dealer) choose(i, c int) int {
	u, n, best := d.units[i], len(d.share), apart
	from := int(u.order % uint64(n))
	for k := range n {
		part := (from + k) % n
		if d.rule.allows(u, part) && (best == apart || d.more(c, part, best)) {
			best = part
		}
	}
	return best
}

// more tells whether part a wants a row of cell c more than part b does.
func (d *dealer) more(c, a, b int) bool {
	t := d.cells[c].task
	if d.uneven && !d.set.Tasks[t].Kind.Classifies() {
		wholeA, wholeB := d.cell[c][a] >= 1-1e-9, d.cell[c][b] >= 1-1e-9
		if wholeA != wholeB {
			return wholeA
		}
		if !wholeA {
			return d.task[t][a]-d.share[a]*float64(d.rest[t]) > d.task[t][b]-d.share[b]*float64(d.rest[t])+1e-9
		}
	}
	for _, want := range [][]float64{d.cell[c], d.task[t], d.all} {
		if diff := want[a] - want[b]; diff > 1e-9 || diff < -1e-9 {
			return diff > 0
		}
	}
	return false
}

// give puts unit i into a part, or apart.
func (d *dealer) give(i, part int) {
	u := d.units[i]
	d.part[i] = part
	d.rule.dealt(u, part)
	for _, at := range u.places {
		d.left[at.cell]--
		d.rest[at.task]--
		if part != apart {
			d.cell[at.cell][part]--
			d.task[at.task][part]--
			d.all[part]--
		}
	}
}

// rarest is a heap of cells by the rows they have left: pairs of both.
type rarest [][2]int

func (h rarest) Len() int { return len(h) }

func (h rarest) Less(a, b int) bool {
	return h[a][0] < h[b][0] || h[a][0] == h[b][0] && h[a][1] < h[b][1]
}

func (h rarest) Swap(a, b int) { h[a], h[b] = h[b], h[a] }

func (h *rarest) Push(x any) { *h = append(*h, x.([2]int)) }

func (h *rarest) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}
