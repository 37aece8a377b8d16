package main

import (
	"fmt"
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
	Rows    int                `json:"rows"`
	Tasks   []kindred.TaskInfo `json:"tasks"`
	Seconds float64            `json:"seconds"`
	Report  kindred.Report     `json:"report"`
}

func fit(c *common) *cobra.Command {
	var in source
	var method, out string
	cmd := &cobra.Command{
		Use: "fit FILE", Short: "Learn a model from a table and write it to one file", Args: exactly(1, "one file"),
		Example: `  kindred fit school.csv --task school --target score --out school.model
  kindred fit patients.csv.gz --task hospital --target died --method shared-svm:mu=0.1 --out risk.model
  kindred fit songs.csv --target happy --target sad --out mood.model`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if out == "" {
				return wrong(fmt.Errorf("name the model file to write: --out MODEL"))
			}
			f, err := in.learn(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			m, err := recipe.Parse(method, kindsOf(f.Set), c.seed)
			if err != nil {
				return wrong(err)
			}
			start := time.Now()
			model, err := m.Fit(cmd.Context(), f.Set)
			if err != nil {
				return fmt.Errorf("%s: %w", f.Name, err)
			}
			d := fitDocument{Schema: "kindred.fit/1", Model: out, Recipe: method, Rows: f.Table.Len(), Tasks: model.Tasks(), Seconds: time.Since(start).Seconds()}
			if r, ok := model.(kindred.Reporter); ok {
				d.Report = r.Report()
			}
			meta := map[string]string{"recipe": method, "task_column": in.options.Task, "version": buildVersion()}
			if err := modelfile.SaveFile(out, model, meta, recipe.Codecs...); err != nil {
				return err
			}
			return c.report(cmd, d, func() {
				describe(cmd.OutOrStdout(), f)
				printReport(cmd, d.Report)
				fmt.Fprintf(cmd.OutOrStdout(), "wrote %s in %.1f s\n", out, d.Seconds)
			})
		},
	}
	in.flags(cmd)
	cmd.Flags().StringVar(&method, "method", "auto", "`method`, with its options behind a colon; see kindred list")
	cmd.Flags().StringVar(&out, "out", "", "model `file` to write")
	c.jsonFlag(cmd)
	return cmd
}

// printReport says how a model was fitted.
func printReport(cmd *cobra.Command, r kindred.Report) {
	w := cmd.OutOrStdout()
	fmt.Fprintf(w, "%s: %s", r.Method, r.Status)
	if r.Gap.Kind != "" {
		fmt.Fprintf(w, ", %s %.1e", r.Gap.Kind, r.Gap.Value)
	}
	if r.Solver != "" {
		fmt.Fprintf(w, " by %s in %d steps", r.Solver, r.Steps)
	}
	fmt.Fprintln(w)
	for _, name := range []string{"C", "alpha", "lambda", "mu", "l1_ratio"} {
		if v, ok := r.Parameters[name]; ok {
			fmt.Fprintf(w, "  %-8s %.6g\n", name, v)
		}
	}
	const most = 12
	if len(r.Shares) > 0 {
		t := newTable(w, table.Row{"task", "common", "private", "share"}, 2, 3, 4)
		for i, s := range r.Shares {
			if i == most {
				t.AppendRow(table.Row{fmt.Sprintf("… and %d more", len(r.Shares)-most)})
				break
			}
			t.AppendRow(table.Row{shorten(s.Task, 40), fmt.Sprintf("%.4f", s.Common), fmt.Sprintf("%.4f", s.Private), fmt.Sprintf("%.2f", s.Share)})
		}
		t.Render()
	}
	warn(cmd, r.Warnings)
}

type inspectDocument struct {
	Schema  string             `json:"schema"` // kindred.inspect/1
	Recipe  string             `json:"recipe"`
	Columns kindred.Schema     `json:"columns"`
	Tasks   []kindred.TaskInfo `json:"tasks"`
	Report  kindred.Report     `json:"report"`
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
			d := inspectDocument{Schema: "kindred.inspect/1", Recipe: meta["recipe"], Columns: m.Schema(), Tasks: m.Tasks()}
			if r, ok := m.(kindred.Reporter); ok {
				d.Report = r.Report()
			}
			return c.report(cmd, d, func() { printInspect(cmd, args[0], d) })
		},
	}
	c.jsonFlag(cmd)
	return cmd
}

func printInspect(cmd *cobra.Command, path string, d inspectDocument) {
	w := cmd.OutOrStdout()
	fmt.Fprintf(w, "%s: %s, %d tasks, %d columns\n", path, d.Recipe, len(d.Tasks), len(d.Columns))
	printReport(cmd, d.Report)
	columns := newTable(w, table.Row{"column", "type"})
	for _, f := range d.Columns {
		columns.AppendRow(table.Row{f.Name, f.Type})
	}
	columns.Render()
	tasks := newTable(w, table.Row{"task", "target", "kind", "classes"})
	for _, t := range d.Tasks {
		tasks.AppendRow(table.Row{shorten(t.Name, 40), t.Target, t.Kind, shorten(fmt.Sprint(t.Classes), 30)})
	}
	tasks.Render()
}
