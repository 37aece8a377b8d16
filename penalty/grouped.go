package penalty

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/kindred-mtl/kindred/catalog"
	"github.com/kindred-mtl/kindred/num"
)

// Grouped lets the tasks of each group be small changes of what the group
// shares, w_t = u_g + v_t.
//
//	Ω(W) = λ/2 Σ_g min over u_g of μ‖u_g‖² + Σ_{t in g} ‖w_t − u_g‖²
//
// in each slot. The groups are found first: those under which the rows of all
// tasks are likeliest.
//
// Jacob, Bach, Vert, Clustered multi-task learning: a convex formulation, NIPS
// 2008, whose M before it is relaxed is one.
type Grouped struct {
	// K is the number of groups, at most; 0 leaves it to the tasks: at most 5,
	// as many as make their rows likeliest.
	K int `json:"k" words:"the number of groups of tasks, at most; else up to 5, as many as make the rows likeliest"`
	// Mu is μ; 0 leaves it open: a search tries 0.1, 1, 10 and 100, and a
	// single fit uses 1.
	Mu float64 `json:"mu" words:"μ: the smaller, the more the tasks share; else searched for"`
	// By is what tasks of a group are alike in: "weights"; or "rows", then also
	// in their intercepts and in where their rows lie. "" means weights.
	By string `json:"by" words:"what tasks of a group are alike in: weights, or rows, also in intercepts and where rows lie; else both are tried"`

	group []int // of each task; nil: not found yet
}

// ways lists what groups may be found by.
var ways = []string{"rows", "weights"}

// Check says what is wrong with the options.
func (p *Grouped) Check() error {
	if p.K < 0 {
		return fmt.Errorf("grouped: k %d; it is a whole number above 0, or 0 to leave it open", p.K)
	}
	if err := (&Shared{Mu: p.Mu}).Check(); err != nil {
		return fmt.Errorf("grouped: mu %v; it is a positive number, or 0 to leave it open", p.Mu)
	}
	if p.By != "" && !slices.Contains(ways, p.By) {
		return fmt.Errorf("grouped: %w", catalog.Unknown("by", p.By, ways))
	}
	return nil
}

// On implements Penalty. Before the groups are found all tasks are one.
func (p *Grouped) On(l Layout, lambda float64) Func {
	inner := Layout{Task: l.Task, Slot: make([]int, len(l.Slot))}
	f, slots := &grouped{group: make([]int, len(l.Slot))}, map[[2]int]int{}
	for c, t := range l.Task {
		if p.group != nil {
			f.group[c] = p.group[t]
		}
		key := [2]int{f.group[c], l.Slot[c]}
		if _, seen := slots[key]; !seen {
			slots[key] = len(slots)
		}
		inner.Slot[c] = slots[key]
	}
	mu := cmp.Or(p.Mu, 1)
	f.arrow = newArrow(inner, 1/(lambda*mu), 1/lambda)
	return f
}

// Variants implements Penalty.
func (p *Grouped) Variants() []Penalty {
	var all []Penalty
	for _, mu := range open(p.Mu, 0.1, 1, 10, 100) {
		all = append(all, &Grouped{K: p.K, Mu: mu, By: p.By, group: p.group})
	}
	return all
}

// Parameters implements Penalty.
func (p *Grouped) Parameters() map[string]float64 {
	used := map[string]float64{"mu": cmp.Or(p.Mu, 1)}
	if p.By == "rows" {
		used["by_rows"] = 1
	}
	switch {
	case p.group != nil:
		used["k"] = float64(1 + slices.Max(p.group))
	case p.K > 0:
		used["k"] = float64(p.K)
	}
	return used
}

// Open implements Staged.
func (p *Grouped) Open() bool { return p.group == nil }

// Sought implements Staged.
func (p *Grouped) Sought() (k int, rows bool) { return p.K, p.By == "rows" }

// Take implements Staged.
func (p *Grouped) Take(group []int) Penalty {
	return &Grouped{K: p.K, Mu: p.Mu, By: p.By, group: group}
}

// grouped is an arrow whose slots are those of one group.
type grouped struct {
	*arrow
	group []int // of each column
}

// Groups implements Grouping.
func (f *grouped) Groups(*num.Dense) []int { return f.group }
