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
