package weigh

import (
	"cmp"
	"fmt"
	"math"
)

// DWA lets tasks count more whose loss fell less in the last epoch: dynamic
// weight averaging.
//
//	α_t = w_t |A| exp(r_t/τ) / Σ_{s in A} exp(r_s/τ),   r_t = L_t(e−1)/L_t(e−2)
//
// L_t(e) is the mean training loss of an epoch over the task's labelled rows.
// All α_t = w_t in the first two epochs; r is 1 for a task that had no labelled
// row in one of the two, or no loss in the earlier one. But for w the weights
// average 1.
//
// Liu, Johns, Davison, End-to-end multi-task learning with attention, CVPR 2019.
type DWA struct {
	Temperature float64 `json:"temperature" words:"τ: the higher, the more equal, of weighting=dwa; else 2"`
}

// Check implements Weighting.
func (o *DWA) Check() error {
	if !(o.Temperature >= 0) || math.IsInf(o.Temperature, 0) {
		return fmt.Errorf("dwa: temperature %v; it is above 0, or 0 for the default", o.Temperature)
	}
	return nil
}

// New implements Weighting.
func (o *DWA) New(tasks []Task) (Rule, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	w, err := given(tasks)
	if err != nil {
		return nil, err
	}
	return &dwa{temperature: cmp.Or(o.Temperature, 2), given: w}, nil
}

type dwa struct {
	stateless
	byLoss
	temperature float64
	given       []float64
}

// Weights implements Rule.
func (r *dwa) Weights(step Step, dst []float64) error {
	step.check(len(r.given), dst)
	steepest := math.Inf(-1)
	for t := range dst {
		dst[t] = math.Inf(-1)
		if step.active(t) {
			dst[t] = pace(step.EpochLosses, t) / r.temperature
			steepest = max(steepest, dst[t])
		}
	}
	count, sum := 0.0, 0.0
	for t := range dst {
		if !step.active(t) {
			dst[t] = 0
			continue
		}
		dst[t] = math.Exp(dst[t] - steepest)
		count, sum = count+1, sum+dst[t]
	}
	for t, w := range r.given {
		if step.active(t) {
			dst[t] *= w * count / sum
		}
	}
	return nil
}

// pace is the ratio of a task's last two losses, 1 where there is none.
func pace(epochs [][]float64, t int) float64 {
	n := len(epochs)
	if n < 2 {
		return 1
	}
	ratio := epochs[n-1][t] / epochs[n-2][t]
	if !(epochs[n-2][t] > 0) || math.IsNaN(ratio) || math.IsInf(ratio, 0) {
		return 1
	}
	return ratio
}
