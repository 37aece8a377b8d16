package num

// The vector units there are kernels for, the better the greater.
const (
	generic = iota // none: Go alone
	avx2           // with FMA
	avx512
)
