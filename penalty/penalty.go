// Package penalty holds what we believe about the tasks: one file a belief.
//
// W is d × k: row j is one feature across tasks, a column is one output of a
// task. The strength λ multiplies the whole penalty beside the plain sum of
// the losses over rows.
package penalty

import (
	"github.com/kindred-mtl/kindred/catalog"
	"github.com/kindred-mtl/kindred/num"
)

// A Layout says what the columns of W are.
type Layout struct {
	Task []int // the task of each column
	Slot []int // columns of one slot mean the same thing in every task: the one output, or one class
}

// A Penalty is a belief with its options; On makes it a function of W.
type Penalty interface {
	// On returns the penalty of strength λ > 0 on matrices of these columns.
	On(l Layout, lambda float64) Func
	// Variants lists the same belief with the options that are not set tried
	// one after the other, as a search does; itself where nothing is left open.
	Variants() []Penalty
	// Parameters lists the options as used, by the names of the paper.
	Parameters() map[string]float64
}

// A Func is a penalty as a function of W: convex, 0 at 0.
type Func interface {
	// Value is Ω(W).
	Value(w *num.Dense) float64
	// Dual returns the largest s in [0, 1] for which Ω* is finite at s·G, and
	// Ω*(s·G), where Ω*(G) = sup_W ⟨G, W⟩ − Ω(W).
	Dual(g *num.Dense) (s, value float64)
}

// Proximal functions have a proximal operator.
type Proximal interface {
	Func
	// Prox sets out to argmin_W ½‖W − V‖² + step·Ω(W). out may be v.
	Prox(out, v *num.Dense, step float64)
}

// RowSeparable functions are sums over the rows of W.
type RowSeparable interface {
	Proximal
	// ProxRow does what Prox does to one row, in place.
	ProxRow(row []float64, step float64)
	// RowValue is the part of one row.
	RowValue(row []float64) float64
	// RowDistance is the distance of −g from the subdifferential at row.
	RowDistance(row, g []float64) float64
}

// Vanishing functions give W = 0 from a strength on.
type Vanishing interface {
	Func
	// Zero is the factor by which Ω must be multiplied for W = 0 to be optimal
	// where g is the gradient of the loss at W = 0 with the best intercepts.
	Zero(g *num.Dense) float64
}

// Arrow functions are quadratic with one shared and one private part a slot,
//
//	½ Σ_slots min over w0 of ‖w0‖²/shared + Σ_t ‖w_t − w0‖²/private,
//
// so that w_t = w0 + v_t are sums of variances shared and private: no sharing
// where shared is 0, one vector for all where private is 0.
type Arrow interface {
	Func
	Arrow() (shared, private float64)
	Slots() []int // as in Layout
}

// All lists the penalties.
var All = catalog.Table[Penalty]{
	{Name: "ridge", Words: "small weights, every task for itself",
		Formula: "λ/2 ‖W‖²",
		Source:  "Hoerl, Kennard, Ridge regression: biased estimation for nonorthogonal problems, Technometrics 12, 1970",
		New:     func() Penalty { return Ridge{} }},
	{Name: "lasso", Words: "few weights, every task for itself",
		Formula: "λ Σ|W_jt|",
		Source:  "Tibshirani, Regression shrinkage and selection via the lasso, JRSS B 58, 1996",
		New:     func() Penalty { return Lasso{} }},
	{Name: "elastic-net", Words: "few and small weights, every task for itself",
		Formula: "λ (ρ Σ|W_jt| + (1−ρ)/2 ‖W‖²)",
		Source:  "Zou, Hastie, Regularization and variable selection via the elastic net, JRSS B 67, 2005",
		New:     func() Penalty { return &ElasticNet{} }},
	{Name: "shared", Words: "each task is a small change of what all share: w_t = w0 + v_t",
		Formula: "λ/2 (μ‖w0‖² + Σ_t‖v_t‖²)",
		Source:  "Evgeniou, Pontil, Regularized multi-task learning, KDD 2004, eq. (3)",
		New:     func() Penalty { return &Shared{} }},
	{Name: "common", Words: "one weight vector for all tasks: shared weights of unbounded coupling",
		Formula: "λ/2 ‖w0‖², w_t = w0",
		Source:  "Evgeniou, Pontil, Regularized multi-task learning, KDD 2004, the limit of section 2.1",
		New:     func() Penalty { return Common{} }},
	{Name: "l21", Words: "joint features: a feature is used by every task or by none",
		Formula: "λ Σ_j ‖W_j‖₂",
		Source:  "Argyriou, Evgeniou, Pontil, Convex multi-task feature learning, Machine Learning 73, 2008, eq. (5)",
		New:     func() Penalty { return L21{} }},
	{Name: "trace", Words: "low rank: the tasks' weights span few directions",
		Formula: "λ ‖W‖_* = λ Σ σ_i(W)",
		Source:  "Fazel, Hindi, Boyd, A rank minimization heuristic with application to minimum order system approximation, ACC 2001",
		New:     func() Penalty { return Trace{} }},
}
