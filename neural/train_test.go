package neural

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/arch"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/optim"
	"github.com/kindred-mtl/kindred/weigh"
)

// begun is a training about to begin.
func begun(t *testing.T, m Method, s *kindred.Set) *trainer {
	t.Helper()
	d, err := m.data(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	return trainerOf(t, m, d)
}

func trainerOf(t *testing.T, m Method, d *data) *trainer {
	t.Helper()
	tr, err := m.newTrainer(d, m.arch(), "")
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// alone is the gradient of the mean loss of one task over the batch.
func alone(t *trainer, task int) []float64 {
	t.run.Train, t.run.Seed = true, t.m.Seed+uint64(t.step)*0x9e3779b97f4a7c15
	t.forward(true)
	clear(t.factor)
	if t.batch.seen[task] > 0 {
		t.factor[task] = 1 / t.batch.weight[task]
	}
	sum := make([]float64, t.params.Len())
	for s := range t.run.Shards() {
		t.scaleShard(s)
		t.run.Backward(s, t.shards[s].g)
		for i, v := range t.shards[s].g {
			sum[i] += float64(v)
		}
	}
	return sum
}

// gradient is that of a step, which is taken: with the rate 1 it is what the
// parameters lose.
func gradient(t *testing.T, tr *trainer) []float64 {
	t.Helper()
	before := slices.Clone(tr.run.Params)
	if err := tr.takeStep(); err != nil {
		t.Fatal(err)
	}
	g := make([]float64, len(before))
	for i, v := range before {
		g[i] = float64(v) - float64(tr.run.Params[i])
	}
	return g
}

var plainSteps = optim.Chain{&optim.SGD{Rate: 1}}

// A step goes down the mean over the tasks of α_t g_t, with the gradients g_t of
// one loss at a time. Rules that weigh gradients leave alone what is a task's
// own, and their α_t are those of the products of the g_t.
func TestStep(t *testing.T) {
	gradients := func(r weigh.Rule) bool { _, ok := r.(weigh.GramRule); return ok }
	for _, s := range []*kindred.Set{mixed(200), alikeTasks(200)} {
		for _, a := range []arch.Architecture{&arch.Shared{Layers: small, Tower: arch.Units{4}}, &arch.Conditioned{Layers: small}, &arch.Hierarchy{Layers: arch.Layers{Hidden: arch.Units{6, 5}}}} {
			for _, part := range weigh.All {
				m := Method{Arch: a, Weighting: part.New(), Optimizer: plainSteps, Training: Training{Batch: 150}, Seed: 4}
				tr := begun(t, m, s)
				tr.decks.begin(0)
				tr.decks.fill(tr.batch, 0)
				g := make([][]float64, len(s.Tasks))
				losses := make([]float64, len(s.Tasks))
				for task := range g {
					g[task] = alone(tr, task)
					for shard := range tr.run.Shards() {
						losses[task] += tr.shards[shard].sums[task] / tr.batch.seen[task]
					}
				}
				got := gradient(t, tr)
				name := fmt.Sprintf("%s, %T, wide=%v", part.Name, a, tr.d.wide)
				if gradients(tr.rule) {
					compareWeights(t, name, tr, g, losses)
				}
				compareStep(t, name, tr, g, got)
			}
		}
	}
}

// alikeTasks are tasks that mean the same, of opposite signs.
func alikeTasks(rows int) *kindred.Set {
	table := numbers(rows, 3, 3)
	s := &kindred.Set{}
	for k := range 3 {
		one := task(fmt.Sprint(k), kindred.Regression, table, 0, nil, func(x []float64) float64 { return float64(1-k) * (x[0] + x[k]) })
		one.Label.Target = "y"
		s.Tasks = append(s.Tasks, one)
	}
	return s
}

// compareWeights compares the weights of the step with those of the rule for the
// products of the gradients by what is shared.
func compareWeights(t *testing.T, name string, tr *trainer, g [][]float64, losses []float64) {
	t.Helper()
	n := len(g)
	shared := make([][]float64, n)
	for task := range g {
		shared[task] = slices.Clone(g[task])
		for s := range n {
			tr.params.Owned(s, func(lo, hi int) { clear(shared[task][lo:hi]) })
		}
	}
	gram := num.NewDense(n, n)
	for i := range n {
		for j := range n {
			gram.Set(i, j, num.Dot(shared[i], shared[j]))
		}
	}
	var tasks []weigh.Task
	for i := range tr.d.tasks {
		tasks = append(tasks, weigh.Task{Name: tr.d.tasks[i].Name, Kind: tr.d.infos[i].Kind})
	}
	rule, err := tr.m.weighting().New(tasks)
	if err != nil {
		t.Fatal(err)
	}
	want := make([]float64, n)
	if err := rule.Weights(weigh.Step{Losses: losses, Gram: gram}, want); err != nil {
		t.Fatal(err)
	}
	for task, a := range want {
		if math.Abs(a-tr.alpha[task]) > 1e-4*(1+math.Abs(a)) {
			t.Errorf("%s: weights %v, and %v by the gradients one by one", name, tr.alpha, want)
			return
		}
	}
}

// compareStep compares a step with the weighted mean of the gradients.
func compareStep(t *testing.T, name string, tr *trainer, g [][]float64, got []float64) {
	t.Helper()
	owner := make([]int, len(got))
	for task := range g {
		tr.params.Owned(task, func(lo, hi int) {
			for i := lo; i < hi; i++ {
				owner[i] = task + 1
			}
		})
	}
	for i, v := range got {
		want, size := 0.0, 0.0
		for task := range g {
			a := tr.alpha[task]
			if owner[i] == task+1 && !tr.rule.WeighsHeads() {
				a = 1
			}
			want += a * g[task][i] / float64(len(g))
			size += math.Abs(a * g[task][i])
		}
		if math.Abs(v-want) > 1e-5*(size+0.1) {
			t.Errorf("%s: number %d goes down %v, not %v (owner %d, weights %v)", name, i, v, want, owner[i]-1, tr.alpha)
			return
		}
	}
}

// Tasks count by the mean weight of their labels, 1 on average, but with equal
// weights the same.
func TestCounts(t *testing.T) {
	s := alikeTasks(90)
	for k, w := range []float64{6, 0, 2} {
		s.Tasks[k].Weight = slices.Repeat([]float64{w}, 90)
	}
	for name, want := range map[string][]float64{"equal": {1, 0, 1}, "fixed": {1.5, 0, 0.5}} {
		part, err := weigh.All.Find("weighting", name)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range []arch.Architecture{&arch.Shared{Layers: small}, &arch.Conditioned{Layers: small}} {
			tr := begun(t, Method{Arch: a, Weighting: part.New(), Training: Training{Batch: 64}}, s)
			tr.decks.begin(0)
			tr.decks.fill(tr.batch, 0)
			if err := tr.takeStep(); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(tr.alpha, want) {
				t.Errorf("%s, %T: weights %v, not %v", name, a, tr.alpha, want)
			}
		}
	}
}

// A row of weight 2 is the row twice, in the losses and in the gradient.
func TestRowTwice(t *testing.T) {
	const rows = 40
	base := numbers(rows, 3, 1)
	longer := &kindred.Table{}
	for _, c := range base.Columns {
		c.Number = append(slices.Clone(c.Number), c.Number[3])
		longer.Columns = append(longer.Columns, c)
	}
	label := func(k int) func(x []float64) float64 {
		return func(x []float64) float64 { return x[0]*x[k] + 1 }
	}
	sets := map[string]*kindred.Set{"weight": {}, "copy": {}, "listed": {}}
	for k := range 2 {
		name := fmt.Sprint(k)
		weighted := task(name, kindred.Regression, base, 0, nil, label(k))
		weighted.Weight = slices.Repeat([]float64{1}, rows)
		weighted.Weight[3] = 2
		listed := task(name, kindred.Regression, base, 0, nil, label(k))
		listed.Rows, listed.Label.Columns[0] = append(listed.Rows, 3), append(listed.Y(), listed.Y()[3])
		for which, one := range map[string]kindred.Task{"weight": weighted, "copy": task(name, kindred.Regression, longer, 0, nil, label(k)), "listed": listed} {
			sets[which].Tasks = append(sets[which].Tasks, one)
		}
	}
	for _, a := range []arch.Architecture{&arch.Shared{Layers: small}, &arch.Conditioned{Layers: small}} {
		loss, step := map[string][]float64{}, map[string][]float64{}
		for which, s := range sets {
			m := Method{Arch: a, Optimizer: plainSteps, Training: Training{Batch: 128}}
			var train [][]int
			for _, one := range s.Tasks {
				places := make([]int, len(one.Rows))
				for i := range places {
					places[i] = i
				}
				train = append(train, places)
			}
			d, err := m.prepare(context.Background(), s, train, make([][]int, 2))
			if err != nil {
				t.Fatal(err)
			}
			tr := trainerOf(t, m, d)
			loss[which] = tr.evaluate(d.train)
			tr.decks.begin(0)
			tr.decks.fill(tr.batch, 0)
			step[which] = gradient(t, tr)
		}
		for _, which := range []string{"copy", "listed"} {
			for k, v := range loss[which] {
				if math.Abs(v-loss["weight"][k]) > 1e-6*(1+v) {
					t.Errorf("%T, %s: losses %v, not %v", a, which, loss[which], loss["weight"])
				}
			}
			for i, v := range step[which] {
				if math.Abs(v-step["weight"][i]) > 1e-5*(0.1+math.Abs(v)) {
					t.Fatalf("%T, %s: number %d goes down %v, not %v", a, which, i, v, step["weight"][i])
				}
			}
		}
	}
}

// Before training, a task predicts what is best without inputs; tasks that share
// the constants, what is best for all of them.
func TestBeginBiases(t *testing.T) {
	one := begun(t, Method{Arch: &arch.Shared{Layers: small}}, mixed(200))
	for task, h := range one.d.heads {
		lo, hi, ok := one.graph.Bias(one.out[task], task)
		if !ok || hi-lo != h.outputs() {
			t.Fatalf("task %d has constants %d to %d", task, lo, hi)
		}
		for i, v := range h.begin(wide64(one.d.train.y[task]), wide64(one.d.train.w[task])) {
			if one.run.Params[lo+i] != float32(v) {
				t.Errorf("task %d begins with %v, not %v", task, one.run.Params[lo:hi], v)
			}
		}
	}
	s := alikeTasks(200)
	for k := range s.Tasks {
		for i := range s.Tasks[k].Y() {
			s.Tasks[k].Label.Columns[0][i] += float64(10 * k)
		}
	}
	all := begun(t, Method{Arch: &arch.Shared{Layers: small}}, s)
	sum, n := 0.0, 0.0
	for task := range s.Tasks {
		for _, v := range all.d.train.y[task] {
			sum, n = sum+float64(v), n+1
		}
	}
	for task := range s.Tasks {
		if lo, _, ok := all.graph.Bias(all.out[task], task); !ok || math.Abs(float64(all.run.Params[lo])-sum/n) > 1e-6 {
			t.Errorf("task %d begins with %v, not the mean %v of all", task, all.run.Params[lo], sum/n)
		}
	}
}

// trained plays a training to its end, and keeps the parameters of each epoch.
func trained(t *testing.T, m Method, s *kindred.Set) (tr *trainer, epochs [][]float32, held [][]float64) {
	t.Helper()
	m.Progress = func(p Progress) { held = append(held, p.Held) }
	tr = begun(t, m, s)
	for over := false; !over; {
		var err error
		if over, err = tr.train(context.Background(), tr.epoch+1); err != nil {
			t.Fatal(err)
		}
		epochs = append(epochs, slices.Clone(tr.run.Params))
		over = over || tr.epoch == tr.plan.epochs
	}
	return tr, epochs, held
}

// Training stops when no epoch is better, and what is returned is the best one,
// with the heads of each task's own best one where the rows held out say so.
// Their losses are those reported.
func TestEarlyStopping(t *testing.T) {
	s := made(90, 6, 4)
	for _, a := range []arch.Architecture{&arch.Shared{Layers: arch.Layers{Hidden: arch.Units{24}}}, &arch.Conditioned{Layers: small}, &arch.Shared{Layers: small, Tower: arch.Units{6}}} {
		tr, epochs, held := trained(t, Method{Arch: a, Optimizer: optim.Chain{&optim.AdamW{Rate: 0.03}, &optim.Cosine{}}, Training: Training{Epochs: 60, Batch: 16, Patience: 4, Held: 0.3}, Seed: 2}, s)
		best, mean := 0, math.Inf(1)
		for e, l := range held {
			if m := (l[0] + l[1] + l[2] + l[3]) / 4; m < mean {
				best, mean = e, m
			}
		}
		if len(held) != best+1+4 || !strings.Contains(tr.status, fmt.Sprintf("no better epoch after %d", best+1)) {
			t.Errorf("%T: %d epochs, the best is %d; %q", a, len(held), best+1, tr.status)
		}
		m := tr.model()
		want := slices.Clone(epochs[best])
		for task, top := range tr.tops {
			for _, r := range tr.owned[task] {
				copy(want[r.Lo:r.Hi], epochs[top.Epoch-1][r.Lo:r.Hi])
			}
		}
		if !slices.Equal(m.params, want) {
			t.Errorf("%T: the network is not that of its epochs", a)
		}
		sum := 0.0
		p := predict(t, m, s.Tasks[0].Table)
		for task := range s.Tasks {
			loss := 0.0
			for i, r := range tr.d.held.row[task] {
				e := (p.Tasks[task].Value[r]-tr.d.targets[task].Center)/tr.d.targets[task].Scale - float64(tr.d.held.y[task][i])
				loss += e * e / 2 / float64(len(tr.d.held.row[task]))
			}
			if loss > held[best][task]+1e-6 {
				t.Errorf("%T: task %d has held-out loss %v, and %v in the best epoch", a, task, loss, held[best][task])
			}
			sum += loss / 4
		}
		if r := m.Report(); math.Abs(r.Objective-sum) > 1e-5 || r.Gap.Value != r.Objective || r.Parameters["epoch"] != float64(best+1) {
			t.Errorf("%T: held-out loss %v is reported as %v of epoch %v", a, sum, r.Objective, r.Parameters["epoch"])
		}
	}
}

// A task's own parameters of another epoch are taken where they do better on top
// of the best one, and only there.
func TestTops(t *testing.T) {
	tr, _, _ := trained(t, Method{Arch: &arch.Shared{Layers: small}, Training: Training{Epochs: 4, Batch: 16}}, made(90, 6, 4))
	copy(tr.run.Params, tr.best.Params)
	common := tr.evaluate(tr.d.held)
	for i := range tr.tops[2].Params {
		tr.tops[2].Params[i] += 1
	}
	tr.restoreBest()
	if got := tr.evaluate(tr.d.held); got[2] != common[2] || tr.tops[2].Epoch != tr.best.Epoch {
		t.Errorf("a worse head has loss %v, and %v in the best epoch", got[2], common[2])
	}
}

// A network that diverges late leaves what stood before.
func TestDivergesLate(t *testing.T) {
	tr := begun(t, Method{Arch: &arch.Shared{Layers: small}, Training: Training{Epochs: 9, Batch: 16}}, made(90, 6, 4))
	if _, err := tr.train(context.Background(), 2); err != nil {
		t.Fatal(err)
	}
	tr.run.Params[0] = float32(math.NaN())
	over, err := tr.train(context.Background(), 9)
	if !over || err != nil || !strings.Contains(tr.status, "diverged in epoch 3") {
		t.Fatalf("over=%v, %v, %q", over, err, tr.status)
	}
	model := tr.model()
	finite(t, predict(t, model, numbers(20, 6, 9)))
}

// Temperatures lie between ¼ and 4, and lower the log loss held out; they find a
// network out that is too sure, or not sure enough.
func TestTemperatures(t *testing.T) {
	tr, _, _ := trained(t, Method{Arch: &arch.Shared{Layers: small}, Training: Training{Epochs: 40, Batch: 32, Held: 0.4, Rate: 0.02, Decay: 0.01}}, mixed(400))
	tr.restoreBest()
	right := slices.Clone(tr.run.Params)
	var at [][]float64
	for _, factor := range []float32{0.2, 1, 5} {
		for task := range tr.d.heads {
			for _, r := range tr.owned[task] {
				for i := r.Lo; i < r.Hi; i++ {
					tr.run.Params[i] = factor * right[i]
				}
			}
		}
		temperature, z := tr.temperatures(), tr.heldOutputs()
		at = append(at, temperature)
		for task, h := range tr.d.heads {
			v := temperature[task]
			if !tr.d.infos[task].Kind.Classifies() {
				if v != 1 {
					t.Errorf("task %d has temperature %v", task, v)
				}
				continue
			}
			y, w := tr.d.held.y[task], tr.d.held.w[task]
			before := h.loss(z[task], y, w, make([]float32, len(z[task])))
			for i := range z[task] {
				z[task][i] /= float32(v)
			}
			after := h.loss(z[task], y, w, make([]float32, len(z[task])))
			if v < 0.25 || v > 4 || after > before+1e-3 {
				t.Errorf("task %d: temperature %v takes the loss from %v to %v", task, v, before, after)
			}
		}
	}
	for _, task := range []int{1, 2} {
		if !(at[0][task] < 0.7*at[1][task] && at[1][task] < 0.7*at[2][task]) {
			t.Errorf("task %d: temperatures %v, %v and %v of networks ever more sure", task, at[0][task], at[1][task], at[2][task])
		}
	}
}

// The least value of a valley is found.
func TestMinimize(t *testing.T) {
	for _, at := range []float64{-1.5, 0, 0.3, 2} {
		want := max(-1, min(1, at))
		if got := minimize(-1, 1, func(u float64) float64 { return math.Abs(u - at) }); math.Abs(got-want) > 1e-3 {
			t.Errorf("%v, not %v", got, want)
		}
	}
}

// The worst network is dropped, and before it one that has no epoch yet.
func TestDropWorst(t *testing.T) {
	with := func(mean float64) *trainer { return &trainer{best: snapshot{Params: []float32{1}, Mean: mean}} }
	a, b, c, none := with(2), with(3), with(1), &trainer{}
	if left := dropWorst([]*trainer{a, b, c}); !slices.Equal(left, []*trainer{a, c}) {
		t.Error("the worst one is not dropped")
	}
	if left := dropWorst([]*trainer{a, none, b}); !slices.Equal(left, []*trainer{a, b}) {
		t.Error("one without an epoch stays")
	}
}

// Of several sizes, one that diverges is left out; if all do, that is told.
func TestChooseDiverges(t *testing.T) {
	s := made(100, 4, 3)
	m := Method{Training: Training{Epochs: 8, Batch: 50}}
	d, err := m.data(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	broken := func(which ...int) ([]*trainer, error) {
		var running []*trainer
		for i := range 3 {
			tr := trainerOf(t, m, d)
			if slices.Contains(which, i) {
				tr.run.Params[0] = float32(math.NaN())
			}
			running = append(running, tr)
		}
		k, err := m.newKeeper(d)
		if err != nil {
			t.Fatal(err)
		}
		best, err := k.halve(context.Background(), running)
		return append(running, best), err
	}
	for _, which := range [][]int{{0}, {1, 2}, {0, 1}} {
		running, err := broken(which...)
		if err != nil || slices.Index(running, running[3]) < 0 || slices.Contains(which, slices.Index(running, running[3])) {
			t.Errorf("networks %v diverge: %v", which, err)
		}
	}
	if _, err := broken(0, 1, 2); err == nil || !strings.Contains(err.Error(), "diverges") {
		t.Errorf("all diverge: %v", err)
	}
}
