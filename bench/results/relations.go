package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"time"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/compose"
	"github.com/kindred-mtl/kindred/data"
	"github.com/kindred-mtl/kindred/relate"
	"github.com/kindred-mtl/kindred/split"
)

// relations says how well every measure finds the terrains of the mine fields,
// of a tenth, a quarter and half of the rows.
func relations(ctx context.Context, _ *bench, folder string) (string, error) {
	f, err := data.Read(ctx, data.Options{Path: filepath.Join(folder, "landmine.csv"), Task: "task", Targets: []string{"y"}})
	if err != nil {
		return "", err
	}
	shares := []float64{0.1, 0.25, 0.5}
	var page strings.Builder
	page.WriteString("\n| measure |")
	for _, share := range shares {
		fmt.Fprintf(&page, " %g %%: adjusted Rand | s |", 100*share)
	}
	page.WriteString("\n| --- |" + strings.Repeat(" ---: | ---: |", len(shares)) + "\n")
	for _, part := range relate.All {
		row := ""
		for _, share := range shares {
			index, took, err := recovered(ctx, f.Set, part.New(), share)
			if errors.Is(err, compose.ErrNotApplicable) {
				row = ""
				break
			}
			if err != nil {
				return "", fmt.Errorf("%s: %w", part.Name, err)
			}
			row += fmt.Sprintf(" %.2f | %.1f |", index, took.Seconds())
		}
		if row != "" {
			fmt.Fprintf(&page, "| %s |%s\n", part.Name, row)
		}
	}
	return page.String(), nil
}

// recovered is the adjusted Rand index of the terrains and the two groups that
// spectral clustering makes of a measure, and the time it takes, means over
// three draws of a share of the rows.
func recovered(ctx context.Context, set *kindred.Set, m relate.Measure, share float64) (index float64, took time.Duration, err error) {
	terrain := make([]int, len(set.Tasks))
	for t := 15; t < len(terrain); t++ {
		terrain[t] = 1
	}
	const draws = 3
	for seed := range uint64(draws) {
		folds, err := split.Random(set, 1, share, seed+1)
		if err != nil {
			return 0, 0, err
		}
		start := time.Now()
		r, err := relate.Tasks(ctx, set.Select(folds[0].Train), m, relate.Options{})
		if err != nil {
			return 0, 0, err
		}
		g, err := relate.Group(r, relate.Spectral{}, 2)
		if err != nil {
			return 0, 0, err
		}
		took += time.Since(start) / draws
		index += relate.AdjustedRand(terrain, g.Groups) / draws
	}
	return index, took, nil
}

// opposing compares methods on twenty sets of tasks in two clusters whose
// weights have opposite signs.
func opposing(ctx context.Context, b *bench, folder string) (string, error) {
	const sets = 20
	commands := func(seed int) []string {
		return []string{
			fmt.Sprintf("generate tasks --set n_tasks=8 --set n_samples=40 --set n_clusters=2 --set opposing=true --seed %d --out opposing.csv", seed),
			fmt.Sprintf("compare opposing.csv --task task --target y --metric nmse --seed %d --method pooled-slopes --method shared-ridge --method grouped --method guarded --method auto", seed),
		}
	}
	type sum struct {
		method              string
		gain, square, least float64
		worse, tasks        int
	}
	var sums []sum
	for seed := 1; seed <= sets; seed++ {
		c := commands(seed)
		if _, err := b.timed(ctx, folder, c[0]); err != nil {
			return "", err
		}
		d, err := b.run(ctx, folder, c[1])
		if err != nil {
			return "", err
		}
		for i, m := range d.Methods[1:] {
			if seed == 1 {
				sums = append(sums, sum{method: m.Method, least: math.Inf(1)})
			}
			s := &sums[i]
			g := *m.Gain.Value
			s.gain, s.square, s.least = s.gain+g/sets, s.square+g*g/sets, min(s.least, g)
			for _, t := range m.Tasks {
				s.tasks++
				if *t.Gain.Value < 0 {
					s.worse++
				}
			}
		}
	}
	var page strings.Builder
	for _, c := range commands(1) {
		fmt.Fprintf(&page, "\n    kindred %s", c)
	}
	page.WriteString("\n\nand so on to seed 20. Gains are in squared error over variance, against each task alone, means over sets ± their standard error.\n\n" +
		"| method | gain | least gain of a set | tasks with a gain below 0, % |\n| --- | ---: | ---: | ---: |\n")
	for _, s := range sums {
		error := math.Sqrt(max(0, s.square-s.gain*s.gain) / (sets - 1))
		fmt.Fprintf(&page, "| %s | %+.3f ± %.3f | %+.3f | %.0f |\n", s.method, s.gain, error, s.least, 100*float64(s.worse)/float64(s.tasks))
	}
	return page.String(), nil
}
