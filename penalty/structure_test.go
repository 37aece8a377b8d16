package penalty_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/penalty/penaltytest"
)

func newick(t testing.TB, text string) *penalty.Node {
	t.Helper()
	root, err := penalty.ParseNewick(text)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// complete is the graph of n tasks in which all are alike.
func complete(n int, weight float64) []penalty.Edge {
	edges := []penalty.Edge{}
	for s := range n {
		for t := range s {
			edges = append(edges, penalty.Edge{From: fmt.Sprint(s), To: fmt.Sprint(t), Weight: weight})
		}
	}
	return edges
}

func TestGivenStructures(t *testing.T) {
	const deep = "((0,1:2,2):0.5,((3,4),5),6,7,(8));"
	penaltytest.Check(t, &penalty.Tree{Mu: 0.3, Root: newick(t, deep)})
	penaltytest.Check(t, &penalty.Graph{Mu: 0.3, Edges: complete(3, 2)})
	omega := num.NewDense(9, 9)
	var names []string
	for i := range 9 {
		names = append(names, fmt.Sprint(i))
		for j := range 9 {
			omega.Set(i, j, math.Exp(-math.Abs(float64(i-j))))
		}
	}
	penaltytest.Check(t, &penalty.Covariance{Omega: omega, Tasks: names})
	singular := num.NewDense(9, 9)
	for i := range singular.Data {
		singular.Data[i] = 1
	}
	penaltytest.Check(t, &penalty.Covariance{Omega: singular, Tasks: names})
}

func TestStructureLimits(t *testing.T) {
	const tasks, tol = 5, 1e-12
	w, l := normal(6, tasks), single(tasks)
	root := newick(t, "(4,(3),0,1,2);")
	root.Children[1] = root.Children[1].Children[0] // one level
	t.Run("a tree of one level is shared weights", func(t *testing.T) {
		for _, mu := range []float64{0.01, 0.7, 30} {
			same(t, (&penalty.Tree{Mu: mu, Root: root}).On(l, 0.8), (&penalty.Shared{Mu: mu}).On(l, 0.8), w, tol)
			same(t, (&penalty.Tree{Mu: mu}).On(l, 0.8), (&penalty.Shared{Mu: mu}).On(l, 0.8), w, tol)
		}
	})
	t.Run("its layers are what is shared and the rest", func(t *testing.T) {
		layers := (&penalty.Tree{Mu: 0.7, Root: root}).On(l, 0.8).(penalty.Layered).Layers(w)
		w0 := penalty.SharedPart((&penalty.Shared{Mu: 0.7}).On(l, 0.8), w)
		for j := range w.Rows {
			for c, v := range w.Row(j) {
				if math.Abs(layers[0].At(j, c)-w0.At(j, 0)) > tol || math.Abs(layers[1].At(j, c)-v+w0.At(j, 0)) > tol {
					t.Errorf("layers %v and %v of %v, shared %v", layers[0].At(j, c), layers[1].At(j, c), v, w0.At(j, 0))
				}
			}
		}
	})
	t.Run("a covariance of ones is shared weights", func(t *testing.T) { // of variances (1−σ)/λ and σ/λ
		same(t, (&penalty.Covariance{Shrink: 0.2}).On(l, 0.8), (&penalty.Shared{Mu: 0.2 / 0.8}).On(l, 0.8/0.2), w, tol)
	})
	t.Run("a covariance of unrelated tasks is ridge", func(t *testing.T) {
		one := num.NewDense(tasks, tasks)
		var names []string
		for i := range tasks {
			one.Set(i, i, 1)
			names = append(names, fmt.Sprint(i))
		}
		same(t, (&penalty.Covariance{Omega: one, Tasks: names}).On(l, 0.8), penalty.Ridge{}.On(l, 0.8), w, tol)
		same(t, (&penalty.Covariance{Shrink: 1}).On(l, 0.8), penalty.Ridge{}.On(l, 0.8), w, tol)
	})
	t.Run("a complete graph is shared weights", func(t *testing.T) { // with 1/λμ along the mean and 1/λ(1+μ) across
		const mu, lambda = 0.4, 0.8
		private := 1 / (lambda * (1 + mu))
		shared := (1/(lambda*mu) - private) / tasks
		want := (&penalty.Shared{Mu: private / shared}).On(l, 1/private)
		same(t, (&penalty.Graph{Mu: mu}).On(l, lambda), want, w, tol)
		same(t, (&penalty.Graph{Mu: mu, Edges: complete(tasks, 1./tasks)}).On(l, lambda), want, w, tol)
	})
	t.Run("a graph without edges is ridge", func(t *testing.T) {
		same(t, (&penalty.Graph{Mu: 0.3, Edges: []penalty.Edge{}}).On(l, 0.8), penalty.Ridge{}.On(l, 0.8*0.3), w, tol)
	})
	t.Run("temporal is the graph of a chain", func(t *testing.T) {
		edges := []penalty.Edge{{From: "3", To: "2", Weight: 1}, {From: "0", To: "1", Weight: 1}, {From: "1", To: "2", Weight: 1}, {From: "3", To: "4", Weight: 1}}
		same(t, (&penalty.Temporal{Mu: 0.3}).On(l, 0.8), (&penalty.Graph{Mu: 0.3, Edges: edges}).On(l, 0.8), w, tol)
	})
	t.Run("a graph of unbounded strength is common", func(t *testing.T) {
		for j := range w.Rows {
			for c := range w.Cols {
				w.Set(j, c, w.At(j, 0))
			}
		}
		same(t, (&penalty.Graph{Mu: 1e-10}).On(l, 0.8e10), penalty.Common{}.On(l, 0.8*tasks), w, 1e-6)
	})
}

// Value is λ/2 (Σ a_st ‖w_s − w_t‖² + μ‖W‖²), alone and in sums; components that
// no edge joins do not know of one another.
func TestGraphValue(t *testing.T) {
	w := normal(4, 5)
	edges := []penalty.Edge{{From: "0", To: "3", Weight: 2}, {From: "3", To: "4", Weight: 0.5}, {From: "1", To: "2", Weight: 1.5}}
	want := 0.3 * num.Dot(w.Data, w.Data)
	for _, e := range edges {
		s, u := int(e.From[0]-'0'), int(e.To[0]-'0')
		for j := range w.Rows {
			want += e.Weight * (w.At(j, s) - w.At(j, u)) * (w.At(j, s) - w.At(j, u))
		}
	}
	if got := (&penalty.Graph{Mu: 0.3, Edges: edges}).On(single(5), 0.8).Value(w); math.Abs(got-0.4*want) > 1e-12 {
		t.Errorf("value %v, want %v", got, 0.4*want)
	}
	entries, rows := 0.0, 0.0
	for j := range w.Rows {
		rows += num.Norm(w.Row(j))
		for _, v := range w.Row(j) {
			entries += math.Abs(v)
		}
	}
	want -= 0.3 * num.Dot(w.Data, w.Data)
	if got, want := (&penalty.SparseGraph{L1Ratio: 0.2, Edges: edges}).On(single(5), 0.8).Value(w), 0.8*(0.2*entries+0.4*want); math.Abs(got-want) > 1e-12 {
		t.Errorf("and the lasso: %v, want %v", got, want)
	}
	chain := 0.3 * num.Dot(w.Data, w.Data)
	for j := range w.Rows {
		for c := 1; c < 5; c++ {
			chain += (w.At(j, c) - w.At(j, c-1)) * (w.At(j, c) - w.At(j, c-1))
		}
	}
	if got, want := (&penalty.TemporalLasso{L1Ratio: 0.2, Mu: 0.3}).On(single(5), 0.8).Value(w), 0.8*(0.2*rows+0.4*chain); math.Abs(got-want) > 1e-12 {
		t.Errorf("a chain and the rows: %v, want %v", got, want)
	}
	whole := w.Clone()
	(&penalty.Graph{Mu: 0.3, Edges: edges}).On(single(5), 0.8).(penalty.Proximal).Prox(whole, whole, 0.7)
	for _, component := range [][]int{{0, 3, 4}, {1, 2}} {
		part := num.NewDense(4, len(component))
		l := penalty.Layout{Task: component, Slot: make([]int, len(component))}
		for c, task := range component {
			part.SetCol(c, w.Col(make([]float64, 4), task))
		}
		(&penalty.Graph{Mu: 0.3, Edges: edges}).On(l, 0.8).(penalty.Proximal).Prox(part, part, 0.7)
		for c, task := range component {
			for j := range 4 {
				if math.Abs(part.At(j, c)-whole.At(j, task)) > 1e-13 {
					t.Errorf("task %d: %v in its component, %v in the whole", task, part.At(j, c), whole.At(j, task))
				}
			}
		}
	}
}

// The covariance of two tasks is the sum of ℓ/c over the nodes above both.
func TestTreeCovariance(t *testing.T) {
	const mu = 0.3
	f := (&penalty.Tree{Mu: mu, Root: newick(t, "((a,b):2,(c,(d,e:4)));")}).On(penalty.Layout{
		Task: []int{0, 1, 2, 3}, Slot: make([]int, 4), Names: []string{"e", "a", "d", "b"}}, 2).(penalty.Quadratic)
	c := func(depth float64) float64 { return math.Pow(mu, depth/3-1) } // 1/c of an inner node
	// leaf to leaf: e, a, d, b
	want := [][]float64{
		{c(0) + c(1) + c(2) + 4, c(0), c(0) + c(1) + c(2), c(0)},
		{c(0), c(0) + 2*c(1) + 1, c(0), c(0) + 2*c(1)},
		{c(0) + c(1) + c(2), c(0), c(0) + c(1) + c(2) + 1, c(0)},
		{c(0), c(0) + 2*c(1), c(0), c(0) + 2*c(1) + 1},
	}
	k := f.Covariance(0)
	for s := range want {
		for u, v := range want[s] {
			if got := k.At(s, u); math.Abs(got-v/2) > 1e-12 {
				t.Errorf("tasks %d and %d: %v, want %v", s, u, got, v/2)
			}
		}
	}
}

// Tasks are known by name: their order changes nothing but the order.
func TestStructurePermutes(t *testing.T) {
	w, names := normal(4, 5), []string{"a", "b", "c", "d", "e"}
	order := []int{3, 0, 4, 2, 1}
	edges := []penalty.Edge{{From: "a", To: "d", Weight: 2}, {From: "d", To: "e", Weight: 0.5}, {From: "b", To: "c", Weight: 1.5}}
	for _, p := range []penalty.Penalty{&penalty.Graph{Mu: 0.2, Edges: edges}, &penalty.Tree{Mu: 0.2, Root: newick(t, "((b,a),(c,(d,e)));")}} {
		l, turned, v := single(5), single(5), num.NewDense(4, 5)
		l.Names = names
		for to, from := range order {
			turned.Names = append(turned.Names, names[from])
			v.SetCol(to, w.Col(make([]float64, 4), from))
		}
		a, b := w.Clone(), v.Clone()
		p.On(l, 0.8).(penalty.Proximal).Prox(a, a, 0.7)
		p.On(turned, 0.8).(penalty.Proximal).Prox(b, b, 0.7)
		for to, from := range order {
			for j := range 4 {
				if math.Abs(a.At(j, from)-b.At(j, to)) > 1e-14 {
					t.Errorf("%T: task %s: %v, permuted %v", p, names[from], a.At(j, from), b.At(j, to))
				}
			}
		}
	}
}

// families makes weights of tasks in families: each a direction of its own,
// with noise.
func families(sizes ...int) (w *num.Dense, family []int) {
	random := rand.New(rand.NewPCG(2, 3))
	for f, n := range sizes {
		family = append(family, slices.Repeat([]int{f}, n)...)
	}
	w = num.NewDense(30, len(family))
	for j := range w.Rows {
		for f := range sizes {
			v := random.NormFloat64()
			for c := range family {
				if family[c] == f {
					w.Set(j, c, (v+0.3*random.NormFloat64())*float64(1+c%3))
				}
			}
		}
	}
	return w, family
}

func TestLearnedGraphJoinsFamilies(t *testing.T) {
	w, family := families(7, 8, 9)
	learned, err := (&penalty.Graph{Mu: 0.5}).Learn(single(24), w)
	if err != nil {
		t.Fatal(err)
	}
	g, total := learned.(*penalty.Graph), 0.0
	for _, e := range g.Edges {
		var s, u int
		fmt.Sscan(e.From, &s)
		fmt.Sscan(e.To, &u)
		if family[s] != family[u] || e.Weight <= 0 {
			t.Errorf("%v joins families %d and %d", e, family[s], family[u])
		}
		total += 2 * e.Weight
	}
	if g.Mu != 0.5 || g.Open() || len(g.Edges) < 24*5/2 || math.Abs(total-24) > 1e-12 {
		t.Errorf("mu %v, %d edges of mean degree %v", g.Mu, len(g.Edges), total/24)
	}
}

// Of 27 tasks a learned tree has 3 groups below its root: here the families.
func TestLearnedTreeFindsFamilies(t *testing.T) {
	w, family := families(9, 11, 7)
	learned, err := (&penalty.Tree{Mu: 0.5}).Learn(single(27), w)
	if err != nil {
		t.Fatal(err)
	}
	tree := learned.(*penalty.Tree)
	if tree.Mu != 0.5 || tree.Open() || tree.Covers(strings.Fields("0 1 26")) != nil || len(tree.Root.Children) != 3 {
		t.Fatalf("mu %v, %d groups", tree.Mu, len(tree.Root.Children))
	}
	for _, group := range tree.Root.Children {
		seen := map[int]bool{}
		for _, name := range group.Leaves() {
			var task int
			fmt.Sscan(name, &task)
			seen[family[task]] = true
		}
		if len(seen) != 1 {
			t.Errorf("a group of families %v", seen)
		}
	}
	if leaves := tree.Root.Leaves(); len(leaves) != 27 {
		t.Errorf("leaves %v", leaves)
	}
}

// Weights that are nothing are like no others, and break nothing.
func TestLearningFromNothing(t *testing.T) {
	for _, n := range []int{1, 2, 4} {
		w := num.NewDense(3, n)
		if n > 2 {
			w.Set(0, 0, 1)
			w.Set(0, 1, 1)
		}
		for _, p := range []penalty.Learner{&penalty.Graph{}, &penalty.Tree{}, &penalty.Covariance{}} {
			learned, err := p.Learn(single(n), w)
			if err != nil {
				t.Fatal(err)
			}
			if v := learned.On(single(n), 1).Value(w); math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
				t.Errorf("%T of %d tasks: value %v", p, n, v)
			}
		}
	}
}

func TestNewick(t *testing.T) {
	root := newick(t, " ( 'it''s (a)':0.5 ,b_1[a comment, with ; and )], (c\n,d) inner : 2e0)root ; ")
	if got := strings.Join(root.Leaves(), "|"); got != "it's (a)|b_1|c|d" {
		t.Errorf("leaves %q", got)
	}
	if n := root.Children[2]; root.Name != "root" || n.Name != "inner" || n.Length != 2 || root.Children[0].Length != 0.5 || root.Children[1].Length != 0 {
		t.Errorf("%+v", root)
	}
	if lone := newick(t, "a"); lone.Name != "a" || lone.Children != nil {
		t.Errorf("%+v", lone)
	}
	for text, want := range map[string]string{
		"":                             "line 1, column 1: a task or an opening",
		"(a,b":                         "column 5: a comma or a closing",
		"(a,,b);":                      "column 4: a task",
		"(a,\n b c);":                  "line 2, column 4: a comma",
		"(a,b);c":                      `column 7: "c" follows`,
		"(a,b));":                      `column 6: ");" follows`,
		"(a:-1,b);":                    `column 4: "-1" is no length`,
		"(a:0,b);":                     `"0" is no length`,
		"(a:x,b);":                     `"x" is no length`,
		"('a,b);":                      "column 2: the quote",
		"[(a,b);":                      "a task or",
		strings.Repeat("(", 2000):      "more than 1000 parentheses",
		"(a,b)" + string(rune(0)) + "": "",
	} {
		if _, err := penalty.ParseNewick(text); want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%.20q: %v, want %q", text, err, want)
		}
	}
}

func FuzzNewick(f *testing.F) {
	f.Add("((a,b):0.5,'c d'[x]);")
	f.Fuzz(func(t *testing.T, text string) {
		root, err := penalty.ParseNewick(text)
		if err != nil {
			return
		}
		for _, name := range root.Leaves() {
			if name == "" && !strings.Contains(text, "''") {
				t.Errorf("a leaf without a name in %q", text)
			}
		}
	})
}

func TestStructureOptions(t *testing.T) {
	crooked := &num.Dense{Rows: 2, Cols: 2, Data: []float64{1, 2, 3, 1}}
	negative := &num.Dense{Rows: 2, Cols: 2, Data: []float64{1, 2, 2, 1}}
	for _, p := range []interface{ Check() error }{
		&penalty.Graph{Mu: -1}, &penalty.Temporal{Mu: math.NaN()}, &penalty.Tree{Mu: math.Inf(1)},
		&penalty.Graph{Edges: []penalty.Edge{{From: "a", To: "b", Weight: -1}}},
		&penalty.Tree{Root: newick(t, "(a,b,a);")}, &penalty.Tree{Root: &penalty.Node{Name: "a", Length: -1}},
		&penalty.Covariance{Shrink: 2}, &penalty.Covariance{Omega: crooked, Tasks: []string{"a", "b"}},
		&penalty.Covariance{Omega: negative, Tasks: []string{"a", "b"}}, &penalty.Covariance{Omega: crooked},
		&penalty.Dirty{Theta: -1}, &penalty.Robust{Theta: 2}, &penalty.RMTFL{Theta: math.NaN()}, &penalty.SparseLowRank{Theta: 1.5},
	} {
		if p.Check() == nil {
			t.Errorf("%+v passes", p)
		}
	}
	for _, p := range []interface{ Check() error }{
		&penalty.Graph{}, &penalty.Temporal{}, &penalty.Tree{Root: newick(t, "(a,b);")}, &penalty.Covariance{},
		&penalty.Dirty{}, &penalty.Robust{Theta: 1}, &penalty.RMTFL{}, &penalty.SparseLowRank{Theta: 0.2},
	} {
		if err := p.Check(); err != nil {
			t.Error(err)
		}
	}
	err := (&penalty.Tree{Root: newick(t, "(north,south);")}).Covers([]string{"north", "suoth"})
	if err == nil || !strings.Contains(err.Error(), `did you mean "south"`) {
		t.Errorf("%v", err)
	}
}
