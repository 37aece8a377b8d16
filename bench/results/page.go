package main

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/kindred-mtl/kindred/compare"
)

// heading opens the page.
func heading(w io.Writer) {
	fmt.Fprintf(w, `# Results

Made by `+"`go run ./bench/results`"+` at commit %s, on %d cores of %s, %s.

Every strength and option that a command does not give is chosen on folds of the training rows; no test row is seen before it is predicted.
Figures are means over splits, ± their standard deviation. *gain* is in the metric named (bold where it is beyond chance), positive = better, against each task alone, with its 95 %% interval: over splits by the corrected resampled t test, with one split by a bootstrap of its test rows.
*up* and *down* count tasks that are better and worse than alone beyond chance (5 %%, Holm over tasks).
Times: of the whole command, and of the processors in it, which other work on the machine stretches less.
`, commit(), runtime.NumCPU(), processor(), runtime.Version())
}

// commit names the state of the project.
func commit() string {
	out, err := exec.Command("git", "rev-parse", "--short", "HEAD").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}

// processor names the processor.
func processor() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if key, value, ok := strings.Cut(s.Text(), ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

// write adds the table of a run.
func (r run) write(w io.Writer, d *done) {
	fmt.Fprintf(w, "\n    kindred %s\n\n", r.command)
	several := d.Methods[0].Train != d.Methods[len(d.Methods)-1].Train
	header := []string{"method"}
	if several {
		header = append(header, "rows to train on")
	}
	for _, c := range r.columns {
		header = append(header, c.heading)
	}
	measure := r.measure(d.Metric)
	header = append(header, "gain in "+measure.heading, "95 % interval", "up", "down")
	if r.against != nil {
		header = append(header, "to hold against")
	}
	line(w, header)
	line(w, append([]string{"---"}, repeat("---:", len(header)-1)...))
	for i := range d.Methods {
		line(w, r.cells(&d.Methods[i], measure, several))
	}
	fmt.Fprintf(w, "\n%s, %s of processor time.\n", seconds(d.wall), seconds(d.processor))
	before := "\n"
	for i := range d.Methods {
		for _, said := range remarks(&d.Methods[i], several) {
			fmt.Fprintf(w, "%s- %s.\n", before, said)
			before = ""
		}
	}
}

// measure is how gains in a metric are shown: as its column is.
func (r run) measure(metric string) column {
	for _, c := range r.columns {
		if c.metric == metric {
			c.digits++
			return c
		}
	}
	return column{metric, strings.ReplaceAll(metric, "_", " "), 0, 1, 4}
}

func line(w io.Writer, cells []string) { fmt.Fprintf(w, "| %s |\n", strings.Join(cells, " | ")) }

func repeat(s string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = s
	}
	return out
}

// cells are a method's row of the table.
func (r run) cells(m *compare.Method, measure column, several bool) []string {
	row, key := []string{m.Method}, m.Method
	if several {
		row = append(row, fmt.Sprintf("%g %%", 100*m.Train))
		key += fmt.Sprintf(" %g", m.Train)
	}
	for _, c := range r.columns {
		row = append(row, c.cell(m))
	}
	row = append(row, measure.gain(m)...)
	if r.against != nil {
		row = append(row, r.against[key])
	}
	return row
}

// cell is a metric, ± its standard deviation over splits.
func (c column) cell(m *compare.Method) string {
	s, ok := m.Metrics[c.metric]
	if !ok || s.Mean == nil {
		return "—"
	}
	text := fmt.Sprintf("%.*f", c.digits, c.offset+c.scale**s.Mean)
	if s.SD != nil {
		text += fmt.Sprintf(" ± %.*f", c.digits, math.Abs(c.scale)**s.SD)
	}
	return text
}

// gain is the gain, its interval, and the tasks that are better and worse.
func (c column) gain(m *compare.Method) []string {
	if m.Gain == nil || m.Gain.Value == nil {
		return repeat("", 4)
	}
	show := func(v float64) string { return fmt.Sprintf("%+.*f", c.digits, math.Abs(c.scale)*v) }
	value, interval := show(*m.Gain.Value), "—"
	if m.Gain.Verdict != "" {
		value = "**" + value + "**"
	}
	if m.Gain.Low != nil && m.Gain.High != nil {
		interval = show(*m.Gain.Low) + " to " + show(*m.Gain.High)
	}
	return []string{value, interval, fmt.Sprint(m.Better), fmt.Sprint(m.Worse)}
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.0f s", math.Ceil(d.Seconds())) }

// remarks say in words what the table cannot: why a method has no numbers,
// which tasks it makes worse, and how many rows a task alone needs to do as
// well.
func remarks(m *compare.Method, several bool) (all []string) {
	name := m.Method
	if several {
		name = fmt.Sprintf("%s at %g %%", m.Method, 100*m.Train)
	}
	if m.Note != "" {
		return []string{name + ": " + m.Note}
	}
	if m.Worse > 0 {
		all = append(all, fmt.Sprintf("%s makes worse: %s", name, strings.Join(worse(m), ", ")))
	}
	if m.Gain == nil || !several {
		return all
	}
	switch {
	case m.RowsAlone != nil && *m.RowsAlone > m.Rows:
		all = append(all, fmt.Sprintf("%s, with %.0f rows a task, does as well as a task alone with %.0f", name, m.Rows, *m.RowsAlone))
	case m.MoreThan != nil:
		all = append(all, fmt.Sprintf("%s, with %.0f rows a task, does better than a task alone with %.0f, the most that was tried", name, m.Rows, *m.MoreThan))
	}
	return all
}

// worse names the tasks that are worse than alone beyond chance, and by how
// much.
func worse(m *compare.Method) []string {
	var names []string
	for _, t := range m.Tasks {
		if t.Gain != nil && t.Gain.Verdict == "worse" {
			names = append(names, fmt.Sprintf("%s (%+.3f)", t.Task, *t.Gain.Value))
		}
	}
	return names
}
