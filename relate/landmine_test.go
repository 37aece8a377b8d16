package relate_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/compose"
	"github.com/kindred-mtl/kindred/data"
	"github.com/kindred-mtl/kindred/relate"
	"github.com/kindred-mtl/kindred/split"
)

// landmine is a share of the rows of 29 fields, drawn by task and label; the
// first 15 fields are of one terrain, the others of another.
func landmine(t testing.TB, share float64, seed uint64) (set *kindred.Set, terrain []int) {
	t.Helper()
	path := filepath.Join("..", "..", "shared", "data", "landmine", "landmine.csv")
	if _, err := os.Stat(path); err != nil {
		t.Skip("the landmine data is not there:", err)
	}
	f, err := data.Read(context.Background(), data.Options{Path: path, Task: "task", Targets: []string{"y"}})
	if err != nil {
		t.Fatal(err)
	}
	folds, err := split.Random(f.Set, 1, share, seed)
	if err != nil {
		t.Fatal(err)
	}
	terrain = make([]int, len(f.Set.Tasks))
	for i := 15; i < len(terrain); i++ {
		terrain[i] = 1
	}
	return f.Set.Select(folds[0].Train), terrain
}

// Four measures and more find the terrains. Those that take seconds are left out
// here; docs/relate.md has them all.
func TestLandmine(t *testing.T) {
	set, terrain := landmine(t, 0.5, 1)
	found := 0
	for _, part := range relate.All {
		if part.Name == "transfer" || part.Name == "higher-order" || part.Name == "vectors" || strings.HasPrefix(part.Name, "net-") {
			continue
		}
		r, err := relate.Tasks(context.Background(), set, part.New(), relate.Options{})
		if errors.Is(err, compose.ErrNotApplicable) {
			t.Logf("%-13s %v", part.Name, err)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range relate.Clusterings {
			two, err := relate.Group(r, c.New(), 2)
			if err != nil {
				t.Fatal(err)
			}
			open, err := relate.Group(r, c.New(), 0)
			if err != nil {
				t.Fatal(err)
			}
			rand := relate.AdjustedRand(terrain, two.Groups)
			if c.Name == "spectral" && rand >= 0.9 {
				found++
			}
			t.Logf("%-13s %-15s two groups: adjusted Rand %.2f, silhouette %.2f; by silhouette %d: %.2f", part.Name, c.Name,
				rand, two.Silhouette, open.Count, relate.AdjustedRand(terrain, open.Groups))
		}
	}
	if found < 4 {
		t.Errorf("only %d measures find the terrains", found)
	}
}

// How well each measure finds the terrains, two groups by spectral clustering:
// the adjusted Rand index, its mean over splits, of which there are b.N.
//
//	go test ./relate -run - -bench Landmine -benchtime 3x
func BenchmarkLandmine(b *testing.B) {
	for _, share := range []float64{0.5, 0.25, 0.1} {
		for _, part := range relate.All {
			b.Run(fmt.Sprintf("%v/%s", share, part.Name), func(b *testing.B) {
				sum := 0.0
				for i := range b.N {
					set, terrain := landmine(b, share, uint64(i+1))
					r, err := relate.Tasks(context.Background(), set, part.New(), relate.Options{})
					if errors.Is(err, compose.ErrNotApplicable) {
						b.Skip(err)
					}
					if err != nil {
						b.Fatal(err)
					}
					g, err := relate.Group(r, relate.Spectral{}, 2)
					if err != nil {
						b.Fatal(err)
					}
					sum += relate.AdjustedRand(terrain, g.Groups)
				}
				b.ReportMetric(sum/float64(b.N), "rand")
			})
		}
	}
}
