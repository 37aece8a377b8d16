package linear_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/linear"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/synth"
)

// What is learned of the tasks is reported, survives a file, and is a
// covariance with the groups in it.
func TestRelationsAreReported(t *testing.T) {
	s := family(t, synth.Tasks{Tasks: 6, Samples: 200, Features: 5, Clusters: 2, Opposing: true, Noise: 0.1, Seed: 3})
	model := fit(t, linear.Method{Penalty: &penalty.MTRL{}}, s)
	r := model.Report()
	if len(r.Relation) != 6 || r.Groups != nil {
		t.Fatalf("%v, groups %v", r.Relation, r.Groups)
	}
	for i := range r.Relation {
		for j, v := range r.Relation[i] {
			if alike := i/3 == j/3; v > 0 != alike {
				t.Errorf("tasks %d and %d: covariance %v", i, j, v)
			}
		}
	}
	if d := cmp.Diff(again(t, model).(kindred.Reporter).Report(), r); d != "" {
		t.Error(d)
	}
	feat := fit(t, linear.Method{Penalty: penalty.SquaredTrace{}, Intercept: "penalized"}, s).Report()
	if len(feat.Features) != 6 { // five, and the constant
		t.Errorf("features %v", feat.Features)
	}
}
