package linear_test

import (
	"slices"
	"testing"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/linear"
	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/synth"
)

// The groups that tasks were made in are found, and how many there are, by
// every loss; they do not depend on the order of the tasks.
func TestGroupsAreFound(t *testing.T) {
	for _, kind := range []kindred.Kind{kindred.Regression, kindred.Binary, kindred.Count} {
		for _, clusters := range []int{2, 3} {
			g := synth.Tasks{Tasks: 12, Samples: 60, MaxSamples: 400, Features: 8, Clusters: clusters, Similarity: 0.97, Noise: 0.3, Kind: kind, Seed: 8}
			s, truth, err := g.Make()
			if err != nil {
				t.Fatal(err)
			}
			losses := []loss.Loss{nil}
			if kind == kindred.Binary {
				losses = append(losses, loss.Hinge{})
			}
			for _, l := range losses {
				m := linear.Method{Loss: l, Penalty: &penalty.Grouped{}, NoProbability: true}
				r := fit(t, m, s).Report()
				if !slices.Equal(r.Groups, truth.Groups) || r.Parameters["k"] != float64(clusters) {
					t.Errorf("%v × %T: groups %v, made %v", kind, l, r.Groups, truth.Groups)
				}
			}
			order := []int{11, 0, 10, 5, 2, 8, 1, 3, 9, 4, 7, 6}
			again, number := fit(t, linear.Method{Penalty: &penalty.Grouped{}}, s.Only(order...)).Report().Groups, map[int]int{}
			for i, from := range order {
				if _, seen := number[truth.Groups[from]]; !seen {
					number[truth.Groups[from]] = len(number)
				}
				if again[i] != number[truth.Groups[from]] {
					t.Fatalf("%v, in another order: groups %v", kind, again)
				}
			}
		}
	}
}

// Groups are found also of more features than they are sought by, whatever is
// said to be alike; a row of weight 2 counts as two.
func TestGroupsOfManyFeatures(t *testing.T) {
	g := synth.Tasks{Tasks: 15, Samples: 40, MaxSamples: 90, Features: 60, Clusters: 3, Similarity: 0.97, Noise: 0.3, Seed: 2}
	s, truth, err := g.Make()
	if err != nil {
		t.Fatal(err)
	}
	twice, weighed := s.Only(), s.Only()
	for i := range s.Tasks {
		task := s.Tasks[i]
		n := len(task.Rows)
		task.Weight = slices.Repeat([]float64{1}, n)
		task.Weight[0] = 2
		weighed.Tasks = append(weighed.Tasks, task)
		task = s.Tasks[i]
		task.Rows = append(slices.Clone(task.Rows), task.Rows[0])
		task.Label.Columns = [][]float64{append(slices.Clone(task.Y()), task.Y()[0])}
		twice.Tasks = append(twice.Tasks, task)
	}
	for _, by := range []string{"weights", "rows"} {
		m := linear.Method{Penalty: &penalty.Grouped{By: by}}
		for name, s := range map[string]*kindred.Set{"as made": s, "weighed": weighed, "twice": twice} {
			if got := fit(t, m, s).Report().Groups; !slices.Equal(got, truth.Groups) {
				t.Errorf("by %s, %s: groups %v, made %v", by, name, got, truth.Groups)
			}
		}
	}
}

// Tasks in one group share; those of different groups are strangers.
func TestGroupsAreSolvedAlone(t *testing.T) {
	s := family(t, synth.Tasks{Tasks: 6, Samples: 40, Features: 5, Seed: 4})
	groups := []int{0, 1, 0, 1, 1, 0}
	p := (&penalty.Grouped{Mu: 0.3}).Take(groups)
	all := fit(t, linear.Method{Penalty: p, C: 0.4, Tol: 1e-12}, s)
	for i, share := range all.Report().Shares {
		if !(share.Common > 0 && share.Private > 0) {
			t.Errorf("task %d: %+v", i, share)
		}
	}
	moved := s.Only(0, 1, 2, 3, 4, 5)
	moved.Tasks[1].Label.Columns = [][]float64{slices.Clone(s.Tasks[1].Y())}
	slices.Reverse(moved.Tasks[1].Y())
	other := fit(t, linear.Method{Penalty: p, C: 0.4, Tol: 1e-12}, moved)
	for i, g := range groups {
		a, _ := all.Weights(i)
		b, _ := other.Weights(i)
		num.Axpy(-1, a.Data, b.Data)
		if far := num.Norm(b.Data); g == 0 && far > 1e-8 || g == 1 && far < 1e-4 {
			t.Errorf("other labels of task 1 move task %d of group %d by %.1e", i, g, far)
		}
	}
}

// The groups near which a convex relaxation puts the weights.
func TestClustersAreReported(t *testing.T) {
	s := family(t, synth.Tasks{Tasks: 6, Samples: 200, Features: 5, Clusters: 2, Opposing: true, Noise: 0.1, Seed: 3})
	cmtl := fit(t, linear.Method{Penalty: &penalty.Clustered{}}, s).Report()
	if !slices.Equal(cmtl.Groups, []int{0, 0, 0, 1, 1, 1}) || len(cmtl.Relation) != 6 {
		t.Errorf("groups %v, relation %v", cmtl.Groups, cmtl.Relation)
	}
}
