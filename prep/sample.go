package prep

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/num"
)

// A sample is the rows to learn from: those of weight above 0, table by table
// in the tables' order.
type sample struct {
	schema kindred.Schema
	tables []*kindred.Table
	rows   [][]int   // of each table; nil: all of them
	weight []float64 // of all rows of all tables
	total  float64
}

func newSample(s *kindred.Set) (*sample, error) {
	out := &sample{tables: s.Tables()}
	weights := make(map[*kindred.Table][]float64, len(out.tables))
	for i, t := range out.tables {
		if err := checkTable(t); err != nil {
			return nil, err
		}
		if i > 0 && !slices.Equal(t.Schema(), out.tables[0].Schema()) {
			return nil, errors.New("the tasks' tables differ in their columns; all tables of a set have the same ones, in the same order")
		}
		weights[t] = make([]float64, t.Len())
	}
	for i := range s.Tasks {
		if err := addWeights(weights[s.Tasks[i].Table], &s.Tasks[i]); err != nil {
			return nil, fmt.Errorf("task %q: %w", s.Tasks[i].Name, err)
		}
	}
	for _, t := range out.tables {
		out.list(weights[t])
	}
	out.total = num.Sum(out.weight)
	if len(out.weight) == 0 {
		return nil, errors.New("no row has a label and a weight above 0: there is nothing to prepare from")
	}
	if math.IsInf(out.total, 0) {
		return nil, errors.New("the rows' weights are too large to be added up")
	}
	out.schema = out.tables[0].Schema()
	return out, nil
}

// checkTable checks the shape of a table; its numbers are checked as they are
// read.
func checkTable(t *kindred.Table) error {
	if t == nil {
		return errors.New("a task has no table")
	}
	n, seen := t.Len(), make(map[string]bool, len(t.Columns))
	for i := range t.Columns {
		c := &t.Columns[i]
		if seen[c.Name] {
			return fmt.Errorf("two columns are called %q", c.Name)
		}
		seen[c.Name] = true
		if c.Len() != n {
			return fmt.Errorf("column %q has %d rows where column %q has %d", c.Name, c.Len(), t.Columns[0].Name, n)
		}
	}
	return nil
}

// addWeights adds the weights of the rows that t lists.
func addWeights(w []float64, t *kindred.Task) error {
	if t.Weight != nil && len(t.Weight) != len(t.Rows) {
		return fmt.Errorf("it lists %d rows and %d weights", len(t.Rows), len(t.Weight))
	}
	for k, r := range t.Rows {
		if r < 0 || r >= len(w) {
			return fmt.Errorf("it lists row %d of a table of %d rows", r+1, len(w))
		}
		v := weight(t, k)
		if !(v >= 0 && v <= math.MaxFloat64) {
			return fmt.Errorf("row %d: weight %v; a weight is a number from 0 up", r+1, v)
		}
		w[r] += v
	}
	return nil
}

// list adds the rows of a table that have a weight.
func (s *sample) list(weights []float64) {
	if !slices.Contains(weights, 0) {
		s.rows, s.weight = append(s.rows, nil), append(s.weight, weights...)
		return
	}
	listed := []int{}
	for r, w := range weights {
		if w > 0 {
			listed, s.weight = append(listed, r), append(s.weight, w)
		}
	}
	s.rows = append(s.rows, listed)
}

// listed counts the rows of table i.
func (s *sample) listed(i int) int {
	if s.rows[i] == nil {
		return s.tables[i].Len()
	}
	return len(s.rows[i])
}

// row is the k-th row of table i.
func (s *sample) row(i, k int) int {
	if s.rows[i] == nil {
		return k
	}
	return s.rows[i][k]
}

// rowOf is the row, of its table, of the i-th row in all.
func (s *sample) rowOf(i int) int {
	for t := range s.tables {
		if i < s.listed(t) {
			return s.row(t, i)
		}
		i -= s.listed(t)
	}
	return -1
}

// at says which column an error is about.
func (s *sample) at(j int, err error) error {
	return fmt.Errorf("column %q, %w", s.schema[j].Name, err)
}

// gather takes what get finds in a column of each table, for the rows of the
// sample. It may return the column itself.
func gather[E any](s *sample, j int, get func(*kindred.Column) []E) []E {
	if len(s.tables) == 1 && s.rows[0] == nil {
		return get(&s.tables[0].Columns[j])
	}
	out := make([]E, 0, len(s.weight))
	for i, t := range s.tables {
		from := get(&t.Columns[j])
		if s.rows[i] == nil {
			out = append(out, from...)
			continue
		}
		for _, r := range s.rows[i] {
			out = append(out, from[r])
		}
	}
	return out
}
