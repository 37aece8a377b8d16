// Package kindred learns several related prediction problems together, and
// says whether that was worth it.
//
// A [Set] of [Task]s goes into a [Method], a [Model] comes out, and a
// comparison (package compare) says whether learning together paid. This
// package holds these words; the methods live in the packages below it:
// linear, kernel, neural and compose.
//
//	set, err := kindred.FromSlices(x, y1, y2)    // two tasks that share rows
//	svm := linear.Method{Loss: loss.Hinge{}, Penalty: &penalty.Shared{}}
//	model, err := svm.Fit(ctx, set)
//	p, err := model.Predict(ctx, table, nil)     // p.Tasks[0].Probability
package kindred

import "context"

// A Method learns a Model from a Set. It is a description: fitting changes
// nothing in it, and one Method may fit several Sets at once.
type Method interface {
	// Fit learns from every task of s. It refuses, in one sentence, a set it
	// cannot learn from. When ctx ends it returns ctx's error.
	Fit(ctx context.Context, s *Set) (Model, error)
}

// A Model predicts the tasks it was fitted on. It is immutable and safe for
// concurrent use.
type Model interface {
	// Tasks lists what the model predicts, in the order of the Set it was
	// fitted on.
	Tasks() []TaskInfo
	// Schema lists the columns that Predict reads.
	Schema() Schema
	// Predict predicts every row for the tasks named by their place in
	// Tasks, and computes only those; nil asks for all.
	Predict(ctx context.Context, rows *Table, tasks []int) (*Prediction, error)
}

// TaskInfo is what a Model knows of a task it predicts.
type TaskInfo struct {
	Name    string   `json:"name"`
	Target  string   `json:"target,omitempty"` // the name of the target column
	Kind    Kind     `json:"kind"`
	Classes []string `json:"classes,omitempty"` // of a binary or multiclass task, in the order of its class indices
}

// A Prediction is what a model says of n rows for each task asked, in the
// order asked.
type Prediction struct {
	Tasks []Outcome
}

// An Outcome is one task's part of a Prediction. What the task's kind or the
// model does not have is nil.
type Outcome struct {
	Task        int       // the task's place in Model.Tasks
	Value       []float64 // n: regression, the value; count, the mean
	Variance    []float64 // n: regression, of a label around Value, its noise included
	Low, High   []float64 // n: regression, the quantiles of .1 and .9 of a label
	Class       []int     // n: binary and multiclass, an index into TaskInfo.Classes
	Probability []float64 // n × classes, row-major: binary (two columns) and multiclass
	Decision    []float64 // n for binary, n × classes for multiclass: larger is likelier
}

// Append adds the rows of p, an outcome of the same task and model, after
// those of o.
func (o *Outcome) Append(p *Outcome) {
	o.Value, o.Variance = append(o.Value, p.Value...), append(o.Variance, p.Variance...)
	o.Low, o.High = append(o.Low, p.Low...), append(o.High, p.High...)
	o.Class = append(o.Class, p.Class...)
	o.Probability, o.Decision = append(o.Probability, p.Probability...), append(o.Decision, p.Decision...)
}

// A Report says how a model was fitted. Models that have one implement
// Reporter.
type Report struct {
	Method     string             `json:"method"`
	Solver     string             `json:"solver,omitempty"`
	Status     string             `json:"status"` // "converged", or why it stopped early
	Steps      int                `json:"steps,omitempty"`
	Objective  float64            `json:"objective"`
	Gap        Certificate        `json:"certificate"`
	Parameters map[string]float64 `json:"parameters,omitempty"` // hyper-parameters as used
	Shares     []Share            `json:"shares,omitempty"`     // one a task, where there are several
	Columns    []ColumnShare      `json:"columns,omitempty"`    // one a column, where weights have a common part
	Layers     []LayerShare       `json:"layers,omitempty"`     // of a network of several tasks, from below
	Curve      *Curve             `json:"curve,omitempty"`      // of the training of a network
	Vectors    [][]float64        `json:"vectors,omitempty"`    // one a task, where each has a place in a space that all share; of several outputs one after the other
	// Relation is the covariance of the tasks, of trace 1, where it is learned:
	// task × task, of tasks with one output each.
	Relation [][]float64 `json:"relation,omitempty"`
	// Features is the covariance of the prepared features, of trace 1, where it
	// is learned.
	Features [][]float64 `json:"features,omitempty"`
	// Groups says which tasks belong together, a number a task from 0, where
	// that is learned.
	Groups []int `json:"groups,omitempty"`
	// Mixtures say of each task what its predictions are mixed of.
	Mixtures []Mixture `json:"mixtures,omitempty"`
	Warnings []string  `json:"warnings,omitempty"`
	Parts    []Report  `json:"parts,omitempty"` // of a model made of models
}

// A Share says how much of a task is common to all tasks: from 0, it is learned
// as if there were no others, to 1, all are one. Package sharing says how it is
// measured where a model does not define it.
type Share struct {
	Task  string  `json:"task"`
	Share float64 `json:"share"` // Common² / (Common² + Private²), 0 where both vanish
	// Common and Private are the sizes of the two parts: of weights
	// w_t = w0 + v_t the lengths ‖w0‖ and ‖v_t‖, of functions their deviations on
	// the task's rows. Both are 0 where a model has no such parts.
	Common  float64 `json:"common,omitempty"`
	Private float64 `json:"private,omitempty"`
	// Levels are the sizes of what the task is the sum of along a hierarchy of
	// the tasks, from its root to the task's own; Common is all but the last.
	Levels []float64 `json:"levels,omitempty"`
	// Pull is how strongly the task is held to what is common, where that is
	// learned: 1 is usual, and below it a task goes its own way.
	Pull float64 `json:"pull,omitempty"`
}

// A ColumnShare says how much of the weights of a column's features is common.
type ColumnShare struct {
	Column string  `json:"column"`
	Share  float64 `json:"share"` // Σ_t ‖w0‖² / Σ_t (‖w0‖² + ‖v_t‖²) over the features
	// Expected is the share of their variance that is common, where that is
	// learned.
	Expected float64 `json:"expected,omitempty"`
}

// A LayerShare says how much of a part of a network is common, from 0, each task
// has its own, to 1, all tasks have the same.
type LayerShare struct {
	Layer string `json:"layer"`
	// Of is what is compared: "units", "weights", "gates", "choices" or
	// "vectors".
	Of    string  `json:"of"`
	Share float64 `json:"share"`
}

// A Curve is how the losses of a network went, one number an epoch: their means
// over tasks, in units of each task's loss.
type Curve struct {
	Train []float64 `json:"train"`          // while training
	Held  []float64 `json:"held,omitempty"` // of rows held out; none where there are none
	Best  int       `json:"best"`           // the epoch whose parameters are kept, from 1
}

// A Mixture says what the predictions of a task are mixed of, and what rows held
// out say of it. Losses are squared errors in units of the target's variance, or
// Brier scores of classes, and errors are standard errors over rows. Where fewer
// than two rows were held out both are 0, and the task is learned alone.
type Mixture struct {
	Task  string       `json:"task"`
	Share float64      `json:"share"` // the weight of all that does not learn the task alone
	Rows  int          `json:"rows"`  // held out
	Of    []Ingredient `json:"of"`    // learning alone first
	// Loss is that of the mixture on rows that had no part in its weights, and
	// Error that of its difference from the loss alone.
	Loss  float64 `json:"loss,omitempty"`
	Error float64 `json:"error,omitempty"`
	Worse bool    `json:"worse"` // Loss is above that of learning alone
}

// An Ingredient is one of the methods that a task's predictions are mixed of.
type Ingredient struct {
	Name   string  `json:"name"`
	Weight float64 `json:"weight"`
	Loss   float64 `json:"loss,omitempty"`  // held out
	Error  float64 `json:"error,omitempty"` // of the difference of Loss from that of learning alone; of that, of its Loss
}

// A Certificate bounds how far a fit is from the best one.
type Certificate struct {
	Kind  string  `json:"kind"`  // "gap": (P−D)/max(|P|,|D|); "residual": of the optimality conditions; "bound"
	Value float64 `json:"value"` // ≤ the tolerance asked for, where Status is "converged"
}

// A Reporter is a Model that can say how it was fitted.
type Reporter interface{ Report() Report }
