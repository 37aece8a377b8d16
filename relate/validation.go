package relate

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/prep"
	"github.com/kindred-mtl/kindred/split"
)

// A Validation asks of rows held out whether groups of tasks are worth learning
// one by one, and how many. On each fold the tasks are related, and put into
// groups, by the rows that are learned from; each group is learned by itself, and
// judged by the rows that the fold holds out: what finds the groups never sees
// these.
//
// The number of groups is the least whose loss is above the least loss by no more
// than one standard error of the difference, over folds. The groups are then held
// against random ones of the same sizes: in each draw the tasks change places, the
// same ones in every fold.
//
//	p = (1 + #{draws whose loss is not above that of the groups}) / (1 + draws)
//
// The rule is that of Breiman, Friedman, Olshen, Stone, Classification and
// Regression Trees, Wadsworth, 1984, section 3.4.3, for differences; p is that of
// Phipson, Smyth, Permutation p-values should never be zero, Statistical
// Applications in Genetics and Molecular Biology 9, 2010.
type Validation struct {
	Measure    Measure
	Clustering Clustering
	Options    Options
	// Method learns the tasks of a group together. nil: linear models, each task a
	// small change of what its group shares, as Transfer has them, with the μ of
	// 0.04, 0.2, 1 and 5 that has the least loss.
	Method kindred.Method
	// Groups is their number; 0: it is chosen, from 1 to 12.
	Groups int
	// Random is how many groupings are drawn; 0: 19, by which p is 0.05 at least;
	// below 0: none.
	Random int
	// Progress, where it is not nil, is told how many steps of how many are done:
	// folds whose tasks are related, and groups learned on a fold. Their number
	// grows when groups are found, and when some are drawn.
	Progress func(done, all int)
}

// Validated is what rows held out say of groups. Losses are means over rows: log
// losses of classes, half squared errors of numbers in units of their scale, half
// deviances of counts.
type Validated struct {
	Tried  []Tried
	Groups int     // the number chosen, or given
	Loss   float64 // of that many
	Random []float64
	// P is how likely random groups do as well; NaN where there is none to draw, as
	// of one group.
	P float64
}

// Tried is a number of groups, the loss with them, and the standard error of its
// difference from the least.
type Tried struct {
	Groups      int
	Loss, Error float64
}

// Run validates groups of the tasks of s.
func (v Validation) Run(ctx context.Context, s *kindred.Set) (*Validated, error) {
	n := len(s.Tasks)
	if err := s.Check(); err != nil {
		return nil, err
	}
	if n < 2 {
		return nil, refuse("the only task is %q, and makes no groups", s.Tasks[0].Name)
	}
	if v.Groups < 0 || v.Groups > n {
		return nil, fmt.Errorf("relate: %d groups of %d tasks; give 1 to %d, or 0 to choose", v.Groups, n, n)
	}
	folds, err := split.Inner(s, 0, v.Options.Seed)
	if err != nil {
		return nil, err
	}
	j := &judge{heldOut: heldOut{set: s, folds: folds, targets: prep.FitTargets(s)}, progress: v.Progress, known: map[string]int{}}
	if j.methods, err = v.methods(ctx, s); err != nil {
		return nil, err
	}
	counts := []int{v.Groups}
	if v.Groups == 0 {
		counts = nil
		for k := 1; k <= min(mostGroups, n); k++ {
			counts = append(counts, k)
		}
	}
	found, err := v.find(ctx, s, folds, counts) // of each count, the groups of each fold
	if err != nil {
		return nil, err
	}
	losses, err := j.losses(ctx, found)
	if err != nil {
		return nil, err
	}
	out := &Validated{}
	chosen := out.choose(counts, losses)
	return out, v.test(ctx, j, found[chosen], out)
}

// methods are those that groups are learned by.
func (v Validation) methods(ctx context.Context, s *kindred.Set) ([]kindred.Method, error) {
	if v.Method != nil {
		return []kindred.Method{v.Method}, nil
	}
	alone, err := strength(ctx, s, v.Options)
	if err != nil {
		return nil, err
	}
	var methods []kindred.Method
	for _, mu := range []float64{0.04, 0.2, 1, 5} {
		methods = append(methods, sharing(alone, mu))
	}
	return methods, nil
}

// find puts the tasks into as many groups as each of counts says, by the rows
// that each fold learns from.
func (v Validation) find(ctx context.Context, s *kindred.Set, folds []split.Fold, counts []int) ([][][]int, error) {
	found := make([][][]int, len(counts))
	for f := range folds {
		r, err := Tasks(ctx, s.Select(folds[f].Train), v.Measure, v.Options)
		if err != nil {
			return nil, err
		}
		for i, g := range v.Clustering.Cut(r, counts) {
			found[i] = append(found[i], g.Groups)
		}
		if v.Progress != nil {
			v.Progress(f+1, len(folds))
		}
	}
	return found, nil
}

// choose tells the least number of groups that is as good as the best, and
// returns its place.
func (out *Validated) choose(counts []int, losses []judged) int {
	best, chosen := 0, -1
	for i := range losses {
		if losses[i].mean < losses[best].mean {
			best = i
		}
	}
	for i := range losses {
		apart := slices.Clone(losses[i].folds)
		num.Axpy(-1, losses[best].folds, apart)
		t := Tried{counts[i], losses[i].mean, standardError(apart)}
		out.Tried = append(out.Tried, t)
		if chosen < 0 && t.Loss <= losses[best].mean+t.Error {
			chosen = i
		}
	}
	out.Groups, out.Loss = counts[chosen], losses[chosen].mean
	return chosen
}

// standardError is that of the mean of x; 0 of a single number.
func standardError(x []float64) float64 {
	n := float64(len(x))
	if n < 2 {
		return 0
	}
	mean, square := num.Sum(x)/n, 0.0
	for _, v := range x {
		square += (v - mean) * (v - mean)
	}
	return math.Sqrt(square / (n - 1) / n)
}

// test holds the groups of each fold against random ones of the same sizes.
func (v Validation) test(ctx context.Context, j *judge, found [][]int, out *Validated) error {
	draws, n := cmp.Or(v.Random, 19), len(j.set.Tasks)
	out.P = math.NaN()
	if out.Groups == 1 || out.Groups == n || draws < 0 {
		return nil
	}
	order, drawn := byName(j.set), make([][][]int, draws)
	for d := range drawn {
		places := rand.New(rand.NewPCG(v.Options.Seed, uint64(d))).Perm(n)
		for _, groups := range found {
			moved := make([]int, n)
			for i, p := range places {
				moved[order[i]] = groups[order[p]]
			}
			drawn[d] = append(drawn[d], moved)
		}
	}
	losses, err := j.losses(ctx, drawn)
	if err != nil {
		return err
	}
	asGood := 1.0
	for _, l := range losses {
		out.Random = append(out.Random, l.mean)
		if l.mean <= out.Loss {
			asGood++
		}
	}
	out.P = asGood / float64(1+draws)
	return nil
}

// A judge learns groups and judges them. No group is learned twice on a fold.
type judge struct {
	heldOut
	methods  []kindred.Method
	progress func(done, all int)
	known    map[string]int // of a fold and a group, the place of its sum
	sums     []sums
}

// sums are the losses of a group on a fold, by each method.
type sums struct {
	fold  int
	tasks []int
	of    []float64
}

// judged is what rows held out say of groups, by the method that has the least
// loss: the mean over rows, and that of each fold.
type judged struct {
	mean  float64
	folds []float64
}

// losses judges groupings, each of which has groups for every fold.
func (j *judge) losses(ctx context.Context, groupings [][][]int) ([]judged, error) {
	first := len(j.sums)
	use := make([][][]int, len(groupings)) // of each grouping and fold, the places of its sums
	for i, grouping := range groupings {
		use[i] = make([][]int, len(grouping))
		for f, groups := range grouping {
			for _, tasks := range membersOf(groups) {
				use[i][f] = append(use[i][f], j.place(f, tasks))
			}
		}
	}
	if err := j.learn(ctx, j.sums[first:]); err != nil {
		return nil, err
	}
	out := make([]judged, len(groupings))
	for i := range out {
		out[i] = j.judge(use[i])
	}
	return out, nil
}

// place is that of the sums of a group on a fold.
func (j *judge) place(fold int, tasks []int) int {
	key := fmt.Sprint(fold, tasks)
	at, ok := j.known[key]
	if !ok {
		at = len(j.sums)
		j.known[key] = at
		j.sums = append(j.sums, sums{fold: fold, tasks: tasks, of: make([]float64, len(j.methods))})
	}
	return at
}

// learn fills in sums.
func (j *judge) learn(ctx context.Context, fresh []sums) error {
	var mutex sync.Mutex
	done, all := len(j.folds)+len(j.sums)-len(fresh), len(j.folds)+len(j.sums)
	errs := make([]error, len(fresh))
	num.For(len(fresh), func(i int) {
		for m, method := range j.methods {
			held, err := j.fold(ctx, method, fresh[i].fold, fresh[i].tasks)
			if errs[i] = err; err != nil {
				return
			}
			for k, t := range fresh[i].tasks {
				for r, place := range j.folds[fresh[i].fold].Test[t] {
					fresh[i].of[m] += weight(&j.set.Tasks[t], place) * held[k][r]
				}
			}
		}
		mutex.Lock()
		defer mutex.Unlock()
		if done++; j.progress != nil {
			j.progress(done, all)
		}
	})
	return first(errs)
}

// judge gathers the sums of a grouping.
func (j *judge) judge(use [][]int) judged {
	best := judged{mean: math.Inf(1)}
	for m := range j.methods {
		one, total, rows := judged{}, 0.0, 0.0
		for f, places := range use {
			sum, n := 0.0, 0.0
			for _, at := range places {
				sum += j.sums[at].of[m]
				for _, t := range j.sums[at].tasks {
					for _, place := range j.folds[f].Test[t] {
						n += weight(&j.set.Tasks[t], place)
					}
				}
			}
			total, rows = total+sum, rows+n
			one.folds = append(one.folds, sum/n)
		}
		if one.mean = total / rows; one.mean < best.mean {
			best = one
		}
	}
	return best
}

// membersOf are the tasks of each group.
func membersOf(groups []int) [][]int {
	out := make([][]int, slices.Max(groups)+1)
	for t, g := range groups {
		out[g] = append(out[g], t)
	}
	return out
}
