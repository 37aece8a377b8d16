// Package weightest holds what every weighting must pass, with no number written
// down.
package weightest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/weigh"
)

// All checks every weighting of the table, and says how many it saw.
func All(t *testing.T) {
	for _, part := range weigh.All {
		t.Run(part.Name, func(t *testing.T) { Check(t, part.New()) })
	}
	t.Logf("weightest: %d weightings checked", len(weigh.All))
}

// Check tests a weighting on gradients of many shapes.
func Check(t *testing.T, w weigh.Weighting) {
	if err := w.Check(); err != nil {
		t.Fatal(err)
	}
	for _, s := range situations() {
		t.Run(s.name, func(t *testing.T) {
			c := &check{T: t, weighting: w, situation: s}
			c.finite()
			c.permuted()
			c.restored()
			c.absent()
			c.rested()
		})
	}
}

// A situation is the gradients and losses of some tasks in a few steps.
type situation struct {
	name  string
	tasks []weigh.Task
	j     []*num.Dense // of each step: a row a task
	loss  [][]float64  // of each step
}

// steps is how many steps a situation has.
const steps = 6

// situations are named gradients, each with the losses of their tasks.
func situations() []situation {
	random := rand.New(rand.NewPCG(11, 12))
	rows := func(rows ...[]float64) *num.Dense {
		d := num.NewDense(len(rows), len(rows[0]))
		for i, row := range rows {
			copy(d.Row(i), row)
		}
		return d
	}
	normal := func(n, p int, scale float64) *num.Dense {
		d := num.NewDense(n, p)
		for i := range d.Data {
			d.Data[i] = scale * random.NormFloat64()
		}
		return d
	}
	near := normal(5, 40, 1) // all but one direction of no weight
	for i := range near.Rows {
		row := near.Row(i)
		for k := range row {
			row[k] = row[k]*1e-7 + near.Data[k]
		}
	}
	mixed := normal(4, 30, 1)
	for i := range mixed.Rows {
		for k := range mixed.Row(i) {
			mixed.Row(i)[k] *= math.Pow(1e3, float64(i))
		}
	}
	cases := []struct {
		name  string
		j     *num.Dense
		scale float64 // of the losses
	}{
		{"orthonormal", rows([]float64{1, 0, 0}, []float64{0, 1, 0}, []float64{0, 0, 1}), 1},
		{"orthogonal", rows([]float64{1, 0}, []float64{0, 2}), 1},
		{"parallel", rows([]float64{1, 1}, []float64{2, 2}), 1},
		{"opposite", rows([]float64{1, -2}, []float64{-1, 2}), 1},
		{"zero row", rows([]float64{1, 2}, []float64{0, 0}, []float64{-1, 1}), 1},
		{"all zero", rows([]float64{0, 0}, []float64{0, 0}), 1},
		{"duplicates", rows([]float64{1, 2, 0}, []float64{1, 2, 0}, []float64{-1, 1, 1}, []float64{-1, 1, 1}), 1},
		{"conflict", rows([]float64{-4, 1, 1}, []float64{6, 1, 1}), 1},
		{"random", normal(10, 100, 1), 1},
		{"more tasks than parameters", normal(9, 4, 1), 1},
		{"near singular", near, 1},
		{"mixed lengths", mixed, 1},
		{"one task", normal(1, 5, 1), 1},
		{"64 tasks", normal(64, 200, 1), 1},
		{"tiny", normal(5, 20, 1e-20), 1e-20},
		{"huge", normal(5, 20, 1e20), 1e20},
	}
	var all []situation
	for _, c := range cases {
		s := situation{name: c.name}
		for i := range c.j.Rows {
			s.tasks = append(s.tasks, weigh.Task{
				Name: fmt.Sprintf("task %d", i), Kind: []kindred.Kind{kindred.Regression, kindred.Binary, kindred.Count}[i%3],
			})
		}
		for k := range steps {
			j, loss := c.j.Clone(), make([]float64, c.j.Rows)
			for i := range loss {
				loss[i] = c.scale * (0.2 + random.Float64()) * float64(1+i%7)
			}
			for i := range j.Data {
				j.Data[i] *= float64(1 + k)
			}
			s.j, s.loss = append(s.j, j), append(s.loss, loss)
		}
		all = append(all, s)
	}
	return all
}

// keep returns the situation of some of its tasks, in this order.
func (s situation) keep(tasks []int) situation {
	kept := situation{name: s.name}
	for _, i := range tasks {
		kept.tasks = append(kept.tasks, s.tasks[i])
	}
	for k, j := range s.j {
		d, loss := num.NewDense(len(tasks), j.Cols), make([]float64, len(tasks))
		for to, i := range tasks {
			copy(d.Row(to), j.Row(i))
			loss[to] = s.loss[k][i]
		}
		kept.j, kept.loss = append(kept.j, d), append(kept.loss, loss)
	}
	return kept
}

// step is a step with all that a rule may ask for.
func (s situation) step(k int, active []bool) weigh.Step {
	j := s.j[k]
	gram := num.NewDense(j.Rows, j.Rows)
	for a := range j.Rows {
		for b := range j.Rows {
			gram.Set(a, b, num.Dot(j.Row(a), j.Row(b)))
		}
	}
	return weigh.Step{Number: k, Losses: s.loss[k], Active: active, EpochLosses: s.loss[:k], Gram: gram}
}

// A check is a weighting in a situation.
type check struct {
	*testing.T
	weighting weigh.Weighting
	situation
}

func (c *check) rule(tasks []weigh.Task) weigh.Rule {
	c.Helper()
	r, err := c.weighting.New(tasks)
	if err != nil {
		c.Fatal(err)
	}
	return r
}

func (c *check) weights(r weigh.Rule, step weigh.Step) []float64 {
	c.Helper()
	dst := slices.Repeat([]float64{math.NaN()}, step.Gram.Rows)
	if err := r.Weights(step, dst); err != nil {
		c.Fatal(err)
	}
	return dst
}

// finite: every weight is a number, the same whenever it is asked for, and the
// task that is alone has one above 0.
func (c *check) finite() {
	r, again := c.rule(c.tasks), c.rule(c.tasks)
	for k := range c.j {
		w := c.weights(r, c.step(k, nil))
		for t, v := range w {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				c.Errorf("step %d: task %d has weight %v", k, t, v)
			}
		}
		if len(w) == 1 && !(w[0] > 0) {
			c.Errorf("step %d: the one task has weight %v", k, w[0])
		}
		if !slices.Equal(w, c.weights(again, c.step(k, nil))) {
			c.Errorf("step %d: other weights the second time", k)
		}
	}
}

// same compares weights of the tasks of s by what they make of the gradients of
// a step, and where the rule goes by losses themselves.
func (c *check) same(what string, r weigh.Rule, s situation, k int, a, b []float64) {
	c.Helper()
	if _, ok := r.(weigh.GramRule); !ok {
		for t := range a {
			if math.Abs(a[t]-b[t]) > 1e-12*math.Abs(b[t]) {
				c.Errorf("%s: step %d: task %d has weight %v, not %v", what, k, t, a[t], b[t])
			}
		}
		return
	}
	j := s.j[k]
	far, scale := make([]float64, j.Cols), 0.0
	for t := range a {
		num.Axpy(a[t]-b[t], j.Row(t), far)
		scale += math.Abs(b[t]) * num.Norm(j.Row(t))
	}
	if d := num.Norm(far); !(d <= 1e-8*scale) {
		c.Errorf("%s: step %d: directions %v apart, of %v", what, k, d, scale)
	}
}

// permuted: tasks in another order have the same weights.
func (c *check) permuted() {
	order := rand.New(rand.NewPCG(13, 14)).Perm(len(c.tasks))
	moved := c.keep(order)
	r, other := c.rule(c.tasks), c.rule(moved.tasks)
	for k := range c.j {
		w, v := c.weights(r, c.step(k, nil)), c.weights(other, moved.step(k, nil))
		back := make([]float64, len(w))
		for to, from := range order {
			back[from] = v[to]
		}
		c.same("permuted", r, c.situation, k, back, w)
	}
}

// restored: a rule with the state of another goes on as that one.
func (c *check) restored() {
	r := c.rule(c.tasks)
	for k := range steps / 2 {
		c.weights(r, c.step(k, nil))
	}
	again, state := c.rule(c.tasks), r.State()
	if err := again.Restore(state); err != nil {
		c.Fatal(err)
	}
	for k := steps / 2; k < steps; k++ {
		if a, b := c.weights(r, c.step(k, nil)), c.weights(again, c.step(k, nil)); !slices.Equal(a, b) {
			c.Errorf("step %d: %v, restored %v", k, a, b)
		}
	}
	if !slices.Equal(r.State(), again.State()) {
		c.Error("the states differ in the end")
	}
	if again.Restore(append(state, 0)) == nil {
		c.Error("a state that is too long is taken")
	}
}

// absent: a task that takes no part has weight 0, and the others have the
// weights they have without it; what it is worth is not looked at. A step in
// which none takes part leaves no trace.
func (c *check) absent() {
	var here []int
	active := make([]bool, len(c.tasks))
	for t := range c.tasks {
		if active[t] = t%3 != 1 || len(c.tasks) == 2 && t == 0; active[t] {
			here = append(here, t)
		}
	}
	rest := c.keep(here)
	r, alone := c.rule(c.tasks), c.rule(rest.tasks)
	for k := range c.j {
		before := r.State()
		for t, v := range c.weights(r, c.step(k, make([]bool, len(c.tasks)))) {
			if v != 0 {
				c.Errorf("step %d: nobody is there, and task %d has weight %v", k, t, v)
			}
		}
		if !slices.Equal(before, r.State()) {
			c.Errorf("step %d: nobody is there, and the state changes", k)
		}
		step := c.step(k, active)
		step.Losses = slices.Clone(step.Losses)
		for t := range active {
			if !active[t] {
				step.Losses[t] = math.NaN()
				for s := range active {
					step.Gram.Set(s, t, math.NaN())
					step.Gram.Set(t, s, math.NaN())
				}
			}
		}
		w := c.weights(r, step)
		var left []float64
		for t, v := range w {
			if active[t] {
				left = append(left, v)
			} else if v != 0 {
				c.Errorf("step %d: task %d is not there and has weight %v", k, t, v)
			}
		}
		c.same("absent", r, rest, k, left, c.weights(alone, rest.step(k, nil)))
	}
}

// rested: a step without a Gram matrix goes by the weights of the last one; the
// first step asks for one.
func (c *check) rested() {
	r, ok := c.rule(c.tasks).(weigh.GramRule)
	if !ok {
		return
	}
	if !r.NeedsGram(0) {
		c.Error("the first step needs no Gram matrix")
	}
	bare := func(k int) []float64 {
		w := make([]float64, len(c.tasks))
		if err := r.Weights(weigh.Step{Number: k, Losses: c.loss[k]}, w); err != nil {
			c.Fatal(err)
		}
		return w
	}
	if w := bare(0); slices.ContainsFunc(w, func(v float64) bool { return v != 1 }) {
		c.Errorf("weights %v before any gradient", w)
	}
	step := c.step(1, nil)
	w := c.weights(r, step)
	for t, v := range bare(2) {
		if step.Gram.At(t, t) > 0 && v != w[t] {
			c.Errorf("task %d has weight %v, then %v", t, w[t], v)
		}
	}
}
