package relate

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/num"
)

// Long vectors are projected, which keeps their cosines nearly; tasks without one
// are like no other, and are told.
func TestSketchOfLongVectors(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	const n, wide = 40, 2000
	set, vectors := &kindred.Set{Tasks: make([]kindred.Task, n)}, make([][]float64, n)
	for i := range vectors {
		set.Tasks[i].Name = "t" + counted(i)
		vectors[i] = make([]float64, wide)
		for j := range vectors[i] {
			vectors[i][j] = random.NormFloat64() + math.Sin(float64(j*(1+i%3)))
		}
	}
	clear(vectors[7])
	vectors[8] = nil
	r := sketch(set, vectors)
	r.Tasks = make([]string, n)
	if r.Sketch.Cols != sketchWidth {
		t.Errorf("%d numbers a task", r.Sketch.Cols)
	}
	worst := 0.0
	for s := range n {
		for u := range s {
			want := 0.0
			if len(vectors[s]) > 0 && num.Norm(vectors[s]) > 0 && len(vectors[u]) > 0 && num.Norm(vectors[u]) > 0 {
				want = num.Dot(vectors[s], vectors[u]) / num.Norm(vectors[s]) / num.Norm(vectors[u])
			}
			worst = max(worst, math.Abs(want-r.At(s, u)))
		}
	}
	if worst > 0.3 || r.At(7, 8) != 0 {
		t.Errorf("a cosine is off by %v", worst)
	}
	if len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], `"t7"`) || !strings.Contains(r.Warnings[0], "1 more") {
		t.Errorf("warnings %q", r.Warnings)
	}
}

func TestCounted(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 20034: "20,034", 1000005: "1,000,005"} {
		if got := counted(n); got != want {
			t.Errorf("%d is %s", n, got)
		}
	}
}
