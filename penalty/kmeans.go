package penalty

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/kindred-mtl/kindred/num"
)

// mostGroups is the largest number of groups tried where it is left open.
const mostGroups = 5

// cluster puts the tasks into at most k groups by their weights: k-means on the
// k − 1 directions in which the tasks differ most, which is what k centres span
// around their mean. It returns a number a column, groups in the order of
// first appearance; k = 0 leaves their number open.
//
// Zha, He, Ding, Gu, Simon, Spectral relaxation for k-means clustering, NIPS
// 2001.
func cluster(l Layout, w *num.Dense, k int) []int {
	x, place := byTask(l, w)
	var group []int
	if k > 0 {
		group = kmeans(principal(x, k-1), min(k, x.Cols))
	} else {
		group = fewest(x)
	}
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

// fewest groups the columns of x by the least number of groups, from 2 to 5,
// whose silhouette is within a tenth of the largest.
func fewest(x *num.Dense) []int {
	points := principal(x, mostGroups-1)
	groups, scores := [][]int{make([]int, x.Cols)}, []float64{0}
	for k := 2; k <= min(mostGroups, x.Cols-1); k++ {
		g := kmeans(principal(x, k-1), k)
		groups, scores = append(groups, g), append(scores, silhouette(points, g, k))
	}
	if len(groups) == 1 {
		return groups[0]
	}
	enough := 0.9 * slices.Max(scores)
	return groups[1+slices.IndexFunc(scores[1:], func(s float64) bool { return !(s < enough) })]
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

// silhouette is the mean of 1 − a/b over the rows, a their distance from the
// centre of their group and b from the nearest other one.
//
// Rousseeuw, Silhouettes: a graphical aid to the interpretation and validation
// of cluster analysis, Journal of Computational and Applied Mathematics 20,
// 1987; with centres for groups as Vendramin, Campello, Hruschka, Relative
// clustering validity criteria, Statistical Analysis and Data Mining 3, 2010.
func silhouette(x *num.Dense, group []int, k int) float64 {
	centres, sum := num.NewDense(k, x.Cols), 0.0
	recentre(centres, x, group)
	for i, g := range group {
		a, b := squareDistance(x.Row(i), centres.Row(g)), math.Inf(1)
		for c := range k {
			if c != g {
				b = min(b, squareDistance(x.Row(i), centres.Row(c)))
			}
		}
		if b > 0 {
			sum += 1 - math.Sqrt(a/b)
		}
	}
	return sum / float64(x.Rows)
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

// kmeans assigns the rows of x to k centres so that the squared distances are
// small. The starts are drawn by k-means++ from a fixed seed.
//
// Lloyd, Least squares quantization in PCM, IEEE Transactions on Information
// Theory 28, 1982; Arthur, Vassilvitskii, k-means++: the advantages of careful
// seeding, SODA 2007.
func kmeans(x *num.Dense, k int) []int {
	random := rand.New(rand.NewPCG(1, uint64(k)))
	var best []int
	least := math.Inf(1)
	for range kmeansStarts {
		centres := seeds(x, k, random)
		group := make([]int, x.Rows)
		cost := assign(group, x, centres)
		for range 100 {
			recentre(centres, x, group)
			next := assign(group, x, centres)
			if !(next < cost) {
				break
			}
			cost = next
		}
		if cost < least*(1-1e-12) {
			best, least = slices.Clone(group), cost
		}
	}
	return best
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
