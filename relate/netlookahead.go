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
//	Z_st = mean over steps of 1 − L_t(θ − η g_s, θ_t) / L_t(θ, θ_t),   g_s = ∇L_s(θ)
//
// with θ the shared parameters and θ_t those of task t. The steps are tried and
// taken back. It is not symmetric; as η goes to 0 it is η g_s·g_t / L_t. Each try
// plays the batch as often as a step does, so that one step in as many as there
// are tasks is looked at, and in ten at least. Small losses make large ratios: of
// few rows a batch the mean is noisy, its diagonal too.
//
// Fifty, Amid, Zhao, Yu, Anil, Finn, Efficiently identifying task groupings for
// multi-task learning, NeurIPS 2021.
type NetLookahead struct {
	// Rate is η; 0: 0.003, which is that of the training.
	Rate float64 `json:"rate" words:"rate of the steps that are tried; else 0.003"`
}

// Relate implements Measure.
func (m NetLookahead) Relate(ctx context.Context, s *kindred.Set, o Options) (*Relation, error) {
	n := len(s.Tasks)
	l := &lookout{rate: m.Rate, sum: num.NewDense(n, n), count: num.NewDense(n, n)}
	if l.rate == 0 {
		l.rate = 0.003
	}
	if err := train(ctx, s, l, o); err != nil {
		return nil, err
	}
	r := &Relation{Matrix: l.sum}
	for i, count := range l.count.Data {
		r.Matrix.Data[i] /= count // NaN where the two never met
	}
	return r, nil
}

// A lookout is a weighting that keeps what steps of single tasks would do. It
// looks at one training.
type lookout struct {
	equally
	rate       float64
	tasks      []weigh.Task
	sum, count *num.Dense // over steps in which both tasks took part: of 1 − L′/L, and of 1
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
	if number%max(10, l.sum.Rows) != 0 {
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
			if !active(step, s) || !active(step, t) || !(step.Losses[t] > 0) {
				continue
			}
			gain := 1 - step.Ahead.At(s, t)/step.Losses[t]
			if math.IsInf(gain, 0) || math.IsNaN(gain) {
				return fmt.Errorf("a step of rate %v for task %q makes the loss of task %q infinite; try a smaller rate", l.rate, l.tasks[s].Name, l.tasks[t].Name)
			}
			at := s*len(l.tasks) + t
			l.sum.Data[at] += gain
			l.count.Data[at]++
		}
	}
	return nil
}
