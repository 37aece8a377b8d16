package optim

import "math"

// Constant keeps the learning rate, after a warm-up of w steps in which it
// rises from near 0.
//
//	(k + 1)/(w + 1) in step k < w, then 1
//
// Goyal, Dollár, Girshick, Noordhuis, Wesolowski, Kyrola, Tulloch, Jia, He,
// Accurate, large minibatch SGD: training ImageNet in 1 hour, arXiv 1706.02677,
// 2017, section 2.2.
type Constant struct {
	Warmup float64 `json:"warmup" words:"the share of the steps in which the rate rises; none where not given"`
}

// Check implements Transform.
func (o *Constant) Check() error { return share("constant: warmup", o.Warmup) }

// Factor implements Schedule.
func (o *Constant) Factor(step, steps int) float64 {
	factor, _ := warm(step, steps, o.Warmup)
	return factor
}

// warm is the factor of the warm-up, and how much of what follows it has gone
// by, from 0 to 1.
func warm(step, steps int, share float64) (factor, gone float64) {
	w := int(math.Round(share * float64(steps)))
	if step < w {
		return float64(step+1) / float64(w+1), 0
	}
	return 1, float64(step-w) / float64(max(1, steps-w))
}
