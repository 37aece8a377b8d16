package solve

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
)

// The functions of the singular values reach a relative gap of 1e-8 on the real
// tasks.
func TestSpectralBeliefsAreSolvedTo1e8(t *testing.T) {
	for _, c := range []struct {
		data    string
		loss    loss.Loss
		penalty penalty.Penalty
		lambda  float64
		steps   int // at most
	}{
		{"school", loss.Squared{}, penalty.SquaredTrace{}, 3, 1500},
		{"school", loss.Squared{}, &penalty.MTRL{Ratio: 0.3}, 10, 1500},
		{"school", loss.Squared{}, &penalty.Clustered{K: 3, Eta: 0.1}, 10, 1500},
		{"school", loss.Squared{}, &penalty.Clustered{K: 3, Eta: 0.1, Mean: 0.1}, 10, 1500},
		{"landmine", loss.Logistic{}, penalty.SquaredTrace{}, 1, 100},
		{"landmine", loss.Logistic{}, &penalty.MTRL{Ratio: 0.3}, 1, 100},
		{"landmine", loss.Logistic{}, &penalty.CASO{H: 2, Eta: 0.1}, 1, 100},
		{"landmine", loss.Logistic{}, &penalty.Clustered{K: 2, Eta: 0.1, Mean: 0.1}, 1, 100},
	} {
		p := real(t, c.data, c.loss)
		p.Penalty = c.penalty.On(p.Layout, c.lambda)
		r, err := Run(context.Background(), &FISTA{}, p, nil, 1e-8, c.steps)
		if err != nil {
			t.Fatal(err)
		}
		objective, certificate := Certify(p, r.Point)
		t.Logf("%s × %s %v: gap %.1e after %d steps, objective %.10g", c.data, penalty.All.NameOf(c.penalty), c.penalty.Parameters(), certificate.Value, r.Step, objective)
		if certificate.Value > 1e-8 {
			t.Errorf("%s × %s %v: gap %.1e, %s", c.data, penalty.All.NameOf(c.penalty), c.penalty.Parameters(), certificate.Value, r.Status)
		}
	}
}

// ragged is a small problem of tasks with rows of their own, no intercepts.
func ragged(d, tasks int) *Problem {
	random := rand.New(rand.NewPCG(7, uint64(tasks)))
	p := &Problem{}
	for t := range tasks {
		n := 5 + 2*t
		x, y := num.NewMatrix(n, d), make([]float64, n)
		for i := range x.Data {
			x.Data[i] = random.NormFloat64()
		}
		for i := range y {
			y[i] = x.At(i, t%2) + 0.3*random.NormFloat64()
		}
		p.Tasks = append(p.Tasks, Task{X: x, Y: y, Loss: loss.Squared{}, Outputs: 1, Fixed: []float64{0}})
	}
	p.layOut()
	return p
}

// solved is the optimum, to the last digits FISTA finds.
func solved(t *testing.T, p *Problem, belief penalty.Penalty, lambda float64) (*num.Dense, float64) {
	t.Helper()
	p.Penalty = belief.On(p.Layout, lambda)
	r, err := Run(context.Background(), &FISTA{}, p, nil, 1e-14, 20_000)
	if err != nil {
		t.Fatal(err)
	}
	if r.Certificate.Value > 1e-11 {
		t.Fatalf("%T: gap %.1e", belief, r.Certificate.Value)
	}
	return r.Point.W, r.Objective
}

func apartBy(a, b *num.Dense) float64 {
	r := a.Clone()
	num.Axpy(-1, b.Data, r.Data)
	return num.Norm(r.Data) / num.Norm(b.Data)
}

// The squared trace norm, MTL-FEAT and MTRL are one problem, and their W is
// that of the trace norm of strength γ‖W‖_*.
func TestTraceIsMTLFEATIsMTRL(t *testing.T) {
	const gamma = 1.5
	p := ragged(4, 6)
	feat, value := solved(t, p, penalty.SquaredTrace{}, gamma)
	related, other := solved(t, p, &penalty.MTRL{Ratio: 1e-13}, gamma)
	nuclear := num.Sum(num.SingularValues(feat))
	trace, third := solved(t, p, penalty.Trace{}, gamma*nuclear)
	third -= gamma * nuclear * nuclear / 2
	for name, c := range map[string]struct {
		w     *num.Dense
		value float64
	}{"MTRL": {related, other}, "trace": {trace, third}} {
		if far := apartBy(c.w, feat); far > 1e-6 {
			t.Errorf("%s: W is %.1e apart", name, far)
		}
		if far := math.Abs(c.value/value - 1); far > 1e-8 {
			t.Errorf("%s: the objective is %.1e apart", name, far)
		}
	}
}

// On School with γ = 3 the textbook alternations between W and D, or Ω, end at
// 738,050 and 775,475; the optimum is 737,307.
func TestSchoolIsBelowTheAlternations(t *testing.T) {
	p := school(t)
	p.Penalty = penalty.SquaredTrace{}.On(p.Layout, 3)
	r, err := Run(context.Background(), &FISTA{}, p, nil, 1e-7, 5000)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%.2f, gap %.1e after %d steps", r.Objective, r.Certificate.Value, r.Step)
	if r.Objective > 737_307.5 || r.Certificate.Value > 1e-7 {
		t.Errorf("objective %.2f, gap %.1e", r.Objective, r.Certificate.Value)
	}
}

// Identical tasks are related as closely as can be: Ω = 11ᵀ/T.
func TestIdenticalTasks(t *testing.T) {
	p := ragged(3, 2)
	p.Tasks = []Task{p.Tasks[1], p.Tasks[1], p.Tasks[1], p.Tasks[1], p.Tasks[1]}
	p.Layout = penalty.Layout{}
	p.layOut()
	w, _ := solved(t, p, &penalty.MTRL{Ratio: 0.2}, 2)
	omega := p.Penalty.(penalty.Related).Relation(w)
	for _, v := range omega.Data {
		if math.Abs(v-0.2) > 1e-9 {
			t.Fatalf("%v", omega.Data)
		}
	}
}

// FISTA on the box norm ends where the slow twins do, which alternate between W
// and M, of the tasks or of the features, each in closed form; and the optimum
// falls as k grows, to that of ridge.
func TestCMTLIsCASO(t *testing.T) {
	const lambda, eta, d, tasks = 3.0, 0.2, 4, 6
	p, last := ragged(d, tasks), math.Inf(1)
	for k := 1; k <= d; k++ {
		w, value := solved(t, p, &penalty.Clustered{K: k, Eta: eta}, lambda)
		again, _ := solved(t, p, &penalty.CASO{H: k, Eta: eta}, lambda)
		if far := apartBy(again, w); far > 1e-12 {
			t.Errorf("k = %d: CASO's W is %.1e apart", k, far)
		}
		for name, twin := range map[string]*num.Dense{"tasks": alternate(p, tasks, k, eta, lambda), "features": alternate(p, d, k, eta, lambda)} {
			if far := apartBy(twin, w); far > 1e-7 {
				t.Errorf("k = %d: by M of the %s W is %.1e apart", k, name, far)
			}
			if got := Objective(p, &Point{W: twin, B: make([]float64, tasks)}); math.Abs(got-value) > 1e-8*value {
				t.Errorf("k = %d: by M of the %s the objective is %v, not %v", k, name, got, value)
			}
		}
		if value >= last {
			t.Errorf("k = %d: the objective rises from %v to %v", k, last, value)
		}
		last = value
	}
	if _, ridge := solved(t, p, penalty.Ridge{}, lambda); math.Abs(ridge-last) > 1e-10*ridge {
		t.Errorf("k = %d: %v, ridge %v", d, last, ridge)
	}
}

// alternate minimizes ½ Σ‖X_t w_t − y_t‖² + c tr(W S Wᵀ), S = (ηI + M)⁻¹ of the
// tasks, or c tr(Wᵀ S W) of the features where size is their number.
func alternate(p *Problem, size, k int, eta, lambda float64) *num.Dense {
	d, tasks := p.Features(), len(p.Tasks)
	s := num.NewDense(size, size)
	for i := range size {
		s.Set(i, i, 1)
	}
	w := num.NewDense(d, tasks)
	for range 200 {
		// All columns of W below one another, task by task.
		a, b := num.NewDense(d*tasks, d*tasks), make([]float64, d*tasks)
		for t, task := range p.Tasks {
			g := num.Gram(task.X, nil, nil)
			task.X.AddMulTVec(b[t*d:(t+1)*d], task.Y)
			for i := range d {
				for j := range d {
					a.Data[(t*d+i)*a.Cols+t*d+j] += g.At(i, j)
					if size != tasks {
						a.Data[(t*d+i)*a.Cols+t*d+j] += lambda * (1 + eta) * s.At(i, j)
					}
				}
				for u := range tasks {
					if size == tasks {
						a.Data[(t*d+i)*a.Cols+u*d+i] += lambda * (1 + eta) * s.At(t, u)
					}
				}
			}
		}
		for i, v := range num.SolveSPD(a, b) {
			w.Set(i%d, i/d, v)
		}
		u, sigma, v := num.SVD(w)
		if size == tasks {
			u = v
		}
		theta := clipped(sigma, k, eta)
		for i := range size {
			for j := range size {
				sum := 0.0
				if i == j {
					sum = 1 / eta
				}
				for c, th := range theta {
					sum += (1/th - 1/eta) * u.At(i, c) * u.At(j, c)
				}
				s.Set(i, j, sum)
			}
		}
	}
	return w
}

// clipped is η + M's eigenvalues clip(σ/ν − η, 0, 1) of sum k, by bisection.
func clipped(sigma []float64, k int, eta float64) []float64 {
	theta := make([]float64, len(sigma))
	low, high := 0.0, 1e18
	for range 150 {
		a, sum := math.Sqrt(math.Max(low, 1e-18))*math.Sqrt(high), 0.0
		for i, s := range sigma {
			theta[i] = math.Min(1+eta, math.Max(eta, a*s))
			sum += theta[i] - eta
		}
		if sum < float64(k) {
			low = a
		} else {
			high = a
		}
	}
	return theta
}
