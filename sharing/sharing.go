// Package sharing says how much of each task is common to all of them, whatever
// the model: one number a task between 0 (independent) and 1 (pooled), from the
// tasks' functions on rows of their own.
//
// With f_t what is learned of task t, ‖f‖_t² the variance of f over rows of task
// t, and f̄ the mean of the tasks' functions,
//
//	share_t = ‖κf̄‖_t² / (‖κf̄‖_t² + ‖f_t − κf̄‖_t²)
//	κ = (1 − V / T M)₊,   V = Σ_t ‖f_t − f̄‖_t² / (T − 1),   M = Σ_t ‖f̄‖_t² / T
//
// which is the share of shared weights, w_t = w0 + v_t with w0 = κ w̄, where κ is
// estimated: V is the mean variance of what is a task's own, of which a Tth part
// is left in f̄, and M − V/T that of what is common. So tasks of one function
// have share 1, opposed ones 0, and unrelated ones about 0 however few they are.
//
// Henderson, Estimation of variance and covariance components, Biometrics 9,
// 1953, for the moments; Efron, Morris, Stein's estimation rule and its
// competitors, an empirical Bayes approach, JASA 68, 1973, for κ.
package sharing

import (
	"math"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/num"
)

// An Output is one number that a task's function returns.
type Output struct {
	Task int
	Slot int // outputs of one slot mean the same in every task
	Kind kindred.Kind
	Out  bool // it has no part in the mean
}

// A Sample is what tasks say of rows of their own.
type Sample struct {
	Tasks   []string
	Outputs []Output
	Own     [][]float64 // of each output, f on rows of its task
	Weight  [][]float64 // of each output, the weights of these rows; nil: 1
	// Groups are those of a hierarchy of the tasks below its root, from above: of
	// each level the group of each task, from 0.
	Groups [][]int
}

// Mean returns, for weights of the outputs, the mean on the rows of each output:
//
//	Σ_s weight_s f_s   over the outputs s of its slot and of its task's group
type Mean func(weight []float64, group []int) [][]float64

// Shares are those of the tasks; nil of a single one. Functions of different
// kinds are compared in units of the deviation that those of a kind have.
//
// With a hierarchy the mean m_l of a group's functions at level l is common too,
// beyond that of the group above, as far as it is more than chance: of G_l groups
// and T tasks
//
//	c_l = c_{l−1} + κ_l (m_l − c_{l−1}),   κ_l = (1 − V_{l+1} / V_l)₊
//	V_l = Σ_t ‖m_l − m_{l−1}‖_t² / (G_l − G_{l−1})
//
// where c_{−1}, m_{−1} and G_{−1} are 0, and below the last level every task is a
// group: without others V_0 = T M. What each adds is a level of a share, what
// f_t has beyond the last, and all but that is common.
func (s *Sample) Shares(mean Mean) []kindred.Share {
	if len(s.Tasks) < 2 {
		return nil
	}
	scale := s.scales()
	levels := s.levels(scale, mean)
	kappa := s.kappa(scale, levels)
	fitted, sizes := make([][]float64, len(s.Outputs)), make([][]float64, len(s.Tasks))
	for c, f := range s.Own {
		fitted[c] = make([]float64, len(f))
	}
	for l, of := range levels {
		size := make([]float64, len(s.Tasks))
		for c, o := range s.Outputs {
			k := kappa[o.Slot][l]
			size[o.Task] += k * k * scale[c] * scale[c] * s.variance(c, of.means[c], fitted[c], 1/scale[c])
			num.Scale(fitted[c], 1-k)
			num.Axpy(k*scale[c], of.means[c], fitted[c])
		}
		for t, v := range size {
			sizes[t] = append(sizes[t], math.Sqrt(v))
		}
	}
	common, private := make([]float64, len(s.Tasks)), make([]float64, len(s.Tasks))
	for c, o := range s.Outputs {
		common[o.Task] += s.variance(c, fitted[c], nil, 0)
		private[o.Task] += s.variance(c, s.Own[c], fitted[c], 1)
	}
	out := shares(s.Tasks, common, private)
	for t := range out {
		if s.Groups != nil {
			out[t].Levels = append(sizes[t], out[t].Private)
		}
	}
	return out
}

// A level is what the means of its groups add to those above, in units of scale.
type level struct {
	means  [][]float64     // m_l, of each output
	adds   [][]float64     // m_l − m_{l−1}
	groups map[int]float64 // of each slot
}

// levels are those of the hierarchy, from the root.
func (s *Sample) levels(scale []float64, mean Mean) []level {
	above, out := make([][]float64, len(s.Outputs)), []level(nil)
	for c, f := range s.Own {
		above[c] = make([]float64, len(f))
	}
	for _, group := range append([][]int{make([]int, len(s.Tasks))}, s.Groups...) {
		weight, groups, known := s.weights(group, scale)
		l := level{means: mean(weight, group), groups: groups}
		for c, o := range s.Outputs {
			add := make([]float64, len(above[c]))
			if !known[[2]int{o.Slot, group[o.Task]}] { // no task of the group is in the mean
				l.means[c] = above[c]
			}
			for i, v := range l.means[c] {
				add[i] = v - above[c][i]
			}
			l.adds = append(l.adds, add)
		}
		above, out = l.means, append(out, l)
	}
	return out
}

// shares are those of variances.
func shares(tasks []string, common, private []float64) []kindred.Share {
	out := make([]kindred.Share, len(tasks))
	for t := range out {
		out[t] = kindred.Share{Task: tasks[t], Common: math.Sqrt(max(0, common[t])), Private: math.Sqrt(max(0, private[t]))}
		if sum := common[t] + private[t]; sum > 0 {
			out[t].Share = common[t] / sum
		}
	}
	return out
}

// weights are those of the outputs in the mean of their group, of functions in
// units of scale; how many groups of each slot are in it, and which.
func (s *Sample) weights(group []int, scale []float64) (weight []float64, groups map[int]float64, known map[[2]int]bool) {
	count := map[[2]int]float64{}
	groups, known = map[int]float64{}, map[[2]int]bool{}
	for _, o := range s.Outputs {
		if key := [2]int{o.Slot, group[o.Task]}; !o.Out {
			if count[key]++; !known[key] {
				known[key] = true
				groups[o.Slot]++
			}
		}
	}
	weight = make([]float64, len(s.Outputs))
	for c, o := range s.Outputs {
		if !o.Out {
			weight[c] = 1 / (count[[2]int{o.Slot, group[o.Task]}] * scale[c])
		}
	}
	return weight, groups, known
}

// kappa is κ of each slot and level. Where a level has no groups more than the
// one above, or every task is one, V is that of the next that has.
func (s *Sample) kappa(scale []float64, levels []level) map[int][]float64 {
	members, left := map[int]float64{}, map[int]float64{}
	along := make([]map[int]float64, len(levels))
	for l := range levels {
		along[l] = map[int]float64{}
	}
	for c, o := range s.Outputs {
		if o.Out {
			continue
		}
		members[o.Slot]++
		rest := make([]float64, len(s.Own[c]))
		for l, of := range levels {
			along[l][o.Slot] += s.variance(c, of.adds[c], nil, 0)
			num.Add(rest, of.adds[c])
		}
		left[o.Slot] += s.variance(c, s.Own[c], rest, scale[c]) / (scale[c] * scale[c])
	}
	kappa := map[int][]float64{}
	for slot, n := range members {
		k, below := make([]float64, len(levels)), math.NaN()
		if free := n - levels[len(levels)-1].groups[slot]; free > 0 {
			below = left[slot] / free
		}
		for l := len(levels) - 1; l >= 0; l-- {
			free := levels[l].groups[slot]
			if l > 0 {
				free -= levels[l-1].groups[slot]
			}
			if free > 0 {
				k[l] = shrink(below, along[l][slot]/free)
				below = along[l][slot] / free
			}
		}
		kappa[slot] = k
	}
	for c := range s.Outputs {
		if slot := s.Outputs[c].Slot; kappa[slot] == nil {
			kappa[slot] = make([]float64, len(levels))
		}
	}
	return kappa
}

// shrink is κ, of V_{l+1} and V_l; 0 where the former is not known.
func shrink(below, along float64) float64 {
	if math.IsNaN(below) || !(along > 0) {
		return 0
	}
	return max(0, 1-below/along)
}

// scales are the units of the outputs: the root mean square of the deviations
// of all of their kind, 1 where all are of one kind or have none.
func (s *Sample) scales() []float64 {
	sum, n := map[kindred.Kind]float64{}, map[kindred.Kind]float64{}
	for c, o := range s.Outputs {
		sum[o.Kind] += s.variance(c, s.Own[c], nil, 0)
		n[o.Kind]++
	}
	out := make([]float64, len(s.Outputs))
	for c, o := range s.Outputs {
		if out[c] = 1; len(n) > 1 && sum[o.Kind] > 0 {
			out[c] = math.Sqrt(sum[o.Kind] / n[o.Kind])
		}
	}
	return out
}

// variance is that of f − k g over the rows of output c; g may be nil.
func (s *Sample) variance(c int, f, g []float64, k float64) float64 {
	var weight []float64
	if s.Weight != nil {
		weight = s.Weight[c]
	}
	mean, square, total := 0.0, 0.0, 0.0
	for i, v := range f {
		w := 1.0
		if weight != nil {
			w = weight[i]
		}
		if g != nil {
			v -= k * g[i]
		}
		if w > 0 {
			total += w
			by := v - mean
			mean += w / total * by
			square += w * by * (v - mean)
		}
	}
	if !(total > 0) || math.IsInf(square, 0) || math.IsNaN(square) {
		return 0
	}
	return square / total
}

// OfCovariance are the shares that functions have of a prior in which their
// covariance is B_st k, in expectation: of the diagonal of B and the sums of its
// rows. Nil of a single task.
func OfCovariance(tasks []string, diagonal, sums []float64) []kindred.Share {
	if len(tasks) < 2 {
		return nil
	}
	n := float64(len(tasks))
	mean := num.Sum(sums) / (n * n)
	k := shrink((num.Sum(diagonal)-n*mean)/(n-1), n*mean)
	common, private := make([]float64, len(tasks)), make([]float64, len(tasks))
	for t := range tasks {
		common[t] = k * k * mean
		private[t] = diagonal[t] - 2*k*sums[t]/n + k*k*mean
	}
	return shares(tasks, common, private)
}

// All are shares of one value, of tasks that share nothing or everything; nil of
// a single one.
func All(tasks []kindred.TaskInfo, share float64) []kindred.Share {
	if len(tasks) < 2 {
		return nil
	}
	out := make([]kindred.Share, len(tasks))
	for t := range out {
		out[t] = kindred.Share{Task: tasks[t].Name, Share: share}
	}
	return out
}

// Rows are places of at most so many of n rows, evenly spread, that stand for
// all of them where there are many tasks or many rows.
func Rows(n, most int) []int {
	rows := make([]int, min(n, max(most, 1)))
	for i := range rows {
		rows[i] = i
		if len(rows) < n {
			rows[i] = (2*i + 1) * n / (2 * len(rows))
		}
	}
	return rows
}
