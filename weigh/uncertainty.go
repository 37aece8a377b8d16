package weigh

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/kindred-mtl/kindred"
)

// Uncertainty learns how noisy each task is, as the logarithm s_t of a variance,
// by steps of Adam on
//
//	Σ_t f_t e^(−s_t) L_t + s_t/2,   α_t = w_t f_t e^(−s_t)
//
// with f = ½ for regression, whose loss it takes for a squared error, and f = 1
// for classes and counts. It settles at e^(s_t) = 2 f_t L_t and α_t = w_t/(2L_t)
// for every kind; for half a squared error too, with a variance of half the
// true one. The weights have a scale of their own: they are f where s = 0,
// as in the beginning. |s| is at most 20. s does not decay. Losses below 0 have
// no such optimum, and are refused.
//
// Kendall, Gal, Cipolla, Multi-task learning using uncertainty to weigh losses
// for scene geometry and semantics, CVPR 2018.
type Uncertainty struct {
	Rate float64 `json:"learning_rate" words:"step of the logarithms of the variances, of weighting=uncertainty; else 0.025"`
}

// Check implements Weighting.
func (o *Uncertainty) Check() error {
	if !(o.Rate >= 0) || math.IsInf(o.Rate, 0) {
		return fmt.Errorf("uncertainty: learning_rate %v; it is above 0, or 0 for the default", o.Rate)
	}
	return nil
}

// New implements Weighting.
func (o *Uncertainty) New(tasks []Task) (Rule, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	w, err := given(tasks)
	if err != nil {
		return nil, err
	}
	r := &uncertainty{rate: cmp.Or(o.Rate, 0.025), tasks: slices.Clone(tasks), given: w, state: make([]float64, 4*len(tasks))}
	for _, task := range tasks {
		f := 1.0
		if task.Kind == kindred.Regression {
			f = 0.5
		}
		r.factor = append(r.factor, f)
	}
	return r, nil
}

// mostLog is how far from 0 the logarithm of a variance may be.
const mostLog = 20

type uncertainty struct {
	byLoss
	rate          float64
	tasks         []Task
	given, factor []float64
	state         []float64 // of each task: s, Adam's m and v, and the number of steps
}

// Weights implements Rule.
func (r *uncertainty) Weights(step Step, dst []float64) error {
	step.check(len(r.tasks), dst)
	if err := step.checkLosses("uncertainty", r.tasks); err != nil {
		return err
	}
	for t := range r.tasks {
		dst[t] = 0
		if step.active(t) {
			state := r.state[4*t:][:4]
			precision := r.factor[t] * math.Exp(-state[0])
			dst[t] = r.given[t] * precision
			descend(state, 0.5-precision*step.Losses[t], r.rate)
		}
	}
	return nil
}

// descend takes a step of Adam with its usual constants.
func descend(state []float64, g, rate float64) {
	const b1, b2, eps = 0.9, 0.999, 1e-8
	s, m, v, n := &state[0], &state[1], &state[2], &state[3]
	*n++
	*m = b1**m + (1-b1)*g
	*v = b2**v + (1-b2)*g*g
	*s -= rate * *m / (1 - math.Pow(b1, *n)) / (math.Sqrt(*v/(1-math.Pow(b2, *n))) + eps)
	*s = max(-mostLog, min(mostLog, *s))
}

// State implements Rule.
func (r *uncertainty) State() []float64 { return slices.Clone(r.state) }

// Restore implements Rule.
func (r *uncertainty) Restore(state []float64) error { return restore(r.state, state) }
