package recipe

import (
	"errors"
	"fmt"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/arch"
	"github.com/kindred-mtl/kindred/compose"
	"github.com/kindred-mtl/kindred/kernel"
	"github.com/kindred-mtl/kindred/linear"
	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/neural"
	"github.com/kindred-mtl/kindred/optim"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/prep"
	"github.com/kindred-mtl/kindred/weigh"
)

// linearly searches over the methods that it makes of a linear one.
type linearly func(m linear.Method) []kindred.Method

func (linearly) choices() []map[string]any { return []map[string]any{nil} }

func (linearly) parts(m Method, _ map[string]any) ([]any, error) {
	parts := []any{&options{}, m.penalty()}
	if m.loss != nil {
		parts = append(parts, m.loss())
	}
	return parts, nil
}

func (how linearly) build(m Method, parts []any, seed uint64, known []Structure) (kindred.Method, error) {
	method := linearOf(m, parts, seed, known)
	method.Prep = parts[0].(*options).options()
	return search(how(method), parts, len(method.Penalty.Variants()) > 1, seed)
}

// linearOf is the linear method of options, penalty and loss.
func linearOf(m Method, parts []any, seed uint64, known []Structure) linear.Method {
	o := parts[0].(*options)
	method := linear.Method{
		Penalty: parts[1].(penalty.Penalty), C: o.C, Alpha: o.Alpha, Solver: o.Solver, Tol: o.Tol, MaxIter: o.MaxIter,
		Intercept: o.Intercept, InterceptScaling: o.InterceptScaling, Strengths: o.Strengths, Seed: seed,
	}
	if m.loss != nil {
		method.Loss = parts[2].(loss.Loss)
	}
	for _, s := range known {
		method.Penalty, _ = s.give(method.Penalty)
	}
	return method
}

// search searches over the methods; open tells whether they leave more open
// than their strength.
func search(methods []kindred.Method, parts []any, open bool, seed uint64) (kindred.Method, error) {
	o := parts[0].(*options)
	_, learned := parts[1].(penalty.Adapting)
	open = open || o.C == 0 && o.Alpha == 0 && (!learned || o.Strengths > 0) || len(methods) > 1
	if (o.Folds > 0 || o.OneSE) && !open {
		return nil, errors.New("folds and one_se say how to search, and nothing is left open to search for")
	}
	if o.Strengths > 0 && (o.C > 0 || o.Alpha > 0) {
		return nil, errors.New("strengths says how many to try, and the strength is given")
	}
	return compose.Search{Methods: methods, Folds: o.Folds, Every: o.Strengths > 0, OneSE: o.OneSE, Seed: seed}, nil
}

// The ways of linear methods.
var (
	// joint learns all tasks in one problem.
	joint = linearly(func(m linear.Method) []kindred.Method { return []kindred.Method{m} })

	// either is joint with the intercepts free, or among the weights, so that
	// they are related as the weights are.
	either = linearly(func(m linear.Method) []kindred.Method {
		if m.Intercept != "" || m.Solver == "dualcd" {
			return joint(m)
		}
		free, weights := m, m
		free.Intercept, weights.Intercept = "free", "penalized"
		return []kindred.Method{free, weights}
	})

	// alone learns each task by itself.
	alone = linearly(func(m linear.Method) []kindred.Method { return []kindred.Method{compose.Alone{Method: m}} })

	// single is the single-task baseline at its best.
	single = linearly(func(m linear.Method) []kindred.Method {
		if m.Prep.Scale != "" {
			return alone(m)
		}
		raw := m
		raw.Prep.Scale = "none"
		return []kindred.Method{compose.Alone{Method: m}, compose.Alone{Method: raw}}
	})

	// pooled learns one model of all rows.
	pooled = linearly(func(m linear.Method) []kindred.Method { return []kindred.Method{compose.Pooled{Method: m}} })

	// auto searches over what leads the table.
	auto = linearly(func(m linear.Method) []kindred.Method {
		list := append(alone(m), pooled(m)...)
		for _, p := range []penalty.Penalty{&penalty.Shared{}, penalty.L21{}, penalty.Trace{}} {
			m.Penalty = p
			list = append(list, m)
		}
		return list
	})
)

// sorted finds groups of tasks that are alike in all that their rows say, or in
// their weights alone where that is clearly better: the first has more to go by.
type sorted struct{ linearly }

func (how sorted) build(m Method, parts []any, seed uint64, known []Structure) (kindred.Method, error) {
	how.linearly = func(m linear.Method) []kindred.Method {
		p := m.Penalty.(*penalty.Grouped)
		if p.By != "" {
			return joint(m)
		}
		var list []kindred.Method
		for _, by := range []string{"rows", "weights"} {
			m.Penalty = &penalty.Grouped{K: p.K, Mu: p.Mu, By: by}
			list = append(list, m)
		}
		return list
	}
	built, err := how.linearly.build(m, parts, seed, known)
	if err != nil {
		return nil, err
	}
	search := built.(compose.Search)
	search.Tie = 0.25
	return search, nil
}

// apart learns each group of tasks by itself: the groups given, or those that
// clustered finds.
type apart struct{ linearly }

func (apart) takesGroups() {}

func (how apart) build(m Method, parts []any, seed uint64, known []Structure) (kindred.Method, error) {
	how.linearly = func(m linear.Method) []kindred.Method { return []kindred.Method{perGroup(m, known)} }
	return how.linearly.build(m, parts, seed, known)
}

// perGroup is a method on each group by itself.
func perGroup(m linear.Method, known []Structure) kindred.Method {
	if given := groups(known); given != nil {
		return compose.Grouped{Method: m, Groups: given}
	}
	finder := m
	finder.Penalty, finder.C, finder.Alpha, finder.Strengths, finder.NoProbability = &penalty.Grouped{By: "rows"}, 0, 0, 0, true
	finder.Loss, finder.Solver, finder.Intercept, finder.InterceptScaling = nil, "", "", 0
	return compose.Grouped{Method: m, By: finder}
}

// guarded mixes, for each task, learning it alone with learning it with all
// tasks, with its group, and as one with all.
type guarded struct{}

// margin is the option of a method that is careful.
type margin struct {
	Margin float64 `json:"margin" words:"standard errors by which learning together must be better than alone; else 1 (negative: none)"`
}

func (guarded) takesGroups() {}

func (guarded) choices() []map[string]any { return joint.choices() }

func (guarded) parts(m Method, given map[string]any) ([]any, error) {
	parts, err := joint.parts(m, given)
	return append(parts, &margin{}), err
}

func (guarded) build(m Method, parts []any, seed uint64, known []Structure) (kindred.Method, error) {
	o := parts[0].(*options)
	together := linearOf(m, parts, seed, known)
	together.Prep = o.options()
	lone := together
	lone.Penalty = penalty.Ridge{}
	among := func(methods ...kindred.Method) (kindred.Method, error) { return search(methods, parts, true, seed) }
	g := compose.Guarded{Margin: parts[len(parts)-1].(*margin).Margin, Folds: o.Folds, Seed: seed}
	var err error
	if g.Alone, err = among(single(lone)...); err != nil {
		return nil, err
	}
	for _, c := range []compose.Candidate{
		{Name: "joint", Method: together},
		{Name: "grouped", Method: perGroup(together, known)},
		{Name: "pooled", Method: compose.Pooled{Method: lone}},
	} {
		if c.Method, err = among(c.Method); err != nil {
			return nil, err
		}
		g.Others = append(g.Others, c)
	}
	return g, nil
}

// curved does what a linear way does on the features of a kernel.
type curved struct{ alone bool }

// kernelOptions are those of every kernel.
type kernelOptions struct {
	Kernel    string `json:"kernel" words:"how rows are compared: rbf, poly or linear; else rbf"`
	Landmarks int    `json:"landmarks" words:"rows that stand for all others, at most; else as many as a fit affords"`
}

// Check says what is wrong with the options.
func (o *kernelOptions) Check() error {
	if o.Landmarks < 0 {
		return fmt.Errorf("option landmarks=%d: a number above 0 is wanted", o.Landmarks)
	}
	return nil
}

func (curved) choices() []map[string]any {
	var all []map[string]any
	for _, k := range kernel.All {
		all = append(all, map[string]any{"kernel": k.Name})
	}
	return all
}

func (curved) parts(m Method, values map[string]any) ([]any, error) {
	name := kernel.All[0].Name
	if v, ok := values["kernel"]; ok {
		name = fmt.Sprint(v)
	}
	k, err := kernel.All.Find("kernel", name)
	if err != nil {
		return nil, err
	}
	parts, err := joint.parts(m, values)
	return append(parts, &kernelOptions{}, k.New()), err
}

func (how curved) build(m Method, parts []any, seed uint64, known []Structure) (kindred.Method, error) {
	own, inner := parts[len(parts)-2:], linearOf(m, parts, seed, known)
	k := own[1].(kernel.Kernel)
	var method kindred.Method = kernel.Method{
		Kernel: k, Landmarks: own[0].(*kernelOptions).Landmarks,
		Method: inner, Prep: parts[0].(*options).options(), Seed: seed,
	}
	if how.alone {
		method = compose.Alone{Method: method}
	}
	return search([]kindred.Method{method}, parts, len(inner.Penalty.Variants()) > 1 || len(k.Variants(1)) > 1, seed)
}

// gaussian is a Gaussian process, of all tasks or of each alone.
type gaussian struct{ alone bool }

// columns are the options of how columns are prepared.
type columns struct {
	Scale string       `json:"scale" words:"how numbers are scaled: standard, rms or none; else standard"`
	Prep  prep.Options `json:"prep" words:"how columns are prepared"`
}

// options are those of both.
func (o *columns) options() prep.Options {
	all := o.Prep
	if o.Scale != "" {
		all.Scale = o.Scale
	}
	return all
}

// Check says what is wrong with the options.
func (o *columns) Check() error {
	if o.Scale != "" && o.Prep.Scale != "" {
		return errors.New("scale is given twice, beside prep and in it; give one of them")
	}
	return o.options().Check()
}

// sharing is the option of tasks that learn together.
type sharing struct {
	Rank int `json:"rank" words:"directions that the tasks share, at most; else searched for, of gp 1 (negative: none)"`
}

func (gaussian) choices() []map[string]any { return []map[string]any{nil} }

func (how gaussian) parts(Method, map[string]any) ([]any, error) {
	parts := []any{&kernel.GP{}, &columns{}}
	if !how.alone {
		parts = append(parts, &sharing{})
	}
	return parts, nil
}

func (how gaussian) build(_ Method, parts []any, seed uint64, _ []Structure) (kindred.Method, error) {
	gp := *parts[0].(*kernel.GP)
	gp.Prep, gp.Seed = parts[1].(*columns).options(), seed
	if how.alone {
		return compose.Alone{Method: gp}, nil
	}
	gp.Rank = parts[2].(*sharing).Rank
	return gp, nil
}

// network is a network of some architecture, of all tasks or of each alone.
type network struct {
	arch  string
	alone bool // a network each
}

// lone is what arch.Shared has for a single task, of which nothing is common.
type lone struct {
	arch.Layers
	Tower arch.Units `json:"tower,omitempty" words:"units of each task's own layers above the shared ones, as 64; else none"`
}

// weighted names how the tasks of a network are balanced.
type weighted struct {
	Weighting string `json:"weighting" words:"how tasks are balanced, of kindred list --all; else equal"`
}

// steps are the optimizer of a network.
type steps struct {
	Optimizer optim.Chain `json:"optimizer" words:"transforms of kindred list --all, as [{clip: {norm: 1}}, adamw, cosine]; else adamw by rate and decay, cosine with a warmup of 0.05, and ema"`
}

func (how network) choices() []map[string]any {
	if how.alone {
		return []map[string]any{nil}
	}
	var all []map[string]any
	for _, w := range weigh.All {
		all = append(all, map[string]any{"weighting": w.Name})
	}
	return all
}

func (how network) parts(_ Method, given map[string]any) ([]any, error) {
	rest := []any{&neural.Training{}, &steps{}, &columns{}}
	if how.alone {
		return append([]any{&lone{}}, rest...), nil
	}
	a, err := arch.All.Find("architecture", how.arch)
	if err != nil {
		return nil, err
	}
	parts := append([]any{a.New()}, rest...)
	name := weigh.All[0].Name
	if v, ok := given["weighting"]; ok {
		name = fmt.Sprint(v)
	}
	w, err := weigh.All.Find("weighting", name)
	if err != nil {
		return nil, err
	}
	return append(parts, &weighted{}, w.New()), nil
}

func (how network) build(_ Method, parts []any, seed uint64, _ []Structure) (kindred.Method, error) {
	m := neural.Method{Training: *parts[1].(*neural.Training), Seed: seed}
	m.Optimizer, m.Prep = parts[2].(*steps).Optimizer, parts[3].(*columns).options()
	if how.alone {
		l := parts[0].(*lone)
		m.Arch = &arch.Shared{Layers: l.Layers, Tower: l.Tower}
		return compose.Alone{Method: m}, m.Check()
	}
	m.Arch, m.Weighting = parts[0].(arch.Architecture), parts[5].(weigh.Weighting)
	return m, m.Check()
}
