package kernel

import (
	"math"

	"github.com/kindred-mtl/kindred/num"
)

// sparse is the evidence where functions are made of the features φ that m
// landmarks Z span, φ(x) = L⁻¹k(Z, x) with LLᵀ = k(Z, Z): f_t = φ·w_t,
//
//	w_t = Σ_r A_tr u_r + √κ_t v_t,   u_r, v_t ~ N(0, I),
//
// less what they leave unexplained, Σ_ti w_ti B_tt (k(x, x) − ‖φ(x)‖²)/σ_t²,
// which makes it a bound: −2 log p is nowhere below that of all rows, and equal
// to it where all rows are landmarks. With the tasks' centred and weighted
//
//	G_t = Σ_i w_i (φ_i − φ̄)(φ_i − φ̄)ᵀ/σ²,   b_t = Σ_i w_i (φ_i − φ̄) y_i/σ²,   c_t = Σ_i w_i (y_i − ȳ)²/σ²
//
// the private parts are eliminated first, task by task, and then the shared,
//
//	E_t = I + κ_t G_t,   S_t = G_t E_t⁻¹,   J = I + Σ_t a_t a_tᵀ ⊗ S_t,   h = Σ_t a_t ⊗ E_t⁻¹ b_t,
//	log|K| = Σ_t log|E_t| + log|J| + …,   yᵀPy = Σ_t (c_t − κ_t b_tᵀE_t⁻¹b_t) − hᵀJ⁻¹h
//
// which takes nm² + Tm³ + (rm)³ multiplications.
//
// Titsias, Variational learning of inducing variables in sparse Gaussian
// processes, AISTATS 2009.
type sparse struct {
	*sample
	c           *covariance
	rank        int
	marks       *num.Matrix
	own, across *pairing // of the landmarks; of all rows and the landmarks
}

func newSparse(s *sample, c *covariance, rank int, marks *num.Matrix) *sparse {
	return &sparse{s, c, rank, marks, c.pair(marks, marks), c.pair(s.x, marks)}
}

// jitter is added to k(z, z): it keeps k(Z, Z) definite where landmarks are
// near one another, and makes functions that much smaller.
const jitter = 1e-9

// A part is one task, once its private part is eliminated.
type part struct {
	kappa, noise float64
	mean         []float64  // φ̄
	center       float64    // ȳ
	e            *num.Dense // E⁻¹
	s            *num.Dense // S
	b            []float64
	constant     float64 // log|E| + c − κ bᵀE⁻¹b
	left         float64 // Σ w (k(x, x) − ‖φ‖²)
}

// fitted is what evidence and posterior have in common.
type fitted struct {
	p            *coregions
	l            *num.Dense // of k(Z, Z)
	phi          *num.Dense
	rbf, ownRBF  *num.Dense
	left, linear []float64 // of each row: k(x, x) − ‖φ‖², and what of k(x, x) is linear
	parts        []part
	jRoot, j     *num.Dense // of J, and J⁻¹
	h, u         []float64  // h, and the mean of u_1, u_2, …
}

// solve returns nil where a factor does not exist.
func (e *sparse) solve(theta []float64) *fitted {
	f := &fitted{p: e.c.read(theta, e.tasks(), e.rank)}
	var own *num.Dense
	own, f.ownRBF = e.own.values(f.p.base)
	for i := range own.Rows {
		own.Data[i*own.Cols+i] += jitter
	}
	if f.l = num.CholeskyLower(own); f.l == nil {
		return nil
	}
	f.phi, f.rbf = e.across.values(f.p.base)
	m := f.phi.Cols
	f.left, f.linear = e.c.selves(f.p.base, e.square)
	blocks(f.phi.Rows, 0, func(lo, hi int, _ []float64) {
		num.SolveLower(f.l, &num.Dense{Rows: hi - lo, Cols: m, Data: f.phi.Data[lo*m : hi*m]})
		for i := lo; i < hi; i++ {
			f.left[i] -= num.Dot(f.phi.Row(i), f.phi.Row(i))
		}
	})
	f.parts = make([]part, e.tasks())
	num.For(len(f.parts), func(t int) { f.parts[t] = e.part(f, t) })
	return e.join(f)
}

// rowsOf are the features of a task's labels.
func (e *sparse) rowsOf(f *fitted, t int) *num.Matrix {
	return (&num.Matrix{Rows: f.phi.Rows, Cols: f.phi.Cols, Data: f.phi.Data}).Select(e.row[e.first[t]:e.first[t+1]])
}

// part eliminates the mean and the private part of a task.
func (e *sparse) part(f *fitted, t int) part {
	p := part{kappa: f.p.kappaOf(t), noise: f.p.noiseOf(t)}
	rows, lo, hi := e.rowsOf(f, t), e.first[t], e.first[t+1]
	y, w, m := e.y[lo:hi], e.w[lo:hi], rows.Cols
	p.mean, p.b = make([]float64, m), make([]float64, m)
	rows.AddMulTVec(p.mean, w)
	for j := range p.mean {
		p.mean[j] /= e.weight[t]
	}
	p.center = num.Dot(w, y) / e.weight[t]
	p.s = num.Gram(rows, w, p.mean)
	c := 0.0
	for i, v := range y {
		r := w[i] * (v - p.center) / p.noise
		rows.Axpy(i, r, p.b)
		c += r * (v - p.center)
		p.left += w[i] * f.left[e.row[lo+i]]
	}
	for i, v := range p.s.Data { // E, in the place of G
		p.s.Data[i] = v * p.kappa / p.noise
	}
	for i := range m {
		p.s.Data[i*m+i]++
	}
	l := num.CholeskyLower(p.s)
	if l == nil {
		return part{}
	}
	p.e = num.LowerInverse(l)
	for i, v := range p.e.Data { // S = (I − E⁻¹)/κ
		p.s.Data[i] = -v / p.kappa
	}
	for i := range m {
		p.s.Data[i*m+i] += 1 / p.kappa
	}
	p.constant = 2*logDiagonal(l) + c - p.kappa*num.Dot(p.b, times(p.e, p.b))
	return p
}

// times is a·x for a symmetric a.
func times(a *num.Dense, x []float64) []float64 {
	out := make([]float64, a.Rows)
	for i := range out {
		out[i] = num.Dot(a.Row(i), x)
	}
	return out
}

// join eliminates the shared parts.
func (e *sparse) join(f *fitted) *fitted {
	m, r := f.phi.Cols, e.rank
	j := num.NewDense(r*m, r*m)
	f.h = make([]float64, r*m)
	for t := range f.parts {
		p, a := &f.parts[t], f.p.factor(t)
		if p.e == nil {
			return nil
		}
		b := times(p.e, p.b)
		for q := range r {
			num.Axpy(a[q], b, f.h[q*m:(q+1)*m])
			for o := range q + 1 {
				for i := range m {
					num.Axpy(a[q]*a[o], p.s.Row(i), j.Row(q*m + i)[o*m:(o+1)*m])
				}
			}
		}
	}
	for i := range j.Rows {
		j.Data[i*j.Cols+i]++
	}
	if f.jRoot = num.CholeskyLower(j); f.jRoot == nil {
		return nil
	}
	f.j = num.LowerInverse(f.jRoot)
	f.u = times(f.j, f.h)
	return f
}

// shared is Σ_q a_tq u_q of a task.
func (f *fitted) shared(t int) []float64 {
	m := f.phi.Cols
	out := make([]float64, m)
	for q, a := range f.p.factor(t) {
		num.Axpy(a, f.u[q*m:(q+1)*m], out)
	}
	return out
}

// minus implements evidence.
func (e *sparse) minus(g, theta []float64) float64 {
	f := e.solve(theta)
	if f == nil {
		return math.Inf(1)
	}
	e.slope(g, f)
	value := 2*logDiagonal(f.jRoot) - num.Dot(f.h, f.u)
	for t := range f.parts {
		p, w := &f.parts[t], e.weight[t]
		value += p.constant + (w-1)*math.Log(2*math.Pi*p.noise) + math.Log(w) + f.p.between(t, t)*p.left/p.noise
	}
	return value
}

// weights are the mean and the covariance of w_t,
//
//	z − κ S z, z = Σ_q a_tq u_q + κ b_t;   κE⁻¹ + E⁻¹NE⁻¹,   N = Σ_qo a_tq a_to (J⁻¹)_qo
//
// and S·N.
func (f *fitted) weights(t int) (mean []float64, cov, sn *num.Dense) {
	p := &f.parts[t]
	z := f.shared(t)
	num.Axpy(p.kappa, p.b, z)
	mean = times(p.e, z)
	n := f.middle(t)
	sn = num.Product(p.s, n)
	cov = num.Product(num.Product(p.e, n), p.e)
	num.Axpy(p.kappa, p.e.Data, cov.Data)
	return mean, cov, sn
}

// middle is N.
func (f *fitted) middle(t int) *num.Dense {
	m, a := f.phi.Cols, f.p.factor(t)
	n := num.NewDense(m, m)
	for q := range a {
		for o := range a {
			for i := range m {
				num.Axpy(a[q]*a[o], f.j.Row(q*m + i)[o*m:(o+1)*m], n.Row(i))
			}
		}
	}
	return n
}

// slope sets g to the gradient.
func (e *sparse) slope(g []float64, f *fitted) {
	clear(g)
	d := e.c.read(g, e.tasks(), e.rank)
	backs := make([]*num.Dense, e.tasks())
	num.For(len(backs), func(t int) { backs[t] = e.slopeOf(d, f, t) })
	back := num.NewDense(f.phi.Rows, f.phi.Cols) // of Φ
	selves := make([]float64, f.phi.Rows)        // of k(x, x)
	for t, part := range backs {
		lo, b := e.first[t], f.p.between(t, t)/f.parts[t].noise
		for i := range part.Rows {
			r := e.row[lo+i]
			num.Axpy(1, part.Row(i), back.Row(r))
			selves[r] += e.w[lo+i] * b
		}
	}
	f.p.chain(d)
	for i, s := range selves {
		num.Axpy(-2*s, f.phi.Row(i), back.Row(i))
	}
	own := num.ProductT(f.phi, back)
	e.pull(d.base, f, back, own)
	if e.c.RBF && e.c.Linear {
		d.base[len(d.base)-1] += num.Dot(selves, f.linear)
	}
}

// slopeOf sets what g has of a task and returns the slope of its rows of Φ, but
// for that of what φ leaves unexplained.
func (e *sparse) slopeOf(g *coregions, f *fitted, t int) *num.Dense {
	p, a, m := &f.parts[t], f.p.factor(t), f.phi.Cols
	mean, cov, sn := f.weights(t)
	left := times(p.s, f.shared(t))
	resid := times(p.e, p.b) // ΦᵀPy
	num.Axpy(-1, left, resid)
	ga := g.factor(t)
	for r := range ga {
		for q, aq := range a {
			for i := range m {
				ga[r] += 2 * aq * num.Dot(p.s.Row(i), f.j.Row(q*m + i)[r*m:(r+1)*m])
			}
		}
		ga[r] += 2 * (a[r]*p.left/p.noise - num.Dot(resid, f.u[r*m:(r+1)*m]))
	}
	trace, ssn := 0.0, 0.0
	for i := range m {
		trace += p.s.At(i, i)
		ssn += num.Dot(sn.Row(i), p.s.Row(i))
	}
	g.kappa[t] = trace - ssn - num.Dot(resid, resid) + p.left/p.noise
	return e.rowsSlope(g, f, t, mean, cov)
}

// rowsSlope sets the slope of a task's noise and returns that of its rows:
// 2 M (ΦV − y wᵀ), M = diag(w)/σ² centred and V = cov + mean meanᵀ.
func (e *sparse) rowsSlope(g *coregions, f *fitted, t int, mean []float64, cov *num.Dense) *num.Dense {
	p, rows, lo := &f.parts[t], e.rowsOf(f, t), e.first[t]
	m := rows.Cols
	centred := num.NewDense(rows.Rows, m)
	for i := range centred.Rows {
		_, phi := rows.Row(i)
		copy(centred.Row(i), phi)
		num.Axpy(-1, p.mean, centred.Row(i))
	}
	back := num.Product(centred, cov)
	squares := 0.0 // what the residuals' squares are expected to be
	for i := range back.Rows {
		row, w := back.Row(i), e.w[lo+i]
		residual := e.y[lo+i] - p.center - num.Dot(centred.Row(i), mean)
		squares += w * (residual*residual + num.Dot(row, centred.Row(i)))
		num.Axpy(-residual, mean, row)
		for j := range row {
			row[j] *= 2 * w / p.noise
		}
	}
	g.noise[t] = ((e.weight[t] - 1) - (squares+f.p.between(t, t)*p.left)/p.noise) / p.noise
	return back
}

// pull goes back from Φ = k(X, Z)L⁻ᵀ to the parameters of k: a slope back of Φ
// that leaves rotations of φ alone is one of back·L⁻¹ of k(X, Z) and of
// −½L⁻ᵀ(Φᵀback)L⁻¹ of k(Z, Z).
func (e *sparse) pull(g []float64, f *fitted, back, own *num.Dense) {
	num.SolveLowerT(f.l, back)
	e.across.pull(g, f.p.base, f.rbf, back)
	num.SolveLowerT(f.l, own)
	turned := num.NewDense(own.Cols, own.Rows)
	for i := range own.Rows {
		turned.SetCol(i, own.Row(i))
	}
	num.SolveLowerT(f.l, turned)
	for i := range turned.Data {
		turned.Data[i] *= -0.5
	}
	e.own.pull(g, f.p.base, f.ownRBF, turned)
}

// spanned is the posterior of functions that landmarks span,
//
//	f_t(x) + b_t = ȳ + (φ(x) − φ̄)·w_t,
//	variance (φ(x) − φ̄)ᵀ cov(w_t) (φ(x) − φ̄) + B_tt (k(x, x) − ‖φ(x)‖²) + σ²/Σw + σ²
//
// which far from the landmarks is as unsure as the prior.
type spanned struct {
	c       *covariance
	base    []float64
	marks   *num.Matrix
	l       *num.Dense // of k(Z, Z)
	mean    *num.Dense // φ̄, tasks × m
	weights *num.Dense // w_t, tasks × m
	cov     []float64  // tasks × m × m
	center  []float64  // ȳ
	prior   []float64  // B_tt
	noise   []float64
	unsure  []float64 // σ²/Σw
}

// posterior implements evidence.
func (e *sparse) posterior(theta []float64) posterior {
	f := e.solve(theta)
	if f == nil {
		return nil
	}
	tasks, m := e.tasks(), e.marks.Rows
	k := &spanned{c: e.c, base: f.p.base, marks: e.marks, l: f.l,
		mean: num.NewDense(tasks, m), weights: num.NewDense(tasks, m), cov: make([]float64, tasks*m*m)}
	for t := range tasks {
		p := &f.parts[t]
		w, cov, _ := f.weights(t)
		copy(k.mean.Row(t), p.mean)
		copy(k.weights.Row(t), w)
		copy(k.cov[t*m*m:], cov.Data)
		k.center, k.prior = append(k.center, p.center), append(k.prior, f.p.between(t, t))
		k.noise, k.unsure = append(k.noise, p.noise), append(k.unsure, p.noise/e.weight[t])
	}
	return k
}

// at implements posterior.
func (k *spanned) at(x *num.Matrix) func(value, variance []float64, t int) {
	phi, _ := k.c.pair(x, k.marks).values(k.base)
	num.SolveLower(k.l, phi)
	left, _ := k.c.selves(k.base, squares(x))
	for i := range left {
		left[i] = math.Max(0, left[i]-num.Dot(phi.Row(i), phi.Row(i)))
	}
	return func(value, variance []float64, t int) {
		m := phi.Cols
		centred := phi.Clone()
		for i := range centred.Rows {
			num.Axpy(-1, k.mean.Row(t), centred.Row(i))
		}
		spread := num.Product(centred, &num.Dense{Rows: m, Cols: m, Data: k.cov[t*m*m : (t+1)*m*m]})
		for i := range value {
			value[i] = k.center[t] + num.Dot(centred.Row(i), k.weights.Row(t))
			f := num.Dot(spread.Row(i), centred.Row(i)) + k.prior[t]*left[i] + k.unsure[t]
			variance[i] = math.Max(0, f) + k.noise[t]
		}
	}
}
