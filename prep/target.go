package prep

import (
	"math"

	"github.com/kindred-mtl/kindred"
)

// A Target is how a task's labels are scaled while learning:
//
//	(y − center) / scale
type Target struct {
	Center float64 `json:"center"`
	Scale  float64 `json:"scale"`
}

// FitTargets returns the scaling of each task's labels. Regression tasks of
// one target share it: the weighted mean of all their labels, and the standard
// deviation of these around each task's own mean, or 1 where that is 0. Other
// tasks have centre 0 and scale 1.
func FitTargets(s *kindred.Set) []Target {
	sums := map[string]*targetSums{}
	for i := range s.Tasks {
		t := &s.Tasks[i]
		if t.Kind != kindred.Regression {
			continue
		}
		if sums[t.Label.Target] == nil {
			sums[t.Label.Target] = &targetSums{}
		}
		sums[t.Label.Target].add(t)
	}
	out := make([]Target, len(s.Tasks))
	for i := range s.Tasks {
		out[i] = Target{Scale: 1}
		if t := &s.Tasks[i]; t.Kind == kindred.Regression {
			out[i] = sums[t.Label.Target].target()
		}
	}
	return out
}

// targetSums are over the labels of one target; square is around task means.
type targetSums struct{ n, sum, square, most float64 }

func (m *targetSums) add(t *kindred.Task) {
	n, sum := 0.0, 0.0
	for k, y := range t.Y() {
		w := weight(t, k)
		n, sum = n+w, sum+w*y
		m.most = max(m.most, math.Abs(y))
	}
	if n == 0 {
		return
	}
	for k, y := range t.Y() {
		d := y - sum/n
		m.square += weight(t, k) * d * d
	}
	m.n, m.sum = m.n+n, m.sum+sum
}

func (m *targetSums) target() Target {
	center, scale := m.sum/m.n, math.Sqrt(m.square/m.n)
	if center-center != 0 {
		center = 0
	}
	if !(scale > 1e-13*m.most && scale <= math.MaxFloat64) {
		scale = 1
	}
	return Target{center, scale}
}

func weight(t *kindred.Task, k int) float64 {
	if t.Weight == nil {
		return 1
	}
	return t.Weight[k]
}
