package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/compare"
	"github.com/kindred-mtl/kindred/compose"
	"github.com/kindred-mtl/kindred/data"
	"github.com/kindred-mtl/kindred/recipe"
	"github.com/kindred-mtl/kindred/relate"
	"github.com/kindred-mtl/kindred/report"
	"github.com/kindred-mtl/kindred/split"
)

// reporting is what an HTML report is made of, beside the comparison.
type reporting struct {
	file  string
	plans []compare.Plan
	known recipe.Structure
	ways  []chosen
}

func (r *reporting) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&r.file, "report", "", "also write the report as one HTML `file` that needs no network")
}

// write makes the report and writes it. What it looks into is the first split
// of the last plan.
func (r *reporting) write(cmd *cobra.Command, f *data.File, d compareDocument, seed uint64) error {
	if r.file == "" {
		return nil
	}
	ctx := cmd.Context()
	end := busy(cmd.ErrOrStderr(), "report")
	defer end()
	page := &report.Document{
		Title: filepath.Base(d.Table.File), Command: commandLine(), Result: d.Result, Warnings: d.Table.Warnings,
		Made:    fmt.Sprintf("Made by kindred %s on %s.", buildVersion(), time.Now().Format("2 January 2006")),
		Table:   fmt.Sprintf("%s: %s of %s, %s, %s.", filepath.Base(d.Table.File), several(d.Table.Rows, "row"), several(d.Data.Features, "column"), several(len(f.Set.Tasks), "task"), several(d.Table.Labels, "label")),
		HeldOut: fmt.Sprintf("Held out: %v, seed %d.", d.Split, d.Seed),
	}
	fold := &r.plans[len(r.plans)-1].Folds[0]
	if err := r.explain(ctx, page, f.Set, fold, seed); err != nil {
		return err
	}
	if err := relateInto(ctx, page, f.Set, fold, seed); err != nil {
		return err
	}
	return data.WriteFile(r.file, func(w io.Writer) error { return report.Write(w, page) })
}

// explain looks into the fit of the method that is recommended.
func (r *reporting) explain(ctx context.Context, page *report.Document, set *kindred.Set, fold *split.Fold, seed uint64) error {
	a := page.Result.Recommendation
	if a == nil {
		return nil
	}
	way := chosen{name: a.Method, method: a.Method}
	if i := slices.IndexFunc(r.ways, func(c chosen) bool { return c.name == a.Method }); i >= 0 {
		way = r.ways[i]
	}
	method, err := way.make(kindsOf(set), seed, r.known)
	if err != nil {
		return err
	}
	train, tasks := set.Select(fold.Train).Nonempty()
	model, err := method.Fit(ctx, train)
	if err != nil {
		return err
	}
	page.Explained, page.On = a.Method, "the training rows of "+where(fold)
	if reporter, ok := model.(kindred.Reporter); ok {
		fit := reporter.Report()
		page.Fit = &fit
	}
	page.Importance, err = compare.ImportanceOf(ctx, model, set.Select(fold.Test), tasks, seed)
	return err
}

// where names a split.
func where(fold *split.Fold) string {
	if fold.Name == "" {
		return "the first split"
	}
	return fold.Name
}

// relateInto adds how the tasks are related, by the measures that suit them and
// take no time.
func relateInto(ctx context.Context, page *report.Document, set *kindred.Set, fold *split.Fold, seed uint64) error {
	train, _ := set.Select(fold.Train).Nonempty()
	for _, name := range []string{"weights", "covariance", "evidence", "labels"} {
		part, err := relate.All.Find("measure", name)
		if err != nil {
			return err
		}
		r, err := relate.Tasks(ctx, train, part.New(), relate.Options{Dimensions: 3, Seed: seed})
		if errors.Is(err, compose.ErrNotApplicable) {
			continue
		}
		if err != nil {
			return err
		}
		g, err := relate.Group(r, relate.Spectral{}, 0)
		if err != nil {
			return err
		}
		page.Relate(r, g, "the training rows of "+where(fold))
	}
	return nil
}

// commandLine is the command as it was typed, as a shell reads it.
func commandLine() string {
	words := []string{"kindred"}
	for _, a := range os.Args[1:] {
		words = append(words, quote(a))
	}
	return strings.Join(words, " ")
}
