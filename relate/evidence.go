package relate

import (
	"context"
	"math"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/linear"
	"github.com/kindred-mtl/kindred/num"
)

// Evidence says how sure it is that two tasks are of one group, by all of their
// rows: with B the odds of these if both have the u_g of w_t = u_g + v_t in common,
// and the level of their labels, and where their rows lie, against the odds if they
// do not (Bayes factor),
//
//	(B − 1)/(B + 1) = 2 P(of one group) − 1
//
// where both are as likely beforehand. It is 1 of what is sure, 0 where the rows do
// not say, and −1 of tasks that surely are of different groups. Variances are those
// of the best division of all tasks into a few groups; linear.Pairs has the odds.
// The belief clustered:by=rows finds its groups by the same evidence.
//
// Kass, Raftery, Bayes factors, JASA 90, 1995; Heller, Ghahramani, Bayesian
// hierarchical clustering, ICML 2005, merges by it.
type Evidence struct{}

// Relate implements Measure.
func (Evidence) Relate(ctx context.Context, s *kindred.Set, o Options) (*Relation, error) {
	if !correspond(s) {
		return nil, refuse("the tasks have different classes, and so no weights to have in common")
	}
	odds, err := linear.Pairs(ctx, s, o.Prep)
	if err != nil {
		return nil, err
	}
	r := &Relation{Matrix: num.NewDense(odds.Rows, odds.Cols), Symmetric: true}
	fill(r.Matrix, func(s, t int) float64 { return math.Tanh(odds.At(s, t) / 2) })
	return r, nil
}
