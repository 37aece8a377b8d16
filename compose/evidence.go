package compose

import (
	"math"
	"slices"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/split"
)

// evidence is what the rows of a task that were held out say: with the errors
// e = f₀ − y of learning alone, and the departures d_m = f_m − f₀ of the others,
// the loss of a mixture w is |e + Σ_m w_m d_m|² on each row.
type evidence struct {
	weight []float64   // of each row
	fold   []int       // that held it out
	unit   []int       // rows of one group are one unit
	e      []float64   // row × output
	d      [][]float64 // of each method beside alone, row × output
	k      int         // outputs
}

// weigh finds each task's mixture.
func (g Guarded) weigh(s *kindred.Set, folds []split.Fold, tried []triedCandidate) []kindred.Mixture {
	spread, out := spreads(s), make([]kindred.Mixture, len(s.Tasks))
	num.For(len(out), func(t int) {
		ev := gatherEvidence(&s.Tasks[t], t, folds, heldOf(tried, t), scaleOf(&s.Tasks[t], spread))
		out[t] = ev.mixture(len(folds), g.margin())
		out[t].Task = s.Tasks[t].Name
		for k := range tried {
			out[t].Of[k].Name = tried[k].name
		}
	})
	return out
}

// margin is κ.
func (g Guarded) margin() float64 {
	if g.Margin == 0 {
		return 1
	}
	return max(0, g.Margin)
}

// heldOf is what each candidate says of the rows of task t.
func heldOf(tried []triedCandidate, t int) []kindred.Outcome {
	held := make([]kindred.Outcome, len(tried))
	for k := range tried {
		held[k] = tried[k].held[t]
	}
	return held
}

// scaleOf turns errors of a task into units of its target's deviation.
func scaleOf(t *kindred.Task, spread map[string]float64) float64 {
	if t.Kind.Classifies() {
		return 1
	}
	return 1 / math.Sqrt(spread[t.Label.Target])
}

// held is what the mixtures say of the rows of each fold, by the weights that
// the other folds give; of rows that a candidate did not predict, what learning
// alone says.
func (g Guarded) held(s *kindred.Set, tried *triedAll) []kindred.Outcome {
	spread, out := spreads(s), make([]kindred.Outcome, len(s.Tasks))
	num.For(len(out), func(t int) {
		task, held := &s.Tasks[t], heldOf(tried.candidates, t)
		ev := gatherEvidence(task, t, tried.folds, held, scaleOf(task, spread))
		out[t] = kindred.Outcome{Task: t, Value: slices.Clone(held[0].Value), Probability: slices.Clone(held[0].Probability)}
		to, k := out[t].Value, 1
		if task.Kind.Classifies() {
			to, k = out[t].Probability, len(task.Label.Classes)
		}
		for f := range tried.folds {
			w := ev.weights(f, g.margin())
			for _, i := range tried.folds[f].Test[t] {
				if predicted(task, held, i) {
					alone := said(task, &held[0], i)
					for c := range k {
						to[i*k+c] = alone[c]
						for m := range w {
							to[i*k+c] += w[m] * (said(task, &held[m+1], i)[c] - alone[c])
						}
					}
				}
			}
		}
	})
	return out
}

// gatherEvidence lists the rows of task t that every candidate predicted.
func gatherEvidence(task *kindred.Task, t int, folds []split.Fold, held []kindred.Outcome, scale float64) *evidence {
	ev := &evidence{k: 1, d: make([][]float64, len(held)-1)}
	if task.Kind.Classifies() {
		ev.k = len(task.Label.Classes)
	}
	units := map[int]int{}
	for f := range folds {
		for _, i := range folds[f].Test[t] {
			if weightOf(task, i) == 0 || !predicted(task, held, i) {
				continue
			}
			key := i
			if task.Table.Group != nil {
				key = task.Table.Group[task.Rows[i]]
			}
			if _, seen := units[key]; !seen {
				units[key] = len(units)
			}
			ev.weight, ev.fold, ev.unit = append(ev.weight, weightOf(task, i)), append(ev.fold, f), append(ev.unit, units[key])
			alone := said(task, &held[0], i)
			for c, v := range alone {
				ev.e = append(ev.e, scale*(v-wanted(task, i, c)))
			}
			for m := range ev.d {
				for c, v := range said(task, &held[m+1], i) {
					ev.d[m] = append(ev.d[m], scale*(v-alone[c]))
				}
			}
		}
	}
	return ev
}

// said is what an outcome says of a row: the value, or the probability of every
// class.
func said(t *kindred.Task, o *kindred.Outcome, i int) []float64 {
	if !t.Kind.Classifies() {
		return o.Value[i : i+1]
	}
	k := len(t.Label.Classes)
	p := o.Probability[i*k : (i+1)*k]
	total := num.Sum(p)
	out := make([]float64, k)
	for c := range out {
		out[c] = p[c] / total
	}
	return out
}

// wanted is what output c should have said of a row.
func wanted(t *kindred.Task, i, c int) float64 {
	switch y := t.Y()[i]; {
	case !t.Kind.Classifies():
		return y
	case int(y) == c:
		return 1
	}
	return 0
}

// predicted tells whether every candidate predicted a row.
func predicted(t *kindred.Task, held []kindred.Outcome, i int) bool {
	for k := range held {
		o := &held[k]
		if t.Kind.Classifies() && o.Probability == nil || !t.Kind.Classifies() && o.Value == nil {
			return false
		}
		for _, v := range said(t, o, i) {
			if math.IsNaN(v) {
				return false
			}
		}
	}
	return true
}

// mixture finds the weights, and what they do on each fold where the others
// alone had a part in them.
func (ev *evidence) mixture(folds int, margin float64) kindred.Mixture {
	others, n := len(ev.d), len(ev.weight)
	x := kindred.Mixture{Rows: n, Of: make([]kindred.Ingredient, others+1)}
	w := ev.weights(-1, margin)
	x.Share = min(1, num.Sum(w))
	x.Of[0].Weight = 1 - x.Share
	for m, v := range w {
		x.Of[m+1].Weight = v
	}
	if _, se := ev.mean(make([]float64, n), -1); math.IsNaN(se) {
		return x
	}
	apart := make([][]float64, folds) // the weights without each fold
	for f := range apart {
		apart[f] = ev.weights(f, margin)
	}
	alone, mixed := make([]float64, n), make([]float64, n)
	for i := range n {
		alone[i] = ev.loss(i, make([]float64, others))
		mixed[i] = ev.loss(i, apart[ev.fold[i]]) - alone[i]
	}
	x.Of[0].Loss, x.Of[0].Error = ev.mean(alone, -1)
	less, spread := ev.mean(mixed, -1)
	x.Loss, x.Error, x.Worse = x.Of[0].Loss+less, spread, less > 0
	one := make([]float64, others)
	for m := range others {
		one[m] = 1
		for i := range n {
			mixed[i] = ev.loss(i, one) - alone[i]
		}
		less, x.Of[m+1].Error = ev.mean(mixed, -1)
		x.Of[m+1].Loss, one[m] = x.Of[0].Loss+less, 0
	}
	return x
}

// loss is that of a mixture on row i.
func (ev *evidence) loss(i int, w []float64) float64 {
	total := 0.0
	for c := i * ev.k; c < (i+1)*ev.k; c++ {
		v := ev.e[c]
		for m, d := range ev.d {
			v += w[m] * d[c]
		}
		total += v * v
	}
	return total
}

// mean is the mean of numbers of each row, without the rows of a fold, and its
// standard error over units:
//
//	s² = U/(U−1) Σ_u (Σ_{i in u} w_i (v_i − mean))² / (Σ w)²
//
// for U units; NaN for fewer than two.
func (ev *evidence) mean(v []float64, fold int) (mean, se float64) {
	total := 0.0
	for i, w := range ev.weight {
		if ev.fold[i] != fold {
			mean, total = mean+w*v[i], total+w
		}
	}
	mean /= total
	sums, seen, u := make([]float64, len(v)), make([]bool, len(v)), 0.0
	for i, w := range ev.weight {
		if ev.fold[i] != fold {
			if k := ev.unit[i]; !seen[k] {
				seen[k], u = true, u+1
			}
			sums[ev.unit[i]] += w * (v[i] - mean)
		}
	}
	if u < 2 {
		return mean, math.NaN()
	}
	return mean, math.Sqrt(u/(u-1)*num.Dot(sums, sums)) / total
}

// weights solve the program of the rows without those of a fold; none where
// these are too few for a standard error.
func (ev *evidence) weights(fold int, margin float64) []float64 {
	h, c := ev.program(fold, margin)
	if slices.ContainsFunc(c, math.IsNaN) {
		return make([]float64, len(c))
	}
	return corner(h, c)
}

// program is that of corner: H = 2 mean d dᵀ, and c the guarded slopes of
// g = 2 e·d.
func (ev *evidence) program(fold int, margin float64) (h *num.Dense, c []float64) {
	h, c = num.NewDense(len(ev.d), len(ev.d)), make([]float64, len(ev.d))
	for a := range ev.d {
		slope, se := ev.mean(ev.product(ev.e, ev.d[a]), fold)
		c[a] = guard(slope, margin*se)
		for b := range a + 1 {
			v, _ := ev.mean(ev.product(ev.d[a], ev.d[b]), fold)
			h.Set(a, b, v)
			h.Set(b, a, v)
		}
	}
	return h, c
}

// guard is the slope of the loss that a method is held to: what is measured, or
// twice the most that it may be, where that is more. It is below 0 only where the
// slope is by more than its error, and what is measured where it is by two.
func guard(slope, err float64) float64 { return math.Max(slope, 2*(slope+err)) }

// product is 2 a·b of each row.
func (ev *evidence) product(a, b []float64) []float64 {
	out := make([]float64, len(ev.weight))
	for i := range out {
		out[i] = 2 * num.Dot(a[i*ev.k:(i+1)*ev.k], b[i*ev.k:(i+1)*ev.k])
	}
	return out
}
