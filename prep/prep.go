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
	"fmt"
	"math"

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
	if err := opts.Check(); err != nil {
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
	for _, t := range tell {
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

// Columns lists, for each feature, the place in Schema of the column that it is
// made of.
func (p *Prep) Columns() []int {
	var columns []int
	for j, f := range p.fields {
		for range f.names(f.Name) {
			columns = append(columns, j)
		}
	}
	return columns
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
