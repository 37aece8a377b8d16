package prep_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/prep"
)

// levels is a table of one categorical column.
func levels(cells ...string) *kindred.Table {
	c := kindred.Column{Name: "c", Type: kindred.Categorical}
	codes := map[string]int32{"?": -1}
	for _, cell := range cells {
		k, ok := codes[cell]
		if !ok {
			k = int32(len(c.Level))
			codes[cell] = k
			c.Level = append(c.Level, cell)
		}
		c.Code = append(c.Code, k)
	}
	return &kindred.Table{Columns: []kindred.Column{c}}
}

// repeat lists each cell as often as its number says.
func repeat(numbers map[string]int, order ...string) (cells []string) {
	for _, cell := range order {
		for range numbers[cell] {
			cells = append(cells, cell)
		}
	}
	return cells
}

func TestLevels(t *testing.T) {
	many := repeat(map[string]int{"b": 60, "a": 50, "z": 4, "y": 1}, "z", "b", "y", "a")
	for name, c := range map[string]struct {
		o     prep.Options
		cells []string
		names []string
		read  string // a cell, and its features
		want  []float64
	}{
		"rare":               {prep.Options{}, many, []string{"c=a", "c=b", "c=other"}, "z", []float64{0, 0, 1}},
		"unknown is other":   {prep.Options{}, many, []string{"c=a", "c=b", "c=other"}, "new", []float64{0, 0, 1}},
		"missing is unknown": {prep.Options{}, many, []string{"c=a", "c=b", "c=other"}, "?", []float64{0, 0, 1}},
		"all kept":           {prep.Options{MinLevel: 1}, many, []string{"c=a", "c=b", "c=y", "c=z"}, "z", []float64{0, 0, 0, 1}},
		"unknown is none":    {prep.Options{MinLevel: 1}, many, []string{"c=a", "c=b", "c=y", "c=z"}, "new", []float64{0, 0, 0, 0}},
		"most frequent":      {prep.Options{MaxLevels: 1}, many, []string{"c=b", "c=other"}, "a", []float64{0, 1}},
		"missing":            {prep.Options{}, append([]string{"?"}, many...), []string{"c=a", "c=b", "c=other", "c=missing"}, "?", []float64{0, 0, 0, 1}},
		"few rows":           {prep.Options{}, []string{"b", "a", "a"}, []string{"c=a", "c=b"}, "b", []float64{0, 1}},
		"called other":       {prep.Options{MinLevel: 2}, []string{"other", "other", "missing", "missing", "x", "?"}, []string{"c=missing", "c=other", "c=(other)", "c=(missing)"}, "x", []float64{0, 0, 1, 0}},
		"all rare":           {prep.Options{MinLevel: 9}, []string{"a", "b", "c"}, nil, "a", []float64{}},
	} {
		p := fit(t, c.o, ones(levels(c.cells...)))
		if d := cmp.Diff(c.names, p.Names()); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		if d := cmp.Diff(c.want, transform(t, p, levels(c.read), nil).Data); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestLevelNotes(t *testing.T) {
	p := fit(t, prep.Options{}, ones(levels(repeat(map[string]int{"a": 99, "b": 50, "c": 4, "d": 3}, "a", "b", "c", "d")...)))
	if d := cmp.Diff([]string{`column "c": 2 rare levels of 4 share one feature`}, p.Notes()); d != "" {
		t.Error(d)
	}
}

// Tables may number their levels as they like.
func TestLevelsByName(t *testing.T) {
	a, b := levels("x", "y", "x", "?"), levels("y", "z", "z", "x", "y")
	one := levels("x", "y", "x", "?", "y", "z", "z", "x", "y")
	p := fit(t, prep.Options{}, set(task("a", a, count(4), nil), task("b", b, count(5), nil)))
	equal(t, "two tables", p, fit(t, prep.Options{}, ones(one)))
	x := full(transform(t, p, one, nil))
	if d := cmp.Diff(x, append(full(transform(t, p, a, nil)), full(transform(t, p, b, nil))...)); d != "" {
		t.Error(d)
	}
	for i, cell := range []string{"x", "y", "x", "missing", "y", "z", "z", "x", "y"} {
		for j, name := range p.Names() {
			if (x[i][j] == 1) != (name == "c="+cell) {
				t.Errorf("row %d, %s: %v", i, name, x[i][j])
			}
		}
	}
}
