package linear_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/linear"
	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/synth"
)

func newick(t *testing.T, text string) *penalty.Node {
	t.Helper()
	root, err := penalty.ParseNewick(text)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// weights are those of all tasks, one after the other.
func weights(m *linear.Model, tasks ...int) []float64 {
	var all []float64
	for _, t := range tasks {
		w, _ := m.Weights(t)
		all = append(all, w.Data...)
	}
	return all
}

func TestATreeOfOneLevelIsSharedWeights(t *testing.T) {
	for _, c := range []struct {
		kind kindred.Kind
		loss loss.Loss
		tol  float64
	}{{kindred.Regression, nil, 1e-8}, {kindred.Binary, nil, 1e-8}, {kindred.Binary, loss.Hinge{}, 1e-5}} {
		s := family(t, synth.Tasks{Tasks: 4, Samples: 30, Features: 4, Kind: c.kind, Seed: 1})
		tree := fit(t, linear.Method{Loss: c.loss, Penalty: &penalty.Tree{Mu: 0.3, Root: newick(t, "(t2,t0,t3,t1);")}, Tol: 1e-14}, s)
		shared := fit(t, linear.Method{Loss: c.loss, Penalty: &penalty.Shared{Mu: 0.3}, Tol: 1e-14}, s)
		near(t, c.kind.String(), weights(tree, 0, 1, 2, 3), weights(shared, 0, 1, 2, 3), c.tol)
		for i, a := range tree.Report().Shares {
			b := shared.Report().Shares[i]
			near(t, a.Task+": its shares", []float64{a.Common, a.Private, a.Share}, []float64{b.Common, b.Private, b.Share}, 10*c.tol)
		}
	}
}

// Unbounded coupling of a connected graph gives all tasks one weight vector.
func TestUnboundedGraphIsPooledSlopes(t *testing.T) {
	s := family(t, synth.Tasks{Tasks: 4, Samples: 30, Features: 4, Seed: 6})
	common := predict(t, fit(t, linear.Method{Penalty: penalty.Common{}, C: 0.25, Tol: 1e-10}, s), s)
	edges := []penalty.Edge{{From: "t0", To: "t2", Weight: 1}, {From: "t1", To: "t2", Weight: 3}, {From: "t3", To: "t1", Weight: 2}}
	for _, p := range []penalty.Penalty{&penalty.Graph{Mu: 1e-6}, &penalty.Graph{Mu: 1e-6, Edges: edges}, &penalty.Temporal{Mu: 1e-6}} {
		coupled := predict(t, fit(t, linear.Method{Penalty: p, C: 1e-6, Tol: 1e-10}, s), s)
		for i := range s.Tasks {
			near(t, "unbounded coupling", coupled.Tasks[i].Value, common.Tasks[i].Value, 1e-3)
		}
	}
}

// What is learned does not depend on the order of the tasks, nor on what the
// same method was fitted on before.
func TestLearnedStructures(t *testing.T) {
	for _, kind := range []kindred.Kind{kindred.Regression, kindred.Binary, kindred.Count} {
		s := family(t, synth.Tasks{Tasks: 7, Samples: 40, Features: 5, Clusters: 2, Kind: kind, Seed: 3})
		order := []int{3, 6, 0, 5, 2, 1, 4}
		for _, p := range []penalty.Penalty{&penalty.Tree{}, &penalty.Graph{}, &penalty.Covariance{}} {
			m := linear.Method{Penalty: p, Tol: 1e-11}
			a, b := fit(t, m, s), fit(t, m, s.Only(order...))
			near(t, kind.String(), weights(a, order...), weights(b, 0, 1, 2, 3, 4, 5, 6), 1e-5)
			part, err := penalty.All.Find("penalty", penalty.All.NameOf(p))
			if err != nil {
				t.Fatal(err)
			}
			fresh := linear.Method{Penalty: part.New(), Tol: 1e-11}
			if d := cmp.Diff(predict(t, b, s), predict(t, fit(t, fresh, s.Only(order...)), s)); d != "" {
				t.Errorf("%T: %s", p, d)
			}
		}
	}
}

// What a task gets from each level of a tree adds up to its weights: all tasks
// get the same from the root, and one group from its node.
func TestLevelsOfATree(t *testing.T) {
	s := family(t, synth.Tasks{Tasks: 5, Samples: 40, Features: 4, Seed: 2})
	model := fit(t, linear.Method{Penalty: &penalty.Tree{Mu: 0.3, Root: newick(t, "((t0,t1),(t2,t3),t4);")}, Tol: 1e-12}, s)
	shares := model.Report().Shares
	for i, share := range shares {
		if len(share.Levels) != 3 || share.Levels[0] != shares[0].Levels[0] || share.Levels[2] != share.Private {
			t.Errorf("task %d: %+v", i, share)
		}
		if group := shares[i/2*2]; i < 4 && share.Levels[1] != group.Levels[1] || i == 4 && share.Levels[1] != 0 {
			t.Errorf("task %d: %+v, of its group %+v", i, share, group)
		}
	}
}

func TestATreeWithoutATask(t *testing.T) {
	s := family(t, synth.Tasks{Tasks: 3, Samples: 20, Seed: 9})
	_, err := (linear.Method{Penalty: &penalty.Tree{Root: newick(t, "(t0,(t1,t22));")}}).Fit(ctx, s)
	if err == nil || !strings.Contains(err.Error(), `tree: no task "t2"`) {
		t.Errorf("%v", err)
	}
}
