package num

import "math"

// Exp sets dst to eˣ.
//
// Error: float32 at most 1.1 units in the last place, subnormal results
// too; float64 as math.Exp.
func Exp[F Float](dst, src []F) { expOfDistance(dst, src, 0) }

// expOfDistance sets dst to the exponential of src less shift.
func expOfDistance[F Float](dst, src []F, shift F) {
	dst = dst[:len(src)]
	if sizeOf[F]() == 8 {
		for i, x := range src {
			dst[i] = F(math.Exp(float64(x - shift)))
		}
		return
	}
	switch kernel[F](len(src)) {
	case avx512x32:
		exp32AVX512(first[float32](dst), first[float32](src), len(src), float32(shift))
		return
	case avx2x32:
		exp32AVX2(first[float32](dst), first[float32](src), len(src), float32(shift))
		return
	}
	to, from := as[float32](dst), as[float32](src)
	for i, x := range from {
		to[i] = exp32(x - float32(shift))
	}
}

// Sigmoid sets dst to 1/(1+e⁻ˣ).
//
// Error: float32 at most 2.5 units in the last place, subnormal results too;
// float64 within 2⁻⁵¹ of it.
func Sigmoid[F Float](dst, src []F) {
	dst = dst[:len(src)]
	if sizeOf[F]() == 8 {
		for i, x := range src {
			dst[i] = F(sigmoid64(float64(x)))
		}
		return
	}
	switch kernel[F](len(src)) {
	case avx512x32:
		sigmoid32AVX512(first[float32](dst), first[float32](src), len(src))
		return
	case avx2x32:
		sigmoid32AVX2(first[float32](dst), first[float32](src), len(src))
		return
	}
	to, from := as[float32](dst), as[float32](src)
	for i, x := range from {
		to[i] = sigmoid32(x)
	}
}

// Tanh sets dst to the hyperbolic tangent.
//
// Error: float32 at most 1.5 units in the last place, near 0 too; float64 as
// math.Tanh.
func Tanh[F Float](dst, src []F) {
	dst = dst[:len(src)]
	if sizeOf[F]() == 8 {
		for i, x := range src {
			dst[i] = F(math.Tanh(float64(x)))
		}
		return
	}
	switch kernel[F](len(src)) {
	case avx512x32:
		tanh32AVX512(first[float32](dst), first[float32](src), len(src))
		return
	case avx2x32:
		tanh32AVX2(first[float32](dst), first[float32](src), len(src))
		return
	}
	to, from := as[float32](dst), as[float32](src)
	for i, x := range from {
		to[i] = tanh32(x)
	}
}

// Softplus sets dst to log(1+eˣ).
//
// Error: float32 at most 2 units in the last place, subnormal results too;
// float64 within 2⁻⁵¹ of it.
func Softplus[F Float](dst, src []F) {
	dst = dst[:len(src)]
	if sizeOf[F]() == 8 {
		for i, x := range src {
			dst[i] = F(max(float64(x), 0) + math.Log1p(math.Exp(-math.Abs(float64(x)))))
		}
		return
	}
	switch kernel[F](len(src)) {
	case avx512x32:
		softplus32AVX512(first[float32](dst), first[float32](src), len(src))
		return
	case avx2x32:
		softplus32AVX2(first[float32](dst), first[float32](src), len(src))
		return
	}
	to, from := as[float32](dst), as[float32](src)
	for i, x := range from {
		to[i] = softplus32(x)
	}
}

// LogSumExp is log Σ exp(x_i), the logarithm of what SoftmaxRow divides by. It
// is −∞ of no numbers.
func LogSumExp[F Float](x []F) F {
	high := F(math.Inf(-1))
	for _, v := range x {
		high = max(high, v)
	}
	if math.IsInf(float64(high), 0) || high != high {
		return high
	}
	sum := 0.0
	var part [64]F
	for len(x) > 0 {
		n := min(len(x), len(part))
		expOfDistance(part[:n], x[:n], high)
		for _, v := range part[:n] {
			sum += float64(v)
		}
		x = x[n:]
	}
	return F(float64(high) + math.Log(sum))
}

// SoftmaxRow sets dst to exp(x_i) / Σ_j exp(x_j). Where some x_i are +∞, or
// all −∞, there is no such number: NaN.
func SoftmaxRow[F Float](dst, src []F) {
	dst = dst[:len(src)]
	high := F(math.Inf(-1))
	for _, v := range src {
		if v > high {
			high = v
		}
	}
	expOfDistance(dst, src, high)
	var even, odd float64
	for i, v := range dst {
		if i&1 == 0 {
			even += float64(v)
		} else {
			odd += float64(v)
		}
	}
	Scale(dst, F(1/(even+odd)))
}
