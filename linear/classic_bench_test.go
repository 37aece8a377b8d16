package linear_test

import (
	"testing"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/data"
	"github.com/kindred-mtl/kindred/linear"
	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/prep"
)

// BenchmarkClassic fits the example of bench with probabilities and without.
func BenchmarkClassic(b *testing.B) {
	f, err := data.Read(ctx, data.Options{Path: "testdata/classic.csv.gz", Targets: []string{"y"}})
	if err != nil {
		b.Fatal(err)
	}
	again := f.Set.Tasks[0]
	again.Name = "again"
	s := &kindred.Set{Tasks: []kindred.Task{f.Set.Tasks[0], again}}
	for _, name := range []string{"Probabilities", "Decisions"} {
		b.Run(name, func(b *testing.B) {
			m := linear.Method{Loss: loss.Hinge{}, C: 1, NoProbability: name == "Decisions", Prep: prep.Options{Scale: "none"}}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := m.Fit(ctx, s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
