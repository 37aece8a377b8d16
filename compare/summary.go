package compare

import (
	"errors"
	"math"
	"slices"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/compose"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/score"
	"github.com/kindred-mtl/kindred/split"
)

// add reports the trials of one plan, trials[fold][entrant].
func (r *Result) add(j *judge, entrants []Entrant, fraction float64, trials [][]trial) {
	from := len(r.Methods)
	var single []trial
	for e := range entrants {
		own := make([]trial, len(trials))
		m := Method{Method: entrants[e].Name, Train: fraction, Splits: len(trials), Rows: trainRows(j.folds)}
		for f := range trials {
			own[f] = trials[f][e]
			m.Seconds += own[f].seconds
		}
		if m.Note = note(own); m.Note == "" {
			m.summarize(j.set, own)
			if e == 0 {
				single = own
			} else if single != nil {
				m.gains(j, single, own)
			}
		}
		r.Methods = append(r.Methods, m)
	}
	j.ranks(r.Methods[from:])
}

// note says why a method has no numbers, or nothing.
func note(trials []trial) string {
	for _, t := range trials {
		if errors.Is(t.err, compose.ErrNotApplicable) {
			return t.err.Error()
		}
	}
	return ""
}

// trainRows is the mean number of training rows of a task that has any.
func trainRows(folds []split.Fold) float64 {
	rows, tasks := 0.0, 0.0
	for _, f := range folds {
		for _, places := range f.Train {
			if len(places) > 0 {
				rows, tasks = rows+float64(len(places)), tasks+1
			}
		}
	}
	return rows / tasks
}

// summarize fills in the metrics, over tasks and of each task, and the
// warnings.
func (m *Method) summarize(set *kindred.Set, trials []trial) {
	m.Metrics, m.Warnings = map[string]Summary{}, map[string]int{}
	m.Calibration = calibrated(trials)
	for _, t := range trials {
		for _, w := range t.warnings {
			m.Warnings[w]++
		}
		if t.groups != nil {
			m.Groups = append(m.Groups, t.groups)
		}
	}
	m.Tasks = make([]Task, len(set.Tasks))
	for t := range m.Tasks {
		m.Tasks[t] = Task{Task: set.Tasks[t].Name, Rows: len(set.Tasks[t].Rows), Metrics: map[string]*float64{}}
	}
	overall, each := make([]Summary, len(score.All)), make([][]float64, len(score.All))
	num.For(len(score.All), func(i int) {
		metric := score.All[i].New()
		overall[i], each[i] = over(metric, trials), make([]float64, len(set.Tasks))
		for t := range set.Tasks {
			each[i][t], _, _ = defined(ofTask(metric, trials, t))
		}
	})
	for i, part := range score.All {
		metric, taken := part.New(), false
		for t := range m.Tasks {
			if metric.Takes(set.Tasks[t].Kind) {
				m.Tasks[t].Metrics[part.Name], taken = finite(each[i][t]), true
			}
		}
		if taken {
			m.Metrics[part.Name] = overall[i]
		}
	}
}

// over is a metric over tasks, on every fold.
func over(metric score.Metric, trials []trial) (s Summary) {
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
	return s
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
		if c := trials[f].cells[t]; len(c.Y) > 0 && metric.Takes(c.Info.Kind) {
			if v, ok := metric.Task(c); ok {
				values[f] = v
			}
		}
	}
	return values
}

// defined is the mean and standard deviation of the n numbers that are not
// NaN; NaN itself where they are too few.
func defined(values []float64) (mean, sd float64, n int) {
	for _, v := range values {
		if !math.IsNaN(v) {
			mean, n = mean+v, n+1
		}
	}
	mean /= float64(n)
	for _, v := range values {
		if !math.IsNaN(v) {
			sd += (v - mean) * (v - mean)
		}
	}
	return mean, math.Sqrt(sd / float64(n-1)), n
}
