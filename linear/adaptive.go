package linear

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/solve"
)

// An adaptation is strengths of sharing learned from the rows, and weights near
// those that are best under them.
type adaptation struct {
	strengths penalty.Strengths
	w         *num.Dense
}

// adapted is a penalty with the strengths that the rows say, and where to start.
func (d *design) adapted(ctx context.Context, p penalty.Penalty) (penalty.Penalty, *solve.Point, error) {
	open, ok := p.(penalty.Adapting)
	if !ok || !open.Open() {
		return p, nil, nil
	}
	a, known := d.adaptations[open.ByColumn()]
	if !known {
		var err error
		if a, err = d.adapt(ctx, open); err != nil {
			return nil, nil, fmt.Errorf("linear: the strengths of sharing: %w", err)
		}
		if d.adaptations == nil {
			d.adaptations = map[bool]*adaptation{}
		}
		d.adaptations[open.ByColumn()] = a
	}
	return open.Adapt(a.strengths), &solve.Point{W: a.w, B: make([]float64, a.w.Cols)}, nil
}

// relinearized is how often losses that are no squares are taken to second order
// at most, each time at the weights that are best under the strengths so far.
const relinearized = 6

// adapt finds the strengths of the highest evidence, by Laplace's approximation
// where losses are no squares.
func (d *design) adapt(ctx context.Context, open penalty.Adapting) (*adaptation, error) {
	from := d.problem
	if d.open != nil {
		from = d.open
	}
	p := d.plain(from, penalty.Ridge{})
	squared := true
	for i := range p.Tasks {
		_, ok := p.Tasks[i].Loss.(loss.Squared)
		squared = squared && ok
	}
	e, x := d.evidenceOf(p, open), solve.NewPoint(p)
	solve.OptimizeIntercepts(p, x)
	for round := range relinearized {
		if err := e.see(ctx, p, x); err != nil {
			return nil, err
		}
		if round == 0 {
			e.begin()
		}
		before := slices.Concat(e.shared, e.private, e.apart)
		if err := e.climb(ctx); err != nil {
			return nil, err
		}
		if squared || round > 0 && within(before, slices.Concat(e.shared, e.private, e.apart), 0.05) {
			break
		}
		p.Penalty = open.Adapt(e.strengths()).On(d.layout, 1)
		r, err := solve.Run(ctx, &solve.FISTA{}, p, x, roughTol, roughSteps)
		if err != nil {
			return nil, err
		}
		x = r.Point
	}
	return &adaptation{e.strengths(), e.weights()}, nil
}

// within tells whether no number has changed by more than a share of it.
func within(a, b []float64, share float64) bool {
	for i, v := range a {
		if !(math.Abs(v-b[i]) <= share*v) {
			return false
		}
	}
	return true
}

// evidenceOf is what is to be learned of the strengths for p.
func (d *design) evidenceOf(p *solve.Problem, open penalty.Adapting) *strengthEvidence {
	e := &strengthEvidence{task: d.layout.Task, slot: d.layout.Slot, tasks: len(d.set.Tasks), groups: 1, noise: 1, noisy: true}
	e.group = make([]int, p.Features())
	if most := few(p); most < p.Features() {
		e.span = principal(p, most)
		e.group = make([]int, e.span.Cols)
	} else if open.ByColumn() {
		e.group = firstSeen(d.featureColumns())
	}
	for _, g := range e.group {
		e.groups = max(e.groups, g+1)
	}
	for i := range p.Tasks {
		e.noisy = e.noisy && dispersed(p.Tasks[i].Loss)
	}
	return e
}

// Evidence is of features as they are while all Gram matrices have at most so
// many numbers, and a factor of each takes at most so many multiplications; of
// more features of their principal combinations, of which all have one s and p,
// as many as keep what they are made of and the rows in them in bounds.
const (
	mostGrams        = 1 << 22
	mostEvidence     = 1 << 25
	mostCombinations = 1 << 22
	mostCombined     = 1 << 25
)

// few is up to how many features that is so, and how many combinations there are
// of more.
func few(p *solve.Problem) int {
	d, columns, rows := 4, len(p.Tasks), 1
	for columns*(d+1)*(d+1)*(d+1) <= mostEvidence && columns*(d+1)*(d+1) <= mostGrams {
		d++
	}
	if p.Features() <= d {
		return d
	}
	for i := range p.Tasks {
		rows = max(rows, p.Tasks[i].X.Rows)
	}
	return max(4, min(d, mostCombinations/p.Features(), mostCombined/rows))
}

// principal are about the first combinations of features in which the rows of
// all tasks vary, orthonormal, a column each: a random span, moved three times.
//
// Halko, Martinsson, Tropp, Finding structure with randomness, SIAM Review 53,
// 2011, algorithm 4.4.
func principal(p *solve.Problem, most int) *num.Dense {
	random := rand.New(rand.NewPCG(1, 2))
	span := num.NewDense(p.Features(), most)
	for i := range span.Data {
		span.Data[i] = random.NormFloat64()
	}
	var tables []*num.Matrix
	for i := range p.Tasks {
		if x := p.Tasks[i].X; !slices.Contains(tables, x) {
			tables = append(tables, x)
		}
	}
	for range 3 {
		next := num.NewDense(span.Rows, span.Cols)
		for _, x := range tables {
			scatter(next, x, span)
		}
		span = orthonormal(next)
	}
	return span
}

// scatter adds Xᵀ(XV) to out, less what the mean row has of it.
func scatter(out *num.Dense, x *num.Matrix, v *num.Dense) {
	if x.Rows == 0 {
		return
	}
	z, mean := onto(x, v), make([]float64, v.Cols)
	for i := range x.Rows {
		_, row := z.Row(i)
		num.Axpy(1/float64(x.Rows), row, mean)
	}
	for i := range x.Rows {
		_, row := z.Row(i)
		num.Axpy(-1, mean, row)
		index, value := x.Row(i)
		for k, f := range value {
			j := k
			if index != nil {
				j = int(index[k])
			}
			num.Axpy(f, row, out.Row(j))
		}
	}
}

// orthonormal is an orthonormal base of the columns.
func orthonormal(a *num.Dense) *num.Dense {
	square, u := num.SymEigen(num.ProductT(a, a))
	n := 0
	for n < len(square) && square[len(square)-1-n] > 1e-12*square[len(square)-1] {
		n++
	}
	mix := num.NewDense(a.Cols, n)
	for c := range n {
		k := len(square) - 1 - c
		for i := range a.Cols {
			mix.Set(i, c, u.At(i, k)/math.Sqrt(square[k]))
		}
	}
	return num.Product(a, mix)
}

// A normal is what the rows of one column of W say of its weights w, to second
// order: log p = −(wᵀGw − 2hᵀw + yy) / 2 noise − n/2 log noise.
type normal struct {
	g     *num.Dense
	h     []float64
	yy, n float64
}

// see takes the loss of every column to second order at x.
func (e *strengthEvidence) see(ctx context.Context, p *solve.Problem, x *solve.Point) error {
	e.normals = make([]normal, len(p.Tasks))
	num.For(len(p.Tasks), func(c int) {
		if ctx.Err() == nil {
			e.normals[c] = normalOf(&p.Tasks[c], x.W.Col(make([]float64, x.W.Rows), c), x.B[c], e.span)
		}
	})
	return ctx.Err()
}

// normalOf is that of a task at w and b, on combinations of features where span
// is not nil.
func normalOf(t *solve.Task, w []float64, b float64, span *num.Dense) normal {
	z, grad, hess := make([]float64, t.X.Rows), make([]float64, t.X.Rows), make([]float64, t.X.Rows)
	t.X.MulVec(z, w)
	for i := range z {
		z[i] += b
	}
	l := t.Loss.(loss.Curved)
	l.Grad(grad, t.Y, t.Weight, z)
	l.Hess(hess, t.Y, t.Weight, z)
	x := onto(t.X, span)
	if span != nil {
		w = num.ProductT(span, &num.Dense{Rows: len(w), Cols: 1, Data: w}).Data
	}
	v := normal{h: make([]float64, x.Cols)}
	total, slope, mean := num.Sum(hess), num.Sum(grad), make([]float64, x.Cols)
	if !(total > 0) {
		v.g = num.NewDense(x.Cols, x.Cols)
		return v
	}
	if t.Fixed == nil {
		x.AddMulTVec(mean, hess)
		scale(mean, 1/total)
		v.n--
	} else {
		slope = 0
	}
	x.AddMulTVec(v.h, grad)
	num.Axpy(-slope, mean, v.h) // of ½ the quadratic, at w
	for i, c := range hess {
		if c > 0 {
			v.n += weightAt(t.Weight, i)
			v.yy += grad[i] * grad[i] / c
		}
	}
	v.n, v.yy = max(0, v.n), v.yy-slope*slope/total
	v.g = num.Gram(x, hess, mean)
	pull := num.Product(v.g, &num.Dense{Rows: len(w), Cols: 1, Data: w}).Data
	v.yy += num.Dot(w, pull) - 2*num.Dot(w, v.h)
	for j := range v.h {
		v.h[j] = pull[j] - v.h[j]
	}
	return v
}
