package data_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
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
		b.Kind != kindred.Binary && !cmp.Equal(b.Rows, []int{1, 2}) {
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
		"empty":           {"", data.Options{}, []string{"empty", "first line"}},
		"header only":     {"x,y\n", data.Options{}, []string{"no row below"}},
		"ragged":          {"x,y\n1,2\n1\n", data.Options{}, []string{"line 3", "1 cell", "2 columns"}},
		"duplicate":       {"x,x\n1,2\n", data.Options{}, []string{`"x"`, "columns 1 and 2"}},
		"missing column":  {"scroe,x\n1,2\n", data.Options{Targets: []string{"score"}}, []string{`"score"`, `did you mean "scroe"`}},
		"not a number":    {"x,y\n1,1\n2,2\nfoo,3\n4,4\n", data.Options{Targets: []string{"y"}, Types: map[string]kindred.Type{"x": kindred.Numeric}}, []string{"row 3", `"x"`, `"foo"`}},
		"infinity":        {"x,y\n1,1\n2,inf\n3,3\n", data.Options{Targets: []string{"y"}, Kinds: map[string]kindred.Kind{"y": kindred.Regression}}, []string{"row 2", `"y"`, `"inf"`}},
		"negative weight": {"x,y,w\n1,1,1\n2,2,-1\n3,4,1\n", data.Options{Targets: []string{"y"}, Weight: "w"}, []string{"row 2", `"w"`, `"-1"`}},
		"no labels":       {"x,y\n1,\n2,\n", data.Options{Targets: []string{"y"}}, []string{"no row", `"y"`}},
		"no task name":    {"x,t,y\n1,a,1\n2,,2\n3,a,5\n", data.Options{Task: "t", Targets: []string{"y"}}, []string{"row 2", `"t"`}},
		"not a count":     {"x,y\n1,1\n2,2.5\n3,3\n", data.Options{Targets: []string{"y"}, Kinds: map[string]kindred.Kind{"y": kindred.Count}}, []string{"row 2", `"2.5"`, "count"}},
		"open quote":      {"x,y\n1,\"2\n", data.Options{}, []string{"line", "quote"}},
	} {
		_, err := read(c.text, c.o)
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

func TestCutGzip(t *testing.T) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.WriteString(z, "x,y\n"+strings.Repeat("1,2\n3,4\n", 5000))
	z.Close()
	o := data.Options{Path: "-", Stdin: bytes.NewReader(b.Bytes())}
	if f, err := data.Read(context.Background(), o); err != nil || f.Table.Len() != 10000 {
		t.Fatalf("whole: %v", err)
	}
	o.Stdin = bytes.NewReader(b.Bytes()[:b.Len()-20])
	if _, err := data.Read(context.Background(), o); err == nil || !strings.Contains(err.Error(), "cut off") {
		t.Errorf("cut: %v", err)
	}
}

func TestTypes(t *testing.T) {
	text := "id,n,c,same,text,y\n"
	for i := range 40 {
		words := strings.Repeat(string(rune('a'+i%26))+" and so on ", 1+i%5) + string(rune('a'+i/26))
		text += string(rune('A'+i%26)) + string(rune('a'+i/26)) + "," + strings.Repeat("1", 1+i%4) + "," + []string{"u", "v", ""}[i%3] + ",k," + words + "," + []string{"0", "1"}[i%2] + "\n"
	}
	f, err := read(text, data.Options{Targets: []string{"y"}})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, c := range f.Columns {
		got[c.Name] = c.Role + " " + c.Type
	}
	want := map[string]string{"id": "dropped id-like", "n": "feature numeric", "c": "feature categorical", "same": "dropped constant", "text": "feature text", "y": "target binary"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestRealFiles(t *testing.T) {
	for _, c := range []struct {
		file, task  string
		targets     []string
		rows, tasks int
		columns     int
	}{
		{"school/school.csv", "task", []string{"y"}, 15362, 139, 27},
		{"landmine/landmine.csv", "task", []string{"y"}, 14820, 29, 9},
		{"student/student.csv", "task", []string{"G3"}, 1044, 2, 32},
		{"enb/enb.csv", "", []string{"target:Y1", "target:Y2"}, 768, 2, 8},
	} {
		path := filepath.Join("..", "..", "shared", "data", c.file)
		if _, err := os.Stat(path); err != nil {
			t.Skipf("the benchmark data are not here: %v", err)
		}
		f, err := data.Read(context.Background(), data.Options{Path: path, Task: c.task, Targets: c.targets})
		if err != nil {
			t.Errorf("%s: %v", c.file, err)
			continue
		}
		if f.Table.Len() != c.rows || len(f.Set.Tasks) != c.tasks || len(f.Table.Columns) != c.columns {
			t.Errorf("%s: %d rows, %d tasks, %d columns", c.file, f.Table.Len(), len(f.Set.Tasks), len(f.Table.Columns))
		}
	}
}

func TestWriteFileIsWholeOrNot(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out.csv.gz")
	rows := slices.Values([][]string{{"1", "a,b"}, {"2", "c"}})
	if err := data.WriteFile(path, func(w io.Writer) error { return data.WriteTable(w, []string{"x", "y"}, rows) }); err != nil {
		t.Fatal(err)
	}
	f, err := data.Read(context.Background(), data.Options{Path: path, KeepRecords: true})
	if err != nil || !cmp.Equal(f.Records, [][]string{{"1", "a,b"}, {"2", "c"}}) {
		t.Errorf("read back %v, %v", f, err)
	}
	failing := filepath.Join(dir, "half.csv")
	if err := data.WriteFile(failing, func(w io.Writer) error { io.WriteString(w, "half"); return io.ErrShortWrite }); err == nil {
		t.Error("no error")
	}
	if list, _ := os.ReadDir(dir); len(list) != 1 {
		t.Errorf("half a file is left: %v", list)
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

func FuzzRead(f *testing.F) {
	f.Add([]byte("t,x,y\na,1,0\nb,2,1\n"))
	f.Add([]byte("t,x,y\n\"a\n"))
	f.Add([]byte{0x1f, 0x8b, 8, 0})
	f.Add([]byte{0x28, 0xb5, 0x2f, 0xfd, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := data.Read(context.Background(), data.Options{Path: "-", Stdin: bytes.NewReader(b), Task: "t", Targets: []string{"y"}})
		if err == nil {
			if err := file.Set.Check(); err != nil {
				t.Error(err)
			}
		}
	})
}
