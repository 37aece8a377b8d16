package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// One step of a Gaussian process.
func BenchmarkEvidence(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	c := &covariance{RBF: true, Width: 8, Unit: 8}
	for _, n := range []int{500, 1200} {
		s := toy(rng, n/2, 8, n/2, n/2)
		theta := make([]float64, c.parameters(2, 1))
		b.Run(fmt.Sprintf("exact/%d", n), func(b *testing.B) { benchmark(b, newExact(s, c, 1), theta) })
	}
	sizes := make([]int, 100)
	for t := range sizes {
		sizes[t] = 80
	}
	s := toy(rng, 8000, 8, sizes...)
	theta := make([]float64, c.parameters(100, 1))
	b.Run("landmarks/128", func(b *testing.B) {
		benchmark(b, newSparse(s, c, 1, slice(s.x, 0, 128)), theta)
	})
}

func benchmark(b *testing.B, e evidence, theta []float64) {
	g := make([]float64, len(theta))
	for b.Loop() {
		e.minus(g, theta)
	}
}
