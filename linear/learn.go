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

// apartTol is the certificate of the tasks apart: only directions matter.
const apartTol = 1e-2

// fitApart fits each output by itself, least squares and a ridge, whatever the
// loss: for classes that is Fisher's direction. The strength is the mean squared
// length of a row, which is right where signal and noise are as strong as one
// another.
func (d *design) fitApart(ctx context.Context) (*num.Dense, error) {
	p := d.leastSquares()
	p.Penalty = penalty.Ridge{}.On(d.layout, d.curvature()/d.mean)
	r, err := solve.Run(ctx, &solve.Newton{}, p, nil, apartTol, roughSteps)
	if err != nil {
		return nil, err
	}
	return r.Point.W, nil
}

// leastSquares is the problem with squared loss, one task an output.
func (d *design) leastSquares() *solve.Problem {
	p := &solve.Problem{Layout: d.layout}
	for i := range d.units {
		u, t := &d.units[i], &d.problem.Tasks[i]
		for c := range u.k {
			one := solve.Task{X: t.X, Weight: t.Weight, Loss: loss.Squared{}, Outputs: 1, Y: make([]float64, len(t.Y))}
			for k, y := range t.Y {
				one.Y[k] = d.number(u, y, c)
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
