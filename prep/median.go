package prep

import (
	"cmp"
	"math"
	"slices"

	"github.com/kindred-mtl/kindred/num"
)

// halfway is how near to half of the weight counts as half.
const halfway = 1e-12

// median is the weighted median of numbers from lo to hi, all of weight above
// 0, total together: the least one with at least half the weight at or below
// it, or the middle between it and the next one where it is exactly half.
//
// It adds up the weights in bins and goes on with the bin that holds the
// median; what is left after some rounds is sorted.
func median(x, w []float64, lo, hi, total float64) float64 {
	const rounds = 4
	below, above := 0.0, math.Inf(1) // the weight below x, and the least number above
	for range rounds {
		factor := (bins - 0.5) / (hi - lo)
		if len(x) <= bins/8 || !(factor > 0 && factor <= math.MaxFloat64) {
			break
		}
		bin, weight := binned(x, w, lo, factor)
		b := 0
		for ; b < bins-1 && below+weight[b] < total/2*(1-halfway); b++ {
			below += weight[b]
		}
		next := b + 1
		for next < bins && weight[next] == 0 {
			next++
		}
		x, w, lo, hi, above = inBin(x, w, bin, b, next, above)
	}
	if lo == hi {
		x, w = []float64{lo}, []float64{num.Sum(w[:len(x)])}
	}
	return sortedMedian(x, w, below, above, total)
}

const bins = 512

// binned is the bin of each number, and the weight in each bin. Every other
// number is added to other sums, so that none waits for the one before.
func binned(x, w []float64, lo, factor float64) (bin []uint16, weight [bins]float64) {
	var other [bins]float64
	bin, w = make([]uint16, len(x)), w[:len(x)]
	i := 0
	for ; i+2 <= len(x); i += 2 {
		a, b := int((x[i]-lo)*factor)&(bins-1), int((x[i+1]-lo)*factor)&(bins-1)
		bin[i], bin[i+1] = uint16(a), uint16(b)
		weight[a] += w[i]
		other[b] += w[i+1]
	}
	if i < len(x) {
		a := int((x[i]-lo)*factor) & (bins - 1)
		bin[i] = uint16(a)
		weight[a] += w[i]
	}
	for b, v := range other {
		weight[b] += v
	}
	return bin, weight
}

// inBin takes the numbers in bin b, their range, and the least number in bin
// next.
func inBin(x, w []float64, bin []uint16, b, next int, above float64) (bx, bw []float64, least, most, a float64) {
	least, most = math.Inf(1), math.Inf(-1)
	for _, i := range placesIn(bin, b, next) {
		switch v := x[i]; int(bin[i]) {
		case b:
			bx, bw = append(bx, v), append(bw, w[i])
			least, most = min(least, v), max(most, v)
		case next:
			above = min(above, v)
		}
	}
	return bx, bw, least, most, above
}

// placesIn lists the numbers in bins from to to. One comparison a number, and no
// jump that it might take or not.
func placesIn(bin []uint16, from, to int) []int32 {
	places, n := make([]int32, len(bin)+1), 0
	for i, at := range bin {
		places[n] = int32(i)
		if uint(at)-uint(from) <= uint(to-from) {
			n++
		}
	}
	return places[:n]
}

// sortedMedian is median by sorting.
func sortedMedian(x, w []float64, below, above, total float64) float64 {
	order := make([]int, len(x))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(x[a], x[b]) })
	for k, i := range order {
		below += w[i]
		next := above
		if k+1 < len(order) {
			next = x[order[k+1]]
		}
		switch {
		case next == x[i], below < total/2*(1-halfway) && k+1 < len(order):
		case below > total/2*(1+halfway) || math.IsInf(next, 1):
			return x[i]
		default:
			return x[i]/2 + next/2
		}
	}
	return 0
}
