package relate

import (
	"math"

	"github.com/kindred-mtl/kindred"
)

// rowLoss is the loss of a prediction of row i: log loss of classes, half the
// squared error in units of scale of numbers, half the deviance of counts.
func rowLoss(t *kindred.Task, o *kindred.Outcome, i int, scale float64) float64 {
	y := t.Y()[i]
	switch t.Kind {
	case kindred.Regression:
		r := (o.Value[i] - y) / scale
		return r * r / 2
	case kindred.Count:
		mu := math.Max(o.Value[i], 1e-12)
		if y == 0 {
			return mu
		}
		return mu - y + y*math.Log(y/mu)
	}
	return -math.Log(math.Max(o.Probability[i*len(t.Label.Classes)+int(y)], 1e-15))
}
