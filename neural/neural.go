// Package neural learns networks whose tasks share layers:
//
//	architecture × heads × losses × weighting × optimizer
//
// on mini-batches of float32, with the gradients of all tasks in one pass. Rows
// held out say when to stop; the model returned is the best one they saw, and
// of each task the head that is best on top of it.
//
// Two runs with one seed are identical, whatever the number of workers.
package neural

import (
	"context"
	"fmt"
	"math"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/arch"
	"github.com/kindred-mtl/kindred/catalog"
	"github.com/kindred-mtl/kindred/optim"
	"github.com/kindred-mtl/kindred/prep"
	"github.com/kindred-mtl/kindred/weigh"
)

// A Method is a network and how it is trained. Its zero value is hard sharing
// with equal weights.
type Method struct {
	Arch      arch.Architecture // nil: &arch.Shared{}
	Weighting weigh.Weighting   // nil: weigh.Equal
	Optimizer optim.Chain       // nil: AdamW, its rate warmed up and then lowered along a cosine, and the average of the last parameters
	Training  Training
	Prep      prep.Options // of the inputs
	Seed      uint64

	// Progress, where it is not nil, is told of every epoch.
	Progress func(Progress) `json:"-"`
	// Checkpoint names a file that the training is written to after an epoch,
	// every few seconds at most, and goes on from if it is there already: the
	// model comes out as if nothing had happened. The file is a model too, the
	// best so far. "": none.
	Checkpoint string `json:"-"`
	// CheckpointMeta is the metadata of that file, as modelfile.Save takes them.
	CheckpointMeta map[string]string `json:"-"`
}

// Training are the options of the training loop.
type Training struct {
	// Epochs is how often all rows are seen at most; 0: as many as make 3,000
	// steps, from 10 to 200.
	Epochs int `json:"epochs,omitempty" words:"passes over the rows at most; else as many as make 3000 steps, 10 to 200"`
	// Batch is the rows of a step; 0: a 64th of all rows, from 32 to 1024, a
	// power of 2.
	Batch int `json:"batch,omitempty" words:"rows of a step; else a 64th of all, from 32 to 1024"`
	// Rate is the learning rate; 0: 0.003. It is not for an Optimizer given.
	Rate float64 `json:"rate,omitempty" words:"learning rate of AdamW; else 0.003"`
	// Decay is AdamW's decoupled weight decay; 0: 1, which shrinks weights that
	// no label holds to a twentieth over a training of 3,000 steps.
	Decay float64 `json:"decay,omitempty" words:"weight decay of AdamW; else 1"`
	// Patience is how many epochs may pass without a better one; 0: a fifth of
	// all, 5 at least.
	Patience int `json:"patience,omitempty" words:"epochs that may pass without a better one; else a fifth of all, 5 at least"`
	// Held is the share of rows held out to stop by; 0: 0.15.
	Held float64 `json:"held,omitempty" words:"share of rows held out to stop by; else 0.15"`
	// Sampling is how rows of tasks that share none come into a batch; "" and
	// "proportional": every row once an epoch; "temperature": tasks in
	// proportion to √rows; "uniform": all tasks alike; "round-robin": a batch of
	// one task after the other.
	Sampling string `json:"sampling,omitempty" words:"how tasks that share no rows take turns: proportional, temperature, uniform or round-robin; else proportional"`
	// Loss is that of regression: "" and "squared", "huber", "gaussian" (with
	// a variance of each row) or "quantiles" (of .1, .5 and .9).
	Loss string `json:"loss,omitempty" words:"of regression: squared, huber, gaussian or quantiles; else squared"`
	// Sizes is how many sizes of hidden layers are tried where none is given;
	// 0: 3.
	Sizes int `json:"sizes,omitempty" words:"sizes tried where hidden is not given, 1 to 3; else 3"`
}

var samplings = []string{"proportional", "temperature", "uniform", "round-robin"}

// Check says what is wrong with the options.
func (t *Training) Check() error {
	switch {
	case t.Epochs < 0 || t.Batch < 0 || t.Patience < 0:
		return fmt.Errorf("epochs is %d, batch %d and patience %d; none is below 0", t.Epochs, t.Batch, t.Patience)
	case t.Batch > maxBatch:
		return fmt.Errorf("batch is %d; it is at most %d", t.Batch, maxBatch)
	case !(t.Rate >= 0 && t.Decay >= 0) || math.IsInf(t.Rate+t.Decay, 0):
		return fmt.Errorf("rate is %v and decay %v; neither is below 0", t.Rate, t.Decay)
	case !(t.Held >= 0 && t.Held < 1):
		return fmt.Errorf("held is %v; it is from 0 up to, and not, 1", t.Held)
	case t.Sizes < 0 || t.Sizes > len(sizes):
		return fmt.Errorf("sizes is %d; it is from 1 to %d", t.Sizes, len(sizes))
	}
	if err := oneOf("sampling", t.Sampling, samplings); err != nil {
		return err
	}
	return oneOf("loss", t.Loss, losses)
}

const maxBatch = 1 << 16

// oneOf says whether a word is one of the choices, or none.
func oneOf(what, word string, choices []string) error {
	if word == "" {
		return nil
	}
	for _, c := range choices {
		if c == word {
			return nil
		}
	}
	return catalog.Unknown(what, word, choices)
}

// sizes are the hidden layers tried where none are given.
var sizes = [][]int{{128, 64}, {64, 32}, {256, 128}}

// Progress is where training stands after an epoch.
type Progress struct {
	Epoch, Epochs int
	Network       string    // the hidden layers, where several are tried
	Train, Held   []float64 // of each task, the mean loss; NaN where it has no row
	Best          bool      // it is the best epoch so far
}

// Check says what is wrong with the options.
func (m *Method) Check() error {
	if err := m.arch().Check(); err != nil {
		return err
	}
	if err := m.weighting().Check(); err != nil {
		return err
	}
	if err := m.Optimizer.Check(); err != nil {
		return err
	}
	if len(m.Optimizer) > 0 && (m.Training.Rate > 0 || m.Training.Decay > 0) {
		return fmt.Errorf("an optimizer is given, and rate or decay beside it; they are options of the default one")
	}
	return m.Training.Check()
}

func (m *Method) arch() arch.Architecture {
	if m.Arch == nil {
		return &arch.Shared{}
	}
	return m.Arch
}

func (m *Method) weighting() weigh.Weighting {
	if m.Weighting == nil {
		return weigh.Equal{}
	}
	return m.Weighting
}

// Fit trains the network. When ctx ends while a network stands already, it
// returns that, the best so far, and says so in its report; before, ctx's error.
func (m Method) Fit(ctx context.Context, s *kindred.Set) (kindred.Model, error) {
	if err := m.Check(); err != nil {
		return nil, err
	}
	if err := s.Check(); err != nil {
		return nil, err
	}
	if err := checkTasks(len(s.Tasks)); err != nil {
		return nil, err
	}
	d, err := m.data(ctx, s)
	if err != nil {
		return nil, err
	}
	t, err := m.choose(ctx, d)
	if err != nil {
		return nil, err
	}
	model := t.model()
	model.tellShares(&d.inputs, d.train)
	return model, nil
}
