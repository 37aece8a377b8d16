package linear_test

import (
	"bytes"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/linear"
	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/modelfile"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/synth"
)

// firstRows is a task of its first n rows.
func firstRows(t kindred.Task, n int) kindred.Task {
	places := make([]int, n)
	for i := range places {
		places[i] = i
	}
	return t.Select(places)
}

// off is how far the weights of a task are from the truth, in the units of these.
func off(t *testing.T, m *linear.Model, task int, truth []float64) float64 {
	t.Helper()
	w, _ := m.Weights(task)
	a, b := w.Col(make([]float64, w.Rows), 0), truth
	return math.Sqrt(2 - 2*num.Dot(a, b)/num.Norm(a)/num.Norm(b))
}

// A task that is added from few rows is nearer to the truth than the mean of the
// others, and than what these rows alone say; what was known stays, bit for bit,
// and a file keeps all.
func TestAddAsADraw(t *testing.T) {
	for _, kind := range []kindred.Kind{kindred.Regression, kindred.Binary, kindred.Count} {
		g := synth.Tasks{Tasks: 25, Samples: 60, Features: 10, Similarity: 0.6, Noise: 0.5, Kind: kind, Seed: 3}
		s, truth, err := g.Make()
		if err != nil {
			t.Fatal(err)
		}
		known := make([]int, 20)
		for k := range known {
			known[k] = k
		}
		model := fit(t, linear.Method{C: 1, Penalty: &penalty.Shared{Mu: 1}}, s.Only(known...))
		before := predict(t, model, s)
		mean, few, alone, learned := 0.0, 0.0, 0.0, 0.0
		for k := 20; k < 25; k++ {
			w := truth.Weights.Col(make([]float64, 10), k)
			unseen, err := model.Add(ctx, kindred.Task{Name: "unseen", Kind: kind, Label: s.Tasks[k].Label})
			if err != nil {
				t.Fatal(err)
			}
			mean += off(t, unseen, 20, w) / 5
			added, err := model.Add(ctx, firstRows(s.Tasks[k], 12))
			if err != nil {
				t.Fatal(err)
			}
			few += off(t, added, 20, w) / 5
			if by := off(t, fit(t, linear.Method{C: 0.3}, &kindred.Set{Tasks: []kindred.Task{firstRows(s.Tasks[k], 12)}}), 0, w); !math.IsNaN(by) {
				alone, learned = alone+by, learned+1
			}
			if k > 20 {
				continue
			}
			after := predict(t, added, s)
			if diff := cmp.Diff(before.Tasks, after.Tasks[:20]); diff != "" {
				t.Fatalf("what was known has changed:\n%s", diff)
			}
			var file bytes.Buffer
			if err := modelfile.Save(&file, added, nil, linear.Codec); err != nil {
				t.Fatal(err)
			}
			loaded, _, err := modelfile.Load(&file, linear.Codec)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(after, predict(t, loaded.(*linear.Model), s)); diff != "" {
				t.Fatal(diff)
			}
		}
		alone /= learned
		t.Logf("%v: %.3f unseen, %.3f of 12 rows, %.3f of these alone", kind, mean, few, alone)
		if !(few < alone) || kind != kindred.Count && !(few < mean) { // the mean of counts' tasks points well, but is too short
			t.Errorf("%v: off by %.3f unseen, %.3f of 12 rows, %.3f of these alone", kind, mean, few, alone)
		}
	}
}

// With many rows a task is what these alone say.
func TestAddOfManyRows(t *testing.T) {
	for _, kind := range []kindred.Kind{kindred.Regression, kindred.Binary, kindred.Multiclass} {
		var s *kindred.Set
		if kind == kindred.Multiclass {
			s = classesSet(t, 4, 700)
		} else {
			s = family(t, synth.Tasks{Tasks: 4, Samples: 700, Features: 5, Similarity: 0.3, Kind: kind, Seed: 4})
		}
		model := fit(t, linear.Method{C: 1, Penalty: &penalty.Shared{Mu: 1}}, s.Only(0, 1, 2))
		added, err := model.Add(ctx, s.Tasks[3])
		if err != nil {
			t.Fatal(err)
		}
		alone := fit(t, linear.Method{C: 1}, s.Only(3))
		p, q := predict(t, added, s).Tasks[3], predict(t, alone, s).Tasks[0]
		for _, pair := range [][2][]float64{{p.Value, q.Value}, {p.Probability, q.Probability}} {
			for i := range pair[0] {
				if d := math.Abs(pair[0][i] - pair[1][i]); d > 0.1 {
					t.Fatalf("%v: row %d is predicted as %v, alone as %v", kind, i, pair[0][i], pair[1][i])
				}
			}
		}
	}
}

// classesSet is tasks of three classes.
func classesSet(t *testing.T, tasks, rows int) *kindred.Set {
	t.Helper()
	s := family(t, synth.Tasks{Tasks: tasks, Samples: rows, Features: 5, Similarity: 0.3, Seed: 6})
	for k := range s.Tasks {
		task := &s.Tasks[k]
		sorted := slices.Sorted(slices.Values(task.Y()))
		task.Kind, task.Label.Classes = kindred.Multiclass, []string{"low", "middle", "high"}
		y := make([]float64, len(task.Rows))
		for i, v := range task.Y() {
			if v > sorted[len(y)/3] {
				y[i]++
			}
			if v > sorted[2*len(y)/3] {
				y[i]++
			}
		}
		task.Label.Columns = [][]float64{y}
	}
	return s
}

// Where tasks are in groups a new one joins the one that its rows speak for. One
// of a support vector machine has probabilities as the others have.
func TestAddToGroupsAndMachines(t *testing.T) {
	s := family(t, synth.Tasks{Tasks: 13, Samples: 40, Features: 6, Clusters: 2, Opposing: true, Similarity: 0.95, Seed: 2})
	known := []int{0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11}
	model := fit(t, linear.Method{C: 1, Penalty: &penalty.Grouped{}}, s.Only(known...))
	for _, k := range []int{6, 12} {
		added, err := model.Add(ctx, firstRows(s.Tasks[k], 6))
		if err != nil {
			t.Fatal(err)
		}
		g := added.Report().Groups
		if len(g) != 12 || g[11] != g[map[int]int{6: 0, 12: 10}[k]] {
			t.Errorf("task %d joins group %d of %v", k, g[len(g)-1], g)
		}
	}
	b := family(t, synth.Tasks{Tasks: 5, Samples: 60, Features: 4, Kind: kindred.Binary, Seed: 5})
	machine := fit(t, linear.Method{Loss: loss.SquaredHinge{}, C: 1, Penalty: &penalty.Shared{Mu: 1}}, b.Only(0, 1, 2, 3))
	added, err := machine.Add(ctx, firstRows(b.Tasks[4], 10))
	if err != nil {
		t.Fatal(err)
	}
	p := predict(t, added, b).Tasks[4].Probability
	right := 0
	for i, row := range b.Tasks[4].Rows {
		if (p[2*row+1] > 0.5) == (b.Tasks[4].Y()[i] == 1) {
			right++
		}
	}
	if right < 42 {
		t.Errorf("%d of 60 rows are right", right)
	}
}
