package relate

import (
	"context"
	"fmt"
	"math"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/num"
)

// Fisher compares how much the loss of each task depends on each weight of a
// model that all share, the probe, whichever way: the diagonals of the tasks'
// Fisher information,
//
//	cos(F_s/(F_s+F_t), F_t/(F_s+F_t)),   F_t = mean over rows of (∂ℓ/∂w)², feature by feature
//
// and 1 less that is the distance of the paper. The probe is the linear model of
// Gradients, each task with an intercept of its own for a head: an entry of F is
// then that of a prepared feature. The mean is over the labels of the task, not
// over what the model says of them, of which a linear model of numbers knows
// only where the rows lie. Where tasks have several outputs, F sums over them.
// The sums F_s+F_t are of pairs, so that the matrix need not be semidefinite.
// Opposed tasks depend on the same weights: it knows no sign.
//
// Achille, Lam, Tewari, Ravichandran, Maji, Fowlkes, Soatto, Perona, Task2Vec:
// task embedding for meta-learning, ICCV 2019, section 3.
type Fisher struct{}

// Relate implements Measure.
func (Fisher) Relate(ctx context.Context, s *kindred.Set, o Options) (*Relation, error) {
	n := len(s.Tasks)
	f := make([][]float64, n)
	err := probe(ctx, s, o, func(t int, x *num.Matrix, out *kindred.Outcome, scale float64) {
		f[t] = information(&s.Tasks[t], x, out, scale)
	})
	if err != nil {
		return nil, err
	}
	r := &Relation{Matrix: num.NewDense(n, n), Symmetric: true}
	for t := range f {
		if num.Norm(f[t]) == 0 {
			r.Warnings = append(r.Warnings, fmt.Sprintf("task %q depends on no weight: it counts as like no other", s.Tasks[t].Name))
		}
	}
	fill(r.Matrix, func(s, t int) float64 { return shared(f[s], f[t]) })
	return r, nil
}

// information is the mean square of the derivatives of a task's losses by the
// weights of each feature.
func information(t *kindred.Task, x *num.Matrix, o *kindred.Outcome, scale float64) []float64 {
	f, total := make([]float64, x.Cols), 0.0
	for i, y := range t.Y() {
		w, square := weight(t, i), 0.0
		for c := range outputs(t) {
			r := residual(t, o, i, c, y, scale)
			square += r * r
		}
		total += w
		index, value := x.Row(i)
		for k, v := range value {
			j := k
			if index != nil {
				j = int(index[k])
			}
			f[j] += w * square * v * v
		}
	}
	if total > 0 {
		num.Scale(f, 1/total)
	}
	return f
}

// shared is the cosine of a/(a+b) and b/(a+b), 0/0 being 0.
func shared(a, b []float64) float64 {
	product, left, right := 0.0, 0.0, 0.0
	for j := range a {
		if sum := a[j] + b[j]; sum > 0 {
			p, q := a[j]/sum, b[j]/sum
			product, left, right = product+p*q, left+p*p, right+q*q
		}
	}
	if product == 0 {
		return 0
	}
	return product / math.Sqrt(left*right)
}
