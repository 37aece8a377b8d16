// Package prior learns a task from few rows as one more draw of what other tasks
// were drawn from:
//
//	z(x) = m(x) + Σ_j a_j s_j(x),   a ~ N(0, τ² I)
//
// m is the mean of the known tasks' functions, s_j are the directions in which
// they spread, τ² how much the new one may differ, where 1 is as they do, and the
// rows say the rest. Without rows a task is the mean; with many, what they alone
// say, as far as the directions reach.
package prior

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/num"
)

// A Draw is a task of n rows and k outputs to be learned.
type Draw struct {
	// Loss is Squared, whose noise is learned, or a negative log likelihood:
	// Logistic, Softmax or Poisson.
	Loss      loss.Smooth
	Y, Weight []float64  // n; nil weights are 1
	Mean      *num.Dense // n × k
	Spread    *num.Dense // n·k × directions: row i·k+c is output c of row i
	// Noise is about what variance the noise of a regression has; 0: 1.
	Noise float64
}

// Likelihood is the loss that tasks of a kind are learned by.
func Likelihood(k kindred.Kind) loss.Smooth {
	switch k {
	case kindred.Regression:
		return loss.Squared{}
	case kindred.Count:
		return loss.Poisson{}
	case kindred.Multiclass:
		return loss.Softmax{}
	}
	return loss.Logistic{}
}

// A Fit is what the rows make of the task.
type Fit struct {
	Along    []float64 // of each direction, a_j
	Variance float64   // τ², its mean
	Noise    float64   // of a regression, the mean of its variance
	Evidence float64   // log p(y), over the priors of τ² and the noise, but for a constant
	// Residual is the largest derivative of a log posterior where it should be 0,
	// in units of that at a = 0; 0 where it is in closed form.
	Residual float64
}

// The standard deviations, of natural logarithms, of what is expected of τ², which
// is 1, and of the noise before the rows say anything: factors of 4.5 and 2.7.
const (
	varianceDoubt = 1.5
	noiseDoubt    = 1
)

// Fit learns the task: the most likely a of each τ², and noise, of a grid, and
// their mean by the evidence, so that few rows, which cannot tell these, are not
// taken at their word. The evidence is that of a Gaussian process for squared
// errors, else to second order around the most likely a (Laplace).
//
// Rasmussen, Williams, Gaussian Processes for Machine Learning, MIT Press, 2006,
// sections 2.7, 3.4 and 5.4.
func (d *Draw) Fit(ctx context.Context) (*Fit, error) {
	n, k := d.Mean.Rows, d.Mean.Cols
	if len(d.Y) != n || d.Weight != nil && len(d.Weight) != n || d.Spread.Rows != n*k {
		return nil, fmt.Errorf("prior: %d labels, %d weights and spreads of %d outputs for %d rows of %d outputs", len(d.Y), len(d.Weight), d.Spread.Rows, n, k)
	}
	if n == 0 || d.Spread.Cols == 0 {
		return &Fit{Along: make([]float64, d.Spread.Cols), Variance: 1, Noise: d.noise()}, nil
	}
	if !finite(d.Mean.Data) || !finite(d.Spread.Data) || !finite(d.Y) {
		return nil, errors.New("prior: a label or an output of the known tasks is not finite")
	}
	if _, squared := d.Loss.(loss.Squared); squared {
		return d.gaussian(ctx)
	}
	return d.laplace(ctx)
}

func (d *Draw) noise() float64 {
	if d.Noise > 0 {
		return d.Noise
	}
	return 1
}

// A reduced draw has as many directions as rows or fewer, orthogonal ones: phi is
// n·k × r with phiᵀ·phi = diag(square), and a = back·α.
type reduced struct {
	phi    *num.Dense
	square []float64
	back   *num.Dense
}

// reduce takes the singular directions of s: of SᵀS or SSᵀ, whichever is smaller.
func reduce(s *num.Dense) *reduced {
	wide := s.Cols > s.Rows
	gram := func() *num.Dense {
		if wide {
			t := transpose(s)
			return num.ProductT(t, t)
		}
		return num.ProductT(s, s)
	}()
	values, vectors := num.SymEigen(gram)
	top := values[len(values)-1]
	var keep []int
	for i := len(values) - 1; i >= 0 && values[i] > 1e-12*top && values[i] > 0; i-- {
		keep = append(keep, i)
	}
	q := num.NewDense(vectors.Rows, len(keep))
	r := &reduced{}
	for c, i := range keep {
		q.SetCol(c, vectors.Col(make([]float64, vectors.Rows), i))
		r.square = append(r.square, values[i])
	}
	if !wide {
		r.phi, r.back = num.Product(s, q), q
		return r
	}
	r.phi, r.back = q, num.ProductT(s, q)
	for c, v := range r.square {
		for i := range r.phi.Rows {
			r.phi.Data[i*r.phi.Cols+c] *= math.Sqrt(v)
		}
		for i := range r.back.Rows {
			r.back.Data[i*r.back.Cols+c] /= math.Sqrt(v)
		}
	}
	return r
}

// along is a of α.
func (r *reduced) along(alpha []float64) []float64 {
	out := make([]float64, r.back.Rows)
	for i := range out {
		out[i] = num.Dot(r.back.Row(i), alpha)
	}
	return out
}

// gaussian is the fit by squared errors: with c = Φᵀe and λ the squares,
//
//	α_j = τ² c_j / (τ² λ_j + s²)
//	−2 log p(e) = Σ_j log(τ² λ_j + s²) + (n − r) log s² + (eᵀe − Σ_j τ² c_j² / (τ² λ_j + s²)) / s²
func (d *Draw) gaussian(ctx context.Context) (*Fit, error) {
	s, e := d.Spread.Clone(), make([]float64, len(d.Y))
	for i := range e {
		root := math.Sqrt(weight(d.Weight, i))
		e[i] = root * (d.Y[i] - d.Mean.Data[i])
		num.Scale(s.Row(i), root)
	}
	r := reduce(s)
	c, square := make([]float64, len(r.square)), num.Dot(e, e)
	for i, v := range e {
		num.Axpy(v, r.phi.Row(i), c)
	}
	rows := 0.0
	for i := range e {
		if weight(d.Weight, i) > 0 {
			rows++
		}
	}
	var all mean
	for _, tau := range grid(1) {
		for _, noise := range grid(d.noise()) {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			alpha, twice, left := make([]float64, len(c)), (rows-float64(len(c)))*math.Log(noise), square
			for j, v := range r.square {
				alpha[j] = tau * c[j] / (tau*v + noise)
				twice += math.Log(tau*v + noise)
				left -= alpha[j] * c[j]
			}
			log := -(twice+left/noise)/2 + expected(tau, 1, varianceDoubt) + expected(noise, d.noise(), noiseDoubt)
			all = append(all, candidate{alpha, tau, noise, log, 0})
		}
	}
	return all.fit(r), nil
}

// A candidate is the most likely α for a τ² and a noise.
type candidate struct {
	alpha                     []float64
	tau, noise, log, residual float64
}

// A mean is over candidates, by how likely they make the rows.
type mean []candidate

func (m mean) fit(r *reduced) *Fit {
	most := slices.MaxFunc(m, func(a, b candidate) int { return cmp.Compare(a.log, b.log) }).log
	total, alpha, f := 0.0, make([]float64, len(r.square)), &Fit{}
	for _, c := range m {
		total += math.Exp(c.log - most)
	}
	for _, c := range m {
		p := math.Exp(c.log-most) / total
		num.Axpy(p, c.alpha, alpha)
		f.Variance, f.Noise, f.Residual = f.Variance+p*c.tau, f.Noise+p*c.noise, max(f.Residual, c.residual)
	}
	f.Evidence, f.Along = most+math.Log(total/float64(len(m))), r.along(alpha)
	return f
}

// grid are values around one, from a thousandth of it to a thousandfold.
func grid(around float64) []float64 {
	var out []float64
	for by := -10.0; by <= 10; by++ {
		out = append(out, around*math.Exp2(by))
	}
	return out
}

// expected is the log density of v where it is about another, but for a constant.
func expected(v, about, doubt float64) float64 {
	by := math.Log(v/about) / doubt
	return -by * by / 2
}

// laplace is the fit by a likelihood.
func (d *Draw) laplace(ctx context.Context) (*Fit, error) {
	r := reduce(d.Spread)
	var all mean
	alpha := make([]float64, len(r.square))
	for _, tau := range grid(1) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		evidence, residual := d.newton(r, alpha, tau)
		if log := evidence + expected(tau, 1, varianceDoubt); log-log == 0 {
			all = append(all, candidate{slices.Clone(alpha), tau, 0, log, residual})
		}
	}
	if all == nil {
		return nil, errors.New("prior: the likelihood is not finite at the mean of the known tasks")
	}
	return all.fit(r), nil
}

// newton climbs to the most likely α, from where it is, and says how large the
// evidence is there to second order, log p(y, α) − ½ log |τ² H + I|.
func (d *Draw) newton(r *reduced, alpha []float64, tau float64) (evidence, residual float64) {
	objective := func(alpha []float64) (float64, []float64) {
		z := d.outputs(r, alpha)
		return d.Loss.Value(d.Y, d.Weight, z) + num.Dot(alpha, alpha)/2/tau, z
	}
	now, z := objective(alpha)
	start := norm(d.slope(r, make([]float64, len(alpha)), d.outputs(r, make([]float64, len(alpha))), tau))
	var h *num.Dense
	for range 100 {
		g := d.slope(r, alpha, z, tau)
		h = d.curvature(r, z)
		for i := range h.Rows {
			h.Data[i*h.Cols+i] += 1 / tau
		}
		if residual = norm(g) / max(start, 1e-300); !num.Cholesky(h) || norm(g) <= 1e-10*start || start == 0 {
			break
		}
		num.CholeskySolve(h, g)
		moved := false
		for step := 1.0; step > 1e-10; step /= 2 {
			next := slices.Clone(alpha)
			num.Axpy(-step, g, next)
			if v, at := objective(next); v < now {
				copy(alpha, next)
				now, z, moved = v, at, true
				break
			}
		}
		if !moved {
			break
		}
	}
	logs := float64(len(alpha)) * math.Log(tau) / 2
	for i := range h.Rows {
		logs += math.Log(h.At(i, i))
	}
	return -now - logs, residual
}

// outputs are m + Φα.
func (d *Draw) outputs(r *reduced, alpha []float64) []float64 {
	z := slices.Clone(d.Mean.Data)
	for i := range z {
		z[i] += num.Dot(r.phi.Row(i), alpha)
	}
	return z
}

// slope is the gradient of the loss and of ½ ‖α‖²/τ².
func (d *Draw) slope(r *reduced, alpha, z []float64, tau float64) []float64 {
	g, out := make([]float64, len(z)), slices.Clone(alpha)
	d.Loss.Grad(g, d.Y, d.Weight, z)
	num.Scale(out, 1/tau)
	for i, v := range g {
		num.Axpy(v, r.phi.Row(i), out)
	}
	return out
}

// curvature is Φᵀ H Φ.
func (d *Draw) curvature(r *reduced, z []float64) *num.Dense {
	scaled := num.NewDense(r.phi.Rows, r.phi.Cols)
	switch l := d.Loss.(type) {
	case loss.Curved:
		h := make([]float64, len(z))
		l.Hess(h, d.Y, d.Weight, z)
		for i, v := range h {
			num.Axpy(v, r.phi.Row(i), scaled.Row(i))
		}
	case loss.Joint:
		column, out := make([]float64, len(z)), make([]float64, len(z))
		for c := range r.phi.Cols {
			l.HessVec(out, d.Y, d.Weight, z, r.phi.Col(column, c))
			scaled.SetCol(c, out)
		}
	}
	return num.ProductT(r.phi, scaled)
}

// finite tells whether all are.
func finite(v []float64) bool {
	return !slices.ContainsFunc(v, func(x float64) bool { return x-x != 0 })
}

// norm is the largest magnitude.
func norm(v []float64) float64 {
	most := 0.0
	for _, x := range v {
		most = max(most, math.Abs(x))
	}
	return most
}

func transpose(a *num.Dense) *num.Dense {
	out := num.NewDense(a.Cols, a.Rows)
	for i := range a.Rows {
		out.SetCol(i, a.Row(i))
	}
	return out
}

func weight(w []float64, i int) float64 {
	if w == nil {
		return 1
	}
	return w[i]
}
