package optim_test

import (
	"encoding/json"
	"maps"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/optim"
)

// start makes the state of a chain that is known to be good.
func start[F num.Float](t testing.TB, c optim.Chain, p optim.Plan) *optim.State[F] {
	t.Helper()
	s, err := optim.New[F](c, p)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// take takes a step on all parameters.
func take[F num.Float](s *optim.State[F], step int, p, g []F) {
	squares := 0.0
	for _, v := range g {
		squares += float64(v) * float64(v)
	}
	s.Begin(step, math.Sqrt(squares))
	s.Apply(0, len(p), p, slices.Clone(g))
}

func near(t *testing.T, what string, got, want, tol float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tol) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func normal[F num.Float](random *rand.Rand, n int) []F {
	x := make([]F, n)
	for i := range x {
		x[i] = F(random.NormFloat64())
	}
	return x
}

// The first step of Adam is the learning rate, against the sign of the gradient,
// whatever its size.
func TestFirstStepOfAdam(t *testing.T) {
	for _, c := range []optim.Chain{{&optim.Adam{Rate: 0.3}}, {&optim.AdamW{Rate: 0.3}}} {
		p := []float64{1, 1, 1, 1}
		take(start[float64](t, c, optim.Plan{Size: 4}), 0, p, []float64{1e-3, -5, 1e6, 0})
		for i, want := range []float64{0.7, 1.3, 0.7, 1} {
			near(t, "Adam", p[i], want, 1e-5)
		}
		q := []float32{1, 1}
		take(start[float32](t, c, optim.Plan{Size: 2}), 0, q, []float32{3, -0.2})
		near(t, "Adam of float32", float64(q[0]), 0.7, 2e-7)
		near(t, "Adam of float32", float64(q[1]), 1.3, 2e-7)
	}
}

// Under gradients g, then h, Adam's second step follows from its formula.
func TestSecondStepOfAdam(t *testing.T) {
	const g, h, b1, b2, eps, rate = 0.7, -0.2, 0.8, 0.95, 1e-3, 0.1
	s := start[float64](t, optim.Chain{&optim.Adam{Rate: rate, Beta1: b1, Beta2: b2, Epsilon: eps}}, optim.Plan{Size: 1})
	p := []float64{0}
	take(s, 0, p, []float64{g})
	first := -rate * g / (g + eps)
	near(t, "first", p[0], first, 1e-15)
	take(s, 1, p, []float64{h})
	m := (b1*g + h) / (1 + b1) // (1−b1)(b1 g + h)/(1−b1²)
	v := (b2*g*g + h*h) / (1 + b2)
	near(t, "second", p[0], first-rate*m/(math.Sqrt(v)+eps), 1e-15)
}

// With no gradient AdamW multiplies what decays by 1 − ηλ, and nothing else.
func TestDecayIsExact(t *testing.T) {
	const rate, lambda, steps = 0.5, 0.25, 7
	for _, c := range []optim.Chain{
		{&optim.AdamW{Rate: rate, Lambda: lambda}},
		{&optim.Decay{Lambda: lambda}, &optim.Adam{Rate: rate}},
		{&optim.Decay{Lambda: lambda}, &optim.SGD{Rate: rate}},
	} {
		s := start[float64](t, c, optim.Plan{Size: 6, Decays: []optim.Range{{1, 2}, {4, 6}}})
		p := []float64{3, 3, 3, 3, 3, 3}
		for k := range steps {
			take(s, k, p, make([]float64, 6))
		}
		shrunk := 3 * math.Pow(1-rate*lambda, steps)
		for i, want := range []float64{3, shrunk, 3, 3, shrunk, shrunk} {
			near(t, "decayed", p[i], want, 1e-15)
		}
	}
}

// AdamW is Decay, then Adam.
func TestAdamWIsDecayAndAdam(t *testing.T) {
	plan := optim.Plan{Size: 50, Decays: []optim.Range{{10, 30}}, Steps: 20}
	a := start[float32](t, optim.Chain{&optim.AdamW{Rate: 0.1, Lambda: 0.3}, &optim.Cosine{}}, plan)
	b := start[float32](t, optim.Chain{&optim.Decay{Lambda: 0.3}, &optim.Adam{Rate: 0.1}, &optim.Cosine{}}, plan)
	random := rand.New(rand.NewPCG(1, 2))
	p := normal[float32](random, 50)
	q := slices.Clone(p)
	for k := range 20 {
		g := normal[float32](random, 50)
		take(a, k, p, g)
		take(b, k, q, g)
	}
	if !slices.Equal(p, q) {
		t.Errorf("%v and %v", p, q)
	}
}

// Under a gradient that stays the same the steps grow to η g/(1 − β), Nesterov's
// sooner.
func TestMomentum(t *testing.T) {
	const rate, beta, g = 0.1, 0.5, 2.0
	for _, nesterov := range []bool{false, true} {
		s := start[float64](t, optim.Chain{&optim.Momentum{Rate: rate, Beta: beta, Nesterov: nesterov}}, optim.Plan{Size: 1})
		p, last := []float64{0}, 0.0
		for k := range 60 {
			last = p[0]
			take(s, k, p, []float64{g})
			power := math.Pow(beta, float64(k+1))
			if nesterov {
				power *= beta
			}
			near(t, "a step", last-p[0], rate*g*(1-power)/(1-beta), 1e-13)
		}
		near(t, "the last step", last-p[0], rate*g/(1-beta), 1e-13)
	}
}

// On a quadratic of curvatures 1 and κ the heavy ball with the constants of
// Polyak loses (√κ−1)/(√κ+1) a step, up to a polynomial.
func TestHeavyBallRate(t *testing.T) {
	const kappa, steps = 100.0, 200
	root := math.Sqrt(kappa)
	beta := math.Pow((root-1)/(root+1), 2)
	s := start[float64](t, optim.Chain{&optim.Momentum{Rate: 4 / math.Pow(root+1, 2), Beta: beta}}, optim.Plan{Size: 2})
	p := []float64{1, 1}
	for k := range steps {
		take(s, k, p, []float64{p[0], kappa * p[1]})
	}
	if far := math.Hypot(p[0], p[1]); far > 20*steps*math.Pow(beta, steps/2) {
		t.Errorf("%v from the optimum", far)
	}
}

// Every mover with the defaults of its momentum finds the bottom of a bowl.
func TestBowl(t *testing.T) {
	bottom := []float64{1, -2, 0.5}
	for _, c := range []optim.Chain{
		{&optim.SGD{Rate: 0.3}},
		{&optim.Momentum{Rate: 0.1}},
		{&optim.Momentum{Rate: 0.1, Nesterov: true}},
		{&optim.Clip{Norm: 0.5}, &optim.SGD{Rate: 0.3}},
		{&optim.Adam{Rate: 0.1}, &optim.Cosine{Warmup: 0.05}},
		{&optim.AdamW{Rate: 0.1}, &optim.OneCycle{}, &optim.EMA{}},
		{&optim.Adam{Rate: 0.1}, &optim.Step{}},
	} {
		const steps = 2000
		s := start[float64](t, c, optim.Plan{Size: 3, Steps: steps})
		p := make([]float64, 3)
		for k := range steps {
			g := make([]float64, 3)
			for i := range g {
				g[i] = float64(i+1) * (p[i] - bottom[i])
			}
			take(s, k, p, g)
		}
		for i := range p {
			near(t, reflect.TypeOf(c[len(c)-1]).String(), p[i], bottom[i], 1e-3)
		}
	}
}

func TestClip(t *testing.T) {
	s := start[float64](t, optim.Chain{&optim.Clip{Norm: 5}, &optim.SGD{Rate: 1}}, optim.Plan{Size: 2})
	if !s.NeedsNorm() {
		t.Error("clip needs no norm")
	}
	for _, c := range []struct{ g, want []float64 }{
		{[]float64{3, 4}, []float64{-3, -4}}, // just short enough
		{[]float64{0.1, 0.7}, []float64{-0.1, -0.7}},
		{[]float64{0, 0}, []float64{0, 0}},
		{[]float64{30, 40}, []float64{-3, -4}},
	} {
		p := []float64{0, 0}
		take(s, 0, p, c.g)
		if !slices.Equal(p, c.want) {
			t.Errorf("%v gives %v, want %v", c.g, p, c.want)
		}
	}
	for _, norm := range []float64{math.NaN(), math.Inf(1)} {
		p := []float64{0, 0}
		s.Begin(0, norm)
		s.Apply(0, 2, p, []float64{1, 0})
		if !math.IsNaN(p[0]) || !math.IsNaN(p[1]) {
			t.Errorf("norm %v gives %v", norm, p)
		}
	}
	if start[float64](t, optim.Chain{&optim.SGD{}}, optim.Plan{}).NeedsNorm() {
		t.Error("sgd needs a norm")
	}
}

func TestSchedules(t *testing.T) {
	const steps = 1000
	for _, c := range []struct {
		name     string
		schedule optim.Schedule
		at       map[int]float64
	}{
		{"constant", &optim.Constant{}, map[int]float64{0: 1, 500: 1, steps: 1}},
		{"warm constant", &optim.Constant{Warmup: 0.099}, map[int]float64{0: 0.01, 49: 0.5, 98: 0.99, 99: 1, steps: 1}},
		{"cosine", &optim.Cosine{}, map[int]float64{0: 1, 250: 0.5 + math.Sqrt2/4, 500: 0.5, steps: 0}},
		{"cosine that stops", &optim.Cosine{Final: 0.2}, map[int]float64{0: 1, 500: 0.6, steps: 0.2}},
		{"warm cosine", &optim.Cosine{Warmup: 0.1, Final: 0.2}, map[int]float64{0: 1.0 / 101, 99: 100.0 / 101, 100: 1, 550: 0.6, steps: 0.2}},
		{"step", &optim.Step{}, map[int]float64{0: 1, 499: 1, 500: 0.1, 749: 0.1, 750: 0.01, steps: 0.01}},
		{"given step", &optim.Step{At: []float64{0.2}, By: 0.5, Warmup: 0.009}, map[int]float64{0: 0.1, 9: 1, 199: 1, 200: 0.5}},
		{"one cycle", &optim.OneCycle{}, map[int]float64{0: 0.1, 225: 0.55, 450: 1, 675: 0.55, 900: 0.1, 950: 0.0505, steps: 0.001}},
		{"one cycle without a tail", &optim.OneCycle{Rise: 0.5, Start: 0.2}, map[int]float64{0: 0.2, 500: 1, steps: 0.2}},
	} {
		if err := c.schedule.Check(); err != nil {
			t.Error(err)
		}
		for step, want := range c.at {
			near(t, c.name, c.schedule.Factor(step, steps), want, 1e-12)
		}
		for step := range steps + 1 {
			if f := c.schedule.Factor(step, steps); !(f >= 0 && f <= 1) {
				t.Errorf("%s: %v in step %d", c.name, f, step)
			}
		}
		for _, few := range []int{1, 2, 3} {
			for step := range few + 1 {
				if f := c.schedule.Factor(step, few); !(f >= 0 && f <= 1) {
					t.Errorf("%s: %v in step %d of %d", c.name, f, step, few)
				}
			}
		}
	}
	s := start[float64](t, optim.Chain{&optim.SGD{Rate: 2}, &optim.Constant{Warmup: 0.009}, &optim.Cosine{}}, optim.Plan{Steps: steps})
	near(t, "a product", s.Rate(0), 0.2, 1e-12)
	near(t, "a product", s.Rate(500), 1, 1e-12)
	near(t, "past the end", s.Rate(2*steps), 0, 1e-12)
}

// The average is Σ β^(t−s) p_s / Σ β^(t−s), and that of a constant the constant.
func TestEMA(t *testing.T) {
	const beta, rate = 0.9, 0.3
	s := start[float64](t, optim.Chain{&optim.SGD{Rate: rate}, &optim.EMA{Beta: beta}}, optim.Plan{Size: 3})
	p := []float64{1.1, 5, 0}
	sum, weight := 0.0, 0.0
	for k := range 30 {
		take(s, k, p, []float64{0, p[1] - 1, 0})
		sum, weight = beta*sum+p[1], beta*weight+1
		mean := s.Average()
		if mean[0] != 1.1 || mean[2] != 0 {
			t.Fatalf("a constant becomes %v", mean)
		}
		near(t, "average", mean[1], sum/weight, 1e-13)
	}
	held, mean := slices.Clone(p), slices.Clone(s.Average())
	s.Swap(p)
	if !slices.Equal(p, mean) || !slices.Equal(s.Average(), held) {
		t.Error("Swap does not exchange")
	}
	s.Swap(p)
	if !slices.Equal(p, held) || !slices.Equal(s.Average(), mean) {
		t.Error("a second Swap does not restore")
	}
	plain := start[float64](t, optim.Chain{&optim.SGD{}}, optim.Plan{Size: 3})
	plain.Swap(p)
	if plain.Average() != nil || !slices.Equal(p, held) {
		t.Error("an average without EMA")
	}
}

// chains are those that remember, mask and clip.
var chains = map[string]optim.Chain{
	"default":  nil,
	"adamw":    {&optim.Clip{Norm: 3}, &optim.AdamW{Rate: 0.02, Lambda: 0.5}, &optim.Cosine{Warmup: 0.1}, &optim.EMA{Beta: 0.9}},
	"momentum": {&optim.Clip{}, &optim.Decay{Lambda: 0.1}, &optim.Momentum{}, &optim.OneCycle{}, &optim.EMA{}},
	"nesterov": {&optim.Momentum{Nesterov: true}, &optim.Step{}},
	"sgd":      {&optim.SGD{}, &optim.Constant{Warmup: 0.5}},
}

var masked = optim.Plan{Size: 257, Decays: []optim.Range{{0, 10}, {10, 11}, {63, 130}, {200, 200}, {256, 257}}, Steps: 24}

// Pieces in any order give what the whole gives, to the last bit.
func TestPieces(t *testing.T) {
	for name, c := range chains {
		t.Run(name+" 32", func(t *testing.T) { pieces[float32](t, c) })
		t.Run(name+" 64", func(t *testing.T) { pieces[float64](t, c) })
	}
}

func pieces[F num.Float](t *testing.T, c optim.Chain) {
	whole, cut := start[F](t, c, masked), start[F](t, c, masked)
	random := rand.New(rand.NewPCG(3, 4))
	p := normal[F](random, masked.Size)
	q := slices.Clone(p)
	for k := range masked.Steps {
		g := normal[F](random, masked.Size)
		norm := math.Abs(random.NormFloat64()) * 4
		whole.Begin(k, norm)
		cut.Begin(k, norm)
		h := slices.Clone(g)
		whole.Apply(0, masked.Size, p, g)
		size := 1 + random.IntN(100)
		for _, i := range random.Perm((masked.Size + size - 1) / size) {
			lo, hi := i*size, min((i+1)*size, masked.Size)
			cut.Apply(lo, hi, q, h[lo:hi])
		}
	}
	if !slices.Equal(p, q) {
		t.Error("the parameters differ")
	}
	if !maps.EqualFunc(whole.Tensors(), cut.Tensors(), slices.Equal) {
		t.Error("what is remembered differs")
	}
}

// A chain that is saved and restored goes on to the last bit.
func TestRestore(t *testing.T) {
	for name, c := range chains {
		t.Run(name, func(t *testing.T) {
			s := start[float32](t, c, masked)
			random := rand.New(rand.NewPCG(5, 6))
			p := normal[float32](random, masked.Size)
			for k := range 9 {
				take(s, k, p, normal[float32](random, masked.Size))
			}
			saved, q := map[string][]float32{}, slices.Clone(p)
			for name, tensor := range s.Tensors() {
				saved[name] = slices.Clone(tensor)
			}
			again := start[float32](t, c, masked)
			if err := again.Restore(saved); err != nil {
				t.Fatal(err)
			}
			for k := 9; k < masked.Steps; k++ {
				g := normal[float32](random, masked.Size)
				take(s, k, p, g)
				take(again, k, q, g)
			}
			if !slices.Equal(p, q) || !maps.EqualFunc(s.Tensors(), again.Tensors(), slices.Equal) {
				t.Error("it goes on differently")
			}
		})
	}
	s := start[float32](t, optim.Chain{&optim.Momentum{}}, optim.Plan{Size: 2})
	for _, bad := range []map[string][]float32{
		{}, {"momentum.v": {1}}, {"momentum.v": {1, 2}, "adam.m": {1, 2}}, {"momentum.w": {1, 2}},
	} {
		if s.Restore(bad) == nil {
			t.Errorf("%v is restored", bad)
		}
	}
	if v := s.Tensors()["momentum.v"]; v[0] != 0 || v[1] != 0 {
		t.Errorf("a refused state leaves %v", v)
	}
}

// Every transform of the table, with its defaults, is found, written and read.
func TestJSON(t *testing.T) {
	var c optim.Chain
	text := `[{"clip":{"norm":2}},"adamw",{"cosine":{"warmup":0.05}},{"ema":{}}]`
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		t.Fatal(err)
	}
	if want := (optim.Chain{&optim.Clip{Norm: 2}, &optim.AdamW{}, &optim.Cosine{Warmup: 0.05}, &optim.EMA{}}); !reflect.DeepEqual(c, want) {
		t.Errorf("read %v", c)
	}
	for _, part := range optim.All {
		c := optim.Chain{part.New()}
		if c.Check() != nil {
			c = optim.Chain{part.New(), &optim.SGD{}}
		}
		if c.Check() != nil {
			c = optim.Chain{&optim.SGD{}, part.New()}
		}
		b, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		var again optim.Chain
		if err := json.Unmarshal(b, &again); err != nil || !reflect.DeepEqual(c, again) {
			t.Errorf("%s: %s is read as %v, %v", part.Name, b, again, err)
		}
	}
	t.Logf("%d transforms", len(optim.All))
}

func TestErrors(t *testing.T) {
	for text, want := range map[string]string{
		`{}`:                                "a list",
		`["adma"]`:                          `did you mean "adam"`,
		`[{"adam":{"learning_rat":1}}]`:     "adam",
		`[{"adam":{},"ema":{}}]`:            "one name",
		`[1]`:                               "one name",
		`[null]`:                            `no transform ""`,
		`["clip"]`:                          "moves the parameters",
		`["adam","sgd"]`:                    "adam and sgd both",
		`["adam","clip"]`:                   "clip stands after adam",
		`["ema","adam"]`:                    "adam stands after ema",
		`["clip","clip","adam"]`:            "twice",
		`[{"adam":{"learning_rate":-1}}]`:   "adam: learning_rate -1",
		`[{"adamw":{"beta_2":1}}]`:          "adamw: beta_2 1",
		`["sgd",{"step":{"at":[0.5,0.2]}}]`: "ascend",
		`["sgd",{"step":{"at":[1]}}]`:       "step: at 1",
		`["sgd",{"one-cycle":{"rise":1}}]`:  "one-cycle: rise 1",
	} {
		var c optim.Chain
		if err := json.Unmarshal([]byte(text), &c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	for want, c := range map[string]optim.Chain{"nil": {nil}, "number of steps": {&optim.SGD{}, &optim.Cosine{}}} {
		if _, err := optim.New[float32](c, optim.Plan{Size: 3}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	for _, ranges := range [][]optim.Range{{{0, 4}}, {{-1, 2}}, {{1, 2}, {0, 1}}, {{2, 1}}} {
		if _, err := optim.New[float32](nil, optim.Plan{Size: 3, Decays: ranges}); err == nil {
			t.Errorf("%v pass", ranges)
		}
	}
}

func benchmark[F num.Float](b *testing.B, c optim.Chain) {
	const n, piece = 1 << 17, 1 << 12
	s := start[F](b, c, optim.Plan{Size: n, Decays: []optim.Range{{0, n}}, Steps: 1000})
	random := rand.New(rand.NewPCG(7, 8))
	p, g := normal[F](random, n), normal[F](random, n)
	b.SetBytes(n)
	for b.Loop() {
		s.Begin(3, 0.5)
		for lo := 0; lo < n; lo += piece {
			s.Apply(lo, lo+piece, p, g[lo:lo+piece])
		}
	}
}

func BenchmarkAdamW32(b *testing.B)    { benchmark[float32](b, nil) }
func BenchmarkAdamW64(b *testing.B)    { benchmark[float64](b, nil) }
func BenchmarkMomentum32(b *testing.B) { benchmark[float32](b, optim.Chain{&optim.Momentum{}}) }
