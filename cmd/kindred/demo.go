package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/compare"
	"github.com/kindred-mtl/kindred/recipe"
	"github.com/kindred-mtl/kindred/split"
	"github.com/kindred-mtl/kindred/synth"
)

func demo(c *common) *cobra.Command {
	g := synth.Classification{}
	draws := 10
	cmd := &cobra.Command{
		Use: "demo", Short: "Learn two related tasks from few labels, apart and together", Args: noArgs,
		Long: `The classic example made real: 1,000 rows of 20 features (10 informative, 10
redundant) with two related tasks, few labelled rows each. They are learned apart
by linear support vector machines, pooled, and together, by linear methods and by
three small networks (32 and 16 tanh units, dropout 0.3), and judged on all other
rows, over several draws of which rows are labelled.`,
		Example: "  kindred demo\n  kindred demo --angle 60 --labelled 80\n  kindred demo --json -",
		RunE: func(cmd *cobra.Command, _ []string) error {
			g.Seed = c.seed
			if draws < 1 {
				return wrong(fmt.Errorf("--draws %d: give 1 or more", draws))
			}
			set, _, err := g.Make()
			if err != nil {
				return wrong(err)
			}
			start := time.Now()
			o, err := demoEntrants(c.seed)
			if err != nil {
				return err
			}
			folds, err := demoFolds(set, draws, g.Labelled, c.seed)
			if err != nil {
				return wrong(err)
			}
			step, end := progress(cmd.ErrOrStderr())
			o.Plans, o.Metric, o.Seed, o.Progress = []compare.Plan{{Folds: folds}}, "log_loss", c.seed, step
			r, err := compare.Run(cmd.Context(), set, o)
			end()
			if err != nil {
				return err
			}
			d := compareDocument{r, c.seed, splitDocument{Kind: "draws", Splits: draws}, nil}
			return c.report(cmd, d, nil, func() {
				w := cmd.OutOrStdout()
				fmt.Fprintf(w, "Two tasks on the same %d rows of %d features, related by an angle of %g degrees.\n", g.Samples, g.Features, g.Angle)
				fmt.Fprintf(w, "Each task knows the labels of %d rows of its own; the rows that neither knows are held out.\n%d draws of these rows, seed %d.\n\n", g.Labelled, draws, c.seed)
				printResult(w, r)
				fmt.Fprintf(w, "\n%.1f s in all. Next: kindred compare FILE --target A --target B\n", time.Since(start).Seconds())
			})
		},
	}
	f := cmd.Flags()
	f.IntVar(&g.Samples, "rows", 1000, "rows")
	f.IntVar(&g.Features, "features", 20, "features")
	f.IntVar(&g.Informative, "informative", 10, "informative features")
	f.IntVar(&g.Redundant, "redundant", 10, "redundant features")
	f.IntVar(&g.Tasks, "tasks", 2, "tasks")
	f.Float64Var(&g.Angle, "angle", 25, "degrees between the first task's direction and each other one's")
	f.IntVar(&g.Labelled, "labelled", 40, "labelled rows of each task")
	f.IntVar(&draws, "draws", 10, "draws of the labelled rows")
	c.jsonFlag(cmd)
	return cmd
}

// demoFolds draws labelled rows, others for each task and no row twice, and
// holds out the rows that no task has a label of. The tasks ask the same kind
// of question of one table, so they may be pooled.
func demoFolds(set *kindred.Set, draws, labelled int, seed uint64) ([]split.Fold, error) {
	tasks, rows := len(set.Tasks), set.Tasks[0].Table.Len()
	if labelled < 1 || draws*tasks > rows/max(labelled, 1) {
		return nil, fmt.Errorf("%d draws of %d labelled rows for %d tasks are more than %d rows; give fewer --draws or --labelled, or more --rows", draws, labelled, tasks, rows)
	}
	for t := range set.Tasks {
		set.Tasks[t].Label.Target = "label"
	}
	parts, err := split.KFold(set, rows/labelled, 1, seed)
	if err != nil {
		return nil, err
	}
	folds := make([]split.Fold, draws)
	for i := range folds {
		folds[i] = split.Fold{Name: fmt.Sprintf("draw %d", i+1), Train: make([][]int, tasks), Test: make([][]int, tasks)}
		known := make([]bool, rows)
		for t := range tasks {
			folds[i].Train[t] = parts[i*tasks+t].Test[t]
			for _, r := range folds[i].Train[t] {
				known[r] = true
			}
		}
		for t := range tasks {
			for r := range rows {
				if !known[r] {
					folds[i].Test[t] = append(folds[i].Test[t], r)
				}
			}
		}
	}
	return folds, nil
}

// demoNets are the three families of networks, small and smooth as few labels
// want them.
var demoNets = []string{"shared-net", "hierarchy-net", "embedding-net"}

const demoNet = ":hidden=32-16,activation=tanh,dropout=0.3"

// demoEntrants are the support vector machine of each task alone and of both
// pooled as baselines, shared weights with two losses, and networks.
func demoEntrants(seed uint64) (compare.Options, error) {
	var o compare.Options
	enter := func(name, text string) (compare.Entrant, error) {
		m, err := recipe.Parse(text, []kindred.Kind{kindred.Binary}, seed)
		return compare.Entrant{Name: name, Method: m}, err
	}
	var err error
	if o.Single, err = enter("svm apart", "svm"); err != nil {
		return o, err
	}
	if o.Pooled, err = enter("svm pooled", "pooled-svm"); err != nil {
		return o, err
	}
	entrants := [][2]string{{"shared-svm", "shared-svm"}, {"shared-logistic", "shared-logistic"}}
	for _, name := range demoNets {
		entrants = append(entrants, [2]string{name, name + demoNet})
	}
	for _, named := range entrants {
		e, err := enter(named[0], named[1])
		if err != nil {
			return o, err
		}
		o.Entrants = append(o.Entrants, e)
	}
	return o, nil
}

// columnsOf are the metrics a table of a kind shows.
func columnsOf(r *compare.Result) []string {
	for _, m := range r.Methods {
		switch {
		case m.Metrics == nil:
		case m.Metrics["accuracy"].Mean != nil:
			return []string{"accuracy", "auc", "log_loss"}
		case m.Metrics["explained_variance_total"].Mean != nil:
			return []string{"rmse", "r2", "explained_variance_total"}
		}
	}
	return []string{r.Metric}
}

// headings are short names of metrics.
var headings = map[string]string{"explained_variance_total": "EV total", "log_loss": "log loss", "poisson_deviance": "deviance", "auc": "AUC", "r2": "R²", "rmse": "RMSE"}

func heading(metric string) string {
	if h, ok := headings[metric]; ok {
		return h
	}
	return metric
}

// printResult prints a table of methods, one of tasks where they are few, and
// in words who got better and worse.
func printResult(w io.Writer, r *compare.Result) {
	metrics := columnsOf(r)
	header := table.Row{"method"}
	right := []int{}
	several := false
	for _, m := range r.Methods {
		several = several || m.Train != 0
	}
	if several {
		header = append(header, "train")
	}
	for _, m := range metrics {
		header = append(header, heading(m))
	}
	header = append(header, "gain", "95 % interval", "up", "down", "time")
	for i := 2; i <= len(header); i++ {
		right = append(right, i)
	}
	t := newTable(w, header, right...)
	widest := map[string]*float64{}
	for _, m := range r.Methods {
		for _, name := range metrics {
			widest[name] = larger(widest[name], m.Metrics[name].Mean)
		}
	}
	for _, m := range r.Methods {
		t.AppendRow(methodRow(w, m, metrics, widest, several))
	}
	t.Render()
	for _, m := range r.Methods {
		if m.Note != "" {
			fmt.Fprintln(w, indent(0, m.Method+": "+m.Note))
		}
	}
	fmt.Fprintf(w, "gain: in %s against %s, positive = better, mean over tasks.\nup, down: tasks that are better, worse beyond chance (5 %%, Holm over tasks).\n", heading(r.Metric), r.Methods[0].Method)
	if r.Data.Tasks <= 4 && !several {
		printTasks(w, r, metrics)
	}
	printWorse(w, r)
	printAlone(w, r)
}

// larger is the number of larger size, so that a column has the digits of its
// largest one.
func larger(a, b *float64) *float64 {
	if a == nil || b != nil && math.Abs(*b) > math.Abs(*a) {
		return b
	}
	return a
}

func methodRow(w io.Writer, m compare.Method, metrics []string, widest map[string]*float64, several bool) table.Row {
	row := table.Row{m.Method}
	if several {
		row = append(row, fmt.Sprintf("%g", m.Train))
	}
	for _, name := range metrics {
		row = append(row, numberLike(m.Metrics[name].Mean, widest[name]))
	}
	if m.Gain == nil {
		return append(row, "", "", "", "", fmt.Sprintf("%.2f s", m.Seconds))
	}
	value := number(m.Gain.Value)
	if m.Gain.Value != nil {
		value = colour(w, *m.Gain.Value, fmt.Sprintf("%+.4f", *m.Gain.Value))
	}
	return append(row, value, interval(m.Gain), m.Better, m.Worse, fmt.Sprintf("%.2f s", m.Seconds))
}

func interval(g *compare.Gain) string {
	if g.Low == nil || g.High == nil {
		return "—"
	}
	return fmt.Sprintf("%+.3f…%+.3f", *g.Low, *g.High)
}

// printTasks prints each task's line for each method.
func printTasks(w io.Writer, r *compare.Result, metrics []string) {
	header := table.Row{"task", "method"}
	for _, m := range metrics {
		header = append(header, heading(m))
	}
	header = append(header, "gain", "95 % interval", "")
	widest := map[string]*float64{}
	for _, m := range r.Methods {
		for _, name := range metrics {
			for _, t := range m.Tasks {
				widest[name] = larger(widest[name], t.Metrics[name])
			}
		}
	}
	fmt.Fprintln(w)
	t := newTable(w, header, 3, 4, 5, 6, 7)
	for k := range r.Data.Tasks {
		for _, m := range r.Methods {
			if m.Note != "" {
				continue
			}
			row := table.Row{shorten(m.Tasks[k].Task, 24), m.Method}
			for _, name := range metrics {
				row = append(row, numberLike(m.Tasks[k].Metrics[name], widest[name]))
			}
			if g := m.Tasks[k].Gain; g != nil && g.Value != nil {
				row = append(row, colour(w, *g.Value, fmt.Sprintf("%+.4f", *g.Value)), interval(g), g.Verdict)
			}
			t.AppendRow(row)
		}
	}
	t.Render()
}

// printWorse names the tasks that a method made significantly worse, and the
// smallest gain of each method.
func printWorse(w io.Writer, r *compare.Result) {
	for _, m := range r.Methods {
		if worse := madeWorse(&m); worse != nil {
			fmt.Fprintln(w, indent(0, fmt.Sprintf("%s makes %s worse in %s: %s", m.Method, several(len(worse), "task"), heading(r.Metric), strings.Join(worse, ", "))))
		}
		if m.Worst != nil && m.Worst.Value != nil && *m.Worst.Value < 0 {
			fmt.Fprintln(w, indent(0, fmt.Sprintf("%s: smallest gain %+.4f, task %q", m.Method, *m.Worst.Value, m.Worst.Task)))
		}
	}
	undefined := map[string]int{}
	for _, m := range r.Methods {
		for name, s := range m.Metrics {
			undefined[name] = max(undefined[name], s.Undefined)
		}
	}
	for _, name := range []string{"auc", "r2"} {
		if undefined[name] > 0 {
			fmt.Fprintf(w, "%s is undefined on %d pairs of task and split, which are left out of its mean\n", heading(name), undefined[name])
		}
	}
	warnings := 0
	for _, m := range r.Methods {
		warnings = max(warnings, len(m.Warnings))
	}
	if warnings > 0 {
		fmt.Fprintf(w, "%d warnings of fits; --json lists them\n", warnings)
	}
}

// madeWorse says which tasks a method made significantly worse, and by how much,
// the worst first.
func madeWorse(m *compare.Method) (said []string) {
	var tasks []compare.Task
	for _, t := range m.Tasks {
		if t.Gain != nil && t.Gain.Verdict == "worse" {
			tasks = append(tasks, t)
		}
	}
	slices.SortStableFunc(tasks, func(a, b compare.Task) int { return cmp.Compare(*a.Gain.Value, *b.Gain.Value) })
	for _, t := range tasks {
		said = append(said, fmt.Sprintf("%q (by %s)", t.Task, number(ptr(-*t.Gain.Value))))
	}
	return said
}

func ptr(v float64) *float64 { return &v }

// printAlone says how many rows a task alone would need.
func printAlone(w io.Writer, r *compare.Result) {
	curve := false
	for _, m := range r.Methods {
		curve = curve || m.RowsAlone != nil
	}
	if !curve {
		return
	}
	for _, m := range r.Methods[1:] {
		switch {
		case m.Gain == nil:
		case m.RowsAlone != nil:
			fmt.Fprintf(w, "%s at %.0f rows a task does as well as a task alone with %.0f\n", m.Method, m.Rows, *m.RowsAlone)
		default:
			fmt.Fprintf(w, "%s at %.0f rows a task does better than a task alone at every size tried\n", m.Method, m.Rows)
		}
	}
}
