package tape

import (
	"github.com/kindred-mtl/kindred/catalog"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/param"
)

// An Activation is a function of one number.
type Activation string

// The activations.
const (
	Linear  Activation = "linear" // x
	ReLU    Activation = "relu"   // max(0, x)
	GELU    Activation = "gelu"   // ½x (1 + tanh(√(2/π) (x + 0.044715 x³)))
	SiLU    Activation = "silu"   // x σ(x)
	Tanh    Activation = "tanh"
	Sigmoid Activation = "sigmoid" // σ(x) = 1/(1+e^−x)
)

// Activations lists their names.
var Activations = []string{"relu", "gelu", "silu", "tanh", "sigmoid", "linear"}

// Check says whether there is such an activation.
func (a Activation) Check() error {
	for _, name := range Activations {
		if name == string(a) {
			return nil
		}
	}
	return catalog.Unknown("activation", string(a), Activations)
}

// activation applies one to every number.
type activation struct {
	x, y Node
	f    Activation
}

// Activate applies an activation to every number.
//
// GELU in its form with tanh: Hendrycks, Gimpel, Gaussian error linear units,
// arXiv 1606.08415, 2016. SiLU: Elfwing, Uchibe, Doya, Sigmoid-weighted linear
// units, Neural Networks 107, 2018.
func (g *Graph) Activate(x Node, f Activation) Node {
	if f == Linear || f == "" {
		return x
	}
	return g.record(&activation{x: x, y: g.like(x), f: f})
}

func (o *activation) reads() []Node             { return []Node{o.x} }
func (o *activation) made() Node                { return o.y }
func (o *activation) params() []*param.Block    { return nil }
func (o *activation) player32() player[float32] { return activationPlayer[float32]{o} }
func (o *activation) player64() player[float64] { return activationPlayer[float64]{o} }

type activationPlayer[F num.Float] struct{ *activation }

func (o activationPlayer[F]) forward(r *Run[F], lo, hi int) {
	r.each(o.y, func(b int) {
		rowsOf(r.value(o.y, b, lo, hi), r.value(o.x, b, lo, hi), func(y, x []F) { activate(o.f, y, x) })
	})
}

func (o activationPlayer[F]) backward(r *Run[F], p *pass[F]) {
	b := r.lane(o.y, p)
	x, y, dy := r.value(o.x, b, p.lo, p.hi), r.value(o.y, b, p.lo, p.hi), r.grads(o.y, b, p)
	rowsOf4(dy, x, y, dy, func(dy, x, y, _ []F) { slope(o.f, dy, x, y) })
	r.pour(o.x, b, p, dy)
}

// pour sets or adds to the gradient of block b of n.
func (r *Run[F]) pour(n Node, b int, p *pass[F], d num.View[F]) {
	if !r.wants(n) {
		return
	}
	into, fresh := r.grads(n, b, p), r.fresh(n, p)
	rowsOf(into, d, func(into, d []F) {
		if fresh {
			copy(into, d)
		} else {
			num.Add(into, d)
		}
	})
}

// rowsOf4 is rowsOf for four views of one shape.
func rowsOf4[F num.Float](a, b, c, d num.View[F], f func(a, b, c, d []F)) {
	if a.Cols == 0 {
		return
	}
	for i := range a.Rows {
		f(row(a, i), row(b, i), row(c, i), row(d, i))
	}
}

const piecewise = 128 // numbers that functions are computed of at a time

const gelu1, gelu3 = 0.7978845608028654, 0.044715 // √(2/π)

// activate sets y = f(x).
func activate[F num.Float](f Activation, y, x []F) {
	switch f {
	case ReLU:
		for i, v := range x {
			y[i] = max(0, v)
		}
	case Tanh:
		num.Tanh(y, x)
	case Sigmoid:
		num.Sigmoid(y, x)
	case SiLU:
		num.Sigmoid(y, x)
		for i, v := range x {
			y[i] *= v
		}
	case GELU:
		for i, v := range x {
			y[i] = gelu1 * (v + gelu3*v*v*v)
		}
		num.Tanh(y, y)
		for i, v := range x {
			y[i] = v / 2 * (1 + y[i])
		}
	}
}

// slope multiplies d by f'(x), where y = f(x).
func slope[F num.Float](f Activation, d, x, y []F) {
	switch f {
	case ReLU:
		num.ReluGrad(d, y)
	case Tanh:
		for i, v := range y {
			d[i] *= 1 - v*v
		}
	case Sigmoid:
		for i, v := range y {
			d[i] *= v * (1 - v)
		}
	default:
		var buffer [piecewise]F
		for lo := 0; lo < len(d); lo += piecewise {
			hi := min(lo+piecewise, len(d))
			curved(f, d[lo:hi], x[lo:hi], buffer[:hi-lo])
		}
	}
}

// curved is slope for functions whose derivative needs one of its own.
func curved[F num.Float](f Activation, d, x, s []F) {
	switch f {
	case SiLU: // σ(x) (1 + x (1 − σ(x)))
		num.Sigmoid(s, x)
		for i, v := range x {
			d[i] *= s[i] * (1 + v*(1-s[i]))
		}
	case GELU: // ½(1 + t) + ½x (1 − t²) √(2/π) (1 + 3·0.044715 x²)
		for i, v := range x {
			s[i] = gelu1 * (v + gelu3*v*v*v)
		}
		num.Tanh(s, s)
		for i, v := range x {
			d[i] *= (1+s[i])/2 + v/2*(1-s[i]*s[i])*gelu1*(1+3*gelu3*v*v)
		}
	default:
		panic("tape: no activation " + f)
	}
}
