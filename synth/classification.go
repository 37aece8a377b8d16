package synth

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/num"
)

// Classification makes the classic example with several related tasks on
// shared rows. The informative features are clusters z around vertices of a
// hypercube of half-width class_sep, mixed by a random matrix A; the redundant
// ones are random combinations of them; the others are noise. Task t is
// positive on one side of a plane through the origin of z,
//
//	y_t = 1[u_t·z > 0],   ∠(u_0, u_t) = angle,
//
// up to a share flip_y of random labels.
//
// Guyon, Design of experiments for the NIPS 2003 variable selection benchmark,
// 2003, is the source of clusters, mixing, redundancy and flips; the planes
// and their angle are ours.
type Classification struct {
	Samples     int     `json:"n_samples"`         // 0: 1000
	Features    int     `json:"n_features"`        // 0: 20
	Informative int     `json:"n_informative"`     // 0: 10
	Redundant   int     `json:"n_redundant"`       // 0: 10
	Clusters    int     `json:"n_clusters"`        // 0: 4
	ClassSep    float64 `json:"class_sep"`         // 0: 1
	FlipY       float64 `json:"flip_y"`            // share of labels drawn at random; 0: 0.01, negative: none
	Tasks       int     `json:"n_tasks"`           // 0: 2
	Angle       float64 `json:"angle"`             // degrees between task 0 and the others; 0: 25, negative: none
	Labelled    int     `json:"labelled_per_task"` // rows of each task in Truth.Train; 0: 40
	Seed        uint64  `json:"seed"`
}

// Make implements Generator.
func (g *Classification) Make() (*kindred.Set, *Truth, error) {
	n, d := or(g.Samples, 1000), or(g.Features, 20)
	k, redundant := or(g.Informative, min(10, d)), or(g.Redundant, min(10, d-or(g.Informative, min(10, d))))
	tasks, labelled := or(g.Tasks, 2), or(g.Labelled, 40)
	if n < 2 || k < 1 || redundant < 0 || k+redundant > d || tasks < 1 || labelled < 1 || labelled > n || g.Clusters < 0 || n > 1e7 || d > 1e5 || tasks > 1e5 {
		return nil, nil, fmt.Errorf("synth: n_samples %d, n_features %d, n_informative %d, n_redundant %d, n_tasks %d, labelled_per_task %d do not go together", n, d, k, redundant, tasks, labelled)
	}
	if tasks > 1 && k < 2 && g.Angle >= 0 {
		return nil, nil, fmt.Errorf("synth: one informative feature leaves no room for an angle; give n_informative 2 or more")
	}
	rng := rand.New(rand.NewPCG(g.Seed, 0x636c617373))
	z := g.clusters(rng, n, k)
	mix := num.NewDense(k, k)
	copy(mix.Data, normals(rng, k*k))
	x, back := g.features(rng, z, mix, d, redundant)
	truth := &Truth{Weights: num.NewDense(d, tasks), Intercept: make([]float64, tasks), Groups: make([]int, tasks), Outlier: make([]bool, tasks)}
	s, t := &kindred.Set{}, table(x)
	first := unit(normals(rng, k))
	for j := range tasks {
		u := first
		if j > 0 {
			u = g.turned(rng, first)
		}
		w := back(u)
		truth.Weights.SetCol(j, w)
		s.Tasks = append(s.Tasks, g.task(rng, "y"+strconv.Itoa(j), t, z, u))
		truth.Train = append(truth.Train, rng.Perm(n)[:labelled])
	}
	return s, truth, nil
}

// clusters draws z: n rows around random vertices of the hypercube.
func (g *Classification) clusters(rng *rand.Rand, n, k int) *num.Dense {
	centres := num.NewDense(or(g.Clusters, 4), k)
	for i := range centres.Data {
		centres.Data[i] = or(g.ClassSep, 1) * float64(2*rng.IntN(2)-1)
	}
	z := num.NewDense(n, k)
	for i := range n {
		copy(z.Row(i), normals(rng, k))
		num.Axpy(1, centres.Row(rng.IntN(centres.Rows)), z.Row(i))
	}
	return z
}

// features mixes z into d columns. back turns a direction u in z into weights
// with x·w = z·u.
func (g *Classification) features(rng *rand.Rand, z, mix *num.Dense, d, redundant int) (x *num.Dense, back func(u []float64) []float64) {
	k := z.Cols
	combine := num.NewDense(redundant, k)
	copy(combine.Data, normals(rng, redundant*k))
	x = num.NewDense(z.Rows, d)
	for i := range z.Rows {
		row := x.Row(i)
		for j := range k {
			row[j] = num.Dot(mix.Row(j), z.Row(i))
		}
		for j := range redundant {
			row[k+j] = num.Dot(combine.Row(j), row[:k]) / math.Sqrt(float64(k))
		}
		copy(row[k+redundant:], normals(rng, d-k-redundant))
	}
	gram := num.Gram(&num.Matrix{Rows: k, Cols: k, Data: mix.Data}, nil, nil)
	return x, func(u []float64) []float64 {
		// x = M z, so w = M⁻ᵀ u = M (MᵀM)⁻¹ u.
		v, w := num.SolveSPD(gram, u), make([]float64, d)
		for j := range k {
			w[j] = num.Dot(mix.Row(j), v)
		}
		return w
	}
}

// turned is a direction at the angle from u, in a random plane.
func (g *Classification) turned(rng *rand.Rand, u []float64) []float64 {
	angle := or(g.Angle, 25) * math.Pi / 180
	if angle < 0 {
		angle = 0
	}
	q := normals(rng, len(u))
	num.Axpy(-num.Dot(q, u), u, q)
	unit(q)
	out := make([]float64, len(u))
	num.Axpy(math.Cos(angle), u, out)
	num.Axpy(math.Sin(angle), q, out)
	return out
}

func (g *Classification) task(rng *rand.Rand, name string, t *kindred.Table, z *num.Dense, u []float64) kindred.Task {
	y, rows := make([]float64, z.Rows), make([]int, z.Rows)
	flip := max(0, or(g.FlipY, 0.01))
	for i := range y {
		rows[i] = i
		if num.Dot(z.Row(i), u) > 0 {
			y[i] = 1
		}
		if rng.Float64() < flip {
			y[i] = float64(rng.IntN(2))
		}
	}
	return kindred.Task{Name: name, Kind: kindred.Binary, Table: t, Rows: rows,
		Label: kindred.Labels{Target: name, Columns: [][]float64{y}, Classes: []string{"0", "1"}}}
}
