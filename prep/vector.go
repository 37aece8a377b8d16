package prep

import (
	"fmt"
	"math"
	"slices"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/num"
)

// vector is a column of many numbers a row, of which those that vary over the
// training rows are kept:
//
//	(x_j − center_j)·scale_j        center_j = 0 where the column is sparse
type vector struct {
	IsSparse bool `json:"sparse,omitempty"`

	keep          []int     // the places of the numbers kept, ascending
	center, scale []float64 // of those; no centre: nil
	place         []int32   // of each number the feature, −1: none
}

// maxVector is how many numbers a row of a vector column may have.
const maxVector = 1 << 27

// A stat is what the training rows say of one number of a vector.
type stat struct{ lo, hi, sum, square, rows float64 }

func (o Options) fitVector(s *sample, j int) (column, told) {
	d, c := s.schema[j].Width, &vector{}
	if d > maxVector {
		return nil, told{err: fmt.Errorf("column %q has %d numbers a row; %d are the most", s.schema[j].Name, d, maxVector)}
	}
	parts := make([]*num.Matrix, len(s.tables))
	for i, t := range s.tables {
		parts[i] = t.Columns[j].Vector
		c.IsSparse = c.IsSparse || parts[i] != nil && parts[i].Sparse()
	}
	stats, err := firstPass(s, parts, d)
	if err != nil {
		return nil, told{err: s.at(j, err)}
	}
	center := make([]float64, d)
	for k := range stats {
		center[k] = stats[k].sum / s.total
	}
	if !c.IsSparse {
		secondPass(s, parts, center, stats)
	}
	left := 0
	for k, t := range stats {
		at, scale, ok := o.vectorScaling(c.IsSparse, t, center[k], s.total)
		if ok = ok && !constant(t.lo, t.hi); !ok {
			left++
			continue
		}
		c.keep, c.scale = append(c.keep, k), append(c.scale, scale)
		if o.centres() && !c.IsSparse {
			c.center = append(c.center, at)
		}
	}
	c.index()
	t := told{sparse: c.IsSparse && len(c.keep) > 0, stored: c.stored(s, stats)}
	if left > 0 {
		t.note = fmt.Sprintf("%d of %d numbers left out: constant over the training rows", left, d)
	}
	return c, t
}

func (o Options) centres() bool { return o.Scale == "" || o.Scale == "standard" }

// vectorScaling is scaling for one number of a vector: sparse ones are divided
// by their largest absolute value, or their root mean square if asked.
func (o Options) vectorScaling(sparse bool, t stat, mean, total float64) (center, scale float64, ok bool) {
	if !sparse {
		return o.scaling(moments{total, mean, t.square})
	}
	switch o.Scale {
	case "none":
		scale = 1
	case "rms":
		scale = 1 / math.Sqrt(t.square/total)
	default:
		scale = 1 / max(math.Abs(t.lo), math.Abs(t.hi))
	}
	return 0, scale, scale > 0 && scale <= math.MaxFloat64
}

// stored is how many numbers other than 0 a row is expected to have.
func (c *vector) stored(s *sample, stats []stat) float64 {
	if c.center != nil {
		return float64(len(c.keep))
	}
	n := 0.0
	for _, k := range c.keep {
		n += stats[k].rows
	}
	return n / float64(len(s.weight))
}

// pieces calls f for the rows of the sample in a fixed number of pieces, that
// depends on the width d only; f gets the tables, the rows and the weights.
func pieces(s *sample, d int, f func(piece int, table, row int, w float64) error) (int, error) {
	n := max(1, min(16, 1<<20/max(1, d)))
	errs := make([]error, n)
	num.For(n, func(p int) {
		first := 0
		for i := range s.tables {
			m := s.listed(i)
			for k := m * p / n; k < m*(p+1)/n; k++ {
				if err := f(p, i, s.row(i, k), s.weight[first+k]); err != nil {
					errs[p] = err
					return
				}
			}
			first += m
		}
	})
	return n, firstOf(errs)
}

// firstPass sums the numbers and their squares, and finds their ranges.
// A number that is not stored is 0.
func firstPass(s *sample, parts []*num.Matrix, d int) ([]stat, error) {
	var by [16][]stat
	n, err := pieces(s, d, func(p, table, r int, w float64) error {
		if by[p] == nil {
			by[p] = make([]stat, d)
		}
		index, value := parts[table].Row(r)
		for k, v := range value {
			if v-v != 0 {
				return inRow(r, notFinite(v))
			}
			if v == 0 {
				continue
			}
			j := k
			if index != nil {
				j = int(index[k])
			}
			if j < 0 || j >= d {
				return inRow(r, fmt.Errorf("number %d of %d", j, d))
			}
			t := &by[p][j]
			if t.rows == 0 {
				t.lo, t.hi = v, v
			}
			t.lo, t.hi = min(t.lo, v), max(t.hi, v)
			t.sum, t.square, t.rows = t.sum+w*v, t.square+w*v*v, t.rows+1
		}
		return nil
	})
	out := make([]stat, d)
	for _, part := range by[:n] {
		for j, t := range part {
			out[j].join(t)
		}
	}
	for j := range out {
		if out[j].rows < float64(len(s.weight)) { // some are 0
			out[j].lo, out[j].hi = min(out[j].lo, 0), max(out[j].hi, 0)
		}
	}
	return out, err
}

func (t *stat) join(u stat) {
	switch {
	case u.rows == 0:
		return
	case t.rows == 0:
		*t = u
		return
	}
	t.lo, t.hi = min(t.lo, u.lo), max(t.hi, u.hi)
	t.sum, t.square, t.rows = t.sum+u.sum, t.square+u.square, t.rows+u.rows
}

// secondPass sets the squares to those around the centre.
func secondPass(s *sample, parts []*num.Matrix, center []float64, stats []stat) {
	var by [16][]float64
	n, _ := pieces(s, len(center), func(p, table, r int, w float64) error {
		if by[p] == nil {
			by[p] = make([]float64, len(center))
		}
		_, value := parts[table].Row(r)
		square := by[p][:len(value)]
		for j, v := range value {
			d := v - center[j]
			square[j] += w * d * d
		}
		return nil
	})
	for j := range stats {
		stats[j].square = 0
	}
	for _, part := range by[:n] {
		for j, v := range part {
			stats[j].square += v
		}
	}
}

// index makes the map of numbers to features.
func (c *vector) index() {
	if len(c.keep) == 0 {
		return
	}
	c.place = make([]int32, c.keep[len(c.keep)-1]+1)
	for k := range c.place {
		c.place[k] = -1
	}
	for feature, k := range c.keep {
		c.place[k] = int32(feature)
	}
}

func (c *vector) width() int { return len(c.keep) }

func (c *vector) names(column string) []string {
	names := make([]string, len(c.keep))
	for feature, k := range c.keep {
		names[feature] = fmt.Sprintf("%s#%d", column, k)
	}
	return names
}

func (c *vector) tensors() map[string][]float64 {
	if len(c.keep) == 0 {
		return nil
	}
	t := map[string][]float64{"keep": wholes(c.keep), "scale": c.scale}
	if c.center != nil {
		t["center"] = c.center
	}
	return t
}

func (c *vector) restore(_ Options, f kindred.Field, tensors map[string][]float64) (err error) {
	if f.Width < 0 || f.Width > maxVector {
		return fmt.Errorf("%d numbers a row", f.Width)
	}
	c.center, c.scale = tensors["center"], tensors["scale"]
	if c.keep, err = ascending(tensors["keep"], f.Width); err != nil {
		return err
	}
	if len(c.scale) != len(c.keep) || c.center != nil && (c.IsSparse || len(c.center) != len(c.keep)) {
		return fmt.Errorf("%d scales and %d centres of %d numbers", len(c.scale), len(c.center), len(c.keep))
	}
	for _, v := range slices.Concat(c.center, c.scale) {
		if v-v != 0 {
			return fmt.Errorf("a scale or centre of %v", v)
		}
	}
	c.index()
	return nil
}

type vectorReader struct {
	*vector
	from *num.Matrix
}

func (c *vector) bind(from *kindred.Column) reader { return vectorReader{c, from.Vector} }

func (c vectorReader) dense(out []float64, stride int, s span) error {
	for i := range s.hi - s.lo {
		if err := c.fill(out[i*stride:i*stride+len(c.keep)], s.at(i)); err != nil {
			return err
		}
	}
	return nil
}

// fill sets out to the features of row r.
func (c vectorReader) fill(out []float64, r int) error {
	index, value := c.from.Row(r)
	if err := finite(r, value); err != nil {
		return err
	}
	if index == nil {
		for k, j := range c.keep {
			out[k] = value[j]
		}
	} else {
		clear(out)
		for k, j := range index {
			if uint(j) < uint(len(c.place)) && c.place[j] >= 0 {
				out[c.place[j]] = value[k]
			}
		}
	}
	for k, center := range c.center {
		out[k] -= center
	}
	for k, scale := range c.scale {
		out[k] *= scale
	}
	return nil
}

func (c vectorReader) sparse(out *rows, first, r int) error {
	if c.center != nil {
		full := make([]float64, len(c.keep))
		err := c.fill(full, r)
		for k, v := range full {
			out.add(first+k, v)
		}
		return err
	}
	index, value := c.from.Row(r)
	if err := finite(r, value); err != nil {
		return err
	}
	for k, v := range value {
		j := k
		if index != nil {
			j = int(index[k])
		}
		if uint(j) < uint(len(c.place)) && c.place[j] >= 0 {
			out.add(first+int(c.place[j]), v*c.scale[c.place[j]])
		}
	}
	return nil
}

func finite(r int, value []float64) error {
	for _, v := range value {
		if v-v != 0 {
			return inRow(r, notFinite(v))
		}
	}
	return nil
}
