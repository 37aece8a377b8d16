package score

// A tally holds, of each class, the weight of the rows that have it, that are
// said to have it, and both.
type tally struct{ truth, said, hit []float64 }

func (c *Cell) tally() tally {
	k := len(c.Info.Classes)
	t := tally{make([]float64, k), make([]float64, k), make([]float64, k)}
	for i, y := range c.Y {
		w := c.weight(i)
		if w == 0 {
			continue
		}
		t.truth[int(y)] += w
		t.said[c.Out.Class[i]] += w
		if c.Out.Class[i] == int(y) {
			t.hit[int(y)] += w
		}
	}
	return t
}
