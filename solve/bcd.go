package solve

import (
	"context"
	"fmt"
	"iter"
	"math"
	"slices"
	"sort"

	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
)

// BCD takes squared losses with a penalty that is a sum over the rows of W. It
// minimizes over one row after the other,
//
//	W_j ← argmin_w ⟨∇_j, w − W_j⟩ + ½ Σ_t (G_t)_jj (w_t − W_jt)² + Ω_j(w),
//
// and only over a working set: the rows in use and those that violate the
// optimality conditions most. A step is a round: the gradient of all rows and
// with it the duality gap, a larger working set, sweeps over it until its own
// gap is a tenth. Sweeps move a Gram matrix's gradient, or the residuals where
// the working set is wide and the rows are few, a panel of features at a time
// where columns share rows; every fifth is extrapolated. Of many rows some say
// which features to begin with.
// Sweeps that have cost as much as a Newton step on the rows in use are followed
// by one, where the penalty is a function of their lengths.
//
// Massias, Gramfort, Salmon, Celer: a fast solver for the lasso with dual
// extrapolation, ICML 2018, algorithm 4 (working sets); Bertrand, Massias,
// Anderson acceleration of coordinate descent, AISTATS 2021, algorithm 3.
type BCD struct{}

// Accepts implements Solver.
func (*BCD) Accepts(p *Problem) error {
	if _, ok := p.Penalty.(penalty.RowSeparable); !ok {
		return fmt.Errorf("bcd needs a penalty that is a sum over features")
	}
	for i := range p.Tasks {
		if _, ok := p.Tasks[i].Loss.(loss.Squared); !ok {
			return fmt.Errorf("bcd needs squared loss, and not %s", loss.All.NameOf(p.Tasks[i].Loss))
		}
	}
	return nil
}

// Slow implements Weary: where tasks have their own rows and few features,
// Newton's method on all of W finishes sooner.
func (*BCD) Slow(p *Problem) bool {
	_, slanted := p.Penalty.(penalty.Slanted)
	return slanted && p.Features() <= taskwiseRows && len(group(p, true)) > 1 && momentsPay(p)
}

// firstSet is the least size of a working set.
const firstSet = 100

// Steps implements Solver.
func (s *BCD) Steps(ctx context.Context, p *Problem, start *Point, tol float64) iter.Seq[State] {
	return func(yield func(State) bool) {
		x, f, land := NewPoint(p), p.Penalty.(penalty.RowSeparable), newFeatures(p)
		if _, ok := land.(*rowFeatures); ok && start == nil {
			start = s.nearby(ctx, p)
		}
		if start != nil {
			copy(x.W.Data, start.W.Data)
		}
		best := newRecord(x)
		g := num.NewDense(x.W.Rows, x.W.Cols)
		set := support(x.W)
		land.use(set)
		for step := 1; ctx.Err() == nil; step++ {
			rr := land.refresh(g, x.W, x.B)
			gap := squaredGap(f, x.W, g, rr)
			best.primal = 0.5*rr + f.Value(x.W)
			best.dual = math.Max(best.dual, best.primal-gap)
			if !yield(best.state(step, 8)) {
				return
			}
			next := workingSet(f, x.W, g, land.least())
			target := 0.3 * tol * best.primal
			if grown := !within(next, set); grown || 2*len(next) <= len(set) {
				if grown {
					target = math.Max(target, 0.1*gap)
				}
				set = next
				land.use(set)
			}
			sweep(ctx, f, land.blocks(x.W, g), set, x.W, g, rr, target)
		}
	}
}

// squaredGap is P − D for a squared loss whose gradient is g and whose weighted
// squared residuals sum to rr, by the Fenchel-Young differences of its parts,
//
//	½(1 − s)² rr + Ω(W) + Ω*(−sg) + s⟨g, W⟩,
//
// which loses no digits to the size of P.
func squaredGap(f penalty.Func, w, g *num.Dense, rr float64) float64 {
	minus := num.NewDense(g.Rows, g.Cols)
	num.Axpy(-1, g.Data, minus.Data)
	s, conjugate := penalty.Conjugate(f, w, minus)
	return math.Max(0, 0.5*(1-s)*(1-s)*rr+f.Value(w)+conjugate+s*num.Dot(g.Data, w.Data))
}

// support lists the rows of w that are not 0.
func support(w *num.Dense) []int {
	var rows []int
	for j := range w.Rows {
		for _, v := range w.Row(j) {
			if v != 0 {
				rows = append(rows, j)
				break
			}
		}
	}
	return rows
}

// workingSet is the rows in use and as many of those that violate the
// optimality conditions, the worst first; at least so many in all.
func workingSet(f penalty.RowSeparable, w, g *num.Dense, least int) []int {
	set := support(w)
	used := make([]bool, w.Rows)
	for _, j := range set {
		used[j] = true
	}
	type row struct {
		j        int
		distance float64
	}
	var worst []row
	for j := range w.Rows {
		if distance := f.RowDistance(w.Row(j), g.Row(j)); distance > 0 && !used[j] {
			worst = append(worst, row{j, distance})
		}
	}
	sort.SliceStable(worst, func(a, b int) bool { return worst[a].distance > worst[b].distance })
	for _, r := range worst[:min(len(worst), max(least, 2*len(set))-len(set))] {
		set = append(set, r.j)
	}
	slices.Sort(set)
	return set
}

// within tells whether the sorted a is a subset of the sorted b.
func within(a, b []int) bool {
	i := 0
	for _, j := range a {
		for i < len(b) && b[i] < j {
			i++
		}
		if i == len(b) || b[i] != j {
			return false
		}
	}
	return true
}

// A sweeper goes over the blocks of a working set.
type sweeper struct {
	f      penalty.RowSeparable
	radial penalty.Radial // f, or nil
	b      blocks
	k      int
	w, w0  *num.Dense // m × k: now, and at the start
	g, g0  *num.Dense // gradients
	rr     float64    // at the start
	by, to []float64
	fall   float64 // by how much the objective has fallen in this sweep, at least
}

// sweep minimizes over the rows of w in the set until the gap of this smaller
// problem is at most target.
func sweep(ctx context.Context, f penalty.RowSeparable, b blocks, set []int, w, g *num.Dense, rr, target float64) {
	m, k := len(set), w.Cols
	s := &sweeper{f: f, b: b, k: k, rr: rr, by: make([]float64, k), to: make([]float64, k)}
	s.w, s.g = num.NewDense(m, k), num.NewDense(m, k)
	for a, j := range set {
		copy(s.w.Row(a), w.Row(j))
		copy(s.g.Row(a), g.Row(j))
	}
	s.w0, s.g0 = s.w.Clone(), s.g.Clone()
	past := newHistory(s.w.Data, b.image())
	grams, _ := b.(*gramBlocks)
	panels, _ := b.(*panelBlocks)
	pays, since := math.MaxInt, 0
	if s.radial, _ = f.(penalty.Radial); s.radial != nil && grams != nil {
		pays = grams.newtonPays()
	}
	for epoch := 1; epoch <= 500 && ctx.Err() == nil && (panels == nil || !panels.spent()); epoch++ {
		moved, before := false, s.fall
		s.fall = 0
		for a := range m {
			moved = s.block(a) || moved
		}
		past.add(s.w.Data, b.image())
		if grams != nil || !moved || epoch%10 == 0 || remains(before, s.fall) <= target { // residuals must be asked for gradients
			s.b.gradients(s.g.Data)
			if !moved || squaredGap(f, s.w, s.g, s.squares()) <= target {
				break
			}
		}
		since++
		switch {
		case since >= pays:
			s.newton(grams)
			past.restart(s.w.Data, b.image())
			since = 0
		case past.full():
			s.extrapolate(past)
		}
	}
	for a, j := range set {
		copy(w.Row(j), s.w.Row(a))
	}
}

// remains is about how much a sweep has left of the objective where the one
// before it gained so much, and it gained less, on and on.
func remains(before, now float64) float64 {
	if now >= before {
		return math.Inf(1)
	}
	return now * now / (before - now)
}

// squares is Σ w r²; of Gram matrices, where g is the gradient,
// rr + ⟨g0 + g, W − W0⟩.
func (s *sweeper) squares() float64 {
	if b, ok := s.b.(residuals); ok {
		return b.squares()
	}
	sum := s.rr
	for i, v := range s.w.Data {
		sum += (s.g0.Data[i] + s.g.Data[i]) * (v - s.w0.Data[i])
	}
	return math.Max(0, sum)
}

// block minimizes over one row; it tells whether the row moved. Where the
// columns curve differently and the penalty is not one of lengths it takes
// proximal gradient steps on the row alone.
func (s *sweeper) block(a int) bool {
	g, h, w := s.b.gradient(a), s.b.diagonal(a), s.w.Row(a)
	low, high := slices.Min(h), slices.Max(h)
	copy(s.to, w)
	switch {
	case high == 0:
		clear(s.to)
	case low == high:
		for c, v := range w {
			s.to[c] = v - g[c]/high
		}
		s.f.ProxRow(s.to, 1/high)
	case s.radial != nil:
		s.lengthen(g, h, w)
	default:
		for range 30 {
			change, size := 0.0, 0.0
			for c, v := range s.to {
				s.by[c] = v
				s.to[c] = v - (g[c]+h[c]*(v-w[c]))/high
			}
			s.f.ProxRow(s.to, 1/high)
			for c, v := range s.to {
				change += (v - s.by[c]) * (v - s.by[c])
				size += (v - w[c]) * (v - w[c])
			}
			if change <= 1e-6*size {
				break
			}
		}
	}
	moved := false
	for c, v := range s.to {
		s.by[c] = v - w[c]
		moved = moved || s.by[c] != 0
		s.fall += 0.5 * h[c] * s.by[c] * s.by[c]
	}
	if moved {
		copy(w, s.to)
		s.b.move(a, s.by)
	}
	return moved
}

// lengthen sets s.to to the best row where the penalty is a function ω of its
// length r and the columns curve differently. With z = hw − g it is
//
//	z_c r / (h_c r + ω′(r)),   Σ_c (z_c / (h_c r + ω′(r)))² = φ(r) = 1,
//
// or 0 where φ(0) ≤ 1. Newton's method finds the length on 1/√φ, which is
// nearly a line.
//
// Conn, Gould, Toint, Trust-region methods, SIAM 2000, section 7.3.2.
func (s *sweeper) lengthen(g, h, w []float64) {
	slope, _ := s.radial.Bend(0)
	square := 0.0
	for c, v := range w {
		s.by[c] = h[c]*v - g[c]
		square += s.by[c] * s.by[c]
	}
	if square <= slope*slope {
		clear(s.to)
		return
	}
	r := num.Norm(w)
	for range 20 {
		slope, curvature := s.radial.Bend(r)
		phi, fall := 0.0, 0.0 // φ and −φ′/2
		for c, z := range s.by {
			bottom := h[c]*r + slope
			part := z / bottom
			phi += part * part
			fall += part * part * (h[c] + curvature) / bottom
		}
		next := math.Max(0.1*r, r+phi*(math.Sqrt(phi)-1)/fall)
		done := math.Abs(next-r) <= 1e-12*next
		if r = next; done {
			break
		}
	}
	slope, _ = s.radial.Bend(r)
	for c, z := range s.by {
		s.to[c] = z * r / (h[c]*r + slope)
	}
}

// extrapolate moves to the history's extrapolation if the objective is lower
// there.
func (s *sweeper) extrapolate(past *history) {
	before := s.objective()
	w, image := append([]float64(nil), s.w.Data...), append([]float64(nil), s.b.image()...)
	if past.extrapolate(s.w.Data, s.b.image()) && s.objective() < before {
		past.restart(s.w.Data, s.b.image())
		return
	}
	copy(s.w.Data, w)
	copy(s.b.image(), image)
	past.restart(w, image)
}

func (s *sweeper) objective() float64 {
	if _, ok := s.b.(residuals); !ok {
		s.b.gradients(s.g.Data)
	}
	return 0.5*s.squares() + s.f.Value(s.w)
}
