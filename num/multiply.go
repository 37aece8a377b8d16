package num

import (
	"fmt"
	"sync"
	"unsafe"
)

// Finish says what Multiply does beside the product, while the numbers are
// still in registers.
type Finish[F Float] struct {
	Add  bool // add to c instead of setting it
	Bias []F  // added to each row, unless nil
	ReLU bool // then max(0, ·); NaN stays NaN
}

// Multiply sets c to a·b, or adds a·b to it, and then finishes its rows. The
// columns of c lie side by side; a and b may lie in any way, transposed ones
// cost little more. c must not overlap a or b. It runs on one core.
//
// How a number of c is added up depends on nothing but the number of terms and
// the vector unit; where c is a single row or column, on how a and b lie too.
func Multiply[F Float](c, a, b View[F], o Finish[F]) {
	fit(c, a, b, o)
	multiply(c, a, b, o, isThin(c, a, b))
}

// MultiplyParallel is Multiply on all cores, in pieces of c that depend on
// nothing but the shapes: the numbers are those of Multiply.
func MultiplyParallel[F Float](c, a, b View[F], o Finish[F]) {
	fit(c, a, b, o)
	down, across := pieces(c.Rows, c.Cols, a.Cols, b.ColStep != 1)
	thin := isThin(c, a, b)
	if down*across == 1 {
		multiply(c, a, b, o, thin)
		return
	}
	For(down*across, func(i int) {
		rowLo, rowHi := share(c.Rows, down, i/across, 1)
		colLo, colHi := share(c.Cols, across, i%across, pieceCols)
		part := o
		if o.Bias != nil {
			part.Bias = o.Bias[colLo:colHi]
		}
		multiply(c.Slice(rowLo, rowHi, colLo, colHi), a.Slice(rowLo, rowHi, 0, a.Cols), b.Slice(0, b.Rows, colLo, colHi), part, thin)
	})
}

func fit[F Float](c, a, b View[F], o Finish[F]) {
	if c.Rows != a.Rows || c.Cols != b.Cols || a.Cols != b.Rows || o.Bias != nil && len(o.Bias) != c.Cols {
		panic(fmt.Sprintf("num: a %d × %d product of %d × %d and %d × %d with %d biases", c.Rows, c.Cols, a.Rows, a.Cols, b.Rows, b.Cols, len(o.Bias)))
	}
	if c.ColStep != 1 && c.Cols > 1 {
		panic("num: a product whose columns do not lie side by side")
	}
	c.check()
	a.check()
	b.check()
}

const (
	pieceCols = 32 // pieces begin at multiples of it: the widest tile
	pieceRows = 8  // they have about as many rows as a tile, at least
	fewPieces = 16 // for many cores only if pieces stay large
)

// pieces returns in how many parts the rows and the columns of a product are
// cut. Parts are about square, so that little is read twice; columns are cut
// first where b is transposed, so that none is packed twice.
func pieces(rows, cols, depth int, transposed bool) (down, across int) {
	work := rows * cols * depth
	parts := max(min(work>>19, fewPieces), min(work>>26, 4*fewPieces))
	down, across = 1, 1
	wide := cols
	if transposed {
		wide *= 4
	}
	for down*across*2 <= parts {
		switch broad := cols/across >= 2*pieceCols; {
		case broad && (wide/across > rows/down || rows/down < 2*pieceRows):
			across *= 2
		case rows/down >= 2*pieceRows:
			down *= 2
		default:
			return down, across
		}
	}
	return down, across
}

// share returns the i-th of n parts of [0, size), in whole grains.
func share(size, n, i, grain int) (lo, hi int) {
	grains := (size + grain - 1) / grain
	return min(size, grains*i/n*grain), min(size, grains*(i+1)/n*grain)
}

// The blocks of a product, at most: so many bytes of each row of a at a time (k_c
// numbers), so that the rows of a tile lie in the first cache; so many of all its
// rows (m_c) as half of a small second one holds; and so many columns of b, of
// eight bytes (n_c), as the third. Decision 14 says how they were found.
//
// Goto, van de Geijn, Anatomy of high-performance matrix multiplication,
// ACM Transactions on Mathematical Software 34(3), 2008.
const (
	rowLength = 2560
	blockSize = 256 << 10
	blockCols = 512
)

// buffers hold packed blocks of float64 or float32. Rows of a end in a gap, and
// up to sixteen more may be written, as b may be beyond its end.
type buffers struct {
	a [(blockSize + 16*(rowLength+64)) / 8]float64
	b [(blockCols*rowLength*2 + 4096) / 8]float64
}

// spare are buffers nobody uses: at most as many as products ran at a time. A
// sync.Pool would give them to the garbage collector, again and again.
var spare struct {
	sync.Mutex
	buffers []*buffers
}

func takeBuffers() *buffers {
	spare.Lock()
	defer spare.Unlock()
	last := len(spare.buffers) - 1
	if last < 0 {
		return new(buffers)
	}
	b := spare.buffers[last]
	spare.buffers = spare.buffers[:last]
	return b
}

func (b *buffers) release() {
	spare.Lock()
	spare.buffers = append(spare.buffers, b)
	spare.Unlock()
}

func multiply[F Float](c, a, b View[F], o Finish[F], thin bool) {
	switch {
	case c.Rows == 0 || c.Cols == 0:
	case a.Cols == 0:
		finishRows(c, o)
	case thin:
		multiplyThin(c, a, b, o)
	default:
		if unit == generic {
			multiplyGo(c, a, b, o)
			return
		}
		finish := 0
		if o.Add {
			finish |= adding
		}
		if o.ReLU {
			finish |= rectifying
		}
		multiplyTiles(sizeOf[F](), blockOf(c), blockOf(a), blockOf(b), unsafe.Pointer(unsafe.SliceData(o.Bias)), finish)
	}
}

// finishRows is the product where there is nothing to multiply.
func finishRows[F Float](c View[F], o Finish[F]) {
	for i := range c.Rows {
		row := c.Data[i*c.RowStep:][:c.Cols]
		if !o.Add {
			clear(row)
		}
		for j := range row {
			v := row[j]
			if o.Bias != nil {
				v += o.Bias[j]
			}
			if o.ReLU && v < 0 {
				v = 0
			}
			row[j] = v
		}
	}
}

// numbersIn returns room as numbers of the type wanted.
func numbersIn[F Float](room []float64) []F {
	return unsafe.Slice((*F)(unsafe.Pointer(&room[0])), len(room)*8/sizeOf[F]())
}
