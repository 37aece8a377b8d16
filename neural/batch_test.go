package neural

import (
	"math"
	"slices"
	"testing"
)

// some makes labels of tasks of so many rows, those of task t from row 100 t on;
// a label says which it is.
func some(rows ...int) labels {
	var l labels
	for t, n := range rows {
		row, y, w := []int32{}, []float32{}, []float32{}
		for i := range n {
			row, y, w = append(row, int32(100*t+i)), append(y, float32(1000*t+i)), append(w, 1+float32(i%3))
		}
		l.row, l.y, l.w = append(l.row, row), append(l.y, y), append(l.w, w)
	}
	return l
}

// dealt plays an epoch of a sampler and calls f for each batch.
func dealt(s sampler, tasks, size int, wide bool, epoch int, f func(b *batch)) {
	b := newBatch(tasks, size, wide)
	s.begin(epoch)
	for i := range s.steps() {
		s.fill(b, i)
		f(b)
	}
}

// rowsOf are the rows of an epoch, in the order in which they are dealt.
func rowsOf(s sampler, tasks, size int, wide bool, epoch int) (list []int32) {
	dealt(s, tasks, size, wide, epoch, func(b *batch) { list = append(list, b.row[:b.rows]...) })
	return list
}

// Rows that tasks share come once an epoch each, in another order in the next,
// with the labels that they have.
func TestRowSampler(t *testing.T) {
	l := labels{
		row: [][]int32{{4, 0, 2}, {}, {2, 7, 5, 4}},
		y:   [][]float32{{40, 0, 20}, {}, {21, 71, 51, 41}},
		w:   [][]float32{{1, 2, 3}, {}, {1, 1, 0.5, 2}},
	}
	s := newRowSampler(&data{rows: 9}, l, 2, 3)
	var orders [][]int32
	for epoch := range 6 {
		var seen []int32
		dealt(s, 3, 2, true, epoch, func(b *batch) {
			sums := make([]float64, 3)
			for i, r := range b.row[:b.rows] {
				seen = append(seen, r)
				for task := range l.row {
					y, w := float32(0), float32(0)
					if p := slices.Index(l.row[task], r); p >= 0 {
						y, w = l.y[task][p], l.w[task][p]
					}
					if b.y[task][i] != y || b.w[task][i] != w {
						t.Fatalf("row %d, task %d: label %v of weight %v, not %v of %v", r, task, b.y[task][i], b.w[task][i], y, w)
					}
					sums[task] += float64(w)
				}
			}
			if !slices.Equal(sums, b.seen) || !slices.Equal(sums, b.weight) {
				t.Fatalf("weights %v and %v, not %v", b.seen, b.weight, sums)
			}
		})
		orders = append(orders, slices.Clone(seen))
		slices.Sort(seen)
		if !slices.Equal(seen, []int32{0, 2, 4, 5, 7}) {
			t.Fatalf("epoch %d deals rows %v", epoch, seen)
		}
	}
	if slices.EqualFunc(orders[1:], orders[:5], slices.Equal[[]int32]) {
		t.Error("all epochs deal in one order")
	}
}

// Proportional batches deal every label once an epoch; those of a batch are
// sorted by task, and what a task's losses are divided by is right on average.
func TestProportional(t *testing.T) {
	l := some(50, 0, 7, 21)
	s := newPairSampler(&data{}, l, 16, 3, "")
	var ys []float32
	weight, seen := make([]float64, 4), make([]float64, 4)
	dealt(s, 4, 16, false, 2, func(b *batch) {
		if !slices.IsSorted(b.task[:b.rows]) {
			t.Fatalf("tasks %v are not sorted", b.task[:b.rows])
		}
		for i, r := range b.row[:b.rows] {
			task := int(b.task[i])
			if b.y[0][i] != float32(1000*task+int(r)-100*task) || b.w[0][i] != 1+float32((int(r)-100*task)%3) {
				t.Fatalf("row %d of task %d has label %v of weight %v", r, task, b.y[0][i], b.w[0][i])
			}
			ys = append(ys, b.y[0][i])
		}
		for task := range weight {
			weight[task] += b.weight[task]
			seen[task] += b.seen[task]
		}
	})
	if s.steps() != (78+15)/16 {
		t.Errorf("%d batches", s.steps())
	}
	slices.Sort(ys)
	if want := slices.Concat(l.y...); !slices.Equal(ys, want) {
		t.Errorf("an epoch deals %v, not every label once", ys)
	}
	for task := range weight {
		if math.Abs(weight[task]-seen[task]) > 1e-6*seen[task] {
			t.Errorf("task %d: divided by %v an epoch, of labels of weight %v", task, weight[task], seen[task])
		}
	}
}

// Tasks come into batches in proportion to √rows, or alike; the labels of a task
// come in turn. A task without labels never comes.
func TestShares(t *testing.T) {
	sizes := []int{400, 0, 100, 25, 1}
	for how, want := range map[string][]float64{"temperature": {20, 0, 10, 5, 1}, "uniform": {1, 0, 1, 1, 1}} {
		total := 0.0
		for _, v := range want {
			total += v
		}
		l := some(sizes...)
		s := newPairSampler(&data{}, l, 32, 3, how)
		counts, all := make([]float64, len(sizes)), 0.0
		times := map[float32]int{}
		const epochs = 40
		for epoch := range epochs {
			once := map[float32]int{}
			dealt(s, len(sizes), 32, false, epoch, func(b *batch) {
				for i, task := range b.task[:b.rows] {
					counts[task]++
					all++
					once[b.y[0][i]]++
					times[b.y[0][i]]++
				}
			})
			for task, n := range sizes {
				least, most := math.MaxInt, 0
				for i := range n {
					least, most = min(least, once[float32(1000*task+i)]), max(most, once[float32(1000*task+i)])
				}
				if n > 0 && most-least > 1 {
					t.Fatalf("%s: of task %d one label comes %d times and one %d", how, task, least, most)
				}
			}
		}
		if want := float64(epochs * len(slices.Concat(l.row...))); all != want {
			t.Errorf("%s: %v labels are dealt, not %v", how, all, want)
		}
		for task, n := range counts {
			p := want[task] / total
			if math.Abs(n-p*all) > 4*math.Sqrt(p*(1-p)*all) {
				t.Errorf("%s: task %d is %v of %v labels, not the share %v", how, task, n, all, p)
			}
		}
	}
}

// Round-robin batches are of one task, and tasks take turns.
func TestRoundRobin(t *testing.T) {
	s := newPairSampler(&data{}, some(40, 0, 10, 25), 8, 3, "round-robin")
	var turns []int32
	dealt(s, 4, 8, false, 1, func(b *batch) {
		first := b.task[0]
		for _, task := range b.task[:b.rows] {
			if task != first {
				t.Fatalf("a batch of tasks %v", b.task[:b.rows])
			}
		}
		for task := range b.weight {
			if b.weight[task] != b.seen[task] || (b.seen[task] > 0) != (int32(task) == first) {
				t.Fatalf("a batch of task %d with weights %v", first, b.seen)
			}
		}
		turns = append(turns, first)
	})
	for i, task := range turns {
		if task != []int32{0, 2, 3}[i%3] {
			t.Fatalf("turns %v", turns)
		}
	}
	if len(turns) != (75+7)/8 {
		t.Errorf("%d batches", len(turns))
	}
}

// What is dealt depends on the seed and the epoch alone: not on the epochs
// before.
func TestSamplersRepeat(t *testing.T) {
	l := some(30, 12, 9)
	for _, how := range append([]string{"rows"}, samplings...) {
		fresh := func(seed uint64) sampler {
			if how == "rows" {
				return newRowSampler(&data{rows: 300}, l, 8, seed)
			}
			return newPairSampler(&data{}, l, 8, seed, how)
		}
		deal := func(s sampler, epoch int) []int32 { return rowsOf(s, 3, 8, how == "rows", epoch) }
		a, b := fresh(5), fresh(5)
		first := deal(a, 0)
		if third := deal(a, 2); !slices.Equal(third, deal(b, 2)) {
			t.Errorf("%s: epoch 2 depends on those before", how)
		} else if slices.Equal(third, first) {
			t.Errorf("%s: epochs 0 and 2 are alike", how)
		}
		if !slices.Equal(first, deal(a, 0)) || !slices.Equal(first, deal(b, 0)) {
			t.Errorf("%s: epoch 0 is not the same again", how)
		}
		if slices.Equal(first, deal(fresh(6), 0)) {
			t.Errorf("%s: seeds 5 and 6 are alike", how)
		}
	}
}

// What is held out comes in order, once, whatever the batches.
func TestInOrder(t *testing.T) {
	for _, wide := range []bool{false, true} {
		l := some(5, 0, 3)
		s := inOrder(&data{rows: 300, wide: wide}, l, 3)
		b, list := newBatch(3, 3, wide), []int32(nil)
		for i := range s.steps() {
			s.fill(b, i)
			list = append(list, b.row[:b.rows]...)
		}
		if !slices.Equal(list, slices.Concat(l.row...)) {
			t.Errorf("wide=%v: %v", wide, list)
		}
		if none := inOrder(&data{rows: 300, wide: wide}, some(0, 0), 3); none.steps() != 0 {
			t.Errorf("wide=%v: %d batches of nothing", wide, none.steps())
		}
	}
}

// A row that a task lists twice is told.
func TestTwice(t *testing.T) {
	l := some(5, 3)
	if l.twice() {
		t.Error("no row is twice")
	}
	l.row[1][2] = l.row[1][0]
	if !l.twice() {
		t.Error("a row is twice")
	}
}
