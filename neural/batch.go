package neural

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/prep"
	"github.com/kindred-mtl/kindred/tape"
)

// A batch is some rows and their labels, put into a Run.
type batch struct {
	rows   int
	row    []int32     // of the data
	y, w   [][]float32 // wide: of each task, one a row, weight 0 where there is no label; long: y[0] and w[0]
	task   []int32     // long
	weight []float64   // of each task: what its sum of losses is divided by
	seen   []float64   // of each task: the weight of its labels in the batch
}

// A sampler deals out batches.
type sampler interface {
	// steps is how many batches an epoch has.
	steps() int
	// begin shuffles for an epoch.
	begin(epoch int)
	// fill makes the i-th batch of the epoch.
	fill(b *batch, i int)
}

// newBatch makes room for a batch.
func newBatch(tasks, rows int, wide bool) *batch {
	b := &batch{row: make([]int32, rows), task: make([]int32, rows), weight: make([]float64, tasks), seen: make([]float64, tasks)}
	columns := 1
	if wide {
		columns = tasks
	}
	for range columns {
		b.y, b.w = append(b.y, make([]float32, rows)), append(b.w, make([]float32, rows))
	}
	return b
}

// fillRun puts the inputs of the batch's rows into a run, one shard after the
// other.
func (b *batch) fillRun(r *tape.Run[float32], in *prep.Encoded, shape prep.Shape) {
	b.ready(r, in, shape)
	for s := range r.Shards() {
		b.loadShard(r, s, in, shape)
	}
}

// ready makes a run ready for the inputs, and copies sparse ones.
func (b *batch) ready(r *tape.Run[float32], in *prep.Encoded, shape prep.Shape) {
	r.Resize(b.rows)
	copy(r.Task[:b.rows], b.task)
	if shape.Sparse > 0 {
		bag := &r.Bags[0]
		bag.Start, bag.Index, bag.Value = append(bag.Start[:0], 0), bag.Index[:0], bag.Value[:0]
		for _, row := range b.row[:b.rows] {
			lo, hi := in.Start[row], in.Start[row+1]
			bag.Index, bag.Value = append(bag.Index, in.Index[lo:hi]...), append(bag.Value, in.Sparse[lo:hi]...)
			bag.Start = append(bag.Start, len(bag.Index))
		}
	}
}

// loadShard puts the other inputs of one shard into a run.
func (b *batch) loadShard(r *tape.Run[float32], s int, in *prep.Encoded, shape prep.Shape) {
	lo, hi := r.Bounds(s)
	if d := shape.Dense; d > 0 {
		x := r.Input(0)
		for i := lo; i < hi; i++ {
			copy(x[i*d:(i+1)*d], in.Dense[int(b.row[i])*d:])
		}
	}
	for c, codes := range in.Codes {
		for i := lo; i < hi; i++ {
			r.Codes[c][i] = codes[b.row[i]]
		}
	}
}

// rowSampler deals out rows that tasks share: every row once an epoch.
type rowSampler struct {
	size   int
	seed   uint64
	rows   []int32 // those with a label
	order  []int32
	labels labels
	at     [][]int32 // of each task, for each row of the data the place of its label, −1: none
}

func newRowSampler(d *data, l labels, size int, seed uint64) *rowSampler {
	s := &rowSampler{size: size, seed: seed, labels: l}
	seen := make([]bool, d.rows)
	for t := range l.row {
		at := make([]int32, d.rows)
		for i := range at {
			at[i] = -1
		}
		for p, r := range l.row[t] {
			at[r], seen[r] = int32(p), true
		}
		s.at = append(s.at, at)
	}
	for r, ok := range seen {
		if ok {
			s.rows = append(s.rows, int32(r))
		}
	}
	s.order = slices.Clone(s.rows)
	return s
}

func (s *rowSampler) steps() int { return (len(s.rows) + s.size - 1) / s.size }

func (s *rowSampler) begin(epoch int) {
	copy(s.order, s.rows)
	shuffle(s.order, s.seed, epoch)
}

// shuffle is a permutation that depends on the seed and the epoch alone.
func shuffle[E any](order []E, seed uint64, epoch int) {
	random := rand.New(rand.NewPCG(seed, uint64(epoch)))
	random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
}

func (s *rowSampler) fill(b *batch, i int) {
	lo := i * s.size
	rows := s.order[lo:min(lo+s.size, len(s.order))]
	b.rows = len(rows)
	copy(b.row, rows)
	num.For(len(s.at), func(t int) {
		seen := 0.0
		for i, r := range rows {
			b.y[t][i], b.w[t][i] = 0, 0
			if p := s.at[t][r]; p >= 0 {
				b.y[t][i], b.w[t][i] = s.labels.y[t][p], s.labels.w[t][p]
				seen += float64(b.w[t][i])
			}
		}
		b.seen[t], b.weight[t] = seen, seen
	})
}

// A pair is a label: of a task, at a place among its labels.
type pair struct{ task, place int32 }

// pairSampler deals out labels of tasks that share no rows.
type pairSampler struct {
	size   int
	seed   uint64
	labels labels
	order  []pair
	share  []float64 // of each task: the part of a batch that is its
	means  []float64 // of each task: the mean weight of its labels
	random func(epoch int) []pair
	one    bool // each batch is of one task
}

func newPairSampler(d *data, l labels, size int, seed uint64, how string) *pairSampler {
	s := &pairSampler{size: size, seed: seed, labels: l, share: make([]float64, len(l.row))}
	var all []pair
	power := map[string]float64{"": 1, "proportional": 1, "temperature": 0.5, "uniform": 0, "round-robin": 0}[how]
	total := 0.0
	for t, rows := range l.row {
		for p := range rows {
			all = append(all, pair{int32(t), int32(p)})
		}
		if len(rows) > 0 {
			s.share[t] = math.Pow(float64(len(rows)), power)
			total += s.share[t]
		}
	}
	for t := range s.share {
		s.share[t] /= total
		s.means = append(s.means, meanWeight(l.w[t]))
	}
	s.order, s.one = all, how == "round-robin"
	switch {
	case power == 1:
		sorted := slices.Clone(all)
		s.random = func(epoch int) []pair {
			copy(s.order, sorted)
			shuffle(s.order, s.seed, epoch)
			return s.order
		}
	case s.one:
		s.random = func(epoch int) []pair { return s.rounds(epoch, len(all)) }
	default:
		s.random = func(epoch int) []pair { return s.draw(epoch, len(all)) }
	}
	return s
}

// A deck deals a task's labels, all of them before any comes again.
type deck struct {
	order []int32
	next  int
}

func (s *pairSampler) decks(random *rand.Rand) []deck {
	decks := make([]deck, len(s.share))
	for t, rows := range s.labels.row {
		decks[t].order = make([]int32, len(rows))
		for i := range rows {
			decks[t].order[i] = int32(i)
		}
		decks[t].shuffle(random)
	}
	return decks
}

func (d *deck) shuffle(random *rand.Rand) {
	random.Shuffle(len(d.order), func(i, j int) { d.order[i], d.order[j] = d.order[j], d.order[i] })
	d.next = 0
}

func (d *deck) deal(random *rand.Rand) int32 {
	if d.next == len(d.order) {
		d.shuffle(random)
	}
	d.next++
	return d.order[d.next-1]
}

// draw draws n labels, tasks by their share.
func (s *pairSampler) draw(epoch, n int) []pair {
	random := rand.New(rand.NewPCG(s.seed, uint64(epoch)))
	decks := s.decks(random)
	ends := make([]float64, len(s.share))
	sum := 0.0
	for t, p := range s.share {
		sum += p
		ends[t] = sum
	}
	for i := range n {
		t, _ := slices.BinarySearch(ends, random.Float64()*sum)
		for t == len(ends) || s.share[t] == 0 {
			t = (t + len(ends) - 1) % len(ends)
		}
		s.order[i] = pair{int32(t), decks[t].deal(random)}
	}
	return s.order
}

// rounds lays out n labels so that a batch is of one task, and tasks take
// turns.
func (s *pairSampler) rounds(epoch, n int) []pair {
	random := rand.New(rand.NewPCG(s.seed, uint64(epoch)))
	decks, t := s.decks(random), -1
	for lo := 0; lo < n; lo += s.size {
		for t = (t + 1) % len(decks); len(decks[t].order) == 0; t = (t + 1) % len(decks) {
			continue
		}
		for i := lo; i < min(lo+s.size, n); i++ {
			s.order[i] = pair{int32(t), decks[t].deal(random)}
		}
	}
	return s.order
}

func (s *pairSampler) steps() int { return (len(s.order) + s.size - 1) / s.size }

func (s *pairSampler) begin(epoch int) { s.order = s.random(epoch) }

// fill sorts the labels of a batch by task. A task's losses are divided by the
// weight that its labels have in a batch on average: so no label counts more
// because few others of its task came with it.
func (s *pairSampler) fill(b *batch, i int) {
	lo := i * s.size
	part := slices.Clone(s.order[lo:min(lo+s.size, len(s.order))])
	slices.SortFunc(part, func(a, b pair) int {
		if a.task != b.task {
			return int(a.task - b.task)
		}
		return int(a.place - b.place)
	})
	clear(b.seen)
	b.rows = len(part)
	for i, p := range part {
		b.task[i], b.row[i] = p.task, s.labels.row[p.task][p.place]
		b.y[0][i], b.w[0][i] = s.labels.y[p.task][p.place], s.labels.w[p.task][p.place]
		b.seen[p.task] += float64(b.w[0][i])
	}
	for t := range b.weight {
		b.weight[t] = b.seen[t]
		if !s.one && len(s.labels.w[t]) > 0 {
			b.weight[t] = s.share[t] * float64(len(part)) * s.means[t]
		}
	}
}

// meanWeight is the mean of some weights.
func meanWeight(weights []float32) float64 {
	sum := 0.0
	for _, w := range weights {
		sum += float64(w)
	}
	return sum / float64(max(len(weights), 1))
}

// inOrder deals out every label once, never shuffled: for what is held out.
func inOrder(d *data, l labels, size int) sampler {
	if d.wide {
		return newRowSampler(d, l, size, 0)
	}
	return newPairSampler(d, l, size, 0, "")
}
