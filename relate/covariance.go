package relate

import (
	"context"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/linear"
	"github.com/kindred-mtl/kindred/penalty"
)

// Covariance is that of the tasks' weights as mtrl learns it with them, its
// strengths chosen on held-out folds, as a correlation:
//
//	Ω_st / √(Ω_ss Ω_tt),   Ω = (WᵀW)^½ / tr
//
// Zhang, Yeung, A convex formulation for learning task relationships in
// multi-task learning, UAI 2010.
type Covariance struct{}

// Relate implements Measure.
func (Covariance) Relate(ctx context.Context, s *kindred.Set, o Options) (*Relation, error) {
	for i := range s.Tasks {
		if t := &s.Tasks[i]; t.Kind == kindred.Multiclass {
			return nil, refuse("task %q has several outputs, and the covariance is that of tasks with one each", t.Name)
		}
	}
	return learned(ctx, s, linear.Method{Penalty: &penalty.MTRL{}, Prep: o.Prep, Seed: o.Seed}, o.Seed)
}

// learned is the relation in the report of a method.
func learned(ctx context.Context, s *kindred.Set, m kindred.Method, seed uint64) (*Relation, error) {
	model, err := searched(ctx, s, m, seed)
	if err != nil {
		return nil, err
	}
	report := model.(kindred.Reporter).Report()
	if report.Relation == nil {
		return nil, refuse("%s reports no relation of %d tasks", report.Method, len(s.Tasks))
	}
	return correlation(report.Relation), nil
}
