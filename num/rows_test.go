package num

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// Products with rows are those of numbers one by one, however the rows lie.
func TestMatrixProducts(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 3, 64, 65, 200} {
		for _, d := range []int{1, 5, 31, 40, 127, 128, 300} {
			for _, k := range []int{1, 2, 7, 17} {
				x := NewMatrix(n+3, d)
				for i := range x.Data {
					if rng.IntN(3) > 0 {
						x.Data[i] = rng.NormFloat64()
					}
				}
				w, a := normals(rng, d*k), normals(rng, n*k)
				for name, m := range map[string]*Matrix{
					"dense":    {Rows: n, Cols: d, Data: x.Data[:n*d]},
					"selected": x.Select(rng.Perm(n + 3)[:n]),
					"in order": x.Select(ascending(n)),
					"sparse":   sparsely(x, n),
				} {
					what := fmt.Sprintf("%s %d × %d, %d columns", name, n, d, k)
					checkProducts(t, what, m, w, a, k)
				}
			}
		}
	}
}

func ascending(n int) []int {
	rows := make([]int, n)
	for i := range rows {
		rows[i] = i + 2
	}
	return rows
}

// sparsely is the first n rows of x, in compressed rows.
func sparsely(x *Matrix, n int) *Matrix {
	ptr, index, data := []int{0}, []int32(nil), []float64(nil)
	for i := range n {
		_, value := x.Row(i)
		for j, v := range value {
			if v != 0 {
				index, data = append(index, int32(j)), append(data, v)
			}
		}
		ptr = append(ptr, len(data))
	}
	return NewSparse(x.Cols, ptr, index, data)
}

func checkProducts(t *testing.T, what string, m *Matrix, w, a []float64, k int) {
	t.Helper()
	n, d := m.Rows, m.Cols
	mid := n / 2
	got := filled(n*k, math.NaN())
	m.Mul(got, w, k, 0, mid)
	m.Mul(got, w, k, mid, n)
	closeTo(t, what+": Mul", got, k, d, func(i, c, j int) float64 { return m.At(i, j) * w[j*k+c] })
	mid = d / 3
	if m.Sparse() {
		mid = 0
	}
	got = filled(d*k, math.NaN())
	if mid > 0 {
		m.MulT(got, a, k, 0, mid)
	}
	m.MulT(got, a, k, mid, d)
	closeTo(t, what+": MulT", got, k, n, func(j, c, i int) float64 { return m.At(i, j) * a[i*k+c] })
}

// closeTo compares a product of k columns with the sums of its terms.
func closeTo(t *testing.T, what string, got []float64, k, terms int, term func(row, column, i int) float64) {
	t.Helper()
	for at, v := range got {
		want, size := 0.0, 1.0
		for i := range terms {
			want += term(at/k, at%k, i)
			size += math.Abs(term(at/k, at%k, i))
		}
		if !(math.Abs(v-want) <= 1e-14*size) {
			t.Fatalf("%s has %v at (%d, %d), want %v", what, v, at/k, at%k, want)
		}
	}
}

func filled(n int, v float64) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = v
	}
	return x
}

func normals(rng *rand.Rand, n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = rng.NormFloat64()
	}
	return x
}
