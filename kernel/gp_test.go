package kernel_test

import (
	"bytes"
	"context"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/compose"
	"github.com/kindred-mtl/kindred/kernel"
	"github.com/kindred-mtl/kindred/linear"
	"github.com/kindred-mtl/kindred/modelfile"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/synth"
)

// waves are tasks on shared rows of one column: a sine, nearly the same one
// (task 1) and, if asked, its opposite (task 2); n labels each, the others NaN.
func waves(tasks, n int, seed uint64) (*kindred.Set, *kindred.Table, [][]float64) {
	rng := rand.New(rand.NewPCG(seed, 21))
	const rows = 60
	x, targets, truth := make([][]float64, rows), make([][]float64, tasks), make([][]float64, tasks)
	for t := range targets {
		targets[t], truth[t] = make([]float64, rows), make([]float64, rows)
	}
	for i := range x {
		x[i] = []float64{6 * rng.Float64()}
		for t := range targets {
			truth[t][i] = (1 - 2*float64(t/2)) * (math.Sin(2*x[i][0]) + 0.1*float64(t)*x[i][0])
			targets[t][i] = math.NaN()
		}
	}
	for t := range targets {
		for _, i := range rng.Perm(rows)[:n] {
			targets[t][i] = truth[t][i] + 0.1*rng.NormFloat64()
		}
	}
	s, err := kindred.FromSlices(x, targets...)
	if err != nil {
		panic(err)
	}
	return s, s.Tasks[0].Table, truth
}

func rmse(p *kindred.Prediction, truth [][]float64) float64 {
	sum, n := 0.0, 0.0
	for t, o := range p.Tasks {
		for i, v := range o.Value {
			sum, n = sum+(v-truth[t][i])*(v-truth[t][i]), n+1
		}
	}
	return math.Sqrt(sum / n)
}

// Tasks of few labels help one another, also where they are opposite; the
// likelihood tells by how much they are alike, and how noisy they are.
func TestGPLearnsHowAlikeTasksAre(t *testing.T) {
	s, table, truth := waves(3, 9, 1)
	model := fit(t, kernel.GP{}, s)
	joint, alone := rmse(predict(t, model, table), truth), rmse(predict(t, fit(t, compose.Alone{Method: kernel.GP{}}, s), table), truth)
	if !(joint < 0.7*alone) {
		t.Errorf("errors of %.3f together, %.3f alone", joint, alone)
	}
	r := model.(kindred.Reporter).Report()
	b := r.Relation
	correlation := func(i, j int) float64 { return b[i][j] / math.Sqrt(b[i][i]*b[j][j]) }
	if !(correlation(0, 1) > 0.8 && correlation(0, 2) < -0.8) {
		t.Errorf("correlations %.2f and %.2f", correlation(0, 1), correlation(0, 2))
	}
	if math.Abs(b[0][0]+b[1][1]+b[2][2]-1) > 1e-12 || b[0][1] != b[1][0] {
		t.Errorf("the relation is %v", b)
	}
	two := fit(t, kernel.GP{}, s.Only(0, 1)).(kindred.Reporter).Report().Shares
	if len(two) != 2 || !(two[0].Share > 0.5 && two[1].Share > 0.5) || len(r.Shares) != 3 || !(r.Shares[2].Share < 0.2) {
		t.Errorf("shares %v of two like tasks, %v with an opposed one", two, r.Shares)
	}
	if r.Status != "converged" || r.Gap.Kind != "residual" || !(r.Gap.Value <= 1e-3) || r.Parameters["length_scale"] == 0 || r.Parameters["rank"] != 1 {
		t.Errorf("%+v", r)
	}
}

// About as many labels as should lie within two standard deviations, and the
// further from the rows learned from, the less is known.
func TestVariance(t *testing.T) {
	s, table, truth := waves(2, 40, 2)
	for _, m := range []kernel.GP{{}, {Landmarks: 20}, {Linear: true}} {
		model := fit(t, m, s)
		p := predict(t, model, table)
		inside, n := 0.0, 0.0
		for k, o := range p.Tasks {
			for i, v := range o.Variance {
				if !(v > 0) {
					t.Fatalf("variance %v", v)
				}
				if math.Abs(o.Value[i]-truth[k][i]) < 2*math.Sqrt(v) {
					inside++
				}
				n++
			}
		}
		if inside/n < 0.9 {
			t.Errorf("%+v: %.2f of the truth is inside two standard deviations", m, inside/n)
		}
		far, err := kindred.TableOf([][]float64{{6}, {7}, {8}, {10}, {20}, {40}})
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range predict(t, model, far).Tasks {
			for i := range 5 {
				if o.Variance[i+1] < o.Variance[i]*(1-1e-9) {
					t.Errorf("%+v: variances away from the rows: %v", m, o.Variance)
				}
			}
			if o.Variance[5] < 3*o.Variance[0] {
				t.Errorf("%+v: variances away from the rows: %v", m, o.Variance)
			}
		}
	}
}

// The order of rows and tasks does not matter; a label that is missing is a row
// that is not there; a row of weight 2 is the row twice.
func TestGPSymmetries(t *testing.T) {
	s, table, _ := waves(3, 15, 3)
	for _, m := range []kernel.GP{{Tol: 1e-5}, {Landmarks: 10, Tol: 1e-5}} {
		want := predict(t, fit(t, m, s), table)
		own, rng := s.Only(2, 0, 1), rand.New(rand.NewPCG(9, 9))
		for i := range own.Tasks {
			task := own.Tasks[i].Select(rng.Perm(15))
			task.Table = table.Select(task.Rows)
			for r := range task.Rows {
				task.Rows[r] = r
			}
			own.Tasks[i] = task
		}
		got := predict(t, fit(t, m, own), table)
		for i, j := range []int{2, 0, 1} {
			near(t, "values", got.Tasks[i].Value, want.Tasks[j].Value, 1e-3)
			near(t, "variances", got.Tasks[i].Variance, want.Tasks[j].Variance, 1e-3)
		}
		weighted, twice := s.Only(0, 1, 2), s.Only(0, 1, 2)
		for i := range s.Tasks {
			var places []int
			for p := range 15 {
				weighted.Tasks[i].Weight = append(weighted.Tasks[i].Weight, float64(p%3))
				for range p % 3 {
					places = append(places, p)
				}
			}
			twice.Tasks[i] = s.Tasks[i].Select(places)
		}
		a, b := predict(t, fit(t, m, weighted), table), predict(t, fit(t, m, twice), table)
		for i := range a.Tasks {
			near(t, "weights and copies", a.Tasks[i].Value, b.Tasks[i].Value, 1e-3)
			near(t, "weights and copies", a.Tasks[i].Variance, b.Tasks[i].Variance, 1e-3)
		}
	}
}

// Labels in other units give predictions in these; a task whose labels are all
// higher by as much is predicted higher by as much.
func TestGPUnits(t *testing.T) {
	s := family(t, synth.Tasks{Tasks: 2, Samples: 20, Features: 2, Seed: 4})
	m := kernel.GP{Tol: 1e-6}
	want := predict(t, fit(t, m, s), s.Tasks[0].Table)
	moved := s.Only(0, 1)
	for i := range moved.Tasks {
		y := append([]float64(nil), moved.Tasks[i].Y()...)
		for k := range y {
			y[k] = 10*y[k] + 5 + 100*float64(i)
		}
		moved.Tasks[i].Label.Columns = [][]float64{y}
	}
	got := predict(t, fit(t, m, moved), s.Tasks[0].Table)
	for i := range want.Tasks {
		for r, v := range want.Tasks[i].Value {
			want.Tasks[i].Value[r] = 10*v + 5 + 100*float64(i)
			want.Tasks[i].Variance[r] *= 100
		}
		near(t, "values", got.Tasks[i].Value, want.Tasks[i].Value, 1e-4)
		near(t, "variances", got.Tasks[i].Variance, want.Tasks[i].Variance, 1e-3)
	}
}

// With a length-scale of its own, a column of noise has no say.
func TestARDFindsWhatMatters(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	var x [][]float64
	var y, truth []float64
	for i := range 120 {
		row := []float64{3 * rng.NormFloat64(), rng.NormFloat64(), rng.NormFloat64(), rng.NormFloat64(), rng.NormFloat64()}
		x = append(x, row)
		truth = append(truth, math.Sin(row[0]))
		y = append(y, math.Sin(row[0])+0.05*rng.NormFloat64())
		if i >= 60 {
			y[i] = math.NaN()
		}
	}
	s, err := kindred.FromSlices(x, y)
	if err != nil {
		t.Fatal(err)
	}
	one := rmse(predict(t, fit(t, kernel.GP{}, s), s.Tasks[0].Table), [][]float64{truth})
	each := rmse(predict(t, fit(t, kernel.GP{ARD: true}, s), s.Tasks[0].Table), [][]float64{truth})
	if !(each < 0.5*one) {
		t.Errorf("errors of %.3f with one length-scale, %.3f with one a column", one, each)
	}
}

// savedGP is the model, written and read.
func savedGP(t testing.TB, m kindred.Model) kindred.Model {
	t.Helper()
	var b bytes.Buffer
	if err := modelfile.Save(&b, m, nil, kernel.GPCodec, compose.TasksCodec); err != nil {
		t.Fatal(err)
	}
	again, _, err := modelfile.Load(&b, kernel.GPCodec, compose.TasksCodec)
	if err != nil {
		t.Fatal(err)
	}
	return again
}

func TestSavedGPPredictsTheSameBits(t *testing.T) {
	s, table, _ := waves(3, 15, 6)
	for _, m := range []kindred.Method{kernel.GP{Linear: true}, kernel.GP{Landmarks: 9, Rank: 2}, kernel.GP{ARD: true, Rank: -1}, compose.Alone{Method: kernel.GP{}}} {
		model := fit(t, m, s)
		again := savedGP(t, model)
		if d := cmp.Diff(predict(t, model, table), predict(t, again, table)); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff(model.(kindred.Reporter).Report(), again.(kindred.Reporter).Report()); d != "" {
			t.Error(d)
		}
	}
}

func FuzzDecodeGP(f *testing.F) {
	s, table, _ := waves(2, 5, 7)
	sparse := &kindred.Table{Columns: []kindred.Column{{Name: "v", Type: kindred.Vector,
		Vector: num.NewSparse(2, []int{0, 1, 2, 3, 4, 4, 5}, []int32{0, 1, 0, 1, 0}, []float64{1, 2, 3, 4, 5})}}}
	wide := &kindred.Set{Tasks: []kindred.Task{{Name: "a", Table: sparse, Rows: []int{0, 1, 2, 3, 4, 5}, Label: kindred.Labels{Columns: [][]float64{{1, 2, 3, 5, 4, 2}}}}}}
	forger := forging("gp", []string{
		"landmarks", "landmarks.index", "landmarks.ptr", "parameters", "task", "row", "noise", "mean", "relation", "weights", "root", "ends", "means_root",
		"covariance", "center", "prior", "unsure",
	}, nil)
	hostile(f, kernel.GPCodec, forger, []*kindred.Table{table, sparse}, []kindred.Model{
		fit(f, kernel.GP{MaxIter: 2}, s), fit(f, kernel.GP{MaxIter: 2, Landmarks: 3, ARD: true}, s), fit(f, kernel.GP{MaxIter: 2, Linear: true}, wide),
	})
}

func TestGPWorkersDoNotMatter(t *testing.T) {
	s := family(t, synth.Tasks{Tasks: 5, Samples: 80, Features: 3, Seed: 8})
	for _, m := range []kernel.GP{{MaxIter: 5}, {MaxIter: 5, Landmarks: 90, Rank: 2}} {
		before := runtime.GOMAXPROCS(1)
		one := predict(t, fit(t, m, s), s.Tasks[0].Table)
		runtime.GOMAXPROCS(2)
		two := predict(t, fit(t, m, s), s.Tasks[0].Table)
		runtime.GOMAXPROCS(before)
		if d := cmp.Diff(one, two); d != "" {
			t.Error(d)
		}
	}
}

func TestGPRefuses(t *testing.T) {
	numbers := family(t, synth.Tasks{Tasks: 2, Samples: 10, Seed: 9})
	classes := family(t, synth.Tasks{Tasks: 2, Samples: 10, Kind: kindred.Binary, Seed: 9})
	weightless := numbers.Only(0, 1)
	weightless.Tasks[1].Weight = make([]float64, 10)
	text := &kindred.Set{Tasks: []kindred.Task{{Name: "a", Rows: []int{0, 1}, Label: kindred.Labels{Columns: [][]float64{{1, 2}}},
		Table: &kindred.Table{Columns: []kindred.Column{{Name: "t", Type: kindred.Text, Text: []string{"one", "two"}}}}}}}
	for _, c := range []struct {
		m    kernel.GP
		s    *kindred.Set
		want string
	}{
		{kernel.GP{}, classes, "takes regression"},
		{kernel.GP{Landmarks: -1}, numbers, "none is negative"},
		{kernel.GP{Tol: math.NaN()}, numbers, "none is negative"},
		{kernel.GP{}, weightless, `task "t1" has no row of weight`},
		{kernel.GP{ARD: true}, text, "too many"},
	} {
		if _, err := c.m.Fit(ctx, c.s); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("want %q, got %v", c.want, err)
		}
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := (kernel.GP{}).Fit(cancelled, numbers); err == nil {
		t.Error("a cancelled fit gives a model")
	}
	if _, err := fit(t, kernel.GP{MaxIter: 1}, numbers).Predict(ctx, numbers.Tasks[0].Table, []int{2}); err == nil {
		t.Error("a task that is not there is predicted")
	}
	fit(t, kernel.GP{}, text)
}

// Sets at the edge of what can be learned: rows that are all alike, one row a
// task, one task of many rows and one of one.
func TestLittleToLearnFrom(t *testing.T) {
	alike, err := kindred.FromSlices([][]float64{{1}, {1}, {1}, {1}}, []float64{1, 2, 3, 5}, []float64{2, 4, 4, 7})
	if err != nil {
		t.Fatal(err)
	}
	single, err := kindred.FromRows([][]float64{{1}, {2}, {3}, {4}}, []string{"a", "b", "c", "d"}, []float64{1, 2, 3, 5})
	if err != nil {
		t.Fatal(err)
	}
	uneven, err := kindred.FromRows([][]float64{{1}, {2}, {3}, {4}, {5}}, []string{"a", "a", "a", "a", "b"}, []float64{1, 2, 3, 5, 9})
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]*kindred.Set{"alike": alike, "single": single, "uneven": uneven} {
		for _, m := range []kindred.Method{
			kernel.GP{}, kernel.GP{Landmarks: 2}, kernel.GP{ARD: true, Linear: true, Rank: 3},
			kernel.Method{Method: linear.Method{Penalty: &penalty.Shared{}}},
			kernel.Method{Kernel: kernel.Linear{}, Method: linear.Method{}},
		} {
			p := predict(t, fit(t, m, s), s.Tasks[0].Table)
			for k, o := range p.Tasks {
				for i, v := range o.Value {
					if !(v > 0 && v < 12) || o.Variance != nil && !(o.Variance[i] > 0 && o.Variance[i] < 1000) {
						t.Errorf("%s, %T: task %d, row %d: %v ± %v", name, m, k, i, v, o.Variance)
					}
				}
			}
		}
	}
	means := predict(t, fit(t, kernel.GP{}, alike), alike.Tasks[0].Table)
	for k, want := range []float64{2.75, 4.25} {
		if got := means.Tasks[k].Value[0]; math.Abs(got-want) > 1e-6 {
			t.Errorf("rows that are all alike: task %d is predicted as %v, its mean is %v", k, got, want)
		}
	}
}

// In a search a process stands beside other methods.
func TestGPInASearch(t *testing.T) {
	s, table, _ := waves(2, 30, 11)
	search := compose.Search{Folds: 3, Methods: []kindred.Method{linear.Method{Penalty: &penalty.Shared{Mu: 1}, C: 1}, kernel.GP{}}}
	trials, err := search.Trials(ctx, s)
	if err != nil || len(trials) != 2 || !(trials[1].Loss < 0.5*trials[0].Loss) {
		t.Fatalf("%+v, %v", trials, err)
	}
	if p := predict(t, fit(t, search, s), table); p.Tasks[0].Variance == nil {
		t.Error("what was chosen has no variance")
	}
}
