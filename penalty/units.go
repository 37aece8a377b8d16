package penalty

import "github.com/kindred-mtl/kindred/num"

// InUnits is f(V diag(σ)) as a function of V, for units σ of the columns.
//
//	prox_{sΩ}(V) = prox_{Ω, steps sσ²}(V diag(σ)) diag(σ)⁻¹,   Ω*(G) = f*(G diag(σ)⁻¹)
func InUnits(f Columnwise, units []float64) Slanted {
	u := inUnits{f, units, make([]float64, len(units))}
	for c, v := range units {
		u.inverse[c] = 1 / v
	}
	return u
}

type inUnits struct {
	of             Columnwise
	units, inverse []float64
}

// Value implements Func.
func (f inUnits) Value(v *num.Dense) float64 { return f.of.Value(scaled(v, f.units)) }

// Dual implements Convex.
func (f inUnits) Dual(g *num.Dense) (s, value float64) {
	return f.of.Dual(scaled(g, f.inverse))
}

// Prox implements Proximal.
func (f inUnits) Prox(out, v *num.Dense, step float64) {
	copy(out.Data, v.Data)
	out.ScaleColumns(f.units)
	f.of.ProxColumns(out, out, f.steps(step))
	out.ScaleColumns(f.inverse)
}

// ProxJacobian implements Slanted.
func (f inUnits) ProxJacobian(v *num.Dense, step float64) Jacobian {
	return f.of.ColumnsJacobian(scaled(v, f.units), f.steps(step))
}

func (f inUnits) steps(step float64) []float64 {
	out := make([]float64, len(f.units))
	for c, v := range f.units {
		out[c] = step * v * v
	}
	return out
}

func scaled(v *num.Dense, by []float64) *num.Dense {
	out := v.Clone()
	out.ScaleColumns(by)
	return out
}
