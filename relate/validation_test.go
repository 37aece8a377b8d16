package relate_test

import (
	"context"
	"errors"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/compose"
	"github.com/kindred-mtl/kindred/linear"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/prep"
	"github.com/kindred-mtl/kindred/relate"
	"github.com/kindred-mtl/kindred/split"
	"github.com/kindred-mtl/kindred/synth"
)

func clustered(t *testing.T, clusters int) *kindred.Set {
	t.Helper()
	s, _, err := (&synth.Tasks{Tasks: 8, Samples: 20, Features: 5, Clusters: clusters, Opposing: clusters > 1, Similarity: 0.95, Noise: 0.5, Seed: 4}).Make()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validated(t *testing.T, v relate.Validation, s *kindred.Set) *relate.Validated {
	t.Helper()
	out, err := v.Run(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Rows held out say that there are two groups where there are two, and one where
// there is one; the groups that are there are better than those that are drawn, but
// for a draw of the same ones, of which there are 35.
func TestValidation(t *testing.T) {
	v := relate.Validation{Measure: relate.Weights{}, Clustering: relate.Spectral{}}
	s := clustered(t, 2)
	two := validated(t, v, s)
	t.Logf("%+v", two)
	if two.Groups != 2 || two.P > 0.1 || len(two.Random) != 19 || len(two.Tried) != 8 || two.Tried[1].Loss != two.Loss {
		t.Errorf("two groups: %+v", two)
	}
	if !(two.Tried[0].Loss > two.Loss+two.Tried[0].Error) {
		t.Errorf("one group is no worse than two: %+v", two.Tried)
	}
	if one := validated(t, v, clustered(t, 1)); one.Groups != 1 || !math.IsNaN(one.P) || one.Random != nil {
		t.Errorf("one group: %+v", one)
	}
	v.Groups, v.Random = 3, 9
	if three := validated(t, v, s); three.Groups != 3 || len(three.Tried) != 1 || three.Tried[0].Error != 0 || len(three.Random) != 9 || three.P*10 != math.Round(three.P*10) {
		t.Errorf("three groups: %+v", three)
	}
}

// The result does not depend on the number of workers; steps are counted, and no
// group is learned twice on a fold.
func TestValidationRepeats(t *testing.T) {
	s := clustered(t, 2)
	calls, last, all := 0, 0, 0
	v := relate.Validation{Measure: relate.Weights{}, Clustering: relate.KMedoids{}, Random: 5}
	before := runtime.GOMAXPROCS(1)
	one := validated(t, v, s)
	v.Progress = func(done, of int) { calls, last, all = calls+1, max(last, done), max(all, of) }
	again := validated(t, v, s)
	runtime.GOMAXPROCS(before)
	v.Progress = nil
	if two := validated(t, v, s); !cmp.Equal(one, two, cmpopts.EquateNaNs()) || !cmp.Equal(one, again, cmpopts.EquateNaNs()) {
		t.Error("the result depends on the number of workers")
	}
	if calls != all || last != all || all > 5+5*(8*9/2+5*2) {
		t.Errorf("%d steps of %d, the last one the %dth", calls, all, last)
	}
}

// Of as many groups as tasks the loss is that of each task alone, of one group
// that of all together: with a method that is given, as it stands.
func TestValidationLosses(t *testing.T) {
	s := clustered(t, 2)
	m := linear.Method{Penalty: &penalty.Shared{Mu: 0.5}, C: 1}
	v := relate.Validation{Measure: relate.Weights{}, Clustering: relate.AverageLinkage{}, Method: m, Random: -1}
	folds, err := split.Inner(s, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	targets := prep.FitTargets(s)
	for groups, method := range map[int]kindred.Method{1: m, 8: compose.Grouped{Method: m, Groups: compose.GroupsOf(s, []int{0, 1, 2, 3, 4, 5, 6, 7})}} {
		v.Groups = groups
		sum, rows := 0.0, 0.0
		for _, f := range folds {
			model, err := method.Fit(context.Background(), s.Select(f.Train))
			if err != nil {
				t.Fatal(err)
			}
			for k := range s.Tasks {
				test := s.Tasks[k].Select(f.Test[k])
				p, err := model.Predict(context.Background(), test.Table.Select(test.Rows), []int{k})
				if err != nil {
					t.Fatal(err)
				}
				off := slices.Clone(p.Tasks[0].Value)
				num.Axpy(-1, test.Y(), off)
				sum += num.Dot(off, off) / targets[k].Scale / targets[k].Scale / 2
				rows += float64(len(off))
			}
		}
		if got, want := validated(t, v, s).Loss, sum/rows; math.Abs(got-want) > 1e-9*want {
			t.Errorf("%d groups: loss %v, want %v", groups, got, want)
		}
	}
}

func TestValidationRefuses(t *testing.T) {
	s := clustered(t, 2)
	v := relate.Validation{Measure: relate.Weights{}, Clustering: relate.Spectral{}, Groups: 9}
	if _, err := v.Run(context.Background(), s); err == nil || !strings.Contains(err.Error(), "9 groups of 8 tasks") {
		t.Errorf("too many groups: %v", err)
	}
	v.Groups = 0
	if _, err := v.Run(context.Background(), s.Only(0)); !errors.Is(err, compose.ErrNotApplicable) {
		t.Errorf("one task: %v", err)
	}
	v.Measure = relate.Labels{}
	if _, err := v.Run(context.Background(), s); !errors.Is(err, compose.ErrNotApplicable) {
		t.Errorf("a measure that does not apply: %v", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	stop()
	v.Measure = relate.Weights{}
	if _, err := v.Run(ctx, s); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
}
