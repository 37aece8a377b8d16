package solve

import (
	"context"
	"math"
	"testing"

	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
)

// An exact fit of shared weights from the rows in memory.
func BenchmarkSharedSchool(b *testing.B) {
	p := real(b, "school", loss.Squared{}).regularized(&penalty.Shared{Mu: 0.1}, 100)
	for b.Loop() {
		p.moments = nil
		solveTo(b, &Newton{}, p, 1e-10, 100)
	}
}

func BenchmarkSharedSVMLandmine(b *testing.B) {
	p := real(b, "landmine", loss.Hinge{}).regularized(&penalty.Shared{Mu: 0.1}, 1)
	for b.Loop() {
		solveTo(b, &Interior{}, p, 1e-8, 100)
	}
}

func BenchmarkSharedLogisticLandmine(b *testing.B) {
	p := real(b, "landmine", loss.Logistic{}).regularized(&penalty.Shared{Mu: 0.1}, 1)
	for b.Loop() {
		solveTo(b, &Newton{}, p, 1e-8, 100)
	}
}

// What a search of shared weights solves on one fold.
func BenchmarkPath(b *testing.B) {
	for _, c := range []struct {
		name   string
		solver Solver
		loss   loss.Loss
	}{{"SVM", &Interior{}, loss.Hinge{}}, {"Logistic", &Newton{}, loss.Logistic{}}} {
		b.Run(c.name+"/Few", func(b *testing.B) {
			path(b, c.solver, shape{tasks: 2, rows: 32, features: 20}.random(1, c.loss, 2))
		})
		b.Run(c.name+"/Landmine", func(b *testing.B) { path(b, c.solver, real(b, "landmine", c.loss)) })
	}
}

// path solves for six couplings and twelve strengths each, from where the one
// before ended.
func path(b *testing.B, s Solver, p *Problem) {
	b.Helper()
	square := 0.0
	for t := range p.Tasks {
		x := p.Tasks[t].X
		for i := range x.Rows {
			_, v := x.Row(i)
			square += num.Dot(v, v)
		}
	}
	for b.Loop() {
		var start *Point
		for _, pen := range (&penalty.Shared{}).Variants() {
			for i := range 12 {
				strength := 3 * square / float64(len(p.Tasks)) * math.Pow(3e-6, float64(i+1)/12)
				p.Penalty = pen.On(p.Layout, strength)
				r, err := Run(context.Background(), s, p, start, 1e-4, 1000)
				if err != nil {
					b.Fatal(err)
				}
				start = r.Point
			}
		}
	}
}
