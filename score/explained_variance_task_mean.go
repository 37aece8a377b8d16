package score

// EVTaskMean is the variance explained of each task, and of tasks the plain
// mean: a task of ten rows counts as one of a thousand. A bias is forgiven, as
// in scikit-learn's explained_variance_score.
//
//	mean_t  1 − var_i(ŷ_ti − y_ti) / var_i(y_ti)
//
// Argyriou, Evgeniou, Pontil, Convex multi-task feature learning, Machine
// Learning 73, 2008.
type EVTaskMean struct {
	measures
	larger
}

// Task implements Metric; it is undefined where the labels do not vary.
func (EVTaskMean) Task(c Cell) (float64, bool) {
	s, ok := spread(c)
	if !ok || !c.valued() {
		return undefined()
	}
	residual := c
	residual.Y = make([]float64, len(c.Y))
	for i, y := range c.Y {
		residual.Y[i] = c.Out.Value[i] - y
	}
	left, varies := spread(residual)
	if !varies {
		return 1, true
	}
	return finite(1 - left/s)
}
