package param

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// some are blocks of three tasks: what all share, a bank of one entry a task,
// one of groups, and one of a single task.
func some() []*Block {
	return []*Block{
		{Name: "own", Cols: 2, Bounds: []int{0, 1, 3, 4}, Users: [][]int{{0}, {1}, {2}}, Init: Init{Range: 1}},
		{Name: "all", Cols: 3, Bounds: []int{0, 2}, Init: Init{Range: 0.5}},
		{Name: "groups", Cols: 1, Bounds: []int{0, 4, 6}, Users: [][]int{{0, 2}, {1}}, Init: Init{Value: 5, Range: 0.1}},
		{Name: "bias", Cols: 1, Bounds: []int{0, 2}, Init: Init{Value: 1}},
		{Name: "one", Cols: 4, Bounds: []int{0, 1}, Users: [][]int{{1}}, Init: He(4)},
	}
}

func layout(tasks int, blocks ...*Block) *Layout {
	l := &Layout{Tasks: tasks}
	for _, b := range blocks {
		l.Add(b)
	}
	l.Seal()
	return l
}

func names(l *Layout) (list []string) {
	for _, b := range l.Blocks {
		list = append(list, b.Name)
	}
	return list
}

// Blocks of which some tasks share an entry come first, and blocks lie one after
// the other.
func TestSeal(t *testing.T) {
	l := layout(3, some()...)
	if want := []string{"all", "groups", "bias", "own", "one"}; !slices.Equal(names(l), want) {
		t.Fatalf("blocks %v, not %v", names(l), want)
	}
	at := 0
	for i, b := range l.Blocks {
		if b.At != at || b.Index() != i || b.Shared(3) != (at < l.Shared()) {
			t.Errorf("block %q is at %d with index %d; not at %d with %d", b.Name, b.At, b.Index(), at, i)
		}
		end := b.At
		for e := range b.Entries() {
			lo, hi := b.Entry(e)
			if lo != end {
				t.Errorf("block %q, entry %d begins at %d, not %d", b.Name, e, lo, end)
			}
			end = hi
		}
		if at += b.Len(); end != at {
			t.Errorf("block %q ends at %d, not %d", b.Name, end, at)
		}
	}
	if l.Len() != at || l.Shared() != 6+6+2 {
		t.Errorf("%d numbers, %d shared; not %d and 14", l.Len(), l.Shared(), at)
	}
	if l.Check(at) != nil || l.Check(at+1) == nil {
		t.Error("Check takes another number of numbers")
	}
	defer func() {
		if recover() == nil {
			t.Error("a sealed layout takes a block")
		}
	}()
	l.Add(&Block{Name: "late"})
}

// owned lists what a task alone uses.
func owned(l *Layout, t int) (list [][2]int) {
	l.Owned(t, func(lo, hi int) { list = append(list, [2]int{lo, hi}) })
	return list
}

func TestOwned(t *testing.T) {
	l := layout(3, some()...)
	for task, want := range [][][2]int{{{14, 16}}, {{10, 12}, {16, 20}, {22, 26}}, {{20, 22}}} {
		if got := owned(l, task); !slices.Equal(got, want) {
			t.Errorf("task %d owns %v, not %v", task, got, want)
		}
	}
	// One task owns everything, and then nothing is shared.
	blocks := some()
	one := layout(1, blocks[1], blocks[3], &Block{Name: "head", Cols: 2, Bounds: []int{0, 1}, Users: [][]int{{0}}})
	sum := 0
	for _, r := range owned(one, 0) {
		sum += r[1] - r[0]
	}
	if sum != one.Len() || one.Shared() != 0 {
		t.Errorf("one task owns %d of %d numbers, and shares %d", sum, one.Len(), one.Shared())
	}
}

// values are what each entry begins with.
func values(l *Layout, seed uint64) map[string][]float64 {
	p := make([]float64, l.Len())
	Begin(l, p, seed)
	m := map[string][]float64{}
	for _, b := range l.Blocks {
		for e := range b.Entries() {
			lo, hi := b.Entry(e)
			m[fmt.Sprint(b.Name, " ", e)] = p[lo:hi]
		}
	}
	return m
}

// A block begins by its name and the seed, wherever it lies and whatever else
// there is; an entry, however many there are.
func TestBegin(t *testing.T) {
	a, blocks := values(layout(3, some()...), 7), some()
	slices.Reverse(blocks)
	more := append([]*Block{{Name: "new", Cols: 9, Bounds: []int{0, 3}, Init: Init{Range: 1}}}, blocks...)
	more[len(more)-1] = &Block{Name: "own", Cols: 2, Bounds: []int{0, 1, 3, 4, 9}, Users: [][]int{{0}, {1}, {2}, {3}}, Init: Init{Range: 1}}
	b := values(layout(4, more...), 7)
	for name, want := range a {
		if !slices.Equal(b[name], want) {
			t.Errorf("%s begins with %v in another layout, not with %v", name, b[name], want)
		}
	}
	other := values(layout(3, some()...), 8)
	if slices.Equal(other["all 0"], a["all 0"]) {
		t.Error("another seed begins alike")
	}
	if slices.Equal(a["own 0"], a["own 2"]) || slices.Equal(a["own 0"], a["all 0"][:2]) {
		t.Error("entries, or blocks, begin alike")
	}
	for _, v := range a["groups 0"] {
		if math.Abs(v-5) > 0.1 || v == 5 {
			t.Errorf("%v is not in 5 ± 0.1", v)
		}
	}
	if !slices.Equal(a["bias 0"], []float64{1, 1}) {
		t.Errorf("a bias begins with %v, not 1", a["bias 0"])
	}
}

// Float32 begins with the numbers of float64, rounded.
func TestBeginFloat32(t *testing.T) {
	l := layout(3, some()...)
	wide, narrow := make([]float64, l.Len()), make([]float32, l.Len())
	Begin(l, wide, 7)
	Begin(l, narrow, 7)
	for i, v := range wide {
		if math.Abs(v-float64(narrow[i])) > 1e-6*math.Abs(v) {
			t.Errorf("number %d: %v and %v", i, v, narrow[i])
		}
	}
}

// The variance of uniform numbers is a third of their range squared: He's is
// 2/in, Glorot's 2/(in + out).
func TestInit(t *testing.T) {
	if v := He(8).Range; math.Abs(v*v/3-2.0/8) > 1e-15 {
		t.Errorf("He: variance %v", v*v/3)
	}
	if v := Glorot(3, 5).Range; math.Abs(v*v/3-2.0/8) > 1e-15 {
		t.Errorf("Glorot: variance %v", v*v/3)
	}
}
