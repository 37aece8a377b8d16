package kindred

import (
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

// Held gathers what models say of rows they did not see, for the labelled rows
// of a set. A number that no model gave is NaN, a class −1; what no model gave
// for any row of a task is nil.
type Held struct {
	Outcomes []Outcome // one a task, in the order of the task's Rows
	set      *Set
	mutex    sync.Mutex
}

// NewHeld returns a Held of s in which nothing is predicted yet.
func NewHeld(s *Set) *Held { return &Held{Outcomes: make([]Outcome, len(s.Tasks)), set: s} }

// Put takes the outcomes of a model, whose task k is the set's task tasks[k],
// for the rows at places[t] of every task t. Different places may be filled at
// the same time.
func (h *Held) Put(outcomes []Outcome, tasks []int, places [][]int) {
	for k, t := range tasks {
		if len(places[t]) > 0 {
			h.put(t, places[t], &outcomes[k])
		}
	}
}

func (h *Held) put(t int, places []int, o *Outcome) {
	n, to := len(h.set.Tasks[t].Rows), &h.Outcomes[t]
	h.mutex.Lock()
	defer h.mutex.Unlock()
	to.Task = t
	scatter(&to.Value, o.Value, places, n, math.NaN())
	scatter(&to.Variance, o.Variance, places, n, math.NaN())
	scatter(&to.Low, o.Low, places, n, math.NaN())
	scatter(&to.High, o.High, places, n, math.NaN())
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
