package split

import (
	"fmt"

	"github.com/kindred-mtl/kindred"
)

// Random splits n times, with the fraction train of the rows of each task and
// label to train on. At least one row of each class of a task is trained on,
// and at least one of a task of numbers; a tiny task may be left without rows
// to test.
func Random(s *kindred.Set, n int, train float64, seed uint64) ([]Fold, error) {
	if n < 1 {
		return nil, fmt.Errorf("%d splits; give at least 1", n)
	}
	if !(train > 0 && train < 1) {
		return nil, fmt.Errorf("a training fraction of %v; give one above 0 and below 1", train)
	}
	p := newPool(s)
	var folds []Fold
	for i := range n {
		p.shuffle(seed, 1<<32+uint64(i))
		part := make([]int, len(p.units))
		for i := range part {
			part[i] = undealt
		}
		p.deal([]float64{train, 1 - train}, part, newKeep(p))
		fold := p.fold(fmt.Sprintf("split %d", i+1), part, 1)
		if err := fold.check(); err != nil {
			return nil, fmt.Errorf("%w at a training fraction of %v", err, train)
		}
		folds = append(folds, fold)
	}
	return folds, nil
}

// keep is the rule that part 0, which is trained on, has a row of every need.
type keep struct {
	*pool
	left []int // rows of a need that no part has yet
	has  []bool
}

func newKeep(p *pool) *keep {
	r := &keep{pool: p, left: make([]int, p.needs), has: make([]bool, p.needs)}
	for _, u := range p.units {
		for _, at := range u.places {
			r.left[p.cells[at.cell].need]++
		}
	}
	return r
}

func (r *keep) allows(u *unit, part int) bool {
	if part == 0 {
		return true
	}
	for _, at := range u.places {
		need := r.cells[at.cell].need
		if !r.has[need] && r.left[need] == r.of(u, need) {
			return false
		}
	}
	return true
}

// of counts the unit's rows of a need.
func (r *keep) of(u *unit, need int) int {
	n := 0
	for _, at := range u.places {
		if r.cells[at.cell].need == need {
			n++
		}
	}
	return n
}

func (r *keep) dealt(u *unit, part int) {
	for _, at := range u.places {
		need := r.cells[at.cell].need
		r.left[need]--
		r.has[need] = r.has[need] || part == 0
	}
}
