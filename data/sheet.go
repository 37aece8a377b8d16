package data

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// maxColumns is the widest table read.
const maxColumns = 1 << 20

// What to read a column as. A column may be read as both.
const (
	asNumber = 1 << iota
	asText
)

// cells are one column of a sheet.
type cells struct {
	number []float64 // NaN: missing
	text   []string  // as in the file
	bad    int       // the first row whose cell is no number; −1: there is none
}

// put stores a cell.
func (c *cells) put(row int, cell string) (ok bool) {
	ok = true
	if c.text != nil {
		c.text[row] = cell
	}
	if c.number != nil {
		c.number[row], ok = number(cell)
	}
	return ok
}

// newCells makes room for the columns wanted.
func newCells(rows int, want []int) []cells {
	out := make([]cells, len(want))
	for j, w := range want {
		out[j].bad = -1
		if w&asNumber != 0 {
			out[j].number = make([]float64, rows)
		}
		if w&asText != 0 {
			out[j].text = make([]string, rows)
		}
	}
	return out
}

// A sheet is rows of cells below a header. columns refuses rows that are not
// as wide as it.
type sheet interface {
	header() []string // as in the file
	names() []string  // trimmed and distinct
	rows() int
	columns(ctx context.Context, want []int) ([]cells, error)
	records() [][]string
	head(n int) [][]string // the first rows, n at most; of any width
	// piece appends the rows of piece k of pieces as text; end ends a row.
	piece(b []byte, k int, comma byte, end func(b []byte, row int) []byte) []byte
	pieces() int
}

// newSheet picks the reader: files without a quote, which most tables of
// numbers are, take the fast one. Both read the same from the same text.
func newSheet(ctx context.Context, text string, comma byte) (sheet, error) {
	if strings.IndexByte(text, '"') >= 0 {
		return newQuoted(ctx, text, comma)
	}
	return newPlain(ctx, text, comma)
}

var (
	errEmpty  = errors.New("the file is empty; its first line must name the columns")
	errNoRows = errors.New("there is a header and no row below it")
)

func ragged(line, row, cells, columns int) error {
	return fmt.Errorf("line %d (row %d) has %s where the header names %s; give every row a cell for each column, empty where it is unknown", line, row+1, several(cells, "cell"), several(columns, "column"))
}

func several(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprint(n, " ", what)
}

// named are a header and its names.
type named struct{ cells, trimmed []string }

func (n *named) header() []string { return n.cells }
func (n *named) names() []string  { return n.trimmed }

// newNamed checks a header. A first column without a name, as some programs
// write for row numbers, is called unnamed.
func newNamed(header []string) (named, error) {
	if len(header) > maxColumns {
		return named{}, fmt.Errorf("line 1 has %d columns; at most %d are read", len(header), maxColumns)
	}
	n := named{cells: header, trimmed: make([]string, len(header))}
	seen := make(map[string]int, len(header))
	for i, cell := range header {
		name := strings.TrimSpace(cell)
		if name == "" && i == 0 && len(header) > 1 {
			name = "unnamed"
		}
		if name == "" {
			return n, fmt.Errorf("line 1: column %d has no name; the first line must name every column", i+1)
		}
		if at, ok := seen[name]; ok {
			return n, fmt.Errorf("line 1: columns %d and %d are both called %q; give each a name of its own", at+1, i+1, short(name))
		}
		seen[name], n.trimmed[i] = i, strings.Clone(name)
	}
	return n, nil
}
