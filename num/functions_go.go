package num

import "math"

// The functions of float32 here and in the assembly are the same formulas.
// Polynomials: Moshier, Cephes Mathematical Library, single precision, 1992
// (expf, tanhf, logf).

const (
	log2e = 1.4426950408889634
	ln2Hi = 0.693359375 // of nine bits: its product with an exponent is exact
	ln2Lo = -2.12194440054690583e-4

	expLow, expHigh = -104, 89 // beyond, eˣ rounds to 0 and overflows
)

// exp32 is 2ⁿ eʳ, n the integer nearest x/ln 2.
func exp32(x float32) float32 {
	x = min(max(x, expLow), expHigh)
	if x != x {
		return x
	}
	n := float32(math.RoundToEven(float64(x * log2e)))
	r := x - n*ln2Hi
	r -= n * ln2Lo
	p := float32(1.9875691500e-4)
	p = p*r + 1.3981999507e-3
	p = p*r + 8.3334519073e-3
	p = p*r + 4.1665795894e-2
	p = p*r + 1.6666665459e-1
	p = p*r + 5.0000001201e-1
	p = p*(r*r) + r + 1
	half := int32(n) >> 1
	return p * power(half) * power(int32(n)-half)
}

// power is 2ⁿ, |n| ≤ 126.
func power(n int32) float32 { return math.Float32frombits(uint32(n+127) << 23) }

func abs32(x float32) float32 { return math.Float32frombits(math.Float32bits(x) &^ (1 << 31)) }

func sigmoid32(x float32) float32 {
	z := exp32(-abs32(x))
	if x < 0 {
		return z / (1 + z)
	}
	return 1 / (1 + z)
}

func sigmoid64(x float64) float64 {
	z := math.Exp(-math.Abs(x))
	if x < 0 {
		return z / (1 + z)
	}
	return 1 / (1 + z)
}

// tanhSmall is from where on tanh is 1 − 2/(1+e²ˣ), and an odd polynomial below.
const tanhSmall = 0.625

func tanh32(x float32) float32 {
	a := abs32(x)
	var y float32
	if a < tanhSmall {
		z := a * a
		p := float32(-5.70498872745e-3)
		p = p*z + 2.06390887954e-2
		p = p*z - 5.37397155531e-2
		p = p*z + 1.33314422036e-1
		p = p*z - 3.33332819422e-1
		y = p*z*a + a
	} else {
		y = 1 - 2/(1+exp32(2*a))
	}
	return math.Float32frombits(math.Float32bits(y) | math.Float32bits(x)&(1<<31))
}

// softplus32 is max(x, 0) + log(1+z) with z = e^−|x|. Where 1+z > √2, half of
// it is taken.
func softplus32(x float32) float32 {
	z := exp32(-abs32(x))
	high := max(x, 0)
	e := float32(0)
	if z > math.Sqrt2-1 {
		z = (z - 1) / 2
		e = math.Ln2
	}
	s := z * z
	p := float32(7.0376836292e-2)
	p = p*z - 1.1514610310e-1
	p = p*z + 1.1676998740e-1
	p = p*z - 1.2420140846e-1
	p = p*z + 1.4249322787e-1
	p = p*z - 1.6668057665e-1
	p = p*z + 2.0000714765e-1
	p = p*z - 2.4999993993e-1
	p = p*z + 3.3333331174e-1
	y := p*z*s - s/2 + z
	return high + (e + y)
}

func adamGo[F Float](p, m, v, g []F, rate, b1, b2, eps, inverse F) {
	for i, d := range g {
		m[i] = b1*m[i] + (1-b1)*d
		v[i] = b2*v[i] + (1-b2)*(d*d)
		p[i] -= rate * m[i] / (F(math.Sqrt(float64(v[i]*inverse))) + eps)
	}
}
