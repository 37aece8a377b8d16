package num

import (
	"os"

	"golang.org/x/sys/cpu"
)

//go:generate go -C internal/gen run . -out ../../kernels_amd64.s -stubs ../../stubs_amd64.go -pkg num

// unit is the vector unit that long vectors are given to.
var unit = choose(os.Getenv("KINDRED_CPU"))

// choose returns the best unit of this machine, or the one named if it is less.
func choose(name string) int {
	best := generic
	switch {
	case cpu.X86.HasAVX512F && cpu.X86.HasAVX2 && cpu.X86.HasFMA:
		best = avx512
	case cpu.X86.HasAVX2 && cpu.X86.HasFMA:
		best = avx2
	}
	switch name {
	case "", "avx512":
		return best
	case "avx2":
		return min(best, avx2)
	case "generic":
		return generic
	}
	panic("num: KINDRED_CPU is " + name + "; it is generic, avx2 or avx512")
}
