package prep_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/prep"
)

// naiveMedian repeats each number as often as its weight says.
func naiveMedian(x, w []float64) float64 {
	var all []float64
	for i, v := range x {
		if !math.IsNaN(v) {
			all = append(all, slices.Repeat([]float64{v}, int(w[i]))...)
		}
	}
	slices.Sort(all)
	n := len(all)
	return all[(n-1)/2]/2 + all[n/2]/2
}

// naive is the design of one numeric column, row by row, from rows repeated
// as often as their weight says.
func naive(scale string, x, w []float64) [][]float64 {
	filled, missing, middle := slices.Clone(x), false, naiveMedian(x, w)
	for i, v := range x {
		if math.IsNaN(v) {
			filled[i], missing = middle, missing || w[i] > 0
		}
	}
	n, mean, variance, square := 0.0, 0.0, 0.0, 0.0
	for i, v := range filled {
		n, mean, square = n+w[i], mean+w[i]*(v-filled[0]), square+w[i]*v*v
	}
	mean, square = filled[0]+mean/n, square/n
	for i, v := range filled {
		variance += w[i] * (v - mean) * (v - mean) / n
	}
	center, factor := mean, 1/math.Sqrt(variance)
	switch scale {
	case "rms":
		center, factor = 0, 1/math.Sqrt(square)
	case "none":
		center, factor = 0, 1
	}
	out := make([][]float64, len(x))
	for i, v := range filled {
		out[i] = []float64{(v - center) * factor}
		if missing && math.IsNaN(x[i]) {
			out[i] = append(out[i], 1)
		} else if missing {
			out[i] = append(out[i], 0)
		}
	}
	return out
}

// shapes are kinds of numbers: how the i-th of n is drawn.
var shapes = map[string]func(r *rand.Rand) float64{
	"normal":      func(r *rand.Rand) float64 { return r.NormFloat64() },
	"far away":    func(r *rand.Rand) float64 { return 1.7e9 + r.Float64() },
	"whole":       func(r *rand.Rand) float64 { return float64(r.IntN(7)) },
	"bits":        func(r *rand.Rand) float64 { return float64(r.IntN(2)) },
	"heavy":       func(r *rand.Rand) float64 { return math.Exp(12 * r.NormFloat64()) },
	"mostly zero": func(r *rand.Rand) float64 { return max(0, r.NormFloat64()-1) },
	"powers":      func(r *rand.Rand) float64 { return math.Ldexp(1, r.IntN(900)-600) },
}

func TestNumbersLikeNaive(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	compared := 0
	for name, draw := range shapes {
		for _, n := range []int{2, 3, 10, 511, 513, 2000} {
			for _, gaps := range []int{0, 3} {
				x, w := make([]float64, n), make([]float64, n)
				for i := range x {
					x[i], w[i] = draw(r), float64(1+r.IntN(3))
					if gaps > 0 && i > 1 && r.IntN(gaps) == 0 {
						x[i] = math.NaN()
					}
				}
				if x[0] == x[1] {
					x[1]++
				}
				w[n-1] = 0
				compared += compareNumbers(t, fmt.Sprint(name, n, gaps), x, w)
			}
		}
	}
	t.Logf("%d columns compared", compared)
}

func compareNumbers(t *testing.T, what string, x, w []float64) int {
	t.Helper()
	table := &kindred.Table{Columns: []kindred.Column{{Name: "x", Number: x}}}
	known := slices.Collect(func(yield func(float64) bool) {
		for i, v := range x {
			if w[i] > 0 && !math.IsNaN(v) && !yield(v) {
				return
			}
		}
	})
	if slices.Min(known) == slices.Max(known) {
		return 0
	}
	for _, scale := range []string{"standard", "rms", "none"} {
		p := fit(t, prep.Options{Scale: scale}, set(task("y", table, count(len(x)), w)))
		got, want := full(transform(t, p, table, nil)), naive(scale, x, w)
		within := 1e-8
		if slices.Min(known) > 1e9 {
			within = 3e-6 // their mean is no more exact than that
		}
		for i := range want {
			for j, v := range want[i] {
				if len(want[i]) != len(got[i]) || !(math.Abs(v-got[i][j]) <= within*max(1, math.Abs(v))) {
					t.Fatalf("%s, scale %s, row %d: %v, not %v", what, scale, i, got[i], want[i])
				}
			}
		}
	}
	return 1
}

// The imputed value is the median to the last bit, also where nothing was
// missing in training.
func TestMedian(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	for name, draw := range shapes {
		for _, n := range []int{2, 3, 6, 512, 515, 3000, 20001} {
			x, w := make([]float64, n), make([]float64, n)
			for i := range x {
				x[i], w[i] = draw(r), float64(r.IntN(4))
			}
			x[0], w[0] = x[0]+2, 1 // not constant
			x[1], w[1] = 2*x[0]+1, 1
			table := &kindred.Table{Columns: []kindred.Column{{Name: "x", Number: x}}}
			p := fit(t, prep.Options{Scale: "none"}, set(task("y", table, count(n), w)))
			gap := &kindred.Table{Columns: []kindred.Column{{Name: "x", Number: []float64{math.NaN()}}}}
			got := transform(t, p, gap, nil)
			if got.Cols != 1 || got.At(0, 0) != naiveMedian(x, w) {
				t.Errorf("%s: the median of %d numbers is %v, not %v", name, n, got.Data, naiveMedian(x, w))
			}
		}
	}
}

func TestStandardized(t *testing.T) {
	table := mixed(900, 3, kindred.Numeric)
	p := fit(t, prep.Options{}, ones(table))
	want := []string{"whole", "gaps", "gaps=missing", "bit"}
	if d := cmp.Diff(want, p.Names()); d != "" {
		t.Fatal(d)
	}
	if d := cmp.Diff([]string{`column "constant": left out: constant over the training rows`}, p.Notes()); d != "" {
		t.Error(d)
	}
	x := transform(t, p, table, nil)
	for _, j := range []int{0, 1, 3} {
		v := make([]float64, x.Rows)
		for i := range v {
			v[i] = x.At(i, j)
		}
		if mean, square := num.Sum(v)/900, num.Dot(v, v)/900; math.Abs(mean) > 1e-13 || math.Abs(square-1) > 1e-13 {
			t.Errorf("%s: mean %v, mean square %v", want[j], mean, square)
		}
	}
	gaps := table.Column("gaps").Number
	for i, v := range gaps {
		if missing := x.At(i, 2) == 1; missing != math.IsNaN(v) {
			t.Fatalf("row %d: %v, missing %v", i, v, missing)
		}
	}
}

// Where all known numbers are one, whether there is one is all there is.
func TestIndicatorAlone(t *testing.T) {
	table := &kindred.Table{Columns: []kindred.Column{{Name: "x", Number: []float64{4, math.NaN(), 4}}}}
	p := fit(t, prep.Options{}, ones(table))
	if d := cmp.Diff([]string{"x=missing"}, p.Names()); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]float64{0, 1, 0}, transform(t, p, table, nil).Data); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]float64{1}, transform(t, p, table, []int{1}).Data); d != "" {
		t.Error(d)
	}
}
