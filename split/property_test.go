package split_test

import (
	"encoding/csv"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/split"
)

// own makes binary tasks of these sizes on rows of their own, in one table,
// with about a third positives; the rows of the tasks are interleaved.
func own(t *testing.T, sizes ...int) *kindred.Set {
	t.Helper()
	var x [][]float64
	var names []string
	var y []float64
	for round := range slices.Max(sizes) {
		for k, n := range sizes {
			if round < n {
				x, names = append(x, []float64{float64(round)}), append(names, fmt.Sprintf("t%d", k))
				y = append(y, float64((round+k)%3/2))
			}
		}
	}
	s, err := kindred.FromRows(x, names, y)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// wide makes tasks on shared rows, most labels missing, regressions among them.
func wide(t *testing.T, rows, tasks int, seed uint64) *kindred.Set {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 9))
	x, targets := make([][]float64, rows), make([][]float64, tasks)
	for i := range x {
		x[i] = []float64{rng.Float64()}
	}
	for k := range targets {
		for i := range rows {
			y := rng.NormFloat64()
			switch {
			case i != k && i != k+1 && rng.Float64() < 0.6:
				y = math.NaN()
			case k%2 == 0:
				y = float64(i % 2)
			}
			targets[k] = append(targets[k], y)
		}
	}
	s, err := kindred.FromSlices(x, targets...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// perClass counts the rows at these places by class; a regression has one.
func perClass(t *kindred.Task, places []int) []int {
	n := make([]int, max(1, len(t.Label.Classes)))
	for _, p := range places {
		if t.Kind.Classifies() {
			n[int(t.Y()[p])]++
		} else {
			n[0]++
		}
	}
	return n
}

func everyPlace(t *kindred.Task) []int {
	places := make([]int, len(t.Rows))
	for i := range places {
		places[i] = i
	}
	return places
}

// Rows of one's own are dealt exactly: each task and class within one row of
// its share in every fold, and each task as well.
func TestOwnRowsAreStratifiedExactly(t *testing.T) {
	s := own(t, 50, 33, 7, 4, 101, 2)
	for _, k := range []int{2, 5, 10} {
		folds, err := split.KFold(s, k, 2, 3)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range folds {
			within(t, s, f.Name, f.Test, 1/float64(k))
		}
	}
	for _, train := range []float64{0.1, 0.25, 0.5, 0.77} {
		folds, err := split.Random(s, 3, train, 3)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range folds {
			within(t, s, f.Name, f.Train, train)
		}
	}
}

// within checks that these places are the share of each task and class, to
// less than a row, and of each task to less than two.
func within(t *testing.T, s *kindred.Set, name string, places [][]int, share float64) {
	t.Helper()
	for k := range s.Tasks {
		task := &s.Tasks[k]
		got, all := perClass(task, places[k]), perClass(task, everyPlace(task))
		for c := range got {
			if math.Abs(float64(got[c])-share*float64(all[c])) >= 1+1e-9 {
				t.Errorf("%s, task %q: %d of %d rows of class %d for a share of %v", name, task.Name, got[c], all[c], c, share)
			}
		}
		if math.Abs(float64(len(places[k]))-share*float64(len(task.Rows))) >= 2 {
			t.Errorf("%s, task %q: %d of %d rows for a share of %v", name, task.Name, len(places[k]), len(task.Rows), share)
		}
	}
}

// Over 60 random sets with rows shared, labels missing, groups and tiny
// tasks: a row is tested once or never, and never only where some task would
// lose its last row; rows and groups lie on one side; no task is without rows
// to train on.
func TestFoldsOfSharedRows(t *testing.T) {
	sets, apart := 0, 0
	for seed := range uint64(60) {
		s := wide(t, 12+int(seed), 2+int(seed)%7, seed)
		key := func(r int) int { return r }
		if seed%3 == 0 {
			key = func(r int) int { return r / 2 }
			for r := range s.Tasks[0].Table.Len() {
				s.Tasks[0].Table.Group = append(s.Tasks[0].Table.Group, key(r))
			}
		}
		k := 2 + int(seed)%4
		folds, err := split.KFold(s, k, 1, seed)
		if err != nil {
			t.Fatal(err)
		}
		tested := make([][]int, len(s.Tasks))
		for i := range tested {
			tested[i] = make([]int, len(s.Tasks[i].Rows))
		}
		for _, f := range folds {
			for r, on := range sides(s, f, key) {
				if len(on) != 1 {
					t.Errorf("seed %d, %s: %d lies on both sides", seed, f.Name, r)
				}
			}
			for i := range s.Tasks {
				if len(f.Train[i]) == 0 {
					t.Errorf("seed %d, %s: task %d has no row to train on", seed, f.Name, i)
				}
				if len(f.Train[i])+len(f.Test[i]) != len(s.Tasks[i].Rows) {
					t.Errorf("seed %d, %s: task %d loses rows", seed, f.Name, i)
				}
				for _, p := range f.Test[i] {
					tested[i][p]++
				}
			}
		}
		for i := range tested {
			for p, n := range tested[i] {
				if n == 0 {
					apart++
				}
				if n > 1 {
					t.Errorf("seed %d: task %d, place %d is tested %d times", seed, i, p, n)
				}
			}
		}
		sets++
	}
	t.Logf("%d sets, %d labels never tested", sets, apart)
	if apart > 20 {
		t.Errorf("%d labels are never tested", apart)
	}
}

// The proportions of shared rows cannot be exact; iterative stratification
// keeps them closer than chance does.
func TestSharedRowsKeepProportions(t *testing.T) {
	s := wide(t, 400, 6, 1)
	dealt, chance := 0.0, 0.0
	rng := rand.New(rand.NewPCG(1, 1))
	folds, err := split.KFold(s, 5, 4, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range folds {
		random := make([]bool, 400)
		for i := range random {
			random[i] = rng.IntN(5) == 0
		}
		for k := range s.Tasks {
			task, drawn := &s.Tasks[k], []int{}
			for p, r := range task.Rows {
				if random[r] {
					drawn = append(drawn, p)
				}
			}
			got, by, all := perClass(task, f.Test[k]), perClass(task, drawn), perClass(task, everyPlace(task))
			for c := range all {
				dealt += math.Pow(float64(got[c])-float64(all[c])/5, 2)
				chance += math.Pow(float64(by[c])-float64(all[c])/5, 2)
			}
		}
	}
	t.Logf("mean square of rows off: %.3f dealt, %.3f by chance", dealt/float64(len(folds)*9), chance/float64(len(folds)*9))
	if dealt > chance/10 {
		t.Errorf("dealt folds are off by %v, chance by %v", dealt, chance)
	}
}

// A task's folds are the same wherever the set lists it.
func TestTheOrderOfTasksDoesNotMatter(t *testing.T) {
	for name, s := range map[string]*kindred.Set{"own": own(t, 20, 31, 5, 1), "shared": wide(t, 60, 5, 2)} {
		last := len(s.Tasks) - 1
		turned := &kindred.Set{}
		for k := range s.Tasks {
			turned.Tasks = append(turned.Tasks, s.Tasks[last-k])
		}
		a, err := split.KFold(s, 4, 2, 5)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := split.KFold(turned, 4, 2, 5)
		c, _ := split.Random(s, 2, 0.3, 5)
		d, err := split.Random(turned, 2, 0.3, 5)
		if err != nil {
			t.Fatal(err)
		}
		a, b = append(a, c...), append(b, d...)
		for i := range a {
			slices.Reverse(b[i].Train)
			slices.Reverse(b[i].Test)
		}
		if diff := cmp.Diff(a, b); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestSeeds(t *testing.T) {
	s := own(t, 40, 30)
	a, _ := split.KFold(s, 5, 2, 1)
	b, _ := split.KFold(s, 5, 2, 1)
	other, _ := split.KFold(s, 5, 2, 2)
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("one seed gives two answers: %s", diff)
	}
	if cmp.Equal(a, other) || cmp.Equal(a[0].Test, a[5].Test) {
		t.Error("another seed or repeat gives the same folds")
	}
}

// A task of one row is trained on in every fold and never tested; one of two
// rows is tested on each while the other is trained on.
func TestTinyTasks(t *testing.T) {
	s := own(t, 30, 1, 2)
	folds, err := split.KFold(s, 10, 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	tested := 0
	for _, f := range folds {
		if len(f.Train[1]) != 1 || len(f.Test[1]) != 0 {
			t.Errorf("%s: the one row of task 1 is not trained on", f.Name)
		}
		if len(f.Test[2]) > 1 {
			t.Errorf("%s tests on both rows of task 2", f.Name)
		}
		tested += len(f.Test[2])
	}
	if tested != 2 {
		t.Errorf("%d rows of task 2 are tested", tested)
	}
	// Of three rows and a task on each two of them, two folds cannot part all
	// three: one row is trained on in both.
	nan := math.NaN()
	ring, err := kindred.FromSlices([][]float64{{0}, {0}, {0}}, []float64{1, 0, nan}, []float64{nan, 1, 0}, []float64{1, nan, 0})
	if err != nil {
		t.Fatal(err)
	}
	if folds, err = split.KFold(ring, 2, 1, 0); err != nil {
		t.Fatal(err)
	}
	for _, f := range folds {
		for k := range ring.Tasks {
			if len(f.Train[k]) == 0 {
				t.Errorf("%s: task %d of the ring has no row to train on", f.Name, k)
			}
		}
	}
	lone := own(t, 1, 1, 1)
	if folds, err := split.KFold(lone, 2, 1, 0); err == nil {
		t.Errorf("three tasks of one row each give %d folds", len(folds))
	}
}

// However small the fraction, each class is trained on, and a regression.
func TestRandomTrainsOnEachClass(t *testing.T) {
	for name, s := range map[string]*kindred.Set{"own": own(t, 3, 9, 40), "shared": wide(t, 50, 5, 4)} {
		folds, err := split.Random(s, 5, 0.01, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range folds {
			for k := range s.Tasks {
				if n := perClass(&s.Tasks[k], f.Train[k]); slices.Min(n) == 0 {
					t.Errorf("%s, %s: task %d trains on %v rows of its classes", name, f.Name, k, n)
				}
			}
		}
	}
}

// Landmine: at any fraction each field keeps its share of positives to less
// than a row, and has one to train on; at one half, where many fields have an
// odd number of them, as many round up as down.
func TestLandmineKeepsItsPositives(t *testing.T) {
	s := landmine(t)
	for _, train := range []float64{0.1, 0.25, 0.5} {
		folds, err := split.Random(s, 10, train, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range folds {
			within(t, s, f.Name, f.Train, train)
			positives, all := 0, 0
			for k := range s.Tasks {
				n := perClass(&s.Tasks[k], f.Train[k])[1]
				if n == 0 {
					t.Errorf("%s at %v: field %q has no mine to train on", f.Name, train, s.Tasks[k].Name)
				}
				positives, all = positives+n, all+perClass(&s.Tasks[k], everyPlace(&s.Tasks[k]))[1]
			}
			if all != 904 || train == 0.5 && math.Abs(float64(positives)-452) > 4 {
				t.Errorf("%s at %v: %d of %d mines are trained on", f.Name, train, positives, all)
			}
		}
		t.Logf("at %v: %d rows and %d positives of field 1", train, len(folds[0].Train[0]), perClass(&s.Tasks[0], folds[0].Train[0])[1])
	}
}

func landmine(t *testing.T) *kindred.Set {
	t.Helper()
	file, err := os.Open("../../shared/data/landmine/landmine.csv")
	if err != nil {
		t.Skip("the landmine data is not there:", err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var x [][]float64
	var names []string
	var y []float64
	for _, row := range rows[1:] {
		label, err := strconv.ParseFloat(row[len(row)-1], 64)
		if err != nil {
			t.Fatal(err)
		}
		x, names, y = append(x, []float64{0}), append(names, row[0]), append(y, label)
	}
	s, err := kindred.FromRows(x, names, y)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Smaller training parts are subsets of larger ones, each stratified, with a
// row of each class; the test rows stay.
func TestSubsampleIsNested(t *testing.T) {
	fractions := []float64{0, 0.05, 0.1, 0.25, 0.5, 0.8, 1}
	for name, s := range map[string]*kindred.Set{"own": own(t, 80, 41, 6, 1), "shared": wide(t, 90, 4, 3), "grouped": shared(t, 60, true)} {
		folds, err := split.Random(s, 1, 0.6, 1)
		if err != nil {
			t.Fatal(err)
		}
		full, smaller := folds[0], make([][]int, len(s.Tasks))
		for _, fraction := range fractions {
			f := split.Subsample(s, full, fraction, 4)
			if !cmp.Equal(f.Test, full.Test) || fraction == 1 && !cmp.Equal(f.Train, full.Train) {
				t.Errorf("%s at %v: it changes rows that should stay", name, fraction)
			}
			for k := range s.Tasks {
				for _, p := range smaller[k] {
					if _, ok := slices.BinarySearch(f.Train[k], p); !ok {
						t.Errorf("%s at %v, task %d: place %d of a smaller part is gone", name, fraction, k, p)
					}
				}
				checkShare(t, &s.Tasks[k], f.Train[k], full.Train[k], fraction, name == "own")
			}
			smaller = f.Train
		}
		if diff := cmp.Diff(split.Subsample(s, full, 0.3, 4), split.Subsample(s, full, 0.3, 4)); diff != "" {
			t.Errorf("%s: one seed gives two answers: %s", name, diff)
		}
	}
}

func checkShare(t *testing.T, task *kindred.Task, got, all []int, fraction float64, exact bool) {
	t.Helper()
	part, whole := perClass(task, got), perClass(task, all)
	for c := range whole {
		if whole[c] > 0 && part[c] == 0 {
			t.Errorf("task %q at %v: class %d is gone", task.Name, fraction, c)
		}
		if exact && math.Abs(float64(part[c])-fraction*float64(whole[c])) > 1+1e-9 {
			t.Errorf("task %q at %v: %d of %d rows of class %d", task.Name, fraction, part[c], whole[c], c)
		}
	}
}

// A group is either in a fold's past or in its test, whatever its times.
func TestTimeKeepsGroupsWhole(t *testing.T) {
	s := shared(t, 60, true)
	table := s.Tasks[0].Table
	for i := range 60 {
		table.Time = append(table.Time, float64(i*7%60))
	}
	folds, err := split.Time(s, 3)
	if err != nil {
		t.Fatal(err)
	}
	cut, err := split.TimeAt(s, 0.3, 0.7)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range append(folds, cut...) {
		for g, on := range sides(s, f, func(r int) int { return r / 3 }) {
			if len(on) != 1 {
				t.Errorf("%s: group %d lies on both sides", f.Name, g)
			}
		}
	}
	if n := len(cut[0].Train[0]); n < 12 || n > 18 || len(cut[1].Train[0]) <= n {
		t.Errorf("30 %% and 70 %% of 60 rows train on %d and %d", n, len(cut[1].Train[0]))
	}
	table.Time[5] = math.NaN()
	if _, err := split.Time(s, 3); err == nil {
		t.Error("a row without a time is no error")
	}
}

func TestGivenRefusesWhatItCannotMean(t *testing.T) {
	s := shared(t, 4, false)
	s.Tasks[0].Table.Group = []int{1, 1, 2, 3}
	two := own(t, 3, 3)
	two.Tasks[1].Table = two.Tasks[1].Table.Select([]int{0, 1, 2, 3, 4, 5})
	for name, c := range map[string]struct {
		set   *kindred.Set
		names []string
		train [][]int8
	}{
		"a broken group": {s, []string{"a"}, [][]int8{{1, 0, 0, 1}}},
		"a strange side": {s, []string{"a"}, [][]int8{{1, 1, 0, 2}}},
		"too many rows":  {s, []string{"a"}, [][]int8{{1, 1, 0, 0, 0}}},
		"a lost name":    {s, nil, [][]int8{{1, 1, 0, 0}}},
		"two tables":     {two, []string{"a"}, [][]int8{{1, 1, 1, 0, 0, 0}}},
	} {
		if _, err := split.Given(c.set, c.names, c.train); err == nil {
			t.Errorf("%s is no error", name)
		} else {
			t.Logf("%s: %v", name, err)
		}
	}
	if _, err := split.Given(s, []string{"a"}, [][]int8{{1, -1, 0, 0}}); err != nil {
		t.Errorf("a group that is partly left out: %v", err)
	}
}

func BenchmarkKFold(b *testing.B) {
	n := 100_000
	x, names, y := make([][]float64, n), make([]string, n), make([]float64, n)
	for i := range n {
		x[i], names[i], y[i] = []float64{0}, strconv.Itoa(i%1000), float64(i%7)
	}
	s, err := kindred.FromRows(x, names, y)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := split.KFold(s, 5, 1, 0); err != nil {
			b.Fatal(err)
		}
	}
}
