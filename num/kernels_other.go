//go:build !amd64

package num

// There is no assembly for this machine. Go's compiler leaves out every call of
// the functions below.
const unit = generic

const absent = "num: this machine has no such vector unit"

func dotAVX512(x, y []float64) float64     { panic(absent) }
func dotAVX2(x, y []float64) float64       { panic(absent) }
func axpyAVX512(a float64, x, y []float64) { panic(absent) }
func axpyAVX2(a float64, x, y []float64)   { panic(absent) }
func axpy4AVX512(y, a, x []float64)        { panic(absent) }
func axpy4AVX2(y, a, x []float64)          { panic(absent) }

func tileAVX512(c *float64, stride int, a, b, w *float64, n int) { panic(absent) }
func tileAVX2(c *float64, stride int, a, b, w *float64, n int)   { panic(absent) }

func multiply32AVX512(t *[12]int) { panic(absent) }
func multiply64AVX512(t *[12]int) { panic(absent) }
func multiply32AVX2(t *[12]int)   { panic(absent) }
func multiply64AVX2(t *[12]int)   { panic(absent) }

func transpose32AVX512(to, from *byte, gap, step, rows, n int) { panic(absent) }
func transpose64AVX512(to, from *byte, gap, step, rows, n int) { panic(absent) }
func transpose32AVX2(to, from *byte, gap, step, rows, n int)   { panic(absent) }
func transpose64AVX2(to, from *byte, gap, step, rows, n int)   { panic(absent) }

func add32AVX512(y, x *float32, n int)           { panic(absent) }
func mul32AVX512(y, x *float32, n int)           { panic(absent) }
func scale32AVX512(x *float32, n int, a float32) { panic(absent) }
func reluGrad32AVX512(d, y *float32, n int)      { panic(absent) }
func adam32AVX512(p, m, v, grad *float32, n int, rate, b1, a1, b2, a2, eps, inverse float32) {
	panic(absent)
}
func add64AVX512(y, x *float64, n int)           { panic(absent) }
func mul64AVX512(y, x *float64, n int)           { panic(absent) }
func scale64AVX512(x *float64, n int, a float64) { panic(absent) }
func reluGrad64AVX512(d, y *float64, n int)      { panic(absent) }
func adam64AVX512(p, m, v, grad *float64, n int, rate, b1, a1, b2, a2, eps, inverse float64) {
	panic(absent)
}
func axpy32AVX512(y, x *float32, n int, a float32)        { panic(absent) }
func dot32AVX512(x, y *float32, n int) float32            { panic(absent) }
func exp32AVX512(dst, src *float32, n int, shift float32) { panic(absent) }
func sigmoid32AVX512(dst, src *float32, n int)            { panic(absent) }
func tanh32AVX512(dst, src *float32, n int)               { panic(absent) }
func softplus32AVX512(dst, src *float32, n int)           { panic(absent) }
func add32AVX2(y, x *float32, n int)                      { panic(absent) }
func mul32AVX2(y, x *float32, n int)                      { panic(absent) }
func scale32AVX2(x *float32, n int, a float32)            { panic(absent) }
func reluGrad32AVX2(d, y *float32, n int)                 { panic(absent) }
func adam32AVX2(p, m, v, grad *float32, n int, rate, b1, a1, b2, a2, eps, inverse float32) {
	panic(absent)
}
func add64AVX2(y, x *float64, n int)           { panic(absent) }
func mul64AVX2(y, x *float64, n int)           { panic(absent) }
func scale64AVX2(x *float64, n int, a float64) { panic(absent) }
func reluGrad64AVX2(d, y *float64, n int)      { panic(absent) }
func adam64AVX2(p, m, v, grad *float64, n int, rate, b1, a1, b2, a2, eps, inverse float64) {
	panic(absent)
}
func axpy32AVX2(y, x *float32, n int, a float32)               { panic(absent) }
func dot32AVX2(x, y *float32, n int) float32                   { panic(absent) }
func dots32AVX2(out *[4]float32, x, y *float32, step, n int)   { panic(absent) }
func dots32AVX512(out *[4]float32, x, y *float32, step, n int) { panic(absent) }
func exp32AVX2(dst, src *float32, n int, shift float32)        { panic(absent) }
func sigmoid32AVX2(dst, src *float32, n int)                   { panic(absent) }
func tanh32AVX2(dst, src *float32, n int)                      { panic(absent) }
func softplus32AVX2(dst, src *float32, n int)                  { panic(absent) }

func lerp32AVX512(y, x *float32, n int, a float32) { panic(absent) }
func lerp64AVX512(y, x *float64, n int, a float64) { panic(absent) }
func lerp32AVX2(y, x *float32, n int, a float32)   { panic(absent) }
func lerp64AVX2(y, x *float64, n int, a float64)   { panic(absent) }
