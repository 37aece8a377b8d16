package score

// Accuracy is the share of rows whose class is right.
//
//	mean 1[ŷ = y]
//
// Sokolova, Lapalme, A systematic analysis of performance measures for
// classification tasks, Information Processing & Management 45, 2009.
type Accuracy struct {
	classifies
	larger
}

// Task implements Metric.
func (Accuracy) Task(c Cell) (float64, bool) {
	if !c.classed() {
		return undefined()
	}
	return c.mean(func(i int) float64 {
		if c.Out.Class[i] == int(c.Y[i]) {
			return 1
		}
		return 0
	})
}
