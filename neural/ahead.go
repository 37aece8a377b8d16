package neural

import (
	"slices"

	"github.com/kindred-mtl/kindred/num"
)

// measureAhead sets row s of ahead to the losses of the tasks in the batch after
// a step down the gradient of task s alone, of the parameters that tasks share:
//
//	L_t(θ − rate ∇L_s, θ_t)
//
// It plays the batch twice forward and once back for each task, and leaves the
// parameters and what stands at the outputs as they were.
func (t *trainer) measureAhead(rate float64) {
	n := len(t.alpha)
	if t.ahead == nil {
		t.ahead = num.NewDense(n, n)
	}
	before := slices.Clone(t.run.Params)
	for s := range n {
		if t.batch.seen[s] == 0 {
			continue
		}
		clear(t.factor)
		t.factor[s] = 1 / t.batch.seen[s]
		num.For(t.run.Shards(), t.playBack)
		pieces := (t.params.Len() + piece - 1) / piece
		num.For(pieces, t.sum)
		g := t.shards[0].g
		for _, r := range t.owned[s] {
			clear(g[r.Lo:r.Hi])
		}
		num.Scale(g, float32(-rate))
		num.Add(t.run.Params, g)
		t.forward(true)
		for task := range n {
			t.ahead.Set(s, task, t.shardSum(task)/t.batch.seen[task])
		}
		copy(t.run.Params, before)
		t.forward(true)
	}
}

// shardSum is the sum of a task's losses in the batch.
func (t *trainer) shardSum(task int) float64 {
	sum := 0.0
	for s := range t.run.Shards() {
		sum += t.shards[s].sums[task]
	}
	return sum
}
