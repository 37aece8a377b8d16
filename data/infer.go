package data

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/kindred-mtl/kindred"
)

// Where words become text: more distinct cells than this share of the rows,
// of more words than this on average.
const (
	textShare = 0.5
	textWords = 3
	maxLevels = 1000
)

// A guess is what a column looks like.
type guess struct {
	what    string // numeric, categorical, text, constant, id-like
	why     string
	kind    kindred.Type
	missing int
	levels  map[string]int
	numbers bool
}

// look infers the type of a column: numeric where every cell is a number,
// text where cells are mostly distinct and several words long, categorical
// otherwise. Columns of one value, and of a distinct name or running number
// for every row, are no use to learn from.
func look(cells []string) guess {
	g := guess{levels: map[string]int{}, numbers: true}
	spaces, running, last := 0, true, math.NaN()
	for _, cell := range cells {
		if missing(cell) {
			g.missing++
			continue
		}
		g.levels[cell]++
		spaces += strings.Count(cell, " ")
		v, err := strconv.ParseFloat(strings.TrimSpace(cell), 64)
		if err != nil {
			g.numbers = false
		}
		running = running && err == nil && (math.IsNaN(last) || v == last+1)
		last = v
	}
	n := len(cells) - g.missing
	distinct := len(g.levels)
	switch {
	case distinct == 0:
		g.what, g.why = "constant", "every cell is empty"
	case distinct == 1 && g.missing == 0:
		g.what, g.why = "constant", "every cell is the same"
	case g.numbers && running && n > 20 && g.missing == 0:
		g.what, g.why = "id-like", "it numbers the rows"
	case g.numbers:
		g.what, g.kind = "numeric", kindred.Numeric
	case float64(distinct) > textShare*float64(n) && float64(spaces) > textWords*float64(n):
		g.what, g.kind = "text", kindred.Text
	case distinct == n && n > 20:
		g.what, g.why = "id-like", "every row has another name"
	case distinct > maxLevels:
		g.what, g.kind = "text", kindred.Text
	default:
		g.what, g.kind = "categorical", kindred.Categorical
	}
	return g
}

// kindOf infers what a target wants predicted: two distinct labels are binary,
// other words multiclass, other numbers regression. Counts and classes that
// are written as numbers must be declared, as nothing tells them apart.
func kindOf(g guess) (kindred.Kind, string) {
	switch {
	case len(g.levels) == 2:
		return kindred.Binary, ""
	case !g.numbers:
		return kindred.Multiclass, ""
	case len(g.levels) <= 10:
		return kindred.Regression, fmt.Sprintf("%d distinct numbers are taken as a scale; say --kind for classes or counts", len(g.levels))
	default:
		return kindred.Regression, ""
	}
}

// tasks makes a task of each target, or each pair of task and target.
func (r *reader) tasks() error {
	if len(r.Targets) == 0 {
		return nil
	}
	weights, err := r.weights()
	if err != nil {
		return err
	}
	set := &kindred.Set{}
	for _, target := range r.Targets {
		i, _ := r.find(target)
		kind, label, err := r.labels(i)
		if err != nil {
			return err
		}
		if err := r.addTasks(set, kind, label, weights); err != nil {
			return err
		}
	}
	for name := range r.TaskWeights {
		if !slices.ContainsFunc(set.Tasks, func(t kindred.Task) bool { return t.Name == name }) {
			return fmt.Errorf("a weight is given for the task %q, which does not exist", name)
		}
	}
	r.file.Set = set
	return set.Check()
}

// weights reads the weight column.
func (r *reader) weights() ([]float64, error) {
	if r.Weight == "" {
		return nil, nil
	}
	i, _ := r.find(r.Weight)
	out := make([]float64, len(r.records))
	for k, cell := range r.cells(i) {
		v, err := parseNumber(cell)
		if err != nil || !(v >= 0) {
			return nil, fmt.Errorf("row %d, column %q: %q is not a weight; a weight is a number from 0 up", k+1, r.Weight, short(cell))
		}
		out[k] = v
	}
	return out, nil
}

// labels reads a target: its labels with one entry a row, NaN where missing.
func (r *reader) labels(column int) (kindred.Kind, kindred.Labels, error) {
	cells := r.cells(column)
	g := look(cells)
	name := r.header[column]
	kind, note := kindOf(g)
	if k, ok := r.Kinds[name]; ok {
		kind, note = k, ""
	}
	for k := range r.file.Columns {
		if r.file.Columns[k].Name == name {
			r.file.Columns[k].Type, r.file.Columns[k].Note = kind.String(), note
		}
	}
	label := kindred.Labels{Target: name, Columns: [][]float64{make([]float64, len(cells))}}
	class := map[string]int{}
	if kind.Classifies() {
		label.Classes = classes(g)
		if kind == kindred.Binary && len(label.Classes) != 2 {
			return kind, label, fmt.Errorf("column %q has %d distinct labels where a binary target has 2", name, len(label.Classes))
		}
		for k, c := range label.Classes {
			class[c] = k
		}
	}
	for i, cell := range cells {
		v, err := math.NaN(), error(nil)
		switch {
		case missing(cell):
		case kind.Classifies():
			v = float64(class[cell])
		default:
			v, err = parseNumber(cell)
		}
		if err == nil && kind == kindred.Count && (v < 0 || v != math.Trunc(v)) && !math.IsNaN(v) {
			err = fmt.Errorf("%q is not a count: 0, 1, 2, …", cell)
		}
		if err != nil {
			return kind, label, fmt.Errorf("row %d, column %q: %w", i+1, name, err)
		}
		label.Columns[0][i] = v
	}
	return kind, label, nil
}

// classes lists the labels in order: by value where all are numbers.
func classes(g guess) []string {
	var list []string
	for level := range g.levels {
		list = append(list, level)
	}
	slices.SortFunc(list, func(a, b string) int {
		if g.numbers {
			x, _ := strconv.ParseFloat(strings.TrimSpace(a), 64)
			y, _ := strconv.ParseFloat(strings.TrimSpace(b), 64)
			if x != y {
				if x < y {
					return -1
				}
				return 1
			}
		}
		return strings.Compare(a, b)
	})
	return list
}

// addTasks adds the tasks of one target, in the order they first appear.
func (r *reader) addTasks(set *kindred.Set, kind kindred.Kind, label kindred.Labels, weights []float64) error {
	var names []string
	rows := map[string][]int{}
	for i, y := range label.Columns[0] {
		name := label.Target
		if r.file.TaskOf != nil {
			name = r.file.TaskOf[i]
			if len(r.Targets) > 1 {
				name += "/" + label.Target
			}
		}
		if _, ok := rows[name]; !ok {
			names = append(names, name)
			rows[name] = nil
		}
		if !math.IsNaN(y) {
			rows[name] = append(rows[name], i)
		}
	}
	for _, name := range names {
		if len(rows[name]) == 0 {
			r.file.Warnings = append(r.file.Warnings, fmt.Sprintf("task %q has no label in column %q and is left out", name, label.Target))
			continue
		}
		t := kindred.Task{Name: name, Kind: kind, Table: r.file.Table, Rows: rows[name],
			Label: kindred.Labels{Target: label.Target, Classes: label.Classes, Columns: [][]float64{nil}}}
		factor, ok := r.TaskWeights[name]
		for _, i := range rows[name] {
			t.Label.Columns[0] = append(t.Label.Columns[0], label.Columns[0][i])
			if weights != nil || ok {
				w := 1.0
				if weights != nil {
					w = weights[i]
				}
				if ok {
					w *= factor
				}
				t.Weight = append(t.Weight, w)
			}
		}
		set.Tasks = append(set.Tasks, t)
	}
	return nil
}
