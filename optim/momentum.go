package optim

import (
	"cmp"

	"github.com/kindred-mtl/kindred/num"
)

// Momentum goes on in the direction of past gradients, the older the less.
//
//	v ← βv + g,  p ← p − ηv             a heavy ball
//	v ← βv + g,  p ← p − η(g + βv)      Nesterov's
//
// Under a gradient that stays the same v grows to g/(1 − β).
//
// Polyak, Some methods of speeding up the convergence of iteration methods,
// USSR Computational Mathematics and Mathematical Physics 4, 1964; Nesterov's
// as in Sutskever, Martens, Dahl, Hinton, On the importance of initialization
// and momentum in deep learning, ICML 2013, taken at the point looked ahead to.
type Momentum struct {
	Rate     float64 `json:"learning_rate" words:"η; 0.01 where not given"`
	Beta     float64 `json:"momentum" words:"β, below 1; 0.9 where not given"`
	Nesterov bool    `json:"nesterov" words:"look ahead before the step"`
}

// Check implements Transform.
func (o *Momentum) Check() error {
	return cmp.Or(positive("momentum: learning_rate", o.Rate), share("momentum: momentum", o.Beta))
}

func (o *Momentum) rate() float64               { return cmp.Or(o.Rate, 0.01) }
func (*Momentum) place() place                  { return step }
func (o *Momentum) on32(p Plan) []link[float32] { return newMomentum[float32](o, p) }
func (o *Momentum) on64(p Plan) []link[float64] { return newMomentum[float64](o, p) }

func newMomentum[F num.Float](o *Momentum, p Plan) []link[F] {
	return []link[F]{&momentum[F]{beta: F(cmp.Or(o.Beta, 0.9)), nesterov: o.Nesterov, v: make([]F, p.Size)}}
}

type momentum[F num.Float] struct {
	beta, rate F
	nesterov   bool
	v          []F
}

func (l *momentum[F]) begin(m moment)            { l.rate = F(m.rate) }
func (l *momentum[F]) tensors(to map[string][]F) { to["momentum.v"] = l.v }

func (l *momentum[F]) apply(lo int, p, g []F) {
	v, g := l.v[lo:][:len(p)], g[:len(p)]
	rate, beta := l.rate, l.beta
	if l.nesterov {
		for i := range p {
			v[i] = beta*v[i] + g[i]
			p[i] -= rate * (g[i] + beta*v[i])
		}
		return
	}
	for i := range p {
		v[i] = beta*v[i] + g[i]
		p[i] -= rate * v[i]
	}
}
