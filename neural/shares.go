package neural

import (
	"slices"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/arch"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/prep"
	"github.com/kindred-mtl/kindred/sharing"
)

// Bounds on what says how much is common: rows of all tasks, and tasks of which
// the mean is taken, fewer where a network is computed anew for each.
const (
	mostShareRows  = 2048
	mostMeanTasks  = 128
	mostMeanPasses = 32
	// mostShareGroups is how many groups of tasks shares are told by.
	mostShareGroups = 256
)

// tellShares tells the report how much is common: of each task's function, on
// its training rows, and of each layer. Of numbers and decisions functions are
// the outputs, of classes their differences.
func (m *Model) tellShares(in *prep.Encoded, train labels) {
	if len(m.infos) < 2 {
		return
	}
	c := m.commons(in, train)
	c.own()
	c.sample.Groups = m.levels()
	m.report.Shares, m.report.Layers = c.sample.Shares(c.means), c.layerShares()
}

// commons are some training rows of each task, and what the tasks say of them.
type commons struct {
	m      *Model
	in     *prep.Encoded
	rows   []int32 // task after task
	start  []int   // of each task, and the end
	first  []int   // the outputs of each task, and the end
	slots  int
	among  []int // the tasks of which the mean is taken
	sample sharing.Sample
}

func (m *Model) commons(in *prep.Encoded, train labels) *commons {
	c := &commons{m: m, in: in, start: []int{0}, first: []int{0}}
	most := mostMeanTasks
	if m.engine.graph.Long {
		most = mostMeanPasses
	}
	c.among = sharing.Rows(len(m.infos), most)
	slots := map[string]int{}
	for t, info := range m.infos {
		c.sample.Tasks = append(c.sample.Tasks, info.Name)
		rows := train.row[t]
		if some := slices.IndexFunc(train.row, func(rows []int32) bool { return len(rows) > 0 }); len(rows) == 0 && some >= 0 {
			rows = train.row[some] // what the others have taught it, on rows of theirs
		}
		for _, k := range sharing.Rows(len(rows), max(4, mostShareRows/len(m.infos))) {
			c.rows = append(c.rows, rows[k])
		}
		c.start = append(c.start, len(c.rows))
		names := []string{""}
		if info.Kind == kindred.Multiclass {
			names = slices.Clone(info.Classes)
			for i := range names {
				names[i] = "=" + names[i]
			}
		}
		for _, name := range names {
			if _, ok := slots[name]; !ok {
				slots[name] = len(slots)
			}
			_, in := slices.BinarySearch(c.among, t)
			c.sample.Outputs = append(c.sample.Outputs, sharing.Output{Task: t, Slot: slots[name], Kind: info.Kind, Out: !in})
		}
		c.first = append(c.first, len(c.sample.Outputs))
	}
	c.slots = len(slots)
	return c
}

// said is what task t says of rows: of each row, its outputs.
func (c *commons) said(rows []int32, t int, z []float32) [][]float64 {
	k, n := c.m.heads[t].outputs(), c.first[t+1]-c.first[t]
	out := make([][]float64, n)
	for o := range out {
		out[o] = make([]float64, len(rows))
	}
	for i := range rows {
		row := z[i*k : (i+1)*k]
		if n == 1 {
			at := 0
			if _, ok := c.m.heads[t].(quantiles); ok {
				at = 1
			}
			out[0][i] = float64(row[at])
			continue
		}
		mean := 0.0
		for _, v := range row {
			mean += float64(v) / float64(n)
		}
		for o, v := range row {
			out[o][i] = float64(v) - mean
		}
	}
	return out
}

// own asks each task of its rows: several at a time where tasks have few, as it
// takes as long as all tasks are many to say which are asked.
func (c *commons) own() {
	found, tasks := make([][][]float64, len(c.m.infos)), [][]int{nil}
	for t := range found {
		last := &tasks[len(tasks)-1]
		if n := len(*last); n > 0 && (c.m.engine.graph.Long || c.start[t+1]-c.start[(*last)[0]] > predictRows) {
			tasks = append(tasks, nil)
			last = &tasks[len(tasks)-1]
		}
		*last = append(*last, t)
	}
	num.For(len(tasks), func(i int) {
		from := c.start[tasks[i][0]]
		rows := c.rows[from:c.start[tasks[i][len(tasks[i])-1]+1]]
		z := make([][]float32, len(tasks[i]))
		for k, t := range tasks[i] {
			z[k] = make([]float32, len(rows)*c.m.heads[t].outputs())
		}
		c.play(rows, tasks[i], z)
		for k, t := range tasks[i] {
			lo, hi, n := c.start[t], c.start[t+1], c.m.heads[t].outputs()
			found[t] = c.said(c.rows[lo:hi], t, z[k][(lo-from)*n:(hi-from)*n])
		}
	})
	for _, f := range found {
		c.sample.Own = append(c.sample.Own, f...)
	}
}

// play computes the outputs of tasks for rows.
func (c *commons) play(rows []int32, tasks []int, out [][]float32) {
	for lo := 0; lo < len(rows); lo += predictRows {
		c.m.playRows(c.in, rows[lo:min(lo+predictRows, len(rows))], lo, tasks, out)
	}
}

// means are the weighted sums of the outputs of each slot and group of tasks, on
// the rows of each output's task.
func (c *commons) means(weight []float64, group []int) [][]float64 {
	groups := 1 + slices.Max(group)
	sums := make([][]float64, c.slots*groups) // of every row
	for s := range sums {
		sums[s] = make([]float64, len(c.rows))
	}
	num.For((len(c.rows)+predictRows-1)/predictRows, func(i int) {
		lo, hi := i*predictRows, min((i+1)*predictRows, len(c.rows))
		z := make([][]float32, len(c.among))
		for k, t := range c.among {
			z[k] = make([]float32, (hi-lo)*c.m.heads[t].outputs())
		}
		c.play(c.rows[lo:hi], c.among, z)
		for k, t := range c.among {
			for o, f := range c.said(c.rows[lo:hi], t, z[k]) {
				at := c.first[t] + o
				num.Axpy(weight[at], f, sums[c.sample.Outputs[at].Slot*groups+group[t]][lo:hi])
			}
		}
	})
	means := make([][]float64, len(c.sample.Outputs))
	for at, o := range c.sample.Outputs {
		means[at] = sums[o.Slot*groups+group[o.Task]][c.start[o.Task]:c.start[o.Task+1]]
	}
	return means
}

// levels are the groups of tasks of a hierarchy, from above: given, or learned;
// nil where there are none, or so many that their means would not fit.
func (m *Model) levels() [][]int {
	var levels [][]int
	if h, ok := m.arch.(*arch.Hierarchy); ok {
		levels = h.Levels(m.tasks)
	}
	if g := m.groups(); g != nil {
		levels = append(levels, g)
	}
	for _, of := range levels {
		if slices.Max(of) >= mostShareGroups {
			return nil
		}
	}
	return levels
}
