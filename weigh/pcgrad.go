package weigh

import (
	"cmp"
	"hash/fnv"
	"math/rand/v2"
	"slices"

	"github.com/kindred-mtl/kindred/num"
)

// PCGrad takes off each gradient what is against another one, one after the
// other in random order:
//
//	d_t = w_t g_t;   for s ≠ t in random order: if ⟨d_t, g_s⟩ < 0,
//	d_t ← d_t − ⟨d_t, g_s⟩/‖g_s‖² g_s;   Σ_t α_t g_t = Σ_t d_t
//
// Where no gradients conflict all α_t = w_t, as with Fixed; otherwise they are
// greater, for what d_t loses is made up by gradients of others. The order
// depends on the seed, the step and the names of the tasks, not on how the tasks
// are listed. The weights are for shared parameters only.
//
// Yu, Kumar, Gupta, Levine, Hausman, Finn, Gradient surgery for multi-task
// learning, NeurIPS 2020, Algorithm 1.
type PCGrad struct {
	Every int    `json:"update_every" words:"steps that go by the same weights, of weighting=pcgrad and mgda; else 1"`
	Seed  uint64 `json:"seed" words:"of the order in which conflicts are removed, of weighting=pcgrad; else 0"`
}

// Check implements Weighting.
func (o *PCGrad) Check() error { return checkEvery("pcgrad", o.Every) }

// New implements Weighting.
func (o *PCGrad) New(tasks []Task) (Rule, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	r, err := newByGram("pcgrad", tasks, o.Every)
	if err != nil {
		return nil, err
	}
	key := make([]uint64, len(tasks))
	for t, task := range tasks {
		h := fnv.New64a()
		h.Write([]byte(task.Name))
		key[t] = h.Sum64()
	}
	r.solve = func(step *Step, f *field) ([]float64, error) {
		draw := rand.NewPCG(o.Seed, uint64(step.Number)).Uint64()
		return surgery(f, r.given, func(i int) []int { return f.order(i, draw, key) }), nil
	}
	return r, nil
}

// order lists the gradients but the i-th, in an order drawn by the names.
func (f *field) order(i int, draw uint64, key []uint64) []int {
	drawn := make([]uint64, len(f.task))
	others := make([]int, 0, len(f.task))
	for j, t := range f.task {
		drawn[j] = rand.NewPCG(draw^key[f.task[i]], key[t]).Uint64()
		if j != i {
			others = append(others, j)
		}
	}
	slices.SortStableFunc(others, func(a, b int) int { return cmp.Compare(drawn[a], drawn[b]) })
	return others
}

// surgery returns α. d_t is kept as multiples of the unit gradients.
func surgery(f *field, given []float64, order func(i int) []int) []float64 {
	n := len(f.task)
	alpha, d := make([]float64, n), make([]float64, n)
	for i := range n {
		clear(d)
		d[i] = 1
		for _, j := range order(i) {
			d[j] -= min(0, num.Dot(f.cosine.Row(j), d))
		}
		w := given[f.task[i]]
		for j, v := range d {
			alpha[j] += w * v * (f.norm[i] / f.norm[j])
		}
	}
	return alpha
}
