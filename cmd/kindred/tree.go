package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/relate"
)

// A tree is printed of at most 40 tasks; of more, its top of 24 leaves, each
// one task or several.
const (
	mostTasks = 40
	topLeaves = 24
)

// A leaf is a task, or tasks that are merged low down in the tree.
type leaf struct {
	name  string
	group string // their number from 1, "" where they are in several groups
}

// printTree prints how tasks are merged, from left to right:
//
//	a  1 ─┐
//	b  1 ─┴───┐
//	c  2 ─────┘
//	     0    1.2
func printTree(w io.Writer, names []string, groups []int, merges []penalty.Merge) {
	leaves, merges := treeTop(names, groups, merges)
	nameWide, groupWide := 0, 0
	for _, l := range leaves {
		nameWide, groupWide = max(nameWide, len([]rune(l.name))), max(groupWide, len(l.group))
	}
	lines := drawTree(len(leaves), merges, 99-nameWide-groupWide-5)
	for i, t := range relate.Order(len(leaves), merges) {
		l := leaves[t]
		fmt.Fprintf(w, "  %s%s %*s %s\n", l.name, strings.Repeat(" ", nameWide-len([]rune(l.name))), groupWide, l.group, lines[i])
	}
	if len(merges) > 0 {
		far := fmt.Sprintf("%.2f", merges[len(merges)-1].Height)
		end := slices.Max(widths(lines)) - len(far)
		fmt.Fprintf(w, "  %s 0%s%s\n", strings.Repeat(" ", nameWide+groupWide+1), strings.Repeat(" ", max(1, end-1)), far)
	}
}

func widths(lines []string) []int {
	out := make([]int, len(lines))
	for i, l := range lines {
		out[i] = len([]rune(l))
	}
	return out
}

// treeTop is the top of a tree, of few enough leaves to print.
func treeTop(names []string, groups []int, merges []penalty.Merge) ([]leaf, []penalty.Merge) {
	n := len(names)
	if n <= mostTasks {
		leaves := make([]leaf, n)
		for t, name := range names {
			leaves[t] = leaf{shorten(oneLine(name), 24), fmt.Sprint(groups[t] + 1)}
		}
		return leaves, merges
	}
	below := n - topLeaves
	of := penalty.Merged(n, merges[:below])
	members := make([][]int, topLeaves)
	for t, l := range of {
		members[l] = append(members[l], t)
	}
	leaves := make([]leaf, topLeaves)
	for i, tasks := range members {
		leaves[i] = leaf{shorten(oneLine(names[tasks[0]]), 24), fmt.Sprint(groups[tasks[0]] + 1)}
		if len(tasks) > 1 {
			leaves[i].name = fmt.Sprintf("%s and %d more", shorten(oneLine(names[tasks[0]]), 13), len(tasks)-1)
		}
		if slices.ContainsFunc(tasks, func(t int) bool { return groups[t] != groups[tasks[0]] }) {
			leaves[i].group = ""
		}
	}
	var rest []penalty.Merge
	for _, m := range merges[below:] {
		rest = append(rest, penalty.Merge{A: of[m.A], B: of[m.B], Height: m.Height})
	}
	return leaves, rest
}

// drawTree draws the lines right of the leaves, in at most so many characters.
func drawTree(n int, merges []penalty.Merge, wide int) []string {
	canvas := make([][]rune, n)
	for i := range canvas {
		canvas[i] = []rune(strings.Repeat(" ", wide))
	}
	type branch struct{ row, column int } // where it ends
	branches, root := make([]branch, n), make([]int, n)
	for i, t := range relate.Order(n, merges) {
		branches[t], root[t] = branch{i, -1}, t
	}
	find := func(t int) int {
		for root[t] != t {
			t = root[t]
		}
		return t
	}
	far := 1.0
	if len(merges) > 0 {
		far = math.Max(merges[len(merges)-1].Height, 1e-300)
	}
	for i, m := range merges {
		s, t := find(m.A), find(m.B)
		a, b := branches[s], branches[t]
		// columns grow from merge to merge below one another, so that there is
		// room for as many as there may be
		column := max(1+int(math.Round(m.Height/far*float64(wide-n-2))), a.column+1, b.column+1)
		for _, end := range []branch{a, b} {
			for c := end.column + 1; c < column; c++ {
				canvas[end.row][c] = '─'
			}
		}
		for r := a.row + 1; r < b.row; r++ {
			canvas[r][column] = '│'
		}
		canvas[a.row][column], canvas[b.row][column] = '┐', '┘'
		row := (a.row + b.row) / 2
		if i < len(merges)-1 {
			canvas[row][column] = '├'
			if row == a.row {
				canvas[row][column] = '┬'
			}
		}
		branches[s], root[t] = branch{row, column}, s
	}
	lines := make([]string, n)
	for i := range lines {
		lines[i] = strings.TrimRight(string(canvas[i]), " ")
	}
	return lines
}

// oneLine is a name without line breaks.
func oneLine(name string) string { return strings.Join(strings.Fields(name), " ") }
