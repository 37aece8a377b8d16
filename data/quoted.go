package data

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/kindred-mtl/kindred/num"
)

// quoted is a sheet of which some cells are in quotes (RFC 4180).
type quoted struct {
	named
	lines [][]string
}

func newQuoted(ctx context.Context, text string, comma byte) (*quoted, error) {
	c := csv.NewReader(strings.NewReader(text))
	c.FieldsPerRecord, c.Comma = -1, rune(comma)
	header, err := c.Read()
	if errors.Is(err, io.EOF) {
		return nil, errEmpty
	}
	if err != nil {
		return nil, explain(err)
	}
	q := &quoted{}
	if q.named, err = newNamed(header); err != nil {
		return nil, err
	}
	for {
		record, err := c.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, explain(err)
		}
		if len(record) != len(header) {
			line, _ := c.FieldPos(0)
			return nil, ragged(line, len(q.lines), len(record), len(header))
		}
		if q.lines = append(q.lines, record); len(q.lines)%4096 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	if len(q.lines) == 0 {
		return nil, errNoRows
	}
	return q, nil
}

// explain puts an error of encoding/csv into words.
func explain(err error) error {
	var parse *csv.ParseError
	if !errors.As(err, &parse) {
		return err
	}
	return fmt.Errorf("line %d, character %d: %w; put a cell that holds quotes into quotes, and double the quotes inside", parse.Line, parse.Column, parse.Err)
}

func (q *quoted) rows() int             { return len(q.lines) }
func (q *quoted) records() [][]string   { return q.lines }
func (q *quoted) head(n int) [][]string { return q.lines[:min(n, len(q.lines))] }

// pieceRows is how many rows of quoted cells are written by one worker.
const pieceRows = 4096

func (q *quoted) pieces() int { return (len(q.lines) + pieceRows - 1) / pieceRows }

func (q *quoted) piece(b []byte, k int, comma byte, end func([]byte, int) []byte) []byte {
	for row := k * pieceRows; row < min((k+1)*pieceRows, len(q.lines)); row++ {
		b = end(appendRow(b, q.lines[row], comma), row)
	}
	return b
}

func (q *quoted) columns(ctx context.Context, want []int) ([]cells, error) {
	out := newCells(len(q.lines), want)
	num.For(len(out), func(j int) {
		if want[j] == 0 || ctx.Err() != nil {
			return
		}
		for i, record := range q.lines {
			if !out[j].put(i, record[j]) && out[j].bad < 0 {
				out[j].bad = i
			}
		}
	})
	return out, ctx.Err()
}
