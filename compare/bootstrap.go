package compare

import (
	"math"
	"slices"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/score"
)

// draws of a bootstrap, as far as one verdict needs them.
const draws = 1000

// A draw is n things to draw from the test rows of a fold, and the gain where
// thing i was drawn count[i] times; NaN where it is undefined.
type draw struct {
	n    int
	gain func(count []float64) float64
}

// bootstrap is the interval of a task's gain on the one fold, over draws of
// its test rows, the same ones for both methods. A p-value that Holm might
// still find small among all tasks is drawn more finely.
func (j *judge) bootstrap(t int, single, own []trial) score.Interval {
	d := j.drawTask(t, 0, single, own)
	i := score.Bootstrap(d.n, draws, j.seed+uint64(t), d.gain)
	// The smallest p of k draws is 2/(k+1); Holm may ask for level/T.
	if fine := 100 * len(j.task); fine > draws && i.P < level {
		i = score.Bootstrap(d.n, fine, j.seed+uint64(t), d.gain)
	}
	return i
}

// bootstrapAll is the same of the gain over tasks.
func (j *judge) bootstrapAll(single, own []trial) score.Interval {
	d := j.drawAll(0, single, own)
	return score.Bootstrap(d.n, draws, j.seed+uint64(len(j.task)), d.gain)
}

// drawTask draws the test rows of a task on a fold.
func (j *judge) drawTask(t, fold int, single, own []trial) draw {
	unit, n := j.units(fold, []int{t})
	metric, s, o := j.task[t], single[fold].cells[t], own[fold].cells[t]
	return draw{n, func(count []float64) float64 {
		a, okA := metric.Task(weigh(o, unit[0], count))
		b, okB := metric.Task(weigh(s, unit[0], count))
		if !okA || !okB {
			return math.NaN()
		}
		return float64(metric.Better()) * (a - b)
	}}
}

// drawAll draws the test rows of all tasks on a fold. A row that several tasks
// test on is drawn for all of them.
func (j *judge) drawAll(fold int, single, own []trial) draw {
	s, o, tasks := j.common(single[fold].cells, own[fold].cells)
	unit, n := j.units(fold, tasks)
	return draw{n, func(count []float64) float64 {
		a, b := make([]score.Cell, len(o)), make([]score.Cell, len(s))
		for k := range o {
			a[k], b[k] = weigh(o[k], unit[k], count), weigh(s[k], unit[k], count)
		}
		return j.difference(b, a)
	}}
}

// units numbers what is drawn together from the test rows of tasks: the rows
// of a table, or of a group; n counts them.
func (j *judge) units(fold int, tasks []int) (unit [][]int, n int) {
	type key struct {
		table *kindred.Table
		row   int
	}
	found := map[key]int{}
	unit = make([][]int, len(tasks))
	for k, t := range tasks {
		task := &j.set.Tasks[t]
		for _, place := range j.folds[fold].Test[t] {
			id := key{task.Table, task.Rows[place]}
			if task.Table.Group != nil {
				id = key{nil, task.Table.Group[id.row]}
			}
			if _, ok := found[id]; !ok {
				found[id] = len(found)
			}
			unit[k] = append(unit[k], found[id])
		}
	}
	return unit, len(found)
}

// weigh counts each row of c as often as its unit was drawn.
func weigh(c score.Cell, unit []int, count []float64) score.Cell {
	w := slices.Clone(c.Weight)
	if w == nil {
		w = slices.Repeat([]float64{1}, len(c.Y))
	}
	for i, u := range unit {
		w[i] *= count[u]
	}
	c.Weight = w
	return c
}
