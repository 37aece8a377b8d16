package compare

import (
	"cmp"
	"math"
	"slices"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/score"
)

// A Result is the document of schema kindred.compare/1. Numbers that are
// undefined are null.
type Result struct {
	Schema  string   `json:"schema"`
	Metric  string   `json:"metric"` // of the gains
	Data    Data     `json:"data"`
	Methods []Method `json:"methods"`
}

// Data says what was compared on.
type Data struct {
	Rows     int `json:"rows"`
	Features int `json:"features"` // columns, before preparation
	Tasks    int `json:"tasks"`
}

// A Method is one method at one training fraction.
type Method struct {
	Method   string             `json:"method"`
	Train    float64            `json:"train,omitempty"`
	Note     string             `json:"note,omitempty"` // why there are no numbers
	Seconds  float64            `json:"seconds"`        // fitting and predicting all folds
	Metrics  map[string]Summary `json:"metrics,omitempty"`
	Tasks    []Task             `json:"tasks,omitempty"`
	Gain     *Gain              `json:"gain,omitempty"`    // the mean over tasks
	DeltaM   *float64           `json:"delta_m,omitempty"` // mean relative gain over tasks in percent, positive = better than single-task
	MeanRank *float64           `json:"mean_rank,omitempty"`
	Worst    *Named             `json:"worst,omitempty"` // the task with the smallest gain
	Better   int                `json:"better"`          // tasks significantly better than single-task, after Holm
	Worse    int                `json:"worse"`
	// RowsAlone is how many training rows a task needs on average to do as
	// well alone, on the learning curve of the single-task baseline; null
	// where the curve does not reach that far.
	RowsAlone *float64       `json:"rows_alone,omitempty"`
	Rows      float64        `json:"train_rows"` // training rows a task, on average
	Warnings  map[string]int `json:"warnings,omitempty"`

	score float64 // the mean of the gains' metric
}

// A Summary is a metric's mean over splits, of the mean over tasks, and its
// standard deviation over splits.
type Summary struct {
	Mean      *float64 `json:"mean"`
	SD        *float64 `json:"sd"`
	Undefined int      `json:"undefined,omitempty"` // tasks × splits on which it is undefined
}

// A Task is one task of a method.
type Task struct {
	Task    string              `json:"task"`
	Rows    int                 `json:"rows"` // that carry its label
	Metrics map[string]*float64 `json:"metrics"`
	Gain    *Gain               `json:"gain,omitempty"`
}

// A Gain is how much better than single-task a method is, positive = better.
// The interval and p are of a corrected resampled t test over splits, or of a
// paired bootstrap over rows where there is one split; the verdict is Holm's
// over tasks at 5 %.
type Gain struct {
	Metric  string   `json:"metric"`
	Value   *float64 `json:"value"`
	Low     *float64 `json:"low"`
	High    *float64 `json:"high"`
	P       *float64 `json:"p"`
	Verdict string   `json:"verdict,omitempty"` // better, worse, or nothing
}

// Named is a number of a task.
type Named struct {
	Task  string   `json:"task"`
	Value *float64 `json:"value"`
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

// add reports the trials of one plan; those of the single-task baseline come
// first.
func (r *Result) add(set *kindred.Set, entrants []Entrant, p Plan, trials [][]trial, seed uint64) error {
	from := len(r.Methods)
	for e := range entrants {
		m := Method{Method: entrants[e].Name, Train: p.Fraction, Warnings: map[string]int{}}
		var err error
		if m.Note, err = applies(trials[e]); err != nil {
			return err
		}
		if m.Note == "" {
			m.summarize(set, trials[e])
			m.Rows = trainRows(p)
			m.score = math.NaN()
			if s := m.Metrics[r.Metric]; s.Mean != nil {
				m.score = *s.Mean
			}
			if e > 0 && r.Methods[from].Note == "" {
				m.gains(r.Metric, trials[0], trials[e], p, seed)
			}
		}
		r.Methods = append(r.Methods, m)
	}
	ranks(r.Methods[from:], r.Metric)
	return nil
}

func trainRows(p Plan) float64 {
	rows, tasks := 0.0, 0.0
	for _, f := range p.Folds {
		for _, places := range f.Train {
			if len(places) > 0 {
				rows, tasks = rows+float64(len(places)), tasks+1
			}
		}
	}
	return rows / tasks
}

// summarize fills in the metrics, over tasks and of each task.
func (m *Method) summarize(set *kindred.Set, trials []trial) {
	m.Metrics = map[string]Summary{}
	m.Tasks = make([]Task, len(set.Tasks))
	for t := range m.Tasks {
		m.Tasks[t] = Task{Task: set.Tasks[t].Name, Rows: len(set.Tasks[t].Rows), Metrics: map[string]*float64{}}
	}
	for _, t := range trials {
		m.Seconds += t.seconds
		for _, w := range t.warnings {
			m.Warnings[w]++
		}
	}
	for _, part := range score.All {
		metric := part.New()
		if !slices.ContainsFunc(set.Tasks, func(t kindred.Task) bool { return metric.Takes(t.Kind) }) {
			continue
		}
		var s Summary
		values := make([]float64, len(trials))
		for f, t := range trials {
			v, undefined, ok := score.Over(metric, tested(t.cells))
			if values[f] = v; !ok {
				values[f] = math.NaN()
			}
			s.Undefined += undefined
		}
		mean, sd, _ := defined(values)
		s.Mean, s.SD = finite(mean), finite(sd)
		m.Metrics[part.Name] = s
		for t := range m.Tasks {
			if metric.Takes(set.Tasks[t].Kind) {
				mean, _, _ := defined(ofTask(metric, trials, t))
				m.Tasks[t].Metrics[part.Name] = finite(mean)
			}
		}
	}
}

// tested leaves out cells without rows.
func tested(cells []score.Cell) []score.Cell {
	return slices.DeleteFunc(slices.Clone(cells), func(c score.Cell) bool { return len(c.Y) == 0 })
}

// ofTask is a metric of one task on every fold, NaN where it is undefined.
func ofTask(metric score.Metric, trials []trial, t int) []float64 {
	values := make([]float64, len(trials))
	for f := range trials {
		values[f] = math.NaN()
		if c := trials[f].cells[t]; len(c.Y) > 0 {
			if v, ok := metric.Task(c); ok {
				values[f] = v
			}
		}
	}
	return values
}

// gains compares with the single-task baseline, task by task.
func (m *Method) gains(name string, single, own []trial, p Plan, seed uint64) {
	part, _ := score.All.Find("metric", name)
	metric := part.New()
	sign := float64(metric.Better())
	var judged []int
	var ps, relative []float64
	mean := make([][]float64, len(own)) // the gains of each fold
	for t := range m.Tasks {
		if !metric.Takes(own[0].cells[t].Info.Kind) {
			continue
		}
		a, b := ofTask(metric, own, t), ofTask(metric, single, t)
		var d []float64
		for f := range a {
			if g := sign * (a[f] - b[f]); !math.IsNaN(g) {
				d = append(d, g)
				mean[f] = append(mean[f], g)
			}
		}
		if len(d) == 0 {
			continue
		}
		i := score.Resampled(d, testOverTrain(p, t))
		if len(own) == 1 {
			i = bootstrap(metric, own[0].cells[t], single[0].cells[t], seed+uint64(t))
		}
		m.Tasks[t].Gain = gain(name, i)
		judged, ps = append(judged, t), append(ps, i.P)
		if base, _, _ := defined(b); base != 0 {
			relative = append(relative, 100*i.Value/math.Abs(base))
		}
		if m.Worst == nil || i.Value < *m.Worst.Value {
			m.Worst = &Named{m.Tasks[t].Task, finite(i.Value)}
		}
	}
	m.verdicts(judged, score.Holm(ps))
	m.overall(name, mean, relative, p)
}

// verdicts names the tasks that differ, at 5 % after Holm.
func (m *Method) verdicts(tasks []int, adjusted []float64) {
	for k, t := range tasks {
		g := m.Tasks[t].Gain
		switch {
		case adjusted[k] >= 0.05:
		case *g.Value > 0:
			g.Verdict = "better"
			m.Better++
		default:
			g.Verdict = "worse"
			m.Worse++
		}
	}
}

// overall is the mean gain over tasks.
func (m *Method) overall(name string, folds [][]float64, relative []float64, p Plan) {
	var d []float64
	for _, gains := range folds {
		if v, _, n := defined(gains); n > 0 {
			d = append(d, v)
		}
	}
	if len(d) == 0 {
		return
	}
	ratio := 0.0
	for t := range m.Tasks {
		ratio += testOverTrain(p, t) / float64(len(m.Tasks))
	}
	i := score.Resampled(d, ratio)
	if len(d) == 1 && len(folds[0]) > 1 {
		gains := folds[0]
		i = score.Bootstrap(len(gains), 2000, 1, func(count []float64) float64 {
			sum, n := 0.0, 0.0
			for k, c := range count {
				sum, n = sum+c*gains[k], n+c
			}
			return sum / n
		})
	}
	m.Gain = gain(name, i)
	if *m.Gain.P < 0.05 {
		m.Gain.Verdict = "better"
		if i.Value < 0 {
			m.Gain.Verdict = "worse"
		}
	}
	if v, _, n := defined(relative); n > 0 {
		m.DeltaM = finite(v)
	}
}

func gain(metric string, i score.Interval) *Gain {
	return &Gain{Metric: metric, Value: finite(i.Value), Low: finite(i.Low), High: finite(i.High), P: finite(i.P)}
}

// testOverTrain is the mean ratio of test to training rows of a task, which
// stands for the overlap of training sets in the corrected t test: 0 where no
// two folds train on the same row, and at most 1, since small training sets
// hardly overlap.
func testOverTrain(p Plan, t int) float64 {
	test, train := 0.0, 0.0
	seen, disjoint := map[int]bool{}, true
	for _, f := range p.Folds {
		test, train = test+float64(len(f.Test[t])), train+float64(len(f.Train[t]))
		for _, place := range f.Train[t] {
			disjoint = disjoint && !seen[place]
			seen[place] = true
		}
	}
	if disjoint {
		return 0
	}
	return min(1, test/max(train, 1))
}

// bootstrap resamples the test rows of a task, the same ones for both methods.
func bootstrap(metric score.Metric, own, single score.Cell, seed uint64) score.Interval {
	sign := float64(metric.Better())
	weigh := func(c score.Cell, count []float64) score.Cell {
		w := slices.Clone(count)
		for i := range w {
			if c.Weight != nil {
				w[i] *= c.Weight[i]
			}
		}
		c.Weight = w
		return c
	}
	return score.Bootstrap(len(own.Y), 1000, seed, func(count []float64) float64 {
		a, okA := metric.Task(weigh(own, count))
		b, okB := metric.Task(weigh(single, count))
		if !okA || !okB {
			return math.NaN()
		}
		return sign * (a - b)
	})
}

// ranks gives every method its mean rank over tasks, 1 = best, ties shared.
func ranks(methods []Method, name string) {
	part, _ := score.All.Find("metric", name)
	better := part.New().Better()
	sum, n := make([]float64, len(methods)), 0.0
	for t := range methods[0].Tasks {
		var list []float64
		for _, m := range methods {
			v := math.NaN()
			if m.Note == "" && m.Tasks[t].Metrics[name] != nil {
				v = *m.Tasks[t].Metrics[name]
			}
			list = append(list, v)
		}
		if slices.ContainsFunc(list, math.IsNaN) && !slices.ContainsFunc(list, func(v float64) bool { return !math.IsNaN(v) }) {
			continue
		}
		n++
		for e, v := range list {
			rank := 1.0
			for o, w := range list {
				switch c := cmp.Compare(w, v) * better; {
				case o == e || math.IsNaN(w):
				case c > 0:
					rank++
				case c == 0:
					rank += 0.5
				}
			}
			sum[e] += rank
		}
	}
	for e := range methods {
		if methods[e].Note == "" && n > 0 {
			methods[e].MeanRank = finite(sum[e] / n)
		}
	}
}

// curve says how many rows alone would do, from the single-task baseline's
// scores at several training fractions, made monotone and interpolated
// between.
func (r *Result) curve() {
	part, _ := score.All.Find("metric", r.Metric)
	sign := float64(part.New().Better())
	var rows, reached []float64
	single := r.Methods[0].Method
	for _, m := range r.Methods {
		if m.Method == single && m.Note == "" && !math.IsNaN(m.score) {
			rows, reached = append(rows, m.Rows), append(reached, sign*m.score)
		}
	}
	if len(rows) < 2 {
		return
	}
	order := make([]int, len(rows))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(rows[a], rows[b]) })
	for i := range r.Methods {
		if m := &r.Methods[i]; m.Note == "" && !math.IsNaN(m.score) {
			m.RowsAlone = finite(needed(rows, reached, order, sign*m.score))
		}
	}
}

// needed is where the curve first reaches a score; +Inf where it does not.
func needed(rows, reached []float64, order []int, want float64) float64 {
	best, at := math.Inf(-1), 0.0
	for k, i := range order {
		if reached[i] >= want {
			if k == 0 || reached[i] == best {
				return rows[i]
			}
			return at + (rows[i]-at)*(want-best)/(reached[i]-best)
		}
		if reached[i] > best {
			best = reached[i]
		}
		at = rows[i]
	}
	return math.Inf(1)
}
