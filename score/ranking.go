package score

import (
	"cmp"
	"math"
	"slices"

	"github.com/kindred-mtl/kindred"
)

// A ranked row is a score, whether the row is of the class ranked, and its
// weight.
type ranked struct {
	score, weight float64
	positive      bool
}

// A ranking is rows sorted by score, the highest first, and the weight of
// those of the class and of the others; both are positive.
type ranking struct {
	rows               []ranked
	positive, negative float64
}

// rankable tells whether every row has a Decision, or else a Probability, of
// every class.
func (c *Cell) rankable() bool {
	if c.Out.Decision == nil {
		return c.likely()
	}
	width := 1
	if c.Info.Kind == kindred.Multiclass {
		width = len(c.Info.Classes)
	}
	return c.every(func(i int) bool {
		return !slices.ContainsFunc(c.Out.Decision[i*width:(i+1)*width], math.IsNaN)
	})
}

// score is what ranks a row for a class.
func (c *Cell) score(i, class int) float64 {
	switch {
	case c.Out.Decision == nil:
		return c.probability(i, class)
	case c.Info.Kind == kindred.Multiclass:
		return c.Out.Decision[i*len(c.Info.Classes)+class]
	}
	return c.Out.Decision[i]
}

// ranking ranks the rows for one class; false where all rows have it, or none.
func (c *Cell) ranking(class int) (r ranking, ok bool) {
	for i, y := range c.Y {
		row := ranked{c.score(i, class), c.weight(i), int(y) == class}
		if row.weight == 0 {
			continue
		}
		if row.positive {
			r.positive += row.weight
		} else {
			r.negative += row.weight
		}
		r.rows = append(r.rows, row)
	}
	slices.SortFunc(r.rows, func(a, b ranked) int { return cmp.Compare(b.score, a.score) })
	return r, r.positive > 0 && r.negative > 0
}

// steps calls f with the weight of the rows of the class, and of the others,
// at every distinct score, the highest first.
func (r ranking) steps(f func(positive, negative float64)) {
	for i := 0; i < len(r.rows); {
		p, n, at := 0.0, 0.0, r.rows[i].score
		for ; i < len(r.rows) && r.rows[i].score == at; i++ {
			if r.rows[i].positive {
				p += r.rows[i].weight
			} else {
				n += r.rows[i].weight
			}
		}
		f(p, n)
	}
}

// firstClass is where a loop over classes begins: a binary task is judged by
// its positive class alone.
func (c *Cell) firstClass() int {
	if c.Info.Kind == kindred.Binary {
		return 1
	}
	return 0
}

// overClasses is f of the positive class in binary tasks, else the mean of f
// over the classes that some rows have and some have not.
func (c *Cell) overClasses(f func(r ranking) float64) (float64, bool) {
	if !c.rankable() {
		return undefined()
	}
	sum, n := 0.0, 0
	for t := c.firstClass(); t < len(c.Info.Classes); t++ {
		if r, ok := c.ranking(t); ok {
			sum, n = sum+f(r), n+1
		}
	}
	return finite(sum / float64(n))
}
