package penalty

import (
	"fmt"
	"math"

	"github.com/kindred-mtl/kindred/num"
)

// Covariance lets the weights of tasks vary together as a given covariance Ω of
// the tasks says, or one that is learned first.
//
//	Ω(W) = λ/2 tr(W K⁻¹ Wᵀ),   K = (1−σ)Ω + σI
//
// Learned is the cosine of the tasks' weights, each fitted alone: Ω_st = 1 for
// tasks of the same direction, 0 for unrelated ones and −1 for opposed ones.
// With all tasks alike (Ω = 11ᵀ) these are shared weights.
//
// Evgeniou, Micchelli, Pontil, Learning multiple tasks with kernel methods,
// JMLR 6, 2005; Zhang, Yeung, A convex formulation for learning task
// relationships in multi-task learning, UAI 2010, for fixed Ω.
type Covariance struct {
	// Shrink is σ, above 0 and at most 1: how much of each task is its own. 0
	// leaves it open: a search tries 0.1, 0.3 and 0.7, and a single fit uses
	// 0.3; beside a given Omega, 0 means none.
	Shrink float64 `json:"shrink" words:"σ, above 0 and at most 1: how much of each task is its own; else searched for"`
	// Omega is Ω: symmetric and positive semidefinite, of the tasks named. Nil
	// leaves it open.
	Omega *num.Dense `json:"-"`
	Tasks []string   `json:"-"`

	memo
}

// Check says what is wrong with the options.
func (p *Covariance) Check() error {
	if !(p.Shrink >= 0 && p.Shrink <= 1) {
		return fmt.Errorf("covariance: shrink %v; it is above 0 and at most 1, or 0 to leave it open", p.Shrink)
	}
	if p.Omega == nil {
		return nil
	}
	n := len(p.Tasks)
	if p.Omega.Rows != n || p.Omega.Cols != n {
		return fmt.Errorf("covariance: a matrix of %d × %d for %d tasks", p.Omega.Rows, p.Omega.Cols, n)
	}
	for i := range n {
		for j := range i {
			if a, b := p.Omega.At(i, j), p.Omega.At(j, i); !(math.Abs(a-b) <= 1e-12*(math.Abs(a)+math.Abs(b))) {
				return fmt.Errorf("covariance: tasks %q and %q have %v one way and %v the other; it is symmetric", p.Tasks[i], p.Tasks[j], a, b)
			}
		}
	}
	values, _ := num.SymEigen(p.Omega)
	if n > 0 && !(values[0] >= -1e-9*values[n-1]) {
		return fmt.Errorf("covariance: the least eigenvalue is %v; a covariance has none below 0", values[0])
	}
	return nil
}

// Covers says which task has no place in a given structure.
func (p *Covariance) Covers(tasks []string) error {
	if p.Omega == nil {
		return nil
	}
	return covers("covariance", tasks, p.Tasks)
}

func (p *Covariance) shrink() float64 {
	if p.Shrink == 0 && p.Omega == nil {
		return 0.3
	}
	return p.Shrink
}

// On implements Penalty. Of an open Ω it takes all tasks to be alike.
func (p *Covariance) On(l Layout, lambda float64) Func {
	return p.recall(l, func() *gaussian {
		return withCovariance(l, 1, func(tasks []int) *num.Dense { return p.matrix(l, tasks) })
	}).at(lambda)
}

// matrix is K of some tasks.
func (p *Covariance) matrix(l Layout, tasks []int) *num.Dense {
	place := places(p.Tasks)
	k := num.NewDense(len(tasks), len(tasks))
	for a, s := range tasks {
		for b, t := range tasks {
			omega := 1.0
			if p.Omega != nil {
				omega = p.Omega.At(place[l.Name(s)], place[l.Name(t)])
			}
			k.Set(a, b, (1-p.shrink())*omega)
		}
		k.Set(a, a, k.At(a, a)+p.shrink())
	}
	return k
}

// Open implements Learner.
func (p *Covariance) Open() bool { return p.Omega == nil }

// Learn implements Learner.
func (p *Covariance) Learn(l Layout, w *num.Dense) (Penalty, error) {
	omega, names := cosines(l, w)
	return &Covariance{Shrink: p.shrink(), Omega: omega, Tasks: names}, nil
}

// Variants implements Penalty.
func (p *Covariance) Variants() []Penalty {
	if p.Shrink != 0 || p.Omega != nil {
		return []Penalty{p}
	}
	return []Penalty{&Covariance{Shrink: 0.1}, &Covariance{Shrink: 0.3}, &Covariance{Shrink: 0.7}}
}

// Parameters implements Penalty.
func (p *Covariance) Parameters() map[string]float64 {
	return map[string]float64{"shrink": p.shrink()}
}
