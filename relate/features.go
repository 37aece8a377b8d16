package relate

import (
	"context"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/prep"
)

// Features compares the distributions of the tasks' prepared features by the
// distance of their means in the space of a Gaussian kernel,
//
//	MMD²(s, t) = mean k(x, x′) + mean k(z, z′) − 2 mean k(x, z),   x, x′ of s, z, z′ of t
//	k(x, z) = exp(−‖x − z‖² / 2σ²),   σ the median of ‖x − z‖
//
// and says exp(−MMD²/2τ) with τ the median MMD² of two tasks. The means are
// over all pairs, x = x′ among them, so that MMD is a distance of points and
// the matrix is positive semidefinite; it is too large by about 1/n_s + 1/n_t,
// alike for tasks of equal size. Of many rows a sample takes part, and rows
// count with their weights.
//
// Gretton, Borgwardt, Rasch, Schölkopf, Smola, A kernel two-sample test, JMLR
// 13, 2012, the biased statistic; Christmann, Steinwart, Universal kernels on
// non-standard input spaces, NIPS 2010, is the kernel of kernel means.
type Features struct {
	// Sample is how many rows of all tasks take part at most; 0: 6,000, or
	// 1,500 where they are sparse. A task has an equal part of it, and 16 rows
	// at least.
	Sample int `json:"sample" words:"rows of all tasks that take part at most; else 6000, sparse ones 1500"`
}

// Relate implements Measure.
func (m Features) Relate(ctx context.Context, s *kindred.Set, o Options) (*Relation, error) {
	first, same := &s.Tasks[0], true
	for i := range s.Tasks {
		same = same && s.Tasks[i].Table == first.Table && slices.Equal(s.Tasks[i].Rows, first.Rows)
	}
	if same {
		return nil, refuse("all tasks have the same rows, and so the same features")
	}
	ready, err := prep.Fit(ctx, o.Prep, s)
	if err != nil {
		return nil, err
	}
	if ready.Width() == 0 {
		return nil, refuse("no feature varies over the rows")
	}
	most := m.Sample
	if most == 0 {
		most = 6000
		if ready.Sparse() {
			most = 1500
		}
	}
	c := &cloud{start: []int{0}}
	for i := range s.Tasks {
		t := &s.Tasks[i]
		places := sample(t, max(16, most/len(s.Tasks)), o.Seed)
		some := t.Select(places)
		x, err := ready.Transform(ctx, t.Table, some.Rows)
		if err != nil {
			return nil, err
		}
		c.add(&some, x)
	}
	return c.relation(ctx), ctx.Err()
}

// sample draws at most n places of a task's rows; the task's name says which.
func sample(t *kindred.Task, n int, seed uint64) []int {
	h := fnv.New64a()
	h.Write([]byte(t.Name))
	places := rand.New(rand.NewPCG(seed, h.Sum64())).Perm(len(t.Rows))
	places = places[:min(n, len(places))]
	slices.Sort(places)
	return places
}

// A cloud is the sampled rows of all tasks.
type cloud struct {
	x      []*num.Matrix // of each task
	weight [][]float64   // of its rows, of sum 1
	start  []int
}

func (c *cloud) add(t *kindred.Task, x *num.Matrix) {
	w, total := make([]float64, x.Rows), 0.0
	for i := range w {
		w[i] = weight(t, i)
		total += w[i]
	}
	for i := range w {
		if total > 0 {
			w[i] /= total
		} else {
			w[i] = 1 / float64(len(w))
		}
	}
	c.x, c.weight = append(c.x, x), append(c.weight, w)
	c.start = append(c.start, c.start[len(c.start)-1]+x.Rows)
}

// relation is that of the tasks.
func (c *cloud) relation(ctx context.Context) *Relation {
	n := len(c.x)
	square := make([][]float64, n)
	num.For(n, func(t int) {
		square[t] = make([]float64, c.x[t].Rows)
		for i := range square[t] {
			_, v := c.x[t].Row(i)
			square[t][i] = num.Dot(v, v)
		}
	})
	width := c.width(square)
	k := num.NewDense(n, n) // mean of k
	num.For(n, func(s int) {
		x := c.x[s]
		buffer := make([]float64, x.Cols)
		for i := range x.Rows {
			if ctx.Err() != nil {
				return
			}
			x.Axpy(i, 1, buffer)
			for t := s; t < n; t++ {
				z, sum := c.x[t], 0.0
				for j := range z.Rows {
					d := square[s][i] + square[t][j] - 2*z.Dot(j, buffer)
					sum += c.weight[t][j] * math.Exp(-max(0, d)/(2*width))
				}
				k.Data[s*n+t] += c.weight[s][i] * sum
			}
			x.Axpy(i, -1, buffer)
		}
	})
	mmd := func(s, t int) float64 { return max(0, k.At(s, s)+k.At(t, t)-2*k.At(s, t)) }
	var all []float64
	for s := range n {
		for t := s + 1; t < n; t++ {
			all = append(all, mmd(s, t))
		}
	}
	tau := median(all)
	r := &Relation{Matrix: num.NewDense(n, n), Symmetric: true, Semidefinite: true}
	fill(r.Matrix, func(s, t int) float64 {
		if tau == 0 {
			return 1
		}
		return math.Exp(-mmd(s, t) / (2 * tau))
	})
	return r
}

// widthRows is how many rows of all tasks say how wide the kernel is.
const widthRows = 600

// width is σ², from a few rows of each task.
func (c *cloud) width(square [][]float64) float64 {
	type row struct{ task, i int }
	var rows []row
	for t := range c.x {
		for i := range min(c.x[t].Rows, max(2, widthRows/len(c.x))) {
			rows = append(rows, row{t, i})
		}
	}
	var far []float64
	buffer := make([]float64, c.x[0].Cols)
	for k, a := range rows {
		c.x[a.task].Axpy(a.i, 1, buffer)
		for _, b := range rows[:k] {
			far = append(far, max(0, square[a.task][a.i]+square[b.task][b.i]-2*c.x[b.task].Dot(b.i, buffer)))
		}
		c.x[a.task].Axpy(a.i, -1, buffer)
	}
	if m := median(far); m > 0 {
		return m
	}
	return 1
}

// median of numbers, which it sorts; 0 of none.
func median(x []float64) float64 {
	if len(x) == 0 {
		return 0
	}
	slices.Sort(x)
	return (x[(len(x)-1)/2] + x[len(x)/2]) / 2
}
