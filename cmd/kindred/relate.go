package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/compose"
	"github.com/kindred-mtl/kindred/data"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/relate"
	"github.com/kindred-mtl/kindred/relate/picture"
)

type relateDocument struct {
	Schema    string              `json:"schema"` // kindred.relate/1
	Seed      uint64              `json:"seed"`
	Table     tableDocument       `json:"table"`
	Measures  []measureDocument   `json:"measures"`
	Agreement []agreementDocument `json:"agreement,omitempty"`
	Refused   []refusedDocument   `json:"refused,omitempty"`
}

type measureDocument struct {
	Measure      string             `json:"measure"`
	Tasks        []string           `json:"tasks"`
	Symmetric    bool               `json:"symmetric"`
	Semidefinite bool               `json:"semidefinite"`
	Matrix       [][]*float64       `json:"matrix"` // null: nothing is known; of all: too many tasks
	Neighbours   []nearDocument     `json:"neighbours,omitempty"`
	Errors       [][]*float64       `json:"errors,omitempty"`
	Vectors      [][]*float64       `json:"vectors"`
	Clustering   string             `json:"clustering"`
	Groups       []int              `json:"groups"`
	Chosen       bool               `json:"chosen"`
	Silhouette   float64            `json:"silhouette"`
	Strength     float64            `json:"strength,omitempty"`
	Selection    *selectedDocument  `json:"selection,omitempty"`
	Validation   *validatedDocument `json:"validation,omitempty"`
	Merges       []mergeDocument    `json:"merges"`
	Seconds      float64            `json:"seconds"`
	Warnings     []string           `json:"warnings,omitempty"`

	relation *relate.Relation
	grouping *relate.Grouping
}

// nearDocument is the tasks that are most alike to one, and how alike they are.
type nearDocument struct {
	Tasks []int     `json:"tasks"`
	Alike []float64 `json:"alike"`
}

// neighbours is how many of each task are told where there is no matrix.
const neighbours = 10

// selectedDocument is groups to train that may overlap.
type selectedDocument struct {
	Trained  [][]string `json:"trained"`
	Affinity []float64  `json:"affinity"` // of each task
	Mean     float64    `json:"mean"`
	Exact    bool       `json:"exact"`
}

type mergeDocument struct {
	A      string  `json:"a"`
	B      string  `json:"b"`
	Height float64 `json:"height"`
}

type agreementDocument struct {
	Between         []string `json:"between"`
	RankCorrelation *float64 `json:"rank_correlation"`
	AdjustedRand    float64  `json:"adjusted_rand"`
}

type refusedDocument struct {
	Measure string `json:"measure"`
	Note    string `json:"note"`
}

// relating are the flags of how tasks are related.
type relating struct {
	measures   []string
	clustering string
	groups     int
	dimensions int
	csv        string
	svg, png   string
	describing string // file
	given      *data.Descriptions

	validate bool
	draws    int
	method   string
}

func relateCommand(c *common) *cobra.Command {
	var in source
	var how relating
	cmd := &cobra.Command{
		Use: "relate FILE", Short: "Say how the tasks are related, and which belong together", Args: exactly(1, "one file"),
		Long: `Relates the tasks of a table by several measures, and prints for each the tree of
the tasks, which merges those that are most alike first, and groups of them. The
measures are held against one another. docs/relate.md explains them all. Of more
than 1,000 tasks there is no tree and no matrix but in --csv; each task's nearest
ones are in --json.`,
		Example: `  kindred relate mines.csv --task field --target mine
  kindred relate school.csv --task school --target score --groups 3 --svg school.svg
  kindred relate songs.csv --target happy --target sad --measure labels --measure vectors
  kindred relate patients.csv --task hospital --target died --measure transfer --csv helps.csv
  kindred relate mines.csv --task field --target mine --measure weights --validate`,
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := in.learn(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if err := how.checkValidation(cmd); err != nil {
				return err
			}
			if err := how.describe(cmd.Context(), in.options.Task); err != nil {
				return err
			}
			d, err := how.run(cmd, f, c.seed)
			if err != nil {
				return err
			}
			if err := how.write(d); err != nil {
				return err
			}
			return c.report(cmd, d, f.Warnings, func() { printRelate(cmd, d, f.Set.Infos()) })
		},
	}
	in.flags(cmd)
	f := cmd.Flags()
	f.StringArrayVar(&how.measures, "measure", nil, "`measure`, one of "+strings.Join(relate.All.Names(), ", ")+"; repeat for several; else weights, and of up to 1,000 tasks covariance, evidence, labels where tasks share rows, and descriptions where they are given")
	f.IntVar(&how.groups, "groups", 0, "groups of tasks to make, by selection at most; 0: as many as have the largest silhouette")
	f.StringVar(&how.clustering, "clustering", "spectral", "how groups are made: "+strings.Join(relate.Clusterings.Names(), ", "))
	f.IntVar(&how.dimensions, "dimensions", 2, "of the vectors")
	f.StringVar(&how.describing, "descriptions", "", "`file` of a row for each task that describes it; for the measure descriptions")
	f.BoolVar(&how.validate, "validate", false, "choose the number of groups by what is lost on rows held out when each is learned by itself, and hold the groups against random ones")
	f.IntVar(&how.draws, "draws", 19, "random groupings that --validate draws")
	f.StringVar(&how.method, "method", "", "`method` that learns a group, for --validate; else linear models whose tasks share weights")
	f.StringVar(&how.csv, "csv", "", "write the matrices to this CSV `file`")
	f.StringVar(&how.svg, "svg", "", "draw a map and the matrix of each measure to this SVG `file`")
	f.StringVar(&how.png, "png", "", "draw them to this PNG `file`")
	c.jsonFlag(cmd)
	return cmd
}

// describe reads the descriptions of the tasks.
func (r *relating) describe(ctx context.Context, task string) (err error) {
	if r.describing == "" {
		return nil
	}
	if r.measures != nil && !slices.Contains(r.measures, "descriptions") {
		return wrong(errors.New("--descriptions is for the measure descriptions, which is not asked for; add --measure descriptions"))
	}
	r.given, err = data.ReadDescriptions(ctx, data.Options{Path: r.describing, Task: task})
	return err
}

// measure is the measure of a name.
func (r *relating) measure(name string) (relate.Measure, error) {
	part, err := relate.All.Find("measure", name)
	if err != nil {
		return nil, wrong(err)
	}
	m := part.New()
	if _, ok := m.(relate.Descriptions); ok {
		if r.given == nil {
			return nil, wrong(errors.New("--measure descriptions compares what a table says of the tasks; name it, --descriptions FILE"))
		}
		return relate.Descriptions{Given: r.given}, nil
	}
	return m, nil
}

// run relates the tasks of a file by every measure.
func (r *relating) run(cmd *cobra.Command, f *data.File, seed uint64) (*relateDocument, error) {
	tasks := len(f.Set.Tasks)
	if r.groups < 0 || r.groups > tasks {
		return nil, wrong(fmt.Errorf("--groups %d: there are %s; give 1 to %d, or 0 to choose", r.groups, several(tasks, "task"), tasks))
	}
	if r.dimensions < 1 {
		return nil, wrong(fmt.Errorf("--dimensions %d: give 1 or more", r.dimensions))
	}
	clustering, err := relate.Clusterings.Find("clustering", r.clustering)
	if err != nil {
		return nil, wrong(err)
	}
	if r.validate && tasks > relate.MostTasks {
		return nil, wrong(fmt.Errorf("--validate: %s, more than the %d that it is for", several(tasks, "task"), relate.MostTasks))
	}
	names, asked := r.measures, r.measures != nil
	if !asked {
		if names = []string{"weights", "covariance", "evidence", "labels"}; tasks > relate.MostTasks {
			names = names[:1]
		}
		if r.given != nil {
			names = append(names, "descriptions")
		}
	}
	d := &relateDocument{Schema: "kindred.relate/1", Seed: seed, Table: describe(f), Measures: []measureDocument{}}
	seen := map[string]bool{}
	for _, name := range names {
		m, err := r.measure(name)
		if err != nil {
			return nil, err
		}
		if seen[name] {
			continue
		}
		seen[name] = true
		one, err := r.take(cmd, f.Set, name, m, clustering.New(), seed)
		if errors.Is(err, compose.ErrNotApplicable) {
			if asked || name != "labels" && name != "evidence" {
				d.Refused = append(d.Refused, refusedDocument{name, err.Error()})
			}
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		d.Measures = append(d.Measures, *one)
	}
	if len(d.Measures) == 0 {
		return nil, fmt.Errorf("%s: %s", f.Name, d.Refused[0].Note)
	}
	d.agree()
	return d, nil
}

// take relates the tasks by one measure, and groups them.
func (r *relating) take(cmd *cobra.Command, s *kindred.Set, name string, m relate.Measure, c relate.Clustering, seed uint64) (*measureDocument, error) {
	start, o := time.Now(), relate.Options{Dimensions: r.dimensions, Seed: seed}
	end := busy(cmd.ErrOrStderr(), name)
	relation, err := relate.Tasks(cmd.Context(), s, m, o)
	end()
	if err != nil {
		return nil, err
	}
	groups := r.groups
	var validated *relate.Validated
	if r.validate {
		if validated, err = r.validated(cmd, s, relate.Validation{Measure: m, Clustering: c, Options: o, Groups: r.groups, Random: r.draws}, name); err != nil {
			return nil, err
		}
		groups = validated.Groups
	}
	g, err := relate.Group(relation, c, groups)
	if err != nil {
		return nil, err
	}
	d := describeRelation(relation, g, r.clustering)
	if validated != nil {
		d.Validation = describeValidated(validated)
	}
	d.Seconds = time.Since(start).Seconds()
	return &d, nil
}

func describeRelation(r *relate.Relation, g *relate.Grouping, clustering string) measureDocument {
	d := measureDocument{
		Measure: r.Measure, Tasks: r.Tasks, Symmetric: r.Symmetric, Semidefinite: r.Semidefinite,
		Vectors: nullable(r.Vectors), Clustering: clustering,
		Groups: g.Groups, Chosen: g.Chosen, Silhouette: g.Silhouette, Strength: g.Strength, Warnings: r.Warnings,
		Merges: []mergeDocument{}, relation: r, grouping: g,
	}
	if r.Matrix != nil {
		d.Matrix = nullable(r.Matrix)
	} else {
		d.Neighbours = describeNeighbours(r)
	}
	if r.Errors != nil {
		d.Errors = nullable(r.Errors)
	}
	if s := g.Selected; s != nil {
		d.Selection = &selectedDocument{Affinity: s.Affinity, Mean: s.Mean, Exact: s.Exact}
		for _, tasks := range s.Groups {
			var names []string
			for _, t := range tasks {
				names = append(names, r.Tasks[t])
			}
			d.Selection.Trained = append(d.Selection.Trained, names)
		}
	}
	for _, m := range relate.Tree(r) {
		d.Merges = append(d.Merges, mergeDocument{r.Tasks[m.A], r.Tasks[m.B], m.Height})
	}
	return d
}

func describeNeighbours(r *relate.Relation) []nearDocument {
	out := make([]nearDocument, len(r.Tasks))
	for t, near := range r.Neighbours(neighbours) {
		for _, n := range near {
			out[t].Tasks, out[t].Alike = append(out[t].Tasks, n.Task), append(out[t].Alike, n.Alike)
		}
	}
	return out
}

// nullable is a matrix whose NaN are null.
func nullable(m *num.Dense) [][]*float64 {
	out := make([][]*float64, m.Rows)
	for i := range out {
		out[i] = make([]*float64, m.Cols)
		for j, v := range m.Row(i) {
			if !math.IsNaN(v) {
				out[i][j] = &v
			}
		}
	}
	return out
}

// agree holds the measures against one another.
func (d *relateDocument) agree() {
	for i := range d.Measures {
		for j := range i {
			a, b := &d.Measures[j], &d.Measures[i]
			line := agreementDocument{Between: []string{a.Measure, b.Measure}, AdjustedRand: relate.AdjustedRand(a.Groups, b.Groups)}
			if v := relate.Agreement(a.relation, b.relation); !math.IsNaN(v) {
				line.RankCorrelation = &v
			}
			d.Agreement = append(d.Agreement, line)
		}
	}
}

// write writes the files that are asked for beside the report.
func (r *relating) write(d *relateDocument) error {
	if r.csv != "" {
		if err := data.WriteFile(r.csv, d.writeCSV); err != nil {
			return err
		}
	}
	var pictures []picture.Picture
	for _, m := range d.Measures {
		pictures = append(pictures, picture.Picture{Relation: m.relation, Grouping: m.grouping})
	}
	for _, f := range []struct {
		path  string
		write func(io.Writer, []picture.Picture) error
	}{{r.svg, picture.WriteSVG}, {r.png, picture.WritePNG}} {
		if f.path == "" {
			continue
		}
		if err := data.WriteFile(f.path, func(w io.Writer) error { return f.write(w, pictures) }); err != nil {
			return err
		}
	}
	return nil
}

// writeCSV writes the matrices one below the other.
func (d *relateDocument) writeCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	out.Write(append([]string{"measure", "task", "group"}, d.Measures[0].Tasks...)) // errors stay until Error
	for _, m := range d.Measures {
		for s, name := range m.Tasks {
			record := []string{m.Measure, name, strconv.Itoa(m.Groups[s])}
			for t := range m.Tasks {
				cell := ""
				if v := m.relation.At(s, t); !math.IsNaN(v) {
					cell = strconv.FormatFloat(v, 'g', -1, 64)
				}
				record = append(record, cell)
			}
			out.Write(record)
		}
	}
	out.Flush()
	return out.Error()
}

func printRelate(cmd *cobra.Command, d *relateDocument, tasks []kindred.TaskInfo) {
	w := cmd.OutOrStdout()
	printTable(w, d.Table, len(tasks))
	for _, m := range d.Measures {
		part, _ := relate.All.Find("measure", m.Measure) // found before
		fmt.Fprintf(w, "\n%s\n", indent(0, m.Measure+": "+part.Words))
		if m.Matrix != nil {
			printTree(w, m.Tasks, m.Groups, relate.Tree(m.relation))
		}
		fmt.Fprintln(w, indent(2, m.countWords()))
		printGroups(w, tasks, m.Groups)
		printValidated(w, m.Validation)
		if s := m.grouping.Selected; s != nil {
			printMembers(w, "trained with:", memberWords(tasks, s.Groups))
		}
		if m.Errors != nil {
			printGains(w, &m)
		}
		warn(cmd, m.Warnings)
	}
	for _, r := range d.Refused {
		fmt.Fprintf(w, "\n%s\n", indent(0, r.Note))
	}
	if len(d.Agreement) == 0 {
		return
	}
	fmt.Fprintln(w)
	t := newTable(w, table.Row{"measures", "rank correlation", "groups alike (adjusted Rand)"}, 2, 3)
	rows(t, len(d.Agreement), 30, func(i int) table.Row {
		a := d.Agreement[i]
		return table.Row{strings.Join(a.Between, ", "), short(a.RankCorrelation), fmt.Sprintf("%.2f", a.AdjustedRand)}
	})
	t.Render()
}

// short is a number of two decimals; — where it is undefined.
func short(v *float64) string {
	if v == nil {
		return "—"
	}
	return fmt.Sprintf("%.2f", *v)
}

// countWords says how many groups there are, and why.
func (m *measureDocument) countWords() string {
	text := fmt.Sprintf("%s, by %s, silhouette %.2f", several(m.grouping.Count, "group"), m.Clustering, m.Silhouette)
	if s := m.Selection; s != nil {
		how := "the largest there is"
		if !s.Exact {
			how = "by beam search"
		}
		text += fmt.Sprintf(", mean affinity %.3g, %s", s.Mean, how)
	}
	switch {
	case m.Validation != nil && len(m.Validation.Tried) > 1:
		text += ": the fewest that do as well as any on rows held out"
	case m.Strength > 0:
		text += fmt.Sprintf(": the most that both halves of the tasks find (prediction strength %.2f)", m.Strength)
	case m.Chosen:
		text += ": of 2 groups and more, the number where that is largest"
	}
	return text
}

// printGains lists the tasks that help one another most, and least.
func printGains(w io.Writer, m *measureDocument) {
	type gain struct {
		from, to int
		value    float64
	}
	var best, worst gain
	for s := range m.Tasks {
		for t := range m.Tasks {
			if v := m.relation.Matrix.At(s, t); s != t {
				if v > best.value {
					best = gain{s, t, v}
				}
				if v < worst.value {
					worst = gain{s, t, v}
				}
			}
		}
	}
	for _, g := range []gain{best, worst} {
		if g.from != g.to {
			within := ""
			if e := m.relation.Errors.At(g.from, g.to); !math.IsNaN(e) {
				within = fmt.Sprintf(" ± %.1f", 100*e)
			}
			fmt.Fprintln(w, indent(2, fmt.Sprintf("%s with %s errs %+.1f%s %%", shorten(oneLine(m.Tasks[g.to]), 30), shorten(oneLine(m.Tasks[g.from]), 30), -100*g.value, within)))
		}
	}
}
