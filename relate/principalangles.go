package relate

import (
	"context"
	"math"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/num"
)

// PrincipalAngles compares the spaces that the columns of the tasks' weights
// span, those of Weights, by the angles θ_i between them:
//
//	tr(P_s P_t) / √(k_s k_t) = Σ_i cos² θ_i / √(k_s k_t)
//
// with P_t the projection on the columns of task t, k_t of which are
// independent. A task of several classes has a column for each; tasks of
// different classes compare. Of one output each it is the squared cosine. It
// knows no sign: opposed tasks span the same space.
//
// Björck, Golub, Numerical methods for computing angles between linear
// subspaces, Mathematics of Computation 27, 1973.
type PrincipalAngles struct{}

// Relate implements Measure.
func (PrincipalAngles) Relate(ctx context.Context, s *kindred.Set, o Options) (*Relation, error) {
	w, err := learnedAlone(ctx, s, o)
	if err != nil {
		return nil, err
	}
	return angles(s, w), nil
}

// angles compares the spaces that the columns of each w span.
func angles(set *kindred.Set, w []*num.Dense) *Relation {
	r := &Relation{Matrix: num.NewDense(len(w), len(w)), Symmetric: true, Semidefinite: true}
	bases := make([]*num.Dense, len(w)) // a row for each direction
	for t := range w {
		if bases[t] = basis(w[t]); bases[t].Rows == 0 {
			r.Warnings = append(r.Warnings, tellsNothing(&set.Tasks[t]))
		}
	}
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
