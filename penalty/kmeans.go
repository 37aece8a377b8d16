package penalty

import (
	"math"
	"math/rand/v2"

	"github.com/kindred-mtl/kindred/num"
)

// cluster puts the tasks into at most k groups by their weights: k-means on the
// k − 1 directions in which the tasks differ most, which is what k centres span
// around their mean. It returns a number a column, groups in the order of
// first appearance.
//
// Zha, He, Ding, Gu, Simon, Spectral relaxation for k-means clustering, NIPS
// 2001.
func cluster(l Layout, w *num.Dense, k int) []int {
	x, place := byTask(l, w)
	group := kmeans(principal(x, k-1), min(k, x.Cols))
	number, out := map[int]int{}, make([]int, len(l.Task))
	for c, t := range l.Task {
		g := group[place[t]]
		if _, seen := number[g]; !seen {
			number[g] = len(number)
		}
		out[c] = number[g]
	}
	return out
}

// principal returns the coordinates of the columns of x in the n directions in
// which they are longest together, a row each.
func principal(x *num.Dense, n int) *num.Dense {
	n = min(n, x.Rows, x.Cols)
	points := num.NewDense(x.Cols, n)
	if x.Rows < x.Cols {
		_, q := num.SymEigen(num.Gram(asMatrix(transpose(x)), nil, nil))
		along := num.Product(transpose(x), q)
		for i := range points.Rows {
			for c := range n {
				points.Set(i, c, along.At(i, x.Rows-1-c))
			}
		}
		return points
	}
	square, q := num.SymEigen(num.Gram(asMatrix(x), nil, nil))
	for i := range points.Rows {
		for c := range n {
			from := x.Cols - 1 - c
			points.Set(i, c, q.At(i, from)*math.Sqrt(max(0, square[from])))
		}
	}
	return points
}

// byTask returns the weights with all columns of a task in one, slot below
// slot, less the mean over tasks, and the place of each task.
func byTask(l Layout, w *num.Dense) (x *num.Dense, place map[int]int) {
	place, slots := map[int]int{}, 0
	for c, t := range l.Task {
		if _, seen := place[t]; !seen {
			place[t] = len(place)
		}
		slots = max(slots, l.Slot[c]+1)
	}
	x = num.NewDense(w.Rows*slots, len(place))
	for c, t := range l.Task {
		for j := range w.Rows {
			x.Set(l.Slot[c]*w.Rows+j, place[t], w.At(j, c))
		}
	}
	for i := range x.Rows {
		mean := num.Sum(x.Row(i)) / float64(x.Cols)
		for t := range x.Row(i) {
			x.Row(i)[t] -= mean
		}
	}
	return x, place
}

// kmeansStarts is how often k-means starts; the best end counts.
const kmeansStarts = 20

// kmeans is the best of some starts from a fixed seed.
func kmeans(x *num.Dense, k int) []int {
	random := rand.New(rand.NewPCG(1, uint64(k)))
	var best []int
	least := math.Inf(1)
	for range kmeansStarts {
		if group, cost := KMeans(x, k, random); cost < least*(1-1e-12) {
			best, least = group, cost
		}
	}
	return best
}

// KMeans assigns the rows of x to k centres so that the sum of the squared
// distances, which it returns, is small: from one start, drawn by k-means++.
//
// Lloyd, Least squares quantization in PCM, IEEE Transactions on Information
// Theory 28, 1982; Arthur, Vassilvitskii, k-means++: the advantages of careful
// seeding, SODA 2007.
func KMeans(x *num.Dense, k int, random *rand.Rand) (group []int, cost float64) {
	centres := seeds(x, k, random)
	group = make([]int, x.Rows)
	cost = assign(group, x, centres)
	for range 100 {
		recentre(centres, x, group)
		next := assign(group, x, centres)
		if !(next < cost) {
			break
		}
		cost = next
	}
	return group, cost
}

// seeds are rows of x, each the likelier the further from those before.
func seeds(x *num.Dense, k int, random *rand.Rand) *num.Dense {
	centres := num.NewDense(k, x.Cols)
	far := make([]float64, x.Rows)
	for i := range far {
		far[i] = math.Inf(1)
	}
	next := random.IntN(x.Rows)
	for c := range k {
		copy(centres.Row(c), x.Row(next))
		for i := range far {
			far[i] = min(far[i], squareDistance(x.Row(i), centres.Row(c)))
		}
		at := random.Float64() * num.Sum(far)
		for next = 0; next < x.Rows-1 && at >= far[next]; next++ {
			at -= far[next]
		}
	}
	return centres
}

// assign gives each row its nearest centre and returns the sum of the squared
// distances.
func assign(group []int, x, centres *num.Dense) float64 {
	total := 0.0
	for i := range group {
		least := math.Inf(1)
		for c := range centres.Rows {
			if d := squareDistance(x.Row(i), centres.Row(c)); d < least {
				least, group[i] = d, c
			}
		}
		total += least
	}
	return total
}

// recentre moves each centre to the mean of its rows; one without rows stays.
func recentre(centres, x *num.Dense, group []int) {
	sum, count := num.NewDense(centres.Rows, centres.Cols), make([]float64, centres.Rows)
	for i, c := range group {
		num.Axpy(1, x.Row(i), sum.Row(c))
		count[c]++
	}
	for c, n := range count {
		if n == 0 {
			continue
		}
		for j, v := range sum.Row(c) {
			centres.Row(c)[j] = v / n
		}
	}
}

func squareDistance(a, b []float64) float64 {
	s := 0.0
	for i, v := range a {
		s += (v - b[i]) * (v - b[i])
	}
	return s
}
