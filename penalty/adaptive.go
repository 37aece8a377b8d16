package penalty

import (
	"fmt"
	"math"
	"slices"

	"github.com/kindred-mtl/kindred/catalog"
	"github.com/kindred-mtl/kindred/num"
)

// Adaptive lets each task be a change of what all share, w_t = w0 + v_t, as large
// as the rows say, for each task and each column of the table.
//
//	Ω(W) = λ/2 Σ_j min over u of u²/s_j + Σ_t (w_jt − u)² / (a_t p_j)
//
// in each slot: weights u of feature j vary with s_j around 0, and those of task
// t around them with a_t p_j. A small a_t pulls a task to the others. Equal
// strengths are shared weights, of μ = p/s.
//
// The strengths, one s and p for the features of a column, are those of the
// highest evidence, λ = 1 included.
//
// Lindley, Smith, Bayes estimates for the linear model, JRSS B 34, 1972; MacKay,
// Bayesian interpolation, Neural Computation 4, 1992; Tipping, Sparse Bayesian
// learning and the relevance vector machine, JMLR 1, 2001.
type Adaptive struct {
	// By is "columns", or "tasks": the same s and p for every column. "" means
	// columns.
	By string `json:"by" words:"what has a strength of sharing of its own: tasks, or columns, also each of these; else columns"`

	known *Strengths
}

// Strengths are those of Adaptive.
type Strengths struct {
	Shared, Private []float64 // s and p of each feature
	Task            []float64 // a of each task
}

var adaptiveWays = []string{"columns", "tasks"}

// Check says what is wrong with the options.
func (p *Adaptive) Check() error {
	if p.By != "" && !slices.Contains(adaptiveWays, p.By) {
		return fmt.Errorf("adaptive: %w", catalog.Unknown("by", p.By, adaptiveWays))
	}
	return nil
}

// Open implements Adapting.
func (p *Adaptive) Open() bool { return p.known == nil }

// ByColumn implements Adapting.
func (p *Adaptive) ByColumn() bool { return p.By != "tasks" }

// Adapt implements Adapting.
func (p *Adaptive) Adapt(s Strengths) Penalty { return &Adaptive{By: p.By, known: &s} }

// Variants implements Penalty.
func (p *Adaptive) Variants() []Penalty { return []Penalty{p} }

// Parameters implements Penalty.
func (p *Adaptive) Parameters() map[string]float64 { return nil }

// On implements Penalty. Before they are known all strengths are 1.
func (p *Adaptive) On(l Layout, lambda float64) Func {
	f := &adaptive{slots: l.Slot, apart: make([]float64, len(l.Task)), lambda: lambda, count: 1 + largestOf(l.Slot)}
	for c, t := range l.Task {
		f.apart[c] = 1
		if p.known != nil {
			f.apart[c] = p.known.Task[t]
		}
	}
	if p.known != nil {
		f.shared, f.private = p.known.Shared, p.known.Private
	}
	return f
}

func largestOf(slots []int) int {
	most := -1
	for _, s := range slots {
		most = max(most, s)
	}
	return most
}

// adaptive is the function.
type adaptive struct {
	slots           []int
	count           int       // slots
	apart           []float64 // a of each column
	shared, private []float64 // of each row; nil: 1
	lambda          float64
}

// of are s and p of a row.
func (f *adaptive) of(j int) (shared, private float64) {
	if f.shared == nil {
		return 1, 1
	}
	return f.shared[j], f.private[j]
}

// Value implements Func.
func (f *adaptive) Value(w *num.Dense) float64 {
	u, total := make([]float64, f.count), 0.0
	for j := range w.Rows {
		shared, private := f.of(j)
		f.common(u, w.Row(j), j)
		for _, v := range u {
			total += v * v / shared
		}
		for c, v := range w.Row(j) {
			v -= u[f.slots[c]]
			total += v * v / (f.apart[c] * private)
		}
	}
	return 0.5 * f.lambda * total
}

// common sets u to what the columns of each slot share in a row.
func (f *adaptive) common(u, row []float64, j int) {
	shared, private := f.of(j)
	weight := make([]float64, len(u))
	clear(u)
	for c, v := range row {
		r := 1 / (f.apart[c] * private)
		u[f.slots[c]] += r * v
		weight[f.slots[c]] += r
	}
	for s := range u {
		u[s] /= 1/shared + weight[s]
	}
}

// Dual implements Convex:
//
//	Ω*(G) = 1/2λ Σ_j s_j (Σ_t g_jt)² + p_j Σ_t a_t g_jt²
func (f *adaptive) Dual(g *num.Dense) (s, value float64) {
	sum, total := make([]float64, f.count), 0.0
	for j := range g.Rows {
		shared, private := f.of(j)
		clear(sum)
		for c, v := range g.Row(j) {
			sum[f.slots[c]] += v
			total += f.apart[c] * private * v * v
		}
		total += shared * num.Dot(sum, sum)
	}
	return 1, 0.5 * total / f.lambda
}

// Prox implements Proximal. With η = step·λ and q_t = η / (a_t p + η),
//
//	u = Σ_t q_t v_t / (η/s + Σ_t q_t),   w_t = (1 − q_t) v_t + q_t u
func (f *adaptive) Prox(out, v *num.Dense, step float64) {
	eta := step * f.lambda
	u, weight := make([]float64, f.count), make([]float64, f.count)
	for j := range v.Rows {
		shared, private := f.of(j)
		clear(u)
		clear(weight)
		for c, x := range v.Row(j) {
			q := eta / (f.apart[c]*private + eta)
			u[f.slots[c]] += q * x
			weight[f.slots[c]] += q
		}
		for s := range u {
			u[s] /= eta/shared + weight[s]
		}
		to := out.Row(j)
		for c, x := range v.Row(j) {
			q := eta / (f.apart[c]*private + eta)
			to[c] = (1-q)*x + q*u[f.slots[c]]
		}
	}
}

// ProxJacobian implements Slanted: the operator is linear.
func (f *adaptive) ProxJacobian(v *num.Dense, step float64) Jacobian {
	d, eta := num.NewDense(v.Rows, v.Cols), step*f.lambda
	weight := make([]float64, f.count)
	for j := range v.Rows {
		shared, private := f.of(j)
		clear(weight)
		for c, a := range f.apart {
			weight[f.slots[c]] += eta / (a*private + eta)
		}
		for c, a := range f.apart {
			q := eta / (a*private + eta)
			d.Set(j, c, 1-q+q*q/(eta/shared+weight[f.slots[c]]))
		}
	}
	return &linearMap{f, step, d}
}

// linearMap is a proximal operator that is linear.
type linearMap struct {
	f        Proximal
	step     float64
	diagonal *num.Dense
}

// Times implements Jacobian.
func (m *linearMap) Times(out, x *num.Dense) { m.f.Prox(out, x, m.step) }

// Diagonal implements Jacobian.
func (m *linearMap) Diagonal() (*num.Dense, bool) { return m.diagonal, true }

// Layers implements Layered.
func (f *adaptive) Layers(w *num.Dense) []*num.Dense {
	common, own, u := num.NewDense(w.Rows, w.Cols), w.Clone(), make([]float64, f.count)
	for j := range w.Rows {
		f.common(u, w.Row(j), j)
		for c, s := range f.slots {
			common.Set(j, c, u[s])
		}
	}
	num.Axpy(-1, common.Data, own.Data)
	return []*num.Dense{common, own}
}

// Strengths implements Strong: 1/a of each column, and s/(s + p) of each row.
func (f *adaptive) Strengths(rows int) (pull, common []float64) {
	for _, a := range f.apart {
		pull = append(pull, 1/a)
	}
	for j := range rows {
		shared, private := f.of(j)
		common = append(common, shared/math.Max(shared+private, math.SmallestNonzeroFloat64))
	}
	return pull, common
}
