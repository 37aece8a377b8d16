package optim

import "math"

// Cosine lets the learning rate fall along half a cosine, after a warm-up as
// Constant has it.
//
//	f + ½(1 − f)(1 + cos πt)        t from 0 after the warm-up to 1 at the end
//
// Loshchilov, Hutter, SGDR: stochastic gradient descent with warm restarts,
// ICLR 2017, eq. (5), without restarts.
type Cosine struct {
	Warmup float64 `json:"warmup" words:"the share of the steps in which the rate rises; none where not given"`
	Final  float64 `json:"final" words:"f, the share of the rate that is left in the end; none where not given"`
}

// Check implements Transform.
func (o *Cosine) Check() error {
	if err := share("cosine: warmup", o.Warmup); err != nil {
		return err
	}
	return share("cosine: final", o.Final)
}

// Factor implements Schedule.
func (o *Cosine) Factor(step, steps int) float64 {
	factor, t := warm(step, steps, o.Warmup)
	return factor * (o.Final + 0.5*(1-o.Final)*(1+math.Cos(math.Pi*t)))
}
