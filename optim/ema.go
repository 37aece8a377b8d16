package optim

import (
	"cmp"
	"math"

	"github.com/kindred-mtl/kindred/num"
)

// EMA averages the parameters over the steps, the older the less.
//
//	a ← a + (1 − β)/(1 − β^t) (p − a)
//
// which is Σ β^(t−s) p_s / Σ β^(t−s): the average of the first steps is one of
// what there is, and that of a constant is the constant.
//
// Polyak, Juditsky, Acceleration of stochastic approximation by averaging, SIAM
// Journal on Control and Optimization 30, 1992; with weights that fall, and the
// correction of the first steps, Kingma, Ba, Adam: a method for stochastic
// optimization, ICLR 2015, section 7.2.
type EMA struct {
	Beta float64 `json:"decay" words:"β, below 1; 0.999 where not given"`
}

// Check implements Transform.
func (o *EMA) Check() error { return share("ema: decay", o.Beta) }

func (*EMA) place() place                  { return after }
func (o *EMA) on32(p Plan) []link[float32] { return newEMA[float32](o, p) }
func (o *EMA) on64(p Plan) []link[float64] { return newEMA[float64](o, p) }

func newEMA[F num.Float](o *EMA, p Plan) []link[F] {
	return []link[F]{&ema[F]{beta: cmp.Or(o.Beta, 0.999), mean: make([]F, p.Size)}}
}

type ema[F num.Float] struct {
	beta   float64
	weight F
	mean   []F
}

func (l *ema[F]) tensors(to map[string][]F) { to["ema.mean"] = l.mean }

func (l *ema[F]) begin(m moment) {
	l.weight = F((1 - l.beta) / (1 - math.Pow(l.beta, float64(m.step+1))))
}

func (l *ema[F]) apply(lo int, p, _ []F) {
	num.Lerp(l.mean[lo:][:len(p)], l.weight, p)
}
