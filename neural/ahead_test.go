package neural

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/arch"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/weigh"
)

// looks weighs equally and keeps what it was shown.
type looks struct {
	weigh.Rule
	rate        float64
	products    bool // are wanted too
	gram, ahead *num.Dense
	losses      []float64
}

func (l *looks) NeedsGram(int) bool    { return l.products }
func (l *looks) AheadRate(int) float64 { return l.rate }

func (l *looks) Weights(step weigh.Step, dst []float64) error {
	l.gram, l.ahead, l.losses = step.Gram, step.Ahead, slices.Clone(step.Losses)
	return l.Rule.Weights(step, dst)
}

// The losses after a step of one task are those of parameters moved by hand;
// less those before, over a rate near 0, they are the products of the gradients;
// and the step that is taken in the end is the one without looking.
func TestAhead(t *testing.T) {
	for _, s := range []*kindred.Set{mixed(200), alikeTasks(200), everyKind(90, true)} {
		for _, a := range []arch.Architecture{
			&arch.Shared{Layers: arch.Layers{Hidden: arch.Units{12}, Dropout: 0.2, Norm: "batch"}},
			&arch.Shared{Layers: small, Tower: arch.Units{4}},
			&arch.Conditioned{Layers: small}, &arch.Hierarchy{Layers: arch.Layers{Hidden: arch.Units{6, 5}}},
		} {
			name := fmt.Sprintf("%T of %d tasks", a, len(s.Tasks))
			m := Method{Arch: a, Optimizer: plainSteps, Training: Training{Batch: 150}, Seed: 4}
			first := func(rate float64) (*trainer, *looks) {
				tr := begun(t, m, s)
				rule := &looks{Rule: tr.rule, rate: rate}
				tr.rule = rule
				tr.decks.begin(0)
				tr.decks.fill(tr.batch, 0)
				return tr, rule
			}
			const rate = 1e-2
			plain, _ := first(0)
			want := gradient(t, plain)
			tr, rule := first(rate)
			if got := gradient(t, tr); !slices.Equal(got, want) {
				t.Errorf("%s: looking ahead changes the step", name)
			}
			near, small := first(1e-3)
			small.products = true
			gradient(t, near)
			byHand, _ := first(0)
			for i := range s.Tasks {
				moved := movedLosses(byHand, i, rate)
				for j := range s.Tasks {
					if got := rule.ahead.At(i, j); math.Abs(got-moved[j]) > 1e-6*(1+moved[j]) {
						t.Errorf("%s: after a step of task %d task %d has the loss %v, want %v", name, i, j, got, moved[j])
					}
					if shared, ok := a.(*arch.Shared); ok && shared.Norm != "" && !near.d.wide {
						continue // the products take what is measured over rows of other tasks for constant
					}
					own := near.batch.weight[i] / near.batch.seen[i] // what the products are divided by
					other := near.batch.weight[j] / near.batch.seen[j]
					slope, product := (small.losses[j]-small.ahead.At(i, j))/small.rate, small.gram.At(i, j)*own*other
					if size := math.Sqrt(small.gram.At(i, i)*small.gram.At(j, j)) * own * other; math.Abs(slope-product) > 0.02*size+1e-3 {
						t.Errorf("%s: tasks %d and %d: slope %v, product %v of lengths %v", name, i, j, slope, product, size)
					}
				}
			}
		}
	}
}

// movedLosses are the losses after a step of a task by what no task owns.
func movedLosses(tr *trainer, task int, rate float64) []float64 {
	g, before := alone(tr, task), slices.Clone(tr.run.Params)
	for s := range tr.owned {
		for _, r := range tr.owned[s] {
			clear(g[r.Lo:r.Hi])
		}
	}
	for i, v := range g {
		tr.run.Params[i] -= float32(rate * v * tr.batch.weight[task] / tr.batch.seen[task])
	}
	tr.forward(true)
	losses := make([]float64, len(tr.alpha))
	for t := range losses {
		for shard := range tr.run.Shards() {
			losses[t] += tr.shards[shard].sums[t] / tr.batch.seen[t]
		}
	}
	copy(tr.run.Params, before)
	return losses
}
