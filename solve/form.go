package solve

import (
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
)

// A form is a problem as proximal gradient steps see it: W is the sum of blocks
// of the variables V, which stand below one another,
//
//	min over V of  f(ΣV_i) + Q(ΣV_i) + R(V)
//
// A penalty with a proximal operator is R, of one block. The parts of a Split
// are one block each. The quadratic of a Sum is Q.
type form struct {
	d, k   int
	blocks int
	prox   penalty.Proximal // R
	smooth penalty.Smooth   // Q, or nil
	units  []float64        // of the columns of V; nil: those of W
}

// newForm is the form of p, or nil where its penalty has none.
func newForm(p *Problem) *form {
	f := &form{d: p.Features(), k: p.Columns(), blocks: 1}
	switch pen := p.Penalty.(type) {
	case penalty.Proximal:
		f.prox = pen
	case penalty.Split:
		f.prox, f.blocks = stack{pen, f.d}, len(pen.Parts())
	case penalty.Sum:
		quadratic, rest := pen.Parts()
		smooth, ok := quadratic.(penalty.Smooth)
		if !ok {
			return nil
		}
		f.smooth, f.prox = smooth, rest
	default:
		return nil
	}
	return f
}

// start is V of a point; what has no parts yet is dealt out evenly.
func (f *form) start(x *Point) *num.Dense {
	v := num.NewDense(f.blocks*f.d, f.k)
	for i := range f.blocks {
		if len(x.Parts) == f.blocks {
			copy(block(v, f.d, i).Data, x.Parts[i].Data)
		} else {
			num.Axpy(1/float64(f.blocks), x.W.Data, block(v, f.d, i).Data)
		}
	}
	for j := range v.Rows {
		for c, unit := range f.units {
			v.Row(j)[c] /= unit
		}
	}
	return v
}

// put sets W and the parts of x to those of V. W is the sum of the parts to the
// last bit.
func (f *form) put(x *Point, v *num.Dense) {
	if f.blocks == 1 {
		f.sum(x.W, v)
		return
	}
	for i := range f.blocks {
		if len(x.Parts) <= i {
			x.Parts = append(x.Parts, num.NewDense(f.d, f.k))
		}
		copy(x.Parts[i].Data, block(v, f.d, i).Data)
		x.Parts[i].ScaleColumns(f.units)
	}
	copy(x.W.Data, x.Parts[0].Data)
	for _, part := range x.Parts[1:f.blocks] {
		num.Axpy(1, part.Data, x.W.Data)
	}
}

// sum sets w to the sum of the blocks of V, in the units of W.
func (f *form) sum(w, v *num.Dense) {
	copy(w.Data, block(v, f.d, 0).Data)
	for i := 1; i < f.blocks; i++ {
		num.Axpy(1, block(v, f.d, i).Data, w.Data)
	}
	w.ScaleColumns(f.units)
}

// block is block i of V, of d rows.
func block(v *num.Dense, d, i int) *num.Dense {
	return &num.Dense{Rows: d, Cols: v.Cols, Data: v.Data[i*d*v.Cols : (i+1)*d*v.Cols]}
}

// cost is Ω at x: of a Split, what the point's parts cost, where they sum to W;
// of Factored, what its factors do.
func cost(f penalty.Func, x *Point) float64 {
	if f, ok := f.(penalty.Factored); ok && x.U != nil {
		return f.Left().Value(x.U) + f.Right().Value(x.V)
	}
	split, ok := f.(penalty.Split)
	if !ok || len(x.Parts) != len(split.Parts()) {
		return f.Value(x.W)
	}
	w, sum := x.Parts[0].Clone(), 0.0
	for i, part := range split.Parts() {
		if i > 0 {
			num.Axpy(1, x.Parts[i].Data, w.Data)
		}
		sum += part.Value(x.Parts[i])
	}
	for i, v := range w.Data {
		if v != x.W.Data[i] {
			return f.Value(x.W)
		}
	}
	return sum
}

// A stack is the sum of the parts of a Split over the blocks of V.
type stack struct {
	penalty.Split
	d int
}

// Value implements penalty.Func.
func (s stack) Value(v *num.Dense) float64 {
	sum := 0.0
	for i, f := range s.Parts() {
		sum += f.Value(block(v, s.d, i))
	}
	return sum
}

// Dual implements penalty.Convex, for gradients whose blocks are equal.
func (s stack) Dual(g *num.Dense) (scale, value float64) { return s.Split.Dual(block(g, s.d, 0)) }

// Prox implements penalty.Proximal.
func (s stack) Prox(out, v *num.Dense, step float64) {
	for i, f := range s.Parts() {
		f.Prox(block(out, s.d, i), block(v, s.d, i), step)
	}
}

// slanted is R where it has derivatives, or nil.
func (f *form) slanted() penalty.Slanted {
	s, ok := f.prox.(stack)
	if !ok {
		slanted, _ := f.prox.(penalty.Slanted)
		return slanted
	}
	for _, part := range s.Parts() {
		if _, ok := part.(penalty.Slanted); !ok {
			return nil
		}
	}
	return slantedStack{s}
}

// slantedStack is a stack of Slanted parts.
type slantedStack struct{ stack }

// ProxJacobian implements penalty.Slanted.
func (s slantedStack) ProxJacobian(v *num.Dense, step float64) penalty.Jacobian {
	j := jacobians{d: s.d}
	for i, f := range s.Parts() {
		j.parts = append(j.parts, f.(penalty.Slanted).ProxJacobian(block(v, s.d, i), step))
	}
	return j
}

// jacobians are those of the blocks.
type jacobians struct {
	parts []penalty.Jacobian
	d     int
}

// Times implements penalty.Jacobian.
func (j jacobians) Times(out, x *num.Dense) {
	for i, part := range j.parts {
		part.Times(block(out, j.d, i), block(x, j.d, i))
	}
}

// Diagonal implements penalty.Jacobian.
func (j jacobians) Diagonal() (*num.Dense, bool) {
	all := &num.Dense{Rows: len(j.parts) * j.d}
	for _, part := range j.parts {
		d, ok := part.Diagonal()
		if !ok {
			return nil, false
		}
		all.Cols = d.Cols
		all.Data = append(all.Data, d.Data...)
	}
	return all, true
}

// over is the smooth part f(ΣV_i) + Q(ΣV_i) where f is a terrain.
func (f *form) over(land terrain) terrain {
	if f.blocks == 1 && f.smooth == nil && f.units == nil {
		return land
	}
	c := &composed{terrain: land, form: f}
	for _, room := range []**num.Dense{&c.w, &c.from, &c.g, &c.slopes} {
		*room = num.NewDense(f.d, f.k)
	}
	return c
}

// composed is a terrain over the variables of a form.
type composed struct {
	terrain
	*form
	w, from   *num.Dense // room for ΣV_i
	g, slopes *num.Dense // ∇f at the last slope, and room for ∇Q
	q         float64    // Q at the last slope
}

func (c *composed) image(out []float64, v *num.Dense) {
	c.sum(c.w, v)
	c.terrain.image(out, c.w)
}

func (c *composed) slope(g, v *num.Dense, image []float64) float64 {
	c.sum(c.w, v)
	value := c.terrain.slope(c.g, c.w, image)
	first := block(g, c.d, 0)
	copy(first.Data, c.g.Data)
	if c.smooth != nil {
		c.q = c.smooth.Slope(c.slopes, c.w)
		num.Axpy(1, c.slopes.Data, first.Data)
	}
	first.ScaleColumns(c.units)
	for i := 1; i < c.blocks; i++ {
		copy(block(g, c.d, i).Data, first.Data)
	}
	return value + c.q
}

func (c *composed) finish(b []float64, v *num.Dense, image []float64) float64 {
	c.sum(c.w, v)
	value := c.terrain.finish(b, c.w, image)
	if c.smooth != nil {
		value += c.smooth.Value(c.w)
	}
	return value
}

func (c *composed) rise(w, v, _ *num.Dense, iw, iv []float64) (rise, noise float64) {
	c.sum(c.w, w)
	c.sum(c.from, v)
	rise, noise = c.terrain.rise(c.w, c.from, c.g, iw, iv)
	if c.smooth != nil {
		num.Axpy(-1, c.from.Data, c.w.Data)
		rise += c.smooth.Value(c.w)
	}
	return rise, noise
}

// dual takes off Q*(s∇Q) = s²Q.
func (c *composed) dual(s float64) float64 { return c.terrain.dual(s) - s*s*c.q }

func (c *composed) bend() float64 {
	if c.units != nil {
		return 1
	}
	bend := c.terrain.bend()
	if c.smooth != nil {
		bend += c.smooth.Steepest()
	}
	return float64(c.blocks) * bend
}
