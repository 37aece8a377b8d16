package compose

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/num"
)

// Descriptions say something of tasks, a row of numbers each: of those of a model,
// in their order, and of others, in theirs.
type Descriptions struct{ Known, Fresh *num.Dense }

// mostDescribed is how many tasks of a kind descriptions are compared of.
const mostDescribed = 2000

// probes is how many rows say how alike the functions of tasks are.
const probes = 300

// Described returns the model with tasks that no row tells of but a description
// does. Such a task is the combination of known tasks that kriging says,
//
//	a = K⁻¹ (k + 1 (1 − 1ᵀK⁻¹k) / 1ᵀK⁻¹1),   K = exp(−‖d_s − d_t‖² / 2h²) + λI,  k_t = exp(−‖d − d_t‖² / 2h²)
//
// whose weights sum to 1. Of a few h and λ those count with which each known task
// is best told from the others, over rows, which may be any that are like those to
// be predicted; where the mean of the others tells it as well, the mean it is. Each
// task's part of the report says which.
//
// Cressie, Statistics for Spatial Data, Wiley, 1993, section 3.2; Dubrule, Cross
// validation of kriging in a unique neighborhood, Mathematical Geology 15, 1983,
// leaves tasks out without solving anew.
func Described(ctx context.Context, model kindred.Model, tasks []kindred.TaskInfo, given Descriptions, rows *kindred.Table) (kindred.Model, error) {
	m := extended(model)
	if given.Known.Rows != len(m.base.Tasks()) || given.Fresh.Rows != len(tasks) || given.Known.Cols != given.Fresh.Cols {
		return nil, fmt.Errorf("%d and %d descriptions, of %d and %d numbers, for %d tasks and %d more", given.Known.Rows, given.Fresh.Rows, given.Known.Cols, given.Fresh.Cols, len(m.base.Tasks()), len(tasks))
	}
	var last []int
	var k *kriging
	for i, task := range tasks {
		if err := fresh(m, task.Name); err != nil {
			return nil, err
		}
		known := m.alike(task)
		switch {
		case len(known) < 3:
			return nil, fmt.Errorf("task %q: %d tasks of its kind, classes and target; descriptions are compared of three and more", task.Name, len(known))
		case len(known) > mostDescribed:
			return nil, fmt.Errorf("task %q: %d tasks of its kind; descriptions are compared of up to %d", task.Name, len(known), mostDescribed)
		}
		if k == nil || !slices.Equal(known, last) {
			var err error
			if k, err = m.krige(ctx, task, known, given.Known, rows); err != nil {
				return nil, err
			}
			last = known
		}
		c := combined{Info: task, Of: known, Weights: k.weights(given.Fresh.Row(i)), Shift: make([]float64, scores(task))}
		c.Told = fmt.Sprintf("task %q was never seen: it is predicted by its description, as a combination of %d tasks; told so, known ones are off by %.0f %% of what the mean is", task.Name, len(known), 100*k.ratio)
		if k.inverse == nil {
			c.Told = fmt.Sprintf("task %q was never seen: it is predicted by the mean of %d tasks, which tells known ones as well as their descriptions do", task.Name, len(known))
		}
		m = m.with(c)
	}
	return m, nil
}

// kriging is from these descriptions.
type kriging struct {
	at      *num.Dense // the descriptions, a row a task
	width   float64    // h²
	inverse *num.Dense // K⁻¹; nil: the mean
	ones    []float64  // K⁻¹ 1
	ratio   float64    // of the root mean squared errors with a task left out, to those of the mean
}

// krige chooses among kernels.
func (m *Extended) krige(ctx context.Context, task kindred.TaskInfo, known []int, described *num.Dense, rows *kindred.Table) (*kriging, error) {
	some := make([]int, min(probes, rows.Len()))
	for i := range some {
		some[i] = i * rows.Len() / len(some)
	}
	p, err := m.base.Predict(ctx, rows.Select(some), known)
	if err != nil {
		return nil, err
	}
	f := num.NewDense(len(known), len(some)*scores(task))
	best := &kriging{at: num.NewDense(len(known), described.Cols), ratio: 1}
	for j, t := range known {
		copy(f.Row(j), scored(&p.Tasks[j], task, len(some)).Data)
		copy(best.at.Row(j), described.Row(t))
	}
	far := distances(best.at)
	middle, least := medianOf(far), meanLeft(f)
	if middle == 0 || least == 0 {
		return best, nil
	}
	by := least
	for _, h := range []float64{0.1, 0.3, 1, 3} {
		for _, nugget := range []float64{0.03, 0.1, 0.3, 1, 3} {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			k := &kriging{at: best.at, width: h * middle}
			if !k.solve(far, nugget) {
				continue
			}
			if v := k.left(f); v < least*(1-1e-9) {
				k.ratio = math.Sqrt(v / by)
				least, best = v, k
			}
		}
	}
	return best, nil
}

// distances are squares, of each two rows.
func distances(x *num.Dense) *num.Dense {
	out := num.NewDense(x.Rows, x.Rows)
	for s := range x.Rows {
		for t := range s {
			d := 0.0
			for j, v := range x.Row(s) {
				d += (v - x.At(t, j)) * (v - x.At(t, j))
			}
			out.Set(s, t, d)
			out.Set(t, s, d)
		}
	}
	return out
}

// medianOf is that of the entries below the diagonal.
func medianOf(d *num.Dense) float64 {
	var all []float64
	for s := range d.Rows {
		all = append(all, d.Row(s)[:s]...)
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// meanLeft is the sum of the squared errors of telling each row by the mean of the
// others.
func meanLeft(f *num.Dense) float64 {
	mean, n, sum := make([]float64, f.Cols), float64(f.Rows), 0.0
	for t := range f.Rows {
		num.Axpy(1/n, f.Row(t), mean)
	}
	for t := range f.Rows {
		for j, v := range f.Row(t) {
			sum += (v - mean[j]) * (v - mean[j])
		}
	}
	return sum * (n / (n - 1)) * (n / (n - 1))
}

// solve sets K⁻¹.
func (k *kriging) solve(far *num.Dense, nugget float64) bool {
	n := far.Rows
	a := num.NewDense(n, n)
	for i, d := range far.Data {
		a.Data[i] = math.Exp(-d / (2 * k.width))
	}
	for t := range n {
		a.Data[t*n+t] += nugget
	}
	if !num.Cholesky(a) {
		return false
	}
	k.inverse, k.ones = num.NewDense(n, n), make([]float64, n)
	column := make([]float64, n)
	for t := range n {
		clear(column)
		column[t] = 1
		num.CholeskySolve(a, column)
		k.inverse.SetCol(t, column)
		num.Axpy(1, column, k.ones)
	}
	return true
}

// left is the sum of the squared errors of telling each row of f by the others:
// with B = K⁻¹ − K⁻¹11ᵀK⁻¹ / 1ᵀK⁻¹1 the error is (B f)_t / B_tt.
func (k *kriging) left(f *num.Dense) float64 {
	b, total := k.inverse.Clone(), num.Sum(k.ones)
	for t := range b.Rows {
		num.Axpy(-k.ones[t]/total, k.ones, b.Row(t))
	}
	e, sum := num.Product(b, f), 0.0
	for t := range e.Rows {
		sum += num.Dot(e.Row(t), e.Row(t)) / (b.At(t, t) * b.At(t, t))
	}
	return sum
}

// weights are those of a task that is described so.
func (k *kriging) weights(described []float64) []float64 {
	n := k.at.Rows
	if k.inverse == nil {
		return slices.Repeat([]float64{1 / float64(n)}, n)
	}
	near := make([]float64, n)
	for t := range near {
		d := 0.0
		for j, v := range k.at.Row(t) {
			d += (v - described[j]) * (v - described[j])
		}
		near[t] = math.Exp(-d / (2 * k.width))
	}
	rest := (1 - num.Dot(k.ones, near)) / num.Sum(k.ones)
	out := make([]float64, n)
	for t := range out {
		out[t] = num.Dot(k.inverse.Row(t), near) + rest*k.ones[t]
	}
	return out
}
