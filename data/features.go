package data

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/kindred-mtl/kindred"
)

// Where a column of mostly numbers holds other words: above this share, and
// with more than manyRows levels, they are taken for mistakes.
const numberShare = 0.9

// features makes the table's columns, in the order of the file or of the
// schema, and says what every column was taken for.
func (r *reader) features() error {
	made := map[string]kindred.Column{}
	for j, name := range r.header {
		g := r.guess[j]
		info := ColumnInfo{Name: name, Role: r.role[j], Type: g.what, Missing: g.missing, Distinct: g.distinct}
		if r.role[j] == "dropped" && r.Schema != nil {
			info.Note = "the model does not read it"
		}
		if r.role[j] == "feature" {
			c, ok, err := r.feature(j, &info)
			if err != nil {
				return err
			}
			if ok {
				made[name] = c
				if r.Schema == nil {
					r.file.Table.Columns = append(r.file.Table.Columns, c)
				}
			}
		}
		r.file.Columns = append(r.file.Columns, info)
	}
	for _, f := range r.Schema {
		r.file.Table.Columns = append(r.file.Table.Columns, made[f.Name])
	}
	if len(r.file.Table.Columns) == 0 {
		return errors.New("no column is left to learn from: every one is a target, dropped, constant or an identifier")
	}
	return nil
}

// feature makes a column of column j, unless there is nothing to learn from it.
func (r *reader) feature(j int, info *ColumnInfo) (c kindred.Column, ok bool, err error) {
	g := r.guess[j]
	t, declared := r.types[info.Name]
	info.Note = g.why
	switch {
	case declared:
		info.Note = ""
	case g.what == "id-like" && r.Keep != nil:
		if t = kindred.Numeric; r.levels[j] != nil {
			t = kindred.Text
		}
		info.Note = ""
	case g.what == "constant", g.what == "id-like" && idName(info.Name):
		info.Role = "dropped"
		return c, false, nil
	default:
		if err := r.mixed(j); err != nil {
			return c, false, err
		}
		if t = g.kind; g.useless() {
			info.Role = "dropped"
			return c, false, nil
		}
	}
	info.Type = t.String()
	c = kindred.Column{Name: info.Name, Type: t}
	switch t {
	case kindred.Numeric:
		if row := firstInfinite(r.cells[j].number); row >= 0 {
			return c, false, r.errorAt(row, j, notFinite)
		}
		c.Number = r.cells[j].number
	case kindred.Categorical:
		c.Code, c.Level = r.levels[j].code, r.levels[j].names
		if r.Schema == nil && saysSplit(c.Level) {
			r.file.Warnings = append(r.file.Warnings, fmt.Sprintf("column %q says train and test; split by it (--split %[2]s) or leave it out (--drop %[2]s)", c.Name, quoteFlag(c.Name)))
		}
	case kindred.Text:
		c.Text = r.cells[j].text
		for i, cell := range c.Text {
			c.Text[i] = strings.TrimSpace(cell)
		}
	default:
		return c, false, fmt.Errorf("column %q: a table of cells has no %v columns; there are numeric, categorical and text", info.Name, t)
	}
	return c, true, nil
}

// mixed looks at a column of words for numbers: a few words among many numbers
// are an error, else a warning.
func (r *reader) mixed(j int) error {
	if r.levels[j] == nil {
		return nil
	}
	isNumber := make([]bool, len(r.levels[j].names))
	for k, name := range r.levels[j].names {
		_, isNumber[k] = number(name)
	}
	count, total, first := 0, 0, -1
	for i, k := range r.levels[j].code {
		switch {
		case k < 0:
			continue
		case isNumber[k]:
			count++
		case first < 0:
			first = i
		}
		total++
	}
	cell := r.cells[j].text[first]
	switch {
	case float64(count) >= numberShare*float64(total) && len(isNumber) > manyRows:
		return cellError(first, r.header[j], cell, fmt.Sprintf("is not a number, as %d other cells are; correct it, leave it empty where the value is unknown, or set the column's type", count))
	case 2*count > total:
		r.file.Warnings = append(r.file.Warnings, fmt.Sprintf("column %q is read as %s: %d of its cells are numbers, but row %d is %q",
			r.header[j], r.guess[j].what, count, first+1, short(strings.TrimSpace(cell))))
	}
	return nil
}

// keys reads the columns that say to which task rows belong, and how they
// may be split.
func (r *reader) keys() error {
	for j, role := range r.role {
		switch role {
		case "task", "group":
			for row, k := range r.levels[j].code {
				if k < 0 {
					return fmt.Errorf("row %d, column %q: the cell is empty; name the %s of every row", row+1, r.header[j], role)
				}
			}
			if role == "task" {
				r.file.TaskOf = r.levels[j].each()
				continue
			}
			for _, k := range r.levels[j].code {
				r.file.Table.Group = append(r.file.Table.Group, int(k))
			}
		case "split":
			r.file.SplitOf = r.levels[j].each()
		case "time":
			r.file.Table.Time = r.cells[j].number
			for row, v := range r.file.Table.Time {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					return r.errorAt(row, j, notTime)
				}
			}
		case "weight":
			for row, v := range r.cells[j].number {
				if !(v >= 0) || math.IsInf(v, 0) {
					return r.errorAt(row, j, notWeight)
				}
			}
		}
	}
	return nil
}

// tasks makes the Set of the targets named.
func (r *reader) tasks() error {
	if len(r.Targets) == 0 {
		if len(r.TaskWeights) > 0 {
			return errors.New("task weights are given, but no target: without targets there are no tasks")
		}
		return nil
	}
	b := &builder{Options: r.Options, file: r.file}
	for j, role := range r.role {
		switch role {
		case "task":
			b.task = r.levels[j]
		case "weight":
			b.weight = r.cells[j].number
		}
	}
	for _, name := range r.Targets {
		j := r.place[name]
		b.targets = append(b.targets, target{name: name, cells: r.cells[j], levels: r.levels[j]})
	}
	return b.build()
}
