//go:build unix

package neural

import (
	"context"
	"fmt"
	"syscall"
	"testing"

	"github.com/kindred-mtl/kindred/arch"
	"github.com/kindred-mtl/kindred/optim"
	"github.com/kindred-mtl/kindred/weigh"
)

// bench measures these together with other systems: it runs them by name, and
// reads ns/op, or cpu-ns/op where one thread is used.

// loop measures f in processor time too.
func loop(b *testing.B, f func()) {
	b.ReportAllocs()
	begin := processor(b)
	for b.Loop() {
		f()
	}
	b.ReportMetric((processor(b)-begin)/float64(b.N), "cpu-ns/op")
}

// processor is the time this process had of processors, in nanoseconds.
func processor(b *testing.B) float64 {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	return float64(r.Utime.Nano() + r.Stime.Nano())
}

var benchTrunk = arch.Layers{Hidden: []int{256, 128}}

// stepper is a training by Adam, its batch in memory.
func stepper(b testing.TB, m Method, features, tasks, batch int) *trainer {
	m.Optimizer = optim.Chain{&optim.Adam{}}
	m.Training.Batch, m.Training.Epochs = batch, 1000
	d, err := m.data(context.Background(), made(2*batch, features, tasks))
	if err != nil {
		b.Fatal(err)
	}
	t, err := m.newTrainer(d, m.arch(), "")
	if err != nil {
		b.Fatal(err)
	}
	t.decks.begin(0)
	t.decks.fill(t.batch, 0)
	oneStep(b, t)
	return t
}

func oneStep(b testing.TB, t *trainer) {
	if err := t.takeStep(); err != nil {
		b.Fatal(err)
	}
}

// A step allocates nothing.
func TestStepAllocates(t *testing.T) {
	for _, a := range []arch.Architecture{&arch.Shared{Layers: benchTrunk}, &arch.MMoE{Layers: benchTrunk}} {
		at := stepper(t, Method{Arch: a}, 8, 3, 200)
		if n := testing.AllocsPerRun(5, func() { oneStep(t, at) }); n != 0 {
			t.Errorf("%T: %v allocations a step", a, n)
		}
	}
}

// benchSizes are inputs, tasks and rows.
var benchSizes = [][3]int{{64, 10, 256}, {64, 10, 1024}, {64, 50, 256}, {300, 10, 1024}}

// BenchmarkStep is one step of training.
func BenchmarkStep(b *testing.B) {
	for _, c := range []struct {
		name string
		m    Method
	}{
		{"shared", Method{Arch: &arch.Shared{Layers: benchTrunk}}},
		{"mmoe", Method{Arch: &arch.MMoE{Layers: benchTrunk}}},
		{"pcgrad", Method{Arch: &arch.Shared{Layers: benchTrunk}, Weighting: &weigh.PCGrad{}}},
	} {
		for _, s := range benchSizes {
			b.Run(fmt.Sprintf("%s/%d/%d/%d", c.name, s[0], s[1], s[2]), func(b *testing.B) {
				t := stepper(b, c.m, s[0], s[1], s[2])
				loop(b, func() { oneStep(b, t) })
			})
		}
	}
}

// BenchmarkGram is the gradients of all tasks by the shared parameters, and
// their products.
func BenchmarkGram(b *testing.B) {
	for _, s := range benchSizes {
		b.Run(fmt.Sprintf("shared/%d/%d/%d", s[0], s[1], s[2]), func(b *testing.B) {
			t := stepper(b, Method{Arch: &arch.Shared{Layers: benchTrunk}, Weighting: &weigh.PCGrad{}}, s[0], s[1], s[2])
			loop(b, func() {
				t.forward(true)
				t.measureGram()
			})
		})
	}
}

// BenchmarkPredict is the outputs of rows that are prepared.
func BenchmarkPredict(b *testing.B) {
	m := Method{Arch: &arch.Shared{Layers: benchTrunk}, Training: Training{Epochs: 1}}
	model, err := m.Fit(context.Background(), made(1024, 64, 10))
	if err != nil {
		b.Fatal(err)
	}
	for _, rows := range []int{1, 32, 1024} {
		b.Run(fmt.Sprintf("shared/64/10/%d", rows), func(b *testing.B) {
			p, err := model.(*Model).Predictor(rows, nil)
			if err != nil {
				b.Fatal(err)
			}
			x := p.Inputs(rows)
			for i := range x {
				x[i] = float32(i % 7)
			}
			loop(b, p.Predict)
		})
	}
}
