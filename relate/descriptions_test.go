package relate_test

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/data"
	"github.com/kindred-mtl/kindred/relate"
)

// Of one number, which preparation scales, the kernel is that of its formula,
// in whatever order the tasks are described; tasks that are not are named.
func TestDescriptions(t *testing.T) {
	s, _ := planted(t, "weights")
	s = s.Only(0, 1, 2)
	size := []float64{7, 0, 1, 5} // of another task, and then in turn
	d := &data.Descriptions{
		Name: "d.csv", Tasks: []string{"other", s.Tasks[2].Name, s.Tasks[0].Name, s.Tasks[1].Name},
		Table: &kindred.Table{Columns: []kindred.Column{{Name: "size", Number: size}}},
	}
	r := related(t, s, relate.Descriptions{Given: d}, relate.Options{})
	x := []float64{1, 5, 0} // of distances 4, 1 and 5
	for a := range x {
		for b := range x {
			if got, want := r.Matrix.At(a, b), math.Exp(-(x[a]-x[b])*(x[a]-x[b])/(2*16)); math.Abs(got-want) > 1e-12 {
				t.Errorf("tasks %d and %d: %v, want %v", a, b, got, want)
			}
		}
	}
	d.Tasks[1] = "someone"
	if _, err := relate.Tasks(context.Background(), s, relate.Descriptions{Given: d}, relate.Options{}); err == nil || !strings.Contains(err.Error(), s.Tasks[2].Name) {
		t.Errorf("a task that is not described: %v", err)
	}
}
