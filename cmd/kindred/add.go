package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/compose"
	"github.com/kindred-mtl/kindred/data"
	"github.com/kindred-mtl/kindred/modelfile"
	"github.com/kindred-mtl/kindred/recipe"
)

type addDocument struct {
	Schema   string   `json:"schema"` // kindred.add/1
	Model    string   `json:"model"`
	Out      string   `json:"out"`
	File     string   `json:"file"`
	Added    []string `json:"added"` // the names of the tasks
	Told     []string `json:"told"`  // of each, how it came to be
	Warnings []string `json:"warnings,omitempty"`
	Seconds  float64  `json:"seconds"`
}

func addCommand(c *common) *cobra.Command {
	var out, format string
	var targets []string
	cmd := &cobra.Command{
		Use: "add MODEL FILE", Short: "Add tasks to a model, from a few rows each", Args: exactly(2, "a model file and a table"),
		Long: `Adds every task of a table that the model does not know, learned from its own
rows as one more draw of what the model's tasks are draws of: a few rows are
enough to begin with. What the model says of its own tasks stays as it is.
Of a model learned with a task column the table has that column and the target;
of another, --target names the new columns. docs/newtasks.md explains it.`,
		Example: `  kindred add school.model new-school.csv --out more.model
  kindred add tox.model assays.csv --target assay13 --out more.model`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if out == "" {
				return wrong(fmt.Errorf("name the model file to write: --out MODEL"))
			}
			start := time.Now()
			model, meta, err := modelfile.LoadFile(args[0], recipe.Codecs...)
			if err != nil {
				return err
			}
			f, err := readNew(cmd.Context(), model, data.Options{Path: args[1], Stdin: cmd.InOrStdin(), Format: format, Task: meta["task_column"], Targets: targets})
			if err != nil {
				return err
			}
			d := addDocument{Schema: "kindred.add/1", Model: args[0], Out: out, File: f.Name, Warnings: f.Warnings}
			end := busy(cmd.ErrOrStderr(), "adding")
			model, err = d.add(cmd.Context(), model, f.Set)
			end()
			if err != nil {
				return fmt.Errorf("%s: %w", f.Name, err)
			}
			if err := modelfile.SaveFile(out, model, map[string]string{"recipe": meta["recipe"], "task_column": meta["task_column"], "version": buildVersion()}, recipe.Codecs...); err != nil {
				return err
			}
			d.Seconds = time.Since(start).Seconds()
			return c.report(cmd, d, f.Warnings, func() {
				warn(cmd, f.Warnings)
				for _, line := range d.Told {
					fmt.Fprintln(cmd.OutOrStdout(), indent(0, line))
				}
				fmt.Fprintf(cmd.OutOrStdout(), "wrote %s: %s more, in %.1f s\n", out, several(len(d.Added), "task"), d.Seconds)
			})
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "model `file` to write; may be the one that was read")
	cmd.Flags().StringArrayVar(&targets, "target", nil, "`column` of a new task's labels, of models without a task column; repeat for several")
	cmd.Flags().StringVar(&format, "format", "", "csv, tsv or svmlight; else by the file's name")
	c.jsonFlag(cmd)
	return cmd
}

// readNew reads the rows of new tasks of a model.
func readNew(ctx context.Context, model kindred.Model, o data.Options) (*data.File, error) {
	o.Schema, o.Kinds = model.Schema(), map[string]kindred.Kind{}
	switch {
	case o.Task != "" && o.Targets != nil:
		return nil, wrong(fmt.Errorf("--target is for models without a task column; this one was learned with the column %q, and its targets are known", o.Task))
	case o.Task == "" && o.Targets == nil:
		return nil, wrong(fmt.Errorf("name the columns of the new tasks: --target COLUMN"))
	}
	for _, t := range model.Tasks() {
		if o.Task != "" && !slices.Contains(o.Targets, t.Target) {
			o.Targets = append(o.Targets, t.Target)
		}
		if slices.Contains(o.Targets, t.Target) {
			o.Kinds[t.Target] = t.Kind
		}
	}
	return data.Read(ctx, o)
}

// add adds the tasks of a set that the model does not know.
func (d *addDocument) add(ctx context.Context, model kindred.Model, s *kindred.Set) (kindred.Model, error) {
	known := map[string]bool{}
	for _, t := range model.Tasks() {
		known[t.Name] = true
	}
	for i := range s.Tasks {
		task := s.Tasks[i]
		if known[task.Name] {
			continue
		}
		if err := classesOf(model.Tasks(), &task); err != nil {
			return nil, err
		}
		var err error
		if model, err = compose.Add(ctx, model, task); err != nil {
			return nil, err
		}
		d.Added, d.Told = append(d.Added, task.Name), append(d.Told, latest(model, 1)...)
	}
	if d.Added == nil {
		return nil, fmt.Errorf("the model knows all of its %s already", several(len(s.Tasks), "task"))
	}
	return model, nil
}

// classesOf gives a task the classes that the model's tasks of its target have, or
// of its kind where that is new: few rows may lack some.
func classesOf(known []kindred.TaskInfo, t *kindred.Task) error {
	if !t.Kind.Classifies() {
		return nil
	}
	i := slices.IndexFunc(known, func(o kindred.TaskInfo) bool { return o.Target == t.Label.Target })
	if i < 0 {
		i = slices.IndexFunc(known, func(o kindred.TaskInfo) bool { return o.Kind == t.Kind })
	}
	if i < 0 {
		return nil // and there is none to learn it by, which is told
	}
	classes := known[i].Classes
	y := slices.Clone(t.Y())
	for r, v := range y {
		at := slices.Index(classes, t.Label.Classes[int(v)])
		if at < 0 {
			return fmt.Errorf("task %q: the class %q is none that the model knows: %s", t.Name, t.Label.Classes[int(v)], strings.Join(classes, ", "))
		}
		y[r] = float64(at)
	}
	t.Kind, t.Label.Classes, t.Label.Columns = known[i].Kind, classes, [][]float64{y}
	return nil
}
