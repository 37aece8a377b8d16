package relate

import (
	"context"
	"fmt"
	"math"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/arch"
	"github.com/kindred-mtl/kindred/neural"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/weigh"
)

// NetGradients compares where the tasks move the layers that they share, while
// a network of hard sharing is trained on all of them:
//
//	mean over steps of cos(g_s, g_t),   g_t = ∇L_t by the shared parameters, L_t of the batch
//
// over every tenth step in which both tasks have labels. Batches are small and
// their gradients noisy, so that cosines are nearer 0 than those of all rows. The
// heads take care of signs: opposed tasks want the same layers.
//
// Yu, Kumar, Gupta, Levine, Hausman, Finn, Gradient surgery for multi-task
// learning, NeurIPS 2020, which calls tasks in conflict where it is below 0.
type NetGradients struct{}

// Relate implements Measure.
func (NetGradients) Relate(ctx context.Context, s *kindred.Set, o Options) (*Relation, error) {
	w, err := watched(ctx, s, o)
	if err != nil {
		return nil, err
	}
	r := &Relation{Matrix: num.NewDense(w.tasks, w.tasks), Symmetric: true, Semidefinite: true}
	apart := 0
	for a := range w.tasks {
		for b := range a {
			if w.count.At(a, b) == 0 {
				apart++
			}
			if w.count.At(a, b) < w.steps {
				r.Semidefinite = false // means over different steps
			}
		}
	}
	if apart > 0 {
		r.Warnings = append(r.Warnings, fmt.Sprintf("%d pairs of tasks were in no batch together: nothing is known of them", apart))
	}
	fill(r.Matrix, func(a, b int) float64 { return w.cosine.At(a, b) / w.count.At(a, b) })
	return r, nil
}

// mostWatched is how many tasks have their gradients taken in a network.
const mostWatched = 200

// watched trains a network and watches the gradients.
func watched(ctx context.Context, s *kindred.Set, o Options) (*watch, error) {
	n := len(s.Tasks)
	w := &watch{tasks: n, cosine: num.NewDense(n, n), affinity: num.NewDense(n, n), count: num.NewDense(n, n)}
	return w, train(ctx, s, w, o)
}

// train trains a network of hard sharing by a weighting that watches.
func train(ctx context.Context, s *kindred.Set, w weigh.Weighting, o Options) error {
	if n := len(s.Tasks); n > mostWatched {
		return refuse("%d tasks, more than the %d whose gradients are taken one by one; take gradients or affinity", n, mostWatched)
	}
	net := &arch.Shared{}
	net.Hidden = arch.Units{64, 32}
	_, err := neural.Method{Arch: net, Weighting: w, Prep: o.Prep, Seed: o.Seed}.Fit(ctx, s)
	return err
}

// equally is of a rule by which every task counts the same, and which needs
// nothing that it has seen to go on.
type equally struct{}

// Check implements weigh.Weighting.
func (equally) Check() error { return nil }

// WeighsHeads implements weigh.Rule.
func (equally) WeighsHeads() bool { return true }

// State implements weigh.Rule.
func (equally) State() []float64 { return nil }

// Restore implements weigh.Rule.
func (equally) Restore([]float64) error { return nil }

// weights sets dst to those of a step.
func (equally) weights(step weigh.Step, dst []float64) {
	for t := range dst {
		dst[t] = 0
		if active(step, t) {
			dst[t] = 1
		}
	}
}

// active tells whether a task takes part in a step.
func active(step weigh.Step, t int) bool { return step.Active == nil || step.Active[t] }

// A watch is a weighting that keeps what it sees of the gradients. It watches
// one training.
type watch struct {
	equally
	tasks int
	steps float64 // seen
	// Sums over the steps in which both tasks took part: of cos(g_s, g_t), of
	// g_s·g_t / (‖g_s‖ L_t), and of 1.
	cosine, affinity, count *num.Dense
}

// New implements weigh.Weighting.
func (w *watch) New([]weigh.Task) (weigh.Rule, error) { return w, nil }

// NeedsGram implements weigh.GramRule.
func (*watch) NeedsGram(number int) bool { return number%10 == 0 }

// Weights implements weigh.Rule.
func (w *watch) Weights(step weigh.Step, dst []float64) error {
	w.weights(step, dst)
	if step.Gram == nil {
		return nil
	}
	w.steps++
	for s := range w.tasks {
		for t := range w.tasks {
			if !active(step, s) || !active(step, t) {
				continue
			}
			at, product := s*w.tasks+t, step.Gram.At(s, t)
			from, to := math.Sqrt(step.Gram.At(s, s)), math.Sqrt(step.Gram.At(t, t))
			w.count.Data[at]++
			if from > 0 && to > 0 {
				w.cosine.Data[at] += product / from / to
			}
			if from > 0 && step.Losses[t] > 0 {
				w.affinity.Data[at] += product / from / step.Losses[t]
			}
		}
	}
	return nil
}
