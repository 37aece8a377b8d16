package linear

import (
	"context"
	"errors"
	"math"

	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
)

// A strengthEvidence is the log evidence of strengths of sharing,
//
//	log ∫ p(rows | W) p(W) dW,   w_jt = u_j + v_jt,   u_j ~ N(0, s_g),   v_jt ~ N(0, a_t p_g)
//
// for the group g of feature j, with a prior of each strength that counts as so
// many weights of the usual one, which is 1 for a and learned for s and p:
//
//	(s̄/s)^(ν/2) exp(−ν s̄ / 2s)
//
// EM (Laird, Ware, Random-effects models for longitudinal data, Biometrics 38,
// 1982) never lowers it. MacKay's fixed point (Bayesian interpolation, Neural
// Computation 4, 1992) takes fewer steps, and is taken where it does not.
type strengthEvidence struct {
	normals    []normal // of each column of W
	task, slot []int    // of each column
	group      []int    // of each feature
	tasks      int
	groups     int
	span       *num.Dense // combinations of features in their place, a column each; nil: the features themselves
	noisy      bool       // the noise is learned

	noise           float64
	shared, private []float64 // s and p of each group
	apart           []float64 // a of each task
	at              *expectation
}

// counted is ν.
const counted = 5.0

// leastStrength is the least of a strength, relative to where it began: so that
// nothing is divided by 0.
const leastStrength = 1e-8

// begin sets strengths to where a row's signal is as strong as its noise.
func (e *strengthEvidence) begin() {
	yy, n, trace := 0.0, 0.0, 0.0
	for i := range e.normals {
		v := &e.normals[i]
		yy, n, trace = yy+v.yy, n+v.n, trace+v.trace()
	}
	if e.noisy = e.noisy && yy > 0 && n > 0; e.noisy {
		e.noise = 0.5 * yy / n
	}
	size := 1.0
	if trace > 0 {
		size = 0.5 * e.noise * max(1, n) / trace
	}
	e.shared, e.private, e.apart = make([]float64, e.groups), make([]float64, e.groups), make([]float64, e.tasks)
	for g := range e.groups {
		e.shared[g], e.private[g] = size, size
	}
	for t := range e.apart {
		e.apart[t] = 1
	}
}

// An expectation is what is known of the weights under the strengths.
type expectation struct {
	value  float64     // the log evidence, but for a constant
	common [][]float64 // u of each slot
	own    [][]float64 // v of each column
	// Of each group, and of each task and group: the sums of squares of the
	// means, of the variances, and how many weights.
	shared  []tally
	private [][]tally
	rss     float64 // the residual squares at the means
	known   float64 // how many weights the rows determine
}

type tally struct{ square, variance, n float64 }

// expected is E Σ x², and known the number of weights that the rows determine
// where their variance is s.
func (t tally) expected() float64       { return t.square + t.variance }
func (t tally) known(s float64) float64 { return max(0, t.n-t.variance/s) }

// climb raises the evidence until it hardly rises, 100 steps at most.
func (e *strengthEvidence) climb(ctx context.Context) error {
	e.expect()
	for range 100 {
		if err := ctx.Err(); err != nil {
			return err
		}
		if math.IsNaN(e.at.value) || math.IsInf(e.at.value, 0) {
			return errors.New("the evidence of the rows is not finite; scale the columns")
		}
		from, last := e.at, e.keep()
		e.move(from, true)
		if e.expect(); !(e.at.value >= from.value) {
			e.restore(last)
			e.move(from, false)
			e.expect()
		}
		if e.at.value-from.value <= 1e-3 {
			break
		}
	}
	return nil
}

// keep copies the strengths; restore puts them back.
func (e *strengthEvidence) keep() strengthEvidence {
	k := strengthEvidence{noise: e.noise}
	k.shared = append(k.shared, e.shared...)
	k.private = append(k.private, e.private...)
	k.apart = append(k.apart, e.apart...)
	return k
}

func (e *strengthEvidence) restore(k strengthEvidence) {
	e.noise, e.shared, e.private, e.apart = k.noise, k.shared, k.private, k.apart
}

// move takes a step from where x was expected: MacKay's, or that of EM.
func (e *strengthEvidence) move(x *expectation, fast bool) {
	if e.noisy {
		e.noise = x.noise(e, fast)
	}
	least := leastStrength * e.noise
	usual := harmonic(e.shared)
	for g, t := range x.shared {
		e.shared[g] = max(least, step(t.expected(), t.square, t.n, t.known(e.shared[g]), usual, e.groups, fast))
	}
	apart := make([]float64, e.tasks)
	for t, tallies := range x.private {
		expected, square, n, known := 0.0, 0.0, 0.0, 0.0
		for g, of := range tallies {
			expected, square = expected+of.expected()/e.private[g], square+of.square/e.private[g]
			n, known = n+of.n, known+of.known(e.apart[t]*e.private[g])
		}
		if apart[t] = 1; e.tasks > 1 {
			apart[t] = max(leastStrength, step(expected, square, n, known, 1, 2, fast))
		}
	}
	usual = harmonic(e.private)
	for g := range e.private {
		expected, square, n, known := 0.0, 0.0, 0.0, 0.0
		for t, tallies := range x.private {
			of := tallies[g]
			expected, square = expected+of.expected()/apart[t], square+of.square/apart[t]
			n, known = n+of.n, known+of.known(e.apart[t]*e.private[g])
		}
		e.private[g] = max(least, step(expected, square, n, known, usual, e.groups, fast))
	}
	e.apart = apart
}

// step is the next strength, of E Σ x², the squares of the means, the number of
// weights, and of those that are known; drawn to the usual one where there are
// several.
func step(expected, square, n, known, usual float64, several int, fast bool) float64 {
	nu := counted
	if several < 2 {
		nu = 0
	}
	if fast {
		expected, n = square, known
	}
	if !(n+nu > 0) {
		return usual
	}
	return (expected + nu*usual) / (n + nu)
}

// noise is the next variance of the noise.
func (x *expectation) noise(e *strengthEvidence, fast bool) float64 {
	n := 0.0
	for i := range e.normals {
		n += e.normals[i].n
	}
	next := (x.rss + e.noise*x.known) / n
	if fast && n > x.known {
		next = x.rss / (n - x.known)
	}
	return max(next, 1e-6*e.noise)
}

// harmonic is the harmonic mean.
func harmonic(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += 1 / x
	}
	return float64(len(v)) / sum
}

// priors is the log density of the strengths.
func (e *strengthEvidence) priors() float64 {
	sum := 0.0
	add := func(v []float64, usual float64) {
		for _, x := range v {
			sum += 0.5 * counted * (math.Log(usual/x) - usual/x)
		}
	}
	if e.groups > 1 {
		add(e.shared, harmonic(e.shared))
		add(e.private, harmonic(e.private))
	}
	if e.tasks > 1 {
		add(e.apart, 1)
	}
	return sum
}

// strengths are in units of the noise, as the objective has them.
func (e *strengthEvidence) strengths() penalty.Strengths {
	var s penalty.Strengths
	group := e.group
	if e.span != nil {
		group = make([]int, e.span.Rows)
	}
	for _, g := range group {
		s.Shared = append(s.Shared, e.shared[g]/e.noise)
		s.Private = append(s.Private, e.private[g]/e.noise)
	}
	s.Task = append(s.Task, e.apart...)
	return s
}

// weights are the expected ones.
func (e *strengthEvidence) weights() *num.Dense {
	w := num.NewDense(len(e.group), len(e.task))
	for c, v := range e.at.own {
		for j, x := range v {
			w.Set(j, c, e.at.common[e.slot[c]][j]+x)
		}
	}
	if e.span != nil {
		return num.Product(e.span, w)
	}
	return w
}

// expect computes what is known under the strengths: each column by itself given
// u, then u, then both.
func (e *strengthEvidence) expect() {
	parts := make([]columnPart, len(e.normals))
	num.For(len(parts), func(c int) { parts[c] = e.partOf(c) })
	slots := map[int][]int{}
	most := 0
	for c, s := range e.slot {
		slots[s] = append(slots[s], c)
		most = max(most, s)
	}
	x := &expectation{
		value: e.priors(), common: make([][]float64, most+1), own: make([][]float64, len(parts)),
		shared: make([]tally, e.groups), private: make([][]tally, e.tasks),
	}
	for t := range x.private {
		x.private[t] = make([]tally, e.groups)
	}
	for s := range x.common {
		if len(slots[s]) > 0 {
			e.expectSlot(x, s, slots[s], parts)
		}
	}
	e.at = x
}

// expectSlot does so for the columns of one slot.
func (e *strengthEvidence) expectSlot(x *expectation, slot int, columns []int, parts []columnPart) {
	u := e.commonOf(columns, parts)
	x.value += u.value
	x.common[slot] = u.mean
	for j, m := range u.mean {
		t := &x.shared[e.group[j]]
		t.add(m, u.variance[j])
		x.known += 1 - u.variance[j]/e.shared[e.group[j]]
	}
	rss, variances := make([]float64, len(columns)), make([][]float64, len(columns))
	num.For(len(columns), func(i int) {
		c := columns[i]
		x.own[c], variances[i] = parts[c].given(e, &e.normals[c], u)
		rss[i] = e.normals[c].rss(u.mean, x.own[c])
	})
	for i, c := range columns {
		x.value += parts[c].value
		if v := &e.normals[c]; e.noisy {
			x.value -= 0.5 * (v.n*math.Log(e.noise) + v.yy/e.noise)
		}
		x.rss += rss[i]
		for j, m := range x.own[c] {
			g := e.group[j]
			x.private[e.task[c]][g].add(m, variances[i][j])
			x.known += 1 - variances[i][j]/(e.apart[e.task[c]]*e.private[g])
		}
	}
}

func (v *normal) trace() float64 {
	sum := 0.0
	for j := range v.g.Rows {
		sum += v.g.At(j, j)
	}
	return sum
}

func (t *tally) add(mean, variance float64) {
	t.square, t.variance, t.n = t.square+mean*mean, t.variance+variance, t.n+1
}

// rss is wᵀGw − 2hᵀw + yy at w = u + v.
func (v *normal) rss(u, own []float64) float64 {
	w := make([]float64, len(u))
	for j := range w {
		w[j] = u[j] + own[j]
	}
	sum := v.yy - 2*num.Dot(v.h, w)
	for j, x := range w {
		sum += x * num.Dot(v.g.Row(j), w)
	}
	return max(0, sum)
}

// A columnPart is one column, its v integrated out: log p(rows | u) = bᵀu − ½uᵀBu +
// value, with G and h in units of the noise, D the variances of v and
//
//	Q = I + D^½ G D^½,   B = G D^½ Q⁻¹ D^−½,   b = D^−½ Q⁻¹ D^½ h
type columnPart struct {
	root    []float64  // D^½
	inverse *num.Dense // Q⁻¹
	bend    *num.Dense // B
	b       []float64
	value   float64 // ½ hᵀ D^½ Q⁻¹ D^½ h − ½ log|Q|
}

func (e *strengthEvidence) partOf(c int) columnPart {
	v, d := &e.normals[c], len(e.group)
	p := columnPart{root: make([]float64, d), b: make([]float64, d)}
	pull := make([]float64, d) // D^½ h
	for j, g := range e.group {
		p.root[j] = math.Sqrt(e.apart[e.task[c]] * e.private[g])
		pull[j] = p.root[j] * v.h[j] / e.noise
	}
	p.bend = num.NewDense(d, d) // G D^½, and then B
	q := num.NewDense(d, d)
	for i := range d {
		for j := range d {
			g := v.g.At(i, j) / e.noise * p.root[j]
			p.bend.Set(i, j, g)
			q.Set(i, j, p.root[i]*g)
		}
		q.Data[i*d+i]++
	}
	var logs float64
	p.inverse, logs = inverted(q)
	p.bend = num.Product(p.bend, p.inverse)
	for i := range d {
		row := p.bend.Row(i)
		for j := range row {
			row[j] /= p.root[j]
		}
		y := num.Dot(p.inverse.Row(i), pull)
		p.b[i] = y / p.root[i]
		p.value += 0.5 * pull[i] * y
	}
	p.value -= 0.5 * logs
	return p
}

// inverted is the inverse of a matrix I + …, and the logarithm of its
// determinant, NaN where its numbers are not finite; the matrix is overwritten.
func inverted(q *num.Dense) (*num.Dense, float64) {
	if !num.Cholesky(q) {
		return num.NewDense(q.Rows, q.Cols), math.NaN()
	}
	logs := 0.0
	for i := range q.Rows {
		logs += 2 * math.Log(q.At(i, i))
	}
	inverse := num.NewDense(q.Rows, q.Cols)
	num.CholeskyInverse(inverse, q, num.NewDense(q.Rows, q.Cols))
	return inverse, logs
}

// A commonPart is what is known of u.
type commonPart struct {
	mean, variance []float64
	covariance     *num.Dense
	value          float64
}

// commonOf is u ~ N(0, s) after what the columns say of it.
func (e *strengthEvidence) commonOf(columns []int, parts []columnPart) commonPart {
	d := len(e.group)
	u := commonPart{mean: make([]float64, d), variance: make([]float64, d)}
	b := make([]float64, d)
	for _, c := range columns {
		num.Axpy(1, parts[c].b, b)
	}
	q := num.NewDense(d, d)
	for _, c := range columns {
		num.Axpy(1, parts[c].bend.Data, q.Data)
	}
	for i, g := range e.group {
		for j := range i + 1 { // what rounding has left unlike
			v := 0.5 * (q.At(i, j) + q.At(j, i)) * math.Sqrt(e.shared[g]*e.shared[e.group[j]])
			q.Set(i, j, v)
			q.Set(j, i, v)
		}
		q.Data[i*d+i]++
	}
	var logs float64
	u.covariance, logs = inverted(q)
	u.value = -0.5 * logs
	for i, g := range e.group {
		row := u.covariance.Row(i)
		for j := range row {
			row[j] *= math.Sqrt(e.shared[g] * e.shared[e.group[j]])
		}
		u.variance[i], u.mean[i] = row[i], num.Dot(row, b)
		u.value += 0.5 * u.mean[i] * b[i]
	}
	return u
}

// given are the mean and the variance of v where u is known as u says:
//
//	v = D^½ Q⁻¹ D^½ (h − Gu),   Cov v = D^½ Q⁻¹ D^½ + K Cov(u) Kᵀ,   K = I − D^½ Q⁻¹ D^−½
func (p *columnPart) given(e *strengthEvidence, v *normal, u commonPart) (mean, variance []float64) {
	d := len(p.root)
	mean, variance = make([]float64, d), make([]float64, d)
	pull, k := make([]float64, d), num.NewDense(d, d)
	for j, r := range p.root {
		pull[j] = r * (v.h[j] - num.Dot(v.g.Row(j), u.mean)) / e.noise
	}
	for i, r := range p.root {
		row := k.Row(i)
		for j, q := range p.inverse.Row(i) {
			row[j] = -r * q / p.root[j]
		}
		row[i]++
	}
	spread := num.Product(k, u.covariance)
	for i, r := range p.root {
		mean[i] = r * num.Dot(p.inverse.Row(i), pull)
		variance[i] = r*r*p.inverse.At(i, i) + num.Dot(spread.Row(i), k.Row(i))
	}
	return mean, variance
}
