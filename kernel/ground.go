package kernel

import (
	"cmp"
	"context"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/prep"
)

// A ground is a set whose columns are prepared: what kernels stand on.
type ground struct {
	set    *kindred.Set
	prep   *prep.Prep
	rows   []*num.Matrix // of each table, those that tasks list
	places [][]int       // of each task's rows, among those of its table
	table  []int         // of each task
	weight [][]float64   // of each table's rows: that of all tasks together
	listed [][]int       // of each table, where its rows are
}

// newGround learns how to prepare s, and does.
func newGround(ctx context.Context, o prep.Options, s *kindred.Set) (*ground, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	p, err := prep.Fit(ctx, o, s)
	if err != nil {
		return nil, err
	}
	return stand(ctx, p, s)
}

// stand prepares the rows that the tasks of s list.
func stand(ctx context.Context, p *prep.Prep, s *kindred.Set) (*ground, error) {
	g := &ground{set: s, prep: p}
	g.listed, g.places = s.Listed()
	at := map[*kindred.Table]int{}
	for i, t := range s.Tables() {
		x, err := g.prep.Transform(ctx, t, g.listed[i])
		if err != nil {
			return nil, err
		}
		at[t], g.rows, g.weight = i, append(g.rows, x), append(g.weight, make([]float64, x.Rows))
	}
	for k := range s.Tasks {
		t := &s.Tasks[k]
		g.table = append(g.table, at[t.Table])
		for p, place := range g.places[k] {
			g.weight[g.table[k]][place] += weight(t, p)
		}
	}
	return g, nil
}

func weight(t *kindred.Task, i int) float64 {
	if t.Weight == nil {
		return 1
	}
	return t.Weight[i]
}

// variance is Σ_j var x_j over the rows.
func (g *ground) variance() float64 {
	mean, total := make([]float64, g.prep.Width()), 0.0
	for i, x := range g.rows {
		x.AddMulTVec(mean, g.weight[i])
		total += num.Sum(g.weight[i])
	}
	for j := range mean {
		mean[j] /= total
	}
	sum, center := 0.0, num.Dot(mean, mean)
	for i, x := range g.rows {
		for r, w := range g.weight[i] {
			_, v := x.Row(r)
			if x.Sparse() {
				sum += w * (num.Dot(v, v) - center)
				continue
			}
			for j, m := range mean {
				sum += w * (v[j] - m) * (v[j] - m)
			}
		}
	}
	if v := sum / total; v > 0 && v <= math.MaxFloat64 {
		return v
	}
	return 1
}

// distinct are the rows of weight above 0 that differ, in lexicographic order:
// they do not depend on the order of rows, tasks and tables. Where there are
// more than most, as many of them are drawn.
func (g *ground) distinct(most int, seed uint64) *num.Matrix {
	var at [][2]int
	for i := range g.rows {
		for r, w := range g.weight[i] {
			if w > 0 {
				at = append(at, [2]int{i, r})
			}
		}
	}
	compare := func(a, b [2]int) int {
		i, v := g.rows[a[0]].Row(a[1])
		j, u := g.rows[b[0]].Row(b[1])
		return cmp.Or(slices.Compare(i, j), slices.Compare(v, u))
	}
	slices.SortFunc(at, compare)
	at = slices.CompactFunc(at, func(a, b [2]int) bool { return compare(a, b) == 0 })
	if len(at) > most {
		drawn := rand.New(rand.NewPCG(seed, 0x6c616e646d61726b)).Perm(len(at))[:most]
		slices.Sort(drawn)
		for k, place := range drawn {
			at[k] = at[place]
		}
		at = at[:most]
	}
	return gather(g.rows, at)
}

// gather copies rows, each given by its matrix and its place there.
func gather(from []*num.Matrix, at [][2]int) *num.Matrix {
	ptr, index, data := []int{0}, []int32{}, []float64{}
	for _, p := range at {
		i, v := from[p[0]].Row(p[1])
		index, data = append(index, i...), append(data, v...)
		ptr = append(ptr, len(data))
	}
	if from[0].Sparse() {
		return num.NewSparse(from[0].Cols, ptr, index, data)
	}
	return &num.Matrix{Rows: len(at), Cols: from[0].Cols, Data: data}
}
