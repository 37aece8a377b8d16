package linear

import (
	"math"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/sharing"
)

// sharesOf tells a report what is common, of tasks and of columns.
func (m Method) sharesOf(d *design, r *kindred.Report, f penalty.Func, w *num.Dense) {
	if len(d.set.Tasks) < 2 {
		return
	}
	layers := layersOf(f, w)
	switch {
	case !couples(m.penalty()):
		r.Shares = sharing.All(d.set.Infos(), 0)
	case layers == nil:
		r.Shares = d.functional(f, w)
	default:
		r.Shares, r.Columns = d.shares(layers), d.columnShares(layers)
	}
	strong, ok := f.(penalty.Strong)
	if !ok {
		return
	}
	pull, expected := strong.Strengths(w.Rows)
	for c, t := range d.layout.Task {
		r.Shares[t].Pull = pull[c]
	}
	place, _ := d.columnPlaces()
	for j, at := range place { // the same for all features of a column
		if at >= 0 && len(r.Columns) > 0 {
			r.Columns[at].Expected = expected[j]
		}
	}
}

// columnPlaces are, of each row of W, the place of its column among those that
// have features, −1 of the constant's; and these columns.
func (d *design) columnPlaces() (place []int, columns []string) {
	schema, last := d.prep.Schema(), -1
	for _, c := range d.featureColumns() {
		if c == len(schema) {
			place = append(place, -1)
			continue
		}
		if c != last {
			columns, last = append(columns, schema[c].Name), c
		}
		place = append(place, len(columns)-1)
	}
	return place, columns
}

// featureColumns is the column of each row of W, the constant's the last.
func (d *design) featureColumns() []int {
	of := d.prep.Columns()
	if d.constant > 0 {
		of = append(of, len(d.prep.Schema()))
	}
	return of
}

// columnShares says how much of the weights of each column is common.
func (d *design) columnShares(layers []*num.Dense) []kindred.ColumnShare {
	place, columns := d.columnPlaces()
	if len(columns) > mostRelated {
		return nil
	}
	out, all, own := make([]kindred.ColumnShare, len(columns)), make([]float64, len(columns)), layers[len(layers)-1]
	for j, at := range place {
		if at < 0 {
			continue
		}
		for k := range d.layout.Task {
			common, private := 0.0, own.At(j, k)
			for _, layer := range layers[:len(layers)-1] {
				common += layer.At(j, k)
			}
			out[at].Share += common * common
			all[at] += common*common + private*private
		}
	}
	for at, total := range all {
		if out[at].Column = columns[at]; total > 0 {
			out[at].Share /= total
		}
	}
	return out
}

// shares says how much of each task's weights is common.
func (d *design) shares(layers []*num.Dense) []kindred.Share {
	common := num.NewDense(layers[0].Rows, layers[0].Cols)
	for _, layer := range layers[:len(layers)-1] {
		num.Axpy(1, layer.Data, common.Data)
	}
	out := make([]kindred.Share, len(d.set.Tasks))
	for t := range out {
		s := &out[t]
		s.Task = d.set.Tasks[t].Name
		s.Common, s.Private = d.length(common, t), d.length(layers[len(layers)-1], t)
		if square := s.Common*s.Common + s.Private*s.Private; square > 0 {
			s.Share = s.Common * s.Common / square
		}
		for _, layer := range layers {
			if len(layers) > 2 {
				s.Levels = append(s.Levels, d.length(layer, t))
			}
		}
	}
	return out
}

// layersOf is W as a sum, the tasks' own weights last; nil where nothing is
// shared, or nothing else.
func layersOf(f penalty.Func, w *num.Dense) []*num.Dense {
	if layered, ok := f.(penalty.Layered); ok {
		return layered.Layers(w)
	}
	arrow, ok := f.(penalty.Arrow)
	if !ok {
		return nil
	}
	if shared, private := arrow.Arrow(); shared == 0 || private == 0 {
		return nil
	}
	w0, common, own := penalty.SharedPart(f, w), num.NewDense(w.Rows, w.Cols), w.Clone()
	for j := range w.Rows {
		for c, slot := range arrow.Slots() {
			common.Set(j, c, w0.At(j, slot))
		}
	}
	num.Axpy(-1, common.Data, own.Data)
	return []*num.Dense{common, own}
}

// length is that of the columns of a task.
func (d *design) length(w *num.Dense, t int) float64 {
	square := 0.0
	for c, task := range d.layout.Task {
		if task == t {
			for j := range w.Rows {
				square += w.At(j, c) * w.At(j, c)
			}
		}
	}
	return math.Sqrt(square)
}

// mostShareRows is how many rows of all tasks say what is common at most, about.
const mostShareRows = 1 << 15

// functional are the shares of the tasks' functions, on their training rows; by
// levels where tasks are in groups.
func (d *design) functional(f penalty.Func, w *num.Dense) []kindred.Share {
	columns, tasks := make([][]float64, w.Cols), len(d.set.Tasks)
	s := &sharing.Sample{Weight: make([][]float64, w.Cols)}
	if grouping, ok := f.(penalty.Grouping); ok {
		s.Groups = [][]int{d.perTask(grouping.Groups(w))}
	}
	for t := range d.set.Tasks {
		s.Tasks = append(s.Tasks, d.set.Tasks[t].Name)
	}
	for c := range columns {
		columns[c] = w.Col(make([]float64, w.Rows), c)
		t := d.layout.Task[c]
		s.Outputs = append(s.Outputs, sharing.Output{Task: t, Slot: d.layout.Slot[c], Kind: d.set.Tasks[t].Kind})
	}
	for _, u := range d.units {
		centre(columns[u.first : u.first+u.k])
	}
	rows, chosen := make([]*num.Matrix, w.Cols), map[*num.Matrix]*num.Matrix{} // of each column; of the rows that tasks share
	for i, u := range d.units {
		all := d.problem.Tasks[i].X
		places := sharing.Rows(all.Rows, max(16, mostShareRows/tasks))
		if chosen[all] == nil {
			chosen[all] = all.Select(places)
		}
		weight := make([]float64, len(places))
		for k, p := range places {
			weight[k] = weightAt(d.problem.Tasks[i].Weight, p)
		}
		for c := u.first; c < u.first+u.k; c++ {
			rows[c], s.Weight[c] = chosen[all], weight
		}
	}
	s.Own = images(rows, columns)
	return s.Shares(func(weight []float64, group []int) [][]float64 {
		sums, means := map[[2]int][]float64{}, make([][]float64, w.Cols)
		for c, slot := range d.layout.Slot {
			key := [2]int{slot, group[d.layout.Task[c]]}
			if sums[key] == nil {
				sums[key] = make([]float64, w.Rows)
			}
			num.Axpy(weight[c], columns[c], sums[key])
		}
		for c, slot := range d.layout.Slot {
			means[c] = sums[[2]int{slot, group[d.layout.Task[c]]}]
		}
		return images(rows, means)
	})
}

// images are the products of rows and columns of weights, one by one; where
// columns share rows, at once.
func images(rows []*num.Matrix, columns [][]float64) [][]float64 {
	of, out := map[*num.Matrix][]int{}, make([][]float64, len(columns))
	for c, x := range rows {
		of[x] = append(of[x], c)
	}
	for x, places := range of {
		k := len(places)
		weights, products := make([]float64, x.Cols*k), make([]float64, x.Rows*k)
		for i, c := range places {
			for j, v := range columns[c] {
				weights[j*k+i] = v
			}
		}
		x.Mul(products, weights, k, 0, x.Rows)
		for i, c := range places {
			out[c] = make([]float64, x.Rows)
			for r := range out[c] {
				out[c][r] = products[r*k+i]
			}
		}
	}
	return out
}

// centre takes from each of several outputs, of which only the differences
// count, their mean.
func centre(columns [][]float64) {
	if len(columns) < 2 {
		return
	}
	for j := range columns[0] {
		mean := 0.0
		for _, w := range columns {
			mean += w[j] / float64(len(columns))
		}
		for _, w := range columns {
			w[j] -= mean
		}
	}
}
