// Package penaltytest holds what every penalty must pass: the properties that
// follow from what its methods promise, with no number written down.
package penaltytest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
)

// All checks every penalty of the table, and says how many it saw.
func All(t *testing.T) {
	seen := 0
	for _, part := range penalty.All {
		t.Run(part.Name, func(t *testing.T) { Check(t, part.New()) })
		seen++
	}
	t.Logf("penaltytest: %d penalties checked", seen)
}

// Check tests a penalty, with every variant of the options it leaves open, on
// matrices of many shapes.
func Check(t *testing.T, p penalty.Penalty) {
	variants := p.Variants()
	if len(variants) == 0 {
		t.Fatal("no variants")
	}
	tried := variants
	if len(variants) > 1 {
		tried = append(tried, p)
	}
	for _, v := range tried {
		t.Run(fmt.Sprint(v.Parameters()), func(t *testing.T) {
			for _, shape := range shapes {
				c := &check{T: t, penalty: v, d: shape.d, layout: shape.layout, lambda: 0.7, random: rand.New(rand.NewPCG(3, 5))}
				c.f = v.On(c.layout, c.lambda)
				c.convex, _ = c.f.(penalty.Convex)
				if _, ok := c.f.(penalty.Split); ok {
					c.slack = 1e-9
				}
				t.Run(shape.name, func(t *testing.T) { c.T = t; c.all() })
			}
		})
	}
	for _, v := range variants {
		if again := v.Variants(); len(again) != 1 || fmt.Sprint(again[0].Parameters()) != fmt.Sprint(v.Parameters()) {
			t.Errorf("variant %v has variants of its own", v.Parameters())
		}
	}
}

var shapes = []struct {
	name   string
	d      int
	layout penalty.Layout
}{
	{"tall", 7, single(3)},
	{"wide", 3, single(8)},
	{"square", 4, single(4)},
	{"classes", 5, penalty.Layout{Task: []int{0, 0, 0, 1, 1, 1}, Slot: []int{0, 1, 2, 0, 1, 2}}},
	{"ragged", 4, penalty.Layout{Task: []int{0, 0, 1, 2, 2}, Slot: []int{0, 2, 2, 1, 0}}},
	{"one task", 6, single(1)},
	{"one feature", 1, single(4)},
	{"no feature", 0, single(3)},
}

// single is the layout of tasks with one output each.
func single(tasks int) penalty.Layout {
	l := penalty.Layout{Task: make([]int, tasks), Slot: make([]int, tasks)}
	for i := range l.Task {
		l.Task[i] = i
	}
	return l
}

// A check is one penalty on matrices of one shape.
type check struct {
	*testing.T
	penalty penalty.Penalty
	d       int
	layout  penalty.Layout
	lambda  float64
	f       penalty.Func
	convex  penalty.Convex // f, or nil
	slack   float64        // how far off a value may be, where it takes iterations
	random  *rand.Rand
}

func (c *check) all() {
	c.value()
	if c.convex != nil {
		c.conjugate()
	}
	if f, ok := c.f.(penalty.Anchored); ok {
		c.anchored(f)
	}
	c.scaling()
	if f, ok := c.f.(penalty.Proximal); ok {
		for _, name := range inputs {
			v := c.input(name)
			for _, step := range []float64{0.02, 1.3} {
				c.prox(f, name, v, step)
			}
		}
		c.nonexpansive(f)
	}
	c.slanted(c.f)
	if f, ok := c.f.(penalty.Split); ok {
		for _, part := range f.Parts() {
			c.slanted(part)
		}
	}
	if f, ok := c.f.(penalty.Factored); ok {
		c.factored(f)
	}
	if _, ok := c.penalty.(penalty.Ordered); !ok {
		c.permutation()
	}
	if f, ok := c.f.(penalty.RowSeparable); ok {
		c.rows(f)
	}
	if f, ok := c.f.(penalty.Vanishing); ok {
		c.zero(f)
	}
	if f, ok := c.f.(penalty.Concave); ok {
		c.concave(f)
	}
	if f, ok := c.f.(penalty.Quadratic); ok {
		c.quadratic(f)
	}
	if f, ok := c.f.(penalty.Smooth); ok {
		c.smooth(f)
	}
	if f, ok := c.f.(penalty.Linked); ok {
		c.links(f)
	}
	if f, ok := c.f.(penalty.Sum); ok {
		c.sum(f)
	}
	if f, ok := c.f.(penalty.Layered); ok {
		c.layers(f)
	}
	if f, ok := c.f.(penalty.Arrow); ok {
		c.arrow(f)
	}
	if f, ok := c.f.(penalty.Split); ok {
		c.split(f)
	}
	c.learned()
}

// normal returns a d × k matrix of normal numbers.
func (c *check) normal() *num.Dense {
	w := num.NewDense(c.d, len(c.layout.Slot))
	for i := range w.Data {
		w.Data[i] = c.random.NormFloat64()
	}
	return w
}

// inside returns a random matrix of finite value.
func (c *check) inside() *num.Dense {
	w := c.normal()
	if f, ok := c.f.(penalty.Proximal); ok && math.IsInf(c.f.Value(w), 1) {
		f.Prox(w, w, 0.1)
	}
	return w
}

// inputs names random and degenerate matrices.
var inputs = []string{"random", "zeros", "ties", "rank one", "a zero row", "a zero column", "tiny", "large"}

func (c *check) input(name string) *num.Dense {
	w := c.normal()
	for i, v := range w.Data {
		row, col := i/w.Cols, i%w.Cols
		switch {
		case name == "ties":
			v = 1
		case name == "rank one":
			v = (float64(row) - 1.5) * (float64(col) + 0.5)
		case name == "zeros", name == "a zero row" && row == 0, name == "a zero column" && col == 0:
			v = 0
		case name == "tiny":
			v *= 1e-200
		case name == "large":
			v *= 100
		}
		w.Data[i] = v
	}
	return w
}

// value: 0 at 0, never negative, no less further out, and where it is convex no
// chord below it.
func (c *check) value() {
	if v := c.f.Value(num.NewDense(c.d, len(c.layout.Slot))); v != 0 {
		c.Errorf("%v at 0", v)
	}
	draws := 20
	if c.slack > 0 {
		draws = 4
	}
	for range draws {
		a, b := c.inside(), c.inside()
		mix, mid := c.random.Float64(), num.NewDense(c.d, a.Cols)
		num.Axpy(mix, a.Data, mid.Data)
		num.Axpy(1-mix, b.Data, mid.Data)
		chord := mix*c.f.Value(a) + (1-mix)*c.f.Value(b)
		if got := c.f.Value(mid); !(got >= 0) || c.convex != nil && !(got <= chord*(1+1e-12+c.slack)) {
			c.Errorf("value %v, chord %v", got, chord)
		}
		before := c.f.Value(a)
		scale(a, 1+c.random.Float64())
		if far := c.f.Value(a); !(far >= before*(1-1e-12)) {
			c.Errorf("value %v, further out %v", before, far)
		}
	}
}

// conjugate: Ω(W) + Ω*(sG) ≥ ⟨sG, W⟩, and s is the largest there is.
func (c *check) conjugate() {
	for _, size := range []float64{1e-3, 1, 50} {
		w, g := c.inside(), c.normal()
		scale(g, size)
		s, value := c.convex.Dual(g)
		if !(s > 0 && s <= 1) || !(value >= 0) {
			c.Fatalf("scale %v, conjugate %v", s, value)
		}
		primal, dot := c.f.Value(w), s*num.Dot(g.Data, w.Data)
		if primal+value < dot-1e-12*(1+math.Abs(dot)) {
			c.Errorf("%v + %v < %v", primal, value, dot)
		}
		scale(g, s)
		again, same := c.convex.Dual(g)
		if !near(again, 1, 1e-14) || !near(same, value, 1e-12) {
			c.Errorf("of sG: scale %v and conjugate %v, want 1 and %v", again, same, value)
		}
		scale(g, 2)
		if twice, _ := c.convex.Dual(g); s < 1 && !near(twice, 0.5, 1e-14) {
			c.Errorf("of 2sG: scale %v, want ½", twice)
		}
	}
}

// concave: the majorant touches at w and lies nowhere below; both have the same
// subdifferential there, which is that of a limit of steps.
func (c *check) concave(f penalty.Concave) {
	for _, name := range inputs {
		w, g := c.input(name), c.normal()
		m := f.Majorant(w)
		value, top := f.Value(w), m.Value(w)
		for _, size := range []float64{0, 0.1, 1, 10} {
			u := c.normal()
			scale(u, size*num.Norm(w.Data))
			if size == 0.1 { // beside w
				num.Axpy(1, w.Data, u.Data)
			}
			rise, most := f.Value(u)-value, m.Value(u)-top
			if !(rise <= most+1e-12*(1+value+top)) {
				c.Errorf("%s: a rise of %v, of the majorant %v", name, rise, most)
			}
		}
		distance, same := f.Distance(w, g), penalty.Distance(m, w, g)
		if got := step(m, w, g, distance); distance != same || !near(distance, got, 1e-5) {
			c.Errorf("%s: distance %v, of the majorant %v, by steps %v", name, distance, same, got)
		}
	}
	c.majorants(f)
	c.stationary(f)
}

// majorants: they are convex, with an operator and a conjugate.
func (c *check) majorants(f penalty.Concave) {
	for _, name := range inputs {
		c.prox(f.Majorant(c.input(name)), "majorant at "+name, c.normal(), 0.4)
	}
	w, of := c.input("a zero row"), *c
	scale(w, 1e-5) // so that no row is free, with a conjugate of 0 alone
	m := f.Majorant(w)
	of.f, of.convex = m, m
	of.conjugate()
	of.nonexpansive(m)
}

// stationary: what the operators of majorants converge to is stationary for
// ½‖W − V‖² + Ω(W), and so is 0 where it is optimal for the relaxation.
func (c *check) stationary(f penalty.Concave) {
	v := c.normal()
	w, g := v.Clone(), v.Clone()
	for range 300 {
		f.Majorant(w).Prox(w, v, 1)
	}
	scale(g, -1)
	num.Axpy(1, w.Data, g.Data)
	if far := f.Distance(w, g); far > 1e-10 {
		c.Errorf("%v from stationary where the operators converge", far)
	}
	if factor := f.Relaxation().Zero(v); factor > 0 {
		scale(v, 0.999/factor)
	}
	if far := f.Distance(num.NewDense(v.Rows, v.Cols), v); far > 0 {
		c.Errorf("0 is optimal for the relaxation, but %v from stationary", far)
	}
}

// step is the distance of −g from the subdifferential of f at w, about far, as
// the limit of ‖w − prox(w − ηg)‖/η for η → 0.
func step(f penalty.Proximal, w, g *num.Dense, far float64) float64 {
	eta := 1e-8 * max(1e-200, num.Norm(w.Data)) / max(1, far)
	moved := w.Clone()
	num.Axpy(-eta, g.Data, moved.Data)
	f.Prox(moved, moved, eta)
	return distance(moved, w) / eta
}

// anchored: Ω(V) + value ≥ ⟨sG, V⟩ for every V, wherever the anchor.
func (c *check) anchored(f penalty.Anchored) {
	for _, size := range []float64{1e-3, 1, 50} {
		w, g := c.inside(), c.normal()
		scale(g, size)
		s, value := f.DualAt(w, g)
		if !(s > 0 && s <= 1) || !(value >= 0) {
			c.Fatalf("scale %v, conjugate %v", s, value)
		}
		for range 10 {
			v := c.inside()
			if primal, dot := f.Value(v), s*num.Dot(g.Data, v.Data); primal+value < dot-1e-12*(1+math.Abs(dot)) {
				c.Errorf("%v + %v < %v", primal, value, dot)
			}
		}
	}
}

// sum: the value is that of the parts, and at a subgradient G of W the bound is
// met, Ω(W) + Ω*(G) = ⟨G, W⟩.
func (c *check) sum(f penalty.Sum) {
	q, r := f.Parts()
	w, v := c.normal(), c.normal()
	r.Prox(w, v, 0.3)
	if got, want := f.Value(w), q.Value(w)+r.Value(w); !near(got, want, 1e-14) {
		c.Errorf("value %v, of the parts %v", got, want)
	}
	g := num.NewDense(w.Rows, w.Cols)
	q.(penalty.Smooth).Slope(g, w)
	for i := range g.Data {
		g.Data[i] += (v.Data[i] - w.Data[i]) / 0.3
	}
	s, value := f.DualAt(w, g)
	if dot := num.Dot(g.Data, w.Data); s < 1-1e-12 || !near(f.Value(w)+value, dot, 1e-11) {
		c.Errorf("at a subgradient: scale %v, %v + %v, product %v", s, f.Value(w), value, dot)
	}
}

// links: the least over the hidden nodes of what the links cost is the value.
func (c *check) links(f penalty.Linked) {
	if math.IsInf(f.Steepest(), 1) {
		return
	}
	w, cost := c.normal(), 0.0
	for slot := range slices.Max(f.Slots()) + 1 {
		var columns []int
		for column, s := range f.Slots() {
			if s == slot {
				columns = append(columns, column)
			}
		}
		nodes, links := f.Links(slot)
		p, pairs := num.NewDense(nodes, nodes), map[[2]int]bool{}
		for _, l := range links {
			if pair := [2]int{min(l.A, l.B), max(l.A, l.B)}; pairs[pair] || l.A == l.B {
				c.Errorf("slot %d: nodes %d and %d are linked twice, or to themselves", slot, l.A, l.B)
			} else {
				pairs[pair] = true
			}
			p.Data[l.A*nodes+l.A] += l.Weight
			if l.B >= 0 {
				p.Data[l.B*nodes+l.B] += l.Weight
				p.Data[l.A*nodes+l.B] -= l.Weight
				p.Data[l.B*nodes+l.A] -= l.Weight
			}
		}
		n := len(columns)
		hidden := num.NewDense(nodes-n, nodes-n)
		for i := range hidden.Rows {
			copy(hidden.Row(i), p.Row(n + i)[n:])
		}
		for j := range w.Rows {
			x, pull := make([]float64, nodes), make([]float64, nodes-n)
			for i, column := range columns {
				x[i] = w.At(j, column)
			}
			for i := range pull {
				pull[i] = -num.Dot(p.Row(n + i)[:n], x[:n])
			}
			copy(x[n:], num.SolveSPD(hidden, pull))
			for i := range x {
				cost += 0.5 * x[i] * num.Dot(p.Row(i), x)
			}
		}
	}
	if got := f.Value(w); !near(got, cost, 1e-10) {
		c.Errorf("value %v, by the links %v", got, cost)
	}
}

// layers: they sum to W.
func (c *check) layers(f penalty.Layered) {
	w := c.normal()
	sum := num.NewDense(w.Rows, w.Cols)
	for _, layer := range f.Layers(w) {
		num.Axpy(1, layer.Data, sum.Data)
	}
	if far := distance(sum, w); far > 1e-11*(1+num.Norm(w.Data)) {
		c.Errorf("the layers sum to %v, W is %v", sum.Data, w.Data)
	}
}

// smooth: the gradient is linear, no longer than Steepest allows, twice the
// value along W, and what the differences of the value say.
func (c *check) smooth(f penalty.Smooth) {
	most := f.Steepest()
	if math.IsInf(most, 1) {
		return
	}
	w, d := c.normal(), c.normal()
	g := num.NewDense(w.Rows, w.Cols)
	value := f.Slope(g, w)
	if got := f.Value(w); !near(got, value, 1e-12) || !near(num.Dot(g.Data, w.Data), 2*value, 1e-12) {
		c.Errorf("value %v, by the slope %v, along W %v", got, value, num.Dot(g.Data, w.Data))
	}
	if size := num.Norm(g.Data); size > most*num.Norm(w.Data)*(1+1e-12) {
		c.Errorf("a slope of length %v, at most %v", size, most*num.Norm(w.Data))
	}
	ahead, back := w.Clone(), w.Clone()
	num.Axpy(0.5, d.Data, ahead.Data)
	num.Axpy(-0.5, d.Data, back.Data)
	if got, want := num.Dot(g.Data, d.Data), f.Value(ahead)-f.Value(back); !near(got, want, 1e-11) {
		c.Errorf("slope %v, by differences %v", got, want)
	}
}

// scaling: strength multiplies the value.
func (c *check) scaling() {
	for _, by := range []float64{1e-3, 20} {
		w := c.inside()
		got, want := c.penalty.On(c.layout, by*c.lambda).Value(w), by*c.f.Value(w)
		if !near(got, want, 1e-13+c.slack) {
			c.Errorf("%v times the strength: value %v, want %v", by, got, want)
		}
	}
}

// prox: U = (V − out)/step is a subgradient at out, that is
// Ω(out) + Ω*(U) = ⟨U, out⟩; no point nearby is better; out may be v.
func (c *check) prox(f penalty.Proximal, name string, v *num.Dense, step float64) {
	out, u := num.NewDense(v.Rows, v.Cols), v.Clone()
	f.Prox(out, v, step)
	num.Axpy(-1, out.Data, u.Data)
	scale(u, 1/step)
	s, conjugate := f.Dual(u)
	value, dot := f.Value(out), num.Dot(u.Data, out.Data)
	if size := value + conjugate + math.Abs(dot); size > 0 && (s < 1-1e-10 || !(math.Abs(value+conjugate-dot) <= 1e-10*size)) {
		c.Errorf("%s, step %v: Ω + Ω* = %v + %v, ⟨U, W⟩ = %v, scale %v", name, step, value, conjugate, dot, s)
	}
	objective := func(w *num.Dense) float64 {
		r := w.Clone()
		num.Axpy(-1, v.Data, r.Data)
		return 0.5*num.Dot(r.Data, r.Data) + step*f.Value(w)
	}
	best := objective(out)
	for range 10 {
		w, by := c.inside(), 1e-3*num.Norm(v.Data)
		scale(w, by)
		num.Axpy(1, out.Data, w.Data)
		if got := objective(w); got < best*(1-1e-12) {
			c.Errorf("%s, step %v: %v beside the operator's %v", name, step, got, best)
		}
	}
	alias := v.Clone()
	f.Prox(alias, alias, step)
	for i, x := range alias.Data {
		if x != out.Data[i] {
			c.Fatalf("%s: in place %v, apart %v", name, alias.Data, out.Data)
		}
	}
}

// factored: the factors of a matrix of rank k have it for product, cost what its
// value says, which a convex function bounds from below, and no more than the
// same product written with columns of other lengths.
func (c *check) factored(f penalty.Factored) {
	k := f.Rank(c.d, len(c.layout.Slot))
	u, v := num.NewDense(c.d, k), num.NewDense(k, len(c.layout.Slot))
	for _, z := range [][]float64{u.Data, v.Data} {
		for i := range z {
			z[i] = c.random.NormFloat64()
		}
	}
	w := multiply(u, v)
	u, v = f.Factor(w)
	if far := distance(multiply(u, v), w); u.Cols != k || v.Rows != k || far > 1e-12*(1+num.Norm(w.Data)) {
		c.Errorf("rank %d: factors of %d columns and %d rows, whose product is %v away", k, u.Cols, v.Rows, far)
	}
	cost := f.Left().Value(u) + f.Right().Value(v)
	if value := f.Value(w); !near(cost, value, 1e-12) {
		c.Errorf("the factors cost %v, the value is %v", cost, value)
	}
	if b, ok := c.f.(penalty.Bounded); ok {
		if below := b.Below().Value(w); !(below <= cost*(1+1e-12)) {
			c.Errorf("the convex function is %v, above %v", below, cost)
		}
	}
	for _, by := range []float64{0.9, 1.1} {
		scale(u, by)
		scale(v, 1/by)
		if got := f.Left().Value(u) + f.Right().Value(v); got < cost*(1-1e-12) {
			c.Errorf("columns %v times as long cost %v, less than %v", by, got, cost)
		}
		scale(u, 1/by)
		scale(v, by)
	}
}

func multiply(u, v *num.Dense) *num.Dense {
	w := num.NewDense(u.Rows, v.Cols)
	for j := range w.Rows {
		for i, x := range u.Row(j) {
			num.Axpy(x, v.Row(i), w.Row(j))
		}
	}
	return w
}

// nonexpansive: the operator brings no two points further apart, and it hands
// on what is not a number.
func (c *check) nonexpansive(f penalty.Proximal) {
	for range 10 {
		a, b := c.normal(), c.normal()
		before := distance(a, b)
		f.Prox(a, a, 0.4)
		f.Prox(b, b, 0.4)
		if after := distance(a, b); after > before*(1+1e-12) {
			c.Errorf("%v apart, then %v", before, after)
		}
	}
	if v := c.normal(); len(v.Data) > 0 {
		v.Data[0] = math.NaN()
		f.Prox(v, v, 0.4)
		if !math.IsNaN(v.Data[0]) {
			c.Errorf("NaN became %v", v.Data[0])
		}
	}
}

// permutation: the order of the columns does not matter.
// The derivative of the operator is symmetric, of eigenvalues from 0 to 1, and
// agrees with differences; these have no kink between them at most points.
func (c *check) jacobian(f penalty.Slanted) {
	const step, h = 0.3, 1e-6
	for range 3 {
		v, x, y := c.normal(), c.normal(), c.normal()
		j := f.ProxJacobian(v, step)
		jx, jy := num.NewDense(c.d, v.Cols), num.NewDense(c.d, v.Cols)
		j.Times(jx, x)
		j.Times(jy, y)
		xx, xjx := num.Dot(x.Data, x.Data), num.Dot(x.Data, jx.Data)
		if a, b := num.Dot(y.Data, jx.Data), num.Dot(x.Data, jy.Data); !near(a, b, 1e-9) && math.Abs(a-b) > 1e-9*xx {
			c.Errorf("Jacobian: ⟨Y, JX⟩ = %v, ⟨JY, X⟩ = %v", a, b)
		}
		if xjx < -1e-12*xx || num.Dot(jx.Data, jx.Data) > xjx+1e-9*xx {
			c.Errorf("Jacobian: ⟨X, JX⟩ = %v, ‖JX‖² = %v of ‖X‖² = %v", xjx, num.Dot(jx.Data, jx.Data), xx)
		}
		up, down := v.Clone(), v.Clone()
		num.Axpy(h, x.Data, up.Data)
		num.Axpy(-h, x.Data, down.Data)
		f.Prox(up, up, step)
		f.Prox(down, down, step)
		for i := range up.Data {
			up.Data[i] = (up.Data[i] - down.Data[i]) / (2 * h)
		}
		if far := distance(up, jx); far > 1e-4*math.Sqrt(xx) {
			c.Errorf("Jacobian: %v from differences, of ‖X‖ = %v", far, math.Sqrt(xx))
		}
		if d, ok := j.Diagonal(); ok {
			c.diagonal(j, d)
		}
	}
}

// slanted: the operator moves as its Jacobian says, in units of the columns too,
// in which the operator is one still.
func (c *check) slanted(f penalty.Func) {
	if f, ok := f.(penalty.Slanted); ok {
		c.jacobian(f)
	}
	columns, ok := f.(penalty.Columnwise)
	if !ok {
		return
	}
	units := make([]float64, len(c.layout.Slot))
	for i := range units {
		units[i] = math.Exp(c.random.NormFloat64())
	}
	inUnits := penalty.InUnits(columns, units)
	for _, name := range inputs {
		c.prox(inUnits, "in units, "+name, c.input(name), 0.4)
	}
	c.jacobian(inUnits)
}

// A diagonal that is said to be of use is that of the map, or near it.
func (c *check) diagonal(j penalty.Jacobian, d *num.Dense) {
	unit := num.NewDense(d.Rows, d.Cols)
	for i := range d.Data {
		unit.Data[i] = 1
		to := num.NewDense(d.Rows, d.Cols)
		j.Times(to, unit)
		if math.Abs(to.Data[i]-d.Data[i]) > 0.5 {
			c.Errorf("Jacobian: entry %d of the diagonal %v, not %v", i, d.Data[i], to.Data[i])
		}
		unit.Data[i] = 0
	}
}

func (c *check) permutation() {
	order := c.random.Perm(len(c.layout.Slot))
	l := penalty.Layout{Task: make([]int, len(order)), Slot: make([]int, len(order))}
	permute := func(w *num.Dense) *num.Dense {
		p := num.NewDense(w.Rows, w.Cols)
		for to, from := range order {
			p.SetCol(to, w.Col(make([]float64, w.Rows), from))
		}
		return p
	}
	for to, from := range order {
		l.Task[to], l.Slot[to] = c.layout.Task[from], c.layout.Slot[from]
	}
	w, g := c.inside(), c.penalty.On(l, c.lambda)
	if got, want := g.Value(permute(w)), c.f.Value(w); !near(got, want, 1e-12+c.slack) {
		c.Errorf("permuted: value %v, want %v", got, want)
	}
	if f, ok := g.(penalty.Convex); ok {
		s, value := f.Dual(permute(w))
		if wantS, want := c.convex.Dual(w); !near(s, wantS, 1e-12) || !near(value, want, 1e-12) {
			c.Errorf("permuted: scale %v and conjugate %v, want %v and %v", s, value, wantS, want)
		}
	}
	if f, ok := g.(penalty.Proximal); ok {
		a, b := permute(w), w.Clone()
		f.Prox(a, a, 0.4)
		c.f.(penalty.Proximal).Prox(b, b, 0.4)
		if far := distance(a, permute(b)); far > 1e-12 {
			c.Errorf("permuted: the operator's result is %v away", far)
		}
	}
}

// rows: the parts of the rows make the whole. The distance from the
// subdifferential is the limit of ‖w − prox(w − ηg)‖/η as η → 0, and 0 where
// the operator says so.
func (c *check) rows(f penalty.RowSeparable) {
	v, sum := c.normal(), 0.0
	out := num.NewDense(v.Rows, v.Cols)
	f.Prox(out, v, 1)
	for j := range v.Rows {
		sum += f.RowValue(v.Row(j))
		row, g := append([]float64(nil), v.Row(j)...), append([]float64(nil), out.Row(j)...)
		f.ProxRow(row, 1)
		num.Axpy(-1, v.Row(j), g)
		for i, x := range row {
			if x != out.At(j, i) {
				c.Errorf("row %d: %v, in the whole %v", j, row, out.Row(j))
			}
		}
		if far := f.RowDistance(row, g); far > 1e-12 {
			c.Errorf("row %d: %v from optimal where the operator put it", j, far)
		}
		for _, at := range [][]float64{v.Row(j), out.Row(j), make([]float64, v.Cols)} {
			const eta = 1e-8
			slope := c.normal().Row(j)
			moved := append([]float64(nil), at...)
			num.Axpy(-eta, slope, moved)
			f.ProxRow(moved, eta)
			num.Axpy(-1, at, moved)
			if got, want := f.RowDistance(at, slope), num.Norm(moved)/eta; !near(got, want, 1e-5) {
				c.Errorf("row %d: distance %v, by steps %v", j, got, want)
			}
		}
	}
	if got := f.Value(v); !near(got, sum, 1e-13) {
		c.Errorf("value %v, of the rows %v", got, sum)
	}
	if f, ok := f.(penalty.Radial); ok && c.d > 0 {
		c.radial(f)
	}
}

// radial: the value of a row is that of any row as long, and its slope and
// curvature by the length are those of finite differences.
func (c *check) radial(f penalty.Radial) {
	for _, r := range []float64{0.1, 1, 7} {
		const h = 1e-4
		at := func(r float64) float64 {
			row := c.normal().Row(0)
			length := num.Norm(row)
			for i := range row {
				row[i] *= r / length
			}
			return f.RowValue(row)
		}
		slope, curvature := f.Bend(r)
		if want := (at(r+h) - at(r-h)) / (2 * h); !near(slope, want, 1e-6) {
			c.Errorf("length %v: slope %v, by differences %v", r, slope, want)
		}
		if want := (at(r+h) - 2*at(r) + at(r-h)) / (h * h); math.Abs(curvature-want) > 1e-5*(1+slope) {
			c.Errorf("length %v: curvature %v, by differences %v", r, curvature, want)
		}
	}
}

// zero: W = 0 minimizes ½‖W − V‖² + factor·Ω(W) at the factor of −V and above,
// and not below; then (factor·Ω)*(V) = 0.
func (c *check) zero(f penalty.Vanishing) {
	v := c.normal()
	g := v.Clone()
	scale(g, -1)
	factor := f.Zero(g)
	if c.d == 0 {
		if factor != 0 {
			c.Errorf("without features the factor is %v", factor)
		}
		return
	}
	for _, by := range []float64{0.999, 1.001} {
		f := c.penalty.On(c.layout, by*factor*c.lambda)
		if f, ok := f.(penalty.Proximal); ok {
			out := num.NewDense(v.Rows, v.Cols)
			f.Prox(out, v, 1)
			if zero := num.Norm(out.Data) == 0; zero != (by > 1) {
				c.Errorf("at %v times the factor %v the result is %v", by, factor, out.Data)
			}
		}
		if s, value := penalty.Conjugate(f, num.NewDense(v.Rows, v.Cols), v); (s == 1 && value == 0) != (by > 1) {
			c.Errorf("at %v times the factor %v the conjugate at V is %v, the scale %v", by, factor, value, s)
		}
	}
}

// quadratic: the conjugate is ½ Σ_slots tr(G K Gᵀ), and K is symmetric.
func (c *check) quadratic(f penalty.Quadratic) {
	g, want := c.normal(), 0.0
	for slot := range slices.Max(f.Slots()) + 1 {
		var columns []int
		for column, s := range f.Slots() {
			if s == slot {
				columns = append(columns, column)
			}
		}
		k := f.Covariance(slot)
		if k.Rows != len(columns) || k.Cols != len(columns) {
			c.Fatalf("slot %d of %d columns has a covariance of %d × %d", slot, len(columns), k.Rows, k.Cols)
		}
		for a, from := range columns {
			for b, to := range columns {
				if k.At(a, b) != k.At(b, a) {
					c.Errorf("slot %d: covariance %v at (%d, %d) and %v across", slot, k.At(a, b), a, b, k.At(b, a))
				}
				for j := range g.Rows {
					want += 0.5 * g.At(j, from) * k.At(a, b) * g.At(j, to)
				}
			}
		}
	}
	if _, got := c.convex.Dual(g); !near(got, want, 1e-12) {
		c.Errorf("conjugate %v, by the covariance %v", got, want)
	}
}

// arrow: the value is the least of the quadratic over w0, found at SharedPart.
func (c *check) arrow(f penalty.Arrow) {
	shared, private := f.Arrow()
	w := c.inside()
	w0 := penalty.SharedPart(f, w)
	quadratic := func(w0 *num.Dense) float64 {
		s := 0.0
		for j := range w.Rows {
			for t, x := range w.Row(j) {
				if r := x - w0.At(j, f.Slots()[t]); private > 0 {
					s += r * r / private
				} else if math.Abs(r) > 1e-9 {
					return math.Inf(1)
				}
			}
		}
		if shared == 0 {
			return 0.5 * s
		}
		return 0.5 * (s + num.Dot(w0.Data, w0.Data)/shared)
	}
	want := f.Value(w)
	if got := quadratic(w0); !near(got, want, 1e-12) {
		c.Errorf("quadratic %v at the shared part, value %v", got, want)
	}
	if shared == 0 {
		if num.Norm(w0.Data) != 0 {
			c.Errorf("nothing is shared, but %v", w0.Data)
		}
		return
	}
	for i := range w0.Data {
		for _, by := range []float64{-1e-3, 1e-3} {
			w0.Data[i] += by
			if got := quadratic(w0); got < want {
				c.Errorf("quadratic %v beside the shared part, value %v", got, want)
			}
			w0.Data[i] -= by
		}
	}
}

// split: no parts cost less than the value, W alone in one part among them, and
// the conjugate is the sum of those of the parts.
func (c *check) split(f penalty.Split) {
	parts := f.Parts()
	w := c.normal()
	value := f.Value(w)
	for i := range 5 * len(parts) {
		rest, cost := w.Clone(), 0.0
		for k := range parts {
			p := num.NewDense(w.Rows, w.Cols)
			switch {
			case i < len(parts) && k == i || i >= len(parts) && k == len(parts)-1:
				p = rest.Clone()
			case i >= len(parts):
				p = c.normal()
				parts[k].Prox(p, p, c.random.Float64())
			}
			num.Axpy(-1, p.Data, rest.Data)
			cost += parts[k].Value(p)
		}
		if cost < value*(1-c.slack) {
			c.Errorf("parts that cost %v, value %v", cost, value)
		}
	}
	g, sum := c.normal(), 0.0
	s, conjugate := f.Dual(g)
	scale(g, s)
	for _, p := range parts {
		own, v := p.Dual(g)
		if !near(own, 1, 1e-14) {
			c.Errorf("scale %v, of a part %v more", s, own)
		}
		sum += v
	}
	if !near(conjugate, sum, 1e-12) {
		c.Errorf("conjugate %v, of the parts %v", conjugate, sum)
	}
}

// learned: what is learned of tasks and features is a covariance of trace 1,
// also at 0; groups have one number a column, the same for all of a task, from
// 0 in the order of first appearance.
func (c *check) learned() {
	for _, name := range inputs {
		w := c.input(name)
		if f, ok := c.f.(penalty.Related); ok {
			c.covariance(name, f.Relation(w), w.Cols)
		}
		if f, ok := c.f.(penalty.Featured); ok && c.d > 0 {
			c.covariance(name, f.Features(w), w.Rows)
		}
		if f, ok := c.f.(penalty.Grouping); ok {
			groups, most, ofTask := f.Groups(w), -1, map[int]int{}
			if len(groups) != w.Cols {
				c.Fatalf("%s: groups %v of %d columns", name, groups, w.Cols)
			}
			for column, g := range groups {
				if g < 0 || g > most+1 {
					c.Errorf("%s: groups %v", name, groups)
				}
				most = max(most, g)
				if known, seen := ofTask[c.layout.Task[column]]; seen && known != g {
					c.Errorf("%s: groups %v take a task apart", name, groups)
				}
				ofTask[c.layout.Task[column]] = g
			}
		}
	}
}

func (c *check) covariance(name string, k *num.Dense, n int) {
	if k.Rows != n || k.Cols != n {
		c.Fatalf("%s: a covariance of %d × %d, not %d", name, k.Rows, k.Cols, n)
	}
	trace := 0.0
	for i := range n {
		trace += k.At(i, i)
		for j := range i {
			if !near(k.At(i, j), k.At(j, i), 1e-14) {
				c.Errorf("%s: covariance %v and %v across", name, k.At(i, j), k.At(j, i))
			}
		}
	}
	if values, _ := num.SymEigen(k); !near(trace, 1, 1e-12) || !(values[0] > -1e-12) {
		c.Errorf("%s: covariance of trace %v and least eigenvalue %v", name, trace, values[0])
	}
}

func scale(w *num.Dense, by float64) {
	for i := range w.Data {
		w.Data[i] *= by
	}
}

func distance(a, b *num.Dense) float64 {
	r := a.Clone()
	num.Axpy(-1, b.Data, r.Data)
	return num.Norm(r.Data)
}

// near compares relative to the larger of 1 and want; infinities are equal.
func near(got, want, tol float64) bool {
	return got == want || math.Abs(got-want) <= tol*max(1, math.Abs(want))
}
