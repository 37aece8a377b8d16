package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/compare"
	"github.com/kindred-mtl/kindred/data"
	"github.com/kindred-mtl/kindred/recipe"
	"github.com/kindred-mtl/kindred/score"
	"github.com/kindred-mtl/kindred/split"
)

// plan are the flags that say how rows are split.
type plan struct {
	folds, repeats, splits int
	train                  []float64
	column, file           string
}

func (p *plan) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.IntVar(&p.folds, "folds", 5, "folds of cross-validation, stratified by task and label")
	f.IntVar(&p.repeats, "repeats", 1, "repeat the folds with other draws")
	f.IntVar(&p.splits, "splits", 0, "random splits instead of folds; needs --train")
	f.Float64SliceVar(&p.train, "train", nil, "`fraction` of each task's rows to train on; several give a learning curve")
	f.Lookup("train").DefValue = ""
	f.StringVar(&p.column, "split", "", "`column` that holds train or test")
	f.StringVar(&p.file, "split-file", "", "CSV `file` with a column row (from 1) and a column of 1 (train) and 0 (test) per split")
}

// check refuses flags that contradict one another.
func (p *plan) check(cmd *cobra.Command, in *source) error {
	var ways []string
	for _, name := range []string{"folds", "splits", "split", "split-file", "time"} {
		if cmd.Flags().Changed(name) && !(name == "time" && len(ways) == 1 && ways[0] == "--folds") {
			ways = append(ways, "--"+name)
		}
	}
	repeats := cmd.Flags().Changed("repeats")
	switch {
	case len(ways) > 1:
		return wrong(fmt.Errorf("%s each say how to split; give one of them", strings.Join(ways, " and ")))
	case repeats && (len(ways) == 1 && ways[0] != "--folds" || in.options.Time != ""):
		return wrong(errors.New("--repeats is of --folds; what is split otherwise is split once"))
	case (p.splits > 0) != (len(p.train) > 0):
		return wrong(errors.New("--splits and --train go together: --splits 10 --train 0.5"))
	case cmd.Flags().Changed("splits") && p.splits < 1:
		return wrong(fmt.Errorf("--splits %d: give 1 or more", p.splits))
	}
	in.options.Split = p.column
	return nil
}

// A splitDocument says in a report how rows were split.
type splitDocument struct {
	Kind    string    `json:"kind"` // folds, random, time, column, file or draws
	Folds   int       `json:"folds,omitempty"`
	Repeats int       `json:"repeats,omitempty"`
	Splits  int       `json:"splits,omitempty"`
	Train   []float64 `json:"train,omitempty"`
	Column  string    `json:"column,omitempty"`
	File    string    `json:"file,omitempty"`
	all     int       // splits in all
}

// document says what plans makes.
func (p *plan) document(in *source, plans []compare.Plan) splitDocument {
	d := splitDocument{Kind: "folds"}
	switch {
	case p.file != "":
		d.Kind, d.File = "file", p.file
	case p.column != "":
		d.Kind, d.Column = "column", p.column
	case in.options.Time != "":
		d.Kind, d.Column, d.Folds = "time", in.options.Time, p.folds
	case p.splits > 0:
		d.Kind, d.Splits, d.Train = "random", p.splits, p.train
	default:
		d.Folds, d.Repeats = p.folds, p.repeats
	}
	for _, p := range plans {
		d.all += len(p.Folds)
	}
	return d
}

// String is the document in words.
func (d splitDocument) String() string {
	switch d.Kind {
	case "file":
		return fmt.Sprintf("%s of %s", several(d.all, "split"), d.File)
	case "column":
		return fmt.Sprintf("split by the column %s", d.Column)
	case "time":
		return fmt.Sprintf("%s of time by the column %s, trained on what came before", several(d.Folds, "fold"), d.Column)
	case "random":
		return fmt.Sprintf("%s for each of the training fractions %v, stratified by task and label", several(d.Splits, "random split"), d.Train)
	}
	text := several(d.Folds, "fold")
	if d.Repeats > 1 {
		text += fmt.Sprintf(", %d times", d.Repeats)
	}
	return text + ", stratified by task and label"
}

// A compareDocument is the result of a comparison and what was compared on.
type compareDocument struct {
	*compare.Result
	Seed  uint64         `json:"seed"`
	Split splitDocument  `json:"split"`
	Table *tableDocument `json:"table,omitempty"`
}

// plans makes the splits of a set.
func (p *plan) plans(f *data.File, seed uint64, timed bool) ([]compare.Plan, error) {
	var folds []split.Fold
	var err error
	switch {
	case p.file != "":
		names, train, e := data.ReadSplits(p.file, f.Table.Len())
		if e != nil {
			return nil, e
		}
		folds, err = split.Given(f.Set, names, train)
	case p.column != "":
		train, e := trainColumn(f, p.column)
		if e != nil {
			return nil, e
		}
		folds, err = split.Given(f.Set, []string{p.column}, [][]int8{train})
	case timed:
		folds, err = split.Time(f.Set, p.folds)
	case p.splits > 0:
		var plans []compare.Plan
		for _, fraction := range p.train {
			folds, err := split.Random(f.Set, p.splits, fraction, seed)
			if err != nil {
				return nil, err
			}
			plans = append(plans, compare.Plan{Folds: folds, Fraction: fraction})
		}
		return plans, nil
	default:
		folds, err = split.KFold(f.Set, p.folds, p.repeats, seed)
	}
	return []compare.Plan{{Folds: folds}}, err
}

// trainColumn reads the cells of a split column.
func trainColumn(f *data.File, name string) ([]int8, error) {
	train := make([]int8, len(f.SplitOf))
	for i, cell := range f.SplitOf {
		switch strings.ToLower(cell) {
		case "train":
			train[i] = 1
		case "test":
			train[i] = 0
		case "":
			train[i] = -1
		default:
			return nil, fmt.Errorf("%s, row %d, column %q: %q; a split column holds train or test", f.Name, i+1, name, cell)
		}
	}
	return train, nil
}

func compareCommand(c *common) *cobra.Command {
	var in source
	var among structure
	var p plan
	var search searching
	var page reporting
	var methods, files []string
	var metric string
	cmd := &cobra.Command{
		Use: "compare FILE", Short: "Compare methods on the same held-out rows, single-task and pooled always among them", Args: exactly(1, "one file"),
		Example: `  kindred compare school.csv --task school --target score --split-file splits.csv
  kindred compare mines.csv --task field --target mine --method trace --splits 10 --train 0.1,0.5
  kindred compare songs.csv --target happy --target sad --json report.json
  kindred compare school.csv --task school --target score --method auto --budget 60s`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := p.check(cmd, &in); err != nil {
				return err
			}
			if metric != "" {
				if _, err := score.All.Find("metric", metric); err != nil {
					return wrong(err)
				}
			}
			if methods == nil && files == nil {
				methods = standard
			}
			ways, err := chooses(methods, files)
			if err != nil {
				return err
			}
			if ways, err = search.take(cmd, ways); err != nil {
				return err
			}
			f, err := in.learn(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			plans, err := p.plans(f, c.seed, in.options.Time != "")
			if err != nil {
				return fmt.Errorf("%s: %w", f.Name, err)
			}
			known, o, err := search.entrants(&among, f.Set, ways, c.seed)
			if err != nil {
				return err
			}
			step, end := progress(cmd.ErrOrStderr())
			o.Plans, o.Metric, o.Seed, o.Progress = plans, metric, c.seed, step
			result, err := compare.Run(cmd.Context(), f.Set, o)
			end()
			if result == nil {
				return search.say(err)
			}
			stopped, table := err, describe(f)
			d := compareDocument{result, c.seed, p.document(&in, plans), &table}
			err = c.report(cmd, d, f.Warnings, func() { printCompared(cmd, d, len(f.Set.Tasks), args[0]) })
			if err != nil {
				return err
			}
			page.plans, page.known, page.ways = plans, known, ways
			if err := page.write(cmd, f, d, c.seed); err != nil && stopped == nil {
				return err
			}
			if err := search.end(cmd.ErrOrStderr(), stopped != nil); err != nil {
				return err
			}
			return stopped
		},
	}
	in.flags(cmd)
	among.flags(cmd)
	p.flags(cmd)
	search.flags(cmd)
	page.flags(cmd)
	cmd.Flags().StringVar(&in.options.Time, "time", "", "`column` of times: train on the past, test on what follows")
	cmd.Flags().StringArrayVar(&methods, "method", nil, "`method`, with its options behind a colon; repeat for several (default: "+strings.Join(standard, ", ")+")")
	cmd.Flags().StringArrayVar(&files, "recipe", nil, "recipe `file` of a method, see kindred recipe; repeat for several")
	cmd.Flags().StringVar(&metric, "metric", "", "metric of the gain (default: log_loss for classes, rmse for numbers, poisson_deviance for counts)")
	c.jsonFlag(cmd)
	return cmd
}

// printCompared prints a comparison and what follows from it.
func printCompared(cmd *cobra.Command, d compareDocument, tasks int, file string) {
	w := cmd.OutOrStdout()
	printTable(w, *d.Table, tasks)
	fmt.Fprintf(w, "  %-12s %v, seed %d\n\n", "held out", d.Split, d.Seed)
	printResult(w, d.Result)
	if d.Partial && d.Trials == nil {
		fmt.Fprintf(w, "stopped early: %d of %d splits\n", finished(d.Result), d.Split.all)
	}
	printTrials(w, d.Result)
	printRecommendation(cmd, d.Result, file)
}

// finished counts the splits that every method ended.
func finished(r *compare.Result) (n int) {
	for _, m := range r.Methods {
		if m.Method == r.Methods[0].Method {
			n += m.Splits
		}
	}
	return n
}

// standard are the methods compared where none is named.
var standard = []string{"shared-ridge", "joint-lasso", "trace"}

// entrants makes the methods and the two baselines.
func entrants(ways []chosen, kinds []kindred.Kind, seed uint64, known recipe.Structure) (o compare.Options, err error) {
	enter := func(c chosen) (compare.Entrant, error) {
		m, err := c.make(kinds, seed, known)
		return compare.Entrant{Name: c.name, Method: m}, err
	}
	for _, c := range ways {
		e, err := enter(c)
		if err != nil {
			return o, err
		}
		o.Entrants = append(o.Entrants, e)
	}
	if o.Single, err = enter(chosen{name: "single-task", method: "single-task"}); err != nil {
		return o, err
	}
	o.Pooled, err = enter(chosen{name: "pooled", method: "pooled"})
	return o, err
}
