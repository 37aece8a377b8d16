// Package prep turns the columns of a table into a numeric design. It is
// fitted on training rows only and kept in the model.
//
//   - Numbers: missing ones become the median, with an indicator feature where
//     training rows miss some; then mean 0 and standard deviation 1.
//   - Categories: a feature of 0 and 1 for each level, never centred. Rare
//     levels share one feature, other; so do levels never seen, and without
//     such a feature these are none of the levels.
//   - Text: hashed word and character n-grams, TF-IDF, rows of unit length.
//   - Vectors: dense ones as numbers; sparse ones are scaled, never centred.
//
// A row of a table counts with the summed weights of the tasks that list it:
// a row of weight 2 is the row twice, and tasks with copies of a table are
// tasks that share it. A row of weight 0 counts as little as one not listed.
package prep

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/num"
)

// A Prep is a fitted preparation. It is immutable and safe for concurrent use.
type Prep struct {
	options Options
	sparse  bool // the design is sparse
	fields  []field
}

// A field is a column of the table and the features made of it.
type field struct {
	kindred.Field
	column
	note string
}

// A column knows how one column of a table becomes features.
type column interface {
	// width counts the features; 0: the column is left out.
	width() int
	// names lists them, for a column of this name.
	names(column string) []string
	// bind prepares the reading of a column of another table.
	bind(from *kindred.Column) reader
	// tensors are what is large of the column, by name.
	tensors() map[string][]float64
	// restore takes the tensors back, checks everything that was read, and
	// makes what is derived of it.
	restore(o Options, f kindred.Field, tensors map[string][]float64) error
}

// A reader computes the features of rows of one column.
type reader interface {
	// dense fills the features of the rows of s: row i of them starts at
	// out[i·stride]. out holds zeros.
	dense(out []float64, stride int, s span) error
	// sparse appends the features of row r that are not 0, ascending; the
	// first feature of the column is first.
	sparse(out *rows, first int, r int) error
}

// What a column's fit tells besides the column.
type told struct {
	note   string
	stored float64 // expected numbers other than 0 in a row
	sparse bool    // the design must be sparse
	err    error
}

// Fit learns a preparation from the rows that the tasks of s list.
func Fit(ctx context.Context, opts Options, s *kindred.Set) (*Prep, error) {
	if err := opts.check(); err != nil {
		return nil, err
	}
	from, err := newSample(s)
	if err != nil {
		return nil, err
	}
	p := &Prep{options: opts, fields: make([]field, len(from.schema))}
	tell := make([]told, len(p.fields))
	num.For(len(p.fields), func(j int) {
		if tell[j].err = ctx.Err(); tell[j].err == nil {
			f := &p.fields[j]
			f.Field = from.schema[j]
			f.column, tell[j] = opts.fit(ctx, from, j)
			f.note = tell[j].note
		}
	})
	stored := 0.0
	for j, t := range tell {
		if t.err != nil {
			return nil, t.err
		}
		p.sparse = p.sparse || t.sparse
		stored += t.stored
	}
	width := p.Width()
	if width > math.MaxInt32 {
		return nil, fmt.Errorf("prep: %d features are too many", width)
	}
	p.sparse = p.sparse || width > 64 && stored < 0.25*float64(width)
	return p, nil
}

func (o Options) fit(ctx context.Context, s *sample, j int) (column, told) {
	switch s.schema[j].Type {
	case kindred.Numeric:
		return o.fitNumbers(s, j)
	case kindred.Categorical:
		return o.fitLevels(s, j)
	case kindred.Text:
		return o.fitText(ctx, s, j)
	case kindred.Vector:
		return o.fitVector(s, j)
	}
	return nil, told{err: fmt.Errorf("prep: column %q is of type %v", s.schema[j].Name, s.schema[j].Type)}
}

// Width counts the features.
func (p *Prep) Width() int {
	width := 0
	for _, f := range p.fields {
		width += f.width()
	}
	return width
}

// Sparse tells whether Transform makes sparse matrices.
func (p *Prep) Sparse() bool { return p.sparse }

// Names lists the features: age, age=missing, sex=F, sex=other, text#123.
func (p *Prep) Names() []string {
	var names []string
	for _, f := range p.fields {
		names = append(names, f.names(f.Name)...)
	}
	return names
}

// Schema lists the columns that Transform reads, those left out included.
func (p *Prep) Schema() kindred.Schema {
	s := make(kindred.Schema, len(p.fields))
	for j, f := range p.fields {
		s[j] = f.Field
	}
	return s
}

// Notes says what was left out or pooled.
func (p *Prep) Notes() []string {
	var notes []string
	for _, f := range p.fields {
		if f.note != "" {
			notes = append(notes, fmt.Sprintf("column %q: %s", f.Name, f.note))
		}
	}
	return notes
}

// A sample is the rows to learn from: those of weight above 0, table by table
// in the tables' order.
type sample struct {
	schema kindred.Schema
	tables []*kindred.Table
	rows   [][]int   // of each table; nil: all of them
	weight []float64 // of all rows of all tables
	total  float64
}

func newSample(s *kindred.Set) (*sample, error) {
	out := &sample{tables: s.Tables()}
	weights := make(map[*kindred.Table][]float64, len(out.tables))
	for i, t := range out.tables {
		if err := checkTable(t); err != nil {
			return nil, err
		}
		if i > 0 && !slices.Equal(t.Schema(), out.tables[0].Schema()) {
			return nil, errors.New("the tasks' tables differ in their columns; all tables of a set have the same ones, in the same order")
		}
		weights[t] = make([]float64, t.Len())
	}
	for i := range s.Tasks {
		if err := addWeights(weights[s.Tasks[i].Table], &s.Tasks[i]); err != nil {
			return nil, fmt.Errorf("task %q: %w", s.Tasks[i].Name, err)
		}
	}
	for _, t := range out.tables {
		out.list(weights[t])
	}
	out.total = num.Sum(out.weight)
	if len(out.weight) == 0 {
		return nil, errors.New("no row has a label and a weight above 0: there is nothing to prepare from")
	}
	if math.IsInf(out.total, 0) {
		return nil, errors.New("the rows' weights are too large to be added up")
	}
	out.schema = out.tables[0].Schema()
	return out, nil
}

// checkTable checks the shape of a table; its numbers are checked as they are
// read.
func checkTable(t *kindred.Table) error {
	if t == nil {
		return errors.New("a task has no table")
	}
	n, seen := t.Len(), make(map[string]bool, len(t.Columns))
	for i := range t.Columns {
		c := &t.Columns[i]
		if seen[c.Name] {
			return fmt.Errorf("two columns are called %q", c.Name)
		}
		seen[c.Name] = true
		if c.Len() != n {
			return fmt.Errorf("column %q has %d rows where column %q has %d", c.Name, c.Len(), t.Columns[0].Name, n)
		}
	}
	return nil
}

// addWeights adds the weights of the rows that t lists.
func addWeights(w []float64, t *kindred.Task) error {
	if t.Weight != nil && len(t.Weight) != len(t.Rows) {
		return fmt.Errorf("it lists %d rows and %d weights", len(t.Rows), len(t.Weight))
	}
	for k, r := range t.Rows {
		if r < 0 || r >= len(w) {
			return fmt.Errorf("it lists row %d of a table of %d rows", r+1, len(w))
		}
		v := weight(t, k)
		if !(v >= 0 && v <= math.MaxFloat64) {
			return fmt.Errorf("row %d: weight %v; a weight is a number from 0 up", r+1, v)
		}
		w[r] += v
	}
	return nil
}

// list adds the rows of a table that have a weight.
func (s *sample) list(weights []float64) {
	if !slices.Contains(weights, 0) {
		s.rows, s.weight = append(s.rows, nil), append(s.weight, weights...)
		return
	}
	listed := []int{}
	for r, w := range weights {
		if w > 0 {
			listed, s.weight = append(listed, r), append(s.weight, w)
		}
	}
	s.rows = append(s.rows, listed)
}

// listed counts the rows of table i.
func (s *sample) listed(i int) int {
	if s.rows[i] == nil {
		return s.tables[i].Len()
	}
	return len(s.rows[i])
}

// row is the k-th row of table i.
func (s *sample) row(i, k int) int {
	if s.rows[i] == nil {
		return k
	}
	return s.rows[i][k]
}

// gather takes what get finds in a column of each table, for the rows of the
// sample. It may return the column itself.
func gather[E any](s *sample, j int, get func(*kindred.Column) []E) []E {
	if len(s.tables) == 1 && s.rows[0] == nil {
		return get(&s.tables[0].Columns[j])
	}
	out := make([]E, 0, len(s.weight))
	for i, t := range s.tables {
		from := get(&t.Columns[j])
		if s.rows[i] == nil {
			out = append(out, from...)
			continue
		}
		for _, r := range s.rows[i] {
			out = append(out, from[r])
		}
	}
	return out
}
