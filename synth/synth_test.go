package synth_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/synth"
)

// Labels without flips lie on the side of the plane that the weights say.
func TestClassificationFollowsItsTruth(t *testing.T) {
	g := &synth.Classification{FlipY: -1, Tasks: 3, Angle: 30, Seed: 4}
	s, truth, err := g.Make()
	if err != nil {
		t.Fatal(err)
	}
	table := s.Tasks[0].Table
	for k := range s.Tasks {
		for r, y := range s.Tasks[k].Y() {
			z := 0.0
			for j := range table.Columns {
				z += table.Columns[j].Number[r] * truth.Weights.At(j, k)
			}
			if math.Abs(z) > 1e-9 && (z > 0) != (y == 1) {
				t.Fatalf("task %d, row %d: label %v, score %v", k, r, y, z)
			}
		}
	}
	again, _, _ := g.Make()
	if d := cmp.Diff(s.Tasks[1].Y(), again.Tasks[1].Y()); d != "" {
		t.Error("one seed gives two sets")
	}
}

// The angle between tasks is the share of a round Gaussian that they label
// differently: angle/180.
func TestClassificationAngle(t *testing.T) {
	for _, angle := range []float64{15, 60} {
		g := &synth.Classification{Samples: 100000, FlipY: -1, ClassSep: 1e-9, Angle: angle, Labelled: 1}
		s, _, err := g.Make()
		if err != nil {
			t.Fatal(err)
		}
		differ := 0.0
		for i, y := range s.Tasks[0].Y() {
			if s.Tasks[1].Y()[i] != y {
				differ++
			}
		}
		if got := differ / 100000 * 180; math.Abs(got-angle) > 1 {
			t.Errorf("angle %v, measured %v", angle, got)
		}
	}
}

func TestTasksFollowTheirTruth(t *testing.T) {
	g := &synth.Tasks{Tasks: 6, Samples: 20, MaxSamples: 60, Features: 200, Similarity: 0.8, Clusters: 2, Opposing: true, Outliers: 1, Noise: -1, Missing: 0.2, Seed: 1}
	s, truth, err := g.Make()
	if err != nil {
		t.Fatal(err)
	}
	cosine := func(a, b int) float64 {
		x, y := truth.Weights.Col(make([]float64, 200), a), truth.Weights.Col(make([]float64, 200), b)
		return num.Dot(x, y) / num.Norm(x) / num.Norm(y)
	}
	if c := cosine(0, 1); math.Abs(c-0.8) > 0.15 {
		t.Errorf("tasks of a cluster have cosine %v", c)
	}
	if c := cosine(0, 3); math.Abs(c+0.8) > 0.15 {
		t.Errorf("tasks of opposing clusters have cosine %v", c)
	}
	if c := cosine(0, 5); math.Abs(c) > 0.3 || !truth.Outlier[5] {
		t.Errorf("the outlier has cosine %v", c)
	}
	sizes := map[int]bool{}
	for k := range s.Tasks {
		sizes[len(s.Tasks[k].Rows)] = true
		for i, r := range s.Tasks[k].Rows {
			z := truth.Intercept[k]
			for j := range 200 {
				z += s.Tasks[k].Table.Columns[j].Number[r] * truth.Weights.At(j, k)
			}
			if math.Abs(z-s.Tasks[k].Y()[i]) > 1e-9 {
				t.Fatalf("task %d: label %v, truth %v", k, s.Tasks[k].Y()[i], z)
			}
		}
	}
	if len(sizes) < 2 {
		t.Error("all tasks have one size")
	}
}

func TestEveryKindChecksAndBadOptionsAreErrors(t *testing.T) {
	for _, k := range []kindred.Kind{kindred.Regression, kindred.Binary, kindred.Count} {
		for _, shared := range []bool{false, true} {
			s, _, err := (&synth.Tasks{Kind: k, Shared: shared}).Make()
			if err != nil || s.Check() != nil {
				t.Errorf("%v: %v", k, err)
			}
			header, rows, err := synth.Columns(s)
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for row := range rows {
				n++
				if len(row) != len(header) {
					t.Fatalf("%d cells under %d names", len(row), len(header))
				}
			}
			if n != s.Tasks[0].Table.Len() {
				t.Errorf("%d rows of %d", n, s.Tasks[0].Table.Len())
			}
		}
	}
	for _, g := range []synth.Generator{&synth.Tasks{Clusters: 99}, &synth.Tasks{Similarity: 2}, &synth.Tasks{Kind: kindred.Multiclass}, &synth.Classification{Informative: 30}, &synth.Classification{Labelled: 5000}} {
		if _, _, err := g.Make(); err == nil {
			t.Errorf("%+v is made", g)
		}
	}
}
