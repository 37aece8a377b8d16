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
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/arch"
	"github.com/kindred-mtl/kindred/catalog"
	"github.com/kindred-mtl/kindred/compose"
	"github.com/kindred-mtl/kindred/kernel"
	"github.com/kindred-mtl/kindred/linear"
	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/modelfile"
	"github.com/kindred-mtl/kindred/neural"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/solve"
	"github.com/kindred-mtl/kindred/weigh"
)

// Codecs reads and writes the models of every family.
var Codecs = []modelfile.Codec{linear.Codec, kernel.Codec, kernel.GPCodec, neural.Codec, compose.TasksCodec, compose.OneCodec, compose.GroupsCodec, compose.MixedCodec, compose.ExtendedCodec}

// A Method is one line of the table of methods.
type Method struct {
	Name    string
	Words   string
	Formula string
	Kinds   []kindred.Kind // that it takes; nil: every kind
	Lead    bool           // shown first: it earns a line in the results

	loss    func() loss.Loss       // nil: of each target's kind
	penalty func() penalty.Penalty // with the options that a recipe sets; nil: none
	how     way
}

// A way makes a method of the parts that a recipe sets: structs whose JSON
// fields are options, and whose Check says what is wrong with them.
type way interface {
	// parts returns them fresh. One of the values given may choose a part.
	parts(m Method, given map[string]any) ([]any, error)
	// choices are the values that choose different parts.
	choices() []map[string]any
	// build makes the method, on what is known of the tasks' structure.
	build(m Method, parts []any, seed uint64, known []Structure) (kindred.Method, error)
}

// Takes tells whether the method takes tasks of this kind.
func (m Method) Takes(k kindred.Kind) bool { return m.Kinds == nil || slices.Contains(m.Kinds, k) }

// options are those of every method with a penalty. Others are those of its
// other parts.
type options struct {
	C                float64 `json:"C" words:"strength 1/λ, above 0: more means larger weights; else searched for"`
	Alpha            float64 `json:"alpha" words:"strength λ over the mean number of rows of a task; else searched for"`
	Solver           string  `json:"solver" words:"a solver of kindred list --all; else the first that takes loss and penalty"`
	Tol              float64 `json:"tol" words:"how far from the optimum a fit may end (its certificate); else 1e-6, of dualcd and gp 1e-3"`
	MaxIter          int     `json:"max_iter" words:"steps of the solver at most; else 10000, of gp 100"`
	Intercept        string  `json:"intercept" words:"free, or penalized: one of the weights, of a constant feature"`
	InterceptScaling float64 `json:"intercept_scaling" words:"that constant, where the intercept is penalized, as by solver=dualcd; else 1"`
	columns
	Strengths int  `json:"strengths" words:"how many strengths a search tries, one after the other until they are clearly for the worse; else 16, coarsely first"`
	Folds     int  `json:"folds" words:"folds of the search, 2 or more; else 5, fewer of few rows or of many"`
	OneSE     bool `json:"one_se" words:"true: take the first candidate within one standard error of the best"`
}

// check says what is wrong with the values given, and which do not go together.
func (o *options) check(given map[string]any) error {
	for _, name := range catalog.Options(o) {
		if v, ok := given[name].(float64); ok && v <= 0 {
			return fmt.Errorf("option %s=%v: a number above 0 is wanted", name, v)
		}
	}
	if o.Solver != "" {
		if _, err := solve.All.Find("solver", o.Solver); err != nil {
			return err
		}
	}
	switch {
	case o.C > 0 && o.Alpha > 0:
		return errors.New("options C and alpha both say the strength; give one of them")
	case o.Intercept != "" && !slices.Contains(linear.Intercepts, o.Intercept):
		return catalog.Unknown("intercept", o.Intercept, linear.Intercepts)
	case o.InterceptScaling > 0 && o.Solver != "dualcd" && o.Intercept != "penalized":
		return errors.New("intercept_scaling is an option of intercept=penalized and of solver=dualcd; other intercepts are free")
	case o.Folds == 1:
		return errors.New("option folds=1: 2 or more are wanted")
	}
	return o.columns.Check()
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
	{"shared-ridge", "each task a small change of what all share", "w_t = w0 + v_t, λ/2 (μ‖w0‖² + Σ‖v_t‖²)", nil, true, nil, shared, joint},
	{"shared-logistic", "the same, logistic or softmax loss", "log loss + λ/2 (μ‖w0‖² + Σ‖v_t‖²)", classes, true, nil, shared, joint},
	{"shared-svm", "the multi-task support vector machine", "hinge + λ/2 (μ‖w0‖² + Σ‖v_t‖²)", classes, true, hinge, shared, joint},
	{"adaptive", "each task shares as much as its rows say", "w_jt = u_j + v_jt, variances s_j and a_t p_j by evidence", nil, true, nil, adaptive, joint},
	{"joint-lasso", "one choice of features for all tasks", "λ Σ_j ‖W_j‖₂", nil, true, nil, l21, joint},
	{"trace", "the tasks' weights span few directions", "λ ‖W‖_*", nil, true, nil, trace, joint},
	{"mtrl", "learns how the tasks are related", "λ/2 (ρ‖W‖² + (1−ρ) tr(W Ω⁻¹ Wᵀ)), tr Ω = 1", nil, true, nil, mtrl, either},
	{"clustered", "finds groups of tasks; each group shares", "w_t = u_g + v_t, λ/2 Σ_g (μ‖u_g‖² + Σ‖v_t‖²)", nil, true, nil, grouped, sorted{joint}},
	{"tree", "tasks share along a hierarchy, also learned", "λ/2 Σ_u c_u‖v_u‖², w_t = Σ_{u above t} v_u", nil, true, nil, tree, joint},
	{"kernel-svm", "curved boundaries, each near a shared one", "hinge + λ/2 ‖f‖², cov(f_s, f_t) = (1/μ + 1[s=t]) k", classes, true, hinge, shared, curved{}},
	{"kernel-ridge", "curved functions, each near a shared one", "loss + λ/2 ‖f‖², cov(f_s, f_t) = (1/μ + 1[s=t]) k", nil, true, nil, shared, curved{}},
	{"gp", "smooth functions, how alike tasks are learned", "f_t ~ GP, cov(f_s, f_t) = (AAᵀ + diag κ)_st k", numbers, true, nil, nil, gaussian{}},
	{"shared-net", "a network, hidden layers shared, own heads", "y_t = h_t(f(x))", nil, true, nil, nil, network{arch: "shared"}},
	{"hierarchy-net", "a network whose tasks branch off at depths", "y_t = h_t(f_b(t)(… f_root(x)))", nil, true, nil, nil, network{arch: "hierarchy"}},
	{"embedding-net", "a network to one space of inputs and tasks", "y_t = ⟨f(x), v_t⟩ + b_t", nil, true, nil, nil, network{arch: "embedding"}},
	{"conditioned-net", "one network that is told the task", "y_t = h(f(x, e_t))", nil, false, nil, nil, network{arch: "conditioned"}},
	{"mmoe", "experts, mixed by a gate for each task", "y_t = h_t(Σ_k softmax(G_t x)_k f_k(x))", nil, false, nil, nil, network{arch: "mmoe"}},
	{"net", "each task alone, a network", "y_t = f_t(x)", nil, true, nil, nil, network{alone: true}},
	{"guarded", "each task as much together as pays", "ŷ_t = Σ_m p_tm ŷ_tm, p_t from held-out losses", nil, true, nil, shared, guarded{}},
	{"auto", "the best of five by inner validation", "least held-out loss", nil, true, nil, ridge, auto},
	{"single-task", "each task alone, ridge, columns scaled or not", "λ/2 ‖w_t‖²", nil, true, nil, ridge, single},
	{"ridge", "each task alone, small weights", "λ/2 ‖w_t‖²", nil, true, nil, ridge, alone},
	{"logistic", "each task alone, logistic or softmax loss", "log loss + λ/2 ‖w_t‖²", classes, false, nil, ridge, alone},
	{"svm", "each task alone, support vector machine", "hinge + λ/2 ‖w_t‖²", classes, true, hinge, ridge, alone},
	{"squared-svm", "each task alone, squared hinge", "½ hinge² + λ/2 ‖w_t‖²", classes, false, squaredHinge, ridge, alone},
	{"crammer-singer", "each task alone, joint margin over classes", "max_c (1[c≠y] + z_c) − z_y + λ/2 ‖w_t‖²", several, false, crammerSinger, ridge, alone},
	{"huber", "each task alone, outliers pull less", "huber + λ/2 ‖w_t‖²", numbers, false, huber, ridge, alone},
	{"poisson", "each task alone, counts", "exp(z) − yz + λ/2 ‖w_t‖²", counts, false, nil, ridge, alone},
	{"lasso", "each task alone, few features", "λ ‖w_t‖₁", nil, false, nil, lasso, alone},
	{"elastic-net", "each task alone, few and small weights", "λ (ρ‖w_t‖₁ + (1−ρ)/2 ‖w_t‖²)", nil, false, nil, elasticNet, alone},
	{"grouped", "one model for each group of tasks", "w_t = u_g + v_t, of each group g by itself", nil, false, nil, shared, apart{joint}},
	{"shared-squared-svm", "shared weights, squared hinge", "½ hinge² + λ/2 (μ‖w0‖² + Σ‖v_t‖²)", classes, false, squaredHinge, shared, joint},
	{"shared-crammer-singer", "shared weights, joint margin over classes", "max_c (1[c≠y] + z_c) − z_y + …", several, false, crammerSinger, shared, joint},
	{"shared-huber", "shared weights, outliers pull less", "huber + λ/2 (μ‖w0‖² + Σ‖v_t‖²)", numbers, false, huber, shared, joint},
	{"shared-poisson", "shared weights, counts", "exp(z) − yz + λ/2 (μ‖w0‖² + Σ‖v_t‖²)", counts, false, nil, shared, joint},
	{"cmtl", "weights near k centres, k-means made convex", "λ/2 (1+η) tr(W (ηI + M)⁻¹ Wᵀ), tr M = k", nil, false, nil, clustered, joint},
	{"caso", "tasks differ in a few mixed features", "λ/2 (1+η) tr(Wᵀ (ηI + M)⁻¹ W), tr M = h", nil, false, nil, caso, joint},
	{"mtl-feat", "features that all tasks share are learned", "λ/2 tr(Wᵀ D⁻¹ W), tr D = 1", nil, false, nil, squaredTrace, either},
	{"joint-elastic-net", "one choice of features, small weights", "λ (ρ Σ_j ‖W_j‖₂ + (1−ρ)/2 ‖W‖²)", nil, false, nil, l21Ridge, joint},
	{"linf-lasso", "one choice of features, by the largest", "λ Σ_j max_t |W_jt|", nil, false, nil, linf1, joint},
	{"l2-half", "one choice of features, few, shrunk less", "λ Σ_j ‖W_j‖₂^½", nil, false, nil, l2Half, joint},
	{"joint-mcp", "one choice of features, strong ones free", "λ Σ_j p(‖W_j‖₂), p′(r) = (1 − r/√k θ)₊", nil, false, nil, mcp, joint},
	{"joint-scad", "one choice of features, strong ones free", "λ Σ_j p(‖W_j‖₂), p′(r) = 1 … 0", nil, false, nil, scad, joint},
	{"capped-lasso", "few weights, strong features free", "λ Σ_j min(‖W_j‖₁, kθ)", nil, false, nil, cappedL1, joint},
	{"sparse-group", "joint features, in them few tasks", "λ Σ_j (ρ‖W_j‖₁ + (1−ρ)√k ‖W_j‖₂)", nil, false, nil, sparseGroup, joint},
	{"fused", "ordered tasks that change in few steps", "(1−φ) sparse-group + λφ Σ_jt |W_jt − W_j,t+1|", nil, false, nil, fused, joint},
	{"tree-svm", "a hierarchy, support vector machine", "hinge + λ/2 Σ_u c_u‖v_u‖², w_t = Σ_{u above t} v_u", classes, false, hinge, tree, joint},
	{"graph", "neighbours are alike, also learned", "λ/2 (Σ a_st‖w_s − w_t‖² + μ‖W‖²)", nil, false, nil, graph, joint},
	{"temporal", "each task like the one before", "λ/2 (Σ_t ‖w_t − w_{t+1}‖² + μ‖W‖²)", nil, false, nil, temporal, joint},
	{"covariance", "weights vary together, as learned first", "λ/2 tr(W K⁻¹ Wᵀ), K = (1−σ)Ω + σI", nil, false, nil, covariance, joint},
	{"sparse-graph", "few weights, alike among neighbours", "λ (ρ‖W‖₁ + (1−ρ)/2 Σ a_st‖w_s − w_t‖²)", nil, false, nil, sparseGraph, joint},
	{"temporal-lasso", "one choice of features, slow change", "λ (ρ Σ‖W_j‖₂ + (1−ρ)/2 (Σ‖w_t − w_{t+1}‖² + μ‖W‖²))", nil, false, nil, temporalLasso, joint},
	{"dirty", "features of all tasks, weights of single", "λ (T^θ Σ_j max_t|P_jt| + Σ|Q_jt|), W = P + Q", nil, false, nil, dirty, joint},
	{"rmtfl", "joint features, and tasks apart from them", "λ (T^(θ−½) Σ_j ‖P_j‖₂ + Σ_t ‖q_t‖₂), W = P + Q", nil, false, nil, rmtfl, joint},
	{"robust", "few directions, and outlier tasks", "λ (T^(θ/2) ‖P‖_* + Σ_t ‖q_t‖₂), W = P + Q", nil, false, nil, robust, joint},
	{"sparse-low-rank", "few directions, weights of single tasks", "λ (T^θ ‖P‖_* + Σ|Q_jt|), W = P + Q", nil, false, nil, sparseLowRank, joint},
	{"embedding", "a small space that all tasks share", "λ/2 (‖U‖² + ‖V‖²), W = U V", nil, false, nil, embedding, joint},
	{"go-mtl", "tasks made of a few latent tasks", "λ (‖S‖₁ + ½‖L‖²), W = L S", nil, false, nil, goMTL, joint},
	{"rbf-svm", "each task alone, curved boundaries", "hinge + λ/2 ‖f_t‖²", classes, false, hinge, ridge, curved{alone: true}},
	{"rbf-ridge", "each task alone, curved functions", "loss + λ/2 ‖f_t‖²", nil, false, nil, ridge, curved{alone: true}},
	{"single-gp", "each task alone, smooth functions", "f_t ~ GP(κ_t k_t)", numbers, false, nil, nil, gaussian{alone: true}},
	{"pooled", "one model for all rows", "w_t = w, b_t = b", nil, true, nil, ridge, pooled},
	{"pooled-svm", "one support vector machine for all rows", "hinge, w_t = w, b_t = b", classes, false, hinge, ridge, pooled},
	{"pooled-slopes", "one weight vector, each task its intercept", "w_t = w", nil, false, nil, common, joint},
}

// Names lists the names in the order of the table.
func Names() []string {
	names := make([]string, len(Methods))
	for i, m := range Methods {
		names[i] = m.Name
	}
	return names
}

// find is the line of the table that has the name.
func find(name string) (Method, error) {
	for _, m := range Methods {
		if m.Name == name {
			return m, nil
		}
	}
	return Method{}, catalog.Unknown("method", name, Names())
}

// Parse makes the method that a recipe describes for tasks of these kinds, on
// what is known of their structure.
func Parse(text string, kinds []kindred.Kind, seed uint64, known ...Structure) (kindred.Method, error) {
	name, rest, _ := strings.Cut(text, ":")
	m, err := find(name)
	if err != nil {
		return nil, err
	}
	settings, err := m.pairs(rest)
	if err != nil {
		return nil, fmt.Errorf("method %q: %w", name, err)
	}
	return m.makeFor(kinds, settings, seed, known)
}

// makeFor makes the method for tasks of these kinds.
func (m Method) makeFor(kinds []kindred.Kind, settings []setting, seed uint64, known []Structure) (kindred.Method, error) {
	for _, k := range kinds {
		if !m.Takes(k) {
			return nil, fmt.Errorf("method %q does not take a %v target; it takes %s", m.Name, k, words(m.Kinds))
		}
	}
	method, err := m.build(settings, seed, known)
	if err != nil {
		return nil, fmt.Errorf("method %q: %w", m.Name, err)
	}
	return method, nil
}

// words names kinds: a, b and c.
func words(kinds []kindred.Kind) string {
	text := ""
	for i, k := range kinds {
		switch {
		case i > 0 && i == len(kinds)-1:
			text += " and "
		case i > 0:
			text += ", "
		}
		text += k.String()
	}
	return text
}

// An Option is what may stand behind the colon.
type Option struct {
	Name    string
	Words   string   // what it says, and what holds where it is not given
	Of      string   // the family that has it: penalties, kernels or networks; "": single methods
	Methods []string // that have it
}

// Options lists the options: those that say the same are one.
func Options() []Option {
	var list []Option
	for _, m := range Methods {
		m.each(func(part any, name string) {
			if !catalog.Plain(part, name) {
				return
			}
			one := Option{Name: name, Words: catalog.Words(part, name), Of: m.family(part, name)}
			i := slices.IndexFunc(list, func(o Option) bool { return o.Name == one.Name && o.Words == one.Words && o.Of == one.Of })
			if i < 0 {
				i = len(list)
				list = append(list, one)
			}
			if !slices.Contains(list[i].Methods, m.Name) {
				list[i].Methods = append(list[i].Methods, m.Name)
			}
		})
	}
	return list
}

// family is which methods all have the option of a part, or "".
func (m Method) family(part any, name string) string {
	_, net := m.how.(network)
	switch part.(type) {
	case *columns:
		if net {
			return "networks"
		}
	case *options:
		return "penalties"
	case *kernelOptions, kernel.Kernel:
		return "kernels"
	case *neural.Training, *steps, *weighted, weigh.Weighting:
		return "networks"
	case arch.Architecture, *lone:
		if slices.Contains(catalog.Options(&arch.Layers{}), name) {
			return "networks"
		}
	}
	return ""
}

// Options names what may stand behind the method's colon, but for the options
// of every method with a penalty.
func (m Method) Options() []string {
	return m.options(func(of string) bool { return of != "penalties" })
}

// Own names those of the method's options that are not of a whole family.
func (m Method) Own() []string {
	return m.options(func(of string) bool { return of == "" })
}

// options names the plain options of the families wanted.
func (m Method) options(want func(family string) bool) []string {
	var names []string
	m.each(func(part any, name string) {
		if catalog.Plain(part, name) && want(m.family(part, name)) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	})
	return names
}

// each calls f for every option of every part that the method can have.
func (m Method) each(f func(part any, name string)) {
	for _, choice := range m.how.choices() {
		for _, part := range m.mustParts(choice) {
			for _, name := range catalog.Options(part) {
				f(part, name)
			}
		}
	}
}

// mustParts are the parts of a choice that is the way's own.
func (m Method) mustParts(choice map[string]any) []any {
	parts, err := m.how.parts(m, choice)
	if err != nil {
		panic(err)
	}
	return parts
}

// A setting is the value of an option, and the line it stands in; 0: none.
type setting struct {
	name  string
	value any
	line  int
}

// at says in which line something is wrong.
func (s setting) at(err error) error {
	if err == nil || s.line == 0 {
		return err
	}
	return atLine{err, s.line}
}

// atLine is an error in a line of a file.
type atLine struct {
	error
	line int
}

func (e atLine) Unwrap() error { return e.error }

// build makes the method of its options.
func (m Method) build(settings []setting, seed uint64, known []Structure) (kindred.Method, error) {
	given := map[string]any{}
	for _, s := range settings {
		given[s.name] = s.value
	}
	parts, err := m.how.parts(m, given)
	if err != nil {
		return nil, err
	}
	if err := set(parts, settings); err != nil {
		return nil, err
	}
	for _, part := range parts {
		if o, ok := part.(*options); ok {
			err = o.check(given)
		} else if c, ok := part.(interface{ Check() error }); ok {
			err = c.Check()
		}
		if err != nil {
			return nil, err
		}
	}
	return m.how.build(m, parts, seed, known)
}

// pairs reads option=value, option=value, … in the order of their names.
func (m Method) pairs(text string) ([]setting, error) {
	var settings []setting
	for pair := range strings.SplitSeq(text, ",") {
		if pair == "" {
			continue
		}
		key, value, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, fmt.Errorf("%q is not option=value", pair)
		}
		s := setting{name: key, value: value}
		if slices.ContainsFunc(settings, func(other setting) bool { return other.name == key }) {
			return nil, fmt.Errorf("option %q stands twice", key)
		}
		if m.listed(key) {
			return nil, fmt.Errorf("option %q is a list or table: it stands in a recipe file, see kindred recipe %s", key, m.Name)
		}
		switch number, err := strconv.ParseFloat(value, 64); {
		case err == nil && number-number == 0:
			s.value = number
		case value == "true" || value == "false":
			s.value = value == "true"
		}
		settings = append(settings, s)
	}
	slices.SortFunc(settings, func(a, b setting) int { return strings.Compare(a.name, b.name) })
	return settings, nil
}

// listed tells whether an option is a list or a table.
func (m Method) listed(option string) (yes bool) {
	m.each(func(part any, name string) { yes = yes || name == option && !catalog.Plain(part, name) })
	return yes
}

// set gives each value to the first part that has its option.
func set(parts []any, settings []setting) error {
	for _, s := range settings {
		i := slices.IndexFunc(parts, func(part any) bool { return slices.Contains(catalog.Options(part), s.name) })
		if i < 0 {
			return s.at(catalog.Unknown("option", s.name, settable(parts, s.line > 0)))
		}
		raw, err := json.Marshal(map[string]any{s.name: s.value})
		if err != nil {
			return s.at(err)
		}
		if err := catalog.Decode(parts[i], raw); err != nil {
			return s.at(err)
		}
	}
	return nil
}

// settable names the options of parts: those that may stand behind a colon, or
// with the lists and tables of a file.
func settable(parts []any, file bool) []string {
	var names []string
	for _, part := range parts {
		for _, name := range catalog.Options(part) {
			if (file || catalog.Plain(part, name)) && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// The losses and penalties of the table.
func hinge() loss.Loss         { return loss.Hinge{} }
func squaredHinge() loss.Loss  { return loss.SquaredHinge{} }
func crammerSinger() loss.Loss { return loss.CrammerSinger{} }
func huber() loss.Loss         { return &loss.Huber{} }

func ridge() penalty.Penalty        { return penalty.Ridge{} }
func lasso() penalty.Penalty        { return penalty.Lasso{} }
func elasticNet() penalty.Penalty   { return &penalty.ElasticNet{} }
func shared() penalty.Penalty       { return &penalty.Shared{} }
func common() penalty.Penalty       { return penalty.Common{} }
func l21() penalty.Penalty          { return penalty.L21{} }
func l21Ridge() penalty.Penalty     { return &penalty.L21Ridge{} }
func linf1() penalty.Penalty        { return penalty.LInf1{} }
func sparseGroup() penalty.Penalty  { return &penalty.SparseGroup{} }
func fused() penalty.Penalty        { return &penalty.Fused{} }
func l2Half() penalty.Penalty       { return penalty.L2Half{} }
func mcp() penalty.Penalty          { return &penalty.MCP{} }
func scad() penalty.Penalty         { return &penalty.SCAD{} }
func cappedL1() penalty.Penalty     { return &penalty.CappedL1{} }
func trace() penalty.Penalty        { return penalty.Trace{} }
func squaredTrace() penalty.Penalty { return penalty.SquaredTrace{} }
func mtrl() penalty.Penalty         { return &penalty.MTRL{} }
func clustered() penalty.Penalty    { return &penalty.Clustered{} }
func caso() penalty.Penalty         { return &penalty.CASO{} }
func adaptive() penalty.Penalty     { return &penalty.Adaptive{} }
func grouped() penalty.Penalty      { return &penalty.Grouped{} }
func embedding() penalty.Penalty    { return &penalty.Embedding{} }
func goMTL() penalty.Penalty        { return &penalty.GOMTL{} }

func tree() penalty.Penalty       { return &penalty.Tree{} }
func graph() penalty.Penalty      { return &penalty.Graph{} }
func temporal() penalty.Penalty   { return &penalty.Temporal{} }
func covariance() penalty.Penalty { return &penalty.Covariance{} }

func sparseGraph() penalty.Penalty   { return &penalty.SparseGraph{} }
func temporalLasso() penalty.Penalty { return &penalty.TemporalLasso{} }

func dirty() penalty.Penalty         { return &penalty.Dirty{} }
func rmtfl() penalty.Penalty         { return &penalty.RMTFL{} }
func robust() penalty.Penalty        { return &penalty.Robust{} }
func sparseLowRank() penalty.Penalty { return &penalty.SparseLowRank{} }
