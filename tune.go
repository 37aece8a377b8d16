package kindred

import "context"

// A Tunable method has hyper-parameters that a search may choose.
type Tunable interface {
	Method
	// Candidates lists the settings worth trying on s, each a method that
	// leaves nothing open; neighbours make good warm starts of one another.
	Candidates(ctx context.Context, s *Set) ([]Method, error)
	// Path fits s by candidates that Candidates listed, perhaps on another set
	// of the same tasks, and hands each model to yield. These models need not
	// be calibrated: where a classifier gives no Probability, its Decision
	// ranks. It stops at the first error of yield and returns it.
	Path(ctx context.Context, s *Set, candidates []Method, yield func(i int, m Model) error) error
}

// A Calibrating method can be handed what a search found out on the way: the
// outcome of every labelled row of each task, predicted by models that did not
// see it.
type Calibrating interface {
	Method
	FitHeld(ctx context.Context, s *Set, held []Outcome) (Model, error)
}
