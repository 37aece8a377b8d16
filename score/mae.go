package score

import "math"

// MAE is the mean absolute error.
//
//	mean |ŷ − y|
//
// Willmott, Matsuura, Advantages of the mean absolute error (MAE) over the
// root mean square error (RMSE), Climate Research 30, 2005.
type MAE struct {
	measures
	smaller
}

// Task implements Metric.
func (MAE) Task(c Cell) (float64, bool) {
	if !c.valued() {
		return undefined()
	}
	return c.mean(func(i int) float64 { return math.Abs(c.Out.Value[i] - c.Y[i]) })
}
