package archtest

import (
	"math"
	"slices"

	"github.com/kindred-mtl/kindred/arch"
	"github.com/kindred-mtl/kindred/param"
)

func near(a, b, slack float64) bool { return math.Abs(a-b) <= slack*(1+math.Abs(b)) }

// layout: blocks that several tasks share come first, entries name their tasks
// in order, and every number is shared or one task's own.
func (c *check) layout() {
	l := &param.Layout{}
	c.rig(c.tasks, l, false, draw())
	for _, b := range l.Blocks {
		if b.Shared(len(c.tasks)) != (b.At < l.Shared()) {
			c.Errorf("block %q at %d: the shared ones are those below %d", b.Name, b.At, l.Shared())
		}
		for e, u := range b.Users {
			if len(u) == 0 || !slices.IsSorted(u) || u[0] < 0 || u[len(u)-1] >= len(c.tasks) {
				c.Errorf("block %q, entry %d: its tasks are %v of %d", b.Name, e, u, len(c.tasks))
			}
		}
	}
	owner := make([]int, l.Len())
	for t := range c.tasks {
		l.Owned(t, func(lo, hi int) {
			for i := lo; i < hi; i++ {
				if owner[i] != 0 {
					c.Fatalf("number %d is of task %d alone, and of %d", i, owner[i]-1, t)
				}
				owner[i] = t + 1
			}
		})
	}
	for _, b := range l.Blocks {
		for e := range b.Entries() {
			lo, hi := b.Entry(e)
			want := 0
			if one := usersOf(b, e, len(c.tasks)); len(one) == 1 {
				want = one[0] + 1
			}
			for i := lo; i < hi; i++ {
				if owner[i] != want {
					c.Fatalf("block %q, entry %d: owner %d, not %d", b.Name, e, owner[i]-1, want-1)
				}
			}
		}
	}
}

// usersOf are the tasks of an entry.
func usersOf(b *param.Block, e, tasks int) []int {
	if b.Users != nil {
		return b.Users[e]
	}
	all := make([]int, tasks)
	for t := range all {
		all[t] = t
	}
	return all
}

// shapes: each task has its outputs, all finite, in columns no other task has.
func (c *check) shapes(long bool) {
	r := c.rig(c.tasks, &param.Layout{}, long, draw())
	if len(r.out) != len(c.tasks) {
		c.Fatalf("%d nodes for %d tasks", len(r.out), len(c.tasks))
	}
	r.forward(false)
	taken := map[[2]int]int{}
	for t, task := range c.tasks {
		at, width := r.g.Place(r.out[t], t)
		if width != task.Outputs || at < 0 || at+width > r.g.Stride(r.out[t]) {
			c.Fatalf("task %d has columns %d to %d of %d, not %d columns", t, at, at+width, r.g.Stride(r.out[t]), task.Outputs)
		}
		for k := at; k < at+width && !long; k++ {
			if s, ok := taken[[2]int{int(r.out[t]), k}]; ok {
				c.Fatalf("tasks %d and %d have column %d", s, t, k)
			}
			taken[[2]int{int(r.out[t]), k}] = t
		}
		for i := range rows {
			if long && r.task[i] != t {
				continue
			}
			for _, y := range r.outputs(i, t) {
				if math.IsNaN(y) || math.IsInf(y, 0) {
					c.Fatalf("row %d, task %d: %v", i, t, y)
				}
			}
		}
	}
}

// perBlock is how many numbers of a block are tried by differences.
const perBlock = 8

// differences: the gradient is that of central differences.
func (c *check) differences(long bool) {
	r := c.rig(c.tasks, &param.Layout{}, long, draw())
	w := []float64{1, 0.5, 2, 0.3}[:len(c.tasks)]
	g, p := r.gradient(w), r.run.Params
	at := func(i int, v float64) float64 {
		was := p[i]
		p[i] = v
		r.forward(true)
		p[i] = was
		return r.loss(w, false)
	}
	for _, b := range r.g.Params.Blocks {
		step := max(1, b.Len()/perBlock)
		for i := b.At; i < b.At+b.Len(); i += step {
			const h = 2e-6
			if want := (at(i, p[i]+h) - at(i, p[i]-h)) / (2 * h); !near(g[i], want, 2e-6) {
				c.Fatalf("block %q, number %d: gradient %v, by differences %v", b.Name, i-b.At, g[i], want)
			}
		}
	}
}

// perTask: the gradient of a task's loss is 0 where the entry is not the task's,
// and the products of these gradients over what is shared are the Gram matrix.
func (c *check) perTask(long bool) {
	r := c.rig(c.tasks, &param.Layout{}, long, draw())
	n := len(c.tasks)
	one := make([][]float64, n)
	for t := range one {
		one[t] = r.gradient(r.only(t))
		for _, b := range r.g.Params.Blocks {
			for e := range b.Entries() {
				lo, hi := b.Entry(e)
				if u := usersOf(b, e, n); !slices.Contains(u, t) && !zero(one[t][lo:hi]) {
					c.Fatalf("block %q, entry %d, of tasks %v: the loss of task %d moves it", b.Name, e, u, t)
				}
			}
		}
		for s := range n {
			r.g.Params.Owned(s, func(lo, hi int) { clear(one[t][lo:hi]) })
		}
	}
	if long && c.norm() == "batch" {
		return // what is measured over rows of other tasks counts as constant
	}
	w := slices.Repeat([]float64{1}, n)
	r.forward(true)
	r.loss(w, true)
	gram := make([]float64, n*n)
	r.run.Gram(gram, r.nodes)
	for s := range n {
		for u := range n {
			want := 0.0
			for i, v := range one[s] {
				want += v * one[u][i]
			}
			if got := gram[s*n+u]; !near(got, want, 1e-9) {
				c.Errorf("Gram matrix of tasks %d and %d: %v, not %v", s, u, got, want)
			}
		}
	}
}

func zero(x []float64) bool { return !slices.ContainsFunc(x, func(v float64) bool { return v != 0 }) }

// missing: a task without labels in a batch, or without rows, moves nothing of
// its own.
func (c *check) missing(long bool) {
	if len(c.tasks) == 1 {
		return
	}
	for gone := range c.tasks {
		r := c.rig(c.tasks, &param.Layout{}, long, draw())
		for i := range r.list {
			r.list[i].label[c.tasks[gone].Name] = false
			if r.task[i] == gone {
				r.of(i, (gone+len(c.tasks)-1)%len(c.tasks))
			}
		}
		slices.Sort(r.task)
		slices.Sort(r.run.Task)
		g := r.gradient(slices.Repeat([]float64{1}, len(c.tasks)))
		r.g.Params.Owned(gone, func(lo, hi int) {
			if !zero(g[lo:hi]) {
				c.Fatalf("task %d is not there, and numbers %d to %d of its own move", gone, lo, hi)
			}
		})
		if zero(g) {
			c.Fatal("nothing moves")
		}
	}
}

// wideIsLong: a task says the same of a row in both kinds of batches.
func (c *check) wideIsLong() {
	l := &param.Layout{}
	wide, long := c.rig(c.tasks, l, false, draw()), c.rig(c.tasks, l, true, draw())
	wide.forward(false)
	long.forward(false)
	for i, t := range long.task {
		c.same(i, t, long.outputs(i, t), wide.outputs(i, t))
	}
}

// same demands the outputs of a task for a row.
func (c *check) same(i, t int, got, want []float64) {
	c.Helper()
	for k := range want {
		if len(got) != len(want) || !near(got[k], want[k], 1e-12) {
			c.Fatalf("row %d, task %d: %v, not %v", i, t, got, want)
		}
	}
}

// permuted: tasks listed in another order have the same outputs, with the
// parameters in the places of that order.
func (c *check) permuted() {
	n := len(c.tasks)
	tasks, place := make([]arch.Task, n), make([]int, n) // the new place of each task
	for t := range n {
		place[t] = (t*3 + 1) % n
		tasks[place[t]] = c.tasks[t]
	}
	a, b := c.rig(c.tasks, &param.Layout{}, false, draw()), c.rig(tasks, &param.Layout{}, false, draw())
	if a.g.Params.Len() != b.g.Params.Len() {
		c.Fatalf("%d numbers, and %d of permuted tasks", a.g.Params.Len(), b.g.Params.Len())
	}
	for _, from := range a.g.Params.Blocks {
		to := named(b.g.Params, from.Name)
		for e := range from.Entries() {
			lo, hi := from.Entry(e)
			at := e
			if from.Users != nil {
				at = entryOf(to, from.Users[e], place)
			}
			if at < 0 {
				c.Fatalf("block %q, entry %d: no entry is of these tasks when they are permuted", from.Name, e)
			}
			first, end := to.Entry(at)
			if end-first != hi-lo {
				c.Fatalf("block %q, entry %d: %d numbers, and %d of permuted tasks", from.Name, e, hi-lo, end-first)
			}
			copy(b.run.Params[first:end], a.run.Params[lo:hi])
		}
	}
	a.forward(false)
	b.forward(false)
	for i := range rows {
		for t := range n {
			c.same(i, t, b.outputs(i, place[t]), a.outputs(i, t))
		}
	}
}

func named(l *param.Layout, name string) *param.Block {
	return l.Blocks[slices.IndexFunc(l.Blocks, func(b *param.Block) bool { return b.Name == name })]
}

// entryOf is the entry of b whose tasks are those listed, at their new places.
func entryOf(b *param.Block, users, place []int) int {
	var want []int
	for _, t := range users {
		want = append(want, place[t])
	}
	slices.Sort(want)
	return slices.IndexFunc(b.Users, func(u []int) bool { return slices.Equal(u, want) })
}

// only: a part of the tasks is predicted as among all, and nothing else is.
func (c *check) only() {
	all := c.rig(c.tasks, &param.Layout{}, false, draw())
	all.forward(false)
	asked := map[int]bool{len(c.tasks) - 1: true, len(c.tasks) / 2: true}
	var list []int
	for t := range asked {
		list = append(list, t)
	}
	some := c.rig(c.tasks, &param.Layout{}, false, draw())
	some.run.Only(list)
	some.forward(false)
	for i := range rows {
		for t := range c.tasks {
			switch got := some.outputs(i, t); {
			case asked[t]:
				c.same(i, t, got, all.outputs(i, t))
			case !zero(got):
				c.Fatalf("row %d: task %d is computed, and nobody asked", i, t)
			}
		}
	}
}

// oneRow: a batch of one row is as good as any.
func (c *check) oneRow() {
	list := draw()
	for _, long := range []bool{false, true} {
		all := c.rig(c.tasks, &param.Layout{}, false, list)
		all.forward(false)
		for i := range list {
			one := c.rig(c.tasks, &param.Layout{}, long, list[i:i+1])
			one.forward(false)
			c.same(i, 0, one.outputs(0, 0), all.outputs(i, 0))
			for _, g := range one.gradient(one.only(0)) {
				if math.IsNaN(g) || math.IsInf(g, 0) {
					c.Fatalf("a batch of row %d alone has gradient %v", i, g)
				}
			}
		}
	}
}
