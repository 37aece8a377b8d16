package prep

import (
	"fmt"
	"math"
	"slices"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/num"
)

// numbers is a numeric column:
//
//	(x − center)·scale        x missing: the median
//
// and, where training rows miss some, an indicator of missing ones.
type numbers struct {
	Median    float64 `json:"median"`
	Center    float64 `json:"center"`
	Scale     float64 `json:"scale"` // 0: constant, left out
	Indicator bool    `json:"indicator,omitempty"`
}

func (o Options) fitNumbers(s *sample, j int) (column, told) {
	x := gather(s, j, func(c *kindred.Column) []float64 { return c.Number })
	lo, hi, whole := ranged(x)
	if math.IsInf(lo, -1) || math.IsInf(hi, 1) {
		i := slices.IndexFunc(x, func(v float64) bool { return math.IsInf(v, 0) })
		return nil, told{err: s.at(j, inRow(s.rowOf(i), notFinite(x[i])))}
	}
	w, missing := s.weight, 0.0
	if !whole {
		x, w, missing = known(x, w)
	}
	if len(x) == 0 {
		return &numbers{}, told{note: "left out: no training row has a value"}
	}
	c := &numbers{Median: median(x, w, lo, hi, s.total-missing), Indicator: missing > 0}
	t := told{stored: missing / s.total}
	if constant(lo, hi) {
		t.note = "left out: constant over the training rows"
		return c, t
	}
	center, scale, ok := 0.0, 1.0, true
	if o.Scale != "none" {
		center, scale, ok = o.scaling(momentsOf(x, w).with(c.Median, missing))
	}
	if !ok {
		t.note = fmt.Sprintf("left out: its values, from %v to %v, are beyond scaling", lo, hi)
		return c, t
	}
	c.Center, c.Scale = center, scale
	t.stored += 1
	if center == 0 {
		t.stored -= zeros(x, w) / s.total
	}
	return c, t
}

// ranged is the range of x, and whether no number of it is NaN.
func ranged(x []float64) (lo, hi float64, whole bool) {
	lo, hi, whole = math.MaxFloat64, -math.MaxFloat64, true
	for _, v := range x {
		if v >= lo && v <= hi {
			continue
		}
		if v < lo {
			lo = v
		}
		if v > hi {
			hi = v
		}
		if v != v {
			whole = false
		}
	}
	return lo, hi, whole
}

// known leaves out the numbers that are NaN, and says what they weigh.
func known(x, w []float64) (kx, kw []float64, missing float64) {
	kx, kw = make([]float64, 0, len(x)), make([]float64, 0, len(x))
	for i, v := range x {
		if math.IsNaN(v) {
			missing += w[i]
		} else {
			kx, kw = append(kx, v), append(kw, w[i])
		}
	}
	return kx, kw, missing
}

func notFinite(v float64) error {
	return fmt.Errorf("%v is not a finite number (leave the value out where it is unknown)", v)
}

func zeros(x, w []float64) float64 {
	n := 0.0
	for i, v := range x {
		if v == 0 {
			n += w[i]
		}
	}
	return n
}

// constant tells whether numbers from lo to hi differ by no more than rounding.
func constant(lo, hi float64) bool { return hi-lo <= 1e-13*max(math.Abs(lo), math.Abs(hi)) }

// moments are the weight, the mean and the sum of squares around it.
type moments struct{ n, mean, square float64 }

// momentsOf takes two passes; the second one corrects the mean of the first.
//
// Chan, Golub, LeVeque, "Algorithms for computing the sample variance",
// American Statistician 37, 1983, eq. (1.7).
func momentsOf(x, w []float64) moments {
	w = w[:len(x)]
	n := num.Sum(w)
	mean := num.Dot(w, x) / n
	var e0, e1, s0, s1 float64
	i := 0
	for ; i+2 <= len(x); i += 2 {
		d0, d1 := x[i]-mean, x[i+1]-mean
		a0, a1 := w[i]*d0, w[i+1]*d1
		e0, e1, s0, s1 = e0+a0, e1+a1, s0+a0*d0, s1+a1*d1
	}
	if i < len(x) {
		d := x[i] - mean
		e0, s0 = e0+w[i]*d, s0+w[i]*d*d
	}
	e := e0 + e1
	return moments{n, mean + e/n, max(0, s0+s1-e*e/n)}
}

// with adds a value of some weight.
func (m moments) with(v, weight float64) moments {
	n := m.n + weight
	d := v - m.mean
	return moments{n, m.mean + d*weight/n, m.square + d*d*m.n*weight/n}
}

// scaling is the centre and the factor of a feature; ok is false where they
// are not numbers to work with.
func (o Options) scaling(m moments) (center, scale float64, ok bool) {
	switch o.Scale {
	case "none":
		scale = 1
	case "rms":
		scale = 1 / math.Sqrt(m.square/m.n+m.mean*m.mean)
	default:
		center, scale = m.mean, 1/math.Sqrt(m.square/m.n)
	}
	return center, scale, center-center == 0 && scale-scale == 0 && scale > 0
}

func (c *numbers) width() int {
	n := 0
	if c.Scale != 0 {
		n++
	}
	if c.Indicator {
		n++
	}
	return n
}

func (c *numbers) names(column string) []string {
	names := []string{column, column + "=missing"}
	if c.Scale == 0 {
		names = names[1:]
	}
	return names[:c.width()]
}

func (c *numbers) tensors() map[string][]float64 { return nil }

func (c *numbers) restore(Options, kindred.Field, map[string][]float64) error { return nil }

type numberReader struct {
	*numbers
	from *kindred.Column
}

func (c *numbers) bind(from *kindred.Column) reader { return numberReader{c, from} }

func (c numberReader) dense(out []float64, stride int, s span) error {
	if s.rows == nil {
		return c.fill(out, stride, s, c.from.Number[s.lo:s.hi])
	}
	return c.take(out, stride, s)
}

// take is dense for rows in any order.
func (c numberReader) take(out []float64, stride int, s span) error {
	var taken [together]float64
	for ; s.lo < s.hi; s.lo += together {
		part := span{s.rows, s.lo, min(s.hi, s.lo+together)}
		for i, r := range s.rows[part.lo:part.hi] {
			taken[i] = c.from.Number[r]
		}
		if err := c.fill(out, stride, part, taken[:part.hi-part.lo]); err != nil {
			return err
		}
		if part.hi < s.hi {
			out = out[together*stride:]
		}
	}
	return nil
}

// fill is dense for the numbers x of the rows.
func (c numberReader) fill(out []float64, stride int, s span, x []float64) error {
	if c.Scale == 0 {
		return c.denseIndicator(out, stride, s, x)
	}
	center, scale, at := c.Center, c.Scale, 0
	for i, v := range x {
		if v-v != 0 {
			if math.IsInf(v, 0) {
				return inRow(s.at(i), notFinite(v))
			}
			v = c.Median
			if c.Indicator {
				out[at+1] = 1
			}
		}
		out[at] = (v - center) * scale
		at += stride
	}
	return nil
}

// denseIndicator is dense where the indicator is the only feature.
func (c numberReader) denseIndicator(out []float64, stride int, s span, x []float64) error {
	for i, v := range x {
		if math.IsInf(v, 0) {
			return inRow(s.at(i), notFinite(v))
		}
		if c.Indicator && math.IsNaN(v) {
			out[i*stride] = 1
		}
	}
	return nil
}

func (c numberReader) sparse(out *rows, first, r int) error {
	v := c.from.Number[r]
	if math.IsInf(v, 0) {
		return inRow(r, notFinite(v))
	}
	missing := math.IsNaN(v)
	if missing {
		v = c.Median
	}
	if c.Scale != 0 {
		out.add(first, (v-c.Center)*c.Scale)
		first++
	}
	if c.Indicator && missing {
		out.add(first, 1)
	}
	return nil
}
