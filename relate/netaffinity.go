package relate

import (
	"context"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/num"
)

// NetAffinity is by how much a short step of the shared layers for task s lowers
// the loss of task t in the batch, while a network is trained on all tasks, to
// first order and per length of the step:
//
//	Z_st = mean over steps of g_s·g_t / (‖g_s‖ L_t)
//
// with g, L and the steps as of NetGradients. It is not symmetric. The paper takes
// the step, of length η‖g_s‖, and measures the loss.
//
// Fifty, Amid, Zhao, Yu, Anil, Finn, Efficiently identifying task groupings for
// multi-task learning, NeurIPS 2021.
type NetAffinity struct{}

// Relate implements Measure.
func (NetAffinity) Relate(ctx context.Context, s *kindred.Set, o Options) (*Relation, error) {
	w, err := watched(ctx, s, o)
	if err != nil {
		return nil, err
	}
	r := &Relation{Matrix: num.NewDense(w.tasks, w.tasks)}
	for i, sum := range w.affinity.Data {
		r.Matrix.Data[i] = sum / w.count.Data[i] // NaN where the two never met
	}
	return r, nil
}
