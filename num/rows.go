package num

// few is how many rows of a matrix are multiplied at a time.
const few = 64

// Mul sets rows lo to hi of out, Rows × k, to those of m·w, where w is Cols × k.
// A row of the result depends on that row alone.
func (m *Matrix) Mul(out, w []float64, k, lo, hi int) {
	switch {
	case k == 1:
		for i := lo; i < hi; i++ {
			out[i] = m.Dot(i, w)
		}
	case m.Sparse():
		clear(out[lo*k : hi*k])
		for i := lo; i < hi; i++ {
			index, value := m.Row(i)
			for e, j := range index {
				Axpy(value[e], w[int(j)*k:][:k], out[i*k:(i+1)*k])
			}
		}
	default:
		right, room := Of(w, m.Cols, k), []float64(nil)
		for ; lo < hi; lo += few {
			n := min(few, hi-lo)
			var left View[float64]
			left, room = m.gather(lo, n, 0, m.Cols, room)
			Multiply(Of(out[lo*k:], n, k), left, right, Finish[float64]{})
		}
	}
}

// gather is columns [from, to) of n rows: the rows themselves where they are
// short and lie behind one another, and otherwise a copy in room, which is made
// where there is none.
func (m *Matrix) gather(lo, n, from, to int, room []float64) (rows View[float64], _ []float64) {
	width := to - from
	if width == m.Cols && width <= 128 {
		if i := m.begins(lo); m.begins(lo+n-1) == i+(n-1)*width && m.behind(lo, n) {
			return Of(m.Data[i:], n, width), room
		}
	}
	if room == nil {
		room = make([]float64, few*width)
	}
	for i := range n {
		_, value := m.Row(lo + i)
		copy(room[i*width:(i+1)*width], value[from:to])
	}
	return Of(room, n, width), room
}

// begins is where a dense row lies in Data.
func (m *Matrix) begins(i int) int {
	if m.Start == nil {
		return i * m.Cols
	}
	return m.Start[i]
}

// behind tells whether n dense rows lie behind one another.
func (m *Matrix) behind(lo, n int) bool {
	if m.Start == nil {
		return true
	}
	for i := lo + 1; i < lo+n; i++ {
		if m.Start[i] != m.Start[i-1]+m.Cols {
			return false
		}
	}
	return true
}

// MulT sets rows lo to hi of out, Cols × k, to those of mᵀ·a, where a is
// Rows × k. Sparse rows are taken whole: lo is 0 and hi is Cols.
func (m *Matrix) MulT(out, a []float64, k, lo, hi int) {
	clear(out[lo*k : hi*k])
	switch width := hi - lo; {
	case m.Sparse():
		m.mulTSparse(out, a, k)
	case k > 1 && width < 128:
		m.mulTNarrow(out, a, k, lo, hi)
	case width >= 32:
		m.mulTWide(out, a, k, lo, hi)
	default:
		m.mulTShort(out, a, lo, hi)
	}
}

func (m *Matrix) mulTSparse(out, a []float64, k int) {
	for i := range m.Rows {
		if k == 1 {
			m.Axpy(i, a[i], out)
			continue
		}
		index, value := m.Row(i)
		for e, j := range index {
			Axpy(value[e], a[i*k:(i+1)*k], out[int(j)*k:][:k])
		}
	}
}

// mulTNarrow is a product for some rows at a time, transposed.
func (m *Matrix) mulTNarrow(out, a []float64, k, lo, hi int) {
	sums, room := NewDense(k, hi-lo), []float64(nil)
	for i := 0; i < m.Rows; i += few {
		n := min(few, m.Rows-i)
		var right View[float64]
		right, room = m.gather(i, n, lo, hi, room)
		Multiply(sums.View(), Of(a[i*k:], n, k).T(), right, Finish[float64]{Add: true})
	}
	for c := range k {
		for j, v := range sums.Row(c) {
			out[(lo+j)*k+c] = v
		}
	}
}

// mulTWide adds four long rows at a time to each column of the result in turn;
// rows of 0 stand in for those beyond the last.
func (m *Matrix) mulTWide(out, a []float64, k, lo, hi int) {
	width := hi - lo
	columns, four := make([]float64, k*width), make([]float64, 4*width)
	for i := 0; i < m.Rows; i += 4 {
		n := min(4, m.Rows-i)
		for r := range n {
			_, value := m.Row(i + r)
			copy(four[r*width:(r+1)*width], value[lo:hi])
		}
		var by [4]float64
		for c := range k {
			for r := range n {
				by[r] = a[(i+r)*k+c]
			}
			Axpy4(columns[c*width:(c+1)*width], by[:], four)
		}
	}
	for c := range k {
		for j, v := range columns[c*width : (c+1)*width] {
			out[(lo+j)*k+c] = v
		}
	}
}

// mulTShort takes four rows at a time, of a single column.
func (m *Matrix) mulTShort(out, a []float64, lo, hi int) {
	o, i := out[lo:hi], 0
	for ; i+4 <= m.Rows; i += 4 {
		_, x0 := m.Row(i)
		_, x1 := m.Row(i + 1)
		_, x2 := m.Row(i + 2)
		_, x3 := m.Row(i + 3)
		a0, a1, a2, a3 := a[i], a[i+1], a[i+2], a[i+3]
		x0, x1, x2, x3 = x0[lo:hi][:len(o)], x1[lo:hi][:len(o)], x2[lo:hi][:len(o)], x3[lo:hi][:len(o)]
		for j := range o {
			o[j] += (a0*x0[j] + a1*x1[j]) + (a2*x2[j] + a3*x3[j])
		}
	}
	for ; i < m.Rows; i++ {
		_, value := m.Row(i)
		Axpy(a[i], value[lo:hi], o)
	}
}
