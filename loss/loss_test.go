package loss_test

import (
	"math"
	"testing"

	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/loss/losstest"
)

func TestAll(t *testing.T) { losstest.All(t) }

func TestOptions(t *testing.T) {
	for _, delta := range []float64{0.1, 50} {
		losstest.Check(t, &loss.Huber{Delta: delta})
	}
	for _, delta := range []float64{-1, math.NaN(), math.Inf(1)} {
		if (&loss.Huber{Delta: delta}).Check() == nil {
			t.Errorf("delta %v passes", delta)
		}
	}
	if err := new(loss.Huber).Check(); err != nil {
		t.Error(err)
	}
}

func TestClosedForms(t *testing.T) {
	e := math.E
	for _, c := range []struct {
		name           string
		loss           loss.Loss
		y, z           []float64
		value          float64
		a              []float64
		conjugateValue float64
	}{
		{"squared", loss.Squared{}, []float64{1}, []float64{3}, 2, []float64{-2}, 4},
		{"huber near", &loss.Huber{Delta: 1}, []float64{1}, []float64{1.5}, 0.125, []float64{-0.5}, 0.625},
		{"huber far", &loss.Huber{Delta: 1}, []float64{1}, []float64{4}, 2.5, []float64{-1}, 1.5},
		{"huber beyond", &loss.Huber{Delta: 1}, []float64{1}, []float64{-2}, 2.5, []float64{1.001}, math.Inf(1)},
		{"logistic at 0", loss.Logistic{}, []float64{1}, []float64{0}, math.Ln2, []float64{0.5}, -math.Ln2},
		{"logistic end", loss.Logistic{}, []float64{0}, []float64{-1000}, 0, []float64{-1}, 0},
		{"logistic far", loss.Logistic{}, []float64{0}, []float64{1000}, 1000, []float64{1e-9}, math.Inf(1)},
		{"hinge", loss.Hinge{}, []float64{0}, []float64{-0.5}, 0.5, []float64{-1}, -1},
		{"hinge beyond", loss.Hinge{}, []float64{1}, []float64{2}, 0, []float64{1.001}, math.Inf(1)},
		{"squared hinge", loss.SquaredHinge{}, []float64{1}, []float64{-1}, 2, []float64{2}, 0},
		{"squared hinge beyond", loss.SquaredHinge{}, []float64{1}, []float64{2}, 0, []float64{-0.001}, math.Inf(1)},
		{"poisson", loss.Poisson{}, []float64{2}, []float64{1}, e - 2, []float64{2 - e}, 0},
		{"poisson end", loss.Poisson{}, []float64{2}, []float64{-math.MaxFloat64 / 4}, math.MaxFloat64 / 2, []float64{2}, 0},
		{"poisson beyond", loss.Poisson{}, []float64{2}, []float64{0}, 1, []float64{2.001}, math.Inf(1)},
		{"softmax", loss.Softmax{}, []float64{2}, []float64{7, 7, 7}, math.Log(3), []float64{-1. / 3, -1. / 3, 2. / 3}, -math.Log(3)},
		{"crammer-singer", loss.CrammerSinger{}, []float64{0}, []float64{1, 0.5, 0}, 0.5, []float64{0.75, -0.5, -0.25}, -0.75},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.loss.Value(c.y, nil, c.z); math.Abs(got-c.value) > 1e-15*max(1, c.value) {
				t.Errorf("value %v, want %v", got, c.value)
			}
			if got := c.loss.Conjugate(c.y, nil, c.a); got != c.conjugateValue && !(math.Abs(got-c.conjugateValue) < 1e-15) {
				t.Errorf("conjugate %v, want %v", got, c.conjugateValue)
			}
		})
	}
}

// Where all margins tie, every point of the simplex is a subgradient.
func TestCrammerSingerAtTies(t *testing.T) {
	l := loss.CrammerSinger{}
	y, w, z := []float64{1}, []float64{2}, []float64{0, 1, 0}
	for _, p := range [][]float64{{1, 0, 0}, {0, 1, 0}, {0.2, 0.3, 0.5}, {0.5, 0, 0.5}} {
		a, dot := make([]float64, 3), 0.0
		for c := range a {
			a[c] = -2 * p[c]
			if c == 1 {
				a[c] += 2
			}
			dot += a[c] * z[c]
		}
		if got, want := l.Conjugate(y, w, a), -dot-l.Value(y, w, z); math.Abs(got-want) > 1e-14 {
			t.Errorf("p = %v: conjugate %v, want %v", p, got, want)
		}
	}
}

// The bounds on the curvature are reached.
func TestCurvatureIsTight(t *testing.T) {
	h := make([]float64, 3)
	loss.Logistic{}.Hess(h, []float64{1}, nil, []float64{0})
	if want := (loss.Logistic{}).Curvature(); h[0] != want {
		t.Errorf("logistic: %v, want %v", h[0], want)
	}
	r := math.Sqrt(0.5)
	loss.Softmax{}.HessVec(h, []float64{0}, nil, []float64{50, 50, -1000}, []float64{r, -r, 0})
	if got, want := r*h[0]-r*h[1], (loss.Softmax{}).Curvature(); math.Abs(got-want) > 1e-15 {
		t.Errorf("softmax: %v, want %v", got, want)
	}
}

// With the canonical link the gradient is the mean less the label.
func TestCanonicalLinks(t *testing.T) {
	for _, l := range []loss.Smooth{loss.Squared{}, loss.Logistic{}, loss.Poisson{}} {
		for _, z := range []float64{-40, -2, 0, 0.7, 30} {
			g, m := make([]float64, 1), make([]float64, 1)
			l.Grad(g, []float64{1}, nil, []float64{z})
			l.(loss.Linked).Mean(m, []float64{z}, 1)
			if math.Abs(g[0]-(m[0]-1)) > 1e-15*max(1, m[0]) {
				t.Errorf("%T at %v: gradient %v, mean %v", l, z, g[0], m[0])
			}
		}
	}
}

// Softmax of two outputs z and 0 is logistic at z.
func TestSoftmaxOfTwoIsLogistic(t *testing.T) {
	for _, z := range []float64{-800, -3, 0, 1, 800} {
		for _, y := range []float64{0, 1} {
			got := loss.Softmax{}.Value([]float64{y}, nil, []float64{0, z})
			if want := (loss.Logistic{}).Value([]float64{y}, nil, []float64{z}); math.Abs(got-want) > 1e-14*max(1, want) {
				t.Errorf("y = %v, z = %v: %v, want %v", y, z, got, want)
			}
		}
	}
}
