package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/catalog"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/recipe"
)

// structure are the flags that say how the tasks are related.
type structure struct{ graph, tree, groups string }

func (s *structure) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&s.graph, "task-graph", "", "CSV `file` of tasks that are alike: task, task and perhaps a weight; for the methods that take a graph")
	cmd.Flags().StringVar(&s.groups, "task-groups", "", "CSV `file` of the group of each task: task, group; for the methods that take groups")
	cmd.Flags().StringVar(&s.tree, "task-tree", "", "Newick `file` of a hierarchy of the tasks, such as ((a,b),c); for the methods that take a tree")
}

// read reads the files, whose names must be those of tasks.
func (s *structure) read(set *kindred.Set, recipes []string) (recipe.Structure, error) {
	var known recipe.Structure
	var names []string
	for i := range set.Tasks {
		names = append(names, set.Tasks[i].Name)
	}
	if s.graph != "" {
		text, err := readText(s.graph)
		if err != nil {
			return known, err
		}
		if known.Edges, err = readEdges(text, s.graph, names); err != nil {
			return known, err
		}
	}
	if s.tree != "" {
		text, err := readText(s.tree)
		if err != nil {
			return known, err
		}
		if known.Tree, err = readTree(text, s.tree, names); err != nil {
			return known, err
		}
	}
	if s.groups != "" {
		text, err := readText(s.groups)
		if err != nil {
			return known, err
		}
		if known.Groups, err = readGroups(text, s.groups, names); err != nil {
			return known, err
		}
	}
	return known, wrong(known.Check(recipes))
}

// readText is a file without its byte-order mark.
func readText(path string) (string, error) {
	raw, err := os.ReadFile(path)
	return strings.TrimPrefix(string(raw), "\ufeff"), err
}

// readEdges reads lines of two tasks and perhaps a weight. A first line whose
// names are no tasks is a header.
func readEdges(text, file string, names []string) ([]penalty.Edge, error) {
	known := map[string]bool{}
	for _, name := range names {
		known[name] = true
	}
	edges, seen := []penalty.Edge{}, map[[2]string]int{}
	c := csv.NewReader(strings.NewReader(text))
	c.FieldsPerRecord, c.TrimLeadingSpace = -1, true
	for first := true; ; first = false {
		record, err := c.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		line, _ := c.FieldPos(0)
		if first && len(record) >= 2 && !known[record[0]] && !known[record[1]] {
			continue
		}
		e, err := readEdge(record, known, names)
		if err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", file, line, err)
		}
		pair := [2]string{min(e.From, e.To), max(e.From, e.To)}
		if before, twice := seen[pair]; twice {
			return nil, fmt.Errorf("%s, line %d: tasks %q and %q are joined in line %d too; give each pair once", file, line, e.From, e.To, before)
		}
		seen[pair] = line
		edges = append(edges, e)
	}
	if len(edges) == 0 {
		return nil, fmt.Errorf("%s: no line joins two tasks; write task,task,weight", file)
	}
	return edges, nil
}

func readEdge(record []string, known map[string]bool, names []string) (penalty.Edge, error) {
	if len(record) != 2 && len(record) != 3 {
		return penalty.Edge{}, fmt.Errorf("%d columns; a line is task,task or task,task,weight", len(record))
	}
	e := penalty.Edge{From: record[0], To: record[1], Weight: 1}
	for _, name := range record[:2] {
		if !known[name] {
			return e, catalog.Unknown("task", name, names)
		}
	}
	if e.From == e.To {
		return e, fmt.Errorf("task %q is joined to itself", e.From)
	}
	if len(record) == 3 {
		w, err := strconv.ParseFloat(strings.TrimSpace(record[2]), 64)
		if err != nil || !(w >= 0 && w <= math.MaxFloat64) {
			return e, fmt.Errorf("weight %q; a weight is a number from 0 up", record[2])
		}
		e.Weight = w
	}
	return e, nil
}

// readGroups reads lines of a task and its group, of every task one. A first line
// whose first name is no task is a header.
func readGroups(text, file string, names []string) ([][]string, error) {
	c := csv.NewReader(strings.NewReader(text))
	c.FieldsPerRecord, c.TrimLeadingSpace = -1, true
	var groups [][]string
	at, seen, tasks := map[string]int{}, map[string]int{}, map[string]bool{}
	for _, name := range names {
		tasks[name] = true
	}
	for first := true; ; first = false {
		record, err := c.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		line, _ := c.FieldPos(0)
		switch known := tasks[record[0]]; {
		case len(record) != 2:
			return nil, fmt.Errorf("%s, line %d: %s; a line is task,group", file, line, several(len(record), "column"))
		case first && !known:
			continue
		case !known:
			return nil, fmt.Errorf("%s, line %d: %w", file, line, catalog.Unknown("task", record[0], names))
		case seen[record[0]] > 0:
			return nil, fmt.Errorf("%s, line %d: task %q stands in line %d too; give each task one group", file, line, record[0], seen[record[0]])
		}
		seen[record[0]] = line
		g, ok := at[record[1]]
		if !ok {
			g, at[record[1]] = len(groups), len(groups)
			groups = append(groups, nil)
		}
		groups[g] = append(groups[g], record[0])
	}
	for _, name := range names {
		if seen[name] == 0 {
			return nil, fmt.Errorf("%s: task %q is in no group; give it one, which may be its own", file, name)
		}
	}
	return groups, nil
}

// readTree reads a tree that has every task for a leaf, and no others.
func readTree(text, file string, names []string) (*penalty.Node, error) {
	root, err := penalty.ParseNewick(text)
	if err != nil {
		return nil, fmt.Errorf("%s, %w", file, err)
	}
	known := map[string]bool{}
	for _, name := range names {
		known[name] = true
	}
	for _, name := range root.Leaves() {
		if !known[name] {
			return nil, fmt.Errorf("%s: %w", file, catalog.Unknown("task", name, names))
		}
	}
	tree := &penalty.Tree{Root: root}
	if err := tree.Check(); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if err := tree.Covers(names); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return root, nil
}
