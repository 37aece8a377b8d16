package kindred

import (
	"context"
	"math"
	"slices"
	"sync"
)

// Nonempty returns the set of the tasks that have rows, and their places in s.
func (s *Set) Nonempty() (*Set, []int) {
	var places []int
	for i := range s.Tasks {
		if len(s.Tasks[i].Rows) > 0 {
			places = append(places, i)
		}
	}
	return s.Only(places...), places
}

// Held gathers what models say of rows they did not see, for every labelled
// row of a set. A number that no model gave is NaN, a class −1.
type Held struct {
	Outcomes []Outcome // one a task, in the order of the task's Rows
	set      *Set
	mutex    sync.Mutex
}

// NewHeld returns a Held of s in which nothing is predicted yet.
func NewHeld(s *Set) *Held { return &Held{Outcomes: make([]Outcome, len(s.Tasks)), set: s} }

// Predict fills in what model says of the rows at places[t] of every task t.
// The model's task k is the set's task tasks[k]. Different places may be
// filled at the same time.
func (h *Held) Predict(ctx context.Context, model Model, tasks []int, places [][]int) error {
	for k, t := range tasks {
		if len(places[t]) == 0 {
			continue
		}
		task := h.set.Tasks[t].Select(places[t])
		p, err := model.Predict(ctx, task.Table.Select(task.Rows), []int{k})
		if err != nil {
			return err
		}
		h.put(t, places[t], &p.Tasks[0])
	}
	return nil
}

func (h *Held) put(t int, places []int, o *Outcome) {
	n, to := len(h.set.Tasks[t].Rows), &h.Outcomes[t]
	h.mutex.Lock()
	defer h.mutex.Unlock()
	to.Task = t
	scatter(&to.Value, o.Value, places, n, math.NaN())
	scatter(&to.Class, o.Class, places, n, -1)
	scatter(&to.Probability, o.Probability, places, n, math.NaN())
	scatter(&to.Decision, o.Decision, places, n, math.NaN())
}

// scatter copies from, with equally many elements for each place, into to,
// which has n places.
func scatter[E any](to *[]E, from []E, places []int, n int, empty E) {
	if from == nil {
		return
	}
	k := len(from) / len(places)
	if *to == nil {
		*to = slices.Repeat([]E{empty}, n*k)
	}
	for i, p := range places {
		copy((*to)[p*k:(p+1)*k], from[i*k:(i+1)*k])
	}
}
