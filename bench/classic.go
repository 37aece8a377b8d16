package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/data"
	"github.com/kindred-mtl/kindred/linear"
	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/prep"
)

// classic is the example that many know multi-task learning by: a support
// vector machine for each of two targets, with probabilities and without.
func classic(b *bench) error {
	s, err := classicSet(b.ctx)
	if err != nil {
		return err
	}
	x := rowsOf(s.Tasks[0].Table)
	y := make([][]float64, len(x))
	for i := range y {
		y[i] = []float64{s.Tasks[0].Y()[i], s.Tasks[1].Y()[i]}
	}
	for _, probability := range []bool{true, false} {
		args := map[string]any{"probability": probability}
		if err := b.saveRows(args, "x", x); err != nil {
			return err
		}
		if err := b.saveRows(args, "y", y); err != nil {
			return err
		}
		if err := b.peer.prepare("svc", args); err != nil {
			return err
		}
		m := linear.Method{Loss: loss.Hinge{}, C: 1, NoProbability: !probability, Prep: prep.Options{Scale: "none"}}
		words := map[bool]string{true: "fit with probabilities", false: "fit"}[probability]
		var model kindred.Model
		err := b.measure(pair{
			problem: words,
			ours:    func() (err error) { model, err = m.Fit(b.ctx, s); return err },
			reached: func() string {
				return fmt.Sprintf("gap %.1e, accuracy %.3f", model.(kindred.Reporter).Report().Gap.Value, accuracy(b.ctx, model, s))
			},
			peer:   "SVC",
			theirs: func(r result) string { return fmt.Sprintf("accuracy %.3f", r.Accuracy) },
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// classicSet reads make_classification's example and names its target twice.
func classicSet(ctx context.Context) (*kindred.Set, error) {
	f, err := data.Read(ctx, data.Options{Path: filepath.Join("linear", "testdata", "classic.csv.gz"), Targets: []string{"y"}})
	if err != nil {
		return nil, err
	}
	again := f.Set.Tasks[0]
	again.Name = "again"
	return &kindred.Set{Tasks: []kindred.Task{f.Set.Tasks[0], again}}, nil
}

// accuracy is the share of rows whose class is right, over all tasks.
func accuracy(ctx context.Context, m kindred.Model, s *kindred.Set) float64 {
	p, err := m.Predict(ctx, s.Tasks[0].Table, nil)
	if err != nil {
		return 0
	}
	right, all := 0.0, 0.0
	for i, o := range p.Tasks {
		for k, r := range s.Tasks[i].Rows {
			all++
			if o.Class[r] == int(s.Tasks[i].Y()[k]) {
				right++
			}
		}
	}
	return right / all
}

// rowsOf are the rows of a table of numbers.
func rowsOf(t *kindred.Table) [][]float64 {
	x := make([][]float64, t.Len())
	for i := range x {
		x[i] = make([]float64, len(t.Columns))
		for j := range t.Columns {
			x[i][j] = t.Columns[j].Number[i]
		}
	}
	return x
}
