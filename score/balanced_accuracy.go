package score

// BalancedAccuracy is the mean, over the classes that rows have, of the share
// that is found.
//
//	mean_c  mean 1[ŷ = c | y = c]
//
// Brodersen, Ong, Stephan, Buhmann, The balanced accuracy and its posterior
// distribution, ICPR 2010.
type BalancedAccuracy struct {
	classifies
	larger
}

// Task implements Metric; it is undefined where rows have one class.
func (BalancedAccuracy) Task(c Cell) (float64, bool) {
	if !c.classed() {
		return undefined()
	}
	sum, n := 0.0, 0
	t := c.tally()
	for k, truth := range t.truth {
		if truth > 0 {
			sum, n = sum+t.hit[k]/truth, n+1
		}
	}
	if n < 2 {
		return undefined()
	}
	return finite(sum / float64(n))
}
