package relate

import (
	"context"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/kernel"
)

// GPCovariance is that of the tasks' functions, curved ones, at the maximum of
// the marginal likelihood of a Gaussian process, as a correlation:
//
//	B_st / √(B_ss B_tt),   B = AAᵀ + diag κ,   A of Rank columns
//
// Bonilla, Chai, Williams, Multi-task Gaussian process prediction, NIPS 2007.
type GPCovariance struct {
	// Rank is that of AAᵀ; 0: 2.
	Rank int `json:"rank" words:"rank of what the tasks have in common; else 2"`
}

// Relate implements Measure.
func (m GPCovariance) Relate(ctx context.Context, s *kindred.Set, o Options) (*Relation, error) {
	for i := range s.Tasks {
		if t := &s.Tasks[i]; t.Kind != kindred.Regression {
			return nil, refuse("task %q is a %v task, and a Gaussian process takes regression", t.Name, t.Kind)
		}
	}
	rank := m.Rank
	if rank == 0 {
		rank = 2
	}
	return learned(ctx, s, kernel.GP{Rank: rank, Prep: o.Prep, Seed: o.Seed}, o.Seed)
}
