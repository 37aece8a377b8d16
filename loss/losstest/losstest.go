// Package losstest holds what every loss must pass: the properties that
// follow from what its methods promise, with no number written down.
package losstest

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/num"
)

// All checks every loss of the table, and says how many it saw.
func All(t *testing.T) {
	seen := 0
	for _, part := range loss.All {
		t.Run(part.Name, func(t *testing.T) { Check(t, part.New()) })
		seen++
	}
	t.Logf("losstest: %d losses checked", seen)
}

// Check tests a loss on every kind of labels it takes.
func Check(t *testing.T, l loss.Loss) {
	kinds := 0
	for _, kind := range []kindred.Kind{kindred.Regression, kindred.Binary, kindred.Multiclass, kindred.Count} {
		if !l.Takes(kind) {
			continue
		}
		kinds++
		t.Run(kind.String(), func(t *testing.T) {
			for name, check := range map[string]func(*testing.T, loss.Loss, *sample){
				"conjugate": conjugate, "domain": domain, "convex": convex, "weights": weights,
				"gradient": gradient, "hessian": hessian, "mean": mean, "far": far, "allocations": allocations,
			} {
				t.Run(name, func(t *testing.T) { check(t, l, newSample(kind, 40)) })
			}
		})
	}
	if kinds == 0 {
		t.Error("it takes no kind of task")
	}
}

// A sample is a problem of one kind with random outputs.
type sample struct {
	kind    kindred.Kind
	k       int
	y, w, z []float64
	random  *rand.Rand
}

func newSample(kind kindred.Kind, n int) *sample {
	s := &sample{kind: kind, k: 1, random: rand.New(rand.NewPCG(7, uint64(kind)))}
	if kind == kindred.Multiclass {
		s.k = 4
	}
	for range n {
		y := s.random.NormFloat64() * 2
		switch kind {
		case kindred.Binary:
			y = float64(s.random.IntN(2))
		case kindred.Multiclass:
			y = float64(s.random.IntN(s.k))
		case kindred.Count:
			y = float64(s.random.IntN(6))
		}
		s.y = append(s.y, y)
		s.w = append(s.w, 0.2+2*s.random.Float64())
	}
	s.z = s.normal(1.5)
	return s
}

// normal returns n × k normal numbers.
func (s *sample) normal(scale float64) []float64 {
	z := make([]float64, len(s.y)*s.k)
	for i := range z {
		z[i] = scale * s.random.NormFloat64()
	}
	return z
}

// numeric is the gradient of the value by central differences: exact, up to
// rounding, where the loss is linear around z.
func numeric(l loss.Loss, s *sample, z []float64) []float64 {
	g, at, h := make([]float64, len(z)), append([]float64(nil), z...), 1e-5
	for i, v := range z {
		row := i / s.k
		y, w, zi := s.y[row:row+1], s.w[row:row+1], at[row*s.k:(row+1)*s.k]
		at[i] = v + h
		up := l.Value(y, w, zi)
		at[i] = v - h
		g[i] = (up - l.Value(y, w, zi)) / (2 * h)
		at[i] = v
	}
	return g
}

// dual is −w∇ℓ at z, exact where the loss is smooth or piecewise linear.
func dual(l loss.Loss, s *sample, z []float64) []float64 {
	a := numeric(l, s, z)
	if smooth, ok := l.(loss.Smooth); ok {
		smooth.Grad(a, s.y, s.w, z)
	} else {
		for i := range a { // the slopes of a piecewise linear loss are whole
			a[i] = s.w[i/s.k] * math.Round(a[i]/s.w[i/s.k])
		}
	}
	for i := range a {
		a[i] = -a[i]
	}
	return a
}

// conjugate: ℓ(z) + ℓ*(−a) ≥ −a·z, with equality where −a is the gradient at z.
func conjugate(t *testing.T, l loss.Loss, s *sample) {
	for range 20 {
		z, other := s.normal(2), s.normal(2)
		a, b := dual(l, s, z), dual(l, s, other)
		value := l.Value(s.y, s.w, z)
		if got, want := l.Conjugate(s.y, s.w, a), -num.Dot(a, z)-value; !near(got, want, 1e-9) {
			t.Fatalf("at the gradient the conjugate is %v, want %v", got, want)
		}
		mix := s.random.Float64()
		for i := range a {
			a[i] = mix*a[i] + (1-mix)*b[i]
		}
		got := l.Conjugate(s.y, s.w, a)
		if math.IsInf(got, 0) || !(value+got >= -num.Dot(a, z)-1e-9*(1+math.Abs(value))) {
			t.Fatalf("value %v + conjugate %v < %v", value, got, -num.Dot(a, z))
		}
	}
}

// domain: of one output, the conjugate is the supremum found by searching, and
// +Inf where that grows without end; of several, it is +Inf off Σ_c a_c = 0.
func domain(t *testing.T, l loss.Loss, s *sample) {
	if s.k > 1 {
		a := dual(l, s, s.z)
		a[0] -= 0.01
		if got := l.Conjugate(s.y, s.w, a); !math.IsInf(got, 1) {
			t.Errorf("the outputs' dual variables do not sum to 0, yet the conjugate is %v", got)
		}
		return
	}
	for i, a := range s.normal(3) {
		y, w := s.y[i:i+1], s.w[i:i+1]
		sup := func(reach float64) float64 {
			return supremum(func(z float64) float64 { return -a*z - l.Value(y, w, []float64{z}) }, reach)
		}
		got, want := l.Conjugate(y, w, []float64{a}), sup(100)
		if sup(500) > want+1e-3 {
			want = math.Inf(1)
		}
		if !near(got, want, 1e-7) {
			t.Errorf("y = %v, w = %v, a = %v: conjugate %v, want %v", y[0], w[0], a, got, want)
		}
	}
}

// supremum of a concave f over [−reach, reach], by ternary search.
func supremum(f func(float64) float64, reach float64) float64 {
	low, high := -reach, reach
	for range 200 {
		a, b := low+(high-low)/3, high-(high-low)/3
		if f(a) < f(b) {
			low = a
		} else {
			high = b
		}
	}
	return f((low + high) / 2)
}

// convex: no chord lies below the value.
func convex(t *testing.T, l loss.Loss, s *sample) {
	for range 50 {
		a, b, mid := s.normal(3), s.normal(3), make([]float64, len(s.z))
		mix := s.random.Float64()
		for i := range mid {
			mid[i] = mix*a[i] + (1-mix)*b[i]
		}
		chord := mix*l.Value(s.y, s.w, a) + (1-mix)*l.Value(s.y, s.w, b)
		if got := l.Value(s.y, s.w, mid); got > chord+1e-9*math.Abs(chord) {
			t.Fatalf("value %v above the chord's %v", got, chord)
		}
	}
}

// weights: a row of weight m is the row m times, one of weight 0 no row, no
// weights are weights of 1.
func weights(t *testing.T, l loss.Loss, s *sample) {
	var y, z, a, many []float64
	w, one := make([]float64, len(s.y)), make([]float64, len(s.y))
	unit := *s
	unit.w = one
	for i := range w {
		w[i], one[i] = float64(i%3), 1
	}
	whole := dual(l, &unit, s.z)
	for i, m := range w {
		for range int(m) {
			y = append(y, s.y[i])
			z = append(z, s.z[i*s.k:(i+1)*s.k]...)
			a = append(a, whole[i*s.k:(i+1)*s.k]...)
		}
		for _, v := range whole[i*s.k : (i+1)*s.k] {
			many = append(many, m*v)
		}
	}
	same(t, "value", l.Value(s.y, w, s.z), l.Value(y, nil, z))
	same(t, "conjugate", l.Conjugate(s.y, w, many), l.Conjugate(y, nil, a))
	same(t, "value without weights", l.Value(s.y, nil, s.z), l.Value(s.y, one, s.z))
	same(t, "conjugate without weights", l.Conjugate(s.y, nil, whole), l.Conjugate(s.y, one, whole))
	same(t, "value of no row", l.Value(nil, nil, nil), 0)
	same(t, "conjugate of no row", l.Conjugate(nil, nil, nil), 0)
	many[0] = 0.25 // of the first row, whose weight is 0
	same(t, "conjugate of a row of weight 0", l.Conjugate(s.y, w, many), math.Inf(1))
}

// gradient: as by central differences, returned with the value; monotone, and
// no steeper than the curvature.
func gradient(t *testing.T, l loss.Loss, s *sample) {
	smooth, ok := l.(loss.Smooth)
	if !ok {
		return
	}
	g, h := make([]float64, len(s.z)), make([]float64, len(s.z))
	same(t, "value beside the gradient", smooth.Grad(g, s.y, s.w, s.z), l.Value(s.y, s.w, s.z))
	for i, want := range numeric(l, s, s.z) {
		if !near(g[i], want, 1e-7) {
			t.Errorf("gradient %d is %v, by differences %v", i, g[i], want)
		}
	}
	largest := 0.0
	for _, w := range s.w {
		largest = max(largest, w)
	}
	for range 20 {
		a, b := s.normal(2), s.normal(2)
		smooth.Grad(g, s.y, s.w, a)
		smooth.Grad(h, s.y, s.w, b)
		num.Axpy(-1, b, a)
		num.Axpy(-1, h, g)
		rise, run := num.Dot(a, g), num.Dot(a, a)
		if rise < 0 || rise > smooth.Curvature()*largest*run*(1+1e-12) {
			t.Fatalf("the gradient rises by %v over %v², curvature %v", rise, math.Sqrt(run), smooth.Curvature())
		}
	}
}

// hessian: as the gradient changes, and never negative nor above the curvature.
func hessian(t *testing.T, l loss.Loss, s *sample) {
	smooth, ok := l.(loss.Smooth)
	if !ok {
		return
	}
	v, hv, n := s.normal(1), make([]float64, len(s.z)), len(s.z)
	switch l := l.(type) {
	case loss.Joint:
		l.HessVec(hv, s.y, s.w, s.z, v)
	case loss.Curved:
		l.Hess(hv, s.y, s.w, s.z)
		for i := range hv {
			hv[i] *= v[i]
		}
	default:
		t.Fatal("smooth, yet neither curved nor joint")
	}
	up, down, step := make([]float64, n), make([]float64, n), 1e-5
	at := append([]float64(nil), s.z...)
	num.Axpy(step, v, at)
	smooth.Grad(up, s.y, s.w, at)
	num.Axpy(-2*step, v, at)
	smooth.Grad(down, s.y, s.w, at)
	for i := range hv {
		if want := (up[i] - down[i]) / (2 * step); !near(hv[i], want, 1e-7) {
			t.Errorf("second derivative %d is %v, by differences %v", i, hv[i], want)
		}
	}
	for i, w := range s.w {
		row, to := hv[i*s.k:(i+1)*s.k], v[i*s.k:(i+1)*s.k]
		if bend := num.Dot(row, to); bend < -1e-12 || bend > w*smooth.Curvature()*num.Dot(to, to)*(1+1e-12) {
			t.Errorf("row %d bends by %v, curvature %v", i, bend, smooth.Curvature())
		}
	}
}

// mean: a prediction grows with its output; a probability is one.
func mean(t *testing.T, l loss.Loss, s *sample) {
	linked, ok := l.(loss.Linked)
	if !ok {
		return
	}
	for _, scale := range []float64{1, 100, 1e6} {
		z := s.normal(scale)
		low, high := make([]float64, len(z)), make([]float64, len(z))
		linked.Mean(low, z, s.k)
		z[0] += 0.1
		linked.Mean(high, z, s.k)
		if high[0] < low[0] {
			t.Errorf("an output grew, its prediction fell from %v to %v", low[0], high[0])
		}
		for i, m := range low {
			if math.IsNaN(m) || math.IsInf(m, 0) || s.kind.Classifies() && (m < 0 || m > 1) {
				t.Errorf("output %v is read as %v", z[i], m)
			}
		}
		for i := 0; s.k > 1 && i < len(low); i += s.k {
			same(t, "sum of probabilities", num.Sum(low[i:i+s.k]), 1)
		}
	}
}

// far: huge outputs give no NaN, and no infinite gradient.
func far(t *testing.T, l loss.Loss, s *sample) {
	z, g := s.normal(1e5), make([]float64, len(s.z))
	if v := l.Value(s.y, s.w, z); math.IsNaN(v) {
		t.Errorf("value %v", v)
	}
	if smooth, ok := l.(loss.Smooth); ok {
		smooth.Grad(g, s.y, s.w, z)
		if v := num.Dot(g, make([]float64, len(g))); v != 0 { // 0·∞ is NaN
			t.Errorf("gradient %v", g)
		}
	}
}

// allocations: none.
func allocations(t *testing.T, l loss.Loss, s *sample) {
	g, a := make([]float64, len(s.z)), dual(l, s, s.z)
	if n := testing.AllocsPerRun(10, func() {
		l.Value(s.y, s.w, s.z)
		l.Conjugate(s.y, s.w, a)
		if smooth, ok := l.(loss.Smooth); ok {
			smooth.Grad(g, s.y, s.w, s.z)
		}
		switch l := l.(type) {
		case loss.Joint:
			l.HessVec(g, s.y, s.w, s.z, a)
		case loss.Curved:
			l.Hess(g, s.y, s.w, s.z)
		}
	}); n != 0 {
		t.Errorf("%v allocations a pass", n)
	}
}

func same(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !near(got, want, 1e-11) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// near compares relative to the larger of 1 and want; infinities are equal.
func near(got, want, tol float64) bool {
	return got == want || math.Abs(got-want) <= tol*max(1, math.Abs(want))
}
