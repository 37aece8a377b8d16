package data_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/data"
)

func read(text string, o data.Options) (*data.File, error) {
	o.Path, o.Stdin = "-", strings.NewReader(text)
	return data.Read(context.Background(), o)
}

func TestLayouts(t *testing.T) {
	own := "school,score,age\nb,1,7\na,2,8\nb,3,9\na,,7\n"
	f, err := read(own, data.Options{Task: "school", Targets: []string{"score"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Set.Tasks) != 2 || f.Set.Tasks[0].Name != "b" || !cmp.Equal(f.Set.Tasks[0].Rows, []int{0, 2}) || !cmp.Equal(f.Set.Tasks[1].Y(), []float64{2}) {
		t.Errorf("own rows: %+v", f.Set.Tasks)
	}
	f, err = read("x,a,b\n1,yes,\n2,no,0.5\n3,yes,2.5\n", data.Options{Targets: []string{"a", "b"}})
	if err != nil {
		t.Fatal(err)
	}
	if a, b := f.Set.Tasks[0], f.Set.Tasks[1]; a.Kind != kindred.Binary || !cmp.Equal(a.Label.Classes, []string{"no", "yes"}) || !cmp.Equal(a.Y(), []float64{1, 0, 1}) ||
		b.Kind != kindred.Binary || !cmp.Equal(b.Rows, []int{1, 2}) {
		t.Errorf("shared rows: %+v", f.Set.Tasks)
	}
	f, err = read("t,x,a,b\n1,1,1,2\n2,2,3,4\n1,3,5,6.5\n2,5,7,8\n", data.Options{Task: "t", Targets: []string{"a", "b"}})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, task := range f.Set.Tasks {
		names = append(names, task.Name)
	}
	if !cmp.Equal(names, []string{"1/a", "2/a", "1/b", "2/b"}) {
		t.Errorf("pairs: %v", names)
	}
}

func TestQuotesBOMAndCRLF(t *testing.T) {
	f, err := read("\ufeff\"x\",y\r\n\"1\",\"a,\"\"b\"\"\"\r\n2,c\r\n", data.Options{Targets: []string{"y"}})
	if err != nil {
		t.Fatal(err)
	}
	if !cmp.Equal(f.Set.Tasks[0].Label.Classes, []string{`a,"b"`, "c"}) || f.Table.Columns[0].Name != "x" {
		t.Errorf("%+v", f.Set.Tasks[0])
	}
}

func TestBadInputIsOneSentence(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		o    data.Options
		want []string
	}{
		"empty":             {"", data.Options{}, []string{"empty", "first line"}},
		"header only":       {"x,y\n", data.Options{}, []string{"no row below"}},
		"ragged":            {"x,y\n1,2\n1\n", data.Options{}, []string{"line 3", "1 cell", "2 columns"}},
		"duplicate":         {"x,x\n1,2\n", data.Options{}, []string{`"x"`, "columns 1 and 2"}},
		"missing column":    {"scroe,x\n1,2\n", data.Options{Targets: []string{"score"}}, []string{`"score"`, `did you mean "scroe"`}},
		"not a number":      {"x,y\n1,1\n2,2\nfoo,3\n4,4\n", data.Options{Targets: []string{"y"}, Types: map[string]kindred.Type{"x": kindred.Numeric}}, []string{"row 3", `"x"`, `"foo"`}},
		"infinity":          {"x,y\n1,1\n2,inf\n3,3\n", data.Options{Targets: []string{"y"}, Kinds: map[string]kindred.Kind{"y": kindred.Regression}}, []string{"row 2", `"y"`, `"inf"`}},
		"negative weight":   {"x,y,w\n1,1,1\n2,2,-1\n3,4,1\n", data.Options{Targets: []string{"y"}, Weight: "w"}, []string{"row 2", `"w"`, `"-1"`}},
		"no labels":         {"x,y\n1,\n2,\n", data.Options{Targets: []string{"y"}}, []string{"no row", `"y"`}},
		"no task name":      {"x,t,y\n1,a,1\n2,,2\n3,a,5\n", data.Options{Task: "t", Targets: []string{"y"}}, []string{"row 2", `"t"`}},
		"not a count":       {"x,y\n1,1\n2,2.5\n3,3\n", data.Options{Targets: []string{"y"}, Kinds: map[string]kindred.Kind{"y": kindred.Count}}, []string{"row 2", `"2.5"`, "count"}},
		"ragged, quoted":    {"x,y\n\"1\",2\n1\n", data.Options{}, []string{"line 3", "row 2", "1 cell ", "2 columns"}},
		"unnamed column":    {"x,,y\n1,2,3\n", data.Options{}, []string{"column 2", "no name"}},
		"infinite feature":  {"x,y\n1,1\n-Infinity,2\n3,3\n", data.Options{Targets: []string{"y"}}, []string{"row 2", `"x"`, `"-Infinity"`}},
		"beyond float64":    {"x,y\n1,1\n1e999,2\n3,3\n", data.Options{}, []string{"row 2", `"x"`, `"1e999"`}},
		"words as weight":   {"x,y,w\n1,1,1\n2,2,heavy\n", data.Options{Targets: []string{"y"}, Weight: "w"}, []string{"row 2", `"w"`, `"heavy"`}},
		"missing weight":    {"x,y,w\n1,1,1\n2,2,\n", data.Options{Targets: []string{"y"}, Weight: "w"}, []string{"row 2", `"w"`, `""`}},
		"words as time":     {"x,y,t\n1,1,1\n2,2,May\n", data.Options{Targets: []string{"y"}, Time: "t"}, []string{"row 2", `"t"`, `"May"`}},
		"no group":          {"x,y,g\n1,1,a\n2,2,\n", data.Options{Targets: []string{"y"}, Group: "g"}, []string{"row 2", `"g"`, "group"}},
		"word as label":     {"x,y\n1,1\n2,2\n3,many\n4,5\n", data.Options{Targets: []string{"y"}}, []string{"row 3", `"y"`, `"many"`}},
		"declared number":   {"x,y\n1,a\n2,b\n3,c\n", data.Options{Targets: []string{"y"}, Kinds: map[string]kindred.Kind{"y": kindred.Regression}}, []string{"row 1", `"y"`, `"a"`, "regression"}},
		"three for binary":  {"x,y\n1,a\n2,b\n3,c\n", data.Options{Targets: []string{"y"}, Kinds: map[string]kindred.Kind{"y": kindred.Binary}}, []string{`"y"`, "3 distinct", "a, b, c"}},
		"one class":         {"x,y\n1,a\n2,a\n3,a\n", data.Options{Targets: []string{"y"}}, []string{`"y"`, `"a"`}},
		"a task no label":   {"t,x,y\na,1,1\nb,2,\na,3,2\n", data.Options{Task: "t", Targets: []string{"y"}}, []string{`"b"`, "row 2", "no label"}},
		"kind of no target": {"x,y\n1,2\n", data.Options{Targets: []string{"y"}, Kinds: map[string]kindred.Kind{"z": kindred.Binary}}, []string{`"z"`, `"y"`}},
		"two roles":         {"x,y\n1,2\n", data.Options{Targets: []string{"y"}, Weight: "y"}, []string{`"y"`, "weight", "target"}},
		"drop of nothing":   {"x,y\n1,2\n", data.Options{Drop: []string{"z"}}, []string{`"z"`}},
		"weight of no task": {"x,y\n1,2\n2,3\n", data.Options{Targets: []string{"y"}, TaskWeights: map[string]float64{"z": 1}}, []string{`"z"`, `"y"`}},
		"negative task":     {"x,y\n1,2\n2,3\n", data.Options{Targets: []string{"y"}, TaskWeights: map[string]float64{"y": -1}}, []string{`"y"`, "-1"}},
		"format":            {"x,y\n1,2\n", data.Options{Format: "cvs"}, []string{`"cvs"`, `"csv"`}},
		"semicolons":        {"x;y\n1;2\n", data.Options{Targets: []string{"y"}}, []string{`"y"`, "commas"}},
		"nothing left":      {"x,y\n1,2\n1,3\n", data.Options{Targets: []string{"y"}}, []string{"no column is left"}},
		"a spreadsheet":     {"PK\x03\x04....", data.Options{}, []string{"CSV"}},
		"UTF-16":            {"\xff\xfex\x00", data.Options{}, []string{"UTF-8"}},
		"vector":            {"x,y\n1,2\n", data.Options{Types: map[string]kindred.Type{"x": kindred.Vector}}, []string{`"x"`, "numeric"}},
		"schema":            {"x,y\n1,2\n", data.Options{Schema: kindred.Schema{{Name: "x"}, {Name: "why"}}}, []string{`"why"`, "model"}},
		"schema number":     {"x,y\n1,2\nz,2\n", data.Options{Schema: kindred.Schema{{Name: "x"}}}, []string{"row 2", `"x"`, `"z"`}},
		"open quote":        {"x,y\n1,\"2\n", data.Options{}, []string{"line", "quote"}},
	} {
		_, err := read(c.text, c.o)
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		if strings.Contains(err.Error(), "\n") || !strings.HasPrefix(err.Error(), "standard input: ") {
			t.Errorf("%s: %q is not one sentence that begins with the file", name, err)
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q does not say %q", name, err, want)
			}
		}
	}
}

func TestRoles(t *testing.T) {
	text := "x,y,task,w,g,when,part\n1,1,b,1,p,3,train\n2,2,a,0.5,q,2,test\n3,4,b,2,p,1.5,\n"
	f, err := read(text, data.Options{
		Task: "task", Targets: []string{"y"}, Weight: "w", Group: "g", Time: "when", Split: "part", TaskWeights: map[string]float64{"b": 3}, KeepRecords: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	b, a := f.Set.Tasks[0], f.Set.Tasks[1]
	if !cmp.Equal(b.Weight, []float64{3, 6}) || !cmp.Equal(a.Weight, []float64{0.5}) || a.Table != b.Table {
		t.Errorf("weights %v and %v", b.Weight, a.Weight)
	}
	if !cmp.Equal(f.Table.Group, []int{0, 1, 0}) || !cmp.Equal(f.Table.Time, []float64{3, 2, 1.5}) || !cmp.Equal(f.SplitOf, []string{"train", "test", ""}) || !cmp.Equal(f.TaskOf, []string{"b", "a", "b"}) {
		t.Errorf("%+v", f)
	}
	if !cmp.Equal(f.Table.Schema().Names(), []string{"x"}) || len(f.Records()) != 3 || f.Records()[1][3] != "0.5" {
		t.Errorf("%v %v", f.Table.Schema(), f.Records())
	}
}

// With a model's schema, a file may lack labels, of some tasks or of all.
func TestSchemaNeedsNoLabels(t *testing.T) {
	o := data.Options{Task: "t", Targets: []string{"y"}, Schema: kindred.Schema{{Name: "x"}}}
	f, err := read("y,t,x\n,a,1\n2,b,?\n3,b,3\n", o)
	if err != nil || len(f.Set.Tasks) != 1 || len(f.Warnings) != 1 || f.Table.Len() != 3 {
		t.Errorf("some: %v %v", f, err)
	}
	if f, err = read("y,t,x\n,a,1\n,b,2\n", o); err != nil || f.Set != nil {
		t.Errorf("none: %v %v", f, err)
	}
}

// A pair of task and target may lack labels while the task has others.
func TestPairWithoutLabels(t *testing.T) {
	f, err := read("t,x,a,b\n1,1,1,2\n2,2,3,\n1,3,5,6.5\n2,5,7,\n", data.Options{Task: "t", Targets: []string{"a", "b"}})
	if err != nil || len(f.Set.Tasks) != 3 || len(f.Warnings) != 1 || !strings.Contains(f.Warnings[0], `"2/b"`) {
		t.Errorf("%v %v", f, err)
	}
}

func TestReadSplits(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.csv")
	os.WriteFile(path, []byte("row,a,b\n1,1,0\n3,0,1\n"), 0o644)
	names, train, err := data.ReadSplits(path, 3)
	if err != nil || !cmp.Equal(names, []string{"a", "b"}) || !cmp.Equal(train, [][]int8{{1, -1, 0}, {0, -1, 1}}) {
		t.Errorf("%v %v %v", names, train, err)
	}
	os.WriteFile(path, []byte("row,a\n9,1\n"), 0o644)
	if _, _, err := data.ReadSplits(path, 3); err == nil || !strings.Contains(err.Error(), `"9"`) {
		t.Errorf("got %v", err)
	}
}
