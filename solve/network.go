package solve

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/blas"
	blasgonum "gonum.org/v1/gonum/blas/gonum"

	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
)

// A plan is the order in which the nodes of a slot are eliminated: always one
// of those with the fewest neighbours left, so that of a tree nothing but its
// links ever stands, and hidden nodes cost no more than others.
//
// George, Liu, The evolution of the minimum degree ordering algorithm, SIAM
// Review 31, 1989, section 2.
type plan struct {
	ground []float64 // of each node, its link to the one held at 0
	pivots []pivot
	waves  [][]int // of pivots that do not depend on one another
	work   float64 // about how many products of d × d matrices
}

// A pivot is a node, its neighbours when it is eliminated, the weights of the
// links to them, and whether eliminations before have left more between.
type pivot struct {
	node   int
	near   []int
	weight []float64
	filled []bool
}

// An edge is what stands between two nodes.
type edge struct {
	weight float64
	filled bool
}

// mostWork is how much work a plan may be, before features count.
const mostWork = 1 << 19

// newPlan returns nil where there is too much to do.
func newPlan(nodes int, links []penalty.Link) *plan {
	p := &plan{ground: make([]float64, nodes)}
	edges := make([]map[int]*edge, nodes)
	for i := range edges {
		edges[i] = map[int]*edge{}
	}
	for _, l := range links {
		if l.B < 0 {
			p.ground[l.A] = l.Weight
			continue
		}
		e := &edge{weight: l.Weight}
		edges[l.A][l.B], edges[l.B][l.A] = e, e
	}
	left, wave := make([]int, nodes), make([]int, nodes)
	for i := range left {
		left[i] = i
	}
	for len(left) > 0 && p.work <= mostWork {
		at := 0
		for i, v := range left {
			if len(edges[v]) < len(edges[left[at]]) {
				at = i
			}
		}
		v := left[at]
		left = slices.Delete(left, at, at+1)
		p.eliminate(v, edges, wave)
	}
	if p.work > mostWork {
		return nil
	}
	return p
}

func (p *plan) eliminate(v int, edges []map[int]*edge, wave []int) {
	step := pivot{node: v}
	for u := range edges[v] {
		step.near = append(step.near, u)
	}
	slices.Sort(step.near)
	for i, u := range step.near {
		e := edges[v][u]
		step.weight, step.filled = append(step.weight, e.weight), append(step.filled, e.filled)
		wave[u] = max(wave[u], wave[v]+1)
		delete(edges[u], v)
		for _, w := range step.near[:i] {
			if edges[u][w] == nil {
				e := &edge{}
				edges[u][w], edges[w][u] = e, e
			}
			edges[u][w].filled = true
		}
	}
	for len(p.waves) <= wave[v] {
		p.waves = append(p.waves, nil)
	}
	p.waves[wave[v]] = append(p.waves[wave[v]], len(p.pivots))
	p.pivots = append(p.pivots, step)
	p.work++
	if n := float64(len(step.near)); !step.lone() {
		p.work += n + n*(n+1)/2
	}
}

// lone tells whether there is but one neighbour, with nothing but a link
// between.
func (s *pivot) lone() bool { return len(s.near) == 1 && !s.filled[0] }

// network is a system by the nodes of a Linked penalty: with a the weights of
// the links, S_v = H_v + ground_v at first,
//
//	(S_v + Σ_u a_vu) x_v − Σ_u a_vu x_u = b_v
//
// where hidden nodes have neither H nor b. To eliminate a node with one
// neighbour adds aS(S + a)⁻¹ to that one's S, in which nothing cancels; where
// there are several, the factor is that of a block Cholesky decomposition.
//
// Golub, Van Loan, Matrix Computations, 2013, section 4.3; Rue, Held, Gaussian
// Markov random fields, 2005, section 2.4.
type network struct {
	k     *covariance
	d     int
	h     []*num.Dense  // of each column
	sides []elimination // of each slot
}

// elimination is what stands of a slot.
type elimination struct {
	plan   *plan
	s      []*num.Dense          // of each node
	r, inv []*num.Dense          // of each pivot: RᵀR = D_v, and D_v⁻¹ or room for it
	y      [][]*num.Dense        // of each pivot that is not lone: R⁻ᵀB of each neighbour
	fill   map[[2]int]*num.Dense // what eliminations have left between nodes u < w
}

// renew sets the system to that of c.
func (s *network) renew(c *curvature) {
	if s.k == nil {
		s.k, s.d = c.k, c.p.Features()
		s.h = make([]*num.Dense, c.p.Columns())
		for slot := range c.k.slots {
			p := c.k.related.plan(slot)
			n := len(p.ground)
			s.sides = append(s.sides, elimination{plan: p, s: make([]*num.Dense, n), r: make([]*num.Dense, n), inv: make([]*num.Dense, n), y: make([][]*num.Dense, n)})
		}
	}
	num.Each(len(s.h), c.p.work()*s.d/2, func(col int) { s.h[col] = c.gram(col, s.h[col]) })
	for slot, columns := range c.k.slots {
		s.sides[slot].factor(s.d, columns, s.h)
	}
}

func (e *elimination) factor(d int, columns []int, h []*num.Dense) {
	e.fill = map[[2]int]*num.Dense{}
	for v := range e.s {
		if e.s[v] == nil {
			e.s[v] = num.NewDense(d, d)
		}
		clear(e.s[v].Data)
		if v < len(columns) {
			copy(e.s[v].Data, h[columns[v]].Data)
		}
		raise(e.s[v], e.plan.ground[v])
	}
	for _, wave := range e.plan.waves {
		num.Each(len(wave), len(wave)*d*d*d, func(i int) { e.decompose(wave[i]) })
		for _, at := range wave {
			e.update(at)
		}
	}
}

// raise adds by to the diagonal.
func raise(a *num.Dense, by float64) {
	for i := range a.Rows {
		a.Data[i*a.Cols+i] += by
	}
}

// decompose factors a pivot, and makes what its neighbours are to be told:
// of a lone one that is aS(S + a)⁻¹, in inv.
func (e *elimination) decompose(at int) {
	step := &e.plan.pivots[at]
	s, sum := e.s[step.node], num.Sum(step.weight)
	e.r[at], _ = definite(e.r[at], s, sum)
	if len(step.near) == 0 {
		return
	}
	if e.inv[at] == nil {
		e.inv[at] = num.NewDense(s.Rows, s.Rows)
	}
	if step.lone() {
		e.message(at, s, sum)
		return
	}
	d := s.Rows
	for len(e.y[at]) < len(step.near) {
		e.y[at] = append(e.y[at], num.NewDense(d, d))
	}
	for i, u := range step.near {
		y := e.y[at][i]
		clear(y.Data)
		if step.filled[i] {
			e.between(y, step.node, u)
		}
		raise(y, -step.weight[i])
		blasgonum.Implementation{}.Dtrsm(blas.Left, blas.Upper, blas.Trans, blas.NonUnit, d, d, 1, e.r[at].Data, max(1, d), y.Data, max(1, d))
	}
}

// message sets inv to aS(S + a)⁻¹ = a − a²(S + a)⁻¹, the latter where a is the
// lesser.
func (e *elimination) message(at int, s *num.Dense, a float64) {
	room, m := num.NewDense(s.Rows, s.Rows), e.inv[at]
	num.CholeskyInverse(m, e.r[at], room)
	if math.Abs(a) <= greatest(s) {
		for i := range m.Data {
			m.Data[i] *= -a * a
		}
		raise(m, a)
		return
	}
	for i := range s.Rows {
		for j := i; j < s.Rows; j++ {
			room.Set(i, j, a*num.Dot(s.Row(i), m.Row(j)))
			room.Set(j, i, room.At(i, j))
		}
	}
	copy(m.Data, room.Data)
}

// between adds what eliminations have left between v and u to b, rows v.
func (e *elimination) between(b *num.Dense, v, u int) {
	f := e.fill[[2]int{min(v, u), max(v, u)}]
	if f == nil {
		return
	}
	for i := range b.Rows {
		for j := range b.Cols {
			if v < u {
				b.Data[i*b.Cols+j] += f.At(i, j)
			} else {
				b.Data[i*b.Cols+j] += f.At(j, i)
			}
		}
	}
}

// update tells the neighbours.
func (e *elimination) update(at int) {
	step := &e.plan.pivots[at]
	if step.lone() {
		num.Axpy(1, e.inv[at].Data, e.s[step.near[0]].Data)
		return
	}
	var pairs [][2]int
	for i, u := range step.near {
		raise(e.s[u], step.weight[i])
		for j := range i + 1 {
			pairs = append(pairs, [2]int{j, i})
			if key := [2]int{step.near[j], u}; j < i && e.fill[key] == nil {
				e.fill[key] = num.NewDense(e.s[u].Rows, e.s[u].Rows)
			}
		}
	}
	d := e.s[step.node].Rows
	num.Each(len(pairs), len(pairs)*d*d*d, func(k int) {
		j, i := pairs[k][0], pairs[k][1]
		to := e.s[step.near[i]]
		if j < i {
			to = e.fill[[2]int{step.near[j], step.near[i]}]
		}
		blasgonum.Implementation{}.Dgemm(blas.Trans, blas.NoTrans, d, d, d, -1, e.y[at][j].Data, max(1, d), e.y[at][i].Data, max(1, d), 1, to.Data, max(1, d))
	})
}

// solve is (K⁻¹ + H)⁻¹ of K⁻¹p.
func (s *network) solve(p *num.Dense) {
	s.k.inverse(p, p)
	s.direct(p)
}

// direct sets p to (K⁻¹ + H)⁻¹ p.
func (s *network) direct(p *num.Dense) {
	num.Each(len(s.sides), 4*len(s.sides)*p.Cols*s.d*s.d, func(slot int) {
		e := &s.sides[slot]
		x := gather(p, s.k.slots[slot])
		for len(x) < len(e.s) {
			x = append(x, make([]float64, s.d))
		}
		e.solve(x)
		for i, col := range s.k.slots[slot] {
			p.SetCol(col, x[i])
		}
	})
}

// solve sets the x of every node, given its b.
func (e *elimination) solve(x [][]float64) {
	for at := range e.plan.pivots {
		step, r := &e.plan.pivots[at], e.r[at]
		v, d := x[step.node], r.Rows
		if step.lone() {
			num.CholeskySolve(r, v)
			num.Axpy(step.weight[0], v, x[step.near[0]])
			continue
		}
		blasgonum.Implementation{}.Dtrsv(blas.Upper, blas.Trans, blas.NonUnit, d, r.Data, max(1, d), v, 1)
		for i, u := range step.near {
			blasgonum.Implementation{}.Dgemv(blas.Trans, d, d, -1, e.y[at][i].Data, max(1, d), v, 1, 1, x[u], 1)
		}
	}
	for at := len(e.plan.pivots) - 1; at >= 0; at-- {
		step, r := &e.plan.pivots[at], e.r[at]
		v, d := x[step.node], r.Rows
		if step.lone() {
			pull := slices.Clone(x[step.near[0]])
			num.CholeskySolve(r, pull)
			num.Axpy(step.weight[0], pull, v)
			continue
		}
		for i, u := range step.near {
			blasgonum.Implementation{}.Dgemv(blas.NoTrans, d, d, -1, e.y[at][i].Data, max(1, d), x[u], 1, 1, v, 1)
		}
		blasgonum.Implementation{}.Dtrsv(blas.Upper, blas.NoTrans, blas.NonUnit, d, r.Data, max(1, d), v, 1)
	}
}

func (s *network) times(out, w *num.Dense) {
	num.Each(w.Cols, w.Cols*s.d*s.d, func(col int) {
		v, h := w.Col(make([]float64, s.d), col), make([]float64, s.d)
		for i := range h {
			h[i] = num.Dot(s.h[col].Row(i), v)
		}
		out.SetCol(col, h)
	})
}
