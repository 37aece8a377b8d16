package prior

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/num"
)

func normals(random *rand.Rand, rows, cols int) *num.Dense {
	out := num.NewDense(rows, cols)
	for i := range out.Data {
		out.Data[i] = random.NormFloat64()
	}
	return out
}

// made is a task of n rows and k outputs that is a draw by d directions.
func made(random *rand.Rand, l loss.Smooth, n, k, d int) *Draw {
	p := &Draw{Loss: l, Mean: normals(random, n, k), Spread: normals(random, n*k, d), Noise: 0.3}
	a := normals(random, d, 1).Data
	for i := range n {
		z := make([]float64, k)
		for c := range z {
			z[c] = p.Mean.At(i, c) + num.Dot(p.Spread.Row(i*k+c), a)
		}
		switch l.(type) {
		case loss.Squared:
			p.Y = append(p.Y, z[0]+0.5*random.NormFloat64())
		case loss.Logistic:
			y := 0.0
			if random.Float64() < 1/(1+math.Exp(-z[0])) {
				y = 1
			}
			p.Y = append(p.Y, y)
		case loss.Poisson:
			p.Y = append(p.Y, math.Round(math.Exp(min(z[0], 3))))
		default:
			best := 0
			for c := range z {
				if z[c] > z[best] {
					best = c
				}
			}
			p.Y = append(p.Y, float64(best))
		}
		p.Weight = append(p.Weight, 0.5+random.Float64())
	}
	return p
}

// objective is the negative log posterior of a.
func objective(d *Draw, tau float64, a []float64) float64 {
	z := append([]float64(nil), d.Mean.Data...)
	for i := range z {
		z[i] += num.Dot(d.Spread.Row(i), a)
	}
	return d.Loss.Value(d.Y, d.Weight, z) + num.Dot(a, a)/2/tau
}

// No other task is likelier for a τ²: by every likelihood, of more directions than
// rows and of fewer.
func TestNewtonFindsTheLikeliest(t *testing.T) {
	for _, l := range []loss.Smooth{loss.Logistic{}, loss.Poisson{}, loss.Softmax{}} {
		for _, size := range [][2]int{{6, 15}, {40, 4}} {
			for _, tau := range []float64{0.01, 1, 30} {
				random, k := rand.New(rand.NewPCG(1, 2)), 1
				if _, several := l.(loss.Softmax); several {
					k = 3
				}
				d := made(random, l, size[0], k, size[1])
				r := reduce(d.Spread)
				alpha := make([]float64, len(r.square))
				evidence, residual := d.newton(r, alpha, tau)
				if !(residual < 1e-6) || math.IsNaN(evidence) {
					t.Errorf("%T %v: residual %v, evidence %v", l, size, residual, evidence)
				}
				along := r.along(alpha)
				least := objective(d, tau, along)
				for range 100 {
					a := append([]float64(nil), along...)
					for j := range a {
						a[j] += 1e-3 * random.NormFloat64()
					}
					if v := objective(d, tau, a); v < least-1e-9*math.Abs(least) {
						t.Fatalf("%T %v: %v is likelier than %v", l, size, v, least)
					}
				}
			}
		}
	}
}

// A regression is the mean of Gaussian processes by the density of the labels,
// both by dense covariances.
func TestGaussian(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, d := range []int{3, 12} {
		p := made(random, loss.Squared{}, 8, 1, d)
		p.Weight = nil
		f, err := p.Fit(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		e := make([]float64, 8)
		for i := range e {
			e[i] = p.Y[i] - p.Mean.Data[i]
		}
		want, total := make([]float64, d), 0.0
		for _, tau := range grid(1) {
			for _, noise := range grid(0.3) {
				log, a := dense(p, e, tau, noise)
				weight := math.Exp(log + expected(tau, 1, varianceDoubt) + expected(noise, 0.3, noiseDoubt) - f.Evidence)
				total += weight
				num.Axpy(weight, a, want)
			}
		}
		if cells := float64(len(grid(1)) * len(grid(1))); math.Abs(total/cells-1) > 1e-9 {
			t.Errorf("%d directions: the evidence is off by %v", d, total/cells)
		}
		for j := range want {
			if math.Abs(want[j]/total-f.Along[j]) > 1e-9 {
				t.Errorf("%d directions: a is %v, not %v", d, f.Along[j], want[j]/total)
			}
		}
	}
}

// dense is the log density of e, and the mean of a, for a τ² and a noise.
func dense(p *Draw, e []float64, tau, noise float64) (log float64, a []float64) {
	n := len(e)
	c := num.NewDense(n, n)
	for i := range n {
		for j := range n {
			c.Set(i, j, tau*num.Dot(p.Spread.Row(i), p.Spread.Row(j)))
		}
		c.Set(i, i, c.At(i, i)+noise)
	}
	num.Cholesky(c)
	x := append([]float64(nil), e...)
	num.CholeskySolve(c, x)
	log = -num.Dot(e, x) / 2
	a = make([]float64, p.Spread.Cols)
	for i := range n {
		log -= math.Log(c.At(i, i))
		num.Axpy(tau*x[i], p.Spread.Row(i), a)
	}
	return log, a
}

// Without rows, or directions, a task is the mean.
func TestNothingToLearn(t *testing.T) {
	f, err := (&Draw{Loss: loss.Logistic{}, Mean: num.NewDense(0, 1), Spread: num.NewDense(0, 5)}).Fit(context.Background())
	if err != nil || num.Norm(f.Along) != 0 || len(f.Along) != 5 {
		t.Errorf("%+v, %v", f, err)
	}
	bad := &Draw{Loss: loss.Logistic{}, Y: []float64{1}, Mean: num.NewDense(2, 1), Spread: num.NewDense(2, 1)}
	if _, err := bad.Fit(context.Background()); err == nil {
		t.Error("one label of two rows")
	}
	bad = &Draw{Loss: loss.Logistic{}, Y: []float64{1}, Mean: &num.Dense{Rows: 1, Cols: 1, Data: []float64{math.NaN()}}, Spread: num.NewDense(1, 1)}
	if _, err := bad.Fit(context.Background()); err == nil {
		t.Error("a mean that is no number")
	}
}
