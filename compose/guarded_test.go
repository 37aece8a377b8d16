package compose_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/compose"
	"github.com/kindred-mtl/kindred/linear"
	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/modelfile"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/synth"
)

func search(methods ...kindred.Method) kindred.Method { return compose.Search{Methods: methods} }

var (
	ridge  = linear.Method{Penalty: penalty.Ridge{}}
	shared = linear.Method{Penalty: &penalty.Shared{}}
	slopes = linear.Method{Penalty: penalty.Common{}} // one weight vector for all tasks
)

// guarded mixes learning alone with one weight vector for all tasks, and with
// one for each of the groups given.
func guarded(groups [][]string) compose.Guarded {
	g := compose.Guarded{Alone: search(compose.Alone{Method: ridge}), Others: []compose.Candidate{{Name: "joint", Method: search(slopes)}}}
	if groups != nil {
		g.Others = append(g.Others, compose.Candidate{Name: "grouped", Method: search(compose.Grouped{Method: slopes, Groups: groups})})
	}
	return g
}

func fitted(t *testing.T, m kindred.Method, s *kindred.Set) kindred.Model {
	t.Helper()
	model, err := m.Fit(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	return model
}

func mixtures(m kindred.Model) []kindred.Mixture { return m.(kindred.Reporter).Report().Mixtures }

// risks are the mean squared errors, or the Brier scores, of each task of s.
func risks(t *testing.T, m kindred.Model, s *kindred.Set) []float64 {
	t.Helper()
	out := make([]float64, len(s.Tasks))
	for k := range s.Tasks {
		task := &s.Tasks[k]
		p, err := m.Predict(ctx, task.Table.Select(task.Rows), []int{k})
		if err != nil {
			t.Fatal(err)
		}
		for i, y := range task.Y() {
			v := y
			if task.Kind.Classifies() {
				v -= p.Tasks[0].Probability[2*i+1]
			} else {
				v -= p.Tasks[0].Value[i]
			}
			out[k] += v * v / float64(len(task.Rows))
		}
	}
	return out
}

func mean(v []float64) float64 {
	total := 0.0
	for _, x := range v {
		total += x / float64(len(v))
	}
	return total
}

// parted makes a set, the first rows of each task to learn from and the others.
func parted(t *testing.T, g synth.Tasks, n int) (train, test *kindred.Set, groups [][]string) {
	t.Helper()
	g.Samples = n + 200
	s, truth, err := g.Make()
	if err != nil {
		t.Fatal(err)
	}
	first, rest := make([][]int, len(s.Tasks)), make([][]int, len(s.Tasks))
	for k := range s.Tasks {
		for i := range g.Samples {
			if i < n {
				first[k] = append(first[k], i)
			} else {
				rest[k] = append(rest[k], i)
			}
		}
	}
	return s.Select(first), s.Select(rest), compose.GroupsOf(s, truth.Groups)
}

var seeds = flag.Int("seeds", 3, "sets of each kind in TestHowOftenATaskEndsWorse")

// Of clusters with opposing signs one weight vector for all is worse than
// learning alone; one for each true group is better, and so is the mixture, on
// average over seeds and tasks. Where nothing is shared, the mixture costs next
// to nothing. With -v this prints the table of docs/guarded.md.
func TestHowOftenATaskEndsWorse(t *testing.T) {
	t.Logf("%d sets of 8 tasks each; percent of the loss alone", *seeds)
	for _, w := range []struct {
		name string
		synth.Tasks
	}{
		{"similar", synth.Tasks{Similarity: 0.9}},
		{"opposing", synth.Tasks{Similarity: 0.9, Clusters: 2, Opposing: true}},
		{"two outliers", synth.Tasks{Similarity: 0.9, Outliers: 2}},
		{"unrelated", synth.Tasks{Similarity: -1}},
	} {
		for _, n := range []int{20, 60} {
			var joint, group, mixed, careful, over tally
			for seed := range *seeds {
				g := w.Tasks
				g.Tasks, g.Features, g.Seed = 8, 10, uint64(100+seed)
				train, test, groups := parted(t, g, n)
				alone := risks(t, fitted(t, search(compose.Alone{Method: ridge}), train), test)
				joint.add(alone, risks(t, fitted(t, search(slopes), train), test))
				group.add(alone, risks(t, fitted(t, search(compose.Grouped{Method: slopes, Groups: groups}), train), test))
				g2 := guarded(groups)
				g2.Margin = 2
				careful.add(alone, risks(t, fitted(t, g2, train), test))
				model := fitted(t, guarded(groups), train)
				mixed.add(alone, risks(t, model, test))
				for _, x := range mixtures(model) {
					over.add([]float64{x.Of[0].Loss}, []float64{x.Loss})
				}
			}
			t.Logf("| %s | %d | %s | %s | %s | %s |", w.name, n, joint.String(), group.String(), mixed.String(), careful.String())
			if mean(careful.change) > 0.02 {
				t.Errorf("%s, %d rows: with a margin of 2 the mixture is worse by %.1f %%", w.name, n, 100*mean(careful.change))
			}
			if v := mean(mixed.change); v > 0.03 {
				t.Errorf("%s, %d rows: the mixture is worse by %.1f %%", w.name, n, 100*v)
			}
			if math.Abs(mean(over.change)-mean(mixed.change)) > 0.08 {
				t.Errorf("%s, %d rows: on rows held out the mixture changes losses by %.1f %%, on new ones by %.1f %%", w.name, n, 100*mean(over.change), 100*mean(mixed.change))
			}
			if w.Opposing && !(mean(joint.change) > 0.2 && mean(group.change) < 0 && mean(mixed.change) < -0.02) {
				t.Errorf("opposing, %d rows: joint %+.1f %%, grouped %+.1f %%, guarded %+.1f %%", n, 100*mean(joint.change), 100*mean(group.change), 100*mean(mixed.change))
			}
		}
	}
}

// A tally counts tasks that are worse than alone.
type tally struct{ change []float64 }

func (c *tally) add(alone, got []float64) {
	for k := range got {
		c.change = append(c.change, got[k]/alone[k]-1)
	}
}

// String is the mean change, how many are worse by more than a percent, and by
// how much the worst.
func (c *tally) String() string {
	worse := 0
	for _, v := range c.change {
		if v > 0.01 {
			worse++
		}
	}
	return fmt.Sprintf("%+.1f | %d | %+.1f", 100*mean(c.change), 100*worse/len(c.change), 100*slices.Max(c.change))
}

func TestGuardedOfOneTaskIsAlone(t *testing.T) {
	s := set(t, synth.Tasks{Tasks: 1, Kind: kindred.Binary})
	if d := cmp.Diff(predict(t, guarded(nil).Alone, s), predict(t, guarded(nil), s)); d != "" {
		t.Error(d)
	}
}

// A task of which one row or none is held out is learned alone, and its report
// can be written.
func TestGuardedTaskOfOneRow(t *testing.T) {
	s := set(t, synth.Tasks{Tasks: 4, Samples: 15})
	s.Tasks[1] = s.Tasks[1].Select([]int{4})
	m := fitted(t, guarded(nil), s)
	x := mixtures(m)[1]
	if x.Share != 0 || x.Rows != 0 || x.Worse || x.Loss != 0 || x.Of[0].Weight != 1 {
		t.Errorf("%+v", x)
	}
	if _, err := json.Marshal(m.(kindred.Reporter).Report()); err != nil {
		t.Error(err)
	}
	if mixtures(m)[0].Share == 0 {
		t.Error("similar tasks share nothing")
	}
}

// Tasks in another order are mixed alike; so are methods.
func TestGuardedOrderDoesNotMatter(t *testing.T) {
	s := set(t, synth.Tasks{Tasks: 4, Samples: 30, Features: 5, Clusters: 2, Opposing: true, Seed: 4})
	g := guarded([][]string{{"t0", "t1"}, {"t2", "t3"}})
	want, shares := mixtures(fitted(t, g, s)), 0.0
	order := []int{2, 0, 3, 1}
	got := mixtures(fitted(t, g, s.Only(order...)))
	slices.Reverse(g.Others)
	turned := mixtures(fitted(t, g, s))
	for i, k := range order {
		shares += want[k].Share
		for m := range want[k].Of {
			a, b, c := want[k].Of[m], got[i].Of[m], turned[k].Of[(3-m)%3]
			if math.Abs(a.Weight-b.Weight) > 1e-3 || math.Abs(a.Loss-b.Loss) > 1e-4 || math.Abs(a.Weight-c.Weight) > 1e-9 || a.Name != c.Name {
				t.Errorf("task %s: %+v, %+v with tasks and %+v with methods in another order", want[k].Task, a, b, c)
			}
		}
	}
	if shares < 0.5 {
		t.Errorf("shares of %v in all", shares)
	}
}

// rote is a method that knows the labels of the rows it was fitted on, and says
// 1000 of all others.
type rote struct{}

type roteModel struct {
	s *kindred.Set
}

func (rote) Fit(_ context.Context, s *kindred.Set) (kindred.Model, error) { return roteModel{s}, nil }

func (m roteModel) Tasks() []kindred.TaskInfo { return m.s.Infos() }
func (m roteModel) Schema() kindred.Schema    { return m.s.Tasks[0].Table.Schema() }
func (m roteModel) Predict(_ context.Context, rows *kindred.Table, tasks []int) (*kindred.Prediction, error) {
	p := &kindred.Prediction{}
	for _, t := range tasks {
		known := map[float64]float64{}
		for i, r := range m.s.Tasks[t].Rows {
			known[m.s.Tasks[t].Table.Columns[0].Number[r]] = m.s.Tasks[t].Y()[i]
		}
		o := kindred.Outcome{Task: t}
		for _, x := range rows.Columns[0].Number {
			y, ok := known[x]
			if !ok {
				y = 1000
			}
			o.Value = append(o.Value, y)
		}
		p.Tasks = append(p.Tasks, o)
	}
	return p, nil
}

// What knows the labels by heart gets no weight: rows are judged by fits that
// did not see them.
func TestGuardedDoesNotLeak(t *testing.T) {
	s := set(t, synth.Tasks{Tasks: 4, Samples: 25})
	g := guarded(nil)
	g.Others = []compose.Candidate{{Name: "rote", Method: rote{}}}
	for _, x := range mixtures(fitted(t, g, s)) {
		if x.Rows != 25 || x.Share != 0 || x.Of[1].Loss < 1e5 {
			t.Errorf("%+v", x)
		}
	}
	g.Alone, g.Others = rote{}, []compose.Candidate{{Name: "mean", Method: slopes}}
	for _, x := range mixtures(fitted(t, g, s)) {
		if x.Share < 0.99 {
			t.Errorf("%+v", x)
		}
	}
}

// Methods that do not apply are passed over and named; support vector machines
// are mixed by their probabilities, and refused without.
func TestGuardedOfClasses(t *testing.T) {
	s := set(t, synth.Tasks{Tasks: 4, Samples: 40, Kind: kindred.Binary, Noise: 0.1, Shared: true})
	svm := linear.Method{Loss: loss.Hinge{}, Penalty: &penalty.Shared{Mu: 0.1}}
	g := compose.Guarded{Alone: search(compose.Alone{Method: linear.Method{C: 0.01}}), Others: []compose.Candidate{
		{Name: "pooled", Method: search(compose.Pooled{Method: ridge})}, {Name: "svm", Method: search(svm)},
	}}
	m := fitted(t, g, s)
	if w := strings.Join(m.(kindred.Reporter).Report().Warnings, "\n"); !strings.Contains(w, "pooled: not applicable: the tasks have different targets") {
		t.Errorf("warnings %q", w)
	}
	p, err := m.Predict(ctx, s.Tasks[0].Table, []int{3, 1})
	if err != nil {
		t.Fatal(err)
	}
	mixed := 0
	for i, k := range []int{3, 1} {
		o := p.Tasks[i]
		if share := mixtures(m)[k].Share; share > 0 && share < 1 {
			mixed++
		}
		for r := range o.Class {
			if a, b := o.Probability[2*r], o.Probability[2*r+1]; math.Abs(a+b-1) > 1e-12 || (o.Class[r] == 1) != (b > a) || o.Task != k {
				t.Fatalf("task %d, row %d: class %d of %v and %v", o.Task, r, o.Class[r], a, b)
			}
		}
	}
	if mixed == 0 {
		t.Errorf("no mixture: %+v", mixtures(m))
	}
	svm.NoProbability = true
	g.Others[1].Method = search(svm)
	if _, err := g.Fit(ctx, s); err == nil || !strings.Contains(err.Error(), "no probabilities") {
		t.Errorf("without probabilities: %v", err)
	}
}

func TestGuardedWorkersDoNotMatter(t *testing.T) {
	s := set(t, synth.Tasks{Tasks: 4, Samples: 30, Clusters: 2, Opposing: true, Seed: 3})
	g := guarded(nil)
	g.Others = append(g.Others, compose.Candidate{Name: "grouped", Method: search(compose.Grouped{Method: shared, By: linear.Method{Penalty: &penalty.Grouped{By: "rows"}}})})
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	one := fitted(t, g, s)
	runtime.GOMAXPROCS(2)
	two := fitted(t, g, s)
	a, _ := one.Predict(ctx, s.Tasks[0].Table, nil)
	b, err := two.Predict(ctx, s.Tasks[0].Table, nil)
	if d := cmp.Diff(a, b) + cmp.Diff(mixtures(one), mixtures(two)); d != "" || err != nil {
		t.Error(d, err)
	}
}

// Mixtures and groups predict the same to the bit after saving and loading.
func TestSavedMixturesAndGroups(t *testing.T) {
	s := set(t, synth.Tasks{Tasks: 4, Samples: 30, Clusters: 2, Opposing: true, Seed: 3})
	codecs := []modelfile.Codec{linear.Codec, compose.TasksCodec, compose.OneCodec, compose.GroupsCodec, compose.MixedCodec}
	groups := [][]string{{"t3", "t0"}, {"t1"}, {"t2"}}
	for _, m := range []kindred.Method{guarded(groups), compose.Grouped{Method: ridge, Groups: groups}} {
		model := fitted(t, m, s)
		var b bytes.Buffer
		if err := modelfile.Save(&b, model, nil, codecs...); err != nil {
			t.Fatal(err)
		}
		again, _, err := modelfile.Load(&b, codecs...)
		if err != nil {
			t.Fatal(err)
		}
		before, _ := model.Predict(ctx, s.Tasks[0].Table, []int{2, 0, 3})
		after, err := again.Predict(ctx, s.Tasks[0].Table, []int{2, 0, 3})
		d := cmp.Diff(before, after) + cmp.Diff(model.Tasks(), again.Tasks()) + cmp.Diff(model.(kindred.Reporter).Report(), again.(kindred.Reporter).Report())
		if d != "" || err != nil {
			t.Error(d, err)
		}
	}
}

// Each group is predicted as by the method on its tasks alone, whatever the
// order of the groups and of their names.
func TestGroupedIsTheMethodOnEachGroup(t *testing.T) {
	s := set(t, synth.Tasks{Tasks: 5, Samples: 20, Seed: 2})
	m := linear.Method{Penalty: &penalty.Shared{Mu: 0.3}, C: 0.5}
	got := predict(t, compose.Grouped{Method: m, Groups: [][]string{{"t4", "t1"}, {"gone"}, {"t2", "t0", "t3"}}}, s)
	for _, group := range [][]int{{1, 4}, {0, 2, 3}} {
		want := predict(t, m, s.Only(group...))
		for k, task := range group {
			want.Tasks[k].Task = task
			if d := cmp.Diff(want.Tasks[k], got.Tasks[task]); d != "" {
				t.Error(d)
			}
		}
	}
	if got := compose.GroupsOf(s, []int{7, 0, 7, 0, 1}); !cmp.Equal(got, [][]string{{"t0", "t2"}, {"t1", "t3"}, {"t4"}}) {
		t.Errorf("groups %v", got)
	}
}

// Where groups are not given they are found, on the rows fitted on.
func TestGroupedFindsGroups(t *testing.T) {
	s := set(t, synth.Tasks{Tasks: 6, Samples: 40, Noise: 0.3, Clusters: 2, Opposing: true})
	m := fitted(t, compose.Grouped{Method: shared, By: linear.Method{Penalty: &penalty.Grouped{By: "rows"}}}, s)
	if got := m.(kindred.Reporter).Report().Groups; !slices.Equal(got, []int{0, 0, 0, 1, 1, 1}) {
		t.Errorf("groups %v", got)
	}
}

func TestGroupedErrors(t *testing.T) {
	s := set(t, synth.Tasks{Tasks: 3})
	for want, g := range map[string]compose.Grouped{
		`task "t2" is in no group`:              {Method: ridge, Groups: [][]string{{"t0", "t1"}}},
		`task "t1" stands in two groups`:        {Method: ridge, Groups: [][]string{{"t0", "t1"}, {"t1", "t2"}}},
		"neither groups nor a method":           {Method: ridge},
		"linear.Method finds no groups":         {Method: ridge, By: ridge},
		`the group of task "t0": linear: C, al`: {Method: linear.Method{C: -1}, Groups: [][]string{{"t0", "t1", "t2"}}},
	} {
		if _, err := g.Fit(ctx, s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
