package relate

import (
	"context"
	"math"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/data"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/prep"
)

// Descriptions compares what a given table says of the tasks, prepared as rows of
// features are:
//
//	k(s, t) = exp(−‖z_s − z_t‖² / 2σ²),   σ the median of ‖z_s − z_t‖
//
// It needs no label, and is as good as the table.
//
// Bonilla, Agakov, Williams, Kernel multi-task learning using task-specific
// features, AISTATS 2007.
type Descriptions struct {
	// Given describes every task, and may describe others.
	Given *data.Descriptions `json:"-"`
}

// Relate implements Measure.
func (m Descriptions) Relate(ctx context.Context, s *kindred.Set, o Options) (*Relation, error) {
	if m.Given == nil {
		return nil, refuse("no table describes the tasks; give one, a row a task")
	}
	names := make([]string, len(s.Tasks))
	for t := range names {
		names[t] = s.Tasks[t].Name
	}
	table, err := m.Given.Of(names)
	if err != nil {
		return nil, err
	}
	z, err := prepared(ctx, table, o.Prep)
	if err != nil {
		return nil, err
	}
	n := len(names)
	square, far := num.NewDense(n, n), []float64(nil)
	for a := range n {
		buffer := make([]float64, z.Cols)
		z.Axpy(a, 1, buffer)
		for b := range n {
			_, v := z.Row(b)
			square.Set(a, b, math.Max(0, num.Dot(buffer, buffer)+num.Dot(v, v)-2*z.Dot(b, buffer)))
		}
		far = append(far, square.Row(a)[:a]...)
	}
	width := median(far)
	if width == 0 {
		width = 1 // most tasks are described alike
	}
	r := &Relation{Matrix: num.NewDense(n, n), Symmetric: true, Semidefinite: true}
	fill(r.Matrix, func(a, b int) float64 { return math.Exp(-square.At(a, b) / (2 * width)) })
	return r, ctx.Err()
}

// Numbers are what the descriptions say of these tasks, prepared as features are:
// a row a task.
func (m Descriptions) Numbers(ctx context.Context, tasks []string, o prep.Options) (*num.Dense, error) {
	table, err := m.Given.Of(tasks)
	if err != nil {
		return nil, err
	}
	z, err := prepared(ctx, table, o)
	if err != nil {
		return nil, err
	}
	out := num.NewDense(z.Rows, z.Cols)
	for t := range z.Rows {
		z.Axpy(t, 1, out.Row(t))
	}
	return out, nil
}

// prepared are the rows of a table as features.
func prepared(ctx context.Context, table *kindred.Table, o prep.Options) (*num.Matrix, error) {
	rows := make([]int, table.Len())
	for i := range rows {
		rows[i] = i
	}
	described := kindred.Task{Name: "descriptions", Table: table, Rows: rows, Label: kindred.Labels{Columns: [][]float64{make([]float64, len(rows))}}}
	p, err := prep.Fit(ctx, o, &kindred.Set{Tasks: []kindred.Task{described}})
	if err != nil {
		return nil, err
	}
	if p.Width() == 0 {
		return nil, refuse("the table describes all tasks alike")
	}
	return p.Transform(ctx, table, rows)
}
