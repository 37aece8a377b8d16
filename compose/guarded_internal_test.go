package compose

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/split"
)

// semidefinite is a random H of some rank.
func semidefinite(rng *rand.Rand, n, rank int) *num.Dense {
	h := num.NewDense(n, n)
	for range rank {
		v := make([]float64, n)
		for i := range v {
			v[i] = rng.NormFloat64()
		}
		for i := range n {
			num.Axpy(v[i], v, h.Row(i))
		}
	}
	return h
}

// optimal says how far w is from the conditions of Karush, Kuhn and Tucker of
// corner's program: with u ≥ 0 the multiplier of Σ w ≤ 1, the slope c + H w + u
// is 0 where w is not, and never below 0.
func optimal(h *num.Dense, c, w []float64) float64 {
	slope, u := make([]float64, len(c)), 0.0
	for i := range c {
		slope[i] = c[i] + num.Dot(h.Row(i), w)
		u = math.Max(u, -slope[i])
	}
	away := math.Max(0, num.Sum(w)-1)
	if num.Sum(w) < 1-1e-9 {
		away, u = math.Max(away, u), 0
	}
	for i, v := range w {
		away = math.Max(away, math.Max(-v, -(slope[i]+u)))
		if v > 0 {
			away = math.Max(away, math.Abs(slope[i]+u))
		}
	}
	return away
}

func TestCornerIsOptimal(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	inside, edge, none := 0, 0, 0
	for range 2000 {
		n := 1 + rng.IntN(5)
		h, c := semidefinite(rng, n, rng.IntN(n+3)), make([]float64, n)
		for i := range c {
			c[i] = rng.NormFloat64()
		}
		if n > 1 && rng.IntN(4) == 0 { // two directions that are the same
			for i := range n {
				h.Set(i, 1, h.At(i, 0))
			}
			copy(h.Row(1), h.Row(0))
			h.Set(1, 1, h.At(0, 0))
			c[1] = c[0]
		}
		w := corner(h, c)
		if away := optimal(h, c, w); away > 1e-6 {
			t.Fatalf("H %v, c %v: w %v is %v from optimal", h.Data, c, w, away)
		}
		switch total := num.Sum(w); {
		case total == 0:
			none++
		case total < 1-1e-9:
			inside++
		default:
			edge++
		}
	}
	if min(inside, edge, none) < 100 {
		t.Errorf("%d minima inside, %d on the edge, %d at the corner", inside, edge, none)
	}
}

// What docs/guarded.md proves: whatever the true slopes are, as long as each is
// at most what is measured and its error, the mixture is no worse than alone;
// and no smaller guard does that.
func TestGuardIsAsSmallAsItMayBe(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	loss := func(g []float64, h *num.Dense, w []float64) float64 { return quadratic(h, g, w) }
	worse := 0
	for range 5000 {
		n := 1 + rng.IntN(4)
		h := semidefinite(rng, n, n)
		got, errs, c, most := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
		for i := range got {
			got[i], errs[i] = rng.NormFloat64()-0.5, rng.ExpFloat64()/2
			c[i], most[i] = guard(got[i], errs[i]), got[i]+errs[i]
		}
		if v := loss(most, h, corner(h, c)); v > 1e-9 {
			t.Fatalf("slopes %v ± %v: worse by %v", got, errs, v)
		}
		for i := range c {
			c[i] -= 0.05 * errs[i]
		}
		if loss(most, h, corner(h, c)) > 1e-9 {
			worse++
		}
	}
	if worse == 0 {
		t.Error("a smaller guard is never worse either")
	}
}

// What docs/guarded.md proves besides: where each true slope is within an error of
// what is measured, the mixture is no worse than any other of methods whose true
// slope is not upwards, but for four errors of the methods in that and one of
// those in its own.
func TestGuardedOracle(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	compared, most := 0, 0.0
	for range 5000 {
		n := 1 + rng.IntN(4)
		h := semidefinite(rng, n, n)
		slope, errs, c, other := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
		for i := range slope {
			slope[i], errs[i] = rng.NormFloat64()-0.5, rng.ExpFloat64()/4
			c[i] = guard(slope[i]+errs[i]*(2*rng.Float64()-1), errs[i])
			if slope[i] <= 0 {
				other[i] = rng.ExpFloat64()
			}
		}
		if total := num.Sum(other); total > 1 {
			for i := range other {
				other[i] /= total
			}
		}
		w := corner(h, c)
		over := quadratic(h, slope, w) - quadratic(h, slope, other)
		allowed := 4*num.Dot(other, errs) + num.Dot(w, errs)
		if over > allowed+1e-9 {
			t.Fatalf("slopes %v ± %v: %v above a mixture, where %v is allowed", slope, errs, over, allowed)
		}
		compared++
		most = math.Max(most, over/(allowed+1e-3))
	}
	if most < 0.2 {
		t.Errorf("of what is allowed, %d mixtures need %v at most", compared, most)
	}
}

// A model file that says of groups or mixtures what cannot be is refused.
func TestWrongHeadersAreRefused(t *testing.T) {
	for _, groups := range [][][]int{nil, {{0}, {}}, {{0, 2}}, {{0}, {0}}, {{-1, 0}}, {{1}, {1, 0}}} {
		if (&groupsHeader{groups}).check() == nil {
			t.Errorf("groups %v", groups)
		}
	}
	if err := (&groupsHeader{[][]int{{2, 0}, {1}}}).check(); err != nil {
		t.Error(err)
	}
	two, three := &One{tasks: make([]kindred.TaskInfo, 2)}, &One{tasks: make([]kindred.TaskInfo, 3)}
	of := make([]kindred.Mixture, 2)
	for i := range of {
		of[i].Of = make([]kindred.Ingredient, 2)
	}
	good := Mixed{parts: []kindred.Model{two, two}, weights: [][]float64{{1, 0}, {0.5, 0.5}}, mixtures: of}
	if err := good.check(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(m *Mixed){
		"other tasks":         func(m *Mixed) { m.parts = []kindred.Model{two, three} },
		"weights too few":     func(m *Mixed) { m.weights = m.weights[:1] },
		"a weight too few":    func(m *Mixed) { m.weights = [][]float64{{1, 0}, {1}} },
		"a weight below 0":    func(m *Mixed) { m.weights = [][]float64{{1, 0}, {-1, 2}} },
		"a sum that is not 1": func(m *Mixed) { m.weights = [][]float64{{1, 0}, {0.3, 0.5}} },
		"no reports":          func(m *Mixed) { m.mixtures = nil },
		"an empty report":     func(m *Mixed) { m.mixtures = []kindred.Mixture{of[0], {}} },
	} {
		m := good
		if change(&m); m.check() == nil {
			t.Error(name)
		}
	}
}

// heldOut makes a task, what several methods said of its rows, and the
// folds that these were held out in.
func heldOut(rng *rand.Rand, kind kindred.Kind, n, methods int) (*kindred.Set, []split.Fold, []triedCandidate) {
	task := kindred.Task{Name: "a", Kind: kind, Table: &kindred.Table{Columns: []kindred.Column{{Name: "x", Number: make([]float64, n)}}}}
	task.Label.Columns = [][]float64{make([]float64, n)}
	if kind == kindred.Multiclass {
		task.Label.Classes = []string{"u", "v", "w"}
	}
	folds := make([]split.Fold, 4)
	for i := range n {
		task.Rows, task.Weight = append(task.Rows, i), append(task.Weight, float64(1+i%3))
		task.Label.Columns[0][i] = rng.NormFloat64()
		if kind == kindred.Multiclass {
			task.Label.Columns[0][i] = float64(rng.IntN(3))
		}
	}
	for f := range folds {
		folds[f] = split.Fold{Train: [][]int{nil}, Test: [][]int{nil}}
		for i := range n {
			if i%4 == f {
				folds[f].Test[0] = append(folds[f].Test[0], i)
			}
		}
	}
	tried := make([]triedCandidate, methods)
	for m := range tried {
		var o kindred.Outcome
		for i := range n {
			y := task.Y()[i]
			if kind == kindred.Regression {
				o.Value = append(o.Value, 0.5*y+rng.NormFloat64())
				continue
			}
			p := []float64{rng.ExpFloat64(), rng.ExpFloat64(), rng.ExpFloat64()}
			p[int(y)] += float64(m) / 6
			total := num.Sum(p)
			o.Probability = append(o.Probability, p[0]/total, p[1]/total, p[2]/total)
		}
		tried[m] = triedCandidate{name: string(rune('a' + m)), held: []kindred.Outcome{o}}
	}
	return &kindred.Set{Tasks: []kindred.Task{task}}, folds, tried
}

// The weights satisfy the optimality conditions of their program, as it is
// written in docs/guarded.md; without a margin, they are those of least loss.
func TestWeightsAreOptimal(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	shared := 0
	for _, kind := range []kindred.Kind{kindred.Regression, kindred.Multiclass} {
		for range 50 {
			s, folds, tried := heldOut(rng, kind, 40, 4)
			for _, margin := range []float64{1, 4} {
				x := Guarded{Margin: margin}.weigh(s, folds, tried)[0]
				h, c := naive(&s.Tasks[0], tried, margin, spreads(s)[""])
				var w []float64
				for _, o := range x.Of[1:] {
					w = append(w, o.Weight)
				}
				if away := optimal(h, c, w); away > 1e-9 {
					t.Fatalf("%v, κ = %v: weights %v are %v from optimal", kind, margin, w, away)
				}
				if x.Share > 0 {
					shared++
				}
				if math.Abs(x.Of[0].Weight+num.Sum(w)-1) > 1e-12 || math.Abs(x.Share-num.Sum(w)) > 1e-12 {
					t.Fatalf("weights %v and alone %v, share %v", w, x.Of[0].Weight, x.Share)
				}
			}
		}
	}
	if shared < 20 || shared > 180 {
		t.Errorf("%d of 200 tasks share", shared)
	}
}

// naive is the program, slowly: slopes and second derivatives of the loss by
// differences, which are exact for a quadratic.
func naive(task *kindred.Task, tried []triedCandidate, margin, variance float64) (*num.Dense, []float64) {
	k := max(1, len(task.Label.Classes))
	loss := func(i int, w []float64) float64 {
		total := 0.0
		for c := range k {
			said := make([]float64, len(tried))
			for m := range tried {
				if o := tried[m].held[0]; task.Kind.Classifies() {
					said[m] = o.Probability[i*k+c]
				} else {
					said[m] = o.Value[i]
				}
			}
			v, y, scale := said[0], task.Y()[i], variance
			for m, share := range w {
				v += share * (said[m+1] - said[0])
			}
			if task.Kind.Classifies() {
				y, scale = map[bool]float64{true: 1}[int(y) == c], 1
			}
			total += (v - y) * (v - y) / scale
		}
		return total
	}
	n, others := len(task.Rows), len(tried)-1
	at := func(i int, up ...int) float64 {
		w := make([]float64, others)
		for _, m := range up {
			w[m]++
		}
		return loss(i, w)
	}
	h, c, total := num.NewDense(others, others), make([]float64, others), num.Sum(task.Weight)
	for a := range others {
		g, mean := make([]float64, n), 0.0
		for i, w := range task.Weight {
			g[i] = 2*at(i, a) - at(i, a, a)/2 - 1.5*at(i)
			mean += w * g[i] / total
			for b := range others {
				h.Data[a*others+b] += w / total * (at(i, a, b) - at(i, a) - at(i, b) + at(i))
			}
		}
		square := 0.0
		for i, w := range task.Weight {
			square += w * w * (g[i] - mean) * (g[i] - mean)
		}
		se := math.Sqrt(square*float64(n)/float64(n-1)) / total
		c[a] = math.Max(mean, 2*(mean+margin*se))
	}
	return h, c
}

// The loss of the mixture on a fold is that of weights in which the fold had no
// part: other labels there change it, but not the weights.
func TestMixturesAreJudgedByOtherFolds(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	s, folds, tried := heldOut(rng, kindred.Regression, 40, 3)
	before := gatherEvidence(&s.Tasks[0], 0, folds, []kindred.Outcome{tried[0].held[0], tried[1].held[0], tried[2].held[0]}, 1)
	for _, i := range folds[2].Test[0] {
		s.Tasks[0].Label.Columns[0][i] += 100
	}
	after := gatherEvidence(&s.Tasks[0], 0, folds, []kindred.Outcome{tried[0].held[0], tried[1].held[0], tried[2].held[0]}, 1)
	if a, b := before.weights(2, 1), after.weights(2, 1); !slices.Equal(a, b) {
		t.Errorf("weights without the fold: %v, and %v with other labels there", a, b)
	}
	if a, b := before.weights(1, 1), after.weights(1, 1); slices.Equal(a, b) {
		t.Errorf("weights with the fold are %v whatever its labels", a)
	}
}

// Rows of one group are one row to a standard error: it is the same as that of
// the groups' means.
func TestRowsOfAGroupAreOne(t *testing.T) {
	ev := &evidence{weight: []float64{1, 1, 1, 1, 1, 1}, fold: make([]int, 6), unit: []int{0, 0, 1, 1, 2, 2}}
	mean, se := ev.mean([]float64{1, 3, 4, 4, 9, 9}, -1)
	if math.Abs(mean-5) > 1e-12 || math.Abs(se-math.Sqrt((9+1+16)/2./3)) > 1e-12 {
		t.Errorf("mean %v ± %v", mean, se)
	}
}

// A decision is given its probability by the other folds: the label of its own
// row changes nothing.
func TestProbabilitiesAreHeldOut(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	s, folds, _ := heldOut(rng, kindred.Regression, 40, 1)
	task := &s.Tasks[0]
	task.Kind, task.Label.Classes = kindred.Binary, []string{"no", "yes"}
	o := kindred.Outcome{Class: make([]int, 40)}
	for i := range 40 {
		task.Label.Columns[0][i] = float64(rng.IntN(2))
		o.Decision = append(o.Decision, task.Y()[i]-0.5+rng.NormFloat64())
	}
	before := probable(s, []kindred.Outcome{o}, folds)[0].Probability
	task.Label.Columns[0][6] = 1 - task.Label.Columns[0][6]
	after := probable(s, []kindred.Outcome{o}, folds)[0].Probability
	for _, i := range folds[2].Test[0] { // row 6 is among them
		if before[2*i+1] != after[2*i+1] || math.Abs(before[2*i]+before[2*i+1]-1) > 1e-12 {
			t.Errorf("row %d: %v, and %v where row 6 has the other label", i, before[2*i:2*i+2], after[2*i:2*i+2])
		}
	}
	if i := folds[1].Test[0][0]; before[2*i+1] == after[2*i+1] {
		t.Error("the other folds do not see row 6")
	}
}
