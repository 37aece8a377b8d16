package num

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// layout returns a rows × cols view of random numbers, amid NaN, that lies in
// its slice as named: by rows, by rows with gaps, by columns, or with gaps
// everywhere.
func layout[F Float](rng *rand.Rand, rows, cols, kind int) View[F] {
	v := View[F]{Rows: rows, Cols: cols, RowStep: cols, ColStep: 1}
	switch kind {
	case 1:
		v.RowStep = cols + 1 + rng.IntN(9)
	case 2:
		v.RowStep, v.ColStep = 1, rows+rng.IntN(5)
	case 3:
		v.ColStep = 2 + rng.IntN(2)
		v.RowStep = cols*v.ColStep + rng.IntN(5)
	}
	if rows == 0 || cols == 0 {
		return v
	}
	size := (rows-1)*v.RowStep + (cols-1)*v.ColStep + 1
	at := rng.IntN(9)
	v.Data = make([]F, at+size)
	for i := range v.Data {
		v.Data[i] = F(math.NaN())
	}
	v.Data = v.Data[at:]
	for i := range rows {
		for j := range cols {
			v.Data[i*v.RowStep+j*v.ColStep] = F(rng.NormFloat64())
		}
	}
	return v
}

// expected is what an element of the product is to be, of a row of a and a
// column of b, and the size of what is added up.
func expected[F Float](was float64, a, b []float64, j int, o Finish[F]) (want, size float64) {
	if o.Add {
		want, size = was, math.Abs(was)
	}
	for k, v := range a {
		want += v * b[k]
		size += math.Abs(v * b[k])
	}
	if o.Bias != nil {
		want += float64(o.Bias[j])
		size += math.Abs(float64(o.Bias[j]))
	}
	if o.ReLU {
		want = max(0, want)
	}
	return want, size
}

// rowsOf copies v, row after row.
func rowsOf[F Float](v View[F]) [][]float64 {
	rows := make([][]float64, v.Rows)
	for i := range rows {
		rows[i] = make([]float64, v.Cols)
		for j := range rows[i] {
			rows[i][j] = float64(v.At(i, j))
		}
	}
	return rows
}

// checkProduct compares a product with its formula, and sees that nothing
// beside it is written.
func checkProduct[F Float](t *testing.T, rng *rand.Rand, m, n, k, aKind, bKind, finish int, f func(c, a, b View[F], o Finish[F])) {
	t.Helper()
	a, b := layout[F](rng, m, k, aKind), layout[F](rng, k, n, bKind)
	c := layout[F](rng, m, n, rng.IntN(2))
	o := Finish[F]{Add: finish&1 != 0, ReLU: finish&2 != 0}
	if finish&4 != 0 {
		o.Bias = layout[F](rng, 1, n, 0).Data[:n:n]
	}
	if !o.Add && n > 0 && m > 0 {
		c.Data[0] = F(math.NaN()) // is set, whatever was there
	}
	was := slices.Clone(c.Data)
	f(c, a, b, o)
	unit := 0x1p-53
	if sizeOf[F]() == 4 {
		unit = 0x1p-24
	}
	name := func() string {
		return fmt.Sprintf("%d×%d×%d of layouts %d and %d, %+v", m, n, k, aKind, bKind, o)
	}
	left, right := rowsOf(a), rowsOf(b.T())
	for i := range m {
		for j := range n {
			at := i*c.RowStep + j
			want, size := expected(float64(was[at]), left[i], right[j], j, o)
			if got := float64(c.Data[at]); !(math.Abs(got-want) <= float64(k+4)*unit*size) {
				t.Fatalf("%s: (%d, %d) is %v, want %v", name(), i, j, got, want)
			}
			was[at] = c.Data[at]
		}
	}
	for i, v := range was {
		if !same(float64(v), float64(c.Data[i])) {
			t.Fatalf("%s: number %d outside the product is %v, was %v", name(), i, c.Data[i], v)
		}
	}
}

func someSize(rng *rand.Rand) int {
	switch rng.IntN(6) {
	case 0:
		return rng.IntN(4)
	case 1:
		return 8 << rng.IntN(4)
	case 2:
		return rng.IntN(300)
	}
	return rng.IntN(50)
}

func testProducts[F Float](t *testing.T) {
	rng := rand.New(rand.NewPCG(21, 22))
	for range 300 {
		checkProduct(t, rng, someSize(rng), someSize(rng), someSize(rng), rng.IntN(4), rng.IntN(4), rng.IntN(8), Multiply[F])
	}
	for _, s := range [][3]int{{3, 5, 800}, {70, 3, 1200}, {5, 700, 20}, {300, 10, 3}, {150, 290, 400}, {2, 2, 2049}, {1, 90, 70}, {90, 1, 70}, {130, 1030, 40}, {130, 40, 1100}, {150, 90, 1400}} {
		for kind := range 9 {
			checkProduct(t, rng, s[0], s[1], s[2], kind%3, kind/3, rng.IntN(8), Multiply[F])
		}
	}
}

// TestMultiplyAgreesWithItsFormula takes random shapes, empty and narrow ones
// among them, in all layouts, with all finishes.
func TestMultiplyAgreesWithItsFormula(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine, and slow under the race detector")
	}
	everyUnit(t, func(t *testing.T) {
		t.Run("float32", testProducts[float32])
		t.Run("float64", testProducts[float64])
	})
}

// Every height and width of a tile, cut off or not.
func TestMultiplyTiles(t *testing.T) {
	everyUnit(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(23, 24))
		for m := 1; m <= 29; m++ {
			for n := 1; n <= 34; n++ {
				checkProduct(t, rng, m, n, 1+rng.IntN(9), rng.IntN(4), rng.IntN(4), rng.IntN(8), Multiply[float32])
				checkProduct(t, rng, m, n, 1+rng.IntN(9), rng.IntN(4), rng.IntN(4), rng.IntN(8), Multiply[float64])
			}
		}
		for n := 25; n <= 270; n += 5 + n%3 { // a single row has wider tiles
			for finish := range 8 {
				checkProduct(t, rng, 1, n, 1+rng.IntN(9), rng.IntN(4), 0, finish, Multiply[float32])
				checkProduct(t, rng, 1, n, 1+rng.IntN(9), rng.IntN(4), 0, finish, Multiply[float64])
			}
		}
	})
}

// A product of a row does not depend on how many others the row has, or on its
// place among them.
func TestMultiplyRowByColumns(t *testing.T) {
	everyUnit(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(27, 28))
		const n, k = 23, 75
		x, w := layout[float32](rng, 1, k, 0), layout[float32](rng, n, k, 0)
		all := Of(make([]float32, n), 1, n)
		Multiply(all, x, w.T(), Finish[float32]{})
		for lo := range n - 2 {
			for hi := lo + 2; hi <= n; hi++ {
				part := Of(make([]float32, hi-lo), 1, hi-lo)
				Multiply(part, x, w.Slice(lo, hi, 0, k).T(), Finish[float32]{})
				for j, v := range part.Data {
					if v != all.Data[lo+j] {
						t.Fatalf("columns %d to %d: column %d is %v, among all %v", lo, hi, lo+j, v, all.Data[lo+j])
					}
				}
			}
		}
	})
}

// A row alone has the numbers that it has among others, NaN and infinities too.
func TestMultiplyOneRow(t *testing.T) {
	everyUnit(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(25, 26))
		const n, k = 200, 70
		a, b := layout[float32](rng, 9, k, 0), layout[float32](rng, k, n, 0)
		b.Data[3], b.Data[100], a.Data[5] = float32(math.NaN()), float32(math.Inf(1)), 0
		bias := layout[float32](rng, 1, n, 0).Data[:n]
		whole, row := Of(make([]float32, 9*n), 9, n), Of(make([]float32, n), 1, n)
		for _, o := range []Finish[float32]{{}, {Bias: bias}, {Bias: bias, ReLU: true}} {
			Multiply(whole, a, b, o)
			for i := range 9 {
				Multiply(row, a.Slice(i, i+1, 0, k), b, o)
				for j, v := range row.Data {
					if want := whole.At(i, j); !same(float64(v), float64(want)) {
						t.Fatalf("%+v: row %d alone has %v in column %d, among others %v", o, i, v, j, want)
					}
				}
			}
		}
	})
}

// A product in pieces, on any number of workers, has the numbers of the whole.
func TestMultiplyParallelIsMultiply(t *testing.T) {
	everyUnit(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(25, 26))
		for _, s := range [][3]int{{128, 128, 128}, {300, 33, 400}, {1, 2000, 600}, {2000, 1, 600}, {257, 65, 100}, {40, 1030, 99}, {0, 3, 2}} {
			a, b := layout[float32](rng, s[0], s[2], rng.IntN(3)), layout[float32](rng, s[2], s[1], rng.IntN(3))
			o := Finish[float32]{ReLU: true, Bias: layout[float32](rng, 1, s[1], 0).Data}
			whole := Of(make([]float32, s[0]*s[1]), s[0], s[1])
			Multiply(whole, a, b, o)
			for _, workers := range []int{1, 3} {
				withWorkers(workers, func() {
					c := Of(make([]float32, s[0]*s[1]), s[0], s[1])
					MultiplyParallel(c, a, b, o)
					if !slices.Equal(c.Data, whole.Data) {
						t.Errorf("%v: other numbers on %d workers", s, workers)
					}
				})
			}
		}
	})
}

// A NaN spoils its row of the product, zeros beside it or not, ReLU or not;
// what stands beyond the edge of a matrix spoils nothing.
func TestMultiplyPropagatesNaN(t *testing.T) {
	everyUnit(t, func(t *testing.T) {
		for _, n := range []int{1, 5, 16, 33} {
			a, b := Of(make([]float32, 7*20), 7, 20), Of(make([]float32, 20*n), 20, n)
			a.Data[3*20+19] = float32(math.NaN())
			c := Of(make([]float32, 7*n), 7, n)
			Multiply(c, a, b, Finish[float32]{ReLU: true})
			for i, v := range c.Data {
				if (v != v) != (i/n == 3) {
					t.Fatalf("%d columns: number %d is %v", n, i, v)
				}
			}
		}
	})
}

func TestMultiplyRefusesWhatDoesNotFit(t *testing.T) {
	of := func(rows, cols int) View[float32] { return Of(make([]float32, rows*cols), rows, cols) }
	short := of(3, 4)
	short.Data = short.Data[:11]
	for name, call := range map[string]func(){
		"inner":  func() { Multiply(of(2, 3), of(2, 4), of(5, 3), Finish[float32]{}) },
		"rows":   func() { Multiply(of(3, 3), of(2, 4), of(4, 3), Finish[float32]{}) },
		"cols":   func() { Multiply(of(2, 2), of(2, 4), of(4, 3), Finish[float32]{}) },
		"bias":   func() { Multiply(of(2, 3), of(2, 4), of(4, 3), Finish[float32]{Bias: make([]float32, 2)}) },
		"by col": func() { Multiply(of(3, 2).T(), of(2, 4), of(4, 3), Finish[float32]{}) },
		"short":  func() { Multiply(of(3, 3), short, of(4, 3), Finish[float32]{}) },
		"slice":  func() { of(3, 3).Slice(1, 4, 0, 3) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			call()
		}()
	}
}

// After the first call a product needs no new memory.
func TestMultiplyAllocatesNothing(t *testing.T) {
	rng := rand.New(rand.NewPCG(27, 28))
	a, b, c := layout[float32](rng, 128, 64, 0), layout[float32](rng, 64, 32, 2), layout[float32](rng, 128, 32, 0)
	if n := testing.AllocsPerRun(20, func() { Multiply(c, a, b, Finish[float32]{}) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func ExampleMultiply() {
	x := Of([]float32{1, 2, 3, 4, 5, 6}, 3, 2)
	w := Of([]float32{1, 0, -1, 1}, 2, 2)
	y := Of(make([]float32, 6), 3, 2)
	Multiply(y, x, w, Finish[float32]{Bias: []float32{0.5, -4}, ReLU: true})
	fmt.Println(y.Data)
	gradient := Of(make([]float32, 4), 2, 2)
	Multiply(gradient, x.T(), y, Finish[float32]{})
	fmt.Println(gradient.Data)
	// Output:
	// [0 0 0 0 0 2]
	// [0 10 0 12]
}
