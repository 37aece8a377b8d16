package relate

import (
	"context"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/linear"
	"github.com/kindred-mtl/kindred/penalty"
)

// Vectors compares those that the belief embedding gives the tasks, their
// weights W = U V in a small space that all share, its rank and strength chosen
// on held-out folds:
//
//	cos(v_s, v_t)
//
// Srebro, Rennie, Jaakkola, Maximum-margin matrix factorization, NIPS 2004.
type Vectors struct{}

// Relate implements Measure.
func (Vectors) Relate(ctx context.Context, s *kindred.Set, o Options) (*Relation, error) {
	return placed(ctx, s, linear.Method{Penalty: &penalty.Embedding{}, Prep: o.Prep, Seed: o.Seed}, o.Seed)
}

// placed compares the vectors in the report of a method.
func placed(ctx context.Context, s *kindred.Set, m kindred.Method, seed uint64) (*Relation, error) {
	if !correspond(s) {
		return nil, refuse("the tasks have different classes, and vectors of different numbers of outputs")
	}
	var model kindred.Model
	var err error
	if _, ok := m.(kindred.Tunable); ok {
		model, err = searched(ctx, s, m, seed)
	} else {
		model, err = m.Fit(ctx, s)
	}
	if err != nil {
		return nil, err
	}
	report := model.(kindred.Reporter).Report()
	if report.Vectors == nil {
		return nil, refuse("%s reports no vectors of the tasks", report.Method)
	}
	return cosines(s, report.Vectors), nil
}
