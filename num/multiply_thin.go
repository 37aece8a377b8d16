package num

import "unsafe"

// isThin tells whether a product is a single row or column, and its factors lie
// so that whole vectors of them can be multiplied.
func isThin[F Float](c, a, b View[F]) bool {
	if c.Cols == 1 && b.RowStep == 1 {
		return a.ColStep == 1 || a.RowStep == 1 && c.RowStep == 1
	}
	return c.Rows == 1 && a.ColStep == 1 && b.RowStep == 1
}

// multiplyThin is Multiply where isThin.
func multiplyThin[F Float](c, a, b View[F], o Finish[F]) {
	switch k := a.Cols; {
	case c.Cols != 1:
		j := 0
		if !o.Add && sizeOf[F]() == 4 && unit != generic {
			for step := b.ColStep; j+4 <= c.Cols; j += 4 {
				dots32((*[4]float32)(unsafe.Pointer((*[4]F)(c.Data[j:]))), a.Data[:k], b.Data[j*step:][:3*step+k], 4*step)
			}
		}
		for ; j < c.Cols; j += 4 {
			sums := inners(a.Data[:k], b, j)
			for r, v := range sums[:min(4, c.Cols-j)] {
				if o.Add {
					v += c.Data[j+r]
				}
				c.Data[j+r] = v
			}
		}
	case a.ColStep == 1:
		x := b.Data[:k]
		for i := range c.Rows {
			v := Inner(a.Data[i*a.RowStep:][:k], x)
			if o.Add {
				v += c.Data[i*c.RowStep]
			}
			c.Data[i*c.RowStep] = v
		}
	default:
		if !o.Add {
			clear(c.Data[:c.Rows])
		}
		for i := range k {
			AddScaled(c.Data[:c.Rows], b.Data[i], a.Data[i*a.ColStep:][:c.Rows])
		}
	}
	if o.Bias != nil || o.ReLU {
		o.Add = true
		finishRows(c, o)
	}
}

// inners are the products of x and columns j to j + 3 of b, or as many as there
// are; each is added up in the same way, whichever it is of the four.
func inners[F Float](x []F, b View[F], j int) (out [4]F) {
	size, left := sizeOf[F](), b.Cols-j
	if size == 8 || unit == generic || len(x) == 0 {
		for r := range min(4, left) {
			out[r] = Inner(x, b.Data[(j+r)*b.ColStep:][:len(x)])
		}
		return out
	}
	sums, step := (*[4]float32)(unsafe.Pointer(&out)), b.ColStep*size
	if left >= 4 {
		dots32(sums, x, b.Data[j*b.ColStep:][:3*b.ColStep+len(x)], step)
		return out
	}
	for r := range left {
		var alone [4]F
		dots32((*[4]float32)(unsafe.Pointer(&alone)), x, b.Data[(j+r)*b.ColStep:][:len(x)], 0)
		out[r] = alone[0]
	}
	return out
}

// dots32 is four products of x with rows of y so many bytes apart.
func dots32[F Float](out *[4]float32, x, y []F, step int) {
	if unit == avx512 {
		dots32AVX512(out, first[float32](x), first[float32](y), step, len(x))
	} else {
		dots32AVX2(out, first[float32](x), first[float32](y), step, len(x))
	}
}
