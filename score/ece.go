package score

import (
	"math"

	"github.com/kindred-mtl/kindred"
)

// ECE is the expected calibration error in 15 bins of equal width: how far the
// probability that is stated lies from the share that comes true. In binary
// tasks that is the probability of the positive class, in multiclass ones that
// of the likeliest class.
//
//	Σ_b w_b/w |share_b − mean p_b|
//
// Naeini, Cooper, Hauskrecht, Obtaining well calibrated probabilities using
// Bayesian binning, AAAI 2015; of the likeliest class: Guo, Pleiss, Sun,
// Weinberger, On calibration of modern neural networks, ICML 2017, eq. (3).
type ECE struct {
	classifies
	smaller
}

const eceBins = 15

// Task implements Metric.
func (ECE) Task(c Cell) (float64, bool) {
	if !c.likely() {
		return undefined()
	}
	var excess [eceBins]float64 // Σ w (1[comes true] − p)
	total := 0.0
	for i := range c.Y {
		w := c.weight(i)
		if w == 0 {
			continue
		}
		p, right := c.stated(i)
		bin := min(int(p*eceBins), eceBins-1)
		excess[bin] -= w * p
		if right {
			excess[bin] += w
		}
		total += w
	}
	sum := 0.0
	for _, v := range excess {
		sum += math.Abs(v)
	}
	return finite(sum / total)
}

// stated is the probability that a prediction stakes on a class, and whether
// the row has that class.
func (c *Cell) stated(i int) (p float64, right bool) {
	class := 1
	if c.Info.Kind != kindred.Binary {
		class = 0
		for t := range c.Info.Classes {
			if c.probability(i, t) > c.probability(i, class) {
				class = t
			}
		}
	}
	return min(c.probability(i, class), 1), int(c.Y[i]) == class
}
