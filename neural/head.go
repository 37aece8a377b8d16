package neural

import (
	"cmp"
	"math"
	"slices"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/prep"
)

// A head is what the outputs z of a task mean: its loss, and its predictions.
// Rows of outputs lie one after the other.
type head interface {
	outputs() int
	// loss is Σ_i w_i ℓ(y_i, z_i); it sets d to its gradient by z.
	loss(z, y, w, d []float32) float64
	// begin are the outputs that predict labels best which all rows share.
	begin(y, w []float64) []float64
	// predict fills in the outcome of n rows, with outputs in the units of the
	// label scaled by t. Decisions are divided by the temperature.
	predict(o *kindred.Outcome, z []float32, t prep.Target, temperature float64)
}

var losses = []string{"squared", "huber", "gaussian", "quantiles"}

// headOf is the head of a task.
func headOf(task kindred.TaskInfo, loss string) head {
	switch task.Kind {
	case kindred.Binary:
		return logistic{}
	case kindred.Multiclass:
		return softmax{len(task.Classes)}
	case kindred.Count:
		return poisson{}
	}
	switch loss {
	case "huber":
		return huber{}
	case "gaussian":
		return gaussian{}
	case "quantiles":
		return quantiles{}
	}
	return squared{}
}

// mean is the weighted mean of y.
func mean(y, w []float64) float64 {
	s, n := 0.0, 0.0
	for i, v := range y {
		s += w[i] * v
		n += w[i]
	}
	if n == 0 {
		return 0
	}
	return s / n
}

// number predicts the first of each k outputs, in the units of the label.
func number(o *kindred.Outcome, z []float32, k, at int, t prep.Target) {
	o.Value = make([]float64, len(z)/k)
	for i := range o.Value {
		o.Value[i] = float64(z[i*k+at])*t.Scale + t.Center
	}
}

// squared is ½ (z − y)².
type squared struct{}

func (squared) outputs() int { return 1 }

func (squared) loss(z, y, w, d []float32) (s float64) {
	for i, v := range z {
		e := v - y[i]
		d[i] = w[i] * e
		s += float64(w[i] * e * e)
	}
	return s / 2
}

func (squared) begin(y, w []float64) []float64 { return []float64{mean(y, w)} }

func (squared) predict(o *kindred.Outcome, z []float32, t prep.Target, _ float64) {
	number(o, z, 1, 0, t)
}

// huber is ½ e² where |e| ≤ 1, else |e| − ½, of e = z − y: outliers, beyond one
// standard deviation of the labels, pull less.
//
// Huber, Robust estimation of a location parameter, Annals of Mathematical
// Statistics 35, 1964.
type huber struct{ squared }

func (huber) loss(z, y, w, d []float32) (s float64) {
	for i, v := range z {
		e := v - y[i]
		if e > 1 || e < -1 {
			a := max(e, -e)
			s += float64(w[i] * (a - 0.5))
			d[i] = w[i] * e / a
			continue
		}
		d[i] = w[i] * e
		s += float64(w[i] * e * e / 2)
	}
	return s
}

// begin halves the interval in which the slope of the loss changes its sign.
func (huber) begin(y, w []float64) []float64 {
	lo, hi := slices.Min(y), slices.Max(y)
	for range 50 {
		z, slope := (lo+hi)/2, 0.0
		for i, v := range y {
			slope += w[i] * min(max(z-v, -1), 1)
		}
		if slope < 0 {
			lo = z
		} else {
			hi = z
		}
	}
	return []float64{(lo + hi) / 2}
}

// gaussian predicts a mean μ and the logarithm s of a variance:
//
//	½ (s + (y − μ)² e^−s)
//
// Nix, Weigend, Estimating the mean and variance of the target probability
// distribution, ICNN 1994.
type gaussian struct{}

// mostLogVariance bounds |s|: beyond it the variance does not follow.
const mostLogVariance = 12

func (gaussian) outputs() int { return 2 }

func (gaussian) loss(z, y, w, d []float32) (sum float64) {
	for i := range y {
		s := min(max(z[2*i+1], -mostLogVariance), mostLogVariance)
		e, precision := z[2*i]-y[i], float32(math.Exp(-float64(s)))
		sum += float64(w[i] * (s + e*e*precision) / 2)
		d[2*i], d[2*i+1] = w[i]*e*precision, 0
		if s == z[2*i+1] {
			d[2*i+1] = w[i] * (1 - e*e*precision) / 2
		}
	}
	return sum
}

func (gaussian) begin(y, w []float64) []float64 {
	m, s, n := mean(y, w), 0.0, 0.0
	for i, v := range y {
		s += w[i] * (v - m) * (v - m)
		n += w[i]
	}
	return []float64{m, math.Log(s/n + 1e-3)}
}

func (gaussian) predict(o *kindred.Outcome, z []float32, t prep.Target, _ float64) {
	number(o, z, 2, 0, t)
	o.Variance = make([]float64, len(o.Value))
	for i := range o.Variance {
		o.Variance[i] = t.Scale * t.Scale * math.Exp(min(max(float64(z[2*i+1]), -mostLogVariance), mostLogVariance))
	}
}

// quantiles predicts the quantiles of .1, .5 and .9, each with
//
//	q (y − z)₊ + (1 − q) (z − y)₊
//
// The median is the value predicted, the others its Low and High.
//
// Koenker, Bassett, Regression quantiles, Econometrica 46, 1978.
type quantiles struct{}

var levels = [3]float32{0.1, 0.5, 0.9}

func (quantiles) outputs() int { return len(levels) }

func (quantiles) loss(z, y, w, d []float32) (s float64) {
	for i := range y {
		for k, q := range levels {
			at := 3*i + k
			e := y[i] - z[at]
			d[at] = -q * w[i]
			if e < 0 {
				d[at], q = (1-q)*w[i], q-1
			}
			s += float64(w[i] * q * e)
		}
	}
	return s
}

func (quantiles) begin(y, w []float64) []float64 {
	order := make([]int, len(y))
	total := 0.0
	for i := range order {
		order[i] = i
		total += w[i]
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Compare(y[i], y[j]) })
	z := make([]float64, len(levels))
	for k, q := range levels {
		below := 0.0
		for _, i := range order {
			z[k] = y[i]
			if below += w[i]; below >= float64(q)*total {
				break
			}
		}
	}
	return z
}

// predict puts quantiles that cross in order.
func (quantiles) predict(o *kindred.Outcome, z []float32, t prep.Target, _ float64) {
	number(o, z, 3, 1, t)
	o.Low, o.High = make([]float64, len(o.Value)), make([]float64, len(o.Value))
	for i := range o.Value {
		q := [3]float32(z[3*i : 3*i+3])
		slices.Sort(q[:])
		for k, to := range [][]float64{o.Low, o.Value, o.High} {
			to[i] = float64(q[k])*t.Scale + t.Center
		}
	}
}

// logistic is log(1 + e^z) − y z for y in {0, 1}.
type logistic struct{}

func (logistic) outputs() int { return 1 }

func (logistic) loss(z, y, w, d []float32) (s float64) {
	num.Softplus(d, z)
	for i, v := range d {
		s += float64(w[i] * (v - y[i]*z[i]))
	}
	num.Sigmoid(d, z)
	for i, v := range d {
		d[i] = w[i] * (v - y[i])
	}
	return s
}

func (logistic) begin(y, w []float64) []float64 {
	n := 0.0
	for _, v := range w {
		n += v
	}
	ones := mean(y, w) * n
	return []float64{math.Log((ones + 0.5) / (n - ones + 0.5))}
}

func (logistic) predict(o *kindred.Outcome, z []float32, _ prep.Target, temperature float64) {
	n := len(z)
	o.Decision, o.Class, o.Probability = make([]float64, n), make([]int, n), make([]float64, 2*n)
	for i, v := range z {
		f := float64(v) / temperature
		o.Decision[i] = f
		if f > 0 {
			o.Class[i] = 1
		}
		e := math.Exp(-math.Abs(f))
		small, large := e/(1+e), 1/(1+e)
		if f < 0 {
			small, large = large, small
		}
		o.Probability[2*i], o.Probability[2*i+1] = small, large
	}
}

// softmax is log Σ_c e^z_c − z_y.
type softmax struct{ k int }

func (s softmax) outputs() int { return s.k }

func (s softmax) loss(z, y, w, d []float32) (sum float64) {
	for i := range y {
		row, d := z[i*s.k:(i+1)*s.k], d[i*s.k:(i+1)*s.k]
		sum += float64(w[i] * (num.LogSumExp(row) - row[int(y[i])]))
		num.SoftmaxRow(d, row)
		d[int(y[i])]--
		num.Scale(d, w[i])
	}
	return sum
}

func (s softmax) begin(y, w []float64) []float64 {
	counts := make([]float64, s.k)
	for c := range counts {
		counts[c] = 0.5
	}
	n := 0.5 * float64(s.k)
	for i, v := range y {
		counts[int(v)] += w[i]
		n += w[i]
	}
	for c := range counts {
		counts[c] = math.Log(counts[c] / n)
	}
	return counts
}

func (s softmax) predict(o *kindred.Outcome, z []float32, _ prep.Target, temperature float64) {
	n := len(z) / s.k
	o.Decision, o.Class, o.Probability = make([]float64, len(z)), make([]int, n), make([]float64, len(z))
	for i, v := range z {
		o.Decision[i] = float64(v) / temperature
	}
	for i := range n {
		row, p := o.Decision[i*s.k:(i+1)*s.k], o.Probability[i*s.k:(i+1)*s.k]
		for c, v := range row {
			if v > row[o.Class[i]] {
				o.Class[i] = c
			}
		}
		num.SoftmaxRow(p, row)
	}
}

// poisson is e^z − y z − y + y log y, half the deviance of counts of mean e^z.
type poisson struct{}

// mostLogCount bounds z, so that e^z is finite.
const mostLogCount = 30

func (poisson) outputs() int { return 1 }

func (poisson) loss(z, y, w, d []float32) (s float64) {
	for i, v := range z {
		m, y, w := math.Exp(min(float64(v), mostLogCount)), float64(y[i]), float64(w[i])
		s += w * (m - y*float64(v) - y + xlogx(y))
		d[i] = float32(w * (m - y))
	}
	return s
}

// xlogx is y log y, 0 at 0.
func xlogx(y float64) float64 {
	if y == 0 {
		return 0
	}
	return y * math.Log(y)
}

func (poisson) begin(y, w []float64) []float64 { return []float64{math.Log(mean(y, w) + 1e-3)} }

func (poisson) predict(o *kindred.Outcome, z []float32, _ prep.Target, _ float64) {
	o.Value = make([]float64, len(z))
	for i, v := range z {
		o.Value[i] = math.Exp(min(float64(v), mostLogCount))
	}
}
