// Package data reads files into Sets: CSV, TSV and SVMlight, plain or
// compressed by gzip or Zstandard.
//
// Own rows: a task column names the task of each row. Shared rows: several
// target columns, any cell of which may be empty. With both, the tasks are the
// pairs. All tasks of a file share its Table; a missing label is a row that
// its task does not list.
//
// Types and kinds are inferred, written into [File.Columns], and can be set:
//
//   - A column of numbers is numeric. Words are text where they are many and
//     mostly distinct, or of more levels than one-hot columns bear; else they
//     are categorical. Cells that are all the same, running row numbers and a
//     name of its own for every row are left out.
//   - A target of two distinct labels is binary, of other words multiclass, of
//     other numbers a regression, as in [kindred.FromSlices]. Nothing in the
//     numbers tells a scale from class codes or counts: these are declared in
//     [Options.Kinds], and a note says so where whole numbers are few.
//   - Classes are sorted, numbers by value; the second of two is the positive
//     one. Numbers that are equal are one class however they are written.
package data

import (
	"context"
	"fmt"
	"io"

	"github.com/kindred-mtl/kindred"
)

// Options say how a file becomes tasks. The columns named by Task, Targets,
// Weight, Group, Time and Split are never features.
type Options struct {
	Path   string    // "-": Stdin
	Stdin  io.Reader // read where Path is "-"
	Format string    // "csv", "tsv" or "svmlight"; "": by the name's extension, else csv

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

	Schema      kindred.Schema // where set, exactly the columns to learn from; targets may lack labels then
	KeepRecords bool           // keep the text for File.Records and File.WriteWith
}

// A File is what was read. Row i of it is the i+1st row below the header.
type File struct {
	Name     string
	Set      *kindred.Set   // nil where no target was named
	Table    *kindred.Table // every row of the file
	Columns  []ColumnInfo   // every column of the file
	TaskOf   []string       // the task of each row; nil where rows are shared
	SplitOf  []string       // the split column's cells
	Warnings []string
	Header   []string

	sheet sheet // where KeepRecords asked for it
}

// ColumnInfo says what a column was taken for.
type ColumnInfo struct {
	Name     string `json:"name"`
	Role     string `json:"role"` // feature, task, target, weight, group, time, split, dropped
	Type     string `json:"type"` // numeric, categorical, text, vector, constant, id-like; of a target its kind
	Note     string `json:"note,omitempty"`
	Missing  int    `json:"missing"`
	Distinct int    `json:"distinct"` // distinct values; of numbers, counted up to 1001
}

// Read reads a file.
func Read(ctx context.Context, o Options) (*File, error) {
	text, err := readText(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.name(), err)
	}
	file, err := parse(ctx, text, o)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("%s: %w", o.name(), err)
	}
	return file, nil
}

// parse makes a File of the text of a file.
func parse(ctx context.Context, text string, o Options) (*File, error) {
	format, err := o.format()
	if err != nil {
		return nil, err
	}
	if format == "svmlight" {
		return parseSVMlight(ctx, text, o)
	}
	s, err := newSheet(ctx, text, separators[format])
	if err != nil {
		return nil, err
	}
	r := &reader{Options: o, ctx: ctx, sheet: s, header: s.names(), file: &File{Name: o.name(), Header: s.header(), Table: &kindred.Table{}}}
	for _, step := range []func() error{r.roles, r.read, r.features, r.keys, r.tasks} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	if o.KeepRecords {
		r.file.sheet = s
	}
	return r.file, ctx.Err()
}

func (o Options) name() string {
	if o.Path == "-" {
		return "standard input"
	}
	return o.Path
}
