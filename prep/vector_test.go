package prep_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/prep"
)

func only(t *kindred.Table, name string) *kindred.Table {
	return &kindred.Table{Columns: []kindred.Column{*t.Column(name)}}
}

// A dense vector is as many numeric columns.
func TestDenseVectorIsNumbers(t *testing.T) {
	table := only(mixed(333, 4), "dense")
	numbers := &kindred.Table{}
	m := table.Columns[0].Vector
	for j := range m.Cols {
		c := kindred.Column{Name: string(rune('a' + j)), Number: make([]float64, m.Rows)}
		for i := range c.Number {
			c.Number[i] = m.At(i, j)
		}
		numbers.Columns = append(numbers.Columns, c)
	}
	for _, scale := range scales {
		p, q := fit(t, prep.Options{Scale: scale}, ones(table)), fit(t, prep.Options{Scale: scale}, ones(numbers))
		same(t, scale, transform(t, p, table, nil), transform(t, q, numbers, nil), 1e-8)
		if d := cmp.Diff([]string{"dense#0", "dense#2", "dense#3"}, p.Names()); d != "" {
			t.Error(d)
		}
	}
}

// A sparse vector keeps its zeros: it is scaled, never centred.
func TestSparseIsNeverCentred(t *testing.T) {
	table := only(mixed(333, 4), "sparse")
	m := table.Columns[0].Vector
	keep := []int{0, 1, 2, 4, 5} // number 3 is never stored
	for _, scale := range scales {
		p := fit(t, prep.Options{Scale: scale}, ones(table))
		x := transform(t, p, table, nil)
		if !x.Sparse() || x.NNZ() != m.NNZ() || x.Cols != len(keep) {
			t.Fatalf("scale %q: sparse %v, %d numbers of %d", scale, x.Sparse(), x.NNZ(), m.NNZ())
		}
		for k, j := range keep {
			most, square := 0.0, 0.0
			for i := range m.Rows {
				most, square = max(most, math.Abs(m.At(i, j))), square+m.At(i, j)*m.At(i, j)
			}
			factor := map[string]float64{"": 1 / most, "standard": 1 / most, "rms": 1 / math.Sqrt(square/333), "none": 1}[scale]
			for i := range m.Rows {
				if want := m.At(i, j) * factor; math.Abs(want-x.At(i, k)) > 1e-12 {
					t.Fatalf("scale %q, row %d, number %d: %v, not %v", scale, i, j, x.At(i, k), want)
				}
			}
		}
	}
}

// A vector may come dense where it was learned from sparse, and the other way.
func TestVectorStorage(t *testing.T) {
	table := mixed(60, 4)
	for _, name := range []string{"dense", "sparse"} {
		for _, scale := range scales {
			given := only(table, name)
			p := fit(t, prep.Options{Scale: scale}, ones(given))
			other := only(table, name)
			other.Columns[0].Vector = turned(given.Columns[0].Vector)
			same(t, name+scale, transform(t, p, given, nil), transform(t, p, other, nil), 0)
		}
	}
}

// turned is m dense if it is sparse, and sparse if it is dense.
func turned(m *num.Matrix) *num.Matrix {
	rows := full(m)
	dense := num.NewMatrix(m.Rows, m.Cols)
	ptr, index, value := []int{0}, []int32{}, []float64{}
	for i, row := range rows {
		copy(dense.Data[i*m.Cols:], row)
		for j, v := range row {
			if v != 0 {
				index, value = append(index, int32(j)), append(value, v)
			}
		}
		ptr = append(ptr, len(value))
	}
	if m.Sparse() {
		return dense
	}
	return num.NewSparse(m.Cols, ptr, index, value)
}
