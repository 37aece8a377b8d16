package linear

import (
	"context"
	"fmt"
	"math"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/solve"
)

// settled is the penalty with the structure of the tasks that it leaves open,
// learned from the rows fitted on.
func (d *design) settled(ctx context.Context, p penalty.Penalty) (penalty.Penalty, error) {
	learner, ok := p.(penalty.Learner)
	if !ok || !learner.Open() {
		return p, nil
	}
	if known, ok := d.learned[learner]; ok {
		return known, nil
	}
	if d.apart == nil {
		var err error
		if d.apart, err = d.fitApart(ctx); err != nil {
			return nil, fmt.Errorf("linear: the tasks apart: %w", err)
		}
	}
	known, err := learner.Learn(d.layout, d.apart)
	if err != nil {
		return nil, fmt.Errorf("linear: %w", err)
	}
	if d.learned == nil {
		d.learned = map[penalty.Learner]penalty.Penalty{}
	}
	d.learned[learner] = known
	return known, nil
}

// fitApart fits each output by itself, least squares and a ridge, whatever the
// loss: for classes that is Fisher's direction. One strength serves all, that
// of least error on every fifth row of each task when fitted on the others.
func (d *design) fitApart(ctx context.Context) (*num.Dense, error) {
	train, held := d.leastSquares(func(i int) bool { return i%5 != 4 }), d.leastSquares(func(i int) bool { return i%5 == 4 })
	all := d.strengths(penalty.Ridge{})
	best, least := all[len(all)/2], math.Inf(1)
	var start *solve.Point
	for i := 0; i < len(all); i += 2 {
		train.Penalty = penalty.Ridge{}.On(d.layout, all[i])
		r, err := solve.Run(ctx, &solve.Newton{}, train, start, roughTol, roughSteps)
		if err != nil {
			return nil, err
		}
		start, held.Penalty = r.Point, train.Penalty
		if loss := solve.Objective(held, start) - held.Penalty.Value(start.W); loss < least {
			best, least = all[i], loss
		}
	}
	whole := d.leastSquares(func(int) bool { return true })
	whole.Penalty = penalty.Ridge{}.On(d.layout, best)
	r, err := solve.Run(ctx, &solve.Newton{}, whole, start, roughTol, roughSteps)
	if err != nil {
		return nil, err
	}
	return r.Point.W, nil
}

// leastSquares is the problem with squared loss, one task an output, on the
// rows to keep.
func (d *design) leastSquares(keep func(i int) bool) *solve.Problem {
	p := &solve.Problem{Layout: d.layout}
	kept := map[*num.Matrix]*num.Matrix{}
	for i := range d.units {
		u, t := &d.units[i], &d.problem.Tasks[i]
		var rows []int
		for r := range t.Y {
			if keep(r) {
				rows = append(rows, r)
			}
		}
		if kept[t.X] == nil {
			kept[t.X] = t.X.Select(rows)
		}
		for c := range u.k {
			one := solve.Task{X: kept[t.X], Loss: loss.Squared{}, Outputs: 1, Y: make([]float64, len(rows))}
			for k, r := range rows {
				one.Y[k] = d.number(u, t.Y[r], c)
				if t.Weight != nil {
					one.Weight = append(one.Weight, t.Weight[r])
				}
			}
			p.Tasks = append(p.Tasks, one)
		}
	}
	return p
}

// number is a label as least squares take it: of output c of several, whether
// it is class c; of a count, log(1 + y).
func (d *design) number(u *unit, y float64, c int) float64 {
	switch {
	case u.k > 1 && int(y) == c:
		return 1
	case u.k > 1:
		return 0
	case d.set.Tasks[u.task].Kind == kindred.Count:
		return math.Log1p(y)
	}
	return y
}
