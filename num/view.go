package num

import "fmt"

// A View is a matrix inside a slice: element (i, j) is
// Data[i*RowStep + j*ColStep]. Transposing and slicing copy nothing.
type View[F Float] struct {
	Rows, Cols       int
	RowStep, ColStep int
	Data             []F
}

// Of returns data as a row-major matrix without gaps.
func Of[F Float](data []F, rows, cols int) View[F] {
	return View[F]{rows, cols, cols, 1, data[:rows*cols]}
}

// View returns m as a view; changing it changes m.
func (m *Dense) View() View[float64] { return Of(m.Data, m.Rows, m.Cols) }

// At is the number in row i and column j.
func (v View[F]) At(i, j int) F { return v.Data[i*v.RowStep+j*v.ColStep] }

// T is v transposed.
func (v View[F]) T() View[F] { return View[F]{v.Cols, v.Rows, v.ColStep, v.RowStep, v.Data} }

// Slice is the part of v in rows [rowLo, rowHi) and columns [colLo, colHi).
func (v View[F]) Slice(rowLo, rowHi, colLo, colHi int) View[F] {
	if rowLo < 0 || rowHi < rowLo || rowHi > v.Rows || colLo < 0 || colHi < colLo || colHi > v.Cols {
		panic(fmt.Sprintf("num: rows %d to %d and columns %d to %d of a %d × %d matrix", rowLo, rowHi, colLo, colHi, v.Rows, v.Cols))
	}
	part := View[F]{rowHi - rowLo, colHi - colLo, v.RowStep, v.ColStep, nil}
	if part.Rows > 0 && part.Cols > 0 {
		part.Data = v.Data[rowLo*v.RowStep+colLo*v.ColStep:]
	}
	return part
}

// Row is row i of a view whose columns lie side by side.
func (v View[F]) Row(i int) []F {
	if v.ColStep != 1 {
		panic("num: a row of a view whose columns do not lie side by side")
	}
	return v.Data[i*v.RowStep:][:v.Cols:v.Cols]
}

// check panics where an element of v lies outside its data.
func (v View[F]) check() {
	if v.Rows < 0 || v.Cols < 0 || v.RowStep < 0 || v.ColStep < 0 {
		panic("num: a view with a negative size or step")
	}
	if v.Rows > 0 && v.Cols > 0 && (v.Rows-1)*v.RowStep+(v.Cols-1)*v.ColStep >= len(v.Data) {
		panic(fmt.Sprintf("num: a view of %d × %d numbers, steps %d and %d, over %d numbers", v.Rows, v.Cols, v.RowStep, v.ColStep, len(v.Data)))
	}
}
