package optim_test

import (
	"encoding/json"
	"fmt"

	"github.com/kindred-mtl/kindred/optim"
)

func ExampleChain() {
	var chain optim.Chain
	err := json.Unmarshal([]byte(`[{"momentum": {"learning_rate": 0.1}}, {"cosine": {"warmup": 0.1}}]`), &chain)
	if err != nil {
		panic(err)
	}
	const steps = 200
	state, err := optim.New[float64](chain, optim.Plan{Size: 2, Steps: steps})
	if err != nil {
		panic(err)
	}
	p := []float64{0, 0}
	for k := range steps { // down ½(p₀ − 3)² + ½(p₁ + 1)²
		state.Begin(k, 0)
		state.Apply(0, 2, p, []float64{p[0] - 3, p[1] + 1})
	}
	fmt.Printf("%.3f\n", p)
	// Output: [3.000 -1.000]
}
