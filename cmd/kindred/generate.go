package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kindred-mtl/kindred/catalog"
	"github.com/kindred-mtl/kindred/data"
	"github.com/kindred-mtl/kindred/synth"
)

type generateDocument struct {
	Schema    string      `json:"schema"` // kindred.generate/1
	File      string      `json:"file"`
	Generator string      `json:"generator"`
	Rows      int         `json:"rows"`
	Tasks     int         `json:"tasks"`
	Weights   [][]float64 `json:"weights"` // of each task
	Intercept []float64   `json:"intercept"`
	Groups    []int       `json:"groups"`
	Outlier   []bool      `json:"outlier"`
}

func generate(c *common) *cobra.Command {
	var out string
	var options []string
	cmd := &cobra.Command{
		Use: "generate NAME", Short: "Write made-up tasks with a known truth as CSV", Args: exactly(1, "the name of a generator"),
		Long: generators(),
		Example: `  kindred generate tasks --set n_tasks=20 --set similarity=0.8 --out tasks.csv --json truth.json
  kindred generate tasks --set kind=binary --set n_clusters=2 --set opposing=true --out opposing.csv
  kindred generate classification --set angle=45 --out classic.csv.gz`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if out == "" {
				return wrong(fmt.Errorf("name the table to write: --out FILE"))
			}
			if out == "-" && c.json == "-" {
				return wrong(errOneOutput)
			}
			part, err := synth.All.Find("generator", args[0])
			if err != nil {
				return wrong(err)
			}
			g := part.New()
			if err := setOptions(g, options, c.seed); err != nil {
				return wrong(fmt.Errorf("generator %q: %w", args[0], err))
			}
			set, truth, err := g.Make()
			if err != nil {
				return wrong(err)
			}
			header, rows, err := synth.Columns(set)
			if err != nil {
				return err
			}
			if err := data.WriteFile(out, func(w io.Writer) error { return data.WriteTable(w, header, rows) }); err != nil {
				return err
			}
			d := generateDocument{Schema: "kindred.generate/1", File: out, Generator: args[0], Rows: set.Tasks[0].Table.Len(), Tasks: len(set.Tasks),
				Intercept: truth.Intercept, Groups: truth.Groups, Outlier: truth.Outlier}
			for t := range set.Tasks {
				d.Weights = append(d.Weights, truth.Weights.Col(make([]float64, truth.Weights.Rows), t))
			}
			return c.report(cmd, d, nil, func() {
				fmt.Fprintf(cmd.ErrOrStderr(), "wrote %s: %s, %s\n", out, several(d.Rows, "row"), several(d.Tasks, "task"))
			})
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "table to write, a `file`; -: standard output")
	cmd.Flags().StringArrayVar(&options, "set", nil, "option of the generator, as `name=value`")
	c.jsonFlag(cmd)
	return cmd
}

// generators says which there are, with their options.
func generators() string {
	text := "Write made-up tasks with a known truth as CSV. --json writes that truth: weights, groups,\noutliers. The generators, and the options that --set gives them:\n"
	for _, part := range synth.All {
		text += "\n" + indent(2, part.Name+": "+part.Words) + "\n" + indent(6, strings.Join(settable(part.New()), ", "))
	}
	return text
}

// settable names the options of a generator but for its seed, which has a flag.
func settable(g synth.Generator) []string {
	return slices.DeleteFunc(catalog.Options(g), func(name string) bool { return name == "seed" })
}

// setOptions gives the options of name=value flags to a generator.
func setOptions(g synth.Generator, flags []string, seed uint64) error {
	values, known := map[string]any{"seed": seed}, settable(g)
	for _, f := range flags {
		name, value, ok := strings.Cut(f, "=")
		switch {
		case !ok:
			return fmt.Errorf("--set %q: write name=value", f)
		case !slices.Contains(known, name):
			return catalog.Unknown("option", name, known)
		}
		var v any
		if err := json.Unmarshal([]byte(value), &v); err != nil {
			v = value
		}
		values[name] = v
	}
	raw, err := json.Marshal(values)
	if err != nil {
		return err
	}
	if err := catalog.Decode(g, raw); err != nil {
		return fmt.Errorf("--set: %w", err)
	}
	return nil
}
