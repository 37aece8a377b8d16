// Package kernel lets tasks be curved: the beliefs of linear models over
// kernels, and Gaussian processes.
//
// A kernel machine is a linear method on features φ with φ(x)·φ(z) = k(x, z),
// so that a belief about the tasks' weights becomes one about functions,
//
//	cov(f_s(x), f_t(z)) = K_task(s, t) k(x, z)
//
// with K_task from the penalty: private·I + shared·11ᵀ of shared weights, the
// inverse of a graph's Laplacian, … [Method] makes the features of rows that
// stand for all, the landmarks: exactly where these are all the rows that
// differ, by Nyström's approximation beyond.
//
// Evgeniou, Micchelli, Pontil, Learning multiple tasks with kernel methods,
// JMLR 6, 2005; Williams, Seeger, Using the Nyström method to speed up kernel
// machines, NIPS 13, 2001.
//
// [GP] learns K_task, the length-scale and the noise of every task from the
// marginal likelihood, and says how sure it is.
package kernel

import (
	"fmt"
	"math"

	"github.com/kindred-mtl/kindred/catalog"
)

// A Kernel is a similarity of rows that follows from their inner products,
// positive semidefinite on any rows.
type Kernel interface {
	// Value is k(x, z), for xz = x·z, xx = x·x and zz = z·z.
	Value(xz, xx, zz float64) float64
	// On returns the kernel that is used on rows of this total variance,
	// Σ_j var x_j, where options are left open.
	On(variance float64) Kernel
	// Variants lists the kernels that a search tries there; itself where
	// nothing is left open.
	Variants(variance float64) []Kernel
	// Parameters lists the options as used.
	Parameters() map[string]float64
}

// All lists the kernels.
var All = catalog.Table[Kernel]{
	{Name: "rbf", Words: "near rows have near values: smooth functions of any shape",
		Formula: "exp(−γ‖x − z‖²)",
		Source:  "Schölkopf, Smola, Learning with Kernels, MIT Press, 2002, chapter 2",
		New:     func() Kernel { return &RBF{} }},
	{Name: "poly", Words: "polynomials of the features",
		Formula: "(γ x·z + c)^p",
		Source:  "Schölkopf, Smola, Learning with Kernels, MIT Press, 2002, chapter 2",
		New:     func() Kernel { return &Poly{} }},
	{Name: "linear", Words: "linear functions: what package linear learns",
		Formula: "x·z",
		Source:  "Aizerman, Braverman, Rozonoer, Theoretical foundations of the potential function method in pattern recognition learning, Automation and Remote Control 25, 1964",
		New:     func() Kernel { return Linear{} }},
}

// scales are the multiples of 1/variance that a search tries for gamma.
var scales = []float64{1.0 / 16, 0.25, 1, 4}

// gamma is g, or 1 over the total variance where g is left open: half the mean
// squared distance of two rows.
func gamma(g, variance float64) float64 {
	if g == 0 {
		return 1 / variance
	}
	return g
}

func checkGamma(name string, g float64) error {
	if !(g >= 0 && g <= math.MaxFloat64) {
		return fmt.Errorf("%s: gamma %v; it is a positive number, or 0 to leave it open", name, g)
	}
	return nil
}
