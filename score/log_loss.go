package score

import "math"

// LogLoss is the mean surprise at the labels. Probabilities below 1e-15 count
// as 1e-15.
//
//	−mean log p_y
//
// Good, Rational decisions, Journal of the Royal Statistical Society B 14,
// 1952.
type LogLoss struct {
	classifies
	smaller
}

// Task implements Metric.
func (LogLoss) Task(c Cell) (float64, bool) {
	if !c.likely() {
		return undefined()
	}
	return c.mean(func(i int) float64 {
		return -math.Log(min(max(c.probability(i, int(c.Y[i])), 1e-15), 1))
	})
}
