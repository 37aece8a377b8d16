package prep

import (
	"cmp"
	"math"
	"slices"
)

// halfway is how near to half of the weight counts as half.
const halfway = 1e-12

// median is the weighted median of numbers from lo to hi, all of weight above
// 0: the least one with at least half the weight at or below it, or the middle
// between it and the next one where it is exactly half.
func median(x, w []float64, lo, hi float64) float64 {
	total := 0.0
	for _, v := range w[:len(x)] {
		total += v
	}
	value, below := lowerMedian(x, w, lo, hi, total/2)
	if math.Abs(below-total/2) > halfway*total {
		return value
	}
	next := math.Inf(1)
	for _, v := range x {
		if v > value && v < next {
			next = v
		}
	}
	if math.IsInf(next, 1) {
		return value
	}
	return value/2 + next/2
}

// lowerMedian is the least number with the weight half at or below it, and
// what that weight is. It counts weights in bins and goes on with the bin that
// holds the median; what is left after some rounds is sorted.
func lowerMedian(x, w []float64, lo, hi, half float64) (value, below float64) {
	const bins, rounds = 512, 4
	for range rounds {
		factor := (bins - 0.5) / (hi - lo)
		if len(x) <= bins || !(hi-lo > 0) || !(factor > 0 && factor <= math.MaxFloat64) {
			break
		}
		var bin [bins]float64
		for i, v := range x {
			bin[min(uint((v-lo)*factor), bins-1)] += w[i]
		}
		b := 0
		for ; b < bins-1 && below+bin[b] < half*(1-halfway); b++ {
			below += bin[b]
		}
		x, w, lo, hi = inBin(x, w, lo, factor, uint(b), bins-1)
	}
	if len(x) > 0 && lo == hi {
		for _, v := range w {
			below += v
		}
		return lo, below
	}
	return sortedMedian(x, w, below, half)
}

// inBin takes the numbers in bin b, and their range.
func inBin(x, w []float64, lo, factor float64, b, last uint) (bx, bw []float64, least, most float64) {
	least, most = math.Inf(1), math.Inf(-1)
	for i, v := range x {
		if min(uint((v-lo)*factor), last) == b {
			bx, bw = append(bx, v), append(bw, w[i])
			least, most = min(least, v), max(most, v)
		}
	}
	return bx, bw, least, most
}

// sortedMedian is lowerMedian by sorting; the weight below is less than half.
func sortedMedian(x, w []float64, below, half float64) (float64, float64) {
	order := make([]int, len(x))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(x[a], x[b]) })
	for k, i := range order {
		below += w[i]
		last := k+1 == len(order)
		if (below >= half*(1-halfway) || last) && (last || x[order[k+1]] != x[i]) {
			return x[i], below
		}
	}
	return 0, below
}
