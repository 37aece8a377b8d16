package relate

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
)

// Spectral takes the tasks for a graph of ties A and cuts few and weak ones: it
// runs k-means on the rows, of length 1, of the eigenvectors to the k largest
// eigenvalues of
//
//	D^−½ A D^−½,   A_st = exp(−d_st² / 2τ), A_tt = 0,   D = diag(A1)
//
// which are those to the smallest of the normalized Laplacian. τ is the median
// d² of two tasks; k-means is the best of 20 starts from a fixed seed.
//
// Ng, Jordan, Weiss, On spectral clustering: analysis and an algorithm, NIPS
// 2001.
type Spectral struct{}

// starts is how often k-means starts.
const starts = 20

// Cut implements Clustering.
func (Spectral) Cut(r *Relation, counts []int) []*Grouping {
	_, vectors := num.SymEigen(ties(Distances(r)))
	n, out := vectors.Rows, make([]*Grouping, len(counts))
	for i, k := range counts {
		x := num.NewDense(n, k)
		for t := range x.Rows {
			row := x.Row(t)
			for c := range k {
				row[c] = vectors.At(t, n-1-c)
			}
			if length := num.Norm(row); length > 0 {
				num.Scale(row, 1/length)
			}
		}
		random := rand.New(rand.NewPCG(1, uint64(k)))
		least, best := math.Inf(1), []int(nil)
		for range starts {
			if groups, cost := penalty.KMeans(x, k, random); cost < least*(1-1e-12) {
				least, best = cost, groups
			}
		}
		out[i] = &Grouping{Groups: inOrder(best)}
	}
	return out
}

// ties is D^−½ A D^−½.
func ties(d *num.Dense) *num.Dense {
	n := d.Rows
	var squares []float64
	for s := range n {
		for t := range s {
			squares = append(squares, d.At(s, t)*d.At(s, t))
		}
	}
	slices.Sort(squares)
	tau := median(squares)
	if tau == 0 {
		tau = 1
	}
	a, degree := num.NewDense(n, n), make([]float64, n)
	for s := range n {
		for t := range n {
			if s != t {
				a.Set(s, t, math.Exp(-d.At(s, t)*d.At(s, t)/(2*tau)))
			}
		}
		degree[s] = num.Sum(a.Row(s))
	}
	for s := range n {
		for t := range n {
			if degree[s] > 0 && degree[t] > 0 {
				a.Data[s*n+t] /= math.Sqrt(degree[s]) * math.Sqrt(degree[t])
			}
		}
	}
	return a
}
