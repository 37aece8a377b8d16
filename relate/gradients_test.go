package relate

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/num"
)

// The gradient of a task's mean loss is that of finite differences, of every
// kind.
func TestGradient(t *testing.T) {
	random := rand.New(rand.NewPCG(6, 7))
	const n, d, scale = 12, 3, 2.5
	x := num.NewMatrix(n, d)
	for i := range x.Data {
		x.Data[i] = random.NormFloat64()
	}
	for _, kind := range []kindred.Kind{kindred.Regression, kindred.Binary, kindred.Multiclass, kindred.Count} {
		task := randomTask(kind, n, random)
		w := make([]float64, d*outputs(task))
		for i := range w {
			w[i] = random.NormFloat64() / 2
		}
		at := func() *kindred.Outcome { return predicted(task, x, w, scale) }
		g, _ := gradient(task, x, at(), scale)
		for j := range w {
			const h = 1e-5
			keep := w[j]
			w[j] = keep + h
			_, up := gradient(task, x, at(), scale)
			w[j] = keep - h
			_, down := gradient(task, x, at(), scale)
			w[j] = keep
			if want := (up - down) / (2 * h); math.Abs(g[j]-want) > 1e-8 {
				t.Errorf("%v, weight %d: %v, want %v", kind, j, g[j], want)
			}
		}
	}
}

// randomTask has n labels and weights, and three classes where it has more than
// two.
func randomTask(kind kindred.Kind, n int, random *rand.Rand) *kindred.Task {
	task := &kindred.Task{Kind: kind, Label: kindred.Labels{Columns: [][]float64{make([]float64, n)}, Classes: []string{"a", "b", "c"}}}
	if kind == kindred.Binary {
		task.Label.Classes = task.Label.Classes[:2]
	}
	for i := range n {
		task.Weight = append(task.Weight, 0.5+random.Float64())
		task.Label.Columns[0][i] = random.NormFloat64()
		if kind != kindred.Regression {
			task.Label.Columns[0][i] = float64(random.IntN(len(task.Label.Classes)))
		}
	}
	return task
}

// predicted is what weights, one output after the other, say of rows.
func predicted(t *kindred.Task, x *num.Matrix, w []float64, scale float64) *kindred.Outcome {
	o := &kindred.Outcome{}
	for i := range x.Rows {
		var z []float64
		for c := range outputs(t) {
			z = append(z, x.Dot(i, w[c*x.Cols:(c+1)*x.Cols]))
		}
		switch t.Kind {
		case kindred.Regression:
			o.Value = append(o.Value, 1+scale*z[0])
		case kindred.Count:
			o.Value = append(o.Value, math.Exp(z[0]))
		case kindred.Binary:
			p := 1 / (1 + math.Exp(-z[0]))
			o.Probability = append(o.Probability, 1-p, p)
		case kindred.Multiclass:
			p := make([]float64, len(z))
			num.SoftmaxRow(p, z)
			o.Probability = append(o.Probability, p...)
		}
	}
	return o
}

// A gain is the mean of what rows gain over the mean loss, and its error that
// of a mean: none where every row gains alike.
func TestGained(t *testing.T) {
	task := &kindred.Task{}
	alone, with := []float64{2, 4, math.NaN(), 6}, []float64{1, 3, 0, 5}
	if gain, se := gained(task, alone, with); gain != 0.25 || se != 0 {
		t.Errorf("gain %v ± %v, want 0.25 ± 0", gain, se)
	}
	with = []float64{1, 4, 0, 4} // gains 1, 0, 2 of mean 1
	if gain, se := gained(task, alone, with); gain != 0.25 || math.Abs(se-math.Sqrt2/12) > 1e-15 {
		t.Errorf("gain %v ± %v, want 0.25 ± √2/12", gain, se)
	}
}

// The mean distances of the sampled rows are those of the formula.
func TestCloud(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 9))
	c := &cloud{start: []int{0}}
	for k, n := range []int{5, 7, 4} {
		x, task := num.NewMatrix(n, 2), &kindred.Task{}
		for i := range x.Data {
			x.Data[i] = random.NormFloat64() + float64(k)
		}
		for range n {
			task.Weight = append(task.Weight, random.Float64())
		}
		c.add(task, x)
	}
	var all, squares []float64
	for s := range c.x {
		for i := range c.x[s].Rows {
			for t2 := range s + 1 {
				for j := range c.x[t2].Rows {
					if t2 < s || j < i {
						all = append(all, squareBetween(c.x[s], i, c.x[t2], j))
					}
				}
			}
		}
	}
	width := median(all)
	mean := func(s, t2 int) (sum float64) {
		for i := range c.x[s].Rows {
			for j := range c.x[t2].Rows {
				sum += c.weight[s][i] * c.weight[t2][j] * math.Exp(-squareBetween(c.x[s], i, c.x[t2], j)/2/width)
			}
		}
		return sum
	}
	mmd := func(s, t2 int) float64 { return mean(s, s) + mean(t2, t2) - 2*mean(s, t2) }
	squares = []float64{mmd(0, 1), mmd(0, 2), mmd(1, 2)}
	tau := median(squares)
	r := c.relation(t.Context())
	for s := range 3 {
		for t2 := range 3 {
			if got, want := r.Matrix.At(s, t2), math.Exp(-mmd(s, t2)/2/tau); math.Abs(got-want) > 1e-12 {
				t.Errorf("tasks %d and %d: %v, want %v", s, t2, got, want)
			}
		}
	}
}

func squareBetween(x *num.Matrix, i int, z *num.Matrix, j int) (sum float64) {
	for c := range x.Cols {
		sum += (x.At(i, c) - z.At(j, c)) * (x.At(i, c) - z.At(j, c))
	}
	return sum
}

// The Fisher information of a task is the mean over its rows of the squares of
// the gradients of single rows, over outputs, from dense and from sparse rows;
// two tasks are alike by a formula that units of their losses do not change.
func TestInformation(t *testing.T) {
	random := rand.New(rand.NewPCG(8, 9))
	const n, d, scale = 9, 4, 1.5
	x := num.NewMatrix(n, d)
	sparse := &num.Matrix{Rows: n, Cols: d, Index: []int32{}}
	for i := range n {
		sparse.Start = append(sparse.Start, len(sparse.Data))
		for j := range d {
			if random.IntN(2) == 0 {
				x.Data[i*d+j] = random.NormFloat64()
				sparse.Index, sparse.Data = append(sparse.Index, int32(j)), append(sparse.Data, x.Data[i*d+j])
			}
		}
		sparse.Stop = append(sparse.Stop, len(sparse.Data))
	}
	for _, kind := range []kindred.Kind{kindred.Regression, kindred.Binary, kindred.Multiclass, kindred.Count} {
		task := randomTask(kind, n, random)
		w := make([]float64, d*outputs(task))
		for i := range w {
			w[i] = random.NormFloat64() / 2
		}
		o := predicted(task, x, w, scale)
		want, total := make([]float64, d), 0.0
		for i := range n {
			one := *task
			one.Weight = make([]float64, n)
			one.Weight[i] = 1
			g, _ := gradient(&one, x, o, scale)
			total += task.Weight[i]
			for j, v := range g {
				want[j%d] += task.Weight[i] * v * v
			}
		}
		for name, rows := range map[string]*num.Matrix{"dense": x, "sparse": sparse} {
			for j, v := range information(task, rows, o, scale) {
				if math.Abs(v-want[j]/total) > 1e-12 {
					t.Errorf("%v, %s, feature %d: %v, want %v", kind, name, j, v, want[j]/total)
				}
			}
		}
	}
	a, b := []float64{1, 2, 0, 3}, []float64{3, 1, 0, 0}
	p, q := []float64{1. / 4, 2. / 3, 1}, []float64{3. / 4, 1. / 3, 0}
	if got, want := shared(a, b), num.Dot(p, q)/num.Norm(p)/num.Norm(q); math.Abs(got-want) > 1e-15 {
		t.Errorf("likeness %v, want %v", got, want)
	}
	if got := shared(a, []float64{10, 20, 0, 30}); math.Abs(got-1) > 1e-15 {
		t.Errorf("proportional information is alike by %v", got)
	}
}
