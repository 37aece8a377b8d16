package kernel

import (
	"math"

	"github.com/kindred-mtl/kindred/num"
)

// landmarks are rows that others are compared with.
type landmarks struct {
	x      *num.Matrix
	square []float64 // ‖x_i‖²
}

func newLandmarks(x *num.Matrix) *landmarks { return &landmarks{x, squares(x)} }

func squares(x *num.Matrix) []float64 {
	out := make([]float64, x.Rows)
	for i := range out {
		_, v := x.Row(i)
		out[i] = num.Dot(v, v)
	}
	return out
}

// products sets out to the inner products of row i of x with the landmarks.
// buffer has a number for each column, all 0, and is left so.
func (l *landmarks) products(out []float64, x *num.Matrix, i int, buffer []float64) {
	index, value := x.Row(i)
	if index == nil {
		l.x.MulVec(out, value)
		return
	}
	for k, j := range index {
		buffer[j] = value[k]
	}
	l.x.MulVec(out, buffer)
	for _, j := range index {
		buffer[j] = 0
	}
}

// block is how many rows are turned into features at a time.
const block = 256

// blocks calls f for pieces of n rows, with a buffer of d zeros.
func blocks(n, d int, f func(lo, hi int, buffer []float64)) {
	num.For((n+block-1)/block, func(b int) {
		f(b*block, min(n, (b+1)*block), make([]float64, d))
	})
}

// A basis is features φ of a kernel that m landmarks span, L L ᵀ = k(Z, Z),
//
//	φ(x) = L⁻¹ k(Z, x),   φ(x)·φ(z) = k(x, Z) k(Z, Z)⁻¹ k(Z, z)
//
// which is k(x, z) where x or z is in the span of the landmarks, and nowhere
// above it in the order of matrices.
//
// Williams, Seeger, Using the Nyström method to speed up kernel machines, NIPS
// 13, 2001.
type basis struct {
	kernel Kernel
	*landmarks
	root *num.Dense // L, lower triangular
	lost float64    // Σ k(x, x) − ‖φ(x)‖² as a share of Σ k(x, x), over the rows that landmarks were chosen from
}

// tiny is what of the largest k(x, x) counts as nothing left.
const tiny = 1e-12

// newBasis chooses at most m of the rows as landmarks by Cholesky
// factorization with pivots: each is the row that those before it explain
// least, the first of equals. It ends early where nothing is left to explain,
// so that the rank is revealed.
//
// Fine, Scheinberg, Efficient SVM training using low-rank kernel
// representations, JMLR 2, 2001; Harbrecht, Peters, Schneider, On
// the low-rank approximation by the pivoted Cholesky decomposition, Applied
// Numerical Mathematics 62, 2012.
func newBasis(k Kernel, rows *num.Matrix, m int) *basis {
	all := newLandmarks(rows)
	m = min(m, rows.Rows)
	factor, left := num.NewDense(rows.Rows, m), make([]float64, rows.Rows)
	for i, s := range all.square {
		left[i] = k.Value(s, s, s)
	}
	total, enough := num.Sum(left), tiny*left[largest(left)]
	var pivots []int
	for c := range m {
		p := largest(left)
		if !(left[p] > enough) {
			break
		}
		all.eliminate(k, factor, left, p, c)
		pivots = append(pivots, p)
	}
	b := &basis{kernel: k, landmarks: newLandmarks(copied(rows, pivots)), root: num.NewDense(len(pivots), len(pivots))}
	for i, p := range pivots {
		copy(b.root.Row(i), factor.Row(p)[:i+1])
	}
	if total > 0 {
		b.lost = math.Max(0, num.Sum(left)/total)
	}
	return b
}

// eliminate computes column c of the factor, of pivot p.
func (l *landmarks) eliminate(k Kernel, factor *num.Dense, left []float64, p, c int) {
	pivot, self := factor.Row(p)[:c], math.Sqrt(left[p])
	blocks(l.x.Rows, l.x.Cols, func(lo, hi int, dense []float64) {
		index, value := l.x.Row(p)
		if index == nil {
			copy(dense, value)
		}
		for n, j := range index {
			dense[j] = value[n]
		}
		for i := lo; i < hi; i++ {
			row := factor.Row(i)
			row[c] = (k.Value(l.x.Dot(i, dense), l.square[i], l.square[p]) - num.Dot(row[:c], pivot)) / self
			left[i] = math.Max(0, left[i]-row[c]*row[c])
		}
	})
	factor.Set(p, c, self)
	left[p] = 0
}

// largest is the place of the largest number, the first of equals.
func largest(v []float64) int {
	at := 0
	for i, x := range v {
		if x > v[at] {
			at = i
		}
	}
	return at
}

// copied are the rows named, without the others' numbers.
func copied(x *num.Matrix, rows []int) *num.Matrix {
	at := make([][2]int, len(rows))
	for i, r := range rows {
		at[i][1] = r
	}
	return gather([]*num.Matrix{x}, at)
}

// features are φ of every row of x.
func (b *basis) features(x *num.Matrix) *num.Dense {
	m, square := b.root.Rows, squares(x)
	out := num.NewDense(x.Rows, m)
	blocks(x.Rows, x.Cols, func(lo, hi int, buffer []float64) {
		for i := lo; i < hi; i++ {
			row := out.Row(i)
			b.products(row, x, i, buffer)
			for j, xz := range row {
				row[j] = b.kernel.Value(xz, square[i], b.square[j])
			}
		}
		num.SolveLower(b.root, &num.Dense{Rows: hi - lo, Cols: m, Data: out.Data[lo*m : hi*m]})
	})
	return out
}
