package data

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ReadSplits reads a split file for a table of so many rows: a column row,
// from 1, and one column per split that holds 1 for train and 0 for test. Rows
// it does not list, or whose cell is empty, are −1.
func ReadSplits(path string, rows int) (names []string, train [][]int8, err error) {
	ctx := context.Background()
	o := Options{Path: path}
	text, err := readText(ctx, o)
	if err == nil {
		names, train, err = parseSplits(ctx, text, o, rows)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return names, train, nil
}

func parseSplits(ctx context.Context, text string, o Options, rows int) ([]string, [][]int8, error) {
	format, err := o.format()
	if err != nil {
		return nil, nil, err
	}
	if format == "svmlight" {
		return nil, nil, errors.New("a split file is a table: CSV or TSV")
	}
	s, err := newSheet(ctx, text, separators[format])
	if err != nil {
		return nil, nil, err
	}
	header := s.names()
	at := slices.Index(header, "row")
	if at < 0 || len(header) < 2 {
		return nil, nil, errors.New(`a split file has a column "row", numbered from 1, and one column per split`)
	}
	want := make([]int, len(header))
	for j := range want {
		want[j] = asText
	}
	columns, err := s.columns(ctx, want)
	if err != nil {
		return nil, nil, err
	}
	places, err := rowsOf(columns[at].text, rows)
	if err != nil {
		return nil, nil, err
	}
	var names []string
	var train [][]int8
	for j, c := range columns {
		if j == at {
			continue
		}
		split, err := splitOf(c.text, places, header[j], rows)
		if err != nil {
			return nil, nil, err
		}
		names, train = append(names, header[j]), append(train, split)
	}
	return names, train, nil
}

// rowsOf reads the rows that a split file lists, as places from 0.
func rowsOf(text []string, rows int) ([]int, error) {
	places, seen := make([]int, len(text)), make(map[int]int, len(text))
	for i, cell := range text {
		row, err := strconv.Atoi(strings.TrimSpace(cell))
		if err != nil || row < 1 || row > rows {
			return nil, cellError(i, "row", cell, fmt.Sprintf("is not a row of a table of %d rows, which count from 1", rows))
		}
		if at, ok := seen[row]; ok {
			return nil, cellError(i, "row", cell, fmt.Sprintf("stands in row %d already; list each row once", at+1))
		}
		seen[row], places[i] = i, row-1
	}
	return places, nil
}

func splitOf(text []string, places []int, name string, rows int) ([]int8, error) {
	split := make([]int8, rows)
	for i := range split {
		split[i] = -1
	}
	for i, cell := range text {
		switch strings.TrimSpace(cell) {
		case "1":
			split[places[i]] = 1
		case "0":
			split[places[i]] = 0
		case "":
		default:
			return nil, cellError(i, name, cell, "says nothing; write 1 for train, 0 for test")
		}
	}
	return split, nil
}
