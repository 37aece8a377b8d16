package data

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/catalog"
	"github.com/kindred-mtl/kindred/num"
)

// A reader turns a sheet into a File, step by step.
type reader struct {
	Options
	ctx    context.Context
	sheet  sheet
	header []string
	place  map[string]int          // of each column in the header
	types  map[string]kindred.Type // declared, by the schema first
	role   []string                // of each column
	cells  []cells                 // of each column
	levels []*levels               // of the columns that are not numbers
	guess  []guess                 // of each column
	file   *File
}

// find returns the place of a column.
func (r *reader) find(name string) (int, error) {
	if i, ok := r.place[name]; ok {
		return i, nil
	}
	err := catalog.Unknown("column", name, r.header)
	if len(r.header) == 1 && strings.ContainsAny(r.header[0], ",;\t|") {
		err = fmt.Errorf("%w; the first line is a single cell: separate cells by commas, or by tabs in the format tsv", err)
	}
	return 0, err
}

// roles gives each column its role.
func (r *reader) roles() error {
	r.role, r.place = make([]string, len(r.header)), make(map[string]int, len(r.header))
	for i, name := range r.header {
		r.place[name] = i
	}
	named := [][2]string{{"task", r.Task}, {"weight", r.Weight}, {"group", r.Group}, {"time", r.Time}, {"split", r.Split}}
	for _, t := range r.Targets {
		named = append(named, [2]string{"target", t})
	}
	for _, n := range named {
		if n[1] == "" && n[0] != "target" {
			continue
		}
		i, err := r.find(n[1])
		if err != nil {
			return fmt.Errorf("the %s column is missing: %w", n[0], err)
		}
		if r.role[i] != "" {
			return fmt.Errorf("column %q is named as %s and as %s", n[1], r.role[i], n[0])
		}
		r.role[i] = n[0]
	}
	if err := r.checkNames(); err != nil {
		return err
	}
	for i, name := range r.header {
		if r.role[i] == "" {
			r.role[i] = "feature"
			if slices.Contains(r.Drop, name) || r.Keep != nil && !slices.Contains(r.Keep, name) {
				r.role[i] = "dropped"
			}
		}
	}
	if !slices.ContainsFunc(r.header, func(name string) bool { _, ok := number(name); return !ok }) {
		r.file.Warnings = append(r.file.Warnings, "every column name in the first line is a number; is the header missing?")
	}
	return r.schemaRoles()
}

// checkNames refuses options for columns and targets that are not there.
func (r *reader) checkNames() error {
	for _, name := range slices.Concat(r.Drop, r.Keep, slices.Sorted(maps.Keys(r.Types))) {
		if _, err := r.find(name); err != nil {
			return err
		}
	}
	return checkKinds(r.Options, r.Targets)
}

// checkKinds refuses kinds for what is no target.
func checkKinds(o Options, targets []string) error {
	for _, name := range slices.Sorted(maps.Keys(o.Kinds)) {
		if !slices.Contains(targets, name) {
			return fmt.Errorf("a kind is given for what is no target: %w", catalog.Unknown("target", name, targets))
		}
	}
	return nil
}

// schemaRoles makes features of exactly the columns a model reads.
func (r *reader) schemaRoles() error {
	r.types = maps.Clone(r.Types)
	if r.Schema == nil {
		return nil
	}
	r.types = map[string]kindred.Type{}
	for i, role := range r.role {
		if role == "feature" {
			r.role[i] = "dropped"
		}
	}
	for _, f := range r.Schema {
		if f.Type == kindred.Vector {
			return fmt.Errorf("the model reads the vector column %q, which a table of cells cannot hold; give an SVMlight file", f.Name)
		}
		i, err := r.find(f.Name)
		if err != nil {
			return fmt.Errorf("the model reads a column that is missing: %w", err)
		}
		if r.role[i] != "dropped" {
			return fmt.Errorf("column %q is a feature of the model and cannot be the %s", f.Name, r.role[i])
		}
		r.role[i], r.types[f.Name] = "feature", f.Type
	}
	return nil
}

// read reads the cells, each column as its role needs it.
func (r *reader) read() error {
	want, head := make([]int, len(r.header)), r.sheet.head(100)
	for j, name := range r.header {
		want[j] = asText
		switch t, declared := r.types[name]; {
		case r.role[j] == "target":
			want[j] = asNumber | asText
		case r.role[j] == "weight", r.role[j] == "time", declared && t == kindred.Numeric, !declared && r.inferred(j) && numeric(head, j):
			want[j] = asNumber
		}
	}
	var err error
	if r.cells, err = r.sheet.columns(r.ctx, want); err != nil {
		return err
	}
	if err := r.reread(); err != nil {
		return err
	}
	r.levels, r.guess = make([]*levels, len(want)), make([]guess, len(want))
	num.For(len(want), func(j int) {
		c := &r.cells[j]
		if c.number == nil || c.bad >= 0 {
			empty := missing
			if !r.inferred(j) && r.role[j] != "target" {
				empty = func(cell string) bool { return cell == "" }
			}
			r.levels[j] = newLevels(c.text, empty)
		}
		r.guess[j] = look(r.header[j], c, r.levels[j])
	})
	return r.ctx.Err()
}

// inferred tells whether a column's type is looked for in its cells.
func (r *reader) inferred(j int) bool { return r.role[j] == "feature" || r.role[j] == "dropped" }

// numeric tells whether the first cells of a column are numbers.
func numeric(head [][]string, j int) bool {
	for _, record := range head {
		if j < len(record) {
			if _, ok := number(record[j]); !ok {
				return false
			}
		}
	}
	return true
}

// reread reads columns that began as numbers and did not stay so as text.
func (r *reader) reread() error {
	want, some := make([]int, len(r.cells)), false
	for j, c := range r.cells {
		if c.bad >= 0 && c.text == nil {
			want[j], some = asText, true
		}
	}
	if !some {
		return nil
	}
	again, err := r.sheet.columns(r.ctx, want)
	if err != nil {
		return err
	}
	for j := range want {
		if want[j] == 0 {
			continue
		}
		row, what := r.cells[j].bad, ""
		_, declared := r.types[r.header[j]]
		switch {
		case r.role[j] == "weight":
			what = notWeight
		case r.role[j] == "time":
			what = notTime
		case r.role[j] == "feature" && declared:
			what = notNumber
		}
		if what != "" {
			return cellError(row, r.header[j], again[j].text[row], what)
		}
		r.cells[j] = again[j]
	}
	return nil
}

// What a cell is not, and what to do.
const (
	notNumber = "is not a number; leave the cell empty where the value is unknown"
	notFinite = "is not a finite number; leave the cell empty where the value is unknown"
	notWeight = "is not a weight; a weight is a number from 0 up"
	notTime   = "is not a time; write times as numbers"
)

func cellError(row int, column, cell, what string) error {
	return fmt.Errorf("row %d, column %q: %q %s", row+1, short(column), short(strings.TrimSpace(cell)), what)
}

// errorAt is a cellError of a cell that was read as a number.
func (r *reader) errorAt(row, j int, what string) error {
	want := make([]int, len(r.cells))
	want[j] = asText
	again, err := r.sheet.columns(r.ctx, want)
	if err != nil {
		return err
	}
	return cellError(row, r.header[j], again[j].text[row], what)
}

// firstInfinite is the first row with an infinite number, or −1.
func firstInfinite(x []float64) int {
	return slices.IndexFunc(x, func(v float64) bool { return math.IsInf(v, 0) })
}
