package data

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/kindred-mtl/kindred"
)

// Descriptions say something of tasks, a row of a table each: of schools their
// size and district, of assays their target. There may be more tasks than any
// Set has.
type Descriptions struct {
	Name  string         // of the file
	Tasks []string       // that the rows of Table describe, each once
	Table *kindred.Table // numbers, categories and texts
}

// ReadDescriptions reads a table with a row for each task. The column called
// o.Task names the task, and where there is none of that name the first column;
// the others describe it, as o.Types, o.Drop and o.Keep say. Numbers may be
// missing.
func ReadDescriptions(ctx context.Context, o Options) (*Descriptions, error) {
	d, err := readDescriptions(ctx, o)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("%s: %w", o.name(), err)
	}
	return d, nil
}

func readDescriptions(ctx context.Context, o Options) (*Descriptions, error) {
	format, err := o.format()
	if err != nil {
		return nil, err
	}
	if format == "svmlight" {
		return nil, errors.New("descriptions of tasks are read from csv or tsv, whose first column names the task")
	}
	text, err := readText(ctx, o)
	if err != nil {
		return nil, err
	}
	s, err := newSheet(ctx, text, separators[format])
	if err != nil {
		return nil, err
	}
	names := s.names()
	if !slices.Contains(names, o.Task) {
		o.Task = names[0]
	}
	f, err := parse(ctx, text, Options{Path: o.Path, Format: format, Task: o.Task, Types: o.Types, Drop: o.Drop, Keep: o.Keep})
	if err != nil {
		return nil, err
	}
	first := make(map[string]int, len(f.TaskOf))
	for row, name := range f.TaskOf {
		if before, twice := first[name]; twice {
			return nil, fmt.Errorf("row %d, column %q: task %q is described in row %d already; give each task one row", row+1, o.Task, short(name), before+1)
		}
		first[name] = row
	}
	return &Descriptions{Name: o.name(), Tasks: f.TaskOf, Table: f.Table}, nil
}

// Of returns a table with a row for each of the tasks, in their order. Tasks
// that are not described are an error, which names them.
func (d *Descriptions) Of(tasks []string) (*kindred.Table, error) {
	at := make(map[string]int, len(d.Tasks))
	for row, name := range d.Tasks {
		at[name] = row
	}
	rows, lacking := make([]int, len(tasks)), []string(nil)
	for t, name := range tasks {
		row, ok := at[name]
		if rows[t] = row; !ok {
			lacking = append(lacking, short(name))
		}
	}
	if lacking != nil {
		return nil, fmt.Errorf("%s: no row describes %s (%s); give each a row", d.Name, several(len(lacking), "task"), some(lacking))
	}
	return d.Table.Select(rows), nil
}
