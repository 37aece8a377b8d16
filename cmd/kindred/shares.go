package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/kindred-mtl/kindred"
)

// Up to so many tasks are printed in their order; of more, as many of the least
// and of the largest shares.
const (
	mostShares    = 15
	extremeShares = 5
)

// printShares says how much of each task is common, of each column and of each
// layer. What a mixture is of stands with its losses.
func printShares(w io.Writer, r *kindred.Report) {
	if len(r.Shares) > 0 && r.Mixtures == nil {
		printTaskShares(w, r.Shares)
	}
	if slices.ContainsFunc(r.Columns, func(c kindred.ColumnShare) bool { return c.Expected > 0 }) {
		t := newTable(w, table.Row{"column", "share", "expected"}, 2, 3)
		rows(t, len(r.Columns), 12, func(i int) table.Row {
			c := r.Columns[i]
			return table.Row{shorten(c.Column, 40), fmt.Sprintf("%.2f", c.Share), fmt.Sprintf("%.2f", c.Expected)}
		})
		t.Render()
	}
	if len(r.Layers) > 0 {
		t := newTable(w, table.Row{"common", "of", "share"}, 3)
		rows(t, len(r.Layers), 20, func(i int) table.Row {
			l := r.Layers[i]
			return table.Row{shorten(l.Layer, 40), l.Of, fmt.Sprintf("%.2f", l.Share)}
		})
		t.Render()
	}
}

// printTaskShares is the table of the tasks, a line where all are the same.
func printTaskShares(w io.Writer, shares []kindred.Share) {
	order := make([]int, len(shares))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(shares[a].Share, shares[b].Share) })
	least, most := shares[order[0]], shares[order[len(order)-1]]
	if least.Share == most.Share && least.Common == 0 && least.Private == 0 {
		words := map[float64]string{0: ", each is learned alone", 1: ", all are one"}[least.Share]
		fmt.Fprintf(w, "share of every task: %.2f%s\n", least.Share, words)
		return
	}
	if len(shares) <= mostShares {
		slices.Sort(order)
		shareTable(w, shares, order)
		return
	}
	shareTable(w, shares, slices.Concat(order[:extremeShares], []int{-1}, order[len(order)-extremeShares:]))
	sum := 0.0
	for _, s := range shares {
		sum += s.Share / float64(len(shares))
	}
	at := func(part float64) float64 { return shares[order[int(part*float64(len(order)-1)+0.5)]].Share }
	fmt.Fprintf(w, "shares of %s: mean %.2f, median %.2f, half of them from %.2f to %.2f\n", several(len(shares), "task"), sum, at(0.5), at(0.25), at(0.75))
}

// shareTable prints the tasks listed; −1 stands for those between.
func shareTable(w io.Writer, shares []kindred.Share, listed []int) {
	first, header, right := shares[0], table.Row{"task", "share"}, []int{2}
	has := func(column bool, names ...any) bool {
		for _, name := range names {
			if column {
				header, right = append(header, name), append(right, len(header)+1)
			}
		}
		return column
	}
	pull := has(first.Pull > 0, "pull")
	parts := has(slices.ContainsFunc(shares, func(s kindred.Share) bool { return s.Common+s.Private > 0 }), "common", "private")
	levels := first.Levels != nil
	if levels {
		header = append(header, "from the root down")
	}
	t := newTable(w, header, right...)
	for _, i := range listed {
		if i < 0 {
			t.AppendRow(table.Row{fmt.Sprintf("… %d between", len(shares)-len(listed)+1)})
			continue
		}
		s := shares[i]
		row := table.Row{shorten(s.Task, 40), fmt.Sprintf("%.2f", s.Share)}
		if pull {
			row = append(row, fmt.Sprintf("%.2f", s.Pull))
		}
		if parts {
			row = append(row, fmt.Sprintf("%.4f", s.Common), fmt.Sprintf("%.4f", s.Private))
		}
		if levels {
			row = append(row, fmt.Sprintf("%.3f", s.Levels))
		}
		t.AppendRow(row)
	}
	t.Render()
}
