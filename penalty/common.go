package penalty

// Common gives all tasks one weight vector: Shared as λ → ∞ with λμ held.
//
//	Ω(W) = λ/2 ‖w0‖² in each slot where every w_t = w0, +∞ elsewhere
//
// Evgeniou, Pontil, Regularized multi-task learning, KDD 2004, the limit of
// section 2.1.
type Common struct{}

// On implements Penalty. Value takes columns as equal up to 1e-9 of the
// largest weight, and reads their mean.
func (Common) On(l Layout, lambda float64) Func { return newArrow(l, 1/lambda, 0) }

// Variants implements Penalty.
func (p Common) Variants() []Penalty { return []Penalty{p} }

// Parameters implements Penalty.
func (Common) Parameters() map[string]float64 { return nil }
