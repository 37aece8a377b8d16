package data

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// maxLine is the longest line read, and maxColumns the widest.
const (
	maxLine    = 64 << 20
	maxColumns = 1 << 20
)

// readRecords reads the header and the rows of a CSV or TSV file, of which
// every row has as many cells as the header.
func readRecords(ctx context.Context, o Options) ([]string, [][]string, error) {
	switch o.Format {
	case "", "csv", "tsv":
	default:
		return nil, nil, fmt.Errorf("no format %q; there are csv and tsv", o.Format)
	}
	in := o.Stdin
	if o.Path != "-" {
		f, err := os.Open(o.Path)
		if err != nil {
			return nil, nil, err
		}
		defer f.Close()
		in = f
	}
	plain, err := decompress(in)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", o.name(), err)
	}
	c := csv.NewReader(&lines{r: plain})
	c.FieldsPerRecord = -1
	if o.Format == "tsv" || o.Format == "" && strings.Contains(filepath.Base(o.Path), ".tsv") {
		c.Comma = '\t'
	}
	header, records, err := readAll(ctx, c)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", o.name(), err)
	}
	return header, records, nil
}

func readAll(ctx context.Context, c *csv.Reader) ([]string, [][]string, error) {
	header, err := c.Read()
	if errors.Is(err, io.EOF) {
		return nil, nil, errors.New("the file is empty; its first line must name the columns")
	}
	if err != nil {
		return nil, nil, explain(err)
	}
	seen := map[string]int{}
	for i, name := range header {
		if at, ok := seen[name]; ok {
			return nil, nil, fmt.Errorf("line 1: columns %d and %d are both called %q; give each a name of its own", at+1, i+1, name)
		}
		if seen[name] = i; strings.TrimSpace(name) == "" {
			return nil, nil, fmt.Errorf("line 1: column %d has no name", i+1)
		}
	}
	if len(header) > maxColumns {
		return nil, nil, fmt.Errorf("line 1: %d columns; at most %d are read", len(header), maxColumns)
	}
	var records [][]string
	for {
		rec, err := c.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, explain(err)
		}
		if len(rec) != len(header) {
			line, _ := c.FieldPos(0)
			return nil, nil, fmt.Errorf("line %d (row %d) has %d cells where the header names %d columns", line, len(records)+1, len(rec), len(header))
		}
		if records = append(records, rec); len(records)%4096 == 0 && ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
	}
	if len(records) == 0 {
		return nil, nil, errors.New("there is a header and no row below it")
	}
	return header, records, nil
}

// explain puts a reader's error into words.
func explain(err error) error {
	var parse *csv.ParseError
	switch {
	case errors.As(err, &parse) && !errors.Is(parse.Err, errLong):
		return fmt.Errorf("line %d, character %d: %w; put cells that hold quotes into quotes and double the quotes inside", parse.Line, parse.Column, parse.Err)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, gzip.ErrChecksum), errors.Is(err, zstd.ErrMagicMismatch):
		return fmt.Errorf("the compressed data are cut off or damaged (%w); copy the file again", err)
	}
	return err
}

// decompress takes off a byte-order mark, gzip and zstd, by their first bytes.
func decompress(in io.Reader) (io.Reader, error) {
	b := bufio.NewReaderSize(in, 1<<16)
	magic, _ := b.Peek(4)
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(b)
		if err != nil {
			return nil, explain(err)
		}
		b = bufio.NewReaderSize(z, 1<<16)
	case bytes.HasPrefix(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(b, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(1<<30))
		if err != nil {
			return nil, explain(err)
		}
		b = bufio.NewReaderSize(z, 1<<16)
	}
	if mark, _ := b.Peek(3); bytes.Equal(mark, []byte{0xef, 0xbb, 0xbf}) {
		b.Discard(3)
	}
	return b, nil
}

var errLong = errors.New("line too long")

// lines refuses lines longer than maxLine, which a quote that is never closed
// makes of a whole file.
type lines struct {
	r io.Reader
	n int
}

func (l *lines) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if i := bytes.LastIndexByte(p[:n], '\n'); i >= 0 {
		l.n = n - i - 1
	} else {
		l.n += n
	}
	if l.n > maxLine {
		return n, fmt.Errorf("%w: more than %d bytes without an end of line", errLong, maxLine)
	}
	return n, err
}

// ReadSplits reads a split file for a table of so many rows: a column row,
// from 1, and one column per split that holds 1 for train and 0 for test. Rows
// it does not list are −1.
func ReadSplits(path string, rows int) (names []string, train [][]int8, err error) {
	header, records, err := readRecords(context.Background(), Options{Path: path})
	if err != nil {
		return nil, nil, err
	}
	if header[0] != "row" || len(header) < 2 {
		return nil, nil, fmt.Errorf("%s: the first column of a split file is called row, each other one is a split", path)
	}
	train = make([][]int8, len(header)-1)
	for k := range train {
		train[k] = bytesOf(-1, rows)
	}
	for i, rec := range records {
		row, err := strconv.Atoi(rec[0])
		if err != nil || row < 1 || row > rows {
			return nil, nil, fmt.Errorf("%s, row %d: %q is not a row of a table of %d rows", path, i+1, short(rec[0]), rows)
		}
		for k, cell := range rec[1:] {
			switch cell {
			case "0", "1":
				train[k][row-1] = int8(cell[0] - '0')
			case "":
			default:
				return nil, nil, fmt.Errorf("%s, row %d, column %q: %q; write 1 for train and 0 for test", path, i+1, header[k+1], short(cell))
			}
		}
	}
	return header[1:], train, nil
}

func bytesOf(v int8, n int) []int8 {
	out := make([]int8, n)
	for i := range out {
		out[i] = v
	}
	return out
}
