package split_test

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/split"
)

// shared makes two binary tasks on n rows, the second with missing labels.
func shared(t *testing.T, n int, groups bool) *kindred.Set {
	rng := rand.New(rand.NewPCG(1, 1))
	x, a, b := make([][]float64, n), make([]float64, n), make([]float64, n)
	for i := range x {
		x[i] = []float64{rng.Float64()}
		a[i], b[i] = float64(i%4/3), float64(i%2)
		if i%5 == 0 {
			b[i] = math.NaN()
		}
	}
	s, err := kindred.FromSlices(x, a, b)
	if err != nil {
		t.Fatal(err)
	}
	if groups {
		for i := range n {
			s.Tasks[0].Table.Group = append(s.Tasks[0].Table.Group, i/3)
		}
	}
	return s
}

// sides tells of each table row on which sides it lies.
func sides(s *kindred.Set, f split.Fold, key func(row int) int) map[int]map[string]bool {
	out := map[int]map[string]bool{}
	for side, places := range map[string][][]int{"train": f.Train, "test": f.Test} {
		for t, list := range places {
			for _, p := range list {
				k := key(s.Tasks[t].Rows[p])
				if out[k] == nil {
					out[k] = map[string]bool{}
				}
				out[k][side] = true
			}
		}
	}
	return out
}

func TestEveryRowIsTestedOnceAndLiesOnOneSide(t *testing.T) {
	for _, groups := range []bool{false, true} {
		s := shared(t, 97, groups)
		folds, err := split.KFold(s, 5, 2, 7)
		if err != nil {
			t.Fatal(err)
		}
		tested := make([][]int, len(s.Tasks))
		for k := range tested {
			tested[k] = make([]int, len(s.Tasks[k].Rows))
		}
		key := func(r int) int { return r }
		if groups {
			key = func(r int) int { return r / 3 }
		}
		for _, f := range folds {
			for k, places := range f.Test {
				for _, p := range places {
					tested[k][p]++
				}
				if len(places)+len(f.Train[k]) != len(s.Tasks[k].Rows) {
					t.Errorf("%s loses rows of task %d", f.Name, k)
				}
			}
			for k, on := range sides(s, f, key) {
				if len(on) != 1 {
					t.Errorf("groups %v: %s: %d lies on both sides", groups, f.Name, k)
				}
			}
		}
		for k := range tested {
			for p, n := range tested[k] {
				if n != 2 {
					t.Fatalf("task %d, place %d is tested %d times in 2 repeats", k, p, n)
				}
			}
		}
	}
}

func TestRandomKeepsProportions(t *testing.T) {
	s := shared(t, 200, false)
	folds, err := split.Random(s, 3, 0.5, 1)
	if err != nil {
		t.Fatal(err)
	}
	again, _ := split.Random(s, 3, 0.5, 1)
	if !reflect.DeepEqual(folds, again) {
		t.Error("one seed gives two splits")
	}
	for _, f := range folds {
		for k := range s.Tasks {
			positive, all := 0.0, 0.0
			for _, p := range f.Train[k] {
				positive += s.Tasks[k].Y()[p]
			}
			for _, y := range s.Tasks[k].Y() {
				all += y
			}
			if math.Abs(positive-all/2) > 2 {
				t.Errorf("%s, task %d: %v of %v positives are trained on", f.Name, k, positive, all)
			}
		}
	}
}

func TestTimeTrainsOnThePast(t *testing.T) {
	s := shared(t, 60, false)
	for i := range 60 {
		s.Tasks[0].Table.Time = append(s.Tasks[0].Table.Time, float64((i*7)%60))
	}
	folds, err := split.Time(s, 3)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range folds {
		last, first := math.Inf(-1), math.Inf(1)
		for k, task := range s.Tasks {
			for _, p := range f.Train[k] {
				last = max(last, task.Table.Time[task.Rows[p]])
			}
			for _, p := range f.Test[k] {
				first = min(first, task.Table.Time[task.Rows[p]])
			}
		}
		if last >= first {
			t.Errorf("%s trains up to %v and tests from %v", f.Name, last, first)
		}
	}
}

func TestGivenAndRefusals(t *testing.T) {
	s := shared(t, 4, false)
	folds, err := split.Given(s, []string{"a"}, [][]int8{{1, 0, -1, 1}})
	if err != nil || !slices.Equal(folds[0].Train[0], []int{0, 3}) || !slices.Equal(folds[0].Test[0], []int{1}) {
		t.Errorf("got %+v, %v", folds, err)
	}
	for name, f := range map[string]func() ([]split.Fold, error){
		"one fold":       func() ([]split.Fold, error) { return split.KFold(s, 1, 1, 0) },
		"too many folds": func() ([]split.Fold, error) { return split.KFold(s, 9, 1, 0) },
		"fraction 1":     func() ([]split.Fold, error) { return split.Random(s, 1, 1, 0) },
		"no times":       func() ([]split.Fold, error) { return split.Time(s, 2) },
		"short split":    func() ([]split.Fold, error) { return split.Given(s, []string{"a"}, [][]int8{{1}}) },
		"empty side":     func() ([]split.Fold, error) { return split.Given(s, []string{"a"}, [][]int8{{1, 1, 1, 1}}) },
	} {
		if _, err := f(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
