package penalty

import (
	"cmp"
	"fmt"
	"math"

	"github.com/kindred-mtl/kindred/num"
)

// Clustered lets the tasks' weights lie near k centres, by a convex
// relaxation of k-means.
//
//	Ω(W) = λ/2 (1+η) min over M of tr(W (ηI + M)⁻¹ Wᵀ),   0 ⪯ M ⪯ I, tr M = k
//
// M stands for the projection on the clusters' indicators; on its range W
// costs λ/2 ‖W‖², off it (1+η)/η times as much. With λ = 2ρ2 and η = ρ2/ρ1 it
// is CMTL of Zhou, Chen, Ye. As a function of W it is a squared box norm of the
// singular values, the same as CASO.
//
// With a mean apart, as Jacob, Bach and Vert have it, Ω is that of W without
// the mean of each row and slot, with k − 1 for k, and λ/2 mean Σ ‖w̄‖² over
// the columns.
//
// Jacob, Bach, Vert, Clustered multi-task learning: a convex formulation, NIPS
// 2008; Zhou, Chen, Ye, Clustered multi-task learning via
// alternating structure optimization, NIPS 2011.
type Clustered struct {
	// K is k; 0 leaves it open: a search tries 2, 3 and 5, and a single fit
	// uses 2.
	K int `json:"k" words:"the number of groups of tasks, at most; else searched for"`
	// Eta is η; 0 leaves it open: a search tries 0.05 and 0.5, and a single fit
	// uses 0.1.
	Eta float64 `json:"eta" words:"η: the smaller, the fewer directions the weights span; else searched for"`
	// Mean is what the mean costs, over λ; 0: it is not apart.
	Mean float64 `json:"mean" words:"what the mean of the tasks costs, over λ; else it is not apart"`
}

// Check says what is wrong with the options.
func (p *Clustered) Check() error {
	if !(p.Mean >= 0 && p.Mean <= math.MaxFloat64) {
		return fmt.Errorf("clustered: mean %v; it is a positive number, or 0 where the mean is not apart", p.Mean)
	}
	return checkBox("clustered", "k", p.K, p.Eta)
}

// On implements Penalty.
func (p *Clustered) On(l Layout, lambda float64) Func {
	directions := cmp.Or(p.K, 2)
	f := &clusters{layout: l, k: directions, mean: lambda * p.Mean}
	if p.Mean > 0 {
		directions--
		f.slots = newArrow(l, 0, 1)
	}
	f.between = spectral{box{lambda, cmp.Or(p.Eta, 0.1), directions}}
	return f
}

// Variants implements Penalty.
func (p *Clustered) Variants() []Penalty {
	var all []Penalty
	for _, k := range open(p.K, 2, 3, 5) {
		for _, eta := range open(p.Eta, 0.05, 0.5) {
			all = append(all, &Clustered{K: k, Eta: eta, Mean: p.Mean})
		}
	}
	return all
}

// Parameters implements Penalty.
func (p *Clustered) Parameters() map[string]float64 {
	return map[string]float64{"k": float64(cmp.Or(p.K, 2)), "eta": cmp.Or(p.Eta, 0.1), "mean": p.Mean}
}

// open lists what a search tries: the option, or the choices where it is 0.
func open[N int | float64](option N, choices ...N) []N {
	if option != 0 {
		return []N{option}
	}
	return choices
}

// clusters is the box norm of what is left of W without its mean.
type clusters struct {
	layout  Layout
	k       int // groups
	between spectral
	mean    float64 // its strength, 0: not apart
	slots   *arrow  // knows the slots, where the mean is apart
}

// apart takes w apart into the mean of each row and slot, in all its columns,
// and what is left.
func (f *clusters) apart(w *num.Dense) (mean, rest *num.Dense) {
	mean, rest = num.NewDense(w.Rows, w.Cols), w.Clone()
	if f.mean == 0 {
		return mean, rest
	}
	sum := make([]float64, len(f.slots.count))
	for j := range w.Rows {
		f.slots.sums(sum, w.Row(j))
		for c, s := range f.slots.slots {
			mean.Set(j, c, sum[s]/float64(f.slots.count[s]))
		}
	}
	num.Axpy(-1, mean.Data, rest.Data)
	return mean, rest
}

// Value implements Func.
func (f *clusters) Value(w *num.Dense) float64 {
	mean, rest := f.apart(w)
	return 0.5*f.mean*num.Dot(mean.Data, mean.Data) + f.between.Value(rest)
}

// Dual implements Convex: the sum of both conjugates, for the parts are
// orthogonal.
func (f *clusters) Dual(g *num.Dense) (s, value float64) {
	mean, rest := f.apart(g)
	s, value = f.between.Dual(rest)
	if f.mean > 0 {
		value += num.Dot(mean.Data, mean.Data) / (2 * f.mean)
	}
	return s, value
}

// Prox implements Proximal: each part by itself.
func (f *clusters) Prox(out, v *num.Dense, step float64) {
	mean, rest := f.apart(v)
	f.between.Prox(out, rest, step)
	if f.mean > 0 {
		num.Axpy(1/(1+step*f.mean), mean.Data, out.Data)
	}
}

// ProxJacobian implements Slanted: each part by itself.
func (f *clusters) ProxJacobian(v *num.Dense, step float64) Jacobian {
	_, rest := f.apart(v)
	j := f.between.ProxJacobian(rest, step)
	if f.mean == 0 {
		return j
	}
	return &aside{j, f, 1 / (1 + step*f.mean)}
}

// aside is a Jacobian of what is left without the mean, and a factor of it.
type aside struct {
	Jacobian
	f      *clusters
	factor float64
}

// Times implements Jacobian.
func (j *aside) Times(out, x *num.Dense) {
	mean, rest := j.f.apart(x)
	j.Jacobian.Times(out, rest)
	_, rest = j.f.apart(out)
	copy(out.Data, rest.Data)
	num.Axpy(j.factor, mean.Data, out.Data)
}

// Relation implements Related: K of the value ½ tr(W K⁻¹ Wᵀ), that is ηI + M,
// with the variance of the mean where it is apart.
func (f *clusters) Relation(w *num.Dense) *num.Dense {
	_, rest := f.apart(w)
	_, sigma, v := num.SVD(rest)
	b := f.between.gauge.(box)
	k := mixed(v, b.levels(sigma, 0), b.eta)
	if f.mean > 0 {
		more := (1+b.eta)*b.strength/f.mean - b.eta // the mean lies where M is 0
		for i, s := range f.layout.Slot {
			for j, t := range f.layout.Slot {
				if s == t {
					k.Data[i*k.Cols+j] += more / float64(f.slots.count[s])
				}
			}
		}
	}
	return ofTrace1(k)
}

// Groups implements Grouping.
func (f *clusters) Groups(w *num.Dense) []int { return cluster(f.layout, w, f.k) }
