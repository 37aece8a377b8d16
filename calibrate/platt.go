// Package calibrate turns decision values into probabilities.
package calibrate

import (
	"math"

	"github.com/kindred-mtl/kindred/num"
)

// A Sigmoid maps a decision value f to the probability 1/(1 + exp(−(A f + B)))
// of the positive class. A is positive, so the ranking stays.
type Sigmoid struct {
	A float64 `json:"a"`
	B float64 `json:"b"`
}

// Probability is the probability of the positive class.
func (s Sigmoid) Probability(f float64) float64 {
	z := s.A*f + s.B
	if z >= 0 {
		return 1 / (1 + math.Exp(-z))
	}
	e := math.Exp(z)
	return e / (1 + e)
}

// Scores are the decision values of one task on rows it was not fitted on.
type Scores struct {
	F      []float64
	Y      []float64 // 0 or 1
	Weight []float64 // nil means 1
}

// Platt fits one sigmoid to each task: first one to all tasks together, then
// each task's own, minimizing
//
//	−Σ_i w_i [t_i log p_i + (1−t_i) log(1−p_i)] + ½((A − A₀) s)² + ½(B − B₀)²
//
// where t are Platt's smoothed targets, (A₀, B₀) is the common sigmoid and s
// the spread of the decision values: a task departs from the common scaling by
// about one logit unless its rows say otherwise. A is kept above a hundredth
// of the common slope, and that above a small positive number, so that a
// ranking is never reversed and never thrown away.
//
// Platt, Probabilistic outputs for support vector machines and comparisons to
// regularized likelihood methods, Advances in Large Margin Classifiers, 1999;
// Lin, Lin, Weng, A note on Platt's probabilistic outputs for support vector
// machines, Machine Learning 68, 2007. The shrinkage is ours.
func Platt(tasks []Scores) []Sigmoid {
	var all Scores
	for _, t := range tasks {
		all.F, all.Y = append(all.F, t.F...), append(all.Y, t.Y...)
		for i := range t.F {
			all.Weight = append(all.Weight, t.weight(i))
		}
	}
	spread := all.spread()
	common := all.fit(Sigmoid{}, 0, 1e-3/spread, spread)
	out := make([]Sigmoid, len(tasks))
	num.Each(len(tasks), 500*len(all.F), func(i int) {
		out[i] = tasks[i].fit(common, 1, common.A/100, spread)
	})
	return out
}

func (s *Scores) weight(i int) float64 {
	if s.Weight == nil {
		return 1
	}
	return s.Weight[i]
}

// spread is the root mean square of the decision values around their mean, 1
// where there is none.
func (s *Scores) spread() float64 {
	n, mean, square := 0.0, 0.0, 0.0
	for i, f := range s.F {
		n += s.weight(i)
		mean += s.weight(i) * f
	}
	for i, f := range s.F {
		square += s.weight(i) * (f - mean/n) * (f - mean/n)
	}
	if v := math.Sqrt(square / n); v > 0 && !math.IsInf(v, 0) {
		return v
	}
	return 1
}

// fit minimizes by Newton's method with backtracking over A ≥ least and B;
// pull is the strength of the prior around the sigmoid given.
func (s *Scores) fit(prior Sigmoid, pull, least, spread float64) Sigmoid {
	high, low := s.targets()
	start := prior
	if pull == 0 {
		start = Sigmoid{A: 1 / spread, B: s.logOdds()}
	}
	at := Sigmoid{A: math.Max(start.A, least), B: start.B}
	look := func(c Sigmoid) terms { return s.terms(c, high, low, prior, pull, spread) }
	now := look(at)
	for range 100 {
		da, db := now.step(at.A <= least)
		to := Sigmoid{A: math.Max(at.A+da, least), B: at.B + db}
		if math.Abs(da)*spread+math.Abs(db) < 1e-8 {
			return to // the next step would be its square
		}
		size, next := 1.0, look(to)
		for ; !(next.value < now.value) && size > 1e-10; next = look(to) {
			size /= 2
			to = Sigmoid{A: math.Max(at.A+size*da, least), B: at.B + size*db}
		}
		if !(next.value < now.value) {
			break
		}
		at, now = to, next
	}
	return at
}

// targets are Platt's: (N₊ + 1)/(N₊ + 2) for a positive, 1/(N₋ + 2) for a
// negative row.
func (s *Scores) targets() (high, low float64) {
	positive, negative := s.counts()
	return (positive + 1) / (positive + 2), 1 / (negative + 2)
}

func (s *Scores) counts() (positive, negative float64) {
	for i, y := range s.Y {
		if y > 0 {
			positive += s.weight(i)
		} else {
			negative += s.weight(i)
		}
	}
	return positive, negative
}

func (s *Scores) logOdds() float64 {
	positive, negative := s.counts()
	return math.Log((positive + 1) / (negative + 1))
}

// terms are the objective, its slopes by A and B, and its curvatures.
type terms struct{ value, a, b, aa, ab, bb float64 }

func (s *Scores) terms(c Sigmoid, high, low float64, prior Sigmoid, pull, spread float64) terms {
	da, db := (c.A-prior.A)*spread, c.B-prior.B
	v := terms{
		value: pull / 2 * (da*da + db*db), a: pull * da * spread, b: pull * db,
		aa: pull*spread*spread + 1e-12, bb: pull + 1e-12,
	}
	for i, f := range s.F {
		w, t := s.weight(i), low
		if s.Y[i] > 0 {
			t = high
		}
		z := c.A*f + c.B
		e := math.Exp(-math.Abs(z))
		p := 1 / (1 + e) // of the likelier class
		h := w * p * (1 - p)
		v.value += w * (math.Max(z, 0) + math.Log1p(e) - t*z)
		if z < 0 {
			p = e * p
		}
		g := w * (p - t)
		v.a, v.b = v.a+g*f, v.b+g
		v.aa, v.ab, v.bb = v.aa+h*f*f, v.ab+h*f, v.bb+h
	}
	return v
}

// step is the Newton step, in B alone where A would leave its bound.
func (v *terms) step(bound bool) (da, db float64) {
	if bound && v.a > 0 {
		return 0, -v.b / v.bb
	}
	det := v.aa*v.bb - v.ab*v.ab
	if !(det > 1e-14*v.aa*v.bb) {
		return -v.a / v.aa / 2, -v.b / v.bb / 2
	}
	return -(v.bb*v.a - v.ab*v.b) / det, -(v.aa*v.b - v.ab*v.a) / det
}

// Column gathers the scores of column c of decisions, n × k row-major, for
// labels y: classes 0 and 1 where k is 1, else class indices, of which c is the
// positive one. Decisions that are NaN are left out, and all where decision is
// nil.
func Column(y, weight, decision []float64, c, k int) Scores {
	var s Scores
	for i, label := range y[:min(len(y), len(decision))] {
		f := decision[i*k+c]
		if math.IsNaN(f) {
			continue
		}
		positive := 0.0
		if k == 1 && label > 0 || k > 1 && int(label) == c {
			positive = 1
		}
		s.F, s.Y = append(s.F, f), append(s.Y, positive)
		if weight != nil {
			s.Weight = append(s.Weight, weight[i])
		}
	}
	return s
}
