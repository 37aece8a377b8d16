package num

import (
	"fmt"
	"slices"
)

// A Matrix is rows × cols numbers, dense or in compressed sparse rows. Its rows
// may lie anywhere in Data, so that Select makes a view and copies no number.
//
// Dense: row i is Data[Start[i]:Start[i]+Cols], or, where Start is nil,
// Data[i*Cols:(i+1)*Cols].
//
// Sparse (Index is not nil): row i holds the values Data[Start[i]:Stop[i]] in
// the columns Index[Start[i]:Stop[i]], which ascend.
type Matrix struct {
	Rows, Cols int
	Data       []float64
	Index      []int32
	Start      []int
	Stop       []int
}

// NewMatrix returns a dense rows × cols matrix of zeros.
func NewMatrix(rows, cols int) *Matrix {
	return &Matrix{Rows: rows, Cols: cols, Data: make([]float64, rows*cols)}
}

// NewSparse returns the matrix whose row i holds the values data[ptr[i]:ptr[i+1]]
// in the ascending columns index[ptr[i]:ptr[i+1]]. It keeps the slices.
func NewSparse(cols int, ptr []int, index []int32, data []float64) *Matrix {
	rows := len(ptr) - 1
	if rows < 0 || ptr[rows] != len(data) || len(index) != len(data) {
		panic(fmt.Sprintf("num: %d row pointers, %d indices and %d values do not make a sparse matrix", len(ptr), len(index), len(data)))
	}
	if index == nil {
		index = []int32{}
	}
	return &Matrix{Rows: rows, Cols: cols, Data: data, Index: index, Start: ptr[:rows], Stop: ptr[1:]}
}

// Sparse tells whether the rows are compressed.
func (m *Matrix) Sparse() bool { return m.Index != nil }

// Row returns row i: the values, and for a sparse matrix their columns
// (nil for a dense one, whose values are all the columns in order).
// Neither may be changed.
func (m *Matrix) Row(i int) (index []int32, value []float64) {
	if m.Index != nil {
		lo, hi := m.Start[i], m.Stop[i]
		return m.Index[lo:hi:hi], m.Data[lo:hi:hi]
	}
	lo := i * m.Cols
	if m.Start != nil {
		lo = m.Start[i]
	}
	return nil, m.Data[lo : lo+m.Cols : lo+m.Cols]
}

// Select returns the rows named, in that order, as a view of m's numbers.
func (m *Matrix) Select(rows []int) *Matrix {
	v := &Matrix{Rows: len(rows), Cols: m.Cols, Data: m.Data, Index: m.Index, Start: make([]int, len(rows))}
	if m.Index != nil {
		v.Stop = make([]int, len(rows))
	}
	for k, i := range rows {
		if i < 0 || i >= m.Rows {
			panic(fmt.Sprintf("num: row %d of a matrix of %d rows", i, m.Rows))
		}
		switch {
		case m.Index != nil:
			v.Start[k], v.Stop[k] = m.Start[i], m.Stop[i]
		case m.Start != nil:
			v.Start[k] = m.Start[i]
		default:
			v.Start[k] = i * m.Cols
		}
	}
	return v
}

// NNZ counts the stored numbers of the rows.
func (m *Matrix) NNZ() int {
	if m.Index == nil {
		return m.Rows * m.Cols
	}
	n := 0
	for i := range m.Rows {
		n += m.Stop[i] - m.Start[i]
	}
	return n
}

// Dot is row i times w, where w has a number for each column.
func (m *Matrix) Dot(i int, w []float64) float64 {
	index, value := m.Row(i)
	if index == nil {
		return Dot(value, w)
	}
	s := 0.0
	for k, j := range index {
		s += value[k] * w[j]
	}
	return s
}

// Axpy adds a times row i to w.
func (m *Matrix) Axpy(i int, a float64, w []float64) {
	index, value := m.Row(i)
	if index == nil {
		Axpy(a, value, w)
		return
	}
	for k, j := range index {
		w[j] += a * value[k]
	}
}

// MulVec sets out, of Rows numbers, to m·w.
func (m *Matrix) MulVec(out, w []float64) {
	for i := range m.Rows {
		out[i] = m.Dot(i, w)
	}
}

// AddMulTVec adds mᵀ·a to out, of Cols numbers; a has one number a row.
func (m *Matrix) AddMulTVec(out, a []float64) {
	for i, v := range a[:m.Rows] {
		if v != 0 {
			m.Axpy(i, v, out)
		}
	}
}

// At is the number in row i and column j. It is slow on a sparse matrix.
func (m *Matrix) At(i, j int) float64 {
	index, value := m.Row(i)
	if index == nil {
		return value[j]
	}
	if k, ok := slices.BinarySearch(index, int32(j)); ok {
		return value[k]
	}
	return 0
}
