package penalty

import (
	"math"

	"github.com/kindred-mtl/kindred/num"
)

// A chain is a norm that is a sum over the rows of W,
//
//	Σ_j l1 ‖W_j‖₁ + l2 ‖W_j‖₂ + tv Σ_t |W_jt − W_j,t+1|,
//
// where t runs over the columns of each slot in their order.
type chain struct {
	l1         elastic
	l2         l21
	tv         float64
	neighbours [][]int // the columns of each slot; nil where tv is 0
}

func newChain(l Layout, lambda, ratio, variation float64) *chain {
	rest := lambda * (1 - variation)
	f := &chain{l1: elastic{l1: rest * ratio}, tv: lambda * variation}
	f.l2 = l21(rest * (1 - ratio) * math.Sqrt(float64(len(l.Slot))))
	if variation == 0 {
		return f
	}
	for c, s := range l.Slot {
		for len(f.neighbours) <= s {
			f.neighbours = append(f.neighbours, nil)
		}
		f.neighbours[s] = append(f.neighbours[s], c)
	}
	return f
}

// Value implements Func.
func (f *chain) Value(w *num.Dense) float64 {
	s := 0.0
	for j := range w.Rows {
		s += f.RowValue(w.Row(j))
	}
	return s
}

// RowValue implements RowSeparable.
func (f *chain) RowValue(row []float64) float64 {
	s := f.l1.RowValue(row) + f.l2.RowValue(row)
	for _, columns := range f.neighbours {
		for i := 1; i < len(columns); i++ {
			s += f.tv * math.Abs(row[columns[i]]-row[columns[i-1]])
		}
	}
	return s
}

// Dual implements Convex: the indicator of rows of a dual norm of at most 1.
func (f *chain) Dual(g *num.Dense) (s, value float64) { return ratio(1, f.dualNorm(g, 1)), 0 }

// Zero implements Vanishing.
func (f *chain) Zero(g *num.Dense) float64 { return f.dualNorm(g, 0) }

// dualNorm is the largest dual norm of a row of g, or least where that is more.
func (f *chain) dualNorm(g *num.Dense, least float64) float64 {
	for j := range g.Rows {
		least = dualNorm(f, g.Row(j), least)
	}
	return least
}

// Prox implements Proximal.
func (f *chain) Prox(out, v *num.Dense, step float64) {
	copy(out.Data, v.Data)
	for j := range out.Rows {
		f.ProxRow(out.Row(j), step)
	}
}

// ProxRow implements RowSeparable: the operators of the three parts, one after
// the other. The order matters.
//
// Zhou, Liu, Narayan, Ye, Modeling disease progression via fused sparse group
// lasso, KDD 2012; Friedman, Hastie, Höfling, Tibshirani, Pathwise coordinate
// optimization, Annals of Applied Statistics 1, 2007.
func (f *chain) ProxRow(row []float64, step float64) {
	for _, columns := range f.neighbours {
		flatten(row, columns, step*f.tv)
	}
	f.l1.ProxRow(row, step)
	f.l2.ProxRow(row, step)
}

// RowDistance implements RowSeparable. The subdifferential ∂ at the row is that
// of the directional derivative at 0,
//
//	d ↦ ⟨fixed, d⟩ + l1 Σ_{w_t = 0} |d_t| + tv Σ_{w_t = w_t+1} |d_t − d_t+1|
//
// and l2 ‖d‖₂ where the row is 0; so −g less its projection on ∂ is the
// operator of what is not fixed at −g − fixed.
func (f *chain) RowDistance(row, g []float64) float64 {
	rest, length := make([]float64, len(row)), num.Norm(row)
	for i, v := range row {
		rest[i] = -g[i]
		if v != 0 {
			rest[i] -= math.Copysign(f.l1.l1, v) + float64(f.l2)*v/length
		}
	}
	for _, columns := range f.neighbours {
		f.fixSteps(rest, row, columns)
		for from, i := 0, 1; i <= len(columns); i++ {
			if i == len(columns) || row[columns[i]] != row[columns[from]] {
				flatten(rest, columns[from:i], f.tv)
				from = i
			}
		}
	}
	for i, v := range row {
		if v == 0 {
			f.l1.ProxRow(rest[i:i+1], 1)
		}
	}
	if length == 0 {
		f.l2.ProxRow(rest, 1)
	}
	return num.Norm(rest)
}

// fixSteps subtracts the slope of the total variation where the row steps.
func (f *chain) fixSteps(rest, row []float64, columns []int) {
	for i := 1; i < len(columns); i++ {
		if a, b := columns[i-1], columns[i]; row[a] != row[b] {
			slope := math.Copysign(f.tv, row[b]-row[a])
			rest[b] -= slope
			rest[a] += slope
		}
	}
}

// flatten applies the operator of cut times the total variation to some columns
// of a row.
func flatten(row []float64, columns []int, cut float64) {
	part := make([]float64, len(columns))
	for i, c := range columns {
		part[i] = row[c]
	}
	variation(part, cut)
	for i, c := range columns {
		row[c] = part[i]
	}
}

// dualNorm is the dual norm of g where f is a norm of rows, or tau where that is
// more. It is the least τ for which the operator of τf puts g to 0, which is
// max ⟨g, w⟩/f(w). The operator of a smaller τ gives the w of the largest
// ⟨g, w⟩ − τf(w) among those of its length, and ⟨g, w⟩/f(w) is the next τ.
//
// Dinkelbach, On nonlinear fractional programming, Management Science 13, 1967.
func dualNorm(f RowSeparable, g []float64, tau float64) float64 {
	w := make([]float64, len(g))
	for {
		copy(w, g)
		f.ProxRow(w, tau)
		size := f.RowValue(w)
		if size == 0 {
			return tau
		}
		next := num.Dot(g, w) / size
		if !(next > tau) {
			return max(tau, next)
		}
		tau = next
	}
}

// variation sets y to argmin_x ½‖x − y‖² + cut Σ_t |x_t − x_t+1|, in time
// proportional to its length.
//
// Johnson, A dynamic programming algorithm for the fused lasso and
// L0-segmentation, JCGS 22, 2013.
func variation(y []float64, cut float64) {
	n := len(y)
	sum, far, mean := 0.0, 0.0, num.Sum(y)/float64(max(1, n))
	for _, v := range y {
		sum += v - mean
		far = max(far, math.Abs(sum))
	}
	if cut == 0 {
		return
	}
	if !(far > cut) { // one level for all
		for i := range y {
			y[i] = mean
		}
		return
	}
	low, high := make([]float64, n), make([]float64, n)
	best := newEnvelope(n, y[0])
	for i := range n - 1 {
		low[i], high[i] = best.clamp(cut)
		best.add(y[i+1])
	}
	y[n-1] = best.reach(0)
	for i := n - 2; i >= 0; i-- {
		y[i] = min(max(y[i+1], low[i]), high[i])
	}
}

// An envelope is the derivative in b of the least cost of the first values
// where the last of them is b: increasing and piecewise linear.
type envelope struct {
	knots       []knot // ascending from first to last−1
	first, last int
	left, right line // the outermost pieces
}

// A line is slope·b + offset.
type line struct{ slope, offset float64 }

// A knot is where the derivative goes from one line to another.
type knot struct {
	at     float64
	change line
}

func newEnvelope(n int, y float64) *envelope {
	return &envelope{knots: make([]knot, 2*n), first: n, last: n, left: line{1, -y}, right: line{1, -y}}
}

// add adds the derivative of ½(b − y)².
func (e *envelope) add(y float64) {
	e.left.slope++
	e.right.slope++
	e.left.offset -= y
	e.right.offset -= y
}

// clamp bounds the derivative by ±cut, and returns where it meets the bounds.
func (e *envelope) clamp(cut float64) (low, high float64) {
	low, high = e.reach(-cut), e.reachDown(cut)
	e.first--
	e.knots[e.first] = knot{low, line{e.left.slope, e.left.offset + cut}}
	e.knots[e.last] = knot{high, line{-e.right.slope, cut - e.right.offset}}
	e.last++
	e.left, e.right = line{0, -cut}, line{0, cut}
	return low, high
}

// reach is where the derivative takes a value. What lies left of it is gone.
func (e *envelope) reach(value float64) float64 {
	for {
		b := (value - e.left.offset) / e.left.slope
		if e.first == e.last || !(e.knots[e.first].at < b) {
			return b
		}
		e.left.slope += e.knots[e.first].change.slope
		e.left.offset += e.knots[e.first].change.offset
		e.first++
	}
}

// reachDown is reach from the other side.
func (e *envelope) reachDown(value float64) float64 {
	for {
		b := (value - e.right.offset) / e.right.slope
		if e.first == e.last || !(e.knots[e.last-1].at > b) {
			return b
		}
		e.last--
		e.right.slope -= e.knots[e.last].change.slope
		e.right.offset -= e.knots[e.last].change.offset
	}
}
