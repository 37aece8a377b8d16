package neural

import (
	"math"
	"strings"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/param"
	"github.com/kindred-mtl/kindred/sharing"
	"github.com/kindred-mtl/kindred/tape"
)

// layerShares says how much of each part of the network is common.
//
//	units     of those that a task has, the mean part of the other tasks that
//	          have the same ones
//	weights   of output layers w_t = w0 + v_t: Σ_t ‖w0‖² / Σ_t (‖w0‖² + ‖v_t‖²)
//	gates     of gates g_t over K experts, (ρ² − 1/T) / (1 − 1/T) with
//	          ρ = mean of Σ_k √(g_tk ḡ_k) over tasks and rows
//	choices   the same of a learned branching
//	vectors   the mean share of the tasks' vectors, as package sharing has it of
//	          functions whose products are theirs
//
// where Σ√(pq) is the affinity of Bhattacharyya, On a measure of divergence
// between two multinomial populations, Sankhyā 7, 1946; of T tasks with nothing
// in common ρ is 1/√T.
func (c *commons) layerShares() []kindred.LayerShare {
	var out []kindred.LayerShare
	m := c.m
	units := map[string]*tally{}
	for _, b := range m.engine.graph.Blocks() {
		name, ok := strings.CutSuffix(b.Name, ".weight")
		switch {
		case !ok && !b.Decay && !strings.HasPrefix(name, "input.") && name != "vectors" && name != "stands":
			continue // norms and choices of nodes
		case name == "gate":
			out = append(out, kindred.LayerShare{Layer: name, Of: "gates", Share: c.gates(b)})
			continue
		case name == "stands":
			out = append(out, kindred.LayerShare{Layer: name, Of: "choices", Share: m.choices(b)})
			continue
		case name == "vectors" || name == "head" && m.spans():
			out = append(out, kindred.LayerShare{Layer: name, Of: "vectors", Share: m.vectorShare(b)})
			continue
		case name == "head" && m.block("common.weight") != nil:
			out = append(out, kindred.LayerShare{Layer: name, Of: "weights", Share: m.headShare()})
			continue
		case name == "common":
			continue
		}
		name = strings.TrimSuffix(name, ".own")
		if units[name] == nil {
			units[name] = &tally{place: len(out)}
			out = append(out, kindred.LayerShare{Layer: name, Of: "units"})
		}
		units[name].add(b, len(m.infos))
		out[units[name].place].Share = units[name].common / math.Max(1, units[name].all)
	}
	return out
}

// spans tells whether the output layers are the tasks' vectors.
func (m *Model) spans() bool {
	v, ok := m.arch.(interface{ VectorsOf() string })
	return ok && v.VectorsOf() == "head.weight"
}

// A tally counts the units that tasks have.
type tally struct {
	place       int // among the layers
	common, all float64
}

func (u *tally) add(b *param.Block, tasks int) {
	if b.Users == nil {
		n := float64(b.Rows() * tasks)
		u.common, u.all = u.common+n, u.all+n
		return
	}
	for e, users := range b.Users {
		n := float64((b.Bounds[e+1] - b.Bounds[e]) * len(users))
		u.common += n * float64(len(users)-1) / float64(tasks-1)
		u.all += n
	}
}

// headShare is that of output layers of a common part and each task's own.
func (m *Model) headShare() float64 {
	own, common := m.block("head.weight"), m.block("common.weight")
	shared, all := 0.0, 0.0
	for e, users := range common.Users {
		for _, t := range users {
			square := squareOf(m.params, common, e)
			shared += square
			all += square + squareOf(m.params, own, t)
		}
	}
	return shared / math.Max(all, math.SmallestNonzeroFloat64)
}

func squareOf(params []float32, b *param.Block, entry int) float64 {
	lo, hi := b.Entry(entry)
	v := wide64(params[lo:hi])
	return num.Dot(v, v)
}

// vectorShare is that of the tasks' vectors, each of length Σ over its outputs.
// Of output layers with a common part, that belongs to each.
func (m *Model) vectorShare(b *param.Block) float64 {
	vectors := make([][]float64, b.Entries())
	widest := 0
	for t := range vectors {
		lo, hi := b.Entry(t)
		vectors[t] = wide64(m.params[lo:hi])
		widest = max(widest, hi-lo)
	}
	if common := m.block("common.weight"); b.Name == "head.weight" && common != nil {
		for e, users := range common.Users {
			lo, hi := common.Entry(e)
			for _, t := range users {
				num.Axpy(1, wide64(m.params[lo:hi]), vectors[t])
			}
		}
	}
	total := make([]float64, widest)
	for _, v := range vectors {
		num.Axpy(1, v, total[:len(v)])
	}
	diagonal, sums := make([]float64, len(vectors)), make([]float64, len(vectors))
	for t, v := range vectors {
		diagonal[t], sums[t] = num.Dot(v, v), num.Dot(v, total[:len(v)])
	}
	mean := 0.0
	for _, s := range sharing.OfCovariance(make([]string, len(vectors)), diagonal, sums) {
		mean += s.Share / float64(len(vectors))
	}
	return mean
}

// choices is how alike the branches are that tasks stand on.
func (m *Model) choices(b *param.Block) float64 {
	p := make([][]float64, b.Entries())
	for t := range p {
		lo, hi := b.Entry(t)
		p[t] = wide64(m.params[lo:hi])
		soften(p[t], 1/math.Max(m.heat, 1e-3))
	}
	return alikeness([][][]float64{p})
}

// soften turns logits into the probabilities softmax(scale·z).
func soften(z []float64, scale float64) {
	top, total := math.Inf(-1), 0.0
	for _, v := range z {
		top = math.Max(top, v)
	}
	for i, v := range z {
		z[i] = math.Exp(scale * (v - top))
		total += z[i]
	}
	for i := range z {
		z[i] /= total
	}
}

// alikeness compares distributions: of each row, of each task, over parts.
func alikeness(rows [][][]float64) float64 {
	sum, n := 0.0, 0.0
	for _, p := range rows {
		mean := make([]float64, len(p[0]))
		for _, of := range p {
			num.Axpy(1/float64(len(p)), of, mean)
		}
		for _, of := range p {
			for k, v := range of {
				sum += math.Sqrt(v * mean[k])
			}
			n++
		}
	}
	if n == 0 {
		return 0
	}
	least := 1 / float64(len(rows[0]))
	affinity := sum / n
	return min(1, max(0, (affinity*affinity-least)/(1-least)))
}

// gates is how alike the tasks' gates are on rows.
func (c *commons) gates(b *param.Block) float64 {
	g := c.m.engine.graph
	node, ok := g.Made(b)
	if !ok || g.Long {
		return 0
	}
	r := c.m.engine.runs.Get().(*tape.Run[float32])
	defer c.m.engine.runs.Put(r)
	r.Only(nil)
	var all [][][]float64
	for lo := 0; lo < len(c.rows); lo += predictRows {
		rows := c.rows[lo:min(lo+predictRows, len(c.rows))]
		c.m.forward(r, &batch{rows: len(rows), row: rows, task: make([]int32, len(rows))}, c.in)
		z := r.Value(node)
		for i := range rows {
			of := make([][]float64, len(c.among))
			for k, t := range c.among {
				at, width := g.Place(node, t)
				at += i * g.Stride(node)
				of[k] = wide64(z[at : at+width])
				soften(of[k], 1)
			}
			all = append(all, of)
		}
	}
	return alikeness(all)
}
