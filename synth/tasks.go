package synth

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/num"
)

// Tasks makes a family of linear tasks, each with rows of its own or all on
// shared rows. The tasks of a cluster with centre w_0 have
//
//	w_t = ±(√s·w_0 + √(1−s)·v_t),   s = similarity,
//
// with w_0 and v_t of independent normal weights on the informative features;
// an outlier task has v_t alone. Labels are x·w_t plus noise for regression,
// its sign for binary tasks, and Poisson draws of exp(x·w_t) for counts.
//
// After Evgeniou, Pontil, Regularized multi-task learning, KDD 2004, section
// 4.1.
type Tasks struct {
	Tasks       int          `json:"n_tasks"`       // 0: 10
	Samples     int          `json:"n_samples"`     // rows a task; 0: 50
	MaxSamples  int          `json:"max_samples"`   // where larger: sizes are drawn between n_samples and this
	Features    int          `json:"n_features"`    // 0: 10
	Informative int          `json:"n_informative"` // 0: all
	Similarity  float64      `json:"similarity"`    // between 0 and 1; 0: 0.9, negative: none
	Clusters    int          `json:"n_clusters"`    // 0: 1
	Opposing    bool         `json:"opposing"`      // every second cluster has the first one's centre with the opposite sign
	Outliers    int          `json:"n_outliers"`    // the last tasks
	Kind        kindred.Kind `json:"kind"`          // regression, binary or count
	Noise       float64      `json:"noise"`         // standard deviation before the sign or the count; 0: 1, negative: none
	Shared      bool         `json:"shared_rows"`   // all tasks on the same rows
	Missing     float64      `json:"missing"`       // share of labels left out
	Seed        uint64       `json:"seed"`
}

// Make implements Generator.
func (g *Tasks) Make() (*kindred.Set, *Truth, error) {
	tasks, n, d := or(g.Tasks, 10), or(g.Samples, 50), or(g.Features, 10)
	informative, clusters := or(g.Informative, d), or(g.Clusters, 1)
	switch {
	case tasks < 1 || n < 1 || d < 1 || informative < 1 || informative > d || clusters < 1 || clusters > tasks || g.Outliers < 0 || g.Outliers > tasks:
		return nil, nil, fmt.Errorf("synth: n_tasks %d, n_samples %d, n_features %d, n_informative %d, n_clusters %d, n_outliers %d do not go together", tasks, n, d, informative, clusters, g.Outliers)
	case float64(tasks)*float64(max(n, g.MaxSamples))*float64(d) > 1e9:
		return nil, nil, fmt.Errorf("synth: more than 1e9 numbers are asked for")
	case g.Similarity > 1 || !(g.Missing >= 0 && g.Missing < 1):
		return nil, nil, fmt.Errorf("synth: similarity %v, missing %v; similarity is at most 1, missing from 0 to below 1", g.Similarity, g.Missing)
	case g.Kind == kindred.Multiclass:
		return nil, nil, fmt.Errorf("synth: a family of tasks is regression, binary or count, not multiclass")
	}
	rng := rand.New(rand.NewPCG(g.Seed, 0x7461736b73))
	truth := g.truth(rng, tasks, d, informative, clusters)
	sizes := make([]int, tasks)
	total := 0
	for t := range sizes {
		sizes[t] = n
		if g.MaxSamples > n {
			sizes[t] += rng.IntN(g.MaxSamples - n + 1)
		}
		total += sizes[t]
	}
	if g.Shared {
		total = n
	}
	x := num.NewDense(total, d)
	copy(x.Data, normals(rng, total*d))
	s, table, from := &kindred.Set{}, table(x), 0
	for t := range tasks {
		lo, hi := from, from+sizes[t]
		if g.Shared {
			lo, hi = 0, n
		}
		from = hi
		s.Tasks = append(s.Tasks, g.task(rng, t, table, x, truth, lo, hi))
	}
	return s, truth, s.Check()
}

// truth draws the weights.
func (g *Tasks) truth(rng *rand.Rand, tasks, d, informative, clusters int) *Truth {
	truth := &Truth{Weights: num.NewDense(d, tasks), Intercept: make([]float64, tasks), Groups: make([]int, tasks), Outlier: make([]bool, tasks)}
	s := max(0, or(g.Similarity, 0.9))
	centres := make([][]float64, clusters)
	for c := range centres {
		centres[c] = normals(rng, informative)
		if g.Opposing && c%2 == 1 {
			for j, v := range centres[c-1] {
				centres[c][j] = -v
			}
		}
	}
	for t := range tasks {
		truth.Groups[t], truth.Intercept[t] = t*clusters/tasks, rng.NormFloat64()
		truth.Outlier[t] = t >= tasks-g.Outliers
		v := normals(rng, informative)
		for j := range informative {
			w := math.Sqrt(s)*centres[truth.Groups[t]][j] + math.Sqrt(1-s)*v[j]
			if truth.Outlier[t] {
				w = v[j]
			}
			truth.Weights.Set(j, t, w/math.Sqrt(float64(informative)))
		}
	}
	return truth
}

// task draws the labels of rows lo to hi.
func (g *Tasks) task(rng *rand.Rand, t int, table *kindred.Table, x *num.Dense, truth *Truth, lo, hi int) kindred.Task {
	name := "t" + strconv.Itoa(t)
	task := kindred.Task{Name: name, Kind: g.Kind, Table: table, Label: kindred.Labels{Target: "y", Columns: [][]float64{nil}}}
	if g.Shared {
		task.Label.Target = name
	}
	if g.Kind == kindred.Binary {
		task.Label.Classes = []string{"0", "1"}
	}
	w, noise := truth.Weights.Col(make([]float64, x.Cols), t), max(0, or(g.Noise, 1))
	for i := lo; i < hi; i++ {
		y := num.Dot(x.Row(i), w) + truth.Intercept[t] + noise*rng.NormFloat64()*scaleOf(g.Kind)
		leave := rng.Float64() < g.Missing
		switch g.Kind {
		case kindred.Binary:
			y = math.Max(0, math.Copysign(1, y))
		case kindred.Count:
			y = poisson(rng, math.Exp(math.Min(y, 10)))
		}
		if leave && (i > lo || hi-lo == 1) {
			continue
		}
		task.Rows, task.Label.Columns[0] = append(task.Rows, i), append(task.Label.Columns[0], y)
	}
	return task
}

// scaleOf keeps the noise of counts in proportion: it is multiplied by exp.
func scaleOf(k kindred.Kind) float64 {
	if k == kindred.Count {
		return 0.1
	}
	return 1
}

// poisson draws a count of mean mu: by multiplication where it is small, else
// by the rounded normal limit.
//
// Knuth, The Art of Computer Programming 2, section 3.4.1.
func poisson(rng *rand.Rand, mu float64) float64 {
	if mu > 50 {
		return math.Max(0, math.Round(mu+math.Sqrt(mu)*rng.NormFloat64()))
	}
	limit, p, k := math.Exp(-mu), rng.Float64(), 0.0
	for p > limit {
		p *= rng.Float64()
		k++
	}
	return k
}
