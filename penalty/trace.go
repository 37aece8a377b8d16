package penalty

import "github.com/kindred-mtl/kindred/num"

// Trace lets the tasks' weights span few directions.
//
//	Ω(W) = λ ‖W‖_* = λ Σ σ_i(W)
//
// Fazel, Hindi, Boyd, A rank minimization heuristic with application to
// minimum order system approximation, ACC 2001.
type Trace struct{}

// On implements Penalty.
func (Trace) On(_ Layout, lambda float64) Func { return trace(lambda) }

// Variants implements Penalty.
func (p Trace) Variants() []Penalty { return []Penalty{p} }

// Parameters implements Penalty.
func (Trace) Parameters() map[string]float64 { return nil }

// trace is the strength λ.
type trace float64

// Value implements Func.
func (f trace) Value(w *num.Dense) float64 { return spectral{f}.Value(w) }

// Dual implements Convex.
func (f trace) Dual(g *num.Dense) (s, value float64) { return spectral{f}.Dual(g) }

// Prox implements Proximal.
func (f trace) Prox(out, v *num.Dense, step float64) { spectral{f}.Prox(out, v, step) }

// Zero implements Vanishing.
func (f trace) Zero(g *num.Dense) float64 { return first(num.SingularValues(g)) / float64(f) }

func (f trace) value(sigma []float64) float64 { return float64(f) * num.Sum(sigma) }

// dual is the indicator of σ_max ≤ λ.
func (f trace) dual(sigma []float64) (s, value float64) { return ratio(float64(f), first(sigma)), 0 }

// shrink is soft thresholding: x = (σ − step·λ)₊.
//
// Cai, Candès, Shen, A singular value thresholding algorithm for matrix
// completion, SIAM Journal on Optimization 20, 2010, theorem 2.1.
func (f trace) shrink(sigma []float64, step float64) (factor []float64, kink float64) {
	cut := step * float64(f)
	factor = make([]float64, len(sigma))
	for i, s := range sigma {
		if s > cut {
			factor[i] = 1 - cut/s
		}
	}
	return factor, cut
}

// first is the largest of what descends.
func first(sigma []float64) float64 {
	if len(sigma) == 0 {
		return 0
	}
	return sigma[0]
}

// bend is 1 where σ is above the cut.
func (f trace) bend(sigma []float64, step float64) (slope, along []float64) {
	slope = make([]float64, len(sigma))
	for i, s := range sigma {
		if s > step*float64(f) {
			slope[i] = 1
		}
	}
	return slope, nil
}

// ProxJacobian implements Slanted.
func (f trace) ProxJacobian(v *num.Dense, step float64) Jacobian {
	return spectral{f}.ProxJacobian(v, step)
}
