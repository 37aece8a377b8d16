package neural

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/arch"
	"github.com/kindred-mtl/kindred/prep"
	"github.com/kindred-mtl/kindred/split"
)

// data is a set as a network reads it: the rows that some task lists, and of
// each task the labels of its rows, for training and held out.
type data struct {
	infos   []kindred.TaskInfo
	heads   []head
	targets []prep.Target
	prep    *prep.Prep
	shape   prep.Shape
	tasks   []arch.Task
	inputs  prep.Encoded
	rows    int
	wide    bool
	train   labels
	held    labels
	weights []float64 // of the tasks: the total weight of their training labels
	notes   []string
}

// labels are, of each task, the rows that carry a label, the label in units of
// the target, and its weight.
type labels struct {
	row  [][]int32
	y, w [][]float32
}

// textBits is how many buckets the n-grams of a text are hashed to, as a power
// of 2: each is a vector to be learned.
const textBits = 14

// data prepares a set.
func (m *Method) data(ctx context.Context, s *kindred.Set) (*data, error) {
	train, held, err := m.holdOut(s)
	if err != nil {
		return nil, err
	}
	return m.prepare(ctx, s, train, held)
}

// prepare does so with these places of each task's rows to train on, and to
// stop by.
func (m *Method) prepare(ctx context.Context, s *kindred.Set, train, held [][]int) (d *data, err error) {
	options := m.Prep
	if options.TextBits == 0 {
		options.TextBits = textBits
	}
	learned := s.Select(train)
	d = &data{infos: s.Infos(), targets: prep.FitTargets(learned)}
	if d.prep, err = prep.Fit(ctx, options.For(s.Tasks[0].Table.Schema()), nonEmpty(learned)); err != nil {
		return nil, err
	}
	if d.shape = d.prep.Shape(); d.shape.Dense+len(d.shape.Levels)+d.shape.Sparse == 0 {
		d.notes = append(d.notes, "no column varies: every row is predicted alike")
	}
	for t := range s.Tasks {
		h := headOf(d.infos[t], m.Training.Loss)
		d.heads = append(d.heads, h)
		d.tasks = append(d.tasks, arch.Task{Name: s.Tasks[t].Name, Outputs: h.outputs(), Alike: alike(d.infos[t])})
	}
	if err := d.encode(ctx, s, train, held); err != nil {
		return nil, err
	}
	if len(slices.Concat(d.held.row...)) == 0 {
		d.notes = append(d.notes, "no row can be held out: the losses of the rows trained on say when to stop")
	}
	d.layOut(m.arch().Conditioned())
	return d, nil
}

// nonEmpty is the set of the tasks with rows.
func nonEmpty(s *kindred.Set) *kindred.Set {
	var with []int
	for t := range s.Tasks {
		if len(s.Tasks[t].Rows) > 0 {
			with = append(with, t)
		}
	}
	return s.Only(with...)
}

// alike tells tasks whose outputs mean the same.
func alike(t kindred.TaskInfo) string {
	return fmt.Sprint(t.Kind, " ", t.Target, " ", t.Classes)
}

// fewest is how many labels there are at least where some are held out.
const fewest = 10

// holdOut returns the places of each task's rows to train on, and to stop by: of
// rows with times the last ones, where these allow it, else drawn by task and
// label.
func (m *Method) holdOut(s *kindred.Set) (train, held [][]int, err error) {
	share := m.Training.Held
	if share == 0 {
		share = 0.15
	}
	total := 0
	for t := range s.Tasks {
		total += len(s.Tasks[t].Rows)
	}
	if folds, err := split.TimeAt(s, 1-share); err == nil && total >= fewest {
		train, held = folds[0].Train, folds[0].Test
		for t := range train {
			if len(train[t]) == 0 { // it begins late: what there is of it is learned from
				train[t], held[t] = held[t], nil
			}
		}
		return train, held, nil
	}
	// One of k folds: it has its share of tasks with few rows too.
	for k := max(2, int(math.Round(1/share))); k >= 2 && total >= fewest; k /= 2 {
		if folds, err := split.KFold(s, k, 1, m.Seed); err == nil {
			return folds[0].Train, folds[0].Test, nil
		}
	}
	for t := range s.Tasks { // too few, or each row is the only one of a task or a class
		train = append(train, make([]int, len(s.Tasks[t].Rows)))
		for p := range train[t] {
			train[t][p] = p
		}
	}
	return train, make([][]int, len(train)), nil
}

// encode reads the rows and the labels.
func (d *data) encode(ctx context.Context, s *kindred.Set, train, held [][]int) error {
	rows, places := s.Listed()
	first := make(map[*kindred.Table]int)
	d.inputs.Start = []int{0}
	d.inputs.Codes = make([][]int32, len(d.shape.Levels))
	for i, table := range s.Tables() {
		e, err := d.prep.Encode(ctx, table, rows[i])
		if err != nil {
			return err
		}
		first[table] = d.rows
		d.rows += len(rows[i])
		d.append(e)
	}
	if d.rows > math.MaxInt32 {
		return fmt.Errorf("neural: %d rows are too many", d.rows)
	}
	d.weights = make([]float64, len(s.Tasks))
	for t := range s.Tasks {
		task := &s.Tasks[t]
		read := func(l *labels, at []int) (sum float64) {
			row, y, w := make([]int32, 0, len(at)), make([]float32, 0, len(at)), make([]float32, 0, len(at))
			for _, p := range at {
				weight := 1.0
				if task.Weight != nil {
					weight = task.Weight[p]
				}
				if weight == 0 {
					continue
				}
				row = append(row, int32(first[task.Table]+places[t][p]))
				y = append(y, float32((task.Y()[p]-d.targets[t].Center)/d.targets[t].Scale))
				w = append(w, float32(weight))
				sum += weight
			}
			l.row, l.y, l.w = append(l.row, row), append(l.y, y), append(l.w, w)
			return sum
		}
		d.weights[t] = read(&d.train, train[t])
		read(&d.held, held[t])
		if d.weights[t] == 0 {
			d.notes = append(d.notes, fmt.Sprintf("task %q has no row to learn from: it predicts what the others have taught the network", task.Name))
		}
	}
	return nil
}

// counts is how much each task counts by the weights of its labels: their mean,
// made to average 1; 0 where it has none.
func (d *data) counts() []float64 {
	c, sum, n := make([]float64, len(d.tasks)), 0.0, 0.0
	for t, w := range d.train.w {
		if len(w) > 0 {
			c[t] = d.weights[t] / float64(len(w))
			sum, n = sum+c[t], n+1
		}
	}
	for t := range c {
		c[t] *= n / sum
	}
	return c
}

// twice tells whether a task lists a row again.
func (l *labels) twice() bool {
	for _, rows := range l.row {
		seen := make(map[int32]bool, len(rows))
		for _, r := range rows {
			if seen[r] {
				return true
			}
			seen[r] = true
		}
	}
	return false
}

// append adds encoded rows behind those there are.
func (d *data) append(e *prep.Encoded) {
	in := &d.inputs
	in.Dense = append(in.Dense, e.Dense...)
	for c := range in.Codes {
		in.Codes[c] = append(in.Codes[c], e.Codes[c]...)
	}
	at := len(in.Index)
	for _, end := range e.Start[1:] {
		in.Start = append(in.Start, at+end)
	}
	in.Index, in.Sparse = append(in.Index, e.Index...), append(in.Sparse, e.Sparse...)
}

// layOut chooses between wide and long batches. A long one computes a row once
// for each of its labels, a wide one every head for each of its rows. A row that
// a task lists twice only goes into a long one.
func (d *data) layOut(conditioned bool) {
	labelled, all := map[int32]bool{}, 0
	for _, rows := range d.train.row {
		all += len(rows)
		for _, r := range rows {
			labelled[r] = true
		}
	}
	each := float64(all) / float64(max(len(labelled), 1))
	d.wide = !conditioned && !d.train.twice() && !d.held.twice() && each >= 1.5 && float64(len(d.tasks)) <= 64*each
}
