package main

import (
	"fmt"
	"math"
	"os"

	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/solve"
)

// A belief is an objective of MALSAR's on School. Ours has squares halved and
// plain sums; times turns it into MALSAR's.
type belief struct {
	function, formula string
	on                func(l penalty.Layout) penalty.Func
	binary            bool
	times             float64
	seconds           float64 // of MALSAR, one fit of three quarters of the rows; 0: not measured
	objective         float64 // that MALSAR reached on all rows; 0: not known
}

// Splits have λ₁ and λ₂ halved where MALSAR does not halve the squares.
// Least_SRMTL is λ(1−ρ)/2 = 10, λρ = 1; Least_CMTL is λ = 2ρ₂, η = ρ₂/ρ₁.
//
// Zhou, Chen, Ye, MALSAR: Multi-task learning via structural regularization,
// Arizona State University, 2012.
var beliefs = []belief{
	{"Least_L21", "½Σ‖X_t w_t − y_t‖² + 2000 Σ_j‖W_j‖₂", with(penalty.L21{}, 2000), false, 1, 0.404, 1353750.787},
	{"Least_Trace", "½Σ‖X_t w_t − y_t‖² + 3000 ‖W‖_*", with(penalty.Trace{}, 3000), false, 1, 0.381, 1080704.288},
	{"Least_Lasso", "½Σ‖X_t w_t − y_t‖² + 200 ‖W‖₁", with(penalty.Lasso{}, 200), false, 1, 0.535, 1194777.919},
	{"Least_SRMTL", "½Σ‖X_t w_t − y_t‖² + 10 ‖W(I − 11ᵀ/T)‖² + ‖W‖₁", with(&penalty.SparseGraph{L1Ratio: 1. / 21}, 21), false, 1, 0.488, 687971.3528},
	{"Least_RMTL", "Σ‖X_t w_t − y_t‖² + 1000 ‖L‖_* + 5000 Σ_t‖s_t‖₂, W = L + S",
		parts(with(penalty.Trace{}, 1000./2), part(&penalty.Robust{}, 1, 5000./2)), false, 2, 0.867, 1557003.784},
	{"Least_rMTFL", "Σ‖X_t w_t − y_t‖² + 2000 Σ_j‖P_j‖₂ + 2000 Σ_t‖q_t‖₂, W = P + Q",
		parts(with(penalty.L21{}, 2000./2), part(&penalty.RMTFL{}, 1, 2000./2)), false, 2, 0, 2104275.163},
	{"Least_Dirty", "Σ‖X_t w_t − y_t‖² + 5000 Σ_j‖P_j‖_∞ + 300 ‖Q‖₁, W = P + Q",
		parts(with(penalty.LInf1{}, 5000./2), with(penalty.Lasso{}, 300./2)), false, 2, 0.241, 1593471.116},
	{"Least_CMTL", "½Σ‖X_t w_t − y_t‖² + ρ₁η(1+η) tr W(ηI + M)⁻¹Wᵀ, k = 5, ρ₁ = 10, ρ₂ = 0.1, η = ρ₂/ρ₁",
		with(&penalty.Clustered{K: 5, Eta: 0.01}, 0.2), false, 1, 3.6, 0},
	{"Logistic_L21", "Σ log(1 + exp(−yz)) + 40 Σ_j‖W_j‖₂", with(penalty.L21{}, 40), true, 1, 0.6, 0},
	{"Logistic_Trace", "Σ log(1 + exp(−yz)) + 40 ‖W‖_*", with(penalty.Trace{}, 40), true, 1, 0.562, 0},
}

func with(p penalty.Penalty, lambda float64) func(penalty.Layout) penalty.Func {
	return func(l penalty.Layout) penalty.Func { return p.On(l, lambda) }
}

// part is part i of a split, whose second part has strength λ.
func part(p penalty.Penalty, i int, lambda float64) func(penalty.Layout) penalty.Func {
	return func(l penalty.Layout) penalty.Func { return p.On(l, lambda).(penalty.Split).Parts()[i] }
}

func parts(first, second func(penalty.Layout) penalty.Func) func(penalty.Layout) penalty.Func {
	return func(l penalty.Layout) penalty.Func {
		return penalty.NewSplit(first(l).(penalty.Proximal), second(l).(penalty.Proximal))
	}
}

// malsarTimes fits three quarters of each task's rows to 1e-8.
func malsarTimes(b *bench) error {
	return b.besideMALSAR(beliefs, func(i int) bool { return i%4 != 3 }, 1e-8, func(p *pair, c belief, r *solve.Result) {
		p.reached = func() string { return fmt.Sprintf("gap %.1e after %d steps", r.Certificate.Value, r.Step) }
		if c.seconds > 0 {
			p.peer, p.known = "MALSAR, tol 1e-8", c.seconds
			p.theirs = func(result) string { return "" }
		}
	})
}

// malsarObjectives fits all rows to 1e-10, where MALSAR's objective is known.
func malsarObjectives(b *bench) error {
	var known []belief
	for _, c := range beliefs {
		if c.objective > 0 {
			known = append(known, c)
		}
	}
	return b.besideMALSAR(known, func(int) bool { return true }, 1e-10, func(p *pair, c belief, r *solve.Result) {
		p.reached = func() string {
			ours := c.times * r.Objective
			return fmt.Sprintf("%.10g, MALSAR %.10g: %+.1e of it; %s %.1e", ours, c.objective, ours/c.objective-1, r.Certificate.Kind, r.Certificate.Value)
		}
	})
}

// besideMALSAR solves objectives on the rows of School that keep says, by their
// places in their tasks; show completes the pair.
func (b *bench) besideMALSAR(beliefs []belief, keep func(i int) bool, tol float64, show func(*pair, belief, *solve.Result)) error {
	school, err := realProblem(b.ctx, "school")
	if os.IsNotExist(err) {
		return nil
	} else if err != nil {
		return err
	}
	unitSquares(school)
	for _, c := range beliefs {
		p, last := c.problem(school, keep), solve.Result{}
		_, solver, err := solve.Pick(p)
		if err != nil {
			return err
		}
		pair := pair{
			problem: c.function + ": " + c.formula,
			ours: func() error {
				fresh := &solve.Problem{Tasks: p.Tasks, Penalty: p.Penalty, Layout: p.Layout} // no sums yet
				last, err = solve.Run(b.ctx, solver, fresh, nil, tol, 20000)
				return err
			},
		}
		show(&pair, c, &last)
		if err := b.measure(pair); err != nil {
			return err
		}
	}
	return nil
}

// unitSquares divides every column by its root mean square over all rows, and
// adds the constant one, which the reader leaves out.
func unitSquares(p *solve.Problem) {
	for t := range p.Tasks {
		from := p.Tasks[t].X
		x := num.NewMatrix(from.Rows, from.Cols+1)
		for i := range x.Rows {
			copy(x.Data[i*x.Cols:], from.Data[i*from.Cols:(i+1)*from.Cols])
			x.Data[(i+1)*x.Cols-1] = 1
		}
		p.Tasks[t].X = x
	}
	rows, square := 0, make([]float64, p.Features())
	for t := range p.Tasks {
		x := p.Tasks[t].X
		rows += x.Rows
		for i, v := range x.Data {
			square[i%x.Cols] += v * v
		}
	}
	for t := range p.Tasks {
		x := p.Tasks[t].X
		for i := range x.Data {
			x.Data[i] /= math.Sqrt(square[i%x.Cols] / float64(rows))
		}
	}
}

// problem is the objective on the rows kept. Scores are fitted without
// intercepts; in the binary tasks, whether a score is above the mean of its
// task's, intercepts are free.
func (c *belief) problem(school *solve.Problem, keep func(i int) bool) *solve.Problem {
	p := &solve.Problem{Layout: school.Layout, Penalty: c.on(school.Layout)}
	for _, from := range school.Tasks {
		var rows []int
		task := solve.Task{Loss: loss.Squared{}, Outputs: 1, Fixed: []float64{0}}
		if c.binary {
			task.Loss, task.Fixed = loss.Logistic{}, nil
		}
		mean := num.Sum(from.Y) / float64(len(from.Y))
		for i, y := range from.Y {
			if !keep(i) {
				continue
			}
			rows = append(rows, i)
			if c.binary && y > mean {
				y = 1
			} else if c.binary {
				y = 0
			}
			task.Y = append(task.Y, y)
		}
		task.X = from.X.Select(rows)
		p.Tasks = append(p.Tasks, task)
	}
	return p
}
