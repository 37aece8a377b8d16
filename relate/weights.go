package relate

import (
	"context"
	"fmt"
	"slices"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/linear"
	"github.com/kindred-mtl/kindred/num"
)

// Weights compares the weights that each task learns alone, by a ridge whose
// one strength is chosen on held-out folds, on features prepared alike:
//
//	cos(w_s, w_t) = w_s·w_t / (‖w_s‖ ‖w_t‖)
//
// Tasks of the same classes compare all their columns, class by class. Where
// the outputs of tasks do not correspond, it is PrincipalAngles.
//
// Björck, Golub, Numerical methods for computing angles between linear
// subspaces, Mathematics of Computation 27, 1973.
type Weights struct{}

// Relate implements Measure.
func (Weights) Relate(ctx context.Context, s *kindred.Set, o Options) (*Relation, error) {
	w, err := learnedAlone(ctx, s, o)
	if err != nil {
		return nil, err
	}
	if !correspond(s) {
		if len(w) > MostTasks {
			return nil, refuse("the outputs of the tasks do not correspond, and there are more than the %s tasks that a matrix is made of", counted(MostTasks))
		}
		return angles(s, w), nil
	}
	vectors := make([][]float64, len(w))
	for t := range w {
		vectors[t] = w[t].Data
	}
	return cosines(s, vectors), nil
}

// learnedAlone are the weights of a ridge for each task: features × outputs.
func learnedAlone(ctx context.Context, s *kindred.Set, o Options) ([]*num.Dense, error) {
	model, err := searched(ctx, s, linear.Method{Prep: o.Prep, Seed: o.Seed}, o.Seed)
	if err != nil {
		return nil, err
	}
	m, ok := model.(*linear.Model)
	if !ok {
		return nil, fmt.Errorf("relate: %T has no weights", model)
	}
	w := make([]*num.Dense, len(s.Tasks))
	for t := range w {
		w[t], _ = m.Weights(t)
	}
	return w, nil
}

// correspond tells whether output c of any task means what output c of any
// other does.
func correspond(s *kindred.Set) bool {
	first := &s.Tasks[0]
	for i := range s.Tasks {
		t := &s.Tasks[i]
		if (t.Kind == kindred.Multiclass || first.Kind == kindred.Multiclass) && !(t.Kind == first.Kind && slices.Equal(t.Label.Classes, first.Label.Classes)) {
			return false
		}
	}
	return true
}
