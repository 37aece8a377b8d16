package sharing_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/sharing"
)

// A family is linear functions of tasks, each on rows of its own.
type family struct {
	*sharing.Sample
	w, x [][]float64 // of each output; of each task's rows, one after the other
}

const features = 40

// of makes the family of these weights on normal rows.
func of(w [][]float64, outputs []sharing.Output, rows int, random *rand.Rand) *family {
	f := &family{&sharing.Sample{Outputs: outputs}, w, nil}
	tasks := 0
	for _, o := range outputs {
		tasks = max(tasks, o.Task+1)
	}
	for t := range tasks {
		f.Tasks = append(f.Tasks, fmt.Sprint("t", t))
		f.x = append(f.x, normals(rows*features, random))
	}
	for c, o := range outputs {
		f.Own = append(f.Own, f.on(o.Task, w[c]))
	}
	return f
}

func normals(n int, random *rand.Rand) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = random.NormFloat64()
	}
	return v
}

// on is 3 + x·w on the rows of a task.
func (f *family) on(t int, w []float64) []float64 {
	z := make([]float64, len(f.x[t])/features)
	for i := range z {
		z[i] = 3 + num.Dot(f.x[t][i*features:(i+1)*features], w)
	}
	return z
}

func (f *family) told() []kindred.Share {
	return f.Shares(func(weight []float64, group []int) [][]float64 {
		means := make([][]float64, len(f.Outputs))
		for c, o := range f.Outputs {
			sum := make([]float64, features)
			for s, other := range f.Outputs {
				if other.Slot == o.Slot && group[other.Task] == group[o.Task] {
					num.Axpy(weight[s], f.w[s], sum)
				}
			}
			means[c] = f.on(o.Task, sum)
		}
		return means
	})
}

func (f *family) shares() []float64 {
	all := f.told()

	out := make([]float64, len(all))
	for t, s := range all {
		out[t] = s.Share
		if square := s.Common*s.Common + s.Private*s.Private; square > 0 && math.Abs(s.Common*s.Common/square-s.Share) > 1e-12 || s.Task != f.Tasks[t] {
			panic(fmt.Sprintf("%+v", s))
		}
	}
	return out
}

// each is an output of each task, in one slot.
func each(tasks int) []sharing.Output {
	out := make([]sharing.Output, tasks)
	for t := range out {
		out[t].Task = t
	}
	return out
}

func draw() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

func within(t *testing.T, what string, got []float64, lo, hi float64) {
	t.Helper()
	for i, v := range got {
		if !(v >= lo && v <= hi) {
			t.Errorf("%s: share %v of task %d, not from %v to %v", what, v, i, lo, hi)
		}
	}
}

// One function has share 1; opposed, unrelated and constant ones 0.
func TestLimits(t *testing.T) {
	random := draw()
	w := normals(features, random)
	minus, other := slices.Clone(w), make([]float64, features)
	num.Scale(minus, -1)
	copy(other[1:], w[:1]) // as long as the first feature's, and orthogonal
	first := make([]float64, features)
	first[0] = w[0]
	none := make([]float64, features)
	within(t, "one function", of([][]float64{w, w, w}, each(3), 30, random).shares(), 1-1e-12, 1)
	within(t, "opposed", of([][]float64{w, minus, w, minus}, each(4), 500, random).shares(), 0, 0.01)
	within(t, "unrelated", of([][]float64{first, other}, each(2), 20000, random).shares(), 0, 0.02)
	within(t, "constants", of([][]float64{none, none}, each(2), 30, random).shares(), 0, 0)
	if s := of([][]float64{w}, each(1), 30, random).shares(); len(s) != 0 {
		t.Errorf("one task has shares %v", s)
	}
}

// Of w_t = w0 + v_t the share is about ‖w0‖²/(‖w0‖² + ‖v_t‖²), whether there are
// many tasks or few.
func TestVarianceComponents(t *testing.T) {
	for _, tasks := range []int{4, 100} {
		for _, s := range []float64{0.2, 0.5, 0.9} {
			sum, n := 0.0, 0.0
			for seed := range uint64(400 / tasks) {
				random := rand.New(rand.NewPCG(seed, 3))
				w0, w := normals(features, random), make([][]float64, tasks)
				for i := range w {
					w[i] = normals(features, random)
					num.Scale(w[i], math.Sqrt(1-s))
					num.Axpy(math.Sqrt(s), w0, w[i])
				}
				for _, v := range of(w, each(tasks), 60, random).shares() {
					sum, n = sum+v, n+1
				}
			}
			if mean := sum / n; math.Abs(mean-s) > 0.08 {
				t.Errorf("%d tasks: mean share %.3f, not %v", tasks, mean, s)
			}
		}
	}
}

// The order of the tasks, the unit of all, the unit of a kind and a row twice
// in place of weight 2 change nothing; and a slot that one task has is its own.
func TestInvariance(t *testing.T) {
	random := draw()
	w := make([][]float64, 4)
	for i := range w {
		w[i] = normals(features, random)
		num.Axpy(1, w[0], w[i])
	}
	f := of(w, each(4), 25, random)
	want := f.shares()
	same := func(what string, got, want []float64) {
		t.Helper()
		for i := range want {
			if math.Abs(got[i]-want[i]) > 1e-12 {
				t.Errorf("%s: %v, not %v", what, got, want)
			}
		}
	}
	turned := &family{&sharing.Sample{Tasks: f.Tasks, Outputs: f.Outputs}, slices.Clone(f.w), slices.Clone(f.x)}
	slices.Reverse(turned.w)
	slices.Reverse(turned.x)
	for c := range turned.w {
		turned.Own = append(turned.Own, turned.on(c, turned.w[c]))
	}
	got := turned.shares()
	slices.Reverse(got)
	same("reversed", got, want)

	twice := of(w, each(4), 25, draw())
	twice.x, twice.Own, twice.Weight = nil, nil, nil
	weighted := &family{&sharing.Sample{Tasks: f.Tasks, Outputs: f.Outputs, Own: f.Own}, f.w, f.x}
	for c := range w {
		x := append(slices.Clone(f.x[c]), f.x[c][:5*features]...)
		twice.x = append(twice.x, x)
		twice.Own = append(twice.Own, twice.on(c, w[c]))
		weight := slices.Repeat([]float64{1}, 25)
		for i := range 5 {
			weight[i] = 2
		}
		weighted.Weight = append(weighted.Weight, weight)
	}
	same("rows twice", weighted.shares(), twice.shares())

	kinds := each(4)
	kinds[2].Kind, kinds[3].Kind = kindred.Binary, kindred.Binary
	mixed := of(w, kinds, 25, draw())
	before := mixed.shares()
	for c := 2; c < 4; c++ {
		w[c] = slices.Clone(w[c])
		num.Scale(w[c], 100)
	}
	same("another unit of a kind", of(w, kinds, 25, draw()).shares(), before)

	kinds[3].Slot = 1
	if s := of(w, kinds, 25, draw()).shares(); s[3] != 0 {
		t.Errorf("share %v of a task whose output no other has", s[3])
	}
}

// Shares of a covariance are those of functions that have it: of w_t = a_t u +
// √κ v_t for orthonormal u and v_t, on rows without end.
func TestOfCovariance(t *testing.T) {
	a, kappa := []float64{1, 0.8, 1.2, -0.5}, 0.3
	diagonal, sums, w := make([]float64, 4), make([]float64, 4), make([][]float64, 4)
	for i := range a {
		diagonal[i], sums[i] = a[i]*a[i]+kappa, kappa+a[i]*num.Sum(a)
		w[i] = make([]float64, features)
		w[i][0], w[i][1+i] = a[i], math.Sqrt(kappa)
	}
	want := of(w, each(4), 40000, draw()).shares()
	for i, s := range sharing.OfCovariance([]string{"a", "b", "c", "d"}, diagonal, sums) {
		if math.Abs(s.Share-want[i]) > 0.02 {
			t.Errorf("task %d: %v, of functions %v", i, s.Share, want[i])
		}
	}
}

func TestRows(t *testing.T) {
	for _, c := range []struct {
		n, most int
		want    []int
	}{{3, 5, []int{0, 1, 2}}, {3, 3, []int{0, 1, 2}}, {10, 2, []int{2, 7}}, {0, 4, []int{}}, {4, 0, []int{2}}} {
		if got := sharing.Rows(c.n, c.most); !slices.Equal(got, c.want) {
			t.Errorf("%d of %d: %v, not %v", c.most, c.n, got, c.want)
		}
	}
}

// Levels of a hierarchy are the variances of what its nodes add: of w_t = w0 +
// u_g + v_t about those of the three, and what is not there has none.
func TestLevels(t *testing.T) {
	groups := []int{0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2}
	for _, sizes := range [][3]float64{{1, 1, 0.5}, {1, 0, 0.5}, {0, 1, 0.5}, {0, 0, 1}, {0.5, 1, 0}} {
		var got [3]float64
		const draws = 30
		for seed := range uint64(draws) {
			random := rand.New(rand.NewPCG(seed, 5))
			parts := [2][][]float64{{normals(features, random)}, {normals(features, random), normals(features, random), normals(features, random)}}
			w := make([][]float64, len(groups))
			for i, g := range groups {
				w[i] = normals(features, random)
				num.Scale(w[i], sizes[2])
				num.Axpy(sizes[0], parts[0][0], w[i])
				num.Axpy(sizes[1], parts[1][g], w[i])
			}
			f := of(w, each(len(groups)), 200, random)
			f.Groups = [][]int{groups}
			for _, s := range f.told() {
				if len(s.Levels) != 3 || s.Levels[2] != s.Private {
					t.Fatalf("%+v", s)
				}
				for l, v := range s.Levels {
					got[l] += v * v / (draws * features * float64(len(groups)))
				}
			}
		}
		for l, v := range got {
			if want := sizes[l] * sizes[l]; math.Abs(v-want) > 0.08+0.35*want*float64(min(1, 2-l)) {
				t.Errorf("%v: variances %.2f", sizes, got)
				break
			}
		}
	}
}

// A level at which all are together, or apart, adds nothing to what is common.
func TestLevelsThatAddNothing(t *testing.T) {
	random := draw()
	w := make([][]float64, 4)
	for i := range w {
		w[i] = normals(features, random)
		num.Axpy(1, w[0], w[i])
	}
	f := of(w, each(4), 25, random)
	want := f.shares()
	f.Groups = [][]int{{0, 0, 0, 0}, {0, 1, 2, 3}}
	for i, s := range f.told() {
		if math.Abs(s.Share-want[i]) > 1e-12 || s.Levels[1] > 1e-9 || s.Levels[2] != 0 {
			t.Errorf("%+v, not a share of %v", s, want[i])
		}
	}
}
