package score

import "math"

// RMSE is the root of the mean squared error.
//
//	√ mean (ŷ − y)²
//
// Gauss, Theoria combinationis observationum erroribus minimis obnoxiae, 1823.
type RMSE struct {
	measures
	smaller
}

// Task implements Metric.
func (RMSE) Task(c Cell) (float64, bool) {
	if !c.valued() {
		return undefined()
	}
	v, ok := c.mean(func(i int) float64 {
		r := c.Out.Value[i] - c.Y[i]
		return r * r
	})
	return math.Sqrt(v), ok
}
