package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/data"
	"github.com/kindred-mtl/kindred/modelfile"
	"github.com/kindred-mtl/kindred/recipe"
)

func predict(c *common) *cobra.Command {
	var out, format string
	cmd := &cobra.Command{
		Use: "predict MODEL FILE", Short: "Append a model's predictions to a table", Args: exactly(2, "a model file and a table"),
		Long: `Append a model's predictions to a table: for each target T a column T.predicted
(the value or class) and, where the model has probabilities, T.probability.CLASS.
Where the model was learned with a task column, each row is predicted for the
task that it names in that column; else every row is predicted for every task.`,
		Example: "  kindred predict school.model new.csv --out new-with-scores.csv",
		RunE: func(cmd *cobra.Command, args []string) error {
			if out == "" {
				return wrong(fmt.Errorf("name the table to write: --out FILE"))
			}
			model, meta, err := modelfile.LoadFile(args[0], recipe.Codecs...)
			if err != nil {
				return err
			}
			f, err := data.Read(cmd.Context(), data.Options{
				Path: args[1], Stdin: os.Stdin, Format: format, Task: meta["task_column"], Schema: model.Schema(), KeepRecords: true,
			})
			if err != nil {
				return err
			}
			columns, err := predictions(cmd.Context(), model, f)
			if err != nil {
				return fmt.Errorf("%s: %w", f.Name, err)
			}
			if err := data.WriteFile(out, func(w io.Writer) error { return writeAppended(w, f, columns) }); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "wrote %s: %d rows, %d columns more\n", out, f.Table.Len(), len(columns))
			return nil
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "table to write, a `file`")
	cmd.Flags().StringVar(&format, "format", "", "csv, tsv or svmlight; else by the file's name")
	return cmd
}

// A column is one more column of a table.
type column struct {
	name  string
	cells []string
}

// predictions are the columns to append. Tasks that share a target write into
// one column, each into its own rows.
func predictions(ctx context.Context, model kindred.Model, f *data.File) ([]column, error) {
	tasks, rows, err := whose(model, f)
	if err != nil {
		return nil, err
	}
	var columns []column
	places := map[string]int{}
	at := func(name string) *column {
		if _, ok := places[name]; !ok {
			places[name] = len(columns)
			columns = append(columns, column{name, make([]string, f.Table.Len())})
		}
		return &columns[places[name]]
	}
	for k, t := range tasks {
		info := model.Tasks()[t]
		table := f.Table
		if rows[k] != nil {
			table = table.Select(rows[k])
		}
		p, err := model.Predict(ctx, table, []int{t})
		if err != nil {
			return nil, err
		}
		put(at, info, &p.Tasks[0], rows[k])
	}
	return columns, nil
}

// put writes an outcome of the rows (nil: all) into the columns of its target.
func put(at func(string) *column, info kindred.TaskInfo, o *kindred.Outcome, rows []int) {
	write := func(name string, n int, cell func(i int) string) {
		c := at(name)
		for i := range n {
			r := i
			if rows != nil {
				r = rows[i]
			}
			c.cells[r] = cell(i)
		}
	}
	if o.Value != nil {
		write(info.Target+".predicted", len(o.Value), func(i int) string { return format64(o.Value[i]) })
	}
	if o.Class != nil {
		write(info.Target+".predicted", len(o.Class), func(i int) string { return info.Classes[o.Class[i]] })
	}
	k := len(info.Classes)
	for c := range k {
		if o.Probability != nil {
			write(info.Target+".probability."+info.Classes[c], len(o.Class), func(i int) string { return format64(o.Probability[i*k+c]) })
		}
	}
}

func format64(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

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
			return nil, nil, fmt.Errorf("row %d: %w", r+1, unknownTask(name, infos))
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

// writeAppended writes the table as it was read, with more columns.
func writeAppended(w io.Writer, f *data.File, more []column) error {
	header := slices.Clone(f.Header)
	for _, c := range more {
		if slices.Contains(f.Header, c.name) {
			return fmt.Errorf("the table has a column %q already; rename it", c.name)
		}
		header = append(header, c.name)
	}
	return data.WriteTable(w, header, func(yield func([]string) bool) {
		for r, record := range f.Records {
			row := slices.Clone(record)
			for _, c := range more {
				row = append(row, c.cells[r])
			}
			if !yield(row) {
				return
			}
		}
	})
}
