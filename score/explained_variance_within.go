package score

// EVWithin is the variance explained over the rows of all tasks: squared error
// against the spread around the mean of each task. Knowing those means
// explains nothing of it. Of one task it is R².
//
//	1 − Σ_t Σ_i (ŷ_ti − y_ti)² / Σ_t Σ_i (y_ti − ȳ_t)²
//
// The within-groups sum of squares of Fisher, Statistical Methods for Research
// Workers, 1925, chapter VII, with the task as the group.
type EVWithin struct{ R2 }

// Pool implements Pooled, over the tasks that have predictions. A task whose
// labels do not vary adds to the error only.
func (m EVWithin) Pool(cells []Cell) (float64, bool) {
	sum, within := 0.0, 0.0
	for _, c := range valued(m, cells) {
		if s, ok := spread(c); ok {
			within += s
		}
		sum += c.errors()
	}
	return finite(1 - sum/within)
}
