package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/arch"
	"github.com/kindred-mtl/kindred/catalog"
	"github.com/kindred-mtl/kindred/kernel"
	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/optim"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/recipe"
	"github.com/kindred-mtl/kindred/relate"
	"github.com/kindred-mtl/kindred/score"
	"github.com/kindred-mtl/kindred/solve"
	"github.com/kindred-mtl/kindred/synth"
	"github.com/kindred-mtl/kindred/weigh"
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
	Family  string   `json:"family,omitempty"` // penalties, kernels or networks, all of which have it
	Methods []string `json:"methods"`          // that have it
}

type listMethod struct {
	Method  string   `json:"method"`
	Words   string   `json:"words"`
	Formula string   `json:"formula"`
	Kinds   []string `json:"kinds,omitempty"`
	Options []string `json:"options,omitempty"` // but for those of every method with a penalty
	Lead    bool     `json:"lead"`
}

type listPart struct {
	Table   string   `json:"table"`
	Name    string   `json:"name"`
	Words   string   `json:"words"`
	Formula string   `json:"formula"`
	Source  string   `json:"source"`
	Options []string `json:"options,omitempty"`
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
	cmd.Flags().BoolVar(&everything, "all", false, "also the losses, penalties, kernels, solvers, architectures, weightings, optimizers, metrics, generators, and measures and clusterings of relate, with their sources")
	c.jsonFlag(cmd)
	return cmd
}

func shelf() listDocument {
	d := listDocument{Schema: "kindred.list/1"}
	for _, o := range recipe.Options() {
		d.Options = append(d.Options, listOption{o.Name, o.Words, o.Of, o.Methods})
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
	d.Parts = append(d.Parts, parts("architecture", arch.All)...)
	d.Parts = append(d.Parts, parts("weighting", weigh.All)...)
	d.Parts = append(d.Parts, parts("optimizer", optim.All)...)
	d.Parts = append(d.Parts, parts("metric", score.All)...)
	d.Parts = append(d.Parts, parts("generator", synth.All)...)
	d.Parts = append(d.Parts, parts("measure", relate.All)...)
	d.Parts = append(d.Parts, parts("clustering", relate.Clusterings)...)
	return d
}

func parts[T any](name string, t catalog.Table[T]) []listPart {
	out := make([]listPart, len(t))
	for i, p := range t {
		out[i] = listPart{Table: name, Name: p.Name, Words: p.Words, Formula: p.Formula, Source: p.Source, Options: catalog.Options(p.New())}
	}
	return out
}

func printList(cmd *cobra.Command, d listDocument, everything bool) {
	w := cmd.OutOrStdout()
	printMethods(w, "method", true)
	fmt.Fprintln(w)
	printMethods(w, "more methods", false)
	fmt.Fprintln(w, "\nOptions stand behind a colon, shared-svm:C=1,mu=0.1, or in a recipe file, which also takes lists\nand tables: kindred recipe METHOD.")
	for _, of := range families {
		fmt.Fprintln(w)
		printOptions(w, d.Options, of)
	}
	fmt.Fprintln(w, "\nA strength that is not given is chosen on held-out folds of the training rows.")
	if !everything {
		return
	}
	last := ""
	for _, p := range d.Parts {
		if p.Table != last {
			fmt.Fprintf(w, "\n%s\n", plural(p.Table))
			last = p.Table
		}
		printPart(w, p)
	}
}

// printMethods prints the methods that lead, or the others.
func printMethods(w io.Writer, title string, lead bool) {
	t := newTable(w, table.Row{title, "what it does", "targets", "its own options"})
	wrap(t, 0, 43, 0, 18)
	for _, m := range recipe.Methods {
		if m.Lead == lead {
			t.AppendRow(table.Row{m.Name, m.Words, targets(m.Kinds), strings.Join(m.Own(), ", ")})
		}
	}
	t.Render()
}

// targets are kinds in a word.
func targets(kinds []kindred.Kind) string {
	switch {
	case kinds == nil:
		return "all"
	case len(kinds) > 1:
		return "classes"
	}
	return kinds[0].String()
}

// families are those of options, and what they are called.
var families = []family{
	{"", "option"},
	{"penalties", "of all with a penalty"},
	{"kernels", "of all with a kernel"},
	{"networks", "of all networks"},
}

type family struct{ of, title string }

// printOptions prints the options of a family, or those of single methods with
// the methods that have them.
func printOptions(w io.Writer, options []listOption, of family) {
	header, widths := table.Row{of.title, "what it says"}, []int{0, 74}
	if of.of == "" {
		header, widths = append(header, "of"), []int{0, 50, 29}
	}
	t := newTable(w, header)
	wrap(t, widths...)
	for _, o := range options {
		switch {
		case o.Family != of.of:
		case of.of == "":
			t.AppendRow(table.Row{o.Option, o.Words, some(o.Methods)})
		default:
			t.AppendRow(table.Row{o.Option, o.Words})
		}
	}
	t.Render()
}

// some are the first names of a list, and how many more there are.
func some(names []string) string {
	if len(names) <= 3 {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:2], ", "), len(names)-2)
}

// printPart prints a part: what it does, its formula, source and options.
func printPart(w io.Writer, p listPart) {
	fmt.Fprintln(w, indent(2, p.Name+": "+p.Words))
	fmt.Fprintln(w, indent(6, p.Formula))
	fmt.Fprintln(w, indent(6, p.Source))
	if len(p.Options) > 0 {
		fmt.Fprintln(w, indent(6, "options: "+strings.Join(p.Options, ", ")))
	}
}
