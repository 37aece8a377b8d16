package score

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// An Interval is an estimate with its 95 % interval and the two-sided p-value
// of its being 0. Where nothing can be said the interval is unbounded and P is
// 1.
type Interval struct{ Value, Low, High, P float64 }

// Resampled is the mean of differences d, one a split of the same rows, by the
// t test that is corrected for the overlap of the splits' training rows.
//
//	t = d̄ / √((1/k + n_test/n_train) s²)     k − 1 degrees of freedom
//
// k = len(d), s² their variance with divisor k − 1. Where the differences are
// all one number there is no variance to judge by: unless it is 0, the
// interval is unbounded and P is 1.
//
// Nadeau, Bengio, Inference for the generalization error, Machine Learning 52,
// 2003, the corrected resampled t-test.
func Resampled(d []float64, testOverTrain float64) Interval {
	k := float64(len(d))
	mean, square := 0.0, 0.0
	for _, v := range d {
		mean += v / k
	}
	for _, v := range d {
		square += (v - mean) * (v - mean)
	}
	out := Interval{mean, math.Inf(-1), math.Inf(1), 1}
	const rounding = 1e-12
	switch {
	case len(d) < 2:
		return out
	case square <= k*rounding*rounding*mean*mean:
		if mean == 0 {
			out.Low, out.High = 0, 0
		}
		return out
	}
	se := math.Sqrt((1/k + testOverTrain) * square / (k - 1))
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: k - 1}
	half := t.Quantile(0.975) * se
	return Interval{mean, mean - half, mean + half, 2 * t.CDF(-math.Abs(mean)/se)}
}

// Bootstrap is f of n rows that count once each, with the interval between the
// 2.5 % and 97.5 % quantiles of f over draws in which n rows are drawn with
// replacement: count[i] says how often row i was. To compare two methods let f
// be the difference of a metric, both with weights multiplied by count: the
// rows are then paired. P is twice the smaller share of draws on either side
// of 0. Draws where f is NaN are left out.
//
// Efron, Bootstrap methods: another look at the jackknife, Annals of
// Statistics 7, 1979; Efron, Tibshirani, An Introduction to the Bootstrap,
// 1993, chapters 13 and 16.
func Bootstrap(n, draws int, seed uint64, f func(count []float64) float64) Interval {
	count := slices.Repeat([]float64{1}, n)
	out := Interval{f(count), math.Inf(-1), math.Inf(1), 1}
	if n < 2 {
		return out
	}
	rng := rand.New(rand.NewPCG(seed, 0x626f6f74))
	values := make([]float64, 0, draws)
	above, below := 0.0, 0.0
	for range draws {
		clear(count)
		for range n {
			count[rng.IntN(n)]++
		}
		v := f(count)
		if math.IsNaN(v) {
			continue
		}
		values = append(values, v)
		if v >= 0 {
			above++
		}
		if v <= 0 {
			below++
		}
	}
	if len(values) == 0 {
		return out
	}
	slices.Sort(values)
	at := func(q float64) float64 { return values[int(q*float64(len(values)-1)+0.5)] }
	out.Low, out.High = at(0.025), at(0.975)
	out.P = min(1, 2*(min(above, below)+1)/float64(len(values)+1))
	return out
}

// Holm adjusts p-values for their number, so that those below a level are
// wrong about any true hypothesis at most that often: the i-th smallest of m
// is multiplied by m − i + 1, and none falls below a smaller one. A p-value
// that is NaN was not tested: it stays NaN and does not count.
//
// Holm, A simple sequentially rejective multiple test procedure, Scandinavian
// Journal of Statistics 6, 1979.
func Holm(p []float64) []float64 {
	out := slices.Clone(p)
	var order []int
	for i, v := range p {
		if !math.IsNaN(v) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[a], p[b]) })
	floor := 0.0
	for rank, i := range order {
		floor = max(floor, min(1, p[i]*float64(len(order)-rank)))
		out[i] = floor
	}
	return out
}
