package score

import (
	"math"

	"github.com/kindred-mtl/kindred"
)

// A Cell is one task's held-out labels and what was predicted of them. Rows of
// weight 0 count nowhere, and nothing needs to be predicted of them.
type Cell struct {
	Info   kindred.TaskInfo
	Y      []float64 // as in kindred.Labels
	Weight []float64 // nil means 1
	Out    kindred.Outcome
}

func (c *Cell) weight(i int) float64 {
	if c.Weight == nil {
		return 1
	}
	return c.Weight[i]
}

// finite is v, and whether it is a finite number; NaN where it is not.
func finite(v float64) (float64, bool) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return undefined()
	}
	return v, true
}

func undefined() (float64, bool) { return math.NaN(), false }

// mean is the weighted mean of f over rows; false where no row has weight or
// the mean is not finite.
func (c *Cell) mean(f func(i int) float64) (float64, bool) {
	sum, n := 0.0, 0.0
	for i := range c.Y {
		if w := c.weight(i); w > 0 {
			sum, n = sum+w*f(i), n+w
		}
	}
	return finite(sum / n)
}

// valued tells whether every row has a finite value.
func (c *Cell) valued() bool {
	return c.Out.Value != nil && c.every(func(i int) bool {
		_, ok := finite(c.Out.Value[i])
		return ok
	})
}

// classed tells whether every row has a class.
func (c *Cell) classed() bool {
	return c.Out.Class != nil && c.every(func(i int) bool {
		k := c.Out.Class[i]
		return k >= 0 && k < len(c.Info.Classes)
	})
}

// likely tells whether every row has probabilities.
func (c *Cell) likely() bool {
	return c.Out.Probability != nil && c.every(func(i int) bool {
		for t := range c.Info.Classes {
			if p := c.probability(i, t); !(p >= 0 && p <= math.MaxFloat64) {
				return false
			}
		}
		return true
	})
}

func (c *Cell) every(f func(i int) bool) bool {
	for i := range c.Y {
		if c.weight(i) > 0 && !f(i) {
			return false
		}
	}
	return true
}

func (c *Cell) probability(i, class int) float64 {
	return c.Out.Probability[i*len(c.Info.Classes)+class]
}
