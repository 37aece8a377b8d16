package relate

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/num"
)

// Labels compares those of rows that both tasks have: their correlation, and
// where a task has several classes Cramér's V,
//
//	V = √(Σ_i ρ_i² / min(k_s, k_t))
//
// with ρ_i the canonical correlations of the columns 1[y = c] and k the classes
// less one; of two classes that is |correlation|. A row counts with the root of
// the product of its weights. Two tasks with fewer than three rows in common, or
// with labels that do not vary on these, are NaN.
//
// Cramér, Mathematical Methods of Statistics, Princeton University Press, 1946,
// chapter 21.
type Labels struct{}

// leastCommon is how many rows have to be common to two tasks.
const leastCommon = 3

// Relate implements Measure.
func (Labels) Relate(_ context.Context, s *kindred.Set, _ Options) (*Relation, error) {
	n := len(s.Tasks)
	r := &Relation{Matrix: num.NewDense(n, n), Symmetric: true, Semidefinite: true}
	for i := range s.Tasks {
		a, b := &s.Tasks[0], &s.Tasks[i]
		if a.Table != b.Table || !slices.Equal(a.Rows, b.Rows) || b.Kind == kindred.Multiclass || a.Weight != nil || b.Weight != nil {
			r.Semidefinite = false // correlations on different rows
		}
	}
	place := make([]map[int]int, n)
	for t := range place {
		place[t] = make(map[int]int, len(s.Tasks[t].Rows))
		for i, row := range s.Tasks[t].Rows {
			place[t][row] = i
		}
	}
	fill(r.Matrix, func(a, b int) float64 { return together(&s.Tasks[a], &s.Tasks[b], place[b]) })
	known, pairs := 0, n*(n-1)/2
	for a := range n {
		for _, v := range r.Matrix.Row(a)[a+1:] {
			if !math.IsNaN(v) {
				known++
			}
		}
	}
	switch {
	case known == 0:
		return nil, refuse("no two tasks have %d rows in common on which the labels of both vary", leastCommon)
	case known < pairs:
		r.Semidefinite = false
		r.Warnings = append(r.Warnings, fmt.Sprintf("%d of %d pairs of tasks have too few rows in common: nothing is known of them", pairs-known, pairs))
	}
	return r, nil
}

// together compares the labels of two tasks on the rows they have in common;
// place says where the second one has them.
func together(a, b *kindred.Task, place map[int]int) float64 {
	if a.Table != b.Table {
		return math.NaN()
	}
	var ya, yb, w []float64
	for i, row := range a.Rows {
		if j, ok := place[row]; ok {
			ya, yb = append(ya, a.Y()[i]), append(yb, b.Y()[j])
			w = append(w, math.Sqrt(weight(a, i)*weight(b, j)))
		}
	}
	if len(w) < leastCommon {
		return math.NaN()
	}
	qa, qb := centred(a, ya, w), centred(b, yb, w)
	if qa.Rows == 0 || qb.Rows == 0 {
		return math.NaN()
	}
	if a.Kind != kindred.Multiclass && b.Kind != kindred.Multiclass {
		return num.Dot(qa.Row(0), qb.Row(0))
	}
	sum := 0.0
	for i := range qa.Rows {
		for j := range qb.Rows {
			c := num.Dot(qa.Row(i), qb.Row(j))
			sum += c * c
		}
	}
	return math.Sqrt(sum / float64(min(qa.Rows, qb.Rows)))
}

// centred holds orthonormal rows that span the columns of labels, less their
// means, each entry times the root of its weight: for one column that column
// over its length.
func centred(t *kindred.Task, y, w []float64) *num.Dense {
	k := outputs(t)
	q := num.NewDense(k, len(y))
	rank := 0
	for c := range k {
		v := q.Row(rank)
		for i := range v {
			v[i] = y[i]
			if k > 1 {
				v[i] = 0
				if int(y[i]) == c {
					v[i] = 1
				}
			}
		}
		mean, total := num.Dot(v, w), num.Sum(w)
		if total == 0 {
			continue
		}
		before := 0.0
		for i := range v {
			before += w[i] * v[i] * v[i]
			v[i] = (v[i] - mean/total) * math.Sqrt(w[i])
		}
		for range 2 { // twice is enough for orthogonality
			for i := range rank {
				num.Axpy(-num.Dot(q.Row(i), v), q.Row(i), v)
			}
		}
		if length := num.Norm(v); length*length > 1e-12*before {
			num.Scale(v, 1/length)
			rank++
		}
	}
	return &num.Dense{Rows: rank, Cols: q.Cols, Data: q.Data[:rank*q.Cols]}
}
