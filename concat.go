package kindred

import "github.com/kindred-mtl/kindred/num"

// Concat puts the rows of tables of one schema one after the other. Groups and
// times are kept where all tables have them.
func Concat(tables ...*Table) *Table {
	out := &Table{Columns: make([]Column, len(tables[0].Columns))}
	groups, times := true, true
	for _, t := range tables {
		groups, times = groups && t.Group != nil, times && t.Time != nil
		out.Group, out.Time = append(out.Group, t.Group...), append(out.Time, t.Time...)
	}
	if !groups {
		out.Group = nil
	}
	if !times {
		out.Time = nil
	}
	for j := range out.Columns {
		parts := make([]*Column, len(tables))
		for i, t := range tables {
			parts[i] = &t.Columns[j]
		}
		out.Columns[j] = concat(parts)
	}
	return out
}

func concat(parts []*Column) Column {
	out := Column{Name: parts[0].Name, Type: parts[0].Type}
	codes := map[string]int32{}
	var vectors []*num.Matrix
	for _, c := range parts {
		out.Number, out.Text = append(out.Number, c.Number...), append(out.Text, c.Text...)
		for _, level := range c.Level {
			if _, ok := codes[level]; !ok {
				codes[level] = int32(len(out.Level))
				out.Level = append(out.Level, level)
			}
		}
		for _, k := range c.Code {
			if k >= 0 {
				k = codes[c.Level[k]]
			}
			out.Code = append(out.Code, k)
		}
		if c.Vector != nil {
			vectors = append(vectors, c.Vector)
		}
	}
	if vectors != nil {
		out.Vector = stack(vectors)
	}
	return out
}

// stack copies matrices of one width into one: sparse where the first one is.
func stack(parts []*num.Matrix) *num.Matrix {
	sparse := parts[0].Sparse()
	ptr, index, data, rows := []int{0}, []int32{}, []float64{}, 0
	for _, m := range parts {
		rows += m.Rows
		for i := range m.Rows {
			columns, values := m.Row(i)
			switch {
			case sparse && columns == nil:
				for j, v := range values {
					if v != 0 {
						index, data = append(index, int32(j)), append(data, v)
					}
				}
			case !sparse && columns != nil:
				row := make([]float64, m.Cols)
				for k, j := range columns {
					row[j] = values[k]
				}
				data = append(data, row...)
			default:
				index, data = append(index, columns...), append(data, values...)
			}
			ptr = append(ptr, len(data))
		}
	}
	if sparse {
		return num.NewSparse(parts[0].Cols, ptr, index, data)
	}
	return &num.Matrix{Rows: rows, Cols: parts[0].Cols, Data: data}
}
