package kindred

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/kindred-mtl/kindred/catalog"
)

// A Kind says what a task predicts.
type Kind int

// The kinds of tasks.
const (
	Regression Kind = iota // a number
	Binary                 // one of two classes
	Multiclass             // one of several classes
	Count                  // a number of events: 0, 1, 2, …
)

var kindNames = []string{"regression", "binary", "multiclass", "count"}

// String is the kind's name as users write it.
func (k Kind) String() string { return name(kindNames, int(k)) }

// ParseKind returns the kind called s.
func ParseKind(s string) (Kind, error) {
	i, err := parse("kind of task", kindNames, s)
	return Kind(i), err
}

// MarshalText writes the name.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads the name.
func (k *Kind) UnmarshalText(b []byte) (err error) { *k, err = ParseKind(string(b)); return err }

// Classifies tells whether the kind's labels are classes.
func (k Kind) Classifies() bool { return k == Binary || k == Multiclass }

// Labels are what a task wants predicted: one or several columns, each with a
// number for every row of Task.Rows. Every kind so far has one column: the
// value, the count, or an index into Classes.
type Labels struct {
	Target  string // the target column's name; tasks of one target share its scale
	Columns [][]float64
	Classes []string // of a binary task, the second one is the positive class
}

// A Task is one prediction problem: the rows of a Table that carry its label,
// and those labels. A missing label is a row that is not listed.
type Task struct {
	Name   string
	Kind   Kind
	Table  *Table
	Rows   []int
	Label  Labels
	Weight []float64 // of each row listed; nil means 1. Scaling a task's weights weighs the task.
}

// Info is what a model remembers of the task.
func (t *Task) Info() TaskInfo {
	return TaskInfo{Name: t.Name, Target: t.Label.Target, Kind: t.Kind, Classes: t.Label.Classes}
}

// Y is the first label column.
func (t *Task) Y() []float64 { return t.Label.Columns[0] }

// Select returns the task with only the rows at these places of t.Rows.
func (t Task) Select(places []int) Task {
	t.Rows, t.Weight = pick(t.Rows, places), pick(t.Weight, places)
	columns := make([][]float64, len(t.Label.Columns))
	for i, c := range t.Label.Columns {
		columns[i] = pick(c, places)
	}
	t.Label.Columns = columns
	return t
}

// Check says what is wrong with the task's rows, labels and weights.
func (t *Task) Check() error {
	if t.Table == nil {
		return errors.New("it has no table")
	}
	if len(t.Rows) == 0 {
		return errors.New("no row carries its label; leave the task out, or give it labels")
	}
	if len(t.Label.Columns) != 1 {
		return fmt.Errorf("a %v task has one label column, not %d", t.Kind, len(t.Label.Columns))
	}
	if len(t.Y()) != len(t.Rows) || (t.Weight != nil && len(t.Weight) != len(t.Rows)) {
		return fmt.Errorf("it lists %d rows, %d labels and %d weights", len(t.Rows), len(t.Y()), len(t.Weight))
	}
	n := t.Table.Len()
	for i, r := range t.Rows {
		if r < 0 || r >= n {
			return fmt.Errorf("it lists row %d of a table of %d rows", r+1, n)
		}
		if t.Weight != nil && !(t.Weight[i] >= 0 && t.Weight[i] <= math.MaxFloat64) {
			return fmt.Errorf("row %d: weight %v; a weight is a number from 0 up", r+1, t.Weight[i])
		}
	}
	return t.checkLabels()
}

func (t *Task) checkLabels() error {
	if want := len(t.Label.Classes); t.Kind == Binary && want != 2 || t.Kind == Multiclass && want < 2 {
		return fmt.Errorf("a %v task with %d classes", t.Kind, want)
	}
	for i, y := range t.Y() {
		ok := !math.IsNaN(y) && !math.IsInf(y, 0)
		switch {
		case t.Kind.Classifies():
			ok = ok && y == math.Trunc(y) && y >= 0 && int(y) < len(t.Label.Classes)
		case t.Kind == Count:
			ok = ok && y == math.Trunc(y) && y >= 0
		}
		if !ok {
			return fmt.Errorf("row %d: %v is not a label of a %v task", t.Rows[i]+1, y, t.Kind)
		}
	}
	return nil
}

// A Set is the tasks that are learned together. Tasks may share a Table,
// bring their own, or both; all tables have one schema.
type Set struct {
	Tasks []Task
}

// Select returns the set with, of each task, only the rows at these places of
// its Rows. Every task stays, also one that is left with no row.
func (s *Set) Select(places [][]int) *Set {
	out := &Set{Tasks: make([]Task, len(s.Tasks))}
	for i, t := range s.Tasks {
		out.Tasks[i] = t.Select(places[i])
	}
	return out
}

// Only returns the set of the tasks at these places.
func (s *Set) Only(tasks ...int) *Set { return &Set{Tasks: pick(s.Tasks, tasks)} }

// Infos lists what a model remembers of the tasks.
func (s *Set) Infos() []TaskInfo {
	infos := make([]TaskInfo, len(s.Tasks))
	for i := range s.Tasks {
		infos[i] = s.Tasks[i].Info()
	}
	return infos
}

// Tables lists the distinct tables in the order the tasks name them.
func (s *Set) Tables() []*Table {
	var tables []*Table
	seen := make(map[*Table]bool)
	for _, t := range s.Tasks {
		if !seen[t.Table] {
			seen[t.Table] = true
			tables = append(tables, t.Table)
		}
	}
	return tables
}

// Listed returns, for each table of Tables, the rows that tasks list, each
// once, and for each task the places of its rows among those of its table.
func (s *Set) Listed() (rows, places [][]int) {
	tables := s.Tables()
	at, seen := make(map[*Table]int, len(tables)), make([][]int, len(tables)) // seen: the places, from 1
	rows, places = make([][]int, len(tables)), make([][]int, len(s.Tasks))
	for i, table := range tables {
		at[table], seen[i], rows[i] = i, make([]int, table.Len()), []int{}
	}
	for k := range s.Tasks {
		t := &s.Tasks[k]
		i := at[t.Table]
		places[k] = make([]int, len(t.Rows))
		for p, r := range t.Rows {
			if seen[i][r] == 0 {
				rows[i] = append(rows[i], r)
				seen[i][r] = len(rows[i])
			}
			places[k][p] = seen[i][r] - 1
		}
	}
	return rows, places
}

// Check says what is wrong with the set: no task, two of one name, tables of
// different schemas, a task that Task.Check refuses.
func (s *Set) Check() error {
	if len(s.Tasks) == 0 {
		return errors.New("the set has no task")
	}
	seen := make(map[string]bool, len(s.Tasks))
	for i := range s.Tasks {
		t := &s.Tasks[i]
		if seen[t.Name] {
			return fmt.Errorf("two tasks are called %q", t.Name)
		}
		seen[t.Name] = true
		if err := t.Check(); err != nil {
			return fmt.Errorf("task %q: %w", t.Name, err)
		}
	}
	tables := s.Tables()
	for i, t := range tables {
		if err := t.Check(); err != nil {
			return err
		}
		if i > 0 && !slices.Equal(t.Schema(), tables[0].Schema()) {
			return errors.New("the tasks' tables differ in their columns; all tables of a set have the same ones, in the same order")
		}
	}
	return nil
}

func name(names []string, i int) string {
	if i < 0 || i >= len(names) {
		return fmt.Sprintf("unknown(%d)", i)
	}
	return names[i]
}

func parse(what string, names []string, s string) (int, error) {
	if i := slices.Index(names, s); i >= 0 {
		return i, nil
	}
	return 0, catalog.Unknown(what, s, names)
}
