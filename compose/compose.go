// Package compose holds Methods made of Methods: each task alone, all tasks as
// one, each group of tasks, what a task gains of these, and the search over
// hyper-parameters.
package compose

import (
	"errors"
	"fmt"

	"github.com/kindred-mtl/kindred"
)

// ErrNotApplicable marks a method that makes no sense on a set, such as
// pooling tasks of different kinds. A comparison reports it instead of a
// number.
var ErrNotApplicable = errors.New("not applicable")

func notApplicable(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrNotApplicable, fmt.Sprintf(format, args...))
}

// tunable asks a method for what a search needs.
func tunable(m kindred.Method) (kindred.Tunable, error) {
	if t, ok := m.(kindred.Tunable); ok {
		return t, nil
	}
	return nil, fmt.Errorf("compose: %T has no hyper-parameters to search", m)
}

// all lists the tasks asked for: every one where tasks is nil.
func all(tasks []int, n int) ([]int, error) {
	if tasks == nil {
		tasks = make([]int, n)
		for t := range tasks {
			tasks[t] = t
		}
	}
	for _, t := range tasks {
		if t < 0 || t >= n {
			return nil, fmt.Errorf("task %d is asked of a model of %d tasks", t, n)
		}
	}
	return tasks, nil
}

// pick are the elements of v at these places.
func pick[E any](v []E, places []int) []E {
	out := make([]E, len(places))
	for i, p := range places {
		out[i] = v[p]
	}
	return out
}

// report is the report of a model that has one.
func report(m kindred.Model) kindred.Report {
	if r, ok := m.(kindred.Reporter); ok {
		return r.Report()
	}
	return kindred.Report{Status: "unknown"}
}

// What the methods promise.
var (
	_ kindred.Tunable = Alone{}
	_ kindred.Tunable = Pooled{}
	_ kindred.Tunable = Grouped{}
	_ kindred.Method  = Search{}
	_ kindred.Method  = Guarded{}
)
