package prep_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/prep"
)

func labelled(kind kindred.Kind, target string, weight []float64, y ...float64) kindred.Task {
	return kindred.Task{Kind: kind, Rows: count(len(y)), Weight: weight, Label: kindred.Labels{Target: target, Columns: [][]float64{y}}}
}

func TestTargets(t *testing.T) {
	weights := []float64{1, 1, 0}
	for name, c := range map[string]struct {
		tasks []kindred.Task
		want  []prep.Target
	}{
		"within tasks": {
			[]kindred.Task{labelled(0, "a", nil, 1, 3), labelled(0, "a", nil, 10, 10), labelled(0, "b", nil, 0, 4), labelled(kindred.Binary, "a", nil, 0, 1), labelled(kindred.Count, "c", nil, 5)},
			[]prep.Target{{6, math.Sqrt(0.5)}, {6, math.Sqrt(0.5)}, {2, 2}, {0, 1}, {0, 1}},
		},
		"weighted":       {[]kindred.Task{labelled(0, "a", []float64{3, 1}, 0, 4)}, []prep.Target{{1, math.Sqrt(3)}}},
		"repeated":       {[]kindred.Task{labelled(0, "a", nil, 0, 0, 0, 4)}, []prep.Target{{1, math.Sqrt(3)}}},
		"weight 0":       {[]kindred.Task{labelled(0, "a", weights, 0, 2, 99), labelled(0, "a", []float64{0}, 7)}, []prep.Target{{1, 1}, {1, 1}}},
		"no weight":      {[]kindred.Task{labelled(0, "a", []float64{0}, 7)}, []prep.Target{{0, 1}}},
		"no row":         {[]kindred.Task{labelled(0, "a", nil)}, []prep.Target{{0, 1}}},
		"constant":       {[]kindred.Task{labelled(0, "a", nil, 0.1, 0.1, 0.1)}, []prep.Target{{0.1, 1}}},
		"constant tasks": {[]kindred.Task{labelled(0, "a", nil, 0.1, 0.1, 0.1), labelled(0, "a", nil, -0.1, -0.1, -0.1)}, []prep.Target{{0, 1}, {0, 1}}},
		"overflow":       {[]kindred.Task{labelled(0, "a", nil, 1e308, -1e308)}, []prep.Target{{0, 1}}},
	} {
		if d := cmp.Diff(c.want, prep.FitTargets(set(c.tasks...)), cmpopts.EquateApprox(1e-14, 1e-16)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}
