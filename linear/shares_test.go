package linear_test

import (
	"math"
	"slices"
	"testing"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/linear"
	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/synth"
)

// shareOf are the shares of a fit.
func shareOf(t *testing.T, m kindred.Model) []float64 {
	t.Helper()
	var out []float64
	for i, s := range m.(kindred.Reporter).Report().Shares {
		if s.Task != m.Tasks()[i].Name || !(s.Share >= 0 && s.Share <= 1) {
			t.Errorf("%+v of task %q", s, m.Tasks()[i].Name)
		}
		out = append(out, s.Share)
	}
	return out
}

// opposed is a set whose second task has the first one's rows and labels, with
// the sign changed or not.
func opposed(t *testing.T, kind kindred.Kind, sign float64) *kindred.Set {
	s := family(t, synth.Tasks{Tasks: 1, Samples: 60, Features: 4, Kind: kind, Seed: 3})
	twin := s.Tasks[0]
	twin.Name = "twin"
	y := slices.Clone(twin.Y())
	for i, v := range y {
		if y[i] = sign * v; kind == kindred.Binary {
			y[i] = 0.5 + sign*(v-0.5)
		}
	}
	twin.Label.Columns = [][]float64{y}
	return &kindred.Set{Tasks: []kindred.Task{s.Tasks[0], twin}}
}

// Copied targets have share 1, opposed ones 0, whatever is believed of the tasks;
// one vector is all common, and a ridge has nothing in common.
func TestSharesOfTwins(t *testing.T) {
	for _, kind := range []kindred.Kind{kindred.Regression, kindred.Binary} {
		same, other := opposed(t, kind, 1), opposed(t, kind, -1)
		for _, p := range []penalty.Penalty{penalty.L21{}, penalty.Trace{}, &penalty.MTRL{}, &penalty.Graph{}} {
			m := linear.Method{Penalty: p, Tol: 1e-9}
			for i, v := range shareOf(t, fit(t, m, same)) {
				if math.Abs(v-1) > 1e-6 {
					t.Errorf("%T, %v: share %v of task %d of twins", p, kind, v, i)
				}
			}
			if s := shareOf(t, fit(t, m, other)); len(s) != 2 || s[0] > 1e-6 || s[1] > 1e-6 {
				t.Errorf("%T, %v: shares %v of opposed tasks", p, kind, s)
			}
		}
		if s := shareOf(t, fit(t, linear.Method{Penalty: penalty.Common{}}, other)); len(s) != 2 {
			t.Errorf("%v: shares %v of one vector", kind, s)
		}
		if s := shareOf(t, fit(t, linear.Method{}, same)); !slices.Equal(s, []float64{0, 0}) {
			t.Errorf("%v: shares %v of tasks apart", kind, s)
		}
		if s := shareOf(t, fit(t, linear.Method{Penalty: penalty.L21{}}, same.Only(0))); s != nil {
			t.Errorf("%v: shares %v of one task", kind, s)
		}
	}
	s := family(t, synth.Tasks{Tasks: 4, Samples: 30, Similarity: 0.9, Seed: 2})
	for i, v := range shareOf(t, fit(t, linear.Method{Penalty: penalty.Common{}}, s)) {
		if math.Abs(v-1) > 1e-12 {
			t.Errorf("share %v of task %d where all have one vector", v, i)
		}
	}
}

// Shares belong to the tasks, not to their places; and support vector machines
// and classes have them too.
func TestSharesOfPermutedTasks(t *testing.T) {
	s := family(t, synth.Tasks{Tasks: 5, Samples: 40, Similarity: 0.6, Kind: kindred.Binary, Seed: 4})
	order := []int{3, 0, 4, 1, 2}
	for _, m := range []linear.Method{{Penalty: penalty.L21{}, Tol: 1e-10}, {Loss: loss.Hinge{}, Penalty: &penalty.Shared{}}} {
		a, b := shareOf(t, fit(t, m, s)), shareOf(t, fit(t, m, s.Only(order...)))
		for i, place := range order {
			if math.Abs(b[i]-a[place]) > 1e-4 {
				t.Errorf("%T: share %v of task %d, and %v in another order", m.Loss, a[place], place, b[i])
			}
		}
	}
}

// Two groups of tasks, one the opposite of the other: what is common is each
// group's.
func TestLevelsOfGroups(t *testing.T) {
	s := family(t, synth.Tasks{Tasks: 6, Samples: 60, Features: 4, Noise: 0.3, Clusters: 2, Opposing: true, Seed: 1})
	for i, x := range fit(t, linear.Method{Penalty: &penalty.Clustered{K: 2}}, s).Report().Shares {
		if len(x.Levels) != 3 || !(x.Share > 0.7 && x.Levels[1] > 3*x.Levels[0]) {
			t.Errorf("task %d: %+v", i, x)
		}
	}
}
