package score

// R2 is the coefficient of determination; a bias counts as error.
//
//	1 − Σ(ŷ − y)² / Σ(y − ȳ)²
//
// Kvålseth, Cautionary note about R², The American Statistician 39, 1985,
// eq. (1).
type R2 struct {
	measures
	larger
}

// Task implements Metric; it is undefined where the labels do not vary.
func (R2) Task(c Cell) (float64, bool) {
	v, ok := NMSE{}.Task(c)
	return 1 - v, ok
}
