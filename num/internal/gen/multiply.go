package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A size is what the kernels need of an instruction set for numbers of so many
// bytes.
type size struct {
	bytes                                                                            int
	fma, add, sub, mul, div, max, sqrt, compare, move, broadcast, maskMove, maskZero func(...Op)
}

var sizes = []size{
	{4, VFMADD231PS, VADDPS, VSUBPS, VMULPS, VDIVPS, VMAXPS, VSQRTPS, VCMPPS, VMOVUPS, VBROADCASTSS, three(VMASKMOVPS), three(VMOVUPS_Z)},
	{8, VFMADD231PD, VADDPD, VSUBPD, VMULPD, VDIVPD, VMAXPD, VSQRTPD, VCMPPD, VMOVUPD, VBROADCASTSD, three(VMASKMOVPD), three(VMOVUPD_Z)},
}

// three makes an instruction of three operands one of many.
func three(f func(a, b, c Op)) func(...Op) { return func(o ...Op) { f(o[0], o[1], o[2]) } }

// A shape is the tile of a product held in the registers of a unit: so many
// rows of two registers, which lie behind one another from 0 on. Then two for
// numbers of b and one or two for one of a.
type shape struct {
	unit     string
	rows     int
	register func(i int) reg.VecPhysical
	width    int // of a register, in bytes
}

var (
	zmm    = []reg.VecPhysical{reg.Z0, reg.Z1, reg.Z2, reg.Z3, reg.Z4, reg.Z5, reg.Z6, reg.Z7, reg.Z8, reg.Z9, reg.Z10, reg.Z11, reg.Z12, reg.Z13, reg.Z14, reg.Z15, reg.Z16, reg.Z17, reg.Z18, reg.Z19, reg.Z20, reg.Z21, reg.Z22, reg.Z23, reg.Z24, reg.Z25, reg.Z26, reg.Z27, reg.Z28, reg.Z29, reg.Z30, reg.Z31}
	shapes = []shape{
		{"AVX512", 14, func(i int) reg.VecPhysical { return zmm[i] }, 64},
		{"AVX2", 6, func(i int) reg.VecPhysical { return zmm[i].AsY().(reg.VecPhysical) }, 32},
	}
)

// The registers of a tile.
var (
	args            = reg.RDI
	to, line        = reg.RAX, reg.RDX
	left, lower     = reg.RSI, reg.R13 // rows 0 to 6 and 7 to 13 of a
	right           = reg.RBX
	row, row3, row5 = reg.R8, reg.R11, reg.R12 // 1, 3 and 5 steps from row to row of a
	column, next    = reg.R9, reg.R10          // from column to column of a, from row to row of b
	count           = reg.RCX
	step            = reg.R15 // from row to row of c
)

// The fields of Go's struct tile.
const (
	tileC = 8 * iota
	tileA
	tileB
	tileBias
	tileCStep
	tileARow
	tileACol
	tileBRow
	tileRowCount
	tileColCount
	tileTerms
	tileFinish
)

func field(at int) Mem { return Mem{Base: args, Disp: at} }

// multiply emits the kernel for tiles of a product: one loop for each number
// of rows, for one and for two registers a row.
func multiply(s shape, z size) {
	name := fmt.Sprintf("multiply%d%s", 8*z.bytes, s.unit)
	TEXT(name, NOSPLIT, "func(t *[12]int)")
	Pragma("noescape")
	Doc(name + " works out a tile of a product; t is a tile.")
	Load(Param("t"), args)
	MOVQ(field(tileC), to)
	MOVQ(field(tileA), left)
	MOVQ(field(tileB), right)
	MOVQ(field(tileARow), row)
	MOVQ(field(tileACol), column)
	MOVQ(field(tileBRow), next)
	MOVQ(field(tileCStep), step)
	LEAQ(Mem{Base: row, Index: row, Scale: 2}, row3)
	LEAQ(Mem{Base: row, Index: row, Scale: 4}, row5)
	LEAQ(Mem{Base: left, Index: row3, Scale: 2}, lower)
	ADDQ(row, lower)
	lanes := s.width / z.bytes
	line8 := label("line")
	CMPQ(field(tileColCount), I32(int32(2*lanes)))
	JG(LabelRef(line8))
	s.masks(z)
	MOVQ(field(tileRowCount), line)
	narrow := label("narrow")
	CMPQ(field(tileColCount), I8(int8(lanes)))
	JLE(LabelRef(narrow))
	if s.unit == "AVX2" {
		cut := label("cut")
		CMPQ(field(tileColCount), I8(int8(2*lanes)))
		JLT(LabelRef(cut))
		s.heights(z, 2, false)
		Label(cut)
	}
	s.heights(z, 2, true)
	Label(narrow)
	s.heights(z, 1, true)
	Label(line8)
	s.row(z)
	VZEROUPPER()
	RET()
}

// wide is how many registers a tile of a single row has where it is not one of
// many: enough for none to wait for its sum.
const wide = 8

// row emits the tile of one row and wide full registers.
func (s shape) row(z size) {
	Comment("One row of many registers.")
	a, free := s.register(wide), s.register(wide+1)
	for i := range wide {
		s.zero(s.register(i))
	}
	MOVQ(field(tileTerms), count)
	again := label("term")
	Label(again)
	z.broadcast(element(0), a)
	for i := range wide {
		z.fma(Mem{Base: right, Disp: s.width * i}, a, s.register(i))
	}
	ADDQ(column, left)
	ADDQ(next, right)
	DECQ(count)
	JNZ(LabelRef(again))

	set, plain, linear := label("set"), label("plain"), label("linear")
	MOVQ(field(tileFinish), count)
	TESTQ(U32(1), count)
	JZ(LabelRef(set))
	for i := range wide {
		z.add(Mem{Base: to, Disp: s.width * i}, s.register(i), s.register(i))
	}
	Label(set)
	MOVQ(field(tileBias), line)
	TESTQ(line, line)
	JZ(LabelRef(plain))
	for i := range wide {
		z.add(Mem{Base: line, Disp: s.width * i}, s.register(i), s.register(i))
	}
	Label(plain)
	TESTQ(U32(2), count)
	JZ(LabelRef(linear))
	s.zero(free)
	for i := range wide {
		z.max(s.register(i), free, s.register(i))
	}
	Label(linear)
	for i := range wide {
		z.move(s.register(i), Mem{Base: to, Disp: s.width * i})
	}
}

// masks emits what names the columns there are.
func (s shape) masks(z size) {
	if s.unit == "AVX512" {
		Comment("The lowest bits name the columns there are.")
		MOVQ(field(tileColCount), count)
		MOVQ(U32(1), line)
		SHLQ(reg.CL, line)
		DECQ(line)
		KMOVW(line.As32(), reg.K1)
		SHRQ(U8(s.width/z.bytes), line)
		KMOVW(line.As32(), reg.K2)
		return
	}
	Comment("The last register of a row is full, or as full as there are columns.")
	MOVQ(field(tileColCount), count)
	MOVQ(count, line)
	SUBQ(I8(int8(s.width/z.bytes)), line)
	CMOVQGT(line, count)
	NEGQ(count)
	table := s.maskTable()
	LEAQ(table, line)
	VMOVUPS(Mem{Base: line, Index: count, Scale: uint8(z.bytes), Disp: 32}, reg.Y15)
}

var table Mem
var tableMade bool

// maskTable is 32 bytes of ones, then as many of zeros.
func (s shape) maskTable() Mem {
	if !tableMade {
		tableMade = true
		table = GLOBL("lanes", RODATA|NOPTR)
		for i := range 8 {
			v := U64(0)
			if i < 4 {
				v = ^U64(0)
			}
			DATA(8*i, v)
		}
	}
	return table
}

func (s shape) heights(z size, registers int, masked bool) {
	names := make([]string, s.rows+1)
	for rows := s.rows; rows > 1; rows-- {
		names[rows] = label("rows")
		CMPQ(line, I8(int8(rows)))
		JE(LabelRef(names[rows]))
	}
	for rows := 1; rows <= s.rows; rows++ {
		if rows > 1 {
			Label(names[rows])
		}
		s.tile(z, rows, registers, masked)
		VZEROUPPER()
		RET()
	}
}

// load and store move numbers of the i-th register of a row.
func (s shape) load(z size, from Mem, i, registers int, masked bool, r reg.Register) {
	switch {
	case s.unit == "AVX512" && masked:
		z.maskZero(from, mask(i), r)
	case masked && i == registers-1:
		z.maskMove(from, reg.Y15, r)
	default:
		z.move(from, r)
	}
}

func (s shape) store(z size, r reg.Register, to Mem, i, registers int, masked bool) {
	switch {
	case s.unit == "AVX512" && masked:
		z.move(r, mask(i), to)
	case masked && i == registers-1:
		z.maskMove(r, reg.Y15, to)
	default:
		z.move(r, to)
	}
}

func mask(i int) reg.Register { return []reg.Register{reg.K1, reg.K2}[i] }

// element is where the number of a in row r lies.
func element(r int) Mem {
	base := left
	if r >= 7 {
		base = lower
	}
	switch r % 7 {
	case 1:
		return Mem{Base: base, Index: row, Scale: 1}
	case 2:
		return Mem{Base: base, Index: row, Scale: 2}
	case 3:
		return Mem{Base: base, Index: row3, Scale: 1}
	case 4:
		return Mem{Base: base, Index: row, Scale: 4}
	case 5:
		return Mem{Base: base, Index: row5, Scale: 1}
	case 6:
		return Mem{Base: base, Index: row3, Scale: 2}
	}
	return Mem{Base: base}
}

func (s shape) tile(z size, rows, registers int, masked bool) {
	sum := func(r, i int) reg.VecPhysical { return s.register(r*registers + i) }
	free := s.rows * 2
	b := []reg.Register{s.register(free), s.register(free + 1)}
	Comment(fmt.Sprintf("%d rows of %d registers. The tile is wanted when the products are done.", rows, registers))
	MOVQ(to, line)
	for r := range rows {
		PREFETCHT0(Mem{Base: line})
		if registers > 1 {
			PREFETCHT0(Mem{Base: line, Disp: s.width*registers - 1})
		}
		if r+1 < rows {
			ADDQ(step, line)
		}
	}
	for r := range rows {
		for i := range registers {
			s.zero(sum(r, i))
		}
	}
	MOVQ(field(tileTerms), count)
	again := label("term")
	if registers == 2 && (!masked || s.unit == "AVX512") {
		align()
	}
	Label(again)
	for i := range registers {
		s.load(z, Mem{Base: right, Disp: s.width * i}, i, registers, masked, b[i])
	}
	for r := range rows {
		if s.unit == "AVX512" && registers == 1 {
			if z.bytes == 4 {
				VFMADD231PS_BCST(element(r), b[0], sum(r, 0))
			} else {
				VFMADD231PD_BCST(element(r), b[0], sum(r, 0))
			}
			continue
		}
		a := s.register(free + 2)
		if s.unit == "AVX512" {
			a = s.register(free + 2 + r%2)
		}
		z.broadcast(element(r), a)
		for i := range registers {
			z.fma(a, b[i], sum(r, i))
		}
	}
	if s.unit == "AVX512" && registers > 1 {
		s.prefetch()
	}
	ADDQ(column, left)
	if rows > 7 {
		ADDQ(column, lower)
	}
	ADDQ(next, right)
	DECQ(count)
	JNZ(LabelRef(again))
	s.finish(z, rows, registers, masked, sum, b)
}

// prefetch asks for what is wanted eight terms later: a panel of b comes from
// the second cache, as one of a thousand terms does not fit the first.
func (s shape) prefetch() {
	for i := range 2 {
		PREFETCHT0(Mem{Base: right, Index: next, Scale: 8, Disp: s.width * i})
	}
	PREFETCHT0(Mem{Base: left, Index: column, Scale: 8})
}

func (s shape) finish(z size, rows, registers int, masked bool, sum func(r, i int) reg.VecPhysical, b []reg.Register) {
	each := func(f func(r, i int)) {
		for r := range rows {
			for i := range registers {
				f(r, i)
			}
		}
	}
	set, plain, linear := label("set"), label("plain"), label("linear")
	MOVQ(field(tileFinish), count)
	TESTQ(U32(1), count)
	JZ(LabelRef(set))
	MOVQ(to, line)
	for r := range rows {
		for i := range registers {
			at := Mem{Base: line, Disp: s.width * i}
			s.load(z, at, i, registers, masked, b[i])
			z.add(b[i], sum(r, i), sum(r, i))
		}
		if r+1 < rows {
			ADDQ(step, line)
		}
	}
	Label(set)
	MOVQ(field(tileBias), line)
	TESTQ(line, line)
	JZ(LabelRef(plain))
	for i := range registers {
		s.load(z, Mem{Base: line, Disp: s.width * i}, i, registers, masked, b[i])
	}
	each(func(r, i int) { z.add(b[i], sum(r, i), sum(r, i)) })
	Label(plain)
	TESTQ(U32(2), count)
	JZ(LabelRef(linear))
	s.zero(b[0])
	Comment("Of two zeros, and where one is no number, the second operand is the maximum.")
	each(func(r, i int) { z.max(sum(r, i), b[0], sum(r, i)) })
	Label(linear)
	for r := range rows {
		for i := range registers {
			s.store(z, sum(r, i), Mem{Base: to, Disp: s.width * i}, i, registers, masked)
		}
		if r+1 < rows {
			ADDQ(step, to)
		}
	}
}

func (s shape) zero(r reg.Register) {
	if s.unit == "AVX512" {
		VPXORQ(r, r, r)
	} else {
		VXORPS(r, r, r)
	}
}
