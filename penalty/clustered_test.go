package penalty_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/penalty/penaltytest"
)

func TestClusterOptions(t *testing.T) {
	for _, p := range []penalty.Penalty{
		&penalty.Clustered{K: 1, Eta: 3}, &penalty.Clustered{K: 1, Eta: 0.3, Mean: 0.2}, &penalty.Clustered{K: 9, Eta: 1e-3, Mean: 5},
		&penalty.CASO{H: 4, Eta: 1e-6},
		(&penalty.Grouped{Mu: 0.3}).Take([]int{0, 1, 1, 0, 2, 0, 2, 1}),
	} {
		penaltytest.Check(t, p)
	}
	for _, p := range []interface{ Check() error }{
		&penalty.Clustered{K: -1}, &penalty.Clustered{Eta: -1}, &penalty.Clustered{Eta: math.Inf(1)}, &penalty.Clustered{Mean: -1},
		&penalty.CASO{H: -1}, &penalty.CASO{Eta: math.NaN()}, &penalty.Grouped{K: -1}, &penalty.Grouped{Mu: -1}, &penalty.Grouped{By: "names"},
	} {
		if p.Check() == nil {
			t.Errorf("%+v passes", p)
		}
	}
}

func TestClusterLimits(t *testing.T) {
	for _, shape := range [][2]int{{6, 5}, {3, 8}} {
		w, l := normal(shape[0], shape[1]), single(shape[1])
		ridge := penalty.Ridge{}.On(l, 0.8)
		for k := min(shape[0], shape[1]); k < 10; k++ {
			same(t, (&penalty.Clustered{K: k, Eta: 0.3}).On(l, 0.8), ridge, w, 1e-13)
		}
		for k := 1; k < 5; k++ {
			same(t, (&penalty.Clustered{K: k, Eta: 0.3}).On(l, 0.8), (&penalty.CASO{H: k, Eta: 0.3}).On(l, 0.8), w, 0)
		}
		one := make([]int, shape[1])
		same(t, (&penalty.Grouped{Mu: 0.3}).Take(one).On(l, 0.8), (&penalty.Shared{Mu: 0.3}).On(l, 0.8), w, 0)
		for i := range one {
			one[i] = i
		}
		same(t, (&penalty.Grouped{Mu: 0.25}).Take(one).On(l, 0.8), penalty.Ridge{}.On(l, 0.8/(1+1/0.25)), w, 1e-13)
	}
}

// The cluster norm is the quadratic form of the covariance reported, ηI + M,
// and of no other M of trace k less; with a mean apart K also has its variance.
func TestClusterNormIsTheBestM(t *testing.T) {
	const lambda, eta, mean, k, tasks = 0.7, 0.3, 0.4, 2, 5
	w, l := normal(8, tasks), single(tasks)
	f := (&penalty.Clustered{K: k, Eta: eta}).On(l, lambda)
	relation := f.(penalty.Related).Relation(w)
	close(t, "CMTL at its M", lambda*(1+eta)*quadratic(w, times(relation, eta*tasks+k)), f.Value(w), 1e-10)
	random := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		m := num.NewDense(tasks, tasks) // a projection of rank k, shrunk
		u, _, _ := num.SVD(&num.Dense{Rows: tasks, Cols: k, Data: normals(random, tasks*k)})
		for c := range k {
			col := u.Col(make([]float64, tasks), c)
			for i, v := range col {
				num.Axpy(v, col, m.Row(i))
			}
		}
		for i := range tasks {
			m.Data[i*tasks+i] += eta
		}
		if got := lambda * (1 + eta) * quadratic(w, m); got < f.Value(w) {
			t.Errorf("CMTL at another M: %v below %v", got, f.Value(w))
		}
	}
	g := (&penalty.Clustered{K: k, Eta: eta, Mean: mean}).On(l, lambda)
	trace := eta*(tasks-1) + (k - 1) + (1+eta)/mean
	close(t, "with a mean apart", lambda*(1+eta)*quadratic(w, times(g.(penalty.Related).Relation(w), trace)), g.Value(w), 1e-10)
	caso := (&penalty.CASO{H: k, Eta: eta}).On(single(8), lambda)
	close(t, "cASO at its M", lambda*(1+eta)*quadratic(w, times(caso.(penalty.Featured).Features(transposed(w)), eta*tasks+k)), caso.Value(transposed(w)), 1e-10)
}

func normals(random *rand.Rand, n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = random.NormFloat64()
	}
	return x
}

func diagonal(sigma ...float64) *num.Dense {
	w := num.NewDense(len(sigma), len(sigma))
	for i, s := range sigma {
		w.Set(i, i, s)
	}
	return w
}

// The value for k = 1 of two singular values against a grid over θ, and the
// operator against bisection for the level, also where values tie and vanish.
func TestBoxNormAgainstSlowTwins(t *testing.T) {
	const lambda, step = 0.7, 0.9
	for _, eta := range []float64{1e-3, 0.2, 4} {
		for _, s := range [][2]float64{{3, 1}, {1, 1}, {2, 0}, {5, 1e-9}, {1e6, 3}} {
			least := math.Inf(1)
			const n = 200_000
			for i := 0; i <= n; i++ {
				theta := eta + float64(i)/n
				least = min(least, s[0]*s[0]/theta+s[1]*s[1]/(2*eta+1-theta))
			}
			close(t, "value", (&penalty.Clustered{K: 1, Eta: eta}).On(single(2), lambda).Value(diagonal(s[:]...)), lambda/2*(1+eta)*least, 1e-5)
		}
		for _, sigma := range [][]float64{{5, 4, 3, 2, 1}, {2, 2, 2, 2, 2}, {3, 3, 1, 0, 0}, {1, 0, 0, 0, 0}, {7, 6.9, 6.8, 1e-7, 1e-8}, {1e8, 1, 1, 1, 1e-8}} {
			for k := 1; k < 5; k++ {
				out := num.NewDense(5, 5)
				(&penalty.Clustered{K: k, Eta: eta}).On(single(5), lambda).(penalty.Proximal).Prox(out, diagonal(sigma...), step)
				for i, want := range bisected(sigma, k, eta, step*lambda*(1+eta)) {
					if got := out.At(i, i); math.Abs(got-want) > 1e-9*(1+sigma[0]*1e-6) {
						t.Errorf("η %v, k %d, σ %v: x_%d = %v, by bisection %v", eta, k, sigma, i, got, want)
					}
				}
			}
		}
	}
}

// bisected is x = σθ/(θ + L), θ = clip(aσ − L, η, 1 + η), Σθ = rη + k.
func bisected(sigma []float64, k int, eta, l float64) []float64 {
	theta, low, high := make([]float64, len(sigma)), 1e-30, 1e30
	for range 500 {
		a, sum := math.Sqrt(low)*math.Sqrt(high), 0.0
		for i, s := range sigma {
			theta[i] = min(1+eta, max(eta, a*s-l))
			sum += theta[i] - eta
		}
		if sum < float64(k) {
			low = a
		} else {
			high = a
		}
	}
	for i, s := range sigma {
		theta[i] *= s / (theta[i] + l)
	}
	return theta
}

// Tasks near a few centres are grouped as they were made, whatever their order.
func TestGroupsAreFound(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, k := range []int{2, 3, 5} {
		for _, d := range []int{9, 60} {
			const tasks = 23
			centres := &num.Dense{Rows: d, Cols: k, Data: normals(random, d*k)}
			w, truth := num.NewDense(d, tasks), make([]int, tasks)
			for c := range truth {
				truth[c] = c % k
				for j := range d {
					w.Set(j, c, centres.At(j, truth[c])+0.1*random.NormFloat64())
				}
			}
			if got := (&penalty.Clustered{K: k}).On(single(tasks), 1).(penalty.Grouping).Groups(w); !slices.Equal(got, truth) {
				t.Errorf("%d groups of %d features: %v", k, d, got)
			}
		}
	}
}
