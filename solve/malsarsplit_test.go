package solve

import (
	"testing"

	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
)

// malsarSchool is School as MALSAR was run on it: columns of unit root mean
// square over all rows, a constant one that is penalized like the rest, and no
// intercept.
func malsarSchool(t *testing.T) *Problem {
	p := real(t, "school", loss.Squared{})
	d := p.Features()
	for i := range p.Tasks {
		x := num.NewMatrix(p.Tasks[i].X.Rows, d+1)
		for r := range x.Rows {
			_, row := p.Tasks[i].X.Row(r)
			copy(x.Data[r*(d+1):], row)
			x.Data[r*(d+1)+d] = 1
		}
		p.Tasks[i].X, p.Tasks[i].Fixed = x, []float64{0}
	}
	return p
}

// part is part i of a split penalty: the second has strength λ, and at θ = 0 the
// first too.
func (p *Problem) part(pen penalty.Penalty, i int, lambda float64) penalty.Proximal {
	return pen.On(p.Layout, lambda).(penalty.Split).Parts()[i]
}

// MALSAR's splits add λ1 Ω1(P) + λ2 Ω2(Q) to Σ‖X_t w_t − y_t‖², which is twice
// our loss. It stopped at these objectives (under Octave 7.3,
// tolerance 1e-11, at most 1,603 iterations); the optimum is no higher.
func TestSplitsBesideMALSAR(t *testing.T) {
	p := malsarSchool(t)
	zero := 1e-300 // θ
	for _, c := range []struct {
		name   string
		parts  []penalty.Proximal
		theirs float64
	}{
		{"robust", []penalty.Proximal{penalty.Trace{}.On(p.Layout, 1000./2).(penalty.Proximal), p.part(&penalty.Robust{}, 1, 5000./2)}, 1557003.784},
		{"rmtfl", []penalty.Proximal{penalty.L21{}.On(p.Layout, 2000./2).(penalty.Proximal), p.part(&penalty.RMTFL{}, 1, 2000./2)}, 2104275.163},
		{"dirty", []penalty.Proximal{p.part(&penalty.Dirty{Theta: zero}, 0, 5000./2), penalty.Lasso{}.On(p.Layout, 300./2).(penalty.Proximal)}, 1593471.116},
	} {
		p.Penalty = penalty.NewSplit(c.parts...)
		r := solveTo(t, &FISTA{}, p, 1e-9, 20000)
		objective, certificate := Certify(p, r.Point)
		t.Logf("%s: %.10g, MALSAR %.10g; gap %.1e after %d steps", c.name, 2*objective, c.theirs, certificate.Value, r.Step)
		if 2*objective > c.theirs*(1+1e-8) || certificate.Value > 1e-8 {
			t.Errorf("%s: objective %.10g beside %.10g, gap %.1e", c.name, 2*objective, c.theirs, certificate.Value)
		}
	}
}

// MALSAR's SRMTL is ½Σ‖X_t w_t − y_t‖² + 10 ‖WR‖² + ‖W‖₁ with R = I − 11ᵀ/T:
// λ(1−ρ)/2 = 10 and λρ = 1.
func TestSparseGraphBesideMALSAR(t *testing.T) {
	const theirs = 687971.3528 // tolerance 1e-11, 1,659 iterations
	p := malsarSchool(t)
	p.Penalty = (&penalty.SparseGraph{L1Ratio: 1. / 21}).On(p.Layout, 21)
	r := solveTo(t, &FISTA{}, p, 1e-9, 20000)
	objective, certificate := Certify(p, r.Point)
	t.Logf("%.10g, MALSAR %.10g; gap %.1e after %d steps", objective, theirs, certificate.Value, r.Step)
	if objective > theirs*(1+1e-8) || certificate.Value > 1e-8 {
		t.Errorf("objective %.10g beside %.10g, gap %.1e", objective, theirs, certificate.Value)
	}
}

func BenchmarkFISTASchoolDirty(b *testing.B) { benchmarkSplit(b, &penalty.Dirty{}) }

func BenchmarkFISTASchoolRobust(b *testing.B) { benchmarkSplit(b, &penalty.Robust{}) }

func benchmarkSplit(b *testing.B, pen penalty.Penalty) {
	p := real(b, "school", loss.Squared{}).regularized(pen, 0.05)
	p.Moments()
	steps := 0
	for b.Loop() {
		steps = solveTo(b, &FISTA{}, p, 1e-6, 20000).Step
	}
	b.ReportMetric(float64(steps), "steps")
}
