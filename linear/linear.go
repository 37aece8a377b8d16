// Package linear learns one weight vector per task and output:
//
//	min over W, b of  Σ_t Σ_i w_ti ℓ(y_ti, x_ti·w_t + b_t) + λ Ω(W)
//
// loss × penalty × solver. The loss is the plain weighted sum over the rows of
// all tasks, for every model alike, and the strength λ may be said in the two
// ways scikit-learn has: C = 1/λ, as in its SVC and LogisticRegression, or
// alpha = λ/n̄ with n̄ the mean weight of a task's rows, as in its
// MultiTaskLasso (its Ridge's alpha is λ). Intercepts, one a task and output,
// are not penalized unless that is asked for: then they are the last row of W,
// and what the penalty says of weights it says of them. The solver dualcd always
// penalizes them, and says so.
//
// Features are prepared (package prep) and regression targets standardized by
// the rows fitted on; λ is in these units. Predictions are in the user's.
package linear

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"reflect"
	"slices"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/catalog"
	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/prep"
	"github.com/kindred-mtl/kindred/solve"
)

// A Method is loss × penalty × solver. Its zero value is ridge regression,
// logistic, softmax or Poisson regression by the kind of each task.
type Method struct {
	Loss    loss.Loss       // nil: of each task's kind: squared, logistic, softmax, poisson
	Penalty penalty.Penalty // nil: penalty.Ridge

	C     float64 // 1/λ; with Alpha 0 too, λ is 1
	Alpha float64 // λ/n̄

	Strengths int // how many a search knows of; 0: 16

	Solver           string       // one of solve.All; "": the first that takes loss and penalty
	Tol              float64      // the certificate to reach; 0: 1e-6, for dualcd 1e-3
	MaxIter          int          // steps of the solver at most; 0: 10,000
	Intercept        string       // "" and "free": not penalized; "penalized": the weight of a constant feature
	InterceptScaling float64      // that constant, also where dualcd penalizes the intercept; 0: 1
	NoProbability    bool         // leave an SVM uncalibrated: decisions without probabilities
	Prep             prep.Options // of the features
	Seed             uint64       // of the folds that calibrate an SVM
}

// Fit learns W and b, and for losses without probabilities the sigmoid of each
// task from out-of-fold decision values.
func (m Method) Fit(ctx context.Context, s *kindred.Set) (kindred.Model, error) {
	return m.FitHeld(ctx, s, nil)
}

// FitHeld is Fit where the out-of-fold decision values are known already.
func (m Method) FitHeld(ctx context.Context, s *kindred.Set, held []kindred.Outcome) (kindred.Model, error) {
	d, err := m.design(ctx, s)
	if err != nil {
		return nil, err
	}
	var model *Model
	var unsolved error
	full := func() { model, unsolved = m.solve(ctx, d, nil, m.tol(), m.maxIter()) }
	if m.calibrates(d) && held == nil {
		held, err = m.outOfFold(ctx, s, m.Begin, full)
	} else {
		full()
	}
	if err := cmp.Or(unsolved, err); err != nil {
		return nil, err
	}
	if m.calibrates(d) {
		model.calibrate(s, held)
	}
	m.sharesOf(d, &model.report, model.belief, model.point.W)
	model.belief = nil
	return model, nil
}

// Candidates is a path of strengths for each variant of the penalty, from one
// that leaves (next to) nothing of W downwards; of a penalty that learns its
// strengths, around these, and none but these unless Strengths says how many.
func (m Method) Candidates(ctx context.Context, s *kindred.Set) ([][]kindred.Method, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	m.Prep = m.Prep.For(s.Tasks[0].Table.Schema())
	var paths [][]kindred.Method
	if _, adapts := m.penalty().(penalty.Adapting); adapts && m.C == 0 && m.Alpha == 0 {
		return [][]kindred.Method{m.around()}, nil
	}
	if m.C != 0 || m.Alpha != 0 {
		for _, v := range m.penalty().Variants() {
			c := m
			c.Penalty = v
			paths = append(paths, []kindred.Method{c})
		}
		return paths, nil
	}
	d, err := m.design(ctx, s)
	if err != nil {
		return nil, err
	}
	for _, v := range m.penalty().Variants() {
		var path []kindred.Method
		for _, lambda := range d.strengths(v, cmp.Or(m.Strengths, 16)) {
			c := m
			c.Penalty, c.C, c.Strengths = v, 1/lambda, 0
			path = append(path, c)
		}
		paths = append(paths, path)
	}
	return paths, nil
}

// around is the method with the strength that the rows say, or as many as are
// asked for, from eight times to an eighth of that.
func (m Method) around() []kindred.Method {
	n := max(1, m.Strengths)
	path := make([]kindred.Method, n)
	for i := range path {
		c := m
		c.C, c.Strengths = math.Pow(8, (2*float64(i)-float64(n-1))/float64(max(1, n-1))), 0
		path[i] = c
	}
	return path
}

// Begin makes the designs of both sets.
func (m Method) Begin(ctx context.Context, train, held *kindred.Set) (kindred.Session, error) {
	d, err := m.design(ctx, train)
	if err != nil {
		return nil, err
	}
	for _, p := range []*solve.Problem{d.problem, d.open} {
		if p != nil {
			p.Again = true
		}
	}
	x, err := d.rows(ctx, held)
	return &session{design: d, held: x, nothing: d.nothing()}, err
}

// A session starts each candidate where the one before it ended.
type session struct {
	design *design
	held   []*num.Matrix // of each task
	start  *solve.Point
	// nothing is the objective of W = 0; last and reached are the candidate
	// before and its objective.
	nothing float64
	last    Method
	reached float64
}

// Try fits a candidate, as roughly as tells it from others.
func (s *session) Try(ctx context.Context, candidate kindred.Method) ([]kindred.Outcome, error) {
	m, ok := candidate.(Method)
	if !ok {
		return nil, fmt.Errorf("linear: %T is no candidate of this method", candidate)
	}
	model, err := m.solve(ctx, s.design, s.start, max(m.tol(), s.rough(m)), min(m.maxIter(), roughSteps))
	if err != nil {
		return nil, err
	}
	s.start, s.last, s.reached = model.point, m, 0
	if model.report.Gap.Kind == "gap" {
		s.reached = model.report.Objective
	}
	out, tasks := make([]kindred.Outcome, len(s.held)), make([]int, len(s.held))
	for t, x := range s.held {
		out[t], tasks[t] = model.room(t, x.Rows), t
	}
	for _, b := range model.batches(tasks, func(i, j int) bool { return s.held[i] == s.held[j] }) {
		b.predict(model, s.held[b.of[0]], func(t int) kindred.Outcome { return out[t] })
	}
	return out, nil
}

// rough is the certificate that a candidate is solved to. Held-out losses are
// compared in units of what W = 0 leaves, of which a weak penalty may leave
// little on the rows trained on: the gap then is relative to half of the former.
// Objectives fall with the strength, so that the one before tells enough.
func (s *session) rough(m Method) float64 {
	weaker := m.lambda(s.design) <= s.last.lambda(s.design) && reflect.DeepEqual(m.Penalty, s.last.Penalty)
	if s.reached > 0 && weaker && s.design.open == nil {
		return roughTol * math.Max(1, 0.5*s.nothing/s.reached)
	}
	return roughTol
}

// CommonSlopes is the method with one weight vector for all tasks, which keep
// their intercepts: what shared weights become as the coupling grows without
// bound.
func (m Method) CommonSlopes() kindred.Method {
	m.Penalty = penalty.Common{}
	return m
}

// AsIs is the method on features that are prepared already: their numbers as
// they are.
func (m Method) AsIs() kindred.Method {
	m.Prep.Scale = "none"
	return m
}

// A rough solution is enough to tell candidates apart.
const (
	roughTol   = 1e-4
	roughSteps = 1000
)

// Intercepts lists what Method.Intercept may say.
var Intercepts = []string{"free", penalized}

const penalized = "penalized"

func (m Method) penalty() penalty.Penalty {
	if m.Penalty == nil {
		return penalty.Ridge{}
	}
	return m.Penalty
}

func (m Method) tol() float64 {
	switch {
	case m.Tol > 0:
		return m.Tol
	case m.Solver == "dualcd":
		return 1e-3
	default:
		return 1e-6
	}
}

func (m Method) maxIter() int {
	if m.MaxIter > 0 {
		return m.MaxIter
	}
	return 10_000
}

// check refuses options out of range.
func (m Method) check() error {
	if m.C < 0 || m.Alpha < 0 || m.Tol < 0 || m.MaxIter < 0 || m.InterceptScaling < 0 || m.Strengths < 0 {
		return fmt.Errorf("linear: C, alpha, strengths, tol, max_iter and intercept_scaling are not negative")
	}
	if m.Intercept != "" && !slices.Contains(Intercepts, m.Intercept) {
		return fmt.Errorf("linear: %w", catalog.Unknown("intercept", m.Intercept, Intercepts))
	}
	if m.C > 0 && m.Alpha > 0 {
		return fmt.Errorf("linear: C and alpha both say the strength; give one of them")
	}
	for _, part := range []any{m.Loss, m.Penalty} {
		if c, ok := part.(interface{ Check() error }); ok {
			if err := c.Check(); err != nil {
				return fmt.Errorf("linear: %w", err)
			}
		}
	}
	if m.Solver != "" {
		if _, err := solve.All.Find("solver", m.Solver); err != nil {
			return fmt.Errorf("linear: %w", err)
		}
	}
	return nil
}
