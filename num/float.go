package num

import "unsafe"

// Float is what the kernels work on: float32 for networks, float64 for
// everything that is solved to a certificate.
type Float interface{ float32 | float64 }

// sizeOf is the size of F in bytes: a constant to the compiler.
func sizeOf[F Float]() int {
	var v F
	return int(unsafe.Sizeof(v))
}

// as returns x as numbers of the type it has.
func as[T, F Float](x []F) []T {
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(x))), len(x))
}
