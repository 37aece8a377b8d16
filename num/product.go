package num

import (
	"gonum.org/v1/gonum/blas"
	blasgonum "gonum.org/v1/gonum/blas/gonum"
	lapackgonum "gonum.org/v1/gonum/lapack/gonum"
)

// SolveLower sets every row b of x to the y of L y = b, for a lower triangular
// L; what stands above the diagonal of l is not read.
func SolveLower(l, x *Dense) { solveRows(blas.Trans, l, x) }

// SolveLowerT sets every row b of x to the y of Lᵀ y = b.
func SolveLowerT(l, x *Dense) { solveRows(blas.NoTrans, l, x) }

func solveRows(side blas.Transpose, l, x *Dense) {
	if l.Rows != l.Cols || x.Cols != l.Cols {
		panic("num: rows of another length than the triangular matrix")
	}
	blasgonum.Implementation{}.Dtrsm(blas.Right, blas.Lower, side, blas.NonUnit,
		x.Rows, x.Cols, 1, l.Data, max(1, l.Cols), x.Data, max(1, x.Cols))
}

// CholeskyLower returns the lower triangular L of a = LLᵀ, or nil where a is
// not positive definite; of a only the lower triangle is read.
func CholeskyLower(a *Dense) *Dense {
	l := NewDense(a.Rows, a.Rows)
	for i := range a.Rows {
		copy(l.Row(i)[:i+1], a.Row(i)[:i+1])
	}
	if !(lapackgonum.Implementation{}).Dpotrf(blas.Lower, l.Rows, l.Data, max(1, l.Cols)) {
		return nil
	}
	return l
}

// LowerInverse returns (LLᵀ)⁻¹, in blocks, for orders in the hundreds and more;
// nil where L has a 0 on its diagonal.
func LowerInverse(l *Dense) *Dense {
	a := l.Clone()
	if !(lapackgonum.Implementation{}).Dpotri(blas.Lower, a.Rows, a.Data, max(1, a.Cols)) {
		return nil
	}
	for i := range a.Rows {
		for j := range i {
			a.Data[j*a.Cols+i] = a.Data[i*a.Cols+j]
		}
	}
	return a
}

// Product returns a·b.
func Product(a, b *Dense) *Dense { return product(a.View(), b.View()) }

// ProductT returns aᵀ·b.
func ProductT(a, b *Dense) *Dense { return product(a.View().T(), b.View()) }

func product(a, b View[float64]) *Dense {
	if a.Cols != b.Rows {
		panic("num: a product of matrices that do not fit")
	}
	out := NewDense(a.Rows, b.Cols)
	MultiplyParallel(out.View(), a, b, Finish[float64]{})
	return out
}
