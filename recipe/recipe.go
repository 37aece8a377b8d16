// Package recipe turns the names users write into Methods. It is the only
// package that knows every family.
//
// A recipe is a name of the table Methods, and options behind a colon:
//
//	shared-svm
//	shared-svm:C=1,mu=0.1
//	joint-lasso:alpha=0.01,solver=fista
//
// A strength or option that is not given is chosen by a search on held-out
// folds of the training rows.
package recipe

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/catalog"
	"github.com/kindred-mtl/kindred/compose"
	"github.com/kindred-mtl/kindred/linear"
	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/modelfile"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/prep"
)

// Codecs reads and writes the models of every family.
var Codecs = []modelfile.Codec{linear.Codec, compose.TasksCodec, compose.OneCodec}

// A Method is one line of the table of methods.
type Method struct {
	Name    string
	Words   string
	Formula string
	Kinds   []kindred.Kind // that it takes; nil: every kind
	Lead    bool           // shown first: it earns a line in the results
	make    func(o options, seed uint64) (kindred.Method, error)
}

// Takes tells whether the method takes tasks of this kind.
func (m Method) Takes(k kindred.Kind) bool { return m.Kinds == nil || slices.Contains(m.Kinds, k) }

// options are all that may stand behind a name. Each method refuses those that
// are not its own.
type options struct {
	C                float64 `json:"C"`
	Alpha            float64 `json:"alpha"`
	Mu               float64 `json:"mu"`
	L1Ratio          float64 `json:"l1_ratio"`
	Delta            float64 `json:"delta"`
	Solver           string  `json:"solver"`
	Tol              float64 `json:"tol"`
	MaxIter          int     `json:"max_iter"`
	InterceptScaling float64 `json:"intercept_scaling"`
	Scale            string  `json:"scale"`
	Folds            int     `json:"folds"`
	OneSE            bool    `json:"one_se"`
}

// own lists the options that only some methods have.
var own = map[string]func(m Method) bool{
	"scale":    func(m Method) bool { return m.Name != "single-task" },
	"mu":       func(m Method) bool { return strings.HasPrefix(m.Name, "shared") },
	"l1_ratio": func(m Method) bool { return m.Name == "elastic-net" },
	"delta":    func(m Method) bool { return strings.HasSuffix(m.Name, "huber") },
}

var (
	classes = []kindred.Kind{kindred.Binary, kindred.Multiclass}
	numbers = []kindred.Kind{kindred.Regression}
	counts  = []kindred.Kind{kindred.Count}
	several = []kindred.Kind{kindred.Multiclass}
)

// Methods lists the methods by name. A name without a loss takes the loss of
// each target's kind.
var Methods = []Method{
	{"shared-ridge", "related tasks: each a small change of what all share", "w_t = w0 + v_t, λ/2 (μ‖w0‖² + Σ‖v_t‖²)", nil, true, joint(nil, shared)},
	{"shared-logistic", "the same, logistic or softmax loss", "log loss + λ/2 (μ‖w0‖² + Σ‖v_t‖²)", classes, true, joint(nil, shared)},
	{"shared-svm", "the multi-task support vector machine", "hinge + λ/2 (μ‖w0‖² + Σ‖v_t‖²)", classes, true, joint(loss.Hinge{}, shared)},
	{"joint-lasso", "one choice of features for all tasks", "λ Σ_j ‖W_j‖₂", nil, true, joint(nil, fixed(penalty.L21{}))},
	{"trace", "the tasks' weights span few directions", "λ ‖W‖_*", nil, true, joint(nil, fixed(penalty.Trace{}))},
	{"auto", "the best of ridge, pooled, shared-ridge, joint-lasso and trace by inner validation", "least held-out loss", nil, true, auto},
	{"single-task", "each task alone, ridge on columns as they are or standardized, whichever does better inside", "λ/2 ‖w_t‖²", nil, true, single},
	{"ridge", "each task alone, small weights", "λ/2 ‖w_t‖²", nil, true, alone(nil, fixed(penalty.Ridge{}))},
	{"logistic", "each task alone, logistic or softmax loss", "log loss + λ/2 ‖w_t‖²", classes, false, alone(nil, fixed(penalty.Ridge{}))},
	{"svm", "each task alone, linear support vector machine with probabilities", "hinge + λ/2 ‖w_t‖²", classes, true, alone(loss.Hinge{}, fixed(penalty.Ridge{}))},
	{"squared-svm", "each task alone, squared hinge", "½ hinge² + λ/2 ‖w_t‖²", classes, false, alone(loss.SquaredHinge{}, fixed(penalty.Ridge{}))},
	{"crammer-singer", "each task alone, joint margin over classes", "max_c (1[c≠y] + z_c) − z_y + λ/2 ‖w_t‖²", several, false, alone(loss.CrammerSinger{}, fixed(penalty.Ridge{}))},
	{"huber", "each task alone, outliers pull less", "huber + λ/2 ‖w_t‖²", numbers, false, alone(&loss.Huber{}, fixed(penalty.Ridge{}))},
	{"poisson", "each task alone, counts", "exp(z) − yz + λ/2 ‖w_t‖²", counts, false, alone(nil, fixed(penalty.Ridge{}))},
	{"lasso", "each task alone, few features", "λ ‖w_t‖₁", nil, false, alone(nil, fixed(penalty.Lasso{}))},
	{"elastic-net", "each task alone, few and small weights", "λ (ρ‖w_t‖₁ + (1−ρ)/2 ‖w_t‖²)", nil, false, alone(nil, elastic)},
	{"shared-squared-svm", "shared weights, squared hinge", "½ hinge² + λ/2 (μ‖w0‖² + Σ‖v_t‖²)", classes, false, joint(loss.SquaredHinge{}, shared)},
	{"shared-crammer-singer", "shared weights, joint margin over classes", "max_c (1[c≠y] + z_c) − z_y + …", several, false, joint(loss.CrammerSinger{}, shared)},
	{"shared-huber", "shared weights, outliers pull less", "huber + λ/2 (μ‖w0‖² + Σ‖v_t‖²)", numbers, false, joint(&loss.Huber{}, shared)},
	{"shared-poisson", "shared weights, counts", "exp(z) − yz + λ/2 (μ‖w0‖² + Σ‖v_t‖²)", counts, false, joint(nil, shared)},
	{"pooled", "one model for the rows of all tasks", "w_t = w, b_t = b", nil, true, pooled(nil)},
	{"pooled-svm", "one support vector machine for the rows of all tasks", "hinge, w_t = w, b_t = b", classes, false, pooled(loss.Hinge{})},
	{"pooled-slopes", "one weight vector for all tasks, each with its intercept", "w_t = w", nil, false, joint(nil, fixed(penalty.Common{}))},
}

// Names lists the names in the order of the table.
func Names() []string {
	names := make([]string, len(Methods))
	for i, m := range Methods {
		names[i] = m.Name
	}
	return names
}

// Parse makes the method that a recipe describes for tasks of these kinds.
func Parse(text string, kinds []kindred.Kind, seed uint64) (kindred.Method, error) {
	name, rest, _ := strings.Cut(text, ":")
	i := slices.IndexFunc(Methods, func(m Method) bool { return m.Name == name })
	if i < 0 {
		return nil, catalog.Unknown("method", name, Names())
	}
	m := Methods[i]
	for _, k := range kinds {
		if !m.Takes(k) {
			return nil, fmt.Errorf("method %q does not take a %v target (it takes %v)", name, k, m.Kinds)
		}
	}
	o, err := m.options(rest)
	if err != nil {
		return nil, fmt.Errorf("method %q: %w", name, err)
	}
	return m.make(o, seed)
}

// options reads key=value pairs.
func (m Method) options(text string) (options, error) {
	var o options
	values := map[string]any{}
	for pair := range strings.SplitSeq(text, ",") {
		if pair == "" {
			continue
		}
		key, value, ok := strings.Cut(pair, "=")
		if !ok {
			return o, fmt.Errorf("%q is not option=value", pair)
		}
		if only, ok := own[key]; ok && !only(m) {
			return o, fmt.Errorf("it has no option %q", key)
		}
		switch number, err := strconv.ParseFloat(value, 64); {
		case err == nil:
			values[key] = number
		case value == "true" || value == "false":
			values[key] = value == "true"
		default:
			values[key] = value
		}
	}
	raw, err := json.Marshal(values)
	if err != nil {
		return o, err
	}
	return o, catalog.Decode(&o, raw)
}

// method is the linear method that options describe.
func (o options) method(l loss.Loss, p penalty.Penalty, seed uint64) linear.Method {
	if _, ok := l.(*loss.Huber); ok {
		l = &loss.Huber{Delta: o.Delta}
	}
	return linear.Method{
		Loss: l, Penalty: p, C: o.C, Alpha: o.Alpha, Solver: o.Solver, Tol: o.Tol, MaxIter: o.MaxIter,
		InterceptScaling: o.InterceptScaling, Prep: prep.Options{Scale: o.Scale}, Seed: seed,
	}
}

func (o options) search(seed uint64, methods ...kindred.Method) kindred.Method {
	return compose.Search{Methods: methods, Folds: o.Folds, OneSE: o.OneSE, Seed: seed}
}

func shared(o options) penalty.Penalty  { return &penalty.Shared{Mu: o.Mu} }
func elastic(o options) penalty.Penalty { return &penalty.ElasticNet{L1Ratio: o.L1Ratio} }
func fixed(p penalty.Penalty) func(options) penalty.Penalty {
	return func(options) penalty.Penalty { return p }
}

// joint learns all tasks in one problem.
func joint(l loss.Loss, p func(options) penalty.Penalty) func(options, uint64) (kindred.Method, error) {
	return func(o options, seed uint64) (kindred.Method, error) {
		return o.search(seed, o.method(l, p(o), seed)), nil
	}
}

// alone learns each task by itself.
func alone(l loss.Loss, p func(options) penalty.Penalty) func(options, uint64) (kindred.Method, error) {
	return func(o options, seed uint64) (kindred.Method, error) {
		return o.search(seed, compose.Alone{Method: o.method(l, p(o), seed)}), nil
	}
}

// single is the single-task baseline at its best.
func single(o options, seed uint64) (kindred.Method, error) {
	m := o.method(nil, penalty.Ridge{}, seed)
	raw := m
	raw.Prep.Scale = "none"
	return o.search(seed, compose.Alone{Method: m}, compose.Alone{Method: raw}), nil
}

// pooled learns one model of all rows.
func pooled(l loss.Loss) func(options, uint64) (kindred.Method, error) {
	return func(o options, seed uint64) (kindred.Method, error) {
		return o.search(seed, compose.Pooled{Method: o.method(l, penalty.Ridge{}, seed)}), nil
	}
}

// auto searches over what leads the table.
func auto(o options, seed uint64) (kindred.Method, error) {
	ridge := o.method(nil, penalty.Ridge{}, seed)
	return o.search(seed,
		compose.Alone{Method: ridge}, compose.Pooled{Method: ridge},
		o.method(nil, shared(o), seed), o.method(nil, penalty.L21{}, seed), o.method(nil, penalty.Trace{}, seed),
	), nil
}
