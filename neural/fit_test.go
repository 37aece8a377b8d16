package neural

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/arch"
	"github.com/kindred-mtl/kindred/modelfile"
	"github.com/kindred-mtl/kindred/optim"
	"github.com/kindred-mtl/kindred/weigh"
)

// numbers is a table of normal numbers.
func numbers(rows, features int, seed uint64) *kindred.Table {
	random := rand.New(rand.NewPCG(seed, 2))
	table := &kindred.Table{}
	for j := range features {
		c := kindred.Column{Name: fmt.Sprint("x", j), Number: make([]float64, rows)}
		for i := range c.Number {
			c.Number[i] = random.NormFloat64()
		}
		table.Columns = append(table.Columns, c)
	}
	return table
}

// task labels the rows of a table, those that keep takes.
func task(name string, kind kindred.Kind, table *kindred.Table, classes int, keep func(i int) bool, label func(x []float64) float64) kindred.Task {
	t := kindred.Task{Name: name, Kind: kind, Table: table, Label: kindred.Labels{Target: name, Columns: [][]float64{nil}}}
	for c := range classes {
		t.Label.Classes = append(t.Label.Classes, string(rune('a'+c)))
	}
	x := make([]float64, len(table.Columns))
	for i := range table.Len() {
		if keep != nil && !keep(i) {
			continue
		}
		for j := range x {
			x[j] = table.Columns[j].Number[i]
		}
		t.Rows = append(t.Rows, i)
		t.Label.Columns[0] = append(t.Label.Columns[0], label(x))
	}
	return t
}

// mixed is a task of every kind over one table, of which some miss labels.
func mixed(rows int) *kindred.Set {
	table := numbers(rows, 3, 1)
	return &kindred.Set{Tasks: []kindred.Task{
		task("value", kindred.Regression, table, 0, nil, func(x []float64) float64 { return 50 + 10*x[0]*x[1] }),
		task("sign", kindred.Binary, table, 2, func(i int) bool { return i%3 > 0 }, func(x []float64) float64 { return step(x[0] + x[2]) }),
		task("part", kindred.Multiclass, table, 3, func(i int) bool { return i%4 > 0 }, func(x []float64) float64 { return step(x[1]) + step(x[2]) }),
		task("events", kindred.Count, table, 0, nil, func(x []float64) float64 { return math.Floor(math.Exp(1 + x[0]/2)) }),
	}}
}

// step is 1 above 0.
func step(v float64) float64 {
	if v > 0 {
		return 1
	}
	return 0
}

func fit(t *testing.T, m Method, s *kindred.Set) *Model {
	t.Helper()
	model, err := m.Fit(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	return model.(*Model)
}

func predict(t *testing.T, m kindred.Model, table *kindred.Table) *kindred.Prediction {
	t.Helper()
	p, err := m.Predict(context.Background(), table, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// finite demands numbers, and probabilities.
func finite(t *testing.T, p *kindred.Prediction) {
	t.Helper()
	for _, o := range p.Tasks {
		for _, list := range [][]float64{o.Value, o.Variance, o.Probability, o.Decision} {
			for _, v := range list {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					t.Fatalf("task %d predicts %v", o.Task, v)
				}
			}
		}
	}
}

// correct is the share of a task's rows whose class is predicted.
func correct(p *kindred.Prediction, s *kindred.Set, task int) float64 {
	n, right := 0.0, 0.0
	for i, r := range s.Tasks[task].Rows {
		n++
		if float64(p.Tasks[task].Class[r]) == s.Tasks[task].Y()[i] {
			right++
		}
	}
	return right / n
}

var small = arch.Layers{Hidden: arch.Units{12}}

// The same seed trains the same network, to the last bit, on any number of
// workers; another seed another one.
func TestFitRepeats(t *testing.T) {
	s := mixed(320)
	for _, m := range []Method{
		{Arch: &arch.Shared{Layers: arch.Layers{Hidden: arch.Units{8}, Norm: "batch", Dropout: 0.2}}, Training: Training{Epochs: 2, Batch: 256}, Seed: 5},
		{Arch: &arch.Conditioned{Layers: small}, Weighting: &weigh.PCGrad{}, Training: Training{Epochs: 2, Batch: 256, Sampling: "temperature"}, Seed: 5},
		{Arch: &arch.MMoE{Layers: small}, Weighting: &weigh.MGDA{}, Training: Training{Epochs: 2, Batch: 256}, Seed: 5},
		{Arch: &arch.Hierarchy{Layers: arch.Layers{Hidden: arch.Units{6, 6}}}, Training: Training{Epochs: 2, Batch: 256}, Seed: 5},
	} {
		at := func(workers int, seed uint64) (*Model, *kindred.Prediction) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(workers))
			m.Seed = seed
			model := fit(t, m, s)
			return model, predict(t, model, s.Tasks[0].Table)
		}
		one, p := at(1, 5)
		two, q := at(2, 5)
		if !slices.Equal(one.params, two.params) || !reflect.DeepEqual(p, q) || !reflect.DeepEqual(one.report, two.report) {
			t.Errorf("%T: two workers train another network than one", m.Arch)
		}
		if other, _ := at(2, 6); slices.Equal(one.params, other.params) {
			t.Errorf("%T: another seed trains the same network", m.Arch)
		}
		finite(t, p)
	}
}

// A network learns what is no sum of functions of single columns, for tasks of
// every kind; one without hidden layers cannot.
func TestFitLearns(t *testing.T) {
	table := numbers(500, 2, 1)
	same := func(x []float64) float64 { return step(x[0] * x[1]) }
	s := &kindred.Set{Tasks: []kindred.Task{
		task("same", kindred.Binary, table, 2, nil, same),
		task("differ", kindred.Multiclass, table, 3, nil, func(x []float64) float64 { return (1 - same(x)) * 2 }),
	}}
	options := Training{Epochs: 60, Batch: 32, Rate: 0.02, Patience: 60}
	deep := predict(t, fit(t, Method{Arch: &arch.Shared{Layers: arch.Layers{Hidden: arch.Units{16}}}, Training: options}, s), table)
	options.Epochs = 5
	flat := predict(t, fit(t, Method{Arch: &arch.Shared{Layers: arch.Layers{Hidden: arch.Units{}}}, Training: options}, s), table)
	for task := range s.Tasks {
		if a, b := correct(deep, s, task), correct(flat, s, task); a < 0.94 || b > 0.7 {
			t.Errorf("task %d: %v of the rows are right, and %v without hidden layers", task, a, b)
		}
	}
}

// Every weighting, sampling and loss trains: the mean loss of training rows
// falls, and what is predicted is finite.
func TestFitTrains(t *testing.T) {
	s := mixed(160)
	train := func(name string, m Method) {
		var first, last float64
		m.Training.Epochs, m.Training.Batch, m.Training.Rate, m.Training.Held = 6, 16, 0.01, 0.1
		m.Progress = func(p Progress) {
			last = 0
			for _, l := range p.Train {
				last += l
			}
			if p.Epoch == 1 {
				first = last
			}
		}
		model := fit(t, m, s)
		finite(t, predict(t, model, s.Tasks[0].Table))
		if !(last < 0.95*first) {
			t.Errorf("%s: the losses go from %v to %v", name, first, last)
		}
	}
	for _, w := range weigh.All {
		train(w.Name, Method{Arch: &arch.Shared{Layers: small}, Weighting: w.New()})
	}
	for _, how := range samplings {
		train(how, Method{Arch: &arch.Conditioned{Layers: small}, Training: Training{Sampling: how}})
	}
	for _, loss := range losses {
		train(loss, Method{Arch: &arch.Shared{Layers: small}, Training: Training{Loss: loss}})
	}
	for _, a := range arch.All {
		n := a.New()
		n.Common().Hidden = arch.Units{8, 8}
		train(a.Name, Method{Arch: n})
	}
}

// The curve of a report has what was told of every epoch, and the epoch kept is
// where the held-out loss was least.
func TestFitCurve(t *testing.T) {
	epochs := 0
	m := Method{Arch: &arch.Shared{Layers: small}, Training: Training{Epochs: 8, Batch: 16, Rate: 0.02, Held: 0.25, Patience: 8}}
	m.Progress = func(Progress) { epochs++ }
	c := fit(t, m, mixed(160)).Report().Curve
	if c == nil || len(c.Train) != len(c.Held) || len(c.Train) < 2 || len(c.Train) != epochs {
		t.Fatalf("curve %+v, %d epochs told", c, epochs)
	}
	if !(c.Train[len(c.Train)-1] < c.Train[0]) || c.Best < 1 || c.Best > len(c.Held) {
		t.Errorf("curve %+v", c)
	}
	for _, v := range c.Held {
		if v < c.Held[c.Best-1] {
			t.Errorf("a held-out loss of %v is less than %v of the epoch kept", v, c.Held[c.Best-1])
		}
	}
}

// Columns of every type, levels never seen, missing numbers and texts go through.
func TestFitColumns(t *testing.T) {
	const rows = 120
	build := func(level string, words string) *kindred.Table {
		table := numbers(rows, 2, 1)
		kind := kindred.Column{Name: "kind", Type: kindred.Categorical, Level: []string{"red", "blue", level}}
		text := kindred.Column{Name: "text", Type: kindred.Text}
		for i := range rows {
			kind.Code, text.Text = append(kind.Code, int32(i%4)-1), append(text.Text, []string{"", "good " + words, "bad", "good bad"}[i%4])
			if i%7 == 0 {
				table.Columns[0].Number[i] = math.NaN()
			}
		}
		table.Columns = append(table.Columns, kind, text)
		return table
	}
	table := build("green", "day")
	s := &kindred.Set{}
	for k := range 3 {
		one := kindred.Task{Name: fmt.Sprint(k), Kind: kindred.Binary, Table: table, Label: kindred.Labels{Target: "y", Classes: []string{"a", "b"}, Columns: [][]float64{nil}}}
		for i := range rows {
			one.Rows, one.Label.Columns[0] = append(one.Rows, i), append(one.Label.Columns[0], float64((i%4/2+k)%2))
		}
		s.Tasks = append(s.Tasks, one)
	}
	for _, a := range []arch.Architecture{&arch.Shared{Layers: small}, &arch.Conditioned{Layers: small}} {
		model := fit(t, Method{Arch: a, Training: Training{Epochs: 12, Batch: 16, Rate: 0.02}}, s)
		p := predict(t, model, table)
		finite(t, p)
		if c := correct(p, s, 0); c < 0.95 {
			t.Errorf("%T: %v of the rows are right", a, c)
		}
		q := predict(t, model, build("violet", "night"))
		finite(t, q)
		for i := range rows {
			if known := i%4 == 0 || i%4 == 2; known && q.Tasks[0].Probability[2*i] != p.Tasks[0].Probability[2*i] {
				t.Fatalf("row %d, of known levels and words, is predicted otherwise", i)
			}
		}
	}
}

// A task with nothing to learn from is told about, and predicted.
func TestFitTaskWithoutRows(t *testing.T) {
	for _, a := range []arch.Architecture{&arch.Shared{Layers: small}, &arch.Conditioned{Layers: small}} {
		s := mixed(80)
		s.Tasks[1].Weight = make([]float64, len(s.Tasks[1].Rows))
		model := fit(t, Method{Arch: a, Training: Training{Epochs: 2}, Weighting: &weigh.PCGrad{}}, s)
		p := predict(t, model, s.Tasks[0].Table)
		finite(t, p)
		if len(p.Tasks[1].Class) != 80 {
			t.Errorf("%T: %d rows are predicted", a, len(p.Tasks[1].Class))
		}
		if w := strings.Join(model.Report().Warnings, "\n"); !strings.Contains(w, `"sign"`) {
			t.Errorf("%T: warnings %q do not name the task", a, w)
		}
	}
	s := mixed(80)
	for t := range s.Tasks {
		s.Tasks[t].Weight = make([]float64, len(s.Tasks[t].Rows))
	}
	if _, err := (Method{Arch: &arch.Shared{Layers: small}}).Fit(context.Background(), s); err == nil || strings.Contains(err.Error(), "diverge") {
		t.Errorf("nothing to learn from: %v", err)
	}
}

// A rate that is far too large is said to be.
func TestFitDiverges(t *testing.T) {
	s := made(100, 4, 3)
	m := Method{Arch: &arch.Shared{Layers: small}, Training: Training{Epochs: 5, Batch: 10}, Optimizer: optim.Chain{&optim.SGD{Rate: 1e12}}}
	if _, err := m.Fit(context.Background(), s); err == nil || !strings.Contains(err.Error(), "diverges") || !strings.Contains(err.Error(), "rate below 1e+12") {
		t.Errorf("error %v", err)
	}
}

// An ended context leaves nothing before the first epoch, and then the best
// network so far, also where several are tried.
func TestFitInterrupted(t *testing.T) {
	s := made(100, 4, 3)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := (Method{Arch: &arch.Shared{Layers: small}}).Fit(ctx, s); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	for _, tried := range []bool{false, true} {
		m := Method{Arch: &arch.Shared{Layers: small}, Training: Training{Epochs: 20, Batch: 50}}
		if tried {
			m.Arch = &arch.Shared{}
		}
		for after := 1; after < 8; after += 3 {
			ctx, cancel := context.WithCancel(context.Background())
			epochs, best := 0, math.Inf(1)
			m.Progress = func(p Progress) {
				mean := 0.0
				for _, l := range p.Held {
					mean += l / float64(len(p.Held))
				}
				best = min(best, mean)
				if epochs++; epochs == after {
					cancel()
				}
			}
			model, err := m.Fit(ctx, s)
			if err != nil {
				t.Fatalf("tried=%v, after %d epochs: %v", tried, after, err)
			}
			r := model.(*Model).Report()
			if epochs != after || !strings.Contains(r.Status, "interrupted") {
				t.Errorf("tried=%v: %d epochs, not %d; %q", tried, epochs, after, r.Status)
			}
			if r.Objective > best+1e-9 {
				t.Errorf("tried=%v: the best epoch had %v, what is kept %v", tried, best, r.Objective)
			}
			finite(t, predict(t, model, s.Tasks[0].Table))
		}
	}
}

// Some tasks, in any order, are predicted as among all; so are few rows, or none.
func TestPredictSome(t *testing.T) {
	s := mixed(700)
	table := s.Tasks[0].Table
	for _, a := range []arch.Architecture{&arch.Shared{Layers: small, Tower: arch.Units{4}}, &arch.Conditioned{Layers: small}, &arch.Hierarchy{Layers: arch.Layers{Hidden: arch.Units{6, 6}}}} {
		model := fit(t, Method{Arch: a, Training: Training{Epochs: 1}}, s)
		all := predict(t, model, table)
		some, err := model.Predict(context.Background(), table, []int{3, 1, 3})
		if err != nil {
			t.Fatal(err)
		}
		for i, task := range []int{3, 1, 3} {
			if !reflect.DeepEqual(some.Tasks[i], all.Tasks[task]) {
				t.Errorf("%T: task %d is predicted otherwise alone", a, task)
			}
		}
		var at sync.WaitGroup
		for range 4 {
			at.Go(func() {
				if p, err := model.Predict(context.Background(), table, nil); err != nil || !reflect.DeepEqual(p, all) {
					t.Errorf("%T: predictions at once differ, %v", a, err)
				}
			})
		}
		at.Wait()
		if none := predict(t, model, numbers(0, 3, 1)); len(none.Tasks) != 4 || len(none.Tasks[1].Class) != 0 {
			t.Errorf("%T: no row is predicted as %v", a, none)
		}
		if _, err := model.Predict(context.Background(), table, []int{4}); err == nil {
			t.Errorf("%T: task 4 of 4 is predicted", a)
		}
		if _, err := model.Predict(context.Background(), numbers(3, 2, 1), nil); err == nil || !strings.Contains(err.Error(), "x2") {
			t.Errorf("%T: a missing column: %v", a, err)
		}
	}
}

// Options that cannot be are told so, by their names.
func TestCheck(t *testing.T) {
	for word, m := range map[string]Method{
		"epochs":    {Training: Training{Epochs: -1}},
		"batch is":  {Training: Training{Batch: 1 << 17}},
		"rate":      {Training: Training{Rate: math.NaN()}},
		"decay":     {Training: Training{Decay: math.Inf(1)}},
		"held":      {Training: Training{Held: 1}},
		"sizes":     {Training: Training{Sizes: 4}},
		"sampling":  {Training: Training{Sampling: "proportionel"}},
		"loss":      {Training: Training{Loss: "hubre"}},
		"optimizer": {Training: Training{Rate: 0.1}, Optimizer: optim.Chain{&optim.SGD{}}},
		"dropout":   {Arch: &arch.Shared{Layers: arch.Layers{Dropout: 2}}},
		"mgda":      {Weighting: &weigh.MGDA{Normalize: "l3"}},
	} {
		if _, err := m.Fit(context.Background(), mixed(40)); err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%v does not name %q", err, word)
		}
	}
}

// A task of three rows, of one, and one whose columns do not vary, are learned,
// with a warning, and kept.
func TestFitNextToNothing(t *testing.T) {
	same := numbers(6, 2, 1)
	for _, c := range same.Columns {
		for i := range c.Number {
			c.Number[i] = 4
		}
	}
	y := func([]float64) float64 { return 3 }
	all := func(int) bool { return true }
	for name, s := range map[string]*kindred.Set{
		"three rows": {Tasks: []kindred.Task{task("a", kindred.Regression, numbers(3, 2, 1), 0, all, y)}},
		"one row":    {Tasks: []kindred.Task{task("a", kindred.Regression, numbers(1, 2, 1), 0, all, y)}},
		"constants":  {Tasks: []kindred.Task{task("a", kindred.Regression, same, 0, all, y)}},
	} {
		model, err := Method{Training: Training{Sizes: 1}}.Fit(context.Background(), s)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(model.(*Model).report.Warnings) == 0 {
			t.Errorf("%s: no warning", name)
		}
		for _, v := range predict(t, model, s.Tasks[0].Table).Tasks[0].Value {
			if math.Abs(v-3) > 0.5 {
				t.Errorf("%s: %v is predicted", name, v)
			}
		}
		var file bytes.Buffer
		if err := modelfile.Save(&file, model, nil, Codec); err != nil {
			t.Fatal(err)
		}
		if _, _, err := modelfile.Load(&file, Codec); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Where nothing can be held out the training losses say which epoch is best.
func TestFitNothingHeldOut(t *testing.T) {
	table := numbers(12, 3, 1)
	s := &kindred.Set{}
	for i := range 12 {
		s.Tasks = append(s.Tasks, task(fmt.Sprint(i), kindred.Regression, table, 0, func(r int) bool { return r == i }, func(x []float64) float64 { return x[0] }))
	}
	for _, a := range []arch.Architecture{&arch.Shared{Layers: small}, &arch.Conditioned{Layers: small}, &arch.Embedding{Layers: small, Score: "cosine"}} {
		var means []float64
		m := Method{Arch: a, Training: Training{Epochs: 5, Batch: 4}}
		m.Progress = func(p Progress) {
			sum, n := 0.0, 0.0
			for task, l := range p.Train {
				if !math.IsNaN(p.Held[task]) {
					t.Errorf("task %d has a held-out loss", task)
				}
				if !math.IsNaN(l) {
					sum, n = sum+l, n+1
				}
			}
			means = append(means, sum/n)
		}
		model := fit(t, m, s)
		finite(t, predict(t, model, table))
		if r := model.Report(); math.Abs(r.Objective-slices.Min(means)) > 1e-12 {
			t.Errorf("%T: objective %v of losses %v", a, r.Objective, means)
		}
		if w := strings.Join(model.Report().Warnings, "\n"); !strings.Contains(w, "held out") {
			t.Errorf("%T: warnings %q", a, w)
		}
	}
}

// Reports show what can be seen of the tasks: their vectors, and the branches
// they stand on.
func TestReport(t *testing.T) {
	s := alikeTasks(90)
	options := Training{Epochs: 1, Batch: 32}
	for _, c := range []struct {
		a      arch.Architecture
		vector int // how long a task's is; 0: none
		groups bool
	}{
		{&arch.Shared{Layers: small}, 0, false},
		{&arch.Conditioned{Layers: small, Dim: 3}, 3, false},
		{&arch.Embedding{Layers: small, Dim: 2}, 2, false},
		{&arch.Embedding{Layers: small, Dim: 2, Score: "cosine"}, 2, false},
		{&arch.Hierarchy{Layers: arch.Layers{Hidden: arch.Units{6, 6}}}, 0, true},
	} {
		r := fit(t, Method{Arch: c.a, Training: options}, s).Report()
		if c.vector == 0 && r.Vectors != nil || c.vector > 0 && (len(r.Vectors) != 3 || len(r.Vectors[2]) != c.vector) {
			t.Errorf("%T: vectors %v", c.a, r.Vectors)
		}
		if (len(r.Groups) == 3) != c.groups {
			t.Errorf("%T: groups %v", c.a, r.Groups)
		}
		if r.Method != arch.All.NameOf(c.a)+" network" || r.Steps == 0 || r.Status == "" {
			t.Errorf("%T: report %+v", c.a, r)
		}
	}
}

// made is a set of regressions that share rows.
func made(rows, features, tasks int) *kindred.Set {
	random := rand.New(rand.NewPCG(1, 2))
	table := &kindred.Table{}
	for j := range features {
		c := kindred.Column{Name: fmt.Sprint("x", j), Number: make([]float64, rows)}
		for i := range c.Number {
			c.Number[i] = random.NormFloat64()
		}
		table.Columns = append(table.Columns, c)
	}
	s := &kindred.Set{}
	all := make([]int, rows)
	for i := range all {
		all[i] = i
	}
	for t := range tasks {
		y := make([]float64, rows)
		for i := range y {
			y[i] = table.Columns[t%features].Number[i]*table.Columns[(t+1)%features].Number[i] + random.NormFloat64()
		}
		s.Tasks = append(s.Tasks, kindred.Task{Name: fmt.Sprint("t", t), Table: table, Rows: all, Label: kindred.Labels{Target: fmt.Sprint("y", t), Columns: [][]float64{y}}})
	}
	return s
}

// Of rows with times the last ones are held out, whatever their order in the
// table; a task that has none before them is trained on all of its rows. Without
// times, or where all are one, rows are drawn.
func TestHoldOutFollowsTime(t *testing.T) {
	table := numbers(200, 2, 1)
	table.Time = make([]float64, 200)
	for i := range table.Time {
		table.Time[i] = float64(i * 37 % 200)
	}
	label := func(x []float64) float64 { return x[0] }
	early := func(i int) bool { return table.Time[i] < 190 }
	late := func(i int) bool { return table.Time[i] >= 190 }
	s := &kindred.Set{Tasks: []kindred.Task{task("old", kindred.Regression, table, 0, early, label), task("new", kindred.Regression, table, 0, late, label)}}
	m := &Method{Training: Training{Held: 0.2}}
	train, held, err := m.holdOut(s)
	if err != nil {
		t.Fatal(err)
	}
	if len(train[0]) != 160 || len(held[0]) != 30 || len(train[1]) != 10 || held[1] != nil {
		t.Fatalf("%d and %d rows to train on, %d and %d held out", len(train[0]), len(train[1]), len(held[0]), len(held[1]))
	}
	for _, p := range train[0] {
		if v := table.Time[s.Tasks[0].Rows[p]]; v >= 160 {
			t.Errorf("trained on time %v", v)
		}
	}
	for _, p := range held[0] {
		if v := table.Time[s.Tasks[0].Rows[p]]; v < 160 {
			t.Errorf("held out time %v", v)
		}
	}
	finite(t, predict(t, fit(t, Method{Arch: &arch.Shared{Layers: small}, Training: Training{Epochs: 3}}, s), table))
	clear(table.Time)
	if train, held, err = m.holdOut(s); err != nil || len(train[0])+len(held[0]) != 190 || len(held[0]) == 0 || len(held[1]) == 0 {
		t.Errorf("of one time %d rows are held out, %v", len(held[0]), err)
	}
}
