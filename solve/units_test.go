package solve

import (
	"fmt"
	"testing"

	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/penalty"
)

// uneven are tasks of 6, 12, 24, … rows.
func uneven() *Problem {
	p := &Problem{}
	for t := range 9 {
		s := shape{tasks: 1, rows: 6 << t, features: 10}
		p.Tasks = append(p.Tasks, s.random(uint64(t), loss.Squared{}, 0).Tasks...)
	}
	p.layOut()
	return p
}

// Tasks of few rows and of many are measured in units of their own, which takes
// fewer steps and ends where the others do.
func TestUnits(t *testing.T) {
	for _, pen := range []penalty.Penalty{penalty.Lasso{}, &penalty.ElasticNet{}, penalty.LInf1{}, &penalty.Dirty{}, &penalty.SparseGraph{}} {
		p := uneven().regularized(pen, 0.02)
		what := fmt.Sprintf("%T", pen)
		f := newForm(p)
		if f.measure(newQuadratic(p)); f.units == nil {
			t.Errorf("%s: no units", what)
			continue
		}
		a, steps := solveTo(t, &FISTA{}, p, 1e-10, 20000), 0
		if a.Status != "converged" {
			t.Errorf("%s: %s after %d steps, gap %g", what, a.Status, a.Step, a.Certificate.Value)
		}
		if _, ok := p.Penalty.(penalty.Convex); ok && slowGap(p, a.Point) > 1e-8 {
			t.Errorf("%s: gap %g by rows", what, slowGap(p, a.Point))
		}
		plain, x := newForm(p), NewPoint(p)
		var last State
		descend(t.Context(), plain, newQuadratic(p), x, func(s State) bool {
			last, steps = s, s.Step
			return s.Certificate.Value > 1e-10 && s.Step < 20000
		})
		near(t, what, []float64{a.Objective}, []float64{last.Objective}, 1e-8)
		t.Logf("%s: %d steps, %d without units", what, a.Step, steps)
	}
}

// Where tasks share their rows units are those of W.
func TestNoUnits(t *testing.T) {
	p := manyColumns(1, 50, 10, false).regularized(penalty.Lasso{}, 0.1)
	f := newForm(p)
	if f.measure(newQuadratic(p)); f.units != nil {
		t.Errorf("units %v", f.units)
	}
}
