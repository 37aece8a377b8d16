package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/kindred-mtl/kindred/compare"
)

// heading opens the page.
func heading(w io.Writer) {
	fmt.Fprintf(w, `# Results

Made by `+"`go run ./bench/results`"+` at commit %s, on %d cores of %s, %s.

Every strength and option that a command does not give is chosen on folds of the training rows; no test row is seen before it is predicted.
Figures are means over splits, ± their standard deviation, of the mean over tasks; explained variance is that of the test rows of all tasks together, 1 − Σ(y − ŷ)² / Σ(y − ȳ)².
*gain* is against each task alone, positive = better, with its 95 %% interval: over splits by the corrected resampled t test, with one split by a bootstrap of its test rows; bold where it is beyond chance.
*up* and *down* count tasks that are better and worse than alone beyond chance (5 %%, Holm over tasks).
*rows alone* is how many rows a task needs to do as well alone, where the learning curve tells.
Times are those of the whole command, and of the processors in it, which other work on the machine stretches less.
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

// write adds the tables of a run.
func (r run) write(w io.Writer, d *done) {
	fmt.Fprintf(w, "\n    kindred %s\n\n", r.command)
	r.methods(w, d)
	if d.Data.Tasks <= fewTasks && d.Methods[0].Train == d.Methods[len(d.Methods)-1].Train {
		fmt.Fprintln(w)
		r.tasks(w, d)
	}
	fmt.Fprintf(w, "\n%s, %s of processor time.\n", seconds(d.wall), seconds(d.processor))
	if a := d.Recommendation; a != nil && a.Nested {
		fmt.Fprintf(w, "\n> %s\n", strings.Join(a.Sentences, " "))
	}
	before := "\n"
	for i := range d.Methods {
		if said := remark(&d.Methods[i]); said != "" {
			fmt.Fprintf(w, "%s- %s.\n", before, said)
			before = ""
		}
	}
}

// methods is a table of methods; where they had several numbers of rows to
// train on, it says how many a task alone needs to do as well.
func (r run) methods(w io.Writer, d *done) {
	several := d.Methods[0].Train != d.Methods[len(d.Methods)-1].Train
	header := []string{"method"}
	if several {
		header = append(header, "rows of a task")
	}
	for _, c := range r.columns {
		header = append(header, c.heading)
	}
	measure := r.measure(d.Metric)
	header = append(header, "gain in "+measure.heading, "95 % interval", "up", "down")
	if several {
		header = append(header, "rows alone")
	}
	if r.against != nil {
		header = append(header, "to hold against ("+r.columns[0].heading+")")
	}
	line(w, header)
	line(w, append([]string{"---"}, slices.Repeat([]string{"---:"}, len(header)-1)...))
	for i := range d.Methods {
		line(w, r.cells(&d.Methods[i], measure, several))
	}
}

// fewTasks are as many as have a table of their own.
const fewTasks = 4

// tasks is a table of tasks, in the metric of the first column.
func (r run) tasks(w io.Writer, d *done) {
	c := r.columns[0]
	header := []string{"task"}
	for _, m := range d.Methods {
		if m.Note == "" {
			header = append(header, m.Method+", "+c.heading)
		}
	}
	line(w, header)
	line(w, append([]string{"---"}, slices.Repeat([]string{"---:"}, len(header)-1)...))
	for t, task := range d.Methods[0].Tasks {
		row := []string{task.Task}
		for _, m := range d.Methods {
			if m.Note == "" {
				row = append(row, c.value(m.Tasks[t].Metrics[c.metric]))
			}
		}
		line(w, row)
	}
}

// measure is how gains in a metric are shown: as its column is.
func (r run) measure(metric string) column {
	for _, c := range r.columns {
		if c.metric == metric {
			c.digits = min(c.digits+1, 4)
			return c
		}
	}
	return column{metric, strings.ReplaceAll(metric, "_", " "), 0, 1, 4}
}

func line(w io.Writer, cells []string) { fmt.Fprintf(w, "| %s |\n", strings.Join(cells, " | ")) }

// cells are a method's row of the table.
func (r run) cells(m *compare.Method, measure column, several bool) []string {
	row, key := []string{m.Method}, m.Method
	if several {
		row = append(row, fmt.Sprintf("%.0f (%g %%)", m.Rows, 100*m.Train))
		key += fmt.Sprintf(" %g", m.Train)
	}
	for _, c := range r.columns {
		row = append(row, c.cell(m))
	}
	row = append(row, measure.gain(m)...)
	if several {
		row = append(row, alone(m))
	}
	if r.against != nil {
		row = append(row, r.against[key])
	}
	return row
}

// alone is how many rows a task alone needs to do as well.
func alone(m *compare.Method) string {
	switch {
	case m.RowsAlone != nil:
		return fmt.Sprintf("%.0f", *m.RowsAlone)
	case m.MoreThan != nil:
		return fmt.Sprintf("above %.0f", *m.MoreThan)
	}
	return ""
}

// cell is a metric, ± its standard deviation over splits.
func (c column) cell(m *compare.Method) string {
	s := m.Metrics[c.metric]
	text := c.value(s.Mean)
	if s.SD != nil {
		text += fmt.Sprintf(" ± %.*f", c.digits, math.Abs(c.scale)**s.SD)
	}
	return text
}

func (c column) value(v *float64) string {
	if v == nil {
		return "—"
	}
	return fmt.Sprintf("%.*f", c.digits, c.offset+c.scale**v)
}

// gain is the gain, its interval, and the tasks that are better and worse.
func (c column) gain(m *compare.Method) []string {
	if m.Gain == nil || m.Gain.Value == nil {
		return make([]string, 4)
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

// remark says why a method has no numbers, or which tasks it makes worse.
func remark(m *compare.Method) string {
	switch {
	case m.Note != "":
		return m.Method + ": " + m.Note
	case m.Worse == 0:
		return ""
	}
	name := m.Method
	if m.Train > 0 {
		name += fmt.Sprintf(" at %g %%", 100*m.Train)
	}
	return name + " makes worse: " + worse(m)
}

// worse names the tasks that are worse than alone beyond chance, the worst of
// them where they are many.
func worse(m *compare.Method) string {
	const most = 5
	tasks := slices.DeleteFunc(slices.Clone(m.Tasks), func(t compare.Task) bool { return t.Gain == nil || t.Gain.Verdict != "worse" })
	slices.SortStableFunc(tasks, func(a, b compare.Task) int { return cmp.Compare(*a.Gain.Value, *b.Gain.Value) })
	var names []string
	for _, t := range tasks[:min(len(tasks), most)] {
		names = append(names, fmt.Sprintf("%s (%+.3f)", t.Task, *t.Gain.Value))
	}
	text := strings.Join(names, ", ")
	if more := len(tasks) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
