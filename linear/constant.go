package linear

import (
	"slices"

	"github.com/kindred-mtl/kindred/num"
)

// withConstant adds a constant as the last column of each matrix. Those that
// were one stay one.
func withConstant(all []*num.Matrix, c float64) []*num.Matrix {
	out, wide := make([]*num.Matrix, len(all)), map[*num.Matrix]*num.Matrix{}
	for i, x := range all {
		if wide[x] == nil {
			wide[x] = widened(x, c)
		}
		out[i] = wide[x]
	}
	return out
}

func widened(x *num.Matrix, c float64) *num.Matrix {
	if !x.Sparse() {
		out := num.NewMatrix(x.Rows, x.Cols+1)
		for i := range x.Rows {
			_, from := x.Row(i)
			to := out.Data[i*out.Cols : (i+1)*out.Cols]
			copy(to, from)
			to[x.Cols] = c
		}
		return out
	}
	ptr, index, value := []int{0}, make([]int32, 0, x.NNZ()+x.Rows), make([]float64, 0, x.NNZ()+x.Rows)
	for i := range x.Rows {
		columns, from := x.Row(i)
		index = append(append(index, columns...), int32(x.Cols))
		value = append(append(value, from...), c)
		ptr = append(ptr, len(value))
	}
	return num.NewSparse(x.Cols+1, ptr, index, value)
}

// split takes the weights of the constant off W, as intercepts.
func (d *design) split(w *num.Dense) (*num.Dense, []float64) {
	last := w.Rows - 1
	b := slices.Clone(w.Row(last))
	for c := range b {
		b[c] *= d.constant
	}
	return &num.Dense{Rows: last, Cols: w.Cols, Data: slices.Clone(w.Data[:last*w.Cols])}, b
}
