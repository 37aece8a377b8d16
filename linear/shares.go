package linear

import (
	"math"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/sharing"
)

// shares says how much of each task is common: of its weights, for penalties
// with a shared part; nothing where the penalty couples no tasks; else of its
// function.
func (d *design) shares(p penalty.Penalty, f penalty.Func, w *num.Dense) []kindred.Share {
	if len(d.set.Tasks) < 2 {
		return nil
	}
	layers := layersOf(f, w)
	switch {
	case !couples(p):
		return sharing.All(d.set.Infos(), 0)
	case layers == nil:
		return d.functional(w)
	}
	common := num.NewDense(w.Rows, w.Cols)
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

// functional are the shares of the tasks' functions, on their training rows.
func (d *design) functional(w *num.Dense) []kindred.Share {
	columns, tasks := make([][]float64, w.Cols), len(d.set.Tasks)
	s := &sharing.Sample{Own: make([][]float64, w.Cols), Weight: make([][]float64, w.Cols)}
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
	rows := make([]*num.Matrix, w.Cols)
	for i, u := range d.units {
		places := sharing.Rows(d.problem.Tasks[i].X.Rows, max(16, mostShareRows/tasks))
		x, weight := d.problem.Tasks[i].X.Select(places), make([]float64, len(places))
		for k, p := range places {
			weight[k] = weightAt(d.problem.Tasks[i].Weight, p)
		}
		for c := u.first; c < u.first+u.k; c++ {
			rows[c], s.Weight[c] = x, weight
			s.Own[c] = image(x, columns[c])
		}
	}
	return s.Shares(func(weight []float64) [][]float64 {
		sums := map[int][]float64{}
		for c, slot := range d.layout.Slot {
			if sums[slot] == nil {
				sums[slot] = make([]float64, w.Rows)
			}
			num.Axpy(weight[c], columns[c], sums[slot])
		}
		means := make([][]float64, w.Cols)
		for c, slot := range d.layout.Slot {
			means[c] = image(rows[c], sums[slot])
		}
		return means
	})
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

func image(x *num.Matrix, w []float64) []float64 {
	z := make([]float64, x.Rows)
	x.MulVec(z, w)
	return z
}
