package num

// The functions of this file and of functions.go work on vectors of one
// length; a destination may be one of the sources.

// Inner is Σ x_i y_i, for numbers of both sizes; Dot is the same for float64.
func Inner[F Float](x, y []F) F {
	if sizeOf[F]() == 8 {
		return F(Dot(as[float64](x), as[float64](y)))
	}
	y = y[:len(x)]
	switch kernel[F](len(x)) {
	case avx512x32:
		return F(dot32AVX512(first[float32](x), first[float32](y), len(x)))
	case avx2x32:
		return F(dot32AVX2(first[float32](x), first[float32](y), len(x)))
	}
	return F(dot32(as[float32](x), as[float32](y)))
}

// AddScaled adds a·x to y, for numbers of both sizes; Axpy is the same for
// float64.
func AddScaled[F Float](y []F, a F, x []F) {
	if sizeOf[F]() == 8 {
		Axpy(float64(a), as[float64](x), as[float64](y))
		return
	}
	y = y[:len(x)]
	switch kernel[F](len(x)) {
	case avx512x32:
		axpy32AVX512(first[float32](y), first[float32](x), len(x), float32(a))
		return
	case avx2x32:
		axpy32AVX2(first[float32](y), first[float32](x), len(x), float32(a))
		return
	}
	axpy32(float32(a), as[float32](x), as[float32](y))
}

func dot32(x, y []float32) float32 {
	y = y[:len(x)]
	var s0, s1, s2, s3 float32
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

func axpy32(a float32, x, y []float32) {
	y = y[:len(x)]
	for i, v := range x {
		y[i] += a * v
	}
}

// Add adds x to y.
func Add[F Float](y, x []F) {
	y = y[:len(x)]
	switch kernel[F](len(x)) {
	case avx512x32:
		add32AVX512(first[float32](y), first[float32](x), len(x))
		return
	case avx512x64:
		add64AVX512(first[float64](y), first[float64](x), len(x))
		return
	case avx2x32:
		add32AVX2(first[float32](y), first[float32](x), len(x))
		return
	case avx2x64:
		add64AVX2(first[float64](y), first[float64](x), len(x))
		return
	}
	for i, v := range x {
		y[i] += v
	}
}

// Mul multiplies each number of y by that of x.
func Mul[F Float](y, x []F) {
	y = y[:len(x)]
	switch kernel[F](len(x)) {
	case avx512x32:
		mul32AVX512(first[float32](y), first[float32](x), len(x))
		return
	case avx512x64:
		mul64AVX512(first[float64](y), first[float64](x), len(x))
		return
	case avx2x32:
		mul32AVX2(first[float32](y), first[float32](x), len(x))
		return
	case avx2x64:
		mul64AVX2(first[float64](y), first[float64](x), len(x))
		return
	}
	for i, v := range x {
		y[i] *= v
	}
}

// Scale multiplies x by a.
func Scale[F Float](x []F, a F) {
	switch kernel[F](len(x)) {
	case avx512x32:
		scale32AVX512(first[float32](x), len(x), float32(a))
		return
	case avx512x64:
		scale64AVX512(first[float64](x), len(x), float64(a))
		return
	case avx2x32:
		scale32AVX2(first[float32](x), len(x), float32(a))
		return
	case avx2x64:
		scale64AVX2(first[float64](x), len(x), float64(a))
		return
	}
	for i := range x {
		x[i] *= a
	}
}

// Lerp moves y towards x, by the share a of the way: y ← y + a·(x − y).
func Lerp[F Float](y []F, a F, x []F) {
	y = y[:len(x)]
	switch kernel[F](len(x)) {
	case avx512x32:
		lerp32AVX512(first[float32](y), first[float32](x), len(x), float32(a))
		return
	case avx512x64:
		lerp64AVX512(first[float64](y), first[float64](x), len(x), float64(a))
		return
	case avx2x32:
		lerp32AVX2(first[float32](y), first[float32](x), len(x), float32(a))
		return
	case avx2x64:
		lerp64AVX2(first[float64](y), first[float64](x), len(x), float64(a))
		return
	}
	for i, v := range x {
		y[i] += a * (v - y[i])
	}
}

// ReluGrad sets d to 0 where y, what ReLU gave, is not positive.
func ReluGrad[F Float](d, y []F) {
	y = y[:len(d)]
	switch kernel[F](len(d)) {
	case avx512x32:
		reluGrad32AVX512(first[float32](d), first[float32](y), len(d))
		return
	case avx512x64:
		reluGrad64AVX512(first[float64](d), first[float64](y), len(d))
		return
	case avx2x32:
		reluGrad32AVX2(first[float32](d), first[float32](y), len(d))
		return
	case avx2x64:
		reluGrad64AVX2(first[float64](d), first[float64](y), len(d))
		return
	}
	for i, v := range y {
		if !(v > 0) {
			d[i] = 0
		}
	}
}

// SumRows sets dst to the sum of the rows of v, in their order.
func SumRows[F Float](dst []F, v View[F]) {
	v.check()
	dst = dst[:v.Cols]
	clear(dst)
	for i := range v.Rows {
		if v.ColStep == 1 {
			Add(dst, v.Row(i))
			continue
		}
		for j := range dst {
			dst[j] += v.At(i, j)
		}
	}
}

// Gather sets row i of dst to row rows[i] of table. The columns of both lie
// side by side.
func Gather[F Float](dst, table View[F], rows []int32) {
	fitRows(dst, table, rows)
	for i, r := range rows {
		copy(dst.Row(i), table.Row(int(r)))
	}
}

// ScatterAdd adds row i of src to row rows[i] of table, in the order of i.
func ScatterAdd[F Float](table View[F], rows []int32, src View[F]) {
	fitRows(src, table, rows)
	for i, r := range rows {
		Add(table.Row(int(r)), src.Row(i))
	}
}

func fitRows[F Float](part, table View[F], rows []int32) {
	if part.Rows != len(rows) || part.Cols != table.Cols {
		panic("num: rows that do not fit those of the table")
	}
	part.check()
	table.check()
	for _, r := range rows {
		if r < 0 || int(r) >= table.Rows {
			panic("num: a row the table does not have")
		}
	}
}

// Adam takes a step of Adam for the gradient g:
//
//	m ← b1 m + (1−b1) g    v ← b2 v + (1−b2) g²    p ← p − lr (m/c1) / (√(v/c2) + eps)
//
// with c1 = 1−b1ᵗ and c2 = 1−b2ᵗ in step t.
//
// Kingma, Ba, "Adam: a method for stochastic optimization", ICLR 2015,
// algorithm 1.
func Adam[F Float](p, m, v, g []F, lr, b1, b2, eps, c1, c2 F) {
	n := len(g)
	p, m, v = p[:n], m[:n], v[:n]
	rate, inverse := lr/c1, 1/c2
	switch kernel[F](len(g)) {
	case avx512x32:
		adam32AVX512(first[float32](p), first[float32](m), first[float32](v), first[float32](g), n, float32(rate), float32(b1), float32(1-b1), float32(b2), float32(1-b2), float32(eps), float32(inverse))
		return
	case avx512x64:
		adam64AVX512(first[float64](p), first[float64](m), first[float64](v), first[float64](g), n, float64(rate), float64(b1), float64(1-b1), float64(b2), float64(1-b2), float64(eps), float64(inverse))
		return
	case avx2x32:
		adam32AVX2(first[float32](p), first[float32](m), first[float32](v), first[float32](g), n, float32(rate), float32(b1), float32(1-b1), float32(b2), float32(1-b2), float32(eps), float32(inverse))
		return
	case avx2x64:
		adam64AVX2(first[float64](p), first[float64](m), first[float64](v), first[float64](g), n, float64(rate), float64(b1), float64(1-b1), float64(b2), float64(1-b2), float64(eps), float64(inverse))
		return
	}
	adamGo(p, m, v, g, rate, b1, b2, eps, inverse)
}
