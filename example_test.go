package kindred_test

import (
	"context"
	"fmt"
	"math"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/linear"
	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/penalty"
)

func Example() {
	x := [][]float64{{0, 1}, {1, 0}, {0.1, 1}, {1, 0.2}, {0.2, 0.9}, {0.9, 0.1}}
	buys := []float64{1, 0, 1, 0, 1, 0}
	clicks := []float64{1, 0, 1, math.NaN(), 1, 0} // NaN: not known
	set, _ := kindred.FromSlices(x, buys, clicks)

	method := linear.Method{Loss: loss.Logistic{}, Penalty: &penalty.Shared{Mu: 0.1}}
	model, _ := method.Fit(context.Background(), set)

	rows, _ := kindred.TableOf([][]float64{{0, 0.9}})
	p, _ := model.Predict(context.Background(), rows, nil)
	fmt.Println(p.Tasks[1].Class, p.Tasks[1].Probability[1] > 0.5)
	// Output: [1] true
}
