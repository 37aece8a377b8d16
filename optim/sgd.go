package optim

import (
	"cmp"

	"github.com/kindred-mtl/kindred/num"
)

// SGD goes down the gradient.
//
//	p ← p − ηg
//
// Robbins, Monro, A stochastic approximation method, Annals of Mathematical
// Statistics 22, 1951.
type SGD struct {
	Rate float64 `json:"learning_rate" words:"η; 0.01 where not given"`
}

// Check implements Transform.
func (o *SGD) Check() error { return positive("sgd: learning_rate", o.Rate) }

func (o *SGD) rate() float64           { return cmp.Or(o.Rate, 0.01) }
func (*SGD) place() place              { return step }
func (*SGD) on32(Plan) []link[float32] { return []link[float32]{&sgd[float32]{}} }
func (*SGD) on64(Plan) []link[float64] { return []link[float64]{&sgd[float64]{}} }

type sgd[F num.Float] struct {
	forgetful[F]
	rate F
}

func (l *sgd[F]) begin(m moment) { l.rate = F(m.rate) }

func (l *sgd[F]) apply(_ int, p, g []F) {
	g = g[:len(p)]
	for i := range p {
		p[i] -= l.rate * g[i]
	}
}
