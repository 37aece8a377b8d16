package score_test

import (
	"math"
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
		"explained_variance_task_mean": 1 - 5.0/2,
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
