package linear

import (
	"bytes"
	"strings"
	"testing"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/modelfile"
)

// A file that puts more tasks into groups than the model has is refused.
func TestForgedGroups(t *testing.T) {
	set, err := kindred.FromSlices([][]float64{{0}, {1}, {2}, {3}}, []float64{0, 1, 2, 2}, []float64{1, 1, 0, 3})
	if err != nil {
		t.Fatal(err)
	}
	fitted, err := Method{}.Fit(t.Context(), set)
	if err != nil {
		t.Fatal(err)
	}
	m := fitted.(*Model)
	for groups, want := range map[int]string{2: "", 3: "3 tasks in groups, of 2"} {
		m.report.Groups = make([]int, groups)
		var file bytes.Buffer
		if err := modelfile.Save(&file, m, nil, Codec); err != nil {
			t.Fatal(err)
		}
		_, _, err := modelfile.Load(&file, Codec)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%d groups: %v", groups, err)
		}
	}
}
