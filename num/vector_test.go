package num

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

// awkward returns n numbers behind the start of their array, so that they lie
// at any place in a cache line.
func awkward(rng *rand.Rand, n int, scale func() float64) []float64 {
	x := make([]float64, n+9)
	at := rng.IntN(8)
	for i := range x {
		x[i] = math.NaN() // read by mistake, it shows
	}
	x = x[at:][:n:n]
	for i := range x {
		x[i] = scale()
	}
	return x
}

// scales are kinds of numbers vectors may hold.
func scales(rng *rand.Rand) map[string]func() float64 {
	return map[string]func() float64{
		"normal": rng.NormFloat64,
		"wide":   func() float64 { return rng.NormFloat64() * math.Pow(10, 280*rng.Float64()-140) },
		"zeros":  func() float64 { return float64(rng.IntN(3) - 1) },
		"tiny":   func() float64 { return rng.NormFloat64() * 1e-160 },
	}
}

// TestVectorsAgreeWithPlainSums compares every kernel with sums in the order
// of the numbers, to the rounding of n additions.
func TestVectorsAgreeWithPlainSums(t *testing.T) {
	everyUnit(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(5, 6))
		for name, scale := range scales(rng) {
			for n := range 301 {
				x, y := awkward(rng, n, scale), awkward(rng, n, scale)
				tol := float64(n+4) * 0x1p-53
				sum, size := 0.0, 0.0
				for i, v := range x {
					sum += v * y[i]
					size += math.Abs(v * y[i])
				}
				if got := Dot(x, y); !(math.Abs(got-sum) <= tol*size+float64(n)*0x1p-1074) {
					t.Fatalf("%s %d: Dot is %v, want %v", name, n, got, sum)
				}

				a, four := awkward(rng, 4, scale), awkward(rng, 4*n, scale)
				one, many := slices.Clone(y), slices.Clone(y)
				Axpy(a[0], x, one)
				Axpy4(many, a, four)
				for i := range n {
					want, bound := y[i]+a[0]*x[i], math.Abs(y[i])+math.Abs(a[0]*x[i])
					if !(math.Abs(one[i]-want) <= 0x1p-51*bound+0x1p-1073) {
						t.Fatalf("%s %d: Axpy makes number %d %v, want %v", name, n, i, one[i], want)
					}
					want, bound = y[i], math.Abs(y[i])
					for k, v := range a {
						want += v * four[k*n+i]
						bound += math.Abs(v * four[k*n+i])
					}
					if !(math.Abs(many[i]-want) <= 0x1p-49*bound+0x1p-1070) {
						t.Fatalf("%s %d: Axpy4 makes number %d %v, want %v", name, n, i, many[i], want)
					}
				}
			}
		}
	})
}

// Integers are added up without rounding, so that every unit is exact.
func TestIntegersAreExact(t *testing.T) {
	everyUnit(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(7, 8))
		integer := func() float64 { return float64(rng.IntN(2001) - 1000) }
		for _, n := range []int{1, 3, 15, 16, 17, 31, 64, 255, 1001} {
			x, y := awkward(rng, n, integer), awkward(rng, n, integer)
			want := 0
			for i := range x {
				want += int(x[i]) * int(y[i])
			}
			if got := Dot(x, y); got != float64(want) {
				t.Errorf("%d numbers: Dot is %v, want %d", n, got, want)
			}
		}
	})
}

// What is not a number goes the way of the formula, 0·∞ and 0·NaN included,
// and only there.
func TestVectorsPropagateWhatIsNoNumber(t *testing.T) {
	everyUnit(t, func(t *testing.T) {
		for n := 1; n <= 70; n++ {
			for at := range n {
				for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
					for _, factor := range []float64{0, 2} {
						x, y := make([]float64, n), make([]float64, n)
						x[at], y[at] = bad, factor
						want := bad * factor
						if got := Dot(x, y); !same(got, want) {
							t.Fatalf("%d numbers, %v·%v at %d: Dot is %v", n, bad, factor, at, got)
						}
						clear(y)
						Axpy(factor, x, y)
						four := make([]float64, 4*n)
						copy(four[2*n:], x)
						z := make([]float64, n)
						Axpy4(z, []float64{0, 0, factor, 0}, four)
						for i := range n {
							want := factor * x[i]
							if !same(y[i], want) || !same(z[i], want) {
								t.Fatalf("%d numbers, %v·%v at %d: number %d is %v and %v, want %v", n, bad, factor, at, i, y[i], z[i], want)
							}
						}
					}
				}
			}
		}
	})
}

// same is ==, with NaN equal to NaN.
func same(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }

// Results depend on the numbers, not on where they lie.
func TestVectorsDoNotDependOnAlignment(t *testing.T) {
	everyUnit(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(9, 10))
		for n := range 200 {
			x, y := numbers(rng, n), numbers(rng, n)
			want := Dot(x, y)
			for range 8 {
				i, j := rng.IntN(8), rng.IntN(8)
				a, b := append(make([]float64, i), x...)[i:], append(make([]float64, j), y...)[j:]
				if got := Dot(a, b); got != want {
					t.Fatalf("%d numbers: Dot is %v at one place and %v at another", n, want, got)
				}
			}
		}
	})
}

func TestShapesThatDoNotFitPanic(t *testing.T) {
	everyUnit(t, func(t *testing.T) {
		for _, n := range []int{1, 20, 100} {
			x, y := make([]float64, n), make([]float64, n-1)
			y = slices.Clip(y)
			for name, call := range map[string]func(){
				"Dot":            func() { Dot(x, y) },
				"Axpy":           func() { Axpy(1, x, y) },
				"Axpy4":          func() { Axpy4(x, make([]float64, 4), make([]float64, 4*n-1)) },
				"Axpy4, factors": func() { Axpy4(x, make([]float64, 3), make([]float64, 4*n)) },
			} {
				func() {
					defer func() {
						if recover() == nil {
							t.Errorf("%s of %d numbers: no panic", name, n)
						}
					}()
					call()
				}()
			}
		}
	})
}

// Gram against the sum of its formula, on shapes around those of the tiles.
func TestGramAgreesWithItsFormula(t *testing.T) {
	everyUnit(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(11, 12))
		for _, shape := range [][2]int{{0, 3}, {3, 0}, {1, 1}, {2, 7}, {9, 8}, {5, 9}, {30, 15}, {30, 16}, {30, 17}, {257, 24}, {520, 18}, {12, 130}, {20, 145}} {
			n, d := shape[0], shape[1]
			all := &Matrix{Rows: n, Cols: d, Data: numbers(rng, n*d)}
			rows := rng.Perm(n)
			for _, x := range []*Matrix{all, all.Select(rows[:n/2])} {
				w, m := numbers(rng, x.Rows), numbers(rng, d) // negative weights too
				for _, by := range [][2][]float64{{nil, nil}, {w, nil}, {nil, m}, {w, m}} {
					if err := gramError(x, by[0], by[1]); !(err <= float64(n+4)*0x1p-52) {
						t.Fatalf("%d × %d, weights %v, means %v: %v off", x.Rows, d, by[0] != nil, by[1] != nil, err)
					}
				}
			}
		}
	})
}

// gramError is the largest distance of Gram from its formula, relative to the
// sum of the sizes of what is added up.
func gramError(x *Matrix, w, m []float64) float64 {
	g := NewDense(x.Cols, x.Cols)
	for i := range g.Data {
		g.Data[i] = math.NaN() // GramTo sets, whatever was there
	}
	GramTo(g, x, w, m)
	worst := 0.0
	for j := range x.Cols {
		for k := range x.Cols {
			want, size := 0.0, 0x1p-1000
			for i := range x.Rows {
				weight, mj, mk := 1.0, 0.0, 0.0
				if w != nil {
					weight = w[i]
				}
				if m != nil {
					mj, mk = m[j], m[k]
				}
				v := weight * (x.At(i, j) - mj) * (x.At(i, k) - mk)
				want += v
				size += math.Abs(v)
			}
			if d := math.Abs(g.At(j, k)-want) / size; !(d <= worst) {
				worst = d
			}
		}
	}
	return worst
}

// A NaN spoils its row and column of Gram's matrix, zeros beside it or not,
// and no other number.
func TestGramPropagatesNaN(t *testing.T) {
	everyUnit(t, func(t *testing.T) {
		for _, d := range []int{1, 8, 17, 40} {
			for _, at := range []int{0, d / 2, d - 1} {
				x := NewMatrix(11, d)
				x.Data[7*d+at] = math.NaN()
				g := Gram(x, nil, nil)
				for j := range d {
					for k := range d {
						if got := math.IsNaN(g.At(j, k)); got != (j == at || k == at) {
							t.Fatalf("%d columns, NaN in %d: (%d, %d) is %v", d, at, j, k, g.At(j, k))
						}
					}
				}
			}
		}
	})
}

// Blocks of Gram's matrix are shared out; the number of workers must not show.
func TestGramDoesNotDependOnWorkers(t *testing.T) {
	rng := rand.New(rand.NewPCG(13, 14))
	x := &Matrix{Rows: 300, Cols: 300, Data: numbers(rng, 300*300)}
	everyUnit(t, func(t *testing.T) {
		var first *Dense
		for _, workers := range []int{1, 3} {
			withWorkers(workers, func() {
				g := Gram(x, nil, nil)
				if first == nil {
					first = g
				} else if !slices.Equal(first.Data, g.Data) {
					t.Error("other numbers on three workers")
				}
			})
		}
	})
}

func ExampleAxpy4() {
	y := []float64{100, 200}
	Axpy4(y, []float64{1, 2, 3, 4}, []float64{
		1, 0,
		0, 1,
		1, 1,
		2, 0,
	})
	fmt.Println(y)
	// Output: [112 205]
}

func withWorkers(n int, f func()) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(n))
	f()
}
