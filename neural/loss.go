package neural

import (
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/tape"
)

// lossesOf sums up the losses of each task over the rows of a shard; adjoint
// sets the gradients at the outputs.
func (t *trainer) lossesOf(s int, adjoint bool) {
	lo, hi := t.run.Bounds(s)
	clear(t.shards[s].sums)
	if !t.d.wide {
		for from := lo; from < hi; {
			task, end := t.batch.task[from], from+1
			for end < hi && t.batch.task[end] == task {
				end++
			}
			t.taskLoss(s, int(task), 0, from, end, adjoint)
			from = end
		}
		return
	}
	for task := range t.d.heads {
		t.taskLoss(s, task, task, lo, hi, adjoint)
	}
}

// taskLoss does so for the rows [lo, hi) of one task, whose labels are in a
// column of the batch.
func (t *trainer) taskLoss(s, task, column, lo, hi int, adjoint bool) {
	room, h, n := &t.shards[s], t.d.heads[task], hi-lo
	k := h.outputs()
	node := t.out[task]
	at, _ := t.graph.Place(node, task)
	stride := t.graph.Stride(node)
	z, d := room.z[:n*k], room.d[:n*k]
	gather(z, t.run.Value(node), stride, at, k, lo)
	room.sums[task] += h.loss(z, t.batch.y[column][lo:hi], t.batch.w[column][lo:hi], d)
	if adjoint {
		scatter(t.run.Adjoint(node), d, stride, at, k, lo)
	}
}

// gather copies k columns of rows from lo on, one row after the other.
func gather(to, from []float32, stride, at, k, lo int) {
	if k == 1 { // copy takes longer than all the rest of a loss of one output
		from = from[lo*stride+at:]
		for i := range to {
			to[i] = from[i*stride]
		}
		return
	}
	for i := range len(to) / k {
		copy(to[i*k:(i+1)*k], from[(lo+i)*stride+at:])
	}
}

// scatter copies them back.
func scatter(to, from []float32, stride, at, k, lo int) {
	if k == 1 {
		to = to[lo*stride+at:]
		for i, v := range from {
			to[i*stride] = v
		}
		return
	}
	for i := range len(from) / k {
		copy(to[(lo+i)*stride+at:], from[i*k:(i+1)*k])
	}
}

// scaleShard multiplies the gradients at the outputs by the tasks' factors.
func (t *trainer) scaleShard(s int) {
	lo, hi := t.run.Bounds(s)
	if !t.d.wide {
		for i := lo; i < hi; i++ {
			task := int(t.batch.task[i])
			t.scaleRow(task, i, float32(t.factor[task]))
		}
		return
	}
	for _, node := range t.nodes {
		factors := t.shards[s].factors[:t.graph.Stride(node)]
		t.fillFactors(factors, node)
		d := t.run.Adjoint(node)
		for i := lo; i < hi; i++ {
			num.Mul(d[i*len(factors):(i+1)*len(factors)], factors)
		}
	}
}

// fillFactors sets the factor of each column of a node.
func (t *trainer) fillFactors(factors []float32, node tape.Node) {
	for i := range factors {
		factors[i] = 1
	}
	for task, n := range t.out {
		if n == node {
			at, k := t.graph.Place(node, task)
			num.Scale(factors[at:at+k], float32(t.factor[task]))
		}
	}
}

func (t *trainer) scaleRow(task, i int, f float32) {
	node := t.out[task]
	at, k := t.graph.Place(node, task)
	from := i*t.graph.Stride(node) + at
	num.Scale(t.run.Adjoint(node)[from:from+k], f)
}
