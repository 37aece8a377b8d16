package penalty_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/penalty/penaltytest"
)

// Strengths of every row and task; the tasks' are equal where they are permuted.
func TestAdaptiveWithStrengths(t *testing.T) {
	rows := penalty.Strengths{Shared: []float64{3, 0.2, 1, 5, 0.01, 2, 1}, Private: []float64{0.1, 2, 1, 0.3, 4, 0.5, 1}, Task: make([]float64, 8)}
	for i := range rows.Task {
		rows.Task[i] = 0.4
	}
	penaltytest.Check(t, (&penalty.Adaptive{}).Adapt(rows))
}

func TestAll(t *testing.T) { penaltytest.All(t) }

func TestOptions(t *testing.T) {
	penaltytest.Check(t, &penalty.ElasticNet{L1Ratio: 1})
	penaltytest.Check(t, &penalty.Shared{Mu: 3e-3})
	for _, p := range []interface{ Check() error }{
		&penalty.ElasticNet{L1Ratio: -0.1}, &penalty.ElasticNet{L1Ratio: 1.1}, &penalty.ElasticNet{L1Ratio: math.NaN()},
		&penalty.Shared{Mu: -1}, &penalty.Shared{Mu: math.Inf(1)}, &penalty.Shared{Mu: math.NaN()},
	} {
		if p.Check() == nil {
			t.Errorf("%+v passes", p)
		}
	}
	for _, p := range []interface{ Check() error }{&penalty.ElasticNet{}, &penalty.ElasticNet{L1Ratio: 1}, &penalty.Shared{}, &penalty.Shared{Mu: 5}} {
		if err := p.Check(); err != nil {
			t.Error(err)
		}
	}
}

// single is the layout of tasks with one output each.
func single(tasks int) penalty.Layout {
	l := penalty.Layout{Task: make([]int, tasks), Slot: make([]int, tasks)}
	for i := range l.Task {
		l.Task[i] = i
	}
	return l
}

func normal(rows, cols int) *num.Dense {
	random := rand.New(rand.NewPCG(uint64(rows), uint64(cols)))
	w := num.NewDense(rows, cols)
	for i := range w.Data {
		w.Data[i] = random.NormFloat64()
	}
	return w
}

// same compares value, dual and operator of two penalties at w.
func same(t *testing.T, f, g penalty.Func, w *num.Dense, tol float64) {
	t.Helper()
	if a, b := f.Value(w), g.Value(w); math.Abs(a-b) > tol*math.Abs(b) {
		t.Errorf("values %v and %v", a, b)
	}
	sf, vf := f.(penalty.Convex).Dual(w)
	if sg, vg := g.(penalty.Convex).Dual(w); math.Abs(sf-sg) > tol || math.Abs(vf-vg) > tol*vg {
		t.Errorf("scales %v and %v, conjugates %v and %v", sf, sg, vf, vg)
	}
	a, b := w.Clone(), w.Clone()
	f.(penalty.Proximal).Prox(a, a, 0.7)
	g.(penalty.Proximal).Prox(b, b, 0.7)
	num.Axpy(-1, b.Data, a.Data)
	if far := num.Norm(a.Data); far > tol {
		t.Errorf("operators %v apart", far)
	}
}

func TestLimits(t *testing.T) {
	const tol = 1e-8
	column, w, l := normal(9, 1), normal(6, 5), single(5)
	t.Run("l21 of one task is lasso", func(t *testing.T) {
		same(t, penalty.L21{}.On(single(1), 0.8), penalty.Lasso{}.On(single(1), 0.8), column, 1e-14)
	})
	t.Run("trace of one task is the norm", func(t *testing.T) {
		row := &num.Dense{Rows: 1, Cols: 9, Data: column.Data}
		f, g := penalty.Trace{}.On(single(1), 0.8).(penalty.Proximal), penalty.L21{}.On(single(9), 0.8).(penalty.Proximal)
		a, b := num.NewDense(9, 1), num.NewDense(1, 9)
		f.Prox(a, column, 0.9)
		g.Prox(b, row, 0.9)
		num.Axpy(-1, b.Data, a.Data)
		if far := num.Norm(a.Data); far > 1e-14 || math.Abs(f.Value(column)-g.Value(row)) > 1e-14 {
			t.Errorf("operators %v apart, values %v and %v", far, f.Value(column), g.Value(row))
		}
	})
	t.Run("elastic net of ratio 1 is lasso", func(t *testing.T) {
		same(t, (&penalty.ElasticNet{L1Ratio: 1}).On(l, 0.8), penalty.Lasso{}.On(l, 0.8), w, 0)
	})
	t.Run("elastic net of ratio 0 is ridge", func(t *testing.T) {
		same(t, (&penalty.ElasticNet{L1Ratio: 1e-10}).On(l, 0.8), penalty.Ridge{}.On(l, 0.8), w, tol)
	})
	t.Run("shared of large mu is ridge", func(t *testing.T) {
		same(t, (&penalty.Shared{Mu: 1e10}).On(l, 0.8), penalty.Ridge{}.On(l, 0.8), w, tol)
	})
	t.Run("shared of unbounded coupling is common", func(t *testing.T) {
		for j := range w.Rows {
			for c := range w.Cols {
				w.Set(j, c, w.At(j, 0))
			}
		}
		same(t, (&penalty.Shared{Mu: 1e-10}).On(l, 0.8e10), penalty.Common{}.On(l, 0.8), w, tol)
	})
	t.Run("shared of one task is ridge", func(t *testing.T) { // of variance 1/λμ + 1/λ
		same(t, (&penalty.Shared{Mu: 0.25}).On(single(1), 0.8), penalty.Ridge{}.On(single(1), 0.8/(1+1/0.25)), column, 1e-14)
	})
}

// With λ/2 = λ1/T and λμ/2 = λ2 the penalty is
// ρ1 Σ‖w_t‖² + ρ2 Σ‖w_t − w̄‖², ρ1 = λ1λ2/(T(λ1+λ2)), ρ2 = λ1²/(T(λ1+λ2)), and
// w0 = λ1/(λ1+λ2) w̄ (Evgeniou, Pontil, KDD 2004, section 2.1).
func TestSharedPullsToTheMean(t *testing.T) {
	const tasks, l1, l2 = 5, 1.7, 0.4
	w := normal(6, tasks)
	f := (&penalty.Shared{Mu: tasks * l2 / l1}).On(single(tasks), 2*l1/tasks)
	w0, want := penalty.SharedPart(f, w), 0.0
	for j := range w.Rows {
		mean := num.Sum(w.Row(j)) / tasks
		for _, v := range w.Row(j) {
			want += l1 / (tasks * (l1 + l2)) * (l2*v*v + l1*(v-mean)*(v-mean))
		}
		if got, want := w0.At(j, 0), l1/(l1+l2)*mean; math.Abs(got-want) > 1e-15 {
			t.Errorf("w0 is %v, want %v", got, want)
		}
	}
	if got := f.Value(w); math.Abs(got-want) > 1e-13 {
		t.Errorf("value %v, want %v", got, want)
	}
}

func TestCommonRefusesDifferentColumns(t *testing.T) {
	f := penalty.Common{}.On(single(3), 1)
	for name, c := range map[string]struct {
		w    []float64
		want float64
	}{
		"equal":             {[]float64{2, 2, 2, -1, -1, -1}, 2.5},
		"equal but rounded": {[]float64{2, 2 + 1e-15, 2, -1, -1, -1}, 2.5},
		"different":         {[]float64{2, 2.001, 2, -1, -1, -1}, math.Inf(1)},
		"NaN":               {[]float64{math.NaN(), 2, 2, -1, -1, -1}, math.Inf(1)},
	} {
		if got := f.Value(&num.Dense{Rows: 2, Cols: 3, Data: c.w}); got != c.want && !(math.Abs(got-c.want) < 1e-14) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestSharedPartOfWhatSharesNothing(t *testing.T) {
	if w0 := penalty.SharedPart(penalty.Trace{}.On(single(2), 1), normal(3, 2)); w0 != nil {
		t.Errorf("%v", w0)
	}
}

// The fast operator agrees with the thresholded SVD, also where the singular
// values span twelve orders of magnitude and the threshold lies among them.
func TestTraceAgreesWithSVD(t *testing.T) {
	for _, shape := range [][2]int{{5, 5}, {40, 7}, {7, 40}, {28, 139}} {
		for _, span := range []float64{1, 1e-3, 1e-6, 1e-12} {
			v := conditioned(shape[0], shape[1], span)
			u, sigma, q := num.SVD(v)
			for _, cut := range []float64{0.5, 1e-2, 2e-4, 5e-5, 1e-9} {
				want, got := num.NewDense(v.Rows, v.Cols), num.NewDense(v.Rows, v.Cols)
				rank := 0
				for c, s := range sigma {
					if s <= cut {
						continue
					}
					rank++
					for i := range v.Rows {
						for j := range v.Cols {
							want.Data[i*v.Cols+j] += u.At(i, c) * (s - cut) * q.At(j, c)
						}
					}
				}
				penalty.Trace{}.On(single(v.Cols), 1).(penalty.Proximal).Prox(got, v, cut)
				num.Axpy(-1, got.Data, want.Data)
				if far := num.Norm(want.Data); far > 1e-12 {
					t.Errorf("%v, span %v, cut %v, rank %d: %v apart", shape, span, cut, rank, far)
				}
			}
		}
	}
}

// conditioned returns a matrix whose singular values fall from 1 to span.
func conditioned(rows, cols int, span float64) *num.Dense {
	u, sigma, v := num.SVD(normal(rows, cols))
	a := num.NewDense(rows, cols)
	for c := range sigma {
		s := math.Pow(span, float64(c)/float64(max(1, len(sigma)-1)))
		for i := range rows {
			for j := range cols {
				a.Data[i*cols+j] += u.At(i, c) * s * v.At(j, c)
			}
		}
	}
	return a
}

func BenchmarkTraceProx(b *testing.B) {
	v := normal(28, 139)
	out, f := num.NewDense(28, 139), penalty.Trace{}.On(single(139), 1).(penalty.Proximal)
	for b.Loop() {
		f.Prox(out, v, 12)
	}
}

func BenchmarkTraceValue(b *testing.B) {
	v, f := normal(28, 139), penalty.Trace{}.On(single(139), 1)
	for b.Loop() {
		f.Value(v)
	}
}

func BenchmarkSharedProx(b *testing.B) {
	v := normal(28, 139)
	f := (&penalty.Shared{}).On(single(139), 1).(penalty.Proximal)
	for b.Loop() {
		f.Prox(v, v, 1e-9)
	}
}
