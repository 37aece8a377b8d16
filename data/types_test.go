package data_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/data"
)

// taken says what the columns of a file were taken for.
func taken(f *data.File) map[string]string {
	out := map[string]string{}
	for _, c := range f.Columns {
		out[c.Name] = c.Role + " " + c.Type
	}
	return out
}

func TestTypes(t *testing.T) {
	text := "key,row,year,n,c,same,none,text,y\n"
	for i := range 40 {
		words := strings.Repeat(string(rune('a'+i%26))+" and so on ", 1+i%5) + string(rune('a'+i/26))
		text += fmt.Sprintf("k%d,%d,%d,%s,%s,k,NA,%s,%d\n", i, i+1, 1990+i, []string{"1.5", "2", "", "?"}[i%4], []string{"u", " v", ""}[i%3], words, i%2)
	}
	for _, c := range []struct {
		o    data.Options
		want map[string]string
	}{
		{data.Options{Targets: []string{"y"}}, map[string]string{
			"key": "dropped id-like", "row": "dropped id-like", "year": "feature numeric", "n": "feature numeric", "c": "feature categorical",
			"same": "dropped constant", "none": "dropped constant", "text": "feature text", "y": "target binary"}},
		{data.Options{
			Targets: []string{"y"}, Keep: []string{"key", "row", "c", "same"},
			Types: map[string]kindred.Type{"same": kindred.Categorical, "c": kindred.Text},
			Kinds: map[string]kindred.Kind{"y": kindred.Count},
		}, map[string]string{
			"key": "feature text", "row": "feature numeric", "year": "dropped numeric", "n": "dropped numeric", "c": "feature text",
			"same": "feature categorical", "none": "dropped constant", "text": "dropped text", "y": "target count"}},
		{data.Options{Schema: kindred.Schema{{Name: "n", Type: kindred.Text}, {Name: "key", Type: kindred.Categorical}}}, map[string]string{
			"key": "feature categorical", "row": "dropped id-like", "year": "dropped numeric", "n": "feature text", "c": "dropped categorical",
			"same": "dropped constant", "none": "dropped constant", "text": "dropped text", "y": "dropped numeric"}},
	} {
		f, err := read(text, c.o)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(c.want, taken(f)); d != "" {
			t.Error(d)
		}
		if c.o.Schema != nil && !cmp.Equal(f.Table.Schema(), c.o.Schema) {
			t.Errorf("the schema is %v", f.Table.Schema())
		}
		if f.Table.Column("c") != nil && f.Table.Column("c").Type == kindred.Categorical && !cmp.Equal(f.Table.Column("c").Level, []string{"u", "v"}) {
			t.Errorf("levels %q", f.Table.Column("c").Level)
		}
		if i := f.Columns[3]; i.Missing != 20 && i.Role == "feature" && i.Type == "numeric" {
			t.Errorf("%+v", i)
		}
	}
}

func TestKinds(t *testing.T) {
	for _, c := range []struct {
		labels  string
		kind    kindred.Kind
		classes []string
		y       []float64
		note    bool
	}{
		{"1 0 1", kindred.Binary, []string{"0", "1"}, []float64{1, 0, 1}, false},
		{"10 9 9", kindred.Binary, []string{"9", "10"}, []float64{1, 0, 0}, false},
		{"1.0 0 1", kindred.Binary, []string{"0", "1.0"}, []float64{1, 0, 1}, false},
		{"yes no no", kindred.Binary, []string{"no", "yes"}, []float64{1, 0, 0}, false},
		{"+1 -1 -1", kindred.Binary, []string{"-1", "+1"}, []float64{1, 0, 0}, false},
		{"b a c b", kindred.Multiclass, []string{"a", "b", "c"}, []float64{1, 0, 2, 1}, false},
		{"0 1 2 3", kindred.Regression, nil, []float64{0, 1, 2, 3}, true},
		{"0.5 1 2 3", kindred.Regression, nil, []float64{0.5, 1, 2, 3}, false},
		{"0 1 2 2", kindred.Multiclass, []string{"0", "1", "2"}, []float64{0, 1, 2, 2}, false},
		{"0 1 2 2", kindred.Count, nil, []float64{0, 1, 2, 2}, false},
	} {
		text := "x,y\n"
		for i, label := range strings.Fields(c.labels) {
			text += fmt.Sprintf("%d,%s\n", i, label)
		}
		o := data.Options{Targets: []string{"y"}}
		if c.kind == kindred.Count || c.kind == kindred.Multiclass {
			o.Kinds = map[string]kindred.Kind{"y": c.kind}
		}
		f, err := read(text+"9,?\n", o)
		if err != nil {
			t.Errorf("%s: %v", c.labels, err)
			continue
		}
		task := f.Set.Tasks[0]
		if task.Kind != c.kind || !cmp.Equal(task.Label.Classes, c.classes) || !cmp.Equal(task.Y(), c.y) || (f.Columns[1].Note != "") != c.note || f.Columns[1].Missing != 1 {
			t.Errorf("%s: %+v, %+v", c.labels, task, f.Columns[1])
		}
	}
}

func TestWarnings(t *testing.T) {
	text := "mostly,split,leak,level,y\n"
	for i := range 50 {
		mostly := fmt.Sprint(i % 3)
		if i%5 == 0 {
			mostly = "3+"
		}
		text += fmt.Sprintf("%s,%s,%d,%s,%d\n", mostly, []string{"train", "test"}[i%2], 10*(i%2)+i%7, []string{"a", "b"}[i%2], i%2)
	}
	f, err := read(text, data.Options{Targets: []string{"y"}})
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Join(f.Warnings, "\n")
	for _, want := range []string{`"mostly" is read as categorical: 40`, `row 1 is "3+"`, `"split" says train and test`, `"leak" gives the target "y" away`, `"level" gives`} {
		if !strings.Contains(all, want) {
			t.Errorf("no %s in\n%s", want, all)
		}
	}
	if f, err = read("1,2\n3,4\n5,7\n", data.Options{}); err != nil || len(f.Warnings) != 1 || !strings.Contains(f.Warnings[0], "header") {
		t.Errorf("%v %v", f.Warnings, err)
	}
	if f, err = read(strings.ReplaceAll(text, "\n0,", "\n0.25,"), data.Options{Targets: []string{"y"}, Drop: []string{"leak", "level"}, Split: "split"}); err != nil || len(f.Warnings) != 1 {
		t.Errorf("%v %v", f.Warnings, err)
	}
	bad := "x,y\n"
	for i := range 50 {
		bad += fmt.Sprintf("%d,%d\n", i, i)
	}
	if _, err := read(bad+"much,50\n", data.Options{Targets: []string{"y"}}); err == nil || !strings.Contains(err.Error(), `row 51, column "x": "much" is not a number`) {
		t.Errorf("a word among numbers: %v", err)
	}
}

func TestRealFiles(t *testing.T) {
	labels := func(f *data.File) (n int) {
		for _, task := range f.Set.Tasks {
			n += len(task.Rows)
		}
		return n
	}
	for _, c := range []struct {
		file, task, targets, drop   string
		rows, tasks, labels, missed int
		numeric, categorical, text  int
		kinds                       []kindred.Kind
	}{
		{"school/school.csv", "task", "y", "", 15362, 139, 15362, 0, 27, 0, 0, []kindred.Kind{kindred.Regression}},
		{"landmine/landmine.csv", "task", "y", "", 14820, 29, 14820, 0, 9, 0, 0, []kindred.Kind{kindred.Binary}},
		{"heart_disease/heart_disease.csv", "task", "y", "num", 920, 4, 920, 1759, 13, 0, 0, []kindred.Kind{kindred.Binary}},
		{"student/student.csv", "task", "G1 G2 G3", "", 1044, 6, 3132, 0, 13, 17, 0, []kindred.Kind{kindred.Regression}},
		{"emotions/emotions.csv", "", "*label:", "split", 593, 6, 3558, 0, 72, 0, 0, []kindred.Kind{kindred.Binary}},
		{"enb/enb.csv", "", "target:Y1 target:Y2", "", 768, 2, 1536, 0, 8, 0, 0, []kindred.Kind{kindred.Regression}},
		{"oes97/oes97.csv", "", "*target:", "", 334, 16, 5344, 0, 263, 0, 0, []kindred.Kind{kindred.Regression}},
		{"fdu_mtl/fdu_mtl.csv.gz", "task", "y", "split", 31780, 16, 31780, 1, 0, 0, 1, []kindred.Kind{kindred.Binary}},
		{"census_income/census_income.csv.gz", "", "income_50k marital_stat", "instance_weight", 99762, 2, 199524, 0, 12, 27, 0, []kindred.Kind{kindred.Binary, kindred.Multiclass}},
	} {
		o := data.Options{Path: filepath.Join("..", "..", "shared", "data", c.file), Task: c.task, Targets: strings.Fields(c.targets), Drop: strings.Fields(c.drop)}
		if _, err := os.Stat(o.Path); err != nil {
			t.Skipf("the real data are not here: %v", err)
		}
		if prefix, ok := strings.CutPrefix(c.targets, "*"); ok {
			o.Targets = columnsNamed(t, o.Path, prefix)
		}
		f, err := data.Read(context.Background(), o)
		if err != nil {
			t.Errorf("%s: %v", c.file, err)
			continue
		}
		types, missed := map[kindred.Type]int{}, 0
		for _, column := range f.Table.Columns {
			types[column.Type]++
		}
		for _, info := range f.Columns {
			if info.Role == "feature" && (info.Type != "categorical") {
				missed += info.Missing
			}
		}
		want := map[kindred.Type]int{kindred.Numeric: c.numeric, kindred.Categorical: c.categorical, kindred.Text: c.text}
		for k, n := range want {
			if types[k] != n {
				t.Errorf("%s: %d %v columns, want %d", c.file, types[k], k, n)
			}
		}
		if f.Table.Len() != c.rows || len(f.Set.Tasks) != c.tasks || labels(f) != c.labels || missed != c.missed || len(f.Warnings) > 0 {
			t.Errorf("%s: %d rows, %d tasks, %d labels, %d missing, warnings %q", c.file, f.Table.Len(), len(f.Set.Tasks), labels(f), missed, f.Warnings)
		}
		for i, task := range f.Set.Tasks {
			if want := c.kinds[i%len(c.kinds)]; task.Kind != want {
				t.Errorf("%s: task %q is %v", c.file, task.Name, task.Kind)
			}
		}
	}
}

// columnsNamed lists the columns of a file whose names begin with prefix.
func columnsNamed(t *testing.T, path, prefix string) (names []string) {
	t.Helper()
	f, err := data.Read(context.Background(), data.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range f.Header {
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	return names
}

func TestLeakOfTheRealKind(t *testing.T) {
	path := filepath.Join("..", "..", "shared", "data", "heart_disease", "heart_disease.csv")
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the real data are not here: %v", err)
	}
	f, err := data.Read(context.Background(), data.Options{Path: path, Task: "task", Targets: []string{"y"}})
	if err != nil || len(f.Warnings) != 1 || !strings.Contains(f.Warnings[0], `"num" gives the target "y" away`) {
		t.Errorf("%v %v", f.Warnings, err)
	}
}
