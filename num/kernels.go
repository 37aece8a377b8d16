package num

import "unsafe"

// The vector units there are kernels for, the better the greater.
const (
	generic = iota // none: Go alone
	avx2           // with FMA
	avx512
)

// What kernel returns: a unit with the size of a number.
const (
	avx2x32   = 2 * avx2
	avx2x64   = 2*avx2 + 1
	avx512x32 = 2 * avx512
	avx512x64 = 2*avx512 + 1
)

// kernel tells which kernels n numbers are given to; those of Go for none.
func kernel[F Float](n int) int {
	if n == 0 {
		return generic
	}
	return 2*unit + sizeOf[F]()/8
}

// first is where the numbers of x lie, as numbers of the type they have.
func first[T, F Float](x []F) *T { return (*T)(unsafe.Pointer(unsafe.SliceData(x))) }
