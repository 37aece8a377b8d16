package data

import (
	"fmt"
	"math"
	"strings"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/num"
)

// A leak is a column that tells the label of every row by itself: the outcome
// under another name, or what is known only after it. It is looked for in all
// rows that have a label, whichever task they belong to, in one pass that ends
// at the first contradiction. What chance could bring about is no leak.
const (
	leakChance = 1e-9 // a leak is less likely than this if labels were dealt at random
	leakLine   = 1e-9 // how far from a straight line numbers may be, relative to their distances
)

// leaks warns of the columns that give a target away.
func (b *builder) leaks() {
	columns := b.file.Table.Columns
	found := make([]string, len(columns)*len(b.targets))
	num.For(len(found), func(i int) {
		c, t := &columns[i%len(columns)], &b.targets[i/len(columns)]
		if value := valuesOf(c); value != nil && (c.Type == kindred.Numeric || !saysSplit(c.Level)) {
			if how := t.given(value, c.Type == kindred.Numeric); how != "" {
				found[i] = fmt.Sprintf("column %q gives the target %q away: %s; leave it out (--drop %s) unless it is known before the label is",
					c.Name, t.name, how, quoteFlag(c.Name))
			}
		}
	})
	for _, warning := range found {
		if warning != "" {
			b.file.Warnings = append(b.file.Warnings, warning)
		}
	}
}

// valuesOf reads a column's cells as numbers, NaN where they are missing; nil
// where a column holds more than that.
func valuesOf(c *kindred.Column) func(i int) float64 {
	switch c.Type {
	case kindred.Numeric:
		return func(i int) float64 { return c.Number[i] }
	case kindred.Categorical:
		return func(i int) float64 {
			if c.Code[i] < 0 {
				return math.NaN()
			}
			return float64(c.Code[i])
		}
	}
	return nil
}

// given says how x gives the labels away; "" where it does not.
func (t *target) given(x func(int) float64, ordered bool) string {
	is := func(i int) float64 {
		if math.IsNaN(x(i)) {
			return 0
		}
		return 1
	}
	how := ""
	switch {
	case byValue(x, t.y):
		how = "the same value always has the same label"
	case ordered && t.kind.Classifies() && byOrder(x, t.y, len(t.classNames)):
		how = "its order puts the labels in order"
	case ordered && !t.kind.Classifies() && byLine(x, t.y):
		how = "the labels lie on a straight line over it"
	}
	if how == "" && !byValue(is, t.y) {
		return ""
	}
	rows, filled := 0, 0
	for i, y := range t.y {
		if !math.IsNaN(y) {
			if rows++; !math.IsNaN(x(i)) {
				filled++
			}
		}
	}
	switch {
	case how != "" && filled == rows:
		return fmt.Sprintf("%s, in all %d rows", how, rows)
	case how != "" && 2*filled >= rows:
		return fmt.Sprintf("%s, in all %d rows that fill it in", how, filled)
	case byValue(is, t.y):
		return fmt.Sprintf("whether it is filled in tells the label, in all %d rows", rows)
	}
	return ""
}

// byValue tells whether rows of the same x have the same label. Chance has it
// with the probability
//
//	Π_v Σ_c p_c^{n_v}         n_v rows of value v, p_c the share of label c
//
// Many values are not tried: they name rows, and rows may stand twice.
func byValue(x func(int) float64, y []float64) bool {
	most := max(fewValues, int(math.Sqrt(float64(len(y)))))
	label, count, share := map[float64]float64{}, map[float64]float64{}, map[float64]float64{}
	for i, l := range y {
		v := x(i)
		if math.IsNaN(l) || math.IsNaN(v) {
			continue
		}
		switch before, ok := label[v]; {
		case !ok && len(label) == most, ok && before != l:
			return false
		case !ok:
			label[v] = l
		}
		count[v]++
	}
	total := 0.0
	for v, n := range count {
		share[label[v]] += n
		total += n
	}
	chance := 0.0
	for _, n := range count {
		sum := 0.0
		for _, k := range share {
			sum += math.Pow(k/total, n)
		}
		chance += math.Log(sum)
	}
	return chance < math.Log(leakChance)
}

// byOrder tells whether the k classes lie in intervals of x that do not touch.
// Chance has it with the probability
//
//	k! Π_c n_c! / n!          n_c rows of class c, n rows
func byOrder(x func(int) float64, y []float64, k int) bool {
	low, high, count := make([]float64, k), make([]float64, k), make([]float64, k)
	total := 0.0
	for i, l := range y {
		v := x(i)
		if math.IsNaN(l) || math.IsNaN(v) {
			continue
		}
		c := int(l)
		if count[c]++; count[c] == 1 {
			low[c], high[c] = v, v
		} else if v >= low[c] && v <= high[c] {
			total++
			continue
		}
		total++
		low[c], high[c] = min(low[c], v), max(high[c], v)
		for d := range k {
			if d != c && count[d] > 0 && low[c] <= high[d] && low[d] <= high[c] {
				return false
			}
		}
	}
	chance := -logFactorial(total)
	for _, n := range count {
		chance += logFactorial(n)
	}
	return chance+logFactorial(float64(k)) < math.Log(leakChance)
}

func logFactorial(n float64) float64 {
	v, _ := math.Lgamma(n + 1)
	return v
}

// byLine tells whether the labels are a + bx with b ≠ 0, over more than
// manyRows rows and more than two distinct x.
func byLine(x func(int) float64, y []float64) bool {
	rows, distinct, slope := 0, 0, 0.0
	var x0, y0, x1 float64
	for i, l := range y {
		v := x(i)
		if math.IsNaN(l) || math.IsNaN(v) {
			continue
		}
		rows++
		switch {
		case distinct == 0:
			x0, y0, distinct = v, l, 1
		case distinct == 1 && v != x0:
			x1, slope, distinct = v, (l-y0)/(v-x0), 2
		case distinct == 2 && v != x0 && v != x1:
			distinct = 3
		}
		dx, dy := slope*(v-x0), l-y0
		if math.Abs(dy-dx) > leakLine*(math.Abs(dx)+math.Abs(dy))+1e-15*math.Abs(l) {
			return false
		}
	}
	return rows > manyRows && distinct == 3 && slope != 0
}

// saysSplit tells whether these are the words of a split of rows: train and
// test among them, and nothing else.
func saysSplit(levels []string) bool {
	train, test := false, false
	for _, l := range levels {
		switch strings.ToLower(l) {
		case "train", "training":
			train = true
		case "test", "testing":
			test = true
		case "valid", "validation", "val", "dev", "holdout":
		default:
			return false
		}
	}
	return train && test
}

// quoteFlag is a column's name as a shell and a flag of comma-separated names
// take it.
func quoteFlag(name string) string {
	plain := func(r rune) bool {
		return r == '_' || r == '-' || r == '.' || r == ':' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
	}
	if strings.IndexFunc(name, func(r rune) bool { return !plain(r) }) < 0 {
		return name
	}
	if strings.ContainsAny(name, `,"`) {
		name = `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
	}
	return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
}
