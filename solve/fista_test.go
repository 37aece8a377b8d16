package solve

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
)

func (p *Problem) layOut() {
	p.Layout = penalty.Layout{}
	for t := range p.Tasks {
		for c := range p.Tasks[t].Outputs {
			p.Layout.Task = append(p.Layout.Task, t)
			p.Layout.Slot = append(p.Layout.Slot, c)
		}
	}
}

// strength is the smallest λ at which pen is known to give W = 0.
func strength(p *Problem, pen penalty.Penalty) float64 {
	x, first := NewPoint(p), p.First()
	for t := range p.Tasks {
		copy(x.B[first[t]:first[t+1]], p.Tasks[t].Fixed)
	}
	OptimizeIntercepts(p, x)
	return pen.On(p.Layout, 1).(penalty.Vanishing).Zero(Gradient(p, x))
}

func solveTo(t testing.TB, s Solver, p *Problem, tol float64, steps int) Result {
	t.Helper()
	r, err := Run(context.Background(), s, p, nil, tol, steps)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// shape is a kind of random problem.
type shape struct {
	name                    string
	tasks, rows, features   int
	shared, sparse, weights bool
	fixed                   bool // the intercept of the first task
}

var shapes = []shape{
	{name: "ragged", tasks: 5, rows: 30, features: 8},
	{name: "ragged, few rows", tasks: 4, rows: 8, features: 30},
	{name: "shared", tasks: 4, rows: 40, features: 12, shared: true},
	{name: "shared, few rows", tasks: 3, rows: 15, features: 40, shared: true},
	{name: "sparse", tasks: 4, rows: 40, features: 25, sparse: true},
	{name: "shared sparse", tasks: 3, rows: 60, features: 20, sparse: true, shared: true},
	{name: "weighted", tasks: 4, rows: 30, features: 9, weights: true, fixed: true},
	{name: "shared weighted, few rows", tasks: 4, rows: 12, features: 30, weights: true, shared: true, fixed: true},
	{name: "one task", tasks: 1, rows: 25, features: 6},
	{name: "one row", tasks: 2, rows: 1, features: 3},
}

// random makes a problem of shape s; classes is 0 for numbers.
func (s shape) random(seed uint64, l loss.Loss, classes int) *Problem {
	rng := rand.New(rand.NewPCG(seed, 7))
	truth := make([]float64, s.features)
	for j := range truth {
		if j%3 == 0 {
			truth[j] = rng.NormFloat64()
		}
	}
	var x *num.Matrix
	p := &Problem{}
	for t := range s.tasks {
		n := s.rows
		if !s.shared {
			n += 3 * t
		}
		if x == nil || !s.shared {
			x = randomMatrix(rng, n, s.features, s.sparse)
		}
		task := Task{X: x, Y: make([]float64, n), Loss: l, Outputs: max(1, classes-1)}
		if classes > 2 {
			task.Outputs = classes
		}
		w := make([]float64, s.features)
		for j := range w {
			w[j] = truth[j] + 0.3*rng.NormFloat64()
		}
		x.MulVec(task.Y, w)
		for i := range task.Y {
			task.Y[i] += 2 + 0.5*rng.NormFloat64()
			if _, ok := l.(loss.Poisson); ok {
				task.Y[i] = math.Round(math.Exp(math.Min(3, 0.3*task.Y[i])))
			}
			if classes == 2 {
				task.Y[i] = float64(rng.IntN(8) / 7)
				if x.Dot(i, w)+0.5*rng.NormFloat64() > 0 {
					task.Y[i] = 1 - task.Y[i]
				}
			} else if classes > 2 {
				task.Y[i] = math.Mod(math.Abs(math.Round(task.Y[i])), float64(classes))
			}
		}
		if s.weights {
			task.Weight = make([]float64, n)
			for i := range task.Weight {
				task.Weight[i] = float64(rng.IntN(4))
			}
			if s.shared && t > 0 {
				task.Weight = p.Tasks[0].Weight
			}
		}
		if s.fixed && t == 0 {
			task.Fixed = make([]float64, task.Outputs)
			for c := range task.Fixed {
				task.Fixed[c] = 0.4 - 0.1*float64(c)
			}
		}
		p.Tasks = append(p.Tasks, task)
	}
	p.layOut()
	return p
}

func randomMatrix(rng *rand.Rand, n, d int, sparse bool) *num.Matrix {
	if !sparse {
		x := num.NewMatrix(n, d)
		for i := range x.Data {
			x.Data[i] = rng.NormFloat64() + 1
		}
		return x
	}
	ptr, index, data := []int{0}, []int32{}, []float64{}
	for range n {
		for j := range d {
			if rng.IntN(4) == 0 {
				index = append(index, int32(j))
				data = append(data, rng.NormFloat64()+0.5)
			}
		}
		ptr = append(ptr, len(data))
	}
	return num.NewSparse(d, ptr, index, data)
}

// regularized sets the penalty, at a share of the strength that gives W = 0
// where there is one.
func (p *Problem) regularized(pen penalty.Penalty, share float64) *Problem {
	lambda := share
	if _, ok := pen.On(p.Layout, 1).(penalty.Vanishing); ok {
		lambda *= math.Max(strength(p, pen), 1e-3)
	}
	p.Penalty = pen.On(p.Layout, lambda)
	return p
}

func near(t testing.TB, what string, got, want []float64, tolerance float64) {
	t.Helper()
	size := 1e-300
	for _, v := range want {
		size = math.Max(size, math.Abs(v))
	}
	for i, v := range got {
		if !(math.Abs(v-want[i]) <= tolerance*math.Max(1, size)) {
			t.Fatalf("%s: %v at %d, want %v", what, v, i, want[i])
		}
	}
}

// slowGap is the relative duality gap at x, with the dual variables that the
// gradient of the loss there gives.
func slowGap(p *Problem, x *Point) float64 {
	first, g := p.First(), num.NewDense(p.Features(), p.Columns())
	primal := p.Penalty.Value(x.W)
	duals := make([][]float64, len(p.Tasks))
	for t := range p.Tasks {
		task, k := &p.Tasks[t], p.Tasks[t].Outputs
		z := make([]float64, task.X.Rows*k)
		for at := range z {
			z[at] = x.B[first[t]+at%k]
			for j := range g.Rows {
				z[at] += task.X.At(at/k, j) * x.W.At(j, first[t]+at%k)
			}
		}
		a := make([]float64, len(z))
		primal += task.Loss.(loss.Smooth).Grad(a, task.Y, task.Weight, z)
		for at := range a {
			a[at] = -a[at]
			for j := range g.Rows {
				g.Data[j*g.Cols+first[t]+at%k] += a[at] * task.X.At(at/k, j)
			}
		}
		duals[t] = a
	}
	s, dual := p.Penalty.(penalty.Convex).Dual(g)
	for t := range p.Tasks {
		task := &p.Tasks[t]
		for at := range duals[t] {
			duals[t][at] *= s
			if task.Fixed != nil {
				dual += duals[t][at] * task.Fixed[at%task.Outputs]
			}
		}
		dual += task.Loss.Conjugate(task.Y, task.Weight, duals[t])
	}
	return Gap(primal, -dual).Value
}

// The certificate that a solver gives is that of the point it gives.
func TestFISTACertificate(t *testing.T) {
	losses := []struct {
		l       loss.Loss
		classes int
	}{
		{loss.Squared{}, 0}, {&loss.Huber{}, 0}, {loss.Poisson{}, 0}, {loss.Logistic{}, 2}, {loss.SquaredHinge{}, 2}, {loss.Softmax{}, 3},
	}
	penalties := []penalty.Penalty{penalty.Trace{}, penalty.L21{}, penalty.Lasso{}, &penalty.ElasticNet{}, penalty.Ridge{}, &penalty.Shared{}, penalty.Common{}}
	count := 0
	for _, l := range losses {
		for i, s := range shapes {
			for j, pen := range penalties {
				if (i+j)%2 == 1 {
					continue // every loss meets every shape and every penalty
				}
				p := s.random(uint64(i), l.l, l.classes)
				p.regularized(pen, 0.2)
				r := solveTo(t, &FISTA{}, p, 1e-8, 50000)
				own := slowGap(p, r.Point)
				value := Objective(p, r.Point)
				name := fmt.Sprintf("%T %s %T", l.l, s.name, pen)
				if r.Status != "converged" || !(own <= 1e-6) || math.Abs(value-r.Objective) > 1e-9*math.Abs(value) {
					t.Errorf("%s: %s after %d steps, gap %g, slow gap %g, objective %v, is %v", name, r.Status, r.Step, r.Certificate.Value, own, r.Objective, value)
				}
				count++
			}
		}
	}
	t.Logf("%d problems", count)
}

// Gram matrices and rows are the same terrain.
func TestFISTARowsAreMoments(t *testing.T) {
	for i, s := range shapes {
		p := s.random(uint64(i), loss.Squared{}, 0)
		w := num.NewDense(p.Features(), p.Columns())
		rng := rand.New(rand.NewPCG(uint64(i), 3))
		for j := range w.Data {
			w.Data[j] = rng.NormFloat64()
		}
		type seen struct {
			f    float64
			dual float64
			b    []float64
			g    *num.Dense
		}
		var all []seen
		for _, land := range []terrain{newQuadratic(p), newRows(p, NewPoint(p).B)} {
			x := seen{b: make([]float64, p.Columns()), g: num.NewDense(w.Rows, w.Cols)}
			image := make([]float64, land.length())
			land.image(image, w)
			x.f = land.slope(x.g, w, image)
			x.dual = land.dual(0.7)
			if f := land.finish(x.b, w, image); math.Abs(f-x.f) > 1e-10*math.Abs(f) {
				t.Errorf("%s: f is %v and %v", s.name, x.f, f)
			}
			all = append(all, x)
		}
		near(t, s.name+": f and the dual value", []float64{all[0].f, all[0].dual}, []float64{all[1].f, all[1].dual}, 1e-9)
		near(t, s.name+": intercepts", all[0].b, all[1].b, 1e-10)
		near(t, s.name+": gradient", all[0].g.Data, all[1].g.Data, 1e-10)
	}
}

// solversOf lists the solvers of this problem.
func solversOf(p *Problem) map[string]Solver {
	all := map[string]Solver{}
	for name, s := range map[string]Solver{"fista": &FISTA{}, "bcd": &BCD{}} {
		if s.Accepts(p) == nil {
			all[name] = s
		}
	}
	return all
}

// everySolver lists the solvers by name.
var everySolver = map[string]Solver{"newton": &Newton{}, "interior": &Interior{}, "dualcd": &DualCD{}, "bcd": &BCD{}, "fista": &FISTA{}}

// Weights count rows.
func TestWeightsAreRepeats(t *testing.T) {
	for _, s := range shapes {
		if !s.weights {
			continue
		}
		for _, l := range []loss.Loss{loss.Squared{}, loss.Logistic{}, loss.Hinge{}} {
			classes := 2
			if l == (loss.Squared{}) {
				classes = 0
			}
			p := s.random(11, l, classes)
			q := &Problem{Layout: p.Layout}
			for _, task := range p.Tasks {
				var rows []int
				var y []float64
				for i, w := range task.Weight {
					for range int(w) {
						rows = append(rows, i)
						y = append(y, task.Y[i])
					}
				}
				q.Tasks = append(q.Tasks, Task{X: task.X.Select(rows), Y: y, Loss: l, Outputs: 1, Fixed: task.Fixed})
			}
			for _, pen := range []penalty.Penalty{&penalty.Shared{}, &penalty.ElasticNet{}} {
				p.Penalty = pen.On(p.Layout, 3)
				q.Penalty = p.Penalty
				for name, solver := range everySolver {
					if solver.Accepts(p) != nil {
						continue
					}
					a, b := solveTo(t, solver, p, 1e-11, 20000), solveTo(t, solver, q, 1e-11, 20000)
					near(t, fmt.Sprintf("%s, %s, %T", name, s.name, l), a.Point.W.Data, b.Point.W.Data, 1e-4)
					near(t, name+": objective", []float64{a.Objective}, []float64{b.Objective}, 1e-9)
				}
			}
		}
	}
}

// The number of workers changes nothing, where the rows are many enough for
// several.
func TestWorkers(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, s := range []shape{
		{name: "ragged", tasks: 5, rows: 400, features: 30},
		{name: "shared", tasks: 4, rows: 600, features: 30, shared: true},
		{name: "sparse", tasks: 4, rows: 3000, features: 40, sparse: true},
		{name: "few rows", tasks: 4, rows: 60, features: 300},
	} {
		for name, solver := range everySolver {
			for _, l := range []loss.Loss{loss.Squared{}, loss.Logistic{}, loss.SquaredHinge{}, loss.Hinge{}} {
				classes := 2
				if l == (loss.Squared{}) {
					classes = 0
				}
				var want *Point
				for workers := 1; workers <= 3; workers++ {
					runtime.GOMAXPROCS(workers)
					p := s.random(1, l, classes)
					p.Penalty = (&penalty.Shared{}).On(p.Layout, 20)
					if name == "bcd" {
						p.Penalty = penalty.L21{}.On(p.Layout, 0.1*strength(p, penalty.L21{}))
					}
					if solver.Accepts(p) != nil {
						continue
					}
					if p.work() < 1<<16 {
						t.Fatalf("%s is too small for several workers", s.name)
					}
					x := solveTo(t, solver, p, 1e-4, 30).Point
					if want == nil {
						want = x
					}
					near(t, name+", "+s.name, x.W.Data, want.W.Data, 0)
					near(t, name+", "+s.name, x.B, want.B, 0)
				}
			}
		}
	}
}

// Tasks in another order give the same columns in that order.
func TestPermutedTasks(t *testing.T) {
	for i, s := range shapes {
		for name, solver := range everySolver {
			for _, l := range []loss.Loss{loss.Squared{}, loss.Logistic{}, loss.Hinge{}} {
				classes := 2
				if l == (loss.Squared{}) {
					classes = 0
				}
				p := s.random(uint64(i), l, classes)
				q := &Problem{Layout: p.Layout}
				k := len(p.Tasks)
				for u := range k {
					q.Tasks = append(q.Tasks, p.Tasks[(u+1)%k])
				}
				p.Penalty = (&penalty.Shared{}).On(p.Layout, 3)
				if name == "bcd" {
					p.Penalty = penalty.L21{}.On(p.Layout, 0.2*strength(p, penalty.L21{}))
				}
				q.Penalty = p.Penalty
				if solver.Accepts(p) != nil {
					continue
				}
				a, b := solveTo(t, solver, p, 1e-9, 20000), solveTo(t, solver, q, 1e-9, 20000)
				what := fmt.Sprintf("%s, %s, %T", name, s.name, l)
				near(t, what+": objective", []float64{a.Objective}, []float64{b.Objective}, 1e-8)
				for u := range k {
					got, want := make([]float64, p.Features()), make([]float64, p.Features())
					near(t, what, b.Point.W.Col(got, u), a.Point.W.Col(want, (u+1)%k), 1e-3)
				}
			}
		}
	}
}

// A start at the solution ends at once.
func TestWarmStart(t *testing.T) {
	p := shapes[0].random(1, loss.Logistic{}, 2).regularized(penalty.Trace{}, 0.2)
	q := shapes[0].random(1, loss.Squared{}, 0).regularized(penalty.L21{}, 0.2)
	h := shapes[0].random(1, loss.SquaredHinge{}, 2).regularized(&penalty.Shared{}, 1)
	for name, c := range map[string]struct {
		s Solver
		p *Problem
	}{"fista": {&FISTA{}, p}, "fista, squared": {&FISTA{}, q}, "bcd": {&BCD{}, q}, "dualcd": {&DualCD{}, h}} {
		cold := solveTo(t, c.s, c.p, 1e-10, 20000)
		warm, err := Run(context.Background(), c.s, c.p, cold.Point.Clone(), 1e-9, 20000)
		if err != nil || warm.Step > 2 {
			t.Errorf("%s: %d steps cold, %d warm, %v", name, cold.Step, warm.Step, err)
		}
	}
}

func TestFISTARefuses(t *testing.T) {
	p := shapes[0].random(1, loss.Hinge{}, 2).regularized(penalty.Ridge{}, 1)
	for name, want := range map[Solver]string{
		&FISTA{}: "fista needs a smooth loss, which hinge is not",
		&BCD{}:   "bcd needs squared loss, and not hinge",
	} {
		if err := name.Accepts(p); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// On real data every penalty reaches 1e-8.
func TestFISTAReal(t *testing.T) {
	for data, l := range map[string]loss.Loss{"school": loss.Squared{}, "landmine": loss.Logistic{}} {
		p := real(t, data, l)
		for _, pen := range []penalty.Penalty{penalty.Trace{}, penalty.L21{}, penalty.Lasso{}, penalty.Ridge{}, &penalty.Shared{}} {
			share := 10.0
			if _, ok := pen.On(p.Layout, 1).(penalty.Vanishing); ok {
				share = 0.01
			}
			p.regularized(pen, share)
			begin := time.Now()
			r := solveTo(t, &FISTA{}, p, 1e-8, 20000)
			t.Logf("%s, %T: gap %.1e after %d steps, %.0f ms", data, pen, r.Certificate.Value, r.Step, 1e3*time.Since(begin).Seconds())
			if gap := slowGap(p, r.Point); r.Status != "converged" || gap > 1e-6 {
				t.Errorf("%s, %T: %s, gap %g, by rows %g", data, pen, r.Status, r.Certificate.Value, gap)
			}
		}
	}
}

func BenchmarkFISTASchoolTrace(b *testing.B) {
	p := real(b, "school", loss.Squared{}).regularized(penalty.Trace{}, 0.01)
	for b.Loop() {
		p.moments = nil
		solveTo(b, &FISTA{}, p, 1e-8, 20000)
	}
}

func BenchmarkFISTALandmineTrace(b *testing.B) {
	p := real(b, "landmine", loss.Logistic{}).regularized(penalty.Trace{}, 0.01)
	for b.Loop() {
		solveTo(b, &FISTA{}, p, 1e-8, 20000)
	}
}
