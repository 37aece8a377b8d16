package neural_test

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/arch"
	"github.com/kindred-mtl/kindred/neural"
	"github.com/kindred-mtl/kindred/optim"
)

// The optimizer that is given is the one that steps, and is named in the
// report. Averaged parameters are those of the model: an average that forgets
// everything but the last step is no average, a longer one is another model.
func TestOptimizerIsUsed(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	x, y := make([][]float64, 200), make([]float64, 200)
	for i := range x {
		x[i] = []float64{rng.NormFloat64(), rng.NormFloat64()}
		y[i] = x[i][0] + 0.5*rng.NormFloat64()
	}
	set, err := kindred.FromSlices(x, y)
	if err != nil {
		t.Fatal(err)
	}
	fit := func(chain ...optim.Transform) ([]float64, kindred.Report) {
		m := neural.Method{Arch: &arch.Shared{Layers: arch.Layers{Hidden: arch.Units{4}}}, Optimizer: chain, Training: neural.Training{Epochs: 3}, Seed: 3}
		model, err := m.Fit(context.Background(), set)
		if err != nil {
			t.Fatal(err)
		}
		p, err := model.Predict(context.Background(), set.Tasks[0].Table, nil)
		if err != nil {
			t.Fatal(err)
		}
		return p.Tasks[0].Value, model.(kindred.Reporter).Report()
	}
	apart := func(a, b []float64) (most float64) {
		for i := range a {
			most = max(most, math.Abs(a[i]-b[i]))
		}
		return most
	}
	plain, _ := fit(&optim.SGD{})
	last, r := fit(&optim.SGD{}, &optim.EMA{Beta: 1e-9})
	long, _ := fit(&optim.SGD{}, &optim.EMA{Beta: 0.9})
	adam, _ := fit(&optim.Clip{Norm: 1}, &optim.Adam{})
	if r.Solver != "sgd, ema" {
		t.Errorf("the report names %q", r.Solver)
	}
	if d := apart(plain, last); d > 1e-5 {
		t.Errorf("the average of the last step alone is %v away from it", d)
	}
	if a, b := apart(plain, long), apart(plain, adam); a < 1e-4 || b < 1e-3 {
		t.Errorf("an average changes predictions by %v, another optimizer by %v", a, b)
	}
}
