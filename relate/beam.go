package relate

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"

	"github.com/kindred-mtl/kindred/num"
)

// beamWidth is how many choices of n tasks are kept: 8, fewer of very many.
func beamWidth(n int) int { return max(1, min(8, 2000/n)) }

// A team is tasks that are a group; it never changes.
type team struct {
	tasks []int
	sum   []float64 // of each task t the Z_st over the team
	value float64   // the sum of its tasks' affinities
}

// teams are groups of which each task is in one; they never change.
type teams struct {
	of    []*team
	value float64
	with  []*team   // of each, the one that it would best be merged with
	gain  []float64 // what that would bring
}

// beamSearch looks for good choices: from every task by itself it merges two
// groups at a time, some group and the one it is best merged with, and goes on
// with the choices that are best then; and so does a beam of a single choice,
// which is greedy. The best choice of at most as
// many groups as each budget says is then improved task by task.
func (a *affinities) beamSearch(budgets []int, width int) []*Selected {
	greedy := a.merges(1)
	beam := greedy
	if width > 1 {
		beam = a.merges(width)
	}
	out := make([]*Selected, len(budgets))
	num.For(len(budgets), func(i int) {
		for _, choices := range [][]*teams{greedy, beam} {
			best := choices[1]
			for _, c := range choices[1 : budgets[i]+1] {
				if c.value > best.value+1e-12 {
					best = c
				}
			}
			if s := a.improve(best); out[i] == nil || s.Mean > out[i].Mean {
				out[i] = s
			}
		}
	})
	return out
}

// merges are, for each number of groups, the best choice that a beam comes by.
func (a *affinities) merges(width int) []*teams {
	n := a.z.Rows
	all := &teams{}
	for t := range n {
		one := &team{tasks: []int{t}, sum: slices.Clone(a.z.Row(t)), value: a.alone}
		all.of, all.value = append(all.of, one), all.value+one.value
	}
	all.with, all.gain = make([]*team, n), make([]float64, n)
	num.For(n, func(g int) { a.match(all, g) })
	best := make([]*teams, n+1)
	best[n] = all
	beam := []*teams{all}
	for k := n - 1; k >= 1; k-- {
		beam = a.next(beam, width)
		best[k] = beam[0]
	}
	return best
}

// match finds the team that team g is best merged with.
func (a *affinities) match(c *teams, g int) {
	c.with[g], c.gain[g] = nil, math.Inf(-1)
	for _, other := range c.of {
		if other == c.of[g] {
			continue
		}
		if gain := a.gain(c.of[g], other); gain > c.gain[g] {
			c.with[g], c.gain[g] = other, gain
		}
	}
}

// A merge is a choice in a beam, and a group of it that is merged.
type merge struct {
	from, group int
	value       float64 // of the choice then
}

// next are the best choices that come of merging two groups, the best one first.
func (a *affinities) next(beam []*teams, width int) []*teams {
	var all []merge
	for b, c := range beam {
		for g := range c.of {
			all = append(all, merge{b, g, c.value + c.gain[g]})
		}
	}
	slices.SortStableFunc(all, func(x, y merge) int { return cmp.Compare(y.value, x.value) })
	var out []*teams
	seen := map[string]bool{}
	for _, m := range all[:min(len(all), 8*width)] { // each merge is there from both sides
		if len(out) == width {
			break
		}
		c := a.join(beam[m.from], m.group)
		if key := c.key(); !seen[key] {
			seen[key] = true
			out = append(out, c)
		}
	}
	return out
}

// gain is what merging two teams brings.
func (a *affinities) gain(x, y *team) float64 { return a.merged(x, y) - x.value - y.value }

// merged is the value of two teams as one.
func (a *affinities) merged(x, y *team) float64 {
	total, others := 0.0, float64(len(x.tasks)+len(y.tasks)-1)
	for _, side := range []*team{x, y} {
		for _, t := range side.tasks {
			total += (x.sum[t] + y.sum[t]) / others
		}
	}
	return total
}

// join merges team g with the one it suits.
func (a *affinities) join(c *teams, g int) *teams {
	x, y := c.of[g], c.with[g]
	one := &team{tasks: slices.Concat(x.tasks, y.tasks), sum: slices.Clone(x.sum), value: a.merged(x, y)}
	num.Add(one.sum, y.sum)
	slices.Sort(one.tasks)
	out := &teams{value: c.value + c.gain[g]}
	for h, other := range c.of {
		switch other {
		case y:
			continue
		case x:
			other = one
		}
		out.of, out.with, out.gain = append(out.of, other), append(out.with, c.with[h]), append(out.gain, c.gain[h])
	}
	num.For(len(out.of), func(h int) {
		switch other := out.of[h]; {
		case other == one || out.with[h] == x || out.with[h] == y:
			a.match(out, h)
		default:
			if gain := a.gain(other, one); gain > out.gain[h] {
				out.with[h], out.gain[h] = one, gain
			}
		}
	})
	return out
}

// key is the same for the same groups.
func (c *teams) key() string {
	first := make([]byte, 2*len(c.of[0].sum)) // of each task the first one of its team
	for _, one := range c.of {
		for _, t := range one.tasks {
			binary.LittleEndian.PutUint16(first[2*t:], uint16(one.tasks[0]))
		}
	}
	return string(first)
}

// mostMoves is how many tasks are put into groups or taken out at most.
const mostMoves = 200

// improve puts a task into one more group, or takes it out of one of several,
// the best move first, as long as one helps.
func (a *affinities) improve(c *teams) *Selected {
	v := &cover{affinities: a}
	for _, one := range c.of {
		in := make([]bool, a.z.Rows)
		for _, t := range one.tasks {
			in[t] = true
		}
		v.in, v.sum, v.size = append(v.in, in), append(v.sum, slices.Clone(one.sum)), append(v.size, len(one.tasks))
	}
	for range mostMoves {
		if !v.move() {
			break
		}
	}
	groups := make([][]int, len(v.in))
	for g := range groups {
		groups[g] = v.members(g)
	}
	return a.selected(groups, false)
}

// A cover is groups that may overlap.
type cover struct {
	*affinities
	in   [][]bool
	sum  [][]float64 // of each group and task t the Z_st over the group
	size []int
}

// members are the tasks of group g.
func (v *cover) members(g int) []int {
	tasks := make([]int, 0, v.size[g])
	for t, in := range v.in[g] {
		if in {
			tasks = append(tasks, t)
		}
	}
	return tasks
}

// move makes the best move, if one helps.
func (v *cover) move() bool {
	task, group, most := -1, -1, 1e-12
	for g := range v.in {
		elsewhere, members := v.elsewhere(g), v.members(g)
		before := 0.0
		for _, t := range members {
			before += max(elsewhere[t], v.affinities.in(v.sum[g][t], v.size[g]))
		}
		for t, in := range v.in[g] {
			if in && math.IsInf(elsewhere[t], -1) {
				continue // it is in no other group
			}
			if gain := v.after(g, t, members, elsewhere) - before; gain > most {
				task, group, most = t, g, gain
			}
		}
	}
	if task < 0 {
		return false
	}
	sign := 1.0
	if v.in[group][task] {
		sign = -1
	}
	v.in[group][task] = sign > 0
	v.size[group] += int(sign)
	num.Axpy(sign, v.z.Row(task), v.sum[group])
	return true
}

// elsewhere is what each task has at best in other groups than g; −Inf: it is in
// none.
func (v *cover) elsewhere(g int) []float64 {
	best := make([]float64, v.z.Rows)
	for t := range best {
		best[t] = math.Inf(-1)
	}
	for h, in := range v.in {
		for t, ok := range in {
			if ok && h != g {
				best[t] = max(best[t], v.affinities.in(v.sum[h][t], v.size[h]))
			}
		}
	}
	return best
}

// after is what the tasks of group g have once a task is put into it, or taken
// out; less what a task put into it had elsewhere.
func (v *cover) after(g, task int, members []int, elsewhere []float64) float64 {
	sign, total := 1.0, 0.0
	if v.in[g][task] {
		sign, total = -1, elsewhere[task]
	}
	size := v.size[g] + int(sign)
	for _, t := range members {
		if t != task {
			total += max(elsewhere[t], v.affinities.in(v.sum[g][t]+sign*v.z.At(task, t), size))
		}
	}
	if sign > 0 {
		total += max(elsewhere[task], v.affinities.in(v.sum[g][task], size)) - elsewhere[task]
	}
	return total
}
