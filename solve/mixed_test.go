package solve

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
)

// mixed are tasks that share rows and others that bring their own, few rows or
// many, with and without weights and fixed intercepts.
func mixed(rng *rand.Rand) *Problem {
	p, d := &Problem{}, 1+rng.IntN(120)
	for range 1 + rng.IntN(3) {
		n := 1 + rng.IntN(60)
		if rng.IntN(3) == 0 {
			n = 4*d + rng.IntN(100)
		}
		x := num.NewMatrix(n, d)
		for i := range x.Data {
			x.Data[i] = rng.NormFloat64()
			if i%d > 0 {
				x.Data[i] = 0.6*x.Data[i-1] + 0.8*x.Data[i]
			}
		}
		if rng.IntN(3) == 0 {
			x = x.Select(rng.Perm(n))
		}
		var weight []float64
		if rng.IntN(3) == 0 {
			weight = make([]float64, n)
			for i := range weight {
				weight[i] = float64(rng.IntN(3))
			}
		}
		for range 1 + rng.IntN(9) {
			task := Task{X: x, Y: make([]float64, n), Weight: weight, Loss: loss.Squared{}, Outputs: 1}
			if rng.IntN(6) == 0 {
				task.Fixed = []float64{rng.NormFloat64()}
			}
			for i := range task.Y {
				_, row := x.Row(i)
				task.Y[i] = row[0] - 2*row[d/2] + rng.NormFloat64() + 3
			}
			p.Tasks = append(p.Tasks, task)
		}
	}
	p.layOut()
	return p
}

// Block descent, by whatever it moves, and FISTA, in whatever units, end at the
// same objective.
func TestMixedTasks(t *testing.T) {
	rng := rand.New(rand.NewPCG(77, 1))
	for trial := range 100 {
		pen := []penalty.Penalty{penalty.L21{}, &penalty.L21Ridge{}, penalty.Lasso{}, penalty.LInf1{}, &penalty.SparseGroup{}}[trial%5]
		p := mixed(rng).regularized(pen, []float64{0.3, 0.1, 0.03}[rng.IntN(3)])
		a, b := solveTo(t, &BCD{}, p, 1e-9, 2000), solveTo(t, &FISTA{}, p, 1e-9, 50000)
		what := fmt.Sprintf("trial %d, %T, %d features, %d tasks: %s and %s", trial, pen, p.Features(), len(p.Tasks), a.Status, b.Status)
		near(t, what, []float64{a.Objective}, []float64{b.Objective}, 1e-7)
	}
}
