package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/modelfile"
	"github.com/kindred-mtl/kindred/recipe"
)

type fitDocument struct {
	Schema  string             `json:"schema"` // kindred.fit/1
	Model   string             `json:"model"`
	Recipe  string             `json:"recipe"`
	Seed    uint64             `json:"seed"`
	Table   tableDocument      `json:"table"`
	Tasks   []kindred.TaskInfo `json:"tasks"`
	Seconds float64            `json:"seconds"`
	Report  kindred.Report     `json:"report"`
}

func fit(c *common) *cobra.Command {
	var in source
	var among structure
	var net training
	var method, file, out string
	cmd := &cobra.Command{
		Use: "fit FILE", Short: "Learn a model from a table and write it to one file", Args: exactly(1, "one file"),
		Example: `  kindred fit school.csv --task school --target score --out school.model
  kindred fit patients.csv.gz --task hospital --target died --method shared-svm:mu=0.1 --out risk.model
  kindred fit songs.csv --target happy --target sad --recipe net.yaml --out mood.model
  kindred fit songs.csv --target happy --target sad --method shared-net --checkpoint mood.part --out mood.model`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if out == "" {
				return wrong(fmt.Errorf("name the model file to write: --out MODEL"))
			}
			way, err := oneOf(cmd, method, file)
			if err != nil {
				return err
			}
			f, err := in.learn(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			known, err := among.read(f.Set, []string{way.method})
			if err != nil {
				return err
			}
			m, err := way.make(kindsOf(f.Set), c.seed, known)
			if err != nil {
				return wrong(err)
			}
			meta := map[string]string{"recipe": way.text, "task_column": in.options.Task, "version": buildVersion()}
			m, end, err := net.ready(m, f.Set, out, meta, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			start := time.Now()
			model, err := m.Fit(cmd.Context(), f.Set)
			end()
			if err != nil {
				return fmt.Errorf("%s: %w", f.Name, err)
			}
			d := fitDocument{Schema: "kindred.fit/1", Model: out, Recipe: way.text, Seed: c.seed, Table: describe(f), Tasks: model.Tasks(), Seconds: time.Since(start).Seconds()}
			if r, ok := model.(kindred.Reporter); ok {
				d.Report = r.Report()
			}
			if err := modelfile.SaveFile(out, model, meta, recipe.Codecs...); err != nil {
				return err
			}
			stopped := interrupted(cmd, d.Report)
			if !stopped {
				err = net.end()
			}
			err = errors.Join(err, c.report(cmd, d, f.Warnings, func() {
				printTable(cmd.OutOrStdout(), d.Table, len(d.Tasks))
				printReport(cmd, d.Tasks, d.Report)
				fmt.Fprintf(cmd.OutOrStdout(), "wrote %s in %.1f s\n", out, d.Seconds)
				net.say(cmd.OutOrStdout(), stopped)
			}))
			if err == nil && stopped {
				err = cmd.Context().Err()
			}
			return err
		},
	}
	in.flags(cmd)
	among.flags(cmd)
	net.flags(cmd)
	cmd.Flags().StringVar(&method, "method", "auto", "`method`, with its options behind a colon; see kindred list")
	cmd.Flags().StringVar(&file, "recipe", "", "recipe `file` in place of --method; see kindred recipe")
	cmd.Flags().StringVar(&out, "out", "", "model `file` to write")
	c.jsonFlag(cmd)
	return cmd
}

// printReport says how a model was fitted.
func printReport(cmd *cobra.Command, tasks []kindred.TaskInfo, r kindred.Report) {
	w := cmd.OutOrStdout()
	method := r.Method
	if len(r.Parts) > 0 && r.Mixtures == nil {
		method += ", each " + r.Parts[0].Method
	}
	fmt.Fprintf(w, "%s: %s", method, r.Status)
	if r.Gap.Kind != "" {
		fmt.Fprintf(w, ", %s %.1e", r.Gap.Kind, r.Gap.Value)
	}
	if r.Solver != "" {
		fmt.Fprintf(w, " by %s in %d steps", r.Solver, r.Steps)
	}
	fmt.Fprintln(w)
	for _, name := range slices.Sorted(maps.Keys(r.Parameters)) {
		fmt.Fprintf(w, "  %-12s %.6g\n", name, r.Parameters[name])
	}
	printGroups(w, tasks, r.Groups)
	printMixtures(w, r.Mixtures)
	printShares(w, &r)
	warn(cmd, r.Warnings)
}

// printMixtures says what the predictions of each task are mixed of, and what
// that does to its loss on rows held out.
func printMixtures(w io.Writer, mixtures []kindred.Mixture) {
	if len(mixtures) == 0 {
		return
	}
	header, right := table.Row{"task", "share"}, []int{2}
	for _, c := range mixtures[0].Of {
		header, right = append(header, c.Name), append(right, len(right)+2)
	}
	header, right = append(header, "loss alone", "change", "± 1 se"), append(right, len(right)+2, len(right)+3, len(right)+4)
	t := newTable(w, header, right...)
	rows(t, len(mixtures), 12, func(i int) table.Row {
		m := mixtures[i]
		row := table.Row{shorten(m.Task, 30), fmt.Sprintf("%.2f", m.Share)}
		for _, c := range m.Of {
			row = append(row, fmt.Sprintf("%.2f", c.Weight))
		}
		alone := m.Of[0].Loss
		return append(row, fmt.Sprintf("%.4f", alone), colour(w, alone-m.Loss, fmt.Sprintf("%+.4f", m.Loss-alone)), fmt.Sprintf("%.4f", m.Error))
	})
	t.Render()
}

type inspectDocument struct {
	Schema  string             `json:"schema"` // kindred.inspect/1
	Recipe  string             `json:"recipe"`
	Columns kindred.Schema     `json:"columns"`
	Tasks   []kindred.TaskInfo `json:"tasks"`
	Report  kindred.Report     `json:"report"`
	Network *networkDocument   `json:"network,omitempty"`
}

func inspect(c *common) *cobra.Command {
	cmd := &cobra.Command{
		Use: "inspect MODEL", Short: "Say what a model file holds", Args: exactly(1, "one model file"),
		Example: "  kindred inspect school.model\n  kindred inspect school.model --json -",
		RunE: func(cmd *cobra.Command, args []string) error {
			m, meta, err := modelfile.LoadFile(args[0], recipe.Codecs...)
			if err != nil {
				return err
			}
			d := inspectDocument{Schema: "kindred.inspect/1", Recipe: meta["recipe"], Columns: m.Schema(), Tasks: m.Tasks(), Network: describeNetwork(m)}
			if r, ok := m.(kindred.Reporter); ok {
				d.Report = r.Report()
			}
			return c.report(cmd, d, nil, func() { printInspect(cmd, args[0], d) })
		},
	}
	c.jsonFlag(cmd)
	return cmd
}

func printInspect(cmd *cobra.Command, path string, d inspectDocument) {
	w := cmd.OutOrStdout()
	fmt.Fprintf(w, "%s: %s, %s, %s\n", path, shorten(d.Recipe, 200), several(len(d.Tasks), "task"), several(len(d.Columns), "column"))
	printReport(cmd, d.Tasks, d.Report)
	printNetwork(w, d.Network, d.Tasks, d.Report.Vectors)
	columns := newTable(w, table.Row{"column", "type"})
	rows(columns, len(d.Columns), 40, func(i int) table.Row {
		return table.Row{shorten(d.Columns[i].Name, 60), d.Columns[i].Type}
	})
	columns.Render()
	tasks := newTable(w, table.Row{"task", "target", "kind", "classes"})
	rows(tasks, len(d.Tasks), 40, func(i int) table.Row {
		t := d.Tasks[i]
		return table.Row{shorten(t.Name, 30), shorten(t.Target, 24), t.Kind, shorten(strings.Join(t.Classes, ", "), 24)}
	})
	tasks.Render()
}

// rows appends n rows, but not many more than most.
func rows(t table.Writer, n, most int, row func(i int) table.Row) {
	if n <= most+most/4 {
		most = n
	}
	for i := range most {
		t.AppendRow(row(i))
	}
	if most < n {
		t.AppendRow(table.Row{fmt.Sprintf("… and %d more", n-most)})
	}
}
