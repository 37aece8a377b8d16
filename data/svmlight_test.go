package data_test

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/data"
)

func readSVM(text string, o data.Options) (*data.File, error) {
	o.Format = "svmlight"
	return read(text, o)
}

// dense writes out the rows of the first column.
func dense(f *data.File) [][]float64 {
	m := f.Table.Columns[0].Vector
	out := make([][]float64, m.Rows)
	for i := range out {
		out[i] = make([]float64, m.Cols)
		for j := range out[i] {
			out[i][j] = m.At(i, j)
		}
	}
	return out
}

func TestSVMlight(t *testing.T) {
	f, err := readSVM("# a comment\n+1 task:b 1:0.5 3:2 # why\r\n\n-1 task:a 4:1 2:-1\n? task:a\n-1 task:b 1:1e3\n+1\ttask:a\t3:1\n", data.Options{KeepRecords: true})
	if err != nil {
		t.Fatal(err)
	}
	want := [][]float64{{0.5, 0, 2, 0}, {0, -1, 0, 1}, {0, 0, 0, 0}, {1000, 0, 0, 0}, {0, 0, 1, 0}}
	if d := cmp.Diff(want, dense(f)); d != "" {
		t.Error(d)
	}
	b, a := f.Set.Tasks[0], f.Set.Tasks[1]
	if b.Name != "b" || a.Name != "a" || b.Kind != kindred.Binary || b.Label.Target != "y" || !cmp.Equal(b.Label.Classes, []string{"-1", "+1"}) ||
		!cmp.Equal(b.Rows, []int{0, 3}) || !cmp.Equal(b.Y(), []float64{1, 0}) || !cmp.Equal(a.Rows, []int{1, 4}) {
		t.Errorf("%+v", f.Set.Tasks)
	}
	if !cmp.Equal(f.Header, []string{"task", "y"}) || !cmp.Equal(f.Records()[2], []string{"a", "?"}) || !cmp.Equal(f.TaskOf, []string{"b", "a", "a", "b", "a"}) {
		t.Errorf("%v %v %v", f.Header, f.Records(), f.TaskOf)
	}
	if d := cmp.Diff(map[string]string{"x": "feature vector", "task": "task categorical", "y": "target binary"}, taken(f)); d != "" {
		t.Error(d)
	}
}

func TestSVMlightMarks(t *testing.T) {
	f, err := readSVM("1 qid:7 0:1\n2.5 qid:8 1:1\n3 qid:7 1:1\n0 qid:8 5:2\n", data.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if f.Set.Tasks[0].Name != "7" || f.Set.Tasks[0].Kind != kindred.Regression || f.Table.Columns[0].Name != "x0" || f.Table.Columns[0].Vector.Cols != 6 {
		t.Errorf("%+v %+v", f.Set.Tasks, f.Table.Schema())
	}
	f, err = readSVM("1,3 1:1\n3 2:1\n 1:1 2:1\n10,1 2:5\n", data.Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]float64{}
	for _, task := range f.Set.Tasks {
		got[task.Name] = task.Y()
	}
	if d := cmp.Diff(map[string][]float64{"1": {1, 0, 0, 1}, "3": {1, 1, 0, 0}, "10": {0, 0, 0, 1}}, got); d != "" || f.Set.Tasks[2].Name != "10" {
		t.Error(d)
	}
	if f, err = readSVM("1,3 1:1\n3 2:1\n 1:1 2:1\n", data.Options{Targets: []string{"3"}}); err == nil && len(f.Set.Tasks) != 1 {
		t.Errorf("%+v", f.Set.Tasks)
	} else if err != nil {
		t.Error(err)
	}
}

func TestSVMlightForAModel(t *testing.T) {
	schema := kindred.Schema{{Name: "x", Type: kindred.Vector, Width: 3}}
	f, err := readSVM("1 2:1 4:7\n0 3:2 9:1\n", data.Options{Schema: schema})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([][]float64{{0, 1, 0}, {0, 0, 2}}, dense(f)); d != "" || f.Set != nil || !cmp.Equal(f.Table.Schema(), schema) || len(f.Warnings) != 1 || !strings.Contains(f.Warnings[0], "2 numbers") {
		t.Errorf("%s %v %v", d, f.Warnings, f.Table.Schema())
	}
	schema[0].Name = "x0"
	if f, err = readSVM("1 2:1 4:7\n0 1:2 3:1\n", data.Options{Schema: schema}); err != nil || !cmp.Equal(dense(f), [][]float64{{0, 0, 1}, {0, 2, 0}}) {
		t.Errorf("counted from 0: %v %v", f, err)
	}
}

func TestBadSVMlightIsOneSentence(t *testing.T) {
	x := kindred.Schema{{Name: "x", Type: kindred.Vector, Width: 3}}
	for name, c := range map[string]struct {
		text string
		o    data.Options
		want []string
	}{
		"empty":         {"", data.Options{}, []string{"no row"}},
		"no feature":    {"1\n2\n", data.Options{}, []string{"feature"}},
		"not a pair":    {"1 1:1\n2 1:1 x\n", data.Options{}, []string{"line 2", `"x"`, "index:value"}},
		"not an index":  {"1 a:1\n", data.Options{}, []string{"line 1", `"a:1"`}},
		"not a value":   {"1 1:a\n", data.Options{}, []string{"line 1", `"1:a"`, "finite"}},
		"no value":      {"1 1:\n", data.Options{}, []string{"line 1", `"1:"`}},
		"infinite":      {"1 1:inf\n", data.Options{}, []string{"line 1", `"1:inf"`}},
		"twice":         {"1 2:1 1:3 2:5\n", data.Options{}, []string{"line 1", "index 2", "twice"}},
		"huge index":    {"1 99999999999999999999:1\n", data.Options{}, []string{"line 1", "largest index"}},
		"half marked":   {"1 task:a 1:1\n2 1:1\n", data.Options{}, []string{"row 2", "task:"}},
		"label":         {"1 1:1\n2 1:1\nmany 1:3\n4 1:1\n", data.Options{}, []string{"row 3", `"many"`}},
		"infinite y":    {"1 1:1\n2 1:1\ninf 1:3\n4 1:1\n", data.Options{}, []string{"row 3", `"inf"`}},
		"columns":       {"1 1:1\n", data.Options{Weight: "w"}, []string{"weight", "CSV"}},
		"mark":          {"1 1:1\n", data.Options{Task: "school"}, []string{`"school"`, "qid"}},
		"no mark":       {"1 1:1\n", data.Options{Task: "qid"}, []string{"row 1", "qid:"}},
		"target":        {"1 1:1\n", data.Options{Targets: []string{"score"}}, []string{`"score"`, "y"}},
		"kind":          {"1 1:1\n", data.Options{Kinds: map[string]kindred.Kind{"z": kindred.Count}}, []string{`"z"`, "y"}},
		"other model":   {"1 1:1\n", data.Options{Schema: kindred.Schema{{Name: "age"}}}, []string{"age", "CSV"}},
		"other counter": {"1 0:1\n", data.Options{Schema: x}, []string{"index 0", "from 1"}},
	} {
		_, err := readSVM(c.text, c.o)
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q does not say %q", name, err, want)
			}
		}
	}
}

// The same numbers as SVMlight and as CSV are the same table.
func TestSVMlightIsCSV(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	var svm, csv strings.Builder
	csv.WriteString("a,b,c,y\n")
	for range 200 {
		y := strconv.FormatFloat(rng.NormFloat64(), 'g', -1, 64)
		svm.WriteString(y)
		for j := range 3 {
			cell := "0"
			if rng.IntN(2) == 0 {
				cell = strconv.FormatFloat(rng.NormFloat64(), 'g', -1, 64)
				svm.WriteString(" " + strconv.Itoa(j+1) + ":" + cell)
			}
			csv.WriteString(cell + ",")
		}
		svm.WriteByte('\n')
		csv.WriteString(y + "\n")
	}
	s, err := readSVM(svm.String(), data.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := read(csv.String(), data.Options{Targets: []string{"y"}})
	if err != nil {
		t.Fatal(err)
	}
	if !cmp.Equal(s.Set.Tasks[0].Y(), c.Set.Tasks[0].Y()) {
		t.Error("the labels differ")
	}
	for i, row := range dense(s) {
		for j, v := range row {
			if v != c.Table.Columns[j].Number[i] {
				t.Fatalf("row %d, column %d: %v and %v", i, j, v, c.Table.Columns[j].Number[i])
			}
		}
	}
}
