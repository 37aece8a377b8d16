package linear

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/kindred-mtl/kindred/num"
)

// How many tasks divide looks at. The groups of more are found among a sample;
// all then move by the variances found there: work in proportion to the tasks.
const (
	mostDivided = 500
	sampled     = 400
)

// groups finds at most most groups of the tasks.
func (m *mixture) groups(ctx context.Context, most int, exactly bool) []int {
	found := m.best(ctx, most, exactly)
	if m.tasks > mostDivided && found.k > 1 {
		m.restore(found)
		m.climb()
		return m.group
	}
	return found.group
}

// best is the best division: of many tasks that of a sample, whose groups the
// others join.
func (m *mixture) best(ctx context.Context, most int, exactly bool) division {
	if m.tasks <= mostDivided {
		return m.divide(ctx, most, exactly)
	}
	some := rand.New(rand.NewPCG(1, 2)).Perm(m.tasks)[:sampled]
	slices.Sort(some)
	few := m.part(some)
	found := few.divide(ctx, most, exactly)
	few.restore(found)
	found.group = few.nearest(m)
	return found
}

// part is the mixture of these tasks.
func (m *mixture) part(tasks []int) *mixture {
	out := &mixture{tasks: len(tasks), noisy: m.noisy, noise: m.noise}
	for _, a := range m.aspects {
		some := &aspect{dims: a.dims, shared: a.shared, own: a.own, views: make([]view, len(tasks))}
		for i, t := range tasks {
			some.views[i] = a.views[t]
		}
		out.aspects = append(out.aspects, some)
	}
	return out
}

// nearest is for each task of all the group of m that it would join with the
// highest score.
func (m *mixture) nearest(all *mixture) []int {
	out := make([]int, all.tasks)
	num.For(all.tasks, func(t int) {
		most := math.Inf(-1)
		for g := range m.k {
			gain := math.Log(float64(m.size[g]+1)) - m.value[g]
			for i, a := range m.aspects {
				says := all.aspects[i].views[t].message(math.Exp2(a.own), math.Exp2(m.noise))
				sum := message{a: m.sums[i][g].a.Clone(), b: slices.Clone(m.sums[i][g].b)}
				if says.a != nil {
					num.Axpy(1, says.a.Data, sum.a.Data)
					num.Axpy(1, says.b, sum.b)
				}
				gain += evidence(sum.a, sum.b, math.Exp2(a.shared), make([]float64, a.dims*(a.dims+1)))
			}
			if gain > most {
				most, out[t] = gain, g
			}
		}
	})
	return out
}
