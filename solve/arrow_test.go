package solve

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
)

// arrows are the penalties that Newton and Interior take.
var arrows = []penalty.Penalty{penalty.Ridge{}, penalty.Common{}, &penalty.Shared{Mu: 0.2}, &penalty.Shared{Mu: 30}}

// whole returns K and H as matrices of all entries of W, column after column.
func (c *curvature) whole() (k, h *mat.Dense) {
	d, columns := c.p.Features(), c.p.Columns()
	k, h = mat.NewDense(d*columns, d*columns, nil), mat.NewDense(d*columns, d*columns, nil)
	slots := c.p.Layout.Slot
	for a := range columns {
		x, weight, _ := c.column(a)
		mean, total := make([]float64, d), 0.0
		for i, v := range weight {
			total += v
			for j := range d {
				mean[j] += v * x.At(i, j)
			}
		}
		free := c.p.Tasks[columnTask(c.p)[a]].Fixed == nil
		for j := range d {
			if mean[j] /= math.Max(total, 1e-300); !free {
				mean[j] = 0
			}
		}
		for j := range d {
			for b := range columns {
				if slots[a] == slots[b] {
					k.Set(a*d+j, b*d+j, c.k.shared)
				}
			}
			k.Set(a*d+j, a*d+j, c.k.shared+c.k.private)
			for l := range d {
				sum := 0.0
				for i, v := range weight {
					sum += v * (x.At(i, j) - mean[j]) * (x.At(i, l) - mean[l])
				}
				h.Set(a*d+j, a*d+l, sum)
			}
		}
	}
	return k, h
}

// wholeSolve is (I + KH)⁻¹ p by elimination.
func (c *curvature) wholeSolve(p *num.Dense) *num.Dense {
	k, h := c.whole()
	var a, x mat.Dense
	a.Mul(k, h)
	n, _ := a.Dims()
	flat := mat.NewDense(n, 1, nil)
	for i := range n {
		a.Set(i, i, 1+a.At(i, i))
		flat.Set(i, 0, p.At(i%p.Rows, i/p.Rows))
	}
	if err := x.Solve(&a, flat); err != nil {
		panic(err)
	}
	out := num.NewDense(p.Rows, p.Cols)
	for i := range n {
		out.Set(i%p.Rows, i/p.Rows, x.At(i, 0))
	}
	return out
}

// randomCurvature has weights of all sizes, some of them 0, and a right-hand
// side in the range of K.
func randomCurvature(p *Problem, pen penalty.Penalty, seed uint64) (*curvature, *num.Dense) {
	rng := rand.New(rand.NewPCG(seed, 3))
	c := &curvature{p: p, k: newCovariance(pen.On(p.Layout, 0.7).(penalty.Arrow))}
	for t := range p.Tasks {
		h := make([]float64, p.Tasks[t].X.Rows*p.Tasks[t].Outputs)
		for i := range h {
			if rng.IntN(5) > 0 {
				h[i] = math.Exp(2 * rng.NormFloat64())
			}
		}
		c.h = append(c.h, h)
	}
	rhs := num.NewDense(p.Features(), p.Columns())
	for i := range rhs.Data {
		rhs.Data[i] = rng.NormFloat64()
	}
	c.k.times(rhs, rhs)
	return c, rhs
}

func TestSystems(t *testing.T) {
	for i, s := range shapes {
		for _, classes := range []int{0, 3} {
			p := s.random(uint64(i), loss.Softmax{}, classes)
			for _, pen := range arrows {
				c, rhs := randomCurvature(p, pen, uint64(i))
				want := c.wholeSolve(rhs)
				_, h := c.whole()
				systems := map[string]system{"features": newArrow(c)}
				if c.k.shared > 0 {
					systems["rows"] = newKernels(c)
				}
				grams := &curvature{p: p, k: c.k, h: c.h}
				for col := range p.Columns() {
					grams.grams = append(grams.grams, c.gram(col, nil))
				}
				systems["Gram matrices"] = newArrow(grams)
				for name, sys := range systems {
					what := fmt.Sprintf("%s, %d classes, %T, by %s", s.name, classes, pen, name)
					got := rhs.Clone()
					sys.solve(got)
					near(t, what, got.Data, want.Data, 1e-10)
					sameProduct(t, what, c, sys, h, want)
				}
			}
		}
	}
}

// sameProduct checks the product with H, of which only the sum over a slot
// counts where private is 0.
func sameProduct(t *testing.T, what string, c *curvature, sys system, h *mat.Dense, w *num.Dense) {
	t.Helper()
	got, want := num.NewDense(w.Rows, w.Cols), num.NewDense(w.Rows, w.Cols)
	sys.times(got, w)
	for i := range w.Data {
		sum := 0.0
		for l := range w.Data {
			sum += h.At(i, l) * w.At(l%w.Rows, l/w.Rows)
		}
		want.Set(i%w.Rows, i/w.Rows, sum)
	}
	c.k.times(got, got)
	c.k.times(want, want)
	near(t, what+": KH", got.Data, want.Data, 1e-9)
}

// The diagonal is a system of its own, and what conjugate gradients solve with
// it is the whole one.
func TestConjugateGradients(t *testing.T) {
	for i, s := range shapes {
		p := s.random(uint64(i), loss.Squared{}, 0)
		for _, pen := range arrows {
			c, rhs := randomCurvature(p, pen, uint64(i))
			_, h := c.whole()
			times := func(out, w *num.Dense) {
				for a := range w.Data {
					sum := 0.0
					for l := range w.Data {
						sum += h.At(a, l) * w.At(l%w.Rows, l/w.Rows)
					}
					out.Set(a%w.Rows, a/w.Rows, sum)
				}
			}
			for _, pre := range []system{newDiagonal(c), newArrow(c)} {
				what := fmt.Sprintf("%s, %T, by %T", s.name, pen, pre)
				got := conjugateGradients(context.Background(), c.k, times, pre, rhs, 1e-24, 5000)
				near(t, what, got.Data, c.wholeSolve(rhs).Data, 1e-9)
			}
		}
	}
}

func TestDiagonal(t *testing.T) {
	p := shapes[0].random(5, loss.Squared{}, 0)
	for _, pen := range arrows {
		c, rhs := randomCurvature(p, pen, 5)
		s := newDiagonal(c)
		var k, kh, x mat.Dense
		whole, h := c.whole()
		k.CloneFrom(whole)
		n, _ := h.Dims()
		only := mat.NewDense(n, n, nil)
		flat := mat.NewDense(n, 1, nil)
		for i := range n {
			only.Set(i, i, h.At(i, i))
			flat.Set(i, 0, rhs.At(i%rhs.Rows, i/rhs.Rows))
			if got := s.h.At(i%rhs.Rows, i/rhs.Rows); math.Abs(got-h.At(i, i)) > 1e-10*(1+got) {
				t.Errorf("%T: the diagonal is %v at %d, want %v", pen, got, i, h.At(i, i))
			}
		}
		kh.Mul(&k, only)
		for i := range n {
			kh.Set(i, i, 1+kh.At(i, i))
		}
		if err := x.Solve(&kh, flat); err != nil {
			t.Fatal(err)
		}
		got, want := rhs.Clone(), num.NewDense(rhs.Rows, rhs.Cols)
		s.solve(got)
		for i := range n {
			want.Set(i%rhs.Rows, i/rhs.Rows, x.At(i, 0))
		}
		near(t, fmt.Sprintf("%T", pen), got.Data, want.Data, 1e-10)
	}
}

// Which way is taken, by what there is less of.
func TestWay(t *testing.T) {
	make := func(tasks, rows, features int, pen penalty.Penalty) *curvature {
		p := &Problem{}
		for range tasks {
			p.Tasks = append(p.Tasks, Task{X: &num.Matrix{Rows: rows, Cols: features}, Outputs: 1})
		}
		p.layOut()
		return &curvature{p: p, k: newCovariance(pen.On(p.Layout, 1).(penalty.Arrow))}
	}
	shared := &penalty.Shared{}
	for _, c := range []struct {
		name string
		c    *curvature
		want int
	}{
		{"many rows", make(5, 10000, 30, shared), byFeatures},
		{"few rows in each task", make(50, 20, 500, shared), byFeatures},
		{"few rows in all", make(5, 20, 500, shared), byRows},
		{"few rows and very wide", make(5, 300, 100000, shared), byRows},
		{"wide and long", make(5, 1000, 3000, shared), byDiagonal},
		{"wide and long, apart", make(5, 1000, 3000, penalty.Ridge{}), byFeatures},
		{"wide and longer, apart", make(5, 2500, 3000, penalty.Ridge{}), byDiagonal},
		{"too many factors", make(100, 5000, 1500, shared), byDiagonal},
		{"one factor", make(100, 5000, 1500, penalty.Common{}), byFeatures},
	} {
		if got := c.c.way(direct); got != c.want {
			t.Errorf("%s: way %d, want %d", c.name, got, c.want)
		}
	}
}
