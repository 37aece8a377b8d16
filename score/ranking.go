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

// ranking ranks the rows for one class by Decision, else by Probability; false
// where there is neither, or rows of one side only.
func (c *Cell) ranking(class int) (r ranking, ok bool) {
	source, width, column := c.Out.Decision, 1, 0
	if c.Info.Kind == kindred.Multiclass {
		width, column = len(c.Info.Classes), class
	}
	if source == nil {
		source, width, column = c.Out.Probability, len(c.Info.Classes), class
	}
	if source == nil {
		return r, false
	}
	for i, y := range c.Y {
		row := ranked{source[i*width+column], c.weight(i), int(y) == class}
		if row.weight == 0 {
			continue
		}
		if math.IsNaN(row.score) {
			return r, false
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
	sum, n := 0.0, 0
	for t := c.firstClass(); t < len(c.Info.Classes); t++ {
		if r, ok := c.ranking(t); ok {
			sum, n = sum+f(r), n+1
		}
	}
	return finite(sum / float64(n))
}
