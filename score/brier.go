package score

// Brier is the mean squared error of the probabilities, summed over the
// classes from the second on in binary tasks (which halves it) and over all in
// multiclass ones.
//
//	binary      mean (p_1 − y)²
//	multiclass  mean Σ_c (p_c − 1[y = c])²
//
// Brier, Verification of forecasts expressed in terms of probability, Monthly
// Weather Review 78, 1950, there over all classes always.
type Brier struct {
	classifies
	smaller
}

// Task implements Metric.
func (Brier) Task(c Cell) (float64, bool) {
	if !c.likely() {
		return undefined()
	}
	return c.mean(func(i int) float64 {
		sum := 0.0
		for t := c.firstClass(); t < len(c.Info.Classes); t++ {
			d := c.probability(i, t)
			if t == int(c.Y[i]) {
				d--
			}
			sum += d * d
		}
		return sum
	})
}
