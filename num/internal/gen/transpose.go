package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// transpose emits the kernel that turns rows into columns, a square of
// registers at a time: within lanes of 128 bits first, then the lanes.
func transpose(s shape, z size) {
	name := fmt.Sprintf("transpose%d%s", 8*z.bytes, s.unit)
	side := s.width / z.bytes
	TEXT(name, NOSPLIT, "func(to, from *byte, gap, step, rows, n int)")
	Pragma("noescape")
	Doc(name+" writes n columns of a matrix as rows, gap bytes apart: as many numbers",
		"of each as a register has, the last one again where the matrix has fewer rows. Its rows are step bytes apart;",
		"up to a register's numbers more than n are written, whatever they are.")
	to, from, gap := Load(Param("to"), reg.RAX), Load(Param("from"), reg.RBX), Load(Param("gap"), reg.R11)
	step, rows, n := Load(Param("step"), reg.RSI), Load(Param("rows"), reg.RDI), Load(Param("n"), reg.RDX)
	offsets := AllocLocal(8 * side)
	zero, at, more := reg.R8, reg.R9, reg.R10
	XORL(zero.As32(), zero.As32())
	XORL(at.As32(), at.As32())
	for r := range side {
		MOVQ(at, offsets.Offset(8*r))
		Comment("On to the next row, if there is one.")
		MOVQ(zero, more)
		CMPQ(rows, I8(int8(r+1)))
		CMOVQGT(step, more)
		ADDQ(more, at)
	}
	again, full := label("square"), label("full")
	if s.unit == "AVX512" {
		MOVQ(I32(-1), at)
		KMOVW(at.As32(), reg.K1)
	} else {
		VPCMPEQD(reg.Y15, reg.Y15, reg.Y15)
	}
	Label(again)
	CMPQ(n, I8(int8(side)))
	JGE(LabelRef(full))
	if s.unit == "AVX512" {
		MOVQ(n, reg.RCX)
		MOVL(U32(1), at.As32())
		SHLL(reg.CL, at.As32())
		DECL(at.As32())
		KMOVW(at.As32(), reg.K1)
	} else {
		MOVQ(n, reg.RCX)
		NEGQ(reg.RCX)
		LEAQ(s.maskTable(), at)
		VMOVUPS(Mem{Base: at, Index: reg.RCX, Scale: uint8(z.bytes), Disp: 32}, reg.Y15)
	}
	Label(full)
	in := make([]reg.Register, side)
	for r := range in {
		in[r] = s.register(r)
		MOVQ(offsets.Offset(8*r), at)
		m := Mem{Base: from, Index: at, Scale: 1}
		if s.unit == "AVX512" {
			z.maskZero(m, reg.K1, in[r])
		} else {
			z.maskMove(m, reg.Y15, in[r])
		}
	}
	for _, r := range s.turn(z, in) {
		z.move(r, Mem{Base: to})
		ADDQ(gap, to)
	}
	ADDQ(I32(int32(s.width)), from)
	SUBQ(I8(int8(side)), n)
	JG(LabelRef(again))
	VZEROUPPER()
	RET()
}

// turn returns the columns of the square of registers in.
func (s shape) turn(z size, in []reg.Register) []reg.Register {
	free := []reg.Register{}
	for i := len(in); i < len(in)+max(2, len(in)/2) && i < 15 || s.unit == "AVX512" && i < 32; i++ {
		free = append(free, s.register(i))
	}
	// pair puts f(a, b) and g(a, b) in the places of a and b.
	pair := func(a, b *reg.Register, f, g func(a, b, to reg.Register)) {
		to := free[0]
		f(*a, *b, to)
		g(*a, *b, *b)
		free = append(free[1:], *a)
		*a = to
	}
	group := 16 / z.bytes // numbers of a lane
	r := append([]reg.Register(nil), in...)
	for i := 0; i < len(r); i += group {
		if z.bytes == 8 {
			pair(&r[i], &r[i+1], low64, high64)
			continue
		}
		pair(&r[i], &r[i+1], low32, high32)
		pair(&r[i+2], &r[i+3], low32, high32)
		pair(&r[i], &r[i+2], low64, high64)
		pair(&r[i+1], &r[i+3], low64, high64)
		r[i+1], r[i+2] = r[i+2], r[i+1] // 0, 2, 1, 3 are columns 0 to 3
	}
	out := make([]reg.Register, len(r))
	for i := range group {
		if s.unit == "AVX2" {
			pair(&r[i], &r[group+i], lanes2(0x20), lanes2(0x31))
			out[i], out[group+i] = r[i], r[group+i]
			continue
		}
		a, b, c, d := &r[i], &r[group+i], &r[2*group+i], &r[3*group+i]
		pair(a, b, lanes4(0x88), lanes4(0xdd))
		pair(c, d, lanes4(0x88), lanes4(0xdd))
		pair(a, c, lanes4(0x88), lanes4(0xdd))
		pair(b, d, lanes4(0x88), lanes4(0xdd))
		out[i], out[2*group+i], out[group+i], out[3*group+i] = *a, *c, *b, *d
	}
	return out
}

func low32(a, b, to reg.Register)  { VUNPCKLPS(b, a, to) }
func high32(a, b, to reg.Register) { VUNPCKHPS(b, a, to) }
func low64(a, b, to reg.Register)  { VUNPCKLPD(b, a, to) }
func high64(a, b, to reg.Register) { VUNPCKHPD(b, a, to) }

func lanes2(by uint8) func(a, b, to reg.Register) {
	return func(a, b, to reg.Register) { VPERM2F128(U8(by), b, a, to) }
}

func lanes4(by uint8) func(a, b, to reg.Register) {
	return func(a, b, to reg.Register) { VSHUFF32X4(U8(by), b, a, to) }
}
