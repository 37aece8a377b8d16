package compare

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/score"
)

// A Calibration says how far probabilities are what they say, on test rows of
// all tasks and splits.
type Calibration struct {
	// Bins are ten equal parts of the range of probabilities: of the second class
	// where there are two, else of the class predicted.
	Bins []Bin `json:"bins,omitempty"`
	// Coverage is the share of numbers between the quantiles of .1 and .9 that
	// were predicted for them; null where a method has none.
	Coverage *float64 `json:"coverage"`
}

// A Bin is the rows of which a probability in a range was predicted.
type Bin struct {
	Rows      int      `json:"rows"`
	Predicted *float64 `json:"predicted"` // the mean probability; null without rows
	Observed  *float64 `json:"observed"`  // the share of rows where it came true
}

const bins = 10

// calibrated is the calibration of what was predicted on every fold; nil where
// there are neither probabilities nor quantiles.
func calibrated(trials []trial) *Calibration {
	var sums [bins]struct{ rows, said, true float64 }
	inside, numbers := 0.0, 0.0
	for _, t := range trials {
		for i := range t.cells {
			c := &t.cells[i]
			for r, y := range c.Y {
				if p, right, ok := foretold(c, r); ok {
					b := &sums[min(bins-1, int(bins*p))]
					b.rows, b.said = b.rows+1, b.said+p
					if right {
						b.true++
					}
				}
				if low, high, ok := quantiles(&c.Out, r); ok {
					if numbers++; low <= y && y <= high {
						inside++
					}
				}
			}
		}
	}
	out := &Calibration{}
	any := numbers > 0
	for i := range sums {
		b := &sums[i]
		any = any || b.rows > 0
		out.Bins = append(out.Bins, Bin{int(b.rows), finite(b.said / b.rows), finite(b.true / b.rows)})
	}
	if out.Coverage = finite(inside / numbers); out.Coverage != nil {
		out.Bins = nil
	}
	if !any {
		return nil
	}
	return out
}

// foretold is the probability that a cell gives to a class of row r, and whether
// that was the class.
func foretold(c *score.Cell, r int) (p float64, right, ok bool) {
	k := len(c.Info.Classes)
	if !c.Info.Kind.Classifies() || c.Out.Probability == nil {
		return 0, false, false
	}
	row := c.Out.Probability[r*k : (r+1)*k]
	class := 1
	if c.Info.Kind == kindred.Multiclass {
		class = 0
		for j, v := range row {
			if v > row[class] {
				class = j
			}
		}
	}
	p = row[class]
	return p, int(c.Y[r]) == class, p >= 0 && p <= 1
}

// quantiles are those of .1 and .9 of a number, as predicted, or of a normal
// distribution of the variance predicted.
func quantiles(o *kindred.Outcome, r int) (low, high float64, ok bool) {
	switch {
	case o.Low != nil && o.High != nil:
		return o.Low[r], o.High[r], true
	case o.Variance != nil && o.Value != nil:
		half := distuv.UnitNormal.Quantile(0.9) * math.Sqrt(o.Variance[r])
		return o.Value[r] - half, o.Value[r] + half, true
	}
	return 0, 0, false
}
