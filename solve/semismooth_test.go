package solve

import (
	"testing"

	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/penalty"
)

// From where a descent has settled what is 0, and the rank, Newton's method
// reaches the optimum but for rounding: N = 0.
func TestNormalMap(t *testing.T) {
	for _, pen := range []penalty.Penalty{
		penalty.Lasso{}, &penalty.ElasticNet{}, penalty.L21{}, &penalty.L21Ridge{}, penalty.LInf1{}, penalty.Trace{}, &penalty.MTRL{},
		&penalty.Clustered{}, &penalty.Clustered{Mean: 0.5}, &penalty.CASO{}, &penalty.SparseGraph{}, &penalty.Robust{}, &penalty.RMTFL{},
	} {
		p := real(t, "school", loss.Squared{}).regularized(pen, 0.1)
		f, land := newForm(p), newQuadratic(p)
		near := solveTo(t, &FISTA{}, p, 1e-7, 20000)
		m := newNormalMap(f, land)
		if m == nil {
			t.Errorf("%T: no derivative", pen)
			continue
		}
		m.begin(f.start(near.Point), 0.5/f.over(land).bend())
		first, steps := m.norm, 0
		for m.step() {
			steps++
		}
		if size := steepness(p); m.norm > 1e-8*size {
			t.Errorf("%T: ‖N‖ from %.1e to %.1e of ‖∇f(0)‖ in %d steps", pen, first/size, m.norm/size, steps)
		}
	}
}
