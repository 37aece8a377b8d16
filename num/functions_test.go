package num

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// The functions with their formulas in float64, and the largest error their
// comments promise, in units in the last place.
var functions = []struct {
	name string
	f    func(dst, src []float32)
	g    func(dst, src []float64)
	want func(x float64) float64
	ulp  float64
}{
	{"Exp", Exp[float32], Exp[float64], math.Exp, 1.1},
	{"Sigmoid", Sigmoid[float32], Sigmoid[float64], func(x float64) float64 {
		if x < -700 {
			return math.Exp(x)
		}
		return 1 / (1 + math.Exp(-x))
	}, 2.5},
	{"Tanh", Tanh[float32], Tanh[float64], math.Tanh, 1.5},
	{"Softplus", Softplus[float32], Softplus[float64], func(x float64) float64 {
		return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x)))
	}, 2},
}

// ulps is the distance of got from want, in units in the last place of
// float32 at want.
func ulps(got float32, want float64) float64 {
	w := float32(want)
	if got != got && w != w || got == w && math.Signbit(float64(got)) == math.Signbit(want) {
		return 0
	}
	if math.IsInf(float64(w), 0) != math.IsInf(float64(got), 0) && math.Abs(want) < math.MaxFloat32 {
		return math.Inf(1)
	}
	if got == 0 && w == 0 || got != got || w != w || math.IsInf(float64(w), 0) {
		return math.Inf(1)
	}
	e := max(math.Ilogb(want), -126)
	return math.Abs(float64(got)-want) / math.Ldexp(1, e-23)
}

// wholeRange returns one number out of every step of all float32, ±0, ±∞, NaN
// and subnormal ones among them, and those between -110 and 110 more closely.
func wholeRange(step uint64) []float32 {
	x := []float32{0, float32(math.Copysign(0, -1)), float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()),
		1, -1, tanhSmall, -tanhSmall, 88.72283, 88.72284, 88.8, -87.33654, -103.2, -103.97208, -103.97209, -104.1,
		math.SmallestNonzeroFloat32, -math.SmallestNonzeroFloat32, math.MaxFloat32, -math.MaxFloat32}
	for bits := uint64(0); bits < 1<<32; bits += step {
		x = append(x, math.Float32frombits(uint32(bits)))
	}
	for v := -110.0; v < 110; v += 1e-7 * float64(step) / 4 {
		x = append(x, float32(v))
	}
	return x
}

// TestFunctionsAreAsAccurateAsTheySay goes over the whole range of float32.
func TestFunctionsAreAsAccurateAsTheySay(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine, and slow under the race detector")
	}
	x := wholeRange(32749)
	y := make([]float32, len(x))
	everyUnit(t, func(t *testing.T) {
		for _, f := range functions {
			f.f(y, x)
			worst, at := 0.0, float32(0)
			for i, v := range x {
				if d := ulps(y[i], f.want(float64(v))); !(d <= worst) {
					worst, at = d, v
				}
			}
			t.Logf("%s: at most %.2f ulp, at %v", f.name, worst, at)
			if worst > f.ulp {
				got := []float32{at}
				f.f(got, got)
				t.Errorf("%s(%v) is %v, want %v: %.2f ulp off", f.name, at, got[0], f.want(float64(at)), worst)
			}
		}
	})
}

// The float64 functions are those of package math, or made of them.
func TestFunctionsOfFloat64(t *testing.T) {
	everyUnit(t, func(t *testing.T) {
		var x []float64
		for v := -800.0; v < 800; v += 0.0371 {
			x = append(x, v, v*1e-3, v*1e-12)
		}
		x = append(x, 0, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), math.NaN())
		y := make([]float64, len(x))
		for _, f := range functions {
			f.g(y, x)
			for i, v := range x {
				want := f.want(v)
				if !(math.Abs(y[i]-want) <= 0x1p-51*math.Abs(want) || same(y[i], want)) || math.Signbit(y[i]) != math.Signbit(want) && want == want {
					t.Fatalf("%s(%v) is %v, want %v", f.name, v, y[i], want)
				}
			}
		}
	})
}

// A number's value does not depend on its place, nor on the length; what
// stands beyond the end stays as it is; source and destination may be one.
func TestFunctionsDoNotDependOnPlace(t *testing.T) {
	everyUnit(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(31, 32))
		for _, f := range functions {
			for n := range 70 {
				x := layout[float32](rng, 1, n, 0).Data[:n:n]
				if n == 0 {
					x = nil
				}
				out := make([]float32, n+20)
				f.f(out[3:][:n], x)
				for i, v := range x {
					one := []float32{v}
					f.f(one, one)
					if out[3+i] != one[0] {
						t.Fatalf("%s of %d numbers: number %d is %v, alone %v", f.name, n, i, out[3+i], one[0])
					}
				}
				for i, v := range out {
					if (i < 3 || i >= 3+n) && v != 0 {
						t.Fatalf("%s of %d numbers writes beside its destination", f.name, n)
					}
				}
			}
		}
	})
}

func testElementwise[F Float](t *testing.T, eps float64) {
	rng := rand.New(rand.NewPCG(33, 34))
	for n := range 140 {
		vector := func() []F { return append([]F(nil), layout[F](rng, 1, n, 0).Data...)[:n:n] }
		x, y, a := vector(), vector(), F(rng.NormFloat64())
		close := func(name string, got F, want, size float64) {
			t.Helper()
			if !(math.Abs(float64(got)-want) <= eps*size) {
				t.Fatalf("%s of %d numbers: %v, want %v", name, n, got, want)
			}
		}
		sum, size := 0.0, 0.0
		for i, v := range x {
			sum += float64(v) * float64(y[i])
			size += math.Abs(float64(v) * float64(y[i]))
		}
		close("Inner", Inner(x, y), sum, float64(n+1)*size)
		scaled, added, times, scale, grad := slices.Clone(y), slices.Clone(y), slices.Clone(y), slices.Clone(x), slices.Clone(x)
		AddScaled(scaled, a, x)
		between := slices.Clone(y)
		Lerp(between, a, x)
		Add(added, x)
		Mul(times, x)
		Scale(scale, a)
		ReluGrad(grad, y)
		for i, v := range x {
			close("AddScaled", scaled[i], float64(y[i])+float64(a)*float64(v), 4*(math.Abs(float64(y[i]))+math.Abs(float64(a*v))))
			close("Lerp", between[i], float64(y[i])+float64(a)*(float64(v)-float64(y[i])), 4*(1+math.Abs(float64(a)))*(math.Abs(float64(y[i]))+math.Abs(float64(v))))
			if added[i] != y[i]+v || times[i] != y[i]*v || scale[i] != v*a || grad[i] != v && y[i] > 0 || grad[i] != 0 && y[i] <= 0 {
				t.Fatalf("%d numbers, number %d: Add %v, Mul %v, Scale %v, ReluGrad %v of %v and %v", n, i, added[i], times[i], scale[i], grad[i], v, y[i])
			}
		}
	}
}

func TestElementwise(t *testing.T) {
	everyUnit(t, func(t *testing.T) {
		testElementwise[float32](t, 0x1p-24)
		testElementwise[float64](t, 0x1p-53)
	})
}

func testAdam[F Float](t *testing.T, eps float64) {
	rng := rand.New(rand.NewPCG(35, 36))
	for n := range 100 {
		vector := func() []F { return append([]F(nil), layout[F](rng, 1, n, 0).Data...)[:n:n] }
		p, m, v, g := vector(), vector(), vector(), vector()
		for i := range v {
			v[i] *= v[i]
		}
		p0, m0, v0 := slices.Clone(p), slices.Clone(m), slices.Clone(v)
		const lr, b1, b2, small = 0.01, 0.9, 0.999, 1e-8
		c1, c2 := 1-math.Pow(b1, 7), 1-math.Pow(b2, 7)
		Adam(p, m, v, g, lr, b1, b2, small, F(c1), F(c2))
		for i := range p {
			d := float64(g[i])
			wantM, wantV := b1*float64(m0[i])+(1-b1)*d, b2*float64(v0[i])+(1-b2)*d*d
			step := lr * wantM / c1 / (math.Sqrt(wantV/c2) + small)
			if !(math.Abs(float64(m[i])-wantM) <= 4*eps*(math.Abs(float64(m0[i]))+math.Abs(d))) || !(math.Abs(float64(v[i])-wantV) <= 1000*eps*wantV) ||
				!(math.Abs(float64(p[i])-(float64(p0[i])-step)) <= 4*eps*math.Abs(float64(p0[i]))+1000*eps*math.Abs(step)) {
				t.Fatalf("%d numbers, number %d: m %v, v %v, p %v; want %v, %v, %v", n, i, m[i], v[i], p[i], wantM, wantV, float64(p0[i])-step)
			}
		}
	}
}

// The first step of Adam is lr against the sign of each number of the
// gradient, whatever its size.
func TestAdam(t *testing.T) {
	everyUnit(t, func(t *testing.T) {
		testAdam[float32](t, 0x1p-24)
		testAdam[float64](t, 0x1p-53)
		g := []float32{1e-3, -7, 1e4, -1e-2}
		p, m, v := make([]float32, 4), make([]float32, 4), make([]float32, 4)
		Adam(p, m, v, g, 0.5, 0.9, 0.999, 0, 1-0.9, 1-0.999)
		for i, d := range g {
			if want := -math.Copysign(0.5, float64(d)); math.Abs(float64(p[i])-want) > 1e-4 {
				t.Errorf("gradient %v: the step is %v, want %v", d, p[i], want)
			}
		}
	})
}

func TestSoftmax(t *testing.T) {
	everyUnit(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(37, 38))
		for _, shift := range []float32{0, 1e4, -1e4} {
			for n := 1; n < 200; n += 1 + n/9 {
				x := append([]float32(nil), layout[float32](rng, 1, n, 0).Data...)[:n]
				for i := range x {
					x[i] += shift
				}
				sum := 0.0
				for _, v := range x {
					sum += math.Exp(float64(v) - float64(shift))
				}
				y := make([]float32, n)
				SoftmaxRow(y, x)
				for i, v := range x {
					want := math.Exp(float64(v)-float64(shift)) / sum
					if !(math.Abs(float64(y[i])-want) <= 1e-6*want) {
						t.Fatalf("softmax of %d numbers: %v, want %v", n, y[i], want)
					}
				}
				want := float64(shift) + math.Log(sum)
				if got := float64(LogSumExp(x)); !(math.Abs(got-want) <= 2e-7*(math.Abs(want)+1)) {
					t.Fatalf("log-sum-exp of %d numbers: %v, want %v", n, got, want)
				}
			}
		}
		inf, nan := math.Inf(1), math.NaN()
		for _, c := range []struct {
			x    []float64
			want float64
		}{{nil, -inf}, {[]float64{-inf, -inf}, -inf}, {[]float64{3, inf}, inf}, {[]float64{nan, 3}, nan}, {[]float64{3, nan}, nan}, {[]float64{-inf, 2}, 2}} {
			if got := LogSumExp(c.x); !same(got, c.want) {
				t.Errorf("log-sum-exp of %v is %v, want %v", c.x, got, c.want)
			}
		}
		y := make([]float32, 2)
		SoftmaxRow(y, []float32{float32(-inf), 5})
		if y[0] != 0 || y[1] != 1 {
			t.Errorf("softmax of -∞ and 5 is %v", y)
		}
	})
}

// ScatterAdd is the transpose of Gather: ⟨Gather(table), s⟩ = ⟨table, ScatterAdd(s)⟩.
func TestGatherAndScatter(t *testing.T) {
	rng := rand.New(rand.NewPCG(39, 40))
	for _, s := range [][3]int{{5, 7, 20}, {1, 1, 3}, {9, 16, 0}, {3, 33, 4}} {
		table, src := layout[float64](rng, s[0], s[1], 1), layout[float64](rng, s[2], s[1], 1)
		rows := make([]int32, s[2])
		for i := range rows {
			rows[i] = int32(rng.IntN(s[0]))
		}
		got := layout[float64](rng, s[2], s[1], 1)
		Gather(got, table, rows)
		sums := Of(make([]float64, s[0]*s[1]), s[0], s[1])
		ScatterAdd(sums, rows, src)
		left, right := 0.0, 0.0
		for i, r := range rows {
			if !slices.Equal(got.Row(i), table.Row(int(r))) {
				t.Fatalf("row %d is not row %d of the table", i, r)
			}
			left += Dot(got.Row(i), src.Row(i))
		}
		for i := range s[0] {
			right += Dot(table.Row(i), sums.Row(i))
		}
		if math.Abs(left-right) > 1e-12 {
			t.Errorf("%v: %v and %v", s, left, right)
		}
		columns := make([]float64, s[1])
		SumRows(columns, src)
		turned := make([]float64, s[1])
		SumRows(turned, View[float64]{src.Rows, src.Cols, src.RowStep, 1, src.Data})
		for j, v := range columns {
			want := 0.0
			for i := range src.Rows {
				want += src.At(i, j)
			}
			if math.Abs(v-want) > 1e-12 || v != turned[j] {
				t.Errorf("column %d sums to %v, want %v", j, v, want)
			}
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("no panic for a row the table does not have")
		}
	}()
	table := Of(make([]float32, 6), 2, 3)
	Gather(table, table, []int32{0, 2})
}

func ExampleTanh() {
	x := []float32{0, 1e-20, -100}
	Tanh(x, x)
	fmt.Println(x)
	// Output: [0 1e-20 -1]
}
