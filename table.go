package kindred

import (
	"fmt"
	"math"

	"github.com/kindred-mtl/kindred/num"
)

// A Type says what a column holds.
type Type int

// The types of columns.
const (
	Numeric     Type = iota // numbers; NaN is missing
	Categorical             // one of a list of levels; code −1 is missing
	Text                    // free text; "" is missing
	Vector                  // many numbers a row under one name: sparse features, an embedding
)

var typeNames = []string{"numeric", "categorical", "text", "vector"}

// String is the type's name as users write it.
func (t Type) String() string { return name(typeNames, int(t)) }

// ParseType returns the type called s.
func ParseType(s string) (Type, error) {
	i, err := parse("column type", typeNames, s)
	return Type(i), err
}

// MarshalText writes the name.
func (t Type) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads the name.
func (t *Type) UnmarshalText(b []byte) (err error) { *t, err = ParseType(string(b)); return err }

// A Column is a named column of a Table. Its Type says which one of the
// slices holds it.
type Column struct {
	Name   string
	Type   Type
	Number []float64   // Numeric
	Code   []int32     // Categorical: indices into Level
	Level  []string    // Categorical: distinct
	Text   []string    // Text
	Vector *num.Matrix // Vector: one row each
}

// Len counts the rows.
func (c *Column) Len() int {
	switch c.Type {
	case Numeric:
		return len(c.Number)
	case Categorical:
		return len(c.Code)
	case Text:
		return len(c.Text)
	default:
		if c.Vector == nil {
			return 0
		}
		return c.Vector.Rows
	}
}

// A Table is named, typed columns of one length. Group and Time are not
// columns to learn from: they say how rows may be split.
type Table struct {
	Columns []Column
	Group   []int     // nil, or the group of each row: a group lies on one side of every split
	Time    []float64 // nil, or the time of each row
}

// Len counts the rows.
func (t *Table) Len() int {
	if len(t.Columns) == 0 {
		return 0
	}
	return t.Columns[0].Len()
}

// Column returns the column called name, or nil.
func (t *Table) Column(name string) *Column {
	for i := range t.Columns {
		if t.Columns[i].Name == name {
			return &t.Columns[i]
		}
	}
	return nil
}

// Select returns a table of the rows named, in that order.
func (t *Table) Select(rows []int) *Table {
	s := &Table{Columns: make([]Column, len(t.Columns)), Group: pick(t.Group, rows), Time: pick(t.Time, rows)}
	for i, c := range t.Columns {
		c.Number, c.Code, c.Text = pick(c.Number, rows), pick(c.Code, rows), pick(c.Text, rows)
		if c.Vector != nil {
			c.Vector = c.Vector.Select(rows)
		}
		s.Columns[i] = c
	}
	return s
}

// Schema lists the columns without their rows.
func (t *Table) Schema() Schema {
	s := make(Schema, len(t.Columns))
	for i, c := range t.Columns {
		s[i] = Field{Name: c.Name, Type: c.Type}
		if c.Vector != nil {
			s[i].Width = c.Vector.Cols
		}
	}
	return s
}

// Check says what is wrong with the table: columns of different lengths, two
// of one name, codes out of range, infinities.
func (t *Table) Check() error {
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
		if err := c.check(); err != nil {
			return err
		}
	}
	if t.Group != nil && len(t.Group) != n {
		return fmt.Errorf("%d groups for %d rows", len(t.Group), n)
	}
	if t.Time != nil && len(t.Time) != n {
		return fmt.Errorf("%d times for %d rows", len(t.Time), n)
	}
	return nil
}

func (c *Column) check() error {
	for i, v := range c.Number {
		if v-v != 0 && math.IsInf(v, 0) {
			return fmt.Errorf("column %q, row %d: %v is not a finite number (leave the value out where it is unknown)", c.Name, i+1, v)
		}
	}
	for i, k := range c.Code {
		if k < -1 || int(k) >= len(c.Level) {
			return fmt.Errorf("column %q, row %d: code %d of %d levels", c.Name, i+1, k, len(c.Level))
		}
	}
	if c.Vector == nil {
		return nil
	}
	for i := range c.Vector.Rows {
		_, value := c.Vector.Row(i)
		for _, v := range value {
			if math.IsInf(v, 0) || math.IsNaN(v) {
				return fmt.Errorf("column %q, row %d: %v is not a finite number", c.Name, i+1, v)
			}
		}
	}
	return nil
}

// A Schema is the columns of a Table without their rows.
type Schema []Field

// A Field is one column of a Schema.
type Field struct {
	Name  string `json:"name"`
	Type  Type   `json:"type"`
	Width int    `json:"width,omitempty"` // of a vector
}

// Names lists the names in order.
func (s Schema) Names() []string {
	names := make([]string, len(s))
	for i, f := range s {
		names[i] = f.Name
	}
	return names
}

// pick returns the elements of v at the places rows; nil stays nil.
func pick[E any](v []E, rows []int) []E {
	if v == nil {
		return nil
	}
	out := make([]E, len(rows))
	for k, i := range rows {
		out[k] = v[i]
	}
	return out
}
