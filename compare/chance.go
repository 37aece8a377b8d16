package compare

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"
)

// chances are what each task has to expect, of its gains over splits. With g_t
// the gain of a task and s_t its standard error,
//
//	g_t ~ N(γ_t, s̃_t²),   γ_t ~ N(μ, τ²),   μ and τ uniform
//
// s̃_t² lies between s_t² and what tasks of as many rows have, as far as the
// standard errors of so few splits are themselves uncertain (Smyth). Given τ,
//
//	γ_t | g, τ ~ N(b_t g_t + (1−b_t) μ̂, b_t s̃_t² + (1−b_t)² var μ̂),   b_t = τ²/(τ² + s̃_t²)
//
// where μ̂ is the mean by weights 1/(s̃_t² + τ²); τ is summed over a grid by
// p(τ | g), for few tasks say little of how much they differ (Gelman). Tasks that
// are judged by different metrics have nothing to do with one another.
//
// Smyth, Linear models and empirical Bayes methods for assessing differential
// expression in microarray experiments, Statistical Applications in Genetics and
// Molecular Biology 3, 2004; Gelman, Prior distributions for variance parameters
// in hierarchical models, Bayesian Analysis 1, 2006.
func chances(tasks []Task, splits int) []Chance {
	out := make([]Chance, len(tasks))
	by := map[string][]int{}
	var metrics []string
	for t := range tasks {
		out[t].Task = tasks[t].Task
		g := tasks[t].Gain
		if g == nil || g.Value == nil {
			continue
		}
		if by[g.Metric] == nil {
			metrics = append(metrics, g.Metric)
		}
		by[g.Metric] = append(by[g.Metric], t)
	}
	for _, metric := range metrics {
		alike(tasks, by[metric], splits, out)
	}
	return out
}

// alike fills in the chances of the tasks at these places, of one metric.
func alike(tasks []Task, places []int, splits int, out []Chance) {
	free := math.Inf(1)
	if splits > 1 {
		free = float64(splits - 1)
	}
	g, square, rows := make([]float64, len(places)), make([]float64, len(places)), make([]float64, len(places))
	for i, t := range places {
		g[i], rows[i], square[i] = *tasks[t].Gain.Value, math.Max(1, float64(tasks[t].Rows)), math.Inf(1)
		if se := tasks[t].Gain.standardError(splits); !math.IsNaN(se) {
			square[i] = se * se
		}
	}
	moderate(square, rows, free)
	effects{g, square}.tell(places, out)
}

// standardError is that of a gain, by its interval; NaN where that is unbounded.
func (g *Gain) standardError(splits int) float64 {
	if g.Low == nil || g.High == nil {
		return math.NaN()
	}
	quantile := distuv.UnitNormal.Quantile(0.975) // of a bootstrap
	if splits > 1 {
		quantile = distuv.StudentsT{Sigma: 1, Nu: float64(splits - 1)}.Quantile(0.975)
	}
	return (*g.High - *g.Low) / 2 / quantile
}

// moderate moves squared standard errors of free degrees of freedom towards
// those of all tasks, which are taken to go with 1/rows. Those that are 0 or not
// finite have no part in what all have; the latter stay.
func moderate(square, rows []float64, free float64) {
	var logs []float64
	for i, v := range square {
		if v > 0 && !math.IsInf(v, 1) {
			logs = append(logs, math.Log(v*rows[i])-mathext.Digamma(free/2)+math.Log(free/2))
		}
	}
	if math.IsInf(free, 1) || len(logs) < 3 {
		return
	}
	mean, sd, _ := defined(logs)
	prior, at := math.Inf(1), math.Exp(mean)
	if excess := sd*sd - trigamma(free/2); excess > 0 {
		half := inverseTrigamma(excess)
		prior, at = 2*half, math.Exp(mean+mathext.Digamma(half)-math.Log(half))
	}
	for i, v := range square {
		if math.IsInf(v, 1) || v == 0 {
			continue
		}
		if square[i] = at / rows[i]; !math.IsInf(prior, 1) {
			square[i] = (prior*at/rows[i] + free*v) / (prior + free)
		}
	}
}

func trigamma(x float64) float64 { return mathext.Zeta(2, x) }

// inverseTrigamma finds y with trigamma(y) = x > 0, by bisection in log y: it
// falls from ∞ to 0.
func inverseTrigamma(x float64) float64 {
	low, high := math.Log(1e-8), math.Log(1e8)
	for range 100 {
		middle := (low + high) / 2
		if trigamma(math.Exp(middle)) > x {
			low = middle
		} else {
			high = middle
		}
	}
	return math.Exp((low + high) / 2)
}

// effects are measured with squared errors; 0 of one that is known, +Inf of one
// of which nothing is.
type effects struct{ g, square []float64 }

// tell gives the effects, one a place, as far as they are known by all.
func (e effects) tell(places []int, out []Chance) {
	taus := e.grid()
	logs, fits := make([]float64, len(taus)), make([]fitted, len(taus))
	for k, tau := range taus {
		fits[k] = e.given(tau)
		logs[k] = fits[k].log
	}
	most, total := slices.Max(logs), 0.0
	for k := range logs {
		logs[k] = math.Exp(logs[k] - most)
		total += logs[k]
	}
	for i, t := range places {
		var m mixture
		for k := range fits {
			mean, variance := fits[k].of(e.g[i], e.square[i])
			m = append(m, part{logs[k] / total, mean, math.Sqrt(variance)})
		}
		c := &out[t]
		c.Gain, c.Probability = finite(m.mean()), finite(1-m.below(0))
		c.Low, c.High = finite(m.quantile(0.025)), finite(m.quantile(0.975))
	}
}

// grid are values of τ, from none to three times what the effects spread by.
func (e effects) grid() []float64 {
	_, sd, _ := defined(e.g)
	widest := 0.0
	for _, v := range e.square {
		if !math.IsInf(v, 1) {
			widest = math.Max(widest, v)
		}
	}
	top := 3 * math.Sqrt(sd*sd+widest)
	if !(top > 0) {
		return []float64{0}
	}
	const steps = 100
	out := make([]float64, steps)
	for k := range out {
		out[k] = top * (float64(k) + 0.5) / steps
	}
	return out
}

// fitted is what follows from a τ: the mean of the effects, its variance, and
// the log of the marginal likelihood, but for a constant.
type fitted struct{ square, mean, variance, log float64 }

func (e effects) given(tau float64) fitted {
	f := fitted{square: tau * tau}
	total := 0.0
	for i := range e.g {
		if v := e.square[i] + f.square; v > 0 && !math.IsInf(v, 1) {
			total, f.mean, f.log = total+1/v, f.mean+e.g[i]/v, f.log-math.Log(v)/2
		}
	}
	if total == 0 { // every effect is known, or none
		f.mean, _, _ = defined(e.g)
		return f
	}
	f.mean, f.variance = f.mean/total, 1/total
	f.log -= math.Log(total) / 2
	for i := range e.g {
		if v := e.square[i] + f.square; v > 0 && !math.IsInf(v, 1) {
			f.log -= (e.g[i] - f.mean) * (e.g[i] - f.mean) / v / 2
		}
	}
	return f
}

// of is the effect that was measured as g.
func (f fitted) of(g, square float64) (mean, variance float64) {
	switch {
	case square == 0:
		return g, 0
	case math.IsInf(square, 1):
		return f.mean, f.square + f.variance
	}
	b := f.square / (f.square + square)
	return b*g + (1-b)*f.mean, b*square + (1-b)*(1-b)*f.variance
}

// A mixture is one of normal distributions.
type mixture []part

type part struct{ weight, mean, sd float64 }

func (m mixture) mean() (mean float64) {
	for _, p := range m {
		mean += p.weight * p.mean
	}
	return mean
}

// below is the probability of x and less; a part without a spread lies below
// where it is x.
func (m mixture) below(x float64) (p float64) {
	for _, d := range m {
		switch {
		case d.sd > 0:
			p += d.weight * distuv.UnitNormal.CDF((x-d.mean)/d.sd)
		case d.mean <= x:
			p += d.weight
		}
	}
	return math.Min(1, p)
}

// quantile is found by bisection, between the outermost that parts have.
func (m mixture) quantile(p float64) float64 {
	low, high := math.Inf(1), math.Inf(-1)
	for _, d := range m {
		at := d.mean + d.sd*distuv.UnitNormal.Quantile(p)
		low, high = math.Min(low, at), math.Max(high, at)
	}
	for range 60 {
		if middle := low + (high-low)/2; m.below(middle) < p {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}
