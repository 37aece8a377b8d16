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
	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/modelfile"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/prep"
	"github.com/kindred-mtl/kindred/synth"
)

var ctx = context.Background()

func family(t testing.TB, g synth.Tasks) *kindred.Set {
	t.Helper()
	s, _, err := g.Make()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func fit(t testing.TB, m kindred.Method, s *kindred.Set) kindred.Model {
	t.Helper()
	model, err := m.Fit(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	return model
}

func predict(t testing.TB, m kindred.Model, table *kindred.Table) *kindred.Prediction {
	t.Helper()
	p, err := m.Predict(ctx, table, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func near(t testing.TB, what string, a, b []float64, tol float64) {
	t.Helper()
	if len(a) != len(b) || len(a) == 0 {
		t.Fatalf("%s: %d and %d numbers", what, len(a), len(b))
	}
	for i := range a {
		if !(math.Abs(a[i]-b[i]) <= tol*(1+math.Abs(b[i]))) {
			t.Fatalf("%s: %v and %v at %d", what, a[i], b[i], i)
		}
	}
}

// Every kernel of the table is positive semidefinite on any rows, and says
// what it is.
func TestKernels(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	seen := 0
	for _, part := range kernel.All {
		k := part.New()
		for _, v := range append(k.Variants(7), k.On(7)) {
			if again := v.Variants(1); len(again) != 1 || again[0] != v {
				t.Errorf("%s %v has variants of its own", part.Name, v.Parameters())
			}
			if d := cmp.Diff(v.On(3), v); d != "" {
				t.Errorf("%s leaves something open: %s", part.Name, d)
			}
			const n, d = 12, 3
			x := num.NewDense(n, d)
			for i := range x.Data {
				x.Data[i] = rng.NormFloat64()
			}
			copy(x.Row(1), x.Row(0))
			gram := num.NewDense(n, n)
			for i := range n {
				for j := range n {
					a, b := x.Row(i), x.Row(j)
					gram.Set(i, j, v.Value(num.Dot(a, b), num.Dot(a, a), num.Dot(b, b)))
				}
			}
			values, _ := num.SymEigen(gram)
			if values[0] < -1e-12*values[n-1] || !(values[n-1] > 0) {
				t.Errorf("%s %v has eigenvalues from %v to %v", part.Name, v.Parameters(), values[0], values[n-1])
			}
			seen++
		}
	}
	t.Logf("%d kernels checked", seen)
	if seen < 9 {
		t.Errorf("only %d kernels were checked", seen)
	}
}

func TestKernelValues(t *testing.T) {
	for _, c := range []struct {
		k    kernel.Kernel
		want float64
	}{
		{&kernel.RBF{Gamma: 0.5}, math.Exp(-0.5 * 13)}, // x = (1, 2), z = (3, −1)
		{kernel.Linear{}, 1},
		{(&kernel.Poly{}).On(2), math.Pow(1.5, 3)},
		{&kernel.Poly{Gamma: 2, Degree: 2, Coef0: 0.5}, 2.5 * 2.5},
		{&kernel.Poly{Gamma: 2, Degree: 4, Coef0: -1}, 16},
	} {
		if got := c.k.Value(1, 5, 10); math.Abs(got-c.want) > 1e-15 {
			t.Errorf("%T: %v, want %v", c.k, got, c.want)
		}
	}
}

// The linear kernel is the linear method, whatever the loss and the belief
// that does not depend on the axes.
func TestLinearKernelIsTheLinearMethod(t *testing.T) {
	for _, kind := range []kindred.Kind{kindred.Regression, kindred.Binary, kindred.Count} {
		s := family(t, synth.Tasks{Tasks: 3, Samples: 30, Features: 4, Kind: kind, Seed: 1})
		for _, p := range []penalty.Penalty{&penalty.Shared{Mu: 0.5}, penalty.Ridge{}, penalty.Trace{}} {
			m := linear.Method{Penalty: p, C: 0.3, Tol: 1e-12}
			a := predict(t, fit(t, kernel.Method{Kernel: kernel.Linear{}, Method: m}, s), s.Tasks[0].Table)
			b := predict(t, fit(t, m, s), s.Tasks[0].Table)
			for i := range a.Tasks {
				if kind == kindred.Binary {
					near(t, "decisions", a.Tasks[i].Decision, b.Tasks[i].Decision, 1e-6)
				} else {
					near(t, "values", a.Tasks[i].Value, b.Tasks[i].Value, 1e-6)
				}
			}
		}
	}
}

// One task of squared loss is α = (K + λI)⁻¹(y − b), Σ α = 0.
func TestRidgeOfOneTaskIsTheClosedForm(t *testing.T) {
	s := family(t, synth.Tasks{Tasks: 1, Samples: 40, Features: 3, Seed: 2})
	const lambda, gamma = 0.3, 0.2
	m := kernel.Method{Kernel: &kernel.RBF{Gamma: gamma}, Prep: prep.Options{Scale: "none"}, Method: linear.Method{C: 1 / lambda, Tol: 1e-12}}
	x, y := s.Tasks[0].Table, s.Tasks[0].Y()
	value := func(i, j int) float64 {
		far := 0.0
		for c := range x.Columns {
			d := x.Columns[c].Number[i] - x.Columns[c].Number[j]
			far += d * d
		}
		return math.Exp(-gamma * far)
	}
	n := len(y)
	k := num.NewDense(n, n)
	ones := make([]float64, n)
	for i := range n {
		ones[i] = 1
		for j := range n {
			k.Set(i, j, value(i, j))
		}
		k.Data[i*n+i] += lambda
	}
	u, v := num.SolveSPD(k, y), num.SolveSPD(k, ones)
	b := num.Sum(u) / num.Sum(v)
	want := make([]float64, n)
	for i := range n {
		want[i] = b
		for j := range n {
			want[i] += value(i, j) * (u[j] - b*v[j])
		}
	}
	near(t, "values", predict(t, fit(t, m, s), x).Tasks[0].Value, want, 1e-7)
}

// With a landmark for every row, Nyström's features are exact; with fewer they
// come near as the trace that is lost vanishes.
func TestLandmarksOfEveryRowAreExact(t *testing.T) {
	s := family(t, synth.Tasks{Tasks: 3, Samples: 25, Features: 3, Seed: 3})
	of := func(landmarks int) (*kindred.Prediction, float64) {
		m := kernel.Method{Landmarks: landmarks, Method: linear.Method{Penalty: &penalty.Shared{Mu: 1}, C: 1, Tol: 1e-12}}
		model := fit(t, m, s)
		return predict(t, model, s.Tasks[0].Table), model.(kindred.Reporter).Report().Parameters["trace_error"]
	}
	exact, lost := of(75)
	if lost > 1e-12 {
		t.Errorf("with every row %v of the trace is lost", lost)
	}
	again, _ := of(1000)
	if d := cmp.Diff(exact, again); d != "" {
		t.Errorf("more landmarks than rows: %s", d)
	}
	last, before := math.Inf(1), 1.0
	for _, m := range []int{5, 20, 40, 60} {
		some, lost := of(m)
		off := 0.0
		for i, o := range some.Tasks {
			for r, v := range o.Value {
				off = math.Max(off, math.Abs(v-exact.Tasks[i].Value[r]))
			}
		}
		if off > last || lost > before || lost <= 0 {
			t.Errorf("%d landmarks are %v off and lose %v; fewer were %v off and lost %v", m, off, lost, last, before)
		}
		last, before = off, lost
	}
	if last > 0.05 {
		t.Errorf("60 of 75 landmarks are %v off", last)
	}
}

// Neither the order of rows, tasks and tables nor copies of rows matter.
func TestOrderAndCopiesDoNotMatter(t *testing.T) {
	s := family(t, synth.Tasks{Tasks: 3, Samples: 40, Features: 4, Kind: kindred.Binary, Seed: 4})
	m := kernel.Method{Landmarks: 20, Method: linear.Method{Penalty: &penalty.Shared{Mu: 0.5}, C: 1, Tol: 1e-10}}
	want := predict(t, fit(t, m, s), s.Tasks[0].Table)
	turned := s.Only(2, 0, 1)
	rng := rand.New(rand.NewPCG(5, 5))
	for i := range turned.Tasks {
		turned.Tasks[i] = turned.Tasks[i].Select(rng.Perm(40))
		turned.Tasks[i].Table = turned.Tasks[i].Table.Select(turned.Tasks[i].Rows)
		for r := range turned.Tasks[i].Rows {
			turned.Tasks[i].Rows[r] = r
		}
	}
	got := predict(t, fit(t, m, turned), s.Tasks[0].Table)
	for i, j := range []int{2, 0, 1} {
		near(t, "probabilities", got.Tasks[i].Probability, want.Tasks[j].Probability, 1e-6)
	}
	weighted, twice := s.Only(0, 1, 2), s.Only(0, 1, 2)
	for i := range s.Tasks {
		var places []int
		for p := range 40 {
			w := float64(p % 3)
			weighted.Tasks[i].Weight = append(weighted.Tasks[i].Weight, w)
			for range p % 3 {
				places = append(places, p)
			}
		}
		twice.Tasks[i] = s.Tasks[i].Select(places)
	}
	a, b := predict(t, fit(t, m, weighted), s.Tasks[0].Table), predict(t, fit(t, m, twice), s.Tasks[0].Table)
	for i := range a.Tasks {
		near(t, "weights and copies", a.Tasks[i].Probability, b.Tasks[i].Probability, 1e-6)
	}
}

func TestSparseRowsAreDenseRows(t *testing.T) {
	s := family(t, synth.Tasks{Tasks: 2, Samples: 30, Features: 5, Seed: 6})
	dense := num.NewMatrix(60, 5)
	ptr, index, data := []int{0}, []int32{}, []float64{}
	for i := range 60 {
		for j := range 5 {
			if v := s.Tasks[0].Table.Columns[j].Number[i]; v > 0 {
				dense.Data[i*5+j] = v
				index, data = append(index, int32(j)), append(data, v)
			}
		}
		ptr = append(ptr, len(data))
	}
	var got []*kindred.Prediction
	for _, x := range []*num.Matrix{dense, num.NewSparse(5, ptr, index, data)} {
		table := &kindred.Table{Columns: []kindred.Column{{Name: "v", Type: kindred.Vector, Vector: x}}}
		own := s.Only(0, 1)
		own.Tasks[0].Table, own.Tasks[1].Table = table, table
		for _, k := range []kernel.Kernel{&kernel.RBF{}, &kernel.Poly{Degree: 2}} {
			m := kernel.Method{Kernel: k, Landmarks: 30, Prep: prep.Options{Scale: "none"}, Method: linear.Method{Penalty: &penalty.Shared{Mu: 1}, Tol: 1e-12}}
			model := fit(t, m, own)
			got = append(got, predict(t, model, table), predict(t, saved(t, model), table))
		}
	}
	for i := range 4 {
		for k := range 2 {
			near(t, "values", got[i].Tasks[k].Value, got[i+4].Tasks[k].Value, 1e-8)
		}
	}
}

// saved is the model, written and read.
func saved(t testing.TB, m kindred.Model) kindred.Model {
	t.Helper()
	codecs := []modelfile.Codec{linear.Codec, kernel.Codec, compose.TasksCodec, compose.OneCodec}
	var b bytes.Buffer
	if err := modelfile.Save(&b, m, nil, codecs...); err != nil {
		t.Fatal(err)
	}
	again, _, err := modelfile.Load(&b, codecs...)
	if err != nil {
		t.Fatal(err)
	}
	return again
}

func TestSavedModelPredictsTheSameBits(t *testing.T) {
	s := family(t, synth.Tasks{Tasks: 2, Samples: 30, Kind: kindred.Binary, Seed: 7})
	for _, m := range []kindred.Method{
		kernel.Method{Method: linear.Method{Loss: loss.Hinge{}, Penalty: &penalty.Shared{Mu: 1}}},
		kernel.Method{Kernel: &kernel.Poly{Coef0: 2}, Landmarks: 15, Method: linear.Method{}},
		compose.Alone{Method: kernel.Method{Kernel: kernel.Linear{}, Method: linear.Method{}}},
		compose.Search{Folds: 2, Methods: []kindred.Method{compose.Pooled{Method: kernel.Method{Method: linear.Method{C: 1}}}}},
	} {
		model := fit(t, m, s)
		again := saved(t, model)
		if d := cmp.Diff(predict(t, model, s.Tasks[0].Table), predict(t, again, s.Tasks[0].Table)); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff(model.(kindred.Reporter).Report(), again.(kindred.Reporter).Report()); d != "" {
			t.Error(d)
		}
	}
}

// rings are tasks whose classes lie in two rings around centres near one
// another: no line parts them.
func rings(tasks, n int, seed uint64) *kindred.Set {
	rng := rand.New(rand.NewPCG(seed, 9))
	var x [][]float64
	var names []string
	var y []float64
	for t := range tasks {
		a, b := 0.2*rng.NormFloat64(), 0.2*rng.NormFloat64()
		for i := range n {
			angle, label := 2*math.Pi*rng.Float64(), float64(i%2)
			r := 1 + 1.2*label + 0.25*rng.NormFloat64()
			x = append(x, []float64{a + r*math.Cos(angle), b + r*math.Sin(angle)})
			names, y = append(names, string(rune('a'+t))), append(y, label)
		}
	}
	s, err := kindred.FromRows(x, names, y)
	if err != nil {
		panic(err)
	}
	return s
}

// accuracy is the share of rows, from place skip of each task on, that are
// right.
func accuracy(t testing.TB, m kindred.Method, s *kindred.Set, learn int) float64 {
	t.Helper()
	places := make([][]int, len(s.Tasks))
	for k := range places {
		for p := range learn {
			places[k] = append(places[k], p)
		}
	}
	p := predict(t, fit(t, m, s.Select(places)), s.Tasks[0].Table)
	right, all := 0, 0
	for k, task := range s.Tasks {
		for i, r := range task.Rows[learn:] {
			all++
			if p.Tasks[k].Class[r] == int(task.Y()[learn+i]) {
				right++
			}
		}
	}
	return float64(right) / float64(all)
}

// What is curved and common is learned by curves together.
func TestRings(t *testing.T) {
	s := rings(8, 100, 8)
	svm := linear.Method{Loss: loss.Hinge{}, Penalty: &penalty.Shared{Mu: 0.1}, C: 1, NoProbability: true}
	alone := linear.Method{Loss: loss.Hinge{}, C: 1, NoProbability: true}
	straight := accuracy(t, svm, s, 6)
	curved := accuracy(t, kernel.Method{Method: svm}, s, 6)
	single := accuracy(t, compose.Alone{Method: kernel.Method{Method: alone}}, s, 6)
	if !(straight < 0.65 && curved > 0.9 && curved > single+0.05) {
		t.Errorf("accuracy: linear %.3f, kernel %.3f, each task alone %.3f", straight, curved, single)
	}
}

func TestSearchTriesKernels(t *testing.T) {
	s := rings(2, 40, 10)
	m := kernel.Method{Method: linear.Method{Penalty: &penalty.Shared{Mu: 1}}}
	paths, err := m.Candidates(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	var gammas []float64
	for _, path := range paths {
		gammas = append(gammas, path[0].(kernel.Method).Kernel.Parameters()["gamma"])
	}
	if len(gammas) != 4 || gammas[0] != gammas[1]/4 || gammas[3] != gammas[2]*4 {
		t.Errorf("gammas are %v", gammas)
	}
	train := s.Select([][]int{{0, 1, 2, 3, 4, 5, 6, 7}, {5, 6, 7, 8, 9, 10}})
	session, err := m.Begin(ctx, train, s)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []kindred.Method{paths[0][3], paths[2][5], paths[0][4]} {
		got, err := session.Try(ctx, c)
		if err != nil {
			t.Fatal(err)
		}
		want := predict(t, fit(t, c, train), s.Tasks[0].Table)
		for k, o := range got {
			for i, r := range s.Tasks[k].Rows {
				if d := o.Decision[i] - want.Tasks[k].Decision[r]; math.Abs(d) > 0.02 {
					t.Errorf("task %d, row %d: a decision of %v in a search, of %v in a fit", k, i, o.Decision[i], want.Tasks[k].Decision[r])
				}
			}
		}
	}
	if _, err := session.Try(ctx, linear.Method{}); err == nil || !strings.Contains(err.Error(), "no candidate") {
		t.Errorf("a stranger is tried: %v", err)
	}
	model := fit(t, compose.Search{Methods: []kindred.Method{m}, Folds: 3}, s)
	if r := model.(kindred.Reporter).Report(); !strings.HasPrefix(r.Method, "kernel linear") || r.Parameters["gamma"] == 0 || r.Parameters["C"] == 0 || r.Parameters["landmarks"] == 0 {
		t.Errorf("report %+v", r)
	}
}

func TestWorkersDoNotMatter(t *testing.T) {
	s := rings(3, 300, 11)
	m := kernel.Method{Landmarks: 40, Method: linear.Method{Loss: loss.Hinge{}, Penalty: &penalty.Shared{Mu: 1}}}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	one := predict(t, fit(t, m, s), s.Tasks[0].Table)
	runtime.GOMAXPROCS(2)
	if d := cmp.Diff(one, predict(t, fit(t, m, s), s.Tasks[0].Table)); d != "" {
		t.Error(d)
	}
}

func TestManyRowsAreDrawnBySeed(t *testing.T) {
	s := rings(2, 3000, 12)
	of := func(seed uint64) *kindred.Prediction {
		m := kernel.Method{Landmarks: 10, Seed: seed, Method: linear.Method{Tol: 1e-2}}
		return predict(t, fit(t, m, s), s.Tasks[0].Table)
	}
	if cmp.Equal(of(1), of(2)) || !cmp.Equal(of(1), of(1)) {
		t.Error("the rows that landmarks are chosen from do not follow the seed")
	}
}

func TestBadOptions(t *testing.T) {
	s := family(t, synth.Tasks{Tasks: 2, Samples: 20, Seed: 13})
	for want, m := range map[string]kernel.Method{
		"no method is given": {},
		"landmarks -1":       {Landmarks: -1, Method: linear.Method{}},
		"gamma -2":           {Kernel: &kernel.RBF{Gamma: -2}, Method: linear.Method{}},
		"degree 21":          {Kernel: &kernel.Poly{Degree: 21}, Method: linear.Method{}},
		"coef0 NaN":          {Kernel: &kernel.Poly{Coef0: math.NaN()}, Method: linear.Method{}},
		"not finite":         {Kernel: &kernel.Poly{Gamma: 1e300, Degree: 20}, Method: linear.Method{}},
		"not negative":       {Method: linear.Method{C: -1}},
	} {
		if _, err := m.Fit(ctx, s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	if _, err := (kernel.Method{Method: still{}}).Candidates(ctx, s); err == nil || !strings.Contains(err.Error(), "no hyper-parameters") {
		t.Errorf("got %v", err)
	}
}

// still is a method with nothing to search.
type still struct{}

func (still) Fit(context.Context, *kindred.Set) (kindred.Model, error) { return nil, nil }
