package kindred_test

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/num"
)

func TestFromSlicesReadsKindsAndMissingLabels(t *testing.T) {
	s, err := kindred.FromSlices([][]float64{{1}, {2}, {3}, {4}}, []float64{5, 7, 5, 7}, []float64{0.5, math.NaN(), 2.5, 3})
	if err != nil {
		t.Fatal(err)
	}
	binary, number := s.Tasks[0], s.Tasks[1]
	if binary.Kind != kindred.Binary || !cmp.Equal(binary.Label.Classes, []string{"5", "7"}) || !cmp.Equal(binary.Y(), []float64{0, 1, 0, 1}) {
		t.Errorf("task 0 is %+v", binary)
	}
	if number.Kind != kindred.Regression || !cmp.Equal(number.Rows, []int{0, 2, 3}) || !cmp.Equal(number.Y(), []float64{0.5, 2.5, 3}) {
		t.Errorf("task 1 is %+v", number)
	}
}

func TestFromRowsGroupsByTask(t *testing.T) {
	s, err := kindred.FromRows([][]float64{{1}, {2}, {3}, {4}}, []string{"b", "a", "b", "a"}, []float64{1, 2, 3, math.NaN()})
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Tasks) != 2 || s.Tasks[0].Name != "b" || !cmp.Equal(s.Tasks[0].Rows, []int{0, 2}) || !cmp.Equal(s.Tasks[1].Rows, []int{1}) {
		t.Errorf("tasks are %+v", s.Tasks)
	}
}

func TestCheckSaysWhatIsWrong(t *testing.T) {
	good := func() *kindred.Set {
		s, err := kindred.FromSlices([][]float64{{1}, {2}, {3}}, []float64{1, 2, 3}, []float64{0, 1, 1})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for want, spoil := range map[string]func(s *kindred.Set){
		"no task":                      func(s *kindred.Set) { s.Tasks = nil },
		`two tasks are called "y0"`:    func(s *kindred.Set) { s.Tasks[1].Name = "y0" },
		"no row carries its label":     func(s *kindred.Set) { s.Tasks[0] = s.Tasks[0].Select(nil) },
		"row 9 of a table of 3 rows":   func(s *kindred.Set) { s.Tasks[0].Rows[1] = 8 },
		"a weight is a number from 0":  func(s *kindred.Set) { s.Tasks[0].Weight = []float64{1, -1, 1} },
		"NaN is not a label":           func(s *kindred.Set) { s.Tasks[0].Y()[0] = math.NaN() },
		"2 is not a label of a binary": func(s *kindred.Set) { s.Tasks[1].Y()[0] = 2 },
		"not a finite number":          func(s *kindred.Set) { s.Tasks[0].Table.Columns[0].Number[0] = math.Inf(1) },
		"differ in their columns": func(s *kindred.Set) {
			s.Tasks[1].Table = &kindred.Table{Columns: []kindred.Column{{Name: "z", Number: make([]float64, 3)}}}
		},
	} {
		s := good()
		spoil(s)
		if err := s.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if err := good().Check(); err != nil {
		t.Error(err)
	}
}

func TestConcatMergesLevelsAndVectors(t *testing.T) {
	part := func(levels []string, codes []int32, v float64) *kindred.Table {
		return &kindred.Table{Columns: []kindred.Column{
			{Name: "c", Type: kindred.Categorical, Level: levels, Code: codes},
			{Name: "v", Type: kindred.Vector, Vector: num.NewSparse(3, []int{0, 1, 1}, []int32{2}, []float64{v})},
		}}
	}
	got := kindred.Concat(part([]string{"a", "b"}, []int32{1, -1}, 5), part([]string{"b", "c"}, []int32{0, 1}, 7))
	if !cmp.Equal(got.Columns[0].Code, []int32{1, -1, 1, 2}) || !cmp.Equal(got.Columns[0].Level, []string{"a", "b", "c"}) {
		t.Errorf("categories %+v", got.Columns[0])
	}
	if v := got.Columns[1].Vector; v.Rows != 4 || v.At(0, 2) != 5 || v.At(2, 2) != 7 || v.At(1, 2) != 0 {
		t.Errorf("vector %+v", v)
	}
	if err := got.Check(); err != nil {
		t.Error(err)
	}
}

func TestSelectKeepsGroupsAndTimes(t *testing.T) {
	table := &kindred.Table{Columns: []kindred.Column{{Name: "x", Number: []float64{1, 2, 3}}}, Group: []int{7, 8, 9}, Time: []float64{.1, .2, .3}}
	got := table.Select([]int{2, 0})
	if !cmp.Equal(got.Columns[0].Number, []float64{3, 1}) || !cmp.Equal(got.Group, []int{9, 7}) || !cmp.Equal(got.Time, []float64{.3, .1}) {
		t.Errorf("%+v", got)
	}
}

func TestHeldPutsEveryNumberInItsPlace(t *testing.T) {
	nan := math.NaN()
	s, err := kindred.FromSlices([][]float64{{1}, {2}, {3}, {4}}, []float64{5, 7, 5, 9}, []float64{0.5, nan, 2.5, 3})
	if err != nil {
		t.Fatal(err)
	}
	held := kindred.NewHeld(s)
	held.Put([]kindred.Outcome{{Value: []float64{4, 1}}, {Value: []float64{3}, Variance: []float64{0.3}}}, []int{0, 1}, [][]int{{3, 0}, {2}})
	held.Put([]kindred.Outcome{{Value: []float64{1.5}, Variance: []float64{0.1}}}, []int{1}, [][]int{nil, {0}})
	want := []kindred.Outcome{
		{Task: 0, Value: []float64{1, nan, nan, 4}},
		{Task: 1, Value: []float64{1.5, nan, 3}, Variance: []float64{0.1, nan, 0.3}},
	}
	if d := cmp.Diff(want, held.Outcomes, cmpopts.EquateNaNs()); d != "" {
		t.Error(d)
	}
}

func TestAppendJoinsOutcomes(t *testing.T) {
	o := kindred.Outcome{Task: 1, Value: []float64{1}, Variance: []float64{2}, Class: []int{0}, Probability: []float64{.2, .8}, Decision: []float64{3}}
	p := o
	o.Append(&p)
	want := kindred.Outcome{Task: 1, Value: []float64{1, 1}, Variance: []float64{2, 2}, Class: []int{0, 0}, Probability: []float64{.2, .8, .2, .8}, Decision: []float64{3, 3}}
	if d := cmp.Diff(want, o); d != "" {
		t.Error(d)
	}
	var nothing kindred.Outcome
	nothing.Append(&kindred.Outcome{})
	if nothing.Value != nil || nothing.Variance != nil || nothing.Class != nil || nothing.Probability != nil || nothing.Decision != nil {
		t.Errorf("of nothing: %+v", nothing)
	}
}

func TestListedNamesEveryRowOnce(t *testing.T) {
	a, b := &kindred.Table{}, &kindred.Table{}
	for _, table := range []*kindred.Table{a, b} {
		table.Columns = []kindred.Column{{Name: "x", Number: make([]float64, 5)}}
	}
	s := &kindred.Set{Tasks: []kindred.Task{{Table: a, Rows: []int{3, 1, 3}}, {Table: b, Rows: []int{4}}, {Table: a, Rows: []int{0, 1}}}}
	rows, places := s.Listed()
	if !cmp.Equal(rows, [][]int{{3, 1, 0}, {4}}) || !cmp.Equal(places, [][]int{{0, 1, 0}, {0}, {2, 1}}) {
		t.Errorf("rows %v, places %v", rows, places)
	}
}
