package tape

import (
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/param"
)

// laneStride is how many numbers a row of one task's adjoint of n holds: of a
// node with a block for each group of tasks, only the task's own.
func (r *Run[F]) laneStride(n Node) int {
	v := &r.graph.nodes[n]
	if v.of == nil {
		return v.stride
	}
	w := 0
	for b := range v.blocks() {
		w = max(w, v.width(b))
	}
	return w
}

// Gram sets gram, of Tasks × Tasks numbers, to the products of the tasks'
// gradients,
//
//	G_st = Σ ∂L_s/∂p · ∂L_t/∂p   over the parameters p that s and t share
//
// for the batch played forward, from the adjoints of the outputs: those of task
// t are the gradient of L_t. An entry of a bank that one task alone uses does
// not count.
//
// The gradients of all tasks flow back together, one operation after the other:
// what the forward pass left behind is read once for all of them, and once an
// operation's share of G is added its gradients are dropped. So only the largest
// operation's gradients are held for each task, never tasks × parameters. In a
// long batch the rows tell the tasks apart, and nothing is computed twice; what
// batch norms measured over rows of other tasks then counts as constant.
func (r *Run[F]) Gram(gram []float64, outputs []Node) {
	tasks := r.graph.Tasks()
	clear(gram[:tasks*tasks])
	starts := r.beginLanes(outputs)
	for i := len(r.players) - 1; i >= 0; i-- {
		shared, at, size := r.sharedOf(i)
		g := r.laneGradients(size * tasks)
		num.For(tasks, func(t int) {
			p := pass[F]{lo: starts[t], hi: starts[t+1], lane: t, g: g[t*size : (t+1)*size], at: at}
			if !r.graph.Long {
				p.lo, p.hi = 0, r.rows
			}
			clear(p.g)
			r.back(i, &p)
			for _, b := range shared {
				dropOwned(&p, b)
			}
		})
		if len(shared) > 0 {
			addGram(gram, g, tasks, size)
		}
	}
}

// beginLanes makes the adjoints of the lanes, copies those of the outputs to
// them, and returns the rows at which the tasks of a long batch begin.
func (r *Run[F]) beginLanes(outputs []Node) []int {
	tasks := r.graph.Tasks()
	starts := make([]int, tasks+1)
	if r.graph.Long {
		for _, t := range r.Task[:r.rows] {
			starts[t+1]++
		}
		for t := range tasks {
			starts[t+1] += starts[t]
		}
		r.Ready()
		return starts
	}
	if r.lanes == nil {
		r.lanes = make([][]F, len(r.graph.nodes))
		for n := range r.graph.nodes {
			if !r.graph.nodes[n].leaf {
				r.lanes[n] = make([]F, tasks*r.most*r.laneStride(Node(n)))
			}
		}
	}
	for _, n := range outputs {
		v := &r.graph.nodes[n]
		for t := range tasks {
			if v.blockOf(t) < 0 {
				continue
			}
			from := r.grads(n, v.blockOf(t), &pass[F]{hi: r.rows, lane: -1})
			to := r.grads(n, v.blockOf(t), &pass[F]{hi: r.rows, lane: t})
			for i := range r.rows {
				copy(row(to, i), row(from, i))
			}
		}
	}
	return starts
}

// sharedOf lists the blocks of operation i, of which some are shared, and where
// each lies in a buffer of this size.
func (r *Run[F]) sharedOf(i int) (shared []*param.Block, at []int, size int) {
	blocks := r.graph.ops[i].params()
	at = make([]int, len(r.graph.Params.Blocks))
	for _, b := range blocks {
		at[b.Index()] = size
		size += b.Len()
		if b.Shared(r.graph.Tasks()) {
			shared = append(shared, b)
		}
	}
	return shared, at, size
}

// laneGradients is a buffer of n numbers, kept from step to step.
func (r *Run[F]) laneGradients(n int) []F {
	if len(r.jacobian) < n {
		r.jacobian = make([]F, n)
	}
	return r.jacobian[:n]
}

// dropOwned clears the gradient of entries that one task alone uses.
func dropOwned[F num.Float](p *pass[F], b *param.Block) {
	g := p.grad(b)
	for e, u := range b.Users {
		if len(u) == 1 {
			clear(g[b.Bounds[e]*b.Cols : b.Bounds[e+1]*b.Cols])
		}
	}
}

// chunk is how many parameters one product of gradients covers.
const chunk = 4096

// addGram adds the products of the rows of g, tasks × size, in pieces whose
// sums are added in order.
func addGram[F num.Float](gram []float64, g []F, tasks, size int) {
	pieces := (size + chunk - 1) / chunk
	parts := make([][]F, pieces)
	num.For(pieces, func(c int) {
		lo, hi := c*chunk, min((c+1)*chunk, size)
		a := num.View[F]{Rows: tasks, Cols: hi - lo, RowStep: size, ColStep: 1, Data: g[lo:]}
		parts[c] = make([]F, tasks*tasks)
		num.Multiply(num.Of(parts[c], tasks, tasks), a, a.T(), num.Finish[F]{})
	})
	for _, part := range parts {
		for i, v := range part {
			gram[i] += float64(v)
		}
	}
}
