package num

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// shapes m, n, k of products: squares, those of networks a shard of 128 rows
// at a time, forward and backward, and large ones.
var shapes = [][3]int{
	{64, 64, 64}, {128, 128, 128}, {256, 256, 256}, {512, 512, 512}, {1024, 1024, 1024},
	{256, 256, 128}, {1024, 256, 300}, {4096, 64, 64},
	{128, 256, 64}, {128, 128, 256}, {128, 10, 128}, {128, 1, 64}, {64, 256, 128}, {256, 128, 128}, {128, 10, 128}, {1, 256, 64}, {1, 128, 256},
}

func benchmarkMultiply[F Float](b *testing.B, f func(c, a, b View[F], o Finish[F])) {
	rng := rand.New(rand.NewPCG(1, 2))
	random := func(rows, cols int, turned bool) View[F] {
		if turned {
			rows, cols = cols, rows
		}
		v := Of(make([]F, rows*cols), rows, cols)
		for i := range v.Data {
			v.Data[i] = F(rng.NormFloat64())
		}
		if turned {
			return v.T()
		}
		return v
	}
	for _, s := range shapes {
		m, n, k := s[0], s[1], s[2]
		for layout, name := range []string{"AB", "ATB", "ABT", "ATBT"} {
			x, y, c := random(m, k, layout&1 != 0), random(k, n, layout&2 != 0), random(m, n, false)
			b.Run(fmt.Sprintf("%dx%dx%d/%s", m, n, k, name), func(b *testing.B) {
				for b.Loop() {
					f(c, x, y, Finish[F]{})
				}
				b.ReportMetric(2*float64(b.N)*float64(m)*float64(n)*float64(k)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
			})
		}
	}
}

func BenchmarkMultiply(b *testing.B) {
	b.Run("float32", func(b *testing.B) { benchmarkMultiply(b, Multiply[float32]) })
	b.Run("float64", func(b *testing.B) { benchmarkMultiply(b, Multiply[float64]) })
}

func BenchmarkMultiplyParallel(b *testing.B) {
	b.Run("float32", func(b *testing.B) { benchmarkMultiply(b, MultiplyParallel[float32]) })
	b.Run("float64", func(b *testing.B) { benchmarkMultiply(b, MultiplyParallel[float64]) })
}
