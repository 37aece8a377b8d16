package main

import (
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/kindred-mtl/kindred/catalog"
	"github.com/kindred-mtl/kindred/kernel"
	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/recipe"
	"github.com/kindred-mtl/kindred/score"
	"github.com/kindred-mtl/kindred/solve"
	"github.com/kindred-mtl/kindred/synth"
)

type listDocument struct {
	Schema  string       `json:"schema"` // kindred.list/1
	Shelf   []listMethod `json:"methods"`
	Options []listOption `json:"options"`
	Parts   []listPart   `json:"parts"`
}

type listOption struct {
	Option  string   `json:"option"`
	Words   string   `json:"words"`
	Methods []string `json:"methods,omitempty"` // that have it; none: every method
}

type listMethod struct {
	Method  string   `json:"method"`
	Words   string   `json:"words"`
	Formula string   `json:"formula"`
	Kinds   []string `json:"kinds,omitempty"`
	Options []string `json:"options,omitempty"` // its own, beside those of every method
	Lead    bool     `json:"lead"`
}

type listPart struct {
	Table   string `json:"table"`
	Name    string `json:"name"`
	Words   string `json:"words"`
	Formula string `json:"formula"`
	Source  string `json:"source"`
}

func listCommand(c *common) *cobra.Command {
	everything := false
	cmd := &cobra.Command{
		Use: "list", Short: "Explain the methods, and with --all the parts they are made of", Args: noArgs,
		Example: "  kindred list\n  kindred list --all\n  kindred list --json -",
		RunE: func(cmd *cobra.Command, _ []string) error {
			d := shelf()
			return c.report(cmd, d, nil, func() { printList(cmd, d, everything) })
		},
	}
	cmd.Flags().BoolVar(&everything, "all", false, "also the losses, penalties, kernels, solvers, metrics and generators, with their sources")
	c.jsonFlag(cmd)
	return cmd
}

func shelf() listDocument {
	d := listDocument{Schema: "kindred.list/1"}
	for _, o := range recipe.Options() {
		d.Options = append(d.Options, listOption{o.Name, o.Words, o.Methods})
	}
	for _, m := range recipe.Methods {
		line := listMethod{Method: m.Name, Words: m.Words, Formula: m.Formula, Options: m.Options(), Lead: m.Lead}
		for _, k := range m.Kinds {
			line.Kinds = append(line.Kinds, k.String())
		}
		d.Shelf = append(d.Shelf, line)
	}
	d.Parts = append(d.Parts, parts("loss", loss.All)...)
	d.Parts = append(d.Parts, parts("penalty", penalty.All)...)
	d.Parts = append(d.Parts, parts("kernel", kernel.All)...)
	d.Parts = append(d.Parts, parts("solver", solve.All)...)
	d.Parts = append(d.Parts, parts("metric", score.All)...)
	d.Parts = append(d.Parts, parts("generator", synth.All)...)
	return d
}

func parts[T any](name string, t catalog.Table[T]) []listPart {
	out := make([]listPart, len(t))
	for i, p := range t {
		out[i] = listPart{Table: name, Name: p.Name, Words: p.Words, Formula: p.Formula, Source: p.Source}
	}
	return out
}

func printList(cmd *cobra.Command, d listDocument, everything bool) {
	w := cmd.OutOrStdout()
	for _, lead := range []bool{true, false} {
		title := "method"
		if !lead {
			fmt.Fprintln(w)
			title = "more methods"
		}
		t := newTable(w, table.Row{title, "what it does", "targets", "options"})
		wrap(t, 0, 42, 18, 10)
		for _, m := range d.Shelf {
			kinds := "every kind"
			if m.Kinds != nil {
				kinds = strings.Join(m.Kinds, ", ")
			}
			if m.Lead == lead {
				t.AppendRow(table.Row{m.Method, m.Words, kinds, strings.Join(m.Options, ", ")})
			}
		}
		t.Render()
	}
	fmt.Fprintln(w, "\nOptions stand behind a colon: shared-svm:C=1,mu=0.1")
	t := newTable(w, table.Row{"option", "what it says"})
	for _, o := range d.Options {
		t.AppendRow(table.Row{o.Option, o.Words})
	}
	wrap(t, 0, 76)
	t.Render()
	fmt.Fprintln(w, "A strength that is not given is chosen on held-out folds of the training rows.")
	if !everything {
		return
	}
	last := ""
	for _, p := range d.Parts {
		if p.Table != last {
			fmt.Fprintf(w, "\n%s\n", plural(p.Table))
			last = p.Table
		}
		fmt.Fprintln(w, indent(2, p.Name+": "+p.Words))
		fmt.Fprintln(w, indent(6, p.Formula))
		fmt.Fprintln(w, indent(6, p.Source))
	}
}
