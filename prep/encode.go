package prep

import (
	"context"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/num"
)

// A Shape says what Encode makes of a row: so many numbers, a code of so many
// levels for each category, and so many columns of which most are 0.
type Shape struct {
	Dense  int   `json:"dense"`
	Levels []int `json:"levels,omitempty"`
	Sparse int   `json:"sparse,omitempty"`
}

// Encoded is rows as networks read them. Categories are codes instead of one
// feature a level: the place of the level, −1 where it is unknown.
type Encoded struct {
	Dense  []float32 // rows × Shape.Dense
	Codes  [][]int32 // of each category, one a row
	Start  []int     // row i has the sparse numbers Start[i] to Start[i+1]
	Index  []int32   // their columns
	Sparse []float32 // and they
	errs   []error   // of each block
	parts  []rows    // the sparse numbers of each block
}

// what kinds of inputs a column makes.
func (f *field) sparseInput() bool {
	v, ok := f.column.(*vector)
	return f.Type == kindred.Text || ok && v.IsSparse
}

// Shape is what Encode makes of a row.
func (p *Prep) Shape() Shape {
	var s Shape
	for i := range p.fields {
		f := &p.fields[i]
		switch {
		case f.width() == 0:
		case f.Type == kindred.Categorical:
			s.Levels = append(s.Levels, f.width())
		case f.sparseInput():
			s.Sparse += f.width()
		default:
			s.Dense += f.width()
		}
	}
	return s
}

// Encode makes the rows named (nil: all) ready for a network, as Transform does
// for other models.
func (p *Prep) Encode(ctx context.Context, t *kindred.Table, named []int) (*Encoded, error) {
	readers, err := p.match(t)
	if err != nil {
		return nil, err
	}
	s := span{rows: named, hi: len(named)}
	if named == nil {
		s.hi = t.Len()
	}
	shape := p.Shape()
	e := &Encoded{Dense: make([]float32, s.hi*shape.Dense), Codes: make([][]int32, len(shape.Levels)), Start: []int{0},
		errs: make([]error, blocks(s)), parts: make([]rows, blocks(s))}
	for c := range e.Codes {
		e.Codes[c] = make([]int32, s.hi)
	}
	num.For(blocks(s), func(k int) {
		if e.errs[k] = ctx.Err(); e.errs[k] == nil {
			e.errs[k] = p.encode(e, k, shape, readers, s.block(k))
		}
	})
	if err := firstOf(e.errs); err != nil {
		return nil, err
	}
	for _, part := range e.parts {
		at := len(e.Index)
		e.Index = append(e.Index, part.index...)
		for _, v := range part.value {
			e.Sparse = append(e.Sparse, float32(v))
		}
		for _, end := range part.end {
			e.Start = append(e.Start, at+end)
		}
	}
	e.errs, e.parts = nil, nil
	return e, nil
}

// encode makes one block of rows.
func (p *Prep) encode(e *Encoded, k int, shape Shape, readers []reader, s span) error {
	n := s.hi - s.lo
	wide, at, category := make([]float64, n*shape.Dense), 0, 0
	for j, from := range readers {
		f := &p.fields[j]
		var err error
		switch {
		case from == nil || f.sparseInput():
			continue
		case f.Type == kindred.Categorical:
			err = codes(e.Codes[category][s.lo:s.hi], from.(*levelReader), s)
			category++
		default:
			err = from.dense(wide[at:], shape.Dense, s)
			at += f.width()
		}
		if err != nil {
			return p.inColumn(j, err)
		}
	}
	for i, v := range wide {
		e.Dense[s.lo*shape.Dense+i] = float32(v)
	}
	return p.encodeSparse(&e.parts[k], readers, s)
}

// codes fills out with the levels of the rows of s.
func codes(out []int32, from *levelReader, s span) error {
	for i := range out {
		level, err := from.of(s.at(i))
		if err != nil {
			return err
		}
		out[i] = int32(level)
	}
	return nil
}

// encodeSparse makes the sparse inputs of a block.
func (p *Prep) encodeSparse(out *rows, readers []reader, s span) error {
	for i := range s.hi - s.lo {
		first := 0
		for j, from := range readers {
			if from == nil || !p.fields[j].sparseInput() {
				continue
			}
			if err := from.sparse(out, first, s.at(i)); err != nil {
				return p.inColumn(j, err)
			}
			first += p.fields[j].width()
		}
		out.end = append(out.end, len(out.value))
	}
	return nil
}
