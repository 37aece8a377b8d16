package num

import (
	"slices"
	"sync"
)

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
	switch {
	case x.Sparse():
		sparseGram(g, x, w, m)
	case unit == generic:
		denseGram(g, x, w, m)
	case x.Cols > 0:
		tiledGram(g, x, w, m)
	}
	mirror(g)
}

// mirror copies the upper triangle to the lower one, in squares that a cache
// holds.
func mirror(g *Dense) {
	const side = 16
	for top := 0; top < g.Rows; top += side {
		for left := 0; left <= top; left += side {
			for i := top; i < min(top+side, g.Rows); i++ {
				for j := left; j < min(left+side, i); j++ {
					g.Data[i*g.Cols+j] = g.Data[j*g.Cols+i]
				}
			}
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
		row := g.Data[j*d+j : (j+1)*d]
		x0, x1, x2, x3 := c0[j:][:len(row)], c1[j:][:len(row)], c2[j:][:len(row)], c3[j:][:len(row)]
		for k := range row {
			row[k] += (a0*x0[k] + a1*x1[k]) + (a2*x2[k] + a3*x3[k])
		}
	}
}

// The vector unit adds up tiles of the matrix, 8 × 16 numbers over tileDepth
// rows of x, and blocks of tileBlock rows of tiles.
const (
	tileRows  = 8
	tileCols  = 16
	tileDepth = 256
	tileBlock = 128
)

var panels = sync.Pool{New: func() any { return new([]float64) }}

// tiledGram adds the upper triangle, a tile at a time. The centred rows are
// packed in panels of sixteen columns, zeros beyond the last.
//
// Goto, van de Geijn, Anatomy of high-performance matrix multiplication,
// ACM Transactions on Mathematical Software 34(3), 2008.
func tiledGram(g *Dense, x *Matrix, w, m []float64) {
	d := x.Cols
	count := (d + tileCols - 1) / tileCols
	room := panels.Get().(*[]float64)
	defer panels.Put(room)
	size := min(tileDepth, x.Rows) * tileCols // of one panel
	*room = slices.Grow((*room)[:0], count*size)[:count*size]
	for i := 0; i < x.Rows; i += tileDepth {
		n := min(tileDepth, x.Rows-i)
		var weight *float64
		if w != nil {
			weight = &w[i:][:n][0]
		}
		for k := range n {
			_, value := x.Row(i + k)
			pack((*room)[k*tileCols:], size, value, m)
		}
		Each((d+tileBlock-1)/tileBlock, n*d*d/2, func(b int) {
			addTiles(g, b*tileBlock, *room, size, weight, n)
		})
	}
}

// addTiles adds a block's rows of g, from the one at top on. The panels of the
// block stay in the second cache while all panels to the right pass.
func addTiles(g *Dense, top int, room []float64, size int, weight *float64, n int) {
	for k := top; k < g.Cols; k += tileCols {
		right := &room[k/tileCols*size]
		for j := top; j < min(top+tileBlock, k+tileCols, g.Rows); j += tileRows {
			left := &room[j/tileCols*size+j%tileCols]
			addTile(g, j, k, left, right, weight, n)
		}
	}
}

// pack writes a row, less its mean, into the panels, which are size apart.
func pack(to []float64, size int, value, m []float64) {
	for ; len(value) >= tileCols; to = to[size:] {
		out, in := (*[tileCols]float64)(to), (*[tileCols]float64)(value)
		if m == nil {
			*out = *in
		} else {
			mean := (*[tileCols]float64)(m)
			for s := range out {
				out[s] = in[s] - mean[s]
			}
			m = m[tileCols:]
		}
		value = value[tileCols:]
		if len(value) == 0 {
			return
		}
	}
	out := (*[tileCols]float64)(to)
	n := copy(out[:], value)
	clear(out[n:])
	if m != nil {
		for s, v := range m[:n] {
			out[s] -= v
		}
	}
}

// addTile adds the tile at row j and column k, cut off where g ends.
func addTile(g *Dense, j, k int, left, right, weight *float64, n int) {
	to, stride := &g.Data[j*g.Cols+k], g.Cols
	var edge [tileRows * tileCols]float64
	cut := j+tileRows > g.Rows || k+tileCols > g.Cols
	if cut {
		to, stride = &edge[0], tileCols
	}
	if unit == avx512 {
		tileAVX512(to, stride, left, right, weight, n)
	} else {
		tileAVX2(to, stride, left, right, weight, n)
	}
	if !cut {
		return
	}
	for r := range min(tileRows, g.Rows-j) {
		row := g.Row(j + r)[k:]
		for s, v := range edge[r*tileCols:][:min(tileCols, len(row))] {
			row[s] += v
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
