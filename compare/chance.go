package compare

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/kindred-mtl/kindred/num"
)

// chances are what each task has to expect, of its gains over splits. With g_t
// the gain of a task and s_t its standard error,
//
//	g_t ~ N(γ_t, s̃_t²),   γ_t ~ (1−ε) N(μ, τ²) + ε N(μ, τ²+ω²),   μ, τ and log ω uniform
//
// so that most tasks are much alike, and a few may be other than all: a normal
// prior alone would draw these to the rest, and say that what harms them helps.
// s̃_t² lies between s_t² and what tasks of as many rows have, as far as the
// standard errors of so few splits or rows are themselves uncertain (Smyth).
// Given τ, ε and ω, a task of the first part has
//
//	γ_t | g ~ N(b_t g_t + (1−b_t) μ̂, b_t s̃_t² + (1−b_t)² var μ̂),   b_t = τ²/(τ² + s̃_t²)
//
// and one of the second the same by τ²+ω²; μ̂ is the mean by the weights of
// both, and its variance that of the curvature there. The three are summed over
// a grid by p(τ, ε, ω | g), for few tasks say little of how much they differ
// (Gelman); half of the prior is of ε = 0. Tasks that are judged by different
// metrics have nothing to do with one another.
//
// Smyth, Linear models and empirical Bayes methods for assessing differential
// expression in microarray experiments, Statistical Applications in Genetics and
// Molecular Biology 3, 2004; Gelman, Prior distributions for variance parameters
// in hierarchical models, Bayesian Analysis 1, 2006; Stephens, False discovery
// rates: a new deal, Biostatistics 18, 2017, of mixtures.
func chances(tasks []Task) []Chance {
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
		alike(tasks, by[metric], out)
	}
	return out
}

// alike fills in the chances of the tasks at these places, of one metric.
func alike(tasks []Task, places []int, out []Chance) {
	n := len(places)
	g, square, rows, free := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	for i, t := range places {
		gain := tasks[t].Gain
		g[i], rows[i], square[i], free[i] = *gain.Value, math.Max(1, float64(tasks[t].Rows)), math.Inf(1), gain.free
		if se := gain.standardError(); !math.IsNaN(se) && gain.free > 0 {
			square[i] = se * se
		}
	}
	moderate(square, rows, free)
	effects{g, square}.tell(places, out)
}

// standardError is that of a gain, by its interval; NaN where that is unbounded.
// The interval of a bootstrap is of the variance of n rows by n, not by n−1.
func (g *Gain) standardError() float64 {
	switch {
	case g.Low == nil || g.High == nil:
		return math.NaN()
	case g.drawn:
		return (*g.High - *g.Low) / 2 / distuv.UnitNormal.Quantile(0.975) * math.Sqrt((g.free+1)/g.free)
	}
	return (*g.High - *g.Low) / 2 / distuv.StudentsT{Sigma: 1, Nu: g.free}.Quantile(0.975)
}

// moderate moves squared standard errors of free degrees of freedom towards
// those of all tasks, which are taken to go with 1/rows. Those that are 0 or not
// finite have no part in what all have; the latter stay.
func moderate(square, rows, free []float64) {
	var logs []float64
	known := 0.0 // of the spread of logs: what their degrees of freedom explain
	for i, v := range square {
		if v > 0 && !math.IsInf(v, 1) {
			logs = append(logs, math.Log(v*rows[i])-mathext.Digamma(free[i]/2)+math.Log(free[i]/2))
			known += trigamma(free[i] / 2)
		}
	}
	if len(logs) < 3 {
		return
	}
	mean, sd, _ := defined(logs)
	prior, at := math.Inf(1), math.Exp(mean)
	if excess := sd*sd - known/float64(len(logs)); excess > 0 {
		half := inverseTrigamma(excess)
		prior, at = 2*half, math.Exp(mean+mathext.Digamma(half)-math.Log(half))
	}
	for i, v := range square {
		if math.IsInf(v, 1) || v == 0 {
			continue
		}
		if square[i] = at / rows[i]; !math.IsInf(prior, 1) {
			square[i] = (prior*at/rows[i] + free[i]*v) / (prior + free[i])
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

// likely is how much less likely than the best a prior may be and still count.
const likely = 1e-4

// tell gives the effects, one a place, as far as they are known by all.
func (e effects) tell(places []int, out []Chance) {
	priors := e.grid()
	fits := make([]fitted, len(priors))
	num.For(len(priors), func(k int) { fits[k] = e.given(priors[k]) })
	most, total := slices.MaxFunc(fits, func(a, b fitted) int { return cmp.Compare(a.log, b.log) }).log, 0.0
	fits = slices.DeleteFunc(fits, func(f fitted) bool { return f.log < most+math.Log(likely) })
	for k := range fits {
		fits[k].weight = math.Exp(fits[k].log - most)
		total += fits[k].weight
	}
	num.For(len(places), func(i int) {
		m := mixture{{1, e.g[i], 0}}
		if e.square[i] > 0 {
			m = nil
		}
		for k := 0; k < len(fits) && e.square[i] > 0; k++ {
			m = fits[k].of(e.g[i], e.square[i], fits[k].weight/total, m)
		}
		c := &out[places[i]]
		c.Gain, c.Probability = finite(m.mean()), finite(1-m.below(0))
		c.Low, c.High = finite(m.quantile(0.025)), finite(m.quantile(0.975))
	})
}

// A prior is how effects differ: by τ, and a share of them by τ²+ω².
type prior struct{ square, share, wide, log float64 }

// grid are priors: τ from none to three times what the effects spread by, a
// share of others from none to a fifth, and these up to 30 times farther off
// than the effects are uncertain.
func (e effects) grid() []prior {
	_, sd, _ := defined(e.g)
	widest, typical := 0.0, []float64{}
	for _, v := range e.square {
		if !math.IsInf(v, 1) {
			widest, typical = math.Max(widest, v), append(typical, v)
		}
	}
	top := 3 * math.Sqrt(sd*sd+widest)
	if !(top > 0) {
		return []prior{{}}
	}
	slices.Sort(typical)
	step := math.Max(middle(typical), 1e-6*top*top)
	shares, times := []float64{0.005, 0.02, 0.05, 0.1, 0.2}, []float64{3, 6, 15, 30}
	const steps = 60
	var out []prior
	for k := range steps {
		tau := top * (float64(k) + 0.5) / steps
		out = append(out, prior{square: tau * tau, log: math.Log(0.5)})
		for _, share := range shares {
			for _, x := range times {
				out = append(out, prior{tau * tau, share, x * x * step, math.Log(0.5 / float64(len(shares)*len(times)))})
			}
		}
	}
	return out
}

// middle is the median of sorted values, 0 of none.
func middle(sorted []float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[len(sorted)/2]
}

// fitted is what follows from a prior: the mean of the effects, its variance,
// and the log of the marginal likelihood, but for a constant.
type fitted struct {
	prior
	mean, variance, log, weight float64
}

// rounds is how often the mean is taken by what effects are then likely to be of
// which part. Without a share of others one is exact.
const rounds = 8

func (e effects) given(p prior) fitted {
	f := fitted{prior: p}
	f.mean, _, _ = defined(e.g)
	if p.share > 0 {
		f.mean = middle(slices.Sorted(slices.Values(e.g)))
	}
	for range rounds {
		total, sum := 0.0, 0.0
		f.log = p.log
		for i, g := range e.g {
			weight, log := f.one(g, e.square[i])
			total, sum, f.log = total+weight, sum+weight*g, f.log+log
		}
		if total == 0 { // every effect is known, or none
			return f
		}
		mean := sum / total
		last := math.Abs(mean-f.mean) <= 1e-9*math.Abs(mean)
		f.mean, f.variance = mean, 1/total
		f.log -= math.Log(total) / 2
		if last {
			break
		}
	}
	return f
}

// one is what an effect weighs in the mean, and the log of its likelihood at the
// mean of now.
func (f *fitted) one(g, square float64) (weight, log float64) {
	v := square + f.square
	if !(v > 0) || math.IsInf(v, 1) {
		return 0, 0
	}
	near := -(math.Log(v) + (g-f.mean)*(g-f.mean)/v) / 2
	if f.share == 0 {
		return 1 / v, near
	}
	other := f.other(g, v, near)
	u := v + f.wide
	far := -(math.Log(u) + (g-f.mean)*(g-f.mean)/u) / 2
	near, far = near+math.Log(1-f.share), far+math.Log(f.share)
	most := math.Max(near, far)
	return (1-other)/v + other/u, most + math.Log(math.Exp(near-most)+math.Exp(far-most))
}

// other is the probability that an effect is one of the others.
func (f *fitted) other(g, v, near float64) float64 {
	u := v + f.wide
	far := -(math.Log(u) + (g-f.mean)*(g-f.mean)/u) / 2
	return 1 / (1 + (1-f.share)/f.share*math.Exp(near-far))
}

// of adds what the effect that was measured as g may be.
func (f *fitted) of(g, square, weight float64, m mixture) mixture {
	other := f.share
	if v := square + f.square; f.share > 0 && !math.IsInf(v, 1) {
		other = f.other(g, v, -(math.Log(v)+(g-f.mean)*(g-f.mean)/v)/2)
	}
	for _, p := range []struct{ weight, square float64 }{{1 - other, f.square}, {other, f.square + f.wide}} {
		if p.weight == 0 {
			continue
		}
		mean, variance := f.mean, p.square+f.variance
		if !math.IsInf(square, 1) {
			b := p.square / (p.square + square)
			mean, variance = b*g+(1-b)*f.mean, b*square+(1-b)*(1-b)*f.variance
		}
		m = append(m, part{weight * p.weight, mean, math.Sqrt(variance)})
	}
	return m
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
