package optim

import (
	"cmp"
	"fmt"
	"math"

	"github.com/kindred-mtl/kindred/num"
)

// Clip shortens a gradient that is longer than c; others stay as they are.
//
//	g ← g min(1, c/‖g‖)        ‖g‖ over all parameters
//
// Pascanu, Mikolov, Bengio, On the difficulty of training recurrent neural
// networks, ICML 2013, Algorithm 1.
type Clip struct {
	Norm float64 `json:"norm" words:"c, the longest a gradient may be; 1 where not given"`
}

// Check implements Transform.
func (o *Clip) Check() error { return positive("clip: norm", o.Norm) }

func (*Clip) place() place                   { return before }
func (o *Clip) on32(Plan) []link[float32]    { return newClip[float32](o) }
func (o *Clip) on64(Plan) []link[float64]    { return newClip[float64](o) }
func newClip[F num.Float](o *Clip) []link[F] { return []link[F]{&clip[F]{longest: cmp.Or(o.Norm, 1)}} }

type clip[F num.Float] struct {
	forgetful[F]
	longest float64
	factor  F
}

func (l *clip[F]) begin(m moment) {
	l.factor = 1
	if !(m.norm <= l.longest) {
		l.factor = F(l.longest / m.norm)
	}
	if math.IsInf(m.norm, 0) {
		l.factor = F(math.NaN())
	}
}

func (l *clip[F]) apply(_ int, _, g []F) {
	if l.factor != 1 {
		num.Scale(g, l.factor)
	}
}

// positive says what is wrong with an option that is above 0, or 0 for its
// default.
func positive(option string, v float64) error {
	if !(v >= 0) || math.IsInf(v, 0) {
		return fmt.Errorf("%s %v; it is above 0, or 0 for the default", option, v)
	}
	return nil
}

// share says what is wrong with an option that is from 0 up to, not including,
// 1.
func share(option string, v float64) error {
	if !(v >= 0 && v < 1) {
		return fmt.Errorf("%s %v; it is at least 0 and below 1", option, v)
	}
	return nil
}
