package optim

import (
	"cmp"
	"sort"

	"github.com/kindred-mtl/kindred/num"
)

// Decay shrinks the parameters that decay before the step, apart from the
// gradient.
//
//	p ← (1 − ηλ) p        η the learning rate of the step
//
// Loshchilov, Hutter, Decoupled weight decay regularization, ICLR 2019,
// Algorithm 1.
type Decay struct {
	Lambda float64 `json:"weight_decay" words:"λ; 0.01 where not given"`
}

// Check implements Transform.
func (o *Decay) Check() error { return positive("decay: weight_decay", o.Lambda) }

func (*Decay) place() place                  { return before }
func (o *Decay) on32(p Plan) []link[float32] { return newDecay[float32](o.Lambda, p) }
func (o *Decay) on64(p Plan) []link[float64] { return newDecay[float64](o.Lambda, p) }

func newDecay[F num.Float](lambda float64, p Plan) []link[F] {
	return []link[F]{&decay[F]{lambda: cmp.Or(lambda, 0.01), ranges: p.Decays}}
}

type decay[F num.Float] struct {
	forgetful[F]
	lambda float64
	ranges []Range
	factor F
}

func (l *decay[F]) begin(m moment) { l.factor = F(1 - m.rate*l.lambda) }

func (l *decay[F]) apply(lo int, p, _ []F) {
	hi := lo + len(p)
	first := sort.Search(len(l.ranges), func(i int) bool { return l.ranges[i].Hi > lo })
	for _, r := range l.ranges[first:] {
		if r.Lo >= hi {
			return
		}
		num.Scale(p[max(r.Lo, lo)-lo:min(r.Hi, hi)-lo], l.factor)
	}
}
