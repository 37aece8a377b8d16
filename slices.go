package kindred

import (
	"fmt"
	"math"
	"slices"
	"strconv"
)

// TableOf makes a Table of numeric columns x0, x1, … from the rows of x.
// NaN is a missing value.
func TableOf(x [][]float64) (*Table, error) {
	if len(x) == 0 || len(x[0]) == 0 {
		return nil, fmt.Errorf("no rows, or rows without columns")
	}
	t := &Table{Columns: make([]Column, len(x[0]))}
	for j := range t.Columns {
		t.Columns[j] = Column{Name: "x" + strconv.Itoa(j), Number: make([]float64, len(x))}
	}
	for i, row := range x {
		if len(row) != len(x[0]) {
			return nil, fmt.Errorf("row %d has %d columns where row 1 has %d", i+1, len(row), len(x[0]))
		}
		for j, v := range row {
			t.Columns[j].Number[i] = v
		}
	}
	return t, t.Check()
}

// FromSlices makes a Set of tasks that share the rows of x: each target has
// one label for every row, NaN where it is missing. A target of exactly two
// distinct values is a binary task, whose larger value is the positive class;
// any other one is a regression. The tasks are called y0, y1, …
func FromSlices(x [][]float64, targets ...[]float64) (*Set, error) {
	table, err := TableOf(x)
	if err != nil {
		return nil, err
	}
	s := &Set{}
	for k, y := range targets {
		if len(y) != len(x) {
			return nil, fmt.Errorf("target %d has %d labels for %d rows", k, len(y), len(x))
		}
		name := "y" + strconv.Itoa(k)
		s.Tasks = append(s.Tasks, newTask(name, name, table, labelled(y), y))
	}
	return s, s.Check()
}

// FromRows makes a Set of tasks that each have rows of their own: row i of x
// belongs to the task named task[i] and has the label y[i], NaN where it is
// missing. The labels are read as FromSlices reads them, all together.
func FromRows(x [][]float64, task []string, y []float64) (*Set, error) {
	table, err := TableOf(x)
	if err != nil {
		return nil, err
	}
	if len(task) != len(x) || len(y) != len(x) {
		return nil, fmt.Errorf("%d task names and %d labels for %d rows", len(task), len(y), len(x))
	}
	var names []string
	rows := make(map[string][]int)
	for _, i := range labelled(y) {
		if _, ok := rows[task[i]]; !ok {
			names = append(names, task[i])
		}
		rows[task[i]] = append(rows[task[i]], i)
	}
	s := &Set{}
	for _, name := range names {
		s.Tasks = append(s.Tasks, newTask(name, "y", table, rows[name], y))
	}
	return s, s.Check()
}

// labelled lists the places of y that are not NaN.
func labelled(y []float64) []int {
	rows := []int{}
	for i, v := range y {
		if !math.IsNaN(v) {
			rows = append(rows, i)
		}
	}
	return rows
}

// newTask makes a task of the labels y[rows]; all of y says of which kind.
func newTask(name, target string, table *Table, rows []int, y []float64) Task {
	t := Task{Name: name, Table: table, Rows: rows, Label: Labels{Target: target, Columns: [][]float64{pick(y, rows)}}}
	values := pick(y, labelled(y))
	slices.Sort(values)
	values = slices.Compact(values)
	if len(values) != 2 {
		return t
	}
	t.Kind = Binary
	for _, v := range values {
		t.Label.Classes = append(t.Label.Classes, strconv.FormatFloat(v, 'g', -1, 64))
	}
	for i, v := range t.Y() {
		t.Y()[i] = 0
		if v == values[1] {
			t.Y()[i] = 1
		}
	}
	return t
}
