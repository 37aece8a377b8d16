package compose

import (
	"context"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/split"
)

// Crossed is how a method did on rows that its fits did not see.
type Crossed struct {
	Loss  float64   // the mean over rows of what Search minimizes
	Folds []float64 // that of each fold

	fit func(ctx context.Context) (kindred.Model, error)
}

// Cross tries a method on inner folds of s: the same ones for every method,
// seed and s, so that losses can be compared. What a Search leaves open is what
// it chooses on these folds, and its Loss is that of the choice.
func Cross(ctx context.Context, s *kindred.Set, m kindred.Method, seed uint64) (*Crossed, error) {
	folds, err := split.Inner(s, 0, seed)
	if err != nil {
		return nil, err
	}
	tried, err := cross(ctx, s, folds, Candidate{Method: m})
	if err != nil {
		return nil, err
	}
	c := &Crossed{fit: tried.fit}
	c.Loss, c.Folds = foldLosses(s, tried.held, folds, spreads(s))
	return c, nil
}

// Fit fits what was tried to all rows.
func (c *Crossed) Fit(ctx context.Context) (kindred.Model, error) { return c.fit(ctx) }
