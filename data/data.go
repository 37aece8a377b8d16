// Package data reads files into Sets: CSV and TSV, plain or compressed.
//
// Own rows: a task column names the task of each row. Shared rows: several
// target columns, any cell of which may be empty. With both, the tasks are the
// pairs.
package data

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/catalog"
)

// Options say how a file becomes tasks.
type Options struct {
	Path   string    // "-": Stdin
	Stdin  io.Reader // read where Path is "-"
	Format string    // "csv" or "tsv"; "": by the name, else csv

	Task    string   // column that names the task of each row; "": shared rows
	Targets []string // columns to predict

	Kinds       map[string]kindred.Kind // of targets; others are inferred
	Types       map[string]kindred.Type // of columns; others are inferred
	Drop        []string                // columns not to learn from
	Keep        []string                // where set, the only columns to learn from
	Weight      string                  // column of row weights
	Group       string                  // column of groups
	Time        string                  // column of times
	Split       string                  // column of train and test
	TaskWeights map[string]float64      // factors of a task's row weights

	Schema      kindred.Schema // where set, exactly the columns to learn from
	KeepRecords bool           // keep the cells in File.Records
}

// A File is what was read.
type File struct {
	Name     string
	Set      *kindred.Set   // nil where no target was named
	Table    *kindred.Table // every row of the file
	Columns  []ColumnInfo   // every column of the file
	TaskOf   []string       // the task column's cells
	SplitOf  []string       // the split column's cells
	Warnings []string
	Header   []string
	Records  [][]string // where KeepRecords asked for them
}

// ColumnInfo says what a column was taken for.
type ColumnInfo struct {
	Name     string `json:"name"`
	Role     string `json:"role"` // feature, task, target, weight, group, time, split, dropped
	Type     string `json:"type"` // numeric, categorical, text, constant, id-like; of a target its kind
	Note     string `json:"note,omitempty"`
	Missing  int    `json:"missing"`
	Distinct int    `json:"distinct"`
}

// Read reads a file.
func Read(ctx context.Context, o Options) (*File, error) {
	header, records, err := readRecords(ctx, o)
	if err != nil {
		return nil, err
	}
	r := &reader{Options: o, header: header, records: records, file: &File{Name: o.name(), Header: header, Table: &kindred.Table{}}}
	if o.KeepRecords {
		r.file.Records = records
	}
	for _, step := range []func() error{r.roles, r.features, r.keys, r.tasks} {
		if err := step(); err != nil {
			return nil, fmt.Errorf("%s: %w", o.name(), err)
		}
	}
	return r.file, ctx.Err()
}

func (o Options) name() string {
	if o.Path == "-" {
		return "standard input"
	}
	return o.Path
}

// A reader turns records into a File, step by step.
type reader struct {
	Options
	header  []string
	records [][]string
	role    []string // of each column
	file    *File
}

// find returns the place of a column.
func (r *reader) find(name string) (int, error) {
	if i := slices.Index(r.header, name); i >= 0 {
		return i, nil
	}
	return 0, catalog.Unknown("column", name, r.header)
}

// roles gives each column named by an option its role.
func (r *reader) roles() error {
	r.role = make([]string, len(r.header))
	named := []struct{ role, column string }{{"task", r.Task}, {"weight", r.Weight}, {"group", r.Group}, {"time", r.Time}, {"split", r.Split}}
	for _, t := range r.Targets {
		named = append(named, struct{ role, column string }{"target", t})
	}
	for _, n := range named {
		if n.column == "" {
			continue
		}
		i, err := r.find(n.column)
		if err != nil {
			if r.Schema != nil && n.role == "task" {
				return fmt.Errorf("the model tells tasks apart by a column %q: %w", n.column, err)
			}
			return err
		}
		if r.role[i] != "" {
			return fmt.Errorf("column %q is named as %s and as %s", n.column, r.role[i], n.role)
		}
		r.role[i] = n.role
	}
	for _, list := range [][]string{r.Drop, r.Keep} {
		for _, name := range list {
			if _, err := r.find(name); err != nil {
				return err
			}
		}
	}
	for name := range r.Types {
		if _, err := r.find(name); err != nil {
			return err
		}
	}
	for name := range r.Kinds {
		if !slices.Contains(r.Targets, name) {
			return fmt.Errorf("a kind is given for %q, which is not a target: %w", name, catalog.Unknown("target", name, r.Targets))
		}
	}
	for i, name := range r.header {
		if r.role[i] == "" {
			r.role[i] = "feature"
			if slices.Contains(r.Drop, name) || r.Keep != nil && !slices.Contains(r.Keep, name) {
				r.role[i] = "dropped"
			}
		}
	}
	return nil
}

// missing tells whether a cell holds no value.
func missing(cell string) bool {
	switch cell {
	case "", "NA", "N/A", "NaN", "nan", "NAN", "null", "NULL", "?", ".":
		return true
	}
	return false
}

// cells returns a column.
func (r *reader) cells(column int) []string {
	out := make([]string, len(r.records))
	for i, rec := range r.records {
		out[i] = rec[column]
	}
	return out
}

// features makes the table's columns.
func (r *reader) features() error {
	if r.Schema != nil {
		return r.schemaFeatures()
	}
	for i, name := range r.header {
		info := ColumnInfo{Name: name, Role: r.role[i]}
		cells := r.cells(i)
		guess := look(cells)
		info.Missing, info.Distinct, info.Type = guess.missing, len(guess.levels), guess.what
		if r.role[i] == "feature" {
			t, forced := r.Types[name]
			if !forced && (guess.what == "constant" || guess.what == "id-like") {
				info.Role, info.Note = "dropped", guess.why
				r.file.Columns = append(r.file.Columns, info)
				continue
			}
			if !forced {
				t = guess.kind
			}
			c, err := column(name, t, cells)
			if err != nil {
				return err
			}
			info.Type = t.String()
			r.file.Table.Columns = append(r.file.Table.Columns, c)
		}
		r.file.Columns = append(r.file.Columns, info)
	}
	if len(r.file.Table.Columns) == 0 {
		return fmt.Errorf("no column is left to learn from")
	}
	return nil
}

// schemaFeatures makes exactly the columns that a model was learned on.
func (r *reader) schemaFeatures() error {
	for _, f := range r.Schema {
		i, err := r.find(f.Name)
		if err != nil {
			return fmt.Errorf("the model reads a column that is missing: %w", err)
		}
		c, err := column(f.Name, f.Type, r.cells(i))
		if err != nil {
			return err
		}
		r.file.Table.Columns = append(r.file.Table.Columns, c)
	}
	return nil
}

// column makes a column of a type.
func column(name string, t kindred.Type, cells []string) (kindred.Column, error) {
	c := kindred.Column{Name: name, Type: t}
	switch t {
	case kindred.Numeric:
		c.Number = make([]float64, len(cells))
		for i, cell := range cells {
			v, err := parseNumber(cell)
			if err != nil {
				return c, fmt.Errorf("row %d, column %q: %w", i+1, name, err)
			}
			c.Number[i] = v
		}
	case kindred.Categorical:
		codes := map[string]int32{}
		for _, cell := range cells {
			if missing(cell) {
				c.Code = append(c.Code, -1)
				continue
			}
			k, ok := codes[cell]
			if !ok {
				k = int32(len(codes))
				codes[cell] = k
				c.Level = append(c.Level, cell)
			}
			c.Code = append(c.Code, k)
		}
	case kindred.Text:
		c.Text = cells
	default:
		return c, fmt.Errorf("column %q: a file of cells has no %v columns", name, t)
	}
	return c, nil
}

// parseNumber reads a cell; a missing one is NaN.
func parseNumber(cell string) (float64, error) {
	if missing(cell) {
		return math.NaN(), nil
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(cell), 64)
	if err != nil || math.IsInf(v, 0) {
		return 0, fmt.Errorf("%q is not a finite number; leave the cell empty where the value is unknown", short(cell))
	}
	return v, nil
}

func short(s string) string {
	if len(s) > 60 {
		return s[:57] + "..."
	}
	return s
}

// keys reads the columns that say how rows weigh and split.
func (r *reader) keys() error {
	for i, role := range r.role {
		cells := []string(nil)
		if role != "feature" && role != "dropped" && role != "target" {
			cells = r.cells(i)
		}
		switch role {
		case "task":
			for k, cell := range cells {
				if missing(cell) {
					return fmt.Errorf("row %d, column %q: no task is named", k+1, r.header[i])
				}
			}
			r.file.TaskOf = cells
		case "split":
			r.file.SplitOf = cells
		case "group":
			codes := map[string]int{}
			for _, cell := range cells {
				if _, ok := codes[cell]; !ok {
					codes[cell] = len(codes)
				}
				r.file.Table.Group = append(r.file.Table.Group, codes[cell])
			}
		case "time":
			for k, cell := range cells {
				v, err := parseNumber(cell)
				if err != nil || math.IsNaN(v) {
					return fmt.Errorf("row %d, column %q: %q is not a time; write times as numbers", k+1, r.header[i], short(cell))
				}
				r.file.Table.Time = append(r.file.Table.Time, v)
			}
		}
	}
	return nil
}
