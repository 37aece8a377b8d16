package kernel

import (
	"fmt"
	"math"
)

// Poly is the polynomial kernel.
//
//	k(x, z) = (γ x·z + c)^p
//
// Schölkopf, Smola, Learning with Kernels, MIT Press, 2002, chapter 2.
type Poly struct {
	// Gamma is γ; 0 leaves it open, as in RBF.
	Gamma float64 `json:"gamma" words:"the factor of x·z; else as in rbf"`
	// Degree is p, from 1 to 20; 0: 3.
	Degree int `json:"degree" words:"of the polynomial, 1 to 20, of kernel=poly; else 3"`
	// Coef0 is c; 0: 1; negative: none, and monomials of degree p alone.
	Coef0 float64 `json:"coef0" words:"the constant beside x·z, of kernel=poly; negative: none; else 1"`
}

// Check says what is wrong with the options.
func (k *Poly) Check() error {
	if k.Degree < 0 || k.Degree > 20 {
		return fmt.Errorf("poly: degree %d; it is from 1 to 20, or 0 for 3", k.Degree)
	}
	if !(math.Abs(k.Coef0) <= math.MaxFloat64) {
		return fmt.Errorf("poly: coef0 %v; it is a number", k.Coef0)
	}
	return checkGamma("poly", k.Gamma)
}

func (k *Poly) degree() int {
	if k.Degree == 0 {
		return 3
	}
	return k.Degree
}

func (k *Poly) coef0() float64 {
	if k.Coef0 == 0 {
		return 1
	}
	return math.Max(0, k.Coef0)
}

// Value implements Kernel.
func (k *Poly) Value(xz, _, _ float64) float64 {
	base, v := k.Gamma*xz+k.coef0(), 1.0
	for range k.degree() {
		v *= base
	}
	return v
}

// On implements Kernel.
func (k *Poly) On(variance float64) Kernel {
	c := *k
	c.Gamma = gamma(k.Gamma, variance)
	return &c
}

// Variants implements Kernel.
func (k *Poly) Variants(variance float64) []Kernel {
	if k.Gamma != 0 {
		return []Kernel{k}
	}
	var all []Kernel
	for _, s := range scales {
		c := *k
		c.Gamma = s / variance
		all = append(all, &c)
	}
	return all
}

// Parameters implements Kernel.
func (k *Poly) Parameters() map[string]float64 {
	return map[string]float64{"gamma": k.Gamma, "degree": float64(k.degree()), "coef0": k.coef0()}
}
