package score

import (
	"math"

	"github.com/kindred-mtl/kindred"
)

// PoissonDeviance is twice the log-likelihood that counts lose under the means
// predicted, against means that are the counts. Means below 1e-12 count as
// 1e-12.
//
//	2 mean [y log(y/ŷ) − y + ŷ]
//
// McCullagh, Nelder, Generalized Linear Models, 2nd edition, 1989, section
// 2.3.
type PoissonDeviance struct{ smaller }

// Takes implements Metric.
func (PoissonDeviance) Takes(k kindred.Kind) bool { return k == kindred.Count }

// Task implements Metric.
func (PoissonDeviance) Task(c Cell) (float64, bool) {
	if !c.valued() {
		return undefined()
	}
	return c.mean(func(i int) float64 {
		y, mu := c.Y[i], max(c.Out.Value[i], 1e-12)
		if y == 0 {
			return 2 * mu
		}
		return 2 * (y*math.Log(y/mu) - y + mu)
	})
}
