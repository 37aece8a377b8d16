package compare

import (
	"cmp"
	"math"
	"slices"
)

// ranks gives every method its mean rank, 1 = best, over the tasks on which
// all methods have a value; ties share theirs. A method that has no value on
// any task is not ranked and does not compete.
func (j *judge) ranks(methods []Method) {
	values := make([][]float64, len(methods))
	var rivals []int
	for e, m := range methods {
		for t := range m.Tasks {
			values[e] = append(values[e], float64(j.task[t].Better())*number(m.Tasks[t].Metrics[j.task[t].name]))
		}
		if slices.ContainsFunc(values[e], func(v float64) bool { return !math.IsNaN(v) }) {
			rivals = append(rivals, e)
		}
	}
	sum, n := make([]float64, len(methods)), 0.0
	for t := range j.set.Tasks {
		if slices.ContainsFunc(rivals, func(e int) bool { return math.IsNaN(values[e][t]) }) {
			continue
		}
		n++
		for _, e := range rivals {
			sum[e] += rank(values, rivals, e, t)
		}
	}
	for _, e := range rivals {
		methods[e].MeanRank = finite(sum[e] / n)
	}
}

// rank is the place of e among rivals on task t.
func rank(values [][]float64, rivals []int, e, t int) float64 {
	r := 0.5
	for _, o := range rivals {
		switch cmp.Compare(values[o][t], values[e][t]) {
		case 1:
			r++
		case 0:
			r += 0.5
		}
	}
	return r
}
