// Package optim turns gradients into steps, in a chain of small transforms:
//
//	Chain{&Clip{Norm: 1}, &AdamW{Rate: 3e-4}, &Cosine{Warmup: 0.05}, &EMA{}}
//
// A chain works on any piece of the one slice of parameters, so that who sums
// up a gradient takes the step while the piece is in cache. All it does is
// elementwise: the pieces do not change the result.
package optim

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/kindred-mtl/kindred/catalog"
	"github.com/kindred-mtl/kindred/num"
)

// A Chain lists what is done to a gradient: what changes it first, then the one
// transform that moves the parameters, then what looks at them. Schedules stand
// anywhere; each multiplies the learning rate. The empty chain is AdamW.
type Chain []Transform

// A Transform is a link of a chain with its options, whose zero value means the
// documented default. What it does, it says by the interfaces below.
type Transform interface {
	// Check says what is wrong with the options.
	Check() error
}

// A Schedule changes the learning rate as the steps go by.
type Schedule interface {
	Transform
	// Factor is what the learning rate is multiplied by in a step, counted from
	// 0; steps is how many there are.
	Factor(step, steps int) float64
}

// A mover moves the parameters: a chain has one.
type mover interface {
	acting
	rate() float64
}

// An acting transform does something with every piece.
type acting interface {
	Transform
	place() place
	on32(p Plan) []link[float32]
	on64(p Plan) []link[float64]
}

// A place is where in a chain a transform stands.
type place int

const (
	before place = iota // the step: it changes the gradient, or shrinks the parameters
	step
	after
)

// A link is an acting transform at work.
type link[F num.Float] interface {
	// begin makes ready for a step.
	begin(m moment)
	// apply works on the piece that starts at lo.
	apply(lo int, p, g []F)
	// tensors adds to what the link remembers, by name.
	tensors(to map[string][]F)
}

// A moment is what a step knows before it is taken.
type moment struct {
	step int     // counted from 0
	rate float64 // the learning rate
	norm float64 // of the gradient of all parameters
}

// forgetful links remember nothing.
type forgetful[F num.Float] struct{}

func (forgetful[F]) tensors(map[string][]F) {}

// A Plan says what a chain is to work on.
type Plan struct {
	Size   int     // how many parameters there are
	Decays []Range // those that decay, ascending: weights do; biases, gains and embeddings do not
	Steps  int     // how many steps there will be; schedules go by it
}

// A Range is the parameters from Lo up to, not including, Hi.
type Range struct{ Lo, Hi int }

// check says what is wrong with the plan for a chain.
func (p Plan) check(schedules []Schedule) error {
	last := 0
	for _, r := range p.Decays {
		if r.Lo < last || r.Hi < r.Lo || r.Hi > p.Size {
			return fmt.Errorf("the parameters that decay: %d to %d after %d, of %d; ranges ascend and do not overlap", r.Lo, r.Hi, last, p.Size)
		}
		last = r.Hi
	}
	if len(schedules) > 0 && p.Steps < 1 {
		return fmt.Errorf("%s goes by the number of steps, which is %d", nameOf(schedules[0]), p.Steps)
	}
	return nil
}

// Check says what is wrong with a chain.
func (c Chain) Check() error {
	if len(c) == 0 {
		return nil
	}
	seen, moving := map[reflect.Type]bool{}, ""
	last, lastName := before, ""
	for i, t := range c {
		if t == nil {
			return fmt.Errorf("transform %d of the chain is nil", i+1)
		}
		if err := t.Check(); err != nil {
			return err
		}
		name, kind := nameOf(t), reflect.TypeOf(t)
		if seen[kind] {
			return fmt.Errorf("%s stands twice in a chain", name)
		}
		seen[kind] = true
		a, acts := t.(acting)
		if !acts {
			continue
		}
		if a.place() < last {
			return fmt.Errorf("%s stands after %s; it comes before", name, lastName)
		}
		if last, lastName = a.place(), name; last == step {
			if moving != "" {
				return fmt.Errorf("%s and %s both move the parameters; a chain has one that does", moving, name)
			}
			moving = name
		}
	}
	if moving == "" {
		return errors.New("nothing in the chain moves the parameters; add one of sgd, momentum, adam, adamw")
	}
	return nil
}

// nameOf is the name of a transform in the table.
func nameOf(t Transform) string {
	if name := All.NameOf(t); name != "" {
		return name
	}
	return fmt.Sprintf("%T", t)
}

// A State is a chain at work on one slice of parameters, with all it remembers.
type State[F num.Float] struct {
	links     []link[F]
	schedules []Schedule
	plan      Plan
	base      float64 // learning rate before the schedules
	norm      bool
	average   *ema[F]
}

// New starts a chain. The parameters are as many as the plan says.
func New[F num.Float](c Chain, p Plan) (*State[F], error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	if len(c) == 0 {
		c = Chain{&AdamW{}}
	}
	s := &State[F]{plan: p}
	for _, t := range c {
		if schedule, ok := t.(Schedule); ok {
			s.schedules = append(s.schedules, schedule)
		}
		if m, ok := t.(mover); ok {
			s.base = m.rate()
		}
	}
	if err := p.check(s.schedules); err != nil {
		return nil, err
	}
	for _, t := range c {
		if a, ok := t.(acting); ok {
			s.links = append(s.links, linksOf[F](a, p)...)
		}
	}
	for _, l := range s.links {
		switch l := l.(type) {
		case *clip[F]:
			s.norm = true
		case *ema[F]:
			s.average = l
		}
	}
	return s, nil
}

// linksOf are the links of a transform for numbers of type F.
func linksOf[F num.Float](t acting, p Plan) []link[F] {
	var zero F
	if _, ok := any(zero).(float32); ok {
		return any(t.on32(p)).([]link[F])
	}
	return any(t.on64(p)).([]link[F])
}

// NeedsNorm tells whether Begin must be given the norm of the gradient.
func (s *State[F]) NeedsNorm() bool { return s.norm }

// Rate is the learning rate of a step, counted from 0.
func (s *State[F]) Rate(step int) float64 {
	rate := s.base
	for _, schedule := range s.schedules {
		rate *= schedule.Factor(min(step, s.plan.Steps), s.plan.Steps)
	}
	return rate
}

// Begin makes ready for a step, counted from 0. norm is the Euclidean norm of
// the whole gradient, where NeedsNorm asks for it; one that is not finite makes
// the parameters NaN.
func (s *State[F]) Begin(step int, norm float64) {
	m := moment{step: step, rate: s.Rate(step), norm: norm}
	for _, l := range s.links {
		l.begin(m)
	}
}

// Apply takes the step on the parameters p[lo:hi], of which g is the gradient,
// hi − lo numbers that it may overwrite. Pieces that do not overlap may be
// worked on at the same time; between two Begins every parameter is worked on
// once.
func (s *State[F]) Apply(lo, hi int, p, g []F) {
	if len(p) != s.plan.Size || len(g) != hi-lo {
		panic("optim: a piece of the wrong size")
	}
	for _, l := range s.links {
		l.apply(lo, p[lo:hi], g)
	}
}

// Tensors returns all that the chain remembers besides the number of the step,
// by name: not copies.
func (s *State[F]) Tensors() map[string][]F {
	all := map[string][]F{}
	for _, l := range s.links {
		l.tensors(all)
	}
	return all
}

// Restore copies in what Tensors returned; the next steps are the same to the
// last bit.
func (s *State[F]) Restore(tensors map[string][]F) error {
	all := s.Tensors()
	for name := range tensors {
		if all[name] == nil {
			return fmt.Errorf("optimizer state %q: the chain has none of that name", name)
		}
	}
	for name, own := range all {
		if saved, ok := tensors[name]; !ok || len(saved) != len(own) {
			return fmt.Errorf("optimizer state %q: %d numbers, but the chain has %d", name, len(saved), len(own))
		}
	}
	for name, own := range all {
		copy(own, tensors[name])
	}
	return nil
}

// Average returns the averaged parameters where the chain has an EMA, else nil;
// not a copy. Before the first step they are 0.
func (s *State[F]) Average() []F {
	if s.average == nil {
		return nil
	}
	return s.average.mean
}

// Swap exchanges the parameters and their average, as for an evaluation in
// place; a second Swap restores both. It does nothing where there is no EMA.
func (s *State[F]) Swap(p []F) {
	for i, v := range s.Average() {
		p[i], s.average.mean[i] = v, p[i]
	}
}

// All lists the transforms.
var All = catalog.Table[Transform]{
	{Name: "clip", Words: "no gradient longer than a given norm",
		Formula: "g ← g min(1, c/‖g‖)",
		Source:  "Pascanu, Mikolov, Bengio, On the difficulty of training recurrent neural networks, ICML 2013",
		New:     func() Transform { return &Clip{} }},
	{Name: "decay", Words: "weights shrink by a share of themselves in every step",
		Formula: "p ← (1 − ηλ) p",
		Source:  "Loshchilov, Hutter, Decoupled weight decay regularization, ICLR 2019",
		New:     func() Transform { return &Decay{} }},
	{Name: "sgd", Words: "down the gradient",
		Formula: "p ← p − ηg",
		Source:  "Robbins, Monro, A stochastic approximation method, Annals of Mathematical Statistics 22, 1951",
		New:     func() Transform { return &SGD{} }},
	{Name: "momentum", Words: "down the sum of past gradients, the older the less",
		Formula: "v ← βv + g, p ← p − ηv",
		Source:  "Polyak, Some methods of speeding up the convergence of iteration methods, USSR Computational Mathematics and Mathematical Physics 4, 1964",
		New:     func() Transform { return &Momentum{} }},
	{Name: "adam", Words: "a step of its own size for every parameter",
		Formula: "p ← p − η m̂/(√v̂ + ε)",
		Source:  "Kingma, Ba, Adam: a method for stochastic optimization, ICLR 2015",
		New:     func() Transform { return &Adam{} }},
	{Name: "adamw", Words: "Adam, and weights that decay beside it",
		Formula: "p ← (1 − ηλ) p − η m̂/(√v̂ + ε)",
		Source:  "Loshchilov, Hutter, Decoupled weight decay regularization, ICLR 2019",
		New:     func() Transform { return &AdamW{} }},
	{Name: "constant", Words: "one learning rate, after a warm-up if wanted",
		Formula: "1",
		Source:  "Goyal, Dollár, Girshick, Noordhuis, Wesolowski, Kyrola, Tulloch, Jia, He, Accurate, large minibatch SGD: training ImageNet in 1 hour, arXiv 1706.02677, 2017",
		New:     func() Transform { return &Constant{} }},
	{Name: "cosine", Words: "a learning rate that falls along a cosine, after a warm-up if wanted",
		Formula: "f + ½(1 − f)(1 + cos πt)",
		Source:  "Loshchilov, Hutter, SGDR: stochastic gradient descent with warm restarts, ICLR 2017",
		New:     func() Transform { return &Cosine{} }},
	{Name: "step", Words: "a learning rate that falls at given times, after a warm-up if wanted",
		Formula: "f^(times passed)",
		Source:  "He, Zhang, Ren, Sun, Deep residual learning for image recognition, CVPR 2016",
		New:     func() Transform { return &Step{} }},
	{Name: "one-cycle", Words: "a learning rate that rises, falls again, and dies away",
		Formula: "s → 1 → s → f, in straight lines",
		Source:  "Smith, Topin, Super-convergence: very fast training of neural networks using large learning rates, arXiv 1708.07120, 2018",
		New:     func() Transform { return &OneCycle{} }},
	{Name: "ema", Words: "an average of the parameters over the last steps",
		Formula: "a ← a + (1 − β)/(1 − β^t) (p − a)",
		Source:  "Polyak, Juditsky, Acceleration of stochastic approximation by averaging, SIAM Journal on Control and Optimization 30, 1992",
		New:     func() Transform { return &EMA{} }},
}
