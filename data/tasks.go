package data

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/catalog"
)

// fewValues is up to how many distinct whole numbers a note says that they
// might be classes or counts.
const fewValues = 20

// A target is a column to predict.
type target struct {
	name   string
	cells  cells
	levels *levels // nil where every label is a number

	kind       kindred.Kind // from here on as labels found them
	y          []float64    // of every row
	classNames []string
}

// A builder makes the tasks of a file out of its targets.
type builder struct {
	Options
	file    *File
	targets []target
	task    *levels   // of each row; nil where rows are shared
	weight  []float64 // of each row; nil means 1
}

// build makes a task of each target, or of each pair of task and target, in
// the order of the targets and then of first appearance.
func (b *builder) build() error {
	set := &kindred.Set{}
	for k := range b.targets {
		if err := b.add(set, &b.targets[k]); err != nil {
			return err
		}
	}
	if err := b.checkLabelled(set); err != nil {
		return err
	}
	var names []string
	for i := range set.Tasks {
		names = append(names, set.Tasks[i].Name)
	}
	for _, name := range slices.Sorted(maps.Keys(b.TaskWeights)) {
		if w := b.TaskWeights[name]; !(w >= 0 && w <= math.MaxFloat64) {
			return fmt.Errorf("task %q: %v %s", name, w, notWeight)
		}
		if !slices.Contains(names, name) {
			return fmt.Errorf("a weight is given for a task that does not exist: %w", catalog.Unknown("task", name, names))
		}
	}
	if len(set.Tasks) == 0 {
		return nil
	}
	if b.Schema == nil {
		b.leaks()
	}
	b.file.Set = set
	return set.Check()
}

// add adds the tasks of one target.
func (b *builder) add(set *kindred.Set, t *target) error {
	if err := b.labels(t); err != nil {
		return err
	}
	for k, rows := range b.groups(t.y) {
		name := t.name
		if b.task != nil {
			if name = b.task.names[k]; len(b.targets) > 1 {
				name += "/" + t.name
			}
		}
		if len(rows) == 0 {
			b.file.Warnings = append(b.file.Warnings, fmt.Sprintf("task %q has no label in column %q and is left out", name, t.name))
			continue
		}
		label := kindred.Labels{Target: t.name, Classes: t.classNames, Columns: [][]float64{take(t.y, rows)}}
		set.Tasks = append(set.Tasks, kindred.Task{
			Name: name, Kind: t.kind, Table: b.file.Table, Rows: rows, Label: label, Weight: b.weights(name, rows),
		})
	}
	return nil
}

// groups lists the labelled rows of each task.
func (b *builder) groups(y []float64) [][]int {
	groups := make([][]int, 1)
	if b.task != nil {
		groups = make([][]int, len(b.task.names))
	}
	for i, v := range y {
		k := 0
		if b.task != nil {
			k = int(b.task.code[i])
		}
		if !math.IsNaN(v) {
			groups[k] = append(groups[k], i)
		}
	}
	return groups
}

// weights are those of a task's rows, times the task's own.
func (b *builder) weights(name string, rows []int) []float64 {
	factor, ok := b.TaskWeights[name]
	if b.weight == nil && !ok {
		return nil
	}
	out := make([]float64, len(rows))
	for k, i := range rows {
		if out[k] = 1; b.weight != nil {
			out[k] = b.weight[i]
		}
		if ok {
			out[k] *= factor
		}
	}
	return out
}

func take(v []float64, rows []int) []float64 {
	out := make([]float64, len(rows))
	for k, i := range rows {
		out[k] = v[i]
	}
	return out
}

// checkLabelled refuses tasks without any label, unless a model is there that
// only predicts.
func (b *builder) checkLabelled(set *kindred.Set) error {
	if b.Schema != nil {
		return nil
	}
	if len(set.Tasks) == 0 {
		return fmt.Errorf("no row has a label in column %q; fill in what is known", b.targets[0].name)
	}
	if b.task == nil {
		return nil
	}
	has := make([]bool, len(b.task.names))
	for i := range set.Tasks {
		has[b.task.code[set.Tasks[i].Rows[0]]] = true
	}
	if k := slices.Index(has, false); k >= 0 {
		row := slices.Index(b.task.code, int32(k))
		return fmt.Errorf("task %q, first seen in row %d, has no label at all; fill in what is known or leave out its rows", short(b.task.names[k]), row+1)
	}
	return nil
}

// labels reads a target: a label for every row, NaN where it is missing.
func (b *builder) labels(t *target) (err error) {
	declared, note := false, ""
	if t.kind, declared = b.Kinds[t.name]; !declared {
		if t.kind, note, err = t.infer(); err != nil {
			return err
		}
	}
	for k := range b.file.Columns {
		if c := &b.file.Columns[k]; c.Name == t.name {
			c.Type, c.Note = t.kind.String(), note
		}
	}
	if t.kind.Classifies() {
		t.y, t.classNames, err = t.classes(t.kind)
	} else {
		t.y, err = t.values(t.kind)
	}
	return err
}

// infer says which kind of labels these are.
func (t *target) infer() (kindred.Kind, string, error) {
	if t.levels == nil {
		s := summarize(t.cells.number)
		switch {
		case s.distinct == 2:
			return kindred.Binary, "", nil
		case s.whole && s.distinct > 2 && s.distinct <= fewValues:
			return kindred.Regression, fmt.Sprintf("%d distinct whole numbers are taken as a scale; declare the kind if they are classes (multiclass) or counts (count)", s.distinct), nil
		}
		return kindred.Regression, "", nil
	}
	numbers, n := 0, len(t.levels.names)
	for _, name := range t.levels.names {
		if _, ok := number(name); ok {
			numbers++
		}
	}
	switch {
	case n == 1:
		return 0, "", fmt.Errorf("column %q: every label is %q; there is nothing to tell apart", t.name, short(t.levels.names[0]))
	case n == 2:
		return kindred.Binary, "", nil
	case 2*numbers > n:
		return 0, "", t.notNumber("is not a number, as most labels are; correct it or leave it empty, or declare the kind multiclass")
	case n > maxLevels:
		return 0, "", fmt.Errorf("column %q has %d distinct labels that are no numbers; predict a column of numbers or of fewer classes", t.name, n)
	}
	return kindred.Multiclass, "", nil
}

// notNumber is an error about the first label that is none.
func (t *target) notNumber(what string) error {
	return cellError(t.cells.bad, t.name, t.cells.text[t.cells.bad], what)
}

// values reads the labels as numbers.
func (t *target) values(kind kindred.Kind) ([]float64, error) {
	if t.levels != nil {
		return nil, t.notNumber("is not a number, as a label of a " + kind.String() + " is; leave the cell empty where it is unknown")
	}
	for i, v := range t.cells.number {
		what := ""
		switch {
		case math.IsInf(v, 0):
			what = notFinite
		case kind == kindred.Count && (v < 0 || v != math.Trunc(v)):
			what = "is not a count: 0, 1, 2, …; correct it or declare another kind"
		}
		if what != "" && !math.IsNaN(v) {
			return nil, cellError(i, t.name, t.cells.text[i], what)
		}
	}
	return t.cells.number, nil
}

// classes reads the labels as places in a sorted list of classes.
func (t *target) classes(kind kindred.Kind) ([]float64, []string, error) {
	y, names, err := t.places()
	if err != nil {
		return nil, nil, err
	}
	switch n := len(names); {
	case n == 0: // checkLabelled tells
	case kind == kindred.Binary && n != 2:
		return nil, nil, fmt.Errorf("column %q has %s (%s) where a binary target has 2; declare another kind", t.name, several(n, "distinct label"), some(names))
	case n == 1:
		return nil, nil, fmt.Errorf("column %q: every label is %q; there is nothing to tell apart", t.name, short(names[0]))
	}
	return y, names, nil
}

func (t *target) places() ([]float64, []string, error) {
	if t.levels != nil {
		order := make([]int32, len(t.levels.names))
		for k := range order {
			order[k] = int32(k)
		}
		slices.SortFunc(order, func(a, b int32) int { return strings.Compare(t.levels.names[a], t.levels.names[b]) })
		return place(t.levels.code, order, func(k int32) bool { return k < 0 }), pickNames(order, func(k int32) string { return t.levels.names[k] }), nil
	}
	first := map[float64]int{}
	var order []float64
	for i, v := range t.cells.number {
		if _, ok := first[v]; ok || math.IsNaN(v) {
			continue
		}
		if math.IsInf(v, 0) {
			return nil, nil, cellError(i, t.name, t.cells.text[i], notFinite)
		}
		first[v], order = i, append(order, v)
	}
	slices.Sort(order)
	return place(t.cells.number, order, math.IsNaN), pickNames(order, func(v float64) string { return strings.Clone(strings.TrimSpace(t.cells.text[first[v]])) }), nil
}

// place says where in order each value is, NaN where there is none.
func place[V cmp.Ordered](values, order []V, none func(V) bool) []float64 {
	at := make(map[V]float64, len(order))
	for k, v := range order {
		at[v] = float64(k)
	}
	out := make([]float64, len(values))
	for i, v := range values {
		if out[i] = at[v]; none(v) {
			out[i] = math.NaN()
		}
	}
	return out
}

func pickNames[V any](order []V, name func(V) string) []string {
	names := make([]string, len(order))
	for k, v := range order {
		names[k] = name(v)
	}
	return names
}

// some lists the first few names.
func some(names []string) string {
	if len(names) > 5 {
		return strings.Join(names[:5], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}
