package optim

// AdamW is Adam, and weights that decay beside it: Decay and Adam in one.
//
//	p ← (1 − ηλ) p,  then p ← p − η m̂/(√v̂ + ε)
//
// Loshchilov, Hutter, Decoupled weight decay regularization, ICLR 2019,
// Algorithm 2, with ηλ for their λ.
type AdamW struct {
	Rate    float64 `json:"learning_rate" words:"η; 0.001 where not given"`
	Beta1   float64 `json:"beta_1" words:"β₁, below 1; 0.9 where not given"`
	Beta2   float64 `json:"beta_2" words:"β₂, below 1; 0.999 where not given"`
	Epsilon float64 `json:"epsilon" words:"ε; 1e-8 where not given"`
	Lambda  float64 `json:"weight_decay" words:"λ; 0.01 where not given"`
}

// Check implements Transform.
func (o *AdamW) Check() error {
	if err := o.adam().check("adamw"); err != nil {
		return err
	}
	return positive("adamw: weight_decay", o.Lambda)
}

func (o *AdamW) adam() *Adam {
	return &Adam{Rate: o.Rate, Beta1: o.Beta1, Beta2: o.Beta2, Epsilon: o.Epsilon}
}

func (o *AdamW) rate() float64 { return o.adam().rate() }
func (*AdamW) place() place    { return step }

func (o *AdamW) on32(p Plan) []link[float32] {
	return append(newDecay[float32](o.Lambda, p), newAdam[float32](o.adam(), p)...)
}

func (o *AdamW) on64(p Plan) []link[float64] {
	return append(newDecay[float64](o.Lambda, p), newAdam[float64](o.adam(), p)...)
}
