package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/catalog"
	"github.com/kindred-mtl/kindred/data"
)

// source are the flags that say how a file becomes tasks.
type source struct {
	options     data.Options
	kinds       []string
	types       []string
	taskWeights []string
}

func (s *source) flags(cmd *cobra.Command) {
	f, o := cmd.Flags(), &s.options
	f.StringVar(&o.Task, "task", "", "`column` that names the task of each row")
	f.StringArrayVar(&o.Targets, "target", nil, "`column` to predict; repeat for several")
	f.StringArrayVar(&s.kinds, "kind", nil, "kind of a target, as `target=kind`: regression, binary, multiclass or count")
	f.StringArrayVar(&s.types, "type", nil, "type of a column, as `column=type`: numeric, categorical or text")
	f.StringSliceVar(&o.Drop, "drop", nil, "`columns` not to learn from")
	f.StringSliceVar(&o.Keep, "keep", nil, "`columns` to learn from, and no others")
	f.StringVar(&o.Weight, "weight", "", "`column` of row weights")
	f.StringVar(&o.Group, "group", "", "`column` of groups, such as patients: never on both sides of a split")
	f.StringArrayVar(&s.taskWeights, "task-weight", nil, "weight of a task, as `task=number`")
	f.StringVar(&o.Format, "format", "", "csv, tsv or svmlight; else by the file's name")
}

// read reads the file and reports what it took the columns for.
func (s *source) read(ctx context.Context, path string) (*data.File, error) {
	o := s.options
	o.Path, o.Stdin = path, os.Stdin
	var err error
	if o.Kinds, err = pairs("--kind", s.kinds, kindred.ParseKind); err != nil {
		return nil, err
	}
	if o.Types, err = pairs("--type", s.types, kindred.ParseType); err != nil {
		return nil, err
	}
	number := func(v string) (float64, error) { return strconv.ParseFloat(v, 64) }
	if o.TaskWeights, err = pairs("--task-weight", s.taskWeights, number); err != nil {
		return nil, err
	}
	return data.Read(ctx, o)
}

// pairs reads flags of the form name=value.
func pairs[T any](flag string, values []string, parse func(string) (T, error)) (map[string]T, error) {
	out := map[string]T{}
	for _, v := range values {
		i := strings.LastIndex(v, "=")
		if i < 0 {
			return nil, wrong(fmt.Errorf("%s %q: write name=value", flag, v))
		}
		value, err := parse(v[i+1:])
		if err != nil {
			return nil, wrong(fmt.Errorf("%s %q: %w", flag, v, err))
		}
		out[v[:i]] = value
	}
	return out, nil
}

// learn reads the file for a command that needs targets.
func (s *source) learn(ctx context.Context, path string) (*data.File, error) {
	f, err := s.read(ctx, path)
	if err != nil || f.Set != nil {
		return f, err
	}
	names := make([]string, len(f.Columns))
	for i, c := range f.Columns {
		names[i] = strings.Join(strings.Fields(c.Name), " ")
	}
	return nil, wrong(fmt.Errorf("name what to predict, --target COLUMN; the columns are: %s", shorten(strings.Join(names, ", "), 300)))
}

// kindsOf lists the kinds of the tasks.
func kindsOf(s *kindred.Set) []kindred.Kind {
	var kinds []kindred.Kind
	seen := map[kindred.Kind]bool{}
	for _, t := range s.Tasks {
		if !seen[t.Kind] {
			seen[t.Kind] = true
			kinds = append(kinds, t.Kind)
		}
	}
	return kinds
}

// tableDocument says in a report what a file was taken for.
type tableDocument struct {
	File     string            `json:"file"`
	Rows     int               `json:"rows"`
	Labels   int               `json:"labels"` // of all tasks
	Columns  []data.ColumnInfo `json:"columns"`
	Warnings []string          `json:"warnings,omitempty"`
}

func describe(f *data.File) tableDocument {
	d := tableDocument{File: f.Name, Rows: f.Table.Len(), Columns: f.Columns, Warnings: f.Warnings}
	for i := range f.Set.Tasks {
		d.Labels += len(f.Set.Tasks[i].Rows)
	}
	return d
}

// printTable prints what the columns of a file were taken for.
func printTable(w io.Writer, d tableDocument, tasks int) {
	roles := map[string][]string{}
	var order []string
	for _, c := range d.Columns {
		what := c.Role
		if c.Role == "feature" {
			what = c.Type
		}
		if roles[what] == nil {
			order = append(order, what)
		}
		name := c.Name
		if c.Role == "target" {
			name += " (" + c.Type + ")"
		}
		roles[what] = append(roles[what], name)
	}
	fmt.Fprintf(w, "%s: %s, %s, %s\n", d.File, several(d.Rows, "row"), several(tasks, "task"), several(d.Labels, "label"))
	for _, what := range order {
		fmt.Fprintf(w, "  %-12s %s\n", what, shorten(strings.Join(roles[what], ", "), 84))
	}
	printNotes(w, d.Columns)
	for _, warning := range d.Warnings {
		fmt.Fprintln(w, indent(2, "warning: "+warning))
	}
}

// printNotes says why columns are not learned from: once for all of one reason.
func printNotes(w io.Writer, columns []data.ColumnInfo) {
	names := map[string][]string{}
	var order []string
	for _, c := range columns {
		if c.Note == "" || c.Role == "feature" {
			continue
		}
		if names[c.Note] == nil {
			order = append(order, c.Note)
		}
		names[c.Note] = append(names[c.Note], c.Name)
	}
	for _, note := range order {
		list := shorten(strings.Join(names[note], ", "), 84)
		if n := len(names[note]); n > 3 {
			list += fmt.Sprintf(" (%d columns)", n)
		}
		fmt.Fprintln(w, indent(2, list+": "+note))
	}
}

// shorten cuts s to n characters.
func shorten(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}

// unknownTask says that a row names a task the model does not know.
func unknownTask(name string, tasks []kindred.TaskInfo) error {
	names := make([]string, len(tasks))
	for i, t := range tasks {
		names[i] = t.Name
	}
	return catalog.Unknown("task", name, names)
}
