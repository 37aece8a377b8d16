package linear_test

import (
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kindred-mtl/kindred/linear"
	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/prep"
)

// The machine and the folds that calibrate it are fitted side by side, with the
// same result on one worker and on several.
func TestTheClassicMachineAtAnyNumberOfWorkers(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	s, m := classic(t, 2), linear.Method{Loss: loss.Hinge{}, C: 1}
	want := predict(t, fit(t, m, s), s)
	for _, workers := range []int{2, 7} {
		runtime.GOMAXPROCS(workers)
		if d := cmp.Diff(want, predict(t, fit(t, m, s), s)); d != "" {
			t.Errorf("%d workers: %s", workers, d)
		}
	}
}

// BenchmarkClassic fits the example of bench with probabilities and without.
func BenchmarkClassic(b *testing.B) {
	s := classic(b, 2)
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
