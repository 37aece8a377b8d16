// Package weigh holds how the tasks of a network are balanced: one file a rule.
//
// In every step a rule gives each task a weight α_t, and the network goes down
//
//	1/|A| Σ_{t in A} α_t ∇L_t
//
// where A are the tasks with a labelled row in the batch and L_t is the mean
// loss over those rows. The sum is divided by |A| by who trains, so that the
// learning rate does not depend on the number of tasks; a rule that has no scale
// of its own returns weights that average 1 over A. All α are in float64.
package weigh

import (
	"fmt"
	"math"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/catalog"
	"github.com/kindred-mtl/kindred/num"
)

// A Task is what a rule knows of a task.
type Task struct {
	Name   string
	Kind   kindred.Kind
	Weight float64 // how much the user says it counts, above 0; 0 is 1
}

// A Weighting is a rule with its options, whose zero value means the documented
// default.
type Weighting interface {
	// Check says what is wrong with the options.
	Check() error
	// New starts the rule for these tasks.
	New(tasks []Task) (Rule, error)
}

// A Rule weighs tasks, step by step.
type Rule interface {
	// Weights sets dst to the weights of this step, 0 for tasks that take no
	// part; of those it learns nothing. An error names the task whose loss the
	// rule cannot weigh.
	Weights(step Step, dst []float64) error
	// WeighsHeads tells whether the weights hold for the parameters of single
	// tasks too, or only for shared ones.
	WeighsHeads() bool
	// State returns all that the rule has learned; Restore takes it, and the
	// next steps are the same to the last bit.
	State() []float64
	Restore(state []float64) error
}

// A GramRule weighs by the gradients of the tasks.
type GramRule interface {
	Rule
	// NeedsGram tells whether a step, counted from 0, is to bring the Gram
	// matrix. A step without goes by the weights of the last one with.
	NeedsGram(number int) bool
}

// An AheadRule wants to know what a step for one task alone would do to all.
type AheadRule interface {
	Rule
	// AheadRate is the rate η by which a step, counted from 0, is to bring the
	// losses Ahead; 0: it is to bring none.
	AheadRate(number int) float64
}

// A Step is what is known before it is taken.
type Step struct {
	Number int       // of the step, counted from 0
	Losses []float64 // of each task, the mean over its labelled rows in the batch
	Active []bool    // the tasks with a labelled row in the batch; nil: all
	// EpochLosses are the mean training losses of the epochs that are over, a
	// number a task; NaN where it had no labelled row.
	EpochLosses [][]float64
	// Gram is the matrix ⟨g_s, g_t⟩ of the gradients of the losses by the shared
	// parameters, of which only rows and columns of active tasks are read.
	Gram *num.Dense
	// Ahead has in row s the losses of the tasks, on the same batch, after a step
	// −η g_s of the shared parameters, g_s the gradient of Losses[s]. Only rows and
	// columns of active tasks are read.
	Ahead *num.Dense
}

// active tells whether a task takes part.
func (s *Step) active(t int) bool { return s.Active == nil || s.Active[t] }

// check panics on a step that is not of these tasks.
func (s *Step) check(tasks int, dst []float64) {
	if len(dst) != tasks || s.Losses != nil && len(s.Losses) != tasks || s.Active != nil && len(s.Active) != tasks ||
		s.Gram != nil && (s.Gram.Rows != tasks || s.Gram.Cols != tasks) ||
		s.Ahead != nil && (s.Ahead.Rows != tasks || s.Ahead.Cols != tasks) {
		panic("weigh: a step of another number of tasks")
	}
}

// checkLosses says what is wrong with a loss that must be finite and at least 0.
func (s *Step) checkLosses(rule string, tasks []Task) error {
	for t, task := range tasks {
		switch l := s.Losses[t]; {
		case !s.active(t):
		case math.IsNaN(l) || math.IsInf(l, 0):
			return fmt.Errorf("%s: task %q has loss %v in step %d; a smaller learning rate may help", rule, task.Name, l, s.Number)
		case l < 0:
			return fmt.Errorf("%s: task %q has loss %v in step %d; losses below 0 cannot be weighed this way, use equal or fixed", rule, task.Name, l, s.Number)
		}
	}
	return nil
}

// given are the tasks' weights as the user wants them.
func given(tasks []Task) ([]float64, error) {
	weights := make([]float64, len(tasks))
	for t, task := range tasks {
		w := task.Weight
		if w == 0 {
			w = 1
		}
		if !(w > 0) || math.IsInf(w, 0) {
			return nil, fmt.Errorf("task %q has weight %v; a weight is above 0", task.Name, w)
		}
		weights[t] = w
	}
	return weights, nil
}

// stateless rules learn nothing.
type stateless struct{}

// State implements Rule.
func (stateless) State() []float64 { return nil }

// Restore implements Rule.
func (stateless) Restore(state []float64) error { return restore(nil, state) }

// restore copies a state into the place of one.
func restore(to, state []float64) error {
	if len(state) != len(to) {
		return fmt.Errorf("the state of a weighting has %d numbers, not %d", len(state), len(to))
	}
	copy(to, state)
	return nil
}

// byLoss rules weigh whole losses, the heads' parameters too.
type byLoss struct{}

// WeighsHeads implements Rule.
func (byLoss) WeighsHeads() bool { return true }

// All lists the weightings.
var All = catalog.Table[Weighting]{
	{Name: "equal", Words: "every task counts the same",
		Formula: "1",
		Source:  "Kurin, De Palma, Kostrikov, Whiteson, Kumar, In defense of the unitary scalarization for deep multi-task learning, NeurIPS 2022",
		New:     func() Weighting { return Equal{} }},
	{Name: "fixed", Words: "every task counts as much as is said",
		Formula: "w_t",
		Source:  "Xin, Ghorbani, Gilmer, Garg, Firat, Do current multi-task optimization methods in deep learning even help?, NeurIPS 2022",
		New:     func() Weighting { return Fixed{} }},
	{Name: "uncertainty", Words: "the noisier a task, the less it counts; learned",
		Formula: "f_t e^(−s_t), s_t = argmin f_t e^(−s) L_t + s/2",
		Source:  "Kendall, Gal, Cipolla, Multi-task learning using uncertainty to weigh losses for scene geometry and semantics, CVPR 2018",
		New:     func() Weighting { return &Uncertainty{} }},
	{Name: "log", Words: "losses count by their logarithm, so that their units do not matter",
		Formula: "1/(L_t + ε)",
		Source:  "Navon, Shamsian, Achituve, Maron, Kawaguchi, Chechik, Fetaya, Multi-task learning as a bargaining game, ICML 2022",
		New:     func() Weighting { return &Log{} }},
	{Name: "dwa", Words: "tasks whose loss falls slowly count more",
		Formula: "T softmax(r_t/τ), r_t = L_t(e−1)/L_t(e−2)",
		Source:  "Liu, Johns, Davison, End-to-end multi-task learning with attention, CVPR 2019",
		New:     func() Weighting { return &DWA{} }},
	{Name: "pcgrad", Words: "of each gradient, what is against another one is taken off",
		Formula: "Σ_t α_t g_t = Σ_t (g_t less what is against the g_s)",
		Source:  "Yu, Kumar, Gupta, Levine, Hausman, Finn, Gradient surgery for multi-task learning, NeurIPS 2020",
		New:     func() Weighting { return &PCGrad{} }},
	{Name: "mgda", Words: "down for all tasks at once: the shortest mixture of their gradients",
		Formula: "argmin ‖Σ_t a_t g_t/n_t‖², a ≥ 0, Σ a = 1",
		Source:  "Sener, Koltun, Multi-task learning as multi-objective optimization, NeurIPS 2018",
		New:     func() Weighting { return &MGDA{} }},
}
