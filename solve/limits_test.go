package solve

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
)

// Facts about solutions that no solver knows of: closed forms, limits, and
// problems that are others in disguise.

// W is 0 from λ_max on, and not below.
func TestZero(t *testing.T) {
	for _, pen := range []penalty.Penalty{penalty.L21{}, penalty.Lasso{}, &penalty.ElasticNet{}, penalty.Trace{}} {
		for _, l := range []loss.Loss{loss.Squared{}, loss.Logistic{}} {
			for i, s := range shapes {
				if s.name == "one row" {
					continue
				}
				classes := 0
				if l == (loss.Logistic{}) {
					classes = 2
				}
				p := s.random(uint64(i), l, classes)
				lambda := strength(p, pen)
				for share, zero := range map[float64]bool{1 + 1e-9: true, 2: true, 0.999: false} {
					p.Penalty = pen.On(p.Layout, share*lambda)
					for name, solver := range solversOf(p) {
						r := solveTo(t, solver, p, 1e-12, 5000)
						if got := len(support(r.Point.W)) == 0; got != zero {
							t.Errorf("%s, %T, %T, %s: at %v of the strength W = 0 is %v", name, pen, l, s.name, share, got)
						}
					}
				}
			}
		}
	}
}

// Rows of orthonormal features shrink by themselves: W_j = (1 − λ/‖g_j‖)₊ g_j.
func TestOrthonormal(t *testing.T) {
	const n, d, k = 8, 5, 3
	x := num.NewMatrix(n, d)
	for i := range n {
		for j := range d {
			sign := 1.0
			for bits := i & (j + 1); bits > 0; bits &= bits - 1 {
				sign = -sign
			}
			x.Data[i*d+j] = sign / math.Sqrt(n)
		}
	}
	rng := rand.New(rand.NewPCG(1, 1))
	p := &Problem{}
	want := num.NewDense(d, k)
	for c := range k {
		y := make([]float64, n)
		for i := range y {
			y[i] = 3 * rng.NormFloat64()
			for j := range d {
				want.Data[j*k+c] += x.At(i, j) * y[i]
			}
		}
		p.Tasks = append(p.Tasks, Task{X: x, Y: y, Loss: loss.Squared{}, Outputs: 1})
	}
	p.layOut()
	p.regularized(penalty.L21{}, 0.6)
	lambda := p.Penalty.Value(&num.Dense{Rows: 1, Cols: 1, Data: []float64{1}})
	for j := range d {
		row, length := want.Row(j), num.Norm(want.Row(j))
		for c := range row {
			row[c] *= math.Max(0, 1-lambda/length)
		}
	}
	for name, s := range solversOf(p) {
		near(t, name, solveTo(t, s, p, 1e-14, 1000).Point.W.Data, want.Data, 1e-8)
	}
}

// A target given twice is the lasso at λ/√2 given once.
func TestSameTargetTwice(t *testing.T) {
	for i, s := range shapes {
		if s.tasks < 2 || s.name == "one row" {
			continue
		}
		p := s.random(uint64(i), loss.Squared{}, 0)
		one := &Problem{Tasks: p.Tasks[:1]}
		one.layOut()
		lambda := 0.3 * strength(one, penalty.Lasso{})
		one.Penalty = penalty.L21{}.On(one.Layout, lambda)
		lasso := &Problem{Tasks: p.Tasks[:1], Layout: one.Layout, Penalty: penalty.Lasso{}.On(one.Layout, lambda)}
		two := &Problem{Tasks: []Task{p.Tasks[0], p.Tasks[0]}}
		two.layOut()
		two.Penalty = penalty.L21{}.On(two.Layout, lambda*math.Sqrt2)
		for name, solver := range solversOf(one) {
			const tolerance = 1e-8
			want := solveTo(t, solver, lasso, 1e-15, 20000)
			near(t, name+", "+s.name+": L21 of one task", solveTo(t, solver, one, 1e-15, 20000).Point.W.Data, want.Point.W.Data, tolerance)
			got := solveTo(t, solver, two, 1e-15, 20000)
			for c := range 2 {
				near(t, name+", "+s.name+": a target twice", got.Point.W.Col(make([]float64, two.Features()), c), want.Point.W.Data, tolerance)
			}
		}
	}
}

// The L21 of tasks with rows of their own is the group lasso on the block
// diagonal matrix of these rows, here by plain proximal gradient.
func TestBlockDiagonal(t *testing.T) {
	p := shapes[0].random(5, loss.Squared{}, 0).regularized(penalty.L21{}, 0.2)
	lambda := p.Penalty.Value(&num.Dense{Rows: 1, Cols: 1, Data: []float64{1}})
	d, k := p.Features(), p.Columns()
	w, g := make([]float64, d*k), make([]float64, d*k) // task after task
	bend := 0.0
	for _, task := range p.Tasks {
		bend = math.Max(bend, num.Dot(task.X.Data, task.X.Data))
	}
	for range 20000 {
		clear(g)
		for t, task := range p.Tasks {
			own, mean := w[t*d:(t+1)*d], 0.0
			r := make([]float64, len(task.Y))
			for i, y := range task.Y {
				r[i] = task.X.Dot(i, own) - y
				mean += r[i] / float64(len(r))
			}
			for i := range r {
				task.X.Axpy(i, r[i]-mean, g[t*d:(t+1)*d])
			}
		}
		num.Axpy(-1/bend, g, w)
		for j := range d {
			length := 0.0
			for t := range k {
				length += w[t*d+j] * w[t*d+j]
			}
			for t := range k {
				w[t*d+j] *= math.Max(0, 1-lambda/bend/math.Sqrt(length))
			}
		}
	}
	for name, s := range solversOf(p) {
		got := solveTo(t, s, p, 1e-13, 20000).Point.W
		for c := range k {
			near(t, name, got.Col(make([]float64, d), c), w[c*d:(c+1)*d], 1e-8)
		}
	}
}

// The gradient of the loss lies in the subdifferential of the penalty: of rows
// by their distance; of the trace norm, −∇f/λ = UVᵀ + M, ‖M‖ ≤ 1, UᵀM = 0, MV = 0.
func TestOptimality(t *testing.T) {
	for i, s := range shapes {
		for _, pen := range []penalty.Penalty{penalty.L21{}, penalty.Lasso{}, &penalty.ElasticNet{}} {
			p := s.random(uint64(i), loss.Squared{}, 0)
			size := strength(p, pen)
			p.regularized(pen, 0.1)
			for name, solver := range solversOf(p) {
				r := solveTo(t, solver, p, 1e-13, 20000)
				g, f := Gradient(p, r.Point), p.Penalty.(penalty.RowSeparable)
				for j := range g.Rows {
					if off := f.RowDistance(r.Point.W.Row(j), g.Row(j)); off > 1e-7*size {
						t.Errorf("%s, %s, %T: row %d is %g off optimality (%s, gap %g)", name, s.name, pen, j, off/size, r.Status, r.Certificate.Value)
					}
				}
			}
		}
	}
	for i, s := range shapes {
		p := s.random(uint64(i), loss.Squared{}, 0)
		lambda := 0.2 * strength(p, penalty.Trace{})
		if lambda == 0 {
			continue
		}
		p.Penalty = penalty.Trace{}.On(p.Layout, lambda)
		x := solveTo(t, &FISTA{}, p, 1e-13, 20000).Point
		g := Gradient(p, x)
		u, sigma, v := num.SVD(x.W)
		m := num.NewDense(g.Rows, g.Cols)
		num.Axpy(-1/lambda, g.Data, m.Data)
		for c, value := range sigma {
			if value <= 1e-9*sigma[0] {
				continue
			}
			for j := range m.Rows {
				for l := range m.Cols {
					m.Data[j*m.Cols+l] -= u.At(j, c) * v.At(l, c)
				}
			}
		}
		for c, value := range sigma {
			if value <= 1e-9*sigma[0] {
				continue
			}
			left, right := make([]float64, m.Cols), make([]float64, m.Rows)
			for j := range m.Rows {
				for l := range m.Cols {
					left[l] += u.At(j, c) * m.At(j, l)
					right[j] += m.At(j, l) * v.At(l, c)
				}
			}
			if num.Norm(left) > 1e-7 || num.Norm(right) > 1e-7 {
				t.Errorf("%s: the trace norm's subgradient is off by %g and %g", s.name, num.Norm(left), num.Norm(right))
			}
		}
		if top := num.SingularValues(m)[0]; top > 1+1e-8 {
			t.Errorf("%s: ‖M‖ is %v", s.name, top)
		}
	}
}

// The lasso, and the ridge, of several tasks are those of each alone.
func TestEntriesSeparate(t *testing.T) {
	for i, s := range shapes {
		for _, pen := range []penalty.Penalty{penalty.Lasso{}, &penalty.ElasticNet{}, penalty.Ridge{}} {
			p := s.random(uint64(i), loss.Squared{}, 0)
			lambda, solver := 3.0, Solver(&Newton{})
			if _, ok := pen.(penalty.Ridge); !ok {
				lambda, solver = 0.1*strength(p, pen), &BCD{}
			}
			p.Penalty = pen.On(p.Layout, lambda)
			together := solveTo(t, solver, p, 1e-15, 2000).Point.W
			for u := range p.Tasks {
				one := &Problem{Tasks: p.Tasks[u : u+1]}
				one.layOut()
				one.Penalty = pen.On(one.Layout, lambda)
				alone := solveTo(t, solver, one, 1e-15, 2000).Point.W
				near(t, fmt.Sprintf("%s, %T, task %d", s.name, pen, u), together.Col(make([]float64, p.Features()), u), alone.Data, 1e-7)
			}
		}
	}
}

// The trace norm of one task is the length of its weights: −∇f = λ w/‖w‖.
func TestTraceOfOneTask(t *testing.T) {
	for i, s := range shapes {
		p := s.random(uint64(i), loss.Squared{}, 0)
		p.Tasks = p.Tasks[:1]
		p.layOut()
		if s.name == "one row" {
			continue
		}
		lambda := 0.3 * strength(p, penalty.Trace{})
		p.Penalty = penalty.Trace{}.On(p.Layout, lambda)
		x := solveTo(t, &FISTA{}, p, 1e-15, 50000).Point
		g, length := Gradient(p, x).Data, num.Norm(x.W.Data)
		for j, w := range x.W.Data {
			if off := g[j] + lambda*w/length; math.Abs(off) > 1e-7*lambda {
				t.Errorf("%s: the gradient is %g λ off at %d", s.name, off/lambda, j)
			}
		}
	}
}

// sharing are the losses that shared weights are solved exactly for.
var sharing = []struct {
	l       loss.Loss
	classes int
	solver  Solver
}{{loss.Squared{}, 0, &Newton{}}, {loss.Logistic{}, 2, &Newton{}}, {loss.SquaredHinge{}, 2, &Newton{}}, {loss.Hinge{}, 2, &Interior{}}}

// near8 compares solutions and their objectives, to 1e-8.
func near8(t *testing.T, what string, a, b Result, w, want []float64) {
	t.Helper()
	near(t, what+": W", w, want, 1e-8)
	near(t, what+": objective", []float64{a.Objective}, []float64{b.Objective}, 1e-8)
}

// Shared weights are a ridge of all rows together in the features
//
//	(x/√μ, 0, …, x, …, 0),   x at its task,
//
// with θ = (√μ w0, v_1, …, v_T), w0 = T/(μ + T) mean_t w_t, which is λ1/(λ1 + λ2)
// mean_t w_t in the terms of Evgeniou and Pontil, μ = Tλ2/λ1.
func TestSharedIsARidge(t *testing.T) {
	for i, s := range shapes {
		for _, c := range sharing {
			const mu, lambda = 0.7, 2.0
			p := s.random(uint64(i), c.l, c.classes)
			d, k := p.Features(), len(p.Tasks)
			one := Task{Loss: c.l, Outputs: 1, Fixed: []float64{0.25}, X: num.NewMatrix(0, d*(k+1))}
			for u := range p.Tasks {
				task := &p.Tasks[u]
				task.Fixed = []float64{0.25}
				for r := range task.X.Rows {
					row := make([]float64, d*(k+1))
					for j := range d {
						row[j], row[(u+1)*d+j] = task.X.At(r, j)/math.Sqrt(mu), task.X.At(r, j)
					}
					one.X.Data = append(one.X.Data, row...)
					one.X.Rows++
					one.Y, one.Weight = append(one.Y, task.Y[r]), append(one.Weight, weightAt(task, r))
				}
			}
			p.Penalty = (&penalty.Shared{Mu: mu}).On(p.Layout, lambda)
			q := &Problem{Tasks: []Task{one}}
			q.layOut()
			q.Penalty = penalty.Ridge{}.On(q.Layout, lambda)
			what := fmt.Sprintf("%s, %T", s.name, c.l)
			a, b := solveTo(t, c.solver, p, 1e-14, 50), solveTo(t, c.solver, q, 1e-14, 50)
			theta := b.Point.W.Data
			var w, want []float64
			for j := range d {
				mean := 0.0
				for u := range k {
					mean += a.Point.W.At(j, u) / float64(k)
					w, want = append(w, a.Point.W.At(j, u)), append(want, theta[j]/math.Sqrt(mu)+theta[(u+1)*d+j])
				}
				w, want = append(w, float64(k)/(mu+float64(k))*mean), append(want, theta[j]/math.Sqrt(mu))
			}
			near8(t, what, a, b, w, want)
		}
	}
}

// In the terms of Evgeniou and Pontil, λ1 = Tλ/2 and λ2 = μλ/2, shared weights
// are those of
//
//	Σ loss + ρ1 Σ‖w_t‖² + ρ2 Σ‖w_t − w̄‖²,   ρ1 = λ1λ2/(T(λ1 + λ2)),   ρ2 = λ1²/(T(λ1 + λ2))
func TestSharedPullsToTheMean(t *testing.T) {
	for i, s := range shapes {
		for _, c := range sharing[:3] {
			const mu, lambda = 0.3, 1.5
			p := s.random(uint64(i), c.l, c.classes).regularized(&penalty.Shared{Mu: mu}, lambda)
			x := solveTo(t, c.solver, p, 1e-15, 50).Point
			g, k := Gradient(p, x), float64(len(p.Tasks))
			l1, l2 := k*lambda/2, mu*lambda/2
			rho1, rho2 := l1*l2/(k*(l1+l2)), l1*l1/(k*(l1+l2))
			var slope, zero []float64
			for j := range g.Rows {
				row := x.W.Row(j)
				mean := num.Sum(row) / k
				for u, w := range row {
					slope = append(slope, g.At(j, u)+2*rho1*w+2*rho2*(w-mean))
					zero = append(zero, 0)
				}
			}
			for a := range slope { // on the scale of the gradient
				slope[a] /= 1 + num.Norm(g.Data)
			}
			near(t, fmt.Sprintf("%s, %T", s.name, c.l), slope, zero, 1e-8)
		}
	}
}

// Without bound on the coupling, shared weights are one vector for all, which
// keep their intercepts; with none they are ridges.
func TestLimitsOfShared(t *testing.T) {
	for i, s := range shapes {
		for _, c := range sharing {
			p := s.random(uint64(i), c.l, c.classes)
			solve := func(pen penalty.Penalty, lambda float64) Result {
				p.Penalty = pen.On(p.Layout, lambda)
				return solveTo(t, c.solver, p, 1e-14, 50)
			}
			what := fmt.Sprintf("%s, %T", s.name, c.l)
			a, b := solve(&penalty.Shared{Mu: 2e-11}, 1e11), solve(penalty.Common{}, 2)
			near8(t, what+", λ → ∞, μλ = 2", a, b, a.Point.W.Data, b.Point.W.Data)
			a, b = solve(&penalty.Shared{Mu: 1e11}, 2), solve(penalty.Ridge{}, 2)
			near8(t, what+", μ → ∞", a, b, a.Point.W.Data, b.Point.W.Data)
		}
	}
}

// Tasks with the same rows and labels, or just one, have a ridge of strength
// λμ/(μ + T) each.
func TestSharedOfTheSame(t *testing.T) {
	for i, s := range shapes {
		for _, c := range sharing {
			const mu, lambda = 0.6, 2.0
			p := s.random(uint64(i), c.l, c.classes)
			for k := 1; k <= 3; k++ {
				same := &Problem{}
				for range k {
					same.Tasks = append(same.Tasks, p.Tasks[0])
				}
				same.layOut()
				same.Penalty = (&penalty.Shared{Mu: mu}).On(same.Layout, lambda)
				one := &Problem{Tasks: p.Tasks[:1]}
				one.layOut()
				one.Penalty = penalty.Ridge{}.On(one.Layout, lambda*mu/(mu+float64(k)))
				a, b := solveTo(t, c.solver, same, 1e-14, 50), solveTo(t, c.solver, one, 1e-14, 50)
				a.Objective /= float64(k)
				for u := range k {
					near8(t, fmt.Sprintf("%s, %T, %d tasks", s.name, c.l, k), a, b, a.Point.W.Col(make([]float64, p.Features()), u), b.Point.W.Data)
				}
			}
		}
	}
}

// Shared weights of squared loss predict the posterior mean of a Gaussian
// process with covariance (1/μ + 1[s = t]) x·x′ and noise λ.
func TestSharedIsAGaussianProcess(t *testing.T) {
	for i, s := range shapes {
		if s.weights {
			continue
		}
		const mu, lambda = 0.4, 1.7
		p := s.random(uint64(i), loss.Squared{}, 0).regularized(&penalty.Shared{Mu: mu}, lambda)
		type labelled struct {
			task, row int
			y         float64
		}
		var rows []labelled
		for u := range p.Tasks {
			p.Tasks[u].Fixed = []float64{0}
			for r, y := range p.Tasks[u].Y {
				rows = append(rows, labelled{u, r, y})
			}
		}
		n := len(rows)
		k, noisy, y := mat.NewDense(n, n, nil), mat.NewDense(n, n, nil), mat.NewVecDense(n, nil)
		for a, from := range rows {
			y.SetVec(a, from.y)
			for b, to := range rows {
				v := 0.0
				for j := range p.Features() {
					v += p.Tasks[from.task].X.At(from.row, j) * p.Tasks[to.task].X.At(to.row, j)
				}
				v *= 1 / mu
				if from.task == to.task {
					v *= 1 + mu
				}
				k.Set(a, b, v)
				noisy.Set(a, b, v)
			}
			noisy.Set(a, a, noisy.At(a, a)+lambda)
		}
		var weights, mean mat.VecDense
		if err := weights.SolveVec(noisy, y); err != nil {
			t.Fatal(err)
		}
		mean.MulVec(k, &weights)
		x := solveTo(t, &Newton{}, p, 1e-14, 10).Point
		var got, want []float64
		for a, r := range rows {
			got, want = append(got, Outputs(p, x, r.task)[r.row]), append(want, mean.AtVec(a))
		}
		near(t, s.name, got, want, 1e-8)
	}
}
