package main

import (
	"sync"

	"golang.org/x/sys/cpu"
)

// multiplyAdd512 makes 10n multiplications and additions of 16 float32.
func multiplyAdd512(n int)

// multiplyAdd256 makes 10n of 8.
func multiplyAdd256(n int)

// peak is how many operations of float32 a second one core can do: the best of
// many runs of nothing but multiplying and adding, in processor time, by the
// better unit; 0 where unknown.
var peak = sync.OnceValue(func() float64 {
	best := 0.0
	if cpu.X86.HasFMA {
		best = max(best, rate(8, multiplyAdd256))
	}
	if cpu.X86.HasAVX512F {
		best = max(best, rate(16, multiplyAdd512))
	}
	return best
})

func rate(lanes float64, loop func(n int)) float64 {
	const n, runs = 1 << 18, 501
	best := 0.0
	for range runs {
		begin, ok := processor()
		loop(n)
		end, _ := processor()
		if ok && end > begin {
			best = max(best, 2*lanes*10*n/(end-begin))
		}
	}
	return best
}
