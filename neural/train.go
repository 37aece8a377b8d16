package neural

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/kindred-mtl/kindred/arch"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/optim"
	"github.com/kindred-mtl/kindred/param"
	"github.com/kindred-mtl/kindred/tape"
	"github.com/kindred-mtl/kindred/weigh"
)

// A trainer is a network in training, which may stop after any epoch and go on.
type trainer struct {
	m    *Method
	d    *data
	arch arch.Architecture
	name string // of the size, where several are tried

	graph  *tape.Graph
	params *param.Layout
	out    []tape.Node // of each task
	nodes  []tape.Node // the different ones
	run    *tape.Run[float32]
	rule   weigh.Rule
	opt    *optim.State[float32]
	decks  sampler
	batch  *batch
	shards []shard
	gram   *num.Dense
	ahead  *num.Dense
	alpha  []float64
	factor []float64
	losses []float64       // of each task in the batch
	active []bool          // the tasks with a label in it
	owned  [][]optim.Range // of each task: the parameters that it alone uses
	plan   plan

	calls
	adjoint bool      // forward leaves gradients at the outputs
	squares []float64 // of each piece of the gradient

	epoch, step int
	epochLosses [][]float64
	heldMeans   []float64 // of each epoch, over tasks; NaN where nothing is held out
	sums, seen  []float64 // of the epoch's training losses, and their weights
	best        snapshot
	tops        []top
	status      string
	stale       int // epochs since the best
}

// A plan is how long to train.
type plan struct{ epochs, batch, steps, patience int }

// A snapshot is a network after an epoch.
type snapshot struct {
	Epoch  int
	Params []float32
	State  []float32
	Heat   float64
	Held   []float64 // losses of the tasks
	Mean   float64
}

// A top is the head of a task when it was best.
type top struct {
	Epoch  int
	Loss   float64
	Params []float32 // those the task alone uses
}

// A shard is the room of one shard of a batch.
type shard struct {
	g          []float32
	z, y, w, d []float32
	factors    []float32 // of each column of a node
	sums       []float64 // of each task
}

// newTrainer makes a network and all that trains it.
func (m *Method) newTrainer(d *data, a arch.Architecture, name string) (*trainer, error) {
	if c, ok := a.(interface{ CheckTasks([]arch.Task) error }); ok {
		if err := c.CheckTasks(d.tasks); err != nil {
			return nil, err
		}
	}
	if err := a.Check(); err != nil {
		return nil, err
	}
	t := &trainer{m: m, d: d, arch: a, name: name, params: &param.Layout{}, plan: m.plan(d)}
	in := arch.Inputs{Dense: d.shape.Dense, Levels: d.shape.Levels, Sparse: d.shape.Sparse}
	t.graph, t.out = arch.Record(a, in, d.tasks, t.params, !d.wide)
	for _, n := range t.out {
		if !slices.Contains(t.nodes, n) {
			t.nodes = append(t.nodes, n)
		}
	}
	p := make([]float32, t.params.Len())
	t.run = tape.NewRun(t.graph, p, t.plan.batch)
	t.run.State = make([]float32, t.graph.StateLen())
	tape.BeginState(t.graph, t.run.State)
	param.Begin(t.params, p, m.Seed)
	t.beginBiases()
	t.batch = newBatch(len(d.tasks), t.plan.batch, d.wide)
	if d.wide {
		t.decks = newRowSampler(d, d.train, t.plan.batch, m.Seed)
	} else {
		t.decks = newPairSampler(d, d.train, t.plan.batch, m.Seed, m.Training.Sampling)
	}
	t.plan.steps = t.plan.epochs * t.decks.steps()
	t.makeRoom()
	return t, t.makeRules()
}

// makeRoom makes what steps work in.
func (t *trainer) makeRoom() {
	tasks, widest := len(t.d.tasks), 1
	for _, task := range t.d.tasks {
		widest = max(widest, task.Outputs)
	}
	columns := 0
	for _, node := range t.nodes {
		columns = max(columns, t.graph.Stride(node))
	}
	n := (t.plan.batch + tape.Shard - 1) / tape.Shard
	for range n {
		t.shards = append(t.shards, shard{
			g: make([]float32, t.params.Len()), sums: make([]float64, tasks),
			z: make([]float32, tape.Shard*widest), d: make([]float32, tape.Shard*widest),
			y: make([]float32, tape.Shard), w: make([]float32, tape.Shard), factors: make([]float32, columns),
		})
	}
	t.alpha, t.factor = make([]float64, tasks), make([]float64, tasks)
	t.losses, t.active = make([]float64, tasks), make([]bool, tasks)
	t.sums, t.seen = make([]float64, tasks), make([]float64, tasks)
	t.owned, t.tops = make([][]optim.Range, tasks), make([]top, tasks)
	for task := range t.owned {
		t.params.Owned(task, func(lo, hi int) { t.owned[task] = append(t.owned[task], optim.Range{Lo: lo, Hi: hi}) })
	}
	t.run.Ready()
	t.makeCalls()
}

// makeRules starts the weighting and the optimizer.
func (t *trainer) makeRules() (err error) {
	var tasks []weigh.Task
	for i := range t.d.tasks {
		tasks = append(tasks, weigh.Task{Name: t.d.tasks[i].Name, Kind: t.d.infos[i].Kind})
	}
	if _, equal := t.m.weighting().(weigh.Equal); !equal {
		for i, w := range t.d.counts() {
			tasks[i].Weight = w
		}
	}
	if t.rule, err = t.m.weighting().New(tasks); err != nil {
		return err
	}
	var decays []optim.Range
	for _, b := range t.params.Blocks {
		if b.Decay {
			decays = append(decays, optim.Range{Lo: b.At, Hi: b.At + b.Len()})
		}
	}
	t.opt, err = optim.New[float32](t.m.optimizer(), optim.Plan{Size: t.params.Len(), Decays: decays, Steps: t.plan.steps})
	return err
}

// optimizer is the chain that is given, or the default one.
func (m *Method) optimizer() optim.Chain {
	if len(m.Optimizer) > 0 {
		return m.Optimizer
	}
	rate, decay := m.Training.Rate, m.Training.Decay
	if rate == 0 {
		rate = 0.003
	}
	if decay == 0 {
		decay = 1
	}
	return optim.Chain{&optim.AdamW{Rate: rate, Lambda: decay}, &optim.Cosine{Warmup: 0.05}, &optim.EMA{}}
}

// stepsBy names the transforms of the optimizer that is given, or the default.
func (m *Method) stepsBy() string {
	if len(m.Optimizer) == 0 {
		return "adamw"
	}
	names := make([]string, len(m.Optimizer))
	for i, t := range m.Optimizer {
		names[i] = optim.All.NameOf(t)
	}
	return strings.Join(names, ", ")
}

// wantedSteps is how many steps a training takes where nothing else is said.
const wantedSteps = 3000

// plan is how long to train.
func (m *Method) plan(d *data) plan {
	rows := 0
	for _, r := range d.train.row {
		if d.wide {
			rows = max(rows, len(r))
		} else {
			rows += len(r)
		}
	}
	p := plan{epochs: m.Training.Epochs, batch: m.Training.Batch, patience: m.Training.Patience}
	if p.batch == 0 {
		for p.batch = 32; p.batch < 1024 && p.batch*64 < rows; p.batch *= 2 {
			continue
		}
	}
	if p.epochs == 0 {
		p.epochs = min(max(wantedSteps*p.batch/max(rows, 1), 10), 200)
	}
	if p.patience == 0 {
		p.patience = max(5, p.epochs/5)
	}
	return p
}

// beginBiases sets the outputs to what predicts the labels best without inputs:
// those of all the tasks that share the constants.
func (t *trainer) beginBiases() {
	y, w := map[int][]float64{}, map[int][]float64{} // of the constants from a place on
	for task := range t.d.heads {
		if at, ok := t.bias(task); ok {
			y[at] = append(y[at], wide64(t.d.train.y[task])...)
			w[at] = append(w[at], wide64(t.d.train.w[task])...)
		}
	}
	for task, h := range t.d.heads {
		at, ok := t.bias(task)
		if !ok || len(y[at]) == 0 {
			continue
		}
		for i, v := range h.begin(y[at], w[at]) {
			t.run.Params[at+i] = float32(v)
		}
		delete(y, at)
	}
}

// bias is where the constants of a task's outputs lie.
func (t *trainer) bias(task int) (at int, ok bool) {
	lo, hi, ok := t.graph.Bias(t.out[task], task)
	return lo, ok && hi-lo == t.d.heads[task].outputs()
}

func wide64(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

// errDiverged says that the losses are no numbers any more.
var errDiverged = errors.New("the losses are no longer finite")

// train goes on until an epoch is over, or the training is: it returns true
// then.
func (t *trainer) train(ctx context.Context, until int) (over bool, err error) {
	for t.epoch < until {
		if err := t.runEpoch(ctx); err != nil {
			switch {
			case errors.Is(err, errDiverged) && t.best.Params != nil:
				t.status = fmt.Sprintf("diverged in epoch %d; the best epoch before it is kept. A smaller rate may help", t.epoch+1)
				return true, nil
			case ctx.Err() != nil && t.best.Params != nil:
				t.status = fmt.Sprintf("interrupted in epoch %d of %d; the best one so far is kept", t.epoch+1, t.plan.epochs)
				return true, nil
			case errors.Is(err, errDiverged):
				return true, fmt.Errorf("neural: the network diverges in its first epoch: %w; try a rate below %v", err, t.opt.Rate(t.step))
			}
			return true, err
		}
		if t.stale >= t.plan.patience {
			t.status = fmt.Sprintf("converged: no better epoch after %d", t.best.Epoch)
			return true, nil
		}
	}
	if t.epoch >= t.plan.epochs {
		t.status = "converged: all epochs done"
		return true, nil
	}
	return false, nil
}

// runEpoch trains on every row once and looks at the rows held out.
func (t *trainer) runEpoch(ctx context.Context) error {
	t.decks.begin(t.epoch)
	clear(t.sums)
	clear(t.seen)
	if l, ok := t.arch.(interface{ Learns() bool }); ok && l.Learns() {
		t.run.Heat = heat(t.epoch, t.plan.epochs)
	}
	for i := range t.decks.steps() {
		if err := ctx.Err(); err != nil {
			return err
		}
		t.decks.fill(t.batch, i)
		if err := t.takeStep(); err != nil {
			return err
		}
	}
	t.epoch++
	losses := make([]float64, len(t.sums))
	for task, s := range t.sums {
		losses[task] = s / t.seen[task] // NaN where it had no row
	}
	t.epochLosses = append(t.epochLosses, losses)
	return t.look(losses)
}

// heat is the temperature of choices: from 1 down to 1/30 over the first two
// thirds of the epochs.
func heat(epoch, epochs int) float64 {
	part := min(1, 1.5*float64(epoch)/float64(max(epochs-1, 1)))
	return math.Pow(30, -part)
}

// forward plays the batch and sums up the losses of each task; adjoint leaves
// their gradients, not yet divided or weighed, at the outputs.
func (t *trainer) forward(adjoint bool) {
	t.batch.ready(t.run, &t.d.inputs, t.d.shape)
	t.adjoint = adjoint
	num.For(t.run.Shards(), t.play)
}

// takeStep trains on the batch.
func (t *trainer) takeStep() error {
	t.run.Train, t.run.Seed = true, t.m.Seed+uint64(t.step)*0x9e3779b97f4a7c15
	t.forward(true)
	t.run.Settle()
	if err := t.weigh(); err != nil {
		return err
	}
	num.For(t.run.Shards(), t.playBack)
	t.descend()
	t.step++
	return nil
}

// weigh finds the factor of each task's gradient.
func (t *trainer) weigh() error {
	step := weigh.Step{Number: t.step, Losses: t.losses, Active: t.active, EpochLosses: t.epochLosses}
	active := 0.0
	for task := range step.Losses {
		step.Losses[task] = 0
		sum, seen := t.shardSum(task), t.batch.seen[task]
		t.sums[task] += sum
		t.seen[task] += seen
		if step.Active[task] = seen > 0; seen > 0 {
			step.Losses[task] = sum / seen
			active++
		}
		if math.IsNaN(sum) || math.IsInf(sum, 0) || sum > 1e30 {
			return errDiverged
		}
	}
	if !t.d.wide {
		active = t.labelled()
	}
	if g, ok := t.rule.(weigh.GramRule); ok && g.NeedsGram(t.step) {
		t.measureGram()
		step.Gram = t.gram
	}
	if a, ok := t.rule.(weigh.AheadRule); ok {
		if rate := a.AheadRate(t.step); rate > 0 {
			t.measureAhead(rate)
			step.Ahead = t.ahead
		}
	}
	if err := t.rule.Weights(step, t.alpha); err != nil {
		return err
	}
	t.keepHeads(step.Active)
	for task, a := range t.alpha {
		t.factor[task] = 0
		if step.Active[task] {
			t.factor[task] = a / (active * t.batch.weight[task])
		}
	}
	return nil
}

// labelled counts the tasks with labels to learn from.
func (t *trainer) labelled() float64 {
	n := 0.0
	for _, w := range t.d.weights {
		if w > 0 {
			n++
		}
	}
	return n
}

// leastWeight is the least a task's gradient is weighed with, relative to the
// largest, where its own parameters have the weight taken off again.
const leastWeight = 1e-6

// keepHeads keeps the weights of a rule for shared parameters alone away from
// 0, as descend divides by them.
func (t *trainer) keepHeads(active []bool) {
	if t.rule.WeighsHeads() {
		return
	}
	most := 0.0
	for _, a := range t.alpha {
		most = max(most, math.Abs(a))
	}
	for task, a := range t.alpha {
		if least := leastWeight * most; active[task] && math.Abs(a) < least {
			t.alpha[task] = math.Copysign(least, a)
		}
	}
}

// measureGram sets gram to the products of the gradients of the mean losses.
func (t *trainer) measureGram() {
	if t.gram == nil {
		t.gram = num.NewDense(len(t.alpha), len(t.alpha))
	}
	for task, w := range t.batch.weight {
		t.factor[task] = 0
		if t.batch.seen[task] > 0 {
			t.factor[task] = 1 / w
		}
	}
	num.For(t.run.Shards(), t.scaleShard)
	t.run.Gram(t.gram.Data, t.nodes)
	for task, f := range t.factor { // and back
		if f > 0 {
			t.factor[task] = 1 / f
		}
	}
	num.For(t.run.Shards(), t.scaleShard)
}

// piece is how many parameters are summed and moved at a time.
const piece = 4096

// descend adds up the gradients of the shards and takes the optimizer's step.
func (t *trainer) descend() {
	pieces := (t.params.Len() + piece - 1) / piece
	if t.rule.WeighsHeads() && !t.opt.NeedsNorm() {
		t.opt.Begin(t.step, 0)
		num.For(pieces, t.sumAndMove)
		return
	}
	num.For(pieces, t.sum)
	if !t.rule.WeighsHeads() {
		t.unweigh()
	}
	norm := 0.0
	if t.opt.NeedsNorm() {
		num.For(pieces, t.square)
		for _, s := range t.squares {
			norm += s
		}
	}
	t.opt.Begin(t.step, math.Sqrt(norm))
	num.For(pieces, t.move)
}

// unweigh takes the weights off the gradients of parameters that one task alone
// uses.
func (t *trainer) unweigh() {
	g := t.shards[0].g
	for task, ranges := range t.owned {
		for _, r := range ranges {
			if t.alpha[task] != 0 {
				num.Scale(g[r.Lo:r.Hi], float32(1/t.alpha[task]))
			}
		}
	}
}

// calls are what a step does with each shard, and with each piece of the
// parameters: made once, as a step allocates nothing.
type calls struct {
	play, playBack                func(shard int)
	sum, square, move, sumAndMove func(piece int)
}

func (t *trainer) makeCalls() {
	n, g := t.params.Len(), t.shards[0].g
	bounds := func(i int) (lo, hi int) { return i * piece, min((i+1)*piece, n) }
	t.squares = make([]float64, (n+piece-1)/piece)
	t.play = func(s int) {
		t.batch.loadShard(t.run, s, &t.d.inputs, t.d.shape)
		t.run.Forward(s)
		t.lossesOf(s, t.adjoint)
	}
	t.playBack = func(s int) {
		t.scaleShard(s)
		t.run.Backward(s, t.shards[s].g)
	}
	t.sum = func(i int) {
		lo, hi := bounds(i)
		for s := 1; s < t.run.Shards(); s++ {
			num.Add(g[lo:hi], t.shards[s].g[lo:hi])
		}
	}
	t.square = func(i int) {
		lo, hi := bounds(i)
		t.squares[i] = 0
		for _, v := range g[lo:hi] {
			t.squares[i] += float64(v) * float64(v)
		}
	}
	t.move = func(i int) {
		lo, hi := bounds(i)
		t.opt.Apply(lo, hi, t.run.Params, g[lo:hi])
	}
	t.sumAndMove = func(i int) {
		t.sum(i)
		t.move(i)
	}
}

// look measures the losses of the rows held out, and keeps what is best: of the
// averaged parameters, where the optimizer averages them.
func (t *trainer) look(trained []float64) error {
	t.opt.Swap(t.run.Params)
	defer t.opt.Swap(t.run.Params)
	held := t.evaluate(t.d.held)
	mean, n := 0.0, 0.0
	for task := range held {
		if math.IsNaN(held[task]) {
			continue // nothing of it is held out
		}
		mean += held[task]
		n++
	}
	t.heldMeans = append(t.heldMeans, mean/n)
	if n == 0 {
		mean, _ = meanOf(trained)
	} else {
		mean /= n
	}
	if math.IsInf(mean, 0) || math.IsNaN(mean) {
		return errDiverged
	}
	better := t.best.Params == nil || mean < t.best.Mean
	t.stale++
	if better {
		t.stale = 0
		t.best = snapshot{Epoch: t.epoch, Params: slices.Clone(t.run.Params), State: slices.Clone(t.run.State), Heat: t.run.Heat, Held: held, Mean: mean}
	}
	for task := range t.tops {
		if p := &t.tops[task]; !math.IsNaN(held[task]) && (p.Params == nil || held[task] < p.Loss) {
			*p = top{Epoch: t.epoch, Loss: held[task], Params: t.own(task)}
		}
	}
	if t.m.Progress != nil {
		t.m.Progress(Progress{Epoch: t.epoch, Epochs: t.plan.epochs, Network: t.name, Train: trained, Held: held, Best: better})
	}
	return nil
}

// meanOf is the mean of the n losses that are not NaN.
func meanOf(losses []float64) (mean, n float64) {
	for _, l := range losses {
		if !math.IsNaN(l) {
			mean, n = mean+l, n+1
		}
	}
	return mean / n, n
}

// own copies the parameters that a task alone uses.
func (t *trainer) own(task int) []float32 {
	var p []float32
	for _, r := range t.owned[task] {
		p = append(p, t.run.Params[r.Lo:r.Hi]...)
	}
	return p
}

// setOwn puts them back.
func (t *trainer) setOwn(task int, p []float32) {
	for _, r := range t.owned[task] {
		p = p[copy(t.run.Params[r.Lo:r.Hi], p):]
	}
}

// evaluate is the mean loss of each task over labels, NaN where it has none.
func (t *trainer) evaluate(l labels) []float64 {
	sums, seen := make([]float64, len(t.d.tasks)), make([]float64, len(t.d.tasks))
	t.run.Train = false
	order := inOrder(t.d, l, t.plan.batch)
	for i := range order.steps() {
		order.fill(t.batch, i)
		t.forward(false)
		for task := range sums {
			for s := range t.run.Shards() {
				sums[task] += t.shards[s].sums[task]
			}
			seen[task] += t.batch.seen[task]
		}
	}
	for task := range sums {
		sums[task] /= seen[task]
	}
	return sums
}
