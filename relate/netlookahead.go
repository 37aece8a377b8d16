package relate

import (
	"context"
	"fmt"
	"math"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/weigh"
)

// NetLookahead is by how much a step that the shared layers take for task s alone
// lowers the loss of task t in the same batch, while a network is trained on all
// tasks:
//
//	Z_st = 1 − mean L_t(θ − η g_s, θ_t) / mean L_t(θ, θ_t),   g_s = ∇L_s(θ), means over steps
//
// with θ the shared parameters and θ_t those of task t. The steps are tried and
// taken back. It is not symmetric; as η goes to 0 it is η mean g_s·g_t / mean L_t.
// Each try takes about as long as a step; it is every tenth step that is looked
// at, and with more than 40 tasks one in a quarter as many as there are.
//
// Fifty, Amid, Zhao, Yu, Anil, Finn, Efficiently identifying task groupings for
// multi-task learning, NeurIPS 2021, which takes the mean of the ratios: that of
// few rows a batch, as of tasks with rows of their own, is all about the batch of
// the smallest loss.
type NetLookahead struct {
	// Rate is η; 0: 0.003, which is that of the training.
	Rate float64 `json:"rate" words:"rate of the steps that are tried; else 0.003"`
}

// Relate implements Measure.
func (m NetLookahead) Relate(ctx context.Context, s *kindred.Set, o Options) (*Relation, error) {
	n := len(s.Tasks)
	l := &lookout{rate: m.Rate, after: num.NewDense(n, n), before: num.NewDense(n, n)}
	if l.rate == 0 {
		l.rate = 0.003
	}
	if err := train(ctx, s, l, o); err != nil {
		return nil, err
	}
	r := &Relation{Matrix: num.NewDense(n, n)}
	for i, before := range l.before.Data {
		if r.Matrix.Data[i] = 1 - l.after.Data[i]/before; before == 0 {
			r.Matrix.Data[i] = math.NaN() // the two never met
		}
	}
	return r, nil
}

// A lookout is a weighting that keeps what steps of single tasks would do. It
// looks at one training.
type lookout struct {
	equally
	rate  float64
	tasks []weigh.Task
	// Sums over the steps in which both tasks took part: of the loss of the second
	// one after a step for the first, and before.
	after, before *num.Dense
}

// Check implements weigh.Weighting.
func (l *lookout) Check() error {
	if !(l.rate > 0) || math.IsInf(l.rate, 0) {
		return fmt.Errorf("rate is %v; it is above 0", l.rate)
	}
	return nil
}

// New implements weigh.Weighting.
func (l *lookout) New(tasks []weigh.Task) (weigh.Rule, error) {
	l.tasks = tasks
	return l, nil
}

// AheadRate implements weigh.AheadRule.
func (l *lookout) AheadRate(number int) float64 {
	if number%max(10, len(l.tasks)/4) != 0 {
		return 0
	}
	return l.rate
}

// Weights implements weigh.Rule.
func (l *lookout) Weights(step weigh.Step, dst []float64) error {
	l.weights(step, dst)
	if step.Ahead == nil {
		return nil
	}
	for s := range l.tasks {
		for t := range l.tasks {
			if !active(step, s) || !active(step, t) {
				continue
			}
			at, loss := s*len(l.tasks)+t, step.Ahead.At(s, t)
			if math.IsInf(loss, 0) || math.IsNaN(loss) {
				return fmt.Errorf("a step of rate %v for task %q makes the loss of task %q infinite; try a smaller rate", l.rate, l.tasks[s].Name, l.tasks[t].Name)
			}
			l.after.Data[at] += loss
			l.before.Data[at] += step.Losses[t]
		}
	}
	return nil
}
