package score

// AveragePrecision is the precision at every threshold, weighted by the recall
// gained there; in multiclass tasks the mean over classes of one against the
// rest. Rows are ranked by Decision, else by Probability.
//
//	Σ_n (R_n − R_{n−1}) P_n     over the distinct scores, the highest first
//
// Zhu, Recall, precision and average precision, University of Waterloo, 2004.
type AveragePrecision struct {
	classifies
	larger
}

// Task implements Metric; it is undefined where rows have one class.
func (AveragePrecision) Task(c Cell) (float64, bool) {
	return c.overClasses(func(r ranking) float64 {
		sum, hit, all := 0.0, 0.0, 0.0
		r.steps(func(p, n float64) {
			hit, all = hit+p, all+p+n
			sum += p / r.positive * hit / all
		})
		return sum
	})
}
