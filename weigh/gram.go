package weigh

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/kindred-mtl/kindred/num"
)

// A byGram rule weighs the tasks whose gradients move something, at the steps
// that bring the Gram matrix, and keeps the weights between those.
type byGram struct {
	name  string
	tasks []Task
	given []float64
	every int
	last  []float64 // the last weight of each task; 1 before the first
	// solve returns the weights of the gradients in the field.
	solve func(step *Step, f *field) ([]float64, error)
}

// newByGram makes a rule that lacks its solve.
func newByGram(name string, tasks []Task, every int) (*byGram, error) {
	w, err := given(tasks)
	if err != nil {
		return nil, err
	}
	r := &byGram{name: name, tasks: slices.Clone(tasks), given: w, every: cmp.Or(every, 1), last: make([]float64, len(tasks))}
	for t := range r.last {
		r.last[t] = 1
	}
	return r, nil
}

// checkEvery says what is wrong with the option update_every.
func checkEvery(rule string, every int) error {
	if every < 0 {
		return fmt.Errorf("%s: update_every %d; it is at least 1, or 0 for the default", rule, every)
	}
	return nil
}

// NeedsGram implements GramRule.
func (r *byGram) NeedsGram(number int) bool { return number%r.every == 0 }

// WeighsHeads implements Rule.
func (r *byGram) WeighsHeads() bool { return false }

// State implements Rule.
func (r *byGram) State() []float64 { return slices.Clone(r.last) }

// Restore implements Rule.
func (r *byGram) Restore(state []float64) error { return restore(r.last, state) }

// Weights implements Rule. A task whose gradient is 0, or next to it, has weight
// 0 in a step with a Gram matrix.
func (r *byGram) Weights(step Step, dst []float64) error {
	step.check(len(r.tasks), dst)
	clear(dst)
	if step.Gram == nil {
		for t := range dst {
			if step.active(t) {
				dst[t] = r.last[t]
			}
		}
		return nil
	}
	f, err := newField(&step, r.name, r.tasks)
	if err != nil {
		return err
	}
	if len(f.task) == 0 { // nothing moves: all weights do the same
		for t := range dst {
			if step.active(t) {
				dst[t] = 1
			}
		}
		return nil
	}
	weights, err := r.solve(&step, f)
	if err != nil {
		return err
	}
	for i, t := range f.task {
		r.last[t], dst[t] = weights[i], weights[i]
	}
	return nil
}

// still is how small the square of a gradient is, beside that of the longest,
// that counts as 0.
const still = 1e-24

// A field is the gradients of the tasks that move something: which they are,
// how long, and the cosines between them. Rules that work on cosines are not
// touched by the scale of the losses.
type field struct {
	task   []int
	norm   []float64
	cosine *num.Dense
}

func newField(step *Step, rule string, tasks []Task) (*field, error) {
	f, longest := &field{}, 0.0
	for t := range tasks {
		if step.active(t) {
			longest = max(longest, step.Gram.At(t, t)) // NaN where one is
		}
	}
	for t := range tasks {
		v := step.Gram.At(t, t)
		if !step.active(t) || v <= still*longest && !math.IsInf(v, 0) {
			continue
		}
		f.task, f.norm = append(f.task, t), append(f.norm, math.Sqrt(v))
	}
	f.cosine = num.NewDense(len(f.task), len(f.task))
	for i, s := range f.task {
		for j, t := range f.task[:i+1] {
			c := step.Gram.At(s, t) / f.norm[i] / f.norm[j]
			if math.IsNaN(c) || math.IsInf(c, 0) {
				return nil, fmt.Errorf("%s: the gradients of tasks %q and %q are not finite in step %d; a smaller learning rate may help",
					rule, tasks[t].Name, tasks[s].Name, step.Number)
			}
			c = max(-1, min(1, c))
			f.cosine.Set(i, j, c)
			f.cosine.Set(j, i, c)
		}
		f.cosine.Set(i, i, 1)
	}
	return f, nil
}
