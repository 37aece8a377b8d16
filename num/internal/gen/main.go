// Command gen writes the assembly of package num for amd64: one kernel for
// AVX-512 and one for AVX2 with FMA, of everything num/kernels_amd64.go calls.
// It is a module of its own, so that the library does not depend on avo.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	for _, u := range []unit{avx512{}, avx2{}} {
		dot(u)
		axpy(u)
		axpy4(u)
	}
	tileAVX512()
	tileAVX2()
	for _, s := range shapes {
		for _, z := range sizes {
			multiply(s, z)
			transpose(s, z)
			elementwise(s, z)
		}
		axpy32(s, sizes[0])
		dot32(s, sizes[0])
		dots32(s, sizes[0])
		functions(s, sizes[0])
	}
	writeNumbers()
	Generate()
}

// A unit is what the loops over vectors need of an instruction set. Tails are
// the numbers that do not fill a register.
type unit interface {
	name() string
	lanes() int
	register() reg.VecVirtual
	zero(r reg.Register)
	multiply(a, b, to reg.VecVirtual)
	// tail emits code for the n numbers that are left, fewer than lanes; f
	// emits the work on some of them, by the operations it is given.
	tail(n reg.Register, pointers []reg.Register, stores bool, f func(operations, int))
	// sum leaves the sum of the lanes of r in the lowest one.
	sum(r reg.VecVirtual) reg.Register
}

// operations on all lanes, on those of a mask or on the lowest one.
type operations struct {
	load     func(from Op) reg.VecVirtual
	store    func(r reg.VecVirtual, to Op)
	multiply func(a, b, to reg.VecVirtual) // to += a b
}

func packed(u unit) operations {
	return operations{
		load: func(from Op) reg.VecVirtual {
			r := u.register()
			VMOVUPD(from, r)
			return r
		},
		store:    func(r reg.VecVirtual, to Op) { VMOVUPD(r, to) },
		multiply: u.multiply,
	}
}

type avx512 struct{}

func (avx512) name() string             { return "AVX512" }
func (avx512) lanes() int               { return 8 }
func (avx512) register() reg.VecVirtual { return ZMM() }
func (avx512) zero(r reg.Register)      { VPXORQ(r, r, r) }

func (avx512) multiply(a, b, to reg.VecVirtual) { VFMADD231PD(a, b, to) }

// tail loads by a mask, but does not store by one: a processor may make the
// next load of the same numbers wait until a masked store is in its cache.
func (u avx512) tail(n reg.Register, pointers []reg.Register, stores bool, f func(operations, int)) {
	if stores {
		loop(avx2{}, 1, n, pointers, f)
		end := label("end")
		TESTQ(n, n)
		JZ(LabelRef(end))
		avx2{}.tail(n, pointers, stores, f)
		Label(end)
		return
	}
	mask, bits := K(), GP32()
	Comment("The lowest n bits name the lanes that are left.")
	MOVQ(n, reg.RCX)
	MOVL(U32(1), bits)
	SHLL(reg.CL, bits)
	DECL(bits)
	KMOVW(bits, mask)
	f(operations{
		load: func(from Op) reg.VecVirtual {
			r := u.register()
			VMOVUPD_Z(from, mask, r)
			return r
		},
		multiply: u.multiply,
	}, 0)
}

func (avx512) sum(r reg.VecVirtual) reg.Register {
	high := YMM()
	VEXTRACTF64X4(U8(1), r, high)
	VADDPD(high, r.AsY(), r.AsY())
	return avx2{}.sum(r)
}

type avx2 struct{}

func (avx2) name() string             { return "AVX2" }
func (avx2) lanes() int               { return 4 }
func (avx2) register() reg.VecVirtual { return YMM() }
func (avx2) zero(r reg.Register)      { VXORPD(r, r, r) }

func (avx2) multiply(a, b, to reg.VecVirtual) { VFMADD231PD(a.AsY(), b.AsY(), to.AsY()) }

func (u avx2) tail(n reg.Register, pointers []reg.Register, _ bool, f func(operations, int)) {
	loop := label("one")
	Label(loop)
	f(operations{
		load: func(from Op) reg.VecVirtual {
			r := u.register()
			VMOVSD(from, r.AsX()) // and zeros above
			return r
		},
		store:    func(r reg.VecVirtual, to Op) { VMOVSD(r.AsX(), to) },
		multiply: u.multiply,
	}, 0)
	advance(pointers, 1)
	DECQ(n)
	JNZ(LabelRef(loop))
}

func (avx2) sum(r reg.VecVirtual) reg.Register {
	high := XMM()
	VEXTRACTF128(U8(1), r.AsY(), high)
	VADDPD(high, r.AsX(), r.AsX())
	VUNPCKHPD(r.AsX(), r.AsX(), high)
	VADDSD(high, r.AsX(), r.AsX())
	return r.AsX()
}

var labels int

// label returns a name no other label of the function has.
func label(name string) string {
	labels++
	return fmt.Sprintf("%s%d", name, labels)
}

// align makes the next loop begin at a line of the cache: where it begins by
// chance, products are up to a fifth slower with what is linked before them. It is
// for the few loops that matter: Go's assembler does not end with hundreds.
func align() { Instruction(&ir.Instruction{Opcode: "PCALIGN", Operands: []Op{U8(64)}}) }

// sweep emits loops over n numbers: four registers at a time, then one, then
// the tail. f works on the numbers of one register, counted from where the
// pointers are.
func sweep(u unit, n reg.Register, pointers []reg.Register, stores bool, f func(ops operations, register int)) {
	loop(u, 4, n, pointers, f)
	loop(u, 1, n, pointers, f)
	end := label("end")
	TESTQ(n, n)
	JZ(LabelRef(end))
	u.tail(n, pointers, stores, f)
	Label(end)
}

// loop emits one that takes some registers at a time, while there are as many
// numbers left.
func loop(u unit, registers int, n reg.Register, pointers []reg.Register, f func(ops operations, register int)) {
	again, done := label("loop"), label("done")
	step := registers * u.lanes()
	SUBQ(I32(int32(step)), n)
	JLT(LabelRef(done))
	Label(again)
	for r := range registers {
		f(packed(u), r)
	}
	advance(pointers, step)
	SUBQ(I32(int32(step)), n)
	JGE(LabelRef(again))
	Label(done)
	ADDQ(I32(int32(step)), n)
}

func advance(pointers []reg.Register, numbers int) {
	for _, p := range pointers {
		ADDQ(I32(int32(8*numbers)), p)
	}
}

func begin(name, signature string, doc ...string) {
	TEXT(name, NOSPLIT, signature)
	Pragma("noescape")
	Doc(doc...)
}

func dot(u unit) {
	begin("dot"+u.name(), "func(x, y []float64) float64",
		"dot"+u.name()+" is Σ x_i y_i over the length of x.")
	x, y := Load(Param("x").Base(), GP64()), Load(Param("y").Base(), GP64())
	n := Load(Param("x").Len(), GP64())
	var sums [4]reg.VecVirtual
	for i := range sums {
		sums[i] = u.register()
		u.zero(sums[i])
	}
	sweep(u, n, []reg.Register{x, y}, false, func(ops operations, i int) {
		at := 8 * u.lanes() * i
		ops.multiply(ops.load(Mem{Base: y, Disp: at}), ops.load(Mem{Base: x, Disp: at}), sums[i])
	})
	VADDPD(sums[1], sums[0], sums[0])
	VADDPD(sums[3], sums[2], sums[2])
	VADDPD(sums[2], sums[0], sums[0])
	total := u.sum(sums[0])
	VZEROUPPER() // before an instruction that is not of AVX
	Store(total, ReturnIndex(0))
	RET()
}

func axpy(u unit) {
	begin("axpy"+u.name(), "func(a float64, x, y []float64)",
		"axpy"+u.name()+" adds a·x to y over the length of x.")
	a := u.register()
	VBROADCASTSD(address("a"), a)
	x, y := Load(Param("x").Base(), GP64()), Load(Param("y").Base(), GP64())
	n := Load(Param("x").Len(), GP64())
	sweep(u, n, []reg.Register{x, y}, true, func(ops operations, i int) {
		at := 8 * u.lanes() * i
		sum := ops.load(Mem{Base: y, Disp: at})
		ops.multiply(ops.load(Mem{Base: x, Disp: at}), a, sum)
		ops.store(sum, Mem{Base: y, Disp: at})
	})
	VZEROUPPER()
	RET()
}

func axpy4(u unit) {
	begin("axpy4"+u.name(), "func(y, a, x []float64)",
		"axpy4"+u.name()+" adds a_0 x_0 + … + a_3 x_3 to y; the vectors x_k lie in x one",
		"after another, each as long as y.")
	y, n, from := Load(Param("y").Base(), GP64()), Load(Param("y").Len(), GP64()), Load(Param("a").Base(), GP64())
	var a [4]reg.VecVirtual
	var x [4]reg.Register
	stride := GP64()
	MOVQ(n, stride)
	SHLQ(U8(3), stride)
	for k := range a {
		a[k] = u.register()
		VBROADCASTSD(Mem{Base: from, Disp: 8 * k}, a[k])
		x[k] = GP64()
		if k == 0 {
			Load(Param("x").Base(), x[0])
		} else {
			LEAQ(Mem{Base: x[k-1], Index: stride, Scale: 1}, x[k])
		}
	}
	pointers := append([]reg.Register{y}, x[:]...)
	sweep(u, n, pointers, true, func(ops operations, i int) {
		at := 8 * u.lanes() * i
		sum := ops.load(Mem{Base: y, Disp: at})
		for k := range a {
			ops.multiply(ops.load(Mem{Base: x[k], Disp: at}), a[k], sum)
		}
		ops.store(sum, Mem{Base: y, Disp: at})
	})
	VZEROUPPER()
	RET()
}

// address is where a parameter lies.
func address(name string) Mem {
	b, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return b.Addr
}

const (
	tileRows = 8
	tileCols = 16
)

func beginTile(unit string) (c, stride, a, b, w, n reg.Register) {
	begin("tile"+unit, "func(c *float64, stride int, a, b, w *float64, n int)",
		"tile"+unit+" adds Σ_k w_k a_k b_kᵀ over n rows to the 8 × 16 tile c, whose rows",
		"are stride numbers apart. a_k and b_k are the first 8 and 16 numbers of rows",
		"of 16; w nil means 1, n is not 0.")
	c, stride = Load(Param("c"), GP64()), Load(Param("stride"), GP64())
	SHLQ(U8(3), stride)
	a, b = Load(Param("a"), GP64()), Load(Param("b"), GP64())
	w, n = Load(Param("w"), GP64()), Load(Param("n"), GP64())
	return c, stride, a, b, w, n
}

// products emits the loop over the rows for a block of the tile, once with
// weights and once without: sums[r][i] += w_k a_k[row+r] b_k[col+lanes·i].
func products(u unit, sums [][]reg.VecVirtual, row, col int, a0, b0, w0, n0 reg.Register) {
	a, b, w, n := GP64(), GP64(), GP64(), GP64()
	MOVQ(a0, a)
	MOVQ(b0, b)
	MOVQ(w0, w)
	MOVQ(n0, n)
	plain, done := label("plain"), label("done")
	TESTQ(w, w)
	JZ(LabelRef(plain))
	for _, weighted := range []bool{true, false} {
		loop := label("rows")
		if !weighted {
			Label(plain)
		}
		Label(loop)
		right := make([]reg.VecVirtual, len(sums[0]))
		var weight reg.VecVirtual
		if weighted {
			weight = u.register()
			VBROADCASTSD(Mem{Base: w}, weight)
			ADDQ(I8(8), w)
		}
		for i := range right {
			right[i] = u.register()
			from := Mem{Base: b, Disp: 8 * (col + u.lanes()*i)}
			if weighted {
				VMULPD(from, weight, right[i])
			} else {
				VMOVUPD(from, right[i])
			}
		}
		for r := range sums {
			left := u.register()
			VBROADCASTSD(Mem{Base: a, Disp: 8 * (row + r)}, left)
			for i := range right {
				VFMADD231PD(right[i], left, sums[r][i])
			}
		}
		ADDQ(I32(8*tileCols), a)
		ADDQ(I32(8*tileCols), b)
		DECQ(n)
		JNZ(LabelRef(loop))
		if weighted {
			JMP(LabelRef(done))
		}
	}
	Label(done)
}

func zeros(u unit, rows, registers int) [][]reg.VecVirtual {
	sums := make([][]reg.VecVirtual, rows)
	for r := range sums {
		sums[r] = make([]reg.VecVirtual, registers)
		for i := range sums[r] {
			sums[r][i] = u.register()
			u.zero(sums[r][i])
		}
	}
	return sums
}

// add emits c += sums, and leaves c rows below.
func add(u unit, sums [][]reg.VecVirtual, c, stride reg.Register, col int) {
	for r := range sums {
		for i, s := range sums[r] {
			at := Mem{Base: c, Disp: 8 * (col + u.lanes()*i)}
			VADDPD(at, s, s)
			VMOVUPD(s, at)
		}
		ADDQ(stride, c)
	}
}

// tileAVX512 holds the whole tile in sixteen registers.
func tileAVX512() {
	u := avx512{}
	c, stride, a, b, w, n := beginTile(u.name())
	Comment("The tile is wanted when the products are done.")
	line := GP64()
	MOVQ(c, line)
	for range tileRows {
		PREFETCHT0(Mem{Base: line})
		PREFETCHT0(Mem{Base: line, Disp: 64})
		ADDQ(stride, line)
	}
	sums := zeros(u, tileRows, tileCols/u.lanes())
	products(u, sums, 0, 0, a, b, w, n)
	add(u, sums, c, stride, 0)
	VZEROUPPER()
	RET()
}

// tileAVX2 takes the tile in four blocks of 4 × 8, eight registers each.
func tileAVX2() {
	const rows, cols = 4, 8
	u := avx2{}
	c, stride, a, b, w, n := beginTile(u.name())
	for row := 0; row < tileRows; row += rows {
		for col := 0; col < tileCols; col += cols {
			sums := zeros(u, rows, cols/u.lanes())
			products(u, sums, row, col, a, b, w, n)
			at := GP64()
			MOVQ(c, at)
			add(u, sums, at, stride, col)
			if col+cols == tileCols {
				MOVQ(at, c)
			}
		}
	}
	VZEROUPPER()
	RET()
}
