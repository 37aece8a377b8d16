package split

import (
	"cmp"
	"hash/fnv"
	"math/rand/v2"
	"slices"

	"github.com/kindred-mtl/kindred"
)

// A unit is what stays together: a table row, or a group of them.
type unit struct {
	id     uint64 // the same whatever the order of the tasks
	order  uint64 // random
	places []spot
	tasks  []int // the distinct ones of places
}

// A spot is a place of a task's Rows, and the cell its label lies in.
type spot struct{ task, place, cell int }

// A cell is a class of a task, or a fifth of its sorted numbers. Cells of one
// need are those of which one row at least should be trained on: each class,
// but only some number.
type cell struct{ task, need int }

// A pool is the units of a set, and the cells they lie in.
type pool struct {
	set   *kindred.Set
	units []*unit
	cells []cell
	needs int
}

// newPool gathers the units of s. It visits tasks in the order of their names,
// so that nothing depends on the order in which the set lists them.
func newPool(s *kindred.Set) *pool {
	type key struct {
		table *kindred.Table
		code  int
	}
	most := 0
	for t := range s.Tasks {
		most = max(most, len(s.Tasks[t].Rows))
	}
	p, found, tables := &pool{set: s}, make(map[key]*unit, most), map[*kindred.Table]uint64{}
	for _, t := range byName(s) {
		task := &s.Tasks[t]
		if _, ok := tables[task.Table]; !ok {
			tables[task.Table] = nameHash(task.Name)
		}
		cells := p.stratify(t)
		for i, r := range task.Rows {
			k, stream := key{task.Table, r}, tables[task.Table]
			if task.Table.Group != nil {
				k, stream = key{nil, task.Table.Group[r]}, 0
			}
			u := found[k]
			if u == nil {
				u = &unit{id: draw(stream, uint64(k.code))}
				found[k] = u
				p.units = append(p.units, u)
			}
			u.places = append(u.places, spot{t, i, cells[i]})
			if n := len(u.tasks); n == 0 || u.tasks[n-1] != t {
				u.tasks = append(u.tasks, t)
			}
		}
	}
	return p
}

// shuffle puts the units into a random order, those with many rows first: they
// are the hardest to place.
func (p *pool) shuffle(seed, stream uint64) {
	seed = draw(seed, stream)
	for _, u := range p.units {
		u.order = draw(seed, u.id)
	}
	slices.SortFunc(p.units, func(a, b *unit) int {
		return cmp.Or(cmp.Compare(len(b.places), len(a.places)), cmp.Compare(a.order, b.order), cmp.Compare(a.id, b.id))
	})
}

// quantiles is the number of cells of a task whose labels are numbers.
const quantiles = 5

// stratify adds the cells of task t and returns the one of each of its rows.
func (p *pool) stratify(t int) []int {
	task := &p.set.Tasks[t]
	out, y := make([]int, len(task.Rows)), task.Y()
	places := make([]int, len(y))
	for i := range places {
		places[i] = i
	}
	slices.SortStableFunc(places, func(a, b int) int { return cmp.Compare(y[a], y[b]) })
	last := -1
	for rank, i := range places {
		stratum := rank * quantiles / len(places)
		if task.Kind.Classifies() {
			stratum = int(y[i])
		}
		if stratum != last {
			if last < 0 || task.Kind.Classifies() {
				p.needs++
			}
			p.cells, last = append(p.cells, cell{task: t, need: p.needs - 1}), stratum
		}
		out[i] = len(p.cells) - 1
	}
	return out
}

// byName lists the places of the tasks in the order of their names.
func byName(s *kindred.Set) []int {
	tasks := make([]int, len(s.Tasks))
	for t := range tasks {
		tasks[t] = t
	}
	slices.SortStableFunc(tasks, func(a, b int) int { return cmp.Compare(s.Tasks[a].Name, s.Tasks[b].Name) })
	return tasks
}

func nameHash(name string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(name))
	return h.Sum64()
}

// draw is a random number that depends on seed and i alone.
func draw(seed, i uint64) uint64 {
	var source rand.PCG
	source.Seed(seed, i)
	return source.Uint64()
}
