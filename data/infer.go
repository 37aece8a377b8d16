package data

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strings"

	"github.com/kindred-mtl/kindred"
)

// Where words become text: more distinct cells than this share of the rows, of
// more spaces than this on average, or more levels than this in all. Columns
// of fewer rows than manyRows are not called id-like for being distinct.
const (
	textShare  = 0.5
	textSpaces = 3
	maxLevels  = 1000
	manyRows   = 20
)

// A guess is what a column looks like.
type guess struct {
	what     string // numeric, categorical, text, constant, id-like
	why      string
	kind     kindred.Type
	missing  int
	distinct int
}

// useless tells whether there is nothing to learn from the column.
func (g guess) useless() bool { return g.what == "constant" || g.what == "id-like" }

// look infers the type of a column: from its numbers where all its cells are
// numbers, else from its levels.
func look(name string, c *cells, l *levels) guess {
	if l == nil {
		return lookNumbers(name, c.number)
	}
	return lookLevels(c.text, l)
}

func lookNumbers(name string, x []float64) guess {
	s := summarize(x)
	g := guess{what: "numeric", kind: kindred.Numeric, missing: s.missing, distinct: s.distinct}
	switch {
	case s.distinct == 0:
		g.what, g.why = "constant", "every cell is empty"
	case s.distinct == 1 && s.missing == 0:
		g.what, g.why = "constant", fmt.Sprintf("every cell is %v", x[0])
	case s.whole && s.missing == 0 && idName(name) && allDistinct(x):
		g.what, g.why = "id-like", "a number of its own for every row"
	}
	return g
}

func lookLevels(text []string, l *levels) guess {
	g := guess{what: "categorical", kind: kindred.Categorical, distinct: len(l.names)}
	spaces := 0
	for i, k := range l.code {
		if k < 0 {
			g.missing++
		} else {
			spaces += strings.Count(strings.TrimSpace(text[i]), " ")
		}
	}
	n := len(text) - g.missing
	switch {
	case g.distinct == 0:
		g.what, g.why = "constant", "every cell is empty"
	case g.distinct == 1 && g.missing == 0:
		g.what, g.why = "constant", fmt.Sprintf("every cell is %q", short(l.names[0]))
	case float64(g.distinct) > textShare*float64(n) && float64(spaces) > textSpaces*float64(n):
		g.what, g.kind = "text", kindred.Text
	case g.distinct == n && n > manyRows:
		g.what, g.why = "id-like", "a name of its own for every row"
	case g.distinct > maxLevels:
		g.what, g.kind, g.why = "text", kindred.Text, fmt.Sprintf("%d levels are read as text", g.distinct)
	}
	return g
}

// A summary is what a column of numbers holds.
type summary struct {
	missing  int
	distinct int  // counted up to maxLevels+1
	whole    bool // all numbers are whole
}

func summarize(x []float64) summary {
	s := summary{whole: true}
	seen, last := newNumbers(len(x)), math.NaN()
	for _, v := range x {
		if v == last {
			continue
		}
		if v != v {
			s.missing++
			continue
		}
		last = v
		s.whole = s.whole && v == math.Trunc(v)
		if s.distinct <= maxLevels && seen.add(v) {
			s.distinct++
		}
	}
	return s
}

// numbers is a set of numbers: small whole ones by a bit each, others by open
// addressing in a power of two of slots, of which at most a quarter are used.
type numbers struct {
	small [16]uint64
	slots []uint64
}

// newNumbers makes room for n numbers, or for maxLevels+1 where n is more.
func newNumbers(n int) *numbers {
	return &numbers{slots: make([]uint64, 4<<bits.Len(uint(min(n, maxLevels+1)-1)))}
}

// add tells whether v, which is not NaN, is new.
func (n *numbers) add(v float64) bool {
	if k := uint(int(v)); k < 64*uint(len(n.small)) && float64(k) == v {
		word, bit := &n.small[k/64], uint64(1)<<(k%64)
		if *word&bit != 0 {
			return false
		}
		*word |= bit
		return true
	}
	key := math.Float64bits(v) + 1 // no slot in use is 0
	last := uint64(len(n.slots) - 1)
	for i := key * 0x9e3779b97f4a7c15 >> 40 & last; ; i = (i + 1) & last {
		switch n.slots[i] {
		case key:
			return false
		case 0:
			n.slots[i] = key
			return true
		}
	}
}

// idName tells whether a column is called as row numbers and keys are.
func idName(name string) bool {
	lower := strings.ToLower(name)
	switch lower {
	case "id", "row", "index", "key", "no", "nr", "number", "unnamed", "unnamed: 0", "#":
		return true
	}
	for _, end := range []string{"_id", "-id", ".id", " id", "_no", "_index"} {
		if strings.HasSuffix(lower, end) {
			return true
		}
	}
	return strings.HasSuffix(name, "Id") || strings.HasSuffix(name, "ID")
}

func allDistinct(x []float64) bool {
	s := slices.Clone(x)
	slices.Sort(s)
	return len(slices.Compact(s)) == len(x)
}

// levels are the distinct cells of a column, in the order they first appear.
type levels struct {
	code  []int32 // of each row; −1 where it is empty
	names []string
}

// newLevels numbers the trimmed cells; empty says which hold none.
func newLevels(text []string, empty func(string) bool) *levels {
	l := &levels{code: make([]int32, len(text))}
	place := map[string]int32{}
	for i, cell := range text {
		cell = strings.TrimSpace(cell)
		k, ok := place[cell]
		if !ok {
			k = -1
			if !empty(cell) {
				k = int32(len(l.names))
				l.names = append(l.names, strings.Clone(cell))
			}
			place[cell] = k
		}
		l.code[i] = k
	}
	return l
}

// each lists the level of every row, "" where it is empty.
func (l *levels) each() []string {
	out := make([]string, len(l.code))
	for i, k := range l.code {
		if k >= 0 {
			out[i] = l.names[k]
		}
	}
	return out
}
