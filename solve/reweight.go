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

// Reweight takes smooth losses with a concave penalty Ω. It goes by stages, each
// a convex problem that the first solver of All which accepts it solves:
//
//	W₁ = argmin f(W) + relaxation of Ω
//	W₊ = argmin f(W) + majorant of Ω at W
//
// so that the objective falls from stage to stage. A State is that after a
// stage, and Step counts the steps of all stages. Every fit begins with the
// relaxation, of which a start only shortens the way: where it ends does not
// depend on how it began. Later stages, each near the one before it, are solved
// to a tenth of its residual. It ends where −∇f is in the subdifferential of Ω.
//
// Candès, Wakin, Boyd, Enhancing sparsity by reweighted ℓ1 minimization, J.
// Fourier Analysis and Applications 14, 2008; Gong, Ye, Zhang, Multi-stage
// multi-task feature learning, JMLR 14, 2013, algorithm 1; Hunter, Lange, A
// tutorial on MM algorithms, The American Statistician 58, 2004.
type Reweight struct{}

// Accepts implements Solver.
func (*Reweight) Accepts(p *Problem) error {
	f, ok := p.Penalty.(penalty.Concave)
	if !ok {
		return fmt.Errorf("reweight needs a concave penalty (mcp, scad, capped-l1, l2-half)")
	}
	for i := range p.Tasks {
		if _, ok := p.Tasks[i].Loss.(loss.Smooth); !ok {
			return fmt.Errorf("reweight needs a smooth loss, which %s is not", loss.All.NameOf(p.Tasks[i].Loss))
		}
	}
	q := *p
	for _, q.Penalty = range []penalty.Func{f.Relaxation(), f.Majorant(num.NewDense(p.Features(), p.Columns()))} {
		if _, _, err := Pick(&q); err != nil {
			return fmt.Errorf("reweight: %w", err)
		}
	}
	return nil
}

// Steps implements Solver.
func (*Reweight) Steps(ctx context.Context, p *Problem, start *Point, tol float64) iter.Seq[State] {
	return func(yield func(State) bool) {
		f, steep := p.Penalty.(penalty.Concave), steepness(p)
		if start == nil {
			start = NewPoint(p)
		}
		var convex penalty.Func = f.Relaxation()
		at, mark, since := State{Point: start, Objective: math.Inf(1)}, math.Inf(1), 0
		for ctx.Err() == nil {
			x, steps := stage(ctx, p, convex, at.Point, math.Max(0.3*tol, 0.1*at.Certificate.Value), steep)
			first := at.Step == 0
			at.Step += steps
			since++
			if objective, c := stationary(p, x, steep); first || objective <= at.Objective {
				if objective < at.Objective-1e-14*math.Abs(objective) || c.Value < 0.9*mark {
					mark, since = c.Value, 0
				}
				at.Point, at.Objective, at.Certificate = x, objective, c
			}
			at.Stalled = since >= patience
			if ctx.Err() != nil || !yield(at) {
				return
			}
			convex = f.Majorant(at.Point.W)
		}
	}
}

const (
	patience  = 5    // stages without progress after which to stop
	stageSize = 3000 // steps of a stage at most
)

// stage minimizes the losses and a convex penalty from x on, until −∇f is as
// near to its subdifferential as tol·steep, or the solver has nothing left to
// gain. The duality gap is no guide: a row that is free makes it useless.
func stage(ctx context.Context, p *Problem, convex penalty.Func, x *Point, tol, steep float64) (at *Point, steps int) {
	q := *p
	q.Penalty = convex
	_, solver, err := Pick(&q)
	if err != nil {
		return x, 1 // Accepts has picked one
	}
	for st := range solver.Steps(ctx, &q, x, tol*tol) {
		steps = max(1, st.Step)
		if math.IsInf(st.Certificate.Value, 1) && st.Step%10 > 0 {
			continue
		}
		x = st.Point
		if st.Stalled || st.Step >= stageSize || penalty.Distance(convex, x.W, Gradient(&q, x)) <= tol*steep {
			break
		}
	}
	p.moments = q.moments
	return x, steps
}
