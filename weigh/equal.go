package weigh

import "fmt"

// Equal lets every task count the same.
//
//	α_t = 1
//
// It refuses tasks that are given different weights: Fixed goes by those.
//
// Kurin, De Palma, Kostrikov, Whiteson, Kumar, In defense of the unitary
// scalarization for deep multi-task learning, NeurIPS 2022.
type Equal struct{}

// Check implements Weighting.
func (Equal) Check() error { return nil }

// New implements Weighting.
func (Equal) New(tasks []Task) (Rule, error) {
	w, err := given(tasks)
	if err != nil {
		return nil, err
	}
	ones := make([]float64, len(w))
	for t := range w {
		if w[t] != w[0] {
			return nil, fmt.Errorf("equal: tasks %q and %q have weights %v and %v; use fixed", tasks[0].Name, tasks[t].Name, w[0], w[t])
		}
		ones[t] = 1
	}
	return &constant{weights: ones}, nil
}

// constant weights do not depend on the step.
type constant struct {
	stateless
	byLoss
	weights []float64
}

// Weights implements Rule.
func (r *constant) Weights(step Step, dst []float64) error {
	step.check(len(r.weights), dst)
	for t, w := range r.weights {
		dst[t] = 0
		if step.active(t) {
			dst[t] = w
		}
	}
	return nil
}
