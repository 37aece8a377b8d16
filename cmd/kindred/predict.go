package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/data"
	"github.com/kindred-mtl/kindred/modelfile"
	"github.com/kindred-mtl/kindred/recipe"
)

type predictDocument struct {
	Schema   string   `json:"schema"` // kindred.predict/1
	Model    string   `json:"model"`
	File     string   `json:"file"`
	Out      string   `json:"out"`
	Rows     int      `json:"rows"`
	Columns  []string `json:"columns"` // those appended
	Warnings []string `json:"warnings,omitempty"`
	Seconds  float64  `json:"seconds"`
}

func predict(c *common) *cobra.Command {
	var out, format string
	var other unseen
	cmd := &cobra.Command{
		Use: "predict MODEL FILE", Short: "Append a model's predictions to a table", Args: exactly(2, "a model file and a table"),
		Long: `Append a model's predictions to a table: for each target T a column T.predicted
(the value or class) and, where the model has them, T.probability.CLASS, and
T.deviation, the standard deviation of the value with its noise, or T.low and
T.high, between which eight labels of ten are expected.
Where the model was learned with a task column, each row is predicted for the
task that it names in that column; else every row is predicted for every task.
The table is written as it was read, as TSV where --out ends in .tsv.
A task that the model does not know is an error, unless --unseen mean asks for
the mean of its tasks, or --descriptions says what is known of all of them.`,
		Example: `  kindred predict school.model new.csv --out new-with-scores.csv
  zcat new.csv.gz | kindred predict school.model - --out - > new-with-scores.csv`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if out == "" {
				return wrong(fmt.Errorf("name the table to write: --out FILE"))
			}
			if out == "-" && c.json == "-" {
				return wrong(errOneOutput)
			}
			if err := other.check(); err != nil {
				return err
			}
			start := time.Now()
			model, meta, err := modelfile.LoadFile(args[0], recipe.Codecs...)
			if err != nil {
				return err
			}
			f, err := data.Read(cmd.Context(), data.Options{
				Path: args[1], Stdin: cmd.InOrStdin(), Format: format, Task: meta["task_column"], Schema: model.Schema(), KeepRecords: true,
			})
			if err != nil {
				return err
			}
			model, told, err := other.extend(cmd.Context(), model, f, meta["task_column"])
			if err != nil {
				return fmt.Errorf("%s: %w", f.Name, err)
			}
			f.Warnings = append(f.Warnings, told...)
			end := busy(cmd.ErrOrStderr(), "predicting")
			columns, err := predictions(cmd.Context(), model, f)
			end()
			if err != nil {
				return fmt.Errorf("%s: %w", f.Name, err)
			}
			write := func(w io.Writer) error { return f.WriteWith(cmd.Context(), w, separator(out), columns...) }
			if err := data.WriteFile(out, write); err != nil {
				return err
			}
			d := predictDocument{
				Schema: "kindred.predict/1", Model: args[0], File: f.Name, Out: out, Rows: f.Table.Len(), Warnings: f.Warnings, Seconds: time.Since(start).Seconds(),
			}
			for _, c := range columns {
				d.Columns = append(d.Columns, c.Name)
			}
			return c.report(cmd, d, f.Warnings, func() {
				warn(cmd, f.Warnings)
				fmt.Fprintf(cmd.ErrOrStderr(), "wrote %s: %s, %s more, in %.1f s\n", out, several(d.Rows, "row"), several(len(d.Columns), "column"), d.Seconds)
			})
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "table to write, a `file`; -: standard output")
	cmd.Flags().StringVar(&format, "format", "", "csv, tsv or svmlight; else by the file's name")
	other.flags(cmd)
	c.jsonFlag(cmd)
	return cmd
}

// separator is the one of a table of this name.
func separator(path string) byte {
	plain := strings.TrimSuffix(strings.TrimSuffix(path, ".gz"), ".zst")
	if strings.HasSuffix(plain, ".tsv") || strings.HasSuffix(plain, ".tab") {
		return '\t'
	}
	return ','
}

// A column is one more column of a table: numbers, NaN where there is none, or
// classes, −1 where there is none.
type column struct {
	name   string
	number []float64
	class  []int32
	names  []string
}

func (c *column) cell(b []byte, row int) []byte {
	switch {
	case c.class != nil && c.class[row] >= 0:
		return append(b, c.names[c.class[row]]...)
	case c.class == nil && c.number[row] == c.number[row]:
		return strconv.AppendFloat(b, c.number[row], 'g', -1, 64)
	}
	return b
}

// columns are those to append, each row of them filled by the task that it
// belongs to. Tasks that share a target write into one column.
type columns struct {
	rows int
	list []*column
}

// at returns the column called name; fresh makes it.
func (c *columns) at(name string, fresh func(*column)) *column {
	i := slices.IndexFunc(c.list, func(c *column) bool { return c.name == name })
	if i < 0 {
		i = len(c.list)
		c.list = append(c.list, &column{name: name})
		fresh(c.list[i])
	}
	return c.list[i]
}

// numbers puts every stride-th number of v from first on into rows.
func (c *columns) numbers(name string, rows []int, v []float64, first, stride int) {
	to := c.at(name, func(fresh *column) { fresh.number = slices.Repeat([]float64{math.NaN()}, c.rows) })
	for i, r := range rows {
		to.number[r] = v[i*stride+first]
	}
}

// classes puts classes into rows.
func (c *columns) classes(name string, rows []int, class []int, names []string) {
	to := c.at(name, func(fresh *column) { fresh.class = slices.Repeat([]int32{-1}, c.rows) })
	place := make([]int32, len(names))
	for k, n := range names {
		i := slices.Index(to.names, n)
		if i < 0 {
			i = len(to.names)
			to.names = append(to.names, n)
		}
		place[k] = int32(i)
	}
	for i, r := range rows {
		to.class[r] = place[class[i]]
	}
}

// put writes an outcome of the rows into the columns of its target.
func (c *columns) put(info kindred.TaskInfo, o *kindred.Outcome, rows []int) {
	if o.Value != nil {
		c.numbers(info.Target+".predicted", rows, o.Value, 0, 1)
	}
	if o.Variance != nil {
		deviation := make([]float64, len(o.Variance))
		for i, v := range o.Variance {
			deviation[i] = math.Sqrt(v)
		}
		c.numbers(info.Target+".deviation", rows, deviation, 0, 1)
	}
	if o.Low != nil {
		c.numbers(info.Target+".low", rows, o.Low, 0, 1)
		c.numbers(info.Target+".high", rows, o.High, 0, 1)
	}
	if o.Class != nil {
		c.classes(info.Target+".predicted", rows, o.Class, info.Classes)
	}
	if o.Probability != nil {
		for k, class := range info.Classes {
			c.numbers(info.Target+".probability."+class, rows, o.Probability, k, len(info.Classes))
		}
	}
}

// predictions are the columns to append.
func predictions(ctx context.Context, model kindred.Model, f *data.File) ([]data.Addition, error) {
	tasks, rows, err := whose(model, f)
	if err != nil {
		return nil, err
	}
	infos, to := model.Tasks(), columns{rows: f.Table.Len()}
	if f.TaskOf == nil { // the same rows for all
		p, err := model.Predict(ctx, f.Table, tasks)
		if err != nil {
			return nil, err
		}
		every := make([]int, f.Table.Len())
		for i := range every {
			every[i] = i
		}
		for k, t := range tasks {
			to.put(infos[t], &p.Tasks[k], every)
		}
	} else {
		for k, t := range tasks {
			p, err := model.Predict(ctx, f.Table.Select(rows[k]), []int{t})
			if err != nil {
				return nil, err
			}
			to.put(infos[t], &p.Tasks[0], rows[k])
		}
	}
	var more []data.Addition
	for _, c := range to.list {
		if slices.Contains(f.Header, c.name) {
			return nil, fmt.Errorf("the table has a column %q already; rename it", c.name)
		}
		more = append(more, data.Addition{Name: c.name, Cell: c.cell})
	}
	return more, nil
}

// whose lists the tasks to predict and the rows of each; nil means all rows.
func whose(model kindred.Model, f *data.File) (tasks []int, rows [][]int, err error) {
	infos := model.Tasks()
	if f.TaskOf == nil {
		for t := range infos {
			tasks, rows = append(tasks, t), append(rows, nil)
		}
		return tasks, rows, nil
	}
	byName := map[string][]int{}
	for t, info := range infos {
		name := info.Name
		if n := len(name) - len(info.Target) - 1; n > 0 && name[n:] == "/"+info.Target {
			byName[name[:n]] = append(byName[name[:n]], t)
		}
		byName[name] = append(byName[name], t)
	}
	list := make([][]int, len(infos))
	for r, name := range f.TaskOf {
		known := byName[name]
		if known == nil {
			return nil, nil, fmt.Errorf("row %d: %w; --unseen mean predicts the mean of its tasks for such", r+1, unknownTask(name, infos))
		}
		for _, t := range known {
			list[t] = append(list[t], r)
		}
	}
	for t, r := range list {
		if r != nil {
			tasks, rows = append(tasks, t), append(rows, r)
		}
	}
	return tasks, rows, nil
}
