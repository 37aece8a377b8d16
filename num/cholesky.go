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
	n := r.Rows
	b = b[:n]
	for i := range n {
		row := r.Data[i*n+i : (i+1)*n]
		b[i] /= row[0]
		Axpy(-b[i], row[1:], b[i+1:])
	}
	for i := n - 1; i >= 0; i-- {
		row := r.Data[i*n+i : (i+1)*n]
		b[i] = (b[i] - Dot(row[1:], b[i+1:])) / row[0]
	}
}

// CholeskyInverse sets a to (RᵀR)⁻¹ for a factor R of Cholesky; room is of the
// same size.
func CholeskyInverse(a, r, room *Dense) {
	n := r.Rows
	clear(room.Data)
	for i := range n { // R⁻¹, whose rows solve Rᵀu = e
		row := room.Row(i)
		row[i] = 1
		for k := i; k < n; k++ {
			from := r.Data[k*n+k : (k+1)*n]
			row[k] /= from[0]
			Axpy(-row[k], from[1:], row[k+1:])
		}
	}
	for i := range n {
		for j := i; j < n; j++ {
			v := Dot(room.Row(i)[j:], room.Row(j)[j:])
			a.Data[i*n+j], a.Data[j*n+i] = v, v
		}
	}
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
