package split

import (
	"fmt"

	"github.com/kindred-mtl/kindred"
)

// KFold deals the rows of each task and label evenly over k folds, repeats
// times. Every row is tested once a repeat, but for those without which some
// fold would leave a task no row to train on (the row of a task that has but
// one, or its one group): these are trained on in every fold.
func KFold(s *kindred.Set, k, repeats int, seed uint64) ([]Fold, error) {
	return newPool(s).kfold(k, repeats, seed)
}

func (p *pool) kfold(k, repeats int, seed uint64) ([]Fold, error) {
	if k < 2 {
		return nil, fmt.Errorf("%d folds; give at least 2", k)
	}
	if repeats < 1 {
		return nil, fmt.Errorf("%d repeats; give at least 1", repeats)
	}
	share := make([]float64, k)
	for i := range share {
		share[i] = 1 / float64(k)
	}
	var folds []Fold
	for repeat := range repeats {
		p.shuffle(seed, uint64(repeat))
		part, free := p.loners()
		if free < k {
			return nil, p.tooFew(k, free)
		}
		p.deal(share, part, newSpread(p))
		for f := range k {
			name := fmt.Sprintf("fold %d", f+1)
			if repeats > 1 {
				name = fmt.Sprintf("repeat %d, fold %d", repeat+1, f+1)
			}
			fold := p.fold(name, part, f)
			if err := fold.check(); err != nil {
				return nil, fmt.Errorf("%w; give fewer folds", err)
			}
			folds = append(folds, fold)
		}
	}
	return folds, nil
}

// loners sets apart the units that hold all rows of a task, and counts the
// others.
func (p *pool) loners() (part []int, free int) {
	units := make([]int, len(p.set.Tasks))
	for _, u := range p.units {
		for _, t := range u.tasks {
			units[t]++
		}
	}
	part = make([]int, len(p.units))
	for i, u := range p.units {
		part[i] = undealt
		for _, t := range u.tasks {
			if units[t] == 1 {
				part[i] = apart
			}
		}
		if part[i] == undealt {
			free++
		}
	}
	return part, free
}

// tooFew says that k folds cannot be made of the units that are free.
func (p *pool) tooFew(k, free int) error {
	why := ""
	if n := len(p.units) - free; n > 0 {
		why = fmt.Sprintf(" (%d more hold all rows of a task, which needs them to train on)", n)
	}
	advice := "more rows or groups are needed"
	if free >= 2 {
		advice = fmt.Sprintf("give at most %d folds", free)
	}
	return fmt.Errorf("%d folds of %d rows or groups%s; %s", k, free, why, advice)
}

// spread is the rule that no part has all units of a task.
type spread struct {
	left []int // units of a task that no part has yet
	part []int // the part that has all others, undealt, or several
}

const several = -3

func newSpread(p *pool) *spread {
	r := &spread{left: make([]int, len(p.set.Tasks)), part: make([]int, len(p.set.Tasks))}
	for _, u := range p.units {
		for _, t := range u.tasks {
			r.left[t]++
			r.part[t] = undealt
		}
	}
	part, _ := p.loners()
	for i, u := range p.units {
		if part[i] == apart {
			r.dealt(u, apart)
		}
	}
	return r
}

func (r *spread) allows(u *unit, part int) bool {
	for _, t := range u.tasks {
		if r.left[t] == 1 && r.part[t] == part {
			return false
		}
	}
	return true
}

func (r *spread) dealt(u *unit, part int) {
	for _, t := range u.tasks {
		r.left[t]--
		switch {
		case part == apart || r.part[t] != undealt && r.part[t] != part:
			r.part[t] = several
		case r.part[t] == undealt:
			r.part[t] = part
		}
	}
}
