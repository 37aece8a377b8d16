package solve

import "github.com/kindred-mtl/kindred/num"

// short is how many numbers a dense row may have so that products with one
// vector are faster along the columns.
const short = 32

// twofold is the rows of a task for products with one vector; where they are
// dense and short, its columns too, side by side.
type twofold struct {
	rows    rowGroup
	columns *num.Dense // d × n, or nil
}

// twofolds are those of all tasks; tasks that share rows share one.
func twofolds(p *Problem) []*twofold {
	out, first := make([]*twofold, len(p.Tasks)), map[*num.Matrix]int{}
	for t := range p.Tasks {
		if _, ok := first[p.Tasks[t].X]; !ok {
			first[p.Tasks[t].X] = t
		}
	}
	p.each(func(t int) {
		if x := p.Tasks[t].X; first[x] == t {
			out[t] = newTwofold(x)
		}
	})
	for t := range out {
		out[t] = out[first[p.Tasks[t].X]]
	}
	return out
}

func newTwofold(x *num.Matrix) *twofold {
	f := &twofold{rows: rowGroup{x: x, columns: []int{0}}}
	if x.Sparse() || x.Cols >= short {
		return f
	}
	f.columns = num.NewDense(x.Cols, x.Rows)
	for i := range x.Rows {
		_, value := x.Row(i)
		for j, v := range value {
			f.columns.Data[j*x.Rows+i] = v
		}
	}
	return f
}

// mul sets out to Xw.
func (f *twofold) mul(out, w []float64) {
	if f.columns == nil {
		f.rows.mul(out, w, 0, len(out))
		return
	}
	clear(out)
	j := 0
	for ; j+4 <= len(w); j += 4 {
		num.Axpy4(out, w[j:], f.columns.Data[j*len(out):])
	}
	for ; j < len(w); j++ {
		num.Axpy(w[j], f.columns.Row(j), out)
	}
}

// mulT sets out to Xᵀa.
func (f *twofold) mulT(out, a []float64) {
	if f.columns == nil {
		f.rows.mulT(out, a, 0, len(out))
		return
	}
	for j := range out {
		out[j] = num.Dot(f.columns.Row(j), a)
	}
}
