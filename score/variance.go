package score

import "math"

// errors is Σ w (ŷ − y)².
func (c *Cell) errors() float64 {
	sum := 0.0
	for i, y := range c.Y {
		if w := c.weight(i); w > 0 {
			r := c.Out.Value[i] - y
			sum += w * r * r
		}
	}
	return sum
}

// spread is Σ w (y − ȳ)² over the rows of all cells, around their common mean;
// false where the labels are all one number. Two passes, so that labels far
// from 0 lose no digits.
func spread(cells ...Cell) (float64, bool) {
	low, high := math.Inf(1), math.Inf(-1)
	each(cells, func(_, y float64) { low, high = min(low, y), max(high, y) })
	if !(low < high) {
		return undefined()
	}
	n, shift := 0.0, 0.0
	each(cells, func(w, y float64) { n, shift = n+w, shift+w*(y-low) })
	mean, sum := low+shift/n, 0.0
	each(cells, func(w, y float64) { sum += w * (y - mean) * (y - mean) })
	return sum, sum > 0
}

// each calls f with the weight and label of the rows of all cells that count.
func each(cells []Cell, f func(w, y float64)) {
	for i := range cells {
		for k, y := range cells[i].Y {
			if w := cells[i].weight(k); w > 0 {
				f(w, y)
			}
		}
	}
}

// valued lists the cells that a metric of values can pool.
func valued(m Metric, cells []Cell) []Cell {
	var out []Cell
	for _, c := range cells {
		if m.Takes(c.Info.Kind) && c.valued() {
			out = append(out, c)
		}
	}
	return out
}
