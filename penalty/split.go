package penalty

import (
	"math"

	"github.com/kindred-mtl/kindred/num"
)

// NewSplit takes W apart at the least cost, each part by a belief of its own.
//
//	Ω(W) = min Σ_i Ω_i(P_i) over Σ_i P_i = W,   Ω*(G) = Σ_i Ω_i*(G)
//
// the infimal convolution (Rockafellar, Convex Analysis, 1970, theorem 16.4).
// Where every part gives 0 from a strength on, so does the whole: −∇f(0) must
// lie in every subdifferential at 0.
func NewSplit(parts ...Proximal) Split {
	for _, p := range parts {
		if _, ok := p.(Vanishing); !ok {
			return split(parts)
		}
	}
	return vanishing{split(parts)}
}

// split is the parts.
type split []Proximal

// Parts implements Split.
func (f split) Parts() []Proximal { return f }

// Dual implements Func.
func (f split) Dual(g *num.Dense) (s, value float64) {
	s = 1
	for _, p := range f {
		part, v := p.Dual(g)
		s, value = min(s, part), value+v
	}
	if s == 1 {
		return s, value
	}
	scaled := num.NewDense(g.Rows, g.Cols)
	num.Axpy(s, g.Data, scaled.Data)
	value = 0
	for _, p := range f {
		_, v := p.Dual(scaled)
		value += v
	}
	return s, value
}

// vanishing is a split of parts that vanish.
type vanishing struct{ split }

// Zero implements Vanishing.
func (f vanishing) Zero(g *num.Dense) float64 {
	factor := 0.0
	for _, p := range f.split {
		factor = max(factor, p.(Vanishing).Zero(g))
	}
	return factor
}

// Value implements Func to 1e-10 of it: the cost of the best parts found.
//
//	P_i = prox_{γΩ_i}(Z_i),   Z_i ← Z_i + Q_i − P_i,   Q = 2P − Z moved onto Σ Q_i = W
//
// The Q are parts of W; (Z − P)/γ are subgradients, whose mean, scaled into the
// domain of Ω*, bounds Ω(W) from below.
//
// Eckstein, Bertsekas, On the Douglas-Rachford splitting method and the
// proximal point algorithm for maximal monotone operators, Mathematical
// Programming 55, 1992, section 5.
func (f split) Value(w *num.Dense) float64 {
	size, least := num.Norm(w.Data), math.Inf(1)
	for _, p := range f {
		least = min(least, p.Value(w))
	}
	if size == 0 || least == 0 || math.IsNaN(size) || math.IsInf(least, 1) {
		return least
	}
	d := newApart(f, w, 0.5*size*size/least)
	for step := range 20_000 {
		d.step()
		if step%10 == 9 {
			upper, lower := d.bounds()
			least = min(least, upper)
			if least-lower <= 1e-10*least {
				break
			}
		}
	}
	return least
}

// apart is where the search for the parts of w stands.
type apart struct {
	f       split
	w       *num.Dense
	gamma   float64
	z, p, q []*num.Dense
}

func newApart(f split, w *num.Dense, gamma float64) *apart {
	a := &apart{f: f, w: w, gamma: gamma}
	for range f {
		z := num.NewDense(w.Rows, w.Cols)
		num.Axpy(1/float64(len(f)), w.Data, z.Data)
		a.z, a.p, a.q = append(a.z, z), append(a.p, z.Clone()), append(a.q, z.Clone())
	}
	return a
}

func (a *apart) step() {
	for i, f := range a.f {
		f.Prox(a.p[i], a.z[i], a.gamma)
		for c, p := range a.p[i].Data {
			a.q[i].Data[c] = 2*p - a.z[i].Data[c]
		}
	}
	for c, rest := range a.w.Data {
		for _, q := range a.q {
			rest -= q.Data[c]
		}
		for _, q := range a.q {
			q.Data[c] += rest / float64(len(a.q))
		}
	}
	for i, z := range a.z {
		for c, q := range a.q[i].Data {
			z.Data[c] += q - a.p[i].Data[c]
		}
	}
}

// bounds are the cost of the parts, and the value of the dual at the mean
// subgradient.
func (a *apart) bounds() (upper, lower float64) {
	u := num.NewDense(a.w.Rows, a.w.Cols)
	for i, f := range a.f {
		upper += f.Value(a.q[i])
		for c, z := range a.z[i].Data {
			u.Data[c] += (z - a.p[i].Data[c]) / a.gamma / float64(len(a.f))
		}
	}
	s, conjugate := a.f.Dual(u)
	return upper, s*num.Dot(u.Data, a.w.Data) - conjugate
}
