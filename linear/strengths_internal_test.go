package linear

import (
	"context"
	"math"
	"testing"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/solve"
	"github.com/kindred-mtl/kindred/synth"
)

// evidenceFor is the evidence of a set's strengths, seen at 0, where it begins.
func evidenceFor(t *testing.T, g synth.Tasks, open *penalty.Adaptive) *strengthEvidence {
	t.Helper()
	s, _, err := g.Make()
	if err != nil {
		t.Fatal(err)
	}
	d, err := Method{Penalty: open}.design(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	p := d.plain(d.problem, penalty.Ridge{})
	e := d.evidenceOf(p, open)
	if err := e.see(context.Background(), p, solve.NewPoint(p)); err != nil {
		t.Fatal(err)
	}
	e.begin()
	e.expect()
	return e
}

// The evidence is that of the labels' covariance, written out: of y_t = X_t(u +
// v_t) + ε with centred rows,
//
//	log N(y; 0, noise·I + X_s S X_tᵀ + 1[s=t] X_t D_t X_tᵀ),   less the noise of the intercepts
func TestStrengthEvidence(t *testing.T) {
	g := synth.Tasks{Tasks: 3, Samples: 7, Features: 4, Seed: 1}
	e := evidenceFor(t, g, &penalty.Adaptive{})
	value := func(shared, private, apart []float64, noise float64) (fast, slow float64) {
		e.shared, e.private, e.apart, e.noise = shared, private, apart, noise
		e.expect()
		return e.at.value - e.priors(), e.slow(t, g)
	}
	a, slowA := value([]float64{1, 2, 0.5, 1}, []float64{0.3, 0.1, 1, 2}, []float64{1, 0.5, 3}, 0.7)
	b, slowB := value([]float64{0.2, 1, 1.5, 3}, []float64{1, 0.2, 0.4, 0.1}, []float64{2, 0.1, 1}, 1.3)
	if math.Abs((a-b)-(slowA-slowB)) > 1e-9*(1+math.Abs(slowA-slowB)) {
		t.Errorf("the evidence differs by %v, not %v", a-b, slowA-slowB)
	}
}

// slow is the log density of the centred labels, up to a constant.
func (e *strengthEvidence) slow(t *testing.T, g synth.Tasks) float64 {
	s, _, err := g.Make()
	if err != nil {
		t.Fatal(err)
	}
	d, err := Method{}.design(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	var x [][]float64
	var y []float64
	var of []int
	for k := range d.problem.Tasks {
		task := &d.problem.Tasks[k]
		mean, my := make([]float64, task.X.Cols), 0.0
		for i := range task.X.Rows {
			task.X.Axpy(i, 1/float64(task.X.Rows), mean)
			my += task.Y[i] / float64(task.X.Rows)
		}
		for i := range task.X.Rows {
			row := make([]float64, task.X.Cols)
			task.X.Axpy(i, 1, row)
			num.Axpy(-1, mean, row)
			x, y, of = append(x, row), append(y, task.Y[i]-my), append(of, k)
		}
	}
	k := num.NewDense(len(y), len(y))
	for i := range y {
		for j := range y {
			for f, group := range e.group {
				v := e.shared[group]
				if of[i] == of[j] {
					v += e.apart[of[i]] * e.private[group]
				}
				k.Data[i*k.Cols+j] += v * x[i][f] * x[j][f]
			}
		}
		k.Data[i*k.Cols+i] += e.noise
	}
	solved := num.SolveSPD(k.Clone(), y)
	if !num.Cholesky(k) {
		t.Fatal("no covariance")
	}
	value := -0.5 * num.Dot(y, solved)
	for i := range y {
		value -= math.Log(k.At(i, i))
	}
	return value + 0.5*float64(e.tasks)*math.Log(e.noise)
}

// EM never lowers the evidence, and what climbs faster ends no lower, whatever
// the loss.
func TestEvidenceRises(t *testing.T) {
	for _, kind := range []kindred.Kind{kindred.Regression, kindred.Binary, kindred.Count} {
		for _, by := range []string{"columns", "tasks"} {
			g := synth.Tasks{Tasks: 5, Samples: 20, Features: 6, Informative: 3, Outliers: 1, Kind: kind, Seed: 2}
			e := evidenceFor(t, g, &penalty.Adaptive{By: by})
			for step := range 60 {
				from := e.at
				e.move(from, false)
				if e.expect(); e.at.value < from.value-1e-9*math.Abs(from.value) {
					t.Fatalf("%v by %v, step %d: %v after %v", kind, by, step, e.at.value, from.value)
				}
			}
			slow := e.at.value
			e = evidenceFor(t, g, &penalty.Adaptive{By: by})
			if err := e.climb(context.Background()); err != nil {
				t.Fatal(err)
			}
			if e.at.value < slow-0.01 {
				t.Errorf("%v by %v: ends at %v, and EM at %v", kind, by, e.at.value, slow)
			}
		}
	}
}

// One s and p for all features is the same for combinations of all of them, and
// nearly so for those in which the rows vary.
func TestEvidenceOfCombinations(t *testing.T) {
	g := synth.Tasks{Tasks: 4, Samples: 30, Features: 6, Seed: 4}
	open := &penalty.Adaptive{By: "tasks"}
	ctx := context.Background()
	s, _, err := g.Make()
	if err != nil {
		t.Fatal(err)
	}
	d, err := Method{Penalty: open}.design(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	var found [2]penalty.Strengths
	var weights [2]*num.Dense
	for i := range found {
		p := d.plain(d.problem, penalty.Ridge{})
		e := d.evidenceOf(p, open)
		if i == 1 {
			e.span = principal(p, 6)
		}
		if err := e.see(ctx, p, solve.NewPoint(p)); err != nil {
			t.Fatal(err)
		}
		e.begin()
		if err := e.climb(ctx); err != nil {
			t.Fatal(err)
		}
		found[i], weights[i] = e.strengths(), e.weights()
	}
	for j, v := range found[0].Shared {
		if math.Abs(v-found[1].Shared[j]) > 1e-6*v {
			t.Errorf("s is %v, of combinations %v", v, found[1].Shared[j])
		}
	}
	for j, v := range weights[0].Data {
		if math.Abs(v-weights[1].Data[j]) > 1e-6 {
			t.Errorf("weight %d is %v, of combinations %v", j, v, weights[1].Data[j])
		}
	}
}
