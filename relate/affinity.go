package relate

import (
	"context"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/num"
)

// Affinity is by how much a short step of shared weights for task s lowers the
// loss of task t, to first order and per length of the step:
//
//	Z_st = 1 − L_t(w − η g_s/‖g_s‖) / L_t(w) ≈ η g_s·g_t / (‖g_s‖ L_t)
//
// with η = 1 and w, g and L as of Gradients. It is not symmetric. The paper
// takes the mean over a training, steps of length η‖g_s‖; at one place the
// length of g_s says little of the tasks, and is left out.
//
// Fifty, Amid, Zhao, Yu, Anil, Finn, Efficiently identifying task groupings for
// multi-task learning, NeurIPS 2021.
type Affinity struct{}

// Relate implements Measure.
func (Affinity) Relate(ctx context.Context, s *kindred.Set, o Options) (*Relation, error) {
	p, err := pulls(ctx, s, o)
	if err != nil {
		return nil, err
	}
	n := len(s.Tasks)
	r := &Relation{Matrix: num.NewDense(n, n)}
	num.For(n, func(a int) {
		length := num.Norm(p.gradient[a])
		if length == 0 {
			return
		}
		for b := range n {
			if p.loss[b] > 0 {
				r.Matrix.Set(a, b, num.Dot(p.gradient[a], p.gradient[b])/length/p.loss[b])
			}
		}
	})
	return r, nil
}
