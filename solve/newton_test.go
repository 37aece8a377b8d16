package solve

import (
	"context"
	"fmt"
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
)

// A written is a problem with an Arrow penalty written out over one vector v,
//
//	min over v of  Σ w ℓ(y, Φv + offset) + ½ Σ_free v_j²,
//
// v being √shared w0 of each slot, √private v_c of each column, and the
// intercepts that are free, which cost nothing.
type written struct {
	p      *Problem
	phi    *mat.Dense
	offset []float64
	cost   []float64 // 1, or 0 for an intercept
	start  []int     // the first output of each task
}

func write(p *Problem) *written {
	f, first, d := p.Penalty.(penalty.Arrow), p.First(), p.Features()
	shared, private := f.Arrow()
	slots, n := 0, 0
	for _, s := range f.Slots() {
		slots = max(slots, s+1)
	}
	q := &written{p: p}
	for t := range p.Tasks {
		q.start = append(q.start, n)
		n += p.Tasks[t].X.Rows * p.Tasks[t].Outputs
	}
	k := p.Columns()
	q.phi, q.offset = mat.NewDense(n, (slots+k)*d+k, nil), make([]float64, n)
	q.cost = make([]float64, (slots+k)*d+k)
	for j := range (slots + k) * d {
		q.cost[j] = 1
	}
	for t := range p.Tasks {
		task := &p.Tasks[t]
		for i := range task.X.Rows {
			for c := range task.Outputs {
				at, column := q.start[t]+i*task.Outputs+c, first[t]+c
				for j := range d {
					q.phi.Set(at, f.Slots()[column]*d+j, math.Sqrt(shared)*task.X.At(i, j))
					q.phi.Set(at, (slots+column)*d+j, math.Sqrt(private)*task.X.At(i, j))
				}
				if task.Fixed != nil {
					q.offset[at] = task.Fixed[c]
				} else {
					q.phi.Set(at, (slots+k)*d+column, 1)
				}
			}
		}
	}
	return q
}

// value returns the objective at v, and where asked the slope and the Hessian.
func (q *written) value(v *mat.VecDense, slope *mat.VecDense, hessian *mat.Dense) float64 {
	n, _ := q.phi.Dims()
	var z mat.VecDense
	z.MulVec(q.phi, v)
	value, g, bend := 0.0, mat.NewVecDense(n, nil), mat.NewDense(n, n, nil)
	for t := range q.p.Tasks {
		task, lo := &q.p.Tasks[t], q.start[t]
		m := task.X.Rows * task.Outputs
		out, grad, hv, unit := make([]float64, m), make([]float64, m), make([]float64, m), make([]float64, m)
		for i := range out {
			out[i] = z.AtVec(lo+i) + q.offset[lo+i]
		}
		value += task.Loss.(loss.Smooth).Grad(grad, task.Y, task.Weight, out)
		for i, s := range grad {
			g.SetVec(lo+i, s)
			if joint, ok := task.Loss.(loss.Joint); ok {
				clear(unit)
				unit[i] = 1
				joint.HessVec(hv, task.Y, task.Weight, out, unit)
				for j, h := range hv {
					bend.Set(lo+j, lo+i, h)
				}
			}
		}
		if curved, ok := task.Loss.(loss.Curved); ok {
			curved.Hess(hv, task.Y, task.Weight, out)
			for i, h := range hv {
				bend.Set(lo+i, lo+i, h)
			}
		}
	}
	for j, c := range q.cost {
		value += 0.5 * c * v.AtVec(j) * v.AtVec(j)
	}
	if slope != nil {
		slope.MulVec(q.phi.T(), g)
		var half mat.Dense
		half.Mul(bend, q.phi)
		hessian.Mul(q.phi.T(), &half)
		for j, c := range q.cost {
			slope.SetVec(j, slope.AtVec(j)+c*v.AtVec(j))
			hessian.Set(j, j, hessian.At(j, j)+c)
		}
	}
	return value
}

// solve is Newton's method by elimination, with as much added to the diagonal
// as lets it descend (Levenberg).
func (q *written) solve() (w *num.Dense, objective float64) {
	d, k := q.p.Features(), q.p.Columns()
	size := len(q.cost)
	v, slope, hessian := mat.NewVecDense(size, nil), mat.NewVecDense(size, nil), mat.NewDense(size, size, nil)
	added := 1.0
	for range 200 {
		value := q.value(v, slope, hessian)
		for descended := false; !descended && added < 1e12; {
			var step, to mat.VecDense
			var damped mat.Dense
			damped.CloneFrom(hessian)
			for j := range size {
				damped.Set(j, j, damped.At(j, j)+added)
			}
			if err := step.SolveVec(&damped, slope); err != nil {
				if _, ok := err.(mat.Condition); !ok {
					panic(err)
				}
			}
			to.SubVec(v, &step)
			if descended = q.value(&to, nil, nil) < value; descended {
				v.CopyVec(&to)
				added = math.Max(1e-12, added/100)
			} else {
				added *= 10
			}
		}
		if added >= 1e12 {
			break
		}
	}
	f := q.p.Penalty.(penalty.Arrow)
	shared, private := f.Arrow()
	slots := (size-k)/d - k
	w = num.NewDense(d, k)
	for c := range k {
		for j := range d {
			w.Set(j, c, math.Sqrt(shared)*v.AtVec(f.Slots()[c]*d+j)+math.Sqrt(private)*v.AtVec((slots+c)*d+j))
		}
	}
	return w, q.value(v, nil, nil)
}

// bent are losses with second derivatives.
var bent = []struct {
	l       loss.Loss
	classes int
}{{loss.Squared{}, 0}, {loss.Logistic{}, 2}, {loss.SquaredHinge{}, 2}, {&loss.Huber{}, 0}, {loss.Poisson{}, 0}, {loss.Softmax{}, 3}}

// Newton's method on blocks ends where Newton's method on the whole Hessian
// ends, whether systems are solved by rows, by features or, with the limit at
// 0, by conjugate gradients.
func TestNewtonTwin(t *testing.T) {
	for i, s := range []shape{
		{name: "ragged", tasks: 3, rows: 12, features: 4},
		{name: "few rows in each task", tasks: 3, rows: 5, features: 13},
		{name: "few rows in all", tasks: 2, rows: 4, features: 14},
		{name: "shared", tasks: 3, rows: 10, features: 4, shared: true},
		{name: "sparse", tasks: 2, rows: 15, features: 8, sparse: true},
		{name: "weighted", tasks: 3, rows: 10, features: 3, weights: true, fixed: true},
		{name: "one row", tasks: 2, rows: 1, features: 3},
	} {
		for _, c := range bent {
			for _, pen := range arrows {
				p := s.random(uint64(i), c.l, c.classes).regularized(pen, 3)
				what := fmt.Sprintf("%s, %T, %T", s.name, c.l, pen)
				want, objective := write(p).solve()
				for _, limit := range []int{direct, 0} {
					n := newDescender(p, nil)
					n.limit = limit
					for range 60 {
						if n.gap <= 1e-12*math.Abs(n.value+n.omega) || n.stuck {
							break
						}
						n.step(context.Background(), 1e-12)
					}
					near(t, fmt.Sprintf("%s, limit %d: objective", what, limit), []float64{n.value + n.omega}, []float64{objective}, 1e-9)
					near(t, fmt.Sprintf("%s, limit %d: W", what, limit), n.x.W.Data, want.Data, 1e-5)
				}
			}
		}
	}
}

// The certificate is that of Certify, and one step solves squared loss.
func TestNewtonCertificate(t *testing.T) {
	for i, s := range shapes {
		for _, c := range bent {
			for _, pen := range arrows {
				p := s.random(uint64(i), c.l, c.classes).regularized(pen, 0.5)
				what := fmt.Sprintf("%s, %T, %T", s.name, c.l, pen)
				r := solveTo(t, &Newton{}, p, 1e-9, 100)
				if gap := slowGap(p, r.Point); r.Status != "converged" || gap > 1e-8 {
					t.Errorf("%s: %s after %d steps, gap %g, by rows %g", what, r.Status, r.Step, r.Certificate.Value, gap)
				}
				if _, ok := c.l.(loss.Squared); ok && r.Step > 1 {
					t.Errorf("%s: %d steps", what, r.Step)
				}
				_, certificate := Certify(p, r.Point)
				if certificate.Value > 1e-8 {
					t.Errorf("%s: by Certify %g", what, certificate.Value)
				}
			}
		}
	}
}
