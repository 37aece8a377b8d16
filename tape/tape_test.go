package tape

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/param"
)

// A network under test: it is recorded for wide or long batches, and returns
// its output.
type network struct {
	name  string
	wide  bool // it only makes sense of wide batches
	outs  []int
	build func(g *Graph) Node
}

// constant is k times v.
func constant(k, v int) []int {
	s := make([]int, k)
	for i := range s {
		s[i] = v
	}
	return s
}

func identity(k int) []int {
	s := make([]int, k)
	for i := range s {
		s[i] = i
	}
	return s
}

const tasks = 4

// heads is a layer of each task's own.
func heads(g *Graph, x Node, outs []int) Node {
	return g.Dense(x, g.Bank("head", g.Width(x), outs, identity(tasks), param.Glorot(g.Width(x), 1)), false)
}

var pairs = []int{0, 1, 0, 1} // groups of tasks that are no neighbours

func trunk(g *Graph, name string, x Node, width int) Node {
	return g.Dense(x, g.Bank(name, g.Width(x), []int{width}, nil, param.He(g.Width(x))), true)
}

// experts makes three parts of 4 columns.
func experts(g *Graph, x Node) Node {
	return g.Dense(x, g.Bank("experts", g.Width(x), []int{4, 4, 4}, nil, param.Glorot(g.Width(x), 4)), false)
}

func networks() []network {
	one, mixed := constant(tasks, 1), []int{1, 3, 2, 1}
	list := []network{
		{"linear", false, one, func(g *Graph) Node { return heads(g, g.Input(5), one) }},
		{"hard sharing", false, mixed, func(g *Graph) Node {
			return heads(g, trunk(g, "2", trunk(g, "1", g.Input(5), 7), 6), mixed)
		}},
		{"towers", false, mixed, func(g *Graph) Node {
			z := trunk(g, "1", g.Input(5), 7)
			return heads(g, g.Dense(z, g.Bank("tower", 7, constant(tasks, 3), identity(tasks), param.He(7)), true), mixed)
		}},
		{"hierarchy", false, one, func(g *Graph) Node {
			z := trunk(g, "1", g.Input(5), 7)
			z = g.Dense(z, g.Bank("branch", 7, []int{4, 4}, pairs, param.Glorot(7, 4)), true)
			return heads(g, z, one)
		}},
		{"shortcut", false, one, func(g *Graph) Node {
			x := g.Input(5)
			z := trunk(g, "1", x, 3)
			b := g.Dense(z, g.Bank("branch", 3, []int{4, 4}, pairs, param.Glorot(3, 4)), false)
			return heads(g, g.Concat(x, b, z), one)
		}},
		{"mixture of experts", false, mixed, func(g *Graph) Node {
			x := g.Input(5)
			parts := experts(g, x)
			parts = g.Dense(parts, g.Bank("deeper", 4, []int{4, 4, 4}, nil, param.Glorot(4, 4)), true)
			w := g.Softmax(g.Dense(x, g.Bank("gates", 5, constant(tasks, 3), identity(tasks), param.Glorot(5, 3)), false))
			return heads(g, g.Mix(w, parts), mixed)
		}},
		{"one gate", false, one, func(g *Graph) Node {
			x := g.Input(5)
			w := g.Softmax(g.Dense(x, g.Bank("gate", 5, []int{3}, nil, param.Glorot(5, 3)), false))
			return heads(g, g.Mix(w, experts(g, x)), one)
		}},
		{"conditioned", false, one, func(g *Graph) Node {
			x, e := g.Input(5), g.TaskVectors("task", 2, param.Init{Range: 1})
			z := trunk(g, "1", g.Concat(x, e), 6)
			film := g.Dense(e, g.Bank("film", 2, []int{12}, nil, param.Glorot(2, 12)), false)
			return heads(g, g.FiLM(z, film), one)
		}},
		{"low rank", false, one, func(g *Graph) Node {
			x, e := g.Input(5), g.TaskVectors("task", 2, param.Init{Range: 1})
			down := g.Dense(x, g.Bank("down", 5, []int{2}, nil, param.Glorot(5, 2)), false)
			up := g.Dense(g.Mul(down, e), g.Bank("up", 2, []int{6}, nil, param.Glorot(2, 6)), false)
			return heads(g, g.Activate(g.Add(trunk(g, "1", x, 6), up), Tanh), one)
		}},
		{"cosine", false, one, func(g *Graph) Node {
			e := g.TaskVectors("task", 3, param.Init{Range: 1})
			return g.Dot(g.Unit(g.Dense(g.Input(5), g.Bank("1", 5, []int{3}, nil, param.Glorot(5, 3)), false)), g.Unit(e))
		}},
		{"layer norm", false, one, func(g *Graph) Node {
			z := g.LayerNorm("n1", trunk(g, "1", g.Input(5), 7))
			z = g.Dense(z, g.Bank("branch", 7, []int{4, 4}, pairs, param.Glorot(7, 4)), false)
			return heads(g, g.LayerNorm("n2", z), one)
		}},
		{"batch norm", true, one, func(g *Graph) Node {
			return heads(g, g.BatchNorm("n", trunk(g, "1", g.Input(5), 7)), one)
		}},
		{"dropout", false, one, func(g *Graph) Node {
			return heads(g, g.Dropout(trunk(g, "1", g.Input(5), 7), 0.4), one)
		}},
		{"categories", false, one, func(g *Graph) Node {
			return heads(g, trunk(g, "1", g.Concat(g.Input(2), g.Embed("a", 3, 2), g.Embed("b", 4, 3)), 6), one)
		}},
		{"sparse", false, one, func(g *Graph) Node {
			return heads(g, g.Activate(g.Add(g.Bag("bag", 6, 5, param.Glorot(6, 5)), g.Dense(g.Input(3), g.Bank("1", 3, []int{5}, nil, param.Glorot(3, 5)), false)), SiLU), one)
		}},
		{"columns", false, one, func(g *Graph) Node {
			z := trunk(g, "1", g.Input(5), 8)
			return heads(g, g.Mul(g.Slice(z, 0, 4), g.Activate(g.Slice(z, 4, 8), Sigmoid)), one)
		}},
	}
	list = append(list,
		network{"shared heads", false, one, func(g *Graph) Node {
			z := trunk(g, "1", g.Concat(g.Input(5), g.TaskVectors("task", 2, param.Init{Range: 1})), 6)
			return g.Dense(z, g.Bank("head", 6, []int{1, 1}, []int{0, 0, 1, 1}, param.Glorot(6, 1)), false)
		}},
		network{"common and own", false, mixed, func(g *Graph) Node {
			z := trunk(g, "1", g.Input(5), 6)
			common := g.Dense(z, g.Bank("common", 6, []int{1, 3, 2}, []int{0, 1, 2, 0}, param.Glorot(6, 1)), false)
			return g.Add(common, heads(g, z, mixed))
		}},
		network{"choices", false, one, func(g *Graph) Node {
			parts := g.Mix(g.Choose("route", 3, 2, false), experts(g, g.Input(5)))
			parts = g.Dense(parts, g.Bank("deeper", 4, []int{4, 4}, nil, param.Glorot(4, 4)), true)
			return heads(g, g.Mix(g.Choose("choice", 2, 0, true), parts), one)
		}})
	for _, f := range Activations {
		list = append(list, network{"activation " + f, false, one, func(g *Graph) Node {
			z := g.Dense(g.Input(5), g.Bank("1", 5, []int{7}, nil, param.Glorot(5, 7)), false)
			return heads(g, g.Activate(z, Activation(f)), one)
		}})
	}
	return list
}

// A rig is a network ready to play, with labels drawn at random.
type rig struct {
	network
	g      *Graph
	run    *Run[float64]
	out    Node
	target []float64 // rows × tasks × 3
	labels [][]bool  // wide: which rows carry the label of which task
}

func newRig(t *testing.T, n network, layout *param.Layout, long bool, rows int) *rig {
	t.Helper()
	r := &rig{network: n, g: NewGraph(layout, long)}
	r.out = n.build(r.g)
	if layout.Len() == 0 {
		layout.Seal()
	}
	p := make([]float64, layout.Len())
	param.Begin(layout, p, 7)
	for i := range p { // nothing stays where it begins
		p[i] += 0.1 * math.Sin(float64(i))
	}
	r.run = NewRun(r.g, p, rows)
	r.run.State = make([]float64, r.g.StateLen())
	BeginState(r.g, r.run.State)
	r.run.Train = true
	r.run.Resize(rows)
	r.fill(rows)
	return r
}

func (r *rig) fill(rows int) {
	random := rand.New(rand.NewPCG(1, 2))
	draw := func(x []float64) {
		for i := range x {
			x[i] = random.NormFloat64()
		}
	}
	for i := range r.g.inputs {
		draw(r.run.Input(i))
	}
	for _, c := range r.run.Codes {
		for i := range rows {
			c[i] = int32(random.IntN(5)) - 1
		}
	}
	for b := range r.run.Bags {
		bag := &r.run.Bags[b]
		bag.Start = append(bag.Start, 0)
		for range rows {
			for range random.IntN(4) {
				bag.Index, bag.Value = append(bag.Index, int32(random.IntN(6))), append(bag.Value, random.NormFloat64())
			}
			bag.Start = append(bag.Start, len(bag.Index))
		}
	}
	r.target = make([]float64, rows*tasks*3)
	draw(r.target)
	r.labels = make([][]bool, rows)
	for i := range rows {
		r.run.Task[i] = int32(i * tasks / rows)
		r.labels[i] = make([]bool, tasks)
		for t := range tasks {
			r.labels[i][t] = random.IntN(3) > 0
		}
	}
}

// loss is ½ Σ w_t (y − target)² over what is labelled, and the adjoints of the
// outputs if asked for.
func (r *rig) loss(w []float64, adjoint bool) float64 {
	y, s := r.run.Value(r.out), 0.0
	var d []float64
	if adjoint {
		d = r.run.Adjoint(r.out)
		clear(d)
	}
	stride := r.g.Stride(r.out)
	for i := range r.run.Rows() {
		for t := range tasks {
			if r.g.Long && int(r.run.Task[i]) != t || !r.g.Long && !r.labels[i][t] {
				continue
			}
			at, width := r.g.Place(r.out, t)
			for k := range width {
				e := y[i*stride+at+k] - r.target[(i*tasks+t)*3+k]
				s += w[t] * e * e / 2
				if adjoint {
					d[i*stride+at+k] = w[t] * e
				}
			}
		}
	}
	return s
}

func (r *rig) forward() {
	for s := range r.run.Shards() {
		r.run.Forward(s)
	}
}

// gradient is that of the loss by the parameters.
func (r *rig) gradient(w []float64) []float64 {
	r.forward()
	r.loss(w, true)
	r.run.Ready()
	sum, g := make([]float64, r.g.Params.Len()), make([]float64, r.g.Params.Len())
	for s := range r.run.Shards() {
		r.run.Backward(s, g)
		num.Add(sum, g)
	}
	return sum
}

// each runs f for every network, in both kinds of batches.
func each(t *testing.T, rows int, f func(t *testing.T, r *rig)) {
	for _, n := range networks() {
		for _, long := range []bool{false, true} {
			if long && n.wide {
				continue
			}
			t.Run(fmt.Sprintf("%s, long=%v", n.name, long), func(t *testing.T) {
				f(t, newRig(t, n, &param.Layout{Tasks: tasks}, long, rows))
			})
		}
	}
}

var weights4 = []float64{1, 0.5, 2, 0.3}

// Every gradient is that of central differences.
func TestGradients(t *testing.T) {
	each(t, 23, func(t *testing.T, r *rig) {
		g := r.gradient(weights4)
		p := r.run.Params
		for i := range p {
			const h = 1e-5
			at := p[i]
			p[i] = at + h
			r.forward()
			up := r.loss(weights4, false)
			p[i] = at - h
			r.forward()
			down := r.loss(weights4, false)
			p[i] = at
			if want := (up - down) / (2 * h); math.Abs(g[i]-want) > 1e-6*(1+math.Abs(want)) {
				t.Fatalf("parameter %d: gradient %v, by differences %v", i, g[i], want)
			}
		}
	})
}

// The Gram matrix is that of the tasks' gradients, one by one, over what some
// tasks share.
func TestGram(t *testing.T) {
	each(t, 150, func(t *testing.T, r *rig) {
		n := r.g.Params.Len()
		rows := make([][]float64, tasks)
		for task := range rows {
			w := make([]float64, tasks)
			w[task] = 1
			rows[task] = r.gradient(w)
			for s := range tasks {
				r.g.Params.Owned(s, func(lo, hi int) { clear(rows[task][lo:hi]) })
			}
		}
		r.forward()
		r.loss([]float64{1, 1, 1, 1}, true)
		gram := make([]float64, tasks*tasks)
		r.run.Gram(gram, []Node{r.out})
		for s := range tasks {
			for u := range tasks {
				want := 0.0
				for i := range n {
					want += rows[s][i] * rows[u][i]
				}
				if got := gram[s*tasks+u]; math.Abs(got-want) > 1e-9*(1+math.Abs(want)) {
					t.Errorf("G[%d][%d] is %v, not %v", s, u, got, want)
				}
			}
		}
	})
}

// Long batches hold what wide ones hold.
func TestWideIsLong(t *testing.T) {
	for _, n := range networks() {
		if n.wide || n.name == "dropout" {
			continue
		}
		const rows = 40
		layout := &param.Layout{Tasks: tasks}
		wide, long := newRig(t, n, layout, false, rows), newRig(t, n, layout, true, rows)
		wide.forward()
		long.forward()
		for i := range rows {
			task := int(long.run.Task[i])
			a, k := wide.g.Place(wide.out, task)
			b, l := long.g.Place(long.out, task)
			if k != n.outs[task] || l != k {
				t.Fatalf("%s: task %d has %d and %d outputs, not %d", n.name, task, k, l, n.outs[task])
			}
			for j := range k {
				x := wide.run.Value(wide.out)[i*wide.g.Stride(wide.out)+a+j]
				y := long.run.Value(long.out)[i*long.g.Stride(long.out)+b+j]
				if math.Abs(x-y) > 1e-12*(1+math.Abs(x)) {
					t.Fatalf("%s: row %d: %v in a wide batch, %v in a long one", n.name, i, x, y)
				}
			}
		}
	}
}

// Playing only some tasks computes the same for them.
func TestOnly(t *testing.T) {
	for _, n := range networks() {
		if n.name == "dropout" {
			continue
		}
		r := newRig(t, n, &param.Layout{Tasks: tasks}, false, 30)
		r.forward()
		want := append([]float64(nil), r.run.Value(r.out)...)
		for i := range r.run.values {
			if !r.g.nodes[i].leaf || len(r.g.inputs) == 0 {
				clear(r.run.values[i])
			}
		}
		r.run.Only([]int{2, 1})
		r.forward()
		stride := r.g.Stride(r.out)
		for _, task := range []int{1, 2} {
			at, k := r.g.Place(r.out, task)
			for i := range 30 {
				for j := at; j < at+k; j++ {
					if got := r.run.Value(r.out)[i*stride+j]; math.Abs(got-want[i*stride+j]) > 1e-12 {
						t.Fatalf("%s: row %d, task %d: %v, not %v", n.name, i, task, got, want[i*stride+j])
					}
				}
			}
		}
		if at, _ := r.g.Place(r.out, 3); r.run.Value(r.out)[at] != 0 {
			t.Errorf("%s: a task was computed that nobody asked for", n.name)
		}
	}
}

// A step allocates nothing once the arena stands.
func TestAllocations(t *testing.T) {
	if testing.Short() {
		t.Skip("short tests run under the race detector, which allocates")
	}
	for _, n := range networks() {
		r := newRig(t, n, &param.Layout{Tasks: tasks}, n.name == "towers", 140)
		g := make([]float64, r.g.Params.Len())
		r.forward()
		r.run.Ready()
		step := func() {
			for s := range r.run.Shards() {
				r.run.Forward(s)
			}
			r.loss(weights4, true)
			for s := range r.run.Shards() {
				r.run.Backward(s, g)
			}
			r.run.Settle()
		}
		step()
		if a := testing.AllocsPerRun(10, step); a != 0 {
			t.Errorf("%s: %v allocations a step", n.name, a)
		}
	}
}
