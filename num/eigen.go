package num

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// SymEigen returns the eigenvalues of the symmetric matrix a, ascending, and
// the eigenvectors as the columns of a matrix, in that order; of a only the
// upper triangle is read. All values are NaN where a holds one that is not
// finite.
func SymEigen(a *Dense) (values []float64, vectors *Dense) {
	if a.Rows != a.Cols {
		panic("num: the eigenvalues of a matrix that is not square")
	}
	n := a.Rows
	if n == 0 {
		return nil, NewDense(0, 0)
	}
	var eigen mat.EigenSym
	if !finite(a.Data) || !eigen.Factorize(mat.NewSymDense(n, a.Clone().Data), true) {
		return notFinite(n), &Dense{Rows: n, Cols: n, Data: notFinite(n * n)}
	}
	var v mat.Dense
	eigen.VectorsTo(&v)
	return eigen.Values(nil), fromGonum(&v)
}

// SingularValues returns the min(rows, cols) singular values of a, descending;
// all are NaN where a holds a number that is not finite.
func SingularValues(a *Dense) []float64 {
	_, values, _ := singular(a, mat.SVDNone)
	return values
}

// SVD returns the thin singular value decomposition a = u diag(values) vᵀ:
// with r = min(rows, cols), u is rows × r, values descend, v is cols × r. All
// is NaN where a holds a number that is not finite.
func SVD(a *Dense) (u *Dense, values []float64, v *Dense) { return singular(a, mat.SVDThin) }

func singular(a *Dense, kind mat.SVDKind) (u *Dense, values []float64, v *Dense) {
	r := min(a.Rows, a.Cols)
	if r == 0 {
		return NewDense(a.Rows, 0), nil, NewDense(a.Cols, 0)
	}
	var svd mat.SVD
	if !finite(a.Data) || !svd.Factorize(mat.NewDense(a.Rows, a.Cols, a.Data), kind) {
		return &Dense{a.Rows, r, notFinite(a.Rows * r)}, notFinite(r), &Dense{a.Cols, r, notFinite(a.Cols * r)}
	}
	values = svd.Values(nil)
	if kind == mat.SVDNone {
		return nil, values, nil
	}
	var left, right mat.Dense
	svd.UTo(&left)
	svd.VTo(&right)
	return fromGonum(&left), values, fromGonum(&right)
}

func fromGonum(m *mat.Dense) *Dense {
	rows, cols := m.Dims()
	d := NewDense(rows, cols)
	for i := range rows {
		copy(d.Row(i), m.RawRowView(i))
	}
	return d
}

func finite(x []float64) bool {
	for _, v := range x {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}

func notFinite(n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = math.NaN()
	}
	return x
}
