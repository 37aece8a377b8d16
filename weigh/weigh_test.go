package weigh_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/catalog"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/weigh"
	"github.com/kindred-mtl/kindred/weigh/weightest"
)

func TestAll(t *testing.T) { weightest.All(t) }

func TestOptions(t *testing.T) {
	for _, w := range []weigh.Weighting{
		&weigh.MGDA{Normalize: "none"}, &weigh.MGDA{Normalize: "loss"}, &weigh.MGDA{Normalize: "loss+", Every: 3},
		&weigh.PCGrad{Seed: 3, Every: 2}, &weigh.DWA{Temperature: 0.1}, &weigh.Log{Cap: 1}, &weigh.Uncertainty{Rate: 1},
	} {
		t.Run(fmt.Sprintf("%T%+v", w, w), func(t *testing.T) { weightest.Check(t, w) })
	}
}

// tasks makes n tasks of one kind.
func tasks(n int, kind kindred.Kind) []weigh.Task {
	list := make([]weigh.Task, n)
	for i := range list {
		list[i] = weigh.Task{Name: fmt.Sprint("t", i), Kind: kind}
	}
	return list
}

func rule(t testing.TB, w weigh.Weighting, list []weigh.Task) weigh.Rule {
	t.Helper()
	r, err := w.New(list)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// weights is one step's weights.
func weights(t testing.TB, r weigh.Rule, step weigh.Step) []float64 {
	t.Helper()
	dst := make([]float64, len(step.Losses))
	if err := r.Weights(step, dst); err != nil {
		t.Fatal(err)
	}
	return dst
}

// once is the weights of the first step of a rule.
func once(t testing.TB, w weigh.Weighting, list []weigh.Task, step weigh.Step) []float64 {
	t.Helper()
	return weights(t, rule(t, w, list), step)
}

func near(t *testing.T, what string, got, want []float64, tol float64) {
	t.Helper()
	for i := range want {
		if len(got) != len(want) || !(math.Abs(got[i]-want[i]) <= tol) {
			t.Errorf("%s: %v, want %v", what, got, want)
			return
		}
	}
}

func gram(rows ...[]float64) *num.Dense {
	g := num.NewDense(len(rows), len(rows))
	for i := range rows {
		for j := range rows {
			g.Set(i, j, num.Dot(rows[i], rows[j]))
		}
	}
	return g
}

// direction is Σ α_t g_t.
func direction(alpha []float64, rows ...[]float64) []float64 {
	d := make([]float64, len(rows[0]))
	for i, row := range rows {
		num.Axpy(alpha[i], row, d)
	}
	return d
}

// conflict has cosine −0.84; its values by the other rules are those of the
// papers' primal problems.
var conflict = [][]float64{{-4, 1, 1}, {6, 1, 1}}

func TestEqualAndFixed(t *testing.T) {
	list, step := tasks(2, kindred.Binary), weigh.Step{Losses: []float64{1, 1}}
	near(t, "equal", direction(once(t, weigh.Equal{}, list, step), conflict...), []float64{2, 2, 2}, 0)
	list[0].Weight, list[1].Weight = 1, 2
	near(t, "fixed", direction(once(t, weigh.Fixed{}, list, step), conflict...), []float64{8, 3, 3}, 0)
	if _, err := (weigh.Equal{}).New(list); err == nil || !strings.Contains(err.Error(), "use fixed") {
		t.Errorf("equal takes different weights: %v", err)
	}
	list[0].Weight = 2
	near(t, "equal of weight 2", once(t, weigh.Equal{}, list, step), []float64{1, 1}, 0)
}

// With constant losses s settles at ln 2f L, and all weights at 1/2L.
func TestUncertainty(t *testing.T) {
	for kind, factor := range map[kindred.Kind]float64{kindred.Regression: 0.5, kindred.Binary: 1, kindred.Multiclass: 1, kindred.Count: 1} {
		r := rule(t, &weigh.Uncertainty{}, tasks(2, kind))
		step := weigh.Step{Losses: []float64{1, 4}}
		near(t, "first weights", weights(t, r, step), []float64{factor, factor}, 0)
		var w []float64
		for range 3000 {
			w = weights(t, r, step)
		}
		near(t, kind.String(), w, []float64{0.5, 0.125}, 1e-6)
		s := r.State()
		near(t, kind.String(), []float64{s[0], s[4]}, []float64{math.Log(2 * factor), math.Log(8 * factor)}, 1e-5)
	}
}

// Adam's first step has the length of its rate; a task that is absent does not
// move, and one that a user weighs more moves as it would.
func TestUncertaintySteps(t *testing.T) {
	list := tasks(3, kindred.Binary)
	list[1].Weight = 3
	r := rule(t, &weigh.Uncertainty{Rate: 0.1}, list)
	weights(t, r, weigh.Step{Losses: []float64{9, 9, 9}, Active: []bool{true, true, false}})
	near(t, "second weights", weights(t, r, weigh.Step{Losses: []float64{9, 9, 9}}), []float64{math.Exp(-0.1), 3 * math.Exp(-0.1), 1}, 1e-8)
	for loss, s := range map[float64]float64{0: -20, 9: 20} { // steps of 50 are cut
		r := rule(t, &weigh.Uncertainty{Rate: 50}, list)
		weights(t, r, weigh.Step{Losses: []float64{loss, loss, loss}})
		near(t, "clamped", weights(t, r, weigh.Step{Losses: []float64{loss, loss, loss}}), []float64{math.Exp(-s), 3 * math.Exp(-s), math.Exp(-s)}, 0)
	}
}

// A loss in other units has the same gradient.
func TestLog(t *testing.T) {
	list := tasks(2, kindred.Regression)
	a, b := rule(t, &weigh.Log{}, list), rule(t, &weigh.Log{}, list)
	for _, l := range [][2]float64{{1, 4}, {0.5, 3}, {2e-3, 0.1}, {1e-3 / 2, 2e-3}, {1, 4}} {
		plain := weights(t, a, weigh.Step{Losses: []float64{l[0], l[1]}})
		other := weights(t, b, weigh.Step{Losses: []float64{l[0], 1e3 * l[1]}})
		near(t, "in other units", []float64{other[0], 1e3 * other[1]}, plain, 1e-5*plain[1])
		near(t, "weights", plain, []float64{1 / max(l[0], 1e-3), 1 / max(l[1], 4e-3)}, 1e-4*max(plain[0], plain[1]))
	}
	first := once(t, &weigh.Log{}, list, weigh.Step{Losses: []float64{1, 4}})
	near(t, "first", first, []float64{1, 0.25}, 1e-7)
}

func TestDWA(t *testing.T) {
	list, step := tasks(2, kindred.Binary), weigh.Step{Losses: []float64{1, 1}}
	near(t, "before", once(t, &weigh.DWA{}, list, step), []float64{1, 1}, 0)
	step.EpochLosses = [][]float64{{9, 3}}
	near(t, "after one", once(t, &weigh.DWA{}, list, step), []float64{1, 1}, 0)
	step.EpochLosses = [][]float64{{9, 3}, {2, 8}, {2, 4}}
	near(t, "after three", once(t, &weigh.DWA{}, list, step), []float64{1.124353, 0.875647}, 1e-6)
	step.EpochLosses[2] = []float64{1, 4}
	near(t, "equal ratios", once(t, &weigh.DWA{}, list, step), []float64{1, 1}, 0)
	step.EpochLosses = [][]float64{{0, math.NaN()}, {1, 1}}
	near(t, "no ratios", once(t, &weigh.DWA{}, list, step), []float64{1, 1}, 0)
	step.EpochLosses = [][]float64{{1e-12, 1}, {1, 1}}
	near(t, "one that explodes", once(t, &weigh.DWA{}, list, step), []float64{2, 0}, 0)
}

func TestPCGrad(t *testing.T) {
	list, step := tasks(2, kindred.Binary), weigh.Step{Losses: []float64{1, 1}}
	for _, c := range []struct{ j, alpha, d []float64 }{
		{[]float64{-4, 1, 1, 6, 1, 1}, []float64{2 + 2.0/9, 1 + 11.0/19}, []float64{0.584795, 3.801170, 3.801170}},
		{[]float64{1, 0, 0, -1, 1, 0}, []float64{2, 1.5}, []float64{0.5, 1.5, 0}},
		{[]float64{1, 0, 0, 5, 1, 0}, []float64{1, 1}, []float64{6, 1, 0}}, // no conflict
	} {
		rows := [][]float64{c.j[:3], c.j[3:]}
		step.Gram = gram(rows...)
		alpha := once(t, &weigh.PCGrad{}, list, step)
		near(t, "weights", alpha, c.alpha, 1e-14)
		near(t, "direction", direction(alpha, rows...), c.d, 1e-6)
	}
}

// The Gram form is the surgery of the paper, done on the gradients; the order
// of the projections is found by trying all.
func TestPCGradIsSurgery(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	orders := map[[3]bool]bool{}
	for number := range 40 {
		rows := make([][]float64, 3)
		list := tasks(3, kindred.Binary)
		for i := range rows {
			list[i].Weight = 0.5 + random.Float64()
			rows[i] = []float64{random.NormFloat64(), random.NormFloat64()}
		}
		got := direction(once(t, &weigh.PCGrad{Seed: 7}, list, weigh.Step{Number: number, Losses: make([]float64, 3), Gram: gram(rows...)}), rows...)
		found := false
		for code := range 8 {
			d, flip := []float64{0, 0}, [3]bool{code&1 > 0, code&2 > 0, code&4 > 0}
			for i := range rows {
				g, first, second := direction([]float64{list[i].Weight}, rows[i]), (i+1)%3, (i+2)%3
				if flip[i] {
					first, second = second, first
				}
				for _, j := range []int{first, second} {
					if s := num.Dot(g, rows[j]); s < 0 {
						num.Axpy(-s/num.Dot(rows[j], rows[j]), rows[j], g)
					}
				}
				num.Axpy(1, g, d)
			}
			if math.Hypot(d[0]-got[0], d[1]-got[1]) < 1e-12 {
				found, orders[flip] = true, true
			}
		}
		if !found {
			t.Errorf("step %d: no order of projections gives %v", number, got)
		}
	}
	if len(orders) < 8 {
		t.Errorf("only %d of 8 orders in 40 steps", len(orders))
	}
}

func TestMGDA(t *testing.T) {
	for _, c := range []struct {
		name      string
		normalize string
		rows      [][]float64
		want      []float64 // α/T
	}{
		{"orthonormal", "none", [][]float64{{1, 0}, {0, 1}}, []float64{0.5, 0.5}},
		{"orthogonal", "none", [][]float64{{1, 0}, {0, 2}}, []float64{0.8, 0.2}},
		{"parallel", "none", [][]float64{{1, 1}, {2, 2}}, []float64{1, 0}},
		{"opposite", "none", [][]float64{{1, 1}, {-1, -1}}, []float64{0.5, 0.5}},
		{"three", "none", [][]float64{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}, []float64{1. / 3, 1. / 3, 1. / 3}},
		{"conflict", "none", conflict, []float64{0.6, 0.4}},
		{"orthogonal", "l2", [][]float64{{1, 0}, {0, 2}}, []float64{2. / 3, 1. / 3}},
		{"parallel", "l2", [][]float64{{1, 1}, {2, 2}}, []float64{2. / 3, 1. / 3}},
		{"duplicates", "l2", [][]float64{{1, 0}, {1, 0}, {0, 1}}, []float64{0.25, 0.25, 0.5}},
	} {
		step := weigh.Step{Losses: make([]float64, len(c.rows)), Gram: gram(c.rows...)}
		alpha := once(t, &weigh.MGDA{Normalize: c.normalize}, tasks(len(c.rows), kindred.Binary), step)
		for i := range alpha {
			alpha[i] /= float64(len(alpha))
		}
		near(t, c.name+" "+c.normalize, alpha, c.want, 1e-6)
	}
	step := weigh.Step{Losses: []float64{1, 1}, Gram: gram(conflict...)}
	alpha := once(t, &weigh.MGDA{Normalize: "none"}, tasks(2, kindred.Binary), step)
	near(t, "the paper's direction", direction(alpha, conflict...), []float64{0, 2, 2}, 1e-12)
}

// Every task goes down in proportion to n_t w_t, or faster where it has no part
// in the mixture: these are the optimality conditions, also where gradients
// repeat, are nearly parallel, or are more than parameters.
func TestMGDAConditions(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, shape := range [][2]int{{2, 3}, {3, 3}, {5, 30}, {10, 100}, {12, 8}, {64, 200}, {64, 40}} {
		for _, kind := range []string{"apart", "nearly parallel", "repeated"} {
			for _, normalize := range []string{"none", "l2", "loss", "loss+"} {
				for range 3 {
					rows, losses := gradients(random, kind, shape[0], shape[1]), make([]float64, shape[0])
					list := tasks(shape[0], kindred.Binary)
					for i := range list {
						list[i].Weight, losses[i] = 0.5+random.Float64(), math.Exp(random.NormFloat64())
					}
					conditions(t, fmt.Sprint(shape, kind, normalize), normalize, rows, list, losses)
				}
			}
		}
	}
}

// gradients draws n gradients of very different lengths.
func gradients(random *rand.Rand, kind string, n, p int) [][]float64 {
	rows := make([][]float64, n)
	for i := range rows {
		rows[i] = make([]float64, p)
		length := math.Exp(3 * random.NormFloat64())
		for k := range p {
			rows[i][k] = length * (random.NormFloat64() + 0.5)
			if kind == "nearly parallel" {
				rows[i][k] = length * (1 + 1e-4*random.NormFloat64())
			}
		}
		if kind == "repeated" {
			rows[i] = rows[i/2]
		}
	}
	return rows
}

func conditions(t *testing.T, name, normalize string, rows [][]float64, list []weigh.Task, losses []float64) {
	t.Helper()
	alpha := once(t, &weigh.MGDA{Normalize: normalize}, list, weigh.Step{Losses: losses, Gram: gram(rows...)})
	sum, mass := 0.0, 0.0
	unit := make([]float64, len(rows)) // n_t w_t
	for i, row := range rows {
		unit[i] = map[string]float64{"none": 1, "l2": num.Norm(row), "loss": losses[i], "loss+": losses[i] * num.Norm(row)}[normalize] * list[i].Weight
		sum, mass = sum+alpha[i], mass+alpha[i]*unit[i]
	}
	near(t, name+" average", []float64{sum}, []float64{float64(len(rows))}, 1e-9*sum)
	for i := range alpha {
		if alpha[i] < 0 {
			t.Errorf("%s: weight %v", name, alpha[i])
		}
		alpha[i] /= mass
	}
	d := direction(alpha, rows...)
	square, least := num.Dot(d, d), math.Inf(1)
	for i := range rows {
		least = min(least, num.Dot(d, rows[i])/unit[i])
	}
	if gap := square - least; gap > 1e-10*square+1e-13 {
		t.Errorf("%s: gap %v of %v", name, gap, square)
	}
}

// The Gram matrix of gradients in float32 may be that of no vectors: the weights
// are as good as it is.
func TestMGDARoundedGram(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 10))
	for _, kind := range []string{"apart", "nearly parallel", "repeated"} {
		for range 20 {
			const n, noise = 12, 1e-6
			rows := gradients(random, kind, n, 8)
			for i := range rows {
				rows[i] = direction([]float64{1 / num.Norm(rows[i])}, rows[i])
			}
			g := gram(rows...)
			for i := range n {
				for j := range i {
					v := g.At(i, j) + noise*random.NormFloat64()
					g.Set(i, j, v)
					g.Set(j, i, v)
				}
			}
			alpha := once(t, &weigh.MGDA{}, tasks(n, kindred.Binary), weigh.Step{Losses: make([]float64, n), Gram: g})
			d := direction(direction([]float64{1. / n}, alpha), rows...)
			square := num.Dot(d, d)
			for i := range rows {
				if alpha[i] < 0 || !(num.Dot(d, rows[i]) >= square-20*noise) {
					t.Errorf("%s: weight %v, %v of %v", kind, alpha[i], num.Dot(d, rows[i]), square)
				}
			}
		}
	}
}

// Losses in other units, all or one, change the normalized weights as they must.
func TestMGDAUnits(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	rows := make([][]float64, 6)
	for i := range rows {
		rows[i] = make([]float64, 20)
		for k := range rows[i] {
			rows[i][k] = random.NormFloat64()
		}
	}
	list, losses := tasks(6, kindred.Binary), []float64{1, 2, 3, 4, 5, 6}
	for _, normalize := range []string{"none", "l2", "loss", "loss+"} {
		w := once(t, &weigh.MGDA{Normalize: normalize}, list, weigh.Step{Losses: losses, Gram: gram(rows...)})
		for _, scale := range []float64{1e-20, 1e20} {
			all := make([][]float64, 6)
			for i := range rows {
				all[i] = direction([]float64{scale}, rows[i])
			}
			near(t, "all scaled", once(t, &weigh.MGDA{Normalize: normalize}, list, weigh.Step{Losses: direction([]float64{scale}, losses), Gram: gram(all...)}), w, 1e-9)
		}
		if normalize != "l2" && normalize != "loss" {
			continue
		}
		one, scaled := slices.Clone(rows), slices.Clone(losses)
		one[2], scaled[2] = direction([]float64{1e3}, rows[2]), 1e3*losses[2]
		v := once(t, &weigh.MGDA{Normalize: normalize}, list, weigh.Step{Losses: scaled, Gram: gram(one...)})
		v[2] *= 1e3
		near(t, "one scaled", direction([]float64{6 / num.Sum(v)}, v), w, 1e-9)
	}
}

// The pace of looking at gradients is that of the option.
func TestUpdateEvery(t *testing.T) {
	for _, w := range []weigh.Weighting{&weigh.MGDA{Every: 3}, &weigh.PCGrad{Every: 3}} {
		r := rule(t, w, tasks(2, kindred.Binary)).(weigh.GramRule)
		for number := range 9 {
			if got := r.NeedsGram(number); got != (number%3 == 0) {
				t.Errorf("step %d: %v", number, got)
			}
		}
		if r.WeighsHeads() {
			t.Errorf("%T weighs heads", w)
		}
	}
}

func TestErrors(t *testing.T) {
	list := tasks(2, kindred.Binary)
	for _, c := range []struct {
		w    weigh.Weighting
		step weigh.Step
		want string
	}{
		{&weigh.Uncertainty{}, weigh.Step{Losses: []float64{1, -0.5}}, `"t1" has loss -0.5`},
		{&weigh.Log{}, weigh.Step{Losses: []float64{math.NaN(), 1}}, `"t0" has loss NaN`},
		{&weigh.MGDA{Normalize: "loss"}, weigh.Step{Losses: []float64{1, 0}, Gram: gram(conflict...)}, `"t1" has loss 0`},
		{&weigh.MGDA{}, weigh.Step{Losses: []float64{1, 1}, Gram: gram([]float64{math.NaN()}, []float64{1})}, "not finite"},
		{&weigh.PCGrad{}, weigh.Step{Losses: []float64{1, 1}, Gram: gram([]float64{math.Inf(1)}, []float64{1})}, "not finite"},
	} {
		if err := rule(t, c.w, list).Weights(c.step, make([]float64, 2)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%T: %v, want %s", c.w, err, c.want)
		}
	}
	for name, options := range map[string]string{
		"uncertainty": `{"learning_rate":-1}`, "log": `{"cap":0.5}`, "dwa": `{"temperature":-2}`,
		"pcgrad": `{"update_every":-1}`, "mgda": `{"normalize":"l3"}`,
	} {
		part, err := weigh.All.Find("weighting", name)
		if err != nil {
			t.Fatal(err)
		}
		w := part.New()
		if err := catalog.Decode(w, []byte(options)); err != nil {
			t.Error(err)
		}
		if err := w.Check(); err == nil || !strings.HasPrefix(err.Error(), name) {
			t.Errorf("%s %s: %v", name, options, err)
		}
		if _, err := w.New(list); err == nil {
			t.Errorf("%s %s starts", name, options)
		}
	}
	for _, weight := range []float64{-1, math.NaN(), math.Inf(1)} {
		for _, part := range weigh.All {
			if _, err := part.New().New([]weigh.Task{{Name: "a", Weight: weight}}); err == nil {
				t.Errorf("%s takes weight %v", part.Name, weight)
			}
		}
	}
}

// Every state is written to JSON and back.
func TestStateIsJSON(t *testing.T) {
	for _, part := range weigh.All {
		r := rule(t, part.New(), tasks(3, kindred.Regression))
		b, err := json.Marshal(r.State())
		var state []float64
		if err == nil {
			err = json.Unmarshal(b, &state)
		}
		if err != nil || r.Restore(state) != nil {
			t.Errorf("%s: %s, %v", part.Name, b, err)
		}
	}
}

func benchmark(b *testing.B, w weigh.Weighting, n int) {
	random := rand.New(rand.NewPCG(7, 8))
	rows := make([][]float64, n)
	for i := range rows {
		rows[i] = make([]float64, 4*n)
		for k := range rows[i] {
			rows[i][k] = random.NormFloat64() * math.Exp(float64(i%5))
		}
	}
	r, step, dst := rule(b, w, tasks(n, kindred.Binary)), weigh.Step{Losses: make([]float64, n), Gram: gram(rows...)}, make([]float64, n)
	for b.Loop() {
		if err := r.Weights(step, dst); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMGDA10(b *testing.B)     { benchmark(b, &weigh.MGDA{}, 10) }
func BenchmarkMGDA64(b *testing.B)     { benchmark(b, &weigh.MGDA{}, 64) }
func BenchmarkMGDANone64(b *testing.B) { benchmark(b, &weigh.MGDA{Normalize: "none"}, 64) }
func BenchmarkPCGrad10(b *testing.B)   { benchmark(b, &weigh.PCGrad{}, 10) }
func BenchmarkPCGrad64(b *testing.B)   { benchmark(b, &weigh.PCGrad{}, 64) }
