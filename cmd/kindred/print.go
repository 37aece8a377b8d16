package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/kindred-mtl/kindred/data"
)

var errOneOutput = errors.New("--out - and --json - both write to standard output; give one of them a file")

// report prints for people, and writes the document where --json asks for it.
// Where that is all of standard output, warnings that people would have read
// there are told apart.
func (c *common) report(cmd *cobra.Command, document any, warnings []string, people func()) error {
	if c.json == "-" {
		warn(cmd, warnings)
		return writeJSON(cmd.OutOrStdout(), document)
	}
	people()
	if c.json == "" {
		return nil
	}
	return data.WriteFile(c.json, func(w io.Writer) error { return writeJSON(w, document) })
}

func writeJSON(w io.Writer, document any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(document)
}

// warn tells people of warnings, apart from what is reported.
func warn(cmd *cobra.Command, warnings []string) {
	for _, w := range warnings {
		fmt.Fprintf(cmd.ErrOrStderr(), "warning: %s\n", w)
	}
}

// newTable returns a table of at most 100 columns; right lists the numbers of
// the columns, from 1, that hold numbers.
func newTable(w io.Writer, header table.Row, right ...int) table.Writer {
	t := table.NewWriter()
	t.SetOutputMirror(w)
	t.AppendHeader(header)
	style := table.StyleLight
	style.Options = table.OptionsNoBordersAndSeparators
	style.Options.SeparateHeader = true
	style.Format.Header = text.FormatDefault
	t.SetStyle(style)
	t.Style().Size.WidthMax = 100
	configs := make([]table.ColumnConfig, len(right))
	for i, n := range right {
		configs[i] = table.ColumnConfig{Number: n, Align: text.AlignRight, AlignHeader: text.AlignRight}
	}
	t.SetColumnConfigs(configs)
	return t
}

// wrap gives the columns of a table of words their widths; 0: as wide as they
// are.
func wrap(t table.Writer, widths ...int) {
	configs := make([]table.ColumnConfig, len(widths))
	for i, n := range widths {
		configs[i] = table.ColumnConfig{Number: i + 1, WidthMax: n, WidthMaxEnforcer: text.WrapSoft}
	}
	t.SetColumnConfigs(configs)
}

// indent breaks s into lines of at most 100 characters, the first one by n
// spaces to the right and the others by four more.
func indent(n int, s string) string {
	lines := strings.Split(text.WrapSoft(s, 96-n), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Repeat(" ", n) + strings.Join(lines, "\n"+strings.Repeat(" ", n+4))
}

// terminal tells whether w shows to a person.
func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// progress returns a callback that draws a bar on a terminal and is silent in
// a pipe, and what to call at the end.
func progress(w io.Writer) (step func(done, total int, what string), end func()) { return bar(w, 24) }

// bar is progress with so many characters for what is done.
func bar(w io.Writer, wide int) (step func(done, total int, what string), end func()) {
	if !terminal(w) {
		return nil, func() {}
	}
	var bar *progressbar.ProgressBar
	step = func(done, total int, what string) {
		if bar == nil {
			bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(w), progressbar.OptionClearOnFinish(),
				progressbar.OptionShowCount(), progressbar.OptionSetPredictTime(true), progressbar.OptionSetWidth(30))
		}
		if bar.GetMax() != total {
			bar.ChangeMax(total)
		}
		bar.Describe(fmt.Sprintf("%-*.*s", wide, wide, what))
		bar.Set(done) // a bar that cannot be drawn is no reason to fail
	}
	return step, func() {
		if bar != nil {
			bar.Finish()
		}
	}
}

// busy draws a spinner on a terminal until end is called.
func busy(w io.Writer, what string) (end func()) {
	if !terminal(w) {
		return func() {}
	}
	bar := progressbar.NewOptions(-1, progressbar.OptionSetWriter(w), progressbar.OptionClearOnFinish(), progressbar.OptionSpinnerType(14),
		progressbar.OptionSetDescription(what), progressbar.OptionSetElapsedTime(true))
	bar.RenderBlank()
	return func() { bar.Finish() }
}

// colour makes s green or red by the sign of v, on a terminal.
func colour(w io.Writer, v float64, s string) string {
	switch {
	case !terminal(w) || os.Getenv("NO_COLOR") != "":
		return s
	case v > 0:
		return text.FgGreen.Sprint(s)
	case v < 0:
		return text.FgRed.Sprint(s)
	}
	return s
}

// number prints v with a sensible number of digits; — where it is undefined.
func number(v *float64) string { return numberLike(v, v) }

// numberLike prints v with the digits that like has.
func numberLike(v, like *float64) string {
	switch {
	case v == nil || math.IsNaN(*v):
		return "—"
	case like == nil || math.Abs(*like) < 10:
		return fmt.Sprintf("%.4f", *v)
	case math.Abs(*like) < 100:
		return fmt.Sprintf("%.2f", *v)
	}
	return fmt.Sprintf("%.1f", *v)
}

// several counts things: 1 row, 2 rows.
func several(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprint(n, " ", plural(what))
}

func plural(word string) string {
	stem, y := strings.CutSuffix(word, "y")
	switch {
	case y:
		return stem + "ies"
	case strings.HasSuffix(word, "s"):
		return word + "es"
	}
	return word + "s"
}
