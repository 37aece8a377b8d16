package kernel

import (
	"context"
	"fmt"
	"math"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/prep"
)

// A GP learns smooth functions of all tasks, how alike the tasks are, how fast
// the functions vary and how noisy each task is, all from the marginal
// likelihood of the labels:
//
//	y_t = b_t + f_t(x) + σ_t ε,   cov(f_s(x), f_t(z)) = B_st k(x, z),   B = AAᵀ + diag κ
//
// the intrinsic coregionalization model. The b_t are not penalized, as the
// intercepts of other methods are not. Its predictions have a variance. It
// leaves nothing to search.
//
// Up to 3,000 labels take part in pairs, n³ multiplications a step; beyond, by
// the features that landmarks span, nm² + 3Tm³. The likelihood has several
// maxima: the start is the likeliest of eight. Wide priors of the parameters
// (ascent.prior) keep it from running to infinity where labels have no noise.
//
// Bonilla, Chai, Williams, Multi-task Gaussian process prediction, NIPS 2007;
// Álvarez, Rosasco, Lawrence, Kernels for vector-valued functions: a review,
// Foundations and Trends in Machine Learning 4, 2012.
type GP struct {
	// Rank is that of AAᵀ, of use below the number of tasks; 0: 1; negative:
	// none, tasks that have nothing but k in common.
	Rank int `json:"-"`
	// ARD gives every feature a length-scale of its own.
	ARD bool `json:"ard" words:"true: a length-scale for every feature"`
	// Linear adds ω x·z to k.
	Linear bool `json:"linear" words:"true: linear functions beside the smooth ones"`
	// Landmarks, where above 0, is how many there are at most, whatever the
	// number of labels; 0: as many as take a minute or two, beyond 3,000
	// labels.
	Landmarks int `json:"landmarks" words:"rows that stand for all others, at most; else as many as a fit affords"`
	// Tol is the gradient of the log likelihood at the end, relative to that at
	// the start; 0: 1e-3.
	Tol float64 `json:"tol" words:"the gradient at the end relative to that at the start; else 1e-3"`
	// MaxIter is how many steps are taken at most; 0: 100.
	MaxIter int `json:"max_iter" words:"steps at most; else 100"`

	Prep prep.Options `json:"-"` // of the columns
	Seed uint64       `json:"-"` // of the rows that landmarks are chosen from
}

// allPairs is how many labels take part in pairs.
const allPairs = 3000

// Check says what is wrong with the options.
func (m GP) Check() error {
	if m.Landmarks < 0 || m.MaxIter < 0 || !(m.Tol >= 0 && m.Tol <= math.MaxFloat64) {
		return fmt.Errorf("gp: landmarks %d, max_iter %d, tol %v; none is negative", m.Landmarks, m.MaxIter, m.Tol)
	}
	return nil
}

// rank is what of Rank is of use.
func (m GP) rank(tasks int) int {
	if m.Rank == 0 {
		return min(1, tasks-1)
	}
	return max(0, min(m.Rank, tasks-1))
}

func (m GP) tol() float64 {
	if m.Tol == 0 {
		return 1e-3
	}
	return m.Tol
}

func (m GP) maxIter() int {
	if m.MaxIter == 0 {
		return 100
	}
	return m.MaxIter
}

// Candidates is the method: the likelihood has chosen everything.
func (m GP) Candidates(context.Context, *kindred.Set) ([][]kindred.Method, error) {
	return [][]kindred.Method{{m}}, nil
}

// Begin keeps both sets.
func (m GP) Begin(_ context.Context, train, held *kindred.Set) (kindred.Session, error) {
	return &trial{train, held}, nil
}

// A trial is one split of the rows.
type trial struct{ train, held *kindred.Set }

// Try fits and predicts.
func (s *trial) Try(ctx context.Context, candidate kindred.Method) ([]kindred.Outcome, error) {
	model, err := candidate.Fit(ctx, s.train)
	if err != nil {
		return nil, err
	}
	out := make([]kindred.Outcome, len(s.held.Tasks))
	for t := range out {
		task := &s.held.Tasks[t]
		p, err := model.Predict(ctx, task.Table.Select(task.Rows), []int{t})
		if err != nil {
			return nil, err
		}
		out[t] = p.Tasks[0]
	}
	return out, nil
}

// Fit climbs the marginal likelihood.
func (m GP) Fit(ctx context.Context, s *kindred.Set) (kindred.Model, error) {
	if err := m.Check(); err != nil {
		return nil, err
	}
	for i := range s.Tasks {
		if t := &s.Tasks[i]; t.Kind != kindred.Regression {
			return nil, fmt.Errorf("gp: task %q is a %v task; a Gaussian process takes regression", t.Name, t.Kind)
		}
	}
	g, err := newGround(ctx, m.Prep, s)
	if err != nil {
		return nil, err
	}
	if m.ARD && g.prep.Sparse() {
		return nil, fmt.Errorf("gp: ard gives each of %d features a length-scale, of which sparse rows have too many", g.prep.Width())
	}
	targets := prep.FitTargets(s)
	a := &ascent{GP: m, ctx: ctx, sample: g.sample(targets), rank: m.rank(len(s.Tasks))}
	a.c = &covariance{RBF: true, Linear: m.Linear, ARD: m.ARD, Width: g.prep.Width(), Unit: g.variance()}
	for t, w := range a.weight {
		if w == 0 {
			return nil, fmt.Errorf("gp: task %q has no row of weight above 0", s.Tasks[t].Name)
		}
	}
	p, err := a.run(g)
	if err != nil {
		return nil, err
	}
	return a.process(g, targets, p)
}
