package solve

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
)

// Two ways down end at the same place, and both certificates hold there.
func TestBCDIsFISTA(t *testing.T) {
	for i, s := range shapes {
		for _, pen := range []penalty.Penalty{penalty.L21{}, penalty.Lasso{}, &penalty.ElasticNet{}, penalty.Ridge{}} {
			for _, share := range []float64{0.5, 0.01} {
				p := s.random(uint64(i), loss.Squared{}, 0).regularized(pen, share)
				a, b := solveTo(t, &BCD{}, p, 1e-10, 1000), solveTo(t, &FISTA{}, p, 1e-10, 20000)
				if gap := slowGap(p, a.Point); a.Status != "converged" || gap > 1e-8 {
					t.Errorf("%s, %T, %v: %s after %d rounds, gap %g, by rows %g", s.name, pen, share, a.Status, a.Step, a.Certificate.Value, gap)
				}
				if off := math.Abs(a.Objective - b.Objective); off > 1e-8*math.Abs(b.Objective) {
					t.Errorf("%s, %T, %v: %v, fista %v (%s)", s.name, pen, share, a.Objective, b.Objective, b.Status)
				}
				if pen == (penalty.Ridge{}) && share > 0.1 {
					near(t, s.name+": W", a.Point.W.Data, b.Point.W.Data, 1e-4)
				}
			}
		}
	}
}

// Gram matrices, whole or of the working set, and residuals move alike.
func TestBlocks(t *testing.T) {
	for i, s := range shapes {
		p := s.random(uint64(i), loss.Squared{}, 0)
		rng := rand.New(rand.NewPCG(uint64(i), 9))
		d, k := p.Features(), p.Columns()
		set := []int{}
		w := num.NewDense(d, k)
		for j := range d {
			if j%2 == 0 {
				set = append(set, j)
			}
			if j%4 == 0 {
				for c := range k {
					w.Set(j, c, rng.NormFloat64())
				}
			}
		}
		whole, lines := &gramFeatures{q: newQuadratic(p)}, newRowFeatures(p)
		var squares []float64
		var intercepts [][]float64
		var gradients []*num.Dense
		for _, f := range []features{whole, lines} {
			f.use(set)
			g, b := num.NewDense(d, k), make([]float64, k)
			squares = append(squares, f.refresh(g, w, b))
			gradients, intercepts = append(gradients, g), append(intercepts, b)
		}
		near(t, s.name+": squares", squares[:1], squares[1:], 1e-9)
		near(t, s.name+": intercepts", intercepts[0], intercepts[1], 1e-9)
		near(t, s.name+": gradient", gradients[0].Data, gradients[1].Data, 1e-9)
		all := []blocks{whole.blocks(w, gradients[0]), lines.blocks(w, gradients[1]), newResidualBlocks(lines)}
		for step := range 20 {
			a := step % len(set)
			by := make([]float64, k)
			for c := range by {
				by[c] = rng.NormFloat64()
			}
			want, got := make([]float64, len(set)*k), make([]float64, len(set)*k)
			all[0].gradients(want)
			for _, b := range all[1:] {
				b.gradients(got)
				near(t, s.name+": gradients", got, want, 1e-9)
				near(t, s.name+": diagonal", b.diagonal(a), all[0].diagonal(a), 1e-9)
			}
			for _, b := range all {
				b.move(a, by)
			}
		}
	}
}

// Of many features, the sweeps touch the few that matter.
func TestWorkingSet(t *testing.T) {
	p := wide(300, 2000, 5, 8).regularized(penalty.L21{}, 0.2)
	r := solveTo(t, &BCD{}, p, 1e-9, 100)
	used := support(r.Point.W)
	set := workingSet(p.Penalty.(penalty.RowSeparable), r.Point.W, Gradient(p, r.Point), firstSet)
	t.Logf("%d of 2000 features used, %d in the last working set, gap %.1e after %d rounds", len(used), len(set), r.Certificate.Value, r.Step)
	if r.Status != "converged" || len(used) < 8 || len(set) > 2*firstSet || !within(used, set) {
		t.Errorf("%s: %d features used, %d in the working set", r.Status, len(used), len(set))
	}
}

func TestWithin(t *testing.T) {
	for _, c := range []struct {
		a, b []int
		want bool
	}{{nil, nil, true}, {nil, []int{1}, true}, {[]int{1}, nil, false}, {[]int{1, 4}, []int{0, 1, 3, 4}, true}, {[]int{2}, []int{1, 3}, false}, {[]int{5}, []int{1, 3}, false}} {
		if within(c.a, c.b) != c.want {
			t.Errorf("%v within %v", c.a, c.b)
		}
	}
}

// wide is one table with k targets that all use the same few features.
func wide(n, d, k, used int) *Problem {
	rng := rand.New(rand.NewPCG(1, 2))
	x := num.NewMatrix(n, d)
	for i := range x.Data {
		x.Data[i] = rng.NormFloat64()
	}
	p := &Problem{}
	for range k {
		w, y := make([]float64, d), make([]float64, n)
		for j := range used {
			w[j] = rng.NormFloat64()
		}
		x.MulVec(y, w)
		for i := range y {
			y[i] += rng.NormFloat64()
		}
		p.Tasks = append(p.Tasks, Task{X: x, Y: y, Loss: loss.Squared{}, Outputs: 1})
	}
	p.layOut()
	return p
}

// On real data every penalty reaches 1e-8.
func TestBCDReal(t *testing.T) {
	p := real(t, "school", loss.Squared{})
	for _, pen := range []penalty.Penalty{penalty.L21{}, penalty.Lasso{}, &penalty.ElasticNet{}, penalty.Ridge{}} {
		share := 10.0
		if _, ok := pen.On(p.Layout, 1).(penalty.Vanishing); ok {
			share = 0.01
		}
		p.regularized(pen, share)
		begin := time.Now()
		r := solveTo(t, &BCD{}, p, 1e-8, 1000)
		t.Logf("school, %T: gap %.1e after %d rounds, %.0f ms", pen, r.Certificate.Value, r.Step, 1e3*time.Since(begin).Seconds())
		if gap := slowGap(p, r.Point); r.Status != "converged" || gap > 1e-7 {
			t.Errorf("%T: %s, gap %g, by rows %g", pen, r.Status, r.Certificate.Value, gap)
		}
	}
}

func benchmarkWide(b *testing.B, n, d, k int, share, tol float64) {
	p := wide(n, d, k, 10).regularized(penalty.L21{}, share)
	for b.Loop() {
		p.moments = nil
		solveTo(b, &BCD{}, p, tol, 1000)
	}
}

func BenchmarkBCD1000x100x10(b *testing.B)       { benchmarkWide(b, 1000, 100, 10, 0.1, 1e-8) }
func BenchmarkBCD1000x2000x10(b *testing.B)      { benchmarkWide(b, 1000, 2000, 10, 0.1, 1e-8) }
func BenchmarkBCD1000x2000x10Dense(b *testing.B) { benchmarkWide(b, 1000, 2000, 10, 0.01, 1e-4) }
func BenchmarkBCD5000x500x10(b *testing.B)       { benchmarkWide(b, 5000, 500, 10, 0.1, 1e-8) }

func BenchmarkBCDSchoolL21(b *testing.B) {
	p := real(b, "school", loss.Squared{}).regularized(penalty.L21{}, 0.01)
	for b.Loop() {
		p.moments = nil
		solveTo(b, &BCD{}, p, 1e-8, 1000)
	}
}

// A Newton step on the rows in use takes the gradient of the objective to
// nearly nothing: by so much as the step is small.
func TestNewtonDirection(t *testing.T) {
	for i, s := range shapes {
		for _, pen := range []penalty.Penalty{penalty.L21{}, &penalty.L21Ridge{}} {
			p := s.random(uint64(i), loss.Squared{}, 0).regularized(pen, 0.1)
			f := p.Penalty.(penalty.Radial)
			land := &gramFeatures{q: newQuadratic(p)}
			x, g := NewPoint(p), num.NewDense(p.Features(), p.Columns())
			rng := rand.New(rand.NewPCG(uint64(i), 3))
			for j := 0; j < x.W.Rows; j += 2 {
				for c := range x.W.Cols {
					x.W.Set(j, c, rng.NormFloat64())
				}
			}
			set := support(x.W)
			land.use(set)
			slope := func() []float64 {
				land.refresh(g, x.W, x.B)
				var all []float64
				for _, j := range set {
					r := num.Norm(x.W.Row(j))
					first, _ := f.Bend(r)
					for c, v := range x.W.Row(j) {
						all = append(all, g.At(j, c)+first/r*v)
					}
				}
				return all
			}
			before := slope()
			w := num.NewDense(len(set), x.W.Cols)
			gradients := w.Clone()
			for a, j := range set {
				copy(w.Row(a), x.W.Row(j))
				copy(gradients.Row(a), g.Row(j))
			}
			b := land.blocks(x.W, g).(*gramBlocks)
			step := (&sweeper{f: p.Penalty.(penalty.RowSeparable), radial: f, k: w.Cols, w: w, g: gradients}).direction(b)
			const short = 1e-5
			for a, j := range set {
				num.Axpy(short, step.Row(a), x.W.Row(j))
			}
			left := slope()
			num.Axpy(short-1, before, left)
			if num.Norm(left) > 0.01*short*num.Norm(before) {
				t.Errorf("%s, %T: the gradient falls from %v by all but %v", s.name, pen, short*num.Norm(before), num.Norm(left))
			}
		}
	}
}

// Columns that say nearly the same, and tasks that curve differently, take few
// rounds.
func TestBCDCollinear(t *testing.T) {
	p := shape{tasks: 12, rows: 40, features: 9}.random(5, loss.Squared{}, 0)
	for i := range p.Tasks {
		x := p.Tasks[i].X
		for r := range x.Rows {
			_, row := x.Row(r)
			for j := 1; j < x.Cols; j++ {
				row[j] = float64(i+1) * (row[0] + 0.02*row[j])
			}
			row[0] *= float64(i + 1)
		}
	}
	for _, pen := range []penalty.Penalty{penalty.L21{}, &penalty.L21Ridge{L1Ratio: 0.9}} {
		for _, share := range []float64{0.1, 0.001} {
			p.regularized(pen, share)
			r := solveTo(t, &BCD{}, p, 1e-9, 20)
			if gap := slowGap(p, r.Point); r.Status != "converged" || gap > 1e-8 {
				t.Errorf("%T, %v: %s after %d rounds, gap %g, by rows %g", pen, share, r.Status, r.Step, r.Certificate.Value, gap)
			}
		}
	}
}

// A path on rows that are solved for again ends where each of its problems does
// by itself.
func TestBCDPath(t *testing.T) {
	for i, s := range shapes {
		p := s.random(uint64(i), loss.Squared{}, 0)
		p.Again = true
		var start *Point
		for _, share := range []float64{0.5, 0.1, 0.02, 0.1} {
			p.regularized(penalty.L21{}, share)
			r, err := Run(context.Background(), &BCD{}, p, start, 1e-10, 1000)
			if err != nil {
				t.Fatal(err)
			}
			start = r.Point
			alone := solveTo(t, &BCD{}, s.random(uint64(i), loss.Squared{}, 0).regularized(penalty.L21{}, share), 1e-10, 1000)
			if gap := slowGap(p, r.Point); gap > 1e-9 || math.Abs(r.Objective-alone.Objective) > 1e-9*alone.Objective {
				t.Errorf("%s, %v: %v on the path, gap %g; %v alone", s.name, share, r.Objective, gap, alone.Objective)
			}
		}
	}
}
