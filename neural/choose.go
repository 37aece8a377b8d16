package neural

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/kindred-mtl/kindred/arch"
)

// choose trains networks of the sizes worth trying, of which the worse ones are
// given up on the way, and returns the trainer of the best. When ctx ends, that
// is the best so far.
//
// Successive halving: Karnin, Koren, Somekh, Almost optimal exploration in
// multi-armed bandits, ICML 2013.
func (m *Method) choose(ctx context.Context, d *data) (*trainer, error) {
	running, err := m.begin(d)
	if err != nil {
		return nil, err
	}
	k, err := m.newKeeper(d)
	if err != nil {
		return nil, err
	}
	if running, err = k.resume(running); err != nil {
		return nil, err
	}
	return k.halve(ctx, running)
}

// halve trains networks for ever more epochs, and gives up the worst one each
// time, until one is left.
func (k *keeper) halve(ctx context.Context, running []*trainer) (*trainer, error) {
	for epochs := running[0].plan.epochs; ; running = dropWorst(running) {
		until := epochs
		if n := len(running); n > 1 {
			until = max(1, epochs>>n)
		}
		for _, t := range running {
			err := k.advance(ctx, t, running, until)
			if errors.Is(err, errDiverged) && len(running) > 1 {
				continue // and is left out
			}
			if err != nil {
				return interrupted(ctx, running, err)
			}
		}
		switch {
		case ctx.Err() != nil:
			return interrupted(ctx, running, ctx.Err())
		case len(running) == 1:
			return running[0], k.save(running, true)
		}
	}
}

// begin makes a trainer for each size.
func (m *Method) begin(d *data) ([]*trainer, error) {
	var running []*trainer
	for _, hidden := range m.sizes() {
		a, name := m.arch(), ""
		if hidden != nil {
			a, name = arch.WithHidden(a, hidden), sizeName(hidden)
		}
		t, err := m.newTrainer(d, a, name)
		if err != nil {
			return nil, err
		}
		running = append(running, t)
	}
	return running, nil
}

// advance trains one network until an epoch, and writes the checkpoint after
// each that is not broken off.
func (k *keeper) advance(ctx context.Context, t *trainer, running []*trainer, until int) error {
	for t.epoch < until && t.status == "" {
		epoch := t.epoch
		if _, err := t.train(ctx, epoch+1); err != nil {
			return err
		}
		if t.epoch == epoch {
			return nil
		}
		if err := k.save(running, ctx.Err() != nil); err != nil {
			return err
		}
	}
	return nil
}

// interrupted is the best network so far where ctx has ended and there is one,
// else err.
func interrupted(ctx context.Context, running []*trainer, err error) (*trainer, error) {
	t := leader(running)
	if ctx.Err() == nil || t == nil {
		return nil, err
	}
	if t.status == "" || len(running) > 1 {
		t.status = fmt.Sprintf("interrupted in epoch %d of %d; the best one so far is kept", t.epoch+1, t.plan.epochs)
	}
	return t, nil
}

// leader is the network with the best epoch, nil where none has one yet.
func leader(running []*trainer) *trainer {
	var best *trainer
	for _, t := range running {
		if t.best.Params != nil && (best == nil || t.best.Mean < best.best.Mean) {
			best = t
		}
	}
	return best
}

// dropWorst leaves out the network whose best epoch is the worst, or that has
// none.
func dropWorst(running []*trainer) []*trainer {
	worst := 0
	for i, t := range running {
		if t.best.Params == nil || running[worst].best.Params != nil && t.best.Mean > running[worst].best.Mean {
			worst = i
		}
	}
	return append(append([]*trainer{}, running[:worst]...), running[worst+1:]...)
}

// sizes are the hidden layers to try; nil: those of the architecture.
func (m *Method) sizes() [][]int {
	if m.arch().Common().Hidden != nil {
		return [][]int{nil}
	}
	n := m.Training.Sizes
	if n == 0 {
		n = len(sizes)
	}
	return sizes[:n]
}

// sizeName is 128-64.
func sizeName(units []int) string {
	words := make([]string, len(units))
	for i, u := range units {
		words[i] = fmt.Sprint(u)
	}
	return strings.Join(words, "-")
}
