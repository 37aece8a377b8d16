package num

// A Dense is a rows × cols matrix, row-major without gaps: weights, Gram
// matrices, factors.
type Dense struct {
	Rows, Cols int
	Data       []float64
}

// NewDense returns a rows × cols matrix of zeros.
func NewDense(rows, cols int) *Dense {
	return &Dense{Rows: rows, Cols: cols, Data: make([]float64, rows*cols)}
}

// At is the number in row i and column j.
func (m *Dense) At(i, j int) float64 { return m.Data[i*m.Cols+j] }

// Set puts v into row i and column j.
func (m *Dense) Set(i, j int, v float64) { m.Data[i*m.Cols+j] = v }

// Row is row i; changing it changes m.
func (m *Dense) Row(i int) []float64 { return m.Data[i*m.Cols : (i+1)*m.Cols : (i+1)*m.Cols] }

// Col copies column j into out, of Rows numbers, and returns it.
func (m *Dense) Col(out []float64, j int) []float64 {
	for i := range m.Rows {
		out[i] = m.Data[i*m.Cols+j]
	}
	return out[:m.Rows]
}

// SetCol copies v, of Rows numbers, into column j.
func (m *Dense) SetCol(j int, v []float64) {
	for i := range m.Rows {
		m.Data[i*m.Cols+j] = v[i]
	}
}

// Clone returns a copy of m.
func (m *Dense) Clone() *Dense {
	c := NewDense(m.Rows, m.Cols)
	copy(c.Data, m.Data)
	return c
}

// ScaleColumns multiplies column c by by[c].
func (m *Dense) ScaleColumns(by []float64) {
	for i := range m.Rows {
		row := m.Row(i)
		for c, v := range by {
			row[c] *= v
		}
	}
}
