package num

import (
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// random returns a dense matrix and the same one as sparse, with zeros.
func random(rng *rand.Rand, rows, cols int) (dense, sparse *Matrix) {
	dense = NewMatrix(rows, cols)
	ptr, index, value := []int{0}, []int32{}, []float64{}
	for i := range rows {
		for j := range cols {
			if rng.Float64() < 0.6 {
				v := rng.NormFloat64()
				dense.Data[i*cols+j] = v
				index, value = append(index, int32(j)), append(value, v)
			}
		}
		ptr = append(ptr, len(value))
	}
	return dense, NewSparse(cols, ptr, index, value)
}

func TestSparseDenseAndSelectedAgree(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, shape := range [][2]int{{0, 3}, {1, 1}, {5, 4}, {17, 9}, {6, 13}} {
		dense, sparse := random(rng, shape[0], shape[1])
		var rows []int
		for range 2 * shape[0] {
			rows = append(rows, rng.IntN(shape[0]))
		}
		for _, pair := range [][2]*Matrix{{dense, sparse}, {dense.Select(rows), sparse.Select(rows)}} {
			a, b := pair[0], pair[1]
			w := make([]float64, a.Rows)
			m := make([]float64, a.Cols)
			for i := range w {
				w[i] = rng.Float64()
			}
			total := Sum(w)
			for i, v := range w {
				a.Axpy(i, v/total, m)
			}
			g, h := Gram(a, w, m), Gram(b, w, m)
			for j := range a.Cols {
				for k := range a.Cols {
					want := 0.0
					for i, v := range w {
						want += v * (a.At(i, j) - m[j]) * (a.At(i, k) - m[k])
					}
					if math.Abs(g.At(j, k)-want) > 1e-12 || math.Abs(h.At(j, k)-want) > 1e-12 {
						t.Fatalf("%v: Gram(%d,%d) is %v dense, %v sparse, want %v", shape, j, k, g.At(j, k), h.At(j, k), want)
					}
				}
			}
			for i := range a.Rows {
				if x, y := a.Dot(i, m), b.Dot(i, m); math.Abs(x-y) > 1e-12 {
					t.Fatalf("row %d: %v and %v", i, x, y)
				}
			}
		}
	}
}

func TestCholeskySolves(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{1, 2, 7, 30, 65} {
		x, _ := random(rng, n+5, n)
		a := Gram(x, nil, nil)
		for i := range n {
			a.Data[i*n+i]++
		}
		want := make([]float64, n)
		b := make([]float64, n)
		for i := range want {
			want[i] = rng.NormFloat64()
		}
		for i := range b {
			b[i] = Dot(a.Row(i), want)
		}
		got := SolveSPD(a, b)
		for i := range want {
			if math.Abs(got[i]-want[i]) > 1e-9 {
				t.Errorf("n %d: x_%d is %v, want %v", n, i, got[i], want[i])
			}
		}
		r, inverse, room := a.Clone(), NewDense(n, n), NewDense(n, n)
		if !Cholesky(r) {
			t.Fatalf("n %d: not positive definite", n)
		}
		room.Data[0] = 7 // whatever was there
		CholeskyInverse(inverse, r, room)
		for i := range n {
			for j := range n {
				unit := Dot(inverse.Row(i), a.Row(j)) // a is symmetric
				if i == j {
					unit--
				}
				if math.Abs(unit) > 1e-9 {
					t.Errorf("n %d: the inverse is %v off at (%d, %d)", n, unit, i, j)
				}
			}
		}
	}
	if x := SolveSPD(NewDense(2, 2), []float64{0, 0}); x[0] != 0 || x[1] != 0 {
		t.Errorf("a singular system without a right side gives %v", x)
	}
}

func TestForCoversEachOnceAndPassesPanicsOn(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, workers := range []int{1, 2, 5} {
		runtime.GOMAXPROCS(workers)
		seen := make([]int, 1000)
		For(len(seen), func(i int) { seen[i]++ })
		Each(len(seen), 1, func(i int) { seen[i]++ })
		Each(len(seen), 1<<30, func(i int) { seen[i]++ })
		for i, n := range seen {
			if n != 3 {
				t.Fatalf("%d workers: %d ran %d times", workers, i, n)
			}
		}
		func() {
			defer func() {
				if p := recover(); p != "boom" {
					t.Errorf("%d workers: recovered %v", workers, p)
				}
			}()
			For(10, func(i int) {
				if i == 7 {
					panic("boom")
				}
			})
		}()
	}
}

// For inside For, and from several goroutines at once, makes every call; a
// panic deep inside comes out.
func TestForInsideFor(t *testing.T) {
	for _, workers := range []int{1, 2, 5} {
		withWorkers(workers, func() {
			var wait sync.WaitGroup
			var calls atomic.Int64
			for range 3 {
				wait.Go(func() {
					for range 50 {
						For(7, func(int) { For(9, func(int) { calls.Add(1) }) })
					}
				})
			}
			wait.Wait()
			if got := calls.Load(); got != 3*50*7*9 {
				t.Errorf("%d workers: %d calls", workers, got)
			}
			defer func() {
				if p := recover(); p != "deep" {
					t.Errorf("%d workers: recovered %v", workers, p)
				}
			}()
			For(3, func(i int) {
				For(3, func(j int) {
					if i == 2 && j == 2 {
						panic("deep")
					}
				})
			})
		})
	}
}

// Workers that sleep wake up; no call needs new memory.
func TestForSleepsAndWakes(t *testing.T) {
	withWorkers(3, func() {
		var calls atomic.Int64
		f := func(int) { calls.Add(1) }
		for range 20 {
			For(5, f)
			time.Sleep(time.Millisecond)
		}
		if got := calls.Load(); got != 100 {
			t.Errorf("%d calls", got)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range 1000 {
			For(5, f)
		}
		runtime.ReadMemStats(&after)
		if n := after.Mallocs - before.Mallocs; n > 100 {
			t.Errorf("%d allocations in 1000 calls", n)
		}
	})
}

func TestNormNeitherOverflowsNorUnderflows(t *testing.T) {
	for _, v := range []float64{1e-300, 1, 1e300} {
		if got := Norm([]float64{3 * v, 4 * v}); math.Abs(got-5*v) > 1e-12*v {
			t.Errorf("Norm of (3, 4)·%g is %g", v, got)
		}
	}
}
