package penalty

import (
	"fmt"
	"math"

	"github.com/kindred-mtl/kindred/num"
)

// Embedding gives each task a vector in a small space that all share: features
// go into it by U, and the task's weights there are its column of V.
//
//	Ω(W) = min over U V = W of λ/2 (‖U‖² + ‖V‖²),   U of k columns
//
// It is λ‖W‖_* where the rank of W is at most k, +∞ elsewhere, so that with k
// large enough this is the penalty trace.
//
// Srebro, Rennie, Jaakkola, Maximum-margin matrix factorization, NIPS 2004;
// Rennie, Srebro, Fast maximum margin matrix factorization for collaborative
// prediction, ICML 2005; Haeffele, Vidal, Global optimality in tensor
// factorization, deep learning, and beyond, arXiv:1506.07540, 2015.
type Embedding struct {
	// Rank is k; 0 leaves it open: a search tries 2, 5 and 20, and a single
	// fit uses 20. It is never more than features or columns.
	Rank int `json:"rank" words:"directions that the tasks' weights share, at most; else searched for"`
}

// openRank is k where it is left open: as good as any for weights that the
// strength keeps at a lower rank.
const openRank = 20

// Check says what is wrong with the options.
func (p *Embedding) Check() error { return checkRank("embedding", p.Rank) }

func checkRank(name string, rank int) error {
	if rank < 0 {
		return fmt.Errorf("%s: rank %d; it is a whole number from 1 on, or 0 to leave it open", name, rank)
	}
	return nil
}

func (p *Embedding) rank() int {
	if p.Rank == 0 {
		return openRank
	}
	return p.Rank
}

// On implements Penalty.
func (p *Embedding) On(l Layout, lambda float64) Func {
	part := Ridge{}.On(l, lambda).(Elastic)
	return &embedding{
		factored: factored{
			rank: p.rank(), left: part, right: part,
			length: func(sigma float64, _ []float64) float64 { return math.Sqrt(sigma) },
		},
		trace: trace(lambda),
	}
}

// Variants implements Penalty.
func (p *Embedding) Variants() []Penalty {
	if p.Rank != 0 {
		return []Penalty{p}
	}
	return []Penalty{&Embedding{Rank: 2}, &Embedding{Rank: 5}, &Embedding{Rank: openRank}}
}

// Parameters implements Penalty.
func (p *Embedding) Parameters() map[string]float64 {
	return map[string]float64{"rank": float64(p.rank())}
}

// embedding is the trace norm of what has a rank of at most k.
type embedding struct {
	factored
	trace trace
}

// Value implements Func.
func (f *embedding) Value(w *num.Dense) float64 {
	if sigma := num.SingularValues(w); !exceeds(sigma, f.rank) {
		return float64(f.trace) * num.Sum(sigma)
	}
	return math.Inf(1)
}

// Below implements Bounded: Ω of any rank.
func (f *embedding) Below() Vanishing { return f.trace }
