package neural

import (
	"fmt"
	"math"
	"testing"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/arch"
)

// signed are tasks of 2 sin(2 x_0) + x_1, times a sign for each, on rows that
// they share or of their own.
func signed(rows int, shared bool, signs ...float64) *kindred.Set {
	s, table := &kindred.Set{}, numbers(rows, 2, 7)
	for i, sign := range signs {
		if !shared {
			table = numbers(rows, 2, uint64(8+i))
		}
		s.Tasks = append(s.Tasks, task(fmt.Sprint("t", i), kindred.Regression, table, 0, nil, func(x []float64) float64 {
			return sign * (2*math.Sin(2*x[0]) + x[1])
		}))
		s.Tasks[i].Label.Target = "y"
	}
	return s
}

// What tasks of one function learn is common, and nothing of opposed ones,
// whatever is shared of the network, on rows they share or not.
func TestSharesOfFunctions(t *testing.T) {
	for _, a := range []arch.Architecture{&arch.Shared{Layers: small}, &arch.Conditioned{Layers: small}, &arch.MMoE{Layers: small}} {
		for _, shared := range []bool{true, false} {
			m := Method{Arch: a, Training: Training{Epochs: 30, Batch: 32}}
			for _, c := range []struct {
				signs  []float64
				lo, hi float64
			}{{[]float64{1, 1}, 0.9, 1}, {[]float64{1, -1}, 0, 0.1}} {
				r := fit(t, m, signed(200, shared, c.signs...)).Report()
				if len(r.Shares) != 2 {
					t.Fatalf("%T: shares %v", a, r.Shares)
				}
				for _, s := range r.Shares {
					if !(s.Share >= c.lo && s.Share <= c.hi) {
						t.Errorf("%T, shared rows %v, signs %v: share %.3f", a, shared, c.signs, s.Share)
					}
				}
			}
		}
	}
}

// Every kind of task has a share, with each loss; a single task has none.
func TestSharesOfEveryKind(t *testing.T) {
	s := mixed(80)
	for _, loss := range losses {
		m := Method{Arch: &arch.Shared{Layers: small}, Training: Training{Epochs: 2, Batch: 32, Loss: loss}}
		shares := fit(t, m, s).Report().Shares
		if len(shares) != 4 {
			t.Fatalf("%s: shares %v", loss, shares)
		}
		for i, x := range shares {
			if x.Task != s.Tasks[i].Name || !(x.Share >= 0 && x.Share <= 1) {
				t.Errorf("%s: %+v", loss, x)
			}
		}
		if shares[2].Share != 0 {
			t.Errorf("%s: share %v of a task whose classes no other has", loss, shares[2].Share)
		}
		if one := fit(t, m, s.Only(0)).Report().Shares; one != nil {
			t.Errorf("%s: shares %v of one task", loss, one)
		}
	}
}
