// Package penalty holds what we believe about the tasks: one file a belief.
//
// W is d × k: row j is one feature across tasks, a column is one output of a
// task. The strength λ multiplies the whole penalty beside the plain sum of
// the losses over rows.
package penalty

import (
	"math"

	"github.com/kindred-mtl/kindred/catalog"
	"github.com/kindred-mtl/kindred/num"
)

// A Layout says what the columns of W are.
type Layout struct {
	Task []int // the task of each column
	Slot []int // columns of one slot mean the same thing in every task: the one output, or one class
	// Names are those of the tasks, by which a given graph or tree knows them;
	// without, a task's name is its number.
	Names []string
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

// A Func is a penalty as a function of W, 0 at 0. What else it is, it says by
// the interfaces below; solvers ask for what they need.
type Func interface {
	// Value is Ω(W).
	Value(w *num.Dense) float64
}

// Convex functions have a conjugate, which gives every solver its duality gap.
type Convex interface {
	Func
	// Dual returns the largest s in [0, 1] for which Ω* is finite at s·G, and
	// Ω*(s·G), where Ω*(G) = sup_W ⟨G, W⟩ − Ω(W).
	Dual(g *num.Dense) (s, value float64)
}

// Anchored functions are convex with a conjugate that has no closed form but
// where it is needed: near a subgradient.
type Anchored interface {
	Func
	// DualAt returns an s in [0, 1] and an upper bound of Ω*(s·G); s is 1 and
	// the bound is Ω*(G) where G is a subgradient of Ω at W.
	DualAt(w, g *num.Dense) (s, value float64)
}

// Conjugate is Dual, or DualAt; +Inf where f has neither.
func Conjugate(f Func, w, g *num.Dense) (s, value float64) {
	switch f := f.(type) {
	case Convex:
		return f.Dual(g)
	case Anchored:
		return f.DualAt(w, g)
	}
	return 1, math.Inf(1)
}

// Proximal functions have a proximal operator.
type Proximal interface {
	Convex
	// Prox sets out to argmin_W ½‖W − V‖² + step·Ω(W). out may be v.
	Prox(out, v *num.Dense, step float64)
}

// Columnwise functions have a proximal operator where the columns of W are
// measured in units of their own.
type Columnwise interface {
	Proximal
	// ProxColumns sets out to argmin_W Σ_c ‖W_c − V_c‖² / 2step_c + Ω(W), for
	// steps above 0. out may be v.
	ProxColumns(out, v *num.Dense, steps []float64)
	// ColumnsJacobian returns a derivative of V ↦ ProxColumns(V, steps) at v, in
	// columns divided by the roots of their steps, where it is symmetric.
	ColumnsJacobian(v *num.Dense, steps []float64) Jacobian
}

// Slanted functions know how their proximal operator moves with its argument.
type Slanted interface {
	Proximal
	// ProxJacobian returns a derivative of V ↦ Prox(V, step) at v, one of those
	// that there are: symmetric, of eigenvalues from 0 to 1.
	ProxJacobian(v *num.Dense, step float64) Jacobian
}

// A Jacobian is a linear map of matrices.
type Jacobian interface {
	// Times sets out to the image of x; out may be x.
	Times(out, x *num.Dense)
	// Diagonal returns the diagonal, and false where the map is too far from it
	// for the diagonal to say much.
	Diagonal() (*num.Dense, bool)
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

// Radial functions are sums of a function ω of the rows' lengths.
type Radial interface {
	RowSeparable
	// Bend is ω′ and ω″ at a length above 0.
	Bend(r float64) (slope, curvature float64)
}

// Vanishing functions give W = 0 from a strength on.
type Vanishing interface {
	Func
	// Zero is the factor by which Ω must be multiplied for W = 0 to be optimal
	// where g is the gradient of the loss at W = 0 with the best intercepts.
	Zero(g *num.Dense) float64
}

// Quadratic functions give the columns of each slot a covariance K, the same
// for all features,
//
//	Ω(W) = ½ Σ_slots tr(W K⁻¹ Wᵀ),   Ω*(G) = ½ Σ_slots tr(G K Gᵀ)
//
// with Ω = +∞ outside the range of K.
type Quadratic interface {
	Convex
	Slots() []int // as in Layout
	// Covariance is K of a slot, in the order of its columns in W.
	Covariance(slot int) *num.Dense
}

// Arrow functions are quadratic with one shared and one private part a slot,
// K = private·I + shared·11ᵀ,
//
//	½ Σ_slots min over w0 of ‖w0‖²/shared + Σ_t ‖w_t − w0‖²/private,
//
// so that w_t = w0 + v_t are sums of variances shared and private: no sharing
// where shared is 0, one vector for all where private is 0.
type Arrow interface {
	Quadratic
	Arrow() (shared, private float64)
}

// Layered functions know how W adds up.
type Layered interface {
	Func
	// Layers returns matrices that sum to W: what the columns have in common
	// with all others first, then with ever fewer, and what is a column's own
	// last.
	Layers(w *num.Dense) []*num.Dense
}

// Split functions take W apart at the least cost, each part by a belief of its
// own:
//
//	Ω(W) = min Σ_i Ω_i(P_i) over Σ_i P_i = W,   Ω*(G) = Σ_i Ω_i*(G)
type Split interface {
	Convex
	Parts() []Proximal
}

// Sum functions add a quadratic to what has a proximal operator,
//
//	Ω(W) = Q(W) + R(W)
//
// so that a solver may count Q to the smooth loss.
type Sum interface {
	Anchored
	Parts() (Quadratic, Proximal)
}

// Measured functions tell how far a point is from optimal.
type Measured interface {
	Func
	// Distance is the distance of −g from the subdifferential at w: 0 where w
	// is a stationary point of a loss with gradient g.
	Distance(w, g *num.Dense) float64
}

// Distance is that of Measured functions, or of the rows of RowSeparable ones;
// +Inf where f is neither.
func Distance(f Func, w, g *num.Dense) float64 {
	switch f := f.(type) {
	case Measured:
		return f.Distance(w, g)
	case RowSeparable:
		s := 0.0
		for j := range w.Rows {
			r := f.RowDistance(w.Row(j), g.Row(j))
			s += r * r
		}
		return math.Sqrt(s)
	}
	return math.Inf(1)
}

// Smooth quadratics have a gradient, of which a solver may make steps.
type Smooth interface {
	Quadratic
	// Slope sets g to ∇Ω(W) = WK⁻¹ and returns Ω(W) = ½⟨g, W⟩.
	Slope(g, w *num.Dense) float64
	// Steepest is the largest eigenvalue of K⁻¹.
	Steepest() float64
}

// Linked quadratics are those of a network in which few nodes have a link: the
// columns of a slot, in their order, and hidden ones besides,
//
//	Ω(W) = ½ Σ_slots min over hidden x of  Σ_links weight ‖x_a − x_b‖²
//
// where x_a of a column is that of W, and one node is held at 0.
type Linked interface {
	Smooth
	// Links returns the number of nodes of a slot, its columns first, and the
	// links; no pair of nodes has two.
	Links(slot int) (nodes int, links []Link)
}

// A Link joins two nodes; B is −1 for the one that is held at 0. The weight
// may be below 0 as long as Ω is not.
type Link struct {
	A, B   int
	Weight float64
}

// Concave functions are not convex: they grow ever more slowly. A convex
// function that touches them at a point lies nowhere below them, which is how
// they are minimized. Their subdifferential is that of the majorant.
type Concave interface {
	Measured
	// Relaxation is the convex function to start from.
	Relaxation() Vanishing
	// Majorant returns a convex function that is, up to a constant, nowhere
	// below Ω and equal to it at w. Its distance is known.
	Majorant(w *num.Dense) Proximal
}

// Apart is what a penalty says that couples no tasks: its function is a sum
// over the columns of W.
type Apart interface{ Apart() }

// Ordered is what a penalty says for which the order of the tasks matters, as
// the columns of each slot stand in the Layout.
type Ordered interface{ Ordered() }

// Related functions know, at the weights fitted, how the tasks are related.
type Related interface {
	Func
	// Relation returns the learned covariance of the columns, k × k, of trace
	// 1: positive semidefinite.
	Relation(w *num.Dense) *num.Dense
}

// Featured functions know, at the weights fitted, how the features are related.
type Featured interface {
	Func
	// Features returns the learned covariance of the features, d × d, of trace
	// 1: positive semidefinite.
	Features(w *num.Dense) *num.Dense
}

// Grouping functions know, at the weights fitted, which columns belong
// together.
type Grouping interface {
	Func
	// Groups numbers the groups from 0 in the order of first appearance, one
	// number a column.
	Groups(w *num.Dense) []int
}

// A Learner is a penalty whose structure, a graph or a tree of the tasks, is
// learned first, from weights that were fitted to each task alone.
type Learner interface {
	Penalty
	// Open tells whether there is something to learn.
	Open() bool
	// Learn returns the penalty with the structure of these weights, d × k.
	Learn(l Layout, w *num.Dense) (Penalty, error)
}

// A Staged penalty is one of tasks in groups, which are found first.
type Staged interface {
	Penalty
	// Open tells whether the groups are not known yet.
	Open() bool
	// Sought says how many there are at most, 0 where that is left to the
	// tasks, and whether tasks of a group are alike also in their intercepts
	// and in where their rows lie.
	Sought() (k int, rows bool)
	// Take returns the penalty with these groups, a number a task.
	Take(group []int) Penalty
}

// An Adapting penalty is one whose strengths the rows say.
type Adapting interface {
	Penalty
	// Open tells whether the strengths are not known yet.
	Open() bool
	// ByColumn tells whether each column of the table has strengths of its own.
	ByColumn() bool
	// Adapt returns the penalty with these strengths.
	Adapt(s Strengths) Penalty
}

// Strong functions know how strongly they make tasks share.
type Strong interface {
	Layered
	// Strengths returns how strongly each column of W is pulled to what is
	// common, 1 where nothing is known of it, and the share of the variance of the weights in each
	// of so many rows that is expected to be common.
	Strengths(rows int) (pull, common []float64)
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
	{Name: "adaptive", Words: "each task shares as much as the rows say, in each column",
		Formula: "λ/2 Σ_j min over u of u²/s_j + Σ_t (w_jt − u)²/(a_t p_j)",
		Source:  "Lindley, Smith, Bayes estimates for the linear model, JRSS B 34, 1972; MacKay, Bayesian interpolation, Neural Computation 4, 1992",
		New:     func() Penalty { return &Adaptive{} }},
	{Name: "common", Words: "one weight vector for all tasks: shared weights of unbounded coupling",
		Formula: "λ/2 ‖w0‖², w_t = w0",
		Source:  "Evgeniou, Pontil, Regularized multi-task learning, KDD 2004, the limit of section 2.1",
		New:     func() Penalty { return Common{} }},
	{Name: "l21", Words: "joint features: a feature is used by every task or by none",
		Formula: "λ Σ_j ‖W_j‖₂",
		Source:  "Argyriou, Evgeniou, Pontil, Convex multi-task feature learning, Machine Learning 73, 2008, eq. (5)",
		New:     func() Penalty { return L21{} }},
	{Name: "l21-ridge", Words: "joint features, small weights: the multi-task elastic net",
		Formula: "λ (ρ Σ_j ‖W_j‖₂ + (1−ρ)/2 ‖W‖²)",
		Source:  "Zou, Hastie, Regularization and variable selection via the elastic net, JRSS B 67, 2005; Obozinski, Taskar, Jordan, Joint covariate selection and joint subspace selection for multiple classification problems, Statistics and Computing 20, 2010",
		New:     func() Penalty { return &L21Ridge{} }},
	{Name: "linf1", Words: "joint features by their largest weight: up to that size the other tasks use them free",
		Formula: "λ Σ_j max_t |W_jt|",
		Source:  "Turlach, Venables, Wright, Simultaneous variable selection, Technometrics 47, 2005; Quattoni, Carreras, Collins, Darrell, An efficient projection for l1,∞ regularization, ICML 2009",
		New:     func() Penalty { return LInf1{} }},
	{Name: "sparse-group", Words: "joint features, and within a feature the tasks that use it",
		Formula: "λ Σ_j (ρ ‖W_j‖₁ + (1−ρ) √k ‖W_j‖₂)",
		Source:  "Simon, Friedman, Hastie, Tibshirani, A sparse-group lasso, JCGS 22, 2013",
		New:     func() Penalty { return &SparseGroup{} }},
	{Name: "fused", Words: "ordered tasks: weights change from task to task in few steps",
		Formula: "λ Σ_j [(1−φ)(ρ ‖W_j‖₁ + (1−ρ) √k ‖W_j‖₂) + φ Σ_t |W_jt − W_j,t+1|]",
		Source:  "Zhou, Liu, Narayan, Ye, Modeling disease progression via fused sparse group lasso, KDD 2012",
		New:     func() Penalty { return &Fused{} }},
	{Name: "l2-half", Words: "joint features, fewer and less shrunk than by l21",
		Formula: "λ Σ_j ‖W_j‖₂^½",
		Source:  "Xu, Chang, Xu, Zhang, L1/2 regularization: a thresholding representation theory and a fast solver, IEEE TNNLS 23, 2012",
		New:     func() Penalty { return L2Half{} }},
	{Name: "mcp", Words: "joint features, the strong ones not shrunk",
		Formula: "λ Σ_j p(‖W_j‖₂), p′(r) = (1 − r/√k θ)₊",
		Source:  "Zhang, Nearly unbiased variable selection under minimax concave penalty, Annals of Statistics 38, 2010",
		New:     func() Penalty { return &MCP{} }},
	{Name: "scad", Words: "joint features, the strong ones not shrunk, the weak ones as by l21",
		Formula: "λ Σ_j p(‖W_j‖₂), p′(r) = 1 up to √k θ/a, 0 from √k θ on",
		Source:  "Fan, Li, Variable selection via nonconcave penalized likelihood and its oracle properties, JASA 96, 2001, eq. (2.7)",
		New:     func() Penalty { return &SCAD{} }},
	{Name: "capped-l1", Words: "few weights, those of features that matter free: multi-stage feature learning",
		Formula: "λ Σ_j min(‖W_j‖₁, kθ)",
		Source:  "Gong, Ye, Zhang, Multi-stage multi-task feature learning, JMLR 14, 2013, algorithm 1",
		New:     func() Penalty { return &CappedL1{} }},
	{Name: "trace", Words: "low rank: the tasks' weights span few directions",
		Formula: "λ ‖W‖_* = λ Σ σ_i(W)",
		Source:  "Fazel, Hindi, Boyd, A rank minimization heuristic with application to minimum order system approximation, ACC 2001",
		New:     func() Penalty { return Trace{} }},
	{Name: "squared-trace", Words: "shared features: few directions, learned with the weights",
		Formula: "λ/2 ‖W‖_*² = λ/2 min over D, tr D = 1, of tr(Wᵀ D⁻¹ W)",
		Source:  "Argyriou, Evgeniou, Pontil, Convex multi-task feature learning, Machine Learning 73, 2008",
		New:     func() Penalty { return SquaredTrace{} }},
	{Name: "mtrl", Words: "related tasks: their covariance Ω is learned with the weights",
		Formula: "λ/2 (ρ‖W‖² + (1−ρ) tr(W Ω⁻¹ Wᵀ)), tr Ω = 1",
		Source:  "Zhang, Yeung, A convex formulation for learning task relationships in multi-task learning, UAI 2010",
		New:     func() Penalty { return &MTRL{} }},
	{Name: "clustered", Words: "clusters of tasks: their weights lie near k centres",
		Formula: "λ/2 (1+η) tr(W (ηI + M)⁻¹ Wᵀ), 0 ⪯ M ⪯ I, tr M = k",
		Source:  "Jacob, Bach, Vert, Clustered multi-task learning: a convex formulation, NIPS 2008; Zhou, Chen, Ye, Clustered multi-task learning via alternating structure optimization, NIPS 2011",
		New:     func() Penalty { return &Clustered{} }},
	{Name: "caso", Words: "a shared subspace: the tasks differ freely in a few mixed features",
		Formula: "λ/2 (1+η) tr(Wᵀ (ηI + M)⁻¹ W), 0 ⪯ M ⪯ I, tr M = h",
		Source:  "Chen, Tang, Liu, Ye, A convex formulation for learning shared structures from multiple tasks, ICML 2009; Ando, Zhang, A framework for learning predictive structures from multiple tasks and unlabeled data, JMLR 6, 2005",
		New:     func() Penalty { return &CASO{} }},
	{Name: "grouped", Words: "groups of tasks, each of small changes of what it shares: w_t = u_g + v_t",
		Formula: "λ/2 Σ_g (μ‖u_g‖² + Σ_t‖v_t‖²)",
		Source:  "Jacob, Bach, Vert, Clustered multi-task learning: a convex formulation, NIPS 2008",
		New:     func() Penalty { return &Grouped{} }},
	{Name: "dirty", Words: "features that all tasks use, and weights of single tasks: W = P + Q",
		Formula: "λ (T^θ Σ_j max_t|P_jt| + Σ|Q_jt|)",
		Source:  "Jalali, Ravikumar, Sanghavi, Ruan, A dirty model for multi-task learning, NIPS 2010",
		New:     func() Penalty { return &Dirty{} }},
	{Name: "rmtfl", Words: "joint features, and tasks that go their own way: W = P + Q",
		Formula: "λ (T^(θ−½) Σ_j ‖P_j‖₂ + Σ_t ‖Q_t‖₂)",
		Source:  "Gong, Ye, Zhang, Robust multi-task feature learning, KDD 2012",
		New:     func() Penalty { return &RMTFL{} }},
	{Name: "robust", Words: "low rank, and outlier tasks: W = P + Q",
		Formula: "λ (T^(θ/2) ‖P‖_* + Σ_t ‖Q_t‖₂)",
		Source:  "Chen, Zhou, Ye, Integrating low-rank and group-sparse structures for robust multi-task learning, KDD 2011",
		New:     func() Penalty { return &Robust{} }},
	{Name: "sparse-low-rank", Words: "low rank, and weights of single tasks: W = P + Q",
		Formula: "λ (T^θ ‖P‖_* + Σ|Q_jt|)",
		Source:  "Chen, Liu, Ye, Learning incoherent sparse and low-rank patterns from multiple tasks, KDD 2010",
		New:     func() Penalty { return &SparseLowRank{} }},
	{Name: "covariance", Words: "weights vary together as a covariance of the tasks says",
		Formula: "λ/2 tr(W K⁻¹ Wᵀ), K = (1−σ)Ω + σI",
		Source:  "Evgeniou, Micchelli, Pontil, Learning multiple tasks with kernel methods, JMLR 6, 2005",
		New:     func() Penalty { return &Covariance{} }},
	{Name: "graph", Words: "neighbouring tasks have similar weights",
		Formula: "λ/2 (Σ_{s~t} a_st ‖w_s − w_t‖² + μ‖W‖²)",
		Source:  "Evgeniou, Micchelli, Pontil, Learning multiple tasks with kernel methods, JMLR 6, 2005",
		New:     func() Penalty { return &Graph{} }},
	{Name: "temporal", Words: "weights change slowly from one task to the next",
		Formula: "λ/2 (Σ_t ‖w_t − w_{t+1}‖² + μ‖W‖²)",
		Source:  "Zhou, Yuan, Liu, Ye, A multi-task learning formulation for predicting disease progression, KDD 2011",
		New:     func() Penalty { return &Temporal{} }},
	{Name: "tree", Words: "tasks share along a hierarchy, each node adds what those below it have in common",
		Formula: "λ/2 Σ_u c_u‖v_u‖², w_t = Σ_{u above t} v_u",
		Source:  "Daumé, Bayesian multitask learning with latent hierarchies, UAI 2009",
		New:     func() Penalty { return &Tree{} }},
	{Name: "sparse-graph", Words: "few weights, similar ones in neighbouring tasks",
		Formula: "λ (ρ Σ|W_jt| + (1−ρ)/2 Σ_{s~t} a_st ‖w_s − w_t‖²)",
		Source:  "Zhou, Chen, Ye, MALSAR: Multi-task learning via structural regularization, Arizona State University, 2012",
		New:     func() Penalty { return &SparseGraph{} }},
	{Name: "temporal-lasso", Words: "joint features, whose weights change slowly from one task to the next",
		Formula: "λ (ρ Σ_j ‖W_j‖₂ + (1−ρ)/2 (Σ_t ‖w_t − w_{t+1}‖² + μ‖W‖²))",
		Source:  "Zhou, Yuan, Liu, Ye, A multi-task learning formulation for predicting disease progression, KDD 2011",
		New:     func() Penalty { return &TemporalLasso{} }},
	{Name: "embedding", Words: "a small space that all share: each task is a vector in it",
		Formula: "λ/2 (‖U‖² + ‖V‖²), W = U V",
		Source:  "Srebro, Rennie, Jaakkola, Maximum-margin matrix factorization, NIPS 2004",
		New:     func() Penalty { return &Embedding{} }},
	{Name: "go-mtl", Words: "a few latent tasks: each task is made of some of them",
		Formula: "λ (‖S‖₁ + ½‖L‖²), W = L S",
		Source:  "Kumar, Daumé III, Learning task grouping and overlap in multi-task learning, ICML 2012",
		New:     func() Penalty { return &GOMTL{} }},
}
