package kernel

import (
	"math"

	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/prep"
)

// A sample is the n labels of a Gaussian process, task by task, standardized:
// each of a row of x, with a weight above 0.
type sample struct {
	x         *num.Matrix
	square    []float64 // ‖x‖²
	task, row []int     // of each label
	y, w      []float64
	first     []int     // of each task, and n
	weight    []float64 // Σ w of each task
}

// sample takes the labels of weight above 0, and their rows.
func (g *ground) sample(targets []prep.Target) *sample {
	s := &sample{first: []int{0}}
	var at [][2]int
	place := make([][]int, len(g.rows))
	for i, x := range g.rows {
		place[i] = make([]int, x.Rows)
		for r, w := range g.weight[i] {
			if w > 0 {
				place[i][r] = len(at)
				at = append(at, [2]int{i, r})
			}
		}
	}
	s.x = gather(g.rows, at)
	s.square = squares(s.x)
	for t := range g.set.Tasks {
		task, total := &g.set.Tasks[t], 0.0
		for p, y := range task.Y() {
			w := weight(task, p)
			if w == 0 {
				continue
			}
			s.task, s.row = append(s.task, t), append(s.row, place[g.table[t]][g.places[t][p]])
			s.y, s.w = append(s.y, (y-targets[t].Center)/targets[t].Scale), append(s.w, w)
			total += w
		}
		s.first, s.weight = append(s.first, len(s.y)), append(s.weight, total)
	}
	return s
}

func (s *sample) tasks() int { return len(s.weight) }

// coregions are the parameters of a Gaussian process of tasks: those of its
// covariance, A (tasks × rank), log κ and log σ² of every task,
//
//	cov(f_s(x), f_t(z)) = B_st k(x, z),   B = AAᵀ + diag κ,   y = b_t + f_t(x) + σ_t ε
type coregions struct {
	tasks, rank int
	theta       []float64
	base        []float64 // of the covariance
	a           []float64
	kappa       []float64 // logarithms
	noise       []float64 // logarithms
}

// read takes parameters apart; the parts are views.
func (c *covariance) read(theta []float64, tasks, rank int) *coregions {
	n := c.count()
	a := n + tasks*rank
	return &coregions{tasks, rank, theta, theta[:n], theta[n:a], theta[a : a+tasks], theta[a+tasks : a+2*tasks]}
}

// parameters counts them.
func (c *covariance) parameters(tasks, rank int) int { return c.count() + tasks*(rank+2) }

// factor is row t of A.
func (p *coregions) factor(t int) []float64 { return p.a[t*p.rank : (t+1)*p.rank] }

// least is the smallest noise and private variance: a thousandth of a standard
// deviation of the labels. It keeps the covariance of many rows definite.
const least = 1e-6

func (p *coregions) kappaOf(t int) float64 { return least + math.Exp(p.kappa[t]) }
func (p *coregions) noiseOf(t int) float64 { return least + math.Exp(p.noise[t]) }

// between is B_st.
func (p *coregions) between(s, t int) float64 {
	b := num.Dot(p.factor(s), p.factor(t))
	if s == t {
		b += p.kappaOf(t)
	}
	return b
}

// relation is B.
func (p *coregions) relation() *num.Dense {
	b := num.NewDense(p.tasks, p.tasks)
	for s := range p.tasks {
		for t := range p.tasks {
			b.Set(s, t, p.between(s, t))
		}
	}
	return b
}

// chain turns slopes in κ and σ², which g holds, into those in their
// logarithms.
func (p *coregions) chain(g *coregions) {
	for t := range p.tasks {
		g.kappa[t] *= math.Exp(p.kappa[t])
		g.noise[t] *= math.Exp(p.noise[t])
	}
}

// An evidence is the marginal likelihood of labels, whose tasks' means b_t have
// a flat prior, which makes it that of their contrasts.
//
// Rasmussen, Williams, Gaussian Processes for Machine Learning, MIT Press,
// 2006, section 2.7; Bonilla, Chai, Williams, Multi-task Gaussian process
// prediction, NIPS 2007.
type evidence interface {
	// minus is −2 log p(y | θ), and sets g to its gradient; +Inf where it
	// cannot be computed.
	minus(g, theta []float64) float64
	// posterior is what is known at θ.
	posterior(theta []float64) posterior
}

// A posterior is what is known of the f_t once labels are seen, in the units of
// the standardized labels.
type posterior interface {
	// at returns what sets value and variance to those of a label of task t in
	// each of these rows.
	at(x *num.Matrix) func(value, variance []float64, t int)
}
