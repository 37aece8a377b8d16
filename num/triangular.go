package num

import (
	"gonum.org/v1/gonum/blas"
	blasgonum "gonum.org/v1/gonum/blas/gonum"
)

// SolveLower sets every row b of x to the y of L y = b, for a lower triangular
// L; what stands above the diagonal of l is not read.
func SolveLower(l, x *Dense) {
	if l.Rows != l.Cols || x.Cols != l.Cols {
		panic("num: rows of another length than the triangular matrix")
	}
	blasgonum.Implementation{}.Dtrsm(blas.Right, blas.Lower, blas.Trans, blas.NonUnit,
		x.Rows, x.Cols, 1, l.Data, max(1, l.Cols), x.Data, max(1, x.Cols))
}
