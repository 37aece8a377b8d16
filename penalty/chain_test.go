package penalty

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/kindred-mtl/kindred/num"
)

// chains are penalties that make chains, on layouts of several kinds.
func chains() map[string]*chain {
	one := func(k int) Layout { return Layout{Task: make([]int, k), Slot: make([]int, k)} }
	classes := Layout{Task: []int{0, 0, 0, 1, 1, 2, 2}, Slot: []int{0, 1, 2, 0, 2, 2, 0}}
	all := map[string]*chain{}
	for i, p := range []Penalty{&SparseGroup{L1Ratio: 0.1}, &SparseGroup{L1Ratio: 0.9}, &Fused{TVRatio: 0.1}, &Fused{L1Ratio: 0.1, TVRatio: 0.5}, &Fused{L1Ratio: 1, TVRatio: 0.9}} {
		for name, l := range map[string]Layout{"tasks": one(7), "classes": classes} {
			all[fmt.Sprintf("%d, %T, %s", i, p, name)] = p.On(l, 0.6).(*chain)
		}
	}
	return all
}

// rowsOf are random and degenerate rows.
func rowsOf(k int) [][]float64 {
	random := rand.New(rand.NewPCG(uint64(k), 4))
	var rows [][]float64
	for i := range 12 {
		row := make([]float64, k)
		for c := range row {
			switch row[c] = 2 * random.NormFloat64(); i {
			case 1:
				row[c] = 1
			case 2:
				row[c] = float64(c%3) - 1
			case 3:
				row[c] *= 0.1
			case 4:
				row[c] = float64(c)
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// slowProx finds the operator's dual, u = l1·s + l2·q + tv·Dᵀz with |s|, |z| ≤ 1
// and ‖q‖ ≤ 1 nearest to v, by projected gradients, one part after the other.
func slowProx(f *chain, v []float64, step float64) []float64 {
	type edge struct{ a, b int }
	var edges []edge
	for _, columns := range f.neighbours {
		for i := 1; i < len(columns); i++ {
			edges = append(edges, edge{columns[i-1], columns[i]})
		}
	}
	l1, l2, tv := step*f.l1.l1, step*float64(f.l2), step*f.tv
	x := append([]float64(nil), v...) // v − u
	s, q, z := make([]float64, len(v)), make([]float64, len(v)), make([]float64, len(edges))
	for range 3000 {
		for i := range x {
			next := math.Min(l1, math.Max(-l1, s[i]+x[i]))
			x[i] += s[i] - next
			s[i] = next
		}
		ball := append([]float64(nil), q...)
		num.Axpy(1, x, ball)
		shrink := math.Min(1, l2/math.Max(num.Norm(ball), 1e-300))
		for i := range x {
			x[i] += q[i] - shrink*ball[i]
			q[i] = shrink * ball[i]
		}
		for i, e := range edges {
			next := math.Min(tv, math.Max(-tv, z[i]+(x[e.b]-x[e.a])/2))
			x[e.b] += z[i] - next
			x[e.a] -= z[i] - next
			z[i] = next
		}
	}
	return x
}

func TestChainAgreesWithItsDual(t *testing.T) {
	for name, f := range chains() {
		for i, row := range rowsOf(7) {
			want, got := slowProx(f, row, 0.8), append([]float64(nil), row...)
			f.ProxRow(got, 0.8)
			for c := range got {
				if math.Abs(got[c]-want[c]) > 1e-7 {
					t.Errorf("%s, row %d: %v, by its dual %v", name, i, got, want)
					break
				}
			}
		}
	}
}

// What variation takes from y is Dᵀz, |z| ≤ cut, and z is ±cut where x steps.
func TestVariationIsOptimal(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 3))
	for n := 1; n < 60; n++ {
		for _, cut := range []float64{0, 1e-3, 0.3, 2, 1e3} {
			y := make([]float64, n)
			for i := range y {
				y[i] = random.NormFloat64() + float64(i/10)
				if n%3 == 0 {
					y[i] = math.Round(y[i])
				}
			}
			x, z, size := append([]float64(nil), y...), 0.0, num.Norm(y)
			variation(x, cut)
			for i := range n - 1 {
				z += x[i] - y[i]
				off := math.Max(0, math.Abs(z)-cut)
				if step := x[i+1] - x[i]; math.Abs(step) > 1e-12*size {
					off = math.Abs(z - math.Copysign(cut, step))
				}
				if off > 1e-12*size {
					t.Errorf("%d values, cut %v: z is %v where x goes from %v to %v", n, cut, z, x[i], x[i+1])
				}
			}
			if z += x[n-1] - y[n-1]; math.Abs(z) > 1e-12*size {
				t.Errorf("%d values, cut %v: z ends at %v", n, cut, z)
			}
		}
	}
}

// The dual norm of the sparse group lasso solves Σ (|g_i| − τ·l1)₊² = (τ·l2)²,
// in closed form once it is known which entries count.
func TestDualNorm(t *testing.T) {
	for name, f := range chains() {
		if f.neighbours != nil {
			continue
		}
		for i, g := range rowsOf(7) {
			size := make([]float64, len(g))
			for c, v := range g {
				size[c] = -math.Abs(v)
			}
			slices.Sort(size)
			want, sum, squares := 0.0, 0.0, 0.0
			for m, v := range size {
				sum, squares = sum-v, squares+v*v
				n, a, c := float64(m+1), f.l1.l1, float64(f.l2)
				qa, qb := n*a*a-c*c, a*sum // qa τ² − 2 qb τ + squares = 0
				want = squares / (qb + math.Sqrt(math.Max(0, qb*qb-qa*squares)))
				if m+1 == len(size) || -size[m+1] <= want*a {
					break
				}
			}
			if got := dualNorm(f, g, 0); math.Abs(got-want) > 1e-14*want {
				t.Errorf("%s, row %d: %v, want %v", name, i, got, want)
			}
		}
	}
}

func BenchmarkFusedProxRow(b *testing.B) {
	const k = 139
	f, row := (&Fused{}).On(Layout{Slot: make([]int, k)}, 0.1).(*chain), make([]float64, k)
	for b.Loop() {
		for c := range row {
			row[c] = math.Sin(float64(7 * c))
		}
		f.ProxRow(row, 1)
	}
}

func BenchmarkFusedDual(b *testing.B) {
	const k = 139
	f, g := (&Fused{}).On(Layout{Slot: make([]int, k)}, 0.1).(*chain), num.NewDense(28, k)
	for i := range g.Data {
		g.Data[i] = math.Sin(float64(7 * i))
	}
	for b.Loop() {
		f.Dual(g)
	}
}
