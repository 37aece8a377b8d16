package score_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/score"
)

const tolerance = 1e-12

func metric(t *testing.T, name string) score.Metric {
	t.Helper()
	p, err := score.All.Find("metric", name)
	if err != nil {
		t.Fatal(err)
	}
	return p.New()
}

var kinds = []kindred.Kind{kindred.Regression, kindred.Binary, kindred.Multiclass, kindred.Count}

// random is a cell of n rows with ties among its scores and whole weights,
// some of them 0.
func random(rng *rand.Rand, kind kindred.Kind, n int) score.Cell {
	c := score.Cell{Info: kindred.TaskInfo{Kind: kind}}
	k := map[kindred.Kind]int{kindred.Binary: 2, kindred.Multiclass: 4}[kind]
	for t := range k {
		c.Info.Classes = append(c.Info.Classes, fmt.Sprint("c", t))
	}
	for range n {
		c.Weight = append(c.Weight, float64(rng.IntN(4)))
		if k == 0 {
			c.Y = append(c.Y, float64(rng.IntN(6)))
			c.Out.Value = append(c.Out.Value, 5*rng.Float64())
			continue
		}
		c.Y = append(c.Y, float64(rng.IntN(k)))
		c.Out.Class = append(c.Out.Class, rng.IntN(k))
		p, total := make([]float64, k), 0.0
		for t := range p {
			p[t] = float64(1 + rng.IntN(5))
			total += p[t]
		}
		for t := range p {
			c.Out.Probability = append(c.Out.Probability, p[t]/total)
			if kind == kindred.Multiclass || t == 1 {
				c.Out.Decision = append(c.Out.Decision, float64(rng.IntN(7)))
			}
		}
	}
	return c
}

// pick is the cell with row i where places says so, without weights.
func pick(c score.Cell, places []int, weight []float64) score.Cell {
	out := score.Cell{Info: c.Info, Weight: weight}
	width := func(v []float64) int { return len(v) / len(c.Y) }
	for _, i := range places {
		out.Y = append(out.Y, c.Y[i])
		if c.Out.Value != nil {
			out.Out.Value = append(out.Out.Value, c.Out.Value[i])
		}
		if c.Out.Class != nil {
			out.Out.Class = append(out.Out.Class, c.Out.Class[i])
		}
		if w := width(c.Out.Probability); w > 0 {
			out.Out.Probability = append(out.Out.Probability, c.Out.Probability[i*w:(i+1)*w]...)
		}
		if w := width(c.Out.Decision); w > 0 {
			out.Out.Decision = append(out.Out.Decision, c.Out.Decision[i*w:(i+1)*w]...)
		}
	}
	return out
}

func same(a, b float64, okA, okB bool) bool {
	return okA == okB && (!okA || math.Abs(a-b) <= tolerance*(1+math.Abs(a)))
}

// A row of weight w is the row w times; weights matter up to a factor only;
// the order of rows does not matter: of every metric, on every kind.
func TestWeightsScaleAndOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	seen := 0
	for _, kind := range kinds {
		for trial := range 30 {
			c := random(rng, kind, 1+trial)
			var twice []int
			for i, w := range c.Weight {
				twice = append(twice, slices.Repeat([]int{i}, int(w))...)
			}
			var scaled []float64
			order := rng.Perm(len(c.Y))
			for _, i := range order {
				scaled = append(scaled, 7*c.Weight[i])
			}
			for _, part := range score.All {
				m := part.New()
				if !m.Takes(kind) {
					continue
				}
				seen++
				want, ok := m.Task(c)
				if got, okGot := m.Task(pick(c, twice, nil)); !same(got, want, okGot, ok) {
					t.Errorf("%s, %v: %v (%v) with weights, %v (%v) with repeated rows", part.Name, kind, want, ok, got, okGot)
				}
				if got, okGot := m.Task(pick(c, order, scaled)); !same(got, want, okGot, ok) {
					t.Errorf("%s, %v: %v (%v), %v (%v) permuted and with weights times 7", part.Name, kind, want, ok, got, okGot)
				}
			}
		}
	}
	t.Logf("%d cells × metrics", seen)
}

// The best predictions get the best value there is.
func TestPerfect(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	best := map[string]float64{"rmse": 0, "mae": 0, "nmse": 0, "log_loss": 0, "brier": 0, "ece": 0, "poisson_deviance": 0}
	for _, kind := range kinds {
		c := random(rng, kind, 40)
		k := len(c.Info.Classes)
		for i, y := range c.Y {
			if k == 0 {
				c.Out.Value[i] = y
				continue
			}
			c.Out.Class[i] = int(y)
			for class := range k {
				c.Out.Probability[i*k+class] = 0
			}
			c.Out.Probability[i*k+int(y)] = 1
		}
		c.Out.Decision = nil
		for _, part := range score.All {
			m := part.New()
			if !m.Takes(kind) {
				continue
			}
			want := 1.0
			if m.Better() < 0 {
				want = best[part.Name]
			}
			if got, ok := m.Task(c); !ok || math.Abs(got-want) > 1e-9 {
				t.Errorf("%s, %v: %v, %v where %v is best", part.Name, kind, got, ok, want)
			}
		}
	}
}

// Undefined is NaN and not ok, of every metric.
func TestUndefined(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, part := range score.All {
		m := part.New()
		for _, kind := range kinds {
			if !m.Takes(kind) {
				continue
			}
			whole := random(rng, kind, 30)
			bare, empty, weightless := whole, pick(whole, nil, nil), whole
			bare.Out = kindred.Outcome{}
			weightless.Weight = make([]float64, len(whole.Y))
			cases := map[string]score.Cell{"no predictions": bare, "no rows": empty, "no weight": weightless, "a row not predicted": missing(whole)}
			if kind.Classifies() {
				if ranks := part.Name == "auc" || part.Name == "average_precision"; ranks || part.Name == "balanced_accuracy" {
					one := whole
					one.Y = make([]float64, len(whole.Y))
					cases["one class"] = one
				}
			} else if slices.Contains([]string{"r2", "nmse", "explained_variance_total", "explained_variance_within", "explained_variance_task_mean"}, part.Name) {
				flat := whole
				flat.Y = slices.Repeat([]float64{0.1}, len(whole.Y))
				cases["labels that do not vary"] = flat
			}
			for name, c := range cases {
				if v, ok := m.Task(c); ok || !math.IsNaN(v) {
					t.Errorf("%s, %v, %s: %v, %v", part.Name, kind, name, v, ok)
				}
				if v, undefined, ok := score.Over(m, []score.Cell{c}); ok || undefined != 1 || !math.IsNaN(v) {
					t.Errorf("%s, %v, %s, over tasks: %v, %d undefined, %v", part.Name, kind, name, v, undefined, ok)
				}
			}
		}
	}
}

// missing leaves the first row that counts as kindred.Held leaves a row that
// no model predicted.
func missing(c score.Cell) score.Cell {
	places := make([]int, len(c.Y))
	for i := range places {
		places[i] = i
	}
	m := pick(c, places, c.Weight)
	first := slices.IndexFunc(c.Weight, func(w float64) bool { return w > 0 })
	for _, v := range [][]float64{m.Out.Value, m.Out.Probability, m.Out.Decision} {
		if w := len(v) / len(c.Y); w > 0 {
			v[first*w] = math.NaN()
			v[first*w+w-1] = math.NaN()
		}
	}
	if m.Out.Class != nil {
		m.Out.Class[first] = -1
	}
	return m
}

// A row of weight 0 may have no prediction.
func TestWeightZeroNeedsNoPrediction(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for _, kind := range kinds {
		c := random(rng, kind, 30)
		c.Weight[0] = 1
		without := missing(c)
		without.Weight[0] = 0
		rest := make([]int, 29)
		for i := range rest {
			rest[i] = i + 1
		}
		for _, part := range score.All {
			if m := part.New(); m.Takes(kind) {
				a, okA := m.Task(without)
				b, okB := m.Task(pick(c, rest, c.Weight[1:]))
				if !okA || !same(a, b, okA, okB) {
					t.Errorf("%s, %v: %v, %v; %v, %v without the row", part.Name, kind, a, okA, b, okB)
				}
			}
		}
	}
}

// scoreOf is the number that ranks row i for a class.
func scoreOf(c score.Cell, i, class int) float64 {
	if c.Info.Kind == kindred.Binary {
		return c.Out.Decision[i]
	}
	return c.Out.Decision[i*len(c.Info.Classes)+class]
}

// overClasses is f of the positive class, or the mean of f over the classes
// where it is a number.
func overClasses(c score.Cell, f func(class int) float64) float64 {
	from, sum, n := 0, 0.0, 0.0
	if c.Info.Kind == kindred.Binary {
		from = 1
	}
	for class := from; class < len(c.Info.Classes); class++ {
		if v := f(class); !math.IsNaN(v) {
			sum, n = sum+v, n+1
		}
	}
	return sum / n
}

// AUC by all pairs; average precision by a threshold at every positive row.
func TestRankMetricsAgainstPairs(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	for _, kind := range []kindred.Kind{kindred.Binary, kindred.Multiclass} {
		for range 30 {
			c := random(rng, kind, 25)
			auc := overClasses(c, func(class int) float64 {
				right, pairs := 0.0, 0.0
				for i, y := range c.Y {
					for j, z := range c.Y {
						if int(y) != class || int(z) == class {
							continue
						}
						w := c.Weight[i] * c.Weight[j]
						pairs += w
						switch d := scoreOf(c, i, class) - scoreOf(c, j, class); {
						case d > 0:
							right += w
						case d == 0:
							right += w / 2
						}
					}
				}
				return right / pairs
			})
			precision := overClasses(c, func(class int) float64 {
				sum, positives := 0.0, 0.0
				for i, y := range c.Y {
					if int(y) != class || c.Weight[i] == 0 {
						continue
					}
					hit, all := 0.0, 0.0
					for j, z := range c.Y {
						if scoreOf(c, j, class) >= scoreOf(c, i, class) {
							all += c.Weight[j]
							if int(z) == class {
								hit += c.Weight[j]
							}
						}
					}
					sum, positives = sum+c.Weight[i]*hit/all, positives+c.Weight[i]
				}
				return sum / positives
			})
			for name, want := range map[string]float64{"auc": auc, "average_precision": precision} {
				if got := value(t, name, c); math.Abs(got-want) > tolerance {
					t.Errorf("%s, %v: %v, by pairs %v", name, kind, got, want)
				}
			}
		}
	}
}

// Ranks do not change under increasing maps of the score, and turn round
// under decreasing ones; probabilities rank where there is no decision.
func TestRanksAreInvariant(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	for _, kind := range []kindred.Kind{kindred.Binary, kindred.Multiclass} {
		c := random(rng, kind, 60)
		for _, name := range []string{"auc", "average_precision"} {
			want := value(t, name, c)
			for _, f := range []func(float64) float64{math.Atan, math.Exp, func(x float64) float64 { return x*x*x - 1e6 }} {
				mapped := c
				mapped.Out.Decision = slices.Clone(c.Out.Decision)
				for i, v := range mapped.Out.Decision {
					mapped.Out.Decision[i] = f(v)
				}
				if got := value(t, name, mapped); got != want {
					t.Errorf("%s, %v: %v, %v after an increasing map", name, kind, want, got)
				}
			}
		}
		turned, auc := c, value(t, "auc", c)
		turned.Out.Decision = slices.Clone(c.Out.Decision)
		for i := range turned.Out.Decision {
			turned.Out.Decision[i] *= -1
		}
		if got := value(t, "auc", turned); math.Abs(got-(1-auc)) > tolerance {
			t.Errorf("%v: AUC %v, turned round %v", kind, auc, got)
		}
		both, k := c, len(c.Info.Classes)
		both.Out.Decision = nil
		for i := range c.Y {
			if kind == kindred.Binary {
				both.Out.Decision = append(both.Out.Decision, c.Out.Probability[i*k+1])
			} else {
				both.Out.Decision = append(both.Out.Decision, c.Out.Probability[i*k:(i+1)*k]...)
			}
		}
		bare := both
		bare.Out.Decision = nil
		if a, b := value(t, "auc", both), value(t, "auc", bare); a != b {
			t.Errorf("%v: AUC %v by decision, %v by probability", kind, a, b)
		}
	}
}

func TestMulticlassByHand(t *testing.T) {
	c := score.Cell{
		Info: kindred.TaskInfo{Kind: kindred.Multiclass, Classes: []string{"a", "b", "c", "never"}},
		Y:    []float64{0, 0, 1, 2},
		Out: kindred.Outcome{Class: []int{0, 1, 1, 0}, Probability: []float64{
			.7, .1, .2, 0,
			.3, .4, .3, 0,
			.2, .5, .3, 0,
			.6, .1, .3, 0,
		}},
	}
	for name, want := range map[string]float64{
		"accuracy":          0.5,
		"balanced_accuracy": (0.5 + 1 + 0) / 3,
		"f1":                (2.0/4 + 2.0/3 + 0) / 3, // "never" is neither there nor said
		"auc":               (3.0/4 + 1 + 2.0/3) / 3, // c: .3 beats .2 and ties with .3 twice
		"log_loss":          -(math.Log(.7) + math.Log(.3) + math.Log(.5) + math.Log(.3)) / 4,
		"brier":             ((.09 + .01 + .04) + (.49 + .16 + .09) + (.04 + .25 + .09) + (.36 + .01 + .49)) / 4,
		// bins of 1/15: .7 → 10 right, .4 → 6 wrong, .5 → 7 right, .6 → 9 wrong
		"ece": (.3 + .4 + .5 + .6) / 4,
	} {
		if got := value(t, name, c); math.Abs(got-want) > tolerance {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
}

// A probability of 0 for what happened costs −log 1e-15, not infinity; one
// bin's errors cancel and two bins' do not.
func TestProbabilityEdges(t *testing.T) {
	c := score.Cell{Info: binary.Info, Y: []float64{1}, Out: kindred.Outcome{Probability: []float64{1, 0}}}
	if got, want := value(t, "log_loss", c), 15*math.Ln10; math.Abs(got-want) > 1e-9 {
		t.Errorf("log loss %v, want %v", got, want)
	}
	c = score.Cell{Info: binary.Info, Y: []float64{1, 0}, Weight: []float64{1, 3}, Out: kindred.Outcome{Probability: []float64{.74, .26, .76, .24}}}
	if got, want := value(t, "ece", c), math.Abs(1-.26-3*.24)/4; math.Abs(got-want) > tolerance {
		t.Errorf("ece %v in one bin, want %v", got, want)
	}
	c.Out.Probability = []float64{.5, .5, 1, 0}
	if got, want := value(t, "ece", c), .5/4; math.Abs(got-want) > tolerance {
		t.Errorf("ece %v in two bins, want %v", got, want)
	}
}

// Shares of variance do not change when labels and predictions move or grow
// together, also where the mean dwarfs the spread.
func TestVarianceFarFromZero(t *testing.T) {
	rng := rand.New(rand.NewPCG(13, 14))
	c := random(rng, kindred.Regression, 50)
	far := c
	far.Y, far.Out.Value = slices.Clone(c.Y), slices.Clone(c.Out.Value)
	for i := range far.Y {
		far.Y[i] = 8*far.Y[i] + 1e9
		far.Out.Value[i] = 8*far.Out.Value[i] + 1e9
	}
	for _, name := range []string{"r2", "nmse", "explained_variance_task_mean"} {
		if a, b := value(t, name, c), value(t, name, far); math.Abs(a-b) > 1e-6 {
			t.Errorf("%s: %v, far from 0 %v", name, a, b)
		}
	}
}

// The three explained variances over tasks, as plainly as they are defined.
func TestExplainedVariancesAgainstDefinition(t *testing.T) {
	rng := rand.New(rand.NewPCG(15, 16))
	var cells []score.Cell
	for task := range 6 {
		c := random(rng, kindred.Regression, 10+task)
		for i := range c.Y {
			c.Y[i] += float64(3 * task)
			c.Out.Value[i] += float64(3 * task)
		}
		cells = append(cells, c)
	}
	flat := pick(cells[0], []int{0}, []float64{2})
	unpredicted := cells[1]
	unpredicted.Out.Value = nil
	other := random(rng, kindred.Binary, 5)
	var errors, total, n, sum, within, ev float64
	for _, c := range append(cells, flat) {
		for i, y := range c.Y {
			n, sum = n+c.Weight[i], sum+c.Weight[i]*y
		}
	}
	for k, c := range append(cells, flat) {
		var ee, y, yy, w float64
		for i := range c.Y {
			r := c.Out.Value[i] - c.Y[i]
			w += c.Weight[i]
			ee += c.Weight[i] * r * r
			y += c.Weight[i] * c.Y[i]
			yy += c.Weight[i] * c.Y[i] * c.Y[i]
			total += c.Weight[i] * (c.Y[i] - sum/n) * (c.Y[i] - sum/n)
		}
		errors, within = errors+ee, within+yy-y*y/w
		if k < len(cells) {
			ev += (1 - ee/(yy-y*y/w)) / float64(len(cells))
		}
	}
	for name, want := range map[string]float64{
		"explained_variance_total": 1 - errors/total, "explained_variance_within": 1 - errors/within, "explained_variance_task_mean": ev,
	} {
		got, undefined, ok := score.Over(metric(t, name), append(slices.Clone(cells), flat, unpredicted, other))
		if !ok || undefined != 2 || math.Abs(got-want) > 1e-9 {
			t.Errorf("%s: %v, %d undefined, %v; want %v and 2", name, got, undefined, ok, want)
		}
	}
}

// What knows only the mean of each task explains nothing within tasks, much in
// total, and has an R² of 0 in each.
func TestTaskMeansExplainNothingWithin(t *testing.T) {
	var cells []score.Cell
	for task := range 5 {
		m := float64(10 * task)
		cells = append(cells, score.Cell{Y: []float64{m - 1, m + 1}, Out: kindred.Outcome{Value: []float64{m, m}}})
	}
	for name, want := range map[string]float64{
		"explained_variance_within": 0, "explained_variance_task_mean": 0, "r2": 0, "nmse": 1,
		"explained_variance_total": 1 - 10.0/(10+2*(400+100+0+100+400)),
	} {
		if got, _, ok := score.Over(metric(t, name), cells); !ok || math.Abs(got-want) > tolerance {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

// Gains can be measured in the primary metric on every task with predictions,
// one row and one class included.
func TestPrimaryIsAlwaysDefined(t *testing.T) {
	for _, kind := range kinds {
		c := random(rand.New(rand.NewPCG(17, 18)), kind, 1)
		c.Weight = nil
		name := score.Primary(kind)
		if m := metric(t, name); !m.Takes(kind) {
			t.Errorf("%s does not take %v", name, kind)
		} else if _, ok := m.Task(c); !ok {
			t.Errorf("%s is undefined on one row of a %v task", name, kind)
		}
	}
}

func BenchmarkAUC(b *testing.B) {
	c := random(rand.New(rand.NewPCG(19, 20)), kindred.Binary, 100_000)
	for i := range c.Out.Decision {
		c.Out.Decision[i] = math.Sin(float64(i * i))
	}
	for b.Loop() {
		score.AUC{}.Task(c)
	}
}
