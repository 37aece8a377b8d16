package prep

import (
	"context"
	"fmt"
	"math"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/catalog"
	"github.com/kindred-mtl/kindred/num"
)

// block is how many rows are transformed at a time.
const block = 1024

// Transform makes the design of the rows named (nil: all), rows × Width. It
// finds columns by name; a level never seen counts as other, where there are
// such, and as none of the levels elsewhere.
func (p *Prep) Transform(ctx context.Context, t *kindred.Table, rows []int) (*num.Matrix, error) {
	columns, err := p.match(t)
	if err != nil {
		return nil, err
	}
	n := t.Len()
	if rows != nil {
		n = len(rows)
	}
	blocks := (n + block - 1) / block
	sparse := make([]*triplets, blocks)
	dense := &num.Matrix{}
	if !p.Wide {
		dense = num.NewMatrix(n, p.Width())
	}
	levels := p.levels(columns)
	num.For(blocks, func(b int) {
		if ctx.Err() != nil {
			return
		}
		lo, hi := b*block, min(n, (b+1)*block)
		at := func(i int) int {
			if rows == nil {
				return lo + i
			}
			return rows[lo+i]
		}
		if p.Wide {
			sparse[b] = p.wide(columns, levels, hi-lo, at)
			return
		}
		p.narrow(dense.Data[lo*dense.Cols:hi*dense.Cols], columns, levels, hi-lo, at)
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if p.Wide {
		return join(sparse, p.Width()), nil
	}
	return dense, nil
}

// match finds the columns of t, in the order of p.
func (p *Prep) match(t *kindred.Table) ([]*kindred.Column, error) {
	columns := make([]*kindred.Column, len(p.Columns))
	for j, want := range p.Columns {
		c := t.Column(want.Name)
		if c == nil {
			return nil, catalog.Unknown("column", want.Name, t.Schema().Names())
		}
		if c.Type != want.Type {
			return nil, fmt.Errorf("column %q is %v where the model was learned on %v", c.Name, c.Type, want.Type)
		}
		if c.Vector != nil && c.Vector.Cols > want.Vector && c.Vector.Cols != want.Vector {
			return nil, fmt.Errorf("column %q has %d features where the model was learned on %d", c.Name, c.Vector.Cols, want.Vector)
		}
		if c.Len() != t.Len() {
			return nil, fmt.Errorf("column %q has %d rows of %d", c.Name, c.Len(), t.Len())
		}
		columns[j] = c
	}
	return columns, nil
}

// levels maps the codes of each category column of a table to features; −1:
// none.
func (p *Prep) levels(columns []*kindred.Column) [][]int {
	out := make([][]int, len(columns))
	for j, c := range columns {
		if c.Type != kindred.Categorical {
			continue
		}
		out[j] = make([]int, len(c.Level)+1)
		for k := range out[j] {
			name := missingLevel // code −1 lies at the end
			if k < len(c.Level) {
				name = c.Level[k]
			}
			feature, ok := p.Columns[j].Level[name]
			if !ok {
				feature = p.Columns[j].Other
			}
			out[j][k] = feature
		}
	}
	return out
}

func levelOf(levels []int, code int32) int {
	if code < 0 {
		return levels[len(levels)-1]
	}
	return levels[code]
}

// number is the prepared value of a number.
func (c *Column) number(v float64) (value float64, missing bool) {
	if missing = math.IsNaN(v); missing {
		v = c.Median
	}
	if c.Center == nil {
		return 0, missing
	}
	return (v - c.Center[0]) * c.Scale[0], missing
}

// narrow fills n dense rows, column by column.
func (p *Prep) narrow(out []float64, columns []*kindred.Column, levels [][]int, n int, at func(int) int) {
	width := p.Width()
	for j := range p.Columns {
		c, from := &p.Columns[j], columns[j]
		if c.Width == 0 {
			continue
		}
		for i := range n {
			row := out[i*width+c.First : i*width+c.First+c.Width]
			r := at(i)
			switch c.Type {
			case kindred.Numeric:
				v, missing := c.number(from.Number[r])
				if c.Center != nil {
					row[0] = v
				}
				if c.Missing && missing {
					row[c.Width-1] = 1
				}
			case kindred.Categorical:
				if k := levelOf(levels[j], from.Code[r]); k >= 0 {
					row[k] = 1
				}
			case kindred.Vector:
				each(from.Vector, r, func(k int, v float64) { row[k] = v })
				for k := range row {
					row[k] = (row[k] - c.Center[k]) * c.Scale[k]
				}
			}
		}
	}
}

// triplets are sparse rows.
type triplets struct {
	end   []int
	index []int32
	value []float64
}

func (s *triplets) add(feature int, v float64) {
	if v != 0 {
		s.index, s.value = append(s.index, int32(feature)), append(s.value, v)
	}
}

// wide makes n sparse rows.
func (p *Prep) wide(columns []*kindred.Column, levels [][]int, n int, at func(int) int) *triplets {
	s := &triplets{}
	for i := range n {
		r := at(i)
		for j := range p.Columns {
			if p.Columns[j].Width > 0 {
				p.put(s, &p.Columns[j], columns[j], levels[j], r)
			}
		}
		s.end = append(s.end, len(s.value))
	}
	return s
}

func (p *Prep) put(s *triplets, c *Column, from *kindred.Column, levels []int, r int) {
	switch c.Type {
	case kindred.Numeric:
		v, missing := c.number(from.Number[r])
		if c.Center != nil {
			s.add(c.First, v)
		}
		if c.Missing && missing {
			s.add(c.First+c.Width-1, 1)
		}
	case kindred.Categorical:
		if k := levelOf(levels, from.Code[r]); k >= 0 {
			s.add(c.First+k, 1)
		}
	case kindred.Text:
		index, value := c.row(p.Options, from.Text[r])
		for k, f := range index {
			s.add(c.First+int(f), value[k])
		}
	case kindred.Vector:
		if c.Center == nil {
			each(from.Vector, r, func(k int, v float64) { s.add(c.First+k, v*c.Scale[k]) })
			return
		}
		row := make([]float64, c.Vector)
		each(from.Vector, r, func(k int, v float64) { row[k] = v })
		for k, v := range row {
			s.add(c.First+k, (v-c.Center[k])*c.Scale[k])
		}
	}
}

// join puts blocks of rows one after the other.
func join(parts []*triplets, cols int) *num.Matrix {
	rows, size := 0, 0
	for _, s := range parts {
		rows, size = rows+len(s.end), size+len(s.value)
	}
	ptr, index, value := make([]int, 1, rows+1), make([]int32, 0, size), make([]float64, 0, size)
	for _, s := range parts {
		base := len(value)
		for _, e := range s.end {
			ptr = append(ptr, base+e)
		}
		index, value = append(index, s.index...), append(value, s.value...)
	}
	return num.NewSparse(cols, ptr, index, value)
}

// A Target is how a task's labels are scaled while learning: (y − Center)/Scale.
type Target struct {
	Center float64 `json:"center"`
	Scale  float64 `json:"scale"`
}

// FitTargets returns the scaling of each task's labels. Regression tasks of
// one target share it: the weighted mean of their labels, and the standard
// deviation of these around each task's own mean. Others are left as they are.
func FitTargets(s *kindred.Set) []Target {
	type sums struct{ n, sum, square float64 }
	byTarget := map[string]sums{}
	for i := range s.Tasks {
		t := &s.Tasks[i]
		if t.Kind != kindred.Regression {
			continue
		}
		n, sum := 0.0, 0.0
		for k, y := range t.Y() {
			n, sum = n+weight(t, k), sum+weight(t, k)*y
		}
		total := byTarget[t.Label.Target]
		for k, y := range t.Y() {
			d := y - sum/n
			total.square += weight(t, k) * d * d
		}
		total.n, total.sum = total.n+n, total.sum+sum
		byTarget[t.Label.Target] = total
	}
	out := make([]Target, len(s.Tasks))
	for i := range s.Tasks {
		out[i] = Target{Scale: 1}
		if m := byTarget[s.Tasks[i].Label.Target]; s.Tasks[i].Kind == kindred.Regression && m.n > 0 {
			out[i].Center = m.sum / m.n
			if sd := math.Sqrt(m.square / m.n); sd > 1e-12*math.Abs(out[i].Center) {
				out[i].Scale = sd
			}
		}
	}
	return out
}

func weight(t *kindred.Task, i int) float64 {
	if t.Weight == nil {
		return 1
	}
	return t.Weight[i]
}
