package data_test

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/data"
)

func describe(t *testing.T, name, text, task string) (*data.Descriptions, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return data.ReadDescriptions(context.Background(), data.Options{Path: path, Task: task})
}

// The first column names the task, or the one that is called so; rows come in
// the order of the tasks asked for.
func TestDescriptions(t *testing.T) {
	for task, text := range map[string]string{
		"":       "name,size,district\na,10,east\nb,,west\nc,30,east\n",
		"school": "size,school,district\n10,a,east\n,b,west\n30,c,east\n",
	} {
		d, err := describe(t, "d.csv", text, task)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(d.Tasks, []string{"a", "b", "c"}) {
			t.Errorf("tasks %q", d.Tasks)
		}
		table, err := d.Of([]string{"c", "b"})
		if err != nil {
			t.Fatal(err)
		}
		size, district := table.Column("size"), table.Column("district")
		if table.Len() != 2 || size.Number[0] != 30 || !math.IsNaN(size.Number[1]) || district.Type != kindred.Categorical || district.Level[district.Code[1]] != "west" {
			t.Errorf("%+v", table)
		}
		_, err = d.Of([]string{"x", "b", "y"})
		if err == nil || !strings.Contains(err.Error(), "d.csv: no row describes 2 tasks (x, y)") {
			t.Errorf("tasks that are not described: %v", err)
		}
	}
}

func TestDescriptionsRefused(t *testing.T) {
	for want, text := range map[string]string{
		`row 3, column "task": task "a" is described in row 1`: "task,size\na,1\nb,2\na,3\n",
		"the cell is empty":            "task,size\na,1\n,2\n",
		"no column is left":            "task\na\nb\n",
		"there is a header and no row": "task,size\n",
		"the file is empty":            "",
	} {
		if _, err := describe(t, "d.csv", text, "task"); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "d.csv") {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	if _, err := describe(t, "d.svm", "1 1:2\n", ""); err == nil || !strings.Contains(err.Error(), "csv or tsv") {
		t.Errorf("svmlight: %v", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if _, err := data.ReadDescriptions(ctx, data.Options{Path: "-", Stdin: strings.NewReader("task,size\na,1\n")}); err != context.Canceled {
		t.Errorf("stopped: %v", err)
	}
}
