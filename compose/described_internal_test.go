package compose

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/kindred-mtl/kindred/num"
)

// The error of each task left out is that of kriging from the others alone; the
// weights sum to 1, and a task that is described as a known one is near it.
func TestKrigingLeavesOut(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	const n = 9
	x, f := num.NewDense(n, 2), num.NewDense(n, 4)
	for i := range x.Data {
		x.Data[i] = random.NormFloat64()
	}
	for i := range f.Data {
		f.Data[i] = random.NormFloat64()
	}
	all := &kriging{at: x, width: 0.7}
	if !all.solve(distances(x), 0.2) {
		t.Fatal("not positive definite")
	}
	want := 0.0
	for out := range n {
		rest, values := num.NewDense(n-1, 2), num.NewDense(n-1, 4)
		for i, to := 0, 0; i < n; i++ {
			if i != out {
				copy(rest.Row(to), x.Row(i))
				copy(values.Row(to), f.Row(i))
				to++
			}
		}
		k := &kriging{at: rest, width: 0.7}
		k.solve(distances(rest), 0.2)
		a := k.weights(x.Row(out))
		if math.Abs(num.Sum(a)-1) > 1e-9 {
			t.Errorf("weights sum to %v", num.Sum(a))
		}
		for j := range 4 {
			e := f.At(out, j)
			for i, w := range a {
				e -= w * values.At(i, j)
			}
			want += e * e
		}
	}
	if got := all.left(f); math.Abs(got-want) > 1e-9*want {
		t.Errorf("left out together %v, one by one %v", got, want)
	}
	mean := 0.0
	for out := range n {
		for j := range 4 {
			e := f.At(out, j)
			for i := range n {
				if i != out {
					e -= f.At(i, j) / (n - 1)
				}
			}
			mean += e * e
		}
	}
	if got := meanLeft(f); math.Abs(got-mean) > 1e-9*mean {
		t.Errorf("by the mean %v, one by one %v", got, mean)
	}
}
