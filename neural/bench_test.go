package neural

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/arch"
	"github.com/kindred-mtl/kindred/weigh"
)

// made is a set of regressions that share rows.
func made(rows, features, tasks int) *kindred.Set {
	random := rand.New(rand.NewPCG(1, 2))
	table := &kindred.Table{}
	for j := range features {
		c := kindred.Column{Name: fmt.Sprint("x", j), Number: make([]float64, rows)}
		for i := range c.Number {
			c.Number[i] = random.NormFloat64()
		}
		table.Columns = append(table.Columns, c)
	}
	s := &kindred.Set{}
	all := make([]int, rows)
	for i := range all {
		all[i] = i
	}
	for t := range tasks {
		y := make([]float64, rows)
		for i := range y {
			y[i] = table.Columns[t%features].Number[i]*table.Columns[(t+1)%features].Number[i] + random.NormFloat64()
		}
		s.Tasks = append(s.Tasks, kindred.Task{Name: fmt.Sprint("t", t), Table: table, Rows: all, Label: kindred.Labels{Target: fmt.Sprint("y", t), Columns: [][]float64{y}}})
	}
	return s
}

// stepper is a training about to take steps.
func stepper(b *testing.B, m Method, features, tasks, batch int) *trainer {
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
	if err := t.takeStep(); err != nil {
		b.Fatal(err)
	}
	return t
}

func BenchmarkStep(b *testing.B) {
	trunk := arch.Layers{Hidden: []int{256, 128}}
	for _, c := range []struct {
		name            string
		m               Method
		features, tasks int
		batch           int
	}{
		{"shared 64/10/256", Method{Arch: &arch.Shared{Layers: trunk}}, 64, 10, 256},
		{"shared 64/10/1024", Method{Arch: &arch.Shared{Layers: trunk}}, 64, 10, 1024},
		{"shared 64/50/256", Method{Arch: &arch.Shared{Layers: trunk}}, 64, 50, 256},
		{"shared 300/10/1024", Method{Arch: &arch.Shared{Layers: trunk}}, 300, 10, 1024},
		{"mmoe 64/10/256", Method{Arch: &arch.MMoE{Layers: trunk}}, 64, 10, 256},
		{"mmoe 64/10/1024", Method{Arch: &arch.MMoE{Layers: trunk}}, 64, 10, 1024},
		{"pcgrad 64/10/256", Method{Arch: &arch.Shared{Layers: trunk}, Weighting: &weigh.PCGrad{}}, 64, 10, 256},
		{"pcgrad 64/50/256", Method{Arch: &arch.Shared{Layers: trunk}, Weighting: &weigh.PCGrad{}}, 64, 50, 256},
	} {
		b.Run(c.name, func(b *testing.B) {
			t := stepper(b, c.m, c.features, c.tasks, c.batch)
			b.ReportAllocs()
			for b.Loop() {
				if err := t.takeStep(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkPredict(b *testing.B) {
	m := Method{Arch: &arch.Shared{Layers: arch.Layers{Hidden: []int{256, 128}}}, Training: Training{Epochs: 1}}
	model, err := m.Fit(context.Background(), made(1024, 64, 10))
	if err != nil {
		b.Fatal(err)
	}
	for _, rows := range []int{1, 32, 1024} {
		b.Run(fmt.Sprint("64/10/", rows), func(b *testing.B) {
			p, err := model.(*Model).Predictor(rows, nil)
			if err != nil {
				b.Fatal(err)
			}
			x := p.Inputs(rows)
			for i := range x {
				x[i] = float32(i % 7)
			}
			b.ReportAllocs()
			for b.Loop() {
				p.Predict()
			}
		})
	}
}
