package optim

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Step lets the learning rate fall at given times, after a warm-up as Constant
// has it.
//
//	f^n        n how many of the times have passed
//
// The times are shares of all steps, ½ and ¾ where none are given, as in He,
// Zhang, Ren, Sun, Deep residual learning for image recognition, CVPR 2016,
// section 4.2.
type Step struct {
	At     []float64 `json:"at" words:"the times, as shares of all steps; 0.5 and 0.75 where not given"`
	By     float64   `json:"factor" words:"f, below 1; 0.1 where not given"`
	Warmup float64   `json:"warmup" words:"the share of the steps in which the rate rises; none where not given"`
}

// Check implements Transform.
func (o *Step) Check() error {
	for _, at := range o.At {
		if !(at > 0 && at < 1) {
			return fmt.Errorf("step: at %v; a time is above 0 and below 1, a share of all steps", at)
		}
	}
	if !slices.IsSorted(o.At) {
		return fmt.Errorf("step: at %v; the times ascend", o.At)
	}
	return cmp.Or(share("step: factor", o.By), share("step: warmup", o.Warmup))
}

// Factor implements Schedule.
func (o *Step) Factor(step, steps int) float64 {
	times := o.At
	if len(times) == 0 {
		times = []float64{0.5, 0.75}
	}
	factor, _ := warm(step, steps, o.Warmup)
	for _, at := range times {
		if step >= int(math.Round(at*float64(steps))) {
			factor *= cmp.Or(o.By, 0.1)
		}
	}
	return factor
}
