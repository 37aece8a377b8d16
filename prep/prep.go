// Package prep turns the columns of a table into a numeric design. It is
// fitted on training rows only and kept in the model.
//
//   - Numbers: missing ones become the median, with an indicator column where
//     training rows miss some; then mean 0 and standard deviation 1.
//   - Categories: one column of 0 and 1 a level; levels of fewer than MinLevel
//     rows, and those never seen, share one column.
//   - Text: hashed word and character n-grams, TF-IDF, rows of unit length.
//   - Vectors: dense ones as numbers, sparse ones scaled, never centred.
//
// A row of the table counts as often as tasks list it, times its weight: a row
// of weight 2 is the row twice, and tasks with copies of a table are tasks
// that share it.
package prep

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/catalog"
	"github.com/kindred-mtl/kindred/num"
)

// Options say how columns are prepared. The zero value is the default.
type Options struct {
	Scale    string  `json:"scale,omitempty"`     // of numbers: "" or "standard": mean 0, sd 1; "rms": root mean square 1, not centred; "none"
	MinLevel float64 `json:"min_level,omitempty"` // levels of less weight are pooled; 0: 5
	TextBits int     `json:"text_bits,omitempty"` // n-grams are hashed to 2^TextBits; 0: 18
}

func (o Options) minLevel() float64 {
	if o.MinLevel == 0 {
		return 5
	}
	return o.MinLevel
}

func (o Options) textBits() int {
	if o.TextBits == 0 {
		return 18
	}
	return o.TextBits
}

func (o Options) check() error {
	switch o.Scale {
	case "", "standard", "rms", "none":
	default:
		return catalog.Unknown("scale", o.Scale, []string{"standard", "rms", "none"})
	}
	if o.MinLevel < 0 || o.TextBits < 0 || o.TextBits > 24 {
		return fmt.Errorf("prep: min_level %v, text_bits %d; neither is negative, and text_bits at most 24", o.MinLevel, o.TextBits)
	}
	return nil
}

// A Prep is a fitted preparation: immutable, safe for concurrent use, and kept
// as JSON.
type Prep struct {
	Options Options
	Columns []Column // in the order of the table's
	// Wide tells that the design is sparse.
	Wide bool
}

// A Column is what is known of one column.
type Column struct {
	Name   string
	Type   kindred.Type
	First  int // its first feature
	Width  int // its features; 0: it is left out
	Vector int `json:",omitempty"` // the width of a vector column

	Center, Scale []float64      `json:",omitempty"` // numbers, vectors: (x − center)·scale
	Median        float64        `json:",omitempty"` // of numbers
	Missing       bool           `json:",omitempty"` // numbers: the last feature says that the number is missing
	Level         map[string]int `json:",omitempty"` // categories: the feature of a level, from 0
	Other         int            `json:",omitempty"` // categories: the feature of levels pooled or unknown, −1: none
	Bucket        map[int32]int  `json:",omitempty"` // text: the feature of a hash
	IDF           []float64      `json:",omitempty"` // text: of each feature
	Note          string         `json:",omitempty"`
}

// Fit learns from the rows of s.
func Fit(ctx context.Context, o Options, s *kindred.Set) (*Prep, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	tables := s.Tables()
	if len(tables) == 0 {
		return nil, fmt.Errorf("prep: the set has no table")
	}
	weights := rowWeights(s, tables)
	p := &Prep{Options: o, Columns: make([]Column, len(tables[0].Columns))}
	num.For(len(p.Columns), func(j int) {
		if ctx.Err() != nil {
			return
		}
		parts := make([]*kindred.Column, len(tables))
		for i, t := range tables {
			parts[i] = &t.Columns[j]
		}
		p.Columns[j] = o.fit(parts, weights)
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	width, numbers := 0, 0
	for j := range p.Columns {
		c := &p.Columns[j]
		c.First = width
		width += c.Width
		switch {
		case c.Type == kindred.Numeric:
			numbers += c.Width
		case c.Type == kindred.Categorical && c.Width > 0:
			numbers++
		case c.Type == kindred.Vector && c.Center != nil:
			numbers += c.Width
		case c.Width > 0:
			p.Wide = true
		}
	}
	p.Wide = p.Wide || width > 64 && numbers*4 < width
	return p, nil
}

// rowWeights is, for each table and row, the weight of the tasks that list it.
func rowWeights(s *kindred.Set, tables []*kindred.Table) [][]float64 {
	place := map[*kindred.Table]int{}
	weights := make([][]float64, len(tables))
	for i, t := range tables {
		place[t], weights[i] = i, make([]float64, t.Len())
	}
	for i := range s.Tasks {
		t := &s.Tasks[i]
		w := weights[place[t.Table]]
		for k, r := range t.Rows {
			if t.Weight == nil {
				w[r]++
			} else {
				w[r] += t.Weight[k]
			}
		}
	}
	return weights
}

func (o Options) fit(parts []*kindred.Column, weights [][]float64) Column {
	c := Column{Name: parts[0].Name, Type: parts[0].Type, Other: -1}
	switch c.Type {
	case kindred.Numeric:
		o.fitNumbers(&c, parts, weights)
	case kindred.Categorical:
		o.fitLevels(&c, parts, weights)
	case kindred.Text:
		o.fitText(&c, parts, weights)
	case kindred.Vector:
		o.fitVector(&c, parts, weights)
	}
	return c
}

// scaling is the centre and the factor of a feature, by its weighted mean and
// root mean square around it; varies is false where it is constant.
func (o Options) scaling(mean, variance, square float64) (center, scale float64, varies bool) {
	varies = variance > 1e-24*square && variance > 0
	switch o.Scale {
	case "none":
		return 0, 1, varies
	case "rms":
		return 0, 1 / math.Sqrt(square), varies
	default:
		return mean, 1 / math.Sqrt(variance), varies
	}
}

func (o Options) fitNumbers(c *Column, parts []*kindred.Column, weights [][]float64) {
	var known []weighted
	total, missing := 0.0, 0.0
	for i, part := range parts {
		for r, v := range part.Number {
			w := weights[i][r]
			switch {
			case w == 0:
			case math.IsNaN(v):
				missing += w
			default:
				total += w
				known = append(known, weighted{v, w})
			}
		}
	}
	if total == 0 {
		c.Note = "no training row has a value"
		return
	}
	c.Missing = missing > 0
	if c.Missing {
		c.Median = median(known, total)
		known = append(known, weighted{c.Median, missing})
	}
	mean := 0.0
	for _, k := range known {
		mean += k.weight * k.value
	}
	mean /= total + missing
	variance, square := 0.0, 0.0
	for _, k := range known {
		d := k.value - mean
		variance, square = variance+k.weight*d*d, square+k.weight*k.value*k.value
	}
	center, scale, varies := o.scaling(mean, variance/(total+missing), square/(total+missing))
	if varies {
		c.Center, c.Scale, c.Width = []float64{center}, []float64{scale}, 1
	} else {
		c.Note = "constant over the training rows"
	}
	if c.Missing {
		c.Width++
	}
}

type weighted struct{ value, weight float64 }

// median is the smallest value that has half the weight at or below it; the
// mean of it and the next one where it has exactly half.
func median(known []weighted, total float64) float64 {
	sorted := slices.Clone(known)
	slices.SortFunc(sorted, func(a, b weighted) int {
		switch {
		case a.value < b.value:
			return -1
		case a.value > b.value:
			return 1
		}
		return 0
	})
	below := 0.0
	for i, k := range sorted {
		below += k.weight
		if below*2 > total*(1+1e-12) || i == len(sorted)-1 {
			return k.value
		}
		if math.Abs(below*2-total) <= 1e-12*total {
			return k.value + (sorted[i+1].value-k.value)/2
		}
	}
	return 0
}

// missingLevel is how a missing category is kept among the levels.
const missingLevel = "\x00missing"

func (o Options) fitLevels(c *Column, parts []*kindred.Column, weights [][]float64) {
	count := map[string]float64{}
	var order []string
	for i, part := range parts {
		for r, k := range part.Code {
			if weights[i][r] == 0 {
				continue
			}
			level := missingLevel
			if k >= 0 {
				level = part.Level[k]
			}
			if _, ok := count[level]; !ok {
				order = append(order, level)
			}
			count[level] += weights[i][r]
		}
	}
	slices.Sort(order)
	c.Level = map[string]int{}
	for _, level := range order {
		if count[level] >= o.minLevel() || len(order) == 2 {
			c.Level[level] = c.Width
			c.Width++
		}
	}
	if pooled := len(order) - c.Width; pooled > 0 {
		c.Other, c.Note = c.Width, fmt.Sprintf("%d rare levels share one column", pooled)
		c.Width++
	}
	if len(order) < 2 {
		c.Level, c.Width, c.Other, c.Note = nil, 0, -1, "constant over the training rows"
	}
}

func (o Options) fitVector(c *Column, parts []*kindred.Column, weights [][]float64) {
	c.Vector = parts[0].Vector.Cols
	sparse := parts[0].Vector.Sparse()
	n, sum, square := 0.0, make([]float64, c.Vector), make([]float64, c.Vector)
	for i, part := range parts {
		for r := range part.Vector.Rows {
			w := weights[i][r]
			n += w
			each(part.Vector, r, func(j int, v float64) {
				sum[j] += w * v
				square[j] += w * v * v
			})
		}
	}
	c.Width, c.Scale = c.Vector, make([]float64, c.Vector)
	if !sparse {
		c.Center = make([]float64, c.Vector)
	}
	for j := range c.Scale {
		mean := sum[j] / n
		variance := square[j]/n - mean*mean
		center, scale, varies := o.scaling(mean, variance, square[j]/n)
		if sparse && o.Scale != "none" {
			scale, varies = 1/math.Sqrt(square[j]/n), square[j] > 0
		}
		if varies {
			c.Scale[j] = scale
			if !sparse {
				c.Center[j] = center
			}
		}
	}
}

// each calls f for the stored numbers of a row.
func each(m *num.Matrix, r int, f func(j int, v float64)) {
	index, value := m.Row(r)
	for k, v := range value {
		if index == nil {
			f(k, v)
		} else {
			f(int(index[k]), v)
		}
	}
}

// Width counts the features.
func (p *Prep) Width() int {
	if len(p.Columns) == 0 {
		return 0
	}
	last := p.Columns[len(p.Columns)-1]
	return last.First + last.Width
}

// Schema lists the columns that Transform reads.
func (p *Prep) Schema() kindred.Schema {
	s := make(kindred.Schema, len(p.Columns))
	for j, c := range p.Columns {
		s[j] = kindred.Field{Name: c.Name, Type: c.Type, Width: c.Vector}
	}
	return s
}

// Names lists the features.
func (p *Prep) Names() []string {
	names := make([]string, p.Width())
	for _, c := range p.Columns {
		for k := range c.Width {
			names[c.First+k] = fmt.Sprintf("%s#%d", c.Name, k)
		}
		if c.Type == kindred.Numeric && c.Width > 0 {
			names[c.First] = c.Name
			if c.Missing {
				names[c.First+c.Width-1] = c.Name + "=missing"
			}
		}
		for level, k := range c.Level {
			if level == missingLevel {
				level = "missing"
			}
			names[c.First+k] = c.Name + "=" + level
		}
		if c.Other >= 0 && c.Type == kindred.Categorical && c.Width > 0 {
			names[c.First+c.Other] = c.Name + "=other"
		}
	}
	return names
}

// Notes says what was left out or pooled.
func (p *Prep) Notes() []string {
	var notes []string
	for _, c := range p.Columns {
		if c.Note != "" {
			notes = append(notes, fmt.Sprintf("column %q: %s", c.Name, c.Note))
		}
	}
	return notes
}
