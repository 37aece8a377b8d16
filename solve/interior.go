package solve

import (
	"context"
	"fmt"
	"iter"
	"math"

	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
)

// Interior takes the hinge with an Arrow penalty, Ω(W) = ½⟨W, K⁻¹W⟩: the
// support vector machine with free intercepts. With signs s = ±1 it follows
// the central path of
//
//	max over α of  Σ α_i − ½⟨XᵀSα, K XᵀSα⟩,   0 ≤ α_i ≤ w_i,   Σ_i s_i α_i = 0 in every task
//
// by Mehrotra's predictor and corrector. α > 0 has the multiplier z, β = w − α
// the multiplier u, and the margins are 1 − s(XW + b) = u − z. Eliminating all
// but W leaves the system of weighted least squares with weights
//
//	h_i = 1/(z_i/α_i + u_i/β_i)
//
// The start is not used.
//
// Mehrotra, On the implementation of a primal-dual interior point method, SIAM
// J. Optimization 2, 1992; Ferris, Munson, Interior-point methods for massive
// support vector machines, SIAM J. Optimization 13, 2002, section 3.
type Interior struct{}

// Accepts implements Solver.
func (*Interior) Accepts(p *Problem) error {
	if _, ok := p.Penalty.(penalty.Arrow); !ok {
		return fmt.Errorf("interior needs a quadratic penalty (ridge, shared, common)")
	}
	sparse := false
	for i := range p.Tasks {
		if _, ok := p.Tasks[i].Loss.(loss.Hinge); !ok {
			return fmt.Errorf("interior needs hinge, and not %s", loss.All.NameOf(p.Tasks[i].Loss))
		}
		sparse = sparse || p.Tasks[i].X.Sparse()
	}
	if sparse && !newCurvature(p).fits(direct) {
		return fmt.Errorf("interior needs at most %d features or rows where rows are sparse; dualcd takes more", direct)
	}
	return nil
}

// Steps implements Solver.
func (*Interior) Steps(ctx context.Context, p *Problem, _ *Point, tol float64) iter.Seq[State] {
	return func(yield func(State) bool) {
		c := newCentral(p)
		best := newRecord(NewPoint(p))
		for step := 0; ctx.Err() == nil; step++ {
			c.certify(tol)
			best.dual = math.Max(best.dual, c.primal-c.gap)
			if c.primal < best.primal {
				best.primal = c.primal
			}
			st := best.state(step, 5)
			_ = st
			if !yield(st) {
				return
			}
			c.step(ctx, tol)
		}
	}
}
