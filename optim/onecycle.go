package optim

import (
	"cmp"
	"fmt"
)

// OneCycle lets the learning rate rise from a low start and fall back to it,
// each in a share r of the steps, and die away in the rest.
//
//	s → 1 in r,  1 → s in r,  s → f in 1 − 2r,   in straight lines
//
// The momentum stays as it is.
//
// Smith, Topin, Super-convergence: very fast training of neural networks using
// large learning rates, arXiv 1708.07120, 2018.
type OneCycle struct {
	Rise  float64 `json:"rise" words:"r, at most 0.5; 0.45 where not given"`
	Start float64 `json:"start" words:"s, a share of the rate; 0.1 where not given"`
	Final float64 `json:"final" words:"f, a share of the rate; 0.001 where not given"`
}

// Check implements Transform.
func (o *OneCycle) Check() error {
	if !(o.Rise >= 0 && o.Rise <= 0.5) {
		return fmt.Errorf("one-cycle: rise %v; it is above 0 and at most 0.5, or 0 for the default", o.Rise)
	}
	return cmp.Or(share("one-cycle: start", o.Start), share("one-cycle: final", o.Final))
}

// Factor implements Schedule.
func (o *OneCycle) Factor(step, steps int) float64 {
	rise, start, final := cmp.Or(o.Rise, 0.45), cmp.Or(o.Start, 0.1), cmp.Or(o.Final, 0.001)
	t := float64(step) / float64(steps)
	switch {
	case t < rise:
		return start + (1-start)*t/rise
	case t < 2*rise:
		return 1 - (1-start)*(t-rise)/rise
	case rise == 0.5:
		return start
	}
	return start + (final-start)*(t-2*rise)/(1-2*rise)
}
