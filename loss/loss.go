// Package loss holds how wrong a prediction is: one file a loss.
//
// A loss works on whole columns: labels y of n rows, as kindred.Labels holds
// them (a value, a count, a class index), weights w of the rows (nil means 1),
// and outputs z, n × k row-major, k numbers a row. What a loss offers beyond
// its value it says by the interfaces below; solvers ask for what they need.
package loss

import (
	"math"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/catalog"
)

// A Loss says how wrong outputs are: Σ_i w_i ℓ(y_i, z_i), convex in z.
type Loss interface {
	// Takes tells whether the loss reads the labels of such tasks.
	Takes(kindred.Kind) bool
	// Value is Σ_i w_i ℓ(y_i, z_i).
	Value(y, w, z []float64) float64
	// Conjugate is Σ_i w_i ℓ*(y_i, −a_i/w_i), where ℓ*(y, u) = sup_z u·z − ℓ(y, z);
	// +Inf outside its domain. Rows of weight 0 count only if a_i ≠ 0 (+Inf).
	Conjugate(y, w, a []float64) float64
}

// Smooth losses have a gradient.
type Smooth interface {
	Loss
	// Grad sets g to w_i ∂ℓ/∂z_i, n × k, and returns Value.
	Grad(g, y, w, z []float64) float64
	// Curvature is the largest second derivative of ℓ in any direction, +Inf
	// where there is none.
	Curvature() float64
}

// Curved losses of one output have a second derivative, generalized where ℓ′
// has a kink.
type Curved interface {
	Smooth
	// Hess sets h to w_i ∂²ℓ/∂z_i².
	Hess(h, y, w, z []float64)
}

// Joint losses have several outputs a row, which they judge together.
type Joint interface {
	Smooth
	// HessVec sets hv, n × k, to w_i (∂²ℓ/∂z_i²) v_i.
	HessVec(hv, y, w, z, v []float64)
}

// Linked losses turn an output into what is predicted: Mean sets m, n × k, to
// the expected label (regression, count), or the probability of the positive
// class (binary) or of each class (multiclass).
type Linked interface {
	Loss
	Mean(m, z []float64, k int)
}

// All lists the losses.
var All = catalog.Table[Loss]{
	{Name: "squared", Words: "the squared error, halved",
		Formula: "½(z − y)²",
		Source:  "Legendre, Nouvelles méthodes pour la détermination des orbites des comètes, 1805",
		New:     func() Loss { return Squared{} }},
	{Name: "huber", Words: "squared near, absolute far: outliers pull less",
		Formula: "½r² if |r| ≤ δ, δ|r| − ½δ² beyond, r = z − y",
		Source:  "Huber, Robust estimation of a location parameter, Annals of Mathematical Statistics 35, 1964",
		New:     func() Loss { return &Huber{} }},
	{Name: "logistic", Words: "log loss of two classes",
		Formula: "log(1 + exp(−sz)), s = ±1",
		Source:  "Cox, The regression analysis of binary sequences, JRSS B 20, 1958",
		New:     func() Loss { return Logistic{} }},
	{Name: "hinge", Words: "the support vector machine's loss",
		Formula: "max(0, 1 − sz), s = ±1",
		Source:  "Cortes, Vapnik, Support-vector networks, Machine Learning 20, 1995",
		New:     func() Loss { return Hinge{} }},
	{Name: "squared-hinge", Words: "the hinge squared, halved: smooth, still zero beyond the margin",
		Formula: "½ max(0, 1 − sz)², s = ±1",
		Source:  "Fan et al., LIBLINEAR: a library for large linear classification, JMLR 9, 2008",
		New:     func() Loss { return SquaredHinge{} }},
	{Name: "poisson", Words: "log loss of counts with a log link",
		Formula: "exp(z) − yz",
		Source:  "Nelder, Wedderburn, Generalized linear models, JRSS A 135, 1972",
		New:     func() Loss { return Poisson{} }},
	{Name: "softmax", Words: "log loss over classes",
		Formula: "log Σ_c exp(z_c) − z_y",
		Source:  "Böhning, Multinomial logistic regression algorithm, Annals of the Institute of Statistical Mathematics 44, 1992",
		New:     func() Loss { return Softmax{} }},
	{Name: "crammer-singer", Words: "the multiclass support vector machine's joint margin",
		Formula: "max_c (1[c ≠ y] + z_c) − z_y",
		Source:  "Crammer, Singer, On the algorithmic implementation of multiclass kernel-based vector machines, JMLR 2, 2001",
		New:     func() Loss { return CrammerSinger{} }},
}

// weight is w_i, or 1 where there are no weights.
func weight(w []float64, i int) float64 {
	if w == nil {
		return 1
	}
	return w[i]
}

// sign is ±1 for a class index 1 or 0.
func sign(y float64) float64 { return 2*y - 1 }

// slack is how far, relative to its size, a dual variable may lie outside the
// domain of a conjugate: rounding, which is clamped away.
const slack = 1e-12

// finite is s, or +Inf where a row of weight 0 had a dual variable.
func finite(s float64) float64 {
	if math.IsNaN(s) {
		return math.Inf(1)
	}
	return s
}

// xlogx is x log x, 0 at 0.
func xlogx(x float64) float64 {
	if x == 0 {
		return 0
	}
	return x * math.Log(x)
}

// outputs is the number of outputs a row.
func outputs(y, z []float64) int { return len(z) / max(1, len(y)) }

func largest(z []float64) float64 {
	top := math.Inf(-1)
	for _, v := range z {
		top = max(top, v)
	}
	return top
}

// vertex is p_c = 1[c = y] − a_c/w, and whether it is not negative. A row of
// weight 0 has p = e_y, and only a = 0.
func vertex(a, w float64, right bool) (p float64, ok bool) {
	if right {
		p = 1
	}
	if a != 0 {
		p -= a / w
	}
	return max(0, p), p >= -slack && !math.IsInf(p, 0)
}
