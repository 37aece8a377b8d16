package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A vector is a kernel that works on vectors, a register at a time: the same
// code for full registers and for the last one, by a mask.
type vector struct {
	shape
	size
	pointers map[string]reg.Register
	at       reg.Register // how far in bytes
	mask     reg.Register // of the last register; nil for full ones
}

func (v *vector) new() reg.VecVirtual {
	if v.unit == "AVX512" {
		return ZMM()
	}
	return YMM()
}

func (v *vector) wide() bool { return v.unit == "AVX512" }

func (v *vector) place(name string) Mem { return Mem{Base: v.pointers[name], Index: v.at, Scale: 1} }

func (v *vector) load(name string) reg.VecVirtual {
	r := v.new()
	switch {
	case v.mask == nil:
		v.move(v.place(name), r)
	case v.wide():
		v.maskZero(v.place(name), v.mask, r)
	default:
		v.maskMove(v.place(name), v.mask, r)
	}
	return r
}

func (v *vector) store(r reg.Register, name string) {
	switch {
	case v.mask == nil:
		v.move(r, v.place(name))
	case v.wide():
		v.move(r, v.mask, v.place(name))
	default:
		v.maskMove(r, v.mask, v.place(name))
	}
}

// scalar returns a register full of a parameter.
func (v *vector) scalar(name string) reg.VecVirtual {
	r := v.new()
	v.broadcast(address(name), r)
	return r
}

// over emits a kernel over n numbers of each pointer; prepare is emitted before
// the loop and returns what is emitted for each register.
func over(s shape, z size, name string, pointers []string, scalars, doc string, prepare func(v *vector) func()) {
	v := &vector{shape: s, size: z, pointers: map[string]reg.Register{}}
	name = fmt.Sprintf("%s%d%s", name, 8*z.bytes, s.unit)
	kind := fmt.Sprintf("float%d", 8*z.bytes)
	signature := "func("
	for _, p := range pointers {
		signature += p + ", "
	}
	signature = signature[:len(signature)-2] + " *" + kind + ", n int"
	if scalars != "" {
		signature += ", " + scalars + " " + kind
	}
	TEXT(name, NOSPLIT, signature+")")
	Pragma("noescape")
	Doc(name + " " + doc)
	for _, p := range pointers {
		v.pointers[p] = Load(Param(p), GP64())
	}
	n := Load(Param("n"), GP64())
	v.at = GP64()
	XORL(v.at.(reg.GPVirtual).As32(), v.at.(reg.GPVirtual).As32())
	each := prepare(v)
	again, rest, end := label("again"), label("rest"), label("end")
	lanes := s.width / z.bytes
	SUBQ(I8(int8(lanes)), n)
	JLT(LabelRef(rest))
	Label(again)
	each()
	ADDQ(I8(int8(s.width)), v.at)
	SUBQ(I8(int8(lanes)), n)
	JGE(LabelRef(again))
	Label(rest)
	ADDQ(I8(int8(lanes)), n)
	JZ(LabelRef(end))
	v.masked(n)
	each()
	Label(end)
	VZEROUPPER()
	RET()
}

// masked makes what follows work on n numbers alone.
func (v *vector) masked(n reg.Register) {
	if v.wide() {
		mask, bits := K(), GP32()
		MOVQ(n, reg.RCX)
		MOVL(U32(1), bits)
		SHLL(reg.CL, bits)
		DECL(bits)
		KMOVW(bits, mask)
		v.mask = mask
		return
	}
	mask, ones := YMM(), GP64()
	NEGQ(n)
	LEAQ(v.maskTable(), ones)
	VMOVUPS(Mem{Base: ones, Index: n, Scale: uint8(v.bytes), Disp: 32}, mask)
	v.mask = mask
}

// elementwise emits the kernels that are one instruction a number.
func elementwise(s shape, z size) {
	over(s, z, "add", []string{"y", "x"}, "", "adds x to y.", func(v *vector) func() {
		return func() {
			y := v.load("y")
			v.add(v.load("x"), y, y)
			v.store(y, "y")
		}
	})
	over(s, z, "mul", []string{"y", "x"}, "", "multiplies y by x.", func(v *vector) func() {
		return func() {
			y := v.load("y")
			v.mul(v.load("x"), y, y)
			v.store(y, "y")
		}
	})
	over(s, z, "scale", []string{"x"}, "a", "multiplies x by a.", func(v *vector) func() {
		a := v.scalar("a")
		return func() {
			x := v.load("x")
			v.mul(a, x, x)
			v.store(x, "x")
		}
	})
	over(s, z, "lerp", []string{"y", "x"}, "a", "adds a·(x − y) to y.", func(v *vector) func() {
		a := v.scalar("a")
		return func() {
			y, x := v.load("y"), v.load("x")
			v.sub(y, x, x)
			v.fma(a, x, y)
			v.store(y, "y")
		}
	})
	over(s, z, "reluGrad", []string{"d", "y"}, "", "sets d to 0 where y is not positive.", func(v *vector) func() {
		zero := v.new()
		v.zero(zero)
		return func() {
			y, d := v.load("y"), v.load("d")
			v.pick(greater, zero, y, d)
			v.store(d, "d")
		}
	})
	over(s, z, "adam", []string{"p", "m", "v", "grad"}, "rate, b1, a1, b2, a2, eps, inverse",
		"takes a step of Adam: a1 = 1−b1, a2 = 1−b2, rate = lr/c1, inverse = 1/c2.", adam)
}

func adam(v *vector) func() {
	rate, b1, a1 := v.scalar("rate"), v.scalar("b1"), v.scalar("a1")
	b2, a2, eps, inverse := v.scalar("b2"), v.scalar("a2"), v.scalar("eps"), v.scalar("inverse")
	return func() {
		grad, m, second := v.load("grad"), v.load("m"), v.load("v")
		v.mul(b1, m, m)
		v.fma(a1, grad, m)
		v.store(m, "m")
		v.mul(grad, grad, grad)
		v.mul(b2, second, second)
		v.fma(a2, grad, second)
		v.store(second, "v")
		v.mul(inverse, second, second)
		v.sqrt(second, second)
		v.add(eps, second, second)
		v.mul(rate, m, m)
		v.div(second, m, m)
		p := v.load("p")
		v.sub(m, p, p)
		v.store(p, "p")
	}
}

// axpy32 emits for float32 what axpy does for float64.
func axpy32(s shape, z size) {
	over(s, z, "axpy", []string{"y", "x"}, "a", "adds a·x to y.", func(v *vector) func() {
		a := v.scalar("a")
		return func() {
			y := v.load("y")
			v.fma(a, v.load("x"), y)
			v.store(y, "y")
		}
	})
}

const (
	less    = 1  // ordered, signalling
	greater = 14 // the same
)

// pick zeroes those numbers of d where the relation of y to x does not hold.
func (v *vector) pick(relation uint8, x, y, d reg.VecVirtual) {
	if v.wide() {
		k := K()
		v.compare(U8(relation), x, y, k)
		v.maskZero(d, k, d)
		return
	}
	mask := YMM()
	v.compare(U8(relation), x, y, mask)
	VANDPS(mask, d, d)
}

// choose returns yes where the relation of y to x holds, and no elsewhere.
func (v *vector) choose(relation uint8, x, y, yes, no reg.VecVirtual) reg.VecVirtual {
	to := v.new()
	if v.wide() {
		k := K()
		v.compare(U8(relation), x, y, k)
		VBLENDMPS(yes, no, k, to)
		return to
	}
	mask := YMM()
	v.compare(U8(relation), x, y, mask)
	VBLENDVPS(mask, yes, no, to)
	return to
}

// number returns where eight copies of a float32 lie.
func number(bits uint32) Mem {
	for i, b := range constants {
		if b == bits {
			return constantTable.Offset(32 * i)
		}
	}
	constants = append(constants, bits)
	return constantTable.Offset(32 * (len(constants) - 1))
}

var (
	constants     []uint32
	constantTable = NewDataAddr(NewStaticSymbol("numbers"), 0)
)

// writeNumbers emits the table; nothing may ask for a number afterwards.
func writeNumbers() {
	GLOBL("numbers", RODATA|NOPTR)
	for i, b := range constants {
		for k := range 8 {
			DATA(32*i+4*k, U32(b))
		}
	}
}

// with emits an operation of which one operand is a number.
func (v *vector) with(packed func(...Op), one func(...Op), x float64, a, to reg.VecVirtual) {
	v.withBits(packed, one, math.Float32bits(float32(x)), a, to)
}

func (v *vector) withBits(packed func(...Op), one func(...Op), bits uint32, a, to reg.VecVirtual) {
	if v.wide() {
		one(number(bits), a, to)
	} else {
		packed(number(bits), a, to)
	}
}

// constant returns a register full of x.
func (v *vector) constant(x float64) reg.VecVirtual {
	r := v.new()
	VBROADCASTSS(number(math.Float32bits(float32(x))), r)
	return r
}

const signBit = 1 << 31

// withoutSign is |x|, onlySign what is left of x, withSign −|x|.
func (v *vector) withoutSign(x, to reg.VecVirtual) {
	v.withBits(VANDPS, VPANDD_BCST, signBit-1, x, to)
}
func (v *vector) onlySign(x, to reg.VecVirtual) { v.withBits(VANDPS, VPANDD_BCST, signBit, x, to) }
func (v *vector) withSign(x, to reg.VecVirtual) { v.withBits(VORPS, VPORD_BCST, signBit, x, to) }

// polynomial returns Σ coefficients xⁱ, the highest first.
func (v *vector) polynomial(x reg.VecVirtual, coefficients ...float64) reg.VecVirtual {
	p := v.constant(coefficients[0])
	for _, c := range coefficients[1:] {
		v.with(VFMADD213PS, VFMADD213PS_BCST, c, x, p)
	}
	return p
}

// exp returns eˣ, as exp32 in functions_go.go; low and high are its bounds.
func (v *vector) exp(x, low, high reg.VecVirtual) reg.VecVirtual {
	Comment("A number that is none stays, as the second operand.")
	r, n, square := v.new(), v.new(), v.new()
	VMINPS(x, high, r)
	VMAXPS(r, low, r)
	v.with(VMULPS, VMULPS_BCST, math.Log2E, r, n)
	if v.wide() {
		VRNDSCALEPS(U8(0), n, n)
	} else {
		VROUNDPS(U8(0), n, n)
	}
	v.with(VFNMADD231PS, VFNMADD231PS_BCST, 0.693359375, n, r)
	v.with(VFNMADD231PS, VFNMADD231PS_BCST, -2.12194440054690583e-4, n, r)
	p := v.polynomial(r, 1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1)
	VMULPS(r, r, square)
	VFMADD213PS(r, square, p)
	v.with(VADDPS, VADDPS_BCST, 1, p, p)
	v.power(n, p)
	return p
}

// power multiplies p by 2ⁿ.
func (v *vector) power(n, p reg.VecVirtual) {
	if v.wide() {
		VSCALEFPS(n, p, p)
		return
	}
	Comment("By halves, neither of which is subnormal or overflows.")
	half := YMM()
	VCVTPS2DQ(n, n)
	VPSRAD(U8(1), n, half)
	VPSUBD(half, n, n)
	for _, e := range []reg.VecVirtual{half, n} {
		VPADDD(number(127), e, e)
		VPSLLD(U8(23), e, e)
		VMULPS(e, p, p)
	}
}

// functions emits those of float32, as in functions_go.go.
func functions(s shape, z size) {
	const low, high = -104, 89
	over(s, z, "exp", []string{"dst", "src"}, "shift", "sets dst to the exponential of src − shift.", func(v *vector) func() {
		low, high, shift := v.constant(low), v.constant(high), v.scalar("shift")
		return func() {
			x := v.load("src")
			VSUBPS(shift, x, x)
			v.store(v.exp(x, low, high), "dst")
		}
	})
	over(s, z, "sigmoid", []string{"dst", "src"}, "", "sets dst to the logistic function of src.", func(v *vector) func() {
		low, high, one, zero := v.constant(low), v.constant(high), v.constant(1), v.new()
		v.zero(zero)
		return func() {
			x, a := v.load("src"), v.new()
			v.withSign(x, a)
			e := v.exp(a, low, high)
			y := v.choose(less, zero, x, e, one)
			VADDPS(one, e, e)
			VDIVPS(e, y, y)
			v.store(y, "dst")
		}
	})
	over(s, z, "tanh", []string{"dst", "src"}, "", "sets dst to the hyperbolic tangent of src.", func(v *vector) func() {
		low, high, one, two, small := v.constant(low), v.constant(high), v.constant(1), v.constant(2), v.constant(0.625)
		return func() {
			x, a, square, twice := v.load("src"), v.new(), v.new(), v.new()
			v.withoutSign(x, a)
			VADDPS(a, a, twice)
			y := v.exp(twice, low, high)
			VADDPS(one, y, y)
			VDIVPS(y, two, y)
			VSUBPS(y, one, y)
			VMULPS(a, a, square)
			p := v.polynomial(square, -5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1)
			VMULPS(square, p, p)
			VFMADD213PS(a, a, p)
			y = v.choose(less, small, a, p, y)
			v.onlySign(x, x)
			if v.wide() {
				VPORD(x, y, y)
			} else {
				VORPS(x, y, y)
			}
			v.store(y, "dst")
		}
	})
	over(s, z, "softplus", []string{"dst", "src"}, "", "sets dst to log(1+eˣ), x in src.", func(v *vector) func() {
		low, high, zero, border := v.constant(low), v.constant(high), v.new(), v.constant(math.Sqrt2-1)
		v.zero(zero)
		return func() {
			x, a, less1, e, square := v.load("src"), v.new(), v.new(), v.new(), v.new()
			v.withSign(x, a)
			f := v.exp(a, low, high)
			v.with(VADDPS, VADDPS_BCST, -1, f, less1)
			v.with(VMULPS, VMULPS_BCST, 0.5, less1, less1)
			VBROADCASTSS(number(math.Float32bits(math.Ln2)), e)
			v.pick(greater, border, f, e)
			f = v.choose(greater, border, f, less1, f)
			p := v.polynomial(f, 7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
				-1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1)
			VMULPS(f, f, square)
			VMULPS(f, p, p)
			VMULPS(square, p, p)
			v.with(VFNMADD231PS, VFNMADD231PS_BCST, 0.5, square, p)
			VADDPS(f, p, p)
			VADDPS(e, p, p)
			VMAXPS(x, zero, x)
			VADDPS(x, p, p)
			v.store(p, "dst")
		}
	})
}

// strides emits loops over n numbers, so many registers at a time and then one; f
// emits what is done with each. What is left of n is less than a register.
func (v *vector) strides(n reg.Register, most int, f func(i int)) {
	lanes := v.width / v.bytes
	for _, registers := range []int{most, 1} {
		again, done := label("again"), label("done")
		SUBQ(I32(int32(registers*lanes)), n)
		JLT(LabelRef(done))
		Label(again)
		for i := range registers {
			f(i)
		}
		ADDQ(I32(int32(registers*v.width)), v.at)
		SUBQ(I32(int32(registers*lanes)), n)
		JGE(LabelRef(again))
		Label(done)
		ADDQ(I32(int32(registers*lanes)), n)
	}
}

// dot32 emits the sum of products of float32, four registers at a time.
func dot32(s shape, z size) {
	name := "dot32" + s.unit
	v := &vector{shape: s, size: z, pointers: map[string]reg.Register{}}
	TEXT(name, NOSPLIT, "func(x, y *float32, n int) float32")
	Pragma("noescape")
	Doc(name + " is Σ x_i y_i.")
	for _, p := range []string{"x", "y"} {
		v.pointers[p] = Load(Param(p), GP64())
	}
	n := Load(Param("n"), GP64())
	v.at = GP64()
	XORL(v.at.(reg.GPVirtual).As32(), v.at.(reg.GPVirtual).As32())
	var sums [4]reg.VecVirtual
	for i := range sums {
		sums[i] = v.new()
		v.zero(sums[i])
	}
	v.strides(n, 4, func(i int) {
		r, m := v.new(), v.place("x")
		m.Disp = i * s.width
		VMOVUPS(m, r)
		m.Base = v.pointers["y"]
		VFMADD231PS(m, r, sums[i])
	})
	end := label("end")
	TESTQ(n, n)
	JZ(LabelRef(end))
	v.masked(n)
	VFMADD231PS(v.load("x"), v.load("y"), sums[1])
	Label(end)
	VADDPS(sums[1], sums[0], sums[0])
	VADDPS(sums[3], sums[2], sums[2])
	VADDPS(sums[2], sums[0], sums[0])
	low := sums[0].AsY()
	high := YMM()
	if v.wide() {
		VEXTRACTF64X4(U8(1), sums[0], high)
		VADDPS(high, low, low)
	}
	VEXTRACTF128(U8(1), low, high.AsX())
	x := low.(reg.VecVirtual).AsX()
	VADDPS(high.AsX(), x, x)
	VPERMILPD(U8(1), x, high.AsX())
	VADDPS(high.AsX(), x, x)
	VPSRLQ(U8(32), x, high.AsX())
	VADDSS(high.AsX(), x, x)
	VZEROUPPER()
	Store(x, ReturnIndex(0))
	RET()
}

// dots32 emits four sums of products of float32 with the same numbers, two
// registers at a time.
func dots32(s shape, z size) {
	name := "dots32" + s.unit
	v := &vector{shape: s, size: z, pointers: map[string]reg.Register{}}
	TEXT(name, NOSPLIT, "func(out *[4]float32, x, y *float32, step, n int)")
	Pragma("noescape")
	Doc(name + " sets out_r to Σ x_i y_ri; the rows of y are step bytes apart.")
	rows := []string{"y", "y1", "y2", "y3"}
	v.pointers["x"], v.pointers["y"] = Load(Param("x"), GP64()), Load(Param("y"), GP64())
	step, n := Load(Param("step"), GP64()), Load(Param("n"), GP64())
	for r := 1; r < len(rows); r++ {
		next := GP64()
		LEAQ(Mem{Base: v.pointers[rows[r-1]], Index: step, Scale: 1}, next)
		v.pointers[rows[r]] = next
	}
	v.at = GP64()
	XORL(v.at.(reg.GPVirtual).As32(), v.at.(reg.GPVirtual).As32())
	var sums [4][2]reg.VecVirtual
	for r := range sums {
		for i := range sums[r] {
			sums[r][i] = v.new()
			v.zero(sums[r][i])
		}
	}
	v.strides(n, 2, func(i int) {
		x, m := v.new(), v.place("x")
		m.Disp = i * s.width
		VMOVUPS(m, x)
		for r := range sums {
			m.Base = v.pointers[rows[r]]
			VFMADD231PS(m, x, sums[r][i])
		}
	})
	end := label("end")
	TESTQ(n, n)
	JZ(LabelRef(end))
	v.masked(n)
	x := v.load("x")
	for r := range sums {
		VFMADD231PS(v.load(rows[r]), x, sums[r][1])
	}
	Label(end)
	var half [4]reg.Register
	for r := range sums {
		VADDPS(sums[r][1], sums[r][0], sums[r][0])
		half[r] = sums[r][0].AsY()
		if v.wide() {
			high := YMM()
			VEXTRACTF64X4(U8(1), sums[r][0], high)
			VADDPS(high, half[r], half[r])
		}
	}
	Comment("Pairs are added until every lane of four numbers has one of each row.")
	VHADDPS(half[1], half[0], half[0])
	VHADDPS(half[3], half[2], half[2])
	VHADDPS(half[2], half[0], half[0])
	high, low := XMM(), half[0].(reg.VecVirtual).AsX()
	VEXTRACTF128(U8(1), half[0], high)
	VADDPS(high, low, low)
	VMOVUPS(low, Mem{Base: Load(Param("out"), GP64())})
	VZEROUPPER()
	RET()
}
