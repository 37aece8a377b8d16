package score_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/score"
)

func value(t *testing.T, name string, c score.Cell) float64 {
	t.Helper()
	p, err := score.All.Find("metric", name)
	if err != nil {
		t.Fatal(err)
	}
	v, ok := p.New().Task(c)
	if !ok {
		return math.NaN()
	}
	return v
}

var (
	binary = score.Cell{
		Info: kindred.TaskInfo{Kind: kindred.Binary, Classes: []string{"n", "y"}},
		Y:    []float64{0, 1, 1, 0},
		Out: kindred.Outcome{Class: []int{0, 1, 0, 0}, Decision: []float64{-2, 3, -1, -1},
			Probability: []float64{0.9, 0.1, 0.2, 0.8, 0.6, 0.4, 0.6, 0.4}},
	}
	number = score.Cell{
		Info: kindred.TaskInfo{Kind: kindred.Regression},
		Y:    []float64{1, 2, 3},
		Out:  kindred.Outcome{Value: []float64{2, 2, 5}},
	}
)

func TestMetricsByHand(t *testing.T) {
	for name, want := range map[string]float64{
		"accuracy":          0.75,
		"balanced_accuracy": 0.75,
		"f1":                2.0 / 3,
		"auc":               0.875, // of four pairs three are right and one is tied
		"average_precision": 0.5 + 0.5*2.0/3,
		"log_loss":          -(math.Log(0.9) + math.Log(0.8) + math.Log(0.4) + math.Log(0.6)) / 4,
		"brier":             (0.01 + 0.04 + 0.36 + 0.16) / 4,
		"ece":               (0.1 + 0.2 + math.Abs(1-0.8)) / 4,
	} {
		if got := value(t, name, binary); math.Abs(got-want) > 1e-12 {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	for name, want := range map[string]float64{
		"rmse": math.Sqrt(5.0 / 3), "mae": 1, "r2": 1 - 5.0/2, "nmse": 2.5,
		"explained_variance_task_mean": 1 - (5-3)/2.0,
	} {
		if got := value(t, name, number); math.Abs(got-want) > 1e-12 {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	count := number
	count.Info.Kind = kindred.Count
	want := 2 * (math.Log(0.5) + 1 + 3*math.Log(3.0/5) + 2) / 3
	if got := value(t, "poisson_deviance", count); math.Abs(got-want) > 1e-12 {
		t.Errorf("poisson_deviance is %v, want %v", got, want)
	}
}

func TestPooledVariances(t *testing.T) {
	shifted := score.Cell{Info: number.Info, Y: []float64{11, 12, 13}, Out: kindred.Outcome{Value: []float64{11, 12, 13}}}
	cells := []score.Cell{number, shifted}
	// Σ(y − 7)² = 36 + 25 + 16 + 16 + 25 + 36, Σ within = 2 + 2, Σ errors² = 5
	for name, want := range map[string]float64{"explained_variance_total": 1 - 5.0/154, "explained_variance_within": 1 - 5.0/4} {
		p, _ := score.All.Find("metric", name)
		if got, _, ok := score.Over(p.New(), cells); !ok || math.Abs(got-want) > 1e-12 {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
}

func TestUndefinedIsCountedNotZero(t *testing.T) {
	one := binary
	one.Y = []float64{1, 1, 1, 1}
	p, _ := score.All.Find("metric", "auc")
	v, undefined, ok := score.Over(p.New(), []score.Cell{binary, one})
	if !ok || undefined != 1 || v != 0.875 {
		t.Errorf("got %v, %d undefined, %v", v, undefined, ok)
	}
	bare := binary
	bare.Out.Probability = nil
	for _, name := range []string{"log_loss", "brier", "ece"} {
		if !math.IsNaN(value(t, name, bare)) {
			t.Errorf("%s is defined without probabilities", name)
		}
	}
}

// Every metric of a weight of 2 is that of the row twice, and AUC is that of
// all pairs.
func TestWeightsAreRowsAndAUCIsPairs(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	for range 20 {
		once := score.Cell{Info: binary.Info, Weight: []float64{}}
		twice := score.Cell{Info: binary.Info}
		for range 12 {
			y, f, p := float64(rng.IntN(2)), float64(rng.IntN(5)), rng.Float64()
			w := 1 + rng.IntN(2)
			for k := range 1 + w {
				c := &twice
				if k == w {
					c = &once
				}
				c.Y = append(c.Y, y)
				c.Out.Decision = append(c.Out.Decision, f)
				c.Out.Class = append(c.Out.Class, int(f/3))
				c.Out.Probability = append(c.Out.Probability, 1-p, p)
			}
			once.Weight = append(once.Weight, float64(w))
		}
		for _, part := range score.All {
			m := part.New()
			if !m.Takes(kindred.Binary) {
				continue
			}
			a, okA := m.Task(once)
			b, okB := m.Task(twice)
			if okA != okB || okA && math.Abs(a-b) > 1e-12 {
				t.Errorf("%s: %v with weights, %v with rows twice", part.Name, a, b)
			}
		}
		right, pairs := 0.0, 0.0
		for i, y := range twice.Y {
			for j, z := range twice.Y {
				if y == 1 && z == 0 {
					pairs++
					switch d := twice.Out.Decision[i] - twice.Out.Decision[j]; {
					case d > 0:
						right++
					case d == 0:
						right += 0.5
					}
				}
			}
		}
		if got := value(t, "auc", twice); pairs > 0 && math.Abs(got-right/pairs) > 1e-12 {
			t.Errorf("AUC %v, by pairs %v", got, right/pairs)
		}
	}
}

func TestSignificance(t *testing.T) {
	// Without overlap it is the t test: mean 3, se √(2.5/5), t(4) quantile 2.776.
	i := score.Resampled([]float64{1, 2, 3, 4, 5}, 0)
	if math.Abs(i.Value-3) > 1e-12 || math.Abs(i.Low-(3-2.7764451*math.Sqrt(0.5))) > 1e-6 || math.Abs(i.P-0.0132) > 1e-3 {
		t.Errorf("t test gives %+v", i)
	}
	if j := score.Resampled([]float64{1, 2, 3, 4, 5}, 0.25); !(j.High > i.High) || !(j.P > i.P) {
		t.Errorf("overlap does not widen: %+v", j)
	}
	h := score.Holm([]float64{0.01, 0.04, 0.03})
	for k, want := range []float64{0.03, 0.06, 0.06} {
		if math.Abs(h[k]-want) > 1e-12 {
			t.Errorf("Holm gives %v", h)
		}
	}
	y := make([]float64, 400)
	for k := range y {
		y[k] = float64(k % 10)
	}
	mean := func(count []float64) float64 {
		s, n := 0.0, 0.0
		for k, c := range count {
			s, n = s+c*y[k], n+c
		}
		return s / n
	}
	b := score.Bootstrap(len(y), 2000, 1, mean)
	se := math.Sqrt(8.25 / 400)
	if math.Abs(b.Value-4.5) > 1e-9 || math.Abs(b.High-b.Low-2*1.96*se) > 0.1*se*4 {
		t.Errorf("bootstrap gives %+v, se %v", b, se)
	}
}
