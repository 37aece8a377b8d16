package weigh

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Log goes down the sum of the logarithms of the losses, on which their units
// have no influence.
//
//	Σ_t w_t log(L_t + ε),   α_t = w_t min(1/(L_t + ε), c/L_t(0)),   ε = 1e-8
//
// L_t(0) is the first loss of the task, so that the cap, without which a task
// that is solved would take all, does not depend on units either. The weights
// have a scale of their own. Losses below 0 are refused.
//
// Navon, Shamsian, Achituve, Maron, Kawaguchi, Chechik, Fetaya, Multi-task
// learning as a bargaining game, ICML 2022, where it is the scale-invariant
// baseline.
type Log struct {
	Cap float64 `json:"cap" words:"times the first weight that a weight may become, at least 1, of weighting=log; else 1000"`
}

// Check implements Weighting.
func (o *Log) Check() error {
	if o.Cap != 0 && !(o.Cap >= 1) {
		return fmt.Errorf("log: cap %v; it is at least 1, or 0 for the default", o.Cap)
	}
	return nil
}

// New implements Weighting.
func (o *Log) New(tasks []Task) (Rule, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	w, err := given(tasks)
	if err != nil {
		return nil, err
	}
	r := &logarithm{most: cmp.Or(o.Cap, 1000), tasks: slices.Clone(tasks), given: w, first: make([]float64, len(tasks))}
	for t := range r.first {
		r.first[t] = unseen
	}
	return r, nil
}

// unseen stands for the first loss of a task that had none.
const unseen = -1

type logarithm struct {
	byLoss
	most         float64
	tasks        []Task
	given, first []float64
}

// Weights implements Rule.
func (r *logarithm) Weights(step Step, dst []float64) error {
	step.check(len(r.tasks), dst)
	if err := step.checkLosses("log", r.tasks); err != nil {
		return err
	}
	for t := range r.tasks {
		dst[t] = 0
		if !step.active(t) {
			continue
		}
		loss := step.Losses[t] + 1e-8
		if r.first[t] == unseen {
			r.first[t] = loss
		}
		dst[t] = r.given[t] * math.Min(1/loss, r.most/r.first[t])
	}
	return nil
}

// State implements Rule.
func (r *logarithm) State() []float64 { return slices.Clone(r.first) }

// Restore implements Rule.
func (r *logarithm) Restore(state []float64) error { return restore(r.first, state) }
