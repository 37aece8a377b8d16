package prep

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/catalog"
	"github.com/kindred-mtl/kindred/num"
)

// block is how many rows are transformed at a time.
const block = 256

// A span is the rows lo to hi, or the rows with these places in rows.
type span struct {
	rows   []int
	lo, hi int
}

// at is the i-th row.
func (s span) at(i int) int {
	if s.rows == nil {
		return s.lo + i
	}
	return s.rows[s.lo+i]
}

func inRow(r int, err error) error { return fmt.Errorf("row %d: %w", r+1, err) }

func firstOf(errs []error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Transform makes the design of the rows named (nil: all), rows × Width. It
// finds columns by name and levels by name. A missing number is imputed, also
// where no training row missed one; a missing category where no training row
// missed one is an unknown level.
func (p *Prep) Transform(ctx context.Context, t *kindred.Table, rows []int) (*num.Matrix, error) {
	readers, err := p.match(t)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		if r < 0 || r >= t.Len() {
			return nil, fmt.Errorf("row %d of a table of %d rows", r+1, t.Len())
		}
	}
	all := span{rows: rows, hi: len(rows)}
	if rows == nil {
		all.hi = t.Len()
	}
	if p.sparse {
		return p.transformSparse(ctx, readers, all)
	}
	return p.transformDense(ctx, readers, all)
}

// match finds the columns of t, in the order of p; a reader is nil where the
// column is left out.
func (p *Prep) match(t *kindred.Table) ([]reader, error) {
	if t == nil {
		return nil, errors.New("no table")
	}
	readers := make([]reader, len(p.fields))
	for j, f := range p.fields {
		var c *kindred.Column
		if j < len(t.Columns) && t.Columns[j].Name == f.Name {
			c = &t.Columns[j]
		} else if c = t.Column(f.Name); c == nil {
			return nil, catalog.Unknown("column", f.Name, t.Schema().Names())
		}
		if c.Type != f.Type {
			return nil, fmt.Errorf("column %q is %v; it was learned from as %v", f.Name, c.Type, f.Type)
		}
		if c.Len() != t.Len() {
			return nil, fmt.Errorf("column %q has %d rows where column %q has %d", f.Name, c.Len(), t.Columns[0].Name, t.Len())
		}
		if c.Vector != nil && c.Vector.Cols != f.Width {
			return nil, fmt.Errorf("column %q has %d numbers a row; it was learned from with %d", f.Name, c.Vector.Cols, f.Width)
		}
		if f.width() > 0 {
			readers[j] = f.bind(c)
		}
	}
	return readers, nil
}

// inColumn says which column an error is about.
func (p *Prep) inColumn(j int, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("column %q, %w", p.fields[j].Name, err)
}

func blocks(s span) int { return (s.hi - s.lo + block - 1) / block }

// block is the k-th block of rows.
func (s span) block(k int) span {
	lo := s.lo + k*block
	return span{s.rows, lo, min(s.hi, lo+block)}
}

func (p *Prep) transformDense(ctx context.Context, readers []reader, s span) (*num.Matrix, error) {
	width := p.Width()
	out := num.NewMatrix(s.hi, width)
	errs := make([]error, blocks(s))
	num.For(len(errs), func(k int) {
		if errs[k] = ctx.Err(); errs[k] == nil {
			part := s.block(k)
			errs[k] = p.fillDense(out.Data[part.lo*width:part.hi*width], readers, part)
		}
	})
	return out, firstOf(errs)
}

// together is how many rows are filled column by column, few enough for their
// pages to be remembered.
const together = 32

// fillDense sets out, which holds zeros, to the rows of s.
func (p *Prep) fillDense(out []float64, readers []reader, s span) error {
	width := len(out) / (s.hi - s.lo)
	for ; s.lo < s.hi; s.lo += together {
		part := span{s.rows, s.lo, min(s.hi, s.lo+together)}
		if err := p.fillFew(out, width, readers, part); err != nil {
			return err
		}
		out = out[(part.hi-part.lo)*width:]
	}
	return nil
}

func (p *Prep) fillFew(out []float64, width int, readers []reader, s span) error {
	first := 0
	for j, from := range readers {
		if from == nil {
			continue
		}
		if err := from.dense(out[first:], width, s); err != nil {
			return p.inColumn(j, err)
		}
		first += p.fields[j].width()
	}
	return nil
}

// Blocks makes the design of all rows a block at a time and hands each to use,
// side by side: x is the rows from lo on, in a buffer that is used again.
func (p *Prep) Blocks(ctx context.Context, t *kindred.Table, use func(lo int, x *num.Matrix)) error {
	readers, err := p.match(t)
	if err != nil {
		return err
	}
	type buffer struct {
		dense  []float64
		sparse rows
		ptr    []int
	}
	width, all, free := p.Width(), span{hi: t.Len()}, sync.Pool{New: func() any { return &buffer{} }}
	errs := make([]error, blocks(all))
	num.For(len(errs), func(k int) {
		if errs[k] = ctx.Err(); errs[k] != nil {
			return
		}
		b, s := free.Get().(*buffer), all.block(k)
		defer free.Put(b)
		n := s.hi - s.lo
		if p.sparse {
			if errs[k] = p.fill(&b.sparse, readers, s); errs[k] == nil {
				b.ptr = append(append(b.ptr[:0], 0), b.sparse.end...)
				use(s.lo, num.NewSparse(width, b.ptr, b.sparse.index, b.sparse.value))
			}
			return
		}
		if b.dense == nil {
			b.dense = make([]float64, block*width)
		}
		x := &num.Matrix{Rows: n, Cols: width, Data: b.dense[:n*width]}
		clear(x.Data)
		if errs[k] = p.fillDense(x.Data, readers, s); errs[k] == nil {
			use(s.lo, x)
		}
	})
	return firstOf(errs)
}

// rows are sparse rows, one after the other.
type rows struct {
	end   []int
	index []int32
	value []float64
}

// add puts v into feature j of the row being written.
func (r *rows) add(j int, v float64) {
	if v != 0 {
		r.index, r.value = append(r.index, int32(j)), append(r.value, v)
	}
}

// transformSparse makes some blocks at a time, in buffers that are used again,
// and copies them behind one another.
func (p *Prep) transformSparse(ctx context.Context, readers []reader, s span) (*num.Matrix, error) {
	all := &rows{end: make([]int, 1, s.hi+1)}
	buffers := make([]rows, 4*runtime.GOMAXPROCS(0))
	errs := make([]error, len(buffers))
	for done := 0; done < blocks(s); done += len(buffers) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		now := min(len(buffers), blocks(s)-done)
		num.For(now, func(k int) { errs[k] = p.fill(&buffers[k], readers, s.block(done+k)) })
		if err := firstOf(errs[:now]); err != nil {
			return nil, err
		}
		all.take(buffers[:now], s.hi)
	}
	return num.NewSparse(p.Width(), all.end, all.index, all.value), nil
}

// fill sets out to the rows of s.
func (p *Prep) fill(out *rows, readers []reader, s span) error {
	out.end, out.index, out.value = out.end[:0], out.index[:0], out.value[:0]
	for i := range s.hi - s.lo {
		first := 0
		for j, from := range readers {
			if from == nil {
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

// take appends the buffers; of n rows in all, those to come are expected to be
// as long as those there are.
func (r *rows) take(buffers []rows, n int) {
	start := make([]int, len(buffers))
	size := len(r.value)
	for k, b := range buffers {
		start[k] = size
		for _, e := range b.end {
			r.end = append(r.end, size+e)
		}
		size += len(b.value)
	}
	if size > cap(r.value) || size > cap(r.index) {
		done := len(r.end) - 1
		room := size + int(float64(size)/float64(done)*float64(n-done)*1.0625)
		r.index, r.value = grown(r.index, room), grown(r.value, room)
	}
	r.index, r.value = r.index[:size], r.value[:size]
	num.For(len(buffers), func(k int) {
		copy(r.index[start[k]:], buffers[k].index)
		copy(r.value[start[k]:], buffers[k].value)
	})
}

// grown is a copy of v with this capacity.
func grown[E any](v []E, capacity int) []E { return append(make([]E, 0, capacity), v...) }
