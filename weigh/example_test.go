package weigh_test

import (
	"fmt"

	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/weigh"
)

func ExampleMGDA() {
	rule, err := (&weigh.MGDA{Normalize: "none"}).New([]weigh.Task{{Name: "height"}, {Name: "weight"}})
	if err != nil {
		panic(err)
	}
	// The gradients are (−4, 1, 1) and (6, 1, 1): what is good for one is bad
	// for the other, but for their last two numbers.
	gram := &num.Dense{Rows: 2, Cols: 2, Data: []float64{18, -22, -22, 38}}
	alpha := make([]float64, 2)
	if err := rule.Weights(weigh.Step{Losses: []float64{0.7, 0.4}, Gram: gram}, alpha); err != nil {
		panic(err)
	}
	fmt.Printf("%.2f\n", alpha) // the direction ½ Σ α g is (0, 1, 1)
	// Output: [1.20 0.80]
}
