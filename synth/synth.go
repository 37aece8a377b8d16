// Package synth makes Sets whose truth is known: the weights of every task,
// their groups, and which ones are outliers.
package synth

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"strconv"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/catalog"
	"github.com/kindred-mtl/kindred/num"
)

// Truth is what a made-up Set was made of.
type Truth struct {
	Weights   *num.Dense // features × tasks
	Intercept []float64  // of each task
	Groups    []int      // the cluster of each task
	Outlier   []bool     // tasks that have nothing in common with the others
	Train     [][]int    // Classification: the places of the labelled rows of each task
}

// A Generator makes a Set; equal options make equal Sets.
type Generator interface {
	Make() (*kindred.Set, *Truth, error)
}

// All lists the generators.
var All = catalog.Table[Generator]{
	{Name: "classification", Words: "the classic example with related tasks: clusters on a hypercube, cut by planes at a stated angle", Formula: "y_t = 1[u_t·z > 0], ∠(u_0, u_t) = angle", Source: "Guyon, Design of experiments for the NIPS 2003 variable selection benchmark, 2003", New: func() Generator { return &Classification{} }},
	{Name: "tasks", Words: "a family of linear tasks: of given similarity, in clusters, with outliers, of unequal sizes, with missing labels", Formula: "w_t = √s·w_0 + √(1−s)·v_t", Source: "Evgeniou, Pontil, Regularized multi-task learning, KDD 2004, section 4.1", New: func() Generator { return &Tasks{} }},
}

// or is v, or its default where it is 0.
func or[T comparable](v, def T) T {
	var zero T
	if v == zero {
		return def
	}
	return v
}

// normals returns n standard normal numbers.
func normals(rng *rand.Rand, n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = rng.NormFloat64()
	}
	return v
}

// unit scales v to length 1.
func unit(v []float64) []float64 {
	length := num.Norm(v)
	for i := range v {
		v[i] /= length
	}
	return v
}

// table makes numeric columns x0, x1, … of rows.
func table(x *num.Dense) *kindred.Table {
	t := &kindred.Table{Columns: make([]kindred.Column, x.Cols)}
	for j := range t.Columns {
		t.Columns[j] = kindred.Column{Name: "x" + strconv.Itoa(j), Number: x.Col(make([]float64, x.Rows), j)}
	}
	return t
}

// Columns lays a Set out as a file: a column per feature, and per task of
// shared rows a column of labels, or a task column and one of labels where the
// tasks have rows of their own in one table.
func Columns(s *kindred.Set) (header []string, rows iter.Seq[[]string], err error) {
	if len(s.Tables()) != 1 {
		return nil, nil, fmt.Errorf("synth: a file holds one table, the set has %d", len(s.Tables()))
	}
	t := s.Tables()[0]
	own := s.Tasks[0].Label.Target != s.Tasks[0].Name
	if own {
		header = append(header, "task")
	}
	header = append(header, t.Schema().Names()...)
	labels := map[[2]int]string{}
	task := make([]string, t.Len())
	for k := range s.Tasks {
		if !own || k == 0 {
			header = append(header, s.Tasks[k].Label.Target)
		}
		for i, r := range s.Tasks[k].Rows {
			column := k
			if own {
				column, task[r] = 0, s.Tasks[k].Name
			}
			labels[[2]int{r, column}] = label(&s.Tasks[k], s.Tasks[k].Y()[i])
		}
	}
	targets := len(s.Tasks)
	if own {
		targets = 1
	}
	return header, func(yield func([]string) bool) {
		for r := range t.Len() {
			var row []string
			if own {
				row = append(row, task[r])
			}
			for j := range t.Columns {
				row = append(row, strconv.FormatFloat(t.Columns[j].Number[r], 'g', -1, 64))
			}
			for k := range targets {
				row = append(row, labels[[2]int{r, k}])
			}
			if !yield(row) {
				return
			}
		}
	}, nil
}

func label(t *kindred.Task, y float64) string {
	if t.Kind.Classifies() {
		return t.Label.Classes[int(y)]
	}
	return strconv.FormatFloat(y, 'g', -1, 64)
}
