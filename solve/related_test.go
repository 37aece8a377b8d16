package solve

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
)

// relations are quadratic penalties that are no arrows: trees, chains, graphs
// with rings, and a covariance without zeros.
func relations(t testing.TB) []penalty.Penalty {
	root, err := penalty.ParseNewick("((0,1:2):0.5,((2,(3)),4,5));")
	if err != nil {
		t.Fatal(err)
	}
	ring := []penalty.Edge{{From: "0", To: "1", Weight: 1}, {From: "1", To: "2", Weight: 0.3}, {From: "2", To: "3", Weight: 2}, {From: "3", To: "0", Weight: 1}, {From: "0", To: "2", Weight: 0.5}, {From: "4", To: "1", Weight: 3}}
	omega := num.NewDense(6, 6)
	var names []string
	for i := range 6 {
		names = append(names, fmt.Sprint(i))
		for j := range 6 {
			omega.Set(i, j, math.Pow(-0.7, math.Abs(float64(i-j))))
		}
	}
	return []penalty.Penalty{
		&penalty.Tree{Mu: 0.2, Root: root}, &penalty.Temporal{Mu: 0.1}, &penalty.Graph{Mu: 0.05, Edges: ring}, &penalty.Graph{Mu: 3},
		&penalty.Covariance{Omega: omega, Tasks: names},
	}
}

// spelled is a curvature with random weights, K and H written out, and a
// right-hand side with (I + KH)⁻¹ of it.
type spelled struct {
	c         *curvature
	k, h      *mat.Dense
	rhs, want *num.Dense
}

func spell(p *Problem, f penalty.Linked, seed uint64) spelled {
	rng := rand.New(rand.NewPCG(seed, 3))
	c := &curvature{p: p, k: covarianceOf(f)}
	for t := range p.Tasks {
		h := make([]float64, p.Tasks[t].X.Rows*p.Tasks[t].Outputs)
		for i := range h {
			if rng.IntN(5) > 0 {
				h[i] = math.Exp(2 * rng.NormFloat64())
			}
		}
		c.h = append(c.h, h)
	}
	d, n := p.Features(), p.Features()*p.Columns()
	w := spelled{c: c, k: mat.NewDense(n, n, nil), h: mat.NewDense(n, n, nil), rhs: num.NewDense(d, p.Columns()), want: num.NewDense(d, p.Columns())}
	for slot, columns := range c.k.slots {
		k := f.Covariance(slot)
		for a, from := range columns {
			for b, to := range columns {
				for j := range d {
					w.k.Set(from*d+j, to*d+j, k.At(a, b))
				}
			}
			h := c.gram(from, nil)
			for j := range d {
				for l := range d {
					w.h.Set(from*d+j, from*d+l, h.At(j, l))
				}
			}
		}
	}
	flat := mat.NewDense(n, 1, nil)
	for i := range w.rhs.Data {
		w.rhs.Data[i] = rng.NormFloat64()
		flat.Set(i%w.rhs.Cols*d+i/w.rhs.Cols, 0, w.rhs.Data[i])
	}
	var a, x mat.Dense
	a.Mul(w.k, w.h)
	for i := range n {
		a.Set(i, i, 1+a.At(i, i))
	}
	if err := x.Solve(&a, flat); err != nil {
		panic(err)
	}
	for i := range w.want.Data {
		w.want.Data[i] = x.At(i%w.rhs.Cols*d+i/w.rhs.Cols, 0)
	}
	return w
}

// times is Hw, by what is written out.
func (w *spelled) times(out, v *num.Dense) {
	for i := range out.Data {
		out.Data[i] = 0
		for l := range v.Data {
			out.Data[i] += w.h.At(i%v.Cols*v.Rows+i/v.Cols, l%v.Cols*v.Rows+l/v.Cols) * v.Data[l]
		}
	}
}

func TestRelatedSystems(t *testing.T) {
	for i, s := range shapes {
		for _, classes := range []int{0, 3} {
			if classes > 0 && s.features > 12 {
				continue
			}
			p := s.random(uint64(i), loss.Softmax{}, classes)
			for _, pen := range relations(t) {
				w := spell(p, pen.On(p.Layout, 0.7).(penalty.Linked), uint64(i))
				what := fmt.Sprintf("%s, %d classes, %T", s.name, classes, pen)
				grams := &curvature{p: p, k: w.c.k, h: w.c.h}
				for col := range p.Columns() {
					grams.grams = append(grams.grams, w.c.gram(col, nil))
				}
				network, again := &network{}, &network{}
				network.renew(w.c)
				network.renew(w.c)
				again.renew(grams)
				alike, _ := newKronecker(w.c)
				for name, sys := range map[string]system{"network": network, "Gram matrices": again, "rows": newKernels(w.c)} {
					got, hw, want := w.rhs.Clone(), w.rhs.Clone(), w.rhs.Clone()
					sys.solve(got)
					near(t, what+" by "+name, got.Data, w.want.Data, 1e-9)
					sys.times(hw, w.rhs)
					w.times(want, w.rhs)
					near(t, what+" by "+name+": H", hw.Data, want.Data, 1e-9)
				}
				got := conjugateGradients(t.Context(), w.c.k, network.times, alike, w.rhs, 1e-24, 5000)
				near(t, what+" by conjugate gradients", got.Data, w.want.Data, 1e-8)
				checkSystem(t, what, w.c.k, alike, w.rhs)
			}
		}
	}
}

// checkSystem asks a system whether its solution solves it: (I + KH)x = p.
func checkSystem(t *testing.T, what string, k *covariance, s system, p *num.Dense) {
	t.Helper()
	x, hx := p.Clone(), p.Clone()
	s.solve(x)
	s.times(hx, x)
	k.times(hx, hx)
	num.Axpy(1, hx.Data, x.Data)
	near(t, what+": (I + KH)x", x.Data, p.Data, 1e-9)
}

// With shared rows the Kronecker product is the whole system; with many
// features its diagonal is one of its own.
func TestKronecker(t *testing.T) {
	for i, s := range shapes {
		p := s.random(uint64(i), loss.Squared{}, 0)
		for _, pen := range relations(t) {
			w := spell(p, pen.On(p.Layout, 0.7).(penalty.Linked), uint64(i))
			g := w.c.gram(0, nil)
			shared := &curvature{p: p, k: w.c.k}
			for range p.Columns() {
				shared.grams = append(shared.grams, g)
			}
			sys, exact := newKronecker(shared)
			if !exact {
				t.Errorf("%s: not exact", s.name)
			}
			again := &network{}
			again.renew(shared)
			got, want := w.rhs.Clone(), w.rhs.Clone()
			sys.solve(got)
			again.solve(want)
			near(t, fmt.Sprintf("%s, %T", s.name, pen), got.Data, want.Data, 1e-9)
			checkSystem(t, s.name, w.c.k, sys, w.rhs)
			l := likeness{columns: w.c.k.slots[0], root: make([]float64, len(w.c.k.slots[0]))}
			l.diagonal(newDiagonal(w.c).h)
			if l.u != nil || len(l.gamma) != p.Features() || !(num.Sum(l.root) > 0) {
				t.Errorf("%s: %+v", s.name, l)
			}
		}
	}
	wide := shape{name: "wide", tasks: 3, rows: 20, features: fewFeatures + 5}
	p := wide.random(1, loss.Squared{}, 0)
	c := &curvature{p: p, k: covarianceOf((&penalty.Temporal{}).On(p.Layout, 0.7))}
	for i := range p.Tasks {
		h := make([]float64, p.Tasks[i].X.Rows)
		for r := range h {
			h[r] = float64(r % 3)
		}
		c.h = append(c.h, h)
	}
	sys, exact := newKronecker(c)
	if exact || sys.sides[0].u != nil {
		t.Errorf("exact %v, with eigenvectors %v", exact, sys.sides[0].u != nil)
	}
	rhs := num.NewDense(p.Features(), p.Columns())
	for i := range rhs.Data {
		rhs.Data[i] = math.Sin(float64(i))
	}
	checkSystem(t, "wide", c.k, sys, rhs)
}

// A tree is eliminated without anything standing but its links, a chain from
// both ends, a ring with blocks, and what joins all with all not at all
// where that is too much.
func TestPlans(t *testing.T) {
	for name, c := range map[string]struct {
		nodes int
		links []penalty.Link
		fill  int
	}{
		"star":  {5, []penalty.Link{{A: 0, B: 4, Weight: 1}, {A: 1, B: 4, Weight: 1}, {A: 2, B: 4, Weight: 1}, {A: 3, B: 4, Weight: 1}, {A: 4, B: -1, Weight: 2}}, 0},
		"chain": {4, []penalty.Link{{A: 0, B: 1, Weight: 1}, {A: 1, B: 2, Weight: 1}, {A: 2, B: 3, Weight: 1}}, 0},
		"ring":  {4, []penalty.Link{{A: 0, B: 1, Weight: 1}, {A: 1, B: 2, Weight: 1}, {A: 2, B: 3, Weight: 1}, {A: 3, B: 0, Weight: 1}}, 3},
	} {
		p, fill := newPlan(c.nodes, c.links), 0
		for i := range p.pivots {
			if len(p.pivots[i].near) > 0 && !p.pivots[i].lone() {
				fill++
			}
		}
		if len(p.pivots) != c.nodes || fill != c.fill {
			t.Errorf("%s: %d nodes eliminated, %d of them with blocks", name, len(p.pivots), fill)
		}
	}
	var all []penalty.Link
	for a := range 200 {
		for b := range a {
			all = append(all, penalty.Link{A: a, B: b, Weight: 1})
		}
	}
	if newPlan(200, all) != nil {
		t.Error("all with all")
	}
}

// Newton and the interior point take any relation of the tasks: the gap says
// so by rows, by features and by conjugate gradients, and so does fista where
// the loss is smooth.
func TestRelatedSolutions(t *testing.T) {
	losses := []struct {
		l       loss.Loss
		classes int
	}{{loss.Squared{}, 0}, {loss.Logistic{}, 2}, {loss.Hinge{}, 2}, {loss.Poisson{}, 0}, {loss.Softmax{}, 3}, {&loss.Huber{}, 0}}
	for i, s := range shapes {
		for j, pen := range relations(t) {
			l := losses[(i+j)%len(losses)]
			p := s.random(uint64(i), l.l, l.classes)
			p.Penalty = pen.On(p.Layout, 0.7)
			name, solver, err := Pick(p)
			want := "newton"
			if _, hinge := l.l.(loss.Hinge); hinge {
				want = "interior"
			}
			if err != nil || name != want {
				t.Errorf("%s, %T, %T: solved by %q, %v", s.name, l.l, pen, name, err)
				continue
			}
			r := solveTo(t, solver, p, 1e-10, 100)
			value, own := Certify(p, r.Point)
			if r.Status != "converged" || own.Value > 1e-8 {
				t.Errorf("%s, %T, %T: %s after %d steps, gap %.1e, certified %.1e", s.name, l.l, pen, r.Status, r.Step, r.Certificate.Value, own.Value)
			}
			if want == "newton" {
				slow := solveTo(t, &FISTA{}, p, 1e-9, 20000)
				if math.Abs(slow.Objective-value) > 1e-8*(1+math.Abs(value)) {
					t.Errorf("%s, %T, %T: %v by newton, %v by fista", s.name, l.l, pen, value, slow.Objective)
				}
			}
		}
	}
}

// Where K is singular, fista is left, which needs a smooth loss.
func TestSingularRelation(t *testing.T) {
	ones, names := num.NewDense(5, 5), []string{"0", "1", "2", "3", "4"}
	for i := range ones.Data {
		ones.Data[i] = 1
	}
	p := shapes[0].random(1, loss.Logistic{}, 2)
	p.Penalty = (&penalty.Covariance{Omega: ones, Tasks: names}).On(p.Layout, 1)
	name, solver, err := Pick(p)
	if err != nil || name != "fista" {
		t.Fatalf("by %q, %v", name, err)
	}
	w := solveTo(t, solver, p, 1e-10, 5000).Point.W
	p.Penalty = penalty.Common{}.On(p.Layout, 1)
	near(t, "one vector for all", w.Data, solveTo(t, &Newton{}, p, 1e-12, 100).Point.W.Data, 1e-5)
	p = shapes[0].random(1, loss.Hinge{}, 2)
	p.Penalty = (&penalty.Covariance{Omega: ones, Tasks: names}).On(p.Layout, 1)
	if _, _, err := Pick(p); err == nil || !strings.Contains(err.Error(), "needs a smooth loss") {
		t.Errorf("%v", err)
	}
	if err := (&Interior{}).Accepts(p); err == nil || !strings.Contains(err.Error(), "not singular") {
		t.Errorf("%v", err)
	}
}

// hierarchy is a tree of n tasks with about n^⅓ and n^⅔ groups.
func hierarchy(n int) *penalty.Node {
	side := int(math.Ceil(math.Cbrt(float64(n))))
	root := &penalty.Node{}
	for i := range n {
		if i%(side*side) == 0 {
			root.Children = append(root.Children, &penalty.Node{})
		}
		group := root.Children[len(root.Children)-1]
		if i%side == 0 {
			group.Children = append(group.Children, &penalty.Node{})
		}
		inner := group.Children[len(group.Children)-1]
		inner.Children = append(inner.Children, &penalty.Node{Name: fmt.Sprint(i)})
	}
	return root
}

// lattice joins each of n tasks to some near and some far.
func lattice(n int) []penalty.Edge {
	var edges []penalty.Edge
	for i := range n {
		for _, by := range []int{1, 2, 7, 31} {
			if j := (i + by) % n; j != i {
				edges = append(edges, penalty.Edge{From: fmt.Sprint(i), To: fmt.Sprint(j), Weight: 0.1})
			}
		}
	}
	return edges
}

func benchmarkRelated(b *testing.B, data string, l loss.Loss, pen func(n int) penalty.Penalty, s Solver, lambda, tol float64) {
	p := real(b, data, l)
	p.Penalty = pen(len(p.Tasks)).On(p.Layout, lambda)
	if _, ok := l.(loss.Squared); ok {
		p.Moments()
	}
	steps := 0
	for b.Loop() {
		steps = solveTo(b, s, p, tol, 20000).Step
	}
	b.ReportMetric(float64(steps), "steps")
}

func onTree(n int) penalty.Penalty { return &penalty.Tree{Mu: 0.1, Root: hierarchy(n)} }

func onGraph(n int) penalty.Penalty { return &penalty.Graph{Mu: 0.1, Edges: lattice(n)} }

func BenchmarkTreeSchoolNewton(b *testing.B) {
	benchmarkRelated(b, "school", loss.Squared{}, onTree, &Newton{}, 100, 1e-6)
}

func BenchmarkTreeSchoolFISTA(b *testing.B) {
	benchmarkRelated(b, "school", loss.Squared{}, onTree, &FISTA{}, 100, 1e-6)
}

func BenchmarkGraphSchoolNewton(b *testing.B) {
	benchmarkRelated(b, "school", loss.Squared{}, onGraph, &Newton{}, 100, 1e-6)
}

func BenchmarkGraphSchoolFISTA(b *testing.B) {
	benchmarkRelated(b, "school", loss.Squared{}, onGraph, &FISTA{}, 100, 1e-6)
}

func BenchmarkTreeLandmineLogistic(b *testing.B) {
	benchmarkRelated(b, "landmine", loss.Logistic{}, onTree, &Newton{}, 1, 1e-6)
}

func BenchmarkTreeLandmineSVM(b *testing.B) {
	benchmarkRelated(b, "landmine", loss.Hinge{}, onTree, &Interior{}, 1, 1e-6)
}

func BenchmarkGraphLandmineSVM(b *testing.B) {
	benchmarkRelated(b, "landmine", loss.Hinge{}, onGraph, &Interior{}, 1, 1e-6)
}

// On the real tasks every solver reaches a relative gap of 1e-8, measured by
// Certify, which knows nothing of the solver.
func TestRealRelations(t *testing.T) {
	for _, c := range []struct {
		data    string
		loss    loss.Loss
		penalty func(n int) penalty.Penalty
		lambda  float64
		solver  string
	}{
		{"school", loss.Squared{}, onTree, 100, "newton"},
		{"school", loss.Squared{}, onGraph, 100, "newton"},
		{"school", loss.Squared{}, func(int) penalty.Penalty { return &penalty.Robust{} }, 1000, "fista"},
		{"school", loss.Squared{}, func(int) penalty.Penalty { return &penalty.TemporalLasso{} }, 1000, "fista"},
		{"landmine", loss.Logistic{}, onTree, 1, "newton"},
		{"landmine", loss.Hinge{}, onTree, 1, "interior"},
		{"landmine", loss.Hinge{}, onGraph, 1, "interior"},
		{"landmine", loss.Logistic{}, func(int) penalty.Penalty { return &penalty.Dirty{} }, 3, "fista"},
	} {
		p := real(t, c.data, c.loss)
		pen := c.penalty(len(p.Tasks))
		p.Penalty = pen.On(p.Layout, c.lambda)
		name, solver, err := Pick(p)
		if err != nil || name != c.solver {
			t.Errorf("%T on %s: by %q, %v", pen, c.data, name, err)
			continue
		}
		r := solveTo(t, solver, p, 1e-8, 20000)
		objective, certificate := Certify(p, r.Point)
		t.Logf("%s, %s × %T by %s: gap %.1e after %d steps, objective %.10g", c.data, loss.All.NameOf(c.loss), pen, name, certificate.Value, r.Step, objective)
		if r.Status != "converged" || certificate.Value > 2e-8 {
			t.Errorf("%T on %s: gap %.1e, %s", pen, c.data, certificate.Value, r.Status)
		}
	}
}
