package relate

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/num"
)

// Of more than MostTasks tasks no T × T matrix is made. A sketch stands for it: a vector a task,
// whose products are how alike tasks are. Maps, neighbours and groups follow from
// these in time and memory in proportion to the tasks, but for neighbours, which
// take T^1.5.
const (
	MostTasks    = 1000 // that a matrix is made of
	mostSketched = 200_000
	sketchWidth  = 256 // of longer vectors this many random projections are kept
)

// A sketcher is a Measure whose relations are products of vectors, so that many
// tasks can be sketched.
type sketcher interface{ sketches() }

func (Weights) sketches()    {}
func (Gradients) sketches()  {}
func (Vectors) sketches()    {}
func (NetVectors) sketches() {}

// sketch is the relation of the cosines of vectors, without its matrix. Long
// vectors v become Rv with R of independent N(0, 1/256) entries, which keeps a
// cosine to about 0.06.
//
// Johnson, Lindenstrauss, Extensions of Lipschitz mappings into a Hilbert space,
// Contemporary Mathematics 26, 1984.
func sketch(s *kindred.Set, vectors [][]float64) *Relation {
	r := &Relation{Symmetric: true, Semidefinite: true}
	wide := 0
	for _, v := range vectors {
		wide = max(wide, len(v))
	}
	project := func(out, v []float64) { copy(out, v) }
	if wide > sketchWidth {
		random := rand.New(rand.NewPCG(1, uint64(wide)))
		to := num.NewDense(wide, sketchWidth)
		for i := range to.Data {
			to.Data[i] = random.NormFloat64()
		}
		project = func(out, v []float64) {
			for j, a := range v {
				num.Axpy(a, to.Row(j), out)
			}
		}
	}
	r.Sketch = num.NewDense(len(vectors), min(wide, sketchWidth))
	num.For(len(vectors), func(t int) {
		row := r.Sketch.Row(t)
		if project(row, vectors[t]); num.Norm(row) > 0 {
			num.Scale(row, 1/num.Norm(row))
		}
	})
	none := 0
	for t := range vectors {
		if num.Norm(r.Sketch.Row(t)) == 0 {
			if none++; none == 1 {
				r.Warnings = append(r.Warnings, tellsNothing(&s.Tasks[t]))
			}
		}
	}
	if none > 1 {
		r.Warnings[0] += "; so do " + counted(none-1) + " more"
	}
	return r
}

// At is how alike two tasks are: an entry of Matrix, or what a sketch has for it.
func (r *Relation) At(s, t int) float64 {
	switch {
	case r.Matrix != nil:
		return r.Matrix.At(s, t)
	case s == t:
		return 1
	}
	return max(-1, min(1, num.Dot(r.Sketch.Row(s), r.Sketch.Row(t))))
}

// part is the relation of some of a sketch's tasks, with its matrix.
func (r *Relation) part(tasks []int) *Relation {
	out := &Relation{Measure: r.Measure, Symmetric: true, Semidefinite: true, Matrix: num.NewDense(len(tasks), len(tasks))}
	for _, t := range tasks {
		out.Tasks = append(out.Tasks, r.Tasks[t])
	}
	fill(out.Matrix, func(s, t int) float64 { return r.At(tasks[s], tasks[t]) })
	return out
}

// some are at most n of a relation's tasks, always the same.
func (r *Relation) some(n int) []int {
	tasks := rand.New(rand.NewPCG(1, 3)).Perm(len(r.Tasks))
	tasks = tasks[:min(n, len(tasks))]
	slices.Sort(tasks)
	return tasks
}

// principal are the places of a sketch's tasks in the k dimensions in which they
// differ most: classical scaling of the products, for with X the sketch and J =
// I − 11ᵀ/T the matrix J X Xᵀ J has the eigenvalues of XᵀJX.
func (r *Relation) principal(k int) *num.Dense {
	x := r.Sketch.Clone()
	mean := make([]float64, x.Cols)
	for t := range x.Rows {
		num.Axpy(1/float64(x.Rows), x.Row(t), mean)
	}
	for t := range x.Rows {
		num.Axpy(-1, mean, x.Row(t))
	}
	values, q := num.SymEigen(num.Gram(&num.Matrix{Rows: x.Rows, Cols: x.Cols, Data: x.Data}, nil, nil))
	out := num.NewDense(x.Rows, k)
	along := num.Product(x, q)
	for c := range min(k, x.Cols) {
		from := x.Cols - 1 - c
		if values[from] <= 1e-12*values[x.Cols-1] {
			continue
		}
		v := along.Col(make([]float64, x.Rows), from)
		num.Scale(v, sign(v))
		out.SetCol(c, v)
	}
	return out
}

// A Neighbour is a task that is alike.
type Neighbour struct {
	Task  int
	Alike float64
}

// Neighbours are for each task the k others that are most alike, those first, of
// equals the earlier: all of a matrix are looked at. Of a sketch those of the
// tenth of √T cells whose centres are nearest, 8 at least, which finds nearly all.
//
// Jégou, Douze, Schmid, Product quantization for nearest neighbor search, IEEE
// TPAMI 33, 2011, section IV, has the cells.
func (r *Relation) Neighbours(k int) [][]Neighbour {
	n := len(r.Tasks)
	out := make([][]Neighbour, n)
	look := func(t int, others []int) {
		var near []Neighbour
		for _, s := range others {
			if v := r.At(s, t); s != t && !math.IsNaN(v) {
				near = nearer(near, Neighbour{s, v}, k)
			}
		}
		out[t] = near
	}
	if r.Matrix != nil {
		every := make([]int, n)
		for t := range every {
			every[t] = t
		}
		num.For(n, func(t int) { look(t, every) })
		return out
	}
	c := r.cells(int(math.Ceil(math.Sqrt(float64(n)))))
	num.For(n, func(t int) {
		var others []int
		for _, g := range c.near(r.Sketch.Row(t), max(8, c.centre.Rows/10)) {
			others = append(others, c.tasks[g]...)
		}
		slices.Sort(others)
		look(t, others)
	})
	return out
}

// nearer puts a neighbour into its place among the k nearest.
func nearer(near []Neighbour, one Neighbour, k int) []Neighbour {
	if len(near) == k && near[k-1].Alike >= one.Alike {
		return near
	}
	at := len(near)
	for at > 0 && near[at-1].Alike < one.Alike {
		at--
	}
	if near = slices.Insert(near, at, one); len(near) > k {
		near = near[:k]
	}
	return near
}

// cells are groups of the tasks of a sketch around centres.
type cells struct {
	centre *num.Dense
	of     []int   // of each task
	tasks  [][]int // of each cell
}

// cells makes n, by centres drawn among the tasks and moved three times.
func (r *Relation) cells(n int) *cells {
	c := &cells{centre: num.NewDense(n, r.Sketch.Cols), of: make([]int, len(r.Tasks))}
	for i, t := range r.some(n) {
		copy(c.centre.Row(i), r.Sketch.Row(t))
	}
	for range 3 {
		c.assign(r.Sketch)
	}
	return c
}

// assign gives each task to the nearest centre, and moves the centres to the
// means of their tasks. It tells whether a task has moved.
func (c *cells) assign(x *num.Dense) bool {
	before := slices.Clone(c.of)
	num.For(x.Rows, func(t int) { c.of[t] = c.near(x.Row(t), 1)[0] })
	c.tasks = make([][]int, c.centre.Rows)
	for t, g := range c.of {
		c.tasks[g] = append(c.tasks[g], t)
	}
	for g, tasks := range c.tasks {
		if len(tasks) == 0 {
			continue
		}
		row := c.centre.Row(g)
		clear(row)
		for _, t := range tasks {
			num.Axpy(1/float64(len(tasks)), x.Row(t), row)
		}
	}
	return !slices.Equal(before, c.of)
}

// near are the n cells whose centres are nearest to x.
func (c *cells) near(x []float64, n int) []int {
	far, order := make([]float64, c.centre.Rows), make([]int, c.centre.Rows)
	for g := range far {
		row := c.centre.Row(g)
		far[g], order[g] = num.Dot(row, row)-2*num.Dot(row, x), g
	}
	if n == 1 {
		least := 0
		for g, v := range far {
			if v < far[least] {
				least = g
			}
		}
		return []int{least}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(far[a], far[b]) })
	return order[:min(n, len(order))]
}

// sampledTasks is how many tasks of a sketch are grouped by a clustering.
const sampledTasks = 600

// groupSketch groups a sample of the tasks, and then all of them around the means
// of these groups, which move with them: k-means from there. With k 0 there are as
// many as both halves of the tasks find alike, and of these as many as say most.
func groupSketch(r *Relation, c Clustering, k int) (*Grouping, error) {
	if _, ok := c.(Selection); ok {
		return nil, refuse("selection: %s tasks, more than the %s that a matrix is made of; give another clustering", counted(len(r.Tasks)), counted(MostTasks))
	}
	some := r.some(sampledTasks)
	part := r.part(some)
	counts, strengths := []int{min(k, len(some))}, []float64{0}
	if k == 0 {
		counts, strengths = stable(r, c)
	}
	var all []*cells
	for _, g := range c.Cut(part, counts) {
		all = append(all, r.around(some, g.Groups))
	}
	at := likeliest(r.Sketch, all)
	out := &Grouping{Chosen: k == 0, Strength: strengths[at], Groups: inOrder(all[at].of)}
	out.Count, out.Silhouette = slices.Max(out.Groups)+1, silhouette(Distances(part), of(out.Groups, some))
	return out, nil
}

// strong is the prediction strength of groups that are taken for real.
const strong = 0.8

// stable are the numbers of groups, 12 at most, of which each half of the tasks
// finds those that the other finds, and how strongly: the least share, over groups
// of one half, of pairs of its tasks that the centres of the other half leave
// together, the mean over both halves; 1 where there are none. Noise blurs where a
// group ends, and with it silhouettes, but where so many tasks have their centres
// stays clear.
//
// Tibshirani, Walther, Cluster validation by prediction strength, Journal of
// Computational and Graphical Statistics 14, 2005.
func stable(r *Relation, c Clustering) (counts []int, strengths []float64) {
	var tried []int
	for count := 2; count <= mostGroups; count++ {
		tried = append(tried, count)
	}
	halves := r.halves()
	var found [2][]*cells
	for i, h := range halves {
		some := h.some(sampledTasks)
		for _, g := range c.Cut(h.part(some), tried) {
			found[i] = append(found[i], h.around(some, g.Groups))
		}
	}
	for i, count := range tried {
		a, b := found[0][i], found[1][i]
		if s := (b.kept(halves[0], a) + a.kept(halves[1], b)) / 2; s >= strong {
			counts, strengths = append(counts, count), append(strengths, s)
		}
	}
	if counts == nil {
		return []int{1}, []float64{1}
	}
	return counts, strengths
}

// likeliest is which of several divisions says most of the sketch x, for its
// groups: their likelihood as round clouds in d dimensions,
//
//	−½ T d log(Σ_t ‖x_t − x̄_g‖² / T d) + Σ_g n_g log(n_g/T) − ½ k d log T
//
// with d how many dimensions a cloud effectively has, (tr S)²/tr S² of its
// covariance S, on average over the tasks in the finest division. Halves of so many
// tasks cut a ring or a ridge at the same places, which are stable and are no
// groups; a cloud cut in two says less than one.
//
// Biernacki, Celeux, Govaert, Assessing a mixture model for clustering with the
// integrated completed likelihood, IEEE TPAMI 22, 2000.
func likeliest(x *num.Dense, all []*cells) int {
	last := all[len(all)-1]
	d, n := 0.0, float64(x.Rows)
	for g := range last.tasks {
		_, dims := last.spread(x, g)
		d += dims * float64(len(last.tasks[g])) / n
	}
	best, most := 0, math.Inf(-1)
	for i, c := range all {
		square, says := 0.0, 0.0
		for g, tasks := range c.tasks {
			if size := float64(len(tasks)); size > 0 {
				s, _ := c.spread(x, g)
				square += s
				says += size*math.Log(size/n) - d*math.Log(n)/2
			}
		}
		if says -= n * d / 2 * math.Log(max(square, 1e-300)/(n*d)); says > most {
			best, most = i, says
		}
	}
	return best
}

// spread is the sum of the squared distances of a group's tasks from their mean,
// and in how many dimensions they lie.
func (c *cells) spread(x *num.Dense, g int) (square, dims float64) {
	mean, n := make([]float64, x.Cols), float64(len(c.tasks[g]))
	for _, t := range c.tasks[g] {
		num.Axpy(1/n, x.Row(t), mean)
	}
	s, row := num.NewDense(x.Cols, x.Cols), make([]float64, x.Cols)
	for _, t := range c.tasks[g] {
		copy(row, x.Row(t))
		num.Axpy(-1, mean, row)
		square += num.Dot(row, row)
		for i, v := range row {
			num.Axpy(v, row, s.Row(i))
		}
	}
	if square == 0 {
		return 0, 1
	}
	return square, square * square / num.Dot(s.Data, s.Data)
}

// halves are a sketch's tasks in two, at random: tasks may lie in any order.
func (r *Relation) halves() (out [2]*Relation) {
	order := rand.New(rand.NewPCG(1, 4)).Perm(len(r.Tasks))
	for i := range out {
		h := &Relation{Measure: r.Measure, Symmetric: true, Semidefinite: true, Sketch: &num.Dense{Cols: r.Sketch.Cols}}
		for at := i; at < len(order); at += 2 {
			h.Tasks, h.Sketch.Data = append(h.Tasks, r.Tasks[order[at]]), append(h.Sketch.Data, r.Sketch.Row(order[at])...)
		}
		h.Sketch.Rows = len(h.Tasks)
		out[i] = h
	}
	return out
}

// kept is the least share of pairs, over the groups own of a sketch's tasks, that
// are together by the centres of c as well.
func (c *cells) kept(r *Relation, own *cells) float64 {
	least := 1.0
	for _, tasks := range own.tasks {
		n := float64(len(tasks))
		if n < 2 {
			return 0
		}
		together := make([]float64, c.centre.Rows)
		for _, t := range tasks {
			together[c.near(r.Sketch.Row(t), 1)[0]]++
		}
		pairs := 0.0
		for _, m := range together {
			pairs += m * (m - 1)
		}
		least = min(least, pairs/(n*(n-1)))
	}
	return least
}

// around are the groups of all tasks by k-means, from the means of the groups of
// some.
func (r *Relation) around(some, groups []int) *cells {
	all := &cells{centre: num.NewDense(slices.Max(groups)+1, r.Sketch.Cols), of: make([]int, len(r.Tasks))}
	size := make([]float64, all.centre.Rows)
	for i, t := range some {
		num.Axpy(1, r.Sketch.Row(t), all.centre.Row(groups[i]))
		size[groups[i]]++
	}
	for i, n := range size {
		num.Scale(all.centre.Row(i), 1/n)
	}
	for moved, round := true, 0; moved && round < 30; round++ {
		moved = all.assign(r.Sketch)
	}
	return all
}

// of are the groups of some tasks, numbered anew.
func of(groups, some []int) []int {
	out := make([]int, len(some))
	for i, t := range some {
		out[i] = groups[t]
	}
	return inOrder(out)
}

// counted is a number with its thousands apart.
func counted(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return counted(n/1000) + "," + strconv.Itoa(1000 + n%1000)[1:]
}
