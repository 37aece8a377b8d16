package penalty

import (
	"math"

	"github.com/kindred-mtl/kindred/num"
)

// columns keeps whole tasks at 0: λ Σ_t ‖W_t‖_F over the columns W_t of each
// task.
type columns struct {
	lambda float64
	groups [][]int // the columns of each task
}

func newColumns(l Layout, lambda float64) *columns {
	f, place := &columns{lambda: lambda}, map[int]int{}
	for c, t := range l.Task {
		g, ok := place[t]
		if !ok {
			g = len(f.groups)
			place[t] = g
			f.groups = append(f.groups, nil)
		}
		f.groups[g] = append(f.groups[g], c)
	}
	return f
}

// lengths are ‖W_t‖_F.
func (f *columns) lengths(w *num.Dense) []float64 {
	out := make([]float64, len(f.groups))
	for g, group := range f.groups {
		numbers := make([]float64, 0, w.Rows*len(group))
		for j := range w.Rows {
			for _, c := range group {
				numbers = append(numbers, w.At(j, c))
			}
		}
		out[g] = num.Norm(numbers)
	}
	return out
}

// Value implements Func.
func (f *columns) Value(w *num.Dense) float64 { return f.lambda * num.Sum(f.lengths(w)) }

// Dual implements Func: the indicator of ‖G_t‖_F ≤ λ.
func (f *columns) Dual(g *num.Dense) (s, value float64) {
	return ratio(f.lambda, largest(f.lengths(g))), 0
}

// Zero implements Vanishing.
func (f *columns) Zero(g *num.Dense) float64 { return largest(f.lengths(g)) / f.lambda }

// Prox implements Proximal: (1 − step·λ/‖V_t‖)₊ V_t.
func (f *columns) Prox(out, v *num.Dense, step float64) {
	cut, shrink := step*f.lambda, make([]float64, v.Cols)
	for g, length := range f.lengths(v) {
		for _, c := range f.groups[g] {
			if !(length <= cut) {
				shrink[c] = (length - cut) / length
			}
		}
	}
	for j := range v.Rows {
		to := out.Row(j)
		for c, x := range v.Row(j) {
			to[c] = shrink[c] * x
		}
	}
}

// ProxJacobian implements Slanted, as that of L21 is, by tasks.
func (f *columns) ProxJacobian(v *num.Dense, step float64) Jacobian {
	j := &taskwise{f.groups, num.NewDense(v.Rows, v.Cols), make([]float64, len(f.groups))}
	cut, scale := step*f.lambda, make([]float64, v.Cols)
	for g, length := range f.lengths(v) {
		if length <= cut {
			continue
		}
		j.shrink[g] = (length - cut) / length
		for _, c := range f.groups[g] {
			scale[c] = math.Sqrt(cut/length) / length
		}
	}
	for i := range v.Rows {
		for c, x := range v.Row(i) {
			j.along.Set(i, c, scale[c]*x)
		}
	}
	return j
}

// taskwise is shrink_t I + a_t a_tᵀ on the columns of task t.
type taskwise struct {
	groups [][]int
	along  *num.Dense
	shrink []float64
}

// Times implements Jacobian.
func (j *taskwise) Times(out, x *num.Dense) {
	dot := make([]float64, x.Cols)
	for i := range x.Rows {
		for c, a := range j.along.Row(i) {
			dot[c] += a * x.At(i, c)
		}
	}
	shrink := make([]float64, x.Cols)
	for g, group := range j.groups {
		sum := 0.0
		for _, c := range group {
			sum += dot[c]
		}
		for _, c := range group {
			dot[c], shrink[c] = sum, j.shrink[g]
		}
	}
	for i := range x.Rows {
		a, to := j.along.Row(i), out.Row(i)
		for c, v := range x.Row(i) {
			to[c] = shrink[c]*v + dot[c]*a[c]
		}
	}
}

// Diagonal implements Jacobian.
func (j *taskwise) Diagonal() (*num.Dense, bool) {
	d := num.NewDense(j.along.Rows, j.along.Cols)
	for g, group := range j.groups {
		for _, c := range group {
			for i := range d.Rows {
				a := j.along.At(i, c)
				d.Set(i, c, j.shrink[g]+a*a)
			}
		}
	}
	return d, true
}
