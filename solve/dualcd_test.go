package solve

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sort"
	"testing"
	"time"

	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
)

var margins = []struct {
	l       loss.Loss
	classes int
}{{loss.Hinge{}, 2}, {loss.SquaredHinge{}, 2}, {loss.CrammerSinger{}, 3}}

var coupled = []penalty.Penalty{penalty.Ridge{}, penalty.Common{}, &penalty.Shared{}, &penalty.Shared{Mu: 0.05}}

// augmented writes out the problem that dual coordinate descent solves: one
// row φ for each output of each row, over the columns
//
//	√shared x̃ for each slot, √private x̃ for each column
//
// so that an output is φ·θ + offset and Ω is ½‖θ‖².
type augmented struct {
	phi    [][]float64
	offset []float64
	at     []int // the first output of each row of the problem
	y, w   []float64
	losses []loss.Loss
	k      []int
}

func augment(p *Problem) *augmented {
	f := p.Penalty.(penalty.Arrow)
	shared, private := f.Arrow()
	d, k, slots, first := p.Features()+1, p.Columns(), 0, p.First()
	for _, s := range f.Slots() {
		slots = max(slots, s+1)
	}
	scaling := p.InterceptScaling
	if scaling == 0 {
		scaling = 1
	}
	out := &augmented{}
	for t := range p.Tasks {
		task := &p.Tasks[t]
		for i := range task.X.Rows {
			out.at = append(out.at, len(out.phi))
			out.y, out.w = append(out.y, task.Y[i]), append(out.w, weightAt(task, i))
			out.losses, out.k = append(out.losses, task.Loss), append(out.k, task.Outputs)
			for c := range task.Outputs {
				column := first[t] + c
				phi, offset, constant := make([]float64, d*(slots+k)), 0.0, scaling
				if task.Fixed != nil {
					offset, constant = task.Fixed[c], 0
				}
				for j := range d {
					v := constant
					if j < d-1 {
						v = task.X.At(i, j)
					}
					phi[f.Slots()[column]*d+j] = math.Sqrt(shared) * v
					phi[(slots+column)*d+j] = math.Sqrt(private) * v
				}
				out.phi, out.offset = append(out.phi, phi), append(out.offset, offset)
			}
		}
	}
	return out
}

// project moves the dual variables of row i to the nearest feasible ones.
func (q *augmented) project(i int, a []float64) {
	y, w := q.y[i], q.w[i]
	switch q.losses[i].(type) {
	case loss.Hinge:
		a[0] = (2*y - 1) * math.Max(0, math.Min((2*y-1)*a[0], w))
	case loss.SquaredHinge:
		a[0] = (2*y - 1) * math.Max(0, (2*y-1)*a[0])
		if w == 0 {
			a[0] = 0
		}
	default:
		// min(w·1[c = y], a_c − β) with the β for which they sum to 0
		low, high := -1e3, 1e3
		for range 60 {
			beta, sum := (low+high)/2, 0.0
			for c, v := range a {
				sum += math.Min(bound(c, y, w), v-beta)
			}
			if sum > 0 {
				low = beta
			} else {
				high = beta
			}
		}
		for c, v := range a {
			a[c] = math.Min(bound(c, y, w), v-high)
		}
	}
}

func bound(c int, y, w float64) float64 {
	if c == int(y) {
		return w
	}
	return 0
}

func slicesNear(a, b []float64, tolerance float64) bool {
	for i, v := range a {
		if math.Abs(v-b[i]) > tolerance {
			return false
		}
	}
	return true
}

// solve is projected gradient with momentum on the dual; it returns θ and the
// primal objective.
func (q *augmented) solve(steps int) (theta []float64, primal float64) {
	n, d := len(q.phi), len(q.phi[0])
	kernel, bend := num.NewDense(n, n), 1e-9
	for i := range n {
		for j := range n {
			kernel.Set(i, j, num.Dot(q.phi[i], q.phi[j]))
		}
	}
	values, _ := num.SymEigen(kernel)
	bend += values[n-1]
	for i := range q.w {
		if _, ok := q.losses[i].(loss.SquaredHinge); ok && q.w[i] > 0 {
			bend = math.Max(bend, values[n-1]+1/q.w[i])
		}
	}
	a, v, last, g := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	for step, since := 0, 0.0; step < steps; step++ {
		uphill := 0.0
		for i := range n {
			g[i] = num.Dot(kernel.Row(i), v) + q.offset[i]
		}
		for i, at := range q.at {
			switch q.losses[i].(type) {
			case loss.CrammerSinger:
				for c := range q.k[i] {
					if c != int(q.y[i]) {
						g[at+c]++
					}
				}
			case loss.SquaredHinge:
				if q.w[i] > 0 {
					g[at] += v[at] / q.w[i]
				}
				g[at] -= 2*q.y[i] - 1
			default:
				g[at] -= 2*q.y[i] - 1
			}
		}
		copy(last, a)
		for i := range a {
			a[i] = v[i] - g[i]/bend
		}
		for i, at := range q.at {
			q.project(i, a[at:at+q.k[i]])
		}
		for i := range a {
			uphill += (v[i] - a[i]) * (a[i] - last[i])
		}
		since++
		if uphill > 0 {
			since = 0
		}
		if num.Norm(a) > 0 && slicesNear(a, last, 1e-10) && slicesNear(a, v, 1e-10) {
			break
		}
		for i := range a {
			v[i] = a[i] + since/(since+3)*(a[i]-last[i])
		}
	}
	theta = make([]float64, d)
	for i, phi := range q.phi {
		num.Axpy(a[i], phi, theta)
	}
	primal = 0.5 * num.Dot(theta, theta)
	for i, at := range q.at {
		z := make([]float64, q.k[i])
		for c := range z {
			z[c] = num.Dot(q.phi[at+c], theta) + q.offset[at+c]
		}
		primal += q.losses[i].Value(q.y[i:i+1], q.w[i:i+1], z)
	}
	return theta, primal
}

// Dual coordinate descent ends where projected gradient on the dual of the
// problem written out ends, at the same outputs.
func TestDualCDTwin(t *testing.T) {
	small := []shape{
		{name: "ragged", tasks: 3, rows: 12, features: 4},
		{name: "sparse", tasks: 2, rows: 15, features: 8, sparse: true},
		{name: "weighted", tasks: 3, rows: 10, features: 3, weights: true, fixed: true},
		{name: "one row", tasks: 2, rows: 1, features: 3},
	}
	for i, s := range small {
		for _, m := range margins {
			for _, pen := range coupled {
				p := s.random(uint64(i), m.l, m.classes).regularized(pen, 2)
				p.InterceptScaling = []float64{0, 3}[i%2]
				name := fmt.Sprintf("%T, %s, %T", m.l, s.name, pen)
				r := solveTo(t, &DualCD{}, p, 1e-9, 200000)
				if r.Status != "converged" {
					t.Errorf("%s: %s after %d passes, gap %g", name, r.Status, r.Step, r.Certificate.Value)
				}
				q := augment(p)
				theta, primal := q.solve(40000)
				if off := r.Objective - primal; off > 1e-6*primal || off < -1e-5*primal {
					t.Errorf("%s: %.10g, the twin %.10g", name, r.Objective, primal)
				}
				var got, want []float64
				for u := range p.Tasks {
					got = append(got, Outputs(p, r.Point, u)...)
				}
				for j, phi := range q.phi {
					want = append(want, num.Dot(phi, theta)+q.offset[j])
				}
				near(t, name+": outputs", got, want, 1e-3)
			}
		}
	}
}

// Newton's method goes on where the passes stand and ends where the twin does.
// Its dual variables give the certificate, written out:
//
//	D = −Σ w ℓ*(y, −a/w) − Σ a·offset − ½‖Σ aφ‖²
func TestDualCDByNewton(t *testing.T) {
	some := []shape{
		{name: "ragged", tasks: 3, rows: 30, features: 4},
		{name: "sparse", tasks: 2, rows: 40, features: 5, sparse: true},
		{name: "weighted", tasks: 3, rows: 20, features: 3, weights: true, fixed: true},
	}
	for i, s := range some {
		for _, pen := range coupled {
			p := s.random(uint64(i), loss.SquaredHinge{}, 2).regularized(pen, 2)
			p.InterceptScaling = []float64{0, 3}[i%2]
			name := fmt.Sprintf("%s, %T", s.name, pen)
			c, best, last := newCoordinates(p, nil, 0), newRecord(NewPoint(p)), State{}
			for range 3 {
				c.pass()
			}
			if !c.primal(t.Context(), best, 3, 1e-12, func(st State) bool {
				last = st
				return st.Certificate.Value > 1e-12 && st.Step < 50
			}) {
				t.Errorf("%s: not taken", name)
				continue
			}
			q := augment(p)
			theta, primal := q.solve(40000)
			near(t, name+": objective", []float64{last.Objective}, []float64{primal}, 1e-7)
			at, dual := 0, 0.0
			clear(theta)
			for u := range p.Tasks {
				task, a := &p.Tasks[u], last.Point.A[u]
				dual -= task.Loss.Conjugate(task.Y, task.Weight, a)
				for _, v := range a {
					num.Axpy(v, q.phi[at], theta)
					dual -= v * q.offset[at]
					at++
				}
			}
			dual -= 0.5 * num.Dot(theta, theta)
			if gap := Gap(last.Objective, dual); !(gap.Value < 1e-11) {
				t.Errorf("%s: gap %g, by its own account %g", name, gap.Value, last.Certificate.Value)
			}
		}
	}
}

// The constant that stands for the intercept is a column like any other.
func TestDualCDConstant(t *testing.T) {
	for _, m := range margins {
		p := shapes[0].random(3, m.l, m.classes).regularized(&penalty.Shared{}, 1)
		p.InterceptScaling = 2
		q := &Problem{Layout: p.Layout, Penalty: p.Penalty}
		for _, task := range p.Tasks {
			x := num.NewMatrix(task.X.Rows, task.X.Cols+1)
			for i := range x.Rows {
				for j := range task.X.Cols {
					x.Data[i*x.Cols+j] = task.X.At(i, j)
				}
				x.Data[(i+1)*x.Cols-1] = 2
			}
			task.X, task.Fixed = x, make([]float64, task.Outputs)
			q.Tasks = append(q.Tasks, task)
		}
		a, b := solveTo(t, &DualCD{}, p, 1e-11, 100000), solveTo(t, &DualCD{}, q, 1e-11, 100000)
		near(t, "objective", []float64{a.Objective}, []float64{b.Objective}, 1e-9)
		for u := range p.Tasks {
			near(t, fmt.Sprintf("%T: outputs", m.l), Outputs(p, a.Point, u), Outputs(q, b.Point, u), 1e-4)
		}
	}
}

// With a fixed intercept of 0 the problem is one that other solvers know.
func TestDualCDIsFISTA(t *testing.T) {
	for i, s := range shapes {
		p := s.random(uint64(i), loss.SquaredHinge{}, 2).regularized(&penalty.Shared{}, 1)
		for u := range p.Tasks {
			p.Tasks[u].Fixed = []float64{0.1 * float64(u)}
		}
		a, b := solveTo(t, &DualCD{}, p, 1e-10, 100000), solveTo(t, &FISTA{}, p, 1e-10, 100000)
		near(t, s.name+": objective", []float64{a.Objective}, []float64{b.Objective}, 1e-9)
		near(t, s.name+": W", a.Point.W.Data, b.Point.W.Data, 1e-4)
	}
}

// The rows of several classes: their subproblem against bisection.
func TestSimplex(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	c := &coordinates{classes: make([]float64, 9)}
	for range 300 {
		k := 2 + rng.IntN(8)
		b, want, got := make([]float64, k), make([]float64, k), make([]float64, k)
		square, w, right := math.Exp(rng.NormFloat64()), math.Exp(rng.NormFloat64()), rng.IntN(k)
		for e := range b {
			b[e] = rng.NormFloat64()
			want[e] = -b[e] / square
		}
		q := &augmented{y: []float64{float64(right)}, w: []float64{w}, losses: []loss.Loss{loss.CrammerSinger{}}}
		q.project(0, want)
		c.simplex(got, b, square, w, right)
		near(t, "a", got, want, 1e-9)
	}
	got := make([]float64, 3)
	c.simplex(got, []float64{1, 2, 0.5}, 0, 3, 0)
	near(t, "a row of zeros", got, []float64{3, -3, 0}, 0)
}

// Two classes by Crammer and Singer are the hinge on the difference.
func TestDualCDTwoClasses(t *testing.T) {
	p := shapes[0].random(2, loss.Hinge{}, 2).regularized(penalty.Ridge{}, 1)
	q := &Problem{}
	for _, task := range p.Tasks {
		task.Loss, task.Outputs = loss.CrammerSinger{}, 2
		q.Tasks = append(q.Tasks, task)
	}
	q.layOut()
	// z_1 − z_0 = x·w for w_1 = −w_0 = w/2, which costs λ/4 ‖w‖²: λ is twice the hinge's.
	q.Penalty = penalty.Ridge{}.On(q.Layout, 2)
	a, b := solveTo(t, &DualCD{}, p, 1e-10, 100000), solveTo(t, &DualCD{}, q, 1e-10, 100000)
	near(t, "objective", []float64{a.Objective}, []float64{b.Objective}, 1e-8)
}

func TestDualCDRefuses(t *testing.T) {
	p := shapes[0].random(1, loss.Logistic{}, 2)
	for pen, want := range map[penalty.Penalty]string{
		penalty.Ridge{}: "dualcd needs hinge, squared-hinge or crammer-singer, and not logistic",
		penalty.Trace{}: "dualcd needs a quadratic penalty of shared and private weights",
	} {
		p.Penalty = pen.On(p.Layout, 1)
		if err := (&DualCD{}).Accepts(p); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// rare is T tasks on sparse rows, related.
func rare(l loss.Loss, classes, tasks, n, d, values int) *Problem {
	rng := rand.New(rand.NewPCG(1, 2))
	outputs := 1
	if classes > 2 {
		outputs = classes
	}
	common := num.NewDense(outputs, d)
	for i := range common.Data {
		common.Data[i] = rng.NormFloat64()
	}
	p := &Problem{}
	for range tasks {
		own := common.Clone()
		for i := range own.Data {
			own.Data[i] += 0.5 * rng.NormFloat64()
		}
		ptr, index, data, y := []int{0}, []int32{}, []float64{}, make([]float64, n)
		for i := range n {
			columns := rng.Perm(d)[:values]
			sort.Ints(columns)
			z := make([]float64, outputs)
			for _, j := range columns {
				v := rng.NormFloat64()
				index, data = append(index, int32(j)), append(data, v)
				for c := range z {
					z[c] += v * own.At(c, j)
				}
			}
			ptr = append(ptr, len(data))
			best := 0
			for c := range z {
				z[c] += 2 * rng.NormFloat64()
				if z[c] > z[best] {
					best = c
				}
			}
			y[i] = float64(best)
			if outputs == 1 && z[0] > 0 {
				y[i] = 1
			}
		}
		p.Tasks = append(p.Tasks, Task{X: num.NewSparse(d, ptr, index, data), Y: y, Loss: l, Outputs: outputs})
	}
	p.layOut()
	return p.regularized(&penalty.Shared{}, 1)
}

func TestDualCDReal(t *testing.T) {
	for _, m := range margins[:2] {
		p := real(t, "landmine", m.l).regularized(&penalty.Shared{}, 1)
		begin := time.Now()
		r := solveTo(t, &DualCD{}, p, 1e-3, 10000)
		t.Logf("landmine, %T: gap %.1e after %d passes, %.0f ms", m.l, r.Certificate.Value, r.Step, 1e3*time.Since(begin).Seconds())
		if r.Status != "converged" {
			t.Errorf("%T: %s", m.l, r.Status)
		}
	}
}

func BenchmarkDualCDLandmine(b *testing.B) {
	for _, m := range margins[:2] {
		p := real(b, "landmine", m.l).regularized(&penalty.Shared{}, 1)
		b.Run(loss.All.NameOf(m.l), func(b *testing.B) {
			for b.Loop() {
				solveTo(b, &DualCD{}, p, 1e-3, 10000)
			}
		})
	}
}

func BenchmarkDualCDSparse(b *testing.B) {
	for _, m := range margins {
		p := rare(m.l, m.classes, 20, 5000, 1000, 10)
		b.Run(loss.All.NameOf(m.l), func(b *testing.B) {
			for b.Loop() {
				solveTo(b, &DualCD{}, p, 1e-3, 10000)
			}
		})
	}
}
