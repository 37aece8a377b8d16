package relate

import (
	"context"
	"fmt"
	"math"
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
// the outputs of tasks do not correspond, it is the angles θ_i between the
// spaces that the columns span that count, k_t of them,
//
//	tr(P_s P_t) / √(k_s k_t) = Σ_i cos² θ_i / √(k_s k_t)
//
// with P_t the projection on the columns of task t; that knows no sign.
//
// Björck, Golub, Numerical methods for computing angles between linear
// subspaces, Mathematics of Computation 27, 1973.
type Weights struct{}

// Relate implements Measure.
func (Weights) Relate(ctx context.Context, s *kindred.Set, o Options) (*Relation, error) {
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
	if correspond(s) {
		vectors := make([][]float64, len(w))
		for t := range w {
			vectors[t] = w[t].Data
		}
		return cosines(s, vectors), nil
	}
	return angles(w), nil
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

// angles compares the spaces that the columns of each w span.
func angles(w []*num.Dense) *Relation {
	bases := make([]*num.Dense, len(w)) // a row for each direction
	for t := range w {
		bases[t] = basis(w[t])
	}
	r := &Relation{Matrix: num.NewDense(len(w), len(w)), Symmetric: true, Semidefinite: true}
	fill(r.Matrix, func(s, t int) float64 {
		a, b := bases[s], bases[t]
		if a.Rows == 0 || b.Rows == 0 {
			return 0
		}
		sum := 0.0
		for i := range a.Rows {
			for j := range b.Rows {
				c := num.Dot(a.Row(i), b.Row(j))
				sum += c * c
			}
		}
		return sum / math.Sqrt(float64(a.Rows*b.Rows))
	})
	return r
}

// basis holds orthonormal directions of the columns of w, as rows.
func basis(w *num.Dense) *num.Dense {
	u, values, _ := num.SVD(w)
	k := 0
	for k < len(values) && values[k] > 1e-6*values[0] {
		k++
	}
	b := num.NewDense(k, w.Rows)
	for i := range k {
		u.Col(b.Row(i), i)
	}
	return b
}
