package compare

import (
	"cmp"
	"math"
	"slices"
)

// A point of a learning curve: training rows a task, and the score they give,
// the larger the better.
type point struct{ rows, score float64 }

// curve says how many rows alone would do, where the single-task baseline was
// scored at several sizes. better is that of the gains' metric.
func (r *Result) curve(better int) {
	at := func(m *Method) point {
		return point{m.Rows, float64(better) * number(m.Metrics[r.Metric].Mean)}
	}
	var alone []point
	for i := range r.Methods {
		if m := &r.Methods[i]; m.Method == r.Methods[0].Method && !math.IsNaN(at(m).score) {
			alone = append(alone, at(m))
		}
	}
	slices.SortFunc(alone, func(a, b point) int { return cmp.Compare(a.rows, b.rows) })
	if len(alone) < 2 || alone[0].rows == alone[len(alone)-1].rows {
		return
	}
	for i := range r.Methods {
		m := &r.Methods[i]
		if want := at(m).score; !math.IsNaN(want) {
			if m.RowsAlone = finite(needed(alone, want)); m.RowsAlone == nil {
				m.MoreThan = finite(alone[len(alone)-1].rows)
			}
		}
	}
}

// needed is where a curve first reaches a score: linear between its points,
// and level where it dips, so that a chance peak shortens what is needed and
// never lengthens it; +Inf where it does not get there.
func needed(curve []point, want float64) float64 {
	last := curve[0]
	if last.score >= want {
		return last.rows
	}
	for _, p := range curve[1:] {
		if p.score >= want {
			return last.rows + (p.rows-last.rows)*(want-last.score)/(p.score-last.score)
		}
		last = point{p.rows, max(last.score, p.score)}
	}
	return math.Inf(1)
}
