package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/kindred-mtl/kindred"
)

// printGroups lists which tasks belong together: "groups: 1-15 | 16-29", in
// lines of at most 100 characters, twelve at most.
func printGroups(w io.Writer, tasks []kindred.TaskInfo, groups []int) {
	if groups != nil {
		printMembers(w, "groups:", groupWords(tasks, groups))
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
