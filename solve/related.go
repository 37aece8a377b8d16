package solve

import (
	"math"

	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
)

// related is the K of a quadratic penalty that is no arrow.
type related struct {
	quadratic penalty.Linked
	k         []*num.Dense // of each slot
	plans     []*plan      // of each slot, once asked for; nil where too much stands
}

// hasCovariance tells whether the systems of this package take the K of a
// penalty: an arrow's, or another one that is not singular.
func hasCovariance(f penalty.Func) bool {
	switch f := f.(type) {
	case penalty.Arrow:
		return true
	case penalty.Linked:
		most := f.Steepest()
		return !math.IsInf(most, 1) && !math.IsNaN(most)
	}
	return false
}

// covarianceOf is the K of a penalty that has one.
func covarianceOf(f penalty.Func) *covariance {
	if arrow, ok := f.(penalty.Arrow); ok {
		return newCovariance(arrow)
	}
	linked := f.(penalty.Linked)
	k := &covariance{private: 1, slots: columnsOf(linked), related: &related{quadratic: linked}}
	for s := range k.slots {
		k.related.k = append(k.related.k, linked.Covariance(s))
	}
	return k
}

// columnsOf lists the columns of each slot.
func columnsOf(f penalty.Quadratic) [][]int {
	var slots [][]int
	for c, s := range f.Slots() {
		for len(slots) <= s {
			slots = append(slots, nil)
		}
		slots[s] = append(slots[s], c)
	}
	return slots
}

// times sets out to KG; out may be g.
func (r *related) times(out, g *num.Dense, slots [][]int) {
	num.Each(g.Rows, g.Rows*g.Cols*g.Cols, func(j int) {
		from, to, row := g.Row(j), out.Row(j), make([]float64, g.Cols)
		for s, columns := range slots {
			part := row[:len(columns)]
			for i, c := range columns {
				part[i] = from[c]
			}
			for i, c := range columns {
				to[c] = num.Dot(r.k[s].Row(i), part)
			}
		}
	})
}

// plan is that of the elimination of a slot.
func (r *related) plan(slot int) *plan {
	if r.plans == nil {
		for s := range r.k {
			r.plans = append(r.plans, newPlan(r.quadratic.Links(s)))
		}
	}
	return r.plans[slot]
}

// work is about how many multiplications the elimination of all slots takes
// with d features; +Inf where too much stands.
func (r *related) work(d int) float64 {
	sum := 0.0
	for s := range r.k {
		p := r.plan(s)
		if p == nil {
			return math.Inf(1)
		}
		sum += p.work * float64(d) * float64(d) * float64(d)
	}
	return sum
}
