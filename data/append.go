package data

import (
	"bytes"
	"context"
	"errors"
	"io"
	"runtime"
	"strings"

	"github.com/kindred-mtl/kindred/num"
)

// An Addition is a column that is written behind those of a file. Cell appends
// its cell of a row to b.
type Addition struct {
	Name string
	Cell func(b []byte, row int) []byte
}

// Records are the cells of the file, row by row; nil where Options did not ask
// to keep them.
func (f *File) Records() [][]string {
	if f.sheet == nil {
		return nil
	}
	return f.sheet.records()
}

// WriteWith writes the table as it was read, with more columns. Cells stand
// apart by comma and are put in quotes where they must be. The text is made in
// pieces, side by side.
func (f *File) WriteWith(ctx context.Context, w io.Writer, comma byte, more ...Addition) error {
	if f.sheet == nil {
		return errors.New("the records were not kept")
	}
	header := appendRow(nil, f.Header, comma)
	for _, a := range more {
		header = appendCell(append(header, comma), a.Name, comma)
	}
	if _, err := w.Write(append(header, '\n')); err != nil {
		return err
	}
	end := func(b []byte, row int) []byte {
		for _, a := range more {
			b = append(b, comma)
			start := len(b)
			b = a.Cell(b, row)
			if cell := b[start:]; mustQuote(cell, comma) {
				b = appendCell(b[:start], string(cell), comma)
			}
		}
		return append(b, '\n')
	}
	buffers := make([][]byte, 4*runtime.GOMAXPROCS(0))
	for first := 0; first < f.sheet.pieces(); first += len(buffers) {
		if err := ctx.Err(); err != nil {
			return err
		}
		now := buffers[:min(len(buffers), f.sheet.pieces()-first)]
		num.For(len(now), func(k int) { now[k] = f.sheet.piece(now[k][:0], first+k, comma, end) })
		for _, b := range now {
			if _, err := w.Write(b); err != nil {
				return err
			}
		}
	}
	return nil
}

func appendRow(b []byte, cells []string, comma byte) []byte {
	for j, cell := range cells {
		if j > 0 {
			b = append(b, comma)
		}
		b = appendCell(b, cell, comma)
	}
	return b
}

// appendCell puts a cell into quotes where it must be (RFC 4180).
func appendCell(b []byte, cell string, comma byte) []byte {
	if !mustQuote([]byte(cell), comma) {
		return append(b, cell...)
	}
	b = append(b, '"')
	b = append(b, strings.ReplaceAll(cell, `"`, `""`)...)
	return append(b, '"')
}

func mustQuote(cell []byte, comma byte) bool {
	return bytes.IndexByte(cell, comma) >= 0 || bytes.ContainsAny(cell, "\"\r\n")
}
