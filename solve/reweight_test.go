package solve

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
)

// concaves are the concave penalties.
var concaves = []penalty.Penalty{&penalty.MCP{}, &penalty.MCP{Theta: 1}, &penalty.SCAD{Theta: 0.3}, &penalty.CappedL1{Theta: 0.3}, penalty.L2Half{}}

// bend sets a concave penalty, at a share of the strength from which on its
// relaxation gives W = 0.
func (p *Problem) bend(pen penalty.Penalty, share float64) *Problem {
	x := NewPoint(p)
	OptimizeIntercepts(p, x)
	top := pen.On(p.Layout, 1).(penalty.Concave).Relaxation().Zero(Gradient(p, x))
	p.Penalty = pen.On(p.Layout, share*math.Max(top, 1e-3))
	return p
}

// stages are the states of a fit, the points copied.
func stages(p *Problem, start *Point, tol float64) []State {
	var all []State
	for st := range (&Reweight{}).Steps(context.Background(), p, start, tol) {
		st.Point = st.Point.Clone()
		all = append(all, st)
		if st.Certificate.Value <= tol || st.Stalled || len(all) == 200 {
			break
		}
	}
	return all
}

// A fit ends at a stationary point, on all kinds of rows and losses, and no
// stage raises the objective. The certificate is what Certify says.
func TestReweightCertificates(t *testing.T) {
	// Classes that free rows can separate have no best weights: high knees.
	high := []penalty.Penalty{&penalty.MCP{Theta: 5}, &penalty.SCAD{Theta: 10, A: 2}, &penalty.CappedL1{Theta: 5}, penalty.L2Half{}}
	losses := []struct {
		l         loss.Loss
		classes   int
		penalties []penalty.Penalty
	}{{loss.Squared{}, 0, concaves}, {&loss.Huber{}, 0, concaves}, {loss.Logistic{}, 2, high}, {loss.Softmax{}, 3, high}}
	count, longest := 0, 0
	for i, s := range shapes {
		for _, l := range losses {
			for j, pen := range l.penalties {
				if l.classes > 2 && (i+j)%2 > 0 {
					continue
				}
				p := s.random(uint64(i), l.l, l.classes).bend(pen, 0.2)
				what := fmt.Sprintf("%T %+v, %T, %s", pen, pen.Parameters(), l.l, s.name)
				all := stages(p, nil, 1e-6)
				last := all[len(all)-1]
				objective, c := Certify(p, last.Point)
				if c.Kind != "residual" || last.Certificate.Value > 1e-6 || math.Abs(c.Value-last.Certificate.Value) > 1e-9 || math.Abs(objective-last.Objective) > 1e-12*objective {
					t.Errorf("%s: %d stages, residual %g and objective %v, certified %v and %v", what, len(all), last.Certificate.Value, last.Objective, c, objective)
				}
				for k := 1; k < len(all); k++ {
					if all[k].Objective > all[k-1].Objective {
						t.Errorf("%s: stage %d raises the objective from %v to %v", what, k+1, all[k-1].Objective, all[k].Objective)
					}
				}
				count, longest = count+1, max(longest, len(all))
			}
		}
	}
	t.Logf("%d fits of at most %d stages", count, longest)
}

// Of capped ℓ1 the first stage is the lasso, and without a cap the last is too.
// Without a knee MCP and SCAD are L21.
func TestReweightLimits(t *testing.T) {
	same := func(what string, got State, p *Problem) {
		t.Helper()
		r := solveTo(t, &BCD{}, p, 1e-13, 1000)
		near(t, what+": W", got.Point.W.Data, r.Point.W.Data, 1e-5)
		near(t, what+": objective", []float64{Objective(p, got.Point)}, []float64{r.Objective}, 1e-10)
	}
	for i, s := range shapes {
		p := s.random(uint64(i), loss.Squared{}, 0)
		lambda := 0.2 * strength(p, penalty.Lasso{})
		lasso, joint := *p, *p
		lasso.Penalty, joint.Penalty = penalty.Lasso{}.On(p.Layout, lambda), penalty.L21{}.On(p.Layout, lambda)
		p.Penalty = (&penalty.CappedL1{Theta: 0.1}).On(p.Layout, lambda)
		same(s.name+", first stage", stages(p, nil, 1e-8)[0], &lasso)
		p.Penalty = (&penalty.CappedL1{Theta: math.Inf(1)}).On(p.Layout, lambda)
		same(s.name+", no cap", last(stages(p, nil, 1e-8)), &lasso)
		for _, theta := range []float64{1e12, math.Inf(1)} {
			p.Penalty = (&penalty.MCP{Theta: theta}).On(p.Layout, lambda)
			same(s.name+", mcp", last(stages(p, nil, 1e-8)), &joint)
			p.Penalty = (&penalty.SCAD{Theta: theta}).On(p.Layout, lambda)
			same(s.name+", scad", last(stages(p, nil, 1e-8)), &joint)
		}
	}
}

func last(all []State) State { return all[len(all)-1] }

// Where a fit ends does not depend on how it began.
func TestReweightStart(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 2))
	for i, s := range shapes[:9] {
		for _, pen := range concaves {
			p := s.random(uint64(i), loss.Squared{}, 0).bend(pen, 0.2)
			want, start := last(stages(p, nil, 1e-8)), NewPoint(p)
			for j := range start.W.Data {
				start.W.Data[j] = rng.NormFloat64()
			}
			got := last(stages(p, start, 1e-8))
			near(t, fmt.Sprintf("%s, %T", s.name, pen), []float64{got.Objective}, []float64{want.Objective}, 1e-10)
			if !slices.Equal(support(got.Point.W), support(want.Point.W)) {
				t.Errorf("%s, %T: rows %v, from a start %v", s.name, pen, support(want.Point.W), support(got.Point.W))
			}
		}
	}
}

// From the strength of the relaxation on W is 0; just below it is not, but for
// ‖·‖^½, of which small rows do not last.
func TestReweightZero(t *testing.T) {
	for i, s := range shapes[:9] {
		for _, pen := range concaves {
			for share, want := range map[float64]bool{1 + 1e-9: true, 0.999: false} {
				p := s.random(uint64(i), loss.Squared{}, 0).bend(pen, share)
				zero := len(support(last(stages(p, nil, 1e-6)).Point.W)) == 0
				if pen == (penalty.L2Half{}) {
					want = true
				}
				if zero != want {
					t.Errorf("%s, %T: at %v of the strength W = 0 is %v", s.name, pen, share, zero)
				}
			}
		}
	}
}

// Rows of orthonormal features shrink by themselves. With g_j the row of XᵀY,
// MCP is the firm threshold: (1 − λ/‖g‖)₊/(1 − λ/knee) g up to the knee > λ, and
// g beyond.
func TestReweightOrthonormal(t *testing.T) {
	const n, d, k = 64, 40, 4
	x, rng := num.NewMatrix(n, d), rand.New(rand.NewPCG(1, 1))
	for i := range n {
		for j := range d {
			sign := 1.0
			for bits := i & (j + 1); bits > 0; bits &= bits - 1 {
				sign = -sign
			}
			x.Data[i*d+j] = sign / math.Sqrt(n)
		}
	}
	p, g := &Problem{}, num.NewDense(d, k)
	for c := range k {
		y := make([]float64, n)
		for i := range y {
			y[i] = rng.NormFloat64()
			for j := range d {
				y[i] += x.At(i, j) * float64(j) / 8
			}
		}
		column := make([]float64, d)
		x.AddMulTVec(column, y)
		g.SetCol(c, column)
		p.Tasks = append(p.Tasks, Task{X: x, Y: y, Loss: loss.Squared{}, Outputs: 1, Fixed: []float64{0}})
	}
	p.layOut()
	const lambda, knee = 3, 5
	p.Penalty = (&penalty.MCP{Theta: knee / math.Sqrt(k)}).On(p.Layout, lambda)
	got, zero, free := last(stages(p, nil, 1e-9)).Point.W, 0, 0
	for j := range d {
		row := g.Row(j)
		length := num.Norm(row)
		shrink := math.Max(0, 1-lambda/length) / (1 - lambda/float64(knee))
		if length > knee {
			shrink = 1
			free++
		}
		if length < lambda {
			zero++
		}
		for c, v := range row {
			if math.Abs(got.At(j, c)-shrink*v) > 1e-7 {
				t.Errorf("row %d of length %v: %v, want %v", j, length, got.At(j, c), shrink*v)
			}
		}
	}
	if zero < 5 || free < 5 || zero+free > d-5 {
		t.Errorf("%d rows are zero and %d free of %d", zero, free, d)
	}
}

// Concave penalties find the features that matter where convex ones take many
// others along. Features are correlated and so is the noise of the tasks; strengths
// are those of the least distance to the true weights.
func TestReweightRecovers(t *testing.T) {
	const n, d, k, used = 100, 80, 5, 8
	rng := rand.New(rand.NewPCG(11, 5))
	truth := num.NewDense(d, k)
	for j := range used {
		for c := range k {
			truth.Set(j*d/used, c, 0.5*rng.NormFloat64())
		}
	}
	x, p := num.NewMatrix(n, d), &Problem{}
	for i := range n {
		before := rng.NormFloat64()
		for j := range d {
			before = 0.6*before + 0.8*rng.NormFloat64()
			x.Data[i*d+j] = before
		}
	}
	common := make([]float64, n)
	for i := range common {
		common[i] = rng.NormFloat64()
	}
	for c := range k {
		y := make([]float64, n)
		x.MulVec(y, truth.Col(make([]float64, d), c))
		for i := range y {
			y[i] += 0.7*common[i] + 0.7*rng.NormFloat64()
		}
		p.Tasks = append(p.Tasks, Task{X: x, Y: y, Loss: loss.Squared{}, Outputs: 1})
	}
	p.layOut()
	best := func(pen penalty.Penalty) (far float64, rows, right int) {
		far = math.Inf(1)
		for _, share := range []float64{0.8, 0.6, 0.45, 0.35, 0.25, 0.18, 0.13, 0.09, 0.06, 0.04} {
			var w *num.Dense
			if _, ok := pen.On(p.Layout, 1).(penalty.Concave); ok {
				w = last(stages(p.bend(pen, share), nil, 1e-6)).Point.W
			} else {
				w = solveTo(t, &BCD{}, p.regularized(pen, share), 1e-9, 1000).Point.W
			}
			off := w.Clone()
			num.Axpy(-1, truth.Data, off.Data)
			if r := num.Norm(off.Data); r < far {
				far, rows, right = r, len(support(w)), 0
				for _, j := range support(w) {
					if truth.At(j, 0) != 0 {
						right++
					}
				}
			}
		}
		return far, rows, right
	}
	for _, c := range []struct{ convex, concave penalty.Penalty }{
		{penalty.L21{}, &penalty.MCP{Theta: 0.3}}, {penalty.L21{}, &penalty.SCAD{Theta: 0.3}}, {penalty.L21{}, penalty.L2Half{}}, {penalty.Lasso{}, &penalty.CappedL1{Theta: 0.1}},
	} {
		far, rows, right := best(c.convex)
		f, r, hit := best(c.concave)
		what := fmt.Sprintf("%T: %.3f from the truth, %d rows, %d of %d right; %T: %.3f, %d, %d", c.convex, far, rows, right, used, c.concave, f, r, hit)
		t.Log(what)
		if hit < right || r-hit > (rows-right)/2 || f > 0.85*far {
			t.Error(what)
		}
	}
}

func TestReweightRefuses(t *testing.T) {
	for want, p := range map[string]*Problem{
		"reweight needs a concave penalty":                     shapes[0].random(1, loss.Squared{}, 0).regularized(penalty.L21{}, 1),
		"reweight needs a smooth loss, which hinge is not":     shapes[0].random(1, loss.Hinge{}, 2).bend(&penalty.MCP{}, 1),
		"reweight needs a smooth loss, which crammer-singer i": shapes[0].random(1, loss.CrammerSinger{}, 3).bend(&penalty.MCP{}, 1),
	} {
		if err := (&Reweight{}).Accepts(p); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestReweightReal(t *testing.T) {
	for name, l := range map[string]loss.Loss{"school": loss.Squared{}, "landmine": loss.Logistic{}} {
		p := real(t, name, l)
		for _, pen := range []penalty.Penalty{&penalty.MCP{Theta: 0.3}, &penalty.SCAD{Theta: 0.3}, &penalty.CappedL1{Theta: 0.3}, penalty.L2Half{}} {
			begin := time.Now()
			r := solveTo(t, &Reweight{}, p.bend(pen, 0.3), 1e-6, 10000)
			t.Logf("%s, %T: residual %.1e after %d steps, %d rows, %.0f ms", name, pen, r.Certificate.Value, r.Step, len(support(r.Point.W)), 1e3*time.Since(begin).Seconds())
			if r.Status != "converged" {
				t.Errorf("%s, %T: %s, residual %g", name, pen, r.Status, r.Certificate.Value)
			}
		}
	}
}

func BenchmarkReweightSchoolMCP(b *testing.B) {
	p := real(b, "school", loss.Squared{}).bend(&penalty.MCP{Theta: 1}, 0.03)
	for b.Loop() {
		p.moments = nil
		solveTo(b, &Reweight{}, p, 1e-6, 10000)
	}
}

// The number of workers changes nothing.
func TestReweightWorkers(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var want *Point
	for workers := 1; workers <= 3; workers++ {
		runtime.GOMAXPROCS(workers)
		x := last(stages(shapes[0].random(3, loss.Logistic{}, 2).bend(&penalty.MCP{Theta: 5}, 0.2), nil, 1e-6)).Point
		if want == nil {
			want = x
		}
		near(t, "W", x.W.Data, want.W.Data, 0)
		near(t, "b", x.B, want.B, 0)
	}
}
