// Package relate says how the tasks of a Set are related: a measure gives a
// task × task matrix and each task a vector, a clustering gives groups, and
// measures are held against one another.
//
//	r, err := relate.Tasks(ctx, set, relate.Weights{}, relate.Options{})
//	g, err := relate.Group(r, relate.Spectral{}, 0)
//
// A large entry says that two tasks are alike, or that one helps the other,
// whatever the measure. What a measure cannot do for a set it refuses in one
// sentence, an error that is compose.ErrNotApplicable.
package relate

import (
	"context"
	"fmt"
	"math"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/catalog"
	"github.com/kindred-mtl/kindred/compose"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/prep"
)

// A Measure relates the tasks of a set.
type Measure interface {
	// Relate fills in the matrix and what is claimed of it. The set has been
	// checked, and has two tasks at least.
	Relate(ctx context.Context, s *kindred.Set, o Options) (*Relation, error)
}

// All lists the measures.
var All = catalog.Table[Measure]{
	{Name: "weights", Words: "how alike the weights are that each task learns alone",
		Formula: "w_s·w_t / (‖w_s‖ ‖w_t‖)",
		Source:  "Björck, Golub, Numerical methods for computing angles between linear subspaces, Mathematics of Computation 27, 1973",
		New:     func() Measure { return Weights{} }},
	{Name: "principal-angles", Words: "how much the spaces overlap that the tasks' weights span",
		Formula: "tr(P_s P_t) / √(k_s k_t) = Σ_i cos² θ_i / √(k_s k_t)",
		Source:  "Björck, Golub, Numerical methods for computing angles between linear subspaces, Mathematics of Computation 27, 1973",
		New:     func() Measure { return PrincipalAngles{} }},
	{Name: "covariance", Words: "the covariance of the tasks' weights, learned with them",
		Formula: "Ω_st / √(Ω_ss Ω_tt), Ω = (WᵀW)^½ / tr",
		Source:  "Zhang, Yeung, A convex formulation for learning task relationships in multi-task learning, UAI 2010",
		New:     func() Measure { return Covariance{} }},
	{Name: "gp-covariance", Words: "the covariance of the tasks' functions, by a Gaussian process",
		Formula: "B_st / √(B_ss B_tt), B = AAᵀ + diag κ",
		Source:  "Bonilla, Chai, Williams, Multi-task Gaussian process prediction, NIPS 2007",
		New:     func() Measure { return GPCovariance{} }},
	{Name: "gradients", Words: "which tasks pull weights that all share the same way",
		Formula: "g_s·g_t / (‖g_s‖ ‖g_t‖), g_t = ∇L_t(w)",
		Source:  "Yu et al., Gradient surgery for multi-task learning, NeurIPS 2020",
		New:     func() Measure { return Gradients{} }},
	{Name: "affinity", Words: "how much a step for one task lowers another's loss",
		Formula: "g_s·g_t / (‖g_s‖ L_t), g_t = ∇L_t(w)",
		Source:  "Fifty et al., Efficiently identifying task groupings for multi-task learning, NeurIPS 2021",
		New:     func() Measure { return Affinity{} }},
	{Name: "net-gradients", Words: "which tasks pull the layers of a network the same way, in training",
		Formula: "mean over steps of g_s·g_t / (‖g_s‖ ‖g_t‖)",
		Source:  "Yu et al., Gradient surgery for multi-task learning, NeurIPS 2020",
		New:     func() Measure { return NetGradients{} }},
	{Name: "net-affinity", Words: "how much a step for one task lowers another's loss, in training",
		Formula: "mean over steps of g_s·g_t / (‖g_s‖ L_t)",
		Source:  "Fifty et al., Efficiently identifying task groupings for multi-task learning, NeurIPS 2021",
		New:     func() Measure { return NetAffinity{} }},
	{Name: "net-lookahead", Words: "how much a step taken for one task lowers another's loss, in training",
		Formula: "1 − mean L_t(θ − η g_s, θ_t) / mean L_t(θ, θ_t)",
		Source:  "Fifty et al., Efficiently identifying task groupings for multi-task learning, NeurIPS 2021",
		New:     func() Measure { return NetLookahead{} }},
	{Name: "labels", Words: "how the labels go together on rows that both tasks have",
		Formula: "corr(y_s, y_t); of several classes Cramér's V",
		Source:  "Cramér, Mathematical Methods of Statistics, Princeton University Press, 1946, chapter 21",
		New:     func() Measure { return Labels{} }},
	{Name: "features", Words: "how alike the tasks' rows are, whatever their labels",
		Formula: "exp(−MMD²(X_s, X_t) / 2 median)",
		Source:  "Gretton, Borgwardt, Rasch, Schölkopf, Smola, A kernel two-sample test, JMLR 13, 2012",
		New:     func() Measure { return Features{} }},
	{Name: "evidence", Words: "how sure it is, by all of their rows, that tasks are of one group",
		Formula: "(B_st − 1)/(B_st + 1), B_st = p(rows of s, t | one group) / p(rows of s) p(rows of t)",
		Source:  "Kass, Raftery, Bayes factors, Journal of the American Statistical Association 90, 1995",
		New:     func() Measure { return Evidence{} }},
	{Name: "descriptions", Words: "how alike a given table describes the tasks",
		Formula: "exp(−‖z_s − z_t‖² / 2 median)",
		Source:  "Bonilla, Agakov, Williams, Kernel multi-task learning using task-specific features, AISTATS 2007",
		New:     func() Measure { return Descriptions{} }},
	{Name: "transfer", Words: "how much less a task errs on rows held out when learned with another",
		Formula: "(L_t − L_t with s) / L_t",
		Source:  "Standley et al., Which tasks should be learned together in multi-task learning?, ICML 2020",
		New:     func() Measure { return Transfer{} }},
	{Name: "higher-order", Words: "how much less a task errs with another among several learned with it",
		Formula: "mean over S ∋ s, t of (L_t − L_t with S) / L_t",
		Source:  "Li, Ju, Sharma, Zhang, Boosting multitask learning on graphs through higher-order task affinities, KDD 2023",
		New:     func() Measure { return HigherOrder{} }},
	{Name: "fisher", Words: "how alike the features are that matter to a model all tasks share",
		Formula: "cos(F_s/(F_s+F_t), F_t/(F_s+F_t)), F_t = E (∂ℓ_t/∂w)²",
		Source:  "Achille et al., Task2Vec: task embedding for meta-learning, ICCV 2019",
		New:     func() Measure { return Fisher{} }},
	{Name: "vectors", Words: "how alike the vectors are that tasks get in a small space",
		Formula: "v_s·v_t / (‖v_s‖ ‖v_t‖), W = U V",
		Source:  "Srebro, Rennie, Jaakkola, Maximum-margin matrix factorization, NIPS 2004",
		New:     func() Measure { return Vectors{} }},
	{Name: "net-vectors", Words: "the same, the space learned by a network",
		Formula: "v_s·v_t / (‖v_s‖ ‖v_t‖), y_t = ⟨f(x), v_t⟩ + b_t",
		Source:  "Wu et al., StarSpace: embed all the things!, AAAI 2018",
		New:     func() Measure { return NetVectors{} }},
}

// Options are those of every measure.
type Options struct {
	// Dimensions of the vectors; 0: 2, and never more than one less than tasks.
	Dimensions int
	Seed       uint64       // of folds and samples
	Prep       prep.Options // of the features
}

// A Relation is what a measure says of the tasks.
type Relation struct {
	Measure string
	Tasks   []string
	// Matrix has a row and a column for each task: how alike they are, or,
	// where it is not symmetric, what the task of the row does for that of the
	// column. NaN: nothing is known of the two. It is nil of more than 1,000
	// tasks, where Sketch stands for it; At takes either.
	Matrix *num.Dense
	// Sketch has a row for each task, whose products are how alike they are: of
	// length 1, or 0 where nothing tells a task.
	Sketch *num.Dense
	// Errors are the standard errors of Matrix, where it has some; or nil.
	Errors *num.Dense
	// Vectors has a row for each task: its place on a map, as Scale draws it.
	Vectors   *num.Dense
	Symmetric bool // and then its diagonal is 1, and no entry is larger
	// Semidefinite says that no eigenvalue of Matrix is below 0.
	Semidefinite bool
	Warnings     []string
}

// Tasks relates the tasks of s by a measure.
func Tasks(ctx context.Context, s *kindred.Set, m Measure, o Options) (*Relation, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	name := All.NameOf(m)
	switch n := len(s.Tasks); {
	case o.Dimensions < 0:
		return nil, fmt.Errorf("relate: %d dimensions; give 1 or more", o.Dimensions)
	case n < 2:
		return nil, refuse("%s: the only task is %q, and there is none that it is related to", name, s.Tasks[0].Name)
	case n > mostSketched:
		return nil, refuse("%s: %s tasks, more than %s", name, counted(n), counted(mostSketched))
	case n > MostTasks:
		if _, ok := m.(sketcher); !ok {
			return nil, refuse("%s: %s tasks, more than the %s that a matrix is made of", name, counted(n), counted(MostTasks))
		}
	}
	r, err := m.Relate(ctx, s, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	r.Measure = name
	for i := range s.Tasks {
		r.Tasks = append(r.Tasks, s.Tasks[i].Name)
	}
	k := o.Dimensions
	if k == 0 {
		k = 2
	}
	r.Vectors = Scale(r, min(k, len(s.Tasks)-1))
	return r, ctx.Err()
}

// refuse says why something makes no sense on a set.
func refuse(format string, args ...any) error {
	return fmt.Errorf("%w: %s", compose.ErrNotApplicable, fmt.Sprintf(format, args...))
}

// searched fits a method, what it leaves open chosen on held-out folds.
func searched(ctx context.Context, s *kindred.Set, m kindred.Method, seed uint64) (kindred.Model, error) {
	return compose.Search{Methods: []kindred.Method{m}, Seed: seed}.Fit(ctx, s)
}

// cosines is the matrix of the cosines of vectors, of many a sketch. One of length 0 is like
// nothing but itself, and there is a warning.
func cosines(s *kindred.Set, vectors [][]float64) *Relation {
	if len(vectors) > MostTasks {
		return sketch(s, vectors)
	}
	r := &Relation{Matrix: num.NewDense(len(vectors), len(vectors)), Symmetric: true, Semidefinite: true}
	length := make([]float64, len(vectors))
	for t, v := range vectors {
		if length[t] = num.Norm(v); length[t] == 0 {
			r.Warnings = append(r.Warnings, tellsNothing(&s.Tasks[t]))
		}
	}
	fill(r.Matrix, func(s, t int) float64 {
		if length[s] == 0 || length[t] == 0 {
			return 0
		}
		return num.Dot(vectors[s], vectors[t]) / length[s] / length[t]
	})
	return r
}

// tellsNothing is the warning about a task without weights.
func tellsNothing(t *kindred.Task) string {
	return fmt.Sprintf("task %q has nothing to tell it by: it counts as like no other", t.Name)
}

// correlation is the matrix of a covariance.
func correlation(covariance [][]float64) *Relation {
	r := &Relation{Matrix: num.NewDense(len(covariance), len(covariance)), Symmetric: true, Semidefinite: true}
	fill(r.Matrix, func(s, t int) float64 {
		if scale := math.Sqrt(covariance[s][s] * covariance[t][t]); scale > 0 {
			return covariance[s][t] / scale
		}
		return 0
	})
	return r
}

// fill sets a symmetric matrix of diagonal 1 to f, which is at most 1, of each
// pair s < t.
func fill(m *num.Dense, f func(s, t int) float64) {
	num.For(m.Rows, func(s int) {
		m.Set(s, s, 1)
		for t := s + 1; t < m.Rows; t++ {
			v := max(-1, min(1, f(s, t))) // NaN stays
			m.Set(s, t, v)
			m.Set(t, s, v)
		}
	})
}

// weight is that of row i of a task.
func weight(t *kindred.Task, i int) float64 {
	if t.Weight == nil {
		return 1
	}
	return t.Weight[i]
}
