package kernel

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/kindred-mtl/kindred/linear"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/prep"
	"github.com/kindred-mtl/kindred/synth"
)

// toy is a sample of tasks that share some of their rows.
func toy(rng *rand.Rand, n, d int, sizes ...int) *sample {
	x := num.NewMatrix(n, d)
	for i := range x.Data {
		x.Data[i] = rng.NormFloat64()
	}
	s := &sample{x: x, square: squares(x), first: []int{0}}
	for t, size := range sizes {
		total := 0.0
		for _, r := range rng.Perm(n)[:size] {
			s.task, s.row = append(s.task, t), append(s.row, r)
			s.y, s.w = append(s.y, rng.NormFloat64()), append(s.w, float64(1+rng.IntN(2)))
			total += s.w[len(s.w)-1]
		}
		s.first, s.weight = append(s.first, len(s.y)), append(s.weight, total)
	}
	return s
}

var covariances = []covariance{
	{RBF: true}, {RBF: true, ARD: true}, {Linear: true}, {RBF: true, Linear: true}, {RBF: true, ARD: true, Linear: true},
}

func randoms(rng *rand.Rand, n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = 0.5 * rng.NormFloat64()
	}
	return v
}

// likelihood is −2 log p of the contrasts, by its definition.
func likelihood(s *sample, c *covariance, rank int, theta []float64) float64 {
	n, tasks := len(s.y), s.tasks()
	p := c.read(theta, tasks, rank)
	k := num.NewDense(n, n)
	h := num.NewDense(n, tasks)
	for i := range n {
		h.Set(i, s.task[i], 1)
		for j := range n {
			k.Set(i, j, p.between(s.task[i], s.task[j])*naive(c, p.base, s.x, s.row[i], s.row[j]))
		}
		k.Data[i*n+i] += p.noiseOf(s.task[i]) / s.w[i]
	}
	logdet := func(a *num.Dense) float64 {
		values, _ := num.SymEigen(a)
		sum := 0.0
		for _, v := range values {
			sum += math.Log(v)
		}
		return sum
	}
	middle, right := num.NewDense(tasks, tasks), make([]float64, tasks)
	column := make([]float64, n)
	for t := range tasks {
		v := num.SolveSPD(k, h.Col(column, t))
		right[t] = num.Dot(v, s.y)
		for u := range tasks {
			middle.Set(u, t, num.Dot(h.Col(column, u), v))
		}
	}
	mean := num.SolveSPD(middle, right)
	residual := append([]float64(nil), s.y...)
	for i, t := range s.task {
		residual[i] -= mean[t]
	}
	value := logdet(k) + logdet(middle) + num.Dot(residual, num.SolveSPD(k, residual)) + float64(n-tasks)*math.Log(2*math.Pi)
	for i, w := range s.w { // w rows have the log likelihood of their mean, and of the differences
		value += (w-1)*math.Log(2*math.Pi*p.noiseOf(s.task[i])) + math.Log(w)
	}
	return value
}

// naive is k of two rows.
func naive(c *covariance, base []float64, x *num.Matrix, i, j int) float64 {
	_, a := x.Row(i)
	_, b := x.Row(j)
	far, k := 0.0, 0.0
	for col := range a {
		length := 0.0
		if c.RBF {
			length = base[0]
		}
		if c.ARD {
			length = base[col]
		}
		far += (a[col] - b[col]) * (a[col] - b[col]) / (c.Unit * math.Exp(2*length))
	}
	if c.RBF {
		k = math.Exp(-far / 2)
	}
	switch {
	case c.Linear && c.RBF:
		k += math.Exp(base[len(base)-1]) * num.Dot(a, b) / c.Unit
	case c.Linear:
		k = num.Dot(a, b) / c.Unit
	}
	return k
}

// Both evidences are the marginal likelihood, and with fewer landmarks than
// rows a bound of it; their gradients are those of finite differences.
func TestEvidences(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 3))
	for _, c := range covariances {
		c.Width, c.Unit = 3, 2.5
		for _, rank := range []int{0, 1, 2} {
			s := toy(rng, 14, 3, 9, 5, 12)
			theta := randoms(rng, c.parameters(3, rank))
			want := likelihood(s, &c, rank, theta)
			some := make([]int, 6)
			for i := range some {
				some[i] = 2 * i
			}
			for name, e := range map[string]evidence{
				"exact": newExact(s, &c, rank), "all landmarks": newSparse(s, &c, rank, s.x), "few landmarks": newSparse(s, &c, rank, s.x.Select(some)),
			} {
				g := make([]float64, len(theta))
				got := e.minus(g, theta)
				if name == "few landmarks" && c.RBF {
					if !(got > want) {
						t.Errorf("%+v, rank %d: few landmarks have %v, below the %v of all rows", c, rank, got, want)
					}
				} else if math.Abs(got-want) > 1e-6*math.Abs(want) {
					t.Errorf("%+v, rank %d, %s: %v, want %v", c, rank, name, got, want)
				}
				differences(t, name, e, theta, g)
			}
		}
	}
}

func differences(t *testing.T, name string, e evidence, theta, g []float64) {
	t.Helper()
	const h = 1e-5
	rest := make([]float64, len(g))
	for i := range theta {
		at := append([]float64(nil), theta...)
		at[i] += h
		up := e.minus(rest, at)
		at[i] -= 2 * h
		down := e.minus(rest, at)
		if slope := (up - down) / (2 * h); math.Abs(slope-g[i]) > 2e-5*(1+math.Abs(slope)) {
			t.Errorf("%s: slope %d is %v, by differences %v", name, i, g[i], slope)
		}
	}
}

// Predictions are the conditional distribution of a label given the others,
// where the means have a flat prior: the limit of a wide one.
func TestPosteriors(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 5))
	for _, c := range covariances {
		c.Width, c.Unit = 3, 2.5
		s := toy(rng, 14, 3, 9, 5, 12)
		for i := range s.y {
			s.y[i] += 3 * float64(s.task[i]) // the means differ
		}
		theta := randoms(rng, c.parameters(3, 1))
		fresh := num.NewMatrix(4, 3)
		for i := range fresh.Data {
			fresh.Data[i] = 2 * rng.NormFloat64()
		}
		fresh.Data[0] = 40 // far away
		all := &num.Matrix{Rows: 18, Cols: 3, Data: append(append([]float64(nil), s.x.Data...), fresh.Data...)}
		pairs, marks := newExact(s, &c, 1).posterior(theta).at(fresh), newSparse(s, &c, 1, s.x).posterior(theta).at(fresh)
		value, variance := make([]float64, 4), make([]float64, 4)
		again, unsure := make([]float64, 4), make([]float64, 4)
		for task := range 3 {
			pairs(value, variance, task)
			marks(again, unsure, task)
			for i := range value {
				v, u := conditional(s, &c, theta, all, task, 14+i)
				if math.Abs(value[i]-v) > 1e-4*(1+math.Abs(v)) || math.Abs(variance[i]-u) > 1e-4*(1+u) {
					t.Errorf("%+v: task %d, row %d: %v ± %v, want %v ± %v", c, task, i, value[i], variance[i], v, u)
				}
				if math.Abs(value[i]-again[i]) > 1e-6*(1+math.Abs(v)) || math.Abs(variance[i]-unsure[i]) > 1e-6*(1+u) {
					t.Errorf("%+v: task %d, row %d: %v ± %v by pairs, %v ± %v by landmarks", c, task, i, value[i], variance[i], again[i], unsure[i])
				}
			}
		}
	}
}

// conditional is the distribution of a label of row r of x given those of s.
func conditional(s *sample, c *covariance, theta []float64, x *num.Matrix, task, r int) (mean, variance float64) {
	const wide = 1e6 // of the means
	n, p := len(s.y), c.read(theta, 3, 1)
	cov := func(t, i, u, j int) float64 {
		k := p.between(t, u) * naive(c, p.base, x, i, j)
		if t == u {
			k += wide
		}
		return k
	}
	k, across := num.NewDense(n, n), make([]float64, n)
	for i := range n {
		across[i] = cov(task, r, s.task[i], s.row[i])
		for j := range n {
			k.Set(i, j, cov(s.task[i], s.row[i], s.task[j], s.row[j]))
		}
		k.Data[i*n+i] += p.noiseOf(s.task[i]) / s.w[i]
	}
	return num.Dot(across, num.SolveSPD(k, s.y)), cov(task, r, task, r) - num.Dot(across, num.SolveSPD(k, across)) + p.noiseOf(task)
}

// of is what e predicts of every row of x for a task, given θ.
func of(e evidence, theta []float64, x *num.Matrix, t int) (value, variance []float64) {
	value, variance = make([]float64, x.Rows), make([]float64, x.Rows)
	e.posterior(theta).at(x)(value, variance, t)
	return value, variance
}

func alike(t *testing.T, what string, a, b []float64, tol float64) {
	t.Helper()
	for i, v := range a {
		if math.Abs(v-b[i]) > tol*(1+math.Abs(v)) {
			t.Fatalf("%s: %v and %v", what, v, b[i])
		}
	}
}

// Tasks that have nothing in common are processes of their own.
func TestNothingInCommonIsEachAlone(t *testing.T) {
	c := &covariance{RBF: true, Width: 2, Unit: 1.5}
	s := toy(rand.New(rand.NewPCG(6, 6)), 12, 2, 8, 6)
	theta := randoms(rand.New(rand.NewPCG(7, 7)), c.parameters(2, 0))
	for k := range 2 {
		lo, hi := s.first[k], s.first[k+1]
		one := &sample{x: s.x, square: s.square, task: make([]int, hi-lo), row: s.row[lo:hi], y: s.y[lo:hi], w: s.w[lo:hi], first: []int{0, hi - lo}, weight: s.weight[k : k+1]}
		own := []float64{theta[0], theta[1+k], theta[3+k]}
		for name, pair := range map[string][2]evidence{
			"exact": {newExact(s, c, 0), newExact(one, c, 0)}, "landmarks": {newSparse(s, c, 0, s.x), newSparse(one, c, 0, s.x)},
		} {
			a, va := of(pair[0], theta, s.x, k)
			b, vb := of(pair[1], own, s.x, 0)
			alike(t, name, a, b, 1e-9)
			alike(t, name, va, vb, 1e-9)
		}
	}
}

// Tasks with everything in common are one: copies of a task are its rows
// together.
func TestEverythingInCommonIsOneTask(t *testing.T) {
	c := &covariance{RBF: true, Width: 2, Unit: 1.5}
	one := toy(rand.New(rand.NewPCG(8, 8)), 9, 2, 9)
	two := &sample{x: one.x, square: one.square, first: []int{0, 9, 18}, weight: []float64{one.weight[0], one.weight[0]}}
	for k := range 2 {
		for i := range one.y {
			two.task, two.row, two.y, two.w = append(two.task, k), append(two.row, one.row[i]), append(two.y, one.y[i]), append(two.w, one.w[i])
		}
	}
	for i := range one.w {
		one.w[i] *= 2
	}
	one.weight[0] *= 2
	noise := math.Log(0.2)
	pooled, _ := of(newExact(one, c, 0), []float64{-0.3, math.Log(2), noise}, one.x, 0)
	for name, e := range map[string]evidence{"exact": newExact(two, c, 1), "landmarks": newSparse(two, c, 1, two.x)} {
		joint, _ := of(e, []float64{-0.3, math.Sqrt2, math.Sqrt2, -40, -40, noise, noise}, one.x, 1)
		alike(t, name, joint, pooled, 1e-5)
	}
}

// With the linear kernel and B = 11ᵀ/μ + I the mean is that of ridge regression
// with shared weights, of strength σ².
func TestLinearProcessIsSharedRidge(t *testing.T) {
	const mu, lambda = 0.4, 0.7
	s, _, err := (&synth.Tasks{Tasks: 3, Samples: 15, Features: 4, Seed: 2}).Make()
	if err != nil {
		t.Fatal(err)
	}
	ctx, targets := context.Background(), prep.FitTargets(s)
	g, err := newGround(ctx, prep.Options{}, s)
	if err != nil {
		t.Fatal(err)
	}
	model, err := linear.Method{Penalty: &penalty.Shared{Mu: mu}, C: 1 / lambda, Tol: 1e-13}.Fit(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	want, err := model.Predict(ctx, s.Tasks[0].Table, nil)
	if err != nil {
		t.Fatal(err)
	}
	x, err := g.prep.Transform(ctx, s.Tasks[0].Table, nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &covariance{Linear: true, Width: 4, Unit: g.variance()}
	theta := make([]float64, c.parameters(3, 1))
	p := c.read(theta, 3, 1)
	for k := range 3 {
		p.a[k], p.kappa[k], p.noise[k] = math.Sqrt(c.Unit/mu), math.Log(c.Unit-least), math.Log(lambda-least)
	}
	data := g.sample(targets)
	for name, e := range map[string]evidence{"exact": newExact(data, c, 1), "landmarks": newSparse(data, c, 1, data.x)} {
		for k := range 3 {
			got, _ := of(e, theta, x, k)
			for i := range got {
				got[i] = got[i]*targets[k].Scale + targets[k].Center
			}
			alike(t, name, got, want.Tasks[k].Value, 1e-6)
		}
	}
}

// Where a climb ends, no step along its gradient leads higher.
func TestAscentEndsAtAPeak(t *testing.T) {
	s := toy(rand.New(rand.NewPCG(9, 9)), 20, 2, 15, 12)
	a := &ascent{GP: GP{Tol: 1e-6}, sample: s, ctx: context.Background(), c: &covariance{RBF: true, Linear: true, Width: 2, Unit: 2}, rank: 1}
	p, err := a.climb(newExact(s, a.c, 1), nil)
	if err != nil || p.status != "converged" || p.slope > 1e-6 {
		t.Fatalf("%+v, %v", p, err)
	}
	at := &memory{evidence: p.evidence, prior: a.prior}
	g := make([]float64, len(p.theta))
	for i := range p.theta {
		for _, h := range []float64{-0.05, 0.05} {
			theta := append([]float64(nil), p.theta...)
			theta[i] += h
			if v := at.minus(theta); v < p.minus-1e-6 {
				t.Errorf("parameter %d, %+v: −2 log p is %v, below %v", i, h, v, p.minus)
			}
		}
	}
	theta := randoms(rand.New(rand.NewPCG(1, 1)), len(p.theta))
	a.prior(g, theta)
	for i := range theta {
		up, down := append([]float64(nil), theta...), append([]float64(nil), theta...)
		up[i] += 1e-5
		down[i] -= 1e-5
		rest := make([]float64, len(theta))
		if slope := (a.prior(rest, up) - a.prior(rest, down)) / 2e-5; math.Abs(slope-g[i]) > 1e-6 {
			t.Errorf("the prior's slope %d is %v, by differences %v", i, g[i], slope)
		}
	}
}
