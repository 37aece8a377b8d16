package kernel

import (
	"math"

	"github.com/kindred-mtl/kindred/num"
)

// A covariance is the k of a Gaussian process, of rows x and z of d columns
// with the total variance unit,
//
//	k(x, z) = exp(−½ Σ_j (x_j − z_j)²/(unit ℓ_j²)) + ω x·z/unit
//
// with one ℓ for all columns unless ard, and either term left out where it is
// not asked for; without the first one ω is 1. Its parameters are log ℓ and
// log ω.
//
// Rasmussen, Williams, Gaussian Processes for Machine Learning, MIT Press,
// 2006, sections 4.2 and 5.1.
type covariance struct {
	RBF    bool    `json:"rbf"`
	Linear bool    `json:"linear"`
	ARD    bool    `json:"ard,omitempty"`
	Width  int     `json:"width"` // d
	Unit   float64 `json:"unit"`
}

// lengths counts the ℓ.
func (c *covariance) lengths() int {
	switch {
	case !c.RBF:
		return 0
	case c.ARD:
		return c.Width
	}
	return 1
}

// count counts the parameters.
func (c *covariance) count() int {
	if c.RBF && c.Linear {
		return c.lengths() + 1
	}
	return c.lengths()
}

// weight is ω.
func (c *covariance) weight(theta []float64) float64 {
	switch {
	case !c.Linear:
		return 0
	case !c.RBF:
		return 1
	}
	return math.Exp(theta[c.lengths()])
}

// A pairing is rows x beside rows z, with what of k does not depend on the
// parameters.
type pairing struct {
	c    *covariance
	x, z *num.Matrix
	far  *num.Dense // ‖x − z‖²/unit; nil where ard
	dot  *num.Dense // x·z/unit; nil where not linear
}

func (c *covariance) pair(x, z *num.Matrix) *pairing {
	p := &pairing{c: c, x: x, z: z}
	if c.Linear {
		p.dot = num.NewDense(x.Rows, z.Rows)
	}
	if c.RBF && !c.ARD {
		p.far = num.NewDense(x.Rows, z.Rows)
	}
	if p.dot == nil && p.far == nil {
		return p
	}
	marks, square := newLandmarks(z), squares(x)
	blocks(x.Rows, x.Cols, func(lo, hi int, buffer []float64) {
		row := make([]float64, z.Rows)
		for i := lo; i < hi; i++ {
			marks.products(row, x, i, buffer)
			for j, xz := range row {
				if p.far != nil {
					p.far.Set(i, j, math.Max(0, square[i]+marks.square[j]-2*xz)/c.Unit)
				}
				if p.dot != nil {
					p.dot.Set(i, j, xz/c.Unit)
				}
			}
		}
	})
	return p
}

// values is k of every pair, and its first term.
func (p *pairing) values(theta []float64) (k, rbf *num.Dense) {
	k = num.NewDense(p.x.Rows, p.z.Rows)
	omega := p.c.weight(theta)
	if p.c.RBF {
		rbf = num.NewDense(p.x.Rows, p.z.Rows)
	}
	scaled := p.scaled(theta)
	blocks(p.x.Rows, 0, func(lo, hi int, _ []float64) {
		for i := lo; i < hi; i++ {
			row := k.Row(i)
			if rbf != nil {
				scaled(rbf.Row(i), i)
				for j, far := range rbf.Row(i) {
					rbf.Set(i, j, math.Exp(-0.5*far))
				}
				copy(row, rbf.Row(i))
			}
			if p.dot != nil {
				num.Axpy(omega, p.dot.Row(i), row)
			}
		}
	})
	return k, rbf
}

// scaled returns what sets out to Σ_j (x_j − z_j)²/(unit ℓ_j²) of row i and
// every z.
func (p *pairing) scaled(theta []float64) func(out []float64, i int) {
	if !p.c.ARD {
		scale := 0.0
		if p.c.RBF {
			scale = math.Exp(-2 * theta[0])
		}
		return func(out []float64, i int) {
			for j, far := range p.far.Row(i) {
				out[j] = scale * far
			}
		}
	}
	inverse := p.c.precisions(theta)
	return func(out []float64, i int) {
		_, x := p.x.Row(i)
		for j := range out {
			_, z := p.z.Row(j)
			s := 0.0
			for c, v := range inverse {
				s += v * (x[c] - z[c]) * (x[c] - z[c])
			}
			out[j] = s
		}
	}
}

// precisions are 1/(unit ℓ_j²).
func (c *covariance) precisions(theta []float64) []float64 {
	inverse := make([]float64, c.Width)
	for j := range inverse {
		inverse[j] = math.Exp(-2*theta[j]) / c.Unit
	}
	return inverse
}

// pull adds to g, of the parameters, what a change of every k by slope means
// for them: Σ slope ∂k/∂θ.
func (p *pairing) pull(g, theta []float64, rbf, slope *num.Dense) {
	n := p.c.count()
	parts := num.NewDense(p.x.Rows, n)
	omega, scale := p.c.weight(theta), 0.0
	var inverse []float64
	if p.c.ARD {
		inverse = p.c.precisions(theta)
	} else if p.c.RBF {
		scale = math.Exp(-2 * theta[0])
	}
	blocks(p.x.Rows, 0, func(lo, hi int, _ []float64) {
		for i := lo; i < hi; i++ {
			part, s := parts.Row(i), slope.Row(i)
			switch {
			case p.c.ARD:
				p.pullEach(part, i, rbf.Row(i), s, inverse)
			case p.c.RBF:
				far := p.far.Row(i)
				for j, v := range rbf.Row(i) {
					part[0] += s[j] * v * scale * far[j]
				}
			}
			if p.c.RBF && p.c.Linear {
				part[n-1] = omega * num.Dot(s, p.dot.Row(i))
			}
		}
	})
	for i := range parts.Rows {
		num.Axpy(1, parts.Row(i), g)
	}
}

// pullEach is pull for the ℓ_j of row i.
func (p *pairing) pullEach(out []float64, i int, rbf, slope, inverse []float64) {
	_, x := p.x.Row(i)
	for j, v := range rbf {
		_, z := p.z.Row(j)
		v *= slope[j]
		for c, scale := range inverse {
			out[c] += v * scale * (x[c] - z[c]) * (x[c] - z[c])
		}
	}
}

// selves are k(x, x) of every row, and what of them is ω.
func (c *covariance) selves(theta []float64, square []float64) (k, linear []float64) {
	k, linear = make([]float64, len(square)), make([]float64, len(square))
	omega := c.weight(theta)
	for i, s := range square {
		linear[i] = omega * s / c.Unit
		k[i] = linear[i]
		if c.RBF {
			k[i]++
		}
	}
	return k, linear
}
