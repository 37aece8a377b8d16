package kernel

import (
	"context"
	"errors"
	"math"

	"gonum.org/v1/gonum/optimize"

	"github.com/kindred-mtl/kindred/num"
)

// An ascent climbs the marginal likelihood, by the limited-memory method of
// Broyden, Fletcher, Goldfarb and Shanno.
//
// Nocedal, Wright, Numerical Optimization, 2006, section 7.2.
type ascent struct {
	GP
	*sample
	ctx  context.Context
	c    *covariance
	rank int
}

// A peak is where an ascent ended.
type peak struct {
	evidence
	theta  []float64
	minus  float64 // −2 log p of labels and parameters
	slope  float64 // the length of its gradient, relative to that at the start
	steps  int
	status string
	marks  int  // landmarks; 0: all pairs
	all    bool // every row that differs is one
}

// run climbs by landmarks, and then, where there are few enough labels, by all
// pairs from where that ended.
func (a *ascent) run(g *ground) (*peak, error) {
	pairs := a.Landmarks == 0 && len(a.y) <= allPairs
	if pairs && len(a.y) <= 500 {
		return a.climb(newExact(a.sample, a.c, a.rank), nil)
	}
	most, n := a.Landmarks, float64(len(a.y))
	switch {
	case pairs:
		most = a.affords(min(step, n*n*n/8))
	case most == 0:
		most = a.affords(step)
	}
	marks := g.distinct(max(pool, most)+1, a.Seed)
	all := marks.Rows <= most
	if !all {
		marks = newBasis(&RBF{Gamma: 0.5 / a.c.Unit}, marks, most).x
	}
	p, err := a.climb(newSparse(a.sample, a.c, a.rank, marks), nil)
	if err != nil || !pairs {
		p.marks, p.all = marks.Rows, all
		return p, err
	}
	return a.climb(newExact(a.sample, a.c, a.rank), p.theta)
}

// step is how many multiplications a step takes where landmarks are not
// counted: a hundred steps take about a minute.
const step = 1 << 30

// affords is how many landmarks m keep the nm² + 3Tm³ multiplications of a step
// below this, but from 50 to 1000.
func (s *sample) affords(work float64) int {
	n, tasks, m := float64(len(s.y)), float64(s.tasks()), 50.0
	for m < 1000 && (m+1)*(m+1)*(n+3*tasks*(m+1)) < work {
		m++
	}
	return int(m)
}

// start is where lengths are this multiple of the rows' spread, and the noise
// this share of the variance. Tasks begin with half of it in common; further
// factors begin small, each a wave over the tasks, that they part.
func (a *ascent) start(length, noise float64) []float64 {
	theta := make([]float64, a.c.parameters(a.tasks(), a.rank))
	p := a.c.read(theta, a.tasks(), a.rank)
	for j := range a.c.lengths() {
		p.base[j] = math.Log(length)
	}
	if a.c.RBF && a.c.Linear {
		p.base[a.c.lengths()] = math.Log(0.5)
	}
	for t := range a.tasks() {
		for q := range a.rank {
			wave := math.Cos(math.Pi * float64(q) * (float64(t) + 0.5) / float64(a.tasks()))
			p.factor(t)[q] = math.Sqrt(0.5*(1-noise)) * wave
			if q > 0 {
				p.factor(t)[q] *= 0.3
			}
		}
		p.kappa[t], p.noise[t] = math.Log(0.5*(1-noise)), math.Log(noise)
	}
	return theta
}

// climb goes up from theta, or from the likeliest of eight starts.
func (a *ascent) climb(e evidence, theta []float64) (*peak, error) {
	at := &memory{evidence: e, prior: a.prior}
	first := a.start(1, 0.3)
	at.minus(first)
	scale := num.Norm(at.g)
	if theta == nil {
		theta = first
		best := at.value
		for _, length := range []float64{0.5, 1, 2, 4} {
			for _, noise := range []float64{0.05, 0.5} {
				if err := a.ctx.Err(); err != nil {
					return nil, err
				}
				if from := a.start(length, noise); at.minus(from) < best {
					best, theta = at.value, from
				}
			}
		}
	}
	if at.minus(theta); math.IsInf(at.value, 1) {
		return nil, errors.New("gp: the covariance of the labels is not finite; scale the columns")
	}
	return a.descend(at, theta, scale)
}

// descend minimizes −2 log p from theta; scale is the length of the gradient at
// the first start.
func (a *ascent) descend(at *memory, theta []float64, scale float64) (*peak, error) {
	limit := a.tol() * scale
	problem := optimize.Problem{
		Func: func(x []float64) float64 { return at.minus(x) },
		Grad: func(g, x []float64) {
			at.minus(x)
			copy(g, at.g)
		},
		Status: func() (optimize.Status, error) {
			if err := a.ctx.Err(); err != nil {
				return optimize.Failure, err
			}
			return optimize.NotTerminated, nil
		},
	}
	settings := &optimize.Settings{Converger: gentle(limit), GradientThreshold: math.NaN(), MajorIterations: a.maxIter()}
	r, err := optimize.Minimize(problem, theta, settings, &optimize.LBFGS{})
	if a.ctx.Err() != nil {
		return nil, a.ctx.Err()
	}
	if r == nil {
		return nil, err
	}
	at.minus(r.X)
	p := &peak{evidence: at.evidence, theta: r.X, minus: at.value, steps: r.MajorIterations, status: "stalled"}
	if scale > 0 {
		p.slope = num.Norm(at.g) / scale
	}
	switch {
	case p.slope <= a.tol():
		p.status = "converged"
	case r.Status == optimize.IterationLimit:
		p.status = "step limit"
	}
	return p, nil
}

// gentle is the length of a gradient at which a climb ends.
type gentle float64

func (gentle) Init(int) {}

func (limit gentle) Converged(at *optimize.Location) optimize.Status {
	if num.Norm(at.Gradient) <= float64(limit) {
		return optimize.GradientThreshold
	}
	return optimize.NotTerminated
}

// A memory is an evidence that keeps what it was asked last.
type memory struct {
	evidence
	prior    func(g, theta []float64) float64
	theta, g []float64
	value    float64
}

func (m *memory) minus(theta []float64) float64 {
	if m.theta != nil && same(m.theta, theta) {
		return m.value
	}
	m.theta, m.g = append(m.theta[:0], theta...), make([]float64, len(theta))
	m.value = m.evidence.minus(m.g, theta)
	if m.value += m.prior(m.g, theta); math.IsNaN(m.value) || math.IsNaN(num.Sum(m.g)) {
		m.value = math.Inf(1)
		clear(m.g)
	}
	return m.value
}

func same(a, b []float64) bool {
	for i, v := range a {
		if v != b[i] {
			return false
		}
	}
	return true
}

// prior is −2 log of the prior of the parameters, up to a constant, and adds its
// gradient to g: normal, and so wide that it decides only where the labels say
// next to nothing, as of the noise of a task of few rows.
func (a *ascent) prior(g, theta []float64) float64 {
	p, d := a.c.read(theta, a.tasks(), a.rank), a.c.read(g, a.tasks(), a.rank)
	start := a.c.read(a.start(1, 0.3), a.tasks(), a.rank)
	value := 0.0
	pull := func(g, x []float64, center func(int) float64, wide float64) {
		for i, v := range x {
			r := (v - center(i)) / wide
			value += r * r
			g[i] += 2 * r / wide
		}
	}
	pull(d.base, p.base, func(i int) float64 { return start.base[i] }, 1)
	pull(d.a, p.a, func(int) float64 { return 0 }, 3)
	pull(d.kappa, p.kappa, func(i int) float64 { return start.kappa[i] }, 3)
	pull(d.noise, p.noise, func(i int) float64 { return start.noise[i] }, 2)
	return value
}
