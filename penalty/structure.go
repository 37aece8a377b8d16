package penalty

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"sync"

	"github.com/kindred-mtl/kindred/catalog"
	"github.com/kindred-mtl/kindred/num"
)

// What penalties with a structure of the tasks have in common.

// Covering penalties have a structure that tasks have a place in by name.
type Covering interface {
	Penalty
	// Covers says which of the tasks has no place in it.
	Covers(tasks []string) error
}

func covers(what string, tasks, known []string) error {
	for _, name := range tasks {
		if !slices.Contains(known, name) {
			return fmt.Errorf("%s: %w", what, catalog.Unknown("task", name, known))
		}
	}
	return nil
}

// Name is the name of a task: its number where tasks have no names.
func (l Layout) Name(task int) string {
	if task < len(l.Names) {
		return l.Names[task]
	}
	return strconv.Itoa(task)
}

// tasks lists the tasks that have columns, in order.
func (l Layout) tasks() []int {
	tasks := slices.Clone(l.Task)
	slices.Sort(tasks)
	return slices.Compact(tasks)
}

func places(names []string) map[string]int {
	place := make(map[string]int, len(names))
	for i, name := range names {
		place[name] = i
	}
	return place
}

// checkMu says what is wrong with a ridge μ.
func checkMu(name string, mu float64) error {
	if !(mu >= 0 && mu <= math.MaxFloat64) {
		return fmt.Errorf("%s: mu %v; it is a positive number, or 0 to leave it open", name, mu)
	}
	return nil
}

// A memo keeps the spectra of a few layouts: a path asks for them at every
// strength, on each of some folds.
type memo struct {
	mutex sync.Mutex
	kept  map[[2]*int]*gaussian // by where the layout's tasks and slots lie
}

func (m *memo) recall(l Layout, compute func() *gaussian) *gaussian {
	if len(l.Task) == 0 {
		return compute()
	}
	key := [2]*int{&l.Task[0], &l.Slot[0]}
	m.mutex.Lock()
	f, ok := m.kept[key]
	m.mutex.Unlock()
	if ok {
		return f
	}
	f = compute()
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.kept == nil || len(m.kept) == 16 {
		m.kept = map[[2]*int]*gaussian{}
	}
	m.kept[key] = f
	return f
}

// cosines are the cosines of the tasks' weights, each slot of one task beside
// the same slot of the other; 1 of a task with itself, and 0 where one has no
// weights.
func cosines(l Layout, w *num.Dense) (c *num.Dense, names []string) {
	tasks := l.tasks()
	place := make(map[int]int, len(tasks))
	for i, t := range tasks {
		place[t] = i
		names = append(names, l.Name(t))
	}
	columns := make([][]float64, len(l.Task))
	for i := range columns {
		columns[i] = w.Col(make([]float64, w.Rows), i)
	}
	c = num.NewDense(len(tasks), len(tasks))
	for a, v := range columns {
		for b, u := range columns {
			if l.Slot[a] == l.Slot[b] && l.Task[a] != l.Task[b] || a == b {
				c.Data[place[l.Task[a]]*c.Cols+place[l.Task[b]]] += num.Dot(v, u)
			}
		}
	}
	length := make([]float64, len(tasks))
	for i := range length {
		length[i] = math.Sqrt(c.At(i, i))
	}
	for i := range tasks {
		for j := range tasks {
			switch {
			case i == j:
				c.Set(i, j, 1)
			case length[i] == 0 || length[j] == 0:
				c.Set(i, j, 0)
			default:
				c.Set(i, j, c.At(i, j)/length[i]/length[j])
			}
		}
	}
	return c, names
}
