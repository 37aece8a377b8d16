package neural

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/prep"
)

// A headCase is a head and how its labels are drawn.
type headCase struct {
	name string
	head head
	draw func(*rand.Rand) float64
}

func normal(r *rand.Rand) float64 { return 1.5 * r.NormFloat64() }

var headCases = []headCase{
	{"squared", squared{}, normal},
	{"huber", huber{}, normal},
	{"gaussian", gaussian{}, normal},
	{"quantiles", quantiles{}, normal},
	{"logistic", logistic{}, func(r *rand.Rand) float64 { return float64(r.IntN(2)) }},
	{"softmax", softmax{4}, func(r *rand.Rand) float64 { return float64(r.IntN(4)) }},
	{"poisson", poisson{}, func(r *rand.Rand) float64 { return float64(r.IntN(6)) }},
}

// Every kind of task and every loss has its head.
func TestHeadOf(t *testing.T) {
	want := []head{squared{}, huber{}, gaussian{}, quantiles{}}
	for i, loss := range losses {
		if got := headOf(kindred.TaskInfo{Kind: kindred.Regression}, loss); got != want[i] {
			t.Errorf("%s: %T", loss, got)
		}
		if got := headOf(kindred.TaskInfo{Kind: kindred.Multiclass, Classes: []string{"a", "b", "c"}}, loss); got != (softmax{3}) {
			t.Errorf("three classes: %v", got)
		}
		if headOf(kindred.TaskInfo{Kind: kindred.Binary}, loss) != (logistic{}) || headOf(kindred.TaskInfo{Kind: kindred.Count}, loss) != (poisson{}) {
			t.Errorf("%s is not for classes or counts", loss)
		}
	}
}

// The gradient of every loss is that of central differences, row by row, and
// scales with the weight.
func TestHeadGradients(t *testing.T) {
	for _, c := range headCases {
		random := rand.New(rand.NewPCG(1, 2))
		k := c.head.outputs()
		for range 40 {
			y, w := []float32{float32(c.draw(random))}, []float32{0.5 + random.Float32()}
			z, d, none := make([]float32, k), make([]float32, k), make([]float32, k)
			for j := range z {
				z[j] = float32(1.5 * random.NormFloat64())
			}
			c.head.loss(z, y, w, d)
			for j := range z {
				const h = 1.0 / 256
				if kink(c.head, z[j]-y[0], h) {
					continue
				}
				at := z[j]
				z[j] = at + h
				up := c.head.loss(z, y, w, none)
				z[j] = at - h
				down := c.head.loss(z, y, w, none)
				z[j] = at
				if want := (up - down) / (2 * h); math.Abs(float64(d[j])-want) > 1e-3*(1+math.Abs(want)) {
					t.Errorf("%s at %v, label %v: gradient %d is %v, by differences %v", c.name, z, y, j, d[j], want)
				}
			}
		}
	}
}

// kink tells whether the loss has a corner near the residual e.
func kink(h head, e, near float32) bool {
	_, bent := h.(quantiles)
	return bent && e > -near && e < near
}

// Losses add up over rows, and a weight counts how often a row is there.
func TestHeadSums(t *testing.T) {
	for _, c := range headCases {
		random := rand.New(rand.NewPCG(3, 4))
		k := c.head.outputs()
		const n = 7
		z, y, w := make([]float32, n*k), make([]float32, n), make([]float32, n)
		for i := range z {
			z[i] = float32(random.NormFloat64())
		}
		want := 0.0
		one := make([]float32, k)
		for i := range y {
			y[i], w[i] = float32(c.draw(random)), float32(i%3)
			for range i % 3 {
				want += c.head.loss(z[i*k:(i+1)*k], y[i:i+1], []float32{1}, one)
			}
		}
		if got := c.head.loss(z, y, w, make([]float32, n*k)); math.Abs(got-want) > 1e-5*(1+math.Abs(want)) {
			t.Errorf("%s: %v, and row by row %v", c.name, got, want)
		}
	}
}

// begin predicts, without inputs, as well as any outputs do.
func TestBegin(t *testing.T) {
	for _, c := range headCases {
		random := rand.New(rand.NewPCG(5, 6))
		k := c.head.outputs()
		const n = 2000
		y, w, wide, weight := make([]float32, n), make([]float32, n), make([]float64, n), make([]float64, n)
		for i := range y {
			y[i], w[i] = float32(c.draw(random)), random.Float32()
			wide[i], weight[i] = float64(y[i]), float64(w[i])
		}
		begin := c.head.begin(wide, weight)
		if len(begin) != k {
			t.Fatalf("%s begins with %v", c.name, begin)
		}
		z := make([]float32, n*k)
		mean := func(shift []float64) float64 {
			for i := range z {
				z[i] = float32(begin[i%k] + shift[i%k])
			}
			return c.head.loss(z, y, w, make([]float32, n*k)) / n
		}
		best := mean(make([]float64, k))
		for range 30 {
			shift := make([]float64, k)
			for j := range shift {
				shift[j] = 0.1 * random.NormFloat64()
			}
			if other := mean(shift); other < best-1e-4 {
				t.Errorf("%s: loss %v at %v, but %v at %v beside it", c.name, best, begin, other, shift)
			}
		}
	}
}

// A begin is finite for labels that are all one.
func TestBeginOfOneLabel(t *testing.T) {
	for _, c := range headCases {
		for _, label := range []float64{0, 1} {
			for _, v := range c.head.begin([]float64{label, label}, []float64{1e-3, 0}) {
				if math.IsNaN(v) || math.Abs(v) > 20 {
					t.Errorf("%s begins with %v where all labels are %v", c.name, v, label)
				}
			}
		}
	}
}

// What is predicted is in the units of the label; probabilities sum to 1 and
// choose the class; a temperature scales decisions and leaves the class.
func TestPredict(t *testing.T) {
	z := []float32{0.5, -2, 3, 0.25, 1, 7, -30, 4, -0.5, 0, 0, 0}
	target := prep.Target{Center: 10, Scale: 4}
	for _, c := range headCases {
		k := c.head.outputs()
		var cold, warm kindred.Outcome
		c.head.predict(&cold, z, target, 1)
		c.head.predict(&warm, z, target, 2)
		for i := range len(z) / k {
			row := z[i*k : (i+1)*k]
			switch c.head.(type) {
			case squared, huber:
				expect(t, c.name, cold.Value[i], 4*float64(row[0])+10)
			case gaussian:
				expect(t, c.name, cold.Value[i], 4*float64(row[0])+10)
				expect(t, c.name+" variance", cold.Variance[i], 16*math.Exp(max(-12, min(12, float64(row[1])))))
			case quantiles:
				q := slices.Sorted(slices.Values(row))
				for k, v := range []float64{cold.Low[i], cold.Value[i], cold.High[i]} {
					expect(t, c.name, v, 4*float64(q[k])+10)
				}
			case poisson:
				expect(t, c.name, cold.Value[i], math.Exp(float64(row[0])))
			case logistic:
				expect(t, c.name, cold.Probability[2*i+1], 1/(1+math.Exp(-float64(row[0]))))
				expect(t, c.name, warm.Decision[i], cold.Decision[i]/2)
				sumsToOne(t, c.name, cold.Probability[2*i:2*i+2], cold.Class[i], warm.Class[i])
			case softmax:
				expect(t, c.name, warm.Decision[i*k], cold.Decision[i*k]/2)
				expect(t, c.name, math.Log(cold.Probability[i*k]/cold.Probability[i*k+1]), float64(row[0]-row[1]))
				sumsToOne(t, c.name, cold.Probability[i*k:(i+1)*k], cold.Class[i], warm.Class[i])
			}
		}
	}
}

func expect(t *testing.T, name string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-9*(1+math.Abs(want)) {
		t.Errorf("%s: %v, not %v", name, got, want)
	}
}

func sumsToOne(t *testing.T, name string, p []float64, class, other int) {
	t.Helper()
	s := 0.0
	for c, v := range p {
		s += v
		if v > p[class] {
			t.Errorf("%s: class %d, but %d is likelier in %v", name, class, c, p)
		}
	}
	expect(t, name, s, 1)
	if other != class {
		t.Errorf("%s: class %d, and %d at another temperature", name, class, other)
	}
}

// Outputs beyond all bounds are predicted with numbers.
func TestPredictExtremes(t *testing.T) {
	for _, c := range headCases {
		k := c.head.outputs()
		for _, v := range []float32{-1e30, -200, 0, 200, 1e30} {
			z := make([]float32, 2*k)
			for i := range z {
				z[i] = v * float32(1-2*(i%2))
			}
			var o kindred.Outcome
			c.head.predict(&o, z, prep.Target{Scale: 2}, 0.25)
			for what, list := range map[string][]float64{"value": o.Value, "variance": o.Variance, "probability": o.Probability, "decision": o.Decision} {
				for _, x := range list {
					if math.IsNaN(x) || math.IsInf(x, 0) || what == "variance" && x <= 0 || what == "probability" && (x < 0 || x > 1) {
						t.Errorf("%s at %v: %s %v", c.name, v, what, x)
					}
				}
			}
		}
	}
}

// The loss of large counts is exact near its least value, 0.
func TestPoissonOfLargeCounts(t *testing.T) {
	for _, y := range []float32{10, 1e3, 1e6} {
		z := float32(math.Log(float64(y)))
		e := float64(z) - math.Log(float64(y)) // of rounding z: the loss is ½ y e² there
		if got := (poisson{}).loss([]float32{z}, []float32{y}, []float32{1}, make([]float32, 1)); got < -1e-8*float64(y) || got > float64(y)*e*e+1e-8*float64(y) {
			t.Errorf("count %v, predicted exactly: loss %v", y, got)
		}
	}
}
