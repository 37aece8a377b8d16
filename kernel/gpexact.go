package kernel

import (
	"math"

	"github.com/kindred-mtl/kindred/num"
)

// exact is the evidence of all pairs of n labels,
//
//	K = B ∘ k + diag(σ²/w),   P = K⁻¹ − K⁻¹H(HᵀK⁻¹H)⁻¹HᵀK⁻¹,
//	−2 log p = log|K| + log|HᵀK⁻¹H| + yᵀPy + (n − T) log 2π
//
// where the columns of H mark the tasks' rows, with the slope P − (Py)(Py)ᵀ in
// K. A row of weight w is w rows. It takes n³ multiplications.
type exact struct {
	*sample
	c    *covariance
	rank int
	self *pairing
}

func newExact(s *sample, c *covariance, rank int) *exact {
	return &exact{sample: s, c: c, rank: rank, self: c.pair(s.x, s.x)}
}

// solved is what evidence and posterior have in common.
type solved struct {
	p      *coregions
	b      *num.Dense // B
	k, rbf *num.Dense // of the rows of x
	l      *num.Dense // of K
	h      *num.Dense // K⁻¹H, tasks × n
	s      *num.Dense // of HᵀK⁻¹H
	alpha  []float64  // Py
	mean   []float64  // of the tasks, given the f
}

// solve returns nil where K is not definite.
func (e *exact) solve(theta []float64) *solved {
	v := &solved{p: e.c.read(theta, e.tasks(), e.rank)}
	v.b = v.p.relation()
	v.k, v.rbf = e.self.values(v.p.base)
	n := len(e.y)
	all := num.NewDense(n, n)
	num.For(n, func(i int) {
		row, from, b := all.Row(i), v.k.Row(e.row[i]), v.b.Row(e.task[i])
		for j := range i + 1 {
			row[j] = b[e.task[j]] * from[e.row[j]]
		}
		row[i] += v.p.noiseOf(e.task[i]) / e.w[i]
	})
	if v.l = num.CholeskyLower(all); v.l == nil || !e.means(v) {
		return nil
	}
	return v
}

// means eliminates the tasks' means.
func (e *exact) means(v *solved) bool {
	n, tasks := len(e.y), e.tasks()
	v.h = num.NewDense(tasks, n)
	for i, t := range e.task {
		v.h.Set(t, i, 1)
	}
	num.SolveLower(v.l, v.h)
	u := &num.Dense{Rows: 1, Cols: n, Data: append([]float64(nil), e.y...)}
	num.SolveLower(v.l, u)
	v.s, v.mean = num.NewDense(tasks, tasks), make([]float64, tasks)
	for t := range tasks {
		for s := range t + 1 {
			v.s.Set(t, s, num.Dot(v.h.Row(s), v.h.Row(t)))
		}
		v.mean[t] = num.Dot(v.h.Row(t), u.Data)
	}
	if v.s = num.CholeskyLower(v.s); v.s == nil {
		return false
	}
	b := &num.Dense{Rows: 1, Cols: tasks, Data: v.mean}
	num.SolveLower(v.s, b)
	num.SolveLowerT(v.s, b)
	num.SolveLowerT(v.l, v.h)
	num.SolveLowerT(v.l, u)
	v.alpha = u.Data
	for t, m := range v.mean {
		num.Axpy(-m, v.h.Row(t), v.alpha)
	}
	return true
}

// minus implements evidence.
func (e *exact) minus(g, theta []float64) float64 {
	v := e.solve(theta)
	if v == nil {
		return math.Inf(1)
	}
	e.slope(g, v)
	value := 2*logDiagonal(v.l) + 2*logDiagonal(v.s) + num.Dot(e.y, v.alpha)
	for t, w := range e.weight {
		value += (w-1)*math.Log(2*math.Pi) + (w-float64(e.first[t+1]-e.first[t]))*math.Log(v.p.noiseOf(t))
	}
	for _, w := range e.w {
		value += math.Log(w)
	}
	return value
}

// logDiagonal is log|L|.
func logDiagonal(l *num.Dense) float64 {
	s := 0.0
	for i := range l.Rows {
		s += math.Log(l.At(i, i))
	}
	return s
}

// slope sets g to the gradient: the slope M = P − (Py)(Py)ᵀ of every pair of
// labels goes to B, to k and to the noise.
func (e *exact) slope(g []float64, v *solved) {
	n, tasks := len(e.y), e.tasks()
	m, half := num.LowerInverse(v.l), e.contrasts(v)
	back, gamma := num.NewDense(e.x.Rows, e.x.Rows), num.NewDense(tasks, tasks)
	clear(g)
	d := e.c.read(g, tasks, e.rank)
	num.For(n, func(i int) {
		row := m.Row(i)
		for j := range row {
			row[j] -= num.Dot(half.Row(i), half.Row(j))
		}
	})
	for i := range n {
		s := e.task[i]
		from, to, b, sums := v.k.Row(e.row[i]), back.Row(e.row[i]), v.b.Row(s), gamma.Row(s)
		for j, slope := range m.Row(i) {
			t, r := e.task[j], e.row[j]
			sums[t] += slope * from[r]
			to[r] += slope * b[t]
		}
		d.noise[s] += m.At(i, i) / e.w[i]
	}
	for s := range tasks {
		for t, sum := range gamma.Row(s) {
			num.Axpy(2*sum, v.p.factor(t), d.factor(s))
		}
		d.kappa[s] = gamma.At(s, s)
		d.noise[s] += (e.weight[s] - float64(e.first[s+1]-e.first[s])) / v.p.noiseOf(s)
	}
	v.p.chain(d)
	e.self.pull(d.base, v.p.base, v.rbf, back)
}

// contrasts returns Z, n × (T + 1), with M = K⁻¹ − ZZᵀ: K⁻¹H L⁻ᵀ, where LLᵀ =
// HᵀK⁻¹H, and beside it Py.
func (e *exact) contrasts(v *solved) *num.Dense {
	n, tasks := len(e.y), e.tasks()
	h := num.NewDense(n, tasks)
	for t := range tasks {
		h.SetCol(t, v.h.Row(t))
	}
	num.SolveLower(v.s, h)
	z := num.NewDense(n, tasks+1)
	for i := range n {
		copy(z.Row(i), h.Row(i))
		z.Set(i, tasks, v.alpha[i])
	}
	return z
}

// known is the posterior of all pairs,
//
//	f_t(x) + b_t = k_tᵀPy + b_t,   variance B_tt k(x, x) − k_tᵀK⁻¹k_t + uᵀ(HᵀK⁻¹H)⁻¹u + σ²,
//
// with k_t the covariances of f_t(x) with the labels and u = e_t − HᵀK⁻¹k_t.
//
// Rasmussen, Williams, Gaussian Processes for Machine Learning, MIT Press,
// 2006, section 2.7.
type known struct {
	c         *covariance
	base      []float64
	x         *num.Matrix
	task, row []int      // of each label
	b         *num.Dense // B
	noise     []float64
	mean      []float64
	weights   *num.Dense // tasks × rows of x: Σ B (Py) of the row's labels
	l         *num.Dense // of K
	ends      *num.Dense // L⁻¹H, tasks × n
	s         *num.Dense // of HᵀK⁻¹H
}

// posterior implements evidence.
func (e *exact) posterior(theta []float64) posterior {
	v := e.solve(theta)
	if v == nil {
		return nil
	}
	k := &known{c: e.c, base: v.p.base, x: e.x, task: e.task, row: e.row, b: v.b, mean: v.mean, l: v.l, s: v.s}
	k.weights, k.ends = num.NewDense(e.tasks(), e.x.Rows), num.NewDense(e.tasks(), len(e.y))
	for t := range e.tasks() {
		k.noise = append(k.noise, v.p.noiseOf(t))
		for i, a := range v.alpha {
			k.weights.Row(t)[e.row[i]] += v.b.At(t, e.task[i]) * a
		}
	}
	for i, t := range e.task {
		k.ends.Set(t, i, 1)
	}
	num.SolveLower(k.l, k.ends)
	return k
}

// at implements posterior.
func (k *known) at(x *num.Matrix) func(value, variance []float64, t int) {
	like, _ := k.c.pair(x, k.x).values(k.base)
	selves, _ := k.c.selves(k.base, squares(x))
	return func(value, variance []float64, t int) {
		z := num.NewDense(x.Rows, len(k.task))
		b, weights := k.b.Row(t), k.weights.Row(t)
		for i := range value {
			row, from := z.Row(i), like.Row(i)
			value[i] = num.Dot(from, weights) + k.mean[t]
			for j, r := range k.row {
				row[j] = b[k.task[j]] * from[r]
			}
		}
		num.SolveLower(k.l, z)
		u := num.NewDense(x.Rows, len(k.mean))
		for i := range value {
			for s := range u.Cols {
				u.Set(i, s, -num.Dot(z.Row(i), k.ends.Row(s)))
			}
			u.Row(i)[t]++
		}
		num.SolveLower(k.s, u)
		for i := range variance {
			f := b[t]*selves[i] - num.Dot(z.Row(i), z.Row(i)) + num.Dot(u.Row(i), u.Row(i))
			variance[i] = math.Max(0, f) + k.noise[t]
		}
	}
}
