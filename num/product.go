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
func Product(a, b *Dense) *Dense { return product(blas.NoTrans, a, b, a.Rows, a.Cols) }

// ProductT returns aᵀ·b.
func ProductT(a, b *Dense) *Dense { return product(blas.Trans, a, b, a.Cols, a.Rows) }

func product(turn blas.Transpose, a, b *Dense, rows, inner int) *Dense {
	if b.Rows != inner {
		panic("num: a product of matrices that do not fit")
	}
	out := NewDense(rows, b.Cols)
	switch {
	case inner == 0:
		return out
	case turn == blas.NoTrans && len(b.Data) <= 1<<15: // the second cache holds b
		shortProduct(out, a, b)
		return out
	}
	blasgonum.Implementation{}.Dgemm(turn, blas.NoTrans, rows, b.Cols, inner,
		1, a.Data, max(1, a.Cols), b.Data, max(1, b.Cols), 0, out.Data, max(1, out.Cols))
	return out
}

// shortProduct adds a·b to out, four rows of b at a time.
func shortProduct(out, a, b *Dense) {
	k := b.Cols
	for i := range a.Rows {
		row, to, e := a.Row(i), out.Row(i), 0
		for ; e+4 <= len(row); e += 4 {
			Axpy4(to, row[e:e+4], b.Data[e*k:(e+4)*k])
		}
		for ; e < len(row); e++ {
			Axpy(row[e], b.Row(e), to)
		}
	}
}
