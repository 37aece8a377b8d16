package kernel

import (
	"context"
	"fmt"
	"maps"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/prep"
)

// A Model is the model of a method on the features of a kernel.
type Model struct {
	prep  *prep.Prep
	basis *basis
	part  kindred.Model // on the features
}

// Tasks lists what the model predicts.
func (m *Model) Tasks() []kindred.TaskInfo { return m.part.Tasks() }

// Schema lists the columns that Predict reads.
func (m *Model) Schema() kindred.Schema { return m.prep.Schema() }

// Report is the method's, with what there is to say of the kernel.
func (m *Model) Report() kindred.Report {
	r := kindred.Report{Method: "kernel", Status: "unknown"}
	if p, ok := m.part.(kindred.Reporter); ok {
		r = p.Report()
		r.Method, r.Columns = "kernel "+r.Method, nil // the features are no columns
	}
	r.Parameters = maps.Clone(r.Parameters)
	if r.Parameters == nil {
		r.Parameters = map[string]float64{}
	}
	maps.Copy(r.Parameters, m.basis.kernel.Parameters())
	r.Parameters["landmarks"] = float64(m.basis.root.Rows)
	r.Parameters["trace_error"] = m.basis.lost
	if m.basis.lost > 0.05 {
		r.Warnings = append(append([]string{}, r.Warnings...), fmt.Sprintf(
			"%d landmarks leave %.0f %% of the kernel's trace unexplained; more landmarks or a smaller gamma lose less", m.basis.root.Rows, 100*m.basis.lost))
	}
	return r
}

// predictBlock is how many rows have features at a time.
const predictBlock = 4096

// Predict predicts the rows for the tasks asked.
func (m *Model) Predict(ctx context.Context, rows *kindred.Table, tasks []int) (*kindred.Prediction, error) {
	x, err := m.prep.Transform(ctx, rows, nil)
	if err != nil {
		return nil, err
	}
	var out *kindred.Prediction
	for lo := 0; lo < x.Rows || out == nil; lo += predictBlock {
		p, err := m.part.Predict(ctx, m.basis.table(slice(x, lo, min(x.Rows, lo+predictBlock))), tasks)
		if err != nil {
			return nil, err
		}
		if out == nil {
			out = p
			continue
		}
		for i := range p.Tasks {
			out.Tasks[i].Append(&p.Tasks[i])
		}
	}
	return out, nil
}

// slice is rows lo to hi.
func slice(x *num.Matrix, lo, hi int) *num.Matrix {
	rows := make([]int, hi-lo)
	for i := range rows {
		rows[i] = lo + i
	}
	return x.Select(rows)
}

// table is the features of x as one column.
func (b *basis) table(x *num.Matrix) *kindred.Table {
	phi := b.features(x)
	return &kindred.Table{Columns: []kindred.Column{{
		Name: column, Type: kindred.Vector, Vector: &num.Matrix{Rows: phi.Rows, Cols: phi.Cols, Data: phi.Data},
	}}}
}
