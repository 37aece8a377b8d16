package penalty

import (
	"math"

	"github.com/kindred-mtl/kindred/num"
)

// arrow is the quadratic that an Arrow function describes. In one row and slot
// of T columns it is ½ wᵀK⁻¹w for the covariance K = private·I + shared·11ᵀ,
// whose eigenvalues are private + shared·T along the mean and private across.
type arrow struct {
	slots           []int
	shared, private float64
	count           []int // columns of each slot
}

func newArrow(l Layout, shared, private float64) *arrow {
	f := &arrow{slots: l.Slot, shared: shared, private: private}
	for _, s := range l.Slot {
		for len(f.count) <= s {
			f.count = append(f.count, 0)
		}
		f.count[s]++
	}
	return f
}

// Arrow implements Arrow.
func (f *arrow) Arrow() (shared, private float64) { return f.shared, f.private }

// Slots implements Quadratic.
func (f *arrow) Slots() []int { return f.slots }

// Covariance implements Quadratic.
func (f *arrow) Covariance(slot int) *num.Dense {
	k := num.NewDense(f.count[slot], f.count[slot])
	for i := range k.Rows {
		for j := range k.Cols {
			k.Set(i, j, f.shared)
		}
		k.Set(i, i, f.shared+f.private)
	}
	return k
}

// sums sets sum to the sums of a row over the columns of each slot.
func (f *arrow) sums(sum, row []float64) {
	clear(sum)
	for c, v := range row {
		sum[f.slots[c]] += v
	}
}

// Value implements Func. Where private is 0 it is +Inf unless the columns of a
// slot are equal, up to 1e-9 of the largest weight.
func (f *arrow) Value(w *num.Dense) float64 {
	mean := make([]float64, len(f.count))
	along, across, big, far := 0.0, 0.0, 0.0, 0.0
	for j := range w.Rows {
		row := w.Row(j)
		f.sums(mean, row)
		for s, n := range f.count {
			if n > 0 {
				mean[s] /= float64(n)
				along += float64(n) * mean[s] * mean[s] / (f.private + f.shared*float64(n))
			}
		}
		for c, v := range row {
			r := v - mean[f.slots[c]]
			across += r * r
			big, far = max(big, math.Abs(v)), max(far, math.Abs(r))
		}
	}
	if f.private > 0 {
		return 0.5 * (along + across/f.private)
	}
	if far > 1e-9*big || math.IsNaN(across) {
		return math.Inf(1)
	}
	return 0.5 * along
}

// Dual implements Func:
//
//	Ω*(G) = ½ Σ_slots private Σ_t ‖g_t‖² + shared ‖Σ_t g_t‖²
func (f *arrow) Dual(g *num.Dense) (s, value float64) {
	sum := make([]float64, len(f.count))
	total := 0.0
	for j := range g.Rows {
		f.sums(sum, g.Row(j))
		total += num.Dot(sum, sum)
	}
	return 1, 0.5 * (f.private*num.Dot(g.Data, g.Data) + f.shared*total)
}

// Prox implements Proximal: K(K + step·I)⁻¹ times each row and slot.
func (f *arrow) Prox(out, v *num.Dense, step float64) {
	mean := make([]float64, len(f.count))
	across := f.private / (f.private + step)
	for j := range v.Rows {
		row := v.Row(j)
		f.sums(mean, row)
		for s, n := range f.count {
			if n > 0 {
				variance := f.private + f.shared*float64(n)
				mean[s] *= (variance/(variance+step) - across) / float64(n)
			}
		}
		to := out.Row(j)
		for c, x := range row {
			to[c] = across*x + mean[f.slots[c]]
		}
	}
}

// SharedPart returns what the columns of each slot have in common under f,
// d × slots:
//
//	w0 = argmin ‖w0‖²/shared + Σ_t ‖w_t − w0‖²/private = shared Σ_t w_t / (private + shared·T)
//
// or nil where f is not an Arrow function.
func SharedPart(f Func, w *num.Dense) *num.Dense {
	a, ok := f.(Arrow)
	if !ok {
		return nil
	}
	shared, private := a.Arrow()
	k := newArrow(Layout{Slot: a.Slots()}, shared, private)
	w0 := num.NewDense(w.Rows, len(k.count))
	for j := range w.Rows {
		row := w0.Row(j)
		k.sums(row, w.Row(j))
		for s, n := range k.count {
			if n > 0 {
				row[s] *= shared / (private + shared*float64(n))
			}
		}
	}
	return w0
}
