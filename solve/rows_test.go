package solve

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/penalty"
)

// byRow are the convex penalties that are sums over rows, beside those that
// other tests know.
var byRow = []penalty.Penalty{&penalty.L21Ridge{}, penalty.LInf1{}, &penalty.SparseGroup{}, &penalty.Fused{}}

// Every solver that takes them reaches a gap of 1e-8 that holds by the rows
// too, on all kinds of rows and losses, and all reach the same objective.
func TestByRowCertificates(t *testing.T) {
	losses := []struct {
		l       loss.Loss
		classes int
	}{{loss.Squared{}, 0}, {loss.Logistic{}, 2}, {loss.Softmax{}, 3}, {loss.Poisson{}, 0}}
	count := 0
	for i, s := range shapes {
		for k, l := range losses {
			for j, pen := range byRow {
				if k > 0 && (i+j+k)%3 > 0 {
					continue // every loss meets every penalty and most shapes
				}
				p := s.random(uint64(i), l.l, l.classes).regularized(pen, 0.1)
				objective := math.NaN()
				for name, solver := range solversOf(p) {
					what := fmt.Sprintf("%s, %T, %T, %s", name, l.l, pen, s.name)
					r := solveTo(t, solver, p, 1e-11, 50000)
					if gap := slowGap(p, r.Point); !(r.Certificate.Value <= 1e-9 && gap <= 1e-8) {
						t.Errorf("%s: %s after %d steps, gap %g, by rows %g", what, r.Status, r.Step, r.Certificate.Value, gap)
					}
					if math.Abs(r.Objective-objective) > 1e-8*math.Abs(objective) {
						t.Errorf("%s: %v, another solver %v", what, r.Objective, objective)
					}
					objective = r.Objective
					count++
				}
			}
		}
	}
	t.Logf("%d fits", count)
}

// W is 0 from λ_max on, and not below.
func TestByRowZero(t *testing.T) {
	for _, pen := range byRow {
		for k, l := range []loss.Loss{loss.Squared{}, loss.Logistic{}} {
			for i, s := range shapes[:9] {
				p := s.random(uint64(i), l, 2*k)
				lambda := strength(p, pen)
				for share, zero := range map[float64]bool{1 + 1e-9: true, 0.999: false} {
					p.Penalty = pen.On(p.Layout, share*lambda)
					for name, solver := range solversOf(p) {
						r := solveTo(t, solver, p, 1e-12, 5000)
						if got := len(support(r.Point.W)) == 0; got != zero {
							t.Errorf("%s, %T, %T, %s: at %v of the strength W = 0 is %v", name, pen, l, s.name, share, got)
						}
					}
				}
			}
		}
	}
}

// At the optimum −∇f is in the subdifferential, row by row.
func TestByRowOptimality(t *testing.T) {
	for i, s := range shapes {
		for _, pen := range byRow {
			p := s.random(uint64(i), loss.Squared{}, 0)
			size := strength(p, pen)
			p.regularized(pen, 0.1)
			r := solveTo(t, &FISTA{}, p, 1e-13, 20000)
			g := Gradient(p, r.Point)
			for j := range g.Rows {
				off := p.Penalty.(penalty.RowSeparable).RowDistance(r.Point.W.Row(j), g.Row(j))
				if off > 1e-5*size {
					t.Errorf("%s, %T: row %d is %g off optimality (%s, gap %g)", s.name, pen, j, off/size, r.Status, r.Certificate.Value)
				}
			}
		}
	}
}

func TestByRowReal(t *testing.T) {
	for data, l := range map[string]loss.Loss{"school": loss.Squared{}, "landmine": loss.Logistic{}} {
		p := real(t, data, l)
		for _, pen := range byRow {
			p.regularized(pen, 0.03)
			for name, solver := range solversOf(p) {
				begin := time.Now()
				r := solveTo(t, solver, p, 1e-8, 20000)
				objective, c := Certify(p, r.Point)
				t.Logf("%s, %T by %s: gap %.1e after %d steps, %.0f ms, objective %.10g", data, pen, name, c.Value, r.Step, 1e3*time.Since(begin).Seconds(), objective)
				if r.Status != "converged" || c.Value > 1e-7 {
					t.Errorf("%s, %T by %s: %s, gap %g, certified %g", data, pen, name, r.Status, r.Certificate.Value, c.Value)
				}
			}
		}
	}
}
