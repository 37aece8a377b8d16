package num

// isThin tells whether a product is a single row or column, and its factors lie
// so that whole vectors of them can be multiplied.
func isThin[F Float](c, a, b View[F]) bool {
	if c.Cols == 1 && b.RowStep == 1 {
		return a.ColStep == 1 || a.RowStep == 1 && c.RowStep == 1
	}
	return c.Rows == 1 && a.ColStep == 1 && b.RowStep == 1
}

// multiplyThin is Multiply where isThin.
func multiplyThin[F Float](c, a, b View[F], o Finish[F]) {
	switch k := a.Cols; {
	case c.Cols != 1:
		x := a.Data[:k]
		for j := range c.Cols {
			v := Inner(x, b.Data[j*b.ColStep:][:k])
			if o.Add {
				v += c.Data[j]
			}
			c.Data[j] = v
		}
	case a.ColStep == 1:
		x := b.Data[:k]
		for i := range c.Rows {
			v := Inner(a.Data[i*a.RowStep:][:k], x)
			if o.Add {
				v += c.Data[i*c.RowStep]
			}
			c.Data[i*c.RowStep] = v
		}
	default:
		if !o.Add {
			clear(c.Data[:c.Rows])
		}
		for i := range k {
			AddScaled(c.Data[:c.Rows], b.Data[i], a.Data[i*a.ColStep:][:c.Rows])
		}
	}
	if o.Bias != nil || o.ReLU {
		o.Add = true
		finishRows(c, o)
	}
}
