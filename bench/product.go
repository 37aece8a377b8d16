package main

import (
	"fmt"
	"math/rand/v2"

	"github.com/kindred-mtl/kindred/num"
)

// products multiplies matrices of the shapes of networks and of large problems.
func products(b *bench) error {
	for _, s := range [][3]int{{64, 64, 64}, {128, 128, 128}, {256, 256, 256}, {512, 512, 512}, {1024, 1024, 1024},
		{256, 256, 128}, {1024, 256, 300}, {4096, 64, 64}, {128, 256, 64}, {128, 10, 128}} {
		for layout := range 4 {
			if layout > 0 && s != [3]int{128, 128, 128} && s != [3]int{1024, 256, 300} {
				continue
			}
			if err := productOf[float32](b, s, layout); err != nil {
				return err
			}
		}
		if err := productOf[float64](b, s, 0); err != nil {
			return err
		}
	}
	return nil
}

// productOf measures one shape; bit 0 of the layout transposes A, bit 1 B.
func productOf[F num.Float](b *bench, s [3]int, layout int) error {
	m, n, k := s[0], s[1], s[2]
	a, by, c := randomView[F](m, k, layout&1 != 0), randomView[F](k, n, layout&2 != 0), randomView[F](m, n, false)
	work := 2 * float64(m) * float64(n) * float64(k)
	peak := peak() * float64(b.threads)
	name := fmt.Sprintf("%T", *new(F))
	if name == "float64" {
		peak /= 2
	}
	runs := int(2e8/work) + 1
	if err := b.peer.prepare("product", map[string]any{"shape": s, "layout": layout, "type": name, "runs": runs}); err != nil {
		return err
	}
	return b.measure(pair{
		problem: fmt.Sprintf("%s, %d × %d × %d, %s, %d times", name, m, n, k, []string{"AB", "AᵀB", "ABᵀ", "AᵀBᵀ"}[layout], runs),
		ours: func() error {
			for range runs {
				if b.threads == 1 {
					num.Multiply(c, a, by, num.Finish[F]{})
				} else {
					num.MultiplyParallel(c, a, by, num.Finish[F]{})
				}
			}
			return nil
		},
		peer:  "numpy.matmul (OpenBLAS)",
		turns: 7,
		rate: func(seconds float64) string {
			done := work * float64(runs) / seconds
			said := fmt.Sprintf("%.0f GFLOP/s", done/1e9)
			if peak > 0 {
				said += fmt.Sprintf(", %.0f %% of the peak", 100*done/peak)
			}
			return said
		},
	})
}

func randomView[F num.Float](rows, cols int, turned bool) num.View[F] {
	if turned {
		return randomView[F](cols, rows, false).T()
	}
	rng := rand.New(rand.NewPCG(1, uint64(rows+cols)))
	v := num.Of(make([]F, rows*cols), rows, cols)
	for i := range v.Data {
		v.Data[i] = F(rng.NormFloat64())
	}
	return v
}
