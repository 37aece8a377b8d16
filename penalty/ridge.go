package penalty

import "github.com/kindred-mtl/kindred/num"

// Ridge keeps weights small, every task for itself.
//
//	Ω(W) = λ/2 ‖W‖²
//
// Hoerl, Kennard, Ridge regression: biased estimation for nonorthogonal
// problems, Technometrics 12, 1970.
type Ridge struct{}

// ridge is both a sum over entries and an Arrow function that shares nothing.
type ridge struct {
	elastic
	slots []int
}

// Arrow implements Arrow.
func (f *ridge) Arrow() (shared, private float64) { return 0, 1 / f.l2 }

// Slots implements Quadratic.
func (f *ridge) Slots() []int { return f.slots }

// Covariance implements Quadratic.
func (f *ridge) Covariance(slot int) *num.Dense {
	return newArrow(Layout{Slot: f.slots}, 0, 1/f.l2).Covariance(slot)
}

// On implements Penalty.
func (Ridge) On(l Layout, lambda float64) Func {
	return &ridge{elastic: elastic{l2: lambda}, slots: l.Slot}
}

// Variants implements Penalty.
func (p Ridge) Variants() []Penalty { return []Penalty{p} }

// Parameters implements Penalty.
func (Ridge) Parameters() map[string]float64 { return nil }

// Apart implements Apart.
func (Ridge) Apart() {}
