package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/relate"
)

// printGroups lists which tasks belong together: "groups: 1-15 | 16-29", in
// lines of at most 100 characters, twelve at most; of many tasks their numbers.
func printGroups(w io.Writer, tasks []kindred.TaskInfo, groups []int) {
	switch {
	case groups == nil:
	case len(groups) > relate.MostTasks:
		printSizes(w, tasks, groups)
	default:
		printMembers(w, "groups:", groupWords(tasks, groups))
	}
}

// printSizes prints a line for each group, twelve at most: its size, and the
// first of its tasks.
func printSizes(w io.Writer, tasks []kindred.TaskInfo, groups []int) {
	const most, examples = 12, 3
	size, names := make([]int, slices.Max(groups)+1), make([]string, slices.Max(groups)+1)
	for t, g := range groups {
		if size[g]++; size[g] <= examples {
			names[g] += shorten(oneLine(tasks[t].Name), 24) + ", "
		}
	}
	for g := range min(most, len(size)) {
		fmt.Fprintf(w, "  group %d  %s: %s…\n", g+1, several(size[g], "task"), names[g])
	}
	if more := len(size) - most; more > 0 {
		fmt.Fprintf(w, "  … and %s more\n", several(more, "group"))
	}
}

// printMembers prints words after a title, in such lines.
func printMembers(w io.Writer, title string, words []string) {
	const wide, most = 100, 12
	line, lines := title, 0
	for _, word := range words {
		if len([]rune(line))+1+len([]rune(word)) > wide {
			if lines++; lines == most {
				fmt.Fprintln(w, line, "…")
				return
			}
			fmt.Fprintln(w, line)
			line = strings.Repeat(" ", len(title))
		}
		line += " " + word
	}
	fmt.Fprintln(w, line)
}

// groupWords are the names of the tasks group by group, runs of numbers as
// ranges, with bars between groups.
func groupWords(tasks []kindred.TaskInfo, groups []int) []string {
	members := make([][]int, slices.Max(groups)+1)
	for t, g := range groups {
		members[g] = append(members[g], t)
	}
	return memberWords(tasks, members)
}

// memberWords are those of groups that may overlap.
func memberWords(tasks []kindred.TaskInfo, groups [][]int) []string {
	var words []string
	for g, members := range groups {
		if g > 0 {
			words = append(words, "|")
		}
		names := make([]string, len(members))
		for i, t := range members {
			names[i] = tasks[t].Name
		}
		runs := ranges(names)
		for i, run := range runs {
			if i < len(runs)-1 {
				run += ","
			}
			words = append(words, shorten(run, 40))
		}
	}
	return words
}

// ranges joins names that are numbers, each one more than the one before:
// 3, 4, 5, 9 are 3-5 and 9.
func ranges(names []string) []string {
	var runs []string
	for from := 0; from < len(names); {
		to := from
		for to+1 < len(names) && follows(names[to], names[to+1]) {
			to++
		}
		switch {
		case to < from+2:
			runs = append(runs, names[from:to+1]...)
		default:
			runs = append(runs, names[from]+"-"+names[to])
		}
		from = to + 1
	}
	return runs
}

// follows tells whether b is the number after a, written alike.
func follows(a, b string) bool {
	n, err := strconv.Atoi(a)
	return err == nil && n >= 0 && b == fmt.Sprintf("%0*d", len(a), n+1)
}
