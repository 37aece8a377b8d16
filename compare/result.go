package compare

import (
	"encoding/json"
	"math"

	"github.com/kindred-mtl/kindred"
)

// A Result is the document of schema kindred.compare/1. Numbers that are
// undefined are null.
type Result struct {
	Schema  string   `json:"schema"`
	Metric  string   `json:"metric"` // of the gains
	Data    Data     `json:"data"`
	Partial bool     `json:"partial,omitempty"` // stopped before every fold was done
	Methods []Method `json:"methods"`           // the single-task baseline first, then pooled; all of one training fraction in a row
	// Trials are those of the search, where there was one.
	Trials []Tried `json:"trials,omitempty"`
	// Recommendation is what follows; nil where no gain has a value.
	Recommendation *Recommendation `json:"recommendation,omitempty"`
}

// Data says what was compared on.
type Data struct {
	Rows     int `json:"rows"`     // of the tables, labelled or not
	Features int `json:"features"` // columns, before preparation
	Tasks    int `json:"tasks"`
}

// A Method is one method at one training fraction. One that is not applicable
// has a note and no numbers.
type Method struct {
	Method   string             `json:"method"`
	Train    float64            `json:"train,omitempty"` // the fraction of rows to train on, where one was given
	Note     string             `json:"note,omitempty"`  // why there are no numbers
	Seconds  float64            `json:"seconds"`         // of fitting and predicting, summed over folds, which share the cores
	Splits   int                `json:"splits"`
	Rows     float64            `json:"train_rows"` // a task, on average
	Metrics  map[string]Summary `json:"metrics,omitempty"`
	Tasks    []Task             `json:"tasks,omitempty"`
	Gain     *Gain              `json:"gain,omitempty"` // of the metric over tasks
	DeltaM   *float64           `json:"delta_m"`        // Δm in percent, positive = better than single-task
	MeanRank *float64           `json:"mean_rank"`      // over tasks, 1 = best
	Worst    *Named             `json:"worst_gain,omitempty"`
	Better   int                `json:"better"` // tasks better than single-task beyond chance
	Worse    int                `json:"worse"`
	// RowsAlone is how many training rows a task needs, on average, to do as
	// well alone: where the learning curve of the single-task baseline reaches
	// what this method does. It is the smallest size tried where that already
	// does, and null where no size tried does, which MoreThan then names.
	RowsAlone *float64 `json:"rows_alone"`
	MoreThan  *float64 `json:"rows_alone_more_than,omitempty"`
	// Groups are those of the tasks that each split's fit found, −1 for a task
	// without training rows; of methods that find some.
	Groups [][]int `json:"groups,omitempty"`
	// Calibration is of probabilities and quantiles; nil where there are none.
	Calibration *Calibration   `json:"calibration,omitempty"`
	Warnings    map[string]int `json:"warnings,omitempty"` // of the fits, and how often each was given
}

// A Summary is a metric's mean over splits and its standard deviation over
// splits, of the mean over tasks, or of all rows together where the metric is
// pooled.
type Summary struct {
	Mean      *float64 `json:"mean"`
	SD        *float64 `json:"sd"`        // divisor n − 1; null for one split
	Undefined int      `json:"undefined"` // pairs of task and split that have rows to test on, and no value
}

// A Task is one task of a method.
type Task struct {
	Task    string              `json:"task"`
	Rows    int                 `json:"rows"`    // that carry its label
	Metrics map[string]*float64 `json:"metrics"` // means over splits
	Gain    *Gain               `json:"gain,omitempty"`
}

// A Gain is how much better than single-task a method is, positive = better
// whatever the metric. The 95 % interval and p are of the corrected resampled
// t test over splits; where there is one split, of a paired bootstrap over its
// test rows, which says nothing of other training rows. A task's metric is
// that of all gains where it takes the task's kind, else score.Primary of that
// kind. The verdict is at 5 %, of a task after Holm's adjustment over tasks; p
// is not adjusted.
type Gain struct {
	Metric  string   `json:"metric"`
	Value   *float64 `json:"value"`
	Low     *float64 `json:"low"` // null where the interval is unbounded
	High    *float64 `json:"high"`
	P       *float64 `json:"p"`
	Verdict string   `json:"verdict"` // better, worse, or nothing

	free  float64 // degrees of freedom of the interval, of a task
	drawn bool    // by a bootstrap
}

// Named is a number of a task: the least gain of those in Result.Metric.
type Named struct {
	Task  string   `json:"task"`
	Value *float64 `json:"value"`
}

// MarshalJSON leaves out the numbers of a method that has none.
func (m Method) MarshalJSON() ([]byte, error) {
	if m.Note == "" {
		type plain Method
		return json.Marshal(plain(m))
	}
	return json.Marshal(struct {
		Method  string  `json:"method"`
		Train   float64 `json:"train,omitempty"`
		Note    string  `json:"note"`
		Seconds float64 `json:"seconds"`
	}{m.Method, m.Train, m.Note, m.Seconds})
}

func newResult(set *kindred.Set, metric string) *Result {
	r := &Result{Schema: "kindred.compare/1", Metric: metric, Data: Data{Tasks: len(set.Tasks)}}
	for _, t := range set.Tables() {
		r.Data.Rows += t.Len()
		r.Data.Features = len(t.Columns)
	}
	return r
}

// finite is v, or nil where it is not a finite number.
func finite(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

// number is the opposite of finite: NaN for nil.
func number(v *float64) float64 {
	if v == nil {
		return math.NaN()
	}
	return *v
}
