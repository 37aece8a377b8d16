package linear

import (
	"context"
	"math"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/prep"
)

// Pairs is for each two tasks, task × task, how much likelier their rows are if
// both are of one group than if not,
//
//	log p(rows of s and t | u_s = u_t) − log p(rows of s) − log p(rows of t)
//
// by what the penalty grouped finds groups by: w_t = u_g + v_t for the weights,
// the intercept, and where the rows lie, to second order, with the variances under
// which the best division of all tasks is likeliest. The diagonal is 0.
func Pairs(ctx context.Context, s *kindred.Set, o prep.Options) (*num.Dense, error) {
	d, err := Method{Penalty: &penalty.Grouped{}, Prep: o}.design(ctx, s)
	if err != nil {
		return nil, err
	}
	m, err := d.mixture(ctx, true)
	if err != nil {
		return nil, err
	}
	if len(m.aspects) > 0 && m.tasks > 2 {
		m.restore(m.best(ctx, min(mostGroups, m.tasks-1), false))
	}
	return m.pairs(), ctx.Err()
}

// pairs are by the variances of now.
func (m *mixture) pairs() *num.Dense {
	out, said := num.NewDense(m.tasks, m.tasks), make([][]message, m.tasks)
	alone := make([]float64, m.tasks)
	value := func(of ...int) float64 {
		v := 0.0
		for i, a := range m.aspects {
			sum := message{a: num.NewDense(a.dims, a.dims), b: make([]float64, a.dims)}
			for _, t := range of {
				if says := &said[t][i]; says.a != nil {
					num.Axpy(1, says.a.Data, sum.a.Data)
					num.Axpy(1, says.b, sum.b)
				}
			}
			v += evidence(sum.a, sum.b, math.Exp2(a.shared), make([]float64, a.dims*(a.dims+1)))
		}
		return v
	}
	num.For(m.tasks, func(t int) {
		for _, a := range m.aspects {
			said[t] = append(said[t], a.views[t].message(math.Exp2(a.own), math.Exp2(m.noise)))
		}
		alone[t] = value(t)
	})
	num.For(m.tasks, func(s int) {
		for t := range s {
			v := value(s, t) - alone[s] - alone[t]
			out.Set(s, t, v)
			out.Set(t, s, v)
		}
	})
	return out
}
