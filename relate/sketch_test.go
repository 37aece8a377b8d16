package relate_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/compose"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/relate"
	"github.com/kindred-mtl/kindred/synth"
)

// many are tasks in four clusters, and their sketch.
func many(t *testing.T, tasks int) (*relate.Relation, []int) {
	t.Helper()
	set, truth, err := (&synth.Tasks{Tasks: tasks, Samples: 12, Features: 6, Clusters: 4, Similarity: 0.95, Noise: 0.3, Seed: 2}).Make()
	if err != nil {
		t.Fatal(err)
	}
	r, err := relate.Tasks(context.Background(), set, relate.Weights{}, relate.Options{Dimensions: 3})
	if err != nil {
		t.Fatal(err)
	}
	return r, truth.Groups
}

// full is a sketch with its matrix.
func full(r *relate.Relation) *relate.Relation {
	out := &relate.Relation{Measure: r.Measure, Tasks: r.Tasks, Symmetric: true, Semidefinite: true, Matrix: num.NewDense(len(r.Tasks), len(r.Tasks))}
	for s := range r.Tasks {
		for t := range r.Tasks {
			out.Matrix.Set(s, t, r.At(s, t))
		}
	}
	return out
}

// A sketch says what its matrix would: the same places, nearly all of the same
// neighbours, and by every clustering the same groups or nearly so.
func TestSketch(t *testing.T) {
	r, groups := many(t, 1100)
	if r.Matrix != nil || r.Sketch == nil || relate.Tree(r) != nil {
		t.Fatal("a matrix or a tree of 1,100 tasks")
	}
	few := &relate.Relation{Measure: r.Measure, Tasks: r.Tasks[:200], Symmetric: true, Sketch: &num.Dense{Rows: 200, Cols: r.Sketch.Cols, Data: r.Sketch.Data[:200*r.Sketch.Cols]}}
	matrix, places := full(few), relate.Scale(few, 3)
	for i, v := range relate.Scale(matrix, 3).Data {
		if math.Abs(v-places.Data[i]) > 1e-6 {
			t.Fatalf("place %d is %v by the matrix, %v by the sketch", i, v, places.Data[i])
		}
	}
	same, all := 0, 0
	exact := matrix.Neighbours(10)
	for i, near := range few.Neighbours(10) {
		if len(near) != 10 || !slices.IsSortedFunc(near, func(a, b relate.Neighbour) int { return int(math.Copysign(1, b.Alike-a.Alike)) }) {
			t.Fatalf("neighbours %v", near)
		}
		for _, n := range exact[i] {
			if all++; slices.ContainsFunc(near, func(m relate.Neighbour) bool { return m.Task == n.Task }) {
				same++
			}
		}
	}
	if same < all*95/100 {
		t.Errorf("%d of %d neighbours", same, all)
	}
	for _, c := range relate.Clusterings {
		g, err := relate.Group(r, c.New(), 0)
		if _, ok := c.New().(relate.Selection); ok {
			if !errors.Is(err, compose.ErrNotApplicable) {
				t.Errorf("selection: %v", err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		// average linkage sets single tasks apart, of a matrix too
		if rand := relate.AdjustedRand(g.Groups, groups); (g.Count != 4 || rand < 0.95) && c.Name != "average-linkage" || !(g.Silhouette > 0.3) || g.Strength < 0.8 || !g.Chosen {
			t.Errorf("%s: %d groups, adjusted Rand %.3f, silhouette %.2f", c.Name, g.Count, rand, g.Silhouette)
		}
	}
	if v := relate.Agreement(r, r); math.Abs(v-1) > 1e-12 {
		t.Errorf("a sketch agrees with itself by %v", v)
	}
}

// The neighbours of a matrix are those of the largest entries beside the
// diagonal; what is not known is none.
func TestNeighbours(t *testing.T) {
	r := &relate.Relation{Tasks: []string{"a", "b", "c"}, Matrix: &num.Dense{Rows: 3, Cols: 3, Data: []float64{1, .5, .2, .5, 1, math.NaN(), .2, math.NaN(), 1}}}
	want := [][]relate.Neighbour{{{1, .5}, {2, .2}}, {{0, .5}}, {{0, .2}}}
	for i, near := range r.Neighbours(2) {
		if !slices.Equal(near, want[i]) {
			t.Errorf("task %d: %v, not %v", i, near, want[i])
		}
	}
	if near := r.Neighbours(1)[0]; len(near) != 1 || near[0].Task != 1 {
		t.Errorf("the nearest is %v", near)
	}
}

// Measures that need every pair say so of too many tasks.
func TestTooManyTasks(t *testing.T) {
	set, _, err := (&synth.Tasks{Tasks: 1001, Samples: 2, Features: 1, Seed: 1}).Make()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []relate.Measure{relate.Covariance{}, relate.Transfer{}, relate.Features{}} {
		if _, err := relate.Tasks(context.Background(), set, m, relate.Options{}); !errors.Is(err, compose.ErrNotApplicable) {
			t.Errorf("%T: %v", m, err)
		}
	}
}

// Tasks in no groups are one.
func TestSketchWithoutGroups(t *testing.T) {
	set, _, err := (&synth.Tasks{Tasks: 1200, Samples: 15, Features: 12, Similarity: 0.5, Seed: 4}).Make()
	if err != nil {
		t.Fatal(err)
	}
	r, err := relate.Tasks(context.Background(), set, relate.Weights{}, relate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if g, err := relate.Group(r, relate.Spectral{}, 0); err != nil || g.Count != 1 || g.Strength != 1 {
		t.Errorf("%+v, %v", g, err)
	}
	if g, err := relate.Group(r, relate.Spectral{}, 3); err != nil || g.Count != 3 || g.Strength != 0 || g.Chosen {
		t.Errorf("three groups: %d, %v, %v", g.Count, g.Chosen, err)
	}
}

// Tasks on a ring around two of its places, which take turns in order, are in two
// groups: halves would stably cut each in two, but that says less.
func TestSketchOfTasksInTurn(t *testing.T) {
	set, truth, err := (&synth.Tasks{Tasks: 1200, Samples: 10, Features: 2, Clusters: 2, Opposing: true, Similarity: 0.98, Noise: 0.3, Seed: 2}).Make()
	if err != nil {
		t.Fatal(err)
	}
	groups := make([]int, 0, 1200)
	turn := &kindred.Set{}
	for i := range 600 {
		turn.Tasks = append(turn.Tasks, set.Tasks[i], set.Tasks[600+i])
		groups = append(groups, truth.Groups[i], truth.Groups[600+i])
	}
	r, err := relate.Tasks(context.Background(), turn, relate.Weights{}, relate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	g, err := relate.Group(r, relate.Spectral{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if rand := relate.AdjustedRand(g.Groups, groups); g.Count != 2 || rand < 0.95 {
		t.Errorf("%d groups, strength %.2f, adjusted Rand %.2f", g.Count, g.Strength, rand)
	}
}
