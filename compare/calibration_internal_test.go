package compare

import (
	"math"
	"testing"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/score"
)

// Rows of a probability go to its bin: of the second of two classes, of the
// likeliest of three.
func TestCalibration(t *testing.T) {
	two := score.Cell{Info: kindred.TaskInfo{Kind: kindred.Binary, Classes: []string{"no", "yes"}}, Y: []float64{1, 0, 1, 0},
		Out: kindred.Outcome{Probability: []float64{.2, .8, .25, .75, 0, 1, .95, .05}}}
	three := score.Cell{Info: kindred.TaskInfo{Kind: kindred.Multiclass, Classes: []string{"a", "b", "c"}}, Y: []float64{2, 0},
		Out: kindred.Outcome{Probability: []float64{.1, .2, .7, .3, .6, .1}}}
	c := calibrated([]trial{{cells: []score.Cell{two}}, {cells: []score.Cell{three}}})
	if len(c.Bins) != bins || c.Coverage != nil {
		t.Fatalf("%d bins, coverage %v", len(c.Bins), c.Coverage)
	}
	want := map[int]Bin{0: bin(1, .05, 0), 6: bin(1, .6, 0), 7: bin(2, .725, .5), 8: bin(1, .8, 1), 9: bin(1, 1, 1)}
	for i, b := range c.Bins {
		w := want[i]
		if b.Rows != w.Rows || b.Rows > 0 && (math.Abs(*b.Predicted-*w.Predicted) > 1e-12 || *b.Observed != *w.Observed) || b.Rows == 0 && b.Predicted != nil {
			t.Errorf("bin %d: %+v", i, b)
		}
	}
}

func bin(rows int, predicted, observed float64) Bin {
	return Bin{rows, &predicted, &observed}
}

// The numbers between two quantiles are counted, whether these are predicted or
// follow from a variance; a model that has neither has no calibration.
func TestCoverage(t *testing.T) {
	info := kindred.TaskInfo{Kind: kindred.Regression}
	y, value := []float64{0, 1, 2, 3}, []float64{0, 0, 0, 0}
	for _, o := range []kindred.Outcome{
		{Value: value, Low: []float64{-1, 1, 0, 0}, High: []float64{1, 2, 1, 2}},
		{Value: value, Variance: []float64{1, 1, 1, 1}},
	} {
		c := calibrated([]trial{{cells: []score.Cell{{Info: info, Y: y, Out: o}}}})
		if c == nil || c.Bins != nil || *c.Coverage != 0.5 {
			t.Errorf("calibration %+v", c)
		}
	}
	if c := calibrated([]trial{{cells: []score.Cell{{Info: info, Y: y, Out: kindred.Outcome{Value: value}}}}}); c != nil {
		t.Errorf("a calibration %+v of nothing", c)
	}
}
