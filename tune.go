package kindred

import "context"

// A Tunable method has hyper-parameters that a search may choose.
type Tunable interface {
	Method
	// Candidates lists the settings worth trying on s, each a method that
	// leaves nothing open, as paths: neighbours on a path are alike, and so
	// are the settings at one place of neighbouring paths.
	Candidates(ctx context.Context, s *Set) ([][]Method, error)
	// Begin makes train, and the rows of held, a set of the same tasks in the
	// same order, ready for candidates that Candidates listed, perhaps on
	// another set.
	Begin(ctx context.Context, train, held *Set) (Session, error)
}

// A Session tries candidates on one split of the rows; what they have in
// common is done once. One goroutine uses it at a time.
type Session interface {
	// Try fits a candidate, perhaps from where the one before it ended, and
	// predicts the rows held out, one Outcome a task. Outcomes need not be
	// calibrated: where a classifier gives no Probability, its Decision ranks.
	Try(ctx context.Context, candidate Method) ([]Outcome, error)
}

// A Calibrating method can be handed what a search found out on the way: for
// each task the outcomes of its labelled rows, predicted by models that did not
// see them, as Held keeps them.
type Calibrating interface {
	Method
	FitHeld(ctx context.Context, s *Set, held []Outcome) (Model, error)
}
