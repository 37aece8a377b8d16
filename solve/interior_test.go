package solve

import (
	"context"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
)

// machines are support vector machines on every shape, and on what is odd:
// a task without rows, tasks of one class whose intercepts are fixed or free,
// several slots, features that say nothing, classes that a plane parts.
func machines(f func(name string, p *Problem)) {
	for i, s := range shapes {
		f(s.name, s.random(uint64(i), loss.Hinge{}, 2))
	}
	odd := func(name string, change func(p *Problem)) {
		p := shapes[0].random(17, loss.Hinge{}, 2)
		change(p)
		f(name, p)
	}
	odd("a task without rows", func(p *Problem) {
		p.Tasks[2] = Task{X: p.Tasks[2].X.Select(nil), Loss: loss.Hinge{}, Outputs: 1}
	})
	odd("one class, fixed", func(p *Problem) {
		clear(p.Tasks[1].Y)
		p.Tasks[1].Fixed = []float64{-0.3}
	})
	odd("one class, free", func(p *Problem) { clear(p.Tasks[1].Y) })
	odd("one row of the other class", func(p *Problem) {
		clear(p.Tasks[3].Y)
		p.Tasks[3].Y[4] = 1
	})
	odd("all fixed", func(p *Problem) {
		for t := range p.Tasks {
			p.Tasks[t].Fixed = []float64{0.1 * float64(t)}
		}
	})
	odd("two slots", func(p *Problem) { p.Layout.Slot = []int{0, 1, 0, 1, 1} })
	odd("features of zeros", func(p *Problem) {
		for t := range p.Tasks {
			clear(p.Tasks[t].X.Data)
		}
	})
	odd("weight 0 throughout", func(p *Problem) { p.Tasks[0].Weight = make([]float64, len(p.Tasks[0].Y)) })
	odd("a plane between", func(p *Problem) {
		for t := range p.Tasks {
			for i := range p.Tasks[t].Y {
				p.Tasks[t].Y[i] = 0
				if p.Tasks[t].X.At(i, 0) > 1 {
					p.Tasks[t].Y[i] = 1
				}
			}
		}
	})
}

// The certificate is that of Certify, which knows nothing of the path, and the
// solution is optimal row by row.
func TestInteriorCertificate(t *testing.T) {
	machines(func(name string, p *Problem) {
		for _, pen := range arrows {
			for _, lambda := range []float64{0.01, 1, 100} {
				p.Penalty = pen.On(p.Layout, lambda)
				what := fmt.Sprintf("%s, %T, λ = %v", name, pen, lambda)
				r := solveTo(t, &Interior{}, p, 1e-8, 100)
				objective, certificate := Certify(p, r.Point.Clone())
				if r.Status != "converged" || certificate.Value > 1e-8 {
					t.Errorf("%s: %s after %d steps, gap %g, by Certify %g", what, r.Status, r.Step, r.Certificate.Value, certificate.Value)
				}
				near(t, what+": objective", []float64{r.Objective}, []float64{objective}, 1e-7)
				optimal(t, what, p, r.Point)
			}
		}
	})
}

// No strength that a search tries is too weak or too strong for 1e-8.
func TestInteriorAlongAPath(t *testing.T) {
	for seed := range 8 {
		for i, s := range shapes {
			p := s.random(uint64(100*seed+i), loss.Hinge{}, 2)
			square := 0.0
			for u := range p.Tasks {
				for r := range p.Tasks[u].X.Rows {
					_, v := p.Tasks[u].X.Row(r)
					square += num.Dot(v, v) / float64(len(p.Tasks))
				}
			}
			for _, pen := range arrows {
				for _, share := range []float64{3, 0.1, 1e-3, 1e-5} {
					p.Penalty = pen.On(p.Layout, share*square)
					if r := solveTo(t, &Interior{}, p, 1e-8, 100); r.Status != "converged" {
						t.Errorf("%s, seed %d, %T, λ = %v Σ‖x‖²: %s, gap %g", s.name, seed, pen, share, r.Status, r.Certificate.Value)
					}
				}
			}
		}
	}
}

// optimal checks that W = KXᵀa, that the dual variables are feasible, and that
// none of them leaves more to gain than the gap allows: with m = 1 − s(XW + b),
//
//	Σ (w − α) max(0, m) + α max(0, −m) ≤ 1e-8 P
func optimal(t *testing.T, what string, p *Problem, x *Point) {
	t.Helper()
	w, gap := num.NewDense(x.W.Rows, x.W.Cols), 0.0
	for u := range p.Tasks {
		task, a, sum, total := &p.Tasks[u], x.A[u], 0.0, 0.0
		column := make([]float64, w.Rows)
		task.X.AddMulTVec(column, a)
		w.SetCol(u, column)
		for i, z := range Outputs(p, x, u) {
			s, v := 2*task.Y[i]-1, weightAt(task, i)
			alpha := s * a[i]
			if alpha < 0 || alpha > v {
				t.Errorf("%s: task %d, row %d: α = %v of %v", what, u, i, alpha, v)
			}
			m := 1 - s*z
			gap += (v-alpha)*math.Max(0, m) + alpha*math.Max(0, -m)
			sum, total = sum+a[i], total+v
		}
		if task.Fixed == nil && math.Abs(sum) > 1e-12*total {
			t.Errorf("%s: task %d: Σ sα = %v", what, u, sum)
		}
	}
	newCovariance(p.Penalty.(penalty.Arrow)).times(w, w)
	near(t, what+": W = KXᵀa", w.Data, x.W.Data, 1e-10)
	if objective := Objective(p, x); gap > 1.01e-8*objective {
		t.Errorf("%s: rows leave %g of %g", what, gap, objective)
	}
}

// Where the constant that stands for the intercept is large, what dual
// coordinate descent pays for it goes to nothing: with P the objective with
// free intercepts b,
//
//	P(interior) ≤ P(dualcd) ≤ P(interior) + Ω(b)/constant²
func TestInteriorIsDualCD(t *testing.T) {
	for i, s := range shapes {
		for _, pen := range arrows {
			p := s.random(uint64(i), loss.Hinge{}, 2).regularized(pen, 2)
			p.InterceptScaling = 20
			what := fmt.Sprintf("%s, %T", s.name, pen)
			x := solveTo(t, &Interior{}, p, 1e-8, 100)
			other := solveTo(t, &DualCD{}, p, 1e-7, 100000)
			objective, _ := Certify(p, other.Point.Clone())
			cost := p.Penalty.Value(&num.Dense{Rows: 1, Cols: len(x.Point.B), Data: x.Point.B}) / 400
			if objective < x.Objective*(1-1e-7) || objective > (x.Objective+cost)*(1+1e-6) {
				t.Errorf("%s: %v, by dual coordinate descent %v, which pays up to %v (%s)", what, x.Objective, objective, cost, other.Status)
			}
		}
	}
}

// The three ways to solve a step's system find the same direction.
func TestInteriorWays(t *testing.T) {
	machines(func(name string, p *Problem) {
		for _, pen := range arrows {
			p.Penalty = pen.On(p.Layout, 2)
			c := newCentral(p)
			for step := range 6 {
				primal, gap := c.certify(0)
				c.p.each(func(t int) { c.sides[t].weights() })
				systems := map[string]system{"features": newArrow(c.bends), "gradients": newDiagonal(c.bends)}
				if c.k.shared > 0 {
					systems["rows"] = newKernels(c.bends)
				}
				want := map[string]direction{}
				for _, way := range slices.Sorted(maps.Keys(systems)) {
					c.solve = c.solver(context.Background(), systems[way], 1e-12*gap)
					c.direct((*side).predict)
					for u := range c.sides {
						got, who := &c.sides[u].dir, fmt.Sprintf("%s, %T, step %d, by %s, task %d", name, pen, step, way, u)
						first, ok := want[fmt.Sprint(u)]
						if !ok {
							first = direction{alpha: slices.Clone(got.alpha), z: slices.Clone(got.z), u: slices.Clone(got.u), b: got.b}
							want[fmt.Sprint(u)] = first
						}
						near(t, who+": α", got.alpha, first.alpha, 1e-5)
						near(t, who+": z", got.z, first.z, 1e-5)
						near(t, who+": u", got.u, first.u, 1e-5)
						near(t, who+": b", []float64{got.b}, []float64{first.b}, 1e-5)
					}
				}
				c.step(context.Background(), gap, primal)
			}
		}
	})
}

// By conjugate gradients alone the path ends at the same place.
func TestInteriorByGradients(t *testing.T) {
	for _, i := range []int{0, 4, 8} {
		for _, pen := range arrows[:2] {
			p := shapes[i].random(uint64(i), loss.Hinge{}, 2).regularized(pen, 2)
			want := solveTo(t, &Interior{}, p, 1e-8, 100)
			c := newCentral(p)
			c.limit = 0
			value := math.Inf(1)
			for range 12 {
				primal, gap := c.certify(1e-6)
				value = math.Min(value, primal)
				if gap <= 1e-6*primal {
					break
				}
				c.step(context.Background(), gap, primal)
			}
			near(t, fmt.Sprintf("%s, %T", shapes[i].name, pen), []float64{value}, []float64{want.Objective}, 2e-6)
		}
	}
}

// The support vector machine of libsvm, SVC(kernel="linear", C = 1/λ), is one
// task with a ridge: here on rows of 20 features of rank 10, as in the classic
// example of scikit-learn.
func TestInteriorIsTheClassicMachine(t *testing.T) {
	const n, d, rank = 1000, 20, 10
	rng := rand.New(rand.NewPCG(42, 0))
	mix := num.NewDense(rank, d)
	for i := range mix.Data {
		mix.Data[i] = rng.NormFloat64()
	}
	x, y := num.NewMatrix(n, d), make([]float64, n)
	for i := range n {
		class := float64(rng.IntN(2))
		for j := range rank {
			v := rng.NormFloat64()
			if j < 3 {
				v += class
			}
			num.Axpy(v, mix.Row(j), x.Data[i*d:(i+1)*d])
		}
		y[i] = class
		if rng.IntN(20) == 0 {
			y[i] = 1 - class
		}
	}
	p := &Problem{Tasks: []Task{{X: x, Y: y, Loss: loss.Hinge{}, Outputs: 1}}}
	p.layOut()
	for _, c := range []float64{0.01, 1, 100} {
		p.Penalty = penalty.Ridge{}.On(p.Layout, 1/c)
		r := solveTo(t, &Interior{}, p, 1e-8, 100)
		_, certificate := Certify(p, r.Point.Clone())
		t.Logf("C = %v: objective %.8g, gap %.1e after %d steps", c, r.Objective, certificate.Value, r.Step)
		if certificate.Value > 1e-8 {
			t.Errorf("C = %v: %s, gap %g", c, r.Status, certificate.Value)
		}
		optimal(t, fmt.Sprintf("C = %v", c), p, r.Point)
	}
}
