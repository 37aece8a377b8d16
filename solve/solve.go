// Package solve holds the ways down the hill: one file a solver.
//
// A solver is an iterator over States; when to stop, what to log and when to
// give up is the caller's loop (Run is the usual one). It says what it needs
// of a problem by an error.
package solve

import (
	"context"
	"fmt"
	"iter"
	"math"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/catalog"
	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
)

// A Task is the rows of one task as a solver sees them.
type Task struct {
	X       *num.Matrix // n × d; tasks that share rows share the pointer
	Y       []float64   // n labels
	Weight  []float64   // n, or nil for 1
	Loss    loss.Loss
	Outputs int // columns of W, at least 1
	// Fixed, where not nil, are the intercepts, which then are not learned.
	Fixed []float64
}

// A Problem is
//
//	min over W (d × k), b (k) of  Σ_t Σ_i w_ti ℓ_t(y_ti, x_ti·W_t + b_t) + Ω(W)
//
// where W_t are the Outputs columns of task t. Intercepts are not penalized.
// A Problem is used by one goroutine at a time; it keeps what it computed of
// the rows (Gram matrices) for the next solve with another Penalty.
type Problem struct {
	Tasks   []Task
	Penalty penalty.Func
	Layout  penalty.Layout // of the columns of W
	// InterceptScaling is the constant column that stands for the intercept in
	// solvers that penalize it (dualcd); 0 means 1.
	InterceptScaling float64
	// Again tells that the rows will be solved for with many a Penalty, so that
	// what is made of them once pays sooner.
	Again bool

	moments []*Moments
	seen    *seen      // of those moments
	entries int        // work
	apart   *num.Dense // W of each task alone, where a solver starts from it
}

// Features is d.
func (p *Problem) Features() int { return p.Tasks[0].X.Cols }

// Columns is k.
func (p *Problem) Columns() int {
	k := 0
	for i := range p.Tasks {
		k += p.Tasks[i].Outputs
	}
	return k
}

// First is the first column of each task, and one more entry: k.
func (p *Problem) First() []int {
	first := make([]int, len(p.Tasks)+1)
	for i := range p.Tasks {
		first[i+1] = first[i] + p.Tasks[i].Outputs
	}
	return first
}

// work is about what a pass over the rows of all tasks takes, in
// multiplications.
func (p *Problem) work() int {
	if p.entries == 0 {
		for i := range p.Tasks {
			p.entries += p.Tasks[i].Outputs * (p.Tasks[i].X.NNZ() + 8*p.Tasks[i].X.Rows)
		}
		p.entries++
	}
	return p.entries
}

// each calls f for every task, on several goroutines where the rows are many.
func (p *Problem) each(f func(t int)) { num.Each(len(p.Tasks), p.work(), f) }

// A Point is a candidate solution.
type Point struct {
	W *num.Dense  // d × k
	B []float64   // k
	A [][]float64 // dual variables of each task, n_t × outputs; nil where the solver has none of its own
	// Parts sum to W, in the order of the parts of a Split penalty; nil elsewhere.
	Parts []*num.Dense
	// U and V are the factors of W under a Factored penalty; nil elsewhere.
	U, V *num.Dense
}

// NewPoint returns the origin, with the intercepts that are fixed.
func NewPoint(p *Problem) *Point {
	k := p.Columns()
	x, first := &Point{W: num.NewDense(p.Features(), k), B: make([]float64, k)}, p.First()
	for t := range p.Tasks {
		copy(x.B[first[t]:first[t+1]], p.Tasks[t].Fixed)
	}
	return x
}

// Clone copies the point.
func (x *Point) Clone() *Point {
	c := &Point{W: x.W.Clone(), B: append([]float64(nil), x.B...)}
	for _, a := range x.A {
		c.A = append(c.A, append([]float64(nil), a...))
	}
	for _, part := range x.Parts {
		c.Parts = append(c.Parts, part.Clone())
	}
	if x.U != nil {
		c.U, c.V = x.U.Clone(), x.V.Clone()
	}
	return c
}

// A State is where a solver stands after a step. Point is the solver's own:
// Clone it to keep it past the next step.
type State struct {
	Step        int
	Point       *Point
	Objective   float64
	Certificate kindred.Certificate // Value is +Inf where this step did not compute it
	Stalled     bool                // rounding leaves nothing to gain: further steps will not help
}

// A Solver goes down the hill.
type Solver interface {
	// Accepts says in a sentence what the solver needs and p does not have.
	Accepts(p *Problem) error
	// Steps starts at the point given (nil: the origin) and yields a State
	// after each step, for ever. tol is the certificate the caller waits for,
	// as a hint to how accurate inner work must be. It ends when ctx does.
	Steps(ctx context.Context, p *Problem, start *Point, tol float64) iter.Seq[State]
}

// All lists the solvers, in the order in which Pick asks them.
var All = catalog.Table[Solver]{
	{Name: "newton", Words: "exact for squared loss, Newton's method beyond, on the arrow-shaped system of shared and private weights", Formula: "(Σ_t λH_t(H_t + λ)⁻¹ + λμ) w0 = …", Source: "Evgeniou, Pontil, Regularized multi-task learning, KDD 2004; Golub, Van Loan, Matrix Computations, section 4.3", New: func() Solver { return &Newton{} }},
	{Name: "interior", Words: "interior point on the arrow-shaped system, for the support vector machine with free intercepts", Formula: "h_i = 1/(z_i/α_i + u_i/β_i), then weighted least squares", Source: "Mehrotra, On the implementation of a primal-dual interior point method, SIAM J. Optimization 2, 1992; Ferris, Munson, Interior-point methods for massive support vector machines, SIAM J. Optimization 13, 2002", New: func() Solver { return &Interior{} }},
	{Name: "dualcd", Words: "dual coordinate descent with a shared and a private block, for wide sparse rows; the intercept is a penalized constant", Formula: "α_i ← clip(α_i − G_i/Q_ii)", Source: "Hsieh, Chang, Lin, Keerthi, Sundararajan, A dual coordinate descent method for large-scale linear SVM, ICML 2008, algorithm 3; Keerthi et al., A sequential dual method for large scale multi-class linear SVMs, KDD 2008", New: func() Solver { return &DualCD{} }},
	{Name: "bcd", Words: "block coordinate descent over the features in use, for squared loss", Formula: "W_j ← prox(W_j − ∇_j/L_j)", Source: "Massias, Gramfort, Salmon, Celer: a fast solver for the lasso with dual extrapolation, ICML 2018", New: func() Solver { return &BCD{} }},
	{Name: "reweight", Words: "stages of convex problems, for concave penalties; ends at a stationary point", Formula: "W ← argmin f + majorant of Ω at W", Source: "Gong, Ye, Zhang, Multi-stage multi-task feature learning, JMLR 14, 2013, algorithm 1; Hunter, Lange, A tutorial on MM algorithms, The American Statistician 58, 2004", New: func() Solver { return &Reweight{} }},
	{Name: "factored", Words: "both factors of W at once by limited-memory BFGS, orthant by orthant where they are sparse", Formula: "z ← π(z − tH⋄F(z)), z = (U, V)", Source: "Andrew, Gao, Scalable training of L1-regularized log-linear models, ICML 2007, algorithm 1; Haeffele, Vidal, Global optimality in tensor factorization, deep learning, and beyond, arXiv:1506.07540, 2015", New: func() Solver { return &Factored{} }},
	{Name: "fista", Words: "accelerated proximal gradient with restart and a step that grows and shrinks", Formula: "W ← prox(V − s∇f(V))", Source: "Beck, Teboulle, A fast iterative shrinkage-thresholding algorithm, SIAM J. Imaging Sciences 2, 2009; O'Donoghue, Candès, Adaptive restart for accelerated gradient schemes, FoCM 15, 2015", New: func() Solver { return &FISTA{} }},
}

// A Weary solver accepts problems that it takes long for.
type Weary interface {
	Solver
	// Slow tells whether another solver that accepts p should go first.
	Slow(p *Problem) bool
}

// Pick returns the first solver of All that accepts the problem, those that
// call it slow last.
func Pick(p *Problem) (name string, picked Solver, err error) {
	for _, part := range All {
		s := part.New()
		if err = s.Accepts(p); err != nil {
			continue
		}
		if w, ok := s.(Weary); ok && w.Slow(p) {
			if picked == nil {
				name, picked = part.Name, s
			}
			continue
		}
		return part.Name, s, nil
	}
	if picked != nil {
		return name, picked, nil
	}
	return "", nil, fmt.Errorf("no solver takes this loss with this penalty: %w", err)
}

// Result is where a Run ended.
type Result struct {
	State
	// Status is "converged", "stationary" (nothing nearby is better, and the
	// certificate bounds how much better something far away may be), "stalled",
	// "step limit" or "cancelled".
	Status string
}

// Run steps until the certificate is at most tol, the solver stalls or
// maxSteps are done. The point returned is the caller's.
func Run(ctx context.Context, s Solver, p *Problem, start *Point, tol float64, maxSteps int) (Result, error) {
	if err := s.Accepts(p); err != nil {
		return Result{}, err
	}
	r := Result{Status: "cancelled"}
	for st := range s.Steps(ctx, p, start, tol) {
		r.State = st
		switch {
		case st.Certificate.Value <= tol:
			r.Status = "converged"
		case st.Stalled && st.Certificate.Kind == "bound":
			r.Status = "stationary"
		case st.Stalled:
			r.Status = "stalled"
		case st.Step >= maxSteps:
			r.Status = "step limit"
		default:
			continue
		}
		break
	}
	if r.Point == nil || r.Status == "cancelled" {
		if err := ctx.Err(); err != nil {
			return r, err
		}
		return r, fmt.Errorf("the solver ended without a point")
	}
	if math.IsInf(r.Certificate.Value, 1) || math.IsNaN(r.Certificate.Value) {
		r.Objective, r.Certificate = Certify(p, r.Point)
	}
	return r, nil
}
