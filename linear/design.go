package linear

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/prep"
	"github.com/kindred-mtl/kindred/solve"
)

// A unit is what the solver takes for a task: a task, or one class of a
// multiclass task learned against the rest.
type unit struct {
	task  int
	class int // −1: the whole task
	first int // its first column of W
	k     int // its columns
	// prior is the smoothed log-odds where the training rows hold one class
	// and nothing is shared; NaN otherwise.
	prior float64
	// one tells that the training rows hold one class.
	one bool
}

// A design is a set as numbers: everything a fit needs that does not depend on
// the penalty's strength.
type design struct {
	set     *kindred.Set
	prep    *prep.Prep
	targets []prep.Target
	losses  []loss.Loss // of each task
	units   []unit
	columns int
	layout  penalty.Layout
	// constant is the last feature of every row where intercepts are
	// penalized, and the last row of W its weights; 0 where they are free.
	constant float64
	mean     float64 // n̄, the mean weight of a task's rows
	// problem has every unit; open leaves out the rows of units of one class,
	// and is nil where there are none.
	problem, open *solve.Problem
	warnings      []string

	apart   *num.Dense // W of each task fitted alone, once a structure is learned from it
	learned map[penalty.Learner]penalty.Penalty
	groups  map[sought][]int // those found already, of each task
	// adaptations are those made already, by column or not.
	adaptations map[bool]*adaptation
}

// design prepares the set for m.
func (m Method) design(ctx context.Context, s *kindred.Set) (*design, error) {
	return m.designAs(ctx, s, nil)
}

// designAs prepares the set as a fitted model does; where that is nil, afresh.
func (m Method) designAs(ctx context.Context, s *kindred.Set, fitted *Model) (*design, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	if err := s.Check(); err != nil {
		return nil, err
	}
	d := &design{set: s, targets: prep.FitTargets(s)}
	for i := range s.Tasks {
		d.layout.Names = append(d.layout.Names, s.Tasks[i].Name)
	}
	if c, ok := m.Penalty.(penalty.Covering); ok {
		if err := c.Covers(d.layout.Names); err != nil {
			return nil, fmt.Errorf("linear: %w", err)
		}
	}
	for i := range s.Tasks {
		l, err := m.lossOf(&s.Tasks[i])
		if err != nil {
			return nil, err
		}
		d.losses = append(d.losses, l)
	}
	var err error
	if fitted != nil {
		d.prep, d.targets = fitted.prep, fitted.targetsOf(s)
	} else if d.prep, err = prep.Fit(ctx, m.Prep, s); err != nil {
		return nil, err
	}
	if d.prep.Width() == 0 {
		d.warnings = append(d.warnings, constant(s))
	}
	rows, err := d.rows(ctx, s)
	if err != nil {
		return nil, err
	}
	if m.Intercept == penalized {
		d.constant = cmp.Or(m.InterceptScaling, 1)
		rows = withConstant(rows, d.constant)
	}
	d.layOut()
	d.problem = &solve.Problem{Layout: d.layout, InterceptScaling: m.InterceptScaling}
	for _, u := range d.units {
		d.problem.Tasks = append(d.problem.Tasks, d.task(u, rows[u.task]))
	}
	return d, d.settleSingles(m)
}

// constant says what is left of a model without features: the best constant of
// each task.
func constant(s *kindred.Set) string {
	if len(s.Tasks) == 1 {
		return fmt.Sprintf("task %q: no feature varies over the %d training rows, every row gets the same prediction", s.Tasks[0].Name, len(s.Tasks[0].Rows))
	}
	return "no feature varies over the training rows, every row of a task gets the same prediction"
}

// lossOf is the loss of one task.
func (m Method) lossOf(t *kindred.Task) (loss.Loss, error) {
	if m.Loss == nil {
		return map[kindred.Kind]loss.Loss{
			kindred.Regression: loss.Squared{}, kindred.Binary: loss.Logistic{},
			kindred.Multiclass: loss.Softmax{}, kindred.Count: loss.Poisson{},
		}[t.Kind], nil
	}
	if m.Loss.Takes(t.Kind) || t.Kind == kindred.Multiclass && m.Loss.Takes(kindred.Binary) {
		return m.Loss, nil
	}
	return nil, fmt.Errorf("task %q is a %v task, which the loss %s does not take", t.Name, t.Kind, loss.All.NameOf(m.Loss))
}

// oneVersusRest tells whether task t is learned class by class.
func (d *design) oneVersusRest(t int) bool {
	return d.set.Tasks[t].Kind == kindred.Multiclass && !d.losses[t].Takes(kindred.Multiclass)
}

// rows returns the design matrix of each task of s. A table is transformed once,
// and tasks that list the same rows of it share their matrix.
func (d *design) rows(ctx context.Context, s *kindred.Set) ([]*num.Matrix, error) {
	out := make([]*num.Matrix, len(s.Tasks))
	listed, places := s.Listed()
	for k, table := range s.Tables() {
		named := listed[k]
		if every(named, table.Len()) {
			named = nil
		}
		x, err := d.prep.Transform(ctx, table, named)
		if err != nil {
			return nil, err
		}
		for i := range s.Tasks {
			t := &s.Tasks[i]
			if t.Table != table {
				continue
			}
			if i > 0 && s.Tasks[i-1].Table == table && slices.Equal(t.Rows, s.Tasks[i-1].Rows) {
				out[i] = out[i-1]
				continue
			}
			if out[i] = x; !every(places[i], x.Rows) {
				out[i] = x.Select(places[i])
			}
		}
	}
	return out, nil
}

// every tells whether places are 0 to n − 1.
func every(places []int, n int) bool {
	for i, p := range places {
		if p != i {
			return false
		}
	}
	return len(places) == n
}

// layOut lists the units and says what the columns of W are.
func (d *design) layOut() {
	slots := map[string]int{}
	add := func(u unit, names ...string) {
		u.first, u.k, u.prior = d.columns, len(names), math.NaN()
		d.units = append(d.units, u)
		d.columns += u.k
		for _, name := range names {
			if _, ok := slots[name]; !ok {
				slots[name] = len(slots)
			}
			d.layout.Task = append(d.layout.Task, u.task)
			d.layout.Slot = append(d.layout.Slot, slots[name])
		}
	}
	for t := range d.set.Tasks {
		task := &d.set.Tasks[t]
		switch {
		case task.Kind != kindred.Multiclass:
			add(unit{task: t, class: -1}, "")
		case d.oneVersusRest(t):
			for c, name := range task.Label.Classes {
				add(unit{task: t, class: c}, "="+name)
			}
		default:
			names := make([]string, len(task.Label.Classes))
			for c, name := range task.Label.Classes {
				names[c] = "=" + name
			}
			add(unit{task: t, class: -1}, names...)
		}
	}
}

// task is what the solver sees of a unit.
func (d *design) task(u unit, x *num.Matrix) solve.Task {
	t := &d.set.Tasks[u.task]
	y := slices.Clone(t.Y())
	for i := range y {
		switch {
		case u.class >= 0 && int(y[i]) == u.class:
			y[i] = 1
		case u.class >= 0:
			y[i] = 0
		case t.Kind == kindred.Regression:
			y[i] = (y[i] - d.targets[u.task].Center) / d.targets[u.task].Scale
		}
	}
	for i := range y {
		d.mean += weight(t, i) / float64(len(d.units))
	}
	out := solve.Task{X: x, Y: y, Weight: t.Weight, Loss: d.losses[u.task], Outputs: u.k}
	if d.constant > 0 {
		out.Fixed = make([]float64, u.k)
	}
	return out
}

// settleSingles decides about units whose training rows hold a single class,
// or no event: there the best free intercept is infinite. Where the penalty
// shares, such a unit takes the intercept of the others; alone it predicts its
// smoothed prior.
func (d *design) settleSingles(m Method) error {
	ones := 0
	for i := range d.units {
		u, t := &d.units[i], &d.problem.Tasks[i]
		if u.k > 1 || d.set.Tasks[u.task].Kind == kindred.Regression {
			continue
		}
		total, positive, same := 0.0, 0.0, true
		for r, y := range t.Y {
			w := weight(&d.set.Tasks[u.task], r)
			total, positive = total+w, positive+w*y
			same = same && y == t.Y[0]
		}
		if !same || d.set.Tasks[u.task].Kind == kindred.Count && positive > 0 {
			continue
		}
		ones++
		if d.warnings = append(d.warnings, d.single(u, t.Y[0])); d.constant > 0 {
			continue // what penalizes the intercept keeps it finite
		}
		u.one, u.prior = true, math.Log((positive+1)/(total-positive+1))
		if d.set.Tasks[u.task].Kind == kindred.Count {
			u.prior = math.Log((positive + 0.5) / (total + 1))
		}
	}
	if ones == len(d.units) && len(d.units) > 1 {
		return fmt.Errorf("no task has rows of two classes to learn from")
	}
	if ones == 0 || d.constant > 0 {
		return nil
	}
	shares := couples(m.penalty()) && ones < len(d.units)
	d.open = &solve.Problem{Layout: d.layout, InterceptScaling: d.problem.InterceptScaling}
	for i, t := range d.problem.Tasks {
		if u := &d.units[i]; u.one {
			t.X, t.Y, t.Weight, t.Fixed = t.X.Select(nil), nil, nil, []float64{0}
			if shares {
				u.prior = math.NaN()
			}
		}
		d.open.Tasks = append(d.open.Tasks, t)
	}
	if !shares {
		d.problem, d.open = d.open, nil
	}
	return nil
}

func (d *design) single(u *unit, y float64) string {
	t := &d.set.Tasks[u.task]
	switch {
	case t.Kind == kindred.Count:
		return fmt.Sprintf("task %q: all %d training rows count 0", t.Name, len(t.Rows))
	case u.class < 0:
		return fmt.Sprintf("task %q: all %d training rows are of class %q", t.Name, len(t.Rows), t.Label.Classes[int(y)])
	case y == 0:
		return fmt.Sprintf("task %q: no training row is of class %q", t.Name, t.Label.Classes[u.class])
	default:
		return fmt.Sprintf("task %q: all %d training rows are of class %q", t.Name, len(t.Rows), t.Label.Classes[u.class])
	}
}

// couples tells whether the penalty couples tasks.
func couples(p penalty.Penalty) bool {
	_, apart := p.(penalty.Apart)
	return !apart
}

// strengths is the path of n values of λ for a penalty: from λ_max, where there is one,
// over three decades, or from where the factors of each task's own weights cost
// what they gain; for quadratic penalties over seven and a half decades below
// thrice the largest curvature a task can have.
func (d *design) strengths(p penalty.Penalty, n int) []float64 {
	f := p.On(d.layout, 1)
	switch g := f.(type) {
	case penalty.Concave:
		f = g.Relaxation()
	case penalty.Bounded:
		f = g.Below()
	case penalty.Factored:
		if top := solve.Breakeven(d.problem, g); top > 0 && !math.IsInf(top, 0) {
			return geometric(top, 1e-3, n)
		}
	}
	if v, ok := f.(penalty.Vanishing); ok {
		at := solve.NewPoint(d.problem)
		solve.OptimizeIntercepts(d.problem, at)
		if top := v.Zero(solve.Gradient(d.problem, at)); top > 0 && !math.IsInf(top, 0) {
			return geometric(top, 1e-3, n)
		}
	}
	return geometric(3*d.curvature(), 4e-8, n)
}

// nothing is the objective of W = 0 with the best intercepts.
func (d *design) nothing() float64 {
	x, value := solve.NewPoint(d.problem), 0.0
	solve.OptimizeIntercepts(d.problem, x)
	for t := range d.problem.Tasks {
		task := &d.problem.Tasks[t]
		value += task.Loss.Value(task.Y, task.Weight, solve.Outputs(d.problem, x, t))
	}
	return value
}

// geometric is n strengths from top down to top·ratio, without top itself.
func geometric(top, ratio float64, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = top * math.Pow(ratio, float64(i+1)/float64(n))
	}
	return out
}

// curvature is n̄ times the mean squared length of a row.
func (d *design) curvature() float64 {
	square, rows := 0.0, 0.0
	for i := range d.problem.Tasks {
		x := d.problem.Tasks[i].X
		for r := range x.Rows {
			_, v := x.Row(r)
			square += num.Dot(v, v)
		}
		rows += float64(x.Rows)
	}
	if square == 0 {
		return 1
	}
	return d.mean * square / rows
}

func weight(t *kindred.Task, i int) float64 {
	if t.Weight == nil {
		return 1
	}
	return t.Weight[i]
}
