package solve

import (
	"context"
	"math"

	"github.com/kindred-mtl/kindred/num"
)

// Rows are tall where they are so many times as many as the features; some of
// them, at least twice as many as features and one of mostSkipped, then say which
// features are in use.
const (
	tall        = 4
	mostSkipped = 16
)

// stride says that every so-manieth row is to be asked; 1 where rows are not tall.
func stride(p *Problem) int {
	most := 0
	for i := range p.Tasks {
		x := p.Tasks[i].X
		if x.Sparse() {
			return 1
		}
		most = max(most, x.Rows)
	}
	if most < tall*p.Features() {
		return 1
	}
	return min(mostSkipped, most/(2*max(1, p.Features())))
}

// nearby is about the solution, by some of the rows; nil where all are needed.
//
// What the rows left out would have added to the gradient of a feature that is not
// in use is noise, of the root of their number. So rows weigh as much as the root
// of how many they stand for: as few of these features are then let in as by all
// rows, and of the others those that matter.
func (s *BCD) nearby(ctx context.Context, p *Problem) *Point {
	every := stride(p)
	if every == 1 {
		return nil
	}
	var at *Point
	for st := range s.Steps(ctx, sampled(p, every), nil, 1e-2) {
		if at = st.Point; st.Certificate.Value <= 1e-2 || st.Step == 10 {
			break
		}
	}
	return at
}

// sampled is p on every so-manieth row. Tasks share what they shared.
func sampled(p *Problem, every int) *Problem {
	type shared struct {
		x *num.Matrix
		w *float64
	}
	out, weights := &Problem{Penalty: p.Penalty, Layout: p.Layout}, map[shared][]float64{}
	rows := map[*num.Matrix]*num.Matrix{}
	for i := range p.Tasks {
		t := p.Tasks[i]
		var places []int
		for r := every / 2; r < t.X.Rows; r += every {
			places = append(places, r)
		}
		key := shared{x: t.X}
		if len(t.Weight) > 0 {
			key.w = &t.Weight[0]
		}
		if rows[t.X] == nil {
			rows[t.X] = t.X.Select(places)
		}
		y, w := make([]float64, len(places)), make([]float64, len(places))
		for k, r := range places {
			y[k], w[k] = t.Y[r], math.Sqrt(float64(every))*weightAt(&t, r)
		}
		if weights[key] == nil {
			weights[key] = w
		}
		t.X, t.Y, t.Weight = rows[t.X], y, weights[key]
		out.Tasks = append(out.Tasks, t)
	}
	return out
}
