package score_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kindred-mtl/kindred/score"
)

// Student's sleep data (Biometrika 6, 1908): the paired differences have the
// mean 1.58, t = 4.0621 with 9 degrees of freedom, p = 0.002833 and the 95 %
// interval [0.7001, 2.4599].
func TestResampledIsStudentsTest(t *testing.T) {
	sleep := []float64{1.2, 2.4, 1.3, 1.3, 0, 1, 1.8, 0.8, 4.6, 1.4}
	got := score.Resampled(sleep, 0)
	want := score.Interval{Value: 1.58, Low: 0.7001142, High: 2.4598858, P: 0.00283289}
	if d := cmp.Diff(want, got, cmpopts.EquateApprox(0, 1e-6)); d != "" {
		t.Errorf("without overlap (−want +got):\n%s", d)
	}
	// Ten splits of 90:10 widen the interval by √((1/10 + 1/9) / (1/10)).
	wide := score.Resampled(sleep, 1.0/9)
	factor := math.Sqrt((0.1 + 1.0/9) / 0.1)
	if got := (wide.High - wide.Low) / (want.High - want.Low); math.Abs(got-factor) > 1e-6 {
		t.Errorf("the interval is wider by %v, want %v", got, factor)
	}
	// With one degree of freedom t is Cauchy: p = 1 − 2 atan(t)/π.
	two := score.Resampled([]float64{1, 3}, 0.5)
	if p := 1 - 2*math.Atan(2/math.Sqrt(2))/math.Pi; math.Abs(two.P-p) > 1e-9 {
		t.Errorf("p %v, want %v", two.P, p)
	}
}

func TestResampledWithoutVariance(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct {
		d    []float64
		want score.Interval
	}{
		{[]float64{0.3}, score.Interval{Value: 0.3, Low: -inf, High: inf, P: 1}},
		{[]float64{0.1, 0.1, 0.1}, score.Interval{Value: 0.1, Low: -inf, High: inf, P: 1}},
		{[]float64{0, 0}, score.Interval{P: 1}},
	} {
		if d := cmp.Diff(c.want, score.Resampled(c.d, 0.1), cmpopts.EquateApprox(0, 1e-12)); d != "" {
			t.Errorf("%v (−want +got):\n%s", c.d, d)
		}
	}
	if got := score.Resampled(nil, 0.1); got.P != 1 || !math.IsInf(got.High, 1) {
		t.Errorf("of no differences: %+v", got)
	}
}

// Under the null the corrected test of k independent differences rejects less
// often than its level, and with no overlap as often.
func TestResampledLevel(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	const trials = 4000
	plain, corrected := 0.0, 0.0
	d := make([]float64, 10)
	for range trials {
		for i := range d {
			d[i] = rng.NormFloat64()
		}
		if score.Resampled(d, 0).P < 0.05 {
			plain++
		}
		if score.Resampled(d, 1.0/9).P < 0.05 {
			corrected++
		}
	}
	// 4 standard errors of a share of 0.05 in 4000 trials are 0.0138.
	if plain /= trials; math.Abs(plain-0.05) > 0.0138 {
		t.Errorf("rejects %v at level 0.05", plain)
	}
	if corrected /= trials; corrected >= plain {
		t.Errorf("corrected rejects %v, plain %v", corrected, plain)
	}
}

// The adjusted p-values of Holm (1979) against the definition of its steps:
// the i-th smallest is rejected at a level if it and all smaller ones are
// below level/(m − i + 1).
func TestHolmAgainstItsSteps(t *testing.T) {
	if d := cmp.Diff([]float64{0.03, 0.06, 0.06, 0.02}, score.Holm([]float64{0.01, 0.03, 0.04, 0.005}), cmpopts.EquateApprox(0, 1e-15)); d != "" {
		t.Error(d)
	}
	nan := math.NaN()
	if d := cmp.Diff([]float64{nan, 0.02, 0.03, 1}, score.Holm([]float64{nan, 0.0066, 0.015, 1.0}), cmpopts.EquateApprox(0, 0.0003), cmpopts.EquateNaNs()); d != "" {
		t.Error(d)
	}
	rng := rand.New(rand.NewPCG(2, 2))
	for range 200 {
		p := make([]float64, rng.IntN(8))
		for i := range p {
			p[i] = rng.Float64() * rng.Float64()
		}
		adjusted, level := score.Holm(p), rng.Float64()
		for i := range p {
			rejected := true
			for j := range p {
				if p[j] > p[i] {
					continue
				}
				rank := 0
				for k := range p {
					if p[k] < p[j] {
						rank++
					}
				}
				rejected = rejected && p[j]*float64(len(p)-rank) <= level
			}
			if rejected != (adjusted[i] <= level) {
				t.Errorf("p %v, level %v: adjusted %v", p, level, adjusted)
			}
		}
	}
}

func TestBootstrap(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	d := make([]float64, 200)
	for i := range d {
		d[i] = 0.3 + rng.NormFloat64()
	}
	mean := func(count []float64) float64 {
		sum, n := 0.0, 0.0
		for i, c := range count {
			sum, n = sum+c*d[i], n+c
		}
		return sum / n
	}
	a, b, other := score.Bootstrap(len(d), 2000, 9, mean), score.Bootstrap(len(d), 2000, 9, mean), score.Bootstrap(len(d), 2000, 10, mean)
	if a != b || a == other {
		t.Errorf("seed 9 gives %+v and %+v, seed 10 %+v", a, b, other)
	}
	// Of a mean it is close to Student's interval.
	s := score.Resampled(d, 0)
	if d := cmp.Diff(s, a, cmpopts.EquateApprox(0, 0.02)); d != "" {
		t.Errorf("(−Student +bootstrap):\n%s", d)
	}
	if a.P >= 0.01 {
		t.Errorf("p %v of a mean of %v standard errors", a.P, a.Value*math.Sqrt(200))
	}
	if same := score.Bootstrap(50, 500, 1, func([]float64) float64 { return 0 }); same.P != 1 || same.Low != 0 || same.High != 0 {
		t.Errorf("no difference gives %+v", same)
	}
	for name, i := range map[string]score.Interval{
		"one row":       score.Bootstrap(1, 100, 1, func([]float64) float64 { return 2 }),
		"all undefined": score.Bootstrap(5, 100, 1, func([]float64) float64 { return math.NaN() }),
	} {
		if i.P != 1 || !math.IsInf(i.Low, -1) || !math.IsInf(i.High, 1) {
			t.Errorf("%s: %+v", name, i)
		}
	}
}
