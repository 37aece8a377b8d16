package main

import (
	"bytes"
	"strconv"
	"strings"
	"testing"

	"github.com/kindred-mtl/kindred"
)

func TestPrintGroups(t *testing.T) {
	names := func(list ...string) (tasks []kindred.TaskInfo) {
		for _, n := range list {
			tasks = append(tasks, kindred.TaskInfo{Name: n})
		}
		return tasks
	}
	for want, c := range map[string]struct {
		tasks  []kindred.TaskInfo
		groups []int
	}{
		"":                                    {names("a"), nil},
		"groups: 1-3, 5 | 4, 6, 7\n":          {names("1", "2", "3", "4", "5", "6", "7"), []int{0, 0, 0, 1, 0, 1, 1}},
		"groups: 08-10 | 1, 2\n":              {names("08", "09", "10", "1", "2"), []int{0, 0, 0, 1, 1}},
		"groups: north, south | east | 0-2\n": {names("north", "east", "south", "0", "1", "2"), []int{0, 1, 0, 2, 2, 2}},
	} {
		var out bytes.Buffer
		if printGroups(&out, c.tasks, c.groups); out.String() != want {
			t.Errorf("%q, want %q", out.String(), want)
		}
	}
	var many []kindred.TaskInfo
	var groups []int
	for i := range 1000 {
		many, groups = append(many, kindred.TaskInfo{Name: "school " + strconv.Itoa(i)}), append(groups, i%7/6)
	}
	var out bytes.Buffer
	printGroups(&out, many, groups)
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	for _, line := range lines {
		if len([]rune(line)) > 102 {
			t.Errorf("%d characters: %s", len(line), line)
		}
	}
	if len(lines) != 12 || !strings.HasSuffix(out.String(), "…\n") {
		t.Errorf("%d lines of 1000 tasks", len(lines))
	}
	for i := range 2000 {
		many, groups = append(many, kindred.TaskInfo{Name: "shop " + strconv.Itoa(i)}), append(groups, 2+i/100)
	}
	out.Reset()
	printGroups(&out, many, groups)
	lines = strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 13 || lines[0] != "group 1  858 tasks: school 0, school 1, school 2, …" || lines[12] != "  … and 10 groups more" {
		t.Errorf("of 3000 tasks in 22 groups:\n%s", out.String())
	}
}
