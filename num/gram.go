package num

// Gram returns the cols × cols matrix
//
//	Σ_i w_i (x_i − m)(x_i − m)ᵀ
//
// of the rows x_i of x; w nil means 1, m nil means 0. Dense rows are centred
// before they are multiplied; of sparse ones m mᵀ is taken off at the end, so
// that m must then be their weighted mean, or 0.
func Gram(x *Matrix, w, m []float64) *Dense {
	g := NewDense(x.Cols, x.Cols)
	GramTo(g, x, w, m)
	return g
}

// GramTo sets g to Gram's matrix.
func GramTo(g *Dense, x *Matrix, w, m []float64) {
	clear(g.Data)
	if x.Sparse() {
		sparseGram(g, x, w, m)
	} else {
		denseGram(g, x, w, m)
	}
	for i := range g.Rows {
		for j := range i {
			g.Data[i*g.Cols+j] = g.Data[j*g.Cols+i]
		}
	}
}

// denseGram adds the upper triangle, four rows at a time.
func denseGram(g *Dense, x *Matrix, w, m []float64) {
	const rows = 4
	d := x.Cols
	var small [2 * rows * 32]float64
	buffer := small[:] // the centred rows, then the same times their weights
	if 2*rows*d > len(buffer) {
		buffer = make([]float64, 2*rows*d)
	}
	for i := 0; i < x.Rows; i += rows {
		clear(buffer[:2*rows*d])
		for k := range min(rows, x.Rows-i) {
			_, value := x.Row(i + k)
			c, cw := buffer[k*d:(k+1)*d], buffer[(rows+k)*d:(rows+k+1)*d]
			copy(c, value)
			if m != nil {
				Axpy(-1, m, c)
			}
			weight := 1.0
			if w != nil {
				weight = w[i+k]
			}
			for j, v := range c {
				cw[j] = weight * v
			}
		}
		rankFour(g, buffer, d)
	}
}

// rankFour adds Σ_k cw_k c_kᵀ to the upper triangle of g.
func rankFour(g *Dense, buffer []float64, d int) {
	c0, c1, c2, c3 := buffer[:d], buffer[d:2*d], buffer[2*d:3*d], buffer[3*d:4*d]
	cw := buffer[4*d:]
	for j := range d {
		a0, a1, a2, a3 := cw[j], cw[d+j], cw[2*d+j], cw[3*d+j]
		if a0 == 0 && a1 == 0 && a2 == 0 && a3 == 0 {
			continue
		}
		row := g.Data[j*d+j : (j+1)*d]
		x0, x1, x2, x3 := c0[j:][:len(row)], c1[j:][:len(row)], c2[j:][:len(row)], c3[j:][:len(row)]
		for k := range row {
			row[k] += (a0*x0[k] + a1*x1[k]) + (a2*x2[k] + a3*x3[k])
		}
	}
}

func sparseGram(g *Dense, x *Matrix, w, m []float64) {
	total := 0.0
	for i := range x.Rows {
		weight := 1.0
		if w != nil {
			weight = w[i]
		}
		total += weight
		index, value := x.Row(i)
		for a, j := range index {
			row, v := g.Data[int(j)*g.Cols:], weight*value[a]
			for b := a; b < len(index); b++ {
				row[index[b]] += v * value[b]
			}
		}
	}
	if m == nil {
		return
	}
	for j, v := range m {
		if v != 0 {
			Axpy(-total*v, m[j:], g.Row(j)[j:])
		}
	}
}
