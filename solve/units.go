package solve

import (
	"math"
	"slices"

	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
)

// measure gives each column of V a unit of its own, W_c = σ_c ΣV_ic, where R
// allows it and the columns of a quadratic terrain curve differently: in these
// units they curve alike, so that one step fits all.
//
//	σ_c = h_c^−½,   h_c = blocks · (λ_max(G_c) + the steepest curvature of Q)
func (f *form) measure(q *quadratic) {
	r := f.columnwise()
	if r == nil || f.k < 2 || q.shared() {
		return
	}
	bends := q.bends()
	for c, v := range bends {
		if f.smooth != nil {
			v += f.smooth.Steepest()
		}
		bends[c] = float64(f.blocks) * v
	}
	if most := slices.Max(bends); most > 0 && most > 2*slices.Min(bends) {
		f.units = make([]float64, f.k)
		for c, v := range bends {
			f.units[c] = 1 / math.Sqrt(math.Max(v, 1e-6*most))
		}
		f.prox = penalty.InUnits(r, f.units)
	}
}

// bends are the largest eigenvalues of the Gram matrices, about, by powers of
// them.
func (q *quadratic) bends() []float64 {
	out := make([]float64, q.k)
	num.Each(q.k, 10*q.k*q.d*q.d, func(c int) {
		x, y := make([]float64, q.d), make([]float64, q.d)
		for j := range x {
			x[j] = 1 + float64(j%7)/7
		}
		for range 10 {
			symv(y, q.g[c], x)
			size := num.Norm(y)
			if !(size > 0) {
				break
			}
			out[c] = size / num.Norm(x)
			num.Scale(y, 1/size)
			x, y = y, x
		}
	})
	return out
}

// columnwise is R where its columns may have units of their own, or nil.
func (f *form) columnwise() penalty.Columnwise {
	s, ok := f.prox.(stack)
	if !ok {
		r, _ := f.prox.(penalty.Columnwise)
		return r
	}
	for _, part := range s.Parts() {
		if _, ok := part.(penalty.Columnwise); !ok {
			return nil
		}
	}
	return columnStack{s}
}

// columnStack is a stack of Columnwise parts.
type columnStack struct{ stack }

// ProxColumns implements penalty.Columnwise.
func (s columnStack) ProxColumns(out, v *num.Dense, steps []float64) {
	for i, f := range s.Parts() {
		f.(penalty.Columnwise).ProxColumns(block(out, s.d, i), block(v, s.d, i), steps)
	}
}

// ColumnsJacobian implements penalty.Columnwise.
func (s columnStack) ColumnsJacobian(v *num.Dense, steps []float64) penalty.Jacobian {
	j := jacobians{d: s.d}
	for i, f := range s.Parts() {
		j.parts = append(j.parts, f.(penalty.Columnwise).ColumnsJacobian(block(v, s.d, i), steps))
	}
	return j
}
