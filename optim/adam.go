package optim

import (
	"cmp"
	"math"

	"github.com/kindred-mtl/kindred/num"
)

// Adam takes a step of about the learning rate in every parameter, less where
// its gradient changes sign.
//
//	m ← β₁m + (1 − β₁)g,  v ← β₂v + (1 − β₂)g²
//	p ← p − η m̂/(√v̂ + ε),  m̂ = m/(1 − β₁^t),  v̂ = v/(1 − β₂^t)
//
// Kingma, Ba, Adam: a method for stochastic optimization, ICLR 2015,
// Algorithm 1.
type Adam struct {
	Rate    float64 `json:"learning_rate" words:"η; 0.001 where not given"`
	Beta1   float64 `json:"beta_1" words:"β₁, below 1; 0.9 where not given"`
	Beta2   float64 `json:"beta_2" words:"β₂, below 1; 0.999 where not given"`
	Epsilon float64 `json:"epsilon" words:"ε; 1e-8 where not given"`
}

// Check implements Transform.
func (o *Adam) Check() error { return o.check("adam") }

func (o *Adam) check(name string) error {
	return cmp.Or(positive(name+": learning_rate", o.Rate), share(name+": beta_1", o.Beta1),
		share(name+": beta_2", o.Beta2), positive(name+": epsilon", o.Epsilon))
}

func (o *Adam) rate() float64               { return cmp.Or(o.Rate, 0.001) }
func (*Adam) place() place                  { return step }
func (o *Adam) on32(p Plan) []link[float32] { return newAdam[float32](o, p) }
func (o *Adam) on64(p Plan) []link[float64] { return newAdam[float64](o, p) }

func newAdam[F num.Float](o *Adam, p Plan) []link[F] {
	return []link[F]{&adam[F]{
		b1: F(cmp.Or(o.Beta1, 0.9)), b2: F(cmp.Or(o.Beta2, 0.999)), eps: F(cmp.Or(o.Epsilon, 1e-8)),
		m: make([]F, p.Size), v: make([]F, p.Size),
	}}
}

type adam[F num.Float] struct {
	rate, b1, b2, eps F
	c1, c2            F // 1 − β^t
	m, v              []F
}

func (l *adam[F]) tensors(to map[string][]F) { to["adam.m"], to["adam.v"] = l.m, l.v }

func (l *adam[F]) begin(m moment) {
	// The corrections are those of β as rounded to F: 1 − β is exact then, and
	// m̂ = g in the first step but for the last digit.
	t := float64(m.step + 1)
	l.rate = F(m.rate)
	l.c1 = F(1 - math.Pow(float64(l.b1), t))
	l.c2 = F(1 - math.Pow(float64(l.b2), t))
}

func (l *adam[F]) apply(lo int, p, g []F) {
	num.Adam(p, l.m[lo:][:len(p)], l.v[lo:][:len(p)], g[:len(p)], l.rate, l.b1, l.b2, l.eps, l.c1, l.c2)
}
