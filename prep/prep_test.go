package prep_test

import (
	"context"
	"encoding/json"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/prep"
)

var ctx = context.Background()

func mixed() *kindred.Set {
	t := &kindred.Table{Columns: []kindred.Column{
		{Name: "n", Number: []float64{1, 2, math.NaN(), 5, 1e9}},
		{Name: "c", Type: kindred.Categorical, Level: []string{"a", "b"}, Code: []int32{0, 1, 0, -1, 1}},
		{Name: "k", Number: []float64{3, 3, 3, 3, 8}},
		{Name: "t", Type: kindred.Text, Text: []string{"good film", "bad film", "good", "", "unseen words"}},
		{Name: "v", Type: kindred.Vector, Vector: num.NewSparse(2, []int{0, 1, 1, 2, 2, 3}, []int32{1, 1, 0}, []float64{4, 2, 9})},
	}}
	return &kindred.Set{Tasks: []kindred.Task{{Name: "y", Table: t, Rows: []int{0, 1, 2, 3}, Label: kindred.Labels{Columns: [][]float64{{1, 2, 3, 4}}}}}}
}

func fit(t *testing.T, o prep.Options, s *kindred.Set) (*prep.Prep, *num.Matrix) {
	t.Helper()
	p, err := prep.Fit(ctx, o, s)
	if err != nil {
		t.Fatal(err)
	}
	x, err := p.Transform(ctx, s.Tasks[0].Table, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p, x
}

func TestColumnsByHand(t *testing.T) {
	s := mixed()
	p, x := fit(t, prep.Options{MinLevel: 1}, s)
	names := p.Names()
	if d := cmp.Diff([]string{"n", "n=missing", "c=missing", "c=a", "c=b"}, names[:5]); d != "" {
		t.Fatal(d)
	}
	// n: 1, 2, median 2, 5: mean 2.5, variance 2.25
	for r, want := range []float64{-1, -1.0 / 3, -1.0 / 3, 5.0 / 3} {
		if got := x.At(r, 0); math.Abs(got-want) > 1e-12 {
			t.Errorf("n in row %d is %v, want %v", r, got, want)
		}
	}
	if x.At(2, 1) != 1 || x.At(0, 1) != 0 || x.At(3, 2) != 1 || x.At(1, 4) != 1 {
		t.Error("indicators are off")
	}
	// the vector is scaled by its root mean square √(20/4), never centred
	last := x.Cols - 1
	if got := x.At(0, last); math.Abs(got-4/math.Sqrt(5)) > 1e-12 || x.At(1, last) != 0 {
		t.Errorf("the vector is %v and %v", got, x.At(1, last))
	}
	for r := range 3 {
		length := 0.0
		for j := 5; j < last-1; j++ {
			length += x.At(r, j) * x.At(r, j)
		}
		if math.Abs(length-1) > 1e-12 {
			t.Errorf("text in row %d has length² %v", r, length)
		}
	}
}

func TestOnlyListedRowsAreLearnedFrom(t *testing.T) {
	a, b := mixed(), mixed()
	b.Tasks[0].Table.Columns[0].Number[4] = -7
	b.Tasks[0].Table.Columns[1].Code[4] = 0
	b.Tasks[0].Table.Columns[3].Text[4] = "other words"
	p, _ := fit(t, prep.Options{}, a)
	q, _ := fit(t, prep.Options{}, b)
	x, _ := json.Marshal(p)
	y, _ := json.Marshal(q)
	if d := cmp.Diff(string(x), string(y)); d != "" {
		t.Error(d)
	}
}

func TestJSONKeepsEveryBit(t *testing.T) {
	s := mixed()
	p, x := fit(t, prep.Options{Scale: "rms"}, s)
	raw, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var q prep.Prep
	if err := json.Unmarshal(raw, &q); err != nil {
		t.Fatal(err)
	}
	y, err := q.Transform(ctx, s.Tasks[0].Table, nil)
	if d := cmp.Diff(x, y); d != "" || err != nil {
		t.Error(d, err)
	}
}

func TestWeightTwoIsTheRowTwiceAndCopiesAreShared(t *testing.T) {
	weighted, twice := mixed(), mixed()
	weighted.Tasks[0].Weight = []float64{1, 2, 1, 1}
	twice.Tasks[0].Rows = []int{0, 1, 1, 2, 3}
	twice.Tasks[0].Label.Columns[0] = []float64{1, 2, 2, 3, 4}
	_, x := fit(t, prep.Options{}, weighted)
	_, y := fit(t, prep.Options{}, twice)
	for i := range x.Rows {
		for j := range x.Cols {
			if math.Abs(x.At(i, j)-y.At(i, j)) > 1e-12 {
				t.Fatalf("(%d, %d): %v and %v", i, j, x.At(i, j), y.At(i, j))
			}
		}
	}
}

func TestHostileTables(t *testing.T) {
	s := mixed()
	p, _ := fit(t, prep.Options{}, s)
	less := &kindred.Table{Columns: s.Tasks[0].Table.Columns[1:]}
	if _, err := p.Transform(ctx, less, nil); err == nil {
		t.Error("a missing column is no error")
	}
	other := mixed().Tasks[0].Table
	other.Columns[1] = kindred.Column{Name: "c", Type: kindred.Categorical, Level: []string{"new"}, Code: make([]int32, 5)}
	x, err := p.Transform(ctx, other, []int{})
	if err != nil || x.Rows != 0 {
		t.Errorf("no rows: %v", err)
	}
	if _, err := p.Transform(ctx, other, nil); err != nil {
		t.Errorf("an unknown level: %v", err)
	}
	empty := &kindred.Set{Tasks: []kindred.Task{{Name: "y", Rows: []int{0}, Label: kindred.Labels{Columns: [][]float64{{1}}},
		Table: &kindred.Table{Columns: []kindred.Column{{Name: "n", Number: []float64{math.NaN()}}, {Name: "c", Type: kindred.Categorical, Code: []int32{-1}}}}}}}
	if q, _ := fit(t, prep.Options{}, empty); q.Width() != 0 {
		t.Errorf("nothing known makes %d features", q.Width())
	}
	if _, err := prep.Fit(ctx, prep.Options{Scale: "log"}, s); err == nil {
		t.Error("an unknown scale is no error")
	}
}
