package penalty

// Lasso uses few weights, every task for itself.
//
//	Ω(W) = λ Σ|W_jt|
//
// Tibshirani, Regression shrinkage and selection via the lasso, JRSS B 58,
// 1996.
type Lasso struct{}

// On implements Penalty.
func (Lasso) On(_ Layout, lambda float64) Func { return &sparse{elastic{l1: lambda}} }

// Variants implements Penalty.
func (p Lasso) Variants() []Penalty { return []Penalty{p} }

// Parameters implements Penalty.
func (Lasso) Parameters() map[string]float64 { return nil }

// Apart implements Apart.
func (Lasso) Apart() {}
