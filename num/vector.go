package num

import "math"

// long is the length from which the vector unit pays for its call.
const long = 16

// Dot is Σ x_i y_i over the length of x. The sum is taken in interleaved
// parts, whose number depends on nothing but the length and the vector unit.
func Dot(x, y []float64) float64 {
	y = y[:len(x)]
	if len(x) >= long {
		switch unit {
		case avx512:
			return dotAVX512(x, y)
		case avx2:
			return dotAVX2(x, y)
		}
	}
	var s0, s1, s2, s3 float64
	i := 0
	for ; i+4 <= len(x); i += 4 {
		a, b := x[i:i+4:i+4], y[i:i+4:i+4]
		s0 += a[0] * b[0]
		s1 += a[1] * b[1]
		s2 += a[2] * b[2]
		s3 += a[3] * b[3]
	}
	for ; i < len(x); i++ {
		s0 += x[i] * y[i]
	}
	return (s0 + s1) + (s2 + s3)
}

// Axpy adds a·x to y over the length of x.
func Axpy(a float64, x, y []float64) {
	y = y[:len(x)]
	if len(x) >= long {
		switch unit {
		case avx512:
			axpyAVX512(a, x, y)
			return
		case avx2:
			axpyAVX2(a, x, y)
			return
		}
	}
	i := 0
	for ; i+4 <= len(x); i += 4 {
		u, v := x[i:i+4:i+4], y[i:i+4:i+4]
		v[0] += a * u[0]
		v[1] += a * u[1]
		v[2] += a * u[2]
		v[3] += a * u[3]
	}
	for ; i < len(x); i++ {
		y[i] += a * x[i]
	}
}

// Axpy4 adds a_0 x_0 + … + a_3 x_3 to y. The four vectors lie in x one after
// another, each as long as y.
func Axpy4(y, a, x []float64) {
	k := len(y)
	a, x = a[:4], x[:4*k]
	if k >= long/2 {
		switch unit {
		case avx512:
			axpy4AVX512(y, a, x)
			return
		case avx2:
			axpy4AVX2(y, a, x)
			return
		}
	}
	a0, a1, a2, a3 := a[0], a[1], a[2], a[3]
	x0, x1, x2, x3 := x[:k], x[k:][:k], x[2*k:][:k], x[3*k:][:k]
	for i := range y {
		y[i] += (a0*x0[i] + a1*x1[i]) + (a2*x2[i] + a3*x3[i])
	}
}

// Norm is the Euclidean length of x. It neither overflows nor underflows
// where the result does not.
func Norm(x []float64) float64 {
	s := Dot(x, x)
	if s > 1e-280 && s < 1e280 {
		return math.Sqrt(s)
	}
	big := 0.0
	for _, v := range x {
		big = max(big, math.Abs(v))
	}
	if big == 0 || math.IsInf(big, 0) || math.IsNaN(big) {
		return big
	}
	s = 0
	for _, v := range x {
		s += (v / big) * (v / big)
	}
	return big * math.Sqrt(s)
}

// Sum is Σ x_i.
func Sum(x []float64) float64 {
	s := 0.0
	for _, v := range x {
		s += v
	}
	return s
}
