package solve

import (
	"math"

	"github.com/kindred-mtl/kindred/num"
)

// history keeps the last iterates and their images for Anderson's
// extrapolation: the affine combination of them whose differences are least.
//
// Anderson, Iterative procedures for nonlinear integral equations, Journal of
// the ACM 12, 1965.
type history struct {
	w, image [][]float64
	n        int
}

// memory is the number of differences.
const memory = 5

func newHistory(w, image []float64) *history {
	h := &history{}
	for range memory + 1 {
		h.w = append(h.w, make([]float64, len(w)))
		h.image = append(h.image, make([]float64, len(image)))
	}
	h.restart(w, image)
	return h
}

func (h *history) restart(w, image []float64) {
	h.n = 0
	h.add(w, image)
}

func (h *history) add(w, image []float64) {
	copy(h.w[h.n], w)
	copy(h.image[h.n], image)
	h.n++
}

func (h *history) full() bool { return h.n == memory+1 }

// extrapolate sets w and image to the combination; false where there is none.
func (h *history) extrapolate(w, image []float64) bool {
	u := make([][]float64, memory)
	for i := range u {
		u[i] = append([]float64(nil), h.w[i+1]...)
		num.Axpy(-1, h.w[i], u[i])
	}
	square, ones := num.NewDense(memory, memory), make([]float64, memory)
	trace := 0.0
	for i := range u {
		ones[i] = 1
		for j := range u {
			square.Set(i, j, num.Dot(u[i], u[j]))
		}
		trace += square.At(i, i)
	}
	for i := range u {
		square.Data[i*memory+i] += 1e-14 * trace
	}
	z := num.SolveSPD(square, ones)
	total := num.Sum(z)
	if total == 0 || math.IsNaN(total) || math.IsInf(total, 0) {
		return false
	}
	clear(w)
	clear(image)
	for i, v := range z {
		num.Axpy(v/total, h.w[i+1], w)
		num.Axpy(v/total, h.image[i+1], image)
	}
	return true
}
