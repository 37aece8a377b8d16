package split

import (
	"cmp"
	"math"
	"slices"

	"github.com/kindred-mtl/kindred"
)

// Subsample returns f with only the fraction train of the training rows of
// each task and label, for learning curves: with one seed, a smaller fraction
// gives a subset of a larger one. At least one row of each class of a task
// stays, and at least one of a task of numbers; a fraction of 1 or more keeps
// all. The test rows stay as they are.
func Subsample(s *kindred.Set, f Fold, train float64, seed uint64) Fold {
	p := newPool(s.Select(f.Train))
	p.shuffle(seed, 2<<32)
	key := p.keys(int(draw(seed, 3<<32) >> 40))
	out := newFold(s, f.Name)
	out.Test = f.Test
	for i, u := range p.units {
		if key[i] >= train {
			continue
		}
		for _, at := range u.places {
			out.Train[at.task] = append(out.Train[at.task], f.Train[at.task][at.place])
		}
	}
	for t := range out.Train {
		slices.Sort(out.Train[t])
	}
	return out
}

// keys gives each unit the fraction above which it is trained on. The r-th of
// the n units that lie in the same cells has
//
//	(r + φ) / n,   φ in [0, 1), another one for each combination of cells,
//
// so that any fraction takes its share of each combination, within one unit,
// and not all round the same way. The first unit of a need has −∞. start is
// random.
func (p *pool) keys(start int) []float64 {
	const golden = 0.6180339887498949 // multiples of it are spread evenly over (0, 1)
	sorted := make([]int, len(p.units))
	for i := range sorted {
		sorted[i] = i
	}
	alike := func(a, b int) int {
		return slices.CompareFunc(p.units[a].places, p.units[b].places, func(x, y spot) int { return cmp.Compare(x.cell, y.cell) })
	}
	slices.SortStableFunc(sorted, alike)
	key := make([]float64, len(p.units))
	for k, from := 0, 0; from < len(sorted); k++ {
		to := from + 1
		for to < len(sorted) && alike(sorted[from], sorted[to]) == 0 {
			to++
		}
		_, phase := math.Modf(float64(start+k) * golden)
		for r, i := range sorted[from:to] {
			key[i] = (float64(r) + phase) / float64(to-from)
		}
		from = to
	}
	p.first(key)
	return key
}

// first gives −∞ to a unit of every need, the one whose key is least.
func (p *pool) first(key []float64) {
	least := make([]int, p.needs)
	for n := range least {
		least[n] = -1
	}
	for i, u := range p.units {
		for _, at := range u.places {
			if n := p.cells[at.cell].need; least[n] < 0 || key[i] < key[least[n]] {
				least[n] = i
			}
		}
	}
	for _, i := range least {
		key[i] = math.Inf(-1)
	}
}
