package relate_test

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/kindred-mtl/kindred/relate"
	"github.com/kindred-mtl/kindred/synth"
)

// As the steps that are tried become short, what they bring goes with their
// length; where they leave all bounds, that is said.
func TestLookahead(t *testing.T) {
	s, _, err := (&synth.Tasks{Tasks: 3, Samples: 60, Features: 4, Shared: true, Noise: 1, Seed: 2}).Make()
	if err != nil {
		t.Fatal(err)
	}
	whole, half := related(t, s, relate.NetLookahead{Rate: 2e-4}, relate.Options{}), related(t, s, relate.NetLookahead{Rate: 1e-4}, relate.Options{})
	for i, v := range whole.Matrix.Data {
		if math.Abs(v-2*half.Matrix.Data[i]) > 0.05*math.Abs(v)+1e-5 {
			t.Errorf("entry %d: %v, and %v at half the rate", i, v, half.Matrix.Data[i])
		}
	}
	for k := range s.Tasks {
		if v := whole.Matrix.At(k, k); !(v > 0) {
			t.Errorf("task %d: a short step for it lowers its loss by %v", k, v)
		}
	}
	if _, err := relate.Tasks(context.Background(), s, relate.NetLookahead{Rate: 1e30}, relate.Options{}); err == nil || !strings.Contains(err.Error(), "smaller rate") {
		t.Errorf("a rate of 1e30: %v", err)
	}
	if _, err := relate.Tasks(context.Background(), s, relate.NetLookahead{Rate: -1}, relate.Options{}); err == nil || !strings.Contains(err.Error(), "above 0") {
		t.Errorf("a rate of -1: %v", err)
	}
}
