package solve

import (
	"github.com/kindred-mtl/kindred/num"
)

// Moments are the sums over a task's rows that squared loss needs: with them a
// step costs d² whatever the number of rows. Rows and labels are centred by
// their weighted means (not where the intercept is fixed), which eliminates
// the intercept exactly.
type Moments struct {
	G      *num.Dense // d × d: Σ w (x − x̄)(x − x̄)ᵀ
	C      []float64  // d: Σ w (x − x̄)(y − ȳ)
	MeanX  []float64  // d; zeros where the intercept is fixed
	MeanY  float64    // the fixed intercept where there is one
	Weight float64    // Σ w
	YY     float64    // Σ w (y − ȳ)²

	sum float64 // Σ w (y − ȳ): 0 but for rounding, or a fixed intercept
}

// Moments returns the moments of every task, computed at the first call. Tasks
// with the same rows and weights share G and MeanX.
func (p *Problem) Moments() []*Moments {
	if p.moments != nil {
		return p.moments
	}
	type key struct {
		x     *num.Matrix
		w     *float64
		fixed bool
	}
	owner := make([]int, len(p.Tasks))
	first := make(map[key]int)
	for t := range p.Tasks {
		k := key{x: p.Tasks[t].X, fixed: p.Tasks[t].Fixed != nil}
		if len(p.Tasks[t].Weight) > 0 {
			k.w = &p.Tasks[t].Weight[0]
		}
		if _, ok := first[k]; !ok {
			first[k] = t
		}
		owner[t] = first[k]
	}
	m := make([]*Moments, len(p.Tasks))
	num.Each(len(m), p.work()*p.Features(), func(t int) {
		m[t] = &Moments{}
		if owner[t] == t {
			m[t].design(&p.Tasks[t])
		}
	})
	for t, o := range owner {
		m[t].G, m[t].MeanX, m[t].Weight = m[o].G, m[o].MeanX, m[o].Weight
	}
	p.labels(m)
	p.moments, p.seen = m, nil
	return m
}

// labels computes what depends on the labels, given the rest, in one pass over
// the rows that tasks share.
func (p *Problem) labels(m []*Moments) {
	groups := group(p, true)
	residuals := make([][]float64, len(groups))
	c := num.NewDense(p.Features(), len(p.Tasks))
	num.Each(len(groups), p.work(), func(i int) {
		g := &groups[i]
		g.columns = g.tasks
		residuals[i] = make([]float64, g.x.Rows*len(g.tasks))
		for at, t := range g.tasks {
			m[t].labels(&p.Tasks[t], residuals[i][at:], len(g.tasks))
		}
	})
	backward(groups, c, residuals)
	for t := range m {
		m[t].C = c.Col(make([]float64, c.Rows), t)
		num.Axpy(-m[t].sum, m[t].MeanX, m[t].C)
	}
}

// design computes what depends on the rows alone.
func (m *Moments) design(t *Task) {
	m.MeanX = make([]float64, t.X.Cols)
	m.Weight = totalWeight(t)
	if t.Fixed == nil && m.Weight > 0 {
		for i := range t.X.Rows {
			t.X.Axpy(i, weightAt(t, i)/m.Weight, m.MeanX)
		}
	}
	m.G = num.Gram(t.X, t.Weight, m.MeanX)
}

// labels computes what depends on the labels alone, and puts w(y − ȳ) into every
// stride-th place of r.
func (m *Moments) labels(t *Task, r []float64, stride int) {
	if t.Fixed != nil {
		m.MeanY = t.Fixed[0]
	} else if m.Weight > 0 {
		for i, y := range t.Y {
			m.MeanY += weightAt(t, i) / m.Weight * y
		}
	}
	for i, y := range t.Y {
		v := weightAt(t, i) * (y - m.MeanY)
		m.YY += v * (y - m.MeanY)
		m.sum += v
		r[i*stride] = v
	}
}

func totalWeight(t *Task) float64 {
	if t.Weight == nil {
		return float64(t.X.Rows)
	}
	return num.Sum(t.Weight)
}

func weightAt(t *Task, i int) float64 {
	if t.Weight == nil {
		return 1
	}
	return t.Weight[i]
}
