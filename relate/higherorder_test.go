package relate_test

import (
	"math"
	"testing"

	"github.com/kindred-mtl/kindred/relate"
)

// In sets of two the gains are those of pairs; in the set of all tasks nobody can
// tell who helps.
func TestHigherOrder(t *testing.T) {
	s, _ := planted(t, "transfer")
	pairs, by2 := related(t, s, relate.Transfer{}, relate.Options{}), related(t, s, relate.HigherOrder{Size: 2, Sets: 100}, relate.Options{})
	all := related(t, s, relate.HigherOrder{Size: 100}, relate.Options{})
	n := len(s.Tasks)
	for a := range n {
		for b := range n {
			if a != b && math.Abs(pairs.Matrix.At(a, b)-by2.Matrix.At(a, b)) > 1e-9 {
				t.Errorf("tasks %d and %d: %v as a pair, %v in sets of two", a, b, pairs.Matrix.At(a, b), by2.Matrix.At(a, b))
			}
			if all.Matrix.At(a, b) != all.Matrix.At(b, b) {
				t.Errorf("one set of all: task %d gains %v with %d and %v at all", b, all.Matrix.At(a, b), a, all.Matrix.At(b, b))
			}
		}
		mean := 0.0 // of the pairs that task a is in
		for b := range n {
			if b != a {
				mean += pairs.Matrix.At(b, a) / float64(n-1)
			}
		}
		if math.Abs(by2.Matrix.At(a, a)-mean) > 1e-9 {
			t.Errorf("task %d gains %v of company, want %v", a, by2.Matrix.At(a, a), mean)
		}
	}
	few := related(t, s, relate.HigherOrder{Size: 2, Sets: 3}, relate.Options{})
	met := 0
	for a := range n {
		for b := range n {
			if a != b && !math.IsNaN(few.Matrix.At(a, b)) {
				met++
			}
		}
	}
	if met != 6 || len(few.Warnings) != 1 {
		t.Errorf("three sets of two tell of %d ordered pairs of different tasks, want 6, each task in one set; warnings %q", met, few.Warnings)
	}
	for a := range n { // each of six tasks is in one of three sets
		if math.IsNaN(few.Matrix.At(a, a)) || !math.IsNaN(few.Errors.At(a, a)) {
			t.Errorf("task %d: gain %v ± %v of one set", a, few.Matrix.At(a, a), few.Errors.At(a, a))
		}
	}
}
