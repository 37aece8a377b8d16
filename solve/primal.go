package solve

import (
	"context"
	"slices"

	"github.com/kindred-mtl/kindred/num"
)

// slow is after how many passes of dual coordinate descent Newton's method takes
// over where it can. Passes then gain little each; a Newton step takes as long as
// a few of them, and few are needed. LIBLINEAR 2.50 waits for 300.
const slow = 100

// primal goes on from where the dual variables stand by Newton's method on the
// same problem. It yields nothing if that does not take the losses, or if W has
// more numbers than the rows.
func (c *coordinates) primal(ctx context.Context, best *record, step int, tol float64, yield func(State) bool) (ended bool) {
	if (&Newton{}).Accepts(c.p) != nil || len(c.value) < (c.d+1)*len(c.own) {
		return false
	}
	p := c.writtenOut()
	n := newDescender(p, &Point{W: c.weights(), B: make([]float64, p.Columns())})
	for ctx.Err() == nil {
		n.step(ctx, tol)
		step++
		primal := n.value + n.omega
		if dual := primal - n.gap; dual > best.dual {
			best.dual = dual
			for t, slopes := range n.rows.slopes {
				for i, v := range slopes {
					c.a[t][i] = -v
				}
			}
		}
		if primal < best.primal {
			best.primal = primal
			c.unfold(best.x, n.x.W)
		}
		best.x.A = c.a
		st := best.state(step, 3)
		st.Stalled = st.Stalled || n.stuck
		if !yield(st) {
			break
		}
	}
	return true
}

// writtenOut is the problem with the constants as a last column and fixed
// intercepts. Rows without a weight may hold any numbers.
func (c *coordinates) writtenOut() *Problem {
	p := &Problem{Tasks: slices.Clone(c.p.Tasks), Penalty: c.p.Penalty, Layout: c.p.Layout}
	for t := range p.Tasks {
		task := &p.Tasks[t]
		x := &num.Matrix{Rows: task.X.Rows, Cols: c.d + 1, Data: c.value, Index: c.index, Start: make([]int, task.X.Rows)}
		if c.index != nil {
			x.Stop = make([]int, x.Rows)
		}
		for _, r := range c.rows[c.of[t]:c.of[t+1]] {
			i := int(r.duals) / task.Outputs
			x.Start[i] = r.at
			if c.index != nil {
				x.Stop[i] = r.at + int(r.n)
			}
		}
		task.X, task.Fixed = x, c.offset[c.first[t]:c.first[t+1]]
	}
	return p
}

// weights is v + w0 of each column, the constant's last.
func (c *coordinates) weights() *num.Dense {
	w := num.NewDense(c.d+1, len(c.own))
	for column, own := range c.own {
		sum := make([]float64, c.d+1)
		for _, part := range [][]float64{own, c.common[c.slots[column]]} {
			if part != nil {
				num.Axpy(1, part, sum)
			}
		}
		w.SetCol(column, sum)
	}
	return w
}

// unfold sets W and b of x, given the weights of the constant as the last row.
func (c *coordinates) unfold(x *Point, w *num.Dense) {
	copy(x.W.Data, w.Data[:len(x.W.Data)])
	for t, constant := range c.constant {
		for column := c.first[t]; column < c.first[t+1]; column++ {
			x.B[column] = c.offset[column] + constant*w.At(c.d, column)
		}
	}
}
