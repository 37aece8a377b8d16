package score

// F1 is the harmonic mean of precision and recall: of the positive class in
// binary tasks, averaged over classes (macro) in multiclass ones.
//
//	2TP / (2TP + FP + FN)
//
// van Rijsbergen, Information Retrieval, 2nd edition, 1979, chapter 7; the
// average over classes as in Sokolova, Lapalme, Information Processing &
// Management 45, 2009.
type F1 struct {
	classifies
	larger
}

// Task implements Metric. A class that no row has or is said to have does not
// count; where none counts, F1 is undefined.
func (F1) Task(c Cell) (float64, bool) {
	if !c.classed() {
		return undefined()
	}
	sum, n := 0.0, 0
	t := c.tally()
	for k := c.firstClass(); k < len(t.truth); k++ {
		if both := t.truth[k] + t.said[k]; both > 0 {
			sum, n = sum+2*t.hit[k]/both, n+1
		}
	}
	return finite(sum / float64(n))
}
