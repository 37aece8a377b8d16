// Package param keeps every learned number of a network in one slice, those
// that several tasks share first. An optimizer's step, a row of a Jacobian, a
// model file and a sum over machines are then operations on a slice.
package param

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"

	"github.com/kindred-mtl/kindred/num"
)

// A Block is one matrix of learned numbers, or a bank of them: rows of one
// width that lie one after the other, each entry of the bank some of them.
type Block struct {
	Name string
	Cols int
	// Bounds are the rows at which the entries begin, and the end of the last:
	// {0, rows} is a block of one entry.
	Bounds []int
	// Users are, for each entry, the tasks whose loss it can change, in
	// ascending order; nil: every entry serves every task.
	Users [][]int
	// Decay tells whether weight decay shrinks the block: weights, but not
	// biases, gains and vectors that are looked up.
	Decay bool
	Init  Init

	// At is the place of the first number in the slice; the layout sets it.
	At    int
	index int
}

// An Init says how numbers begin: uniform in Value ± Range.
type Init struct{ Value, Range float64 }

// Glorot keeps the variance of what flows through a layer of in and out units.
//
// Glorot, Bengio, Understanding the difficulty of training deep feedforward
// neural networks, AISTATS 2010, eq. (16).
func Glorot(in, out int) Init { return Init{Range: math.Sqrt(6 / float64(in+out))} }

// He is for layers whose outputs below 0 are cut off.
//
// He, Zhang, Ren, Sun, Delving deep into rectifiers, ICCV 2015, eq. (10).
func He(in int) Init { return Init{Range: math.Sqrt(6 / float64(in))} }

// Rows counts the rows of all entries.
func (b *Block) Rows() int { return b.Bounds[len(b.Bounds)-1] }

// Len counts the numbers.
func (b *Block) Len() int { return b.Rows() * b.Cols }

// Entries counts the entries.
func (b *Block) Entries() int { return len(b.Bounds) - 1 }

// Index is the block's place among the layout's blocks.
func (b *Block) Index() int { return b.index }

// Shared tells whether several of the tasks use one entry of the block.
func (b *Block) Shared(tasks int) bool {
	if b.Users == nil {
		return tasks > 1
	}
	for _, u := range b.Users {
		if len(u) > 1 {
			return true
		}
	}
	return false
}

// Entry returns the place in the slice where entry e begins, and where it ends.
func (b *Block) Entry(e int) (lo, hi int) {
	return b.At + b.Bounds[e]*b.Cols, b.At + b.Bounds[e+1]*b.Cols
}

// A Layout is the blocks of a network and where they lie. Blocks are added
// first, then Seal places them.
type Layout struct {
	Blocks []*Block // shared ones first, once sealed
	Tasks  int

	shared, size int
	sealed       bool
}

// Add adds a block.
func (l *Layout) Add(b *Block) *Block {
	if l.sealed {
		panic("param: the layout is sealed")
	}
	l.Blocks = append(l.Blocks, b)
	return b
}

// Seal places the blocks: those with an entry that several tasks use, then the
// others, each in the order they were added.
func (l *Layout) Seal() {
	var order []*Block
	for _, shared := range []bool{true, false} {
		for _, b := range l.Blocks {
			if b.Shared(l.Tasks) == shared {
				b.At, b.index = l.size, len(order)
				l.size += b.Len()
				order = append(order, b)
			}
		}
		if shared {
			l.shared = l.size
		}
	}
	l.Blocks, l.sealed = order, true
}

// Len counts the numbers of all blocks.
func (l *Layout) Len() int { return l.size }

// Shared counts the numbers of the blocks that come first: those of which some
// tasks share an entry.
func (l *Layout) Shared() int { return l.shared }

// Check says what is wrong with a layout of another origin, such as a file.
func (l *Layout) Check(n int) error {
	if n != l.size {
		return fmt.Errorf("%d learned numbers where the network has %d", n, l.size)
	}
	return nil
}

// Begin fills p with the values training begins from. A block's values depend
// on the seed and its name only, and an entry's not on how many there are.
func Begin[F num.Float](l *Layout, p []F, seed uint64) {
	for _, b := range l.Blocks {
		h := fnv.New64a()
		h.Write([]byte(b.Name))
		for e := range b.Entries() {
			lo, hi := b.Entry(e)
			random := rand.New(rand.NewPCG(seed, h.Sum64()+uint64(e)*0x9e3779b97f4a7c15))
			for i := lo; i < hi; i++ {
				p[i] = F(b.Init.Value)
				if b.Init.Range != 0 {
					p[i] += F(b.Init.Range * (2*random.Float64() - 1))
				}
			}
		}
	}
}

// Owned calls f with the piece [lo, hi) of every entry that task t alone uses.
func (l *Layout) Owned(t int, f func(lo, hi int)) {
	for _, b := range l.Blocks {
		if l.Tasks == 1 && b.Users == nil {
			f(b.At, b.At+b.Len())
			continue
		}
		for e, u := range b.Users {
			if len(u) == 1 && u[0] == t {
				f(b.Entry(e))
			}
		}
	}
}
