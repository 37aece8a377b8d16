package linear_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/linear"
	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/modelfile"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/synth"
)

var ctx = context.Background()

func family(t *testing.T, g synth.Tasks) *kindred.Set {
	t.Helper()
	s, _, err := g.Make()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func fit(t *testing.T, m linear.Method, s *kindred.Set) *linear.Model {
	t.Helper()
	model, err := m.Fit(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	return model.(*linear.Model)
}

// predict is what a model says of every row of the first table, all tasks.
func predict(t *testing.T, m kindred.Model, s *kindred.Set) *kindred.Prediction {
	t.Helper()
	p, err := m.Predict(ctx, s.Tasks[0].Table, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func near(t *testing.T, what string, a, b []float64, tol float64) {
	t.Helper()
	if len(a) != len(b) {
		t.Fatalf("%s: %d and %d numbers", what, len(a), len(b))
	}
	for i := range a {
		if math.Abs(a[i]-b[i]) > tol*(1+math.Abs(b[i])) || math.IsNaN(a[i]) != math.IsNaN(b[i]) {
			t.Fatalf("%s: %v and %v at %d", what, a[i], b[i], i)
		}
	}
}

// Every loss with every penalty that some solver takes reaches its certificate.
func TestCertificates(t *testing.T) {
	sets := map[kindred.Kind]*kindred.Set{}
	for _, k := range []kindred.Kind{kindred.Regression, kindred.Binary, kindred.Count} {
		sets[k] = family(t, synth.Tasks{Tasks: 4, Samples: 30, MaxSamples: 60, Features: 5, Kind: k, Seed: 1})
	}
	seen := 0
	for _, l := range loss.All {
		for kind, s := range sets {
			if !l.New().Takes(kind) {
				continue
			}
			for _, p := range penalty.All {
				m := linear.Method{Loss: l.New(), Penalty: p.New(), C: 0.1, NoProbability: true}
				model, err := m.Fit(ctx, s)
				if err != nil {
					if !strings.Contains(err.Error(), "no solver takes") {
						t.Errorf("%s × %s: %v", l.Name, p.Name, err)
					}
					continue
				}
				seen++
				r := model.(kindred.Reporter).Report()
				limit := 1e-6
				if r.Solver == "dualcd" {
					limit = 1e-3
				}
				if r.Gap.Value > limit {
					t.Errorf("%s × %s on %v: %s by %s after %d steps, gap %.1e", l.Name, p.Name, kind, r.Status, r.Solver, r.Steps, r.Gap.Value)
				}
			}
		}
	}
	t.Logf("%d pairs of loss and penalty", seen)
	if seen < 30 {
		t.Errorf("only %d pairs of loss and penalty were fitted", seen)
	}
}

func TestOwnTablesAreASharedTable(t *testing.T) {
	shared := family(t, synth.Tasks{Tasks: 3, Samples: 40, Features: 4, Shared: true, Seed: 2})
	own := &kindred.Set{Tasks: append([]kindred.Task{}, shared.Tasks...)}
	for i := range own.Tasks {
		own.Tasks[i].Table = own.Tasks[i].Table.Select(own.Tasks[i].Rows)
	}
	m := linear.Method{Penalty: penalty.L21{}, C: 0.2, Tol: 1e-10}
	a, b := predict(t, fit(t, m, shared), shared), predict(t, fit(t, m, own), shared)
	for i := range a.Tasks {
		near(t, "values", a.Tasks[i].Value, b.Tasks[i].Value, 1e-6)
	}
}

func TestPermutingTasksPermutesResults(t *testing.T) {
	s := family(t, synth.Tasks{Tasks: 3, Samples: 40, Features: 4, Kind: kindred.Binary, Seed: 3})
	m := linear.Method{Penalty: &penalty.Shared{Mu: 0.5}, Tol: 1e-10}
	a, b := predict(t, fit(t, m, s), s), predict(t, fit(t, m, s.Only(2, 0, 1)), s)
	for i, j := range []int{1, 2, 0} {
		near(t, "probabilities", a.Tasks[i].Probability, b.Tasks[j].Probability, 1e-5)
	}
}

func TestARowOfWeightTwoIsTheRowTwice(t *testing.T) {
	s := family(t, synth.Tasks{Tasks: 2, Samples: 30, Features: 3, Seed: 4})
	weighted, twice := s.Only(0, 1), s.Only(0, 1)
	for i := range s.Tasks {
		n := len(s.Tasks[i].Rows)
		var places []int
		for p := range n {
			weighted.Tasks[i].Weight = append(weighted.Tasks[i].Weight, float64(1+p%2))
			places = append(places, p)
			if p%2 == 1 {
				places = append(places, p)
			}
		}
		twice.Tasks[i] = s.Tasks[i].Select(places)
	}
	m := linear.Method{Penalty: penalty.Trace{}, Alpha: 0.05, Tol: 1e-10}
	a, b := predict(t, fit(t, m, weighted), s), predict(t, fit(t, m, twice), s)
	for i := range a.Tasks {
		near(t, "values", a.Tasks[i].Value, b.Tasks[i].Value, 1e-5)
	}
}

func TestWorkersDoNotMatter(t *testing.T) {
	s := family(t, synth.Tasks{Tasks: 5, Samples: 40, Features: 4, Kind: kindred.Binary, Seed: 5})
	m := linear.Method{Loss: loss.Hinge{}, Penalty: &penalty.Shared{Mu: 1}, Seed: 9}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	one := predict(t, fit(t, m, s), s)
	runtime.GOMAXPROCS(2)
	if d := cmp.Diff(one, predict(t, fit(t, m, s), s)); d != "" {
		t.Error(d)
	}
}

// Unbounded coupling gives all tasks one weight vector; none gives ridge.
func TestLimitsOfSharedWeights(t *testing.T) {
	s := family(t, synth.Tasks{Tasks: 4, Samples: 30, Features: 4, Seed: 6})
	common := predict(t, fit(t, linear.Method{Penalty: penalty.Common{}, C: 0.5, Tol: 1e-10}, s), s)
	coupled := predict(t, fit(t, linear.Method{Penalty: &penalty.Shared{Mu: 2e-6}, C: 1e-6, Tol: 1e-10}, s), s)
	apart := predict(t, fit(t, linear.Method{Penalty: &penalty.Shared{Mu: 1e9}, C: 0.5, Tol: 1e-10}, s), s)
	ridge := predict(t, fit(t, linear.Method{C: 0.5, Tol: 1e-10}, s), s)
	for i := range s.Tasks {
		near(t, "unbounded coupling", coupled.Tasks[i].Value, common.Tasks[i].Value, 1e-3)
		near(t, "no coupling", apart.Tasks[i].Value, ridge.Tasks[i].Value, 1e-4)
	}
}

// Squared loss with shared weights is solved exactly, also where there are
// about as many features as rows.
func TestSquaredLossTakesOneStep(t *testing.T) {
	for _, n := range []int{5, 12} {
		for d := n - 2; d <= 4*n; d += 2 {
			for tasks := 1; tasks <= 2; tasks++ {
				s := family(t, synth.Tasks{Tasks: tasks, Samples: n, Features: d, Seed: 6})
				r := fit(t, linear.Method{Penalty: &penalty.Shared{Mu: 1}}, s).Report()
				if r.Steps > 2 || r.Gap.Value > 1e-6 {
					t.Errorf("%d tasks of %d rows, %d features: gap %.0e after %d steps", tasks, n, d, r.Gap.Value, r.Steps)
				}
			}
		}
	}
}

func TestMulticlass(t *testing.T) {
	s := family(t, synth.Tasks{Tasks: 2, Samples: 90, Features: 4, Noise: 0.1, Seed: 7})
	for i := range s.Tasks {
		task := &s.Tasks[i]
		task.Kind, task.Label.Classes = kindred.Multiclass, []string{"low", "middle", "high"}
		for k, y := range task.Y() {
			task.Y()[k] = float64(min(2, max(0, int(math.Floor(y)+1))))
		}
	}
	for _, l := range []loss.Loss{nil, loss.Hinge{}, loss.CrammerSinger{}, loss.Logistic{}} {
		m := linear.Method{Loss: l, Penalty: &penalty.Shared{Mu: 1}}
		p := predict(t, fit(t, m, s), s)
		for i, o := range p.Tasks {
			right := 0
			for k, r := range s.Tasks[i].Rows {
				sum := o.Probability[3*r] + o.Probability[3*r+1] + o.Probability[3*r+2]
				if math.Abs(sum-1) > 1e-9 {
					t.Fatalf("%T: probabilities sum to %v", l, sum)
				}
				if o.Class[r] == int(s.Tasks[i].Y()[k]) {
					right++
				}
			}
			if right < 50 { // the classes are ordered: one against the rest finds the middle one last
				t.Errorf("%T: task %d: %d of 90 rows are right", l, i, right)
			}
		}
	}
}

// A task of one class borrows the others' intercept under a penalty that
// shares, and predicts its smoothed prior alone.
func TestSingleClassTask(t *testing.T) {
	s := family(t, synth.Tasks{Tasks: 3, Samples: 40, Features: 3, Kind: kindred.Binary, Seed: 8})
	for k := range s.Tasks[1].Y() {
		s.Tasks[1].Y()[k] = 0
	}
	for _, l := range []loss.Loss{nil, loss.Hinge{}} {
		model := fit(t, linear.Method{Loss: l, Penalty: &penalty.Shared{Mu: 1}}, s)
		if w := model.Report().Warnings; len(w) == 0 || !strings.Contains(w[0], `"t1"`) {
			t.Errorf("warnings are %q", w)
		}
		for _, v := range predict(t, model, s).Tasks[1].Probability {
			if math.IsNaN(v) || v < 0 || v > 1 {
				t.Fatalf("probability %v", v)
			}
		}
	}
	alone := predict(t, fit(t, linear.Method{}, s), s)
	for r := range 40 {
		if got := alone.Tasks[1].Probability[2*r+1]; math.Abs(got-1.0/42) > 1e-9 {
			t.Fatalf("alone it predicts %v, the smoothed prior is %v", got, 1.0/42)
		}
	}
	for k := range s.Tasks {
		for i := range s.Tasks[k].Y() {
			s.Tasks[k].Y()[i] = 1
		}
	}
	if _, err := (linear.Method{}).Fit(ctx, s); err == nil || !strings.Contains(err.Error(), "two classes") {
		t.Errorf("no task has two classes: %v", err)
	}
}

// Where no feature varies over the training rows, every loss with every penalty
// predicts the best constant: the mean, or how often each class occurs.
func TestNoFeatureVaries(t *testing.T) {
	const n = 12
	x := make([][]float64, n)
	for i := range x {
		x[i] = []float64{3, -1}
	}
	labels := map[kindred.Kind][2][]float64{
		kindred.Regression: {{1, 2, 6, 3, 3, 3, 1, 2, 6, 3, 3, 3}, {0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 4}},
		kindred.Binary:     {{1, 1, 0, 1, 0, 1, 1, 1, 0, 1, 0, 1}, {0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0}},
		kindred.Count:      {{1, 2, 6, 3, 3, 3, 1, 2, 6, 3, 3, 3}, {0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 4}},
		kindred.Multiclass: {{0, 1, 2, 0, 0, 1, 0, 1, 2, 0, 0, 1}, {2, 2, 1, 2, 0, 2, 2, 2, 1, 2, 0, 2}},
	}
	seen := 0
	for kind, y := range labels {
		s, err := kindred.FromSlices(x, y[0], y[1])
		if err != nil {
			t.Fatal(err)
		}
		for i := range s.Tasks {
			s.Tasks[i].Kind, s.Tasks[i].Label.Classes = kind, nil
			switch kind {
			case kindred.Binary:
				s.Tasks[i].Label.Classes = []string{"no", "yes"}
			case kindred.Multiclass:
				s.Tasks[i].Label.Classes = []string{"a", "b", "c"}
			}
		}
		for _, l := range loss.All {
			for _, p := range penalty.All {
				for _, tasks := range [][]int{{0}, {1}, {0, 1}} {
					m := linear.Method{Loss: l.New(), Penalty: p.New()}
					model, err := m.Fit(ctx, s.Only(tasks...))
					if err != nil {
						if !strings.Contains(err.Error(), "no solver takes") && !strings.Contains(err.Error(), "does not take") {
							t.Errorf("%s × %s: %v", l.Name, p.Name, err)
						}
						continue
					}
					seen++
					what := fmt.Sprintf("%s × %s on %v tasks %v", l.Name, p.Name, kind, tasks)
					r := model.(kindred.Reporter).Report()
					if len(r.Warnings) == 0 || !strings.Contains(r.Warnings[0], "no feature varies") {
						t.Errorf("%s: warnings %q", what, r.Warnings)
					}
					constants(t, what, model, s, tasks, l.Name)
					constants(t, what+", loaded", again(t, model), s, tasks, l.Name)
				}
			}
		}
	}
	t.Logf("%d fits", seen)
	if seen < 100 {
		t.Errorf("only %d fits", seen)
	}
}

// again is the model saved and loaded.
func again(t *testing.T, model kindred.Model) kindred.Model {
	t.Helper()
	var b bytes.Buffer
	if err := modelfile.Save(&b, model, nil, linear.Codec); err != nil {
		t.Fatal(err)
	}
	loaded, _, err := modelfile.Load(&b, linear.Codec)
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

// constants checks that a model without features predicts the mean label, or
// how often each class occurs; hinge losses are calibrated, and so smoothed.
func constants(t *testing.T, what string, model kindred.Model, s *kindred.Set, tasks []int, lossName string) {
	t.Helper()
	tolerance := 1e-4
	switch lossName {
	case "hinge", "squared-hinge", "crammer-singer":
		tolerance = 0.15
	case "huber":
		return // its constant is between the mean and the median
	}
	for i, o := range predict(t, model, s).Tasks {
		y := s.Tasks[tasks[i]].Y()
		if o.Value != nil {
			mean := 0.0
			for _, v := range y {
				mean += v / float64(len(y))
			}
			near(t, what, o.Value[:1], []float64{mean}, tolerance)
			continue
		}
		k := len(o.Probability) / len(y)
		often := make([]float64, k)
		for _, v := range y {
			often[int(v)] += 1 / float64(len(y))
		}
		near(t, what, o.Probability[:k], often, tolerance)
	}
}

func TestBadOptionsAndLosses(t *testing.T) {
	s := family(t, synth.Tasks{Tasks: 2, Samples: 20, Seed: 9})
	for want, m := range map[string]linear.Method{
		"not negative":            {C: -1},
		"give one of them":        {C: 1, Alpha: 1},
		`no solver "fits"`:        {Solver: "fits"},
		"hinge does not take":     {Loss: loss.Hinge{}},
		"the loss hinge does not": {Loss: loss.Hinge{}, Penalty: &penalty.Shared{}},
		"mu -1":                   {Penalty: &penalty.Shared{Mu: -1}},
	} {
		if _, err := m.Fit(ctx, s); err == nil || !strings.Contains(err.Error(), strings.TrimPrefix(want, "the loss ")) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := (linear.Method{}).Fit(cancelled, s); err == nil {
		t.Error("a cancelled fit gives a model")
	}
}

func TestSavedModelPredictsTheSameBits(t *testing.T) {
	for _, kind := range []kindred.Kind{kindred.Regression, kindred.Binary, kindred.Count} {
		s := family(t, synth.Tasks{Tasks: 3, Samples: 40, Features: 3, Kind: kind, Seed: 10})
		m := linear.Method{Penalty: &penalty.Shared{Mu: 1}}
		if kind == kindred.Binary {
			m.Loss = loss.Hinge{}
		}
		model := fit(t, m, s)
		loaded := again(t, model)
		if d := cmp.Diff(predict(t, model, s), predict(t, loaded, s)); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff(model.Report(), loaded.(kindred.Reporter).Report()); d != "" {
			t.Error(d)
		}
	}
}

// What a preparation learned of words lies in tensors, not in the header, which
// safetensors limits to 100 MB.
func TestSavedTextModel(t *testing.T) {
	const rows = 60
	table := &kindred.Table{Columns: []kindred.Column{{Name: "text", Type: kindred.Text, Text: make([]string, rows)}, {Name: "x", Number: make([]float64, rows)}}}
	task := kindred.Task{Name: "t", Kind: kindred.Binary, Table: table, Label: kindred.Labels{Target: "y", Classes: []string{"no", "yes"}, Columns: [][]float64{make([]float64, rows)}}}
	for i := range rows {
		task.Rows = append(task.Rows, i)
		task.Y()[i] = float64(i % 2)
		table.Columns[0].Text[i] = strings.Repeat([]string{"a dull thing ", "a fine thing "}[i%2], 1+i%3) + strings.Repeat("x", i)
		table.Columns[1].Number[i] = float64(i * i % 7)
	}
	s := &kindred.Set{Tasks: []kindred.Task{task}}
	model := fit(t, linear.Method{}, s)
	var b bytes.Buffer
	if err := modelfile.Save(&b, model, nil, linear.Codec); err != nil {
		t.Fatal(err)
	}
	if head, all := binary.LittleEndian.Uint64(b.Bytes()), uint64(b.Len()); head > 3000 || all > head+8*(3*uint64(len(model.Features()))+2) {
		t.Errorf("a header of %d and a file of %d bytes for %d features", head, all, len(model.Features()))
	}
	again, _, err := modelfile.Load(&b, linear.Codec)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(predict(t, model, s), predict(t, again, s)); d != "" {
		t.Error(d)
	}
}
