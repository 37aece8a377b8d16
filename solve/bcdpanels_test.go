package solve

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
)

// manyColumns are five tasks on the same rows, with or without weights.
func manyColumns(seed uint64, n, d int, weighted bool) *Problem {
	s := shape{tasks: 5, rows: n, features: d, shared: true}
	p := s.random(seed, loss.Squared{}, 0)
	if !weighted {
		return p
	}
	rng, w := rand.New(rand.NewPCG(seed, 11)), make([]float64, n)
	for i := range w {
		w[i] = rng.Float64() * float64(i%3)
	}
	for t := range p.Tasks {
		p.Tasks[t].Weight = w
	}
	return p
}

// Panels and columns move the same residuals, from panel to panel.
func TestPanels(t *testing.T) {
	for _, weighted := range []bool{false, true} {
		for seed, d := range []int{10, 64, 65, 200} {
			what := fmt.Sprintf("%d features, weighted %v", d, weighted)
			p := manyColumns(uint64(seed), 30, d, weighted)
			f, rng := newRowFeatures(p), rand.New(rand.NewPCG(3, uint64(d)))
			var set []int
			for j := range d {
				if d == 64 || j%7 > 0 {
					set = append(set, j)
				}
			}
			k := p.Columns()
			w, g := num.NewDense(d, k), num.NewDense(d, k)
			for c := range k {
				w.Set(set[0], c, rng.NormFloat64())
			}
			f.use(set)
			f.refresh(g, w, make([]float64, k))
			panels, columns := newPanelBlocks(f), newResidualBlocks(f)
			panels.begin(1e300)
			for range 100 {
				a, by := rng.IntN(len(set)), make([]float64, k)
				near(t, what+": gradient", panels.gradient(a), columns.gradient(a), 1e-9)
				near(t, what+": diagonal", panels.diagonal(a), columns.diagonal(a), 1e-9)
				for c := range by {
					by[c] = rng.NormFloat64()
				}
				panels.move(a, by)
				columns.move(a, by)
			}
			near(t, what+": squares", []float64{panels.squares()}, []float64{columns.squares()}, 1e-9)
			got, want := make([]float64, len(set)*k), make([]float64, len(set)*k)
			panels.gradients(got)
			columns.gradients(want)
			near(t, what+": gradients", got, want, 1e-9)
		}
	}
}

// Where rows are few residuals are moved by panels, where they are many some of
// them say where to begin, and both end where FISTA does.
func TestManyColumns(t *testing.T) {
	for _, weighted := range []bool{false, true} {
		for _, size := range [][2]int{{60, 300}, {150, 90}, {3000, 300}} {
			for _, pen := range []penalty.Penalty{penalty.L21{}, &penalty.L21Ridge{}} {
				what := fmt.Sprintf("%v, weighted %v, %T", size, weighted, pen)
				p := manyColumns(5, size[0], size[1], weighted).regularized(pen, 0.05)
				f := newRowFeatures(p)
				if few := size[0] < 4*size[1]; few != (f.least() > firstSet) || !f.paneled() {
					t.Errorf("%s: at least %d features, panels %v", what, f.least(), f.paneled())
				}
				a, b := solveTo(t, &BCD{}, p, 1e-10, 1000), solveTo(t, &FISTA{}, p, 1e-10, 20000)
				if gap := slowGap(p, a.Point); a.Status != "converged" || gap > 1e-8 {
					t.Errorf("%s: %s after %d rounds, gap %g, by rows %g", what, a.Status, a.Step, a.Certificate.Value, gap)
				}
				near(t, what, []float64{a.Objective}, []float64{b.Objective}, 1e-8)
			}
		}
	}
}

// Some of the rows stand for all: the features in use are nearly those.
func TestSampledRows(t *testing.T) {
	p := wide(4000, 40, 5, 8).regularized(penalty.L21{}, 0.05)
	if got := stride(p); got != mostSkipped {
		t.Fatalf("every %d-th row is taken", got)
	}
	begin, all := (&BCD{}).nearby(t.Context(), p), solveTo(t, &BCD{}, p, 1e-8, 100)
	some, used := support(begin.W), support(all.Point.W)
	t.Logf("%d features in use, %d for some rows", len(used), len(some))
	if len(used) == 0 || len(used) == 40 || len(some) > 2*len(used) || 2*len(some) < len(used) {
		t.Errorf("features %v are in use, %v for some rows", used, some)
	}
}
