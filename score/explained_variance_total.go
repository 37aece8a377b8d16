package score

// EVTotal is the variance explained over the rows of all tasks: squared error
// against the spread around one mean for all. Whoever knows no more than the
// mean of each task explains some of it; that is why it is the largest of the
// three. Of one task it is R².
//
//	1 − Σ_t Σ_i (ŷ_ti − y_ti)² / Σ_t Σ_i (y_ti − ȳ)²
//
// Bakker, Heskes, Task clustering and gating for Bayesian multitask learning,
// JMLR 4, 2003.
type EVTotal struct{ R2 }

// Pool implements Pooled, over the tasks that have predictions.
func (m EVTotal) Pool(cells []Cell) (float64, bool) {
	cells = valued(m, cells)
	s, ok := spread(cells...)
	if !ok {
		return undefined()
	}
	sum := 0.0
	for i := range cells {
		sum += cells[i].errors()
	}
	return finite(1 - sum/s)
}
