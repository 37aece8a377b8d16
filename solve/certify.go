package solve

import (
	"cmp"
	"math"
	"slices"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
)

// Outputs returns the n × outputs numbers x·W_t + b_t of task t.
func Outputs(p *Problem, x *Point, t int) []float64 {
	z := make([]float64, p.Tasks[t].X.Rows*p.Tasks[t].Outputs)
	outputs(z, p, x, t, p.First()[t])
	return z
}

func outputs(z []float64, p *Problem, x *Point, t, first int) {
	task := &p.Tasks[t]
	k, w := task.Outputs, make([]float64, x.W.Rows)
	for c := range k {
		x.W.Col(w, first+c)
		for i := range task.X.Rows {
			z[i*k+c] = task.X.Dot(i, w) + x.B[first+c]
		}
	}
}

// Objective is the value of the problem at x.
func Objective(p *Problem, x *Point) float64 {
	first, value := p.First(), make([]float64, len(p.Tasks))
	p.each(func(t int) {
		task := &p.Tasks[t]
		z := make([]float64, task.X.Rows*task.Outputs)
		outputs(z, p, x, t, first[t])
		value[t] = task.Loss.Value(task.Y, task.Weight, z)
	})
	return num.Sum(value) + cost(p.Penalty, x)
}

// Certify returns the objective at x and the relative duality gap
//
//	(P − D)/max(|P|, |D|),   D = −Σ_ti w_ti ℓ*(y_ti, −a_ti/w_ti) − Ω*(G) − Σ_ti a_ti·b_t,
//
// G_t = Σ_i x_ti a_tiᵀ, where Σ_i a_ti = 0 in every task with free intercepts,
// so that the last term is that of the fixed ones alone. It first sets those
// intercepts to their best values. The dual variables are x.A where the solver
// has them, else a = −w∇ℓ, scaled into the domain of Ω*.
//
// Where the penalty is not convex there is no gap, but the residual: the
// distance of −∇f(W) from the subdifferential of Ω, relative to ‖∇f(0)‖. Of
// penalties on the factors of W it is that of both blocks, or the gap of the
// convex function below, which bounds how far x is from the best.
func Certify(p *Problem, x *Point) (float64, kindred.Certificate) {
	switch f := p.Penalty.(type) {
	case penalty.Concave:
		return stationary(p, x, steepness(p))
	case penalty.Factored:
		return certifyFactored(p, f, x)
	}
	first := p.First()
	value, duals := make([]float64, len(p.Tasks)), make([][]float64, len(p.Tasks))
	g := num.NewDense(p.Features(), p.Columns())
	p.each(func(t int) {
		task := &p.Tasks[t]
		z := make([]float64, task.X.Rows*task.Outputs)
		outputs(z, p, x, t, first[t])
		optimizeIntercept(task, z, x.B[first[t]:first[t+1]])
		value[t] = task.Loss.Value(task.Y, task.Weight, z)
		duals[t] = dual(task, z, x.A, t)
		transposed(g, task, duals[t], first[t])
	})
	primal := num.Sum(value) + cost(p.Penalty, x)
	scale, conjugate := penalty.Conjugate(p.Penalty, x.W, g)
	p.each(func(t int) {
		task := &p.Tasks[t]
		a := duals[t]
		if scale != 1 {
			a = make([]float64, len(a))
			num.Axpy(scale, duals[t], a)
		}
		value[t] = task.Loss.Conjugate(task.Y, task.Weight, a)
		if task.Fixed != nil {
			for i, v := range a {
				value[t] += v * task.Fixed[i%task.Outputs]
			}
		}
	})
	return primal, Gap(primal, -num.Sum(value)-conjugate)
}

// stationary returns the objective at x and the residual there, after it has set
// the free intercepts to their best values; steep is ‖∇f(0)‖. The losses must be
// smooth.
func stationary(p *Problem, x *Point, steep float64) (float64, kindred.Certificate) {
	OptimizeIntercepts(p, x)
	r := penalty.Distance(p.Penalty, x.W, Gradient(p, x))
	if r > 0 {
		r /= steep
	}
	return Objective(p, x), kindred.Certificate{Kind: "residual", Value: r}
}

// steepness is ‖∇f(0)‖, with the best intercepts.
func steepness(p *Problem) float64 {
	x := NewPoint(p)
	OptimizeIntercepts(p, x)
	return num.Norm(Gradient(p, x).Data)
}

// Gradient returns the gradient of the losses in W at x, d × k; the losses must
// be smooth, others count as 0.
func Gradient(p *Problem, x *Point) *num.Dense {
	first, g := p.First(), num.NewDense(p.Features(), p.Columns())
	p.each(func(t int) {
		task := &p.Tasks[t]
		z := make([]float64, task.X.Rows*task.Outputs)
		outputs(z, p, x, t, first[t])
		transposed(g, task, dual(task, z, nil, t), first[t])
	})
	for i := range g.Data {
		g.Data[i] = -g.Data[i]
	}
	return g
}

// Gap is the certificate of a primal and a dual value.
func Gap(primal, dual float64) kindred.Certificate {
	gap, size := primal-dual, math.Max(math.Abs(primal), math.Abs(dual))
	switch {
	case math.IsNaN(gap) || math.IsInf(gap, 0):
		gap = math.Inf(1)
	case size > 0:
		gap = math.Max(0, gap/size)
	}
	return kindred.Certificate{Kind: "gap", Value: gap}
}

// dual returns dual variables at outputs z, which sum to 0 where the intercept
// is free.
func dual(t *Task, z []float64, own [][]float64, i int) []float64 {
	if own != nil {
		return own[i]
	}
	a := make([]float64, len(z))
	smooth, ok := t.Loss.(loss.Smooth)
	if !ok {
		return a // 0 is always feasible
	}
	smooth.Grad(a, t.Y, t.Weight, z)
	for i := range a {
		a[i] = -a[i]
	}
	return a
}

// transposed sets the columns of g from first on to Xᵀa.
func transposed(g *num.Dense, t *Task, a []float64, first int) {
	column := make([]float64, g.Rows)
	for c := range t.Outputs {
		clear(column)
		for i := range t.X.Rows {
			if v := a[i*t.Outputs+c]; v != 0 {
				t.X.Axpy(i, v, column)
			}
		}
		g.SetCol(first+c, column)
	}
}

// OptimizeIntercepts sets the free intercepts of x to their best values.
func OptimizeIntercepts(p *Problem, x *Point) {
	first := p.First()
	p.each(func(t int) {
		task := &p.Tasks[t]
		z := make([]float64, task.X.Rows*task.Outputs)
		outputs(z, p, x, t, first[t])
		optimizeIntercept(task, z, x.B[first[t]:first[t+1]])
	})
}

// optimizeIntercept moves the intercepts b of a task, and its outputs z with
// them, to where the loss is least.
func optimizeIntercept(t *Task, z, b []float64) {
	if t.Fixed != nil || len(z) == 0 {
		return
	}
	switch l := t.Loss.(type) {
	case loss.Squared:
		shiftSquared(t, z, b)
	case loss.Hinge:
		shiftHinge(t, z, b)
	case loss.Joint:
		shiftJoint(t, l, z, b)
	case loss.Curved:
		shiftCurved(t, l, z, b)
	}
}

func shiftSquared(t *Task, z, b []float64) {
	total, sum := totalWeight(t), 0.0
	if total == 0 {
		return
	}
	for i, v := range z {
		sum += weightAt(t, i) * (t.Y[i] - v)
	}
	shift(z, b, sum/total)
}

func shift(z, b []float64, by float64) {
	b[0] += by
	for i := range z {
		z[i] += by
	}
}

// shiftHinge minimizes Σ w max(0, 1 − s(z + δ)) over δ: a piecewise linear
// function whose slope changes by w at δ = s − z, s = ±1. Of the minimizers it
// takes the one that moves least.
func shiftHinge(t *Task, z, b []float64) {
	knots, slope, total := make([]knot, 0, len(z)), 0.0, 0.0
	for i, v := range z {
		s, w := 2*t.Y[i]-1, weightAt(t, i)
		if w == 0 {
			continue
		}
		if s > 0 {
			slope -= w // far left every positive row is inside the margin
		}
		knots = append(knots, knot{s - v, w})
		total += w
	}
	tiny := 1e-12 * total
	knots, slope = crossing(knots, slope, tiny)
	slices.SortFunc(knots, func(a, b knot) int { return cmp.Compare(a.at, b.at) })
	low, high := math.Inf(-1), math.Inf(1)
	for _, k := range knots {
		before := slope
		slope += k.weight
		if before < -tiny && slope >= -tiny {
			low = k.at
		}
		if slope > tiny {
			high = k.at
			break
		}
	}
	shift(z, b, math.Min(math.Max(0, low), high))
}

// A knot is where a slope rises by a weight.
type knot struct{ at, weight float64 }

// crossing returns the knots around where the slope, at first that on the left
// of all of them, goes from less than −tiny to more than tiny, and the slope on
// their left. It halves the knots again and again instead of sorting them all.
func crossing(knots []knot, slope, tiny float64) ([]knot, float64) {
	for range 64 {
		n := len(knots)
		if n < 32 {
			break
		}
		a, b, c := knots[0].at, knots[n/2].at, knots[n-1].at
		left, right := partition(knots, max(min(a, b), min(max(a, b), c)))
		before := slope
		for _, k := range knots[:left] {
			before += k.weight
		}
		after := before
		for _, k := range knots[left:right] {
			after += k.weight
		}
		switch {
		case before > tiny:
			knots = knots[:left]
		case after < -tiny:
			knots, slope = knots[right:], after
		default:
			return knots, slope
		}
	}
	return knots, slope
}

// partition puts the knots that lie before a place first and those beyond it
// last, and returns where the ones at it begin and end.
func partition(knots []knot, at float64) (left, right int) {
	right = len(knots)
	for i := 0; i < right; {
		switch k := knots[i]; {
		case k.at < at:
			knots[i], knots[left] = knots[left], k
			left++
			i++
		case k.at > at:
			right--
			knots[i], knots[right] = knots[right], k
		default:
			i++
		}
	}
	return left, right
}

// shiftCurved minimizes a smooth loss over one intercept by Newton's method,
// kept inside a bracket of the root of the derivative.
func shiftCurved(t *Task, l loss.Curved, z, b []float64) {
	g, h := make([]float64, len(z)), make([]float64, len(z))
	low, high := math.Inf(-1), math.Inf(1)
	at, tiny := 0.0, 1e-15*math.Max(totalWeight(t), math.SmallestNonzeroFloat64)
	for range 100 {
		l.Grad(g, t.Y, t.Weight, z)
		l.Hess(h, t.Y, t.Weight, z)
		slope, curve := num.Sum(g), num.Sum(h)
		if math.Abs(slope) <= tiny {
			return
		}
		if slope > 0 {
			high = at
		} else {
			low = at
		}
		to := at - slope/curve
		if !(curve > 0) || !(to > low && to < high) || math.Abs(to-at) > 4 {
			to = bisect(low, high, at, slope)
		}
		if to == at || math.Abs(to) > 700 {
			return
		}
		shift(z, b, to-at)
		at = to
	}
}

// bisect halves a bracket, or walks against the slope where one end is open.
func bisect(low, high, at, slope float64) float64 {
	switch {
	case !math.IsInf(low, 0) && !math.IsInf(high, 0):
		return low + (high-low)/2
	case slope > 0:
		return at - 2
	default:
		return at + 2
	}
}

// shiftJoint minimizes over the intercepts of several outputs by damped steps
// of the diagonally bounded Newton method: the Hessian of softmax is at most
// ½(diag(p) …) ≤ the sum of its absolute rows, so each step descends.
func shiftJoint(t *Task, l loss.Joint, z, b []float64) {
	k := t.Outputs
	g, v, hv := make([]float64, len(z)), make([]float64, len(z)), make([]float64, len(z))
	for range 200 {
		l.Grad(g, t.Y, t.Weight, z)
		slope := columnSums(g, k)
		if num.Norm(slope) <= 1e-13*math.Max(1, totalWeight(t)) {
			return
		}
		hess := num.NewDense(k, k)
		for c := range k {
			for i := range v {
				v[i] = 0
				if i%k == c {
					v[i] = 1
				}
			}
			l.HessVec(hv, t.Y, t.Weight, z, v)
			hess.SetCol(c, columnSums(hv, k))
		}
		step := num.SolveSPD(hess, slope)
		largest := 0.0
		for _, s := range step {
			largest = math.Max(largest, math.Abs(s))
		}
		damp := 1 / math.Max(1, largest)
		for i := range z {
			z[i] -= damp * step[i%k]
		}
		num.Axpy(-damp, step, b)
	}
}

func columnSums(a []float64, k int) []float64 {
	s := make([]float64, k)
	for i, v := range a {
		s[i%k] += v
	}
	return s
}
