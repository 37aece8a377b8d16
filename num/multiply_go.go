package num

// The Go kernel has square tiles of this side, and takes so many rows at a time.
const (
	side   = 4
	rowsGo = 64
)

// multiplyGo is Multiply in Go. Blocks of b are packed in panels of four
// columns, of a in panels of four rows, with zeros beyond the last.
func multiplyGo[F Float](c, a, b View[F], o Finish[F]) {
	room := takeBuffers()
	defer room.release()
	left, right := numbersIn[F](room.a[:]), numbersIn[F](room.b[:])
	depth := rowLength / sizeOf[F]()
	for j := 0; j < c.Cols; j += blockCols {
		cols := min(blockCols, c.Cols-j)
		for k := 0; k < a.Cols; k += depth {
			n := min(depth, a.Cols-k)
			packGo(right, b.Slice(k, k+n, j, j+cols).T())
			last := Finish[F]{Add: o.Add || k > 0}
			if k+n == a.Cols {
				last.ReLU = o.ReLU
				if o.Bias != nil {
					last.Bias = o.Bias[j : j+cols]
				}
			}
			for i := 0; i < c.Rows; i += rowsGo {
				rows := min(rowsGo, c.Rows-i)
				packGo(left, a.Slice(i, i+rows, k, k+n))
				tilesGo(c.Slice(i, i+rows, j, j+cols), left, right, n, last)
			}
		}
	}
}

// packGo writes v in panels of four rows, a column after the other.
func packGo[F Float](to []F, v View[F]) {
	for i := 0; i < v.Rows; i += side {
		panel := to[i*v.Cols:][:side*v.Cols]
		rows := min(side, v.Rows-i)
		if rows < side {
			clear(panel)
		}
		for r := range rows {
			at := (i + r) * v.RowStep
			for k := r; k < len(panel); k += side {
				panel[k] = v.Data[at]
				at += v.ColStep
			}
		}
	}
}

func tilesGo[F Float](c View[F], left, right []F, n int, o Finish[F]) {
	for i := 0; i < c.Rows; i += side {
		for j := 0; j < c.Cols; j += side {
			sum := tileGo(left[i*n:][:side*n], right[j*n:][:side*n])
			cols := min(side, c.Cols-j)
			for r := range min(side, c.Rows-i) {
				row := c.Data[(i+r)*c.RowStep+j:][:cols]
				for s := range row {
					v := sum[r*side+s]
					if o.Add {
						v += row[s]
					}
					if o.Bias != nil {
						v += o.Bias[j+s]
					}
					if o.ReLU && v < 0 {
						v = 0
					}
					row[s] = v
				}
			}
		}
	}
}

// tileGo is Σ_k a_k b_kᵀ of numbers in fours.
func tileGo[F Float](a, b []F) (c [side * side]F) {
	var c00, c01, c02, c03, c10, c11, c12, c13 F
	var c20, c21, c22, c23, c30, c31, c32, c33 F
	for len(a) >= side && len(b) >= side {
		b0, b1, b2, b3 := b[0], b[1], b[2], b[3]
		v := a[0]
		c00 += v * b0
		c01 += v * b1
		c02 += v * b2
		c03 += v * b3
		v = a[1]
		c10 += v * b0
		c11 += v * b1
		c12 += v * b2
		c13 += v * b3
		v = a[2]
		c20 += v * b0
		c21 += v * b1
		c22 += v * b2
		c23 += v * b3
		v = a[3]
		c30 += v * b0
		c31 += v * b1
		c32 += v * b2
		c33 += v * b3
		a, b = a[side:], b[side:]
	}
	return [side * side]F{c00, c01, c02, c03, c10, c11, c12, c13, c20, c21, c22, c23, c30, c31, c32, c33}
}
