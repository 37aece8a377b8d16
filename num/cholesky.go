package num

import (
	"math"

	"gonum.org/v1/gonum/lapack/gonum"
)

// Cholesky factors the symmetric matrix a in place: its upper triangle becomes
// R with a = RᵀR. It returns false where a is not positive definite.
func Cholesky(a *Dense) bool {
	return gonum.Implementation{}.Dpotrf('U', a.Rows, a.Data, max(1, a.Cols))
}

// CholeskySolve solves RᵀR x = b in place, for a factor R of Cholesky.
func CholeskySolve(r *Dense, b []float64) {
	gonum.Implementation{}.Dpotrs('U', r.Rows, 1, r.Data, max(1, r.Cols), b, 1)
}

// SolveSPD solves a x = b for a positive semidefinite a, whose diagonal is
// raised as little as makes it definite. a and b stay as they are.
func SolveSPD(a *Dense, b []float64) []float64 {
	largest := 0.0
	for i := range a.Rows {
		largest = math.Max(largest, a.At(i, i))
	}
	for ridge := 1e-14 * largest; ; ridge = math.Max(10*ridge, 1e-300) {
		r := a.Clone()
		for i := range r.Rows {
			r.Data[i*r.Cols+i] += ridge
		}
		if Cholesky(r) {
			x := append([]float64(nil), b...)
			CholeskySolve(r, x)
			return x
		}
		if ridge > 1e3*math.Max(largest, 1) || math.IsNaN(largest) {
			return make([]float64, len(b))
		}
	}
}
