// Package arch says what the tasks of a network share: all hidden layers, those
// down to where they branch, experts, a space in which inputs and tasks lie.
//
// An architecture records a network on a [Builder], once. Which parameters are
// whose is said there, and then known to package param: nothing asks an
// architecture about it again.
package arch

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"

	"github.com/kindred-mtl/kindred/catalog"
	"github.com/kindred-mtl/kindred/param"
	"github.com/kindred-mtl/kindred/tape"
)

// An Architecture is the options of a kind of network. The zero value is the
// documented default.
type Architecture interface {
	// Check says what is wrong with the options.
	Check() error
	// Build records the network and returns the node of each task's outputs.
	Build(b *Builder) []tape.Node
	// Common are the options of the hidden layers.
	Common() *Layers
	// Conditioned tells whether most of the network is computed anew for each
	// task, so that batches had better be long.
	Conditioned() bool
}

// All is the table of architectures.
var All = catalog.Table[Architecture]{
	{Name: "shared", Words: "all hidden layers shared, a head for each task", Formula: "y_t = h_t(f(x))", Source: "Caruana, Multitask learning, Machine Learning 28, 1997", New: func() Architecture { return &Shared{} }},
	{Name: "hierarchy", Words: "tasks branch off, or are supervised, at depths", Formula: "y_t = h_t(f_{b(t)}(… f_root(x)))", Source: "Søgaard, Goldberg, Deep multi-task learning with low level tasks supervised at lower layers, ACL 2016; Guo, Lee, Ulbricht, Learning to branch for multi-task learning, ICML 2020", New: func() Architecture { return &Hierarchy{} }},
	{Name: "embedding", Words: "inputs and tasks in one space of few dimensions", Formula: "y_t = ⟨f(x), v_t⟩ + b_t, or the cosine", Source: "Wu, Fisch, Chopra, Adams, Bordes, Weston, StarSpace: embed all the things!, AAAI 2018", New: func() Architecture { return &Embedding{} }},
	{Name: "conditioned", Words: "one network that is told the task", Formula: "y_t = h(f(x, e_t)) by columns, FiLM or low rank", Source: "Perez, Strub, de Vries, Dumoulin, Courville, FiLM: visual reasoning with a general conditioning layer, AAAI 2018", New: func() Architecture { return &Conditioned{} }},
	{Name: "mmoe", Words: "experts that each task mixes by its own gate", Formula: "y_t = h_t(Σ_k softmax(G_t x)_k f_k(x))", Source: "Ma, Zhao, Yi, Chen, Hong, Chi, Modeling task relationships in multi-task learning with multi-gate mixture-of-experts, KDD 2018", New: func() Architecture { return &MMoE{} }},
}

// Inputs are what a row is made of: so many numbers, codes of so many levels
// (the code after the last stands for unknown ones), and so many columns of
// which most are 0.
type Inputs struct {
	Dense  int   `json:"dense"`
	Levels []int `json:"levels,omitempty"`
	Sparse int   `json:"sparse,omitempty"`
}

// A Task is what a network must know of a task.
type Task struct {
	Name    string `json:"name"`
	Outputs int    `json:"outputs"`
	// Alike tells tasks whose outputs mean the same, such as the same labels.
	Alike string `json:"alike,omitempty"`
}

// Layers are the options of hidden layers.
type Layers struct {
	// Hidden are the units of each shared layer, from below. Nil: 128, 64.
	Hidden Units `json:"hidden,omitzero" words:"units of the shared layers, as 128-64; else up to three are tried"`
	// Activation is that of hidden units; "": ReLU.
	Activation tape.Activation `json:"activation,omitempty" words:"of hidden units: relu, gelu, silu, tanh, sigmoid or linear; else relu"`
	// Norm is what hidden layers are normalized by: "" and "none", "layer" or,
	// for layers that all tasks share, "batch".
	Norm string `json:"norm,omitempty" words:"of hidden layers: none, layer or batch; else none"`
	// Dropout is the share of hidden units dropped while training.
	Dropout float64 `json:"dropout,omitempty" words:"share of hidden units dropped while training; else 0"`
}

// Units are the sizes of layers, from below: as JSON a list, a number, or words
// such as "128-64".
type Units []int

// UnmarshalJSON reads them.
func (u *Units) UnmarshalJSON(b []byte) error {
	var list []int
	if json.Unmarshal(b, &list) == nil {
		*u = list
		return nil
	}
	return u.UnmarshalText([]byte(strings.Trim(string(b), `"`)))
}

// UnmarshalText reads words such as "128-64".
func (u *Units) UnmarshalText(b []byte) error {
	list := []int{}
	for word := range strings.SplitSeq(string(b), "-") {
		k, err := strconv.Atoi(word)
		if err != nil {
			return fmt.Errorf("%.60q is no list of layer sizes; write them as 128-64", b)
		}
		list = append(list, k)
	}
	*u = list
	return nil
}

// Norms are what Layers.Norm may be.
var Norms = []string{"none", "layer", "batch"}

const (
	maxLayers = 16
	maxUnits  = 1 << 14
)

// Check says what is wrong with the options.
func (l *Layers) Check() error {
	if err := checkUnits("hidden", l.Hidden); err != nil {
		return err
	}
	if l.Activation != "" {
		if err := l.Activation.Check(); err != nil {
			return err
		}
	}
	switch l.Norm {
	case "", "none", "layer", "batch":
	default:
		return catalog.Unknown("norm", l.Norm, Norms)
	}
	if !(l.Dropout >= 0 && l.Dropout < 1) {
		return fmt.Errorf("dropout is %v; it is from 0 up to, and not, 1", l.Dropout)
	}
	return nil
}

// checkUnits says what is wrong with the sizes of layers.
func checkUnits(what string, units []int) error {
	if len(units) > maxLayers {
		return fmt.Errorf("%s has %d layers; at most %d are taken", what, len(units), maxLayers)
	}
	for _, u := range units {
		if u < 1 || u > maxUnits {
			return fmt.Errorf("%s has a layer of %d units; a layer has from 1 to %d", what, u, maxUnits)
		}
	}
	return nil
}

// Common implements Architecture.
func (l *Layers) Common() *Layers { return l }

// WithHidden is an architecture with hidden layers of these units.
func WithHidden(a Architecture, hidden []int) Architecture {
	v := reflect.New(reflect.TypeOf(a).Elem())
	v.Elem().Set(reflect.ValueOf(a).Elem())
	b := v.Interface().(Architecture)
	b.Common().Hidden = hidden
	return b
}

// Sizes are the units of the hidden layers.
func (l *Layers) Sizes() []int {
	if l.Hidden == nil {
		return []int{128, 64}
	}
	return l.Hidden
}

// A Builder records a network for some tasks and inputs.
type Builder struct {
	*tape.Graph
	Tasks []Task
	X     tape.Node // the inputs, side by side
}

// Record records an architecture for batches that are wide or long, and
// returns the node of each task's outputs. params is a new layout, which it
// seals, or that of the same network for batches of the other kind.
func Record(a Architecture, in Inputs, tasks []Task, params *param.Layout, long bool) (*tape.Graph, []tape.Node) {
	params.Tasks = len(tasks)
	b := &Builder{Graph: tape.NewGraph(params, long), Tasks: tasks}
	b.X = b.inputs(in)
	out := a.Build(b)
	if params.Len() == 0 {
		params.Seal()
	}
	return b.Graph, out
}

// bagWidth is how many units sparse inputs go to.
const bagWidth = 32

// inputs puts the inputs side by side, vectors in place of codes; where there are
// none, a column that stays 0.
func (b *Builder) inputs(in Inputs) tape.Node {
	var parts []tape.Node
	if in.Dense > 0 {
		parts = append(parts, b.Input(in.Dense))
	}
	for c, levels := range in.Levels {
		parts = append(parts, b.Embed(fmt.Sprintf("input.%d", c), levels, embedWidth(levels)))
	}
	if in.Sparse > 0 {
		parts = append(parts, b.Bag("input.sparse", in.Sparse, bagWidth, param.Init{Range: 0.5}))
	}
	if len(parts) == 0 {
		return b.Input(1)
	}
	return b.Concat(parts...)
}

// embedWidth is how long the vector of one of so many levels is:
// min(16, ⌈1.6 levels^0.56⌉), the rule that fastai has.
func embedWidth(levels int) int {
	w := 1
	for w < 16 && float64(w) < 1.6*math.Pow(float64(levels), 0.56) {
		w++
	}
	return w
}

// Layer is a hidden layer of so many units: the entry of each task as in
// tape.Graph.Bank, or, where of is nil, parts side by side.
func (b *Builder) Layer(l *Layers, name string, x tape.Node, units, parts int, of []int) tape.Node {
	outs := make([]int, parts)
	for i := range outs {
		outs[i] = units
	}
	act := l.Activation
	if act == "" {
		act = tape.ReLU
	}
	init := param.Glorot(b.Width(x), units)
	if act == tape.ReLU {
		init = param.He(b.Width(x))
	}
	plain := l.Norm == "" || l.Norm == "none"
	z := b.Dense(x, b.Bank(name, b.Width(x), outs, of, init), plain && act == tape.ReLU)
	switch {
	case l.Norm == "batch" && of == nil && b.CommonNode(z):
		z = b.BatchNorm(name+".norm", z)
	case !plain:
		z = b.LayerNorm(name+".norm", z)
	}
	if !plain || act != tape.ReLU {
		z = b.Activate(z, act)
	}
	return b.Dropout(z, l.Dropout)
}

// Trunk is hidden layers that all tasks share.
func (b *Builder) Trunk(l *Layers, name string, x tape.Node, units []int) tape.Node {
	for i, u := range units {
		x = b.Layer(l, fmt.Sprintf("%s.%d", name, i), x, u, 1, nil)
	}
	return x
}

// Own is the entry of each task, where each has one.
func (b *Builder) Own() []int {
	of := make([]int, len(b.Tasks))
	for t := range of {
		of[t] = t
	}
	return of
}

// Towers are hidden layers of each task's own.
func (b *Builder) Towers(l *Layers, x tape.Node, units []int) tape.Node {
	for i, u := range units {
		x = b.Layer(l, fmt.Sprintf("tower.%d", i), x, u, len(b.Tasks), b.Own())
	}
	return x
}

// headInit is what output layers begin with: a tenth of Glorot's range, so that
// the first outputs are the biases, which predict best without inputs.
func headInit(in int) param.Init { return param.Init{Range: param.Glorot(in, 1).Range / 10} }

// Heads is the outputs of every task. Tasks whose outputs mean the same share a
// layer, to which each adds one of its own that begins at 0:
//
//	y_t = (w0 + v_t)·x + b0 + c_t
//
// so that a task of few rows stays near the others; tasks that mean different
// things have a layer each. Where tasks that mean the same read different blocks
// of x, and tasks of one block mean different things, those share a layer that
// read one block too.
func (b *Builder) Heads(x tape.Node) []tape.Node { return b.headsOn(x, x) }

// headsOn is Heads where the layers that tasks share read another node than
// their own ones do.
func (b *Builder) headsOn(shared, x tape.Node) []tape.Node {
	of, groups := b.alike(shared)
	if len(groups) == len(b.Tasks) {
		return b.OwnHeads(x)
	}
	own := b.Dense(x, b.Bank("head", b.Width(x), b.outputs(), b.Own(), param.Init{}), false)
	common := b.Dense(shared, b.Bank("common", b.Width(shared), groups, of, headInit(b.Width(shared))), false)
	return b.everywhere(b.Add(common, own))
}

// OwnHeads is the outputs of every task, by a layer of its own.
func (b *Builder) OwnHeads(x tape.Node) []tape.Node {
	return b.everywhere(b.Dense(x, b.Bank("head", b.Width(x), b.outputs(), b.Own(), headInit(b.Width(x))), false))
}

// outputs are how many each task has.
func (b *Builder) outputs() []int {
	outs := make([]int, len(b.Tasks))
	for t, task := range b.Tasks {
		outs[t] = task.Outputs
	}
	return outs
}

// alike is the group of each task of those whose outputs mean the same, such
// that a layer for each group can read x, and the number of outputs of each
// group.
func (b *Builder) alike(x tape.Node) (of, outs []int) {
	if of, outs = b.grouped(nil); b.Nested(x, of) {
		return of, outs
	}
	return b.grouped(b.BlockOf(x))
}

// grouped groups the tasks whose outputs mean the same and that are of one
// block.
func (b *Builder) grouped(block []int) (of, outs []int) {
	of = make([]int, len(b.Tasks))
	groups := map[string]int{}
	for t, task := range b.Tasks {
		key := fmt.Sprint(task.Outputs, " ", task.Alike)
		if block != nil {
			key = fmt.Sprint(block[t], " ", key)
		}
		if _, ok := groups[key]; !ok {
			groups[key] = len(outs)
			outs = append(outs, task.Outputs)
		}
		of[t] = groups[key]
	}
	return of, outs
}

// everywhere is one node for every task.
func (b *Builder) everywhere(n tape.Node) []tape.Node {
	out := make([]tape.Node, len(b.Tasks))
	for t := range out {
		out[t] = n
	}
	return out
}
