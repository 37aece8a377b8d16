package weigh

// Fixed lets every task count as much as the user says.
//
//	α_t = w_t        as given: the weights are not made to average 1
//
// Xin, Ghorbani, Gilmer, Garg, Firat, Do current multi-task optimization methods
// in deep learning even help?, NeurIPS 2022.
type Fixed struct{}

// Check implements Weighting.
func (Fixed) Check() error { return nil }

// New implements Weighting.
func (Fixed) New(tasks []Task) (Rule, error) {
	w, err := given(tasks)
	if err != nil {
		return nil, err
	}
	return &constant{weights: w}, nil
}
