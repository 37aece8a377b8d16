package weigh

import (
	"fmt"
	"slices"

	"github.com/kindred-mtl/kindred/catalog"
)

// MGDA goes in the direction in which all tasks go down: the shortest convex
// combination of their gradients, each divided by n_t.
//
//	a = argmin ‖Σ_t a_t u_t‖² over a ≥ 0, Σ a = 1,   u_t = g_t/(n_t w_t)
//	α_t ∝ a_t/(n_t w_t)
//
// With d = Σ a_t u_t, ⟨d, u_t⟩ ≥ ‖d‖² for all tasks and = where a_t > 0: relative
// to n_t, a task of weight 2 goes down twice as fast as one of weight 1. Where a
// gradient is a mixture of others with the opposite sign d = 0: no direction is
// good for all. n_t is
//
//	none 1,   l2 ‖g_t‖,   loss L_t,   loss+ L_t‖g_t‖
//
// Without, the shortest gradient has the greatest weight. The α average 1 over
// the tasks, so that steps are as long as with equal weights; they are for
// shared parameters only.
//
// Désidéri, Multiple-gradient descent algorithm (MGDA) for multiobjective
// optimization, Comptes Rendus Mathématique 350, 2012; for networks Sener,
// Koltun, Multi-task learning as multi-objective optimization, NeurIPS 2018.
type MGDA struct {
	Normalize string `json:"normalize" words:"what gradients are divided by, of weighting=mgda: none, l2, loss or loss+; else l2"`
	Every     int    `json:"update_every" words:"steps that go by the same weights, of weighting=pcgrad and mgda; else 1"`
}

var normalizers = []string{"none", "l2", "loss", "loss+"}

// Check implements Weighting.
func (o *MGDA) Check() error {
	if o.Normalize != "" && !slices.Contains(normalizers, o.Normalize) {
		return fmt.Errorf("mgda: %w", catalog.Unknown("normalize", o.Normalize, normalizers))
	}
	return checkEvery("mgda", o.Every)
}

// New implements Weighting.
func (o *MGDA) New(tasks []Task) (Rule, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	r, err := newByGram("mgda", tasks, o.Every)
	if err != nil {
		return nil, err
	}
	how := o.Normalize
	r.solve = func(step *Step, f *field) ([]float64, error) {
		h, err := r.lengths(how, step, f)
		if err != nil {
			return nil, err
		}
		return averageOne(minNorm(f.cosine, h), f.norm), nil
	}
	return r, nil
}

// lengths returns n_t w_t/‖g_t‖ = 1/‖u_t‖.
func (r *byGram) lengths(how string, step *Step, f *field) ([]float64, error) {
	h := make([]float64, len(f.task))
	for i, t := range f.task {
		h[i] = r.given[t]
		if how == "none" || how == "loss" {
			h[i] /= f.norm[i]
		}
		if how != "loss" && how != "loss+" {
			continue
		}
		if loss := step.Losses[t]; !(loss > 0) {
			return nil, fmt.Errorf("mgda: task %q has loss %v in step %d; to be normalized by, a loss is above 0", r.tasks[t].Name, loss, step.Number)
		}
		h[i] *= step.Losses[t]
	}
	return h, nil
}

// averageOne returns weights in proportion to z_i/norm_i that average 1.
func averageOne(z, norm []float64) []float64 {
	shortest, sum := slices.Min(norm), 0.0
	weights := make([]float64, len(z))
	for i := range z {
		weights[i] = z[i] * (shortest / norm[i])
		sum += weights[i]
	}
	for i := range weights {
		weights[i] *= float64(len(z)) / sum
	}
	return weights
}
