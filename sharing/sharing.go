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
}

// Shares are those of the tasks; nil of a single one. mean returns, for weights
// of the outputs, the mean on the rows of each output:
//
//	Σ_s weight_s f_s   over the outputs s of its slot
//
// Functions of different kinds are compared in units of the deviation that
// those of a kind have.
func (s *Sample) Shares(mean func(weight []float64) [][]float64) []kindred.Share {
	if len(s.Tasks) < 2 {
		return nil
	}
	scale, members := s.scales(), s.members()
	weight := make([]float64, len(s.Outputs))
	for c, o := range s.Outputs {
		if !o.Out && members[o.Slot] > 0 {
			weight[c] = 1 / (members[o.Slot] * scale[c])
		}
	}
	means := mean(weight)
	kappa := s.kappa(means, scale, members)
	common, private := make([]float64, len(s.Tasks)), make([]float64, len(s.Tasks))
	for c, o := range s.Outputs {
		k := kappa[o.Slot] * scale[c]
		common[o.Task] += k * k * s.variance(c, means[c], nil, 0)
		private[o.Task] += s.variance(c, s.Own[c], means[c], k)
	}
	return shares(s.Tasks, common, private)
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

// kappa is κ of each slot; 0 where fewer than two tasks have it.
func (s *Sample) kappa(means [][]float64, scale []float64, members map[int]float64) map[int]float64 {
	apart, along := map[int]float64{}, map[int]float64{}
	for c, o := range s.Outputs {
		if !o.Out {
			apart[o.Slot] += s.variance(c, s.Own[c], means[c], scale[c]) / (scale[c] * scale[c])
			along[o.Slot] += s.variance(c, means[c], nil, 0)
		}
	}
	kappa := map[int]float64{}
	for slot, n := range members {
		kappa[slot] = shrink(apart[slot], along[slot], n)
	}
	return kappa
}

// shrink is κ, of Σ‖f_t − f̄‖² and Σ‖f̄‖² over n tasks.
func shrink(apart, along, n float64) float64 {
	if n < 2 || !(along > 0) {
		return 0
	}
	return max(0, 1-apart/((n-1)*along))
}

// members counts the tasks whose mean is that of a slot.
func (s *Sample) members() map[int]float64 {
	n := map[int]float64{}
	for _, o := range s.Outputs {
		if !o.Out {
			n[o.Slot]++
		}
	}
	return n
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
	k := shrink(num.Sum(diagonal)-n*mean, n*mean, n)
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
