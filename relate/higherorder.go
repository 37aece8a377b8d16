package relate

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/num"
)

// HigherOrder is by how much task t errs less on rows held out when it is learned
// with several tasks, task s among them, as a share of how much it errs alone:
//
//	θ_st = mean over S ∋ s, t of (L_t − L_t,S) / L_t
//
// over random sets S of tasks, each task in as many. Who helps in a crowd need
// not help in a pair. L and the linear models are those of Transfer. The matrix
// is not symmetric; on its diagonal is what any company brings. Errors are
// standard errors over the sets.
//
// Li, Ju, Sharma, Zhang, Boosting multitask learning on graphs through
// higher-order task affinities, KDD 2023, eq. (1), with gains in place of losses.
type HigherOrder struct {
	// Mu is μ of Transfer; 0: 0.25.
	Mu float64 `json:"mu" words:"how far apart tasks learned together may be; else 0.25"`
	// Size is how many tasks are in a set; 0: half of them, at most 5 or the
	// root of their number. It is 2 at least.
	Size int `json:"size" words:"tasks in a set; else half of all, at most 5 or the root of their number"`
	// Sets is how many sets are drawn at most; 0: as many as hold two tasks four
	// times on average, at most 500.
	Sets int `json:"sets" words:"sets drawn at most; else what holds two tasks four times, at most 500"`
}

// mostInSets is how many tasks sets are drawn of.
const mostInSets = 300

// Relate implements Measure.
func (m HigherOrder) Relate(ctx context.Context, s *kindred.Set, o Options) (*Relation, error) {
	n := len(s.Tasks)
	if n > mostInSets {
		return nil, refuse("%d tasks, more than the %d that sets are drawn of; take another measure, or fewer tasks", n, mostInSets)
	}
	if m.Size < 0 || m.Sets < 0 {
		return nil, fmt.Errorf("size is %d and sets %d; neither is below 0", m.Size, m.Sets)
	}
	size := min(n, max(2, cmp.Or(m.Size, min(n/2, max(5, int(math.Sqrt(float64(n))))))))
	most := cmp.Or(m.Sets, min(500, (4*n*(n-1)-1)/(size*(size-1))+1))
	c, err := newCompany(ctx, s, m.Mu, o)
	if err != nil {
		return nil, err
	}
	sets := drawSets(s, size, most, o.Seed)
	gains, errs := make([][]float64, len(sets)), make([]error, len(sets))
	num.For(len(sets), func(i int) { gains[i], _, errs[i] = c.gains(ctx, sets[i]) })
	if err := first(errs); err != nil {
		return nil, err
	}
	return averaged(n, sets, gains), nil
}

// drawSets draws different sets of tasks, each task in as many of them but for
// the last ones. The names of the tasks say which, not their order.
func drawSets(s *kindred.Set, size, most int, seed uint64) [][]int {
	byName := byName(s)
	random := rand.New(rand.NewPCG(seed, 0x5e75))
	var sets [][]int
	var deck []int
	seen := map[string]bool{}
	for range 4 * most { // few tasks have few sets
		if len(sets) == most {
			break
		}
		if len(deck) < size {
			rest := slices.Clone(deck)
			fresh := random.Perm(len(byName))
			// those that are left in the deck come last, so that no set has one twice
			slices.SortStableFunc(fresh, func(a, b int) int { return cmp.Compare(slices.Index(rest, a), slices.Index(rest, b)) })
			deck = append(rest, fresh...)
		}
		set := slices.Clone(deck[:size])
		deck = deck[size:]
		slices.Sort(set)
		if key := fmt.Sprint(set); !seen[key] {
			seen[key] = true
			for i, place := range set {
				set[i] = byName[place]
			}
			sets = append(sets, set)
		}
	}
	return sets
}

// byName are the tasks in the order of their names.
func byName(s *kindred.Set) []int {
	order := make([]int, len(s.Tasks))
	for t := range order {
		order[t] = t
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(s.Tasks[a].Name, s.Tasks[b].Name) })
	return order
}

// averaged is the mean gain of each task over the sets that hold it and another.
func averaged(n int, sets [][]int, gains [][]float64) *Relation {
	count, square := num.NewDense(n, n), num.NewDense(n, n)
	r := &Relation{Matrix: num.NewDense(n, n), Errors: num.NewDense(n, n)}
	for i, set := range sets {
		for k, t := range set {
			for _, s := range set {
				at := s*n + t
				count.Data[at]++
				d := gains[i][k] - r.Matrix.Data[at]
				r.Matrix.Data[at] += d / count.Data[at]
				square.Data[at] += d * (gains[i][k] - r.Matrix.Data[at])
			}
		}
	}
	apart := 0
	for at, c := range count.Data {
		r.Errors.Data[at] = math.Sqrt(square.Data[at] / (c - 1) / c)
		if c < 2 {
			r.Errors.Data[at] = math.NaN()
		}
		if c == 0 {
			r.Matrix.Data[at] = math.NaN()
			apart++
		}
	}
	if apart > 0 {
		r.Warnings = append(r.Warnings, fmt.Sprintf("%d pairs of tasks are in no set together: nothing is known of them; draw more sets", apart/2))
	}
	return r
}
