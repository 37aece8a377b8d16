package compose_test

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/compose"
	"github.com/kindred-mtl/kindred/linear"
	"github.com/kindred-mtl/kindred/modelfile"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/synth"
)

// alone has no way of its own to learn more tasks.
func alone(t *testing.T, s *kindred.Set) kindred.Model {
	t.Helper()
	m, err := compose.Alone{Method: linear.Method{C: 1}}.Fit(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func firstRows(t kindred.Task, n int) kindred.Task {
	places := make([]int, n)
	for i := range places {
		places[i] = i
	}
	return t.Select(places)
}

// loglike is the mean loss of what is predicted of a task's rows.
func loglike(t *testing.T, m kindred.Model, place int, task kindred.Task) float64 {
	t.Helper()
	p, err := m.Predict(ctx, task.Table.Select(task.Rows), []int{place})
	if err != nil {
		t.Fatal(err)
	}
	o, sum := &p.Tasks[0], 0.0
	for i, y := range task.Y() {
		if task.Kind == kindred.Binary {
			sum -= math.Log(max(1e-9, o.Probability[2*i+int(y)]))
		} else {
			sum += (o.Value[i] - y) * (o.Value[i] - y)
		}
	}
	return sum / float64(len(task.Rows))
}

// A task added from few rows does better than the mean of all, and both better
// than nothing; what the model knew stays as it was, and a file keeps all.
func TestAdd(t *testing.T) {
	for _, kind := range []kindred.Kind{kindred.Regression, kindred.Binary} {
		s := set(t, synth.Tasks{Tasks: 20, Samples: 80, Features: 5, Similarity: 0.5, Noise: 0.5, Kind: kind, Seed: 1})
		known := make([]int, 15)
		for k := range known {
			known[k] = k
		}
		model := alone(t, s.Only(known...))
		before, err := model.Predict(ctx, s.Tasks[0].Table, nil)
		if err != nil {
			t.Fatal(err)
		}
		mean, few := 0.0, 0.0
		extended := model
		for k := 15; k < 20; k++ {
			info := s.Tasks[k].Info()
			info.Name = "unseen"
			unseen, err := compose.Unseen(model, info)
			if err != nil {
				t.Fatal(err)
			}
			mean += loglike(t, unseen, 15, s.Tasks[k])
			if extended, err = compose.Add(ctx, extended, firstRows(s.Tasks[k], 15)); err != nil {
				t.Fatal(err)
			}
			few += loglike(t, extended, k, s.Tasks[k])
		}
		if !(few < 0.8*mean) {
			t.Errorf("%v: %.3f of 15 rows, %.3f by the mean", kind, few/5, mean/5)
		}
		after, err := extended.Predict(ctx, s.Tasks[0].Table, nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before.Tasks, after.Tasks[:15]); diff != "" || len(extended.Tasks()) != 20 {
			t.Errorf("what was known has changed:\n%s", diff)
		}
		var file bytes.Buffer
		codecs := []modelfile.Codec{linear.Codec, compose.TasksCodec, compose.ExtendedCodec}
		if err := modelfile.Save(&file, extended, nil, codecs...); err != nil {
			t.Fatal(err)
		}
		loaded, _, err := modelfile.Load(&file, codecs...)
		if err != nil {
			t.Fatal(err)
		}
		again, err := loaded.Predict(ctx, s.Tasks[0].Table, nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(after, again); diff != "" {
			t.Error(diff)
		}
		if w := extended.(kindred.Reporter).Report().Warnings; len(w) < 5 || !strings.Contains(w[len(w)-1], `"t19" was added later from 15 rows`) {
			t.Errorf("told %q", w)
		}
	}
}

// A combination is predicted as the mean of what it is made of: values, and log
// odds of classes.
func TestUnseenIsTheMean(t *testing.T) {
	s := set(t, synth.Tasks{Tasks: 4, Samples: 40, Features: 3, Kind: kindred.Binary, Seed: 2})
	model := alone(t, s)
	m, err := compose.Unseen(model, kindred.TaskInfo{Name: "new", Target: "y", Kind: kindred.Binary, Classes: []string{"0", "1"}})
	if err != nil {
		t.Fatal(err)
	}
	p, err := m.Predict(ctx, s.Tasks[0].Table, []int{4, 2, 0, 1, 3})
	if err != nil {
		t.Fatal(err)
	}
	for i := range s.Tasks[0].Table.Len() {
		z := 0.0
		for _, k := range []int{1, 2, 3, 4} {
			v := p.Tasks[k].Probability[2*i+1]
			z += math.Log(v/(1-v)) / 4
		}
		if got := p.Tasks[0].Probability[2*i+1]; math.Abs(got-1/(1+math.Exp(-z))) > 1e-9 || (got > 0.5) != (p.Tasks[0].Class[i] == 1) {
			t.Fatalf("row %d: %v, not %v", i, got, 1/(1+math.Exp(-z)))
		}
	}
	for name, info := range map[string]kindred.TaskInfo{
		"already": {Name: "t1", Kind: kindred.Binary, Classes: []string{"0", "1"}}, "the mean of": {Name: "new", Kind: kindred.Count},
	} {
		if _, err := compose.Unseen(model, info); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v: %v", info, err)
		}
	}
}

// Where weights follow what describes a task, an unseen one is told by that; where
// descriptions say nothing, the mean it is.
func TestDescribed(t *testing.T) {
	s := set(t, synth.Tasks{Tasks: 40, Samples: 60, Features: 4, Similarity: -1, Noise: 0.3, Seed: 3})
	described := num.NewDense(40, 2)
	for k := range s.Tasks { // the labels are made anew, of weights that are the description
		task := &s.Tasks[k]
		a, b := math.Sin(float64(7*k)), math.Cos(float64(3*k*k))
		copy(described.Row(k), []float64{a, b})
		y := make([]float64, len(task.Rows))
		for i, row := range task.Rows {
			c := task.Table.Columns
			y[i] = a*c[0].Number[row] + b*c[1].Number[row] + 0.3*math.Sin(float64(row*row))
		}
		task.Label.Columns = [][]float64{y}
	}
	known := make([]int, 35)
	for k := range known {
		known[k] = k
	}
	model := alone(t, s.Only(known...))
	part := func(d *num.Dense) compose.Descriptions {
		return compose.Descriptions{Known: &num.Dense{Rows: 35, Cols: 2, Data: d.Data[:70]}, Fresh: &num.Dense{Rows: 5, Cols: 2, Data: d.Data[70:]}}
	}
	var infos []kindred.TaskInfo
	for k := 35; k < 40; k++ {
		infos = append(infos, s.Tasks[k].Info())
	}
	m, err := compose.Described(ctx, model, infos, part(described), s.Tasks[0].Table)
	if err != nil {
		t.Fatal(err)
	}
	by, mean := 0.0, 0.0
	for k := 35; k < 40; k++ {
		by += loglike(t, m, k, s.Tasks[k])
		info := s.Tasks[k].Info()
		u, err := compose.Unseen(model, info)
		if err != nil {
			t.Fatal(err)
		}
		mean += loglike(t, u, 35, s.Tasks[k])
	}
	if !(by < 0.4*mean) {
		t.Errorf("%.3f by descriptions, %.3f by the mean", by/5, mean/5)
	}
	if w := m.(kindred.Reporter).Report().Warnings; !strings.Contains(w[len(w)-1], "by its description") {
		t.Errorf("told %q", w)
	}
	for i := range described.Data {
		described.Data[i] = math.Sin(float64(i * i * i))
	}
	if m, err = compose.Described(ctx, model, infos, part(described), s.Tasks[0].Table); err != nil {
		t.Fatal(err)
	}
	if w := m.(kindred.Reporter).Report().Warnings; !strings.Contains(w[len(w)-1], "by the mean of 35 tasks, which tells known ones as well") {
		t.Errorf("told %q of descriptions without sense", w)
	}
}
