package prep

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/kindred-mtl/kindred"
)

// levels is a categorical column: a feature for each level, then one for the
// levels that share one, then one for missing ones.
//
//	1 where the row has the level, else 0
type levels struct {
	Levels  []exact `json:"levels,omitempty"` // ascending
	Other   bool    `json:"other,omitempty"`
	Missing bool    `json:"missing,omitempty"`

	feature map[string]int
}

// counts are the weights of levels, −1 being missing.
type counts struct {
	level   map[string]float64
	missing float64
}

func (o Options) fitLevels(s *sample, j int) (column, told) {
	n, err := countLevels(s, j)
	if err != nil {
		return nil, told{err: s.at(j, err)}
	}
	names := make([]string, 0, len(n.level))
	for name := range n.level {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(n.level[b], n.level[a]), cmp.Compare(a, b))
	})
	c, kept := &levels{Missing: n.missing > 0}, 0
	for kept < len(names) && kept < o.maxLevels() && n.level[names[kept]] >= o.minLevel(s.total) {
		kept++
	}
	c.Other = kept < len(names)
	for _, name := range slices.Sorted(slices.Values(names[:kept])) {
		c.Levels = append(c.Levels, exact(name))
	}
	t := told{stored: 1}
	switch {
	case len(names) == 0:
		t.note = "left out: no training row has a value"
	case len(names) == 1 && !c.Missing:
		t.note = "left out: constant over the training rows"
	case c.width() == 1:
		t.note = fmt.Sprintf("left out: all %d levels are rare", len(names))
	case c.Other:
		t.note = fmt.Sprintf("%d rare levels of %d share one feature", len(names)-kept, len(names))
	}
	if c.width() == 1 {
		c, t.stored = &levels{}, 0
	}
	c.index()
	return c, t
}

// countLevels counts by code, then by name, so that tables may number their
// levels differently.
func countLevels(s *sample, j int) (counts, error) {
	n := counts{level: map[string]float64{}}
	first := 0
	for i, table := range s.tables {
		c := &table.Columns[j]
		byCode := make([]float64, len(c.Level)+1)
		for k := range s.listed(i) {
			r := s.row(i, k)
			code := int(c.Code[r])
			if code < -1 || code >= len(c.Level) {
				return n, inRow(r, noLevel(c.Code[r], len(c.Level)))
			}
			byCode[code+1] += s.weight[first+k]
		}
		first += s.listed(i)
		n.missing += byCode[0]
		for k, name := range c.Level {
			if byCode[k+1] > 0 {
				n.level[name] += byCode[k+1]
			}
		}
	}
	return n, nil
}

func noLevel(code int32, levels int) error {
	return fmt.Errorf("code %d of %d levels; a code is a level's place, or −1", code, levels)
}

// index makes the map of levels to features.
func (c *levels) index() {
	c.feature = make(map[string]int, len(c.Levels))
	for k, name := range c.Levels {
		c.feature[string(name)] = k
	}
}

func (c *levels) width() int {
	n := len(c.Levels)
	if c.Other {
		n++
	}
	if c.Missing {
		n++
	}
	return n
}

func (c *levels) names(column string) []string {
	var names []string
	for _, name := range c.Levels {
		names = append(names, column+"="+string(name))
	}
	special := func(name string) {
		if _, taken := c.feature[name]; taken {
			name = "(" + name + ")"
		}
		names = append(names, column+"="+name)
	}
	if c.Other {
		special("other")
	}
	if c.Missing {
		special("missing")
	}
	return names
}

func (c *levels) tensors() map[string][]float64 { return nil }

func (c *levels) restore(Options, kindred.Field, map[string][]float64) error {
	for k := 1; k < len(c.Levels); k++ {
		if c.Levels[k-1] >= c.Levels[k] {
			return fmt.Errorf("the levels %q and %q are not in order", c.Levels[k-1], c.Levels[k])
		}
	}
	c.index()
	return nil
}

// A levelReader knows the feature of every code of a table, −1: none.
type levelReader struct {
	code    []int32
	feature []int // of code −1, 0, 1, …
}

func (c *levels) bind(from *kindred.Column) reader {
	unknown := -1
	if c.Other {
		unknown = len(c.Levels)
	}
	b := &levelReader{from.Code, make([]int, len(from.Level)+1)}
	b.feature[0] = unknown
	if c.Missing {
		b.feature[0] = c.width() - 1
	}
	for k, name := range from.Level {
		feature, ok := c.feature[name]
		if !ok {
			feature = unknown
		}
		b.feature[k+1] = feature
	}
	return b
}

// of is the feature of row r, −1: none.
func (b *levelReader) of(r int) (int, error) {
	k := int(b.code[r]) + 1
	if k < 0 || k >= len(b.feature) {
		return 0, inRow(r, noLevel(b.code[r], len(b.feature)-1))
	}
	return b.feature[k], nil
}

func (b *levelReader) dense(out []float64, stride int, s span) error {
	for i := range s.hi - s.lo {
		k, err := b.of(s.at(i))
		if err != nil {
			return err
		}
		if k >= 0 {
			out[i*stride+k] = 1
		}
	}
	return nil
}

func (b *levelReader) sparse(out *rows, first, r int) error {
	k, err := b.of(r)
	if err == nil && k >= 0 {
		out.add(first+k, 1)
	}
	return err
}
