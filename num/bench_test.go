package num

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

func numbers(rng *rand.Rand, n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = rng.NormFloat64()
	}
	return x
}

var lengths = []int{1, 4, 8, 10, 16, 28, 64, 100, 1000, 10000}

var sink float64

func BenchmarkDot(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, n := range lengths {
		x, y := numbers(rng, n), numbers(rng, n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				sink += Dot(x, y)
			}
		})
	}
}

func BenchmarkAxpy(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, n := range lengths {
		x, y := numbers(rng, n), numbers(rng, n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				Axpy(1e-9, x, y)
			}
		})
	}
}

// Rates count a multiplication and an addition for each entry of the upper
// triangle.
func BenchmarkGram(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, shape := range [][2]int{{20, 5}, {50, 10}, {15000, 28}, {1000, 100}, {1000, 500}, {1000, 2000}} {
		n, d := shape[0], shape[1]
		x := &Matrix{Rows: n, Cols: d, Data: numbers(rng, n*d)}
		w, m := numbers(rng, n), numbers(rng, d)
		b.Run(fmt.Sprintf("%dx%d", n, d), func(b *testing.B) {
			g := NewDense(d, d)
			for b.Loop() {
				GramTo(g, x, w, m)
			}
			b.ReportMetric(float64(b.N)*float64(n)*float64(d)*float64(d+1)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
		})
	}
}

func BenchmarkAxpy4(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, n := range lengths[:8] {
		y, a, x := numbers(rng, n), []float64{1e-9, 2e-9, 3e-9, -1e-9}, numbers(rng, 4*n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				Axpy4(y, a, x)
			}
		})
	}
}

// Two calls of For a round, of a hundred nanoseconds of work for either core: what is
// above that is what a step of training needs beside its work.
func BenchmarkFor(b *testing.B) {
	var x [2][4096]float32
	f := func(i int) { Scale(x[i][:], 1) }
	b.Run("alone", func(b *testing.B) {
		for b.Loop() {
			f(0)
			f(1)
		}
	})
	b.Run("shared", func(b *testing.B) {
		for b.Loop() {
			For(2, f)
			For(2, f)
		}
	})
}

// Nanoseconds a number, of 1024 float32.
func BenchmarkFunctions(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	vector := func() []float32 {
		x := make([]float32, 1024)
		for i := range x {
			x[i] = float32(rng.NormFloat64())
		}
		return x
	}
	x, y, m, v := vector(), vector(), vector(), make([]float32, 1024)
	for _, f := range []struct {
		name string
		run  func()
	}{
		{"Exp", func() { Exp(y, x) }},
		{"Sigmoid", func() { Sigmoid(y, x) }},
		{"Tanh", func() { Tanh(y, x) }},
		{"Softplus", func() { Softplus(y, x) }},
		{"Inner", func() { sink += float64(Inner(x, y)) }},
		{"AddScaled", func() { AddScaled(y, 1e-9, x) }},
		{"Add", func() { Add(y, x) }},
		{"ReluGrad", func() { ReluGrad(y, x) }},
		{"Adam", func() { Adam(y, m, v, x, 1e-3, 0.9, 0.999, 1e-8, 0.1, 0.001) }},
		{"SoftmaxRow of 10", func() {
			for i := 0; i+10 <= len(x); i += 10 {
				SoftmaxRow(y[i:i+10], x[i:i+10])
			}
		}},
	} {
		b.Run(f.name, func(b *testing.B) {
			for b.Loop() {
				f.run()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1024, "ns/number")
		})
	}
}
