package kernel_test

import (
	"context"
	"fmt"
	"math"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/kernel"
	"github.com/kindred-mtl/kindred/linear"
	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/penalty"
)

// Two tasks whose classes no line parts: inside and outside of a circle.
func ExampleMethod() {
	var x [][]float64
	var small, large []float64
	for i := range 60 {
		angle, r := float64(i), 0.5+float64(i%6)/3
		x = append(x, []float64{r * math.Cos(angle), r * math.Sin(angle)})
		small, large = append(small, math.Floor(r/1.1)), append(large, math.Floor(r/1.6))
	}
	set, _ := kindred.FromSlices(x, small, large)
	method := kernel.Method{Kernel: &kernel.RBF{}, Method: linear.Method{Loss: loss.Hinge{}, Penalty: &penalty.Shared{Mu: 0.1}, C: 10}}
	model, _ := method.Fit(context.Background(), set)

	rows, _ := kindred.TableOf([][]float64{{0.5, 0}, {1.4, 0}, {0, 2}})
	p, _ := model.Predict(context.Background(), rows, nil)
	fmt.Println(p.Tasks[0].Class, p.Tasks[1].Class)
	// Output: [0 1 1] [0 0 1]
}

// Two tasks that follow one curve: the second one is known on the left only,
// and less surely on the right.
func ExampleGP() {
	var x [][]float64
	var whole, half []float64
	for i := range 24 {
		v := float64(i) / 4
		x = append(x, []float64{v})
		whole, half = append(whole, math.Sin(v)), append(half, 1+math.Sin(v))
		if i >= 12 {
			half[i] = math.NaN()
		}
	}
	set, _ := kindred.FromSlices(x, whole, half)
	model, _ := kernel.GP{}.Fit(context.Background(), set)

	rows, _ := kindred.TableOf([][]float64{{1}, {4.5}})
	p, _ := model.Predict(context.Background(), rows, []int{1})
	o := p.Tasks[0]
	fmt.Printf("%.1f %.1f %v\n", o.Value[0], o.Value[1], o.Variance[1] > o.Variance[0])
	// Output: 1.8 0.0 true
}
