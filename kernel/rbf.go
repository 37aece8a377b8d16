package kernel

import "math"

// RBF is the Gaussian kernel: near rows have near values.
//
//	k(x, z) = exp(−γ‖x − z‖²)
//
// Schölkopf, Smola, Learning with Kernels, MIT Press, 2002, chapter 2.
type RBF struct {
	// Gamma is γ; 0 leaves it open: a search tries 1/16, ¼, 1 and 4 over the total
	// variance of the rows, and a single fit uses 1 over it, which on
	// standardized columns is scikit-learn's "scale".
	Gamma float64 `json:"gamma" words:"how fast likeness falls with squared distance; else 1/16, 1/4, 1 and 4 over the total variance are tried"`
}

// Check says what is wrong with the options.
func (k *RBF) Check() error { return checkGamma("rbf", k.Gamma) }

// Value implements Kernel.
func (k *RBF) Value(xz, xx, zz float64) float64 {
	return math.Exp(-k.Gamma * math.Max(0, xx+zz-2*xz))
}

// On implements Kernel.
func (k *RBF) On(variance float64) Kernel { return &RBF{Gamma: gamma(k.Gamma, variance)} }

// Variants implements Kernel.
func (k *RBF) Variants(variance float64) []Kernel {
	if k.Gamma != 0 {
		return []Kernel{k}
	}
	var all []Kernel
	for _, s := range scales {
		all = append(all, &RBF{Gamma: s / variance})
	}
	return all
}

// Parameters implements Kernel.
func (k *RBF) Parameters() map[string]float64 { return map[string]float64{"gamma": k.Gamma} }
