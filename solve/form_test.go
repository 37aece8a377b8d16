package solve

import (
	"fmt"
	"math"
	"testing"

	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
)

var splits = []penalty.Penalty{&penalty.Dirty{}, &penalty.RMTFL{}, &penalty.Robust{}, &penalty.SparseLowRank{}}

// The parts sum to W, and no others cost less: the certificate holds where the
// parts are forgotten.
func TestSplitCertificate(t *testing.T) {
	losses := []struct {
		l       loss.Loss
		classes int
	}{{loss.Squared{}, 0}, {loss.Logistic{}, 2}, {loss.Poisson{}, 0}, {loss.Softmax{}, 3}}
	count := 0
	for i, s := range shapes {
		for j, pen := range splits {
			l := losses[(i+j)%len(losses)]
			p := s.random(uint64(i), l.l, l.classes).regularized(pen, 0.3)
			r := solveTo(t, &FISTA{}, p, 1e-8, 50000)
			name := fmt.Sprintf("%s, %T, %T", s.name, l.l, pen)
			_, own := Certify(p, r.Point.Clone())
			w := num.NewDense(p.Features(), p.Columns())
			for _, part := range r.Point.Parts {
				num.Axpy(1, part.Data, w.Data)
			}
			near(t, name+": the sum of the parts", w.Data, r.Point.W.Data, 1e-15)
			r.Point.Parts = nil
			_, forgotten := Certify(p, r.Point)
			if r.Status != "converged" || own.Value > 1e-6 || forgotten.Value > 1e-6 {
				t.Errorf("%s: %s after %d steps, gap %.1e, certified %.1e, with the parts forgotten %.1e", name, r.Status, r.Step, r.Certificate.Value, own.Value, forgotten.Value)
			}
			count++
		}
	}
	t.Logf("%d problems", count)
}

// A start with its parts is where the solver goes on.
func TestSplitWarmStart(t *testing.T) {
	for _, l := range []loss.Loss{loss.Squared{}, loss.Logistic{}} {
		classes := 0
		if l == (loss.Logistic{}) {
			classes = 2
		}
		p := shapes[0].random(3, l, classes).regularized(&penalty.Robust{}, 0.2)
		cold := solveTo(t, &FISTA{}, p, 1e-9, 50000)
		warm, err := Run(t.Context(), &FISTA{}, p, cold.Point, 1e-7, 50000)
		if err != nil || warm.Step > 2 {
			t.Errorf("%T: from the solution it takes %d steps, %v", l, warm.Step, err)
		}
	}
}

// split is a Split of two penalties of given strengths.
func (p *Problem) split(a penalty.Penalty, l1 float64, b penalty.Penalty, l2 float64) penalty.Func {
	return penalty.NewSplit(a.On(p.Layout, l1).(penalty.Proximal), b.On(p.Layout, l2).(penalty.Proximal))
}

// Where one part is dear enough the other does all. P and Q need not be
// unique: W is.
func TestSplitCollapses(t *testing.T) {
	for _, i := range []int{0, 1, 2, 6} {
		p := shapes[i].random(uint64(i), loss.Squared{}, 0)
		d, k := float64(p.Features()), float64(p.Columns())
		weights := func(f penalty.Func) []float64 {
			p.Penalty = f
			return solveTo(t, &FISTA{}, p, 1e-13, 50000).Point.W.Data
		}
		lambda := func(pen penalty.Penalty) float64 { return 0.2 * strength(p, pen) }
		l21, trace, lasso := lambda(penalty.L21{}), lambda(penalty.Trace{}), lambda(penalty.Lasso{})
		alone := func(name string, part penalty.Penalty, l float64, f penalty.Func) {
			t.Helper()
			near(t, shapes[i].name+", "+name, weights(f), weights(part.On(p.Layout, l)), 1e-5)
		}
		alone("dirty by rows: L21", penalty.L21{}, l21, p.split(penalty.L21{}, l21, penalty.Lasso{}, l21))
		alone("dirty by rows: lasso", penalty.Lasso{}, lasso, p.split(penalty.L21{}, math.Sqrt(k)*lasso, penalty.Lasso{}, lasso))
		alone("dirty: lasso", penalty.Lasso{}, lasso, (&penalty.Dirty{Theta: 1}).On(p.Layout, lasso))
		alone("sparse and low rank: trace", penalty.Trace{}, trace, p.split(penalty.Trace{}, trace, penalty.Lasso{}, trace))
		alone("sparse and low rank: lasso", penalty.Lasso{}, lasso, p.split(penalty.Trace{}, math.Sqrt(d*k)*lasso, penalty.Lasso{}, lasso))
		// λ1 = λ2 at θ = 0, and the trace norm of one column is its length.
		alone("robust: trace", penalty.Trace{}, trace, (&penalty.Robust{Theta: 1e-12}).On(p.Layout, trace))
		for name, f := range map[string]penalty.Penalty{"robust": &penalty.Robust{Theta: 1}, "rmtfl": &penalty.RMTFL{Theta: 1}} {
			got := weights(f.On(p.Layout, trace))
			for c := range p.Tasks {
				one := &Problem{Tasks: p.Tasks[c : c+1]}
				one.layOut()
				one.Penalty = penalty.Trace{}.On(one.Layout, trace)
				want := solveTo(t, &FISTA{}, one, 1e-13, 50000).Point.W.Data
				w := num.Dense{Rows: p.Features(), Cols: p.Columns(), Data: got}
				near(t, shapes[i].name+", "+name+": each task a group", w.Col(make([]float64, w.Rows), c), want, 1e-5)
			}
		}
	}
}

// W is 0 just where the gradient g of the loss at 0 meets the conditions of
// both parts.
func TestSplitZero(t *testing.T) {
	for i, s := range shapes {
		if s.name == "one row" {
			continue
		}
		p := s.random(uint64(i), loss.Squared{}, 0)
		x := NewPoint(p)
		OptimizeIntercepts(p, x)
		g := Gradient(p, x)
		entry, row, wide, column := 0.0, 0.0, 0.0, 0.0
		for j := range g.Rows {
			sum := 0.0
			for _, v := range g.Row(j) {
				entry, sum = max(entry, math.Abs(v)), sum+math.Abs(v)
			}
			row, wide = max(row, num.Norm(g.Row(j))), max(wide, sum)
		}
		for c := range g.Cols {
			column = max(column, num.Norm(g.Col(make([]float64, g.Rows), c)))
		}
		sigma, k := num.SingularValues(g)[0], float64(g.Cols)
		root := math.Sqrt(math.Sqrt(k)) // λ1/λ2 of Dirty and SparseLowRank is k^½, of Robust k^¼, of RMTFL 1
		for _, c := range []struct {
			pen    penalty.Penalty
			lambda float64
		}{
			{&penalty.Dirty{}, max(wide/(root*root), entry)},
			{&penalty.SparseLowRank{}, max(sigma/(root*root), entry)},
			{&penalty.Robust{}, max(sigma/root, column)},
			{&penalty.RMTFL{}, max(row, column)},
		} {
			near(t, s.name+": the strength", []float64{strength(p, c.pen)}, []float64{c.lambda}, 1e-12)
			for share, zero := range map[float64]bool{1 + 1e-9: true, 0.999: false} {
				p.Penalty = c.pen.On(p.Layout, share*c.lambda)
				r := solveTo(t, &FISTA{}, p, 1e-12, 5000)
				if got := len(support(r.Point.W)) == 0; got != zero {
					t.Errorf("%s, %T: at %v of the strength W = 0 is %v", s.name, c.pen, share, got)
				}
			}
		}
	}
}

// Sums of a quadratic and what has a proximal operator reach their certificate.
func TestSumCertificate(t *testing.T) {
	losses := []struct {
		l       loss.Loss
		classes int
	}{{loss.Squared{}, 0}, {loss.Logistic{}, 2}, {loss.Poisson{}, 0}, {loss.Softmax{}, 3}}
	for i, s := range shapes {
		for j, pen := range []penalty.Penalty{&penalty.SparseGraph{}, &penalty.TemporalLasso{}} {
			l := losses[(i+2*j)%len(losses)]
			p := s.random(uint64(i), l.l, l.classes).regularized(pen, 0.3)
			r := solveTo(t, &FISTA{}, p, 1e-8, 50000)
			if _, own := Certify(p, r.Point); r.Status != "converged" || own.Value > 1e-6 {
				t.Errorf("%s, %T, %T: %s after %d steps, gap %.1e, certified %.1e", s.name, l.l, pen, r.Status, r.Step, r.Certificate.Value, own.Value)
			}
		}
	}
}

// weights solves p with a penalty.
func (p *Problem) weights(t *testing.T, f penalty.Func) []float64 {
	t.Helper()
	p.Penalty = f
	return solveTo(t, &FISTA{}, p, 1e-13, 50000).Point.W.Data
}

func TestSumLimits(t *testing.T) {
	for i, s := range shapes {
		for _, l := range []loss.Loss{loss.Squared{}, loss.Logistic{}} {
			classes := 0
			if l == (loss.Logistic{}) {
				classes = 2
			}
			p := s.random(uint64(i), l, classes)
			lambda := max(0.2*strength(p, penalty.Lasso{}), 1e-3)
			near(t, s.name+": a graph without edges leaves the lasso", p.weights(t, (&penalty.SparseGraph{L1Ratio: 0.4, Edges: []penalty.Edge{}}).On(p.Layout, lambda/0.4)),
				p.weights(t, penalty.Lasso{}.On(p.Layout, lambda)), 1e-5)
			one := &Problem{Tasks: p.Tasks[:1]}
			one.layOut()
			near(t, s.name+": one task alone", one.weights(t, (&penalty.SparseGraph{L1Ratio: 0.4}).On(one.Layout, lambda/0.4)),
				one.weights(t, penalty.Lasso{}.On(one.Layout, lambda)), 1e-5)
		}
		// Of one feature, rows of W are W: the sum is a group elastic net, whose
		// operator is known for one task.
		p := s.random(uint64(i), loss.Squared{}, 0)
		for c := range p.Tasks {
			one := &Problem{Tasks: p.Tasks[c : c+1]}
			one.layOut()
			near(t, s.name+": one time is an elastic net", one.weights(t, (&penalty.TemporalLasso{L1Ratio: 0.4, Mu: 1}).On(one.Layout, 3)),
				one.weights(t, (&penalty.ElasticNet{L1Ratio: 0.4}).On(one.Layout, 3)), 1e-5)
		}
	}
}

// Components of a graph that no edge joins are problems of their own.
func TestComponentsSeparate(t *testing.T) {
	edges := []penalty.Edge{{From: "0", To: "2", Weight: 1}, {From: "2", To: "4", Weight: 3}, {From: "1", To: "3", Weight: 2}}
	for _, pen := range []penalty.Penalty{&penalty.Graph{Mu: 0.1, Edges: edges}, &penalty.SparseGraph{L1Ratio: 0.3, Edges: edges}} {
		p := shapes[0].random(2, loss.Squared{}, 0)
		all := &num.Dense{Rows: p.Features(), Cols: p.Columns(), Data: p.weights(t, pen.On(p.Layout, 2))}
		for _, component := range [][]int{{0, 2, 4}, {1, 3}} {
			part := &Problem{}
			for _, task := range component {
				part.Tasks = append(part.Tasks, p.Tasks[task])
				part.Layout.Task, part.Layout.Slot = append(part.Layout.Task, task), append(part.Layout.Slot, 0)
			}
			w := &num.Dense{Rows: p.Features(), Cols: len(component), Data: part.weights(t, pen.On(part.Layout, 2))}
			for c, task := range component {
				room := make([]float64, w.Rows)
				near(t, fmt.Sprintf("%T, task %d", pen, task), all.Col(make([]float64, w.Rows), task), w.Col(room, c), 1e-6)
			}
		}
	}
}

// Time may run backwards, but not to and fro.
func TestTemporalOrder(t *testing.T) {
	for _, pen := range []penalty.Penalty{&penalty.Temporal{Mu: 0.1}, &penalty.TemporalLasso{L1Ratio: 0.2}} {
		p := shapes[0].random(4, loss.Squared{}, 0)
		far := func(order ...int) float64 {
			turned := &Problem{}
			for _, task := range order {
				turned.Tasks = append(turned.Tasks, p.Tasks[task])
			}
			turned.layOut()
			w := num.Dense{Rows: p.Features(), Cols: p.Columns(), Data: p.weights(t, pen.On(p.Layout, 5))}
			v := num.Dense{Rows: p.Features(), Cols: p.Columns(), Data: turned.weights(t, pen.On(turned.Layout, 5))}
			most := 0.0
			for j := range w.Rows {
				for to, from := range order {
					most = max(most, math.Abs(w.At(j, from)-v.At(j, to)))
				}
			}
			return most
		}
		if same, other := far(4, 3, 2, 1, 0), far(0, 3, 1, 4, 2); same > 1e-6 || other < 1e-3 {
			t.Errorf("%T: backwards the weights change by %v, to and fro by %v", pen, same, other)
		}
	}
}
