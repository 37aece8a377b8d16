package num

import "unsafe"

// A block is a matrix without its type; steps are in bytes.
type block struct {
	data             unsafe.Pointer
	rows, cols       int
	rowStep, colStep int
}

func blockOf[F Float](v View[F]) block {
	size := sizeOf[F]()
	return block{unsafe.Pointer(unsafe.SliceData(v.Data)), v.Rows, v.Cols, v.RowStep * size, v.ColStep * size}
}

func (b block) at(i, j int) unsafe.Pointer { return unsafe.Add(b.data, i*b.rowStep+j*b.colStep) }

// part is rows [i, i+rows) and columns [j, j+cols).
func (b block) part(i, rows, j, cols int) block {
	return block{b.at(i, j), rows, cols, b.rowStep, b.colStep}
}

// A tile is what a kernel in assembly is given: at most as many rows as its
// unit's tiles have, and twice as many columns as a register has numbers.
type tile struct {
	c, a, b, bias           unsafe.Pointer
	cStep, aRow, aCol, bRow int // in bytes
	rows, cols, terms       int
	finish                  int // adding and rectifying
}

const (
	adding     = 1 << iota // to c
	rectifying             // max(0, ·)
)

// tileShape is the most rows and columns of a tile.
func tileShape(size int) (rows, cols int) {
	if unit == avx512 {
		return 14, 128 / size
	}
	return 6, 64 / size
}

// wideCols is how many columns a tile of a single row may have instead: eight
// registers, so that no sum waits for the one before.
func wideCols(size int) int {
	_, cols := tileShape(size)
	return 4 * cols
}

// tiles calls a kernel for each tile of c, all of about the same number of rows.
func (t *tile) tiles(size int, c, a block) {
	height, _ := tileShape(size)
	parts := (c.rows + height - 1) / height
	t.c, t.a, t.rows = c.data, a.data, c.rows/parts+1
	t.cStep, t.aRow, t.aCol = c.rowStep, a.rowStep, a.colStep
	p := (*[12]int)(unsafe.Pointer(t))
	for i, longer := 0, c.rows%parts; i < parts; i++ {
		if i == longer {
			t.rows--
		}
		switch {
		case unit == avx512 && size == 4:
			multiply32AVX512(p)
		case unit == avx512:
			multiply64AVX512(p)
		case size == 4:
			multiply32AVX2(p)
		default:
			multiply64AVX2(p)
		}
		if i+1 < parts {
			t.c, t.a = unsafe.Add(t.c, t.rows*c.rowStep), unsafe.Add(t.a, t.rows*a.rowStep)
		}
	}
}

// multiplyTiles is Multiply by the kernels in assembly, which may read a and b
// where they lie. b is packed where its columns do not lie side by side, or for
// many rows of a, and a copied where its rows or columns are so far apart that
// too few lines of them would fit the first cache.
func multiplyTiles(size int, c, a, b block, bias unsafe.Pointer, finish int) {
	_, width := tileShape(size)
	packs, copies := b.packs(size, c.rows), a.copies(size, c.cols)
	var room *buffers
	if packs || copies {
		room = takeBuffers()
		defer room.release()
	}
	cols, deep := blockCols*8/size, rowLength/size
	for j := 0; j < c.cols; j += cols {
		n := min(cols, c.cols-j)
		for k := 0; k < a.cols; {
			terms := (a.cols - k + deep - 1) / deep
			terms = (a.cols - k + terms - 1) / terms
			t := tile{terms: terms, finish: finish | adding}
			if k == 0 {
				t.finish = finish
			}
			if k+terms < a.cols {
				t.finish &^= rectifying
			} else if bias != nil {
				t.bias = unsafe.Add(bias, j*size)
			}
			right := b.part(k, terms, j, n)
			if packs {
				right = right.panels(unsafe.Pointer(&room.b), size, width)
			}
			most := blockSize / rowBytes(terms, size)
			parts := (c.rows + most - 1) / most
			for at := range parts {
				i := c.rows * at / parts
				m := c.rows*(at+1)/parts - i
				left := a.part(i, m, k, terms)
				if copies {
					left = left.copied(unsafe.Pointer(&room.a), size)
				}
				t.sweep(size, c.part(i, m, j, n), left, right, packs, width)
			}
			k += terms
		}
	}
}

// sweep takes the columns of c, the width of a tile at a time.
func (t tile) sweep(size int, c, left, right block, packs bool, width int) {
	t.bRow = right.rowStep
	bias, wide := t.bias, wideCols(size)
	for j := 0; j < c.cols; j += t.cols {
		if t.cols = min(width, c.cols-j); c.rows == 1 && !packs && c.cols-j >= wide {
			t.cols = wide
		}
		t.b = right.at(0, j)
		if packs {
			t.b = unsafe.Add(right.data, j*right.rows*size)
		}
		if bias != nil {
			t.bias = unsafe.Add(bias, j*size)
		}
		t.tiles(size, c.part(0, c.rows, j, t.cols), left)
	}
}

const farApart = 2048 // bytes

// packs tells whether b is packed for so many rows of a (decision 14), with AVX2 for fewer where
// its rows are a multiple of 1,024 bytes apart and crowd one another out.
func (b block) packs(size, uses int) bool {
	switch {
	case b.colStep != size:
		return b.cols > 1
	case unit == avx2:
		return uses > 200 || b.rowStep >= farApart && b.rowStep%1024 == 0 && uses > 100
	}
	return b.rowStep > farApart && uses > 56
}

// copies tells whether a is copied for so many columns of b. The rows of a tile
// crowd the first cache if they are far apart, fourteen of AVX-512 more than six
// of AVX2. Of columns a tile of AVX2 uses less than half a line at a time, and the
// cache fills up with the rest.
func (a block) copies(size, uses int) bool {
	least, stride := 32, farApart
	if unit == avx2 {
		least, stride = 300, 0
	}
	return a.colStep == size && a.rowStep >= farApart && uses > least ||
		a.rowStep == size && a.colStep >= stride && a.cols > 32 && uses > 64
}

// rowBytes is how far apart rows are copied: an odd number of cache lines, so
// that the rows of a tile do not crowd in a few places of the first cache.
func rowBytes(numbers, size int) int { return (((numbers*size + 63) / 64) | 1) * 64 }

// copied copies the rows of a to room.
func (a block) copied(room unsafe.Pointer, size int) block {
	to := block{room, a.rows, a.cols, rowBytes(a.cols, size), size}
	if a.colStep != size {
		_, width := tileShape(size)
		lanes := width / 2
		for k := 0; k < a.cols; k += lanes {
			turn(size, to.at(0, k), to.rowStep, a.at(0, k), a.colStep, min(lanes, a.cols-k), a.rows)
		}
		return to
	}
	for i := range a.rows {
		copy(bytes(to.at(i, 0), a.cols*size), bytes(a.at(i, 0), a.cols*size))
	}
	return to
}

func bytes(p unsafe.Pointer, n int) []byte { return unsafe.Slice((*byte)(p), n) }

// panels packs b in panels of so many columns, one behind the other; what
// stands beyond the last column is any number.
func (b block) panels(room unsafe.Pointer, size, width int) block {
	to := block{room, b.rows, b.cols, width * size, size}
	if b.colStep == size && b.rowStep != size {
		b.rowsToPanels(to, size, width)
		return to
	}
	for j := 0; j < b.cols; j += width {
		from, panel := b.part(0, b.rows, j, min(width, b.cols-j)), unsafe.Add(room, j*b.rows*size)
		switch {
		case b.rowStep == size:
			from.turned(panel, size, width)
		case size == 4:
			scatter[uint32](panel, from, width)
		default:
			scatter[uint64](panel, from, width)
		}
	}
	return to
}

// rowsToPanels goes along the rows of b, which may be far apart, a few at a time:
// the panels they are written to are apart by what crowds the first cache.
func (b block) rowsToPanels(to block, size, width int) {
	const few = 8
	row, line := width*size, b.cols*size // bytes
	for k := 0; k < b.rows; k += few {
		for j := 0; j < line; j += row {
			for r := k; r < min(k+few, b.rows); r++ { // no pointer leaves its matrix
				from, panel := unsafe.Add(b.data, r*b.rowStep+j), unsafe.Add(to.data, j*b.rows+r*row)
				if j+row > line {
					copy(bytes(panel, line-j), bytes(from, line-j))
					continue
				}
				for i := 0; i < row; i += 64 {
					*(*[64]byte)(unsafe.Add(panel, i)) = *(*[64]byte)(unsafe.Add(from, i))
				}
			}
		}
	}
}

func scatter[T uint32 | uint64](panel unsafe.Pointer, from block, width int) {
	to := unsafe.Slice((*T)(panel), from.rows*width)
	for k := range from.rows {
		for j := range from.cols {
			to[k*width+j] = *(*T)(from.at(k, j))
		}
	}
}

// turned packs a panel of a transposed matrix, a register of its columns at a time.
func (b block) turned(panel unsafe.Pointer, size, width int) {
	lanes := width / 2
	for j := 0; j < b.cols; j += lanes {
		turn(size, unsafe.Add(panel, j*size), width*size, b.at(0, j), b.colStep, min(lanes, b.cols-j), b.rows)
	}
}

// turn writes n columns of a matrix as rows; gap and step are from row to row.
func turn(size int, to unsafe.Pointer, gap int, from unsafe.Pointer, step, rows, n int) {
	p, q := (*byte)(to), (*byte)(from)
	switch {
	case unit == avx512 && size == 4:
		transpose32AVX512(p, q, gap, step, rows, n)
	case unit == avx512:
		transpose64AVX512(p, q, gap, step, rows, n)
	case size == 4:
		transpose32AVX2(p, q, gap, step, rows, n)
	default:
		transpose64AVX2(p, q, gap, step, rows, n)
	}
}
