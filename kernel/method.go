package kernel

import (
	"context"
	"fmt"
	"math"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/prep"
)

// A Method learns by another one, a linear one, on the features of a kernel.
// The features are those of all tasks together; they are chosen by rows alone,
// without their labels.
type Method struct {
	Kernel    Kernel         // nil: RBF
	Landmarks int            // at most; exact where no more rows than that differ. 0: what affords says
	Method    kindred.Method // on the features; linear.Method takes them as they are
	Prep      prep.Options   // of the columns
	Seed      uint64         // of the rows that landmarks are chosen from, where there are more than 5,000
}

// pool is how many rows landmarks are chosen from at most.
const pool = 5000

// Fit learns the features, and then the method's model.
func (m Method) Fit(ctx context.Context, s *kindred.Set) (kindred.Model, error) {
	return m.FitHeld(ctx, s, nil)
}

// FitHeld is Fit for a method that calibrates, where the outcomes of rows held
// out are known already.
func (m Method) FitHeld(ctx context.Context, s *kindred.Set, held []kindred.Outcome) (kindred.Model, error) {
	g, err := m.ground(ctx, s)
	if err != nil {
		return nil, err
	}
	b, err := m.basis(g)
	if err != nil {
		return nil, err
	}
	var model kindred.Model
	if c, ok := m.inner().(kindred.Calibrating); ok && held != nil {
		model, err = c.FitHeld(ctx, g.on(b), held)
	} else {
		model, err = m.inner().Fit(ctx, g.on(b))
	}
	if err != nil {
		return nil, err
	}
	return &Model{g.prep, b, model}, nil
}

// Candidates are the method's paths, for each of the kernels worth trying.
func (m Method) Candidates(ctx context.Context, s *kindred.Set) ([][]kindred.Method, error) {
	inner, err := m.tunable()
	if err != nil {
		return nil, err
	}
	g, err := m.ground(ctx, s)
	if err != nil {
		return nil, err
	}
	var all [][]kindred.Method
	for _, k := range m.kernel().Variants(g.variance()) {
		m.Kernel = k
		b, err := m.basis(g)
		if err != nil {
			return nil, err
		}
		paths, err := inner.Candidates(ctx, g.on(b))
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			for i, c := range path {
				m.Method = c
				path[i] = m
			}
		}
		all = append(all, paths...)
	}
	return all, nil
}

// tunable is the method inside, which a search needs.
func (m Method) tunable() (kindred.Tunable, error) {
	if t, ok := m.inner().(kindred.Tunable); ok {
		return t, nil
	}
	return nil, fmt.Errorf("kernel: %T has no hyper-parameters to search", m.Method)
}

// Begin prepares both sets.
func (m Method) Begin(ctx context.Context, train, held *kindred.Set) (kindred.Session, error) {
	inner, err := m.tunable()
	if err != nil {
		return nil, err
	}
	g, err := m.ground(ctx, train)
	if err != nil {
		return nil, err
	}
	h, err := stand(ctx, g.prep, held)
	return &session{g, h, inner, map[Kernel]kindred.Session{}}, err
}

// A session has one of the method inside for every kernel.
type session struct {
	train, held *ground
	inner       kindred.Tunable
	of          map[Kernel]kindred.Session
}

// Try tries a candidate on the features of its kernel.
func (s *session) Try(ctx context.Context, candidate kindred.Method) ([]kindred.Outcome, error) {
	m, ok := candidate.(Method)
	if !ok {
		return nil, fmt.Errorf("kernel: %T is no candidate of this method", candidate)
	}
	if s.of[m.Kernel] == nil {
		b, err := m.basis(s.train)
		if err != nil {
			return nil, err
		}
		if s.of[m.Kernel], err = s.inner.Begin(ctx, s.train.on(b), s.held.on(b)); err != nil {
			return nil, err
		}
	}
	return s.of[m.Kernel].Try(ctx, m.Method)
}

func (m Method) kernel() Kernel {
	if m.Kernel == nil {
		return &RBF{}
	}
	return m.Kernel
}

// affords is how many landmarks m a fit has where it is not said: as many as
// keep the nm² + Tm³ multiplications that n labels of T tasks take at every
// step below 2²⁷, but at least 100.
func (g *ground) affords() int {
	labels, tasks := 0.0, float64(len(g.set.Tasks))
	for i := range g.set.Tasks {
		labels += float64(len(g.set.Tasks[i].Rows))
	}
	m := 100.0
	for (m+1)*(m+1)*(labels+tasks*(m+1)) < 1<<27 {
		m++
	}
	return int(m)
}

// inner is the method on features as they are.
func (m Method) inner() kindred.Method {
	if r, ok := m.Method.(interface{ AsIs() kindred.Method }); ok {
		return r.AsIs()
	}
	return m.Method
}

// ground checks the options and prepares the set.
func (m Method) ground(ctx context.Context, s *kindred.Set) (*ground, error) {
	if m.Method == nil {
		return nil, fmt.Errorf("kernel: no method is given to learn on the features")
	}
	if m.Landmarks < 0 {
		return nil, fmt.Errorf("kernel: landmarks %d; it is a positive number, or 0 for the default", m.Landmarks)
	}
	if c, ok := m.Kernel.(interface{ Check() error }); ok {
		if err := c.Check(); err != nil {
			return nil, fmt.Errorf("kernel: %w", err)
		}
	}
	return newGround(ctx, m.Prep, s)
}

// basis chooses the features.
func (m Method) basis(g *ground) (*basis, error) {
	most := m.Landmarks
	if most == 0 {
		most = g.affords()
	}
	b := newBasis(m.kernel().On(g.variance()), g.distinct(max(pool, most), m.Seed), most)
	if math.IsNaN(b.lost) {
		return nil, fmt.Errorf("kernel: the values of %s are not finite; scale the columns, or give a smaller gamma or degree", All.NameOf(m.kernel()))
	}
	return b, nil
}

// column is the name of the one column of a set of features.
const column = "kernel"

// on is the set with features in the place of its columns. Groups and times
// stay.
func (g *ground) on(b *basis) *kindred.Set {
	var tables []*kindred.Table
	for i, t := range g.set.Tables() {
		features := (&kindred.Table{Group: t.Group, Time: t.Time}).Select(g.listed[i])
		features.Columns = b.table(g.rows[i]).Columns
		tables = append(tables, features)
	}
	out := &kindred.Set{Tasks: append([]kindred.Task(nil), g.set.Tasks...)}
	for k := range out.Tasks {
		out.Tasks[k].Table, out.Tasks[k].Rows = tables[g.table[k]], g.places[k]
	}
	return out
}
