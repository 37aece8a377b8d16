package solve

import (
	"context"
	"math"
	"runtime"
	"testing"

	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
)

// apart is the distance of two matrices relative to the second.
func apart(a, b *num.Dense) float64 {
	r := a.Clone()
	num.Axpy(-1, b.Data, r.Data)
	return num.Norm(r.Data) / math.Max(num.Norm(b.Data), math.SmallestNonzeroFloat64)
}

// trace solves p with the trace norm.
func (p *Problem) trace(t *testing.T, lambda, tol float64) Result {
	t.Helper()
	q := *p
	q.Penalty = penalty.Trace{}.On(p.Layout, lambda)
	return solveTo(t, &FISTA{}, &q, tol, 30000)
}

// With a rank that suffices, the embedding is the trace norm.
func TestEmbeddingIsTheTraceNorm(t *testing.T) {
	seen := 0
	for _, l := range []struct {
		loss    loss.Loss
		classes int
	}{{loss.Squared{}, 0}, {loss.Logistic{}, 2}, {loss.Softmax{}, 3}} {
		for _, s := range shapes {
			p := s.random(3, l.loss, l.classes)
			top := strength(p, penalty.Trace{})
			if top == 0 {
				continue
			}
			for _, share := range []float64{1.01, 0.5, 0.1} {
				lambda := share * top
				want := p.trace(t, lambda, 1e-12)
				p.Penalty = (&penalty.Embedding{}).On(p.Layout, lambda)
				got := solveTo(t, &Factored{}, p, 1e-11, 5000)
				far, gap := apart(got.Point.W, want.Point.W), (got.Objective-want.Objective)/want.Objective
				seen++
				if got.Status != "converged" || got.Certificate.Kind != "gap" || math.Abs(gap) > 1e-8 || far > 1e-5 {
					t.Errorf("%s, %T, %v: %+v, objective %.1e, W %.1e apart", s.name, l.loss, share, got.Certificate, gap, far)
				}
			}
		}
	}
	t.Logf("%d problems", seen)
}

// Real tasks: the trace norm's objective, and a rank below that of its optimum
// ends above it by no more than its bound says.
func TestEmbeddingOfSchool(t *testing.T) {
	p := real(t, "school", loss.Squared{})
	want := p.trace(t, 1000, 1e-11)
	sigma := num.SingularValues(want.Point.W)
	rank := 0
	for rank < len(sigma) && sigma[rank] > 1e-6*sigma[0] {
		rank++
	}
	for _, k := range []int{0, rank, rank - 1, 1} {
		p.Penalty = (&penalty.Embedding{Rank: k}).On(p.Layout, 1000)
		got := solveTo(t, &Factored{}, p, 1e-9, 5000)
		above := (got.Objective - want.Objective) / got.Objective
		t.Logf("rank %d of %d: %s after %d steps, %s %.1e, %.1e above the trace norm, W %.1e", k, rank, got.Status, got.Step, got.Certificate.Kind, got.Certificate.Value, above, apart(got.Point.W, want.Point.W))
		if k == 0 || k == rank {
			if got.Status != "converged" || got.Certificate.Kind != "gap" || math.Abs(above) > 1e-8 || apart(got.Point.W, want.Point.W) > 1e-5 {
				t.Errorf("rank %d: not the trace norm", k)
			}
			continue
		}
		if got.Status != "stationary" || got.Certificate.Kind != "bound" || above < 1e-9 || above > got.Certificate.Value {
			t.Errorf("rank %d: not a bound", k)
		}
	}
}

// Too small a rank is stationary, above the trace norm, and says by how much at
// most; the fall is monotone, and Certify, which knows nothing of the way, says
// the same.
func TestFactoredIsMonotoneAndCertified(t *testing.T) {
	problems := 0
	for _, l := range []struct {
		loss    loss.Loss
		classes int
	}{{loss.Squared{}, 0}, {loss.Logistic{}, 2}, {&loss.Huber{}, 0}, {loss.SquaredHinge{}, 2}, {loss.Poisson{}, 0}, {loss.Softmax{}, 3}} {
		for _, s := range shapes {
			p := s.random(5, l.loss, l.classes)
			for _, pen := range []penalty.Penalty{&penalty.Embedding{Rank: 1}, &penalty.GOMTL{Rank: 1}, &penalty.GOMTL{Rank: 3}} {
				p.apart = nil
				p.Penalty = pen.On(p.Layout, 1)
				lambda := 0.1 * math.Max(1e-3, Breakeven(p, p.Penalty.(penalty.Factored)))
				p.Penalty = pen.On(p.Layout, lambda)
				var last State
				falls := math.Inf(1)
				for st := range (&Factored{}).Steps(context.Background(), p, nil, 1e-7) {
					if !math.IsInf(st.Certificate.Value, 1) && st.Objective > falls+1e-12*math.Abs(falls) {
						t.Errorf("%s, %T × %T: the objective rises from %v to %v", s.name, l.loss, pen, falls, st.Objective)
					}
					falls, last = math.Min(falls, st.Objective), st
					if st.Certificate.Value <= 1e-7 || st.Stalled || st.Step >= 3000 {
						break
					}
				}
				problems++
				objective, c := Certify(p, last.Point)
				if math.Abs(objective-last.Objective) > 1e-10*math.Abs(objective) {
					t.Errorf("%s, %T × %T: objective %v, certified %v", s.name, l.loss, pen, last.Objective, objective)
				}
				switch last.Certificate.Kind {
				case "residual":
					if last.Certificate.Value > 1e-7 || math.Abs(c.Value-last.Certificate.Value) > 1e-9+0.1*c.Value {
						t.Errorf("%s, %T × %T: residual %.2e, certified %+v after %d steps", s.name, l.loss, pen, last.Certificate.Value, c, last.Step)
					}
				case "bound":
					want := p.trace(t, lambda, 1e-9)
					above := last.Objective - want.Objective
					least := last.Objective - last.Certificate.Value*math.Max(math.Abs(last.Objective), math.Abs(want.Objective))
					if !last.Stalled || above < -1e-9*math.Abs(want.Objective) || least > want.Objective+1e-9*math.Abs(want.Objective) || c.Value < last.Certificate.Value*(1-1e-9) {
						t.Errorf("%s, %T: %+v, certified %+v, %v where the trace norm has %v", s.name, l.loss, last.Certificate, c, last.Objective, want.Objective)
					}
				}
			}
		}
	}
	t.Logf("%d problems", problems)
}

// With a rank that takes all and a strength that is next to none, the latent
// tasks are no more than another way to write each task's own least squares.
func TestGOMTLOfNoStrengthIsEachTaskAlone(t *testing.T) {
	s := shape{tasks: 3, rows: 40, features: 4}
	p := s.random(2, loss.Squared{}, 0)
	p.Penalty = (&penalty.GOMTL{}).On(p.Layout, 1e-7)
	got := solveTo(t, &Factored{}, p, 1e-10, 20000)
	p.Penalty = penalty.Ridge{}.On(p.Layout, 1e-9)
	want := solveTo(t, &Newton{}, p, 1e-12, 10)
	if far := apart(got.Point.W, want.Point.W); far > 1e-6 {
		t.Errorf("%v apart: %v and %v", far, got.Point.W.Data, want.Point.W.Data)
	}
}

// What is found does not depend on where a search came from, nor on how many
// workers there are.
func TestGOMTLStartsAfresh(t *testing.T) {
	p := shapes[0].random(4, loss.Logistic{}, 2)
	p.Penalty = (&penalty.GOMTL{}).On(p.Layout, 1)
	top := Breakeven(p, p.Penalty.(penalty.Factored))
	p.Penalty = (&penalty.GOMTL{}).On(p.Layout, 0.1*top)
	want := solveTo(t, &Factored{}, p, 1e-8, 5000)
	p.Penalty = (&penalty.GOMTL{}).On(p.Layout, 10*top)
	zero := solveTo(t, &Factored{}, p, 1e-8, 5000)
	if far := num.Norm(zero.Point.W.Data); far != 0 || zero.Status != "converged" {
		t.Errorf("of ten times the strength that is worth it: %s, W of length %v", zero.Status, far)
	}
	p.Penalty = (&penalty.GOMTL{}).On(p.Layout, 0.1*top)
	was := runtime.GOMAXPROCS(1)
	again, err := Run(context.Background(), &Factored{}, p, zero.Point, 1e-8, 5000)
	runtime.GOMAXPROCS(was)
	if err != nil || apart(again.Point.W, want.Point.W) != 0 || num.Norm(want.Point.W.Data) == 0 {
		t.Errorf("%v, %v apart", err, apart(again.Point.W, want.Point.W))
	}
	sparse := 0
	for _, v := range want.Point.V.Data {
		if v == 0 {
			sparse++
		}
	}
	if sparse == 0 {
		t.Errorf("S is dense: %v", want.Point.V.Data)
	}
}

// A start at a trace norm solution of lower rank is left for what is below it.
func TestEmbeddingLeavesASaddle(t *testing.T) {
	p := shapes[0].random(6, loss.Squared{}, 0)
	top := strength(p, penalty.Trace{})
	p.Penalty = (&penalty.Embedding{Rank: 1}).On(p.Layout, 0.05*top)
	one := solveTo(t, &Factored{}, p, 1e-9, 5000)
	p.Penalty = (&penalty.Embedding{}).On(p.Layout, 0.05*top)
	got, err := Run(context.Background(), &Factored{}, p, one.Point, 1e-9, 5000)
	if err != nil || one.Certificate.Kind != "bound" || got.Status != "converged" || got.Certificate.Kind != "gap" {
		t.Errorf("%v: of rank one %+v, from there %s, %+v", err, one.Certificate, got.Status, got.Certificate)
	}
}

func BenchmarkFactoredSchool(b *testing.B) {
	p := real(b, "school", loss.Squared{})
	p.Moments()
	apartOf(context.Background(), p)
	for name, f := range map[string]penalty.Func{
		"embedding": (&penalty.Embedding{}).On(p.Layout, 1000), "go-mtl": (&penalty.GOMTL{}).On(p.Layout, 300),
	} {
		b.Run(name, func(b *testing.B) {
			p.Penalty = f
			for b.Loop() {
				r := solveTo(b, &Factored{}, p, 1e-6, 5000)
				b.ReportMetric(float64(r.Step), "steps")
				b.ReportMetric(r.Certificate.Value, "certificate")
			}
		})
	}
}
