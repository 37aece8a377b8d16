package relate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/kindred-mtl/kindred/num"
)

// randomAffinity is an affinity of n tasks: noise, and where blocks is above 0
// help within so many groups.
func randomAffinity(n, blocks int, random *rand.Rand) *Relation {
	r := &Relation{Matrix: num.NewDense(n, n), Tasks: make([]string, n)}
	for s := range n {
		for t := range n {
			v := random.NormFloat64()
			if blocks > 0 && s%blocks == t%blocks {
				v += 8
			}
			r.Matrix.Set(s, t, v)
		}
	}
	return r
}

// mean is that of the tasks' affinities, each in the group of a choice that is
// best for it; −Inf where a task is in none.
func mean(r *Relation, alone float64, groups [][]int) float64 {
	total, n := 0.0, r.Matrix.Rows
	for t := range n {
		best := math.Inf(-1)
		for _, g := range groups {
			if !slices.Contains(g, t) {
				continue
			}
			v := 0.0
			for _, s := range g {
				if z := r.Matrix.At(s, t); s != t && !math.IsNaN(z) {
					v += z / float64(len(g)-1)
				}
			}
			if len(g) == 1 {
				v = alone
			}
			best = max(best, v)
		}
		total += best
	}
	return total / float64(n)
}

// exhausted is the largest mean of any choice of at most budget groups.
func exhausted(r *Relation, alone float64, budget int, from uint32, chosen [][]int) float64 {
	best := mean(r, alone, chosen)
	if budget == 0 {
		return best
	}
	for set := from; set < 1<<r.Matrix.Rows; set++ {
		best = max(best, exhausted(r, alone, budget-1, set+1, append(chosen[:len(chosen):len(chosen)], members(set))))
	}
	return best
}

// checkSelected checks that the groups cover the tasks, each of which is served
// by one it is in, and that what is said of them is so.
func checkSelected(t *testing.T, r *Relation, alone float64, budget int, s *Selected) {
	t.Helper()
	if len(s.Groups) > budget {
		t.Errorf("%d groups of a budget of %d", len(s.Groups), budget)
	}
	served := map[int]bool{}
	for task, g := range s.Serves {
		served[g] = true
		if !slices.Contains(s.Groups[g], task) {
			t.Errorf("task %d is served by the group %v", task, s.Groups[g])
		}
	}
	if len(served) != len(s.Groups) {
		t.Errorf("%d of the groups %v serve a task", len(served), s.Groups)
	}
	if want := mean(r, alone, s.Groups); math.Abs(s.Mean-want) > 1e-9 || math.Abs(s.Mean-num.Sum(s.Affinity)/float64(len(s.Serves))) > 1e-9 {
		t.Errorf("mean %v, want %v; affinities %v", s.Mean, want, s.Affinity)
	}
}

// Up to 16 tasks nothing is better than what is selected.
func TestSelectIsExact(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	overlaps := 0
	for _, n := range []int{1, 2, 3, 4, 5} {
		for range 6 {
			r := randomAffinity(n, 0, random)
			if n > 3 {
				r.Matrix.Set(0, 1, math.NaN())
			}
			for budget := 1; budget <= min(n, 3); budget++ {
				for _, alone := range []float64{0, -1e6, 2} {
					s, err := Select(r, budget, Selection{Alone: alone})
					if err != nil {
						t.Fatal(err)
					}
					checkSelected(t, r, alone, budget, s)
					if want := exhausted(r, alone, budget, 1, nil); !s.Exact || math.Abs(s.Mean-want) > 1e-9*(1+math.Abs(want)) {
						t.Errorf("%d tasks, %d groups, %v alone: mean %v, the largest is %v", n, budget, alone, s.Mean, want)
					}
					total := 0
					for _, g := range s.Groups {
						total += len(g)
					}
					if total > n {
						overlaps++
					}
				}
			}
		}
	}
	if overlaps == 0 {
		t.Error("no groups overlap")
	}
}

// No choice of groups for the tasks that are left is worth more than the bound.
func TestTheBoundIsAdmissible(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 10 {
		b := newBounder(&affinities{z: known(randomAffinity(7, 0, random).Matrix), alone: random.NormFloat64()})
		b.choose([]int{4})
		for left := uint32(1); left < 1<<7; left++ {
			for k := 1; k <= 4; k++ {
				if v := b.branch(left, k); v > b.most[left]+1e-9 {
					t.Fatalf("tasks %v have %v in %d groups, more than the bound %v", members(left), v, k, b.most[left])
				}
			}
		}
	}
}

// A beam is never worse than being greedy, and never better than the best choice;
// with 16 tasks in clear groups it finds these.
func TestBeam(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	reached, runs := 0, 0
	for _, n := range []int{2, 6, 10} {
		for range 8 {
			r := randomAffinity(n, 0, random)
			a := &affinities{z: known(r.Matrix), alone: 0}
			budgets := []int{1, 2, min(n, 4)}
			greedy, beam, exact := a.beamSearch(budgets, 1), a.beamSearch(budgets, 8), newBounder(a).choose(budgets)
			for i, budget := range budgets {
				checkSelected(t, r, 0, budget, beam[i])
				runs++
				switch {
				case beam[i].Mean < greedy[i].Mean-1e-12:
					t.Errorf("%d tasks, %d groups: %v, and %v greedily", n, budget, beam[i].Mean, greedy[i].Mean)
				case beam[i].Mean > exact[i].Mean+1e-12:
					t.Errorf("%d tasks, %d groups: %v, and the best is %v", n, budget, beam[i].Mean, exact[i].Mean)
				case beam[i].Mean > exact[i].Mean-1e-12:
					reached++
				}
			}
		}
	}
	t.Logf("the beam reaches the best choice in %d of %d", reached, runs)
	if reached < runs/3 {
		t.Errorf("the beam reaches the best choice in %d of %d", reached, runs)
	}
	r := randomAffinity(40, 4, random)
	s, err := Select(r, 4, Selection{})
	if err != nil {
		t.Fatal(err)
	}
	checkSelected(t, r, 0, 4, s)
	for task, g := range s.Serves {
		if g != task%4 || s.Exact {
			t.Fatalf("40 tasks in 4 groups are served by %v", s.Serves)
		}
	}
}

func TestSelectRefuses(t *testing.T) {
	r := randomAffinity(3, 0, rand.New(rand.NewPCG(7, 8)))
	for want, call := range map[string]func() error{
		"0 groups of 3 tasks; give 1 to 3": func() error { _, err := Select(r, 0, Selection{}); return err },
		"4 groups of 3 tasks; give 1 to 3": func() error { _, err := Select(r, 4, Selection{}); return err },
		"give a finite number":             func() error { _, err := Select(r, 1, Selection{Alone: math.NaN()}); return err },
	} {
		if err := call(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// BenchmarkSelect is a choice among 16 tasks, whose time is bounded whatever the
// affinities, and among 1,000.
func BenchmarkSelect(b *testing.B) {
	for _, n := range []int{16, 100, 1000} {
		r := randomAffinity(n, 0, rand.New(rand.NewPCG(9, 9)))
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				if _, err := Select(r, 5, Selection{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
