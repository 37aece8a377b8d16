package score

// NMSE is the mean squared error in units of the variance of the held-out
// labels: 1 is what their mean gets.
//
//	mean (ŷ − y)² / mean (y − ȳ)²
//
// Chen, Zhou, Ye, Integrating low-rank and group-sparse structures for robust
// multi-task learning, KDD 2011.
type NMSE struct {
	measures
	smaller
}

// Task implements Metric; it is undefined where the labels do not vary.
func (NMSE) Task(c Cell) (float64, bool) {
	s, ok := spread(c)
	if !ok || !c.valued() {
		return undefined()
	}
	return finite(c.errors() / s)
}
