package penalty

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/kindred-mtl/kindred/num"
)

// The chains find what looking at all pairs finds, every time anew.
func TestAverageLinkage(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 5))
	for _, n := range []int{0, 1, 2, 3, 8, 31} {
		d := num.NewDense(n, n)
		for i := range n {
			for j := range i {
				v := random.Float64()
				d.Set(i, j, v)
				d.Set(j, i, v)
			}
		}
		clusters := make([][]int, n)
		for i := range clusters {
			clusters[i] = []int{i}
		}
		merges := AverageLinkage(d.Clone())
		for step := range max(0, n-1) {
			best, a, b := math.Inf(1), 0, 0
			for i := range clusters {
				for j := range i {
					mean := 0.0
					for _, s := range clusters[i] {
						for _, u := range clusters[j] {
							mean += d.At(s, u) / float64(len(clusters[i])*len(clusters[j]))
						}
					}
					if mean < best {
						best, a, b = mean, j, i
					}
				}
			}
			clusters[a] = append(clusters[a], clusters[b]...)
			clusters = slices.Delete(clusters, b, b+1)
			if math.Abs(merges[step].Height-best) > 1e-12 {
				t.Errorf("%d tasks, merge %d: height %v, want %v", n, step, merges[step].Height, best)
			}
			group := Merged(n, merges[:step+1])
			for _, cluster := range clusters {
				for _, i := range cluster {
					if group[i] != group[cluster[0]] {
						t.Errorf("%d tasks, merge %d: groups %v, clusters %v", n, step, group, clusters)
					}
				}
			}
			if want := len(clusters) - 1; slices.Max(group) != want {
				t.Errorf("%d tasks, merge %d: groups %v, clusters %v", n, step, group, clusters)
			}
		}
	}
}
