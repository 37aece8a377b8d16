package solve

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/num"
)

// Products along columns are those along rows; tasks that share rows share
// their columns.
func TestTwofold(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, d := range []int{1, 2, 3, 4, 7, 20, short - 1, short} {
		for _, n := range []int{0, 1, 5, 33} {
			x, w, a := num.NewMatrix(n, d), make([]float64, d), make([]float64, n)
			for _, v := range [][]float64{x.Data, w, a} {
				for i := range v {
					v[i] = rng.NormFloat64()
				}
			}
			rows := rng.Perm(n)
			x = x.Select(rows[:n-n/4])
			a = a[:x.Rows]
			f := twofolds(&Problem{Tasks: []Task{{X: x, Outputs: 1}, {X: x, Outputs: 1}}})
			if f[0] != f[1] || (f[0].columns != nil) != (d < short) {
				t.Errorf("%d × %d: %v and %v", n, d, f[0], f[1])
			}
			got, want := make([]float64, x.Rows), make([]float64, x.Rows)
			f[0].mul(got, w)
			x.MulVec(want, w)
			near(t, fmt.Sprintf("%d × %d: Xw", n, d), got, want, 1e-13)
			got, want = make([]float64, d), make([]float64, d)
			f[0].mulT(got, a)
			x.AddMulTVec(want, a)
			near(t, fmt.Sprintf("%d × %d: Xᵀa", n, d), got, want, 1e-13)
		}
	}
}

// The best intercept of a hinge is a knot, or 0 where that is as good, and of
// the best the one that moves least: here found by trying them all.
func TestHingeIntercept(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	for trial := range 200 {
		n, ties := 1+rng.IntN(300), trial%2 == 0
		task := &Task{Y: make([]float64, n), Loss: loss.Hinge{}, Outputs: 1}
		z := make([]float64, n)
		if trial%3 == 0 {
			task.Weight = make([]float64, n)
		}
		for i := range z {
			task.Y[i], z[i] = float64(rng.IntN(2)), 3*rng.NormFloat64()
			if ties {
				z[i] = math.Round(z[i])
			}
			if task.Weight != nil {
				task.Weight[i] = float64(rng.IntN(4))
			}
		}
		value := func(by float64) float64 {
			moved := make([]float64, n)
			for i, v := range z {
				moved[i] = v + by
			}
			return task.Loss.Value(task.Y, task.Weight, moved)
		}
		want, least := 0.0, value(0)
		for i, v := range z {
			at := 2*task.Y[i] - 1 - v
			if now := value(at); now < least-1e-9 || now < least+1e-9 && math.Abs(at) < math.Abs(want) {
				want, least = at, min(now, least)
			}
		}
		b := []float64{0}
		shiftHinge(task, append([]float64(nil), z...), b)
		if math.Abs(b[0]-want) > 1e-9 {
			t.Errorf("trial %d, %d rows: %v (%v), the best is %v (%v)", trial, n, b[0], value(b[0]), want, least)
		}
	}
}
