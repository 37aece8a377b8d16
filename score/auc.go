package score

// AUC is the area under the ROC curve: the chance that a row of the positive
// class ranks above another one; in multiclass tasks the mean over classes of
// one against the rest. Rows are ranked by Decision, else by Probability.
//
//	P(f₊ > f₋) + ½ P(f₊ = f₋)
//
// Hanley, McNeil, The meaning and use of the area under a receiver operating
// characteristic (ROC) curve, Radiology 143, 1982; Fawcett, An introduction to
// ROC analysis, Pattern Recognition Letters 27, 2006, algorithm 2.
type AUC struct {
	classifies
	larger
}

// Task implements Metric; it is undefined where rows have one class.
func (AUC) Task(c Cell) (float64, bool) {
	return c.overClasses(func(r ranking) float64 {
		area, above := 0.0, 0.0 // above: the positives of a higher score
		r.steps(func(p, n float64) {
			area += n * (above + p/2)
			above += p
		})
		return area / r.positive / r.negative
	})
}
