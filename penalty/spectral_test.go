package penalty_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/penalty/penaltytest"
)

func TestSpectralOptions(t *testing.T) {
	for _, p := range []penalty.Penalty{
		&penalty.MTRL{Ratio: 1}, &penalty.MTRL{Ratio: 1e-9},
	} {
		penaltytest.Check(t, p)
	}
	for _, p := range []interface{ Check() error }{
		&penalty.MTRL{Ratio: -0.1}, &penalty.MTRL{Ratio: 1.1}, &penalty.MTRL{Ratio: math.NaN()},
	} {
		if p.Check() == nil {
			t.Errorf("%+v passes", p)
		}
	}
}

func TestSpectralLimits(t *testing.T) {
	for _, shape := range [][2]int{{6, 5}, {3, 8}} {
		w, l := normal(shape[0], shape[1]), single(shape[1])
		ridge := penalty.Ridge{}.On(l, 0.8)
		same(t, (&penalty.MTRL{Ratio: 1}).On(l, 0.8), ridge, w, 1e-13)
		same(t, (&penalty.MTRL{Ratio: 1e-14}).On(l, 0.8), penalty.SquaredTrace{}.On(l, 0.8), w, 1e-12)
	}
}

// quadratic is ½ tr(W K⁻¹ Wᵀ).
func quadratic(w, k *num.Dense) float64 {
	s := 0.0
	for j := range w.Rows {
		s += 0.5 * num.Dot(w.Row(j), num.SolveSPD(k, w.Row(j)))
	}
	return s
}

func times(k *num.Dense, by float64) *num.Dense {
	out := k.Clone()
	for i := range out.Data {
		out.Data[i] *= by
	}
	return out
}

func transposed(w *num.Dense) *num.Dense {
	out := num.NewDense(w.Cols, w.Rows)
	for j := range w.Rows {
		out.SetCol(j, w.Row(j))
	}
	return out
}

// randomCovariance is positive definite of trace 1.
func randomCovariance(random *rand.Rand, n int) *num.Dense {
	a := num.NewMatrix(n+2, n)
	for i := range a.Data {
		a.Data[i] = random.NormFloat64()
	}
	k, trace := num.Gram(a, nil, nil), 0.0
	for i := range n {
		trace += k.At(i, i)
	}
	return times(k, 1/trace)
}

func close(t *testing.T, what string, got, want, tol float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tol*math.Abs(want)) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// The squared trace norm is the least quadratic form over covariances of trace
// 1, of the tasks or of the features, and the one reported is the best.
func TestLearnedCovariancesAreTheBest(t *testing.T) {
	const lambda, ratio = 0.7, 0.2
	random := rand.New(rand.NewPCG(1, 2))
	w, l := normal(7, 4), single(4)
	mtrl, feat := (&penalty.MTRL{Ratio: ratio}).On(l, lambda), penalty.SquaredTrace{}.On(l, lambda)
	norm := ratio * lambda / 2 * num.Dot(w.Data, w.Data)
	omega := mtrl.(penalty.Related).Relation(w)
	close(t, "MTRL at its Ω", norm+(1-ratio)*lambda*quadratic(w, omega), mtrl.Value(w), 1e-9)
	for range 50 {
		if got := norm + (1-ratio)*lambda*quadratic(w, randomCovariance(random, 4)); got < mtrl.Value(w) {
			t.Errorf("MTRL at another Ω: %v below %v", got, mtrl.Value(w))
		}
	}
	wide := transposed(w) // of more tasks than features: D has full rank
	f := penalty.SquaredTrace{}.On(single(7), lambda)
	close(t, "MTL-FEAT at its D", lambda*quadratic(w, f.(penalty.Featured).Features(wide)), feat.Value(w), 1e-9)
	for range 50 {
		if got := lambda * quadratic(w, randomCovariance(random, 4)); got < f.Value(wide) {
			t.Errorf("MTL-FEAT at another D: %v below %v", got, f.Value(wide))
		}
	}
}

// Where all singular values are equal Ω is I/T, and MTRL is ridge of strength
// λ1 + λ2 T.
func TestUnrelatedTasks(t *testing.T) {
	const lambda, ratio, tasks = 0.7, 0.2, 4
	w, _, _ := num.SVD(normal(9, tasks))
	f := (&penalty.MTRL{Ratio: ratio}).On(single(tasks), lambda)
	for i, v := range f.(penalty.Related).Relation(w).Data {
		want := 0.0
		if i%(tasks+1) == 0 {
			want = 1.0 / tasks
		}
		if math.Abs(v-want) > 1e-14 {
			t.Errorf("Ω holds %v where %v is wanted", v, want)
		}
	}
	same(t, f, penalty.Ridge{}.On(single(tasks), lambda*(ratio+(1-ratio)*tasks)), w, 1e-13)
}

func BenchmarkSpectral(b *testing.B) {
	v := normal(28, 139)
	for name, p := range map[string]penalty.Penalty{"mtrl": &penalty.MTRL{}} {
		f := p.On(single(139), 1).(penalty.Proximal)
		b.Run(name+"/prox", func(b *testing.B) {
			out := num.NewDense(28, 139)
			for b.Loop() {
				f.Prox(out, v, 0.1)
			}
		})
		b.Run(name+"/dual", func(b *testing.B) {
			for b.Loop() {
				f.Dual(v)
			}
		})
	}
}
